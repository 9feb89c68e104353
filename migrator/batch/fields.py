"""What can be asked of a file by name: facts about its run, statistics of its metrics, and any place in it.

The columns of `table`, the tests of `--where` and the filter of the terminal UI are made of these. A field has no value
where the file does not say, and several where it says several (the names of two GPUs, the releases that may have
written it).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

from migrator.aiperf.metadata import dataset_of, submission_of
from migrator.aiperf.metrics import STATISTICS, catalogue, is_block
from migrator.aiperf.units import UnitError, convert
from migrator.batch import paths
from migrator.batch.file import File
from migrator.chain.names import block_of, current, is_known, spellings
from migrator.errors import UsageError
from migrator.identify import Family
from migrator.jsonfile import Json, Object, Path
from migrator.values import NamedTuple

Kind = Literal["version", "release", "time", "text", "flag", "number", "any"]
"""What the values of a field are: `time` is text with an order; `any` is a place in the document, where values have
types of their own."""
Values = tuple[Json, ...]


class Field(NamedTuple):
    """What can be asked of a file: its kind, a description for the documentation, and its values in a file."""

    kind: Kind
    about: str
    values: Callable[[File], Values]


def _present(value: Json) -> Values:
    if type(value) is list:
        return without_repeats([item for item in value if item is not None])
    return () if value is None or value == "" else (value,)


def _top(key: str) -> Callable[[File], Values]:
    return lambda file: _present(file.document.get(key))


def _variation(file: File) -> Values:
    info = file.run.get("run_info")
    return _present(info.get("variation_label")) if type(info) is dict else ()


def _place(name: Literal["trial", "label"]) -> Callable[[File], Values]:
    return lambda file: _present(getattr(file.place, name))


def _fact(name: str) -> Callable[[File], Values]:
    return lambda file: _present(file.workload.get(name))


def _number_of_requests(name: Literal["ended", "failed", "failed_percent"]) -> Callable[[File], Values]:
    return lambda file: _present(getattr(file.requests, name)) if file.run else ()


def _versions(file: File) -> Values:
    """Schema versions: the records of GPU telemetry have a release instead, which has another order."""
    return () if file.identity.chain.first_writers else file.identity.versions


def _date(file: File) -> Values:
    start = file.document.get("start_time")
    return (start[:16].replace("T", " "),) if type(start) is str and start else ()


def _submission(name: Literal["scenario", "valid", "reasons"]) -> Callable[[File], Values]:
    def values(file: File) -> Values:
        value = getattr(submission_of(file.run), name)
        return _present(list(value) if name == "reasons" else value)

    return values


_GPUS: Final = paths.parse("telemetry_data.endpoints.*.gpus.*")
_GPU_NAMES: Final = paths.parse("telemetry_data.endpoints.*.gpus.*.gpu_name")


def _gpus(file: File) -> Values:
    count = len(paths.resolve(file.run, _GPUS))
    return (count,) if count else ()


def _gpu_names(file: File) -> Values:
    return without_repeats([name for _, name in paths.resolve(file.run, _GPU_NAMES)])


FIELDS: Final[dict[str, Field]] = {
    "file": Field("text", "its place below the folder that was named", lambda file: (file.relative,)),
    "version": Field("version", "schema version of the content", _versions),
    "label": Field("text", "schema_version as it stands in the file", lambda file: _present(file.identity.label)),
    "release": Field("release", "AIPerf release that wrote it, or may have", lambda file: file.identity.writers),
    "aiperf_version": Field("release", "the release as it stands in the file", _top("aiperf_version")),
    "dialect": Field("text", "telemetry names: legacy or vendor", lambda file: _present(file.identity.dialect)),
    "config": Field("text", "UserConfig or BenchmarkConfig", lambda file: _present(file.identity.config)),
    "family": Field("text", "'main export' or another family", lambda file: (file.identity.family.value,)),
    "benchmark_id": Field("text", "as in the file", _top("benchmark_id")),
    "start_time": Field("time", "as in the file: 2026-11-24T01:57:36", _top("start_time")),
    "end_time": Field("time", "as in the file", _top("end_time")),
    "date": Field("time", "start_time to the minute: '2026-11-24 01:57'", _date),
    "cancelled": Field("flag", "was_cancelled", _top("was_cancelled")),
    "phase": Field("text", "the phase that an export below phases/ is of", lambda file: _present(file.phase)),
    "trial": Field("number", "number of the run among those of one command, from 0", _place("trial")),
    "run_label": Field("text", "label of the run: run_0001", _place("label")),
    "variation_label": Field("text", "what a sweep varied: phases.profiling.concurrency=4", _variation),
    "model": Field("text", "models that were asked", _fact("model")),
    "endpoint_type": Field("text", "chat, completions, embeddings, …", _fact("endpoint type")),
    "streaming": Field("flag", "whether answers were streamed", _fact("streaming")),
    "concurrency": Field("number", "of the measured phase", _fact("concurrency")),
    "request_rate": Field("number", "requests a second that were asked for", _fact("request rate")),
    "load": Field("text", "concurrency, rate and lengths in short: 'c=4 64→16'", lambda file: _present(file.load)),
    "input_length": Field("number", "mean input length asked for, in tokens", _fact("input length")),
    "input_length_spread": Field("number", "its standard deviation", _fact("input length spread")),
    "output_length_asked_for": Field("number", "mean, in tokens", _fact("output length asked for")),
    "input_file": Field("text", "file of the inputs", _fact("input file")),
    "turns": Field("number", "mean turns of a conversation", _fact("turns")),
    "duration": Field("number", "seconds asked for", _fact("duration")),
    "requests": Field(
        "number", "requests that ended in the measured phase, failed ones too", _number_of_requests("ended")
    ),
    "requests_asked_for": Field("number", "requests that the configuration asks for", _fact("requests")),
    "conversations": Field("number", "conversations asked for", _fact("conversations")),
    "random_seed": Field("number", "as in the configuration", _fact("random seed")),
    "tokenizer": Field("text", "as in the configuration", _fact("tokenizer")),
    "failed_requests": Field("number", "0 where the file tells that none failed", _number_of_requests("failed")),
    "failed_percent": Field("number", "percent of the requests that failed", _number_of_requests("failed_percent")),
    "errors": Field(
        "text", "HTTP status or type of each kind of error", lambda file: tuple(each.reason for each in file.failures)
    ),
    "scenario": Field("text", "--scenario, as metadata names it", _submission("scenario")),
    "submission_valid": Field("flag", "whether the run counts for its scenario", _submission("valid")),
    "submission_invalid_reasons": Field("text", "why it does not", _submission("reasons")),
    "dataset": Field("text", "public data set, as metadata names it", lambda file: _present(dataset_of(file.run))),
    "gpus": Field("number", "GPUs that the telemetry names", _gpus),
    "gpu_name": Field("text", "their names, each once", _gpu_names),
    "evidence": Field(
        "text",
        "'run', or 'aggregate', 'collated' or 'sweep' of a file about several",
        lambda file: _present(file.evidence),
    ),
    "runs": Field("number", "how many runs the file is about", lambda file: _present(file.runs)),
    "problems": Field("text", "codes of what check finds: M003", lambda file: file.problems),
}
"""Every field with a name of its own. Others are METRIC.STATISTIC and places in the document."""

ALIASES: Final = {
    "name": "file",
    "from_version": "version",
    "was_cancelled": "cancelled",
    "failed": "failed_requests",
}
"""Other names of fields: those of columns in a table and in the terminal UI."""

STATES: Final[dict[str, Field]] = {
    "old": Field("flag", "a migration would bring it to a newer version", lambda file: (file.is_old,)),
    "bad": Field("flag", "check finds a problem, or it cannot be read", lambda file: (bool(file.problems),)),
    "export": Field("flag", "a main export", lambda file: (file.identity.family is Family.EXPORT,)),
    "failed": Field("flag", "requests failed", lambda file: (bool(file.run and file.requests.failed),)),
    "cancelled": Field("flag", "cancelled", lambda file: (file.run.get("was_cancelled") is True,)),
    "phase": Field("flag", "the export of one phase of a run", lambda file: (bool(file.phase),)),
}
"""What `is:` may ask, with the descriptions for the documentation."""
_IS: Final = "is:"
EXAMPLES: Final = "a name such as version, model, request_latency.p99 or input_config.phases.0.concurrency"
"""What a message expects where nothing comes near."""


def words_of(file: File) -> str:
    """The text that a bare word is looked for in: name, version, release, load, model, dialect, date, family."""
    found = [file.relative]
    for name in ("version", "release", "load", "model", "dialect", "date", "family"):
        found += [str(value) for value in FIELDS[name].values(file)]
    return " ".join(found).casefold()


def key_of(name: str) -> str:
    """The one name of a field: without alias, with today's name of a metric."""
    if name.startswith(_IS):
        return name
    plain = name if name in FIELDS or name in ALIASES else name.lower()
    plain = ALIASES.get(plain, plain)
    if plain in FIELDS:
        return plain
    metric = statistic_of(name)
    return f"{current(metric[0])}.{metric[1]}" if metric else name


def statistic_of(name: str) -> tuple[str, str] | None:
    """`("request_latency", "p99")` for a statistic of a metric; None for another name."""
    tag, dot, statistic = name.partition(".")
    return (tag, statistic) if dot and tag and tag != "$" and statistic in STATISTICS else None


@lru_cache(maxsize=1024)
def field_of(name: str) -> Field:
    """The field of a name.

    Raises:
        UsageError: it is not one, and never can be; with the names that come near.
    """
    key = key_of(name)
    if key.startswith(_IS):
        if (state := key.removeprefix(_IS)) in STATES:
            return STATES[state]
        raise UsageError(f"unknown state {state!r} after is:", expected=_near(state, STATES))
    if key in FIELDS:
        return FIELDS[key]
    if metric := statistic_of(key):
        return Field("number", "", lambda file: _statistic(file, *metric))
    steps = _steps(name)
    return Field("any", "", lambda file: _scalars(file.at(steps)))


def is_unproven(key: str) -> bool:
    """Whether a field may be misspelt, for no release of AIPerf need have it: a metric of one's own, or a place."""
    metric = statistic_of(key)
    return not is_known(metric[0]) if metric else field_of(key).kind == "any"


def _steps(name: str) -> paths.Steps:
    """The steps of a path that may be one.

    Raises:
        UsageError: a metric without its statistic, an unknown name of one word, or not the spelling of a path.
    """
    tag, dot, rest = name.partition(".")
    if is_known(tag) and rest != "unit":
        found = f"{tag} has no statistic {rest!r}" if dot else "a metric has statistics"
        near = _near(rest, STATISTICS) if dot else f"{tag}.avg or another statistic"
        raise UsageError(f"unknown name {name!r}: {found}", expected=near)
    if not dot and "[" not in name:
        near = _near(name, [*FIELDS, *ALIASES], EXAMPLES)
        raise UsageError(
            f"unknown name {name!r}", expected=near, hint=f"a key at the top of a file is written $.{name}"
        )
    try:
        return paths.parse(name)
    except ValueError as error:
        raise UsageError(f"{name!r} is not a path: {error}", expected=EXAMPLES) from error


def is_path(name: str) -> bool:
    """Whether a name is that of a place in the document."""
    return not name.startswith(_IS) and field_of(name).kind == "any"


def _scalars(found: list[tuple[Path, Json]]) -> Values:
    """The values at some places; those in an array of texts or numbers one by one."""
    values: list[Json] = []
    for _, value in found:
        values += value if type(value) is list else [value]
    return without_repeats([value for value in values if value is not None and type(value) not in (dict, list)])


def without_repeats(values: Sequence[Json]) -> Values:
    """The values of a sequence, each once, in order."""
    found = {(type(value), value) if isinstance(value, Hashable) else id(value): value for value in values}
    return tuple(found.values())


def _statistic(file: File, tag: str, statistic: str) -> Values:
    """A number of a stats block, in the unit of the catalogue; none where the file's unit is of another kind."""
    block = block_of(file.metrics, tag)
    if file.identity.family is Family.AGGREGATE:
        block = _over_runs(file, tag, statistic)
    value = block.get(statistic) if block else None
    if block is None or not isinstance(value, (int, float)) or type(value) is bool:
        return ()
    metric, unit = catalogue().get(current(tag)), block["unit"]
    if metric is None or unit == metric.unit or statistic == "count":
        return (value,)
    try:
        return (convert(value, str(unit), metric.unit, difference=statistic == "std"),)
    except (UnitError, OverflowError):
        return ()


def _over_runs(file: File, tag: str, statistic: str) -> Object | None:
    """A statistic of an aggregate, as a stats block: the mean over its runs."""
    metrics = file.document.get("metrics")
    for name in spellings(tag):
        found = metrics.get(f"{name}_{statistic}") if type(metrics) is dict else None
        if is_block(found):
            return {"unit": found["unit"], statistic: found.get("mean")}
    return None


def _near(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """The names that come near one; all of them where none does, unless `otherwise` is said then."""
    from difflib import get_close_matches

    return ", ".join(get_close_matches(name, names, 3)) or otherwise or f"one of {', '.join(names)}"
