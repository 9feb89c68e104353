"""Whether lower or higher values of a metric are better: the project's own table, as AIPerf's flag is not reliable.

`data/directions.json` gives every tag of the catalogue, and further tags that AIPerf writes, one of four classes, in
groups that share a reason. `docs/directions.md` shows it, and where it disagrees with `larger_is_better_flag`.
"""

from __future__ import annotations

import json
import os
from functools import cache, lru_cache
from typing import Any, Final

from migrator.values import NamedTuple

CLASSES: Final = ("lower", "higher", "parity", "information")
"""Lower is better; higher is better; must match, because it describes the workload; none of these."""

_ADJUSTED: Final = "adj_"
UNKNOWN: Final = "information"
"""The class of a metric that is not in the table: it is shown, but not judged."""


class Group(NamedTuple):
    """Tags that are judged alike, and why.

    `total` marks sums over the whole run, which grow with the number of requests. A tag may end in `.*`, for all tags
    that begin so. `disagrees` is the reason for another direction than AIPerf's own flag has; empty if it agrees.
    """

    name: str
    direction: str
    why: str
    tags: tuple[str, ...]
    total: bool = False
    disagrees: str = ""


@cache
def groups() -> tuple[Group, ...]:
    """The table, in the order of its file."""
    # Not importlib.resources, which takes as long to import as the rest of the start-up.
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "data", "directions.json"), "rb") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return tuple(
        Group(
            row["group"],
            row["class"],
            row["why"],
            tuple(row["tags"]),
            row.get("total", False),
            row.get("disagrees", ""),
        )
        for row in rows
    )


def direction(tag: str, *, fixed_requests: bool = True) -> str:
    """One of [`CLASSES`][]; `information` for a tag that is not in the table.

    Args:
        tag: as a file spells it, in any version.
        fixed_requests: whether the number of requests was chosen. In a run bounded by time it follows from the
            throughput, and so do sums over the run: they are `information` then.
    """
    group = group_of(tag)
    if group is None or (group.total and not fixed_requests):
        return UNKNOWN
    return group.direction


@lru_cache(maxsize=1024)
def group_of(tag: str) -> Group | None:
    """The group that a tag is judged with; None if it is not in the table."""
    table = _by_tag()
    # AIPerf's network-adjusted twins of other metrics are judged as those are.
    tag = tag.removeprefix(_ADJUSTED)
    if tag in table:
        return table[tag]
    return next((group for start, group in _by_start() if tag.startswith(start)), None)


@cache
def _by_tag() -> dict[str, Group]:
    return {tag: group for group in groups() for tag in group.tags}


@cache
def _by_start() -> tuple[tuple[str, Group], ...]:
    """The groups of tags that end in `.*`, each with how a tag begins that it is for."""
    return tuple((name[:-1], group) for name, group in _by_tag().items() if name.endswith(".*"))
