"""Fields of UserConfig that a release accepts only beside another, or only without it.

These releases check their configuration when they read an export, as they do on the command line; a JSON Schema does
not tell such rules. They are read off the validators of AIPerf 0.5.0 to 0.8.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from migrator.config.draft import ABSENT, Place, at
from migrator.config.readers import Reader
from migrator.jsonfile import Json
from migrator.releases import age

Object = dict[str, Json]


class Rule(NamedTuple):
    """`field` is rejected unless `needs` is set, or if `clashes` is; `first` is the first release that does so."""

    field: Place
    needs: Place = ()
    clashes: Place = ()
    first: str = "0.5.0"


def _needs(section: str, needed: str, *fields: str, first: str = "0.5.0") -> list[Rule]:
    return [Rule((section, name), needs=(section, needed), first=first) for name in fields]


RULES: Final = (
    *_needs("endpoint", "wait_for_model_timeout", "wait_for_model_interval", "wait_for_model_mode", first="0.8.0"),
    *_needs(
        "input",
        "fixed_schedule",
        "fixed_schedule_auto_offset",
        "fixed_schedule_start_offset",
        "fixed_schedule_end_offset",
    ),
    Rule(("input", "dataset_sampling_strategy"), clashes=("input", "fixed_schedule")),
    *_needs("loadgen", "benchmark_duration", "benchmark_grace_period"),
    *_needs("loadgen", "warmup_duration", "warmup_grace_period"),
    *_needs("loadgen", "user_centric_rate", "num_users"),
    *_needs("loadgen", "request_cancellation_rate", "request_cancellation_delay"),
    *_needs("loadgen", "request_rate", "request_rate_ramp_duration"),
    Rule(("loadgen", "request_rate"), clashes=("loadgen", "user_centric_rate")),
    Rule(("loadgen", "arrival_pattern"), clashes=("loadgen", "user_centric_rate")),
    Rule(("input", "conversation", "num"), clashes=("loadgen", "request_count")),
    Rule(("loadgen", "warmup_num_sessions"), clashes=("loadgen", "warmup_request_count")),
    Rule(("gpu_telemetry",), clashes=("no_gpu_telemetry",)),
    Rule(("server_metrics",), clashes=("no_server_metrics",)),
)


def unfit_together(config: Object, target: Reader) -> Iterator[tuple[Place, str]]:
    """(field, why) for each field that the target would reject for what is, or is not, beside it."""
    if target.family != "user":
        return
    for rule in RULES:
        if age(target.release) < age(rule.first) or at(config, rule.field) in (ABSENT, None):
            continue
        if rule.needs and not _is_set(config, rule.needs):
            yield rule.field, f"it goes only with {'.'.join(map(str, rule.needs))}"
        elif rule.clashes and _is_set(config, rule.clashes):
            yield rule.field, f"it does not go with {'.'.join(map(str, rule.clashes))}"


def _is_set(config: Object, place: Place) -> bool:
    value = at(config, place)
    return value is not ABSENT and bool(value)
