"""The list of files as lines: as a table, as a tree of folders, or grouped by version. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from migrator.render.text import exports_of_runs, plural
from tui.common.rows import Column, Line, safe_text
from tui.files.columns import ARROWS, DEFAULT_COLUMNS, METRICS, ListColumn, column, columns
from tui.files.export import Export, runs_among, short_name
from tui.files.filter import Filter

View = Literal["table", "tree", "versions"]


class Row(NamedTuple):
    """A visible line: a file, or a folder or group with its key and what is in it."""

    key: str
    depth: int = 0
    export: Export | None = None
    title: str = ""
    inside: tuple[Export, ...] = ()


class FileList:
    """All files, and the lines that the present view, filter, order and folding make of them.

    `condition` is the filter. `marks` gives the text before a file: `A`, `B`, a selection. [`update`][] takes what was
    read, and [`arrange`][] makes the lines again.
    """

    def __init__(self, marks: Callable[[Row], str] = lambda _: "") -> None:
        self.exports: list[Export] = []
        self.view: View = "table"
        self.condition = Filter()
        self._runs: int | None = None
        self.sort = ""
        self.descending = False
        self.shown_columns: tuple[ListColumn, ...] = ()
        self.columns = DEFAULT_COLUMNS
        self.rows: list[Row] = []
        self.matching = 0
        self._passed: list[Export] = self.exports
        self._passing: frozenset[str] | None = None
        self._folded: set[str] = set()
        self._followed: set[str] | None = None
        self.arrived: list[str] = []
        """The paths of the files that were added since they are followed, the newest last."""
        self._places: dict[str, int] = {}
        self._marks = marks

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of the columns that are shown; the name is shown whether it is among them or not."""
        return self._columns

    @columns.setter
    def columns(self, keys: Sequence[str]) -> None:
        self._columns = tuple(keys)
        self.shown_columns = columns(keys)

    @property
    def filter_problem(self) -> str:
        """Why the filter is not understood, or which name in it no file has; empty if all is well."""
        if not self.condition.problem and all(export.read for export in self.exports):
            nowhere = self.condition.nowhere(self.exports)
            return f"no file has {safe_text(nowhere)}" if nowhere else ""
        return safe_text(self.condition.problem)

    def asked(self) -> tuple[str, ...]:
        """The fields that have to be read: those of the default columns, and what is shown, ordered or asked."""
        shown = (*METRICS, *(each.key for each in self.shown_columns), self.sort)
        return tuple(dict.fromkeys((*(key for key in shown if "." in key), *self.condition.keys)))

    @property
    def passing(self) -> frozenset[str]:
        """The paths of all files that pass the filter, those in folded folders and groups among them."""
        if self._passing is None or len(self._passing) != len(self._passed):
            self._passing = frozenset(export.path for export in self._passed)
        return self._passing

    # --- what is known -----------------------------------------------------------------------------------------

    def add(self, exports: Iterable[Export]) -> None:
        """More files, in the order they were found; one that is there already is not taken twice."""
        for export in exports:
            if export.path not in self._places:
                self._runs = None
                self._places[export.path] = len(self.exports)
                self.exports.append(export)
                if self._followed is not None and export.path not in self._followed:
                    self.arrived.append(export.path)

    def follow(self) -> None:
        """From now on, files that are added come first while there is no other order."""
        self._followed, self.arrived = set(self._places), []

    def update(self, exports: Iterable[Export]) -> None:
        """Replace files of the list by what was read."""
        for export in exports:
            place = self._places.get(export.path)
            if place is None:
                continue
            export.named = self.exports[place].named
            self.exports[place] = export
            self._runs = None
            if self.plain and place < len(self.rows):
                self.rows[place] = Row(export.path, 0, export)

    def keep(self, paths: Iterable[str]) -> None:
        """Remove all files but these."""
        there = set(paths)
        self._runs = None
        self.exports = [export for export in self.exports if export.path in there]
        self._passed = [export for export in self._passed if export.path in there]
        self._passing = None
        self._places = {export.path: place for place, export in enumerate(self.exports)}
        self.arrived = [path for path in self.arrived if path in there]

    def get(self, path: str) -> Export | None:
        """A file by its path."""
        place = self._places.get(path)
        return None if place is None else self.exports[place]

    def summary(self) -> str:
        """What all of it is, on one line: `74 exports of 60 runs, 51 need migration, 2 with failures, 20 other files`.

        An export of GenAI-Perf can be migrated, but is no export of AIPerf: it is counted apart.
        """
        read = [export for export in self.exports if export.read]
        main = [export for export in read if export.main]
        failed = sum(bool(export.error) for export in read)
        parts = [exports_of_runs(len(main), self._number_of_runs(main))]
        if predecessors := sum(export.comparable for export in read) - len(main):
            parts.append(f"{predecessors} GenAI-Perf")
        if outdated := sum(export.outdated for export in read):
            parts.append(f"{outdated} {'needs' if outdated == 1 else 'need'} migration")
        if problems := sum(bool(export.problems) for export in read):
            parts.append(f"{problems} with problems")
        if failures := sum(bool(export.failed) for export in main):
            parts.append(f"{failures} with failures")
        if others := len(read) - len(main) - predecessors - failed:
            parts.append(plural(others, "other file"))
        if failed:
            parts.append(f"{failed} unreadable")
        if len(read) < len(self.exports):
            parts.append(f"reading {len(read)} of {len(self.exports)}")
        return ", ".join(parts)

    def _number_of_runs(self, main: list[Export]) -> int:
        """How many runs the exports are of; while files are being read, as many as there are exports."""
        if self._runs is None:
            if not all(export.read for export in self.exports):
                return len(main)
            self._runs = len(runs_among(main)[0])
        return self._runs

    # --- the lines ---------------------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Make the lines for the present view, filter, order and folding."""
        exports = self.condition.passing(self.exports)
        self.matching = len(exports)
        self._passed, self._passing = exports, None
        ordered = self._ordered(exports)
        if self.view == "table":
            self.rows = [Row(export.path, 0, export) for export in ordered]
        elif self.view == "versions":
            self.rows = list(self._by_version(ordered))
        else:
            self.rows = self._tree(ordered)

    @property
    def filtered(self) -> bool:
        """Whether the filter asks anything."""
        return bool(self.condition.text.strip())

    @property
    def plain(self) -> bool:
        """Whether the lines are all files in the order they were found, whatever becomes known of them."""
        return self.view == "table" and not self.sort and not self.filtered and not self.arrived

    def find(self, key: str) -> int | None:
        """The index of a line by its key."""
        return next((index for index, row in enumerate(self.rows) if row.key == key), None)

    def sort_by(self, key: str) -> None:
        """Order by a column; the second call reverses the order, the third restores the order of the folders."""
        if self.sort != key:
            self.sort, self.descending = key, False
        elif not self.descending:
            self.descending = True
        else:
            self.sort, self.descending = "", False
        self.arrange()

    def toggle(self, index: int) -> None:
        """Fold a folder or group, or open it."""
        row = self.rows[index]
        if row.export is None:
            self._folded ^= {row.key}
            self.arrange()

    def is_folded(self, index: int) -> bool:
        """Whether a line is a folder or group that is folded."""
        return self.rows[index].key in self._folded

    def parent(self, index: int) -> int:
        """The index of the folder or group that a line is in; of the line itself at the top."""
        depth = self.rows[index].depth
        return next((i for i in range(index, -1, -1) if self.rows[i].depth < depth), index)

    def behind(self, index: int) -> tuple[Export, ...]:
        """The files that a line stands for: one, or all in a folder or group."""
        row = self.rows[index]
        return (row.export,) if row.export else row.inside

    def heads(self) -> tuple[Column, ...]:
        """The columns that are shown; the one that gives the order has an arrow."""
        arrow = ARROWS[self.descending]
        return tuple(each.head(arrow=arrow if each.key == self.sort else "") for each in self.shown_columns)

    def line(self, index: int) -> Line:
        """A line of the grid."""
        row = self.rows[index]
        if row.export is None:
            sign = "▸" if row.key in self._folded else "▾"
            return Line(
                (f"{'  ' * row.depth}{sign} {row.title}", *[""] * (len(self.shown_columns) - 1)),
                "group",
                self._marks(row),
            )
        export = row.export
        name = safe_text(short_name(row.title)) if row.title else export.name
        cells = (each.cell(export) for each in self.shown_columns[1:])
        return Line((f"{'  ' * row.depth}{name}", *cells), tone(export), self._marks(row))

    def in_order(self) -> list[Export]:
        """All files that pass the filter, in the present order, whatever is folded."""
        return self._ordered(self._passed)

    def _ordered(self, exports: list[Export]) -> list[Export]:
        by = column(self.sort) if self.sort else None
        if by is None:
            return self._newest_first(exports)
        # What does not have the value comes last, whichever way round.
        keys = [by.order(export) for export in exports]
        there = [place for place, value in enumerate(keys) if value not in (None, "")]
        there.sort(key=keys.__getitem__, reverse=self.descending)
        without = [export for export, value in zip(exports, keys, strict=True) if value in (None, "")]
        return [exports[place] for place in there] + without

    def _newest_first(self, exports: list[Export]) -> list[Export]:
        """What was added since the files are followed, the newest first; then the others."""
        new = {path: place for place, path in enumerate(reversed(self.arrived))}
        if not new:
            return exports
        first = sorted((export for export in exports if export.path in new), key=lambda export: new[export.path])
        return [*first, *(export for export in exports if export.path not in new)]

    def _by_version(self, exports: Sequence[Export]) -> Iterator[Row]:
        groups: dict[str, list[Export]] = {}
        for export in exports:
            groups.setdefault(_group(export), []).append(export)
        for name in sorted(groups, key=_group_rank):
            inside = tuple(groups[name])
            outdated = sum(export.outdated for export in inside)
            need = f", {outdated} {'needs' if outdated == 1 else 'need'} migration" if outdated else ""
            yield Row(f"group {name}", 0, None, f"{name}   {plural(len(inside), 'file')}{need}", inside)
            if f"group {name}" not in self._folded:
                yield from (Row(export.path, 1, export) for export in inside)

    def _tree(self, exports: Sequence[Export]) -> list[Row]:
        root: dict[str, Any] = {}
        for export in exports:
            *folders, name = export.relative.split("/")
            node = root
            for folder in folders:
                node = node.setdefault(f"{folder}/", {})
            # A name that stands there already is of another path that was named: both are shown.
            node[name if name not in node else f"{name}\0{export.path}"] = export
        return self._lines_of(root)

    def _lines_of(self, root: dict[str, Any]) -> list[Row]:
        """Folders before what is in them. Not recursive: a tree may be deeper than calls can be."""
        rows: list[Row] = []
        leaves: list[Export] = []
        # (name, node, path of the folder it is in, depth, whether it is seen), or the end of a folder.
        pending: list[tuple[str, Any, str, int, bool]] = [(n, v, "", 0, True) for n, v in reversed(root.items())]
        while pending:
            name, node, above, depth, seen = pending.pop()
            while isinstance(node, dict) and len(node) == 1:
                # Folders in each other with nothing else, and the folder of one file, are on one line.
                ((inner, node),) = node.items()
                name += inner.partition("\0")[0]
            if isinstance(node, Export):
                leaves.append(node)
                if seen:
                    rows.append(Row(node.path, depth, node, name))
            elif isinstance(node, dict):
                path = above + name
                pending.append((name, (len(rows), len(leaves)), path, depth, seen))
                if seen:
                    rows.append(Row(f"folder {path}", depth))
                open_ = seen and f"folder {path}" not in self._folded
                pending.extend((n, v, path, depth + 1, open_) for n, v in reversed(node.items()))
            elif seen:
                place, start = node
                inside = tuple(leaves[start:])
                outdated = sum(export.outdated for export in inside)
                need = f", {outdated} to migrate" if outdated else ""
                title = f"{safe_text(name)}   {len(inside)}{need}"
                rows[place] = rows[place]._replace(title=title, inside=inside)
        return rows


def tone(export: Export) -> str:
    """The tone of a file's line: other families are dimmed, unreadable files are `bad`."""
    if not export.read:
        return "dim"
    if export.error:
        return "bad"
    return "" if export.main else "dim"


def _group(export: Export) -> str:
    if not export.read:
        return "not read yet"
    if export.error:
        return "unreadable"
    return f"schema {export.version}" if export.main else export.family


def _group_rank(name: str) -> tuple[int, int, str]:
    major, _, minor = name.removeprefix("schema ").partition(".")
    if name.startswith("schema ") and major.isdecimal() and minor.isdecimal():
        return int(major), int(minor), name
    return (10**6 if name not in ("unreadable", "not read yet") else 10**5), 0, name
