"""Write outputs to places of their own, some of them together."""

from __future__ import annotations

import os

from migrator.errors import MigratorError, UnwritableError, reported
from migrator.files.large import Content, whole
from migrator.stores import absolute, is_url
from migrator.values import NamedTuple
from migrator.writing import RESIDUE_SUFFIX
from migrator.writing.entries import Entry, Journal, digest, digest_of
from migrator.writing.folders import Folders
from migrator.writing.options import MAX_WAITING_BYTES, Fsync, WriteOptions
from migrator.writing.outcome import Outcome
from migrator.writing.replace_stored import write_stored
from migrator.writing.write import copy_out, sync_file_systems, write_out


class _Output(NamedTuple):
    """A document for `target`, with its residue before it, if it has one; or a copy of the file `original`."""

    target: str
    raw: Content
    residue: bytes | None
    outcome: Outcome
    original: str = ""


class Outputs:
    """Writes outputs when they are settled, in the order they came.

    Args:
        options: how files are written.
        journal: where each file is announced before it is written, None for nowhere.
        folders: the folders for outputs that are known to exist.
        force: whether existing files may be overwritten.
        within: the output folder; no symbolic link below it may lead out of it.
    """

    def __init__(
        self,
        options: WriteOptions,
        journal: Journal | None = None,
        folders: Folders | None = None,
        *,
        force: bool,
        within: str | None,
    ) -> None:
        self._fsync = options.fsync
        self._journal = journal
        self._folders = folders or Folders()
        self._force = force
        self._within = within
        self._waiting: list[_Output] = []
        self._bytes = 0

    def write(self, target: str, raw: Content, residue: bytes | None) -> Outcome:
        """Take a document, and its residue, to be written; the outcome is final after [`settle`][]."""
        output = _Output(target, raw, residue, Outcome())
        self._waiting.append(output)
        self._bytes += len(raw)
        if self._bytes > MAX_WAITING_BYTES:
            self.settle()
        return output.outcome

    def copy(self, target: str, original: str) -> Outcome:
        """Take a file of this machine, of any size, to be copied; the outcome is final after [`settle`][]."""
        output = _Output(target, b"", None, Outcome(), original)
        self._waiting.append(output)
        return output.outcome

    def settle(self) -> None:
        """Write all outputs that are waiting. The outcome of each that fails has an error."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if self._journal is not None:
            self._announce(waiting, self._journal)
        for output in waiting:
            if output.outcome.error:
                continue
            try:
                with reported(output.target):
                    self._put(output)
            except MigratorError as error:
                output.outcome.error = error
        if self._fsync is Fsync.BATCH:
            _flush([output for output in waiting if not output.outcome.error and not is_url(output.target)])

    def _put(self, output: _Output) -> None:
        target, raw, residue, _, original = output
        if original:
            self._folders.make(os.path.dirname(target), self._within, sync=self._fsync is Fsync.EACH)
            copy_out(original, target, force=self._force, sync=self._fsync is Fsync.EACH)
        elif is_url(target):
            write_stored(target, whole(raw), residue, force=self._force)
        else:
            self._folders.make(os.path.dirname(target), self._within, sync=self._fsync is Fsync.EACH)
            write_out(target, raw, residue, force=self._force, sync=self._fsync is Fsync.EACH)

    def _announce(self, outputs: list[_Output], journal: Journal) -> None:
        """Nothing is written that is not in the journal."""
        entries: list[Entry] = []
        for output in outputs:
            try:
                entries += self._entries(output)
            except MigratorError as error:
                output.outcome.error = error
        try:
            if entries:
                journal.append(entries, sync=self._fsync is Fsync.EACH)
        except MigratorError as error:
            for output in outputs:
                output.outcome.error = output.outcome.error or error

    def _entries(self, output: _Output) -> list[Entry]:
        folders = () if is_url(output.target) else self._folders.missing(os.path.dirname(output.target))
        if output.original:
            after = digest_of(output.original) or ""
            return [Entry(absolute(output.target), digest_of(output.target), after, folders=folders)]
        pieces: list[tuple[str, Content | None]] = [
            (output.target + RESIDUE_SUFFIX, output.residue),
            (output.target, output.raw),
        ]
        return [
            Entry(absolute(name), digest_of(name), digest(content), folders=folders)
            for name, content in pieces
            if content is not None
        ]


def _flush(outputs: list[_Output]) -> None:
    """Wait for the disk, once for all outputs."""
    folders = {output.target: os.path.dirname(output.target) for output in outputs}
    failed = sync_file_systems(set(folders.values())) if folders else {}
    for target, _, _, outcome, _ in outputs:
        if error := failed.get(folders[target]):
            outcome.error = UnwritableError(f"may not be on the disk yet: {error.strerror}", file=target)
