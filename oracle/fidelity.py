"""For each pair of recordings of one scenario: how much of `input_config` is as the target release itself wrote it."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

from oracle import corpus
from oracle.leaves import Comparison, pair


def fidelity(targets: Container[str]) -> dict[str, Any]:
    """Compare all pairs whose target is one of `targets`.

    Returns:
        `pairs`: scenario → source → target → `[same, differ, missing, extra, unknowable]`, a string where the tool
        refused; `unknowable`: leaf → `[reason, in how many pairs]`; `worst`: leaf → in how many pairs it is not the
        same although it could be, most frequent first.
    """
    pairs: dict[str, Any] = {}
    unknowable: dict[str, tuple[str, int]] = {}
    worst: dict[str, int] = {}
    for scenario in corpus.scenarios():
        if scenario.partition("/")[0] in NOT_COMPARED:
            continue
        releases = corpus.releases_of(scenario)
        for source in releases:
            for target in (name for name in releases if name in targets and name != source):
                found = pair(source, target, scenario)
                row = pairs.setdefault(scenario, {}).setdefault(source, {})
                row[target] = found if isinstance(found, str) else figures(found)
                if isinstance(found, Comparison):
                    for path, reason in found.unknowable.items():
                        unknowable[path] = (reason, unknowable.get(path, (reason, 0))[1] + 1)
                    for path in (*found.differ, *found.missing):
                        worst[path] = worst.get(path, 0) + 1
    order = sorted(worst, key=lambda path: (-worst[path], path))
    return {
        "pairs": pairs,
        "unknowable": {path: list(unknowable[path]) for path in sorted(unknowable)},
        "worst": {path: worst[path] for path in order[:MOST]},
    }


NOT_COMPARED: Final = {"multirun": "0.13.0 writes all its defaults into the files of the runs of a multi-run"}
"""Scenarios whose right result is not known, and why; whether they load is asked all the same."""

MOST = 20
"""So many leaves that are not the same are reported."""


def figures(comparison: Comparison) -> list[int]:
    """`[same, differ, missing, extra, unknowable]`."""
    parts = (comparison.differ, comparison.missing, comparison.extra, comparison.unknowable)
    return [comparison.same, *(len(part) for part in parts)]


def share(row: list[int]) -> float:
    """The share of equal leaves among the knowable ones that the target release itself wrote: 0.0 to 1.0."""
    known = sum(row[:3])
    return row[0] / known if known else 1.0
