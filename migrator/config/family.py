"""Which of AIPerf's two families of models an `input_config` is of."""

from __future__ import annotations

from typing import Final, Literal

from migrator.jsonfile import Json

Family = Literal["user", "benchmark"]
"""`user` is UserConfig (to 0.8.0), `benchmark` is BenchmarkConfig (from 0.9.0 and its nightlies on)."""

FAMILY_MODELS: Final[dict[str, Family]] = {"UserConfig": "user", "BenchmarkConfig": "benchmark"}
"""Name of the model of `input_config` → its family."""

_USER_KEYS: Final = frozenset({"loadgen", "input", "output"})
"""Sections that only UserConfig has; so is `endpoint.model_names`."""
_BENCHMARK_KEYS: Final = frozenset({"models", "datasets", "phases", "artifacts"})
"""Sections that only BenchmarkConfig has."""


def family_of(config: Json) -> Family | None:
    """The family that a configuration has more fields of; None if it has none of either, or is not an object."""
    if type(config) is not dict:
        return None
    endpoint = config.get("endpoint")
    user = len(_USER_KEYS & config.keys()) + (type(endpoint) is dict and "model_names" in endpoint)
    benchmark = len(_BENCHMARK_KEYS & config.keys())
    return None if user == benchmark == 0 else "user" if user >= benchmark else "benchmark"


_GENAI_PERF: Final = ("perf_analyzer", "subcommand", "service_kind")


def is_genai_perf(config: Json) -> bool:
    """Whether a configuration is that of GenAI-Perf, which has a family of its own."""
    return type(config) is dict and any(key in config for key in _GENAI_PERF)


_MODEL_OF: Final = {family: model for model, family in FAMILY_MODELS.items()}


def config_model(config: Json) -> str:
    """The same by the name of its model: `UserConfig`, `BenchmarkConfig`, or empty."""
    found = family_of(config)
    return _MODEL_OF[found] if found else ""
