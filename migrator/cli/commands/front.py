"""`aiperf-migrate front`: the front of one sweep, and its capacity under goals."""

from __future__ import annotations

from migrator.cli.commands.diff import names, percent
from migrator.cli.display import PagedOptions, add_pager
from migrator.cli.parser import Parser, file_name
from migrator.cli.report import say_json
from migrator.cli.streams import say
from migrator.errors import ExitCode

_ABOUT = """\
Show one sweep: its cells, its front (throughput against interactivity and latency), and
the capacity of the measured cells under goals. `diff SWEEP SWEEP` compares two."""

_EPILOG = """\
exit codes: 0 shown; 3 where a cell, or the whole, is no result, such as a cell of mixed
workloads or with a cancelled run.

  aiperf-migrate front runs/sweep
  aiperf-migrate front runs/sweep --goal 'time_to_first_token.p99<=200'"""


class Options(PagedOptions):
    """What the command line says."""

    paths: list[str]
    by: list[str]
    goal: list[str]
    vary: list[str]
    max_error_percent: float
    json: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    from migrator.diff.policy import MAX_ERROR_PERCENT

    parser = Parser(command, _ABOUT, _EPILOG)
    parser.add_argument("paths", nargs="+", metavar="PATH", type=file_name, help="folder of a sweep, or exports")
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAME",
        help="what cells differ in (default: found); repeatable",
    )
    parser.add_argument(
        "--goal",
        action="append",
        default=[],
        metavar="GOAL",
        help="what a cell must meet to count as capacity: METRIC[.STAT]<=NUMBER, in quotes; repeatable",
    )
    parser.add_argument(
        "--vary", action="append", default=[], metavar="NAME", help="what may differ within a cell; repeatable"
    )
    parser.add_argument(
        "--max-error-percent",
        type=percent,
        default=MAX_ERROR_PERCENT,
        metavar="PERCENT",
        help="percentage of failed requests up to which a cell is a result (default 1)",
    )
    parser.add_json()
    add_pager(parser)
    return parser


def run(options: Options) -> int:
    """Show the sweep."""
    # Slow to import, and not needed for --help.
    from migrator._version import __version__
    from migrator.diff.sides import load_side
    from migrator.diff.sweep.capacity import limits
    from migrator.diff.sweep.single import blocking, one_sweep
    from migrator.render.sweep.single import document, render

    goals = limits(options.goal)
    found = one_sweep(
        load_side(options.paths, stand_ins=True),
        names(options.by),
        goals,
        vary=names(options.vary),
        max_error_percent=options.max_error_percent,
    )
    if options.json:
        say_json("front", document(found, f"aiperf-migrate {__version__}"))
    else:
        for line in render(found):
            say(line)
    return ExitCode.UNDECIDABLE if any(blocking(found)) else ExitCode.OK
