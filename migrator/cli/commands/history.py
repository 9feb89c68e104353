"""`aiperf-migrate history`: the runs of each workload in the order of time, and where their metrics changed."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Final

from migrator.batch.fields import key_of, statistic_of
from migrator.batch.read_files import Looking, Seen, each_of
from migrator.batch.runs import Role, Runs, words
from migrator.batch.select import require_fields
from migrator.cli.alone import Alone
from migrator.cli.display import PagedOptions, add_pager
from migrator.cli.engine import BatchOptions, add_jobs, progress, run_local, sources
from migrator.cli.forms import form_of
from migrator.cli.parser import Parser, require_local, selection
from migrator.cli.report import Report
from migrator.cli.streams import complain, say, say_as_it_is
from migrator.diff.policy import ERRORS, HEADLINE
from migrator.diff.stand_ins import NOT_NEEDED
from migrator.documents import stamped
from migrator.errors import ExitCode, UsageError
from migrator.history.judge import answer, reasons
from migrator.history.read import Looked, Metric, looks
from migrator.history.sections import Collected, Section
from migrator.render.text import plural
from migrator.table.columns import unproven

_ABOUT: Final = """\
The runs of each workload in the order of time, whatever releases of AIPerf wrote them: a
line a metric, and the runs from which its level is another. Runs whose metric is computed
otherwise by their release are not compared with each other; upgrades are marked."""

_EPILOG: Final = """\
exit codes with --fail-on-change: 1 if the last runs of a workload hold a change for the worse, or the
newest has no successful request; 3 if that cannot be told: the change is where AIPerf was upgraded, the
newest run was cancelled or lacks a metric, or fewer than 8 runs are of the newest definition.

A run is left out if it does not tell when it started, and --file-times is not given. Aggregates and the
other files about several runs, which tell no time, stand for runs that are gone: their means are values."""

_LAST: Final = 10
_ENDINGS: Final = {".txt": "text", ".json": "json", ".jsonl": "json", ".html": "html"}


class Options(BatchOptions, PagedOptions):
    """What the command line says."""

    metric: list[str]
    format: str | None
    json: bool
    fail_on_change: bool
    last: int | None
    file_times: bool
    output: str | None
    force: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, _ABOUT, _EPILOG)
    parser.add_paths()
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="METRIC.STAT",
        help="time_to_first_token.p99; repeatable (default: what diff judges by)",
    )
    parser.add_argument(
        "--format", choices=("text", "json", "html"), help="form (default: as the name of -o says, else text)"
    )
    parser.add_argument("--json", action="store_true", help="the same as --format json: a document a workload")
    parser.add_argument(
        "--fail-on-change", action="store_true", help="exit with 1 if the last runs hold a change for the worse"
    )
    parser.add_argument("--last", type=_count, metavar="N", help=f"with --fail-on-change: these runs (default {_LAST})")
    parser.add_argument(
        "--file-times", action="store_true", help="take the time of the file for runs that do not tell their start"
    )
    parser.add_output("write it here: .txt, .json or .html")
    parser.add_argument("--force", action="store_true", help="overwrite an existing output")
    add_pager(parser)
    add_jobs(parser)
    parser.add_selection()
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**6:
        raise argparse.ArgumentTypeError(f"not a number of runs: {text!r}; expected 1 to 1000000")
    return int(text)


def run(options: Options) -> int:
    """Show the history; the exit code says whether every file could be read, and what `--fail-on-change` asks."""
    if options.last is not None and not options.fail_on_change:
        raise UsageError("--last goes with --fail-on-change")
    require_local(options.output, "-o")
    if options.json and options.format not in (None, "json"):
        raise UsageError(f"--json and --format {options.format} contradict each other", hint="leave one of them out")
    form = form_of("json" if options.json else options.format, options.output, _ENDINGS, "text")
    metrics = _metrics(options)
    with progress(options, "history", options.output) as bar:
        report = Report(bar)
        sections, untimed = _sections(options, metrics, report)
    _write(options, form, sections)
    if not sections:
        from migrator.batch.instead import instead

        complain(f"no runs found{instead(options.paths)}")
    if not options.fail_on_change:
        return report.worst
    found = reasons(sections, options.last or _LAST, untimed)
    for reason in found:
        complain(("" if reason.code == ExitCode.NO else "undecided: ") + reason.text)
    return max(report.worst, answer(found))


def _metrics(options: Options) -> list[Metric]:
    """The metrics that are asked for, by today's names.

    Raises:
        UsageError: not a statistic of a metric, or of one that no file has.
    """
    if not options.metric:
        return [*HEADLINE, ERRORS]
    names = [key_of(name) for name in options.metric]
    found = []
    for name, key in zip(options.metric, names, strict=True):
        metric = statistic_of(key)
        if metric is None:
            raise UsageError(
                f"{name!r} is not a statistic of a metric",
                expected="METRIC.STATISTIC, such as time_to_first_token.p99",
                file="--metric",
            )
        found.append(metric)
    require_fields(unproven(names), options.paths, selection(options), "--metric")
    return list(dict.fromkeys(found))


def _sections(options: Options, metrics: list[Metric], report: Report) -> tuple[list[Section], int]:
    """The workloads, and how many runs do not tell when they started."""
    work = Looking(partial(looks, metrics=metrics, file_times=options.file_times), options.where, details=False)
    runs: Runs[Seen[Looked]] = Runs(lambda seen: (seen.source, seen.found.mark if seen.found else None))
    collected = Collected(metrics)
    results = run_local(options, sources(options, (options.output,)), work)
    alone = Alone()
    for (source, found, _), role in runs.roles(each_of(report.each(results))):
        alone.look(source)
        if found and (role is Role.RUN or found.mark is None):
            collected.add(found)
    sections = collected.sections()
    if collected.not_needed:
        complain(f"left out: {plural(len(collected.not_needed), 'file')} about several runs: {NOT_NEEDED}")
    if collected.untimed or sections:
        alone.tell()
    if collected.untimed:
        left, first = collected.untimed, collected.untimed[0]
        complain(
            f"left out: {plural(len(left), 'run')} without the time of the start ({first}{', …' * (len(left) > 1)});"
            " --file-times takes that of the file"
        )
    if told := words(runs.left_out):
        complain(told)
    return sections, len(collected.untimed)


def _write(options: Options, form: str, sections: list[Section]) -> None:
    if options.output:
        from migrator.files.disk import write_atomic

        write_atomic(
            options.output, _rendered(form, sections).encode(errors="backslashreplace"), overwrite=options.force
        )
    elif form == "html":
        say_as_it_is(_rendered(form, sections))
    else:
        for line in _lines(form, sections):
            say(line)


def _rendered(form: str, sections: list[Section]) -> str:
    if form != "html":
        return "".join(f"{line}\n" for line in _lines(form, sections))
    from migrator.history.html import render

    return render(sections)


def _lines(form: str, sections: list[Section]) -> list[str]:
    if form == "json":
        from migrator.history.report import as_dict
        from migrator.render.lines import json_line

        return [json_line(stamped("history", as_dict(section))) for section in sections]
    from migrator.history.text import lines

    found: list[str] = []
    for section in sections:
        found += ["", *lines(section)] if found else list(lines(section))
    return found
