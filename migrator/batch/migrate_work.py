"""Migrate files in whichever process, on whichever machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute_all
from migrator.batch.pool import AT_ONCE, Stop, never, wait_together
from migrator.batch.request import UNKNOWN_VERSION, Request, Result, Status
from migrator.errors import MigratorError
from migrator.stores import absolute, is_url
from migrator.writing.journal import Entry

_LOST: Final = "written by a worker that was lost, and there is no backup to tell from: its ledger is not known"


@dataclass(frozen=True, slots=True)
class Migrating:
    """[`Work`][migrator.batch.pool.Work] that does what a command line asks for each file.

    With `whole`, all files that are handed over go to the disk together, whatever the request says.
    """

    request: Request
    whole: bool = False

    @property
    def together(self) -> int:
        """Files that go to the disk together."""
        return self.request.batch_size

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> list[Result]:
        """What became of each file, in order; nothing of those that the request does not choose."""
        if self.whole and any(is_url(source.path) for source in sources):
            return list(wait_together(sources, Migrating(self.request), AT_ONCE, stop))
        size = max(len(sources), 1) if self.whole else self.together
        parts = (sources[start : start + size] for start in range(0, len(sources), size))
        return [result for part in parts for result in execute_all(part, self.request, stop)]

    @property
    def writes(self) -> bool:
        """Whether files are written."""
        return self.request.writes

    def elsewhere(self, absolute: Callable[[str], str], journal: str) -> Migrating:
        """The same work with absolute names; files are announced together, for that goes a long way."""
        request = self.request

        def given(name: str | None) -> str | None:
            return absolute(name) if name else name

        there = replace(
            request,
            options=request.options._replace(folder=given(request.options.folder), journal=journal),
            out_file=given(request.out_file),
            out_folder=given(request.out_folder),
            records=given(request.records),
        )
        return Migrating(there, whole=True)

    def resumed(self, sources: Sequence[Source], begun: Mapping[str, Entry]) -> list[Result]:
        """The results of some files, of which a worker that was lost announced `begun`, by path.

        What it had written is not written again, and told as if it were written now.
        """
        known = {source.path: begun.get(absolute(self.request.target(source))) for source in sources}
        marked = [source._replace(done=entry.after) if (entry := known[source.path]) else source for source in sources]
        results = self(marked)
        for number, result in enumerate(results):
            entry = known[result.source.path]
            if entry and result.status is Status.UNCHANGED:
                results[number] = self._made_up(result.source, entry)
        return results

    def _made_up(self, source: Source, entry: Entry) -> Result:
        """What the lost worker would have told of a file, found out from its original. Nothing is written."""
        request = self.request
        looked = replace(request, out_file=None, out_folder=None, in_place=False, where="")
        original = entry.backup if request.in_place else source.path
        result = Result(source, Status.MIGRATED, "", UNKNOWN_VERSION, request.to, request.release, warnings=[_LOST])
        if original:
            (found,) = execute_all([source._replace(path=original, done="")], looked)
            result = result if found.status is Status.FAILED else found
        result.source, result.output = source, request.target(source)
        return result

    def told(self, result: Result, source: Source, names: Callable[[str], str]) -> Result:
        """What became of a source, under its own name."""
        result.source = source
        result.output, result.reason = names(result.output), names(result.reason)
        result.warnings = [names(warning) for warning in result.warnings]
        if result.error:
            result.error.retell(names)
        return result

    def failed(self, source: Source, error: MigratorError) -> Result:
        """A file of which nobody knows what became of it."""
        return Result(source, Status.FAILED, error=error)
