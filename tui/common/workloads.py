"""Read the runs behind some paths by workload, in the order of time: what `history` reads. Knows nothing of Textual."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from migrator.batch.read_files import Seen
    from migrator.history.read import Looked
    from migrator.history.sections import Section

Metric = tuple[str, str]
UNTIMED: Final = "without the time of the start"
"""What the note on runs says that have no place in the order of time."""


class Workloads(NamedTuple):
    """The runs of each workload; what was left out, in words; and the files that could not be read.

    Attributes:
        sections: a section a workload.
        notes: what was left out, a sentence each.
        errors: why a file could not be read, one each.
        metrics: what was asked for, by today's names.
    """

    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    errors: tuple[str, ...]
    metrics: tuple[Metric, ...]


def metrics_of(names: Sequence[str]) -> list[Metric]:
    """The metrics of `METRIC.STATISTIC`, by today's names; without any, those that `diff` judges by.

    Raises:
        UsageError: a name that is none.
    """
    from migrator.batch.fields import key_of, statistic_of
    from migrator.diff.policy import ERRORS, HEADLINE
    from migrator.errors import UsageError

    if not names:
        return [*HEADLINE, ERRORS]
    found = []
    for name in names:
        metric = statistic_of(key_of(name))
        if metric is None:
            raise UsageError(f"not a statistic of a metric: {name}", expected="such as time_to_first_token.p99")
        found.append(metric)
    return list(dict.fromkeys(found))


def read_workloads(
    paths: Sequence[str], names: Sequence[str], told: Callable[[int], bool], *, file_times: bool = False
) -> Workloads:
    """The runs behind some paths.

    Args:
        paths: files, and folders of them.
        names: `METRIC.STATISTIC` of the metrics to read; empty for those that `diff` judges by.
        told: called with the number of files read so far; whether to end early.
        file_times: whether the time at which a file was last changed stands for a start that it does not tell.

    Raises:
        MigratorError: a name is not a statistic of a metric.
    """
    from migrator.batch.discover import discover
    from migrator.batch.pool import run, usable_cores
    from migrator.batch.read_files import Looking, each_of
    from migrator.batch.runs import Role, Runs, words
    from migrator.diff.stand_ins import NOT_NEEDED
    from migrator.history.read import looks
    from migrator.history.sections import Collected
    from migrator.render.text import plural
    from tui.common.processes import prepare

    prepare()
    metrics = metrics_of(names)
    runs: Runs[Seen[Looked]] = Runs(lambda seen: (seen.source, seen.found.mark if seen.found else None))
    collected = Collected(metrics)
    errors: list[str] = []
    stopped = False

    def stop() -> bool:
        return stopped

    def seen() -> Iterator[Seen[list[Looked]]]:
        nonlocal stopped
        work = Looking(partial(looks, metrics=metrics, file_times=file_times), details=False)
        for count, each in enumerate(run(discover(paths), work, usable_cores(), stop), 1):
            stopped = stopped or told(count)
            # Lets the screen have its turn.
            time.sleep(0)
            if each.error:
                errors.append(str(each.error))
            else:
                yield each

    for each, role in runs.roles(each_of(seen())):
        if each.found and (role is Role.RUN or each.found.mark is None):
            collected.add(each.found)
    sections = tuple(collected.sections())
    notes = [words(runs.left_out)] if words(runs.left_out) else []
    if collected.not_needed:
        notes.append(f"left out: {plural(len(collected.not_needed), 'file')} about several runs: {NOT_NEEDED}")
    if collected.untimed:
        notes.append(f"left out: {plural(len(collected.untimed), 'run')} {UNTIMED} ({collected.untimed[0]})")
    return Workloads(sections, tuple(notes), tuple(errors), tuple(metrics))
