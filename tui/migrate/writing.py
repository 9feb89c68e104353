"""An order to write: its request to the batch, its command line, and what the dialog says of it.

The request goes to [`migrator.batch.migrate_files`][], as the command line's own does.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from migrator.batch.discover import Names, Source, clash, discover
from migrator.batch.request import Request
from migrator.errors import UsageError
from migrator.ledger import Loss
from migrator.render.safe import printable
from migrator.render.text import plural
from migrator.writing import RESIDUE_SUFFIX
from migrator.writing.exchange import free_name
from migrator.writing.options import WriteOptions
from tui.migrate.target import goal, option

SUFFIX: Final = ".bak"
_LONGEST: Final = 100_000
"""Bytes of names in one command of a script: systems take 128 KiB and more."""
Place = Literal["copy", "in place"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written. `destination` is a file for one input, a folder for several, and unused in place."""

    paths: tuple[str, ...]
    to: str
    place: Place = "copy"
    destination: str = ""
    residue: bool = False
    many: bool = False

    def request(self) -> Request:
        """The order as a request to the batch."""
        copy = self.place == "copy"
        return Request(
            goal=goal(self.to),
            out_file=self.destination if copy and not self.many else None,
            out_folder=self.destination if copy and self.many else None,
            in_place=not copy,
            options=WriteOptions(suffix=SUFFIX),
            residue=self.residue,
            ledgers=False,
            newer_as_known=True,
        )

    def sources(self) -> Iterator[Source]:
        """The files, as they are found; each has a place of its own below the target."""
        # A batch that replaces files takes the secrets out of those beside the exports, too.
        names = Names.MIGRATED if self.place == "copy" else Names.RUN
        yield from sources(self.paths, names, avoid=self.destination if self.place == "copy" and self.many else None)

    def problem(self) -> str:
        """Why this cannot be written; empty if it can."""
        if self.place == "in place":
            return ""
        if not self.destination.strip():
            return "the copy needs a name"
        if self.many:
            if os.path.lexists(self.destination) and not os.path.isdir(self.destination):
                return f"{printable(self.destination)} is a file, expected a folder"
            if any(os.path.realpath(path) == os.path.realpath(self.destination) for path in self.paths):
                return "this folder is the input"
        elif os.path.isdir(self.destination) or self.destination.endswith(os.sep):
            return f"{printable(self.destination)} is a folder, expected the name of a file"
        elif os.path.lexists(self.destination):
            return f"{printable(self.destination)} exists already: choose another name"
        return ""

    def command(self) -> str:
        """The command line that does the same, ready for a shell; more than one for files of equal names."""
        return "\n".join(self._commands(self.paths))

    def finishing(self, journal: str) -> list[str]:
        """The command lines that finish a write which was cut off, none longer than systems take.

        Args:
            journal: the journal of that write.
        """
        return list(self._commands(*_in_parts(self.paths), options=("--journal", journal, "--resume")))

    def _commands(self, *parts: tuple[str, ...], options: tuple[str, ...] = ()) -> Iterator[str]:
        options = (*option(self.to), *self._residue(), *options)
        if self.place == "in place":
            yield from (command("convert", *options, "--in-place", "--", *part) for part in parts)
        elif clash(self.paths) is None:
            where = "-d" if self.many else "-o"
            yield from (command("convert", *options, where, self.destination, "--", *part) for part in parts)
        else:
            # One command cannot keep equal names apart, so there is one for each.
            root = _common(self.paths)
            for path in self.paths:
                yield command("convert", *options, *_place_below(self.destination, path, root), "--", path)

    def _residue(self) -> tuple[str, ...]:
        return ("--residue",) if self.residue else ()


def _in_parts(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Names in their order, no more of them together than one command takes."""
    part: list[str] = []
    room = _LONGEST
    for path in paths:
        size = len(os.fsencode(path)) + 1
        if part and size > room:
            yield tuple(part)
            part, room = [], _LONGEST
        part.append(path)
        room -= size
    yield tuple(part)


def preview_words(paths: Sequence[str], to: str, *, residue: bool = False) -> list[str]:
    """The command line that shows what is on the screen, and writes nothing, word by word."""
    explain = () if len(paths) > 1 or os.path.isdir(paths[0]) else ("--explain",)
    saved = ("--residue",) if residue else ()
    return words("convert", *option(to), *saved, "--dry-run", *explain, "--", *paths)


def words(*given: str) -> list[str]:
    """An `aiperf-migrate` command line; `--` stays only where a name could be taken for an option."""
    listed = list(given)
    if "--" in listed and not any(word.startswith("-") for word in listed[listed.index("--") + 1 :]):
        listed.remove("--")
    return ["aiperf-migrate", *listed]


def command(*given: str) -> str:
    """The same as one line, quoted for a shell."""
    return shlex.join(words(*given))


def sources(paths: Sequence[str], names: Names = Names.MIGRATED, avoid: str | None = None) -> Iterator[Source]:
    """The files behind a selection; equal names are kept apart by their places below the common folder."""
    if clash(paths) is None:
        yield from discover(paths, (avoid,), names=names)
        return
    root = _common(paths)
    for path in paths:
        for source in discover([path], (avoid,), names=names):
            yield source._replace(relative=os.path.relpath(source.path, root))


def _common(paths: Sequence[str]) -> str:
    try:
        return os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    except ValueError as error:
        raise UsageError("the files have no folder in common", hint="write them in place, or one by one") from error


def _place_below(folder: str, path: str, root: str) -> tuple[str, str]:
    place = os.path.join(folder, os.path.relpath(path, root))
    return ("-d", place) if os.path.isdir(path) else ("-o", place)


def copy_name(path: str, to: str) -> str:
    """A free name for a copy beside the file: `run.json` → `run.1.5.json`."""
    stem, extension = os.path.splitext(path)
    names = (f"{stem}.{to}{f'.{number}' if number else ''}{extension}" for number in range(10_000))
    return next((name for name in names if not os.path.lexists(name)), f"{stem}.{to}{extension}")


def free_backup(path: str) -> str:
    """The name that the backup of a file gets, unless another program takes it first."""
    return free_name(path + SUFFIX, os.stat(path))


class Losses(NamedTuple):
    """What a write would lose: how many values, in how many files; those of other classes; and files that fail."""

    lost: int
    values: Mapping[Loss, int]
    files: int = 1
    failed: int = 0

    @property
    def words(self) -> str:
        """`! 12 values lost in 3 files, 7 inferred`, with a sign, so that it does not depend on colour."""
        where = f" in {plural(self.files, 'file')}" if self.files > 1 else ""
        parts = [f"! {plural(self.lost, 'value')} lost{where}" if self.lost else "✓ nothing"]
        shown = (Loss.SAVED, Loss.REDACTED, Loss.INFERRED)
        parts += [f"{self.values[loss]} {loss.value}" for loss in shown if self.values.get(loss)]
        return ", ".join(parts)


def summary_rows(order: Order, size: int, new_size: int | None, count: int, losses: Losses) -> list[tuple[str, str]]:
    """What the dialog says: label and text, harmless to show.

    Args:
        order: what is to be written.
        size: bytes of all inputs.
        new_size: bytes of the output; None if that is not known.
        count: files that change.
        losses: what is lost in all of them.
    """
    rows = [("loses", losses.words)]
    if losses.failed:
        rows.append(("fails", f"✗ {plural(losses.failed, 'file')} cannot be migrated, and stay as they are"))
    sizes = f"{size:,} bytes" if new_size is None else f"{size:,} → {new_size:,} bytes"
    rows += [("read", _names(order, count)), ("size", sizes)]
    if order.place == "copy":
        rows.append(("write", printable(order.destination)))
        rows.append(("backup", "none needed: the originals stay" if order.many else "none needed: the original stays"))
    elif order.many:
        rows.append(("write", f"in place of {plural(count, 'original')}"))
        rows.append(("backup", f"each original stays beside it as FILE{SUFFIX}"))
    else:
        rows.append(("write", "in place of the original"))
        rows.append(("backup", printable(free_backup(order.paths[0]))))
    rows.append(("journal", "kept: u takes it back, and what is cut off can be finished"))
    if order.residue:
        rows.append(("residue", f"beside each output, as FILE{RESIDUE_SUFFIX}, where something has no place"))
    return rows


def _names(order: Order, count: int) -> str:
    return plural(count, "file") if order.many else printable(order.paths[0])
