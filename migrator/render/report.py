"""The results of migrations as text: a line a file, the whole ledger, or the changes path by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from migrator.batch.request import UNKNOWN_VERSION, Result, Status
from migrator.chain.families import MAIN, chain_of
from migrator.chain.steps import GENAI_PERF, VERSIONS
from migrator.jsonfile import path_text
from migrator.ledger import PAST_TENSE, Entry, Loss, Op, Tally
from migrator.render.safe import printable
from migrator.render.text import plural, table, value_text

_NAMED: Final = 3
"""So many files are named where many are counted."""
_COUNTED: Final = tuple(op for op in Op if op not in (Op.DROP, Op.KEEP, Op.SET))


def counts(tally: Tally) -> str:
    """`26 renamed, 9 added, 2 inferred`: operations first, then values to know about."""
    by_op, by_loss = tally.operations, tally.losses
    parts = [f"{count} {PAST_TENSE[op]}" for op in _COUNTED if (count := by_op.get(op))]
    if tally.implied:
        parts.append(f"{tally.implied} dropped as derivable")
    parts += [f"{count} {loss.value}" for loss in (Loss.INFERRED, Loss.SAVED) if (count := by_loss.get(loss))]
    if tally.lost:
        parts.append(f"{tally.lost} lost")
    return ", ".join(parts) or "label only"


def heading(result: Result) -> str:
    """What was done with a file, in a few columns: `1.4 → 1.5`, `for 0.9.0`, or a status."""
    if result.status is not Status.MIGRATED:
        return result.status.value
    moved = result.steps or result.from_version == UNKNOWN_VERSION or _is_relabelled(result)
    return f"{result.from_version} → {result.to_version}" if moved else _same_version(result)


def _is_relabelled(result: Result) -> bool:
    """Whether the file came with a newer label than this tool knows: it got another one without a step."""
    return not result.family and result.from_version not in (*VERSIONS, GENAI_PERF)


def result_line(result: Result) -> str:
    """One or two lines for one file: what was done and its name, then the changes or the reason."""
    first = f"{heading(result) + '  ':<13}{printable(result.source.path)}"
    if result.status is Status.FAILED or result.from_version == UNKNOWN_VERSION:
        return first
    family = f"{result.family}: " if result.family else ""
    told = family + counts(result.tally) if result.status is Status.MIGRATED else printable(result.reason)
    return f"{first}\n{'':<13}{told}"


def _same_version(result: Result) -> str:
    """What stands for the versions where no step was needed."""
    return f"for {result.for_release}" if result.for_release else f"{result.to_version} filled"


def total_line(results: Mapping[Status, int], *, written: bool = True) -> str:
    """The last line of a batch, from the number of files by status; `written` is false for a trial."""
    names = {} if written else {Status.MIGRATED: "would be migrated"}
    done = [f"{results[status]} {names.get(status, status.value)}" for status in Status if results.get(status)]
    files = sum(results.values())
    end = "" if written else "; nothing was written"
    return f"{plural(files, 'file')}: {', '.join(done) or 'nothing to do'}{end}"


class Unsearched:
    """Collects the copies in which nobody looked for secrets."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._count = 0

    def look(self, result: Result) -> None:
        """Look at what became of a file."""
        if result.unsearched:
            self._count += 1
            if len(self._names) < _NAMED:
                self._names.append(printable(result.source.path.rpartition("/")[2]))

    def line(self) -> str:
        """How many there are, with the names of some; empty for none."""
        if not self._count:
            return ""
        names = ", ".join([*self._names, *(["…"] if self._count > len(self._names) else [])])
        return f"copied unsearched: {plural(self._count, 'file')} ({names}): a secret may stand in them"


def explain(result: Result) -> Iterator[str]:
    """The ledger of one file in full, grouped by step, with the reason of each step."""
    name = printable(result.source.path)
    if result.status is Status.MIGRATED:
        goal = f", for AIPerf {result.for_release}" if result.for_release else ""
        yield f"{name}: {result.from_version} → {result.to_version}{goal}"
    else:
        yield f"{name}: {printable(result.reason)}"
        if result.status is not Status.REDACTED:
            return
    by_step: dict[str, list[Entry]] = {name: [] for name in ("secrets", *result.steps)}
    for entry in result.ledger:
        by_step.setdefault(entry.step, []).append(entry)
    for name, entries in by_step.items():
        about = _about(name, result.family)
        if not entries and not about:
            continue
        yield ""
        yield f"{name}  {about}".rstrip()
        if not entries:
            yield "  nothing to do"
        yield from _by_place(entries)


def _about(stage: str, family: str) -> str:
    """What a stage of a migration does, in half a line; empty where its name says it."""
    if stage in _ABOUT_STAGE:
        return _ABOUT_STAGE[stage]
    chain = chain_of(family or MAIN.name)
    steps = chain.steps if chain.entry is None else (chain.entry, *chain.steps)
    return next((step.summary for step in steps for up in (True, False) if step.name(up=up) == stage), "")


_ABOUT_STAGE: Final = {
    "secrets": "",
    "residue": "what an earlier migration saved",
    "backfill": "what the files beside it say",
    "unknown": "left alone",
}


def _by_place(entries: Sequence[Entry]) -> Iterator[str]:
    """Entries under the object they change, whose path is printed once."""
    for place, group in groupby(entries, key=lambda entry: entry.path[:-1]):
        if place:
            yield f"  {printable(path_text(place))}"
        rows = (row for entry in group for row in _entry_rows(entry))
        yield from table(rows, indent="    " if place else "  ")


def _entry_rows(entry: Entry) -> Iterator[tuple[str, str, str]]:
    loss = "" if entry.loss is Loss.EXACT else entry.loss.value
    name = printable(str(entry.path[-1]))
    same_name = entry.to is not None and entry.to[-1] == entry.path[-1]
    detail = f" → {printable(path_text(entry.to[:-1]))}" if entry.to and same_name else entry_detail(entry)
    if entry.to is None or len(name + detail) <= _ROOM:
        yield f"{entry.op.value:<8}", f"{loss:<9}", name + detail
    else:
        # Of two long names each has a line.
        yield f"{entry.op.value:<8}", f"{loss:<9}", name
        yield " " * 8, " " * 9, detail.lstrip()


def entry_detail(entry: Entry) -> str:
    """The text after the path of an entry: its new place, its values, or a note."""
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
    """The values, then the note if it fits in a line of 80 columns."""
    note = f" ({printable(entry.note)})" if entry.note else ""
    return text + note if len(f"{entry.path[-1]}{text}{note}") <= _ROOM else text


_ROOM: Final = 55
"""Columns of a line after the operation and the loss."""

MARKS = {Op.ADD: "+", Op.RESTORE: "+", Op.DROP: "-", Op.RENAME: ">", Op.MOVE: ">", Op.SET: "~", Op.REDACT: "~"}
"""Operation → sign in a diff; an operation that changes nothing has none."""


def diff(result: Result) -> Iterator[str]:
    """What changes in a file, path by path: `+` added, `-` dropped, `>` renamed or moved, `~` another value."""
    name = printable(result.source.path)
    if not result.status.changes:
        return
    yield f"--- {name}" + (f" ({result.from_version})" if result.from_version else "")
    yield f"+++ {name}" + (f" ({result.to_version})" if result.to_version else "")
    for entry in result.ledger:
        if mark := MARKS.get(entry.op):
            loss = "" if entry.loss in (Loss.EXACT, Loss.DERIVABLE) else f"  [{entry.loss.value}]"
            yield f"{mark} {printable(path_text(entry.path))}{entry_detail(entry)}{loss}"
