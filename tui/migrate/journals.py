"""The journals of what is written here: in the state folder, each with a script that finishes it until it is done.

A write that is cut off, by a kill or a lost terminal, leaves its journal and that script; [`unfinished`][] finds them
at the next start.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from migrator.batch.migrate_work import Migrating
from migrator.batch.pool import run, usable_cores
from migrator.batch.request import Result
from migrator.errors import JournalError, MigratorError
from migrator.files.disk import unwritable, write_atomic
from migrator.render.text import plural
from migrator.writing.journal import begin, reopen
from migrator.writing.options import Fsync
from migrator.writing.outcome import UndoOutcome
from migrator.writing.undo import undo
from tui.common.processes import prepare
from tui.migrate.writing import Order
from tui.session import RESUME, Write, journals

_BEGINNING: Final = 400
"""Bytes of a script that are shown."""
_OR_STOP: Final = " || exit"
_BEGUN: Final = "failed=0\n"
_OR_ELSE: Final = ' || { failed=$?; [ "$failed" -ne 130 ] || exit 130; }'


class Unfinished(NamedTuple):
    """A write that was cut off.

    Attributes:
        journal: its journal.
        files: how many files that names.
        resume: the command that finishes it.
        about: how the command begins that did the same from the start.
    """

    journal: str
    files: int
    resume: str
    about: str


def announce(order: Order, total: int) -> Write:
    """A journal for what an order says, and the command that finishes it, on the disk before anything is written.

    Args:
        order: what is to be written.
        total: how many files; 0 if that is not known.

    Raises:
        UnwritableError: the state folder cannot be written to; then nothing may be written.
    """
    place = journals()
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unwritable(error, str(place)) from error
    name = _free_name(place)
    write_atomic(name + RESUME, os.fsencode(_script(order, name)), overwrite=False)
    return Write(name, _resume(name), total)


def _script(order: Order, journal: str) -> str:
    """What finishes a write: all of its commands, whatever comes of one, but for Ctrl-C."""
    lines = [f"{line}{_OR_ELSE}" for line in order.finishing(journal)]
    # Once it has finished, the next start has nothing to tell.
    done = shlex.join(["rm", "-f", "--", journal + RESUME])
    lines += [f'[ "$failed" -ne 0 ] || {done}', 'exit "$failed"', ""]
    return f"cd {shlex.quote(os.getcwd())}{_OR_STOP}\n{_BEGUN}" + "\n".join(lines)


def _resume(journal: str) -> str:
    # A script, for the command may name thousands of files.
    return shlex.join(["sh", journal + RESUME])


def _free_name(place: Path) -> str:
    stem = f"{time.strftime('%Y-%m-%dT%H%M%S')}-{os.getpid()}"
    names = (str(place / f"{stem}{f'-{number}' if number else ''}.jsonl") for number in range(10_000))
    return next(name for name in names if not os.path.lexists(name) and not os.path.lexists(name + RESUME))


def carry_out(order: Order, write: Write, stop: Callable[[], bool]) -> Iterator[Result]:
    """Write what an order says, file by file; each is announced before, and complete or untouched at any time.

    Args:
        order: what is to be written.
        write: what [`announce`][] gave for it.
        stop: asked before each file whether to end early.

    Raises:
        UnwritableError: the journal cannot be written.
    """
    request = order.request()
    about = {"command": "convert", "to": request.goal.version}
    if order.many:
        prepare()
    roots = order.paths if request.in_place else (order.destination,)
    sync = request.options.fsync is not Fsync.NEVER
    with begin(write.journal, about, roots, resume=False, sync=sync) as journal:
        yield from run(order.sources(), Migrating(request, journal), usable_cores(), stop)


def forget(journal: str) -> None:
    """Do not tell of a write at the next start: it is complete, or the user does not want it. Its journal stays."""
    with contextlib.suppress(OSError):
        os.unlink(journal + RESUME)


def unfinished() -> list[Unfinished]:
    """Writes that were cut off, the newest first; not those that another process is busy with."""
    found = []
    for mark in sorted(journals().glob(f"*.jsonl{RESUME}"), reverse=True):
        journal = str(mark).removesuffix(RESUME)
        with contextlib.suppress(MigratorError, OSError):
            if not os.path.lexists(journal):
                # Nothing can have been written before the journal was there; another process may be about to make it.
                continue
            with reopen(journal) as kept:
                found.append(Unfinished(journal, kept.count(), _resume(journal), _about(mark)))
    return found


def _about(script: Path) -> str:
    """The folder and the first command of a script, as one would type them."""
    with script.open("rb") as stream:
        text = os.fsdecode(stream.read(_BEGINNING))
    folder, _, rest = text.partition(f"{_OR_STOP}\n")
    command, whole, others = rest.removeprefix(_BEGUN).partition(_OR_ELSE)
    more = not whole or "aiperf-migrate " in others
    return f"{folder}\n{command}{' …' if more else ''}"


def take_back(journal: str, stop: Callable[[], bool]) -> Iterator[UndoOutcome]:
    """Undo what a journal names, the newest first, as `aiperf-migrate undo` does.

    Args:
        journal: the journal's file.
        stop: asked before each file whether to end early.

    Raises:
        UnreadableError, UnwritableError, JournalError: it is gone, in use, not a journal, or not to be believed.
    """
    with reopen(journal) as kept:
        if reason := kept.doubts():
            raise JournalError(reason, hint="read it, then undo it with --trust", file=journal)
        kept.damaged = 0
        yield from undo(kept, stop)
        if kept.damaged:
            lines = plural(kept.damaged, "line")
            raise JournalError(f"{lines} damaged", hint="what they name is left as it is", file=journal)
