"""Migrate files in any process, on any machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute_all
from migrator.batch.pool import CONCURRENCY, Stop, never, run_concurrently
from migrator.batch.request import UNKNOWN_VERSION, Request, Result, Status
from migrator.errors import MigratorError
from migrator.stores import absolute, is_url
from migrator.values import dataclass, field, replace
from migrator.writing.entries import Entry, Journal
from migrator.writing.folders import Folders

_LOST: Final = "written by a process that was lost, and there is no backup to tell from: its ledger is not known"


@dataclass(frozen=True, slots=True)
class Migrating:
    """[`Work`][migrator.batch.pool.Work] that does what a command line asks for each file.

    Files are announced to `journal` before they are written, if there is one. With `whole`, all files that are handed
    over are written together, whatever the request says. `folders` are those that the batch has made so far.
    """

    request: Request
    journal: Journal | None = None
    whole: bool = False
    folders: Folders = field(default_factory=Folders, compare=False)

    @property
    def batch_size(self) -> int:
        """How many files are written together."""
        return self.request.batch_size

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> list[Result]:
        """A result for each file, in order, but none for a file that does not pass the request's `where`."""
        if self.whole and any(is_url(source.path) for source in sources):
            return list(run_concurrently(sources, replace(self, whole=False), CONCURRENCY, stop))
        size = max(len(sources), 1) if self.whole else self.batch_size
        parts = (sources[start : start + size] for start in range(0, len(sources), size))
        return [result for part in parts for result in self._written(part, stop)]

    def _written(self, sources: Sequence[Source], stop: Stop) -> list[Result]:
        return execute_all(sources, self.request, stop, journal=self.journal, folders=self.folders)

    @property
    def writes(self) -> bool:
        """Whether files are written."""
        return self.request.writes

    def relocated(self, absolute: Callable[[str], str]) -> Migrating:
        """The same work with absolute names, and no journal. Files are written together: announcing them takes long."""
        request = self.request

        def given(name: str | None) -> str | None:
            return absolute(name) if name else name

        there = replace(
            request,
            options=request.options._replace(folder=given(request.options.folder)),
            out_file=given(request.out_file),
            out_folder=given(request.out_folder),
            records=given(request.records),
        )
        return Migrating(there, whole=True)

    def resumed(self, sources: Sequence[Source], announced: Mapping[str, Entry], journal: Journal) -> list[Result]:
        """The results of some files, of which a lost worker may have written some.

        A file that it had written is not written again, and gets the result that it would have got.

        Args:
            sources: the files.
            announced: what the lost worker announced, by path.
            journal: where files are announced from now on.
        """
        known = {source.path: announced.get(absolute(self.request.target(source))) for source in sources}
        marked = [source._replace(done=entry.after) if (entry := known[source.path]) else source for source in sources]
        # A lost worker may have left unfinished files in folders that this one knows.
        results = replace(self, journal=journal, folders=Folders())(marked)
        for number, result in enumerate(results):
            entry = known[result.source.path]
            if entry and result.status is Status.UNCHANGED:
                results[number] = self.reconstructed(result.source, entry)
        return results

    def reconstructed(self, source: Source, entry: Entry) -> Result:
        """The result that another process had for a file, found by migrating its original again without writing."""
        request = self.request
        looked = replace(request, out_file=None, out_folder=None, in_place=False, where="")
        original = entry.backup if request.in_place else source.path
        result = Result(
            source, Status.MIGRATED, "", UNKNOWN_VERSION, request.goal.version, request.goal.release, warnings=[_LOST]
        )
        if original:
            (found,) = execute_all([source._replace(kept=original, done="")], looked)
            result = result if found.status is Status.FAILED else found
        result.source, result.output = source, request.target(source)
        return result

    def with_source(self, result: Result, source: Source, names: Callable[[str], str]) -> Result:
        """A result of a worker, about the source as it is named here; `names` replaces absolute names in a text."""
        result.source = source
        result.output, result.reason = names(result.output), names(result.reason)
        result.warnings = [names(warning) for warning in result.warnings]
        if result.error:
            result.error.translate(names)
        return result

    def failed(self, source: Source, error: MigratorError) -> Result:
        """The result of a file that no worker could tell of."""
        return Result(source, Status.FAILED, error=error)
