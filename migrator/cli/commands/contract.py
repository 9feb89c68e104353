"""`aiperf-migrate contract`: whether a reader of exports gets what it needs, from files and from releases."""

from __future__ import annotations

import os
from functools import partial
from typing import Final

from migrator.batch.discover import Source
from migrator.batch.load import Loaded
from migrator.batch.read_files import Looking
from migrator.cli.display import PagedOptions, add_pager
from migrator.cli.engine import BatchOptions, add_jobs, progress, run_local, sources
from migrator.cli.parser import Parser, file_name
from migrator.cli.readers import reader, readers
from migrator.cli.report import Report, say_json
from migrator.cli.streams import complain, say, say_as_it_is
from migrator.contracts.contract import Contract, Missing, is_met, missing
from migrator.contracts.releases import Span, newest_met, spans
from migrator.errors import ExitCode, NotAnExportError, UnreadableError, UsageError
from migrator.identify import MIGRATABLE
from migrator.render.safe import printable
from migrator.render.text import plural, wrapped

_ABOUT: Final = """\
Whether a program that reads exports gets the paths and statistics it needs. A contract is a
TOML file ([reader] with name, needs and wants), or one that comes with the tool, by its name."""
_EPILOG: Final = """\
exit codes: 0 the reader gets what it needs, 1 it does not.

  aiperf-migrate contract list
  aiperf-migrate contract check dynamo-frontend results/
  aiperf-migrate contract versions our-reader.toml
  aiperf-migrate contract infer parse_results.py > our-reader.toml"""


class Options(BatchOptions, PagedOptions):
    """What the command line says. `reader` is the contract, or the source to infer one from."""

    action: str
    reader: str | None
    json: bool
    verbose: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, _ABOUT, _EPILOG)
    parser.add_argument(
        "action",
        choices=("check", "versions", "infer", "list"),
        help="check: each file against a contract; versions: which AIPerf releases write what it needs; infer: make "
        "one from a reader's source (Python, or *.jq); list: the contracts that come with the tool",
    )
    parser.add_argument("reader", nargs="?", metavar="READER", help="the contract: a name, or a TOML file")
    parser.add_argument("paths", nargs="*", metavar="PATH", type=file_name, help="files and folders to check")
    parser.add_json()
    parser.add_argument("-v", "--verbose", action="store_true", help="also what is only wanted, and what absence means")
    add_pager(parser)
    add_jobs(parser)
    parser.add_selection()
    return parser


def run(options: Options) -> int:
    """Do one of the actions; exit 1 if a reader does not get what it needs."""
    if options.action == "list":
        for name in readers():
            if options.json:
                say_json("contract-list", _row_of(reader(name)))
            else:
                say(f"{name:<22}{reader(name).about}")
        return ExitCode.OK
    if options.reader is None:
        raise UsageError(
            f"contract {options.action} needs a name", expected=f"a file, or one of {', '.join(readers())}"
        )
    if options.action == "check":
        if not options.paths:
            raise UsageError("name a file or folder to check", hint="aiperf-migrate contract check READER FILE")
        return _check(reader(options.reader), options)
    if options.paths:
        raise UsageError(f"contract {options.action} takes one name, not {' '.join([options.reader, *options.paths])}")
    return _infer(options.reader) if options.action == "infer" else _versions(reader(options.reader), options)


def _row_of(found: Contract) -> dict[str, object]:
    paths = [{"path": one.path, "required": one.required, "type": one.type} for one in found.paths]
    return {"name": found.name, "about": found.about, "paths": paths}


def _infer(name: str) -> int:
    # Its parts are not needed by the other actions.
    from migrator.contracts.infer import inferred

    try:
        with open(name, encoding="utf-8") as file:
            source = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=name) from error
    say_as_it_is(inferred(source, os.path.basename(name)))
    return ExitCode.OK


# --- files -----------------------------------------------------------------------------------------------------


def _check(of: Contract, options: Options) -> int:
    work = Looking(partial(_lacks, of), options.where)
    unmet = exports = 0
    with progress(options, "contract") as bar:
        report = Report(bar)
        results = run_local(options, sources(options), work)
        for source, lacks in report.found(results, json="contract" if options.json else ""):
            if lacks is None:
                if source.named:
                    complain(f"{source.path}: not an export, left alone")
                continue
            exports += 1
            met = is_met(lacks, of)
            unmet += not met
            if options.json:
                rows = [_row(lack) for lack in lacks]
                say_json("contract", {"file": source.path, "reader": of.name, "met": met, "lacks": rows})
            else:
                _print_file(source, lacks, of, options)
    if not exports and not report.failed:
        raise NotAnExportError("nothing was checked", expected="a main export among the files")
    if not options.json:
        say(f"{plural(exports, 'export')}: {exports - unmet} with all that {of.name} needs, {unmet} without")
    return report.worst or (ExitCode.NO if unmet else ExitCode.OK)


def _lacks(of: Contract, source: Source, loaded: Loaded) -> list[Missing] | None:
    del source
    if loaded.parsed is None or loaded.identity.family not in MIGRATABLE:
        return None
    return missing(loaded.parsed.data, of)


def _print_file(source: Source, lacks: list[Missing], of: Contract, options: Options) -> None:
    shown = [lack for lack in lacks if options.verbose or lack.needed.required or not is_met([lack], of)]
    if not shown:
        return
    say(printable(source.path))
    width = max(len(lack.found) for lack in shown)
    for lack in shown:
        wanted = "" if lack.needed.required else "  (only wanted)"
        absent = f"  {lack.needed.absent}" if options.verbose and lack.needed.absent else ""
        say(f"  {printable(lack.found):<{width}}  {lack.needed.path}{wanted}{absent}")


def _row(lack: Missing) -> dict[str, object]:
    return {
        "path": lack.needed.path,
        "required": lack.needed.required,
        "found": lack.found,
        "absent": lack.needed.absent,
    }


# --- releases --------------------------------------------------------------------------------------------------


def _versions(of: Contract, options: Options) -> int:
    judged, newest = spans(of), newest_met(of)
    for span in judged:
        if options.json:
            names = [entry.name for entry in span.releases]
            versions = list(dict.fromkeys(entry.version for entry in span.releases))
            lacks = [_row(lack) for lack in span.lacks]
            row = {"releases": names, "versions": versions, "met": span.is_met, "lacks": lacks}
            say_json("contract-versions", row)
        else:
            _print_span(span, options)
    if not options.json and newest and not judged[-1].is_met:
        say("")
        say(f"aiperf-migrate convert FILE --for-reader {options.reader}    writes what AIPerf {newest.name} would")
    return ExitCode.OK if newest else ExitCode.NO


def _print_span(span: Span, options: Options) -> None:
    names = [entry.name for entry in span.releases]
    versions = list(dict.fromkeys(entry.version for entry in span.releases))
    both = f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]
    schema = f"{versions[0]} to {versions[-1]}" if len(versions) > 1 else versions[0]
    shown = [lack for lack in span.lacks if options.verbose or lack.needed.required]
    told = f"lacks {plural(len(shown), 'path')}" if shown else "all that it needs"
    say(f"{both:<20}schema {schema:<12}{told}")
    reasons: dict[str, list[str]] = {}
    for lack in shown:
        reasons.setdefault(lack.found, []).append(lack.needed.path)
    for reason, paths in reasons.items():
        for line in wrapped(f"{reason}: {', '.join(paths)}", indent=" " * 20):
            say(line)
