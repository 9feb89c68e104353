"""Migrate files: read, migrate, write, and tell what became of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from migrator.batch.copy_files import copied
from migrator.batch.discover import Names, Source
from migrator.batch.load import Loaded, load_content, load_locked, read
from migrator.batch.migrate_loaded import Migrated, migrated
from migrator.batch.request import Request, Result, Status
from migrator.errors import LinkError, MigratorError, UnreadableError, reported
from migrator.files.large import Content
from migrator.stores import is_url
from migrator.values import NamedTuple, replace
from migrator.writing.entries import Journal, digest_of
from migrator.writing.exchange import left_behind
from migrator.writing.folders import Folders
from migrator.writing.outcome import Outcome
from migrator.writing.outputs import Outputs
from migrator.writing.replace import DiskReplacer
from migrator.writing.replace_stored import StoreReplacer
from migrator.writing.replacer import OriginalT, Replacer
from migrator.writing.write import write_standard_output

LONGEST: Final = 200_000
"""Bytes of a file whose shape is remembered."""


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
            if source.done and request.out_folder and not is_url(request.out_folder):
                # A killed batch may have given a file its name, and left the hidden one.
                folders.clear(os.path.dirname(request.target(source)))
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
            self.result.warnings.extend(self.outcome.warnings)
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
    with replacer.open(source.path) as original:
        found, _ = _migrated(source, original.content, request)
        if found is None or found.raw is None:
            return found and _Attempt(found.result, Outcome())
        outcome = replacer.replace(original, source.relative, found.raw, found.residue)
    if outcome.other_names:
        names = f"has other names (hard links: {outcome.other_names}), which keep the old content"
        found.result.warnings.append(names)
    return _Attempt(found.result, outcome)


def _to_output(source: Source, request: Request, outputs: Outputs) -> _Attempt | None:
    """The same with an output of its own, on standard output, or without any."""
    if request.all_files and not Names.MIGRATED.have(source.path.rpartition("/")[2]):
        return _Attempt(*copied(source, request, outputs, "not migrated"))
    try:
        found, loaded = _migrated(source, read(source.kept or source.path), request)
    except UnreadableError as error:
        if not (error.too_large and request.all_files):
            raise
        return _Attempt(*copied(source, request, outputs, "larger than any export"))
    if found is None or found.raw is None:
        if found and found.result.status is Status.SKIPPED and request.all_files:
            return _Attempt(*copied(source, request, outputs, found.result.reason, loaded))
        return found and _Attempt(found.result, Outcome())
    if request.standard_output:
        write_standard_output(found.raw)
        return _Attempt(found.result, Outcome())
    return _Attempt(found.result, outputs.write(found.result.output, found.raw, found.residue))


def _migrated(source: Source, content: Content, request: Request) -> tuple[Migrated | None, Loaded | None]:
    """Migrate a file that was read: as its shape is known to be, or else on its own; and what was loaded for that."""
    known = sight = None
    if isinstance(content, bytes) and len(content) <= LONGEST and not (source.residues and request.use_residue):
        # Imported here: a file that is migrated on its own does not need it.
        from migrator.batch.repeated import repeated

        known = repeated(request)
        sight = known.sight(source, content) if known else None
    if known is not None and sight is not None:
        if found := known.migrated(sight):
            return found, None
        loaded = load_content(sight.raw, source.path, details=False, parsed=sight.parsed)
        if found := migrated(source, loaded, request):
            known.learn(sight, loaded.identity, found)
        return found, loaded
    loaded = load_locked(content, source.path, details=bool(request.where))
    return migrated(source, loaded, request), loaded
