"""What is asked of a batch of migrations, and what became of each file. Neither knows how it is done."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from migrator.batch.discover import Source
from migrator.errors import MigratorError
from migrator.ledger import Ledger, Tally
from migrator.migration.goal import Goal
from migrator.stores import join
from migrator.values import dataclass, field
from migrator.writing.options import Fsync, WriteOptions

if TYPE_CHECKING:
    from migrator.contracts.contract import Contract

UNKNOWN_VERSION: Final = "?"
"""The version that a file came from, where nobody can tell."""
_FILES_PER_SYNC: Final = 64
"""Files that share one wait for the disk: it takes as long as for one, and an interrupt is still obeyed soon."""
_FILES_TOGETHER: Final = 8
"""Files that are written, and announced in a journal, together without waiting: few, as each is told of at once."""


class Status(StrEnum):
    """What became of one file."""

    MIGRATED = "migrated"
    COPIED = "copied"
    REDACTED = "redacted"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def changes(self) -> bool:
        """Whether the file is, or would be, another one; `redacted` is one that only loses its secrets."""
        return self in (Status.MIGRATED, Status.REDACTED)


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for every file.

    `goal` is the version to reach, or the release that is to read the result. `direction` limits which way files
    are migrated. At most one of `out_file`, `out_folder`, `in_place` and `standard_output` is set; without any,
    nothing is written. `options` says how files are written. `ledgers` asks for every entry of the ledgers, not
    only for the figures. `backfill` asks for what the files beside an export can add; `records` names the records
    of a single export. `newer_as_known` takes minor versions that are newer than known for the newest known one.
    With `reader`, each export goes to the nearest version with which that reader gets what it needs, and `goal` is
    for those with which it never does. `readers` are those to warn of, where one can read a file before and not
    after. A file that does not pass the test `where` has no result. `all_files` asks for a copy of every file that
    is not migrated. `patches` asks for the changes as JSON Patches. With `redact_only` every file stays at its
    version, whatever its family, and `goal` is not looked at.
    """

    goal: Goal
    direction: Literal["up", "down", "either"] = "either"
    out_file: str | None = None
    out_folder: str | None = None
    in_place: bool = False
    standard_output: bool = False
    options: WriteOptions = field(default_factory=WriteOptions)
    force: bool = False
    residue: bool = False
    use_residue: bool = True
    keep_secrets: bool = False
    ledgers: bool = True
    backfill: bool = False
    records: str | None = None
    newer_as_known: bool = False
    reader: Contract | None = None
    readers: tuple[Contract, ...] = ()
    where: str = ""
    all_files: bool = False
    patches: bool = False
    redact_only: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything is written at all."""
        return bool(self.out_file or self.out_folder or self.in_place or self.standard_output)

    @property
    def phrase(self) -> str:
        """What files are migrated to: `to 1.5`, `for AIPerf 0.9.0`, `for tt-inference-server`."""
        return f"for {self.reader.name}" if self.reader else self.goal.phrase

    @property
    def batch_size(self) -> int:
        """How many files are written, and reported, together."""
        if self.options.fsync is Fsync.EACH or not self.writes or self.standard_output:
            return 1
        return _FILES_PER_SYNC if self.options.fsync is Fsync.BATCH else _FILES_TOGETHER

    def target(self, source: Source) -> str:
        """Where the output for a file goes."""
        return source.path if self.in_place else self.out_file or join(self.out_folder or "", source.relative)


_NOTHING: Final = Ledger().tally()


@dataclass(slots=True)
class Result:
    """What became of one file.

    `tally` has the figures of the ledger; `ledger` is whole where that was asked for. `family` is that of a file beside
    an export with a chain of its own, empty for exports. `patch` are the operations of its JSON Patch, where they were
    asked for and the file is one document. `unsearched` marks a copy in which nobody looked for secrets.
    """

    source: Source
    status: Status
    reason: str = ""
    from_version: str = ""
    to_version: str = ""
    for_release: str = ""
    output: str = ""
    error: MigratorError | None = None
    warnings: list[str] = field(default_factory=list)
    steps: tuple[str, ...] = ()
    tally: Tally = _NOTHING
    ledger: Ledger = field(default_factory=Ledger)
    family: str = ""
    patch: list[dict[str, Any]] | None = None
    unsearched: bool = False

    def as_dict(self) -> dict[str, Any]:
        """One line of `--json`."""
        row: dict[str, Any] = {"file": self.source.path, "status": self.status.value}
        if self.family:
            row["family"] = self.family
        if self.reason:
            row["reason"] = self.reason
        if self.from_version:
            row |= {"from": self.from_version, "to": self.to_version}
        if self.for_release:
            row["for_aiperf"] = self.for_release
        if self.output:
            row["output"] = self.output
        if self.unsearched:
            row["searched_for_secrets"] = False
        if self.warnings:
            row["warnings"] = self.warnings
        if self.error:
            row["error"] = self.error.as_dict()
        if self.status.changes:
            row["steps"] = list(self.steps)
            row["operations"] = {op.value: count for op, count in self.tally.operations.items()}
            row["losses"] = {loss.value: count for loss, count in self.tally.losses.items()}
            row["ledger"] = self.ledger.as_list()
        return row
