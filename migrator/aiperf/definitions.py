"""Metrics that AIPerf computes otherwise from some release on, though the tag stays, or is only renamed.

`data/definitions.json` has an entry for each change: the metrics, the first release that computes them the new way,
and the condition under which a run has another value for it. `docs/definitions.md` shows the table, and what was looked
at to make it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any, Final, Literal

from migrator.aiperf.releases import FIRST_NAMED, NIGHTLIES, RELEASES, age, release
from migrator.jsonfile import ABSENT, Json, Object, Path, at
from migrator.values import NamedTuple

Weight = Literal["large", "small", "none"]
"""What a change does to a value: another number; one that differs by little or seldom; none, only more is written."""


class Definition(NamedTuple):
    """One change of how metrics are computed.

    `since` is the first release with it, `nightly` the first nightly build that is known to have it, where that is
    older. `condition` is a name of [`CONDITIONS`][]. `grows` is a metric that is larger by the new definition: that
    tells of runs that are concerned where their configuration does not. `quotient` are two metrics whose quotient is
    the value by the new definition, in a file that has both. `seen` tells whether the change was reproduced with runs
    or read in the sources.
    """

    tags: tuple[str, ...]
    since: str
    before: str
    after: str
    condition: str
    weight: Weight
    nightly: str = ""
    grows: str = ""
    quotient: tuple[str, ...] = ()
    seen: str = "sources"


@cache
def definitions() -> tuple[Definition, ...]:
    """The table, oldest change first. Tags are today's."""
    # Not importlib.resources: it takes as long to import as all the rest of the start-up.
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "data", "definitions.json"), "rb") as file:
        rows: list[dict[str, Any]] = json.load(file)
    return tuple(
        Definition(**{**row, "tags": (*row["tags"],), "quotient": (*row.get("quotient", ()),)}) for row in rows
    )


@cache
def notes_of(tag: str, since: str) -> str:
    """What a reader of a metric must know who has it of releases before and after one; empty if nothing changed.

    Args:
        tag: today's name.
        since: the release from which on it has another definition.
    """
    found = [one for one in definitions() if tag in one.tags and one.since == since and one.weight == "large"]
    return "; ".join(
        f"defined otherwise since AIPerf {since} (before: {one.before}; since: {one.after})" for one in found
    )


# --- releases ------------------------------------------------------------------------------------------------


class Era(NamedTuple):
    """The releases that a run can be from, the oldest and the newest: the same where the file names its writer."""

    oldest: str
    newest: str

    def side_of(self, change: Definition) -> Literal["before", "after", "unknown"]:
        """Whether a run of these releases has the old or the new definition."""
        sides = {_side(self.oldest, change), _side(self.newest, change)}
        return sides.pop() if len(sides) == 1 else "unknown"


def era_of(writer: Json, version: str, metrics: Collection[str]) -> Era | None:
    """The releases that wrote a run; None where nothing tells, as for GenAI-Perf.

    Args:
        writer: `aiperf_version` of the document, if it has one.
        version: the schema version of its content. Before 1.0 it is all that tells; from then on every release names
            itself, so that a file without a name was migrated from any release before.
        metrics: today's names of the metrics that it has.
    """
    if type(writer) is str and release(writer):
        return Era(writer, writer)
    names = [entry.name for entry in (*RELEASES, *NIGHTLIES) if entry.version == version]
    if not names:
        return None
    if version == "0.3" and "prefill_throughput_per_user" not in metrics:
        # Without a label and without what 0.3.0 has in addition, 0.2.0 may have written it.
        names.append("0.2.0")
    if not writer and min(map(age, names)) >= age(FIRST_NAMED):
        names.append(RELEASES[0].name)
    return Era(min(names, key=age), max(names, key=age))


@cache
def _side(name: str, change: Definition) -> Literal["before", "after", "unknown"]:
    found = release(name)
    own = age(found.name if found else name)
    if own >= age(change.since) or (change.nightly and own >= age(change.nightly)):
        return "after"
    # A nightly after the last release without the change may have it already.
    last = max(age(entry.name) for entry in RELEASES if age(entry.name) < age(change.since))
    return "unknown" if own > last else "before"


# --- what a document tells -----------------------------------------------------------------------------------


class RunFacts(NamedTuple):
    """What the conditions look at.

    `averages` has the metrics of the run by today's names, `config` its `input_config` in the dialect of the newest
    release, `gpu_metrics` the names of the metrics that its GPUs report, `failed` how many requests failed (None: its
    file does not tell).
    """

    averages: Mapping[str, float]
    config: Object
    gpu_metrics: Collection[str] = ()
    failed: int | None = None


class Condition(NamedTuple):
    """When a run is concerned: in words, and by its facts. None: the document does not tell."""

    words: str
    holds: Callable[[RunFacts], bool | None]


def touches(change: Definition, facts: RunFacts) -> bool | None:
    """Whether a change gives a run other values; None if its document does not tell."""
    return CONDITIONS[change.condition].holds(facts)


def by_new_definition(change: Definition, averages: Mapping[str, float]) -> float | None:
    """The value of a run of before as the new definition has it, exactly; None where its file does not allow it."""
    if not change.quotient:
        return None
    part, whole = (averages.get(tag) for tag in change.quotient)
    return part / whole if part is not None and whole else None


def _failed(facts: RunFacts) -> bool | None:
    return None if facts.failed is None else facts.failed > 0


def _reasoning(facts: RunFacts) -> bool:
    told = (facts.averages.get(tag, 0.0) for tag in ("total_reasoning_tokens", "reasoning_token_count"))
    return any(value > 0 for value in told)


def _dataset(facts: RunFacts) -> Object:
    found = at(facts.config, ("datasets", 0))
    return found if type(found) is dict else {}


_SINGLE_TURN: Final = ("single_turn", "random_pool")


def _brings_requests(dataset: Object) -> bool:
    """Whether the requests of a data set are somebody's own: the configuration does not tell what is in them."""
    return dataset.get("type") not in (None, "synthetic")


def _several_turns(facts: RunFacts) -> bool | None:
    dataset = _dataset(facts)
    turns = at(dataset, ("turns", "mean"))
    if type(turns) in (int, float):
        return bool(turns > 1)
    if _brings_requests(dataset) and dataset.get("format") not in _SINGLE_TURN:
        return None
    return False


def _system_prompt(facts: RunFacts) -> bool | None:
    dataset = _dataset(facts)
    places: tuple[Path, ...] = (
        ("system_prompt",),
        ("system_prompt_file",),
        ("prefix_prompts", "shared_system_length"),
        ("prefix_prompts", "user_context_length"),
    )
    if any(found is not ABSENT and found for place in places for found in [at(dataset, place)]):
        return True
    return None if _brings_requests(dataset) and dataset.get("format") not in _SINGLE_TURN else False


_TOOLS: Final = ("tools", "functions", "tool_choice")


def _tool_calls(facts: RunFacts) -> bool | None:
    extra = at(facts.config, ("endpoint", "extra"))
    asked = type(extra) is dict and any(name in extra for name in _TOOLS)
    dataset = _dataset(facts)
    brought = _brings_requests(dataset) and dataset.get("format") not in _SINGLE_TURN
    return None if asked or brought else False


def _endpoint_flag(name: str) -> Callable[[RunFacts], bool]:
    return lambda facts: at(facts.config, ("endpoint", name)) is True


def _usage_asked_for(facts: RunFacts) -> bool:
    streaming, server = (
        at(facts.config, ("endpoint", name)) is True for name in ("streaming", "use_server_token_count")
    )
    return streaming and not server


def _no_counter(facts: RunFacts) -> bool:
    has_energy = "nvidia_total_gpu_energy" in facts.averages
    counters = ("nvidia_energy_consumption", "energy_consumption")
    return has_energy and bool(facts.gpu_metrics) and not any(name in facts.gpu_metrics for name in counters)


CONDITIONS: Final = {
    "always": Condition("every run", lambda facts: True),
    "none": Condition("no run: a missing value means zero", lambda facts: False),
    "reasoning": Condition("a run with tokens of reasoning", _reasoning),
    "failed requests": Condition("a run with failed requests", _failed),
    "several turns": Condition("conversations of several turns", _several_turns),
    "system prompt": Condition("a system prompt or user context", _system_prompt),
    "tool calls": Condition("answers with tool calls", _tool_calls),
    "server token counts": Condition("token counts of the server", _endpoint_flag("use_server_token_count")),
    "usage by chunk": Condition("token counts of each chunk (`per_chunk_usage`)", _endpoint_flag("per_chunk_usage")),
    "usage asked for": Condition("streaming without token counts of the server", _usage_asked_for),
    "no energy counter": Condition("GPUs without an energy counter", _no_counter),
}
"""The conditions of the table, by name."""


def facts_of(averages: Mapping[str, float], document: Mapping[str, Json], failed: int | None = None) -> RunFacts:
    """The facts of a run from its metrics and from the rest of its document, both as of the newest version.

    `failed` is how many of its requests failed, None where its file does not tell.
    """
    config = document.get("input_config")
    telemetry = document.get("telemetry_data")
    endpoints = telemetry.get("endpoints") if type(telemetry) is dict else None
    found: set[str] = set()
    for endpoint in endpoints.values() if type(endpoints) is dict else ():
        gpus = endpoint.get("gpus") if type(endpoint) is dict else None
        for gpu in gpus.values() if type(gpus) is dict else ():
            metrics = gpu.get("metrics") if type(gpu) is dict else None
            found |= metrics.keys() if type(metrics) is dict else set()
    return RunFacts(averages, config if type(config) is dict else {}, found, failed)


Touched = tuple[tuple[int, bool | None], ...]
"""Of each change that concerns a run, or may: its place in the table, and whether that is sure (None: it may)."""


def touching(facts: RunFacts) -> Touched:
    """The changes of weight that give a run other values, or may."""
    found = []
    for place, change in enumerate(definitions()):
        if change.weight == "large" and (touched := touches(change, facts)) is not False:
            found.append((place, touched))
    return tuple(found)


class Crossing(NamedTuple):
    """A change between runs, the metrics that runs of before and after it have, and whether it surely concerns one."""

    change: Definition
    tags: tuple[str, ...]
    sure: bool


class Crossings:
    """Finds the metrics of many runs that are not computed in one way, run by run, in memory that does not grow."""

    def __init__(self) -> None:
        self._tags: dict[tuple[int, str], set[str]] = {}
        self._touched: dict[int, bool] = {}

    def add(self, era: Era | None, touched: Touched, tags: Collection[str]) -> None:
        """One more run.

        Args:
            era: the releases that it can be from; without any, it is passed over.
            touched: what [`touching`][] found.
            tags: today's names of its metrics.
        """
        if era is None:
            return
        for place, sure in touched:
            self._touched[place] = self._touched.get(place, False) or sure is True
        for place, change in enumerate(definitions()):
            if change.weight == "large":
                seen = self._tags.setdefault((place, era.side_of(change)), set())
                seen.update(tag for tag in change.tags if tag in tags)

    def found(self) -> list[Crossing]:
        """The changes that lie between the runs, as far as they concern them."""
        crossings = []
        for place, change in enumerate(definitions()):
            both = self._tags.get((place, "before"), set()) & self._tags.get((place, "after"), set())
            tags = tuple(tag for tag in change.tags if tag in both)
            if tags and place in self._touched:
                crossings.append(Crossing(change, tags, self._touched[place]))
        return crossings


def crossed(eras: Iterable[Era]) -> list[Definition]:
    """The changes of a value that lie, or may lie, between runs of some eras; none between runs of one era."""
    known = set(eras)
    if len(known) < 2:
        return []
    return [
        change
        for change in definitions()
        if change.weight != "none" and len({era.side_of(change) for era in known}) > 1
    ]
