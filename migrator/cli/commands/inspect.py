"""`aiperf-migrate inspect`: what files are, with the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from migrator.aiperf.releases import FIRST_NAMED
from migrator.batch.discover import Source, is_folder
from migrator.batch.facts import facts
from migrator.batch.load import Loaded
from migrator.batch.read_files import Looking, Seen
from migrator.chain.requests import requests_of
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.cli.display import PagedOptions, add_pager
from migrator.cli.engine import BatchOptions, add_jobs, progress, run_local, sources
from migrator.cli.parser import Parser
from migrator.cli.report import Report, say_json
from migrator.cli.streams import complain, say
from migrator.documents import stamped
from migrator.errors import UsageError
from migrator.identify import BESIDE, SEVERAL, Family, Identity, advice
from migrator.jsonfile import Json, path_text
from migrator.render.lines import json_line
from migrator.render.safe import printable
from migrator.render.text import plural, release_range, table, value_text, wrapped
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.batch.survey import Facts
    from migrator.identify.newer import Addition


class Options(BatchOptions, PagedOptions):
    """What the command line says."""

    json: bool
    summary: bool
    to: str | None


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Say what files are: family, schema version, dialect, the release that wrote them, and the evidence.\n"
        "Content decides, never the file's name.",
    )
    parser.add_paths()
    parser.add_json()
    parser.add_argument("--summary", action="store_true", help="totals over all files, and what a migration would lose")
    parser.add_argument(
        "--to", choices=VERSIONS, metavar="VERSION", help=f"with --summary: the version (default {NEWEST})"
    )
    add_pager(parser)
    add_jobs(parser)
    parser.add_selection()
    return parser


def run(options: Options) -> int:
    """Describe each file, or all together; the exit code says whether all could be read."""
    if options.to and not options.summary:
        raise UsageError("--to goes with --summary", hint="upgrade --diff shows what would change in a file")
    return _summarize(options) if options.summary else _describe(options)


def _describe(options: Options) -> int:
    one_file = len(options.paths) == 1 and not is_folder(options.paths[0])
    work = Looking(partial(_description, as_json=options.json, whole=one_file), options.where, to_look=True)
    report = Report()
    results = run_local(options, sources(options), work)
    for source, found in report.found(results, json="inspect" if options.json else ""):
        for line in found.lines:
            say(line)
        if found.newer:
            complain(f"{source.path}: schema {found.newer} is newer than this tool knows; shown as far as known")
    if not report.files:
        from migrator.batch.instead import instead

        complain(f"no files found{instead(options.paths)}")
    return report.worst


def _summarize(options: Options) -> int:
    # Imports the chain, which describing a file does not need.
    from migrator.batch.runs import Role, Runs
    from migrator.batch.survey import Survey
    from migrator.render.survey import lines

    survey = Survey(options.to or NEWEST)
    work = Looking(partial(_facts, survey.to), options.where)
    runs: Runs[Seen[Facts]] = Runs(lambda seen: (seen.source, seen.found.mark if seen.found else None))
    with progress(options, "survey") as bar:
        report = Report(bar)
        results = report.each(run_local(options, sources(options), work))
        for (_, found, error), role in runs.roles(results):
            if error:
                survey.fail(error)
            elif found:
                survey.add(found, is_run=role is Role.RUN)
    if options.json:
        say_json("survey", survey.as_dict())
    else:
        for line in lines(survey):
            say(line)
    return report.worst


def _facts(to: str, source: Source, loaded: Loaded) -> Facts:
    from migrator.batch.survey import facts

    del source
    return facts(loaded, to)


class _Description(NamedTuple):
    """The lines about a file; `newer` is its version if this tool does not know it yet, else empty."""

    lines: list[str]
    newer: str


def _description(source: Source, loaded: Loaded, *, as_json: bool, whole: bool) -> _Description:
    found = loaded.identity
    if as_json:
        new = {"new_in_it": [path_text(place) for place, _ in _additions(loaded)]} if found.newer else {}
        row = {"file": source.path, **found.as_dict(), **new, **facts(loaded, source.path)}
        if found.family in SEVERAL:
            row["about"] = _several(loaded)
        lines = [json_line(stamped("inspect", row))]
    else:
        lines = list(_page(source, loaded)) if whole else [_line(source, found)]
    return _Description(lines, found.version if found.newer else "")


def _line(source: Source, found: Identity) -> str:
    name = printable(source.path)
    if found.family is Family.RECORDS and not source.named:
        return f"{found.family.value:<32}{name}\n{'':<32}no export beside them: `rebuild` makes one"
    if found.family is not Family.EXPORT:
        return (
            f"{' '.join(filter(None, (found.family.value, found.version if found.family in BESIDE else ''))):<32}{name}"
        )
    what = f"{_version(found):<6}{_dialect(found):<8}{_writer(found)}"
    return f"{what:<32}{name}" if len(what) < 32 else f"{what}\n{'':<32}{name}"


def _version(found: Identity) -> str:
    return "0.2-3" if len(found.versions) > 1 else found.version


def _dialect(found: Identity) -> str:
    return found.dialect or "-"


def _writer(found: Identity) -> str:
    if found.rebuilt:
        return "rebuilt from records"
    if found.predecessor:
        return "GenAI-Perf"
    return printable(found.writer) or (release_range(found.writers) if found.writers else "unknown")


def _written_by(found: Identity) -> str:
    """The writer, and whether the file is as it was written: `AIPerf 0.8.0, migrated since`."""
    if found.rebuilt:
        return "aiperf-migrate, from records: no export of AIPerf's own"
    name = _writer(found)
    if found.predecessor:
        return name
    since = ", migrated since" if found.migrated else ""
    if found.from_source:
        return f"a build of AIPerf {name}'s source, or a fork{since}"
    if found.writer:
        return f"AIPerf {name}{since or ('' if found.migrated is False else ', as the file says')}"
    if found.writers:
        return f"AIPerf {name} (not in the file)"
    return f"a release before {FIRST_NAMED}{since} (not in the file)" if found.migrated else "not in the file"


def _page(source: Source, loaded: Loaded) -> Iterator[str]:
    """Lines of 80 columns about one file."""
    found = loaded.identity
    rows = [("family", found.family.value)]
    if found.family is Family.EXPORT:
        rows += _export_rows(loaded)
    elif found.family is Family.GENAI_PERF:
        rows += [*_figures(loaded, facts(loaded)), ("next", "`upgrade` makes an AIPerf export of it")]
    elif found.family in BESIDE:
        rows += [("version", found.version), *_secrets(facts(loaded, source.path))]
    elif found.family in SEVERAL:
        rows += [*_several_rows(loaded), *_secrets(facts(loaded, source.path))]
    else:
        rows += [("next", told)] if (told := advice(found.family)) else []
        rows += _secrets(facts(loaded, source.path))
    rows += _wrapped_rows("evidence", found.evidence)
    yield printable(source.path)
    yield from table(rows, indent="  ")


def _several(loaded: Loaded) -> list[dict[str, Any]]:
    """The runs that a file about several is of: of a sweep file a row a cell, with its headline metrics."""
    # Slow to import, and of few files.
    from migrator.diff.aggregates import aggregates_of

    document = loaded.parsed.data if loaded.parsed else None
    return [
        {
            "cell": one.cell or None,
            "runs": one.runs,
            "failed_runs": one.failed,
            "aiperf_version": one.release or None,
            "model": one.model or None,
            "varied": one.varied,
            **{
                ".".join(name): {"unit": one.units[name[0]], "mean": over.mean, "std": over.std, "runs": over.n}
                for name in _OF_CELLS
                if (over := one.over.get(name))
            },
        }
        for one in aggregates_of(loaded.identity.family, document)
    ]


_OF_CELLS: Final = (
    ("request_throughput", "avg"),
    ("request_latency", "avg"),
    ("request_latency", "p99"),
    ("time_to_first_token", "p99"),
)
"""Statistics that are shown of a cell."""


def _several_rows(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """What a file about several runs is of, in lines: `concurrency=4: 3 runs, 12.78 requests/sec, latency 289.7 ms`."""
    for place, one in enumerate(_several(loaded)):
        if place == 0:
            if one["aiperf_version"]:
                yield "written by", f"AIPerf {printable(str(one['aiperf_version']))}"
            yield from _wrapped_rows("model", [str(one["model"])] if one["model"] else [])
        name = f"{printable(str(one['cell']))}: " if one["cell"] else ""
        told = [plural(one["runs"], "run"), *([f"{one['failed_runs']} failed"] if one["failed_runs"] else [])]
        for key, words in (("request_throughput.avg", ""), ("request_latency.avg", "latency ")):
            if key in one:
                told.append(f"{words}{one[key]['mean']:.4g} {printable(one[key]['unit'])}")
        yield ("" if place else "cells" if name else "runs"), f"{name}{', '.join(told)}"


def _wrapped_rows(name: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Texts as rows that fit the page, the first with the name."""
    lines = [line.strip() for text in texts for line in wrapped(printable(text), indent=" " * 16)]
    yield from zip([name, *[""] * len(lines)], lines, strict=False)


def _export_rows(loaded: Loaded) -> Iterator[tuple[str, str]]:
    found, about = loaded.identity, facts(loaded)
    label = "" if found.label == found.version else f", labelled {found.label}" if found.label else ", no label"
    yield "version", " or ".join(found.versions) + label
    if found.dialect:
        names = {"legacy": "legacy (gpu_power_usage, …)", "vendor": "vendor-scoped (nvidia_power_usage, …)"}
        yield "telemetry", f"{names[found.dialect]}, {plural(about['gpus'], 'GPU')}"
    if found.newer:
        told = [f"{path_text(place)} ({what})" for place, what in _additions(loaded)]
        yield from _wrapped_rows("new in it", told or ["nothing that this tool does not know"])
    yield "input_config", found.config or "none"
    yield from _wrapped_rows("written by", [_written_by(found)])
    yield "read by", ", ".join(_readers(loaded)) or "no release as it is"
    yield "run", value_text(about["start_time"]).strip('"') + (", cancelled" if about["was_cancelled"] else "")
    yield from _metadata_rows(about)
    yield from _figures(loaded, about)


def _additions(loaded: Loaded) -> list[Addition]:
    """What a file of a newer version has that no known one has."""
    # Imported here: it asks the models of the newest release, which other files do not need.
    from migrator.identify.newer import additions

    return additions(loaded.parsed.data) if loaded.parsed else []


def _metadata_rows(about: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """What `metadata` says of the run, where the file has it."""
    valid, reasons = about["submission_valid"], ", ".join(about["submission_invalid_reasons"])
    parts = [about["scenario"]] if about["scenario"] else []
    if valid is not None:
        told = "a valid submission" if valid else f"not a valid submission{': ' if reasons else ''}{reasons}"
        parts.append(told)
    if parts:
        yield from _wrapped_rows("scenario" if about["scenario"] else "submission", [", ".join(parts)])
    if about["dataset"]:
        yield from _wrapped_rows("data set", [about["dataset"]])


def _readers(loaded: Loaded) -> list[str]:
    """The releases that read a file as it is, runs of neighbours together: `0.2.0 to 0.5.0`."""
    from migrator.config.acceptance import read_by

    document = loaded.parsed.data if loaded.parsed else {}
    return [release_range(ends) for ends in read_by(document)]


def _figures(loaded: Loaded, about: dict[str, Json]) -> list[tuple[str, str]]:
    unit = printable(str(about["request_latency_unit"] or ""))
    rows = [
        *_wrapped_rows("requests", [_requests(loaded, about["request_count"])]),
        ("latency", f"{_number(about['request_latency_avg'])} {unit}"),
        ("metrics", str(about["metrics"])),
    ]
    return [*rows, *_secrets(about)]


def _secrets(about: dict[str, Json]) -> list[tuple[str, str]]:
    """A row about secrets in clear, if there are any."""
    count = about["secrets_in_clear"]
    return [("secrets", f"in clear in {plural(count, 'place')}: `check` names them")] if count else []


def _requests(loaded: Loaded, counted: Json) -> str:
    """`213 of 233 succeeded: 503 × 20`; the count of the file where it does not say how many failed."""
    document = loaded.parsed.data if loaded.parsed else {}
    requests = requests_of(document, loaded.identity.version)
    if requests.ended is None:
        return _number(counted)
    found = f"{requests.succeeded} of {requests.ended} succeeded"
    return f"{found}: {requests.reasons}" if requests.reasons else found


def _number(value: Json) -> str:
    if value is None:
        return "not in the file"
    return f"{value:g}" if isinstance(value, (int, float)) else value_text(value)
