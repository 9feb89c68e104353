"""The set-up of a run: everything that two sides must have in common before their numbers are compared.

It is read off `input_config` in the dialect of the newest release, `metadata` and the telemetry. Whatever stands there
counts, so that a field of a release to come does, too. What does not count is listed: [`ASIDE`][] and the defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from migrator.aiperf.volatile import stable
from migrator.batch.runs import place_of
from migrator.batch.workload import FACTS, PROFILING, config_of, whole
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.release_models import readers
from migrator.diff.defaults import DEFAULTS
from migrator.diff.run import Run
from migrator.errors import UsageError
from migrator.jsonfile import Json, Object, fingerprint
from migrator.redact import REDACTED
from migrator.values import NamedTuple


class Aside(NamedTuple):
    """A place of a configuration, by its keys, that says nothing of what was measured, and why."""

    place: str
    reason: str


_FILES: Final = "what AIPerf writes, and where"
_OBSERVES: Final = "what is observed beside the requests"
_PROCESS: Final = "how AIPerf itself runs"
_LABEL: Final = "a name, for people"
_WAITS: Final = "before the first request"

ASIDE: Final = (
    Aside("artifacts", _FILES),
    Aside("mlflow", _FILES),
    Aside("otel", _FILES),
    Aside("wandb", _FILES),
    Aside("gpu_telemetry", _OBSERVES),
    Aside("server_metrics", _OBSERVES),
    Aside("network_latency", _OBSERVES),
    Aside("logging", _PROCESS),
    Aside("metrics", _PROCESS),
    Aside("runtime", _PROCESS),
    Aside("benchmark_id", _LABEL),
    Aside("cli_command", "says again what the configuration says"),
    Aside("dataset.name", _LABEL),
    Aside("endpoint.api_key", "a secret"),
    Aside("endpoint.urls", "which servers: they are what is compared; how many there are counts"),
    Aside("endpoint.wait_for_model_interval", _WAITS),
    Aside("endpoint.wait_for_model_mode", _WAITS),
    Aside("endpoint.wait_for_model_timeout", _WAITS),
    Aside("profiling.kind", _LABEL),
    Aside("profiling.name", _LABEL),
    Aside("tokenizer.resolved_names", "follows from the name; AIPerf 0.6.0 to 0.8.0 write it"),
    Aside("warm-up.kind", _LABEL),
    Aside("warm-up.name", _LABEL),
)
"""What may differ. All below a place goes with it."""

_CHOSEN: Final = {"dataset.sampling": "shuffle"}
"""What 0.3.0 and earlier write though nobody asked for it."""

_BY_PLACE: Final = {
    (f"profiling.{fact.benchmark[1]}" if fact.benchmark[0] == PROFILING else _dotted): fact.name
    for fact in FACTS
    for _dotted in [".".join(map(str, fact.benchmark)).replace("datasets.0.", "dataset.")]
}
_NAMES: Final = {
    **_BY_PLACE,
    "models.items": "model",
    "profiling.type": "arrivals",
    "profiling.measurement_interval": "duration",
    "dataset.type": "data set type",
    "dataset.dataset": "data set",
    "dataset.entries": "data set entries",
    "dataset.prompts.osl.stddev": "output length spread",
    "warm-up": "warm-up",
    "gpus": "GPUs",
    "servers": "servers",
}
"""Place in a set-up → what reports call it. Other places are their own names."""

TOLD: Final = frozenset({"dataset.random_seed"})
"""Places whose difference is told and does not block: repetitions differ in their seed on purpose."""
COUNTS: Final = frozenset({"profiling.requests", "profiling.sessions"})
"""How many requests were asked for. Where both sides tell how many there were, that is compared instead."""

Setup = dict[str, Json]
"""Place → value; without what is a default."""


def trial_of(run: Run) -> int | None:
    """The number of a run among the trials of one command, from 0; None if it does not tell.

    AIPerf 0.9.0 and later leave the warm-up out of all trials but the first, unless `disable_warmup_after_first` is
    off.
    """
    trial = place_of(run.facts).trial
    return trial if type(trial) is int else None


def name_of(place: str) -> str:
    """What reports call a place of a set-up."""
    return _NAMES.get(place, place)


def setup_of(run: Run) -> Setup:
    """The set-up of a run; empty if its document does not say how it was measured."""
    if run.kind != "run":
        return _of_stand_in(run.facts)
    config = config_of(run.facts)
    found: Setup = {}
    if config is not None:
        kept = stable({"input_config": config})["input_config"]
        old = run.version in _BEFORE_LABELS
        for place, value in _leaves(kept):
            value = whole(value)
            if not (_is_aside(place) or value in (None, REDACTED) or DEFAULTS.get(place, _NEVER) == value):
                found[place] = value
        if old and found.get("dataset.sampling") == _CHOSEN["dataset.sampling"]:
            del found["dataset.sampling"]
        models = found.get("models.items")
        if "tokenizer.name" not in found and type(models) is list and models:
            found["tokenizer.name"] = models[0]
        urls = config.get("endpoint", {}).get("urls") if type(config.get("endpoint")) is dict else None
        if type(urls) is list and len(urls) > 1:
            found["servers"] = len(urls)
    found |= _of_metadata(run.facts.get("metadata"))
    if gpus := gpus_of(run):
        found["gpus"] = list(gpus)
    return found


def _of_stand_in(facts: Object) -> Setup:
    """What a file about several runs says of them: the model, and what a sweep varied."""
    found: Setup = {"models.items": [facts["model"]]} if facts.get("model") else {}
    info = facts.get("run_info")
    varied = info.get("variation_values") if type(info) is dict else None
    for key, value in (varied if type(varied) is dict else {}).items():
        found[_place_of(key)] = whole(value)
    return found


def _place_of(parameter: str) -> str:
    """The place of a parameter of a sweep: `phases.profiling.concurrency`, or `concurrency` as sweep files have it."""
    first, *rest = parameter.split(".")
    if first in ("phases", "datasets") and len(rest) > 1:
        head = "warm-up" if rest[0] == "warmup" else _SECTIONS[first]
        return ".".join((head, *rest[1:]))
    named = {_key(name): place for place, name in _NAMES.items()}
    return named.get(_key(parameter), parameter)


_SECTIONS: Final = {"phases": "profiling", "datasets": "dataset"}


def setups_of(runs: Iterable[Run], known: dict[bytes, Setup] | None = None) -> list[Setup]:
    """The set-up of each run; what several runs say alike is read once, and is one object.

    Args:
        runs: those of a side.
        known: what other runs said, which is added to.
    """
    known = {} if known is None else known
    found = []
    for run in runs:
        said = {key: run.facts.get(key) for key in ("input_config", CARRIED, "metadata")}
        said |= {key: run.facts[key] for key in ("model", "run_info") if run.kind != "run"}
        key = fingerprint([run.kind, said, run.version in _BEFORE_LABELS, *gpus_of(run)])
        if key not in known:
            known[key] = setup_of(run)
        found.append(known[key])
    return found


def warm_up_beside(setup: Setup) -> Json:
    """What a warm-up has for itself: without what it shares with the phase that it warms up for."""
    warm = setup.get("warm-up")
    if type(warm) is not dict:
        return warm
    return {key: value for key, value in warm.items() if value != setup.get(f"profiling.{key}")}


def gpus_of(run: Run) -> list[str]:
    """The names of a run's GPUs, sorted; empty without telemetry."""
    telemetry = run.facts.get("telemetry_data")
    endpoints = telemetry.get("endpoints") if type(telemetry) is dict else None
    names = []
    for endpoint in endpoints.values() if type(endpoints) is dict else ():
        gpus = endpoint.get("gpus") if type(endpoint) is dict else None
        names += [str(gpu.get("gpu_name")) for gpu in _members(gpus) if type(gpu) is dict]
    return sorted(names)


def _members(node: Json) -> list[Json]:
    return list(node.values()) if type(node) is dict else []


_NEVER: Final = object()
_BEFORE_LABELS: Final = ("genai-perf", "0.1", "0.2", "0.3")


def _of_metadata(metadata: Json) -> Setup:
    """The data set and the scenario that the exporter names itself, since 0.12.0."""
    if type(metadata) is not dict:
        return {}
    dataset = metadata.get("dataset")
    found = {f"metadata.dataset.{key}": whole(value) for key, value in dataset.items()} if type(dataset) is dict else {}
    if metadata.get("scenario") is not None:
        found["metadata.scenario"] = metadata["scenario"]
    return {place: value for place, value in found.items() if value is not None}


def _leaves(config: Object) -> Iterator[tuple[str, Json]]:
    for key, value in config.items():
        if key == "phases" and type(value) is list:
            yield from _of_phases(value)
        elif key == "datasets" and type(value) is list:
            for index, dataset in enumerate(value):
                yield from _below("dataset" if index == 0 else f"dataset {index + 1}", dataset)
        elif key == "models" and type(value) is dict:
            yield from _of_models(value)
        else:
            yield from _below(key, value)


def _of_models(models: Object) -> Iterator[tuple[str, Json]]:
    items = models.get("items")
    if type(items) is not list:
        yield from _below("models", models)
        return
    yield "models.items", [item.get("name") if type(item) is dict else item for item in items]
    for index, item in enumerate(items):
        if type(item) is dict:
            yield from _below(f"models.{index}", {key: value for key, value in item.items() if key != "name"})
    yield from _below("models", {key: value for key, value in models.items() if key != "items"})


def _of_phases(phases: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """The profiling phase leaf by leaf, the warm-up as one value: it is there or not, and mostly differs as a whole."""
    warm: list[Json] = []
    profiling = 0
    for phase in phases:
        if type(phase) is dict and _is_warm_up(phase):
            warm.append({key: whole(value) for key, value in phase.items() if key not in _EVERY_WARM_UP})
        else:
            profiling += 1
            yield from _below("profiling" if profiling == 1 else f"profiling {profiling}", phase)
    if warm:
        yield "warm-up", warm[0] if len(warm) == 1 else warm


_EVERY_WARM_UP: Final = ("name", "kind", "exclude_from_results")


def _is_warm_up(phase: Object) -> bool:
    return "warmup" in (phase.get("kind"), phase.get("name"))


def _below(place: str, value: Json) -> Iterator[tuple[str, Json]]:
    if type(value) is dict:
        for key, item in value.items():
            yield from _below(f"{place}.{key}", item)
    elif type(value) is list and any(type(item) is dict for item in value):
        for index, item in enumerate(value):
            yield from _below(f"{place}.{index}", item)
    elif value not in ({}, []):
        yield place, value


@cache
def _is_aside(place: str) -> bool:
    return any(place == aside.place or place.startswith(f"{aside.place}.") for aside in ASIDE)


def bounded_by_time(run: Run) -> bool:
    """Whether a run lasted as long as was asked for, so that its number of requests is a result."""
    config = config_of(run.facts)
    if config is None:
        return False
    phases = config.get("phases")
    measured = (phase for phase in (phases if type(phases) is list else ()) if type(phase) is dict)
    first = next((phase for phase in measured if not _is_warm_up(phase)), {})
    return any(first.get(key) is not None for key in ("duration", "measurement_interval"))


# --- what may be varied --------------------------------------------------------------------------------------

_GROUPS: Final = {
    "cells": ("cells",),
    "conversations": ("profiling.sessions",),
    "goals": ("slos",),
    "goodput": ("slos",),
    "gpu": ("gpus",),
    "isl": ("dataset.prompts.isl", "dataset.isl", "input length"),
    "load": ("profiling",),
    "models": ("models", "models.items"),
    "osl": ("dataset.prompts.osl", "output length"),
    "output length": ("dataset.prompts.osl", "output length"),
    "input length": ("dataset.prompts.isl", "dataset.isl", "input length"),
    "phases": ("profiling", "warm-up"),
    "requests": ("profiling.requests", "profiling.sessions", "requests"),
    "seed": ("dataset.random_seed",),
    "scenario": ("scenario", "metadata.scenario", "unsafe_override"),
    "data set": ("dataset", "metadata.dataset"),
    "data sets": ("dataset", "metadata.dataset"),
    "tokenizer": ("tokenizer",),
    "release": ("release",),
    "submission": ("submission",),
}
"""Names for several places, or for what is no place of a set-up."""


class Allowance:
    """What may differ between two sides on purpose: names of places, of groups, or the beginnings of places.

    Args:
        names: as a user gave them, such as `gpus`, `request-rate` or `endpoint.timeout`.
        setups: of all runs, so that what only a later release has can be named, too.

    Raises:
        UsageError: a name that is none, with those that are near.
    """

    def __init__(self, names: Sequence[str], setups: Sequence[Setup]) -> None:
        self._places: set[str] = set()
        known = _known_names(setups) if names else {}
        for name in names:
            places = known.get(_key(name)) or _field(name)
            if not places:
                raise _unknown(name, known)
            self._places.update(places)

    def covers(self, place: str) -> bool:
        """Whether a place may differ."""
        return any(place == allowed or place.startswith(f"{allowed}.") for allowed in self._places)


def _key(name: str) -> str:
    return re.sub(r"[-_ ]", "", name.strip().lower())


def _known_names(setups: Sequence[Setup]) -> dict[str, set[str]]:
    """Spelling without spaces and hyphens → places."""
    found: dict[str, set[str]] = {}
    places = {place for setup in setups for place in setup} | _NAMES.keys() | DEFAULTS.keys()
    for place in sorted(places):
        found.setdefault(_key(name_of(place)), set()).add(place)
        parts = place.split(".")
        for end in range(1, len(parts) + 1):
            above = ".".join(parts[:end])
            found.setdefault(_key(above), set()).add(above)
    for name, members in _GROUPS.items():
        found.setdefault(_key(name), set()).update(members)
    return found


def _field(name: str) -> set[str]:
    """A place by the names of its fields, where a release has such fields, whether or not one of the runs does."""
    first, *rest = name.strip().split(".")
    sections = {"models", "endpoint", "dataset", "profiling", "slos", "tokenizer", "accuracy"}
    fields = {
        field for reader in readers() for model in reader.schemas.values() for field in model.get("properties", ())
    }
    return {".".join((first, *rest))} if rest and first in sections and fields.issuperset(rest) else set()


def _unknown(name: str, known: Mapping[str, set[str]]) -> UsageError:
    # Slow to import, and only for an error.
    from difflib import get_close_matches

    near = [sorted(map(name_of, known[key]))[0] for key in get_close_matches(_key(name), known, 3)]
    return UsageError(
        f'nothing is called "{name}" that can be varied',
        expected=", ".join(dict.fromkeys(near)) or "such as gpus, concurrency, requests, tokenizer or endpoint.timeout",
        hint="--vary names what differs on purpose",
    )
