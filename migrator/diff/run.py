"""One run, reduced to what a comparison needs: a thousand of them must fit in memory."""

from __future__ import annotations

import math
import os
from typing import Final, NamedTuple

from migrator.aiperf.metrics import STATISTICS, is_block
from migrator.aiperf.records import REBUILT
from migrator.batch.load import load, load_content
from migrator.chain.requests import Requests, requests_of
from migrator.chain.steps import NEWEST
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.family import family_of
from migrator.config.for_release import in_newest_dialect
from migrator.errors import NotAnExportError
from migrator.identify import MIGRATABLE, Family, identify
from migrator.jsonfile import Json, Numeral, Object, plain
from migrator.migration.migrate import Options, migrate
from migrator.redact import redact
from migrator.stores import exists

RECORDS_NAME: Final = "profile_export.jsonl"

_STATISTICS: Final = frozenset(STATISTICS)
_NUMBERS: Final = frozenset((int, float, Numeral))
_MOST_REQUESTS: Final = 2**50
"""A larger number is not a count: its shares are beyond what floats tell apart."""


_AS_KNOWN: Final = Options(newer_as_known=True)


class Block(NamedTuple):
    """One metric of one run: its unit, and its finite statistics by name."""

    unit: str
    values: dict[str, float]


class Run(NamedTuple):
    """One run of a side. `facts` is everything beside the metrics, for the first look at comparability.

    `requests` is read off the file itself: what is not a number there is in no block, but is not zero for that.
    """

    file: str
    version: str
    blocks: dict[str, Block]
    facts: dict[str, Json]
    records: str = ""
    requests: Requests = Requests()

    def size(self, tag: str) -> int | None:
        """How many values a metric was computed from, where the run says so."""
        block = self.blocks.get(tag)
        return int(block.values["count"]) if block and 1 <= block.values.get("count", 0) <= _MOST_REQUESTS else None


KEPT: Final = (
    "aiperf_version",
    "benchmark_id",
    "start_time",
    "end_time",
    "was_cancelled",
    "is_complete",
    "incomplete_reason",
    "runtime_submission_invalid_reasons",
    "metadata",
    "input_config",
    CARRIED,
    "run_info",
    "telemetry_data",
    REBUILT,
)
"""Top-level keys that a comparison looks at, beside the metrics."""


def load_run(path: str) -> Run:
    """Read one run.

    Raises:
        MigratorError: unreadable, another family (an aggregate is not a run), or a version that cannot be known.
    """
    loaded = load(path, details=False)
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        raise NotAnExportError(why_not(loaded.identity.family), expected="a main export", file=path)
    beside = os.path.join(os.path.dirname(path), RECORDS_NAME)
    return _run(path, loaded.parsed.data, beside if exists(beside) else "")


def run_from_bytes(raw: bytes, name: str) -> Run:
    """One run whose bytes come from elsewhere, such as a revision.

    Raises:
        MigratorError: as [`load_run`][] does.
    """
    loaded = load_content(raw, name, details=False)
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        raise NotAnExportError(why_not(loaded.identity.family), expected="a main export", file=name)
    return _run(name, loaded.parsed.data, "")


def run_of_document(document: Json, name: str) -> Run:
    """The run of a main export that was read already, without records beside it.

    Args:
        document: the export.
        name: its file.

    Raises:
        MigratorError: a version that cannot be known.
    """
    return _run(name, document, "")


def why_not(family: Family) -> str:
    """What to say of a file of another family where a run is expected."""
    reasons = {
        Family.AGGREGATE: "is an aggregate of several runs, which is not a run: its means are not comparable to one",
        Family.COLLATED: "pools the requests of several runs, which is not a run",
        Family.SWEEP: "is the summary of a sweep, which is not a run",
        Family.TIMESLICES: "holds slices of a run, not a run",
        Family.RECORDS: "holds the requests of a run: `aiperf-migrate rebuild` makes an export of them",
    }
    return reasons.get(family, f"is {family.noun}")


def _run(name: str, document: Json, records: str) -> Run:
    identity = identify(document, details=False)
    newest, _ = redact(document)
    requests = requests_of(newest, identity.version)
    # What a version that is newer than known adds is compared as information.
    own = migrate(newest, NEWEST, _AS_KNOWN, identity=identity).document
    newest = _with_all_of(own, in_newest_dialect(own))
    blocks = {tag: block for tag, value in newest.items() if is_block(value) and (block := _block(value))}
    facts: Object = {key: plain(newest[key]) for key in KEPT if key in newest}
    return Run(name, identity.version, blocks, facts, records, requests)


def _with_all_of(own: Object, newest: Object) -> Object:
    """The document in the newest dialect, with what its own BenchmarkConfig has and the newest release would reject.

    Fields of that family have one place in all releases; those of a release to come are to be compared, too.
    """
    config = own.get("input_config")
    if family_of(config) != "benchmark" or config is newest.get("input_config"):
        return newest
    return {**newest, "input_config": _merged(config, newest.get("input_config"))}


def _merged(own: Json, other: Json) -> Json:
    if type(own) is dict and type(other) is dict:
        return {key: _merged(own[key], other.get(key, own[key])) for key in own} | {
            key: value for key, value in other.items() if key not in own
        }
    if type(own) is list and type(other) is list and len(own) == len(other):
        return [_merged(one, two) for one, two in zip(own, other, strict=True)]
    return other


def _block(value: dict[str, Json]) -> Block | None:
    """The finite numbers of a stats block; None if there is none. NaN and infinity are left out."""
    numbers = {
        name: float(number)
        for name, number in value.items()
        if name in _STATISTICS and type(number) in _NUMBERS and math.isfinite(number)
    }
    return Block(str(value["unit"]), numbers) if numbers else None
