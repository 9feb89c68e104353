"""Several sweeps in one side: repetitions of one, or a mixture that no cell says anything of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from migrator.diff.receipt import Finding
from migrator.diff.run import Run
from migrator.diff.setup import COUNTS, TOLD, Allowance, Setup, name_of
from migrator.diff.sweep.cells import CellRuns
from migrator.diff.sweep.factors import Measured
from migrator.jsonfile import fingerprint
from migrator.values import NamedTuple

MIXED: Final = "mixed sweeps"
"""Code of the finding."""
_LISTED: Final = 4
"""Sweeps that a message names."""


def mixed(
    side: Sequence[Measured], cells: Sequence[CellRuns], number: int, name: str, allowed: Allowance
) -> Iterator[Finding]:
    """Whether a side holds several sweeps that are not repetitions of one: of other servers, or of other workloads.

    Args:
        side: its runs.
        cells: those of the comparison.
        number: which side of the cells it is, from 0.
        name: what it is called.
        allowed: what may differ.
    """
    several = _sweeps_of(side)
    if len(several) < 2:
        return
    places = _differing(
        side, cells, number, lambda place: place in TOLD or place in COUNTS or place == "gpus" or allowed.covers(place)
    )
    what, hint = [name_of(place) for place in places], "make cells of it with --by"
    if not what and len({one.servers for one in several}) > 1 and not allowed.covers("endpoint.urls"):
        what, hint = ["the servers that they asked"], "allow it with --vary endpoint.urls"
    if not what:
        return
    told = "; ".join(f"{one.identifier[:8]}, {one.runs} runs in {one.folder}" for one in several[:_LISTED])
    more = f"; and {len(several) - _LISTED} more" if len(several) > _LISTED else ""
    message = (
        f"the {name} mixes {len(several)} sweeps that differ in {', '.join(what[:3])} ({told}{more}):"
        f" name the folder of one, or {hint}"
    )
    yield Finding(code=MIXED, blocks=True, message=message)


class _OneOfSeveral(NamedTuple):
    """One of several sweeps that a side holds: its identifier, its folder, how many runs, and the servers it asked."""

    identifier: str
    folder: str
    runs: int
    servers: frozenset[str]


def _sweeps_of(side: Sequence[Measured]) -> list[_OneOfSeveral]:
    """The sweeps that the runs of a side belong to, by the identifier that AIPerf gives each; without one, to none."""
    parts: dict[str, list[Run]] = {}
    for one in side:
        if identifier := _identifier(one):
            parts.setdefault(identifier, []).append(one.run)
    return [
        _OneOfSeveral(identifier, _folder(runs), len(runs), frozenset(url for run in runs for url in _servers(run)))
        for identifier, runs in parts.items()
    ]


def _identifier(measured: Measured) -> str:
    found = measured.info.get("sweep_id")
    return found if type(found) is str else ""


def _folder(runs: Sequence[Run]) -> str:
    """The deepest folder that holds all of some runs."""
    parts = [run.file.split("/")[:-1] for run in runs]
    same = 0
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        same += 1
    return "/".join(parts[0][:same]) or "."


def _servers(run: Run) -> Iterator[str]:
    config = run.facts.get("input_config")
    endpoint = config.get("endpoint") if type(config) is dict else None
    urls = endpoint.get("urls") if type(endpoint) is dict else None
    yield from map(str, urls if type(urls) is list else ())


def _differing(
    side: Sequence[Measured], cells: Sequence[CellRuns], number: int, free: Callable[[str], bool]
) -> list[str]:
    """The places of a set-up in which the sweeps of a side differ within a cell.

    Args:
        side: its runs.
        cells: those of the comparison.
        number: which side of the cells it is, from 0.
        free: whether a place may differ.
    """
    found: dict[str, None] = {}
    for cell in cells:
        by_sweep: dict[str, list[Setup]] = {}
        for place in cell.sides[number]:
            by_sweep.setdefault(_identifier(side[place]), []).append(side[place].setup)
        if len(by_sweep) > 1:
            places = sorted({place for setups in by_sweep.values() for setup in setups for place in setup})
            apart = (place for place in places if not free(place) and _are_apart(place, by_sweep.values()))
            found |= dict.fromkeys(apart)
    return list(found)


def _are_apart(place: str, sweeps: Iterable[Sequence[Setup]]) -> bool:
    """Whether a sweep has no value of a place in common with the first. Trials of one may differ, as in a warm-up."""
    first, *others = ({fingerprint(setup.get(place)) for setup in setups} for setups in sweeps)
    return any(first.isdisjoint(other) for other in others)
