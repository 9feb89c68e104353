"""What the forms of a history share: times, changes and definitions in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from migrator.history.read import Point
from migrator.history.sections import Section
from migrator.history.series import Change, Redefined, Series
from migrator.render.comparison.numbers import pair, percent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def when(section: Section, point: Point) -> str:
    """`2026-11-24 01:57`, with `Z` where a run of the section names its time zone."""
    return _time(point).strftime("%Y-%m-%d %H:%M") + ("Z" if section.zoned else "")


def iso(point: Point) -> str:
    """`2026-11-24T01:57:36.123456`, in UTC with `Z` where the run names its time zone."""
    return _time(point).replace(tzinfo=None).isoformat() + ("Z" if point.zoned else "")


def _time(point: Point) -> datetime:
    return _EPOCH + timedelta(seconds=point.time or 0.0)


def change_words(series: Series, change: Change) -> str:
    """`+20.1% (142.0 → 170.5 ms), worse`."""
    size = "" if change.percent is None else f"{percent(change.percent)} "
    verdict = {"worse": "worse", "better": "better", "different": "neither better nor worse"}[change.verdict]
    if change.upgrade:
        verdict += f", where AIPerf was upgraded ({change.upgrade}): of the tool or of the system"
    return f"{size}({' → '.join(pair(change.before, change.after))} {series.unit}), {verdict}"


def definitions_told(section: Section, series: Series) -> Iterator[str]:
    """A sentence for each changed definition: from which run on, and that nothing is compared across it."""
    steps: dict[tuple[str, str, str, bool], list[Redefined]] = {}
    for step in series.redefined:
        steps.setdefault(step[1:5], []).append(step)
    for (since, before, after, sure), found in steps.items():
        again = f" and {len(found) - 1} times after it" if len(found) > 1 else ""
        doubt = "" if sure else "; the files do not tell whether that concerns them"
        yield (
            f"{run_words(section, found[0].first)}{again}: definition changed, {levels_words(series, found[0])} is not"
            f" compared (before AIPerf {since}: {before}; since: {after}{doubt})"
        )


def levels_words(series: Series, step: Redefined) -> str:
    """`142.0 → 168.3 ms`: the levels about a changed definition."""
    return f"{' → '.join(pair(*step.levels))} {series.unit}"


def run_words(section: Section, place: int) -> str:
    """`run 26, 2026-10-26 00:00`: counted from 1."""
    return f"run {place + 1}, {when(section, section.points[place])}"
