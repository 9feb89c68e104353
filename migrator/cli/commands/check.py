"""`aiperf-migrate check`: does an export agree with its schema and with itself?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from migrator.batch.discover import Names, Source
from migrator.batch.runs import Role, Runs
from migrator.check import RULES, Finding, Severity, select
from migrator.check.privacy import SECRETS
from migrator.check.rule import CheckRule
from migrator.cli.alone import Alone
from migrator.cli.check_files import Checked, Checking
from migrator.cli.display import ColouredOptions, add_color, add_pager, paint
from migrator.cli.engine import EngineOptions, add_engine, add_jobs, progress, require_engine, run_engine, sources
from migrator.cli.parser import Parser
from migrator.cli.report import Report, say_json
from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, NotAnExportError, UsageError
from migrator.identify import MIGRATABLE, advice
from migrator.render.safe import printable
from migrator.render.text import exports_of_runs, plural, table, wrapped


class Options(EngineOptions, ColouredOptions):
    """What the command line says."""

    select: list[str] | None
    ignore: list[str] | None
    rules: bool
    explain: str | None
    json: bool
    allow_empty: bool
    quiet: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Verify exports: against their schema, and for values that contradict each other. Secrets in clear are looked "
        "for in the other files of a run, too. Nothing is written.",
        "exit codes: 0 nothing found (warnings and notes aside), 1 something found, 4 a file could not be read, or\n"
        "none of the files was an export.",
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="file, folder (all exports below it), URL of either, or - for stdin"
    )
    parser.add_argument("--select", action="append", metavar="CODES", help="only these rules, such as M001,S")
    parser.add_argument("--ignore", action="append", metavar="CODES", help="not these rules")
    parser.add_argument("--rules", action="store_true", help="list the rules")
    parser.add_argument("--explain", metavar="CODE", help="what a rule means and what to do")
    parser.add_argument("--allow-empty", action="store_true", help="exit 0 where no file was an export to check")
    parser.add_argument("-q", "--quiet", action="store_true", help="findings and errors only, without the totals")
    parser.add_json()
    add_color(parser)
    add_pager(parser)
    add_jobs(parser)
    add_engine(parser)
    parser.add_selection()
    return parser


def run(options: Options) -> int:
    """Check each file; exit 1 if anything was found."""
    if options.explain:
        return _explain(options.explain, as_json=options.json)
    rules = select(_codes(options.select), _codes(options.ignore))
    if options.rules and options.json:
        for rule in rules:
            _say_rule(rule)
        return ExitCode.OK
    if options.rules:
        for line in table((rule.code, rule.severity.value, rule.title) for rule in rules):
            say(line)
        return ExitCode.OK
    if not options.paths:
        raise UsageError("name a file or folder to check", hint="aiperf-migrate check --help shows how to use it")
    require_engine(options)
    return _check_all(options, [rule.code for rule in rules])


def _codes(given: list[str] | None) -> list[str]:
    """The codes of an option that may be repeated and may hold several, with commas between."""
    return [code.strip() for part in given or () for code in part.split(",")]


def _check_all(options: Options, codes: Sequence[str]) -> int:
    looks = SECRETS in codes
    totals = _Totals("(secrets only)" if looks else "left alone")
    runs: Runs[tuple[Source, Checked]] = Runs(lambda pair: (pair[0], pair[1].mark))
    work = Checking(codes, options.where)
    names = Names.RUN if looks else Names.JSON
    alone = Alone()
    with progress(options, "check", names=names) as bar:
        report = Report(bar)
        results = run_engine(options, sources(options, names=names), work)
        for (source, checked), role in runs.roles(report.found(results, json="check" if options.json else "")):
            totals.add(checked, is_run=role is Role.RUN)
            alone.look(source)
            if checked.family not in MIGRATABLE and not checked.findings:
                if source.named:
                    looked = "not checked but for secrets" if looks else "not checked"
                    told = f"; {told}" if (told := advice(checked.family)) else ""
                    complain(f"{source.path}: {checked.family.value}, {looked}{told}")
            elif options.json:
                say_json("check", {"file": source.path, "findings": [found.as_dict() for found in checked.findings]})
            else:
                for line in _lines(source, checked.findings):
                    say(paint(line, "findings"))
    if not options.json and not options.quiet:
        say(totals.line(failed=report.failed))
    if totals.exports:
        alone.tell()
    if not totals.exports and not totals.findings and not report.failed and not options.allow_empty:
        from migrator.batch.instead import instead

        raise NotAnExportError(
            f"nothing was checked{instead(options.paths)}",
            expected="an export of AIPerf or GenAI-Perf among the files",
            hint="--allow-empty accepts that there is none",
        )
    return report.worst or (ExitCode.NO if totals.findings else ExitCode.OK)


def _lines(source: Source, findings: list[Finding]) -> Iterator[str]:
    """The file's name once, then a finding each: code, place, and on a second line what is wrong."""
    if findings:
        yield printable(source.path)
    for finding in findings:
        kind = "" if finding.severity is Severity.ERROR else f" ({finding.severity})"
        yield f"  {finding.code}  {printable(finding.place)}{kind}"
        expected = f"; expected {finding.expected}" if finding.expected else ""
        yield from wrapped(printable(f"{finding.found}{expected}"), indent="        ")


class _Totals:
    """The numbers of the last line; `findings` are those that make the command fail: errors."""

    def __init__(self, looked: str) -> None:
        self.exports = 0
        self.findings = 0
        self._warnings = 0
        self._notes = 0
        self._runs = 0
        self._files_with_findings = 0
        self._other_files = 0
        self._looked = looked

    def add(self, checked: Checked, *, is_run: bool) -> None:
        """Count a file that was read, and a run unless it is a phase or a copy of another's."""
        severities = Counter(finding.severity for finding in checked.findings)
        findings = severities[Severity.ERROR]
        self.findings += findings
        self._warnings += severities[Severity.WARNING]
        self._notes += severities[Severity.NOTE]
        self._files_with_findings += bool(findings)
        if checked.family in MIGRATABLE:
            self.exports += 1
            self._runs += is_run
        else:
            self._other_files += 1

    def line(self, *, failed: int) -> str:
        """All of it, and how many files could not be read."""
        checked = f"{exports_of_runs(self.exports, self._runs)} checked"
        found = "no error" if self._warnings else "nothing found"
        if self.findings:
            found = f"{plural(self.findings, 'finding')} in {self._files_with_findings}"
        first = f"{checked}: {found}" if self.exports or self.findings else "nothing was checked"
        rest = [plural(self._warnings, "warning")] if self._warnings else []
        rest += [plural(self._notes, "note")] if self._notes else []
        rest += [f"{plural(self._other_files, 'other file')} {self._looked}"] if self._other_files else []
        rest += [f"{failed} failed"] if failed else []
        return ", ".join([first, *rest])


def _say_rule(rule: CheckRule) -> None:
    row = {"code": rule.code, "severity": rule.severity.value, "title": rule.title}
    say_json("rules", row | {"why": rule.why, "remedy": rule.remedy})


def _explain(code: str, *, as_json: bool) -> int:
    rule = RULES.get(code.upper())
    if rule is None:
        raise UsageError(f"no rule {code}", expected=", ".join(RULES), hint="check --rules lists them")
    if as_json:
        _say_rule(rule)
        return ExitCode.OK
    say(f"{rule.code}  {rule.title} ({rule.severity.value})")
    for title, text in (("why", rule.why), ("what to do", rule.remedy)):
        say(f"\n{title}:")
        for line in wrapped(text, indent="  "):
            say(line)
    return ExitCode.OK
