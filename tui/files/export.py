"""One file of the list: what is known of it, small enough for ten thousand of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from migrator.batch.discover import Source, discover
from migrator.errors import MigratorError, reported
from migrator.jsonfile import Json
from tui.common.rows import figure, shown

# The list is on the screen before the first file is read: what reading needs is imported by the functions that read.
if TYPE_CHECKING:
    from migrator.batch.load import Loaded

KEY_METRICS: Final = {
    "request_latency": ("avg", "lat ms"),
    "time_to_first_token": ("avg", "ttft ms"),
    "inter_token_latency": ("avg", "itl ms"),
    "output_token_throughput": ("avg", "tok/s"),
    "request_throughput": ("avg", "req/s"),
}
"""Tag → (statistic, head of its column), in the unit of the catalogue."""
_OLD_NAMES: Final = {"time_to_first_token": "ttft"}
"""What 0.1 calls a key metric that has another name since."""

_USUAL_NAME: Final = "profile_export_aiperf.json"

Stamp = tuple[int, int]
"""Modification time in nanoseconds and size: a file with the same stamp is not read again."""


@dataclass(slots=True)
class Export:
    """A file under the given paths. Until it is read, only its names are known.

    `numbers` holds `requests` and the key metrics, in the units of the catalogue; `problems` the codes of the
    findings of `check`, each once; `error` says why it could not be read. `main` tells a main export, the only family
    that is checked and compared, `outdated` a file that a migration would bring to a newer version, `rank` the place of
    its version among all. `words` is what a filter looks in. All text is harmless to show.
    """

    path: str
    relative: str
    read: bool = False
    stamp: Stamp | None = None
    family: str = ""
    main: bool = False
    outdated: bool = False
    rank: int = 0
    version: str = ""
    label: str = ""
    dialect: str = ""
    release: str = ""
    model: str = ""
    load: str = ""
    start: str = ""
    cancelled: bool = False
    numbers: tuple[float | None, ...] = ()
    problems: tuple[str, ...] = ()
    error: str = ""
    words: str = ""

    @property
    def name(self) -> str:
        """Its place below the path that was named, without the file name that nearly all exports share."""
        folder, slash, file = self.relative.rpartition("/")
        return shown(folder + slash if folder and file == _USUAL_NAME else self.relative)


NUMBERS: Final = ("requests", *KEY_METRICS)
"""What [`Export.numbers`][] holds, in order."""


def found(paths: Sequence[str]) -> Iterator[Export]:
    """Every file under some paths, unread; a folder that cannot be listed is an entry with an error."""
    for source in discover(paths):
        yield _listed(source)


def _listed(source: Source) -> Export:
    if source.error:
        return Export(source.path, source.relative, read=True, error=shown(source.error.found))
    return Export(source.path, source.relative)


def stamp(path: str) -> Stamp | None:
    """The stamp of a file as it is now; None if there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def read(path: str, relative: str) -> Export:
    """Read a file once, and all that the list shows of it; what fails becomes its `error`, never an exception."""
    export = Export(path, relative, read=True, stamp=stamp(path))
    from migrator.batch.load import load

    try:
        with reported(path):
            _fill(export, load(path))
    except MigratorError as error:
        error.file = ""
        export.error = shown(str(error))
    told = (shown(relative), export.family, export.version, export.release, export.dialect, export.model, export.load)
    export.words = " ".join((*told, export.start, *export.problems, export.error)).casefold()
    return export


def _fill(export: Export, loaded: Loaded) -> None:
    from migrator.batch.facts import facts
    from migrator.chain.steps import NEWEST, RANK
    from migrator.diff.workload import workload
    from migrator.identify import MIGRATABLE, Family

    identity = loaded.identity
    export.family = identity.family.value
    export.main = identity.family is Family.EXPORT
    if loaded.parsed is None or identity.family not in MIGRATABLE:
        return
    if not export.main:
        # It becomes an export by a migration; until then it has metrics, but neither version nor workload.
        export.outdated = True
        export.numbers = tuple(_numbers_of(loaded.parsed.data))
        return
    told = facts(loaded)
    document = loaded.parsed.data
    export.version = identity.version
    export.rank = RANK.get(identity.version, len(RANK))
    export.outdated = export.rank < RANK[NEWEST]
    export.label = shown(identity.label)
    export.dialect = identity.dialect or ""
    export.release = shown(identity.writer) or _releases(identity.writers)
    export.start = shown(told["start_time"])
    export.cancelled = told["was_cancelled"] is True
    asked = workload(document)
    export.model = shown(_joined(asked.get("model")))
    export.load = shown(_load(asked))
    export.numbers = tuple(_numbers_of(document["records"] if identity.version == "0.1" else document))
    export.problems = _problems(loaded)


def _problems(loaded: Loaded) -> tuple[str, ...]:
    from migrator.check import check

    if loaded.parsed is None or loaded.identity.newer:
        return ()
    return tuple(dict.fromkeys(finding.code for finding in check(loaded.parsed, loaded.identity)))


def _releases(names: Sequence[str]) -> str:
    """Releases that can have written a file which does not say: the first and the last of them."""
    return "" if not names else names[0] if len(names) == 1 else f"{names[0]}…{names[-1]}"


def _joined(value: Json) -> str:
    return ", ".join(map(str, value)) if type(value) is list else "" if value is None else str(value)


def _load(asked: dict[str, Json]) -> str:
    parts = []
    if asked.get("concurrency") is not None:
        parts.append(f"c={asked['concurrency']}")
    if asked.get("request rate") is not None:
        parts.append(f"{figure(asked['request rate']) or asked['request rate']}/s")
    if asked.get("input file") is not None:
        parts.append("file")
    elif asked.get("input length") is not None:
        parts.append(f"{asked['input length']}→{asked.get('output length asked for') or '?'}")
    return " ".join(map(str, parts))


def _numbers_of(metrics: dict[str, Json]) -> Iterator[float | None]:
    yield _number(metrics.get("request_count"), "request_count", "avg")
    for tag, (statistic, _) in KEY_METRICS.items():
        block = metrics.get(tag, metrics.get(_OLD_NAMES.get(tag, "")))
        yield _number(block, tag, statistic)


def _number(block: Json, tag: str, statistic: str) -> float | None:
    from migrator.aiperf.metrics import catalogue, is_block
    from migrator.aiperf.units import convert, same_family

    value = block.get(statistic) if is_block(block) else None
    if type(value) is bool or not isinstance(value, (int, float)) or abs(value) > 1e300:
        return None
    unit, known = block["unit"], catalogue()[tag].unit
    if unit == known or type(unit) is not str or not same_family(unit, known):
        return float(value)
    return convert(value, unit, known)
