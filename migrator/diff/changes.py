"""Differences between two runs beside their metrics: configuration, run identity, hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from migrator.aiperf.volatile import stable
from migrator.batch.workload import workload
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.family import family_of
from migrator.diff.run import Run
from migrator.diff.setup import gpus_of
from migrator.jsonfile import Json, fingerprint, path_text

if TYPE_CHECKING:
    from migrator.diff.receipt import FieldChange

_SECTIONS: Final = ("input_config", "run_info")


def changes(base: Run, candidate: Run, *, everything: bool = False) -> tuple[list[FieldChange], int]:
    """The differences between two runs beside their metrics, and how many volatile ones were left out.

    The two families of `input_config` say the same things in different places: across families only the workload is
    compared, which both can express.
    """
    one, other = _surroundings(base), _surroundings(candidate)
    # GenAI-Perf's configuration is read in AIPerf's words, as its options had other places in each of its releases.
    if CARRIED in base.facts or CARRIED in candidate.facts or _other_family(base, candidate):
        one["input_config"], other["input_config"] = workload(base.facts), workload(candidate.facts)
    if fingerprint(one) == fingerprint(other):
        return [], 0
    if everything:
        return _differences(one, other), 0
    kept, rest = stable(one), stable(other)
    return _differences(kept, rest), _count(one, other) - _count(kept, rest)


def _count(one: Json, other: Json) -> int:
    """How many places differ."""
    if type(one) is dict and type(other) is dict:
        return sum(_count(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    return int(fingerprint(one) != fingerprint(other))


def _surroundings(run: Run) -> dict[str, Json]:
    found: dict[str, Json] = {key: run.facts.get(key) or {} for key in _SECTIONS}
    found["aiperf_version"] = run.facts.get("aiperf_version")
    found["gpus"] = gpus_of(run)
    return found


def _other_family(base: Run, candidate: Run) -> bool:
    return family_of(base.facts.get("input_config")) != family_of(candidate.facts.get("input_config"))


def _differences(one: dict[str, Json], other: dict[str, Json]) -> list[FieldChange]:
    if fingerprint(one) == fingerprint(other):
        return []
    # Slow to import, and only needed where there is something to explain.
    from deepdiff import DeepDiff

    from migrator.diff.receipt import FieldChange

    delta = DeepDiff(one, other, ignore_order=False, ignore_numeric_type_changes=True, view="tree")
    found: list[FieldChange] = []
    kinds = {
        "dictionary_item_added": "added",
        "iterable_item_added": "added",
        "dictionary_item_removed": "removed",
        "iterable_item_removed": "removed",
    }
    for name, items in delta.items():
        kind: Any = kinds.get(name, "changed")
        for item in items:
            path = path_text(tuple(item.path(output_format="list")))
            before = None if kind == "added" else item.t1
            after = None if kind == "removed" else item.t2
            found.append(FieldChange(path=path, kind=kind, base=before, candidate=after))
    return sorted(found, key=lambda change: change.path)
