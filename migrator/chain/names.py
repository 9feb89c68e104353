"""What metrics are called and where they stand, at any version: read off the steps, so that it is declared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from migrator.aiperf.directions import group_of
from migrator.aiperf.metrics import catalogue, is_block
from migrator.aiperf.releases import version_key
from migrator.chain.ops import InDialect, OneWay, Rename, Unnest
from migrator.chain.places import ROOT
from migrator.chain.steps import ENTRY, STEPS
from migrator.jsonfile import Json, Object, Path

_NEAR: Final = 3
"""Names that are proposed at most for one that is not known."""


def current(tag: str) -> str:
    """Today's name of a metric of the run: `time_to_first_token` for `ttft`. Other names are their own."""
    return _today().get(tag, tag)


@cache
def spellings(tag: str) -> tuple[str, ...]:
    """All names of the metric that `tag` is or was a name of: today's, then the former ones, the latest first."""
    name = current(tag)
    return (name, *reversed([former for former, today in _today().items() if today == name]))


def block_of(metrics: Mapping[str, Json], tag: str) -> dict[str, Any] | None:
    """The stats block of a metric, whatever it was called at the version of the document; None if there is none.

    Where a document has several of its names, today's counts, as for a migration.
    """
    return next((block for name in spellings(tag) if is_block(block := metrics.get(name))), None)


def metrics_of(document: Json, version: str) -> Object:
    """The object whose stats blocks are the run's metrics. It may hold other things, too; empty if there is none.

    Args:
        document: a main export, or one of GenAI-Perf.
        version: the schema version of its content.
    """
    node = document
    for key in metrics_path(version):
        node = node.get(key) if type(node) is dict else None
    return node if type(node) is dict and not is_block(node) else {}


@cache
def metrics_path(version: str) -> Path:
    """Where a document of a version has the run's metrics: in an object of their own before a step lifts them out."""
    nested = ((op.key,) for step in STEPS for op in step.ops if type(op) is Unnest and _is_before(version, step.newer))
    return next(nested, ())


def _is_before(version: str, newer: str) -> bool:
    # GenAI-Perf's shape, which sorts before all versions, has no such object.
    return () < version_key(version) < version_key(newer)


def is_known(tag: str) -> bool:
    """Whether a release of AIPerf writes such a metric, under this name or another."""
    return any(name in catalogue() or group_of(name) is not None for name in spellings(tag))


def near(tag: str, held: Iterable[str] = ()) -> list[str]:
    """Today's names of known metrics, and of those that files hold, that `tag` may be meant for; the nearest first."""
    # Slow to import, and only for an error.
    from difflib import get_close_matches

    candidates = {*catalogue(), *filter(is_known, _today()), *held}
    return list(dict.fromkeys(map(current, get_close_matches(tag, candidates, _NEAR))))


@cache
def _today() -> dict[str, str]:
    """Former name of a metric → today's, in the order of the line; a rename of a new name carries the old ones on."""
    names: dict[str, str] = {}
    for step in (ENTRY, *STEPS):
        for op in step.ops:
            rename = op.of if isinstance(op, (InDialect, OneWay)) else op
            if not isinstance(rename, Rename) or rename.at != ROOT:
                continue
            names = {former: rename.table.get(name, name) for former, name in names.items()} | rename.table
            for name in rename.table.values():
                names.pop(name, None)  # It is in use again, and means what it means now.
    return names
