"""One export in full: what every panel of its screen shows. Knows nothing of Textual.

Secrets are replaced before anything else, so that none is shown, copied or searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from migrator.aiperf.directions import direction
from migrator.aiperf.metrics import STATISTICS, catalogue
from migrator.batch.facts import facts
from migrator.batch.load import load
from migrator.batch.workload import workload
from migrator.check.rule import RULES, Finding, Severity, Spot, Subject
from migrator.errors import reported
from migrator.identify import MIGRATABLE, Family, Identity
from migrator.jsonfile import Json
from migrator.redact import redact
from migrator.render.comparison.words import ARROW_WORDS, ARROWS
from migrator.render.text import plural, wrapped
from tui.common.rows import Column, Line, figure, safe_text

SHOWN: Final = ("avg", "p50", "p90", "p99", "min", "max", "std", "count")
"""Statistics that have a column; the others are in the JSON."""
COLUMNS: Final = (
    Column("name", "  metric"),
    Column("unit", "unit", 15),
    *(Column(name, name, 7, right=True) for name in SHOWN),
)
"""Of the metrics tables."""


class Run(NamedTuple):
    """An export that was read: its document without secrets, what it is, its stats blocks and its problems.

    `document` is None for a file of one JSON document a line; other families have no `spots`, `findings` and `facts`.
    """

    path: str
    identity: Identity
    document: Json
    spots: tuple[Spot, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: dict[str, Json] = {}  # noqa: RUF012 (never changed: a named tuple cannot make a new one)


def read_run(path: str) -> Run:
    """Read an export and everything that is shown of it.

    Raises:
        MigratorError: it cannot be read, or is not JSON; with the file's name.
    """
    with reported(path):
        loaded = load(path)
        document = loaded.parsed.data if loaded.parsed else None
        if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
            clean = redact(document)[0] if type(document) is dict else document
            return Run(path, loaded.identity, clean)
        # Imported here: it brings the models of all versions.
        from migrator.check import check

        findings = tuple(check(loaded.parsed, loaded.identity))
        clean = redact(loaded.parsed.data)[0]
        return Run(path, loaded.identity, clean, Subject.of(clean, loaded.identity).spots, findings, facts(loaded))


def headline(run: Run) -> tuple[str, str]:
    """What was measured and how it went, on two lines."""
    found = run.identity
    if found.family not in MIGRATABLE:
        return safe_text(found.family.value), "not a main export: only its JSON is shown"
    plan = workload(run.document)
    model = plan.get("model")
    parts = [", ".join(map(str, model)) if type(model) is list else str(model or "model unknown")]
    parts += [str(plan[name]) for name in ("endpoint type",) if plan.get(name)]
    parts += ["streaming"] if plan.get("streaming") is True else []
    parts += [f"{name} {plan[name]}" for name in ("concurrency", "request rate") if plan.get(name) is not None]
    count = run.facts["request_count"]
    parts += [f"{figure(count)} requests"] if count is not None else []
    return safe_text("   ".join(parts)), safe_text("   ".join(_state(run)))


def _state(run: Run) -> Iterator[str]:
    found, known = run.identity, run.facts
    yield "✗ cancelled" if known["was_cancelled"] is True else _complete(run.document)
    if failed := known["requests_failed"]:
        succeeded = known["requests_succeeded"]
        yield f"✗ {failed}{'' if succeeded is None else f' of {succeeded + failed}'} requests failed"
    if known["submission_valid"] is False:
        yield "✗ not a valid submission"
    if found.family is Family.GENAI_PERF:
        yield "GenAI-Perf: an upgrade makes an AIPerf export of it"
    else:
        yield f"schema {' or '.join(found.versions)}{' (mislabelled)' if found.mislabelled else ''}"
        yield "from GenAI-Perf" if found.predecessor else f"AIPerf {_range(found.writers)}"
    yield str(known["start_time"] or "start time unknown")[:19].replace("T", " ")
    if problems := sum(finding.severity is not Severity.NOTE for finding in run.findings):
        yield f"! {plural(problems, 'problem')}"


def _complete(document: dict[str, Json]) -> str:
    if document.get("is_complete") is False:
        return "✗ incomplete"
    return "✓ complete" if document.get("is_complete") is True else "not cancelled"


def _range(names: Sequence[str]) -> str:
    return "release unknown" if not names else names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


# --- metrics -------------------------------------------------------------------------------------------------


def parts(run: Run) -> list[str]:
    """Which metrics there are: `run`, and `warmup` where it was exported."""
    return [part for part in ("run", "warmup") if any(spot.part == part for spot in run.spots)]


def metrics(run: Run, part: str) -> list[Spot]:
    """The stats blocks of the run or its warm-up: those with a direction first, in document order."""
    spots = [spot for spot in run.spots if spot.part == part]
    return sorted(spots, key=lambda spot: direction(spot.tag) in ("information", "parity"))


def metric_line(run: Run, spot: Spot) -> Line:
    """A stats block as a line of the table."""
    fixed = workload(run.document).get("requests") is not None
    known = catalogue().get(spot.tag)
    name = known.header if known else safe_text(spot.tag)
    arrow = ARROWS[direction(spot.tag, fixed_requests=fixed)]
    values = tuple(figure(spot.block.get(statistic)) for statistic in SHOWN)
    return Line((f"{arrow} {name}", safe_text(spot.block.get("unit")), *values))


def legend() -> str:
    """The arrows of the table, explained."""
    return "  ".join(f"{ARROWS[name]} {words}" for name, words in ARROW_WORDS.items())


def gpu_lines(run: Run) -> list[tuple[Line, Spot | None]]:
    """Telemetry: a head for each GPU, and a line for each of its metrics."""
    lines: list[tuple[Line, Spot | None]] = []
    last: object = None
    for spot in run.spots:
        if spot.part != "gpu":
            continue
        gpu = spot.path[:-2]
        if gpu != last:
            lines.append((Line((_gpu_name(run.document, gpu), *[""] * (len(SHOWN) + 1)), "group"), None))
            last = gpu
        line = metric_line(run, spot)
        lines.append((line._replace(cells=(f"  {line.cells[0]}", *line.cells[1:])), spot))
    return lines


def _gpu_name(document: Json, path: tuple[str | int, ...]) -> str:
    node = document
    for key in path:
        node = node[key]
    about = [node.get(name) for name in ("gpu_name", "hostname", "gpu_uuid")] if type(node) is dict else []
    names = [safe_text(path[-1]), *(safe_text(value) for value in about if value)]
    return "  ".join(dict.fromkeys(names))


# --- the run as text -----------------------------------------------------------------------------------------


def page(run: Run) -> list[str]:
    """Problems with what to do, identity, evidence, and errors, in lines of at most 78 columns."""
    return [*_problems(run), *_identity(run), *_errors(run)]


def _problems(run: Run) -> Iterator[str]:
    if run.identity.family not in MIGRATABLE:
        return
    yield "PROBLEMS"
    if all(finding.severity is Severity.NOTE for finding in run.findings):
        yield "  ✓ check found nothing"
    for finding in run.findings:
        rule = RULES[finding.code]
        yield f"  {'·' if finding.severity is Severity.NOTE else '!'} {finding.code}  {safe_text(finding.place)}"
        expected = f"; expected {finding.expected}" if finding.expected else ""
        yield from wrapped(safe_text(finding.found + expected), indent="      ")
        yield from wrapped(rule.remedy, indent="      do: ", hanging="          ")
    yield ""


def _identity(run: Run) -> Iterator[str]:
    yield "RUN"
    facts_shown = [("family", run.identity.family.value), ("path", run.path)]
    document = run.document if type(run.document) is dict else {}
    names = ("benchmark_id", "aiperf_version", "start_time", "end_time", "was_cancelled", "is_complete")
    facts_shown += [(name, _text(document[name])) for name in (*names, "incomplete_reason") if name in document]
    told = ("scenario", "submission_valid", "submission_invalid_reasons", "dataset")
    facts_shown += [(name, _text(run.facts[name])) for name in told if run.facts.get(name) not in (None, [])]
    info = document.get("run_info")
    if type(info) is dict:
        facts_shown += [(name, _text(value)) for name, value in info.items() if value is not None]
    facts_shown += [("evidence", proof) for proof in run.identity.evidence]
    for name, value in facts_shown:
        lead = f"  {safe_text(name):<18}"
        yield from wrapped(safe_text(value), indent=lead, hanging=" " * 20) if value else (lead.rstrip(),)
    yield ""


def _errors(run: Run) -> Iterator[str]:
    document = run.document if type(run.document) is dict else {}
    summary = document.get("error_summary")
    if type(summary) is not list:
        return
    yield "ERRORS"
    if not summary:
        yield "  none"
    for error in summary:
        details = error.get("error_details") if type(error) is dict else None
        count = error.get("count") if type(error) is dict else None
        parts = details if type(details) is dict else {"error": error}
        text = "  ".join(_text(value) for value in parts.values() if value is not None)
        yield from wrapped(safe_text(f"{count if count is not None else '?'} × {text}"), indent="  ", hanging="      ")


def _text(value: Json) -> str:
    if type(value) is str:
        return value
    return ", ".join(map(_text, value)) if type(value) is list else "none" if value is None else str(value)


def statistics_text(spot: Spot) -> str:
    """All statistics of a block, a line each: what is copied as a value."""
    return "\n".join(f"{name}\t{spot.block[name]}" for name in STATISTICS if spot.block.get(name) is not None)


def json_text(value: object) -> str:
    """A value as JSON; empty for one that is none."""
    from migrator.errors import NotJsonError
    from migrator.jsonfile import render

    try:
        return render(value).decode()
    except NotJsonError:
        return ""
