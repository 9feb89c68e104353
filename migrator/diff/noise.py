"""Run-to-run noise, learnt from repeated runs of one configuration, so that a single run a side can be judged.

What a run measures varies for two reasons: the run as a whole is faster or slower, and its requests are a sample. The
second shrinks with their number, the first does not. A profile keeps both apart where records or runs of several
lengths tell them, and is else used for runs of as many requests only.

It is keyed by what noise depends on: the workload, the GPUs and the release family of AIPerf.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from migrator.chain.names import current
from migrator.diff.requests import request_variances
from migrator.diff.run import Run
from migrator.diff.setup import COUNTS, TOLD, name_of, setup_of, trial_of
from migrator.errors import MigratorError, UsageError
from migrator.files.disk import read_bytes
from migrator.jsonfile import Json, fingerprint, parse, render
from migrator.values import NamedTuple

FORMAT: Final = 2
MIN_RUNS: Final = 3
"""Runs of one configuration and length from which their noise is learnt."""
_MARK: Final = "aiperf_migrate_noise"
_AS_LONG: Final = 0.9
"""Share of the requests of the profile's runs from which a run counts as one as long."""

Rows = dict[tuple[str, str], "Spread"]


class Spread(NamedTuple):
    """How a statistic varies from run to run, as a logarithm: what a profile knows of one row.

    `sd` is the standard deviation of runs of `requests` requests each and `df` its degrees of freedom; `mean` is the
    mean logarithm. `request` is the variance that one request alone would have, None where nothing tells it.
    """

    sd: float
    df: int
    mean: float
    requests: int | None = None
    request: float | None = None

    def sd_of(self, requests: int | None) -> float | None:
        """The standard deviation of runs of so many requests; None where the profile does not tell it."""
        if self.requests is None or requests is None:
            return self.sd if self.requests == requests else None
        if self.request is None:
            # Runs of more requests vary less: the profile's spread is then too large, which is the safe side.
            return self.sd if requests >= _AS_LONG * self.requests else None
        between = max(0.0, self.sd**2 - self.request / self.requests)
        return math.sqrt(between + self.request / requests)


class Entry(NamedTuple):
    """The noise of one configuration, measured by one release family of AIPerf."""

    key: dict[str, Json]
    family: str
    runs: int
    requests: int | None
    newest: str
    rows: Rows


class Fit(NamedTuple):
    """The entries of a profile that both sides of a comparison have, and how each row varies; or why there are none."""

    rows: Mapping[tuple[str, str], Spread]
    entry: Entry | None = None
    reason: str = ""


class Profile(NamedTuple):
    """The noise of one or more configurations."""

    entries: tuple[Entry, ...]
    source: str = ""

    def spreads(self, run: Run) -> Rows:
        """What is known about a run's configuration; nothing if it was not learnt."""
        entry = self._entry(run)
        return entry.rows if isinstance(entry, Entry) else {}

    def _entry(self, run: Run) -> Entry | str:
        """The entry of a run, or why there is none."""
        wanted = fingerprint(key_of(run))
        alike = [entry for entry in self.entries if fingerprint(entry.key) == wanted]
        if not alike and _leaves_out_warm_up(run):
            alike = [entry for entry in self.entries if fingerprint(_without_warm_up(entry.key)) == wanted]
            if len({fingerprint(entry.key) for entry in alike}) > 1:
                return "the run left out the warm-up of its first trial, and the profile knows several"
        if not alike:
            return "it knows nothing of this model, GPU and load"
        family = family_of(run)
        found = next((entry for entry in alike if entry.family == family), None)
        if found is None:
            known = ", ".join(entry.family or "an unknown release" for entry in alike)
            return f"it was learnt with AIPerf {known}, and a run was measured by {family or 'an unknown release'}"
        return found

    def fit(self, base: Sequence[Run], candidate: Sequence[Run]) -> Fit:
        """What is known of the runs of both sides; of the entries of two sides that differ, the larger spread counts.

        Args:
            base: the runs of the baseline.
            candidate: those of the candidate.
        """
        entries = [self._entry(run) for run in (*base, *candidate)]
        known = [entry for entry in entries if isinstance(entry, Entry)]
        if len(known) < len(entries):
            return Fit({}, reason=next(entry for entry in entries if isinstance(entry, str)))
        rows: dict[tuple[str, str], Spread] = {}
        for name in set.intersection(*(set(entry.rows) for entry in known)):
            rows[name] = max((entry.rows[name] for entry in known), key=lambda spread: spread.sd)
        return Fit(rows, min(known, key=lambda entry: entry.runs))

    def to_bytes(self, tool: str) -> bytes:
        """The content of a profile file."""
        rows = [
            {
                **entry._asdict(),
                "rows": {
                    f"{metric}.{statistic}": spread._asdict()
                    for (metric, statistic), spread in sorted(entry.rows.items())
                },
                "workload": workload_hash(entry.key),
            }
            for entry in self.entries
        ]
        return render({_MARK: FORMAT, "tool": tool, "entries": rows}) + b"\n"


def key_of(run: Run) -> dict[str, Json]:
    """The set-up of a run: what its noise depends on, beside its number of requests."""
    return {name_of(place): value for place, value in setup_of(run).items() if place not in (*TOLD, *COUNTS)}


def _leaves_out_warm_up(run: Run) -> bool:
    """Whether a run is a later trial without a warm-up."""
    return (trial_of(run) or 0) > 0 and _WARM_UP not in key_of(run)


def _without_warm_up(key: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in key.items() if name != _WARM_UP}


_WARM_UP: Final = name_of("warm-up")


def workload_hash(key: Mapping[str, Json]) -> str:
    """A short name for a key, to tell profiles apart by."""
    from hashlib import sha256

    return sha256(fingerprint(dict(key))).hexdigest()[:12]


def family_of(run: Run) -> str:
    """The release family of AIPerf that measured a run: `0.13` for 0.13.0.dev20261023; empty if it is not told."""
    release = run.facts.get("aiperf_version")
    return ".".join(release.split(".")[:2]) if type(release) is str else ""


def length_of(run: Run) -> int | None:
    """How many requests of a run succeeded, which its noise depends on; None where it does not say so."""
    return run.requests.succeeded or None


# --- learning ------------------------------------------------------------------------------------------------


def learn(runs: Iterable[Run]) -> Profile:
    """The noise of repeated runs, each configuration for itself.

    Raises:
        UsageError: no configuration has three runs of one length.
    """
    groups = _groups(runs)
    entries = [entry for group in groups.values() if (entry := _entry_of(group))]
    if not entries:
        most = max((len(group) for group in groups.values()), default=0)
        raise UsageError(
            f"the most runs of one configuration are {most}",
            expected=f"at least {MIN_RUNS} of as many requests to learn their noise from",
        )
    return Profile(tuple(entries))


def _groups(runs: Iterable[Run]) -> dict[bytes, list[Run]]:
    """The runs of each configuration; later trials that left out the warm-up of the first one are with that."""
    groups: dict[bytes, list[Run]] = defaultdict(list)
    later: dict[bytes, list[Run]] = defaultdict(list)
    for run in runs:
        kind = later if _leaves_out_warm_up(run) else groups
        kind[fingerprint([key_of(run), family_of(run)])].append(run)
    for name, others in later.items():
        warm = [
            group
            for group in groups.values()
            if fingerprint([_without_warm_up(key_of(group[0])), family_of(group[0])]) == name
        ]
        # The first trial may be gone, or of a configuration without a warm-up: then they are one of their own.
        (warm[0] if len(warm) == 1 else groups[name]).extend(others)
    return groups


def _entry_of(group: Sequence[Run]) -> Entry | None:
    """What the runs of one configuration tell; None if there are fewer than three of any length."""
    # Slow to import, and to apply a profile does not need it.
    from statistics import fmean, variance

    lengths: dict[int | None, list[Run]] = defaultdict(list)
    for run in group:
        lengths[length_of(run)].append(run)
    repeated = {length: runs for length, runs in lengths.items() if len(runs) >= MIN_RUNS}
    if not repeated:
        return None
    by_length = {length: _logs(runs) for length, runs in repeated.items()}
    # In the longest runs, the variation between runs stands out most from that of their requests.
    main = max(repeated, key=lambda length: (length or 0, len(repeated[length])))
    alone = request_variances(repeated[main])
    rows: Rows = {}
    for name, logs in by_length[main].items():
        others = {length: found[name] for length, found in by_length.items() if length != main and name in found}
        request = _request_variance(main, logs, others) if others else alone.get(name)
        rows[name] = Spread(math.sqrt(variance(logs)), len(logs) - 1, fmean(logs), main, request)
    newest = max((str(run.facts.get("start_time") or "") for run in repeated[main]), default="")
    return Entry(key_of(group[0]), family_of(group[0]), len(repeated[main]), main, newest, rows)


def _logs(runs: Sequence[Run]) -> dict[tuple[str, str], list[float]]:
    """The logarithms of every statistic that all runs have, and that is positive in all."""
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for run in runs:
        for tag, block in run.blocks.items():
            for statistic, value in block.values.items():
                if value > 0:
                    values[tag, statistic].append(math.log(value))
    return {name: logs for name, logs in values.items() if len(logs) == len(runs)}


def _request_variance(
    requests: int | None, logs: Sequence[float], others: Mapping[int | None, Sequence[float]]
) -> float | None:
    """The variance that one request alone would have, from runs of two lengths or more; None if nothing tells it.

    Of two lengths, the variances differ by it times the difference of 1 / requests; of more, the farthest apart count.
    """
    known = {length: values for length, values in others.items() if length}
    if not requests or not known:
        return None
    length = min(known)
    from statistics import variance

    return max(0.0, (variance(known[length]) - variance(logs)) / (1 / length - 1 / requests))


# --- reading -------------------------------------------------------------------------------------------------


def load_profile(path: str) -> Profile:
    """Read a profile file.

    Raises:
        MigratorError: unreadable, not a profile, or of another format; with the file's name.
    """
    try:
        rows = parse(read_bytes(path)).data
        if type(rows) is not dict or _MARK not in rows:
            raise UsageError("is not a noise profile", expected="a file that `noise learn` wrote")
        if rows[_MARK] == 1:
            raise UsageError(
                "has noise format 1, which does not say how many requests its runs had",
                expected=f"format {FORMAT}",
                hint="learn it again from the same runs: noise learn RUN… -o FILE",
            )
        if rows[_MARK] != FORMAT:
            raise UsageError(f"has noise format {rows[_MARK]}", expected=f"format {FORMAT}")
        return Profile(tuple(map(_read_entry, rows["entries"])), path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"is damaged: {type(error).__name__} {error}", file=path) from error
    except MigratorError as error:
        error.file = error.file or path
        raise


def _read_entry(row: dict[str, Any]) -> Entry:
    requests = row["requests"]
    return Entry(
        dict(row["key"]),
        str(row["family"]),
        int(row["runs"]),
        None if requests is None else int(requests),
        str(row["newest"]),
        _read_rows(row["rows"]),
    )


def _read_rows(rows: dict[str, Any]) -> Rows:
    found: Rows = {}
    for name, row in rows.items():
        former, _, statistic = name.rpartition(".")
        metric = current(former)
        spread = Spread(float(row["sd"]), int(row["df"]), float(row["mean"]), row["requests"], row["request"])
        numbers = [spread.sd, spread.mean, *([spread.request] if spread.request is not None else [])]
        whole = spread.requests is None or (type(spread.requests) is int and spread.requests > 0)
        if not (former and all(map(math.isfinite, numbers)) and spread.sd >= 0 and spread.df >= 1 and whole):
            raise ValueError(name)
        if metric == former or (metric, statistic) not in found:
            found[metric, statistic] = spread
    return found


def age_in_days(newest: str, today: date) -> int | None:
    """Days since the newest run of a profile started; None if it does not say."""
    try:
        return (today - date.fromisoformat(newest[:10])).days
    except ValueError:
        return None
