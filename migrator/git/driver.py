"""The change between two versions of an export: `git config diff.aiperf.command`.

git calls an external diff driver with `path old-file old-hex old-mode new-file new-hex new-mode`, followed by the new
path and the similarity lines for a rename, or with the path alone while it is unmerged (gitdiff(1), "Generating
patches": GIT_EXTERNAL_DIFF). A side that does not exist is `/dev/null`, with `.` for its hash and mode.

    diff --git a/runs/profile_export_aiperf.json b/runs/profile_export_aiperf.json
    [input_config]
      phases.profiling.concurrency: 4 → 8
    [metrics]
      request_latency ms  avg 85.420 → 102.50 (+20.0 %)  p50 83.110 → 99.732 (+20.0 %)  p99 118.00 → 141.60 (+20.0 %)

Nothing is judged here: two single runs do not show whether a change is noise. `aiperf-migrate diff` judges.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from migrator.errors import MigratorError, UsageError
from migrator.files.disk import read_bytes
from migrator.git.command import run_git
from migrator.git.facts import DIGITS, Fact, number_text, read_facts
from migrator.git.textconv import fact_lines, lines, own_text
from migrator.render.safe import printable
from migrator.values import NamedTuple

_SHOWN: Final = ("avg", "p50", "p99")
"""Statistics that are shown for a changed metric; others only where none of these changed."""
_AT_MOST: Final = 3


class Side(NamedTuple):
    """One version: the path in the repository, git's file with its content, its mode (`.`: it does not exist)."""

    path: str
    file: str
    mode: str

    @property
    def exists(self) -> bool:
        """Whether the file exists in this version."""
        return self.mode != "." and self.file != os.devnull

    def read(self) -> bytes:
        """Its content; empty if it does not exist."""
        return read_bytes(self.file) if self.exists else b""


def driver(arguments: Sequence[str]) -> Iterator[str]:
    """The lines to show for what git passes to an external diff driver.

    Args:
        arguments: 7 to 9, or 1 for a path that is unmerged; see above.

    Raises:
        UsageError: another number of arguments.
        UnreadableError: a file that git named does not exist, or is too large.
    """
    if len(arguments) == 1:
        yield f"* Unmerged path {printable(arguments[0])}"
        return
    if not 7 <= len(arguments) <= 9:
        raise UsageError(
            f"{len(arguments)} arguments",
            expected="those of git's external diff drivers: 7, 8 or 9, or 1",
            hint="git calls this command; `git diff` shows what it prints",
        )
    path, old_file, _, old_mode, new_file, _, new_mode, *renamed = arguments
    old, new = Side(path, old_file, old_mode), Side(renamed[0] if renamed else path, new_file, new_mode)
    yield from _head(old, new, renamed[1] if len(renamed) > 1 else "")
    yield from _body(old, new)


def changes(old: list[Fact], new: list[Fact]) -> Iterator[str]:
    """The difference of two exports, section by section."""
    before = {(fact.section, fact.name): fact for fact in old}
    after = {(fact.section, fact.name): fact for fact in new}
    section = ""
    names = list(dict.fromkeys(fact.section for fact in (*new, *old)))
    for place in sorted(before.keys() | after.keys(), key=lambda place: (names.index(place[0]), place[1])):
        changed = list(_changed(before.get(place), after.get(place)))
        if changed and place[0] != section:
            section = place[0]
            yield f"[{section}]"
        yield from changed


def _head(old: Side, new: Side, similarity: str) -> Iterator[str]:
    """What git itself prints above a patch."""
    yield f"diff --git a/{printable(old.path)} b/{printable(new.path)}"
    if not old.exists:
        yield f"new file mode {new.mode}"
    elif not new.exists:
        yield f"deleted file mode {old.mode}"
    elif old.mode != new.mode:
        yield f"old mode {old.mode}"
        yield f"new mode {new.mode}"
    for line in similarity.splitlines():
        yield printable(line)


def _body(old: Side, new: Side) -> Iterator[str]:
    raw = old.read(), new.read()
    if raw[0] == raw[1] and old.exists and new.exists:
        return
    facts = [_facts(side, content) for side, content in zip((old, new), raw, strict=True)]
    if facts[0] and facts[1]:
        changed = list(changes(facts[0], facts[1]))
        yield from changed or ["  the same run and configuration: only version, layout, times or identifiers differ"]
    elif not facts[0] and not facts[1] and old.exists and new.exists:
        yield from _plain(old, new)
    else:
        # Only one side is an export; the other does not exist, or is a pointer, or damaged: show both whole.
        for sign, side, known, content in zip("-+", (old, new), facts, raw, strict=True):
            text = lines(known) if known else own_text(content).splitlines() if side.exists else ()
            yield from (f"{sign}{printable(line)}" for line in text)


def _facts(side: Side, raw: bytes) -> list[Fact]:
    """The facts of one side; empty if it is not an export."""
    if not side.exists:
        return []
    try:
        return read_facts(raw)
    except (MigratorError, RecursionError):
        return []


def _plain(old: Side, new: Side) -> Iterator[str]:
    """What git shows without this driver, from its first hunk on."""
    options = ("--no-index", "--no-ext-diff", "--no-textconv", "--no-color")
    done = run_git("diff", *options, "--", old.file, new.file, accepted=(0, 1))
    shown = done.decode("utf-8", "replace").splitlines()
    starts = [index for index, line in enumerate(shown) if line.startswith("@@")]
    if not starts:
        yield f"Binary files a/{printable(old.path)} and b/{printable(new.path)} differ"
        return
    yield f"--- a/{printable(old.path)}"
    yield f"+++ b/{printable(new.path)}"
    yield from map(_printable_line, own_text("\n".join(shown[starts[0] :]).encode()).splitlines())


def _printable_line(line: str) -> str:
    """The line with its tabs kept."""
    return line if line.isprintable() else "\t".join(printable(part) for part in line.split("\t"))


def _changed(old: Fact | None, new: Fact | None) -> Iterator[str]:
    if old is None or new is None:
        sign, fact = ("+", new) if old is None else ("-", old)
        assert fact is not None
        yield from (f"{sign} {line}" for line in fact_lines(fact) if not line.startswith("#"))
    elif old.statistics is None or new.statistics is None:
        if old != new:
            yield from _old_and_new(old, new)
    elif old.unit != new.unit:
        yield f"  {new.name}: another unit, {old.unit} → {new.unit}"
        yield from _old_and_new(old, new)
    else:
        names = list(dict.fromkeys((*old.statistics, *new.statistics)))
        moved = [name for name in names if _cell(old, name) != _cell(new, name)]
        shown = [name for name in _SHOWN if name in moved] or moved[:_AT_MOST]
        if shown:
            cells = [f"{name} {_cell(old, name)} → {_cell(new, name)}{_percent(old, new, name)}" for name in shown]
            yield "  " + "  ".join([f"{new.name} {new.unit}".rstrip(), *cells])


def _old_and_new(old: Fact, new: Fact) -> Iterator[str]:
    """A change that is not one of numbers."""
    if old.statistics is None and new.statistics is None:
        yield f"  {new.name}: {old.value} → {new.value}"
        return
    for sign, fact in (("-", old), ("+", new)):
        yield from (f"{sign} {line}" for line in fact_lines(fact) if not line.startswith("#"))


def _cell(fact: Fact, statistic: str) -> str:
    value = (fact.statistics or {}).get(statistic)
    return "nothing" if value is None else number_text(value, DIGITS)


def _percent(old: Fact, new: Fact, statistic: str) -> str:
    """The relative change in parentheses; empty where the old value is not a positive finite number."""
    before, after = (old.statistics or {}).get(statistic), (new.statistics or {}).get(statistic)
    if not all(isinstance(value, (int, float)) and type(value) is not bool for value in (before, after)):
        return ""
    assert before is not None
    assert after is not None
    change = 100 * (after - before) / before if 0 < before < float("inf") else float("nan")
    return f" ({change:+.1f} %)" if abs(change) < float("inf") else ""
