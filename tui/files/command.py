"""The command line that prints what the list shows: its filter, its order, its columns. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from migrator.batch.discover import Names
from tui.files.columns import ListColumn
from tui.files.export import Export, runs_among
from tui.files.model import FileList

_TABLE: Final = {
    "name": ("file",),
    "version": ("from_version",),
    "release": ("aiperf_version",),
    "load": ("concurrency", "request_rate", "input_length"),
    "failed": ("failed_requests",),
    "model": ("model",),
    "date": ("start_time",),
}
"""Column of the list → those of `table` that say the same; the others are in no table."""


def table_columns(files: FileList) -> list[str]:
    """The columns of `table` for the columns that are shown, in their order."""
    shown = files.shown_columns
    named = [name for each in shown for name in _TABLE.get(each.key, (each.key,) if _is_name(each) else ())]
    return list(dict.fromkeys(named))


def _is_name(column: ListColumn) -> bool:
    """Whether the key of a column is a name that a table takes."""
    return column.is_own or "." in column.key


def command(files: FileList, paths: Sequence[str], selected: Sequence[Export]) -> list[str]:
    """`table` of the exports that are shown, or selected; `inspect` where there are none.

    A filter becomes `--where`. An order, a selection, and a filter that a command would understand otherwise become the
    paths themselves, one by one: a table has its rows in their order, and takes every file that is named.

    Args:
        files: the list.
        paths: what the list was made of.
        selected: the selected files that pass the filter; empty: all that pass it.
    """
    wanted = {export.path for export in selected} or files.passing
    shown = [export for export in files.in_order() if export.path in wanted]
    if not shown and files.exports:
        told = [] if files.filter_problem or not files.filtered else [f"--where={files.condition.text.strip()}"]
        return ["aiperf-migrate", "inspect", *told, *_safe(paths)]
    exports = [export for export in shown if export.main]
    as_found = not (selected or files.sort) and (not files.filtered or _is_same_for_commands(files, shown, exports))
    # Not as a word of its own: a filter may begin with a dash.
    where = [f"--where={files.condition.text.strip()}"] if as_found and files.filtered else []
    if exports or (as_found and not files.exports):
        given = list(paths) if as_found else [export.path for export in exports]
        return ["aiperf-migrate", "table", "--columns", ",".join(table_columns(files)), *where, *_safe(given)]
    given = list(paths) if as_found else [export.path for export in shown]
    return ["aiperf-migrate", "inspect", *where, *_safe(given)]


def _is_same_for_commands(files: FileList, shown: Sequence[Export], exports: Sequence[Export]) -> bool:
    """Whether a command with the filter takes the files that are shown.

    Not if it is not understood, or names what no file has; if a phase or a copy is shown, which a table leaves out; or
    if a file cannot be read, or is one that `inspect` finds by its name only.
    """
    if files.filter_problem or files.unknown or files.tally["unreadable"]:
        return False
    if exports:
        return len(runs_among(exports)[0]) == len(exports)
    return bool(shown) and all(Names.JSON.have(export.path) for export in shown)


def _safe(paths: Sequence[str]) -> list[str]:
    """The paths, after `--` where one could be taken for an option."""
    return ["--", *paths] if any(path.startswith("-") for path in paths) else list(paths)
