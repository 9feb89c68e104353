"""Whether the last runs hold a change for the worse: the answer of `--fail-on-change`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.diff.comparable import LENGTH_PERCENT
from migrator.diff.policy import MARGINS
from migrator.errors import ExitCode
from migrator.history.sections import Section
from migrator.history.series import FEWEST, Redefined, Series, length_changes
from migrator.history.words import change_words, levels_words, when
from migrator.render.text import plural
from migrator.values import NamedTuple


class Reason(NamedTuple):
    """Why the answer is not "no change": the exit code that it asks for, and a sentence."""

    code: ExitCode
    text: str


def reasons(sections: Sequence[Section], last: int, untimed: int = 0) -> list[Reason]:
    """Why the last runs of each workload do not pass; empty if they do.

    Args:
        sections: the workloads.
        last: how many runs of each are looked at.
        untimed: how many runs were left out as they do not tell when they started: they may be the newest.
    """
    if not sections:
        return [Reason(ExitCode.UNDECIDABLE, "there is no run to judge")]
    found = []
    if untimed:
        text = f"{plural(untimed, 'run')} without the time of the start may be among the newest"
        found.append(Reason(ExitCode.UNDECIDABLE, text))
    for section in sections:
        of_section = list(_of_section(section, last))
        if section.by_name and not any(reason.code is ExitCode.NO for reason in of_section):
            of_section += _in_doubt(section.by_name, last)
        found += [Reason(code, f"{section.name}: {text}") for code, text in of_section]
    return found


def _in_doubt(by_name: Section, last: int) -> Iterator[Reason]:
    """What would be sure in the order of the names: the newest runs may have a clock that was set back."""
    for reason in _of_section(by_name, last):
        if reason.code is ExitCode.NO:
            text = f"in the order of their names, from which the times differ in few places: {reason.text}"
            yield Reason(ExitCode.UNDECIDABLE, f"{text} (was a clock set?)")


def answer(found: Sequence[Reason]) -> ExitCode:
    """`NO` if a change for the worse is sure, else `UNDECIDABLE` if anything is in doubt, else `OK`."""
    codes = {reason.code for reason in found}
    return ExitCode.NO if ExitCode.NO in codes else ExitCode.UNDECIDABLE if codes else ExitCode.OK


def _of_section(section: Section, last: int) -> Iterator[Reason]:
    newest = section.points[-1]
    if newest.state != "measured":
        code = ExitCode.NO if newest.state == "no request succeeded" else ExitCode.UNDECIDABLE
        yield Reason(code, f"the newest run, {newest.file}: {newest.state}")
    measured = sum(point.state == "measured" for point in section.points)
    if measured < FEWEST or not section.series:
        what = (
            f"{plural(measured, 'run')} with values; {FEWEST} are needed" if section.series else "no run has a metric"
        )
        yield Reason(ExitCode.UNDECIDABLE, what)
        return
    for series in section.series:
        yield from _of_series(section, series, last)
    for change in length_changes(section.points):
        percent = 100 * (change.after / change.before - 1) if change.before else 0.0
        if change.first >= len(section.points) - last and percent < -LENGTH_PERCENT:
            point = section.points[change.first]
            text = f"outputs are {-percent:.0f}% shorter ({change.before:.4g} → {change.after:.4g} tokens)"
            told = f"{text} from {when(section, point)}, {point.file}: as fast with less work is slower"
            yield Reason(ExitCode.UNDECIDABLE, told)


def _of_series(section: Section, series: Series, last: int) -> Iterator[Reason]:
    recent = len(section.points) - last
    for change in series.changes:
        if change.verdict == "worse" and change.first >= recent:
            point = section.points[change.first]
            code = ExitCode.UNDECIDABLE if change.upgrade else ExitCode.NO
            yield Reason(
                code, f"{series.name} {change_words(series, change)} from {when(section, point)}, {point.file}"
            )
    for step in series.redefined:
        if step.is_small and step.first >= recent and _is_worse(series, step):
            told = f"{levels_words(series, step)} is more than a small change of its definition since {step.since}"
            yield Reason(ExitCode.UNDECIDABLE, f"{series.name}: {told} explains")
    if series.newest < FEWEST and series.facing in ("lower", "higher"):
        since = f" since AIPerf {series.redefined[-1].since}" if series.redefined else ""
        yield Reason(
            ExitCode.UNDECIDABLE,
            f"{series.name}: {plural(series.newest, 'run')} of one definition{since}; {FEWEST} are needed",
        )
    measured = [place for place, point in enumerate(section.points) if point.state == "measured"]
    if measured and series.values[measured[-1]] is None:
        yield Reason(ExitCode.UNDECIDABLE, f"{series.name}: not in the newest run, {section.points[measured[-1]].file}")


def _is_worse(series: Series, step: Redefined) -> bool:
    """Whether the levels about a changed definition differ for the worse, by more than `diff` tolerates."""
    before, after = step.levels if series.facing == "lower" else step.levels[::-1]
    return series.facing in ("lower", "higher") and after > before * (1 + MARGINS[series.metric[1]] / 100)
