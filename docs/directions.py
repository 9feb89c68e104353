"""Write the page on the directions of metrics: `python docs/directions.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from migrator.aiperf.directions import CLASSES, Group, groups
from migrator.aiperf.metrics import catalogue

PAGE = Path(__file__).parent / "directions.md"

_INTRODUCTION = """\
# Directions: which change of a metric is bad

Generated from `migrator/data/directions.json` by `make docs`; do not edit.

A comparison reads a metric by the class that stands here, never by AIPerf's `larger_is_better_flag`: the flag has two
values, and the question has four answers. A metric that is not in the table is information.

The class says which way is bad, not whose fault it is: a slow name lookup is a latency, too. Tags of older versions
(`ttft`) and those that AIPerf writes without registering them (`effective_*`) are in it. Sums over the run (marked Σ)
are judged only between runs whose number of requests was chosen; in a run that was bounded by time they follow the
throughput, and are information. `adj_*`, AIPerf's network-adjusted twins, have the direction of the metric they adjust.
Of a metric that is better lower or higher, a lower `std` is better; `count` must match, and a `sum` is judged where
lower is better and the number of requests was chosen."""

_TITLES = {
    "lower": "Lower is better",
    "higher": "Higher is better",
    "parity": "Parity: describes the workload and must match",
    "information": "Information: shown, never judged",
}

_AUDIT = """\
## Where AIPerf's flag is not followed

AIPerf marks metrics whose larger values are better and reads all others the other way round. Of the {known} tags in
its registries, {count} would be misjudged by that."""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def misread(group: Group) -> list[str]:
    """The registered tags of a group that AIPerf's flag judges otherwise."""
    tags = catalogue()
    return [
        tag
        for tag in group.tags
        if tag in tags and group.direction != ("higher" if tags[tag].larger_is_better_flag else "lower")
    ]


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for name in CLASSES:
        yield f"\n## {_TITLES[name]}\n"
        yield "| | why | metrics |"
        yield "|---|---|---|"
        for group in groups():
            if group.direction == name:
                yield f"| {group.name}{' Σ' if group.total else ''} | {group.why} | {_tags(group.tags)} |"
    wrong = [(group, misread(group)) for group in groups() if misread(group)]
    yield "\n" + _AUDIT.format(known=len(catalogue()), count=sum(len(tags) for _, tags in wrong))
    for flagged, title in ((False, "Read as lower is better"), (True, "Read as higher is better")):
        yield f"\n### {title}\n"
        yield "| metrics | class here | why |"
        yield "|---|---|---|"
        for group, tags in wrong:
            if chosen := [tag for tag in tags if catalogue()[tag].larger_is_better_flag is flagged]:
                yield f"| {_tags(chosen)} | {group.direction} | {group.disagrees} |"


def _tags(tags: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{tag}`" for tag in tags)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
