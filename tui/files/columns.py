"""The columns of the list of files, each declared once: the list, its order and its dialogs use these.

A column is named by its key: `version`, or `METRIC.STAT` for a statistic of a metric, of which every one can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from migrator.aiperf.metrics import STATISTICS
from tui.common.rows import Column, figure, safe_text
from tui.files.export import Export

ARROWS: Final = ("▴", "▾")
"""Behind the title of the column that gives the order: ascending, descending."""
_METRIC_WIDTH: Final = 7
"""Cells of a number with four significant digits."""


class ListColumn(NamedTuple):
    """A column of the list.

    Attributes:
        key: its name in settings, in filters (`key:text`) and on the command line.
        title: its head.
        width: cells, with room for an arrow behind the title; 0: as much as is left.
        cell: the text that is shown.
        order: what files are ordered by; None or empty: the file comes last.
        right: whether cells end together, as numbers do.
        by_default: whether it is shown unless the user says otherwise.
    """

    key: str
    title: str
    width: int
    cell: Callable[[Export], str]
    order: Callable[[Export], Any]
    right: bool = False
    by_default: bool = True

    def head(self, *, arrow: str = "") -> Column:
        """The column as a grid has it."""
        return Column(self.key, f"{self.title}{arrow}", self.width, self.right, tail=not self.width)


def _text(key: str, title: str, width: int, text_of: Callable[[Export], str], *, by_default: bool = True) -> ListColumn:
    """A column of text that is ordered by what it shows."""
    return ListColumn(key, title, width, text_of, text_of, by_default=by_default)


def metric_column(key: str, title: str = "", *, by_default: bool = False) -> ListColumn:
    """The column of `METRIC.STAT`, with the metric's name of today; its figures are in the unit of the catalogue."""

    def number(export: Export) -> float | None:
        return export.numbers.get(key)

    def cell(export: Export) -> str:
        return figure(number(export), _METRIC_WIDTH)

    title = title or _short(key)
    width = max(_METRIC_WIDTH, len(title) + len(ARROWS[0]))
    return ListColumn(key, title, width, cell, number, right=True, by_default=by_default)


def _short(key: str) -> str:
    """`ttft ms p99`: the title of the metric's own column where it has one, else its name."""
    tag, _, statistic = key.rpartition(".")
    return f"{_TITLES.get(tag, tag)} {statistic}"


_TITLES: Final = {
    "request_latency": "lat ms",
    "time_to_first_token": "ttft ms",
    "inter_token_latency": "itl ms",
    "output_token_throughput": "tok/s",
    "request_throughput": "req/s",
    "request_count": "reqs",
}
"""Metrics that have a column by default, with their averages; requests are only counted."""


def _version(export: Export) -> str:
    """With signs for what needs migration and for problems, whose codes may be a column further than one can see."""
    return f"{export.version}{'↑' if export.outdated else ' '}{'!' if export.problems else '✗' if export.error else ''}"


def _problems(export: Export) -> str:
    if export.error:
        return f"✗ {export.error}"
    return f"! {' '.join(export.problems)}" if export.problems else ""


def _fewest_problems(export: Export) -> tuple[bool, int] | None:
    return (not export.error, -len(export.problems)) if export.error or export.problems else None


def _failed(export: Export) -> str:
    return figure(export.failed, _METRIC_WIDTH)


COLUMNS: Final = (
    ListColumn("name", "name", 0, lambda e: e.name, lambda e: e.relative),
    ListColumn(
        "version",
        "vers",
        6,
        _version,
        lambda e: e.rank if e.version else None,
    ),
    _text("release", "release", 9, lambda e: e.release if e.main or not e.family else e.family),
    _text("load", "load", 11, lambda e: e.load),
    ListColumn(
        "failed",
        "failed",
        _METRIC_WIDTH,
        _failed,
        lambda e: e.failed,
        right=True,
    ),
    *(metric_column(f"{tag}.avg", title, by_default=True) for tag, title in _TITLES.items()),
    ListColumn("problems", "problems", 14, _problems, _fewest_problems),
    _text("model", "model", 22, lambda e: e.model),
    _text("dialect", "dialect", 8, lambda e: e.dialect),
    _text("date", "date", 16, lambda e: e.start[:16].replace("T", " ")),
    _text("family", "family", 18, lambda e: e.family, by_default=False),
)
"""Every column that is not a statistic chosen by the user, in order; the first, the name, is always shown."""
DEFAULT_COLUMNS: Final = tuple(each.key for each in COLUMNS if each.by_default)
_BY_KEY: Final = {each.key: each for each in COLUMNS}


@lru_cache(256)
def column(key: str) -> ListColumn | None:
    """The column of a key; None if there is none. A statistic goes by today's name of its metric only."""
    if key in _BY_KEY:
        return _BY_KEY[key]
    return metric_column(key) if "." in key and key == key_of(key) and not refusal(key) else None


def columns(keys: Iterable[str]) -> tuple[ListColumn, ...]:
    """All columns of a list that shows these: the name, those of [`COLUMNS`][], then the user's own, each once."""
    own = dict.fromkeys(key for key in keys if key not in _BY_KEY)
    chosen = set(keys)
    listed = [each for each in COLUMNS if each.key in chosen or each is COLUMNS[0]]
    return (*listed, *(found for key in own if (found := column(key))))


METRICS: Final = tuple(each.key for each in COLUMNS if "." in each.key)
"""The `METRIC.STAT` that are read of every file, shown or not."""


def key_of(typed: str) -> str:
    """The key of a column as the user may type it: without spaces, with today's name of the metric."""
    from migrator.chain.names import current

    tag, dot, statistic = typed.strip().rpartition(".")
    return f"{current(tag)}{dot}{statistic}"


def refusal(key: str) -> str:
    """Why there is no column of a statistic with this key, and what may be meant; empty if there is one."""
    tag, _, statistic = key.rpartition(".")
    if not tag:
        return "expected METRIC.STAT, such as time_to_first_token.p99"
    if statistic not in STATISTICS:
        return f"unknown statistic {safe_text(statistic)}: expected one of {', '.join(STATISTICS)}"
    # Slow to import, and only for columns of the user's own.
    from migrator.chain.names import is_known, near

    if not is_known(tag):
        guess = near(tag)
        return f"unknown metric {safe_text(tag)}" + (f": did you mean {' or '.join(guess)}?" if guess else "")
    return ""
