"""Outputs in places of their own, some of them announced together before the first is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from migrator.errors import MigratorError, reported
from migrator.stores import absolute, is_url
from migrator.writing import RESIDUE_SUFFIX, journal
from migrator.writing.options import Fsync, WriteOptions
from migrator.writing.replace_stored import write_stored
from migrator.writing.write import missing_folders, write_out

_TOGETHER: Final = 2**24
"""Bytes that may wait in memory to be written."""


@dataclass(slots=True)
class Output:
    """A document on its way to `target`, after its residue, if it has one. `error` tells why it did not get there."""

    target: str
    raw: bytes
    residue: bytes | None
    error: MigratorError | None = None

    def entries(self) -> list[journal.Entry]:
        """What the journal says of it."""
        pieces = [(self.target + RESIDUE_SUFFIX, self.residue), (self.target, self.raw)]
        folders = () if is_url(self.target) else missing_folders(os.path.dirname(self.target))
        return [
            journal.Entry(absolute(name), journal.digest_of(name), journal.digest(content), folders=folders)
            for name, content in pieces
            if content is not None
        ]


class Outputs:
    """Outputs that are written when they are settled, in the order they came.

    Args:
        manner: how files are written.
        force: whether what is there may be overwritten.
        within: the output folder, out of which no symbolic link in it may lead.
    """

    def __init__(self, manner: WriteOptions, *, force: bool, within: str | None) -> None:
        self._manner = manner
        self._force = force
        self._within = within
        self._waiting: list[Output] = []
        self._bytes = 0

    def write(self, target: str, raw: bytes, residue: bytes | None) -> Output:
        """A document to write, and what it could not keep."""
        output = Output(target, raw, residue)
        self._waiting.append(output)
        self._bytes += len(raw)
        if self._bytes > _TOGETHER:
            self.settle()
        return output

    def settle(self) -> None:
        """Write all that is waiting. What could not be written has an `error`."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        sync = self._manner.fsync is Fsync.EACH
        if self._manner.journal:
            _announce(waiting, self._manner.journal, sync=sync)
        for output in waiting:
            if output.error:
                continue
            try:
                with reported(output.target):
                    self._put(output, sync=sync)
            except MigratorError as error:
                output.error = error

    def _put(self, output: Output, *, sync: bool) -> None:
        target, raw, residue = output.target, output.raw, output.residue
        if is_url(target):
            write_stored(target, raw, residue, force=self._force)
        else:
            write_out(target, raw, residue, force=self._force, within=self._within, sync=sync)


def _announce(outputs: list[Output], name: str, *, sync: bool) -> None:
    """Nothing is written that does not stand in the journal."""
    entries = []
    for output in outputs:
        try:
            entries += output.entries()
        except MigratorError as error:
            output.error = error
    try:
        if entries:
            journal.append(name, entries, sync=sync)
    except MigratorError as error:
        for output in outputs:
            output.error = output.error or error
