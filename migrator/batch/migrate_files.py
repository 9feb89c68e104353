"""Migrate one file: read, migrate, write, and tell what happened."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from migrator._version import __version__
from migrator.backfill.beside import Backfill
from migrator.batch.discover import STDIN, Source
from migrator.batch.load import Loaded, load
from migrator.batch.request import Request, Result, Status
from migrator.batch.select import passes
from migrator.chain.steps import rank
from migrator.config.for_release import checked_file
from migrator.errors import LinkError, MigratorError, NotAnExportError, ResidueError, UnwritableError, reported
from migrator.files.packed import pack, packing_of_content, packing_of_name, unpack
from migrator.identify import MIGRATABLE, Family, Identity, require_migratable
from migrator.jsonfile import Parsed, render
from migrator.ledger import Loss, Op
from migrator.migration.migrate import Migration, migrate
from migrator.migration.residue import Residue
from migrator.stores import exists, is_url, read_bytes
from migrator.writing import RESIDUE_SUFFIX, journal
from migrator.writing.exchange import left_behind
from migrator.writing.outputs import Output, Outputs
from migrator.writing.replace import Change, Replacements, other_names
from migrator.writing.replace_stored import StoredReplacements
from migrator.writing.write import sync_file_systems, write_standard_output


def execute(source: Source, request: Request) -> Result:
    """Do what is asked for one file, which is meant whatever is in it. Errors become the result's."""
    return execute_all([source], replace(request, where=""))[0]


def execute_all(sources: Iterable[Source], request: Request, stop: Callable[[], bool] = lambda: False) -> list[Result]:
    """Do what is asked for some files, which go to the disk together. `stop` is asked before each file.

    Errors become the results', so that a batch goes on. A file that the request does not choose has no result.
    """
    results: list[tuple[Result, Change | Output | None]] = []
    outputs = Outputs(request.options, force=request.force, within=request.out_folder)
    with Replacements(request.options) as replacements:
        for source in sources:
            if stop():
                break
            far = StoredReplacements(request.options) if is_url(source.path) else None
            if attempt := _attempt(source, request, far or replacements, outputs):
                results.append(attempt)
        replacements.settle()
    outputs.settle()
    for result, change in results:
        if change and change.error:
            _fail(result, change.error)
    if request.batch_size > 1 and not request.in_place:
        _flush([result for result, _ in results])
    return [result for result, _ in results]


def _fail(result: Result, error: MigratorError) -> None:
    error.file = error.file or result.source.path
    result.status, result.error, result.output = Status.FAILED, error, ""


def _flush(results: list[Result]) -> None:
    folders = {result.output: os.path.dirname(result.output) for result in results if _near(result.output)}
    failed = sync_file_systems(set(folders.values())) if folders else {}
    for result in results:
        if error := failed.get(folders.get(result.output, "")):
            _fail(result, UnwritableError(f"is perhaps not on the disk: {error.strerror}", file=result.output))


def _near(output: str) -> bool:
    return bool(output) and not is_url(output)


def _attempt(
    source: Source, request: Request, replacements: Replacements | StoredReplacements, outputs: Outputs
) -> tuple[Result, Change | Output | None] | None:
    result = Result(source, Status.FAILED, error=source.error)
    if source.error:
        return result, None
    try:
        with reported(source.path):
            if source.done and _stands(request, request.target(source), source.done):
                return Result(source, Status.UNCHANGED, "done before, as the journal says"), None
            return _execute(source, request, replacements, outputs)
    except LinkError as error:
        if not source.named:
            return Result(source, Status.SKIPPED, f"{error.found}, left alone"), None
        _fail(result, error)
    except MigratorError as error:
        _fail(result, error)
    return result, None


def _stands(request: Request, target: str, done: str) -> bool:
    """Whether what the journal says was written is there, and nothing else has to be cleared up."""
    return not (request.in_place and left_behind(target)) and journal.digest_of(target) == done


def _execute(
    source: Source, request: Request, replacements: Replacements | StoredReplacements, outputs: Outputs
) -> tuple[Result, Change | Output | None] | None:
    read = replacements.read if request.in_place else read_bytes
    loaded = load(source.path, details=bool(request.where), read=read)
    if not passes(loaded, request.where):
        return None
    if reason := _left_alone(source, loaded, request):
        return Result(source, Status.SKIPPED, reason), None
    identity, parsed = loaded.identity, loaded.parsed
    assert parsed is not None, "a main export is one JSON document"
    residue, warnings = residue_beside(source, request)
    finish = Backfill(source.path, request.records) if request.backfill else None
    take = partial(
        migrate,
        parsed.data,
        request.to,
        release_name=request.release or None,
        config=True,
        save_residue=request.residue,
        keep_secrets=request.keep_secrets,
        identity=identity,
        finish=finish,
    )
    try:
        done = take(residue=residue)
    except ResidueError as error:
        warnings.append(f"residue ignored: {error}")
        done = take()
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
    return result, _written(result, loaded, done, request, replacements, outputs)


def _left_alone(source: Source, loaded: Loaded, request: Request) -> str:
    """Why a file is nothing for this batch; nothing if it is to be migrated.

    Raises:
        NotAnExportError: it is not, and the user named it.
        NotAnExportError, NewerVersionError, UnknownVersionError: it is broken, or from a version that is not known.
    """
    identity = loaded.identity
    if identity.family not in MIGRATABLE or loaded.parsed is None:
        if source.named and identity.family is Family.OTHER:
            raise NotAnExportError("is no AIPerf export", expected="a main export (profile_export_aiperf.json)")
        if request.out_file or request.standard_output:
            # The one output that was asked for cannot be given: an exit code of 0 would be taken for it.
            raise NotAnExportError(f"is {identity.family.value}", expected="a main export", hint="it is left alone")
        return f"{identity.family.value}, left alone"
    require_migratable(identity)
    if wrong_way := _wrong_way(identity, request):
        found = f"{identity.version}, {wrong_way} than {request.to}"
        if source.named:
            raise NotAnExportError(f"is {found}", hint="convert goes either way")
        return found
    return ""


def _written(
    result: Result,
    loaded: Loaded,
    done: Migration,
    request: Request,
    replacements: Replacements | StoredReplacements,
    outputs: Outputs,
) -> Change | Output | None:
    """Put a migrated document where the request wants it, now or with others; what is known of it when that is done."""
    assert loaded.parsed is not None
    raw = render(done.document, loaded.parsed.layout) if done.changed and request.writes else None
    if request.in_place:
        if raw is None:
            return None
        change = replacements.replace(result.source.relative, pack(raw, packing_of_content(loaded.raw)), _saved(done))
        result.output = result.source.path
        if change and (others := other_names(change)):
            result.warnings.append(f"has other names (hard links: {others}), which keep the old content")
        return change
    if not request.writes:
        return None
    raw = _output(raw, loaded.raw, result.source, request)
    if request.standard_output:
        write_standard_output(raw)
        return None
    result.output = request.target(result.source)
    return outputs.write(result.output, raw, _saved(done))


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
        kept = ", but not in the backup" if request.in_place and request.options.backup else ""
        warnings.append(f"a secret stands in clear in {places} of the input; it is <redacted> in the output{kept}")
    if request.release and (path := checked_file(done.document, request.release)):
        warnings.append(f"AIPerf {request.release} reads it only where the file {path!r} is there")
    if done.restored and (conflicts := done.ledger.by_op()[Op.CONFLICT]):
        warnings.append(f"{conflicts} values of the residue no longer fit and were not restored (--explain)")
    return warnings


def residue_beside(source: Source, request: Request) -> tuple[Residue | None, list[str]]:
    """The residue beside an input, if there is one; a damaged one is told, not fatal."""
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


def _output(changed: bytes | None, original: bytes, source: Source, request: Request) -> bytes:
    """The bytes of an output, compressed as its name says; the very bytes of the original where nothing changed."""
    wanted = None if request.standard_output else packing_of_name(request.target(source))
    if changed is None and wanted is packing_of_content(original):
        return original
    return pack(unpack(original) if changed is None else changed, wanted)


def _saved(done: Migration) -> bytes | None:
    return done.residue.to_bytes(f"aiperf-migrate {__version__}") if done.residue else None
