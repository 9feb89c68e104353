"""M: what must hold inside a stats block, and between the blocks of one run.

Comparisons allow for rounding: the mean that AIPerf computes of equal values can differ from them in the last places,
so that a recorded average is outside minimum and maximum. Where a block was rounded, products allow for that, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final

from migrator.aiperf.metrics import PERCENTILES, catalogue, record_tags
from migrator.aiperf.releases import release, version_key
from migrator.aiperf.sound import ROUNDING
from migrator.check.rounding import rounded_by
from migrator.check.rule import Problem, Spot, Subject, metric_holders, rule


def _above(a: float, b: float) -> bool:
    return a > b and not math.isclose(a, b, rel_tol=ROUNDING)


def _percentiles(spot: Spot) -> list[tuple[str, float]]:
    block = spot.block
    return [(name, value) for name in PERCENTILES if name in block and (value := spot.number(name)) is not None]


@rule(
    "M001",
    "percentiles are out of order",
    hint="restore the block from the original file",
    why=(
        "A higher percentile is never smaller than a lower one. Where it is, values were edited or mixed up between"
        " runs, and any comparison of the tail is wrong."
    ),
    remedy="Restore the block from the original export, or compute it again from `profile_export.jsonl`.",
    example=("$.request_latency.p90", "120.5 is below p75, which is 133.1", "at least 133.1"),
)
def _ordered(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        for (lower, a), (higher, b) in pairwise(_percentiles(spot)):
            if _above(a, b):
                yield Problem((*spot.path, higher), f"{b} is below {lower}, which is {a}", f"at least {a}")


@rule(
    "M002",
    "the minimum is above the lowest percentile",
    hint="restore the block from the original file",
    why=(
        "No value of a distribution is below its minimum, so no percentile is. Minimum and percentiles of this block"
        " do not come from the same values."
    ),
    remedy="Restore the block from the original export, or compute it again from `profile_export.jsonl`.",
    example=("$.request_latency.min", "55.2 is above p1, which is 51.9", "at most 51.9"),
)
def _minimum(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        least, percentiles = spot.number("min"), _percentiles(spot)
        if least is not None and percentiles and _above(least, percentiles[0][1]):
            name, value = percentiles[0]
            yield Problem((*spot.path, "min"), f"{least} is above {name}, which is {value}", f"at most {value}")


@rule(
    "M003",
    "the maximum is below the highest percentile",
    hint="restore the block from the original file",
    why=(
        "No value of a distribution is above its maximum, so no percentile is. Maximum and percentiles of this block"
        " do not come from the same values."
    ),
    remedy="Restore the block from the original export, or compute it again from `profile_export.jsonl`.",
    example=("$.request_latency.max", "140.2 is below p99, which is 151.9", "at least 151.9"),
)
def _maximum(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        most, percentiles = spot.number("max"), _percentiles(spot)
        if most is not None and percentiles and _above(percentiles[-1][1], most):
            name, value = percentiles[-1]
            yield Problem((*spot.path, "max"), f"{most} is below {name}, which is {value}", f"at least {value}")


@rule(
    "M004",
    "the average is outside minimum and maximum",
    hint="look for an edited value or a changed unit",
    why=(
        "An average lies between the smallest and the largest value. One that does not was computed from other values"
        " or is in another unit than the rest of its block: a dashboard that plots averages is then wrong."
    ),
    remedy=(
        "If the average is off by a factor of a thousand or so, a unit was converted for part of the block. Otherwise"
        " restore the block from the original export."
    ),
    example=("$.request_latency.avg", "70210.4 is outside min 51.2 and max 151.9", "51.2 to 151.9"),
)
def _average(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        least, average, most = spot.number("min"), spot.number("avg"), spot.number("max")
        if least is None or average is None or most is None:
            continue
        if _above(least, average) or _above(average, most):
            found = f"{average} is outside min {least} and max {most}"
            yield Problem((*spot.path, "avg"), found, f"{least} to {most}")


@rule(
    "M005",
    "the sum is not the average times the count",
    hint="one of sum, avg and count was changed",
    why=(
        "`sum`, `avg` and `count` describe the same values, so any two give the third. Where they disagree, weighting"
        " this run by its count, as a pooled average does, gives a wrong result. In a block whose numbers were rounded,"
        " as many decimals as they have are compared: 2620.71 × 20 may be 52414.29."
    ),
    remedy="Compute `count` and `sum` from `profile_export.jsonl`, or restore the block from the original export.",
    example=("$.request_latency.sum", "2909.9 is not 70.2 × 40", "about 2808.0"),
)
def _sum(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        total, average, count = spot.number("sum"), spot.number("avg"), spot.number("count")
        if total is None or average is None or count is None:
            continue
        # In a sum of mixed signs, rounding is relative to the terms, not to the small result.
        largest = max(abs(spot.number(name) or 0) for name in ("avg", "min", "max"))
        rounded = rounded_by(spot, average)
        allowed = ROUNDING * largest * abs(count) + rounded * abs(count) + rounded
        # A share in percent may have the number of hits as its sum: `theoretical_prefix_cache_hit` has.
        hits = spot.block.get("unit") == "%" and math.isclose(
            total * 100, average * count, rel_tol=ROUNDING, abs_tol=allowed
        )
        if not hits and not math.isclose(total, average * count, rel_tol=ROUNDING, abs_tol=allowed):
            found = f"{total} is not {average} × {count}"
            yield Problem((*spot.path, "sum"), found, f"about {average * count}")


@rule(
    "M006",
    "the count is not a whole number",
    hint="restore the block from the original file",
    why=(
        "`count` is how many values a distribution has. A fraction appears when counts of several runs were averaged,"
        " and then the rest of the block is not the distribution of one run either."
    ),
    remedy=(
        "Take the export of a single run. For several runs together AIPerf writes aggregates, which are another kind"
        " of file."
    ),
    example=("$.request_latency.count", "is 40.5", "a whole number"),
)
def _whole_count(subject: Subject) -> Iterator[Problem]:
    for spot in subject.doubtful:
        count = spot.number("count")
        if count is not None and not (isinstance(count, int) or count.is_integer()):
            yield Problem((*spot.path, "count"), f"is {count}", "a whole number")


_ONE_EACH: Final = ("request_latency", "time_to_first_token", "ttft", "decode_duration")
"""Metrics with a value for every successful request, as the recorded files and AIPerf's own formulas have it.

A successful request has an answer, and so these values. Token counts need a tokenizer, and later tokens a second
chunk: those metrics may have fewer values.
"""
_NOT_PER_REQUEST: Final = frozenset({"inter_chunk_latency", "error_isl"})
"""Record metrics that may have more values than there are successful requests: many each, or those that failed."""


@cache
def _counted_tags() -> frozenset[str]:
    return record_tags() - _NOT_PER_REQUEST


def _tells_requests(spot: Spot) -> bool:
    return spot.part != "gpu" and (spot.tag == "request_count" or spot.tag in _ONE_EACH or spot.tag in _counted_tags())


@rule(
    "M007",
    "counts of the same requests differ",
    each=_tells_requests,
    hint="the blocks may come from different runs",
    why=(
        "Request latency and time to first token have exactly one value for every successful request, and no other"
        " record metric has more (except the gaps between chunks, and what is counted over failed requests). Other"
        " counts mean that blocks of different runs were put into one file, or that requests were filtered for some"
        " metrics only."
    ),
    remedy="Restore the export, or compute its blocks again from the `profile_export.jsonl` of one run.",
    example=("$.time_to_first_token.count", "is 39, but request_count is 40", "40"),
)
def _same_count(subject: Subject) -> Iterator[Problem]:
    counted = _counted_tags()
    for part in ("run", "warmup"):
        spots = {spot.tag: spot for spot in subject.spots if spot.part == part}
        name, requests = _requests(spots)
        if requests is None:
            continue
        for tag, spot in spots.items():
            if tag not in counted or (count := spot.number("count")) is None:
                continue
            if count > requests or (tag in _ONE_EACH and count != requests):
                expected = f"{requests:g}" if tag in _ONE_EACH else f"at most {requests:g}"
                yield Problem((*spot.path, "count"), f"is {count}, but {name} is {requests:g}", expected)


def _requests(spots: dict[str, Spot]) -> tuple[str, float | None]:
    """(where the number of successful requests stands, that number); an empty text and None if it is nowhere."""
    counted = spots.get("request_count")
    if counted is not None and (requests := counted.number("avg")) is not None:
        return "request_count", requests
    for tag in _ONE_EACH:
        if tag in spots and (requests := spots[tag].number("count")) is not None:
            return f"{tag}.count", requests
    return "", None


@rule(
    "M008",
    "a known metric has no unit",
    hint="add the unit that its release writes",
    why=(
        "The unit decides how a value is read, never the tag. A block without one is not recognised as a metric by any"
        " reader, this tool included: it would be carried along as an unknown object and left out of comparisons."
    ),
    remedy="Add `unit` as another export of the same release has it for this metric.",
    example=("$.request_latency.unit", "is missing", '"ms", as AIPerf 0.13.0.dev20261023 has it'),
)
def _unit(subject: Subject) -> Iterator[Problem]:
    for _, path, node in metric_holders(subject.document, subject.identity):
        for tag, value in node.items():
            known = catalogue().get(tag)
            if known and type(value) is dict and "unit" not in value:
                expected = f'"{known.unit}", as AIPerf {known.last_release} has it'
                yield Problem((*path, tag, "unit"), "is missing", expected)


_COUNTED_SINCE: Final = "1.1"


@rule(
    "M009",
    "a record metric has no count",
    hint="take count and sum from profile_export.jsonl",
    why=(
        "From schema 1.1 on (AIPerf 0.8.0) every metric with one value a request says how many values it has. A file"
        " written by such a release, or by one that nobody knows, that lacks the count was edited, or went through an"
        " older version without its residue. Files upgraded from a release before 0.8.0 never had it and are not"
        " reported."
    ),
    remedy=(
        "Compute `count` and `sum` from `profile_export.jsonl`. If the file was migrated down and up again, repeat it"
        " with the residue that was saved."
    ),
    example=("$.request_latency.count", 'is missing, though aiperf_version is "0.13.0"', "the number of values"),
)
def _counted(subject: Subject) -> Iterator[Problem]:
    identity = subject.identity
    if version_key(identity.version) < version_key(_COUNTED_SINCE) or not _writes_counts(subject):
        return
    told = "aiperf_version", identity.writer
    if not identity.writer:
        told = "schema_version", identity.label or identity.version
    found = f"is missing, though {told[0]} is {json.dumps(told[1][:40])}"
    for spot in subject.spots:
        if spot.part == "gpu" or spot.tag not in record_tags():
            continue
        if spot.number("avg") is not None and spot.block.get("count") is None:
            yield Problem((*spot.path, "count"), found, "the number of values")


def _writes_counts(subject: Subject) -> bool:
    """Whether what wrote a file of 1.1 or later writes counts, so that none is missing unless it was taken away."""
    identity = subject.identity
    wrote = release(identity.writer)
    if wrote is not None and not identity.from_source:
        return version_key(wrote.version) >= version_key(_COUNTED_SINCE)
    if identity.writer or identity.migrated:
        return not identity.migrated
    # Without run_info, which 1.1 does not have, only the missing identifier tells of a release before 0.4.0.
    return identity.version != _COUNTED_SINCE or "benchmark_id" in subject.document
