"""`aiperf-migrate diff`: compare two runs, or two groups of runs."""

from __future__ import annotations

import gc
import os
from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal

from migrator.cli.display import ColouredOptions, add_color, add_pager, paint
from migrator.cli.forms import form_of
from migrator.cli.parser import Parser, file_name, require_local
from migrator.cli.report import say_json
from migrator.cli.streams import complain, say, say_as_it_is
from migrator.errors import ExitCode, UsageError
from migrator.render.text import plural

if TYPE_CHECKING:
    from migrator.diff.noise import Profile
    from migrator.diff.policy import Policy
    from migrator.diff.receipt import Receipt
    from migrator.diff.sides import LoadedSide

FORMATS: Final = ("text", "markdown", "html", "junit", "github", "json")
_ENDINGS: Final = {".txt": "text", ".md": "markdown", ".html": "html", ".xml": "junit", ".json": "json"}

_ABOUT = """\
Compare two runs, or two groups of repeated runs, metric by metric, whatever releases
wrote them. A folder is a group of runs; two sweeps are compared cell by cell. After two
revisions and `--`, paths are read from git; after one, that revision is compared with
the files as they are now."""

_EPILOG = """\
exit codes: 0 compared, or every gated row is shown to be no worse; with --fail-on,
--policy, --exit-code or --inconclusive 1 for a regression and 3 where the evidence does
not decide or the sides are not comparable.

  aiperf-migrate diff old.json new.json
  aiperf-migrate diff runs/base runs/candidate --fail-on request_latency.p99:5
  aiperf-migrate diff --base a.json b.json c.json --cand d.json e.json f.json
  aiperf-migrate diff sweeps/base sweeps/candidate --goal 'time_to_first_token.p99<=200'
  aiperf-migrate diff main HEAD --exit-code -- results/"""


class Options(ColouredOptions):
    """What the command line says; `paths` are those after `--` (None: there is none)."""

    sides: list[str]
    base: list[str] | None
    cand: list[str] | None
    fail_on: list[str]
    policy: str | None
    inconclusive: Literal["pass", "fail"] | None
    max_error_percent: float | None
    vary: list[str]
    by: list[str]
    goal: list[str]
    exit_code: bool
    noise: str | None
    prove: bool
    plan: float | None
    all: bool
    verbose: bool
    quiet: bool
    format: str | None
    json: bool
    output: str | None
    force: bool
    paths: list[str] | None


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, _ABOUT, _EPILOG, after_dashes="paths")
    parser.add_argument("sides", nargs="*", metavar="BASE CAND", help="two files, folders, or revisions")
    parser.add_argument("--base", nargs="+", type=file_name, metavar="PATH", help="the runs of the baseline")
    parser.add_argument("--cand", nargs="+", type=file_name, metavar="PATH", help="the runs of the candidate")
    parser.add_argument(
        "--fail-on", action="append", default=[], metavar="RULE", help="METRIC[.STAT]:PERCENT[:FLOOR]; repeatable"
    )
    parser.add_argument("--policy", type=file_name, metavar="FILE", help="rules and waivers, as TOML")
    parser.add_argument(
        "--inconclusive",
        choices=("pass", "fail"),
        help="what an undecided gate means: exit 0 or 1 instead of 3",
    )
    parser.add_argument(
        "--max-error-percent",
        type=percent,
        metavar="POINTS",
        help="percentage points of failed requests, more than the baseline's, that are still no more (default 1)",
    )
    _add_of_sweeps(parser)
    parser.add_argument("--exit-code", action="store_true", help="gate on the headline metrics without other rules")
    parser.add_argument("--noise", type=file_name, metavar="FILE", help="judge single runs by what `noise learn` wrote")
    parser.add_argument("--prove", action="store_true", help="show that every gate can fail, by injecting changes")
    parser.add_argument(
        "--plan",
        type=percent,
        metavar="PERCENT",
        help="how many runs a side a change of so much needs, from the noise of these runs or of --noise",
    )
    parser.add_argument("--all", action="store_true", help="also volatile differences: identifiers, times, folders")
    much = parser.add_mutually_exclusive_group()
    much.add_argument("-v", "--verbose", action="store_true", help="all rows")
    much.add_argument("-q", "--quiet", action="store_true", help="the verdict, and warnings")
    parser.add_argument(
        "--format", choices=FORMATS, help="how to show the receipt (default: as the name of -o says, else text)"
    )
    parser.add_argument(
        "--json", action="store_true", help="the receipt itself on one line; --format json has it in many"
    )
    parser.add_output("write the report here: .txt, .md, .html, .xml or .json")
    parser.add_argument("--force", action="store_true", help="overwrite an existing output")
    add_color(parser)
    add_pager(parser)
    parser.takes("policy", "noise")
    return parser


def _add_of_sweeps(parser: Parser) -> None:
    """What may differ, what cells differ in, and what they must meet."""
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME",
        help="what differs on purpose, such as gpus,concurrency or endpoint.timeout; repeatable",
    )
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="NAME",
        help="what the cells of two sweeps differ in, such as concurrency,isl (default: found); repeatable",
    )
    parser.add_argument(
        "--goal",
        action="append",
        default=[],
        metavar="GOAL",
        help="of sweeps, what a cell must meet to count as capacity: METRIC[.STAT]<=NUMBER, in quotes; repeatable",
    )


def percent(text: str) -> float:
    """A percentage of an option.

    Raises:
        ArgumentTypeError: not a number from 0 to 100.
    """
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise ArgumentTypeError(f"expected a percentage from 0 to 100, found {text!r}")
    return value


def run(options: Options) -> int:
    """Compare and render; with gates the exit code is the verdict."""
    # What a comparison makes it keeps to its end: to look for garbage in it takes a fifth of the time of large ones.
    gc.disable()
    for option, name in (("-o", options.output), ("--policy", options.policy), ("--noise", options.noise)):
        require_local(name, option)
    if options.json and options.format not in (None, "json"):
        raise UsageError(f"--json and --format {options.format} contradict each other", hint="leave one of them out")
    form = form_of("json" if options.json else options.format, options.output, _ENDINGS, "text")
    base, candidate = _sides(options)
    policy = _policy(options)
    if options.prove or options.plan is not None:
        from migrator.diff.sweep.choose import require_one_cell

        require_one_cell((base, candidate), policy, "--prove" if options.prove else "--plan")
    if options.prove:
        return _prove(base, policy, as_json=form == "json")
    # Slow to import, and not needed for --help.
    from migrator.diff.noise import load_profile
    from migrator.diff.sweep.choose import Ask, compare_any

    noise = load_profile(options.noise) if options.noise else None
    if options.plan is not None:
        return _plan(options, (base, candidate), policy, noise, as_json=form == "json")
    ask = Ask(names(options.by), options.goal)
    receipt = compare_any(base, candidate, policy, ask, noise=noise, everything=options.all)
    text = _rendered(receipt, form, verbose=options.verbose, one_line=options.json)
    if form == "text":
        text = text.partition("\n\n")[0].rstrip("\n") + "\n" if options.quiet else text
        text = text if options.output else paint(text, "comparison")
    _write(options, text)
    for waiver in receipt.gate.expired_waivers:
        complain(f"the waiver for {waiver} has expired")
    asked = options.policy or options.fail_on or options.exit_code or options.inconclusive
    return _exit_code(receipt, options) if asked else ExitCode.OK


def _sides(options: Options) -> tuple[LoadedSide, LoadedSide]:
    from migrator.diff.sides import load_side

    if options.paths == []:
        raise UsageError("nothing follows --", expected="a path in the repository")
    if options.plan is not None and options.base and not (options.cand or options.sides or options.paths):
        one = load_side(options.base)
        return one, one
    if options.base or options.cand:
        if options.sides or options.paths or not (options.base and options.cand):
            raise UsageError("--base and --cand go together, and with nothing else", hint="diff --help")
        return load_side(options.base, stand_ins=True), load_side(options.cand, stand_ins=True)
    if options.paths:
        return _from_git(options.sides, options.paths)
    if options.plan is not None and len(options.sides) == 1:
        one = load_side(options.sides)
        return one, one
    if len(options.sides) != 2:
        raise UsageError(
            f"{plural(len(options.sides), 'side')} named", expected="a baseline and a candidate", hint="diff --help"
        )
    return load_side([options.sides[0]], stand_ins=True), load_side([options.sides[1]], stand_ins=True)


def _from_git(revisions: list[str], paths: list[str]) -> tuple[LoadedSide, LoadedSide]:
    from migrator.diff.sides import load_side

    if len(revisions) not in (1, 2):
        raise UsageError("expected one or two revisions, --, and paths", hint="diff REV [REV] -- PATH…")
    sides = [_revision(revision, paths) for revision in revisions]
    return sides[0], sides[1] if len(sides) == 2 else load_side(paths, stand_ins=True)


def _revision(revision: str, paths: list[str]) -> LoadedSide:
    """The runs of a revision behind some paths: files are runs, folders hold the runs of one side."""
    from functools import partial

    from migrator.batch.discover import Source
    from migrator.diff.sides import Readable, collect, nearest_first
    from migrator.diff.stand_ins import runs_in_bytes
    from migrator.git.revisions import contents, exports

    def files() -> Iterator[Readable]:
        for path in paths:
            blobs, named = exports(revision, path, os.getcwd())
            sources = {blob: Source(f"{revision}:{blob.path}", blob.path, named=named) for blob in blobs}
            ordered = sorted(blobs, key=lambda blob: nearest_first(sources[blob]))
            for blob, raw in contents(revision, ordered, os.getcwd()):
                yield sources[blob], partial(runs_in_bytes, raw, sources[blob].path)

    return collect([f"{revision}:{path}" for path in paths], files())


def _policy(options: Options) -> Policy:
    from migrator.diff.policy import Policy, from_file, from_options
    from migrator.values import replace

    policy = from_file(options.policy) if options.policy else Policy()
    rules = from_options(options.fail_on)
    points = policy.max_error_percent if options.max_error_percent is None else options.max_error_percent
    vary = tuple(dict.fromkeys((*policy.vary, *names(options.vary))))
    return replace(policy, rules=(*policy.rules, *rules), max_error_percent=points, vary=vary)


def names(options: list[str]) -> list[str]:
    """The names in options that take several, separated by commas."""
    return [name.strip() for option in options for name in option.split(",") if name.strip()]


def _rendered(receipt: Receipt, form: str, *, verbose: bool, one_line: bool) -> str:
    """The receipt in one of the formats, whose renderer alone is imported; `one_line` is for JSON."""
    if form == "json":
        # To look for plugins takes pydantic a tenth of the start-up, and a receipt must not depend on any.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        from migrator.diff.receipt import to_json
        from migrator.render.lines import harmless_json

        return harmless_json(to_json(receipt, one_line=one_line))
    from importlib import import_module

    room = "sweep" if receipt.sweep else "comparison"
    renderer = import_module(f"migrator.render.{room}.{form}")
    text: str = renderer.render(receipt, verbose=verbose) if form == "text" else renderer.render(receipt)
    return text if text.endswith("\n") else text + "\n"


def _write(options: Options, text: str) -> None:
    if not options.output:
        say_as_it_is(text)
        return
    from migrator.files.disk import write_atomic

    write_atomic(options.output, text.encode(errors="backslashreplace"), overwrite=options.force)


def _exit_code(receipt: Receipt, options: Options) -> int:
    verdict = receipt.verdict.value
    if verdict == "regression":
        return ExitCode.NO
    if verdict == "inconclusive" and options.inconclusive:
        return ExitCode.OK if options.inconclusive == "pass" else ExitCode.NO
    if verdict in ("inconclusive", "incomparable"):
        return ExitCode.UNDECIDABLE
    return ExitCode.OK


def _plan(
    options: Options, sides: tuple[LoadedSide, LoadedSide], policy: Policy, noise: Profile | None, *, as_json: bool
) -> int:
    """How many runs a change needs: a table, or as JSON a row of each gate a line.

    Args:
        options: the command line.
        sides: baseline and candidate, which may be the same.
        policy: what is gated.
        noise: a profile, where one was named.
        as_json: whether the rows are JSON.
    """
    from migrator.diff.plan import plan
    from migrator.diff.statistics.power import MOST_RUNS, POWER
    from migrator.render.text import table

    assert options.plan is not None
    planned = plan(*sides, policy, options.plan, noise)
    if as_json:
        for one in planned:
            say_json("plan", dict(one._asdict()))
        return ExitCode.OK
    rows = [("gate", "margin", "spread", f"to find {options.plan:g} %", "to pass unchanged", "spread from")]
    for one in planned:
        find = "within the margin" if one.within else _runs_a_side(one.to_find)
        spread = f"{one.spread:.2g} %"
        name = f"{one.metric}.{one.statistic}"
        rows.append((name, f"{one.margin:g} %", spread, find, _runs_a_side(one.to_pass), one.rests_on))
    for line in table(rows):
        say(line)
    say(f"Runs a side for {100 * POWER:.0f} % power, up to {MOST_RUNS}; fix the number before the runs.")
    return ExitCode.OK


def _runs_a_side(runs: int | None) -> str:
    from migrator.diff.statistics.power import MOST_RUNS

    return f"{runs} runs" if runs is not None else f"more than {MOST_RUNS}"


def _prove(base: LoadedSide, policy: Policy, *, as_json: bool) -> int:
    from migrator.diff.prove import Proof, prove
    from migrator.render.text import table

    found = list(prove(base, policy))
    if not found:
        raise UsageError("nothing is gated", expected="a gated metric that the baseline has")
    proofs = [proof for proof in found if isinstance(proof, Proof)]
    unproved = [gate for gate in found if not isinstance(gate, Proof)]
    wrong = sum(not proof.holds for proof in proofs)
    code = ExitCode.NO if wrong or unproved else ExitCode.OK
    if as_json:
        for proof in proofs:
            say_json("proof", {**proof._asdict(), "holds": proof.holds})
        for gate in unproved:
            say_json("proof", {"metric": gate.metric, "statistic": gate.statistic, "not_proved": gate.reason})
        return code
    rows = [("gate", "injected", "expected", "verdict", "")]
    for proof in proofs:
        expected = " or ".join(verdict.value for verdict in proof.expected)
        name = f"{proof.metric}.{proof.statistic}"
        rows.append((name, proof.injected, expected, proof.got.value, "ok" if proof.holds else "WRONG"))
    for line in table(rows):
        say(line)
    for gate in unproved:
        say(f"not proved: {gate.metric}.{gate.statistic}: {gate.reason}")
    told = f"{wrong} judged wrongly" if wrong else "all judged as expected"
    more = f", {plural(len(unproved), 'gate')} not proved" if unproved else ""
    say(f"{plural(len(proofs), 'injected change')}: {told}{more}")
    return code
