"""Migrate one file: read, migrate, write, and tell what happened."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from migrator._version import __version__
from migrator.backfill.beside import Backfill
from migrator.batch.discover import STDIN, Source
from migrator.batch.load import load
from migrator.batch.write import RESIDUE_SUFFIX, write_in_place, write_out, write_standard_output
from migrator.chain.ledger import Ledger, Loss, Op, Tally
from migrator.chain.migrate import Migration, migrate
from migrator.chain.residue import Residue
from migrator.chain.steps import rank
from migrator.config.target import checked_file
from migrator.errors import MigratorError, NotAnExportError, ResidueError, reported
from migrator.identify import MIGRATABLE, Family, Identity, require_migratable
from migrator.jsonfile import Parsed, read_bytes, render


class Status(StrEnum):
    """How it went with one file."""

    MIGRATED = "migrated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for every file.

    `to` is the schema version; with `release`, that of an AIPerf release which is to read the result.
    `direction` limits which way files are moved. Exactly one of `out_file`, `out_folder`, `in_place` and
    `standard_output` is set, or none: then nothing is written. `ledgers` asks for every entry, not only the figures.
    `backfill` asks for what the files beside an export know; `records` names them for a single one.
    """

    to: str
    direction: Literal["up", "down", "either"] = "either"
    out_file: str | None = None
    out_folder: str | None = None
    in_place: bool = False
    standard_output: bool = False
    backup_suffix: str | None = ".bak"
    force: bool = False
    residue: bool = False
    use_residue: bool = True
    keep_secrets: bool = False
    ledgers: bool = True
    release: str = ""
    backfill: bool = False
    records: str | None = None

    @property
    def goal(self) -> str:
        """`to 1.5`, or `for AIPerf 0.9.0`."""
        return f"for AIPerf {self.release}" if self.release else f"to {self.to}"

    @property
    def writes(self) -> bool:
        """Whether anything is written at all."""
        return bool(self.out_file or self.out_folder or self.in_place or self.standard_output)


@dataclass(slots=True)
class Result:
    """What happened to one file. `tally` is the ledger in figures, `ledger` all of it, where that was asked for."""

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
    tally: Tally = field(default_factory=lambda: Ledger().tally())
    ledger: Ledger = field(default_factory=Ledger)

    def as_dict(self) -> dict[str, Any]:
        """One line of `--json`."""
        row: dict[str, Any] = {"file": self.source.path, "status": self.status.value}
        if self.reason:
            row["reason"] = self.reason
        if self.from_version:
            row |= {"from": self.from_version, "to": self.to_version}
        if self.for_release:
            row["for_aiperf"] = self.for_release
        if self.output:
            row["output"] = self.output
        if self.warnings:
            row["warnings"] = self.warnings
        if self.error:
            row["error"] = self.error.as_dict()
        if self.status is Status.MIGRATED:
            row["steps"] = list(self.steps)
            row["operations"] = {op.value: count for op, count in self.tally.operations.items()}
            row["losses"] = {loss.value: count for loss, count in self.tally.losses.items()}
            row["ledger"] = self.ledger.as_list()
        return row


def execute(source: Source, request: Request) -> Result:
    """Do what is asked for one file. Errors become the result's, so that a batch goes on."""
    if source.error:
        return Result(source, Status.FAILED, error=source.error)
    try:
        with reported(source.path):
            return _execute(source, request)
    except MigratorError as error:
        error.file = error.file or source.path
        return Result(source, Status.FAILED, error=error)


def _execute(source: Source, request: Request) -> Result:
    loaded = load(source.path, details=False)
    identity, parsed = loaded.identity, loaded.parsed
    if identity.family not in MIGRATABLE or parsed is None:
        if source.named and identity.family is Family.OTHER:
            raise NotAnExportError("is no AIPerf export", expected="a main export (profile_export_aiperf.json)")
        if request.out_file or request.standard_output:
            # The one output that was asked for cannot be given: an exit code of 0 would be taken for it.
            raise NotAnExportError(f"is {identity.family.value}", expected="a main export", hint="it is left alone")
        return Result(source, Status.SKIPPED, f"{identity.family.value}, left alone")
    require_migratable(identity)
    if wrong_way := _wrong_way(identity, request):
        if source.named:
            raise NotAnExportError(
                f"is {identity.version}, {wrong_way} than {request.to}", hint="convert goes either way"
            )
        return Result(source, Status.SKIPPED, f"{identity.version}, {wrong_way} than {request.to}")
    residue, warnings = _residue_beside(source.path, request)
    finish = Backfill(source.path, request.records) if request.backfill else None
    options: dict[str, Any] = {
        "release_name": request.release or None,
        "config": True,
        "save_residue": request.residue,
        "keep_secrets": request.keep_secrets,
        "identity": identity,
        "finish": finish,
    }
    try:
        done = migrate(parsed.data, request.to, residue=residue, **options)
    except ResidueError as error:
        warnings.append(f"residue ignored: {error}")
        done = migrate(parsed.data, request.to, **options)
    warnings += finish.warnings if finish else []
    result = Result(source, Status.MIGRATED, "", identity.version, request.to, request.release, warnings=warnings)
    if done.changed:
        result.steps, result.tally = done.steps, done.ledger.tally()
        if request.ledgers:
            result.ledger = done.ledger
        result.warnings += _warnings(parsed, done, request)
    else:
        result.status, result.reason = Status.UNCHANGED, _as_it_is(request)
        if identity.mislabelled:
            result.warnings.append(f"labelled {identity.label}, but its content is {identity.version}: left as it is")
    if request.writes:
        raw = render(done.document, parsed.layout) if done.changed else loaded.raw
        result.output = _write(source, request, raw, done)
    return result


def _as_it_is(request: Request) -> str:
    return f"AIPerf {request.release} reads it as it is" if request.release else f"is {request.to} already"


def _wrong_way(identity: Identity, request: Request) -> str:
    if request.to in identity.versions or request.direction == "either":
        return ""
    newer = rank(identity.version) > rank(request.to)
    return (
        "newer" if newer and request.direction == "up" else "older" if not newer and request.direction == "down" else ""
    )


def _warnings(parsed: Parsed, done: Migration, request: Request) -> list[str]:
    warnings: list[str] = []
    if parsed.constants:
        warnings.append(f"{parsed.constants} NaN or Infinity tokens, which JSON forbids, kept as they are")
    if not parsed.uniform:
        warnings.append("its white space is irregular and was evened out; every value and spelling is kept")
    if secrets := len(done.ledger.of(Loss.REDACTED)):
        places = "1 place" if secrets == 1 else f"{secrets} places"
        kept = ", but not in the backup" if request.in_place and request.backup_suffix else ""
        warnings.append(f"a secret stands in clear in {places} of the input; it is <redacted> in the output{kept}")
    if request.release and (path := checked_file(done.document, request.release)):
        warnings.append(f"AIPerf {request.release} reads it only where the file {path!r} is there")
    if done.restored and (conflicts := done.ledger.by_op()[Op.CONFLICT]):
        warnings.append(f"{conflicts} values of the residue no longer fit and were not restored (--explain)")
    return warnings


def _residue_beside(path: str, request: Request) -> tuple[Residue | None, list[str]]:
    """The residue beside an input, if there is one; a damaged one is told, not fatal."""
    name = path + RESIDUE_SUFFIX
    if not request.use_residue or path == STDIN or not os.path.exists(name):
        return None, []
    try:
        return Residue.from_bytes(read_bytes(name)), []
    except MigratorError as error:
        error.file = name
        return None, [f"residue ignored: {error}"]


def _write(source: Source, request: Request, raw: bytes, done: Migration) -> str:
    """Write the document, and return the name of the file it went to."""
    residue = done.residue.to_bytes(f"aiperf-migrate {__version__}") if done.residue else None
    if request.standard_output:
        write_standard_output(raw)
        return ""
    if request.in_place:
        if not done.changed:
            return ""
        write_in_place(source.path, raw, residue, backup_suffix=request.backup_suffix)
        return source.path
    target = request.out_file or os.path.join(request.out_folder or "", source.relative)
    write_out(target, raw, residue, force=request.force)
    return target
