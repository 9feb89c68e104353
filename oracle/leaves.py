"""Compare `input_config` of a converted export with the one that the target release itself wrote.

`python -m oracle.leaves SRC_RELEASE DST_RELEASE [SCENARIO…]` prints the leaves that are not the same: `differ`,
`missing` (only the release wrote it), `extra` (only the converted file has it). Without a scenario it takes all that
both releases were recorded with.

A leaf is a scalar or an empty container, named by its path (`phases[0].requests`). Null and absent mean the same in
every version, so null is not a leaf. 64 and 64.0 are equal. The recordings of one scenario are in folders with the
release's name (`artifacts/v0.8.0-rate`), which is removed from strings before they are compared. Command lines are
equal if they have the same words, in any order and quoting.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from golden.record.scenarios import release_key
from oracle import corpus
from oracle.convert import convert

UNKNOWABLE: Final = Path(__file__).parent / "unknowable.toml"
_RUN_FOLDER: Final = re.compile(r"(?<=artifacts/)(?:v\d+\.\d+\.\d+(?:\.dev\d+)?|n\d{4,8}|nightly)-")
_COMMAND: Final = "aiperf "
_PLACE: Final = re.compile(r"\[\d+\]")


ANY: Final = object()


class UnknowableLeaf(NamedTuple):
    """A leaf that no tool could know, as `unknowable.toml` describes it."""

    path: str
    value_only: bool
    source: tuple[str, str]
    target: tuple[str, str]
    reason: str
    value: Any = ANY
    """The rule holds only where the release itself wrote this value; by default for any."""

    def holds(self, path: str, source: str, target: str, native: Any) -> bool:
        """Whether the rule is about a leaf of one pair.

        Args:
            path: the leaf.
            source: the release that wrote what was converted.
            target: the release that it was converted for.
            native: the value that the target itself wrote; None for none.
        """
        there = _fits(self.path, path) and _within(source, self.source) and _within(target, self.target)
        return there and (self.value is ANY or (type(self.value) is type(native) and self.value == native))


class Comparison(NamedTuple):
    """The leaves of one pair: what both have, and what could not be compared with its reason.

    `same` counts leaves; `differ` is path → (converted, native); `missing` and `extra` are path → value. `unknowable`
    is path → reason, for leaves that are not the same and that a rule excuses; those count nowhere else.
    """

    same: int
    differ: dict[str, tuple[Any, Any]]
    missing: dict[str, Any]
    extra: dict[str, Any]
    unknowable: dict[str, str]

    def native(self, path: str) -> Any:
        """What the release itself wrote for a leaf that is not the same; None for nothing."""
        return self.differ[path][1] if path in self.differ else self.missing.get(path)

    @property
    def share(self) -> float:
        """The share of equal leaves among the knowable ones that the target release itself wrote: 0.0 to 1.0."""
        every = self.same + len(self.differ) + len(self.missing)
        return self.same / every if every else 1.0


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a value: (path, leaf). Nulls are left out, and so is a value that is empty as a whole."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    elif value is not None and (path or value not in ({}, [])):
        yield path, value


def compare(
    converted: Any, native: Any, source: str, target: str, rules: Iterable[UnknowableLeaf] | None = None
) -> Comparison:
    """Compare two configurations leaf by leaf.

    Args:
        converted: `input_config` as the tool made it.
        native: `input_config` as the release wrote it.
        source: the release that wrote what was converted.
        target: the release that it was converted for.
        rules: the leaves that no tool could know; by default those of `unknowable.toml`.
    """
    ours, theirs = dict(leaves(converted)), dict(leaves(native))
    active = rules_of_file() if rules is None else tuple(rules)
    result = Comparison(0, {}, {}, {}, {})
    same = 0

    def excuses(rule: UnknowableLeaf, path: str) -> bool:
        both = path in ours and path in theirs
        return rule.holds(path, source, target, theirs.get(path)) and (both or not rule.value_only)

    for path in sorted(ours.keys() | theirs.keys()):
        both = path in ours and path in theirs
        if both and _equal(ours[path], theirs[path]):
            same += 1
        elif rule := next((rule for rule in active if excuses(rule, path)), None):
            result.unknowable[path] = rule.reason
        elif both:
            result.differ[path] = (ours[path], theirs[path])
        elif path in theirs:
            result.missing[path] = theirs[path]
        else:
            result.extra[path] = ours[path]
    return result._replace(same=same)


@cache
def rules_of_file(path: Path = UNKNOWABLE) -> tuple[UnknowableLeaf, ...]:
    """The rules of `unknowable.toml`.

    Raises:
        ValueError: `what` is neither "value" nor "leaf".
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["leaf"]
    if strange := [row["what"] for row in rows if row["what"] not in ("value", "leaf")]:
        raise ValueError(f'{path.name}: what = "{strange[0]}"; expected "value" or "leaf"')
    return tuple(
        UnknowableLeaf(
            row["path"],
            row["what"] == "value",
            tuple(row["from"]),
            tuple(row["to"]),
            row["reason"],
            row.get("value", ANY),
        )
        for row in rows
    )


def pair(source: str, target: str, scenario: str) -> Comparison | str:
    """The comparison of one pair of recordings, or why the tool refused to convert.

    Raises:
        FileNotFoundError: one of them was not recorded with that scenario.
    """
    converted, refusal = convert(corpus.document(source, scenario), target)
    if converted is None:
        return refusal
    native = corpus.document(target, scenario).get("input_config")
    return compare(converted.get("input_config"), native, source, target)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, str) and isinstance(b, str):
        a, b = _RUN_FOLDER.sub("", a), _RUN_FOLDER.sub("", b)
        return a == b or (a.startswith(_COMMAND) and b.startswith(_COMMAND) and _words(a) == _words(b))
    return bool(a == b)


def _words(command: str) -> list[str]:
    """The words of a command, sorted and without quotes: releases quote and order them differently."""
    return sorted(command.replace("'", "").replace('"', "").split())


def _fits(pattern: str, path: str) -> bool:
    plain = _PLACE.sub("[]", path)
    return plain == pattern or (pattern.endswith(".*") and (f"{plain}.").startswith(pattern[:-1]))


def _within(release: str, bounds: tuple[str, str]) -> bool:
    first, last = bounds
    key = release_key(release)
    return (not first or release_key(first) <= key) and (not last or key <= release_key(last))


def lines(comparison: Comparison) -> Iterator[str]:
    """The comparison as lines for a terminal, a line a leaf."""
    for path, (ours, theirs) in comparison.differ.items():
        yield f"  differ   {path}: {ours!r}, natively {theirs!r}"
    yield from (f"  missing  {path}: natively {value!r}" for path, value in comparison.missing.items())
    yield from (f"  extra    {path}: {value!r}" for path, value in comparison.extra.items())
    yield from (f"  unknown  {path}: {reason}" for path, reason in comparison.unknowable.items())


def main(arguments: list[str]) -> int:
    """Run the command: 0 if every knowable leaf is equal, 1 if not, 2 if there is nothing to compare."""
    if len(arguments) < 2:
        print("usage: python -m oracle.leaves SRC_RELEASE DST_RELEASE [SCENARIO...]", file=sys.stderr)
        return 2
    source, target, *wanted = arguments
    names = wanted or [name for name in corpus.scenarios() if {source, target} <= set(corpus.releases_of(name))]
    worst = 0 if names else 2
    for scenario in names:
        try:
            result = pair(source, target, scenario)
        except FileNotFoundError as error:
            print(f"not recorded: {error.filename}", file=sys.stderr)
            return 2
        if isinstance(result, str):
            print(f"{scenario}: refused: {result}")
            worst = max(worst, 1)
            continue
        print(f"{scenario}: {source} to {target}: {result.share:.1%} of the knowable leaves are equal ({result.same})")
        print("\n".join(lines(result)))
        worst = max(worst, int(result.share < 1))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
