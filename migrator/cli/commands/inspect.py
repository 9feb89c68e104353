"""`aiperf-migrate inspect`: what files are, with the evidence."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from migrator.batch.discover import Source, is_folder
from migrator.batch.facts import facts
from migrator.batch.load import Loaded
from migrator.batch.read_files import Looking
from migrator.batch.select import select
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.cli.commands.versions import released
from migrator.cli.engine import add_jobs, progress, shared
from migrator.cli.parser import Parser, selection
from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, UsageError
from migrator.identify import GENAI_PERF_CONFIG, Family, Identity
from migrator.jsonfile import Json
from migrator.render.lines import json_line
from migrator.render.safe import printable
from migrator.render.text import plural, table, value_text, wrapped

if TYPE_CHECKING:
    from migrator.batch.survey import Facts


def main(arguments: Sequence[str]) -> int:
    """Describe each file, or all together; the exit code says whether all could be read."""
    options = parser().parse_args(arguments)
    if options.to and not options.summary:
        raise UsageError("--to goes with --summary", hint="upgrade --diff tells what would change in a file")
    if options.summary:
        return _summary(options)
    one_file = len(options.paths) == 1 and not is_folder(options.paths[0])
    worst: int = ExitCode.OK
    empty = True
    work = Looking(partial(_lines, as_json=options.json, whole=one_file), options.where, to_look=one_file)
    for source, found, error in shared(options, select(options.paths, selection(options)), work):
        empty = False
        if error:
            worst = max(worst, error.exit_code)
            complain(str(error))
            if options.json:
                say(json_line({"file": source.path, "error": error.as_dict()}))
        if found:
            for line in found.lines:
                say(line)
            if found.newer:
                complain(f"{source.path}: schema {found.newer} is newer than this tool knows; shown as far as known")
    if empty:
        complain("no files found")
    return worst


def parser() -> Parser:
    """The options of the command."""
    made = Parser(
        "inspect",
        "Say what files are: family, schema version, dialect, the release that wrote them, and the evidence.\n"
        "Content decides, never the file's name.",
    )
    made.add_paths()
    made.add_json()
    made.add_argument("--summary", action="store_true", help="all files in figures, and what a migration would lose")
    made.add_argument(
        "--to", choices=VERSIONS, metavar="VERSION", help=f"with --summary: the version (default {NEWEST})"
    )
    add_jobs(made)
    made.add_selection()
    return made


def _summary(options: argparse.Namespace) -> int:
    # A single file, which is looked at far more often, needs none of the chain.
    from migrator.batch.survey import Survey
    from migrator.render.survey import lines as survey_lines

    survey = Survey(options.to or NEWEST)
    worst: int = ExitCode.OK
    work = Looking(partial(_facts, survey.to), options.where)
    with progress(options, "survey") as bar:
        for _, found, error in shared(options, select(options.paths, selection(options)), work):
            if error:
                worst = max(worst, error.exit_code)
                survey.fail(error)
                complain(str(error))
            if found:
                survey.add(found)
            bar.advance()
    if options.json:
        say(json_line(survey.as_dict()))
    else:
        for line in survey_lines(survey):
            say(line)
    return worst


def _facts(to: str, source: Source, loaded: Loaded) -> Facts:
    from migrator.batch.survey import facts

    del source
    return facts(loaded, to)


class _Told(NamedTuple):
    """What is said of a file; `newer` is its version, if that is newer than known."""

    lines: list[str]
    newer: str


def _lines(source: Source, loaded: Loaded, *, as_json: bool, whole: bool) -> _Told:
    found = loaded.identity
    if as_json:
        lines = [json_line({"file": source.path, **found.as_dict(), **facts(loaded)})]
    else:
        lines = list(_page(source, loaded)) if whole else [_line(source, found)]
    return _Told(lines, found.version if found.newer else "")


def _line(source: Source, found: Identity) -> str:
    name = printable(source.path)
    if found.family is not Family.EXPORT:
        return f"{found.family.value:<32}{name}"
    what = f"{_version(found):<6}{_dialect(found):<8}{_writer(found)}"
    return f"{what:<32}{name}" if len(what) < 32 else f"{what}\n{'':<32}{name}"


def _version(found: Identity) -> str:
    return "0.2-3" if len(found.versions) > 1 else found.version


def _dialect(found: Identity) -> str:
    return found.dialect or "-"


def _writer(found: Identity) -> str:
    if found.config == GENAI_PERF_CONFIG:
        return "GenAI-Perf"
    return printable(found.writer) or released(list(found.writers))


def _written_by(found: Identity) -> str:
    maker = "" if found.config == GENAI_PERF_CONFIG else "AIPerf "
    return f"{maker}{_writer(found)}" + ("" if found.writer or not maker else " (not in the file)")


def _page(source: Source, loaded: Loaded) -> Iterator[str]:
    found = loaded.identity
    yield printable(source.path)
    rows = [("family", found.family.value)]
    if found.family is Family.EXPORT:
        told = facts(loaded)
        label = "" if found.label == found.version else f", labelled {found.label}" if found.label else ", no label"
        rows.append(("version", " or ".join(found.versions) + label))
        if found.dialect:
            names = {"legacy": "legacy (gpu_power_usage, …)", "vendor": "vendor-scoped (nvidia_power_usage, …)"}
            rows.append(("telemetry", f"{names[found.dialect]}, {plural(told['gpus'], 'GPU')}"))
        rows += [
            ("input_config", found.config or "none"),
            ("written by", _written_by(found)),
            ("read by", ", ".join(_readers(loaded)) or "no release as it is"),
            ("run", value_text(told["start_time"]).strip('"') + _state(told)),
            *_figures(told),
        ]
    elif found.family is Family.GENAI_PERF:
        rows += [*_figures(facts(loaded)), ("next", "`upgrade` makes an AIPerf export of it")]
    proofs = [line.strip() for proof in found.evidence for line in wrapped(printable(proof), indent=" " * 16)]
    rows += zip(["evidence", *[""] * len(proofs)], proofs, strict=False)
    yield from table(rows, indent="  ")


def _readers(loaded: Loaded) -> list[str]:
    """The releases that read a file as it is, runs of neighbours together: `0.2.0 to 0.5.0`."""
    from migrator.config.acceptance import read_by

    document = loaded.parsed.data if loaded.parsed else {}
    return [first if first == last else f"{first} to {last}" for first, last in read_by(document)]


def _figures(told: dict[str, Json]) -> list[tuple[str, str]]:
    unit = printable(str(told["request_latency_unit"] or ""))
    rows = [
        ("requests", _number(told["request_count"])),
        ("latency", f"{_number(told['request_latency_avg'])} {unit}"),
        ("metrics", str(told["metrics"])),
    ]
    if told["secrets_in_clear"]:
        rows.append(("secrets", f"in clear in {plural(told['secrets_in_clear'], 'place')}: `check` names them"))
    return rows


def _state(told: dict[str, Json]) -> str:
    return ", cancelled" if told["was_cancelled"] else ""


def _number(value: Json) -> str:
    return (
        "not in the file" if value is None else f"{value:g}" if isinstance(value, (int, float)) else value_text(value)
    )
