"""The numbers that AIPerf computed with: nanoseconds, which an export and its records show as milliseconds.

Durations are measured in whole nanoseconds and shown multiplied by a factor (`MetricTimeUnit.convert_to`: the second
unit's parts of a second over the first's). Sums are taken before that, so they must be taken there again.
"""

from __future__ import annotations

from typing import Final

from migrator.jsonfile import Json

_PER_SECOND: Final = {"ns": 10**9, "us": 10**6, "ms": 1000, "sec": 1}

FRACTIONS: Final[dict[str, tuple[str, str]]] = {
    "inter_token_latency": ("request_latency", "time_to_first_token"),
    "full_response_inter_token_latency": ("full_decode_duration", ""),
}
"""Metrics whose nanoseconds are a quotient: of the first metric, less the second, and a whole number of tokens."""


def factor(unit: str) -> float | None:
    """What AIPerf multiplies nanoseconds by to show them in a unit; None if it is not a unit of time."""
    parts = _PER_SECOND.get(unit)
    return None if parts is None else parts / _PER_SECOND["ns"]


def fraction_of(tag: str, value: float, unit: str, metrics: dict[str, Json]) -> float | None:
    """The exact nanoseconds of a value of one of [`FRACTIONS`][], from the metrics that it was computed from.

    Args:
        tag: the metric.
        value: its value as the record shows it.
        unit: the unit of that value.
        metrics: all metrics of the record.

    Returns:
        None if the metrics do not give just that value.
    """
    scale = factor(unit)
    dividend = _nanoseconds(metrics, FRACTIONS[tag])
    if scale is None or dividend is None:
        return None
    if not value:
        return 0.0 if not dividend else None
    divisor = round(dividend * scale / value)
    exact = dividend / divisor if divisor > 0 else None
    return exact if exact is not None and exact * scale == value else None


def _nanoseconds(metrics: dict[str, Json], difference: tuple[str, str]) -> int | None:
    total = 0
    for tag, sign in zip(difference, (1, -1), strict=True):
        if not tag:
            continue
        metric = metrics.get(tag)
        if type(metric) is not dict:
            return None
        value, scale = metric.get("value"), factor(str(metric.get("unit")))
        if scale is None or not isinstance(value, (int, float)) or not -1e15 < value < 1e15:
            return None
        total += sign * round(value / scale)
    return total
