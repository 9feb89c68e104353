"""A survey as text of 80 columns: histograms, then what a migration would lose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from migrator.batch.survey import OTHERS, Share, Survey
from migrator.chain.steps import NEWEST
from migrator.render.safe import printable
from migrator.render.text import exports_of_runs, plural, table

_BAR: Final = 20
"""Columns of the longest bar."""
_LISTED: Final = 20
"""Lines of a histogram that are printed; `--json` has all."""
_WIDEST: Final = 48
_PLACE: Final = 52
"""Columns of a name in a histogram, and of a place, in lines of 80 columns."""


def lines(survey: Survey) -> Iterator[str]:
    """The survey, line by line."""
    exports = exports_of_runs(survey.exports, survey.runs)
    yield f"{plural(survey.files, 'file')}, {exports}, {survey.bytes / 1e6:.1f} MB"
    yield from _histogram("family", [(kind, count) for kind, count in survey.families.most_common()])
    yield from _histogram("not readable", [(kind, count) for kind, count in survey.errors.most_common()])
    if survey.exports:
        yield from _by_run("version", [(_version(kind), share) for kind, share in survey.versions.in_line()])
        dialects = survey.dialects.in_line()
        yield from _by_run(
            "telemetry dialect",
            [(kind if kind == OTHERS else f"{_version(kind[0])} {kind[1]}", share) for kind, share in dialects],
        )
        yield from _by_run("input_config", survey.configs.items())
        yield from _by_run("written by AIPerf", [(_writer(kind), share) for kind, share in survey.writers.items()])
        yield from _histogram("requests, by run", [(kind.value, count) for kind, count in survey.outcomes_in_order()])
        yield from _prediction(survey)


def _histogram(title: str, rows: list[tuple[str, int]]) -> Iterator[str]:
    if not rows:
        return
    yield f"\n{title}"
    most = max(count for _, count in rows)
    shown = [(str(count).rjust(8), _bar(count, most), _cut(name)) for name, count in rows[:_LISTED]]
    yield from table(shown)
    if len(rows) > _LISTED:
        yield f"{sum(count for _, count in rows[_LISTED:]):>8}  in {len(rows) - _LISTED} more lines (--json has them)"


def _by_run(title: str, rows: list[tuple[str, Share]]) -> Iterator[str]:
    """A histogram of runs; behind a kind the number of its exports, where that is another."""
    named = []
    for name, share in rows:
        exports = f" ({plural(share.files, 'export')})" if share.files != share.runs else ""
        named.append((_cut(name, _WIDEST - len(exports)) + exports, share.runs))
    yield from _histogram(f"{title}, by run", named)


def _bar(count: int, most: int) -> str:
    """A bar for a count; none for zero."""
    return "#" * max(bool(count), round(_BAR * count / (most or 1)))


def _cut(text: str, width: int = _WIDEST) -> str:
    shown = printable(text)
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def _version(versions: Any) -> str:
    return versions if type(versions) is str else " or ".join(versions)


def _writer(kind: Any) -> str:
    if kind == OTHERS:
        return OTHERS
    in_the_file, releases = kind
    if not releases:
        return "unknown (not in the file)"
    if in_the_file:
        return str(releases[0])
    between = releases[0] if len(releases) == 1 else f"{releases[0]} to {releases[-1]}"
    return f"{between} (not in the file)"


def _prediction(survey: Survey) -> Iterator[str]:
    yield f"\nmigration to {survey.to}{' (the newest)' if survey.to == NEWEST else ''}"
    yield f"{survey.would_change:>8}  would change"
    hint = " (--residue saves what is lost)" if survey.would_lose else ""
    yield f"{survey.would_lose:>8}  would lose a value{hint}"
    if survey.not_migratable:
        yield f"{survey.not_migratable:>8}  could not be migrated"
    rows = survey.predicted()
    if not rows:
        return
    yield ""
    head = ("  files", " values", "class", "place")
    body = [
        (str(files).rjust(7), str(values).rjust(7), loss, _cut(where, _PLACE))
        for loss, where, values, files in rows[:_LISTED]
    ]
    yield from table([head, *body])
    if len(rows) > _LISTED:
        yield f"and {len(rows) - _LISTED} more places (--json has them)"
