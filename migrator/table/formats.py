"""Rows as CSV, JSON lines, Markdown or Parquet, written as they come: a table of any length takes no memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from migrator.errors import UsageError
from migrator.extras import install
from migrator.jsonfile import Json
from migrator.render.lines import json_line
from migrator.render.safe import printable
from migrator.table.rows import Kind, Row, number_text

if TYPE_CHECKING:
    from types import ModuleType

FORMATS: Final = ("csv", "parquet", "json", "markdown")
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a spreadsheet compute a cell, the wide forms of Chinese and Japanese keyboards included."""
_GROUP: Final = 8192
"""Rows in a row group of Parquet: what is buffer in memory at a time."""


def lines(form: str, rows: Iterable[Row], headings: Mapping[str, str]) -> Iterator[str]:
    """The lines of a table as text; `headings` are column name → heading, in order."""
    return {"csv": _csv, "json": _json, "markdown": _markdown}[form](rows, headings)


def _csv(rows: Iterable[Row], headings: Mapping[str, str]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    writer.writerow(map(_not_a_formula, headings.values()))
    yield _drain(buffer)
    for row in rows:
        writer.writerow([_not_a_formula(cell) if type(cell) is str else _text(cell) for cell in _cells(row, headings)])
        yield _drain(buffer)


def _drain(buffer: io.StringIO) -> str:
    line = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return line


def _not_a_formula(text: str) -> str:
    """Text that no spreadsheet takes for a formula: what starts like one gets an apostrophe in front."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def _json(rows: Iterable[Row], headings: Mapping[str, str]) -> Iterator[str]:
    for row in rows:
        yield json_line({heading: row.get(name) for name, heading in headings.items()})


def _markdown(rows: Iterable[Row], headings: Mapping[str, str]) -> Iterator[str]:
    yield _markdown_row([_code_span(heading) for heading in headings.values()])
    yield _markdown_row(["---"] * len(headings))
    for row in rows:
        yield _markdown_row([_code_span(cell) if type(cell) is str else _text(cell) for cell in _cells(row, headings)])


def _code_span(text: str) -> str:
    # With the pages on comparisons, which other forms do not need.
    from migrator.render.comparison.markdown import code

    return code(printable(text), cell=True)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row, headings: Mapping[str, str]) -> list[Json]:
    return [row.get(name) for name in headings]


def _text(cell: Json) -> str:
    if cell is None:
        return ""
    return ("true" if cell else "false") if type(cell) is bool else number_text(cell)


def write_parquet(
    target: IO[bytes], rows: Iterable[Row], headings: Mapping[str, str], kinds: Mapping[str, Kind]
) -> None:
    """A Parquet file: text as strings, numbers as 64-bit floats, missing values as null.

    Args:
        target: where the bytes go.
        rows: the rows, by column name.
        headings: column name → heading, in the order of the columns.
        kinds: column name → what its values are.

    Raises:
        UsageError: pyarrow is not installed.
    """
    arrow, parquet = _arrow()
    types = {"text": arrow.string(), "number": arrow.float64(), "flag": arrow.bool_()}
    schema = arrow.schema([(heading, types[kinds[name]]) for name, heading in headings.items()])
    with parquet.ParquetWriter(target, schema) as writer:
        for group in _groups(rows):
            columns = [[_arrow_value(row.get(name), kinds[name]) for row in group] for name in headings]
            arrays = [arrow.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == _GROUP:
            yield group
            group = []
    if group:
        yield group


def _arrow_value(value: Json, kind: Kind) -> Json:
    if value is None or kind == "flag":
        return value
    return float(value) if kind == "number" else printable(value)


def _arrow() -> tuple[ModuleType, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow", hint=install("parquet")) from error
    return pyarrow, pyarrow.parquet
