"""What a run measured, read from either family of `input_config` or from GenAI-Perf's, in the same words.

UserConfig (up to AIPerf 0.8.0) and BenchmarkConfig (from 0.9.0 on) say the same things in different places. This is for
showing a run in a line. What two runs must have in common to be compared is more: see [`setup`][migrator.diff.setup].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.family import family_of, is_genai_perf
from migrator.config.genai_perf import as_benchmark_config
from migrator.jsonfile import Json, Object
from migrator.values import NamedTuple

_Place = tuple[str | int, ...]


class Fact(NamedTuple):
    """One thing that a configuration says, and its place in each family."""

    name: str
    user: _Place
    benchmark: _Place


PROFILING: Final = "<profiling phase>"
"""In the place of a fact: the phase that is measured."""

FACTS: Final = (
    Fact("model", ("endpoint", "model_names"), ("models", "items")),
    Fact("endpoint type", ("endpoint", "type"), ("endpoint", "type")),
    Fact("streaming", ("endpoint", "streaming"), ("endpoint", "streaming")),
    Fact("concurrency", ("loadgen", "concurrency"), (PROFILING, "concurrency")),
    Fact("request rate", ("loadgen", "request_rate"), (PROFILING, "rate")),
    Fact("input length", ("input", "prompt", "input_tokens", "mean"), ("datasets", 0, "prompts", "isl", "mean")),
    Fact(
        "input length spread",
        ("input", "prompt", "input_tokens", "stddev"),
        ("datasets", 0, "prompts", "isl", "stddev"),
    ),
    Fact(
        "output length asked for",
        ("input", "prompt", "output_tokens", "mean"),
        ("datasets", 0, "prompts", "osl", "mean"),
    ),
    Fact("input file", ("input", "file"), ("datasets", 0, "path")),
    Fact("turns", ("input", "conversation", "turn", "mean"), ("datasets", 0, "turns", "mean")),
    Fact("duration", ("loadgen", "benchmark_duration"), (PROFILING, "duration")),
    Fact("requests", ("loadgen", "request_count"), (PROFILING, "requests")),
    Fact("conversations", ("input", "conversation", "num"), (PROFILING, "sessions")),
    Fact("random seed", ("input", "random_seed"), ("datasets", 0, "random_seed")),
    Fact("tokenizer", ("tokenizer", "name"), ("tokenizer", "name")),
)
"""What describes a workload in a line."""

# A default that one release writes out and another leaves away says the same thing.
_DEFAULTS: Final[dict[str, Any]] = {"streaming": False, "input length spread": 0, "turns": 1}


def workload(document: dict[str, Json], phase: str = "") -> dict[str, Json]:
    """Fact name → value, for a main export of any version; null where the configuration does not say.

    Args:
        document: the export.
        phase: the name of the phase whose load is asked for; empty for the one that is measured.
    """
    config = config_of(document)
    if config is None:
        return {}
    benchmark = family_of(config) == "benchmark"
    found: dict[str, Json] = {}
    for fact in FACTS:
        # UserConfig says nothing of another phase than the measured one.
        is_told = benchmark or not phase or phase == "profiling" or PROFILING not in fact.benchmark
        value = _at(config, fact.benchmark if benchmark else fact.user, phase) if is_told else None
        found[fact.name] = _plain(fact.name, value)
    return found


def config_of(document: dict[str, Json]) -> Object | None:
    """The configuration of an export as AIPerf would say it; None without one.

    GenAI-Perf's stands in `input_config`, and after a migration beside it.
    """
    config = document.get("input_config")
    if not is_genai_perf(config) and is_genai_perf(document.get(CARRIED)):
        config = document[CARRIED]
    if type(config) is not dict:
        return None
    return as_benchmark_config(config) if is_genai_perf(config) else config


def load_of(plan: Mapping[str, Json]) -> str:
    """What was asked of the server in short, from the facts of [`workload`][]: `c=4 64→16`, `10/s file`."""
    parts = []
    if plan.get("concurrency") is not None:
        parts.append(f"c={plan['concurrency']}")
    if (rate := plan.get("request rate")) is not None:
        parts.append(f"{rate:.4g}/s" if isinstance(rate, (int, float)) else f"{rate}/s")
    if plan.get("input file") is not None:
        parts.append("file")
    elif plan.get("input length") is not None:
        asked = plan.get("output length asked for")
        parts.append(f"{plan['input length']}→{'?' if asked is None else asked}")
    return " ".join(parts)


def _at(node: Json, place: _Place, phase: str) -> Json:
    for part in place:
        if part == PROFILING:
            node = _phase(node, phase)
        elif type(part) is int:
            node = node[part] if type(node) is list and part < len(node) else None
        else:
            node = node.get(part) if type(node) is dict else None
    return node


def _phase(config: Json, name: str) -> Json:
    """The phase of that name, or the measured one; None where there is none."""
    phases = config.get("phases") if type(config) is dict else None
    for phase in phases if type(phases) is list else ():
        if type(phase) is dict and (
            phase.get("name") == name if name else "profiling" in (phase.get("kind"), phase.get("name"))
        ):
            return phase
    return None


def _plain(name: str, value: Json) -> Json:
    """A value in the form that both families share: names of models, whole numbers without a fraction."""
    if value is None:
        return _DEFAULTS.get(name)
    if name == "model" and type(value) is list:
        return [item.get("name") if type(item) is dict else item for item in value]
    return whole(value)


def whole(value: Json) -> Json:
    """A number without a fraction as an integer, so that 64.0 and 64 are the same; anything else as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
