"""The columns of the list of files, each declared once: the list, its order and its dialogs use these.

A column is named by its key: `version`, `METRIC.STAT` for a statistic of a metric, or any other name or path that
`--where` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from tui.common.rows import Column, figure, safe_text
from tui.files.export import Export

ARROWS: Final = ("▴", "▾")
"""Behind the title of the column that gives the order: ascending, descending."""
_METRIC_WIDTH: Final = 7
"""Cells of a number with four significant digits."""
_WIDTHS: Final = (9, 20)
"""Cells of a column of the user's own: the least, and the most."""


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

    @property
    def is_own(self) -> bool:
        """Whether it is one of the user's own: its values are read if they are asked for."""
        return self.key not in _BY_KEY

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


def field_column(key: str) -> ListColumn:
    """The column of any other name that `--where` takes: a fact about the run, or a place in the file."""
    # Slow to import, and only for columns of the user's own.
    from migrator.batch.fields import field_of
    from migrator.batch.where_tests import order_of

    field = field_of(key)
    order = order_of(field.kind)

    def first(export: Export) -> Any:
        values = export.values.get(key, ())
        return order(values[0]) if values else None

    def cell(export: Export) -> str:
        return ", ".join(map(_value, export.values.get(key, ())))

    title = _end_of(key)
    width = min(max(_WIDTHS[0], len(title) + len(ARROWS[0])), _WIDTHS[1])
    return ListColumn(key, title, width, cell, first, right=field.kind == "number", by_default=False)


def _value(value: object) -> str:
    if type(value) is bool:
        return str(value).lower()
    return figure(value, _METRIC_WIDTH) if isinstance(value, float) else safe_text(value)


def _end_of(key: str) -> str:
    """The title of a path: its end, which tells more than its beginning."""
    most = _WIDTHS[1] - len(ARROWS[0])
    return safe_text(key if len(key) <= most else f"…{key[1 - most :]}")


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
    return f"! {' '.join(export.problems)}" if export.problems else "…" if export.checkable else ""


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
    if not key or key in _BY_KEY:
        return _BY_KEY.get(key)
    if key != key_of(key) or refusal(key):
        return None
    return metric_column(key) if _is_statistic(key) else field_column(key)


def columns(keys: Iterable[str]) -> tuple[ListColumn, ...]:
    """All columns of a list that shows these: those of [`COLUMNS`][], and the user's own, each once.

    The user's own stand behind name and version, where they are seen however narrow the terminal is.
    """
    own = dict.fromkeys(key for key in keys if key not in _BY_KEY)
    chosen = set(keys)
    listed = [each for each in COLUMNS if each.key in chosen or each is COLUMNS[0]]
    first = [each for each in listed if each.key in _BEFORE_OWN]
    return (*first, *(found for key in own if (found := column(key))), *listed[len(first) :])


_BEFORE_OWN: Final = ("name", "version")
METRICS: Final = tuple(each.key for each in COLUMNS if "." in each.key)
"""The `METRIC.STAT` that are read of every file, shown or not."""


def _is_statistic(key: str) -> bool:
    from migrator.batch.fields import statistic_of

    return statistic_of(key) is not None


def key_of(typed: str) -> str:
    """The key of a column as the user may type it: by any name of a field, or any name that a metric ever had."""
    from migrator.batch.fields import key_of as key_of_field

    key = key_of_field(typed.strip())
    return next((each for each in _BY_KEY if each == key or key_of_field(each) == key), key)


def refusal(key: str) -> str:
    """Why there is no column with this key, and what may be meant; empty if there is one."""
    from migrator.batch.fields import field_of
    from migrator.errors import UsageError

    if key in _BY_KEY:
        return ""
    try:
        field_of(key)
    except UsageError as error:
        return safe_text(str(error))
    return ""


def worst_first(key: str) -> bool:
    """Whether the worst value of a column is the largest: of times, and of what is counted as failed."""
    from migrator.aiperf.directions import direction

    return key == "failed" or (_is_statistic(key) and direction(key.partition(".")[0]) == "lower")
