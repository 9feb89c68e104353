"""What a run measured, read from either family of `input_config`, in the same words.

UserConfig (up to AIPerf 0.8.0) and BenchmarkConfig (from 0.9.0 on) say the same things in different places. Two runs
are only comparable if what they asked of the server is the same, whichever release asked.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from migrator.jsonfile import Json

_Place = tuple[str | int, ...]


class Fact(NamedTuple):
    """One thing that a configuration says: its places in each family; `blocks` if a difference ends the comparison."""

    name: str
    blocks: bool
    user: tuple[_Place, ...]
    benchmark: tuple[_Place, ...]


_PHASE: Final = "<profiling phase>"

FACTS: Final = (
    Fact("model", True, (("endpoint", "model_names"),), (("models", "items"),)),
    Fact("endpoint type", True, (("endpoint", "type"),), (("endpoint", "type"),)),
    Fact("streaming", True, (("endpoint", "streaming"),), (("endpoint", "streaming"),)),
    Fact("concurrency", True, (("loadgen", "concurrency"),), ((_PHASE, "concurrency"),)),
    Fact("request rate", True, (("loadgen", "request_rate"),), ((_PHASE, "rate"),)),
    Fact(
        "input length",
        True,
        (("input", "prompt", "input_tokens", "mean"),),
        (("datasets", 0, "prompts", "isl", "mean"),),
    ),
    Fact(
        "input length spread",
        True,
        (("input", "prompt", "input_tokens", "stddev"),),
        (("datasets", 0, "prompts", "isl", "stddev"),),
    ),
    Fact(
        "output length asked for",
        True,
        (("input", "prompt", "output_tokens", "mean"),),
        (("datasets", 0, "prompts", "osl", "mean"),),
    ),
    Fact("input file", True, (("input", "file"),), (("datasets", 0, "path"),)),
    Fact("turns", True, (("input", "conversation", "turn", "mean"),), (("datasets", 0, "turns", "mean"),)),
    Fact("duration", True, (("loadgen", "benchmark_duration"),), ((_PHASE, "duration"),)),
    Fact("requests", False, (("loadgen", "request_count"),), ((_PHASE, "requests"),)),
    Fact("conversations", False, (("input", "conversation", "num"),), ((_PHASE, "sessions"),)),
    Fact("random seed", False, (("input", "random_seed"),), (("datasets", 0, "random_seed"),)),
    Fact("tokenizer", False, (("tokenizer", "name"),), (("tokenizer", "name"),)),
)
"""Everything that makes two workloads the same, or not."""

# A default that one release writes out and another leaves away says the same thing.
_DEFAULTS: Final[dict[str, Any]] = {"streaming": False, "input length spread": 0, "turns": 1}


def workload(document: dict[str, Json]) -> dict[str, Json]:
    """Fact name → value, for a main export of any version; null where the configuration does not say."""
    config = document.get("input_config")
    if type(config) is not dict:
        return {}
    benchmark = bool(config.keys() & {"models", "datasets", "phases"})
    found: dict[str, Json] = {}
    for fact in FACTS:
        places = fact.benchmark if benchmark else fact.user
        value = next((v for place in places if (v := _at(config, place)) is not None), None)
        found[fact.name] = _plain(fact.name, value)
    return found


def _at(node: Json, place: _Place) -> Json:
    for part in place:
        if part == _PHASE:
            node = _profiling_phase(node)
        elif type(part) is int:
            node = node[part] if type(node) is list and part < len(node) else None
        else:
            node = node.get(part) if type(node) is dict else None
    return node


def _profiling_phase(config: Json) -> Json:
    phases = config.get("phases") if type(config) is dict else None
    if type(phases) is not list:
        return None
    named = [p for p in phases if type(p) is dict and "profiling" in (p.get("kind"), p.get("name"))]
    return named[0] if named else None


def _plain(name: str, value: Json) -> Json:
    """A value in the form that both families share: names of models, whole numbers without a fraction."""
    if value is None:
        return _DEFAULTS.get(name)
    if name == "model" and type(value) is list:
        return [item.get("name") if type(item) is dict else item for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
