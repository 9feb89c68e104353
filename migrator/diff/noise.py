"""Run-to-run noise, learnt from repeated runs of one configuration, so that a single run a side can be judged.

A profile is keyed by what noise depends on: the model, the GPUs and the load. It says nothing about others.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import stdev
from typing import Any, Final, NamedTuple

from migrator.chain.names import current
from migrator.diff.run import Run
from migrator.diff.workload import workload
from migrator.errors import MigratorError, UsageError
from migrator.files.disk import read_bytes
from migrator.jsonfile import Json, fingerprint, parse, render

FORMAT: Final = 1
_MARK: Final = "aiperf_migrate_noise"
_KEY_FACTS: Final = (
    "model",
    "endpoint type",
    "streaming",
    "concurrency",
    "request rate",
    "input length",
    "output length asked for",
    "input file",
)


class Spread(NamedTuple):
    """Standard deviation of the logarithm of a statistic from run to run, and its degrees of freedom."""

    sd: float
    df: int


class Profile(NamedTuple):
    """The noise of one or more configurations: key → (metric, statistic) → spread."""

    entries: tuple[tuple[dict[str, Json], dict[tuple[str, str], Spread]], ...]
    source: str = ""

    def spreads(self, run: Run) -> dict[tuple[str, str], Spread]:
        """What is known about a run's configuration; nothing if it was not learnt."""
        wanted = fingerprint(key_of(run))
        for key, spreads in self.entries:
            if fingerprint(key) == wanted:
                return spreads
        return {}

    def to_bytes(self, tool: str) -> bytes:
        """The content of a profile file."""
        rows = [
            {
                "key": key,
                "metrics": {
                    f"{metric}.{statistic}": {"sd": spread.sd, "df": spread.df}
                    for (metric, statistic), spread in sorted(spreads.items())
                },
            }
            for key, spreads in self.entries
        ]
        return render({_MARK: FORMAT, "tool": tool, "entries": rows}) + b"\n"


def key_of(run: Run) -> dict[str, Json]:
    """Model, GPUs and load of a run."""
    load = workload(run.facts)
    return {**{name: load.get(name) for name in _KEY_FACTS}, "gpus": gpus_of(run)}


def _members(node: Json) -> list[Json]:
    return list(node.values()) if type(node) is dict else []


def gpus_of(run: Run) -> list[str]:
    """The names of a run's GPUs, sorted; empty without telemetry."""
    telemetry = run.facts.get("telemetry_data")
    endpoints = telemetry.get("endpoints") if type(telemetry) is dict else None
    names = []
    for endpoint in endpoints.values() if type(endpoints) is dict else ():
        gpus = endpoint.get("gpus") if type(endpoint) is dict else None
        names += [str(gpu.get("gpu_name")) for gpu in _members(gpus) if type(gpu) is dict]
    return sorted(names)


def learn(runs: Iterable[Run]) -> Profile:
    """The noise of repeated runs, each configuration for itself.

    Raises:
        UsageError: no configuration has three runs or more.
    """
    groups: dict[bytes, list[Run]] = defaultdict(list)
    for run in runs:
        groups[fingerprint(key_of(run))].append(run)
    entries = []
    for group in groups.values():
        if len(group) >= 3 and (spreads := _spreads(group)):
            entries.append((key_of(group[0]), spreads))
    if not entries:
        most = max((len(group) for group in groups.values()), default=0)
        raise UsageError(
            f"the most runs of one configuration are {most}", expected="at least 3 to learn their noise from"
        )
    return Profile(tuple(entries))


def _spreads(runs: Sequence[Run]) -> dict[tuple[str, str], Spread]:
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for run in runs:
        for tag, block in run.blocks.items():
            for statistic, value in block.values.items():
                if value > 0:
                    values[tag, statistic].append(math.log(value))
    return {name: Spread(stdev(logs), len(logs) - 1) for name, logs in values.items() if len(logs) == len(runs) >= 3}


def load_profile(path: str) -> Profile:
    """Read a profile file.

    Raises:
        MigratorError: unreadable, no profile, or of a newer format; with the file's name.
    """
    try:
        rows = parse(read_bytes(path)).data
        if type(rows) is not dict or _MARK not in rows:
            raise UsageError("is not a noise profile", expected="a file that `noise learn` wrote")
        if rows[_MARK] != FORMAT:
            raise UsageError(f"has noise format {rows[_MARK]}", expected=f"format {FORMAT}")
        return Profile(tuple((dict(row["key"]), _read_spreads(row["metrics"])) for row in rows["entries"]), path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"is damaged: {type(error).__name__} {error}", file=path) from error
    except MigratorError as error:
        error.file = error.file or path
        raise


def _read_spreads(rows: dict[str, Any]) -> dict[tuple[str, str], Spread]:
    """The spreads of an entry by today's names. Where a profile has a former name beside it, today's counts."""
    found: dict[tuple[str, str], Spread] = {}
    for key, row in rows.items():
        metric, _, statistic = key.rpartition(".")
        sd, df = float(row["sd"]), int(row["df"])
        if not (metric and math.isfinite(sd) and sd >= 0 and df >= 1):
            raise ValueError(key)
        name = current(metric)
        if name == metric or (name, statistic) not in found:
            found[name, statistic] = Spread(sd, df)
    return found
