"""What a migration would do to one file, stage by stage: its ledger, and the document before and after each stage.

Nothing here imports Textual.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from typing import Final, Literal, NamedTuple

from migrator.batch.discover import Source
from migrator.batch.load import load
from migrator.batch.migrate_loaded import residue_beside
from migrator.batch.request import Request
from migrator.chain.steps import ENTRY
from migrator.errors import MigratorError, NotAnExportError, ResidueError, reported
from migrator.files.digest import digest
from migrator.files.disk import unreadable
from migrator.identify import as_known, require_chain, taken_for_known
from migrator.jsonfile import Json, Path, path_text, render
from migrator.ledger import Entry, Ledger, Loss, Op
from migrator.migration.migrate import Migration, Options, migrate
from migrator.render.report import MARKS, counts, entry_detail
from migrator.render.safe import printable
from migrator.render.text import plural, value_text
from migrator.stores import is_url, store_of
from tui.migrate.target import goal

WHOLE: Final = "whole way"
"""The first stage of a preview: all entries at once, between the file as it is and the result."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a migration: the document before and after it, and its entries in the ledger."""

    name: str
    about: str
    before: Json
    after: Json
    entries: tuple[Entry, ...]

    @property
    def counts(self) -> str:
        """`5 added, 2 inferred`, or `nothing to do`."""
        return counts(Ledger(self.entries).tally()) if self.entries else "nothing to do"

    @property
    def worst_loss(self) -> Loss | None:
        """The worst class among its entries: lost, redacted or inferred; None if it has none of these."""
        found = {entry.loss for entry in self.entries}
        return next((loss for loss in (Loss.LOST, Loss.REDACTED, Loss.INFERRED) if loss in found), None)


_ORDER: Final = (Loss.LOST, Loss.REDACTED, Loss.INFERRED, Loss.SAVED)
"""What is looked for first; the other classes follow in the order of the ledger."""


def ordered(stage: Stage | None, only: Loss | None = None) -> tuple[Entry, ...]:
    """The entries of a stage, losses first; or those of one class alone."""
    entries = [entry for entry in stage.entries if only is None or entry.loss is only] if stage else []
    ranks = {loss: rank for rank, loss in enumerate(_ORDER)}
    return tuple(sorted(entries, key=lambda entry: ranks.get(entry.loss, len(ranks))))


@dataclass(frozen=True, slots=True)
class Preview:
    """A migration of one file, not written yet.

    `stamp` tells whether the file is still the one that was read; `size` and `new_size` are in bytes.
    """

    path: str
    source: str
    to: str
    changed: bool
    stages: tuple[Stage, ...]
    warnings: tuple[str, ...]
    size: int
    new_size: int
    stamp: tuple[object, ...]

    @property
    def losses(self) -> Ledger:
        """The ledger of the whole way."""
        return Ledger(self.stages[0].entries) if self.stages else Ledger()

    @property
    def badge(self) -> str:
        """What is lost, with a sign, so that it does not depend on colour."""
        if not self.changed:
            return f"= {goal(self.to).name} reads it as it is" if goal(self.to).release else f"= is {self.to} already"
        tally = self.losses.tally()
        if tally.lost:
            return f"! {plural(tally.lost, 'value')} lost"
        if saved := tally.losses[Loss.SAVED]:
            return f"✓ nothing lost, {saved} saved in the residue"
        if inferred := tally.losses[Loss.INFERRED]:
            return f"✓ nothing lost, {inferred} inferred"
        return "✓ nothing lost"

    @property
    def severity(self) -> Literal["lost", "fine", "same"]:
        """The style of the badge."""
        return "same" if not self.changed else "lost" if self.losses.tally().lost else "fine"


def stamp_of(path: str) -> tuple[object, ...]:
    """What changes when a file is replaced or written to: inode, size, time; of an object its content.

    Raises:
        UnreadableError: the file is gone.
    """
    if is_url(path):
        # Not every store tells a version of an object.
        return (digest(store_of(path).read(path).raw, 32),)
    try:
        found = os.stat(path)
    except OSError as error:
        raise unreadable(error, path) from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def preview(path: str, to: str, *, residue: bool = False) -> Preview:
    """Migrate a file in memory and keep what is needed to show it.

    Args:
        path: the file.
        to: the version to reach.
        residue: whether what cannot be kept is to be saved beside the output.

    Raises:
        MigratorError: unreadable, no export, or of a version that cannot be migrated; with the file's name.
    """
    try:
        with reported(path):
            return _preview(path, to, residue=residue)
    except MigratorError as error:
        error.file = error.file or path
        raise


def _preview(path: str, to: str, *, residue: bool) -> Preview:
    stamp = stamp_of(path)
    loaded = load(path, details=False)
    parsed = loaded.parsed
    identity = as_known(loaded.identity)
    require_chain(identity)
    if parsed is None:
        raise NotAnExportError("is a file of records", expected="one document", hint="select it with others, then m")
    beside, warnings = residue_beside(Source(path, os.path.basename(path), named=True), Request(goal(to)))
    options = Options(config=True, save_residue=residue)
    take = partial(migrate, parsed.data, goal(to), options, identity=identity)
    if identity.assumed and identity.label:
        warnings.append(taken_for_known(identity.label))
    try:
        done = take(residue=beside)
    except ResidueError as error:
        warnings.append(f"residue ignored: {error}")
        done = take()
    size = len(render(done.document, parsed.layout)) if done.changed else len(loaded.raw)
    stages = tuple(_stages(parsed.data, done)) if done.changed else ()
    texts = tuple(map(printable, warnings))
    version = identity.told_version
    return Preview(path, version, to, done.changed, stages, texts, len(loaded.raw), size, stamp)


_ABOUT: Final = {"secrets": "redacted", "residue": "put back", "unknown": "left alone"}


def _stages(document: Json, done: Migration) -> list[Stage]:
    steps = (ENTRY, *done.identity.chain.steps)
    about = _ABOUT | {step.name(up=up): step.summary for step in steps for up in (True, False)}
    by_stage: dict[str, list[Entry]] = {name: [] for name in done.trace}
    for entry in done.ledger:
        by_stage.setdefault(entry.step, []).append(entry)
    # What stood in clear is not shown in clear: everything before the redaction is taken from behind it.
    first = done.trace.get("secrets", document)
    found = [Stage(WHOLE, "all stages together", first, done.document, tuple(done.ledger))]
    before = first
    for name, entries in by_stage.items():
        if name == "secrets" and not entries:
            continue
        after = done.trace.get(name, done.document)
        found.append(Stage(name, about.get(name, ""), before, after, tuple(entries)))
        before = after
    return found


# --- one entry, before and after -----------------------------------------------------------------------------


class ChangeRow(NamedTuple):
    """An entry as cells, harmless to show: sign and word, class of loss, and the place with what becomes of it."""

    what: str
    loss: str
    place: str


_SIGNS: Final = {**MARKS, Op.KEEP: "=", Op.CONFLICT: "!"}


def change_row(entry: Entry) -> ChangeRow:
    """The cells of an entry."""
    loss = "" if entry.loss is Loss.EXACT else entry.loss.value
    place = f"{printable(path_text(entry.path))}{entry_detail(entry)}"
    return ChangeRow(f"{_SIGNS[entry.op]} {entry.op.value}", loss, place)


class Line(NamedTuple):
    """A line of two documents side by side; None where a side has none. `mark` is ` `, `-`, `+` or `~`."""

    mark: str
    before: str | None
    after: str | None


def side_by_side(stage: Stage, entry: Entry) -> list[Line]:
    """The object that an entry is in, before and after the stage: what was touched in full, the rest in short."""
    path, to = entry.path, entry.to or entry.path
    # Both sides show the same object: where it is not there on one of them, the one around it.
    missing = max(_missing(stage.before, path), _missing(stage.after, to))
    old = _around(stage.before, path[: len(path) - missing], entry.op)
    new = _around(stage.after, to[: len(to) - missing], entry.op)
    lines: list[Line] = []
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        mark = {"equal": " ", "delete": "-", "insert": "+", "replace": "~"}[tag]
        for index in range(max(b - a, d - c)):
            left = old[a + index] if a + index < b else None
            right = new[c + index] if c + index < d else None
            lines.append(Line(mark if mark != "~" or (left and right) else "-" if left else "+", left, right))
    return _folded(lines)


_NEAR: Final = 3
"""Equal lines that are shown before and after a change; of the others only the number is shown."""


def _folded(lines: list[Line]) -> list[Line]:
    near = {at + step for at, line in enumerate(lines) if line.mark != " " for step in range(-_NEAR, _NEAR + 1)} | {0}
    if len(near) == 1:
        return lines
    found: list[Line] = []
    alike = 0
    for at, line in enumerate([*lines, None]):
        if line is not None and at not in near:
            alike += 1
            continue
        if alike:
            count = f"  … {plural(alike, 'line')} alike"
            found.append(Line(" ", count, count))
            alike = 0
        if line is not None:
            found.append(line)
    return found


def unified(lines: list[Line]) -> list[tuple[str, str]]:
    """The lines of both sides below each other, as (mark, text): those before the change first."""
    found: list[tuple[str, str]] = []
    added: list[tuple[str, str]] = []
    for line in lines:
        if line.mark == " ":
            found += added
            added = []
            found.append((" ", line.before or ""))
            continue
        if line.before is not None:
            found.append(("-", line.before))
        if line.after is not None:
            added.append(("+", line.after))
    return found + added


_MOST: Final = 120
"""Keys of one object that are shown around the one that was touched; an export's own objects have fewer."""


def _missing(document: Json, path: Path) -> int:
    """How many of the keys that lead to a place are not there, the last one left aside."""
    node = document
    for depth, part in enumerate(path[:-1]):
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return len(path) - 1 - depth
    return 0


def _around(document: Json, path: Path, op: Op) -> list[str]:
    """Lines of the object at the parent of `path`, each key a line, the touched one unfolded."""
    node = document
    for part in path[:-1]:
        node = node[part]
    lines = [printable(path_text(path[:-1]))]
    for name, value, here in _window(node, path[-1] if path else None):
        if here and type(value) in (dict, list) and value and op is not Op.KEEP:
            lines.append(f"  {name}:")
            lines += [f"    {inner}: {value_text(item, 60)}" for inner, item, _ in _window(value, None)]
        else:
            lines.append(f"  {name}: {value_text(value, 60)}" if name != _MORE else f"  {name}")
    return lines


_MORE: Final = "…"


def _window(node: Json, touched: str | int | None) -> list[tuple[str, Json, bool]]:
    """(name, value, whether it is the touched one) of the members around the touched one, with signs for the rest."""
    members = list(node.items() if type(node) is dict else enumerate(node) if type(node) is list else ())
    at = next((index for index, (key, _) in enumerate(members) if key == touched), 0)
    start = max(0, min(at - _MOST // 2, len(members) - _MOST))
    visible = members[start : start + _MOST]
    lines = [(value_text(key, 60) if type(key) is str else f"[{key}]", value, key == touched) for key, value in visible]
    before = [(_MORE, None, False)] if start else []
    after = [(_MORE, None, False)] if start + _MOST < len(members) else []
    return [*before, *lines, *after]
