"""UserConfig ⇄ BenchmarkConfig: the table of `field_pairs`, and what more than one field decides.

Both directions are here, side by side, so that each can be read against the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import groupby
from typing import Final, NamedTuple

from migrator.config.field_pairs import ROWS, Row
from migrator.config.release_models import Reader
from migrator.config.rewrite import Draft, objects
from migrator.jsonfile import ABSENT, Json, Object, Path, at
from migrator.ledger import Loss

RATE_TYPES: Final = ("poisson", "constant", "gamma")
BURST: Final = "concurrency_burst"
"""UserConfig's arrival pattern of a phase that is driven by concurrency alone."""

_DEFAULT_NAME: Final = "AIPerf's own name"
_DATASET: Final[Path] = ("datasets", 0)
_STOPS: Final[tuple[Path, ...]] = (
    ("loadgen", "request_count"),
    ("loadgen", "benchmark_duration"),
    ("input", "conversation", "num"),
)
"""What ends a run. Without any, AIPerf to 0.4.0 sends ten requests; later releases write how many they send."""
_WARMUP_TRIGGERS: Final = ("warmup_request_count", "warmup_num_sessions", "warmup_duration")


class Known(NamedTuple):
    """What the document around a configuration says of it."""

    benchmark_id: Json
    cli_command: Json


class _Group(NamedTuple):
    """Rows next to each other in the table that have their sections in common, on both sides.

    `head` is the outermost name on the side of UserConfig. Most files have few of the sections.
    """

    head: str
    user: Path
    benchmark: tuple[str, ...]
    rows: list[Row]


def _sections(row: Row) -> tuple[str, Path, tuple[str, ...]]:
    return row.user[0], row.user[:-1], row.benchmark[:-1]


_GROUPS: Final = [_Group(*sections, list(rows)) for sections, rows in groupby(ROWS, _sections)]


def place_of(path: tuple[str, ...], heads: dict[str, Path]) -> Path | None:
    """A path of the table in this configuration; None if it has no such phase."""
    if path and path[0] in ("D", "W", "P"):
        head = heads.get(path[0])
        return None if head is None else (*head, *path[1:])
    return path


# --- up ------------------------------------------------------------------------------------------------------


def to_benchmark(draft: Draft, known: Known) -> None:
    """Rewrite a UserConfig as a BenchmarkConfig."""
    config = draft.source
    warm = any(draft.read(("loadgen", name)) is not ABSENT for name in _WARMUP_TRIGGERS)
    heads: dict[str, Path] = {"D": _DATASET, "P": ("phases", 1 if warm else 0)}
    if warm:
        heads["W"] = ("phases", 0)
    _dataset(draft)
    if warm:
        _warmup(draft, heads["W"])
    _profiling(draft, heads["P"])
    sections = objects(config)
    for group in _GROUPS:
        fields = sections.get(group.user)
        section = place_of(group.benchmark, heads) if fields else None
        if not fields or section is None:
            continue
        for row in group.rows:
            if (name := row.user[-1]) in fields:
                draft.carry(row.user, fields[name], (*section, row.benchmark[-1]), row.kind.up, row.kind.down)
    if warm:
        _warmup_from_profiling(draft, heads["W"], heads["P"])
    draft.add(("endpoint", "urls"), ["http://localhost:8000"], Loss.INFERRED, "AIPerf's own default")
    _template(draft)
    _entries(draft)
    _artifacts(draft)
    _collectors(draft, config)
    _from_command(draft, known)


def _dataset(draft: Draft) -> None:
    draft.add((*_DATASET, "name"), "main", Loss.INFERRED, _DEFAULT_NAME)
    of = {"file": "file", "public_dataset": "public"}
    found = next((kind for name, kind in of.items() if draft.read(("input", name)) is not ABSENT), "synthetic")
    draft.add((*_DATASET, "type"), found, Loss.EXACT, "from the fields that are set")


def _profiling(draft: Draft, phase: Path) -> None:
    draft.add((*phase, "name"), "profiling", Loss.INFERRED, _DEFAULT_NAME)
    if draft.read(("input", "fixed_schedule")) is True:
        found = "fixed_schedule"
    elif draft.read(("loadgen", "user_centric_rate")) is not ABSENT:
        found = "user_centric"
    else:
        found = _type(draft.read(("loadgen", "request_rate")), draft.read(("loadgen", "arrival_pattern")))
    draft.add((*phase, "type"), found, Loss.EXACT, "from rate and pattern")
    if found == "fixed_schedule":
        start, offset = (draft.read(("input", f"fixed_schedule_{name}_offset")) for name in ("start", "auto"))
        if start is not ABSENT and offset is ABSENT:
            draft.add((*phase, "auto_offset"), False, Loss.EXACT, "what UserConfig leaves unsaid")
    elif all(draft.read(place) is ABSENT for place in _STOPS):
        draft.add((*phase, "requests"), 10, Loss.INFERRED, "AIPerf's own default")


def _warmup(draft: Draft, phase: Path) -> None:
    draft.add((*phase, "name"), "warmup", Loss.INFERRED, _DEFAULT_NAME)
    rate, pattern = (
        draft.read(("loadgen", f"warmup_{name}"))
        if draft.read(("loadgen", f"warmup_{name}")) is not ABSENT
        else draft.read(("loadgen", name))
        for name in ("request_rate", "arrival_pattern")
    )
    draft.add((*phase, "type"), _type(rate, pattern), Loss.EXACT, "from rate and pattern")
    draft.add((*phase, "exclude_from_results"), True, Loss.EXACT, "a warmup")


def _type(rate: Json, pattern: Json) -> str:
    if rate is ABSENT:
        return "concurrency"
    return pattern if pattern in RATE_TYPES else "poisson"


_SHARED: Final = ("concurrency", "rate", "prefill_concurrency", "concurrency_ramp", "prefill_ramp", "rate_ramp")
"""What the warmup takes from the profiling phase where UserConfig says nothing of its own."""


def _warmup_from_profiling(draft: Draft, warmup: Path, profiling: Path) -> None:
    for name in _SHARED:
        value = draft.built((*profiling, name))
        if value is not ABSENT:
            draft.add((*warmup, name), value, Loss.EXACT, "as in the profiling phase")
    if draft.built((*warmup, "type")) == "concurrency":
        draft.add((*warmup, "concurrency"), 1, Loss.INFERRED, "AIPerf's own default")


def _implied_entries(config: Object, sessions: Path, requests: Path) -> Json:
    """How many entries AIPerf makes where nothing says: as many as there are sessions, or else requests."""
    return next((count for place in (sessions, requests) if type(count := at(config, place)) is int), ABSENT)


def _entries(draft: Draft) -> None:
    count = _implied_entries(draft.source, ("input", "conversation", "num"), ("loadgen", "request_count"))
    if count is not ABSENT:
        draft.add((*_DATASET, "entries"), count, Loss.INFERRED, "one for each request or session")


def _template(draft: Draft) -> None:
    """The template of a request, which UserConfig has among the extra inputs, where it stays, too."""
    body, field = (draft.built(("endpoint", "extra", name)) for name in ("payload_template", "response_field"))
    if draft.built(("endpoint", "type")) == "template" and type(body) is str:
        draft.add(("endpoint", "template", "body"), body, Loss.EXACT, "from endpoint.extra.payload_template")
        if type(field) is str:
            draft.add(("endpoint", "template", "response_field"), field, Loss.EXACT, "from endpoint.extra")


def _artifacts(draft: Draft) -> None:
    level = draft.read(("output", "export_level"))
    if level in ("summary", "records", "raw"):
        records = False if level == "summary" else ["jsonl"]
        draft.add(("artifacts", "records"), records, Loss.EXACT, "from output.export_level")
        draft.add(("artifacts", "raw"), level == "raw", Loss.EXACT, "from output.export_level")
    if type(draft.built(("artifacts",))) is dict:
        draft.add(("artifacts", "dir"), "artifacts", Loss.INFERRED, "AIPerf's own default")


def _collectors(draft: Draft, config: Object) -> None:
    for name in ("gpu_telemetry", "server_metrics"):
        items, off = draft.read((name,)), draft.read((f"no_{name}",))
        if off is True:
            draft.add((name, "enabled"), False, Loss.EXACT, f"from no_{name}")
        elif type(items) is list and all(type(item) is str for item in items):
            draft.add((name, "enabled"), True, Loss.EXACT, f"from {name}")
            urls = [item for item in items if item not in _KEYWORDS and not item.endswith(".csv")]
            draft.add((name, "urls"), urls, Loss.EXACT, f"from {name}")
            if name == "gpu_telemetry":
                _collector(draft, items)


_KEYWORDS: Final = ("pynvml", "amdsmi", "dashboard")


def _collector(draft: Draft, items: list[str]) -> None:
    local = next((item for item in items if item in ("pynvml", "amdsmi")), "dcgm")
    mode = "realtime_dashboard" if "dashboard" in items else "summary"
    files = [item for item in items if item.endswith(".csv")]
    draft.add(("gpu_telemetry", "collector"), local, Loss.EXACT, "from gpu_telemetry")
    draft.add(("gpu_telemetry", "mode"), mode, Loss.EXACT, "from gpu_telemetry")
    if files:
        draft.add(("gpu_telemetry", "metrics_file"), files[0], Loss.EXACT, "from gpu_telemetry")


_OPTIONS: Final[dict[str, Path]] = {
    "--ui": ("runtime", "ui"),
    "--ui-type": ("runtime", "ui"),
    "--workers-max": ("runtime", "workers"),
    "--max-workers": ("runtime", "workers"),
    "--record-processors": ("runtime", "record_processors"),
    "--record-processor-service-count": ("runtime", "record_processors"),
}
"""Options whose values UserConfig does not hold (they were a configuration of their own), but the command line does."""


def _from_command(draft: Draft, known: Known) -> None:
    command = known.cli_command
    # Most commands have none of the options, and looking for their letters takes much less than reading the options.
    if type(command) is not str or not any(option in command for option in _OPTIONS):
        return
    for match in re.finditer(r"""(?<=\s)(--[\w-]+)(?:=|\s+)(?:'([^']*)'|"([^"]*)"|([^\s'"-]\S*))""", command):
        option, *values = match.groups()
        if option in _OPTIONS:
            value = next(value for value in values if value is not None)
            if option.startswith("--ui") or value.isdecimal():
                shown = value if option.startswith("--ui") else int(value)
                draft.add(_OPTIONS[option], shown, Loss.EXACT, "from the recorded command line")


def add_kinds(draft: Draft, reader: Reader, phases: list[Json]) -> None:
    """Say of each phase whether it is a warmup, for releases that have a field for it (from 0.12.0)."""
    if "kind" not in reader.fields("ConcurrencyPhase"):
        return
    if all(phases) and all(type(phase) is dict for phase in phases):
        for index, phase in enumerate(phases):
            kind = "warmup" if is_warmup(phase) else "profiling"
            draft.add(("phases", index, "kind"), kind, Loss.EXACT, "from the phase itself")


def is_warmup(phase: Json) -> bool:
    """Whether a phase is a warmup: by its kind, or else because it is left out of the results, or by its name."""
    if type(phase) is not dict:
        return False
    if phase.get("kind") in ("warmup", "profiling"):
        return bool(phase["kind"] == "warmup")
    return phase.get("exclude_from_results") is True or phase.get("name") == "warmup"


# --- down ----------------------------------------------------------------------------------------------------


def to_user(draft: Draft, reader: Reader, known: Known, wanted: Collection[str] | None = None) -> None:
    """Rewrite a BenchmarkConfig as a UserConfig (with the names of 0.8.0), or as much as some sections of it need."""
    if wanted is not None and "tokenizer" in wanted:
        wanted = {*wanted, "endpoint"}  # The names of the models are among the facts below.
    config = draft.source
    heads = _heads(config)
    phase = at(config, heads["P"]) if "P" in heads else {}
    warmup = at(config, heads["W"]) if "W" in heads else {}
    sections = objects(config)
    for group in _GROUPS:
        section = place_of(group.benchmark, heads) if wanted is None or group.head in wanted else None
        fields = None if section is None else sections.get(section)
        if section is None or not fields:
            continue
        for row in group.rows:
            if (name := row.benchmark[-1]) in fields and not _implied(row, config, heads, phase, warmup):
                draft.carry((*section, name), fields[name], row.user, row.kind.down, row.kind.up)
    _load(draft, phase, warmup)
    _level(draft, config)
    _collector_lists(draft, config)
    add_user_facts(draft, reader, known)


def _heads(config: Object) -> dict[str, Path]:
    """Where the dataset, the warmup and the profiling phase stand."""
    heads: dict[str, Path] = {}
    if type(at(config, _DATASET)) is dict:
        heads["D"] = _DATASET
    phases = config.get("phases")
    for index, phase in enumerate(phases if type(phases) is list else ()):
        if type(phase) is dict:
            heads.setdefault("W" if is_warmup(phase) else "P", ("phases", index))
    return heads


def _implied(row: Row, config: Object, heads: dict[str, Path], phase: Json, warmup: Json) -> bool:
    """Whether a field says what UserConfig leaves unsaid, or is another row's."""
    if row.benchmark == ("P", "rate"):
        return bool((row.user[-1] == "user_centric_rate") != (phase.get("type") == "user_centric"))
    if row.benchmark == ("D", "entries"):
        count = _implied_entries(config, (*heads.get("P", ()), "sessions"), (*heads.get("P", ()), "requests"))
        return bool(at(config, (*_DATASET, "entries")) == count)
    if row.benchmark[0] == "W" and row.benchmark[1] in _SHARED:
        return bool(warmup.get(row.benchmark[1]) == phase.get(row.benchmark[1]))
    return False


def _load(draft: Draft, phase: Object, warmup: Object) -> None:
    kind, of_warmup = (each.get("type") if type(each.get("type")) is str else None for each in (phase, warmup))
    if kind == "fixed_schedule":
        draft.add(("input", "fixed_schedule"), True, Loss.EXACT, "from the type of the phase")
    pattern = {"concurrency": BURST} | {name: name for name in RATE_TYPES}
    if type(kind) is str and kind in pattern:
        draft.add(("loadgen", "arrival_pattern"), pattern[kind], Loss.EXACT, "from the type of the phase")
    if of_warmup != kind and of_warmup in RATE_TYPES:
        draft.add(("loadgen", "warmup_arrival_pattern"), of_warmup, Loss.EXACT, "from the type of the warmup")


def _level(draft: Draft, config: Object) -> None:
    raw, records = at(config, ("artifacts", "raw")), at(config, ("artifacts", "records"))
    level = "raw" if raw is True else "summary" if records is False else "records" if raw is False and records else ""
    if level:
        draft.add(("output", "export_level"), level, Loss.EXACT, "from artifacts.records and artifacts.raw")


def _collector_lists(draft: Draft, config: Object) -> None:
    for name in ("gpu_telemetry", "server_metrics"):
        section = config.get(name)
        if type(section) is not dict:
            continue
        if section.get("enabled") is False:
            draft.add((f"no_{name}",), True, Loss.EXACT, f"from {name}.enabled")
            continue
        urls = section.get("urls")
        items = [section["collector"]] if section.get("collector") in ("pynvml", "amdsmi") else []
        items += urls if type(urls) is list else []
        items += ["dashboard"] if section.get("mode") == "realtime_dashboard" else []
        items += [section["metrics_file"]] if type(section.get("metrics_file")) is str else []
        if items:
            draft.add((name,), items, Loss.EXACT, f"from {name}")


DOCUMENT_FACTS: Final = ("cli_command", "benchmark_id")
"""Fields of UserConfig that repeat what the document around it says."""


def add_user_facts(draft: Draft, reader: Reader, known: Known) -> None:
    """What UserConfig repeats of the document around it, and the tokenizer of each model, where a release has them."""
    fields = reader.fields("UserConfig")
    for name, value in zip(DOCUMENT_FACTS, (known.cli_command, known.benchmark_id), strict=True):
        if name in fields and type(value) is str:
            draft.add((name,), value, Loss.EXACT, "from the document")
    models, tokenizer = draft.built(("endpoint", "model_names")), draft.built(("tokenizer", "name"))
    if "resolved_names" in reader.fields("TokenizerConfig") and type(tokenizer) is str:
        names = {name: tokenizer for name in models if type(name) is str} if type(models) is list else {}
        if names:
            note = "the name asked for"
            draft.add(("tokenizer", "resolved_names"), names, Loss.INFERRED, note)
