"""What migrations did, as text: a line a file, the whole ledger, or the changes path by path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from migrator.batch.migrate_files import Result, Status
from migrator.batch.migrate_work import UNKNOWN
from migrator.chain.steps import ENTRY, STEPS
from migrator.jsonfile import path_text
from migrator.ledger import PAST_TENSE, Entry, Loss, Op, Tally
from migrator.render.safe import printable
from migrator.render.text import table, value_text

_TOLD: Final = tuple(op for op in Op if op not in (Op.DROP, Op.KEEP, Op.SET))


def counts(tally: Tally) -> str:
    """`26 renamed, 9 added, 2 inferred`: operations first, then what one should know about."""
    by_op, by_loss = tally.operations, tally.losses
    told = [f"{count} {PAST_TENSE[op]}" for op in _TOLD if (count := by_op.get(op))]
    if tally.implied:
        told.append(f"{tally.implied} dropped as derivable")
    told += [f"{count} {loss.value}" for loss in (Loss.INFERRED, Loss.SAVED) if (count := by_loss.get(loss))]
    if tally.lost:
        told.append(f"{tally.lost} lost")
    return ", ".join(told) or "label only"


def result_line(result: Result) -> str:
    """One line for one file: what was done, then its name, so that names of any length keep the columns."""
    name = printable(result.source.path)
    if result.status is Status.FAILED:
        return f"{'failed':<13}{name}"
    if result.status is Status.MIGRATED:
        if result.from_version == UNKNOWN:
            return f"{f'{UNKNOWN} → {result.to_version}  ':<13}{name}"
        move = f"{result.from_version} → {result.to_version}" if result.steps else _same_version(result)
        return f"{move + '  ':<13}{name}\n{'':<13}{counts(result.tally)}"
    return f"{result.status.value:<13}{name}\n{'':<13}{printable(result.reason)}"


def _same_version(result: Result) -> str:
    """What a file without a step on its way was changed for."""
    return f"for {result.for_release}" if result.for_release else f"{result.to_version} filled"


def total_line(results: dict[Status, int], failed_hint: str = "") -> str:
    """The last line of a batch."""
    done = [f"{results[status]} {status.value}" for status in Status if results.get(status)]
    files = sum(results.values())
    return f"{files} {'file' if files == 1 else 'files'}: {', '.join(done) or 'nothing to do'}{failed_hint}"


def explain(result: Result) -> Iterator[str]:
    """The ledger of one file in full, grouped by step, with the reason of each step."""
    if result.status is not Status.MIGRATED:
        yield f"{printable(result.source.path)}: {printable(result.reason)}"
        return
    goal = f", for AIPerf {result.for_release}" if result.for_release else ""
    yield f"{printable(result.source.path)}: {result.from_version} → {result.to_version}{goal}"
    by_step: dict[str, list[Entry]] = {name: [] for name in ("secrets", *result.steps)}
    for entry in result.ledger:
        by_step.setdefault(entry.step, []).append(entry)
    for name, entries in by_step.items():
        about = _ABOUT_STEP.get(name, "")
        if not entries and not about:
            continue
        yield ""
        yield f"{name}  {about}".rstrip()
        if not entries:
            yield "  nothing to do"
        yield from _by_place(entries)


_ABOUT_STEP = {
    **{step.name(up=up): step.summary for step in (ENTRY, *STEPS) for up in (True, False)},
    "secrets": "",
    "residue": "what an earlier migration saved",
    "backfill": "what the files beside it say",
    "unknown": "left alone",
}


def _by_place(entries: Sequence[Entry]) -> Iterator[str]:
    """Entries under the object they happen in, so that deep paths are told once."""
    for place, group in groupby(entries, key=lambda entry: entry.path[:-1]):
        if place:
            yield f"  {printable(path_text(place))}"
        yield from table((_entry_row(entry) for entry in group), indent="    " if place else "  ")


def _entry_row(entry: Entry) -> tuple[str, str, str]:
    loss = "" if entry.loss is Loss.EXACT else entry.loss.value
    same_name = entry.to is not None and entry.to[-1] == entry.path[-1]
    detail = f" → {printable(path_text(entry.to[:-1]))}" if entry.to and same_name else entry_detail(entry)
    return f"{entry.op.value:<8}", f"{loss:<9}", f"{printable(str(entry.path[-1]))}{detail}"


def entry_detail(entry: Entry) -> str:
    """What stands behind the path of an entry: where it went, its values, or a note."""
    if entry.to is not None:
        same_place = entry.to[:-1] == entry.path[:-1]
        if same_place:
            return f" → {printable(str(entry.to[-1]))}"
        same_top = len(entry.path) > 2 and entry.to[:1] == entry.path[:1]
        place = path_text(entry.to[1:]).replace("$.", "$…", 1) if same_top else path_text(entry.to)
        return f" → {printable(place)}"
    if entry.op is Op.SET:
        return _with_note(f": {value_text(entry.before, 22)} → {value_text(entry.after, 22)}", entry)
    if entry.op in (Op.ADD, Op.RESTORE):
        return _with_note(f": {value_text(entry.after)}", entry)
    if entry.op is Op.DROP:
        return f": {value_text(entry.before)}"
    return f" ({printable(entry.note)})" if entry.note else ""


def _with_note(text: str, entry: Entry) -> str:
    """The values, and the note behind them where a line of 80 columns has room for it."""
    note = f" ({printable(entry.note)})" if entry.note else ""
    return text + note if len(f"{entry.path[-1]}{text}{note}") <= _ROOM else text


_ROOM: Final = 55
"""Columns of a line behind the operation and the loss."""

MARKS = {Op.ADD: "+", Op.RESTORE: "+", Op.DROP: "-", Op.RENAME: ">", Op.MOVE: ">", Op.SET: "~", Op.REDACT: "~"}
"""Signs for what becomes of a place; what is left alone has none."""


def diff(result: Result) -> Iterator[str]:
    """What changes in a file, path by path: `+` added, `-` dropped, `>` renamed or moved, `~` another value."""
    name = printable(result.source.path)
    if result.status is not Status.MIGRATED:
        return
    yield f"--- {name} ({result.from_version})"
    yield f"+++ {name} ({result.to_version})"
    for entry in result.ledger:
        if mark := MARKS.get(entry.op):
            loss = "" if entry.loss in (Loss.EXACT, Loss.DERIVABLE) else f"  [{entry.loss.value}]"
            yield f"{mark} {printable(path_text(entry.path))}{entry_detail(entry)}{loss}"
