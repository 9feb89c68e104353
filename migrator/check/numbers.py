"""M010 to M013: numbers that no run can have measured, and blocks of another kind than their metric has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from migrator.aiperf.metrics import PERCENTILES, STATISTICS, catalogue
from migrator.aiperf.sound import TAKES_TIME
from migrator.chain.names import current
from migrator.chain.steps import VERSIONS
from migrator.check.rule import Problem, Spot, Subject, rule
from migrator.jsonfile import Json, Numeral, Path


@rule(
    "M010",
    "a number is NaN or Infinity",
    hint="replace it by null",
    why=(
        "JSON has no such numbers, and AIPerf writes null instead: most readers refuse the file as a whole. The"
        " token is often the result of a division by zero."
    ),
    remedy="Replace the token by `null`, and look at the script that wrote it.",
    example=("$.request_latency.std", "is NaN", "a finite number or null"),
)
def _finite(subject: Subject) -> Iterator[Problem]:
    if _all_finite(subject.document, subject.sound):
        return
    for path, value in _numbers((), subject.document):
        # 1e400 is legal JSON; the tokens NaN and Infinity are not.
        if not math.isfinite(value) and not (isinstance(value, Numeral) and value.text[-1].isdigit()):
            yield Problem(path, f"is {_token(value)}", "a finite number or null")


def _all_finite(value: Json, sound: frozenset[int]) -> bool:
    """Whether all numbers are finite; the blocks with these `id`s are known to have none that is not."""
    items: Iterable[Json]
    if type(value) is dict:
        if id(value) in sound:
            return True
        items = value.values()
    elif type(value) is list:
        items = value
    else:
        return type(value) is not Numeral and (type(value) is not float or math.isfinite(value))
    for item in items:
        kind = type(item)
        if kind is str or kind is int or item is None or kind is bool:
            continue
        if not _all_finite(item, sound):
            return False
    return True


def _numbers(path: Path, value: Json) -> Iterator[tuple[Path, float]]:
    if type(value) is dict:
        for key, item in value.items():
            yield from _numbers((*path, key), item)
    elif type(value) is list:
        for index, item in enumerate(value):
            yield from _numbers((*path, index), item)
    elif isinstance(value, float):
        yield path, value


def _token(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_SIGNED: Final = frozenset({"osl_mismatch_diff_pct", "replay_send_schedule_offset", "stream_prefill_latency"})
"""Known metrics that are differences and may be negative."""
_TIMES: Final = ("ns", "ms", "sec", "ms/image")
_AMOUNTS: Final = ("tokens", "requests", "count", "images", "KB", "MB")
_RATES: Final = ("requests/sec", "tokens/sec", "tokens/sec/user", "images/sec")
_NEVER_NEGATIVE: Final = frozenset((*_TIMES, *_AMOUNTS, *_RATES))
"""Catalogue units of times, sizes, counts and rates. Power and temperature can have readings below zero."""


@rule(
    "M011",
    "a negative number that cannot be measured",
    hint="look for an edited value or a clock that went back",
    why=(
        "A latency, a count, a rate or a standard deviation below zero cannot be measured. It comes from an edited"
        " file, or from clocks that disagreed while the run was recorded; either way the block is no evidence."
    ),
    remedy="Restore the original export; if the original has the value, repeat the run.",
    example=("$.time_to_first_token.min", "is -3.2", "0 or more"),
)
def _negative(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        known = None if spot.part == "gpu" or spot.tag in _SIGNED else catalogue().get(spot.tag)
        names = STATISTICS if known and known.unit in _NEVER_NEGATIVE else ("std", "count")
        for name in names:
            value = spot.number(name)
            if value is not None and value < 0:
                yield Problem((*spot.path, name), f"is {value}", "0 or more")


_OF_A_DISTRIBUTION: Final = tuple(name for name in STATISTICS if name != "avg")


@rule(
    "M012",
    "a single value has the statistics of a distribution",
    hint="another metric's block may stand under this tag",
    why=(
        "Aggregate and derived metrics, such as `request_count` and `output_token_throughput`, are one number a run:"
        " AIPerf writes `avg` alone. Percentiles, a count or a sum beside it come from another metric, from several"
        " runs put together, or from a converter that fills in what is not there: a reader that weights by them is"
        " wrong."
        " Files of schema 0.1 have a count in every block and are not reported for it."
    ),
    remedy=(
        "Remove all but `unit` and `avg`, after comparing them with the original export. Where the value is a mean of"
        " several runs, keep the runs instead."
    ),
    example=("$.output_token_throughput", "has p99, count, though it is a derived metric", "unit and avg alone"),
)
def _single(subject: Subject) -> Iterator[Problem]:
    in_every_block = ("count",) if subject.identity.version == VERSIONS[0] else ()
    for spot in subject.spots:
        known = None if spot.part == "gpu" else catalogue().get(spot.tag)
        if known is None or known.type == "record":
            continue
        names = [name for name in _OF_A_DISTRIBUTION if spot.block.get(name) is not None and name not in in_every_block]
        if names:
            kind = f"{'an' if known.type == 'aggregate' else 'a'} {known.type} metric"
            yield Problem(spot.path, f"has {', '.join(names)}, though it is {kind}", "unit and avg alone")


def _takes_time(spot: Spot) -> bool:
    return spot.part != "gpu" and current(spot.tag) in TAKES_TIME


@rule(
    "M013",
    "a latency of zero",
    each=_takes_time,
    hint="look for an edited value or a clock that stood still",
    why=(
        "No server answers in no time: a latency of zero, or a time to the first token of zero, was not measured. A"
        " comparison would take it for the largest improvement there is."
    ),
    remedy="Restore the original export; if the original has the value, repeat the run.",
    example=("$.request_latency.avg", "is 0", "more than 0"),
)
def _no_time(subject: Subject) -> Iterator[Problem]:
    for spot in subject.spots:
        if _takes_time(spot) and 0 in spot.block.values():
            for name in ("avg", "min", *PERCENTILES, "max"):
                if spot.number(name) == 0:
                    yield Problem((*spot.path, name), f"is {spot.number(name)}", "more than 0")
