"""What AIPerf's files about several runs say: aggregates, collated files, and the cells of sweep files.

Where the single runs are gone, they are all that is left of them. Read in the sources and the files of AIPerf 0.7.0 to
0.13.0: an aggregate has a mean, a sample standard deviation (divisor n − 1) and the extremes over its runs, of every
statistic of every metric, under the key `<tag>_<statistic>`. A run without a statistic is left out of it, silently; the
standard error tells how many runs there were. A sweep file has the same for each cell. A collated file has the mean of
each run, and percentiles of the requests of all runs together, which are those of no run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from migrator.aiperf.metrics import STATISTICS, catalogue
from migrator.chain.names import current
from migrator.diff.statistics.student import t_quantile
from migrator.identify import SEVERAL, Family
from migrator.jsonfile import Json, Object
from migrator.values import NamedTuple

Statistic = tuple[str, str]
"""Today's name of a metric, and a statistic of it."""


class Over(NamedTuple):
    """A statistic over runs: mean, standard deviation (divisor n − 1), extremes, and how many runs have it.

    `n` is None where the file does not tell: no run differs from the next, and no t quantile says how many they are.
    """

    mean: float
    std: float
    low: float
    high: float
    n: int | None

    def with_zeros(self, runs: int) -> Over:
        """Over all of some runs, where it is zero in those that do not have it."""
        if self.n is None or self.n >= runs:
            return self
        mean = self.mean * self.n / runs
        squares = (self.n - 1) * self.std**2 + self.n * (self.mean - mean) ** 2 + (runs - self.n) * mean**2
        return Over(mean, math.sqrt(squares / (runs - 1)), 0.0, self.high, runs)


class Aggregate(NamedTuple):
    """What a file says of some runs of one configuration.

    `runs` is how many succeeded, `failed` how many did not. `cell` is empty but for a cell of a sweep file. `varied` is
    what AIPerf says that a sweep varied: parameter → value. `over` has a statistic over all runs; of a collated file it
    is empty, and `each` has, for each run by its label, the mean of each metric and the number of its requests.
    """

    family: Family
    cell: str
    runs: int
    failed: int
    labels: tuple[str, ...]
    release: str
    model: str
    variation: str
    varied: Object
    units: Mapping[str, str]
    over: Mapping[Statistic, Over]
    each: Mapping[str, Mapping[str, tuple[float, int]]]

    @property
    def noun(self) -> str:
        """`an aggregate of 3 runs`, `a cell of a sweep file, of 3 runs`."""
        what = "a cell of a sweep file," if self.family is Family.SWEEP else self.family.noun
        return f"{what} of {self.runs} run{'s' * (self.runs != 1)}"


def aggregates_of(family: Family, document: Json) -> list[Aggregate]:
    """What a file says of runs: one item, of a sweep file one for each cell; none of other files, and of empty ones."""
    if type(document) is not dict or family not in SEVERAL:
        return []
    found = _of_sweep(document) if family is Family.SWEEP else _of_one(family, document)
    return [one for one in found if one.runs > 0 and (one.over or one.each)]


def _of_one(family: Family, document: Object) -> Iterator[Aggregate]:
    about = _object(document.get("metadata"))
    metrics = _object(document.get("metrics"))
    runs = _count(about.get("num_successful_runs"))
    is_collated = family is Family.COLLATED
    over, units = ({}, {}) if is_collated else _over(metrics, runs)
    each = _each(metrics) if is_collated else {}
    failed, labels = about.get("failed_runs"), about.get("run_labels")
    # A run without a single result has no means.
    told = len(each) if is_collated and each else runs
    yield Aggregate(
        family=family,
        cell="",
        runs=runs,
        # Either may be missing in a file that was edited: a run that failed must not go unnoticed.
        failed=max(
            len(failed) if type(failed) is list else 0, _count(about.get("num_profile_runs")) - runs, runs - told
        ),
        labels=tuple(label for label in labels if type(label) is str) if type(labels) is list else (),
        release=_text(document.get("aiperf_version")),
        model=_text(about.get("model")),
        variation=_text(about.get("variation_label")),
        varied=_object(about.get("variation_values")),
        units=units or {tag: known.unit for run in each.values() for tag in run if (known := catalogue().get(tag))},
        over=over,
        each=each,
    )


def _of_sweep(document: Object) -> Iterator[Aggregate]:
    about, cells = _object(document.get("metadata")), document.get("per_combination_metrics")
    trials = _count(about.get("num_trials_per_value"))
    listed = document.get("failed_runs")
    failed = [_object(run) for run in listed] if type(listed) is list else []
    for cell in cells if type(cells) is list else ():
        told = _object(cell)
        varied = _object(told.get("parameters"))
        name = ", ".join(f"{key}={value}" for key, value in varied.items())
        over, units = _over(_object(told.get("metrics")), trials)
        # The file counts the failed runs of all cells together.
        counts = [one.n for one in over.values() if one.n]
        runs = max(counts, default=trials) if failed else trials
        yield Aggregate(
            family=Family.SWEEP,
            cell=name or "without parameters",
            runs=runs,
            failed=max(trials - runs, 0) or min(len(failed), 1),
            labels=(),
            release=_text(document.get("aiperf_version")),
            model=_text(about.get("model")),
            variation=name,
            varied=varied,
            units=units,
            over=over,
            each={},
        )


def _over(metrics: Object, runs: int) -> tuple[dict[Statistic, Over], dict[str, str]]:
    """The statistics over runs, and the unit of each metric, by today's names of the metrics."""
    found: dict[Statistic, Over] = {}
    units: dict[str, str] = {}
    for key, block in metrics.items():
        if type(block) is not dict or type(block.get("unit")) is not str:
            continue
        tag, _, statistic = key.rpartition("_")
        if "avg" in block:
            # A sweep of one run a cell has the run's own block: its percentiles are the run's, its `std` is of runs.
            for name in STATISTICS:
                if name != "std" and (value := _number(block.get(name))) is not None:
                    found[current(key), name] = Over(value, 0.0, value, value, 1)
            units[current(key)] = block["unit"]
        elif tag and statistic in STATISTICS:
            # A metric without a number has a unit: it is not one that AIPerf left out.
            units[current(tag)] = block["unit"]
            if one := _one(block, runs):
                found[current(tag), statistic] = one
    failed = found.get(_FAILED)
    if failed:
        found[_FAILED] = failed.with_zeros(runs)
    return found, units


_FAILED: Final[Statistic] = (current("error_request_count"), "avg")
"""What AIPerf leaves out of each run where it is zero, so that its mean is over the other runs alone."""


def _one(block: Object, runs: int) -> Over | None:
    numbers = [_number(block.get(name)) for name in ("mean", "std", "min", "max")]
    mean, std, low, high = numbers
    if mean is None and low is not None and low == high:
        # Of a statistic that one run has AIPerf 0.13.0 writes no mean, as it has no deviation.
        return Over(low, 0.0, low, high, 1)
    if mean is None:
        return None
    if std is None or std < 0:
        # Without a spread it says no more than a single number does.
        return Over(mean, 0.0, mean if low is None else low, mean if high is None else high, 1)
    return Over(mean, std, mean if low is None else low, mean if high is None else high, _number_of(block, std, runs))


def _number_of(block: Object, std: float, runs: int) -> int | None:
    """How many runs a statistic is of. `se` is std / √n; files without it have an interval of t · std / √n about the
    mean, whose level AIPerf takes from 0.95 unless asked otherwise.
    """
    if runs <= 1:
        return runs
    error, mean, high = (_number(block.get(name)) for name in ("se", "mean", "ci_high"))
    if error and std:
        found = round((std / error) ** 2)
        return found if 1 <= found <= runs else None
    if std and high is not None and mean is not None:
        width = (high - mean) / std
        fitting = [n for n in range(2, min(runs, _MOST_RUNS) + 1) if math.isclose(width, _t(n) / n**0.5, rel_tol=1e-6)]
        return fitting[0] if fitting else runs
    critical = _number(block.get("t_critical"))
    if critical is not None:
        fitting = [n for n in range(2, min(runs, _MOST_RUNS) + 1) if math.isclose(critical, _t(n), rel_tol=1e-6)]
        return fitting[0] if fitting else runs
    return None


_MOST_RUNS: Final = 200
"""Runs of a configuration up to which their number is looked for; beyond, t no longer tells one from the next."""


def _t(n: int) -> float:
    """The t quantile of a 95 % interval of `n` values."""
    return t_quantile(0.975, n - 1)


def _each(metrics: Object) -> dict[str, dict[str, tuple[float, int]]]:
    """Label of a run → metric → (mean, number of requests). Metrics without a known unit are left out."""
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for key, both in metrics.items():
        tag = current(key)
        listed = _object(both).get("per_run")
        if tag not in catalogue() or type(listed) is not list:
            continue
        for entry in map(_object, listed):
            mean, count = _number(entry.get("mean")), _count(entry.get("count"))
            if mean is not None:
                found.setdefault(str(entry.get("label")), {})[tag] = mean, count
    return found


def _object(node: Json) -> Object:
    return node if type(node) is dict else {}


def _text(node: Json) -> str:
    return node if type(node) is str else ""


def _count(node: Json) -> int:
    return node if type(node) is int and node > 0 else 0


def _number(node: Json) -> float | None:
    if not isinstance(node, (int, float)) or type(node) is bool or not math.isfinite(node):
        return None
    return float(node)
