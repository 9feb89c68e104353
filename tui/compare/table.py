"""A receipt as lines of a table: the gate and the findings, then what else is decided, then the rest; filtered.

Words, order and numbers are those of the renderers, so the screen cannot say something that a report does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from migrator.render.comparison.footnotes import remarks
from migrator.render.comparison.numbers import change, interval, moved, sides
from migrator.render.comparison.runs import described, in_order_of_start, run_values
from migrator.render.comparison.sections import OneSided, arranged, one_sided
from migrator.render.comparison.words import (
    ARROW_WORDS,
    ARROWS,
    EVIDENCE,
    MARKS,
    counted,
    findings,
    held_to,
    label_of,
    name_of,
    shown_by,
    verdict_of,
    waived,
)
from migrator.render.safe import printable
from migrator.render.text import value_text
from tui.common.canvas import MARKERS
from tui.common.rows import GAP, LEAD, Column, Line, safe_text
from tui.compare.dots import dots

if TYPE_CHECKING:
    from migrator.diff.receipt import FieldChange, Finding, Receipt, Row, Shift

KINDS: Final = {
    "gate": "In the gate",
    "finding": "Findings",
    "decided": "Outside the gate, decided",
    "config": "Configuration and identity",
    "only": "On one side only",
    "rest": "Outside the gate, the rest",
    "ignored": "Ignored by the policy",
}
"""Class of a line → the title over its lines, in their order."""
BELOW: Final = (
    Column("name", "base (-) and candidate (+)"),
    Column("verdict", "verdict", 21),
)
_WIDEST_NAME: Final = 64
_NARROW: Final = 100
"""Cells below which interval and counts are to the right of what is seen, and shown where one goes sideways."""
_TONES: Final = {"regression": "bad", "improvement": "good", "incomparable": "warn", "inconclusive": ""}


class Item(NamedTuple):
    """One line of the receipt as text. `remark` has the verdict with its sign; `verdict` is the bare word, or empty."""

    kind: str
    name: str
    base: str = ""
    candidate: str = ""
    change: str = ""
    interval: str = ""
    n: str = ""
    remark: str = ""
    verdict: str = ""
    differs: bool = True
    row: Row | None = None
    setting: FieldChange | None = None
    finding: Finding | None = None
    one_sided: OneSided | None = None

    def matches(self, word: str) -> bool:
        """Whether a word, in lower case, stands anywhere in the line."""
        return word in " ".join((self.name, self.base, self.candidate, self.remark)).casefold()

    @property
    def path(self) -> str:
        """What names the line elsewhere: `request_latency.p99` for a policy, the place of a setting."""
        if self.row is not None:
            return name_of(self.row)
        return safe_text(self.setting.path) if self.setting else self.finding.code if self.finding else self.name


class Filter(NamedTuple):
    """What is shown: a class, a verdict, and words that must (or, after `-` or `!`, must not) stand in the line."""

    kind: str = ""
    verdict: str = ""
    text: str = ""

    def holds(self, item: Item) -> bool:
        """Whether a line is shown."""
        if (self.kind and item.kind != self.kind) or (self.verdict and item.verdict != self.verdict):
            return False
        for word in self.text.casefold().split():
            negated = word[0] in "-!"
            wanted = word[1:] if negated else word
            if wanted and item.matches(wanted) == negated:
                return False
        return True

    def __str__(self) -> str:
        quoted = f'"{printable(self.text)}"' if self.text.strip() else ""
        return ", ".join(filter(None, (KINDS.get(self.kind, ""), self.verdict, quoted)))


def items(receipt: Receipt) -> list[Item]:
    """All lines of a receipt, class by class."""
    rows = arranged(receipt.rows)
    return [
        *(_row_item("gate", row) for row in rows.gated),
        *map(_finding_item, findings(receipt)),
        *(_row_item("decided", row) for row in rows.decided),
        *map(_setting_item, receipt.changes),
        *map(_one_sided_item, one_sided(receipt)),
        *(_row_item("rest", row) for row in rows.rest),
        *(_row_item("ignored", row) for row in rows.ignored),
    ]


def _row_item(kind: str, row: Row) -> Item:
    base, candidate = sides(row)
    unit = f" {safe_text(row.unit)}" if row.unit else ""
    differs = moved(row) or row.verdict.value in ("regression", "improvement", "incomparable")
    return Item(
        kind,
        f"{ARROWS[row.direction]} {name_of(row)}{unit}",
        base,
        candidate,
        change(row),
        interval(row),
        counted(row),
        verdict_of(row),
        row.verdict.value,
        differs,
        row,
    )


def _finding_item(found: Finding) -> Item:
    base, candidate = ("" if value is None else value_text(value, 60) for value in (found.base, found.candidate))
    name = safe_text(f"{found.code}: {found.message}")
    verdict = "incomparable" if found.blocks else ""
    return Item("finding", name, base, candidate, remark=label_of(found), verdict=verdict, finding=found)


def _one_sided_item(found: OneSided) -> Item:
    """A metric in one line, with its first statistic; the others stand in its details."""
    name, value = safe_text(found.name), ""
    if found.rows:
        first = found.rows[0]
        name = f"{name_of(first)}{f' {safe_text(first.unit)}' if first.unit else ''}"
        value = sides(first)[0 if found.side == "base" else 1]
    base, candidate = (value, "") if found.side == "base" else ("", value)
    return Item("only", name, base, candidate, remark=f"only in the {found.side}", one_sided=found)


def _setting_item(found: FieldChange) -> Item:
    base = "" if found.kind == "added" else value_text(found.base, 60)
    candidate = "" if found.kind == "removed" else value_text(found.candidate, 60)
    return Item(
        "config", safe_text(found.path), base, candidate, remark=f"{MARKS[found.kind]} {found.kind}", setting=found
    )


def beside(all_items: Sequence[Item], room: int) -> tuple[Column, ...]:
    """The columns of a table with a line an item: as wide as what stands in them, so that no cells are blank for long.

    Args:
        all_items: the lines.
        room: cells of the table.
    """
    rows = [item for item in all_items if item.row is not None]

    def widest(texts: Iterable[str], least: int, most: int) -> int:
        return min(max([least, *map(len, texts)]), most)

    base = widest((item.base for item in rows), 6, 14)
    candidate = widest((item.candidate for item in rows), 9, 14)
    change = widest((item.change for item in rows), 7, 10)
    most = 14 if room < _NARROW else 22
    verdict = widest((item.remark for item in all_items if item.kind in ("gate", "finding", "decided")), 9, most)
    found = (
        Column("base", "base", base, right=True),
        Column("candidate", "candidate", candidate, right=True),
        Column("change", "change", change, right=True),
        Column("verdict", "verdict", verdict),
        Column("interval", "interval, %", 16, right=True),
        Column("n", "n a side", 9, right=True),
    )
    # Numbers before the rest of a name, which is in full below the table, or beside it; the gate's names if possible.
    # Where columns are left out, the last cell of the head says so.
    left, with_interval = (
        room - LEAD - sum(column.width + GAP for column in columns) for columns in (found[:4], found)
    )
    needed = widest((item.name for item in rows if item.kind == "gate"), 24, _WIDEST_NAME)
    longest = widest((item.name for item in rows), 24, _WIDEST_NAME)
    name = min(longest, with_interval if with_interval >= needed else left - 1)
    return Column("name", "metric, finding or setting", max(name, 16)), *found


class Table:
    """The lines on the screen: titles, and the items that pass a filter, each on one line or on up to three.

    `items` has the item of each line; None for a title. `room` is how many cells a line has.
    """

    def __init__(self, all_items: Sequence[Item], filter_: Filter, *, below: bool, room: int = 200) -> None:
        self.columns = BELOW if below else beside(all_items, room)
        passing = [item for item in all_items if filter_.holds(item)]
        self.shown, self.hidden = len(passing), len(all_items) - len(passing)
        self.lines: list[Line] = []
        self.items: list[Item | None] = []
        for kind, title in KINDS.items():
            held = [item for item in passing if item.kind == kind]
            if held:
                self._add(None, Line((f"{title} ({len(held)})", *[""] * (len(self.columns) - 1)), "group"))
            for item in held:
                for line in _below(item) if below else (_beside(item),):
                    self._add(item, line)

    def _add(self, item: Item | None, line: Line) -> None:
        self.items.append(item)
        self.lines.append(line)

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, index: int) -> Line:
        """A line."""
        return self.lines[index]

    def next(self, at: int, way: int) -> int | None:
        """The first line of the next item that differs, or of the one before; None if there is none."""
        here = self.items[at] if at < len(self.items) else None
        places = [
            index
            for index, item in enumerate(self.items)
            if item is not None and item.differs and item is not here and self.items[index - 1] is not item
        ]
        ahead = [place for place in places if (place > at) == (way > 0)]
        return (ahead[0] if way > 0 else ahead[-1]) if ahead else None

    def place(self, item: Item | None) -> int:
        """The line that an item of an older table stands on now; the first item if it is gone."""
        key = (item.kind, item.name) if item else None
        first = next((index for index, found in enumerate(self.items) if found), 0)
        return next((i for i, found in enumerate(self.items) if found and (found.kind, found.name) == key), first)


def _tone(item: Item) -> str:
    if item.finding:
        return "bad" if item.finding.blocks else "warn" if item.finding.warns else ""
    if item.kind != "gate" and (not item.differs or (item.row and waived(item.row))):
        return "dim"
    if item.row and waived(item.row):
        return ""
    judged = item.row and (item.kind == "gate" or item.row.direction != "information")
    return _TONES.get(item.verdict, "") if judged else ""


def _beside(item: Item) -> Line:
    cells = (item.name, item.base, item.candidate, item.change, item.remark, item.interval, item.n)
    return Line(cells, _tone(item))


def _below(item: Item) -> Iterator[Line]:
    tone = _tone(item)
    yield Line((item.name, item.remark), tone)
    if item.base:
        yield Line((f"  {item.base}", ""), tone, "-")
    if item.candidate:
        yield Line((f"  {item.candidate}{f'   {item.change}' if item.change else ''}", ""), tone, "+")


# --- one item in full ----------------------------------------------------------------------------------------


def details(receipt: Receipt, item: Item, width: int) -> list[str]:
    """Everything about a line: what it is held to, what it rests on, what would decide it, and each run's value.

    Args:
        receipt: the one that the line is of.
        item: the line.
        width: columns that there are for the drawing of the runs.
    """
    if item.row is not None:
        return [*_row_details(item.row, item), *_runs(receipt, item.row, width)]
    if item.setting is not None:
        return [item.name, f"base       {item.base or '(not there)'}", f"candidate  {item.candidate or '(not there)'}"]
    if item.finding is not None:
        what = "makes the comparison invalid" if item.finding.blocks else "a notice: read it before the numbers"
        values = [f"{item.base} → {item.candidate}"] if item.base or item.candidate else []
        return [item.name, what, *values]
    values = [item.one_sided.values] if item.one_sided and item.one_sided.rows else []
    return [item.name, item.remark, *values]


def _row_details(row: Row, item: Item) -> Iterator[str]:
    yield f"{name_of(row)}: {item.remark}"
    unit = f" {safe_text(row.unit)}" if row.unit else ""
    yield f"{item.base} → {item.candidate}{unit}, {item.change}; {ARROW_WORDS[row.direction]}"
    yield from remarks(row)
    if found := row.delta_interval or row.interval:
        of = unit.strip() if row.delta_interval else "%"
        yield f"interval at {found.level * 100:g}%: {item.interval} {of} ({found.kind})"
    yield from shown_by(row)
    yield f"held to: {held_to(row)}"
    yield f"rests on: {EVIDENCE[row.evidence]}"


def _runs(receipt: Receipt, row: Row, width: int) -> Iterator[str]:
    """The value of each run, drawn where there is room, in words where there is not."""
    values = run_values(receipt, row)
    if not values:
        return
    order = "in the order of their start" if in_order_of_start(receipt) else "base first: starts are not known"
    drawn = dots(values, width)
    yield f"each run, {order}: {' base, '.join(MARKERS)} candidate" if drawn else f"each run, {order}:"
    yield from drawn or [described(values)]


def shift_of(receipt: Receipt, item: Item | None) -> Shift | None:
    """The percentiles of an item's metric; of the first metric that has some, where the item is none."""
    if item is None or item.row is None:
        return receipt.shifts[0] if receipt.shifts else None
    return next((shift for shift in receipt.shifts if shift.metric == item.row.metric), None)


def unwaivable(item: Item | None) -> str:
    """Why a line cannot be waived; empty if it can."""
    if item is None or item.row is None:
        return "only a row of a metric can be waived"
    if waived(item.row):
        return "this row is waived already"
    if item.row.verdict.value != "regression":
        return f"only a regression can be waived; this row is {item.row.verdict.value}"
    return ""
