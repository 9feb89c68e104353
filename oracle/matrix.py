"""Let every AIPerf release load the recorded exports of all releases: as they are, and converted for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from golden.provenance import EXPORT_FILE, EXPORTS
from golden.record.environment import InstallationError, aiperf
from golden.record.scenarios import FOLDER, scenarios
from oracle import corpus
from oracle.beside import FILES, Name, originals
from oracle.beside import converted as beside_for
from oracle.convert import convert_tree
from oracle.edited import converted as edited_for
from oracle.edited import edited

JUDGE: Final = Path(__file__).parent / "judge.py"
CONCURRENCY: Final = 2
"""So many environments are made or asked at the same time."""


class Verdict(NamedTuple):
    """What a release's own model said of a file; `judge.py` describes the fields."""

    errors: Sequence[str]
    metrics: int = 0
    numbers: int = 0
    changed: Sequence[str] = ()
    dropped: Sequence[str] = ()

    def objection(self) -> str:
        """Why the release does not read the file; empty if it does."""
        if self.errors:
            return "; ".join(self.errors[:2]) + (f"; {len(self.errors) - 2} more" if len(self.errors) > 2 else "")
        return "" if self.metrics else "loads, but no metric is where this release looks for them"

    def changes(self) -> str:
        """Which numbers the model changes or drops; empty if it keeps all of them."""
        told = ((self.changed, "changed"), (self.dropped, "dropped"))
        return "; ".join(f"{what}: {', '.join(places[:3])}" for places, what in told if places)


class Column(NamedTuple):
    """The verdicts of one release on every export, as it is and converted, by its path in the corpus.

    `absent` tells why there are none. `edited` has the verdicts on the edited exports, converted, by their names;
    `without_config` counts those whose configuration was dropped as a whole. `others` has the verdicts on files of
    other families, as they are and converted; what a release does not write is not converted for it.
    """

    release: str
    as_is: dict[str, Verdict]
    converted: dict[str, Verdict]
    absent: str = ""
    edited: Mapping[str, Verdict] = {}
    without_config: int = 0
    others: Mapping[Name, tuple[Verdict, Verdict | None]] = {}


def columns(releases: Iterable[str], cache: Path) -> list[Column]:
    """Ask each release about every recorded main export. The order of the result is that of the releases."""
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return list(pool.map(lambda release: column(release, cache), releases))


def column(release: str, cache: Path) -> Column:
    """Ask one release; its environment is made if there is none.

    Raises:
        CalledProcessError: the judge or the command failed.
    """
    try:
        python = aiperf(release, cache).parent / "python"
    except InstallationError as error:
        return Column(release, {}, {}, str(error))
    names = [path.relative_to(EXPORTS).as_posix() for path in sorted(EXPORTS.rglob(EXPORT_FILE))]
    with tempfile.TemporaryDirectory(prefix="aiperf-oracle-") as folder:
        out = Path(folder)
        refused = convert_tree(EXPORTS, release, out)
        lost = [name for name in names if name not in refused and not (out / name).exists()]
        there = [name for name in names if (out / name).exists()]
        changed, without_config, unwilling = edited_for(release, out)
        files = [*(EXPORTS / name for name in names), *(out / name for name in there), *changed.values()]
        verdicts = ask(python, files, out)
        others = _others(release, python, out / "others")
    as_is = dict(zip(names, verdicts, strict=False))
    converted = dict(zip(there, verdicts[len(names) :], strict=False))
    of_edited = dict(zip(changed, verdicts[len(names) + len(there) :], strict=True))
    of_edited |= {name: Verdict([f"refused: {why}"]) for name, why in unwilling.items()}
    converted |= {name: Verdict([f"refused: {why}"]) for name, why in refused.items() if name in as_is}
    converted |= {name: Verdict(["the command neither wrote nor reported it"]) for name in lost}
    return Column(release, as_is, converted, edited=of_edited, without_config=without_config, others=others)


def _others(release: str, python: Path, folder: Path) -> dict[Name, tuple[Verdict, Verdict | None]]:
    """The verdicts of a release on files of other families: as they are, and converted if it writes such files."""
    given = originals(folder / "original")
    made, refused = beside_for(release, given, folder / "converted")
    verdicts = ask(python, [*given.values(), *made.values()], folder)
    of_made: dict[Name, Verdict] = dict(zip(made, verdicts[len(given) :], strict=True))
    of_made |= {name: Verdict([f"refused: {why}"]) for name, why in refused.items()}
    return {name: (verdict, of_made.get(name)) for name, verdict in zip(given, verdicts, strict=False)}


def ask(python: Path, files: Sequence[Path], folder: Path) -> list[Verdict]:
    """The verdicts of a release on files, in the order of the files.

    Args:
        python: the interpreter of the release's environment.
        files: the exports.
        folder: where the process runs. The input files of the recordings are copied there: old releases look for
            them when they load an export.

    Raises:
        CalledProcessError: the judge failed, or did not report on every file.
    """
    command = [str(python), str(JUDGE)]
    request = json.dumps({"files": [str(file) for file in files]})
    for name in {name for scenario in scenarios().values() for name in scenario.files}:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(FOLDER / name, folder / name)
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=False, cwd=folder)
    rows: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or [row["file"] for row in rows] != [str(file) for file in files]:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    fields = Verdict._fields
    return [Verdict(**{name: row[name] for name in fields}) for row in rows]


def result(asked: Sequence[Column]) -> dict[str, Any]:
    """The matrix as it is stored and reported.

    `as_is` and `converted` are source → a character for each loader: `1` reads it, `0` does not. Of a converted file
    the loader must also keep every number. `failures` is `[source, loader, why]`; `others` the same for exports
    outside the matrix, by their path; `edited` has the figures of the edited ones. `families` has a matrix of its own
    for each other family, with `-` where the loader writes no such file.
    """
    loaders = [column for column in asked if not column.absent]
    names = {source: corpus.path(source, corpus.FULL).relative_to(EXPORTS).as_posix() for source in corpus.sources()}
    found: dict[str, Any] = {
        "loaders": [column.release for column in loaders],
        "absent": {column.release: column.absent.splitlines()[-1] for column in asked if column.absent},
        "as_is": {},
        "converted": {},
        "failures": [],
        "others": [],
    }
    for source, name in names.items():
        found["as_is"][source] = "".join(_digit(not column.as_is[name].objection()) for column in loaders)
        verdicts = [(column.release, column.converted[name]) for column in loaders]
        reasons = [(release, verdict.objection() or verdict.changes()) for release, verdict in verdicts]
        found["converted"][source] = "".join(_digit(not why) for _, why in reasons)
        found["failures"] += [[source, release, why] for release, why in reasons if why]
    for column in loaders:
        outside = sorted(column.converted.keys() - set(names.values()))
        judged = ((name, _other(column, name)) for name in outside)
        found["others"] += [[name, column.release, why] for name, why in judged if why]
    found["edited"] = {
        "exports": len(edited()),
        "judged": sum(len(column.edited) for column in loaders),
        "without_config": sum(column.without_config for column in loaders),
        "failures": [
            [name, column.release, why]
            for column in loaders
            for name, verdict in column.edited.items()
            if (why := verdict.objection())
        ],
    }
    found["families"] = {family: _family(family, loaders) for family in FILES}
    found["exports"] = sum(len(column.converted) for column in loaders)
    found["numbers"] = sum(verdict.numbers for column in loaders for verdict in column.converted.values())
    return found


def _family(family: str, loaders: Sequence[Column]) -> dict[str, Any]:
    """The matrix of a family, and its failures: `[row, loader, why]`."""
    found: dict[str, Any] = {"as_is": {}, "converted": {}, "failures": []}
    for name in (name for name in (loaders[0].others if loaders else ()) if name.family == family):
        asked = [(column.release, *column.others[name]) for column in loaders]
        found["as_is"][name.row] = "".join(_digit(not before.objection()) for _, before, _ in asked)
        reasons = [(loader, after and (after.objection() or after.changes())) for loader, _, after in asked]
        found["converted"][name.row] = "".join("-" if why is None else _digit(not why) for _, why in reasons)
        found["failures"] += [[name.row, loader, why] for loader, why in reasons if why]
    return found


def _other(column: Column, name: str) -> str:
    """Why an export outside the matrix fails; empty if not. One without a metric passes: it may be of one phase."""
    verdict = column.converted[name]
    if not verdict.errors:
        return verdict.changes()
    own = column.as_is.get(f"{column.release}/{name.partition('/')[2]}")
    return verdict.objection() + (" (so it says of its own export)" if own and own.errors else "")


def _digit(yes: bool) -> str:
    return "1" if yes else "0"
