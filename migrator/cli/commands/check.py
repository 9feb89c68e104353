"""`aiperf-migrate check`: does an export agree with its schema and with itself?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial

from migrator.batch.discover import Source
from migrator.batch.load import Loaded
from migrator.batch.read_files import Looking
from migrator.batch.select import select as select_files
from migrator.check import RULES, Finding, check, select
from migrator.cli.engine import add_engine, add_jobs, farmed, progress, require_engine
from migrator.cli.parser import Parser, selection
from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, UsageError
from migrator.identify import Family
from migrator.render.lines import json_line
from migrator.render.safe import printable
from migrator.render.text import plural, table, wrapped

_HINTS = {Family.GENAI_PERF: ": upgrade makes an AIPerf export of it, which can be"}


def main(arguments: Sequence[str]) -> int:
    """Check each file; exit 1 if anything was found."""
    made = parser()
    options = made.parse_args(arguments)
    if options.explain:
        return _explain(options.explain)
    rules = select(_codes(options.select), _codes(options.ignore))
    if options.rules:
        for line in table((rule.code, rule.severity.value, rule.title) for rule in rules):
            say(line)
        return ExitCode.OK
    if not options.paths:
        made.error("name a file or folder to check")
    require_engine(options)
    return _check_all(options, [rule.code for rule in rules])


def parser() -> Parser:
    """The options of the command."""
    made = Parser(
        "check",
        "Verify exports: their schema, and that they say the same thing everywhere. Nothing is written.",
        "exit codes: 0 nothing found, 1 something found, 4 a file could not be read.",
    )
    made.add_argument(
        "paths", nargs="*", metavar="PATH", help="file, folder (all exports below it), URL of either, or - for stdin"
    )
    made.add_argument("--select", action="append", metavar="CODES", help="only these rules: M001,S or the like")
    made.add_argument("--ignore", action="append", metavar="CODES", help="not these rules")
    made.add_argument("--rules", action="store_true", help="list the rules")
    made.add_argument("--explain", metavar="CODE", help="what a rule means and what to do")
    made.add_json()
    add_jobs(made)
    add_engine(made)
    made.add_selection()
    return made


def _codes(given: list[str] | None) -> list[str]:
    """The codes of an option that may be repeated and may hold several, with commas between."""
    return [code.strip() for part in given or () for code in part.split(",")]


def _check_all(options: argparse.Namespace, codes: Sequence[str]) -> int:
    checked = with_findings = found = failed = others = 0
    worst: int = ExitCode.OK
    work = Looking(partial(_check, codes), options.where)
    with progress(options, "check") as bar:
        for source, findings, error in farmed(options, select_files(options.paths, selection(options)), work):
            bar.advance()
            if error:
                failed += 1
                worst = max(worst, error.exit_code)
                complain(str(error))
                if options.json:
                    say(json_line({"file": source.path, "error": error.as_dict()}))
            elif findings is None or isinstance(findings, Family):
                others += 1
                if findings and source.named:
                    complain(f"{source.path}: {findings.value}, not checked{_HINTS.get(findings, '')}")
            else:
                checked += 1
                with_findings += bool(findings)
                found += len(findings)
                if options.json:
                    say(json_line({"file": source.path, "findings": [finding.as_dict() for finding in findings]}))
                else:
                    for line in _lines(source, findings):
                        say(line)
    if not options.json:
        say(_total(checked, with_findings, found, others, failed))
    return worst or (ExitCode.NO if found else ExitCode.OK)


def _check(codes: Sequence[str], source: Source, loaded: Loaded) -> list[Finding] | Family:
    """The findings in a file; its family, if that is another one than rules are for."""
    del source
    if loaded.identity.family is not Family.EXPORT or loaded.parsed is None:
        return loaded.identity.family
    return check(loaded.parsed, loaded.identity, rules=[RULES[code] for code in codes])


def _lines(source: Source, findings: list[Finding]) -> Iterator[str]:
    """The file's name once, then a finding each: code, place, and on a second line what is wrong."""
    if findings:
        yield printable(source.path)
    for finding in findings:
        yield f"  {finding.code}  {printable(finding.place)}"
        expected = f"; expected {finding.expected}" if finding.expected else ""
        yield from wrapped(printable(f"{finding.found}{expected}"), indent="        ")


def _total(checked: int, with_findings: int, found: int, others: int, failed: int) -> str:
    files = f"{plural(checked, 'export')} checked"
    told = f"{plural(found, 'finding')} in {with_findings}" if found else "nothing found"
    rest = [f"{plural(others, 'other file')} left alone"] if others else []
    rest += [f"{failed} failed"] if failed else []
    return ", ".join([f"{files}: {told}", *rest])


def _explain(code: str) -> int:
    rule = RULES.get(code.upper())
    if rule is None:
        raise UsageError(f"no rule {code}", expected=", ".join(RULES), hint="check --rules lists them")
    say(f"{rule.code}  {rule.title} ({rule.severity.value})")
    for title, text in (("why", rule.why), ("what to do", rule.remedy)):
        say(f"\n{title}:")
        for line in wrapped(text, indent="  "):
            say(line)
    return ExitCode.OK
