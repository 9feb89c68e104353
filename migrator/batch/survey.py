"""Figures about a tree: families, versions, dialects, releases, and what a migration would lose.

A survey takes memory for each kind that it counts, not for each file. Beyond a limit, kinds are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, Final

from migrator.aiperf.metrics import STATISTICS
from migrator.batch.load import Loaded
from migrator.batch.runs import Mark, mark_of
from migrator.chain.names import metrics_of
from migrator.chain.requests import Outcome, requests_of
from migrator.chain.steps import GENAI_PERF
from migrator.errors import MigratorError
from migrator.identify import MIGRATABLE, Identity
from migrator.jsonfile import Path, path_text
from migrator.ledger import Entry, Loss
from migrator.migration.migrate import Options, migrate
from migrator.values import NamedTuple

_KINDS: Final = 1000
"""Kinds that are counted apart: more than real trees have, and a bound for hostile files."""
OTHERS: Final = "others"
TELLING: Final = (Loss.LOST, Loss.INFERRED, Loss.REDACTED)
"""The classes of loss that a survey predicts."""


class Histogram(Counter[Any]):
    """Counts of a limited number of kinds; further kinds are counted as [`OTHERS`][]."""

    def note(self, kind: Hashable, count: int = 1) -> Hashable:
        """Count one more, or several, of a kind; gives the kind that it was counted as."""
        counted = kind if kind in self or len(self) < _KINDS else OTHERS
        self[counted] += count
        return counted


class Share(NamedTuple):
    """How many runs are of a kind, and how many exports: phases and copies of runs are exports, too."""

    runs: int
    files: int


class ByRun:
    """Counts of runs, and beside them of their exports, by kind."""

    def __init__(self) -> None:
        self._files = Histogram()
        self._runs: Counter[Hashable] = Counter()

    def note(self, kind: Hashable, *, is_run: bool) -> None:
        """Count one more export of a kind, and whether it is a run."""
        self._runs[self._files.note(kind)] += is_run

    def items(self) -> list[tuple[Any, Share]]:
        """(kind, how many), most frequent first."""
        found = [(kind, Share(self._runs[kind], files)) for kind, files in self._files.items()]
        return sorted(found, key=lambda item: item[1], reverse=True)

    def in_line(self) -> list[tuple[Any, Share]]:
        """Kinds that begin with versions, in the order of the versions."""
        return sorted(self.items(), key=lambda item: (item[0] == OTHERS, _key(item[0])))


class Facts(NamedTuple):
    """What one file adds to a survey.

    `mark` tells the run of an export from others; other files have none. `outcome` says how its requests ended.
    `changes` says whether a migration would change it, None for an export that cannot be migrated. `kinds` counts what
    that would lose, by (class, place).
    """

    identity: Identity
    size: int
    mark: Mark | None = None
    outcome: Outcome = Outcome.UNKNOWN
    changes: bool | None = None
    kinds: tuple[tuple[tuple[Loss, str], int], ...] = ()


def facts(loaded: Loaded, to: str) -> Facts:
    """What a survey counts of a file. Its document is migrated in memory, to see what would be lost."""
    found = loaded.identity
    if found.family not in MIGRATABLE or loaded.parsed is None:
        return Facts(found, len(loaded.raw))
    document = loaded.parsed.data
    mark = mark_of(document, metrics_of(document, found.version))
    outcome = requests_of(document, found.version).outcome
    try:
        done = migrate(document, to, Options(config=True), identity=found)
    except MigratorError:
        return Facts(found, len(loaded.raw), mark, outcome)
    kinds = Counter((entry.loss, place(entry)) for entry in done.ledger if entry.loss in TELLING)
    return Facts(found, len(loaded.raw), mark, outcome, done.changed, tuple(kinds.items()))


class Survey:
    """Counts files as they are added. `to` is the version whose losses are predicted, whichever way it is.

    What exports are is counted by run, of which several exports can be ([`Runs`][migrator.batch.runs.Runs]), and by
    file; what a migration would do, by file, for it migrates each.
    """

    def __init__(self, to: str) -> None:
        self.to = to
        self.files = self.bytes = self.exports = self.runs = 0
        self.would_change = self.would_lose = self.not_migratable = 0
        self.families, self.errors = Histogram(), Histogram()
        self.versions, self.dialects, self.configs, self.writers = ByRun(), ByRun(), ByRun(), ByRun()
        self.losses, self.losing = Histogram(), Histogram()
        self.outcomes: Counter[Outcome] = Counter()

    def fail(self, error: MigratorError) -> None:
        """Count a file that could not be read."""
        self.files += 1
        self.errors.note(type(error).__name__)

    def add(self, told: Facts, *, is_run: bool) -> None:
        """A file that could be read.

        Args:
            told: what is counted of it.
            is_run: whether it stands for a run; a phase of another export's run does not, nor does a copy.
        """
        found = told.identity
        self.files += 1
        self.bytes += told.size
        self.families.note(found.family.value)
        if told.mark is None:
            return
        self.exports += 1
        self.runs += is_run
        self.outcomes[told.outcome] += is_run
        self.versions.note(found.versions, is_run=is_run)
        if found.dialect:
            self.dialects.note((found.versions, found.dialect), is_run=is_run)
        self.configs.note(found.config or "none", is_run=is_run)
        self.writers.note((bool(found.writer), found.writers), is_run=is_run)
        self.not_migratable += told.changes is None
        self.would_change += bool(told.changes)
        self.would_lose += any(loss is Loss.LOST for (loss, _), _ in told.kinds)
        for kind, count in told.kinds:
            self.losses.note(kind, count)
            self.losing.note(kind)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: every histogram as a list, most frequent first."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "exports": self.exports,
            "runs": self.runs,
            "outcomes": [{"outcome": outcome.value, "runs": count} for outcome, count in self.outcomes_in_order()],
            "families": [{"family": kind, "files": count} for kind, count in self.families.most_common()],
            "versions": [{"versions": _listed(kind), **share._asdict()} for kind, share in self.versions.in_line()],
            "dialects": [
                {"versions": _listed(kind[0]), "dialect": kind[1], **share._asdict()}
                if kind != OTHERS
                else {"versions": [OTHERS], **share._asdict()}
                for kind, share in self.dialects.in_line()
            ],
            "input_configs": [{"input_config": kind, **share._asdict()} for kind, share in self.configs.items()],
            "releases": [
                {"in_the_file": kind[0], "releases": list(kind[1]), **share._asdict()}
                if kind != OTHERS
                else {"releases": [OTHERS], **share._asdict()}
                for kind, share in self.writers.items()
            ],
            "errors": [{"kind": kind, "files": count} for kind, count in self.errors.most_common()],
            "prediction": {
                "to": self.to,
                "would_change": self.would_change,
                "would_lose": self.would_lose,
                "not_migratable": self.not_migratable,
                "losses": [
                    {"loss": loss, "place": where, "values": values, "files": files}
                    for loss, where, values, files in self.predicted()
                ],
            },
        }

    def outcomes_in_order(self) -> list[tuple[Outcome, int]]:
        """(how the requests ended, of how many runs): what went well first, and nothing that no run has."""
        return [(outcome, count) for outcome in Outcome if (count := self.outcomes[outcome])]

    def predicted(self) -> list[tuple[str, str, int, int]]:
        """Rows of class, place, number of values, number of files; lost values come first."""
        rows = []
        for kind, files in self.losing.items():
            loss, where = (OTHERS, OTHERS) if kind == OTHERS else (kind[0].value, kind[1])
            rows.append((loss, where, self.losses[kind], files))
        order = [loss.value for loss in TELLING] + [OTHERS]
        return sorted(rows, key=lambda row: (order.index(row[0]), -row[3], -row[2], row[1]))


def _key(kind: Any) -> list[tuple[int, ...]]:
    versions = kind[0] if kind and type(kind[0]) is tuple else kind
    return [_place(version) for version in versions] if type(versions) is tuple else []


def _place(version: str) -> tuple[int, ...]:
    return (-1,) if version == GENAI_PERF else tuple(map(int, version.split(".")))


def _listed(versions: Any) -> list[str]:
    return [versions] if type(versions) is str else list(versions)


def place(entry: Entry) -> str:
    """The place of an entry, with `*` for names that differ from file to file: `$.*.count`, `$.….gpus.*.platform`."""
    path: Path = entry.path
    parts: list[str | int] = list(path)
    for index, part in enumerate(path[1:], 1):
        if path[index - 1] in ("endpoints", "gpus") and path[0] == "telemetry_data":
            parts[index] = "*"
        elif index == len(path) - 1 and part in STATISTICS:
            parts[index - 1] = "*"
    return path_text(tuple(parts)).replace('["*"]', ".*")
