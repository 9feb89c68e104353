"""The list of files as lines: as a table, as a tree of folders, or grouped by version. Knows nothing of Textual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from tui.common.rows import Column, Line, safe_text
from tui.files.columns import (
    ARROWS,
    COLUMNS,
    DEFAULT_COLUMNS,
    METRICS,
    ListColumn,
    column,
    columns,
    worst_first,
)
from tui.files.export import Export, runs_among, short_name
from tui.files.filter import Filter, nowhere
from tui.files.grouping import Row, by_version, tree
from tui.files.read_export import ALWAYS, BY_CHECKING, Checked
from tui.files.tally import Tally

View = Literal["table", "tree", "versions"]
_MOST_VALUES: Final = 50
"""Values of a name that are proposed."""
_OF_FAMILIES: Final = frozenset({"family", "is:export"})
"""Fields that tell families apart."""
_NEED_NO_READING: Final = frozenset({"file", *ALWAYS, *BY_CHECKING})
"""Fields that a filter may ask without another reading of the files."""


class FileList:
    """All files, and the lines that the present view, filter, order and folding make of them.

    `condition` is the filter. `marks` gives the text before a file: `A`, `B`, a selection. [`expect`][] tells which
    fields are going to be read of each file, [`update`][] takes what was read, and [`arrange`][] makes the lines again.
    `tally` counts the files, `unknown` those of which something that is expected has not been read. Files that are
    aside are only lines if `shows_others` is set, or the filter asks for families; `hidden` counts those that are not.
    """

    def __init__(self, marks: Callable[[Row], str] = lambda _: "") -> None:
        self.exports: list[Export] = []
        self.view: View = "table"
        self.condition = Filter()
        self.tally = Tally()
        self.unknown = 0
        self.shows_others = False
        self.hidden = 0
        self._in_place = False
        self._expected: tuple[str, ...] = METRICS
        self._checks_count = False
        self._nowhere: tuple[tuple[str, ...], str] | None = None
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
        # Slow to import, and only for columns of the user's own.
        own = [each.key for each in self.shown_columns if each.is_own]
        self._own = tuple(filter(_may_be_misspelt, own)) if own else ()

    @property
    def filter_problem(self) -> str:
        """Why the filter is not understood, or which name in it or of a column no file has; empty if all is well."""
        if not self.condition.problem and not self.unknown:
            nowhere = self._name_of_nothing()
            return f"no file has {safe_text(nowhere)}" if nowhere else ""
        return safe_text(self.condition.problem)

    def _name_of_nothing(self) -> str:
        """A name in the filter, or of a column, that no file has; worked out once for what is known."""
        asked = tuple(dict.fromkeys((*self.condition.unproven, *self._own)))
        if self._nowhere is None or self._nowhere[0] != asked:
            self._nowhere = asked, nowhere(asked, self.exports)
        return self._nowhere[1]

    def asked(self) -> tuple[str, ...]:
        """The fields that have to be read beside those that always are: of columns, of the order, of the filter."""
        shown = (each.key for each in self.shown_columns if each.is_own)
        order = column(self.sort) if self.sort else None
        wanted = (*METRICS, *shown, *((order.key,) if order and order.is_own else ()), *self.condition.keys)
        return tuple(dict.fromkeys(key for key in wanted if key not in _NEED_NO_READING))

    @property
    def passing(self) -> frozenset[str]:
        """The paths of all files that pass the filter, those in folded folders and groups among them."""
        if self._passing is None or len(self._passing) != len(self._passed):
            self._passing = frozenset(export.path for export in self._passed)
        return self._passing

    # --- what is known -----------------------------------------------------------------------------------------

    def expect(self, keys: Sequence[str]) -> None:
        """Fields that are read of each file from now on; a file of which one was not read is not known any more."""
        counted = self._expected, self._checks_count
        if tuple(keys) != self._expected:
            self._expected = tuple(keys)
        self._checks_count = any(key in BY_CHECKING for key in self.condition.keys)
        if (self._expected, self._checks_count) != counted:
            self._count_unknown()

    def _count_unknown(self) -> None:
        self.unknown = sum(not self.is_known(export) for export in self.exports)

    def is_known(self, export: Export) -> bool:
        """Whether all that is expected of a file was read, and checked if the filter asks what checks find."""
        if not export.read or (self._checks_count and export.checkable):
            return False
        return export.asked is self._expected or bool(export.error) or set(self._expected) <= set(export.asked)

    def add(self, exports: Iterable[Export]) -> None:
        """More files, in the order they were found; one that is there already is not taken twice."""
        for export in exports:
            if export.path not in self._places:
                self._places[export.path] = len(self.exports)
                self.exports.append(export)
                self._in_place = False
                self.tally.add(export)
                self.unknown += not self.is_known(export)
                if self._followed is not None and export.path not in self._followed:
                    self.arrived.append(export.path)
        self._is_news()

    def follow(self) -> None:
        """From now on, files that are added come first while there is no other order."""
        self._followed, self.arrived = set(self._places), []

    def update(self, exports: Iterable[Export], keys: tuple[str, ...] | None = None) -> None:
        """Replace files of the list by what was read.

        Args:
            exports: the files.
            keys: the fields that were read beside those that always are; None for all that the list asks.
        """
        keys = self.asked() if keys is None else keys
        for export in exports:
            place = self._places.get(export.path)
            if place is None:
                continue
            before = self.exports[place]
            export.named, export.asked = before.named, keys
            if before.checked and not export.checked and before.stamp and before.stamp == export.stamp:
                export.found(before.problems)
            self.unknown += self.is_known(before) - self.is_known(export)
            self.tally.remove(before)
            self.tally.add(export)
            self.exports[place] = export
            if self.plain:
                self.rows[place] = Row(export.path, 0, export)
        self._is_news()

    def take_checked(self, found: Iterable[Checked]) -> None:
        """Take what `check` found in files of the list."""
        for each in found:
            export = self.get(each.path)
            if export is None or each.problems is None or not export.checkable:
                continue
            self.unknown -= not self.is_known(export)
            self.tally.remove(export)
            export.found(each.problems)
            self.tally.add(export)
            self.unknown += not self.is_known(export)

    def keep(self, paths: Iterable[str]) -> None:
        """Remove all files but these."""
        there = set(paths)
        if all(export.path in there for export in self.exports):
            return
        self.exports = [export for export in self.exports if export.path in there]
        self._passed = [export for export in self._passed if export.path in there]
        self._passing, self._in_place = None, False
        self._places = {export.path: place for place, export in enumerate(self.exports)}
        self.arrived = [path for path in self.arrived if path in there]
        self.tally.count(self.exports)
        self._count_unknown()
        self._is_news()

    def _is_news(self) -> None:
        """What was counted of all files holds no more."""
        self.tally.runs = None
        self._nowhere = None

    def get(self, path: str) -> Export | None:
        """A file by its path."""
        place = self._places.get(path)
        return None if place is None else self.exports[place]

    def values_of(self, name: str) -> list[str]:
        """The values that the files have for a name, as a filter compares them, those of most files first."""
        from migrator.batch.fields import STATES, key_of

        if name == "is":
            return list(STATES)
        found = Counter(str(value) for export in self.exports for value in export.values.get(key_of(name), ()))
        return [value for value, _ in found.most_common(_MOST_VALUES)]

    def count_runs(self) -> None:
        """Count how many runs the exports are of, which takes a while for many files."""
        self.tally.runs = len(runs_among(export for export in self.exports if export.comparable)[0])

    def summary(self, key: str = "", room: int | None = None) -> str:
        """What all of it is, on one line, and how much of it is known by now; `key` shows what is hidden.

        Where it is longer than `room`, counts are left out, and a sign in their place says so.
        """
        state = ""
        if self.unknown:
            state = f", reading {len(self.exports) - self.unknown} of {len(self.exports)}"
        elif unchecked := self.tally["unchecked"]:
            state = f", checking: {unchecked} to go"
        hidden = self.tally["aside"] if self.hides_others else 0
        left = None if room is None else room - len(state)
        return self.tally.summary(hidden=hidden, key=key, room=left) + state

    # --- the lines ---------------------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Make the lines for the present view, filter, order and folding."""
        passing = self.condition.passing(self.exports)
        hides = self.hides_others and self.tally["aside"]
        exports = [export for export in passing if not export.aside] if hides else passing
        self.matching, self.hidden = len(exports), len(passing) - len(exports)
        self._passed, self._passing = exports, None
        ordered = self._ordered(exports)
        if self.view == "table":
            self.rows = [Row(export.path, 0, export) for export in ordered]
        elif self.view == "versions":
            self.rows = list(by_version(ordered, self._folded))
        else:
            self.rows = tree(ordered, self._folded)
        self._in_place = self.view == "table" and ordered is self.exports

    @property
    def hides_others(self) -> bool:
        """Whether files that are aside are left out: not if the filter asks what family a file is of."""
        return not self.shows_others and not any(key in _OF_FAMILIES for key in self.condition.keys)

    @property
    def filtered(self) -> bool:
        """Whether the filter asks anything."""
        return bool(self.condition.text.strip())

    @property
    def plain(self) -> bool:
        """Whether the lines are all files in the order they were found, and stay that with what is known by now."""
        return self._in_place and not self.filtered and not (self.hides_others and self.tally["aside"])

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

    def order_by(self, key: str) -> None:
        """Order by a column, the worst first where it is known what is worse, and show it."""
        self.sort, self.descending = key, worst_first(key)
        if key not in self.columns and key != COLUMNS[0].key:
            self.columns = (*self.columns, key)

    def toggle(self, index: int) -> None:
        """Fold a folder or group, or open it."""
        row = self.rows[index]
        if row.export is None:
            self._folded ^= {row.key}
            self.arrange()

    def folders(self) -> dict[str, int]:
        """Folder, with a slash at its end → how many files are in it or below it, in the order they were found."""
        found: dict[str, int] = {}
        for export in self.exports:
            folder = export.relative.rpartition("/")[0]
            while folder:
                found[f"{folder}/"] = found.get(f"{folder}/", 0) + 1
                folder = folder.rpartition("/")[0]
        return dict(sorted(found.items()))

    def line_of_folder(self, folder: str) -> int | None:
        """The line of a folder, which is unfolded for it; where there are no such lines, that of its first file."""
        if self.view == "tree":
            # One line may be of several folders in each other, and is known by the innermost.
            own = f"folder {folder}"
            above = {key for key in self._folded if own.startswith(key) and key != own}
            if above:
                self._folded -= above
                self.arrange()
            of_folder = (place for place, row in enumerate(self.rows) if row.key.startswith(own))
            return next(of_folder, self._first_file(folder))
        return self._first_file(folder)

    def _first_file(self, folder: str) -> int | None:
        inside = (place for place, row in enumerate(self.rows) if row.export and row.export.relative.startswith(folder))
        return next(inside, None)

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


def _may_be_misspelt(key: str) -> bool:
    from migrator.batch.fields import is_unproven

    return is_unproven(key)


def tone(export: Export) -> str:
    """The tone of a file's line: other families are dimmed, unreadable files are `bad`."""
    if not export.read:
        return "dim"
    if export.error:
        return "bad"
    return "" if export.main else "dim"
