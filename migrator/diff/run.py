"""One run, reduced to what a comparison needs: a thousand of them must fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from sys import intern
from typing import Final, Literal

from migrator.aiperf.metrics import is_block
from migrator.aiperf.records import REBUILT
from migrator.batch.load import Loaded, load
from migrator.chain.requests import Requests, requests_of
from migrator.chain.steps import GENAI_PERF, NEWEST
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.family import family_of
from migrator.config.for_release import in_newest_dialect
from migrator.diff.aggregates import Aggregate
from migrator.diff.blocks import Block, blocks_of, number_of
from migrator.errors import NotAnExportError
from migrator.files.digest import digest
from migrator.identify import MIGRATABLE, Family, Identity, identify
from migrator.jsonfile import Json, Object, fingerprint, plain
from migrator.migration.migrate import Options, migrate
from migrator.redact import redact
from migrator.stores import exists
from migrator.values import NamedTuple

RECORDS_NAME: Final = "profile_export.jsonl"

_MOST_REQUESTS: Final = 2**50
"""A larger number is not a count: its shares are beyond what floats tell apart."""


_AS_KNOWN: Final = Options(newer_as_known=True)


Kind = Literal["run", "aggregate", "cell", "collated"]
"""What stands for a run: itself, a summary of several (an aggregate, a cell of a sweep file), or the means that a
collated file has of it."""


class Run(NamedTuple):
    """One run of a side. `facts` is everything beside the metrics, for the first look at comparability.

    `requests` is read off the file itself: what is not a number there is in no block, but is not zero for that. A
    summary of several runs (`summed`) has their means in its blocks, and all their requests together. `part` is the
    cell or the label of what is a part of a file; `file` ends with it.
    """

    file: str
    version: str
    blocks: Mapping[str, Block]
    facts: dict[str, Json]
    records: str = ""
    requests: Requests = Requests()
    kind: Kind = "run"
    summed: Aggregate | None = None
    part: str = ""

    @property
    def stands_for(self) -> int:
        """How many runs it stands for."""
        return self.summed.runs if self.summed else 1

    def size(self, tag: str) -> int | None:
        """How many values a metric was computed from, where the run says so."""
        count = number_of(self.blocks, tag, "count")
        return int(count) if count is not None and 1 <= count <= _MOST_REQUESTS else None


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
    return run_of_loaded(load(path, details=False), path, records_beside(path))


def records_beside(path: str) -> str:
    """The file with the requests of the run in a file; empty if there is none."""
    beside = os.path.join(os.path.dirname(path), RECORDS_NAME)
    return beside if exists(beside) else ""


def run_of_loaded(loaded: Loaded, name: str, records: str = "") -> Run:
    """The run in a file that was read.

    Args:
        loaded: its content.
        name: its name.
        records: the file with its requests; empty for none.

    Raises:
        MigratorError: as [`load_run`][] does.
    """
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        raise NotAnExportError(why_not(loaded.identity.family), expected="a main export", file=name)
    return _run(name, loaded.parsed.data, records, loaded.identity)


def run_of_document(document: Json, name: str) -> Run:
    """The run of a main export that was read already, without records beside it.

    Args:
        document: the export.
        name: its file.

    Raises:
        MigratorError: a version that cannot be known.
    """
    return _run(name, document, "", identify(document, details=False))


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


def count_of(runs: Iterable[Run]) -> int:
    """How many runs are behind some, each summary counted as those that it is of."""
    return sum(run.stands_for for run in runs)


def is_summed(runs: Iterable[Run]) -> bool:
    """Whether any of some runs is a summary of several."""
    return any(run.summed is not None for run in runs)


def _run(name: str, document: Json, records: str, identity: Identity) -> Run:
    newest, _ = redact(document)
    requests = requests_of(newest, identity.version)
    # What a version that is newer than known adds is compared as information. Of GenAI-Perf's some secrets are known as
    # such only where AIPerf has them.
    options = _AS_KNOWN if identity.version == GENAI_PERF else _CLEAN
    own = migrate(newest, NEWEST, options, identity=identity).document
    newest = _with_all_of(own, in_newest_dialect(own))
    blocks = blocks_of({tag: value for tag, value in newest.items() if is_block(value)})
    facts: Object = {key: _shared(newest[key]) for key in KEPT if key in newest}
    return Run(name, identity.version, blocks, facts, records, requests)


def _shared(value: Json) -> Json:
    """A fact in plain numbers, a section one object for all runs that say the same, as those of a sweep mostly do."""
    if type(value) is not dict:
        return plain(value)
    return {
        intern(key): _once(item) if type(item) in (dict, list) and item else plain(item) for key, item in value.items()
    }


def _once(value: Json) -> Json:
    key = fingerprint(value)
    if len(key) > _LONGEST:
        return plain(value)
    short = digest(key, 16)
    if (known := _sections.get(short)) is not None:
        return known
    if len(_sections) >= _MOST_SECTIONS:
        _sections.clear()
    return _sections.setdefault(short, plain(value))


_sections: Final[dict[bytes, Json]] = {}
_MOST_SECTIONS: Final = 10_000
_LONGEST: Final = 100_000
"""Bytes of a section that is looked for among others."""
_CLEAN: Final = Options(keep_secrets=True, newer_as_known=True)
"""Of a document that is without its secrets already."""


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
