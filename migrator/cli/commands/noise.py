"""`aiperf-migrate noise learn`: how much runs of one configuration differ by themselves."""

from __future__ import annotations

from migrator._version import __version__
from migrator.cli.parser import Parser, require_local
from migrator.cli.streams import complain, say_as_it_is
from migrator.diff.noise import learn
from migrator.diff.sides import load_side
from migrator.errors import ExitCode, UsageError
from migrator.files.disk import write_atomic
from migrator.render.text import plural


class Options:
    """What the command line says."""

    action: str
    paths: list[str]
    output: str | None
    force: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Learn the run-to-run noise of repeated runs, each workload, GPU and AIPerf release for\n"
        "itself. Records beside the runs, or runs of two lengths, make it hold for other lengths.\n"
        "`diff --noise FILE` then judges single runs by it.",
    )
    parser.add_argument("action", choices=("learn",), help="learn: write a profile of the runs that follow")
    parser.add_argument("paths", nargs="+", metavar="RUN", help="exports, or folders of them; three or more of a kind")
    parser.add_output("write the profile here")
    parser.add_argument("--force", action="store_true", help="overwrite an existing profile")
    return parser


def run(options: Options) -> int:
    """Learn a profile and write it."""
    require_local(options.output, "-o")
    side = load_side(options.paths)
    if len(side.runs) < 3:
        raise UsageError(f"{plural(len(side.runs), 'run')} cannot show noise", expected="at least 3 of one kind")
    profile = learn(side.runs)
    content = profile.to_bytes(f"aiperf-migrate {__version__}")
    if options.output:
        write_atomic(options.output, content, overwrite=options.force)
    else:
        say_as_it_is(content.decode())
    kinds = plural(len(profile.entries), "configuration")
    complain(f"learnt {kinds} from {plural(len(side.runs), 'run')}")
    return ExitCode.OK
