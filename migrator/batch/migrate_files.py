"""Migrate files: read, migrate, write, and tell what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from migrator._version import __version__
from migrator.aiperf.releases import version_key
from migrator.backfill.beside import Backfill
from migrator.batch.discover import STDIN, Source
from migrator.batch.load import Loaded, load, load_content, load_oversized
from migrator.batch.request import Request, Result, Status
from migrator.batch.select import passes
from migrator.config.for_release import checked_file
from migrator.errors import LinkError, MigratorError, NotAnExportError, ResidueError, UnreadableError, reported
from migrator.files.packed import pack, packing_of_content, packing_of_name, unpack
from migrator.identify import MIGRATABLE, Family, Identity, require_migratable
from migrator.jsonfile import Parsed, render
from migrator.ledger import Loss, Op
from migrator.migration.migrate import Migration, Options, migrate
from migrator.migration.residue import Residue
from migrator.stores import exists, is_url, read_bytes
from migrator.writing import RESIDUE_SUFFIX
from migrator.writing.exchange import left_behind
from migrator.writing.folders import Folders
from migrator.writing.journal import Journal, digest_of
from migrator.writing.outcome import Outcome
from migrator.writing.outputs import Outputs
from migrator.writing.replace import DiskReplacer
from migrator.writing.replace_stored import StoreReplacer
from migrator.writing.replacer import OriginalT, Replacer
from migrator.writing.write import write_standard_output


def execute(source: Source, request: Request) -> Result:
    """Migrate one file, whatever the request's `where` says. Errors become the result's."""
    return execute_all([source], replace(request, where=""))[0]


def execute_all(
    sources: Iterable[Source],
    request: Request,
    stop: Callable[[], bool] = lambda: False,
    *,
    journal: Journal | None = None,
    folders: Folders | None = None,
) -> list[Result]:
    """Migrate some files, which are written together.

    Args:
        sources: the files.
        request: what is asked for each.
        stop: asked before each file whether to stop.
        journal: where each file is announced before it is written, None for nowhere.
        folders: the folders that the batch has made so far.

    Returns:
        a result for each file, in order, but none for a file that does not pass the request's `where`. An error of one
        file becomes its result's, so that a batch goes on.
    """
    folders = folders or Folders()
    attempts = []
    outputs = Outputs(request.options, journal, folders, force=request.force, within=request.out_folder)
    on_stores = StoreReplacer(request.options, journal, folders)
    with DiskReplacer(request.options, journal, folders) as on_disk:
        for source in sources:
            if stop():
                break
            replacer: Replacer[Any] = on_stores if is_url(source.path) else on_disk
            if attempt := _attempt(source, request, replacer, outputs):
                attempts.append(attempt)
        on_disk.settle()
    outputs.settle()
    return [attempt.settled() for attempt in attempts]


class _Attempt(NamedTuple):
    """One file of a batch: its result, should nothing go wrong, and the outcome of its writing, which may tell more."""

    result: Result
    outcome: Outcome

    def settled(self) -> Result:
        """The result, when everything is written."""
        error = self.outcome.error
        if not error:
            return self.result
        error.file = error.file or self.result.source.path
        return replace(self.result, status=Status.FAILED, error=error, output="")


def _attempt(source: Source, request: Request, replacer: Replacer[OriginalT], outputs: Outputs) -> _Attempt | None:
    """Migrate one file; None if it does not pass the request's `where`."""
    if source.error:
        return _failed(source, source.error)
    try:
        with reported(source.path):
            if source.done and _stands(request, request.target(source), source.done):
                done = Result(source, Status.UNCHANGED, "done before, as the journal says")
                return _Attempt(done, Outcome())
            return _in_place(source, request, replacer) if request.in_place else _to_output(source, request, outputs)
    except LinkError as error:
        if not source.named:
            return _Attempt(Result(source, Status.SKIPPED, f"{error.found}, left alone"), Outcome())
        return _failed(source, error)
    except MigratorError as error:
        return _failed(source, error)


def _failed(source: Source, error: MigratorError) -> _Attempt:
    return _Attempt(Result(source, Status.FAILED), Outcome(error))


def _stands(request: Request, target: str, done: str) -> bool:
    """Whether the file that the journal names was written, and a killed run left nothing beside it."""
    return not (request.in_place and left_behind(target)) and digest_of(target) == done


def _in_place(source: Source, request: Request, replacer: Replacer[OriginalT]) -> _Attempt | None:
    """A file's way: opened by what will replace it, migrated, rendered, handed back."""
    try:
        opened = replacer.open(source.path)
    except UnreadableError as error:
        found = _migrated(source, load_oversized(source.path, error), request)
        return found and _Attempt(found.result, Outcome())
    with opened as original:
        loaded = load_content(original.raw, source.path, details=bool(request.where))
        migrated = _migrated(source, loaded, request)
        if migrated is None or migrated.raw is None:
            return migrated and _Attempt(migrated.result, Outcome())
        outcome = replacer.replace(original, source.relative, migrated.raw, migrated.residue)
    if outcome.other_names:
        names = f"has other names (hard links: {outcome.other_names}), which keep the old content"
        migrated.result.warnings.append(names)
    return _Attempt(migrated.result, outcome)


def _to_output(source: Source, request: Request, outputs: Outputs) -> _Attempt | None:
    """The same with an output of its own, on standard output, or without any."""
    migrated = _migrated(source, load(source.path, details=bool(request.where)), request)
    if migrated is None or migrated.raw is None:
        return migrated and _Attempt(migrated.result, Outcome())
    if request.standard_output:
        write_standard_output(migrated.raw)
        return _Attempt(migrated.result, Outcome())
    return _Attempt(migrated.result, outputs.write(migrated.result.output, migrated.raw, migrated.residue))


class _Migrated(NamedTuple):
    """A file migrated in memory: its result, and what is to be written. `raw` is None for nothing."""

    result: Result
    raw: bytes | None = None
    residue: bytes | None = None


def _migrated(source: Source, loaded: Loaded, request: Request) -> _Migrated | None:
    """Migrate and render one file in memory; None if it does not pass the request's `where`."""
    if not passes(source, loaded, request.where):
        return None
    if reason := _left_alone(source, loaded, request):
        return _Migrated(Result(source, Status.SKIPPED, reason))
    identity, parsed = loaded.identity, loaded.parsed
    assert parsed is not None, "a main export is one JSON document"
    residue, warnings = residue_beside(source, request)
    finish = Backfill(source.path, request.records) if request.backfill else None
    goal = request.goal
    options = Options(config=True, save_residue=request.residue, keep_secrets=request.keep_secrets)
    take = partial(migrate, parsed.data, goal, options, identity=identity, finish=finish)
    try:
        done = take(residue=residue)
    except ResidueError as error:
        warnings.append(f"residue ignored: {error}")
        done = take()
    warnings += finish.warnings if finish else []
    result = Result(source, Status.MIGRATED, "", identity.version, goal.version, goal.release, warnings=warnings)
    if done.changed:
        result.steps, result.tally = done.steps, done.ledger.tally()
        if request.ledgers:
            result.ledger = done.ledger
        result.warnings += _warnings(parsed, done, request)
    else:
        result.status, result.reason = Status.UNCHANGED, _as_it_is(request)
        if identity.mislabelled:
            result.warnings.append(f"labelled {identity.label}, but its content is {identity.version}: left as it is")
    raw = _rendered(done, loaded, source, request)
    if raw is None:
        return _Migrated(result)
    if not request.standard_output:
        result.output = request.target(source)
    return _Migrated(result, raw, done.residue.to_bytes(f"aiperf-migrate {__version__}") if done.residue else None)


def _rendered(done: Migration, loaded: Loaded, source: Source, request: Request) -> bytes | None:
    """The bytes to write, None for nothing. A replaced file stays compressed as it was, an output as its name says."""
    if not request.writes or (request.in_place and not done.changed):
        return None
    packing = packing_of_content(loaded.raw)
    wanted = (
        packing if request.in_place else None if request.standard_output else packing_of_name(request.target(source))
    )
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
    if identity.family not in MIGRATABLE or loaded.parsed is None:
        if source.named and identity.family is Family.OTHER:
            raise NotAnExportError("is not an AIPerf export", expected="a main export (profile_export_aiperf.json)")
        if request.out_file or request.standard_output:
            # An exit code of 0 would say that the one output was written.
            raise NotAnExportError(f"is {identity.family.value}", expected="a main export", hint="it is left alone")
        return f"{identity.family.value}, left alone"
    require_migratable(identity)
    if wrong_way := _wrong_way(identity, request):
        found = f"{identity.version}, {wrong_way} than {request.goal.version}"
        if source.named:
            raise NotAnExportError(f"is {found}", hint="convert goes either way")
        return found
    return ""


def _as_it_is(request: Request) -> str:
    goal = request.goal
    return f"{goal.name} reads it as it is" if goal.release else f"is {goal.version} already"


def _wrong_way(identity: Identity, request: Request) -> str:
    if request.goal.version in identity.versions or request.direction == "either":
        return ""
    if version_key(identity.version) > version_key(request.goal.version):
        return "newer" if request.direction == "up" else ""
    return "older" if request.direction == "down" else ""


def _warnings(parsed: Parsed, done: Migration, request: Request) -> list[str]:
    warnings: list[str] = []
    if parsed.constants:
        warnings.append(f"{parsed.constants} NaN or Infinity tokens, which JSON forbids, kept as they are")
    if not parsed.uniform:
        warnings.append("its white space is irregular and was evened out; every value and spelling is kept")
    if secrets := len(done.ledger.of(Loss.REDACTED)):
        places = "1 place" if secrets == 1 else f"{secrets} places"
        kept = ", but not in the backup" if request.in_place and request.options.backup else ""
        warnings.append(f"a secret stands in clear in {places} of the input; it is <redacted> in the output{kept}")
    goal = request.goal
    if goal.release and (path := checked_file(done.document, goal.release)):
        warnings.append(f"{goal.name} reads it only where the file {path!r} is there")
    if done.restored and (conflicts := done.ledger.by_op()[Op.CONFLICT]):
        warnings.append(f"{conflicts} values of the residue no longer fit and were not restored (--explain)")
    return warnings


def residue_beside(source: Source, request: Request) -> tuple[Residue | None, list[str]]:
    """The residue beside an input, None if there is none, and warnings: a damaged residue is not an error."""
    name = source.path + RESIDUE_SUFFIX
    if not (request.use_residue and source.residues) or source.path == STDIN:
        return None, []
    try:
        if not exists(name):
            return None, []
        return Residue.from_bytes(read_bytes(name)), []
    except MigratorError as error:
        error.file = name
        return None, [f"residue ignored: {error}"]
