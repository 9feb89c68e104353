"""`aiperf-migrate inspect`: what files are, with the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrator.batch.discover import Source
from migrator.batch.facts import facts
from migrator.batch.load import Loaded, load
from migrator.batch.select import select
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.cli.parser import Parser, selection
from migrator.cli.streams import complain, say
from migrator.cli.versions import released
from migrator.errors import ExitCode, MigratorError, UsageError, reported
from migrator.identify import GENAI_PERF_CONFIG, Family, Identity
from migrator.jsonfile import Json
from migrator.render.lines import json_line
from migrator.render.safe import printable
from migrator.render.text import plural, table, value_text, wrapped


def main(arguments: Sequence[str]) -> int:
    """Describe each file, or all together; the exit code says whether all could be read."""
    options = parser().parse_args(arguments)
    if options.to and not options.summary:
        raise UsageError("--to goes with --summary", hint="upgrade --diff tells what would change in a file")
    sources = select(options.paths, selection(options))
    if options.summary:
        return _summary(sources, options.to or NEWEST, as_json=options.json)
    one_file = len(options.paths) == 1
    worst: int = ExitCode.OK
    empty = True
    for source in sources:
        empty = False
        try:
            if source.error:
                raise source.error
            with reported(source.path):
                loaded = load(source.path, to_look=one_file and source.named)
                lines = list(_lines(source, loaded, as_json=options.json, whole=one_file and source.named))
        except MigratorError as error:
            worst = max(worst, error.exit_code)
            complain(str(error))
            if options.json:
                say(json_line({"file": source.path, "error": error.as_dict()}))
            continue
        for line in lines:
            say(line)
        if loaded.identity.newer:
            complain(
                f"{source.path}: schema {loaded.identity.version} is newer than this tool knows; shown as far as known"
            )
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
    made.add_selection()
    return made


def _summary(sources: Iterable[Source], to: str, *, as_json: bool) -> int:
    # A single file, which is looked at far more often, needs none of the chain.
    from migrator.batch.survey import Survey
    from migrator.cli.progress import Progress
    from migrator.render.survey import lines as survey_lines

    survey = Survey(to)
    worst: int = ExitCode.OK
    with Progress("survey") as progress:
        for source in sources:
            try:
                if source.error:
                    raise source.error
                with reported(source.path):
                    survey.add(load(source.path))
            except MigratorError as error:
                worst = max(worst, error.exit_code)
                survey.fail(error)
                complain(str(error))
            progress.advance()
    if as_json:
        say(json_line(survey.as_dict()))
    else:
        for line in survey_lines(survey):
            say(line)
    return worst


def _lines(source: Source, loaded: Loaded, *, as_json: bool, whole: bool) -> Iterator[str]:
    if as_json:
        yield json_line({"file": source.path, **loaded.identity.as_dict(), **facts(loaded)})
    elif whole:
        yield from _page(source, loaded)
    else:
        yield _line(source, loaded.identity)


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
    from migrator.config.target import read_by

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
