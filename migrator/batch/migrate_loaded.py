"""Migrate a file that is in memory: what is to be written, and the result, should nothing go wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Final

from migrator._version import __version__
from migrator.backfill.beside import Backfill
from migrator.batch.discover import Source, is_alone, is_text_of_run
from migrator.batch.load import Loaded
from migrator.batch.redact_files import OWN, packing_for, redacted, redaction_warnings, told
from migrator.batch.request import Request, Result, Status
from migrator.batch.select import passes
from migrator.chain.families import MAIN
from migrator.config.for_release import checked_file
from migrator.errors import MigratorError, NotAnExportError, ResidueError
from migrator.files.disk import STANDARD, unwritable
from migrator.files.large import Content, OpenFile, whole
from migrator.files.packed import pack, packing_of_content, unpack
from migrator.identify import (
    BESIDE,
    MIGRATABLE,
    Family,
    Identity,
    advice,
    as_known,
    not_an_export,
    require_chain,
    taken_for_known,
)
from migrator.jsonfile import Object, Parsed, render
from migrator.ledger import Loss, Op
from migrator.migration.goal import is_at, target_of
from migrator.migration.lines import LinesMigration, migrate_lines, migrate_stream
from migrator.migration.migrate import Migration, Options, migrate
from migrator.migration.residue import Residue
from migrator.stores import exists, read_bytes
from migrator.values import NamedTuple, replace
from migrator.writing import RESIDUE_SUFFIX


class Migrated(NamedTuple):
    """A file migrated in memory: its result, and what is to be written. `raw` is None for nothing."""

    result: Result
    raw: Content | None = None
    residue: bytes | None = None


def migrated(source: Source, loaded: Loaded, request: Request) -> Migrated | None:
    """Migrate and render one file in memory; None if it does not pass the request's `where`."""
    if not passes(source, loaded, request.where):
        return None
    if request.newer_as_known:
        loaded = loaded._replace(identity=as_known(loaded.identity))
    if request.redact_only:
        return _redacted(source, loaded, request, "")
    request = _for_reader(loaded, request)
    if reason := _left_alone(source, loaded, request):
        return _redacted(source, loaded, request, reason)
    identity = loaded.identity
    residue, warnings = residue_beside(source, request)
    finish = Backfill(source.path, request.records) if request.backfill and identity.family in MIGRATABLE else None
    goal = request.goal
    options = Options(config=True, save_residue=request.residue, keep_secrets=request.keep_secrets)
    take: Callable[..., Migration | LinesMigration]
    if identity.family is Family.TELEMETRY_RECORDS:
        take = partial(_migrated_lines, loaded, request, options)
    else:
        assert loaded.parsed is not None, "an export is one JSON document"
        take = partial(migrate, loaded.parsed.data, goal, options, identity=identity, finish=finish)
    try:
        done = take(residue=residue)
    except ResidueError as error:
        warnings.append(f"residue ignored: {error}")
        done = take()
    warnings += finish.warnings if finish else []
    family = "" if identity.family in MIGRATABLE else identity.family.value
    result = Result(source, Status.MIGRATED, "", done.identity.told_version, done.to, goal.release, family=family)
    result.warnings = warnings
    if identity.assumed and identity.label:
        result.warnings.append(taken_for_known(identity.label))
    if done.changed:
        result.steps, result.tally = done.steps, done.ledger.tally()
        if request.ledgers:
            result.ledger = done.ledger
        result.warnings += _warnings(loaded.parsed, done, request)
        if not done.steps and len(done.ledger.of(Loss.REDACTED)) == len(done.ledger):
            result.status, result.reason = Status.REDACTED, f"{_as_it_is(request, done)}, {told(done.ledger)}"
    else:
        result.status, result.reason = Status.UNCHANGED, _as_it_is(request, done)
        if identity.mislabelled and not family:
            result.warnings.append(f"labelled {identity.label}, but its content is {identity.version}: left as it is")
    if isinstance(done, Migration) and loaded.parsed and not family:
        result.warnings += _lacks(loaded.parsed.data, done, request)
    if isinstance(done, LinesMigration) and done.cut:
        result.warnings.append(f"line {done.cut}, the last one, is cut off: it stays as it is")
    if request.patches and isinstance(done, Migration) and loaded.parsed:
        # Imported here: only this form of a report needs it.
        from migrator.migration.json_patch import json_patch

        result.patch = json_patch(loaded.parsed.data, done.document, done.ledger)
    raw = _rendered(done, loaded, source, request)
    if raw is None:
        return Migrated(result)
    if not request.standard_output:
        result.output = request.target(source)
    return Migrated(result, raw, done.residue.to_bytes(f"aiperf-migrate {__version__}") if done.residue else None)


def _for_reader(loaded: Loaded, request: Request) -> Request:
    """The request with the goal that an export has for the reader of the request."""
    identity = loaded.identity
    if request.reader is None or loaded.parsed is None or identity.family not in MIGRATABLE or identity.newer:
        return request
    # Imported here: only a request for a reader needs contracts.
    from migrator.contracts.nearest import nearest

    options = Options(config=True, keep_secrets=request.keep_secrets)
    goal = nearest(loaded.parsed.data, identity, request.reader, options, request.direction)
    return replace(request, goal=goal) if goal else request


def _lacks(before: Object, done: Migration, request: Request) -> list[str]:
    """What the reader that a file is for does not get from it, and what other readers get no longer."""
    if not (request.reader or request.readers):
        return []
    from migrator.contracts.nearest import still_missing

    told = []
    if request.reader and (lacks := still_missing(done.document, request.reader)):
        told.append(f"{request.reader.name} does not get from it: {lacks}")
    for reader in request.readers if done.changed else ():
        if not still_missing(before, reader) and (lacks := still_missing(done.document, reader)):
            hint = f"aiperf-migrate contract versions {reader.name}"
            told.append(f"{reader.name} can read it before and not after ({hint}): {lacks}")
    return told


def _migrated_lines(
    loaded: Loaded, request: Request, options: Options, *, residue: Residue | None = None
) -> LinesMigration:
    """The migration of a file of records; what is too large for the memory goes to a temporary file.

    Raises:
        UnwritableError: there is no space for that.
    """
    large = loaded.large
    if large is None:
        return migrate_lines(unpack(loaded.raw), request.goal, options, residue=residue)
    if not request.writes:
        return migrate_stream(large.lines, len, request.goal, options, residue=residue)
    # Slow to import, and only needed for large files.
    from tempfile import TemporaryFile, gettempdir

    try:
        with TemporaryFile() as spool:
            done = migrate_stream(large.lines, spool.write, request.goal, options, residue=residue)
            spool.flush()
            done.raw = OpenFile(os.dup(spool.fileno()), owned=True) if done.changed else large
    except OSError as error:
        raise unwritable(error, gettempdir()) from error
    return done


def _redacted(source: Source, loaded: Loaded, request: Request, reason: str) -> Migrated | None:
    """A file that is not migrated, but loses its secrets where it stands; None if it was only looked at for them.

    Args:
        source: the file.
        loaded: what was read of it.
        request: what is asked.
        reason: why it is not migrated; empty if nobody asked for that.
    """
    family = loaded.identity.family
    left = Result(source, Status.SKIPPED, reason or f"{family.value}, left alone")
    text = family in (Family.OTHER, Family.TEXT) and is_text_of_run(source.path.rpartition("/")[2].lower())
    if family in OWN or (family in (Family.OTHER, Family.TEXT) and not (request.redact_only or text)):
        return Migrated(left)
    # An output of a file that is not migrated was not asked for.
    if not request.redact_only and (request.keep_secrets or not (request.in_place or not request.writes)):
        return Migrated(left)
    raw, ledger = redacted(source.path, loaded)
    if not ledger:
        return _without_secrets(source, loaded, request, left)
    kind = "text" if text else family.value
    result = Result(source, Status.REDACTED, f"{kind}, {told(ledger)}", tally=ledger.tally())
    if request.ledgers:
        result.ledger = ledger
    if not request.redact_only:
        result.warnings += redaction_warnings(len(ledger), request)
    if loaded.parsed and not loaded.parsed.uniform:
        result.warnings.append(_EVENED)
    if not request.writes:
        return Migrated(result)
    if not request.standard_output:
        result.output = request.target(source)
    return Migrated(result, pack(raw, packing_for(loaded.raw, source, request)))


def _without_secrets(source: Source, loaded: Loaded, request: Request, left: Result) -> Migrated | None:
    if not request.redact_only:
        # Records were only found because they may have secrets: a batch tells of what it may migrate.
        shown = loaded.parsed or source.named or request.all_files or is_alone(source)
        return Migrated(left) if shown else None
    result = Result(source, Status.UNCHANGED, f"{loaded.identity.family.value}, no secret in clear")
    if not request.writes or request.in_place:
        return Migrated(result)
    if not request.standard_output:
        result.output = request.target(source)
    packing = packing_for(loaded.raw, source, request)
    if loaded.large is not None:
        return Migrated(result, loaded.large if packing is None else pack(whole(loaded.large), packing))
    return Migrated(
        result, loaded.raw if packing is packing_of_content(loaded.raw) else pack(unpack(loaded.raw), packing)
    )


def _rendered(done: Migration | LinesMigration, loaded: Loaded, source: Source, request: Request) -> Content | None:
    """The bytes to write, None for nothing. A replaced file stays compressed as it was, an output as its name says."""
    if not request.writes or (request.in_place and not done.changed):
        return None
    packing = packing_of_content(loaded.raw)
    wanted = packing_for(loaded.raw, source, request)
    if isinstance(done, LinesMigration):
        if not isinstance(done.raw, bytes):
            return done.raw if wanted is None else pack(whole(done.raw), wanted)
        return pack(done.raw, wanted) if done.changed or wanted is not packing else loaded.raw
    if done.changed:
        assert loaded.parsed is not None
        return pack(render(done.document, loaded.parsed.layout), wanted)
    # The very bytes of the original, where nothing changed.
    return loaded.raw if wanted is packing else pack(unpack(loaded.raw), wanted)


def _left_alone(source: Source, loaded: Loaded, request: Request) -> str:
    """Why a file is not migrated, in some words; empty if it is.

    Raises:
        NotAnExportError: it is not an export, or the wrong way around, and the user named it; or it is broken.
        NewerVersionError, UnknownVersionError: its version is not known.
    """
    identity = loaded.identity
    if identity.family not in BESIDE and (identity.family not in MIGRATABLE or loaded.parsed is None):
        if source.named and identity.family is Family.TEXT:
            raise not_an_export(identity.family)
        if source.named and identity.family is Family.OTHER:
            raise NotAnExportError("is not an AIPerf export", expected="a main export (profile_export_aiperf.json)")
        if request.out_file or request.standard_output:
            # An exit code of 0 would say that the one output was written.
            raise NotAnExportError(
                f"is {identity.family.value}",
                expected="a main export",
                hint=advice(identity.family) or "it is left alone",
            )
        alone = identity.family is Family.RECORDS and not request.all_files and not source.named
        how = ": no export beside them, `aiperf-migrate rebuild` makes one" if alone else ", left alone"
        return f"{identity.family.value}{how}"
    require_chain(identity)
    if not target_of(identity.chain, request.goal):
        if request.out_file or request.standard_output:
            found = f"no release that writes {request.goal.version} writes {identity.family.value}"
            raise NotAnExportError(found, hint="it is left alone")
        return f"{identity.family.value}: no release that writes {request.goal.version} writes such a file, left alone"
    if wrong_way := _wrong_way(identity, request):
        found = f"{identity.told_version}, {wrong_way} than {target_of(identity.chain, request.goal)}"
        if source.named:
            raise NotAnExportError(f"is {found}", hint="convert goes either way")
        return found
    return ""


def _as_it_is(request: Request, done: Migration | LinesMigration) -> str:
    goal = request.goal
    name = goal.name if goal.release else request.reader.name if request.reader else ""
    return f"{name} reads it as it is" if name else f"is {done.to} already"


def _wrong_way(identity: Identity, request: Request) -> str:
    chain, goal = identity.chain, request.goal
    if identity.assumed and request.direction == "up":
        return "newer"
    if request.direction == "either" or goal.version in identity.versions:
        return ""
    if chain is not MAIN and (not identity.version or is_at(chain, goal, identity.version)):
        return ""
    if chain.order(identity.version) > chain.order(target_of(chain, goal)):
        return "newer" if request.direction == "up" else ""
    return "older" if request.direction == "down" else ""


def _warnings(parsed: Parsed | None, done: Migration | LinesMigration, request: Request) -> list[str]:
    warnings: list[str] = []
    constants = done.constants if isinstance(done, LinesMigration) else parsed.constants if parsed else 0
    if constants:
        warnings.append(f"{constants} NaN or Infinity tokens, which JSON forbids, kept as they are")
    if parsed and not parsed.uniform:
        warnings.append(_EVENED)
    warnings += redaction_warnings(len(done.ledger.of(Loss.REDACTED)), request)
    goal = request.goal
    if goal.release and isinstance(done, Migration) and (path := checked_file(done.document, goal.release)):
        warnings.append(f"{goal.name} reads it only where the file {path!r} is there")
    if done.restored and (conflicts := done.ledger.by_op()[Op.CONFLICT]):
        warnings.append(f"{conflicts} values of the residue no longer fit and were not restored (--explain)")
    return warnings


_EVENED: Final = "its white space is irregular and was evened out; every value and spelling is kept"


def residue_beside(source: Source, request: Request) -> tuple[Residue | None, list[str]]:
    """The residue beside an input, None if there is none, and warnings: a damaged residue is not an error."""
    name = source.path + RESIDUE_SUFFIX
    if not (request.use_residue and source.residues) or source.path == STANDARD:
        return None, []
    try:
        if not exists(name):
            return None, []
        return Residue.from_bytes(read_bytes(name)), []
    except MigratorError as error:
        error.file = name
        return None, [f"residue ignored: {error}"]
