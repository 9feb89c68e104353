"""`input_config`: every recorded export for every release, the laws of the translation, and what bad input gets."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.process import run
from support.replay import copied, node_at

from migrator.aiperf.releases import NIGHTLIES, RELEASES, release
from migrator.config.acceptance import read_by, rejections
from migrator.config.field_pairs import DATASET, FIELD_PAIRS, PROFILING, READ_AS, RENAMED, WARMUP, parse_pairs
from migrator.config.for_release import checked_file, last_writer, own_release, parse_release
from migrator.config.release_models import known_releases, reader, readers
from migrator.config.translate import family_of
from migrator.errors import RejectedError, UsageError
from migrator.jsonfile import Parsed, fingerprint, parse, render
from migrator.ledger import Entry, Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.migrate import Migration, migrate
from migrator.migration.residue import Residue
from migrator.redact import redact
from oracle.edited import edited

EXPORTS: Final = Path(__file__).parents[2] / "golden" / "exports"
NAME: Final = "profile_export_aiperf.json"
FILES: Final = sorted(path.parent.relative_to(EXPORTS).as_posix() for path in EXPORTS.glob(f"*/*/{NAME}"))
TARGETS: Final = [entry.name for entry in RELEASES[1:]] + [entry.name for entry in NIGHTLIES]
SAMPLING: Final = ("input", "dataset_sampling_strategy")
Object = dict[str, Any]


def read(name: str) -> Parsed:
    return parse((EXPORTS / name / NAME).read_bytes())


def config_of(name: str) -> Object:
    config: Object = read(name).data["input_config"]
    return config


def for_release(document: Object, name: str, **options: Any) -> Migration:
    found = release(name)
    assert found is not None
    return migrate(document, found.version, release_name=name, **options)


def holds(document: Object, name: str) -> Migration:
    """Every law of a conversion for a release; the conversion."""
    before = copied(document)
    done = for_release(document, name, save_residue=True)
    assert fingerprint(document) == fingerprint(before)
    assert rejections(done.document, name) == []
    assert unaccounted(document, done.document, done.ledger) == []
    assert fingerprint(for_release(document, name).document) == fingerprint(done.document)
    again = for_release(done.document, name)
    assert fingerprint(again.document.get("input_config")) == fingerprint(done.document.get("input_config"))
    if done.residue is not None:
        saved = Residue.from_bytes(done.residue.to_bytes("test"))
        back = migrate(done.document, saved.origin, config=True, residue=saved)
        assert render(back.document) == render(redact(document)[0])
        assert back.ledger.by_op()[Op.CONFLICT] == 0
    return done


@pytest.mark.parametrize("target", TARGETS)
def test_every_recorded_export_for_every_release(target: str) -> None:
    for name in FILES:
        holds(read(name).data, target)


@pytest.mark.parametrize("name", FILES)
def test_up_and_down_again_gives_the_original_configuration(name: str) -> None:
    """Law 3, without a residue: the file's own bytes, unless the ledger of the way up says that something was lost."""
    parsed = read(name)
    up = migrate(parsed.data, config=True)
    if not up.changed:
        return
    gone = [entry for entry in up.ledger if entry.loss is Loss.LOST]
    back = migrate(up.document, up.identity.version, config=True).document
    assert gone == []
    assert render(back, parsed.layout) == render(redact(parsed.data)[0], parsed.layout)


def pairs() -> list[tuple[str, str]]:
    """Recordings of one command by releases of the two families."""
    return [
        (f"{old}/{scenario}", f"{new}/{scenario}")
        for scenario in ("chat-streaming", "rate", "multiturn", "extras", "workers", "urls", "trace")
        for old, new in (("0.8.0", "0.13.0"), ("0.7.0", "0.9.0"))
        if {f"{old}/{scenario}", f"{new}/{scenario}"} <= set(FILES)
    ]


OWN_TO_THE_RUN: Final = {"artifacts", "cli_command", "benchmark_id", "output"}
WRITTEN_BY_DEFAULT: Final = {"server_metrics", "network_latency", "otel", "mlflow", "wandb", "gpu_telemetry"}


@pytest.mark.parametrize(("old", "new"), pairs())
def test_a_command_recorded_with_both_families(old: str, new: str) -> None:
    """What 0.8.0 wrote becomes what 0.13.0 wrote for the same command, but for what no file of 0.8.0 says."""
    done = for_release(read(old).data, new.partition("/")[0]).document["input_config"]
    native = config_of(new)
    for key in native.keys() - OWN_TO_THE_RUN - WRITTEN_BY_DEFAULT:
        converted = dict(done.get(key, {})) if key == "tokenizer" else done.get(key)
        if key == "tokenizer":
            converted.pop("resolved_names", None)
        if key == "datasets":  # AIPerf writes a spread of 0.0 beside a mean that was given.
            assert without(converted, ("stddev",)) == without(native[key], ("stddev",))
        elif key == "phases":  # How many requests a trace holds is not in its configuration.
            spared = ("requests",) if "trace" in old else ()
            assert without(converted, spared) == without(native[key], spared)
        else:
            assert converted == native[key], key
    assert list(done) == [key for key in native if key in done]


def without(value: Any, names: tuple[str, ...]) -> Any:
    if type(value) is dict:
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if type(value) is list else value


@pytest.mark.parametrize(("old", "new"), pairs())
def test_and_back(old: str, new: str) -> None:
    done = for_release(read(new).data, old.partition("/")[0]).document["input_config"]
    native = config_of(old)
    for key in ("endpoint", "input", "loadgen", "tokenizer"):
        if key in native and not (key == "input" and "trace" in old):
            assert without(done[key], ("stddev",)) == native[key], key


# --- what can happen to a configuration ----------------------------------------------------------------------

odd = st.sampled_from(
    [None, 3, -1, 2.5, "x", True, [], {}, [1], ["a", 2], {"x": 1}, {"name": "n", "type": "synthetic"}]
)


@st.composite
def configurations(draw: st.DrawFn) -> Object:
    """A recorded export whose configuration was edited: fields gone, of other types, unknown, of the other family."""
    document: Object = copied(read(draw(st.sampled_from(FILES))).data)
    config = document["input_config"]
    for _ in range(draw(st.integers(1, 4))):
        holder = config
        while type(holder) is dict and holder and draw(st.booleans()):
            inner = holder[draw(st.sampled_from(sorted(holder)))]
            inner = inner[0] if type(inner) is list and inner else inner
            if type(inner) is not dict:
                break
            holder = inner
        fields = [*sorted(holder), "x_note", "loadgen", "phases", "datasets", "endpoint", "kind", "url"]
        name = draw(st.sampled_from(fields))
        if draw(st.booleans()):
            holder.pop(name, None)
        else:
            holder[name] = copied(draw(odd))
    if draw(st.integers(0, 9)) == 0:
        other = copied(config_of(draw(st.sampled_from(FILES))))
        document["input_config"] = {**config, **other}
    return document


@given(document=configurations(), target=st.sampled_from(TARGETS))
@settings(deadline=None)
def test_an_edited_configuration_loads_or_is_refused(document: Object, target: str) -> None:
    loads_or_is_refused(document, target)


def loads_or_is_refused(document: Object, target: str) -> None:
    with suppress(RejectedError):
        holds(document, target)


@pytest.mark.slow
@given(document=configurations(), target=st.sampled_from(TARGETS))
@settings(deadline=None, max_examples=3_000)
def test_an_edited_configuration_for_long(document: Object, target: str) -> None:
    loads_or_is_refused(document, target)


@given(document=configurations(), version=st.sampled_from(["0.2", "0.3", "1.0", "1.1", "1.2", "1.3", "1.4", "1.5"]))
@settings(deadline=None)
def test_a_plain_target_keeps_what_no_release_knows(document: Object, version: str) -> None:
    done = migrate(document, version, config=True, save_residue=True)
    assert unaccounted(document, done.document, done.ledger) == []
    if done.residue:
        back = migrate(done.document, done.residue.origin, config=True, residue=done.residue)
        assert render(back.document) == render(redact(document)[0])


def test_unknown_fields_stay_for_a_version_and_go_for_a_release() -> None:
    document = copied(read("0.8.0/chat-streaming").data)
    document["input_config"]["input"]["x_note"] = "mine"
    kept = migrate(document, "1.4", config=True)
    assert kept.document["input_config"]["input"] == {"x_note": "mine"}
    assert [entry.loss for entry in kept.ledger if entry.path == ("input_config", "input", "x_note")] == [Loss.KEPT]
    gone = for_release(document, "0.13.0")
    assert "input" not in gone.document["input_config"]
    assert lost(gone) == [("input_config", "input", "x_note")]


def lost(done: Migration) -> list[tuple[Any, ...]]:
    return [entry.path for entry in done.ledger if entry.loss is Loss.LOST and entry.path[0] == "input_config"]


@pytest.mark.parametrize("config", [{}, {"x": 1}, {"models": 3}, {"endpoint": {"urls": "no list"}}])
def test_a_configuration_that_no_release_reads_goes_as_a_whole(config: Any) -> None:
    document = {**read("0.8.0/chat-streaming").data, "input_config": config}
    done = for_release(document, "0.13.0", save_residue=True)
    assert "input_config" not in done.document
    drops = [entry for entry in done.ledger if entry.path == ("input_config",)]
    assert [(entry.op, entry.loss) for entry in drops] == [(Op.DROP, Loss.SAVED)]
    assert drops[0].note
    plain = migrate(document, "1.4", config=True)
    assert plain.document["input_config"] == config


def test_a_document_that_a_release_would_reject_elsewhere_is_refused() -> None:
    document = {**read("0.13.0/chat-streaming").data, "error_summary": "none"}
    with pytest.raises(RejectedError, match=r"\$\.error_summary: AIPerf 0\.9\.0 would reject it"):
        for_release(document, "0.9.0")


def test_values_outside_a_release_go() -> None:
    document = copied(read("0.13.0/chat-streaming").data)
    document["input_config"]["endpoint"]["transport"] = "smoke"
    document["input_config"]["phases"][1]["requests"] = 0
    done = for_release(document, "0.8.0")
    assert ("input_config", "endpoint", "transport") in lost(done)
    assert ("input_config", "loadgen", "request_count") in lost(done)


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({("endpoint", "wait_for_model_mode"): "models"}, ("endpoint", "wait_for_model_mode")),
        ({("loadgen", "num_users"): 3}, ("loadgen", "num_users")),
        ({("input", "file"): "t.jsonl", ("input", "fixed_schedule"): True, SAMPLING: "random"}, SAMPLING),
        ({("no_gpu_telemetry",): True}, ("gpu_telemetry", 0)),
    ],
)
def test_fields_that_do_not_go_together_are_left_out(changes: Any, gone: tuple[Any, ...]) -> None:
    document = copied(read("0.8.0/chat-streaming").data)
    for place, value in changes.items():
        node_at(document["input_config"], place[:-1])[place[-1]] = value
    done = for_release(document, "0.8.0")
    assert lost(done) == [("input_config", *gone)]
    before = copied(document["input_config"])
    assert for_release(document, "0.13.0").changed
    assert document["input_config"] == before


EDITED: Final = edited()


@pytest.mark.parametrize("target", ["0.2.0", "0.4.0", "0.6.0", "0.8.0", "0.9.0", "0.12.0", "0.13.0"])
def test_edited_configurations_that_aiperf_judges_load_and_nothing_goes_silently(target: str) -> None:
    for export in EDITED:
        own = reader(export.name.partition("/")[0])
        ordered = own.models.matcher(own.config_model).trim(export.document["input_config"])
        assert ordered.ok, export.name
        holds({**export.document, "input_config": ordered.value}, target)


JUDGED: Final[dict[tuple[str, str], list[str]]] = {
    # What AIPerf itself said: its models reject each of these as they are, and read them without these fields.
    ("0.8.0/chat-streaming", "loadgen.benchmark_grace_period = 5.0"): ["0.2.0", "0.4.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.warmup_grace_period = 5.0"): ["0.5.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.num_users = 3"): ["0.5.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.request_cancellation_delay = 2.0"): ["0.5.0", "0.8.0"],
    ("0.8.0/chat-streaming", "input.conversation.num = 30"): ["0.3.0", "0.4.0", "0.8.0"],
    ("0.8.0/chat-streaming", "input.rankings.passages.mean = 3"): ["0.4.0", "0.8.0"],
    ("0.8.0/chat-streaming", "input.video.width = 64"): ["0.2.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.confidence_level = 0.9"): ["0.7.0", "0.8.0"],
    ("0.13.0/chat-streaming", "phases.-1.grace_period = 5.0"): ["0.9.0", "0.13.0"],
    ("0.13.0/chat-streaming", 'wandb.tags = ["a"]'): ["0.11.0", "0.13.0"],
    ("0.13.0/chat-streaming", "endpoint.per_chunk_usage = true"): ["0.13.0"],
}


@pytest.mark.parametrize(("edit", "targets"), JUDGED.items())
def test_one_field_goes_in_the_releases_that_reject_it(edit: tuple[str, str], targets: list[str]) -> None:
    export = next(export for export in EDITED if export.name == ", ".join(edit))
    field = edit[1].partition(" = ")[0].rpartition(".")[2]
    for target in targets:
        gone = [path for path in lost(for_release(export.document, target)) if field in path]
        assert len(gone) == 1, target
        assert rejections(export.document, target) != []


def config_for(target: str, name: str, changes: dict[tuple[Any, ...], Any]) -> Migration:
    document = copied(read(name).data)
    for place, value in changes.items():
        node_at(document["input_config"], place[:-1])[place[-1]] = value
    return for_release(document, target)


def test_more_at_once_than_there_are_requests_becomes_as_many() -> None:
    done = config_for("0.8.0", "0.13.0/chat-streaming", {("phases", 1, "concurrency"): 1000})
    requests = done.document["input_config"]["loadgen"]["request_count"]
    assert done.document["input_config"]["loadgen"]["concurrency"] == requests
    told = [entry for entry in done.ledger if entry.op is Op.SET and entry.path[-1] == "concurrency"]
    assert [(entry.before, entry.after, entry.loss) for entry in told] == [(1000, requests, Loss.LOST)]
    kept = config_for("0.3.0", "0.13.0/chat-streaming", {("phases", 1, "concurrency"): 1000})
    assert kept.document["input_config"]["loadgen"]["concurrency"] == 1000, "0.3.0 does not mind"


def test_what_userconfig_leaves_unsaid_is_told_where_a_release_must_hear_it() -> None:
    trace = config_for("0.13.0", "0.8.0/trace", {("input", "fixed_schedule_start_offset"): 10})
    assert trace.document["input_config"]["phases"][0]["auto_offset"] is False
    plain = copied(read("0.4.0/chat-streaming").data)
    del plain["input_config"]["loadgen"]["request_count"], plain["input_config"]["endpoint"]["url"]
    done = for_release(plain, "0.9.0")
    assert done.document["input_config"]["phases"][-1]["requests"] == 10
    assert done.document["input_config"]["endpoint"]["urls"] == ["http://localhost:8000"]
    inferred = {entry.path for entry in done.ledger if entry.loss is Loss.INFERRED}
    assert {("input_config", "endpoint", "urls"), ("input_config", "phases", 1, "requests")} <= inferred


def test_a_template_among_the_extra_inputs_is_found() -> None:
    extra = [["payload_template", "{}"], ["response_field", "answer"]]
    done = config_for(
        "0.13.0", "0.8.0/chat-streaming", {("endpoint", "type"): "template", ("input", "extra"): extra}
    ).document["input_config"]
    assert done["endpoint"]["template"] == {"body": "{}", "response_field": "answer"}


def test_a_configuration_without_what_a_release_must_have_goes_as_a_whole_and_says_why() -> None:
    done = config_for("0.9.0", "0.13.0/chat-streaming", {("endpoint", "urls"): ["ftp://a/"]})
    assert "input_config" not in done.document
    assert [entry.note for entry in done.ledger if entry.path == ("input_config",)] == [
        "endpoint.urls: a URL needs a host, and http://, https:// or no scheme"
    ]


def test_goals_are_spelled_as_the_release_reads_them() -> None:
    goals = {"request_latency": 90.0, "time_to_first_token": 25.0}
    document = read("0.13.0/chat-goodput-key").data
    assert for_release(document, "0.7.0").document["input_config"]["input"]["goodput"] == goals
    told = "request_latency:90.0 time_to_first_token:25.0"
    assert for_release(document, "0.6.0").document["input_config"]["input"]["goodput"] == told
    older = for_release(document, "0.6.0").document
    assert for_release(older, "0.13.0").document["input_config"]["slos"] == goals


def test_several_urls_for_a_release_that_has_one() -> None:
    done = for_release(read("0.8.0/urls").data, "0.5.0")
    assert done.document["input_config"]["endpoint"]["url"] == "http://127.0.0.1:18080"
    assert [entry.loss for entry in done.ledger if entry.op is Op.SET and entry.path[-1] == "url"] == [Loss.LOST]


def test_telemetry_gets_the_names_of_the_release() -> None:
    legacy, vendor = read("0.11.0.dev20260715/chat-streaming").data, read("0.13.0/chat-streaming").data
    assert "nvidia_power_usage" in json.dumps(for_release(legacy, "0.13.0").document["telemetry_data"])
    assert "nvidia_power_usage" not in json.dumps(for_release(vendor, "0.11.0.dev20260715").document["telemetry_data"])


# --- the tables ----------------------------------------------------------------------------------------------


def test_every_pair_names_fields_that_are_there() -> None:
    user, benchmark = reader("0.8.0"), reader("0.13.0")
    heads = {DATASET: ["SyntheticDataset", "FileDataset", "PublicDataset"], WARMUP: PHASES, PROFILING: PHASES}
    for pair in FIELD_PAIRS:
        assert has_field(user.schemas, "UserConfig", pair.user), pair
        models = heads.get(pair.benchmark[0], ["BenchmarkConfig"])
        path = pair.benchmark[1:] if pair.benchmark[0] in heads else pair.benchmark
        assert any(has_field(benchmark.schemas, model, path) for model in models), pair
    for name in (*RENAMED, *READ_AS):
        assert has_field(reader(name.last).schemas, "UserConfig", name.old), name


PHASES: Final = [
    f"{kind}Phase" for kind in ("Concurrency", "Poisson", "Gamma", "Constant", "UserCentric", "FixedSchedule")
]


def has_field(models: Object, model: str, path: tuple[str, ...]) -> bool:
    """Whether a model, or one that a field of it refers to, has a field at a place."""
    schemas = [models[model]]
    for part in path:
        schemas = [field for schema in schemas for field in targets(schema.get("properties", {}).get(part), models)]
    return bool(schemas)


def targets(field: Object | None, models: Object) -> list[Object]:
    if field is None:
        return []
    if "$ref" in field:
        return targets(models[field["$ref"]], models)
    branches = field.get("anyOf", field.get("oneOf", []))
    return [found for branch in branches for found in targets(branch, models)] or [field]


def test_only_a_rate_is_in_two_pairs() -> None:
    twice = {
        pair.benchmark for pair in FIELD_PAIRS if sum(other.benchmark == pair.benchmark for other in FIELD_PAIRS) > 1
    }
    assert twice == {(PROFILING, "rate")}, "a rate is a request rate or a user-centric one, by the type of the phase"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("endpoint.type", "line 2: expected two names and perhaps a conversion, found 'endpoint.type'"),
        ("a.b c.d float more", "line 2: expected two names and perhaps a conversion"),
        ("a.b c.d floot", "line 2: expected one of float, .*, found 'floot'"),
        ("input.file datasets[0].other", "line 2: input.file has a line already"),
    ],
)
def test_a_malformed_line_of_the_pairs_is_refused(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^field pairs, {said}"):
        parse_pairs(f"input.file datasets[0].path\n{line}\n")


def test_readers() -> None:
    assert [one.family for one in readers()] == ["user"] * 7 + ["benchmark"] * (len(readers()) - 7)
    assert reader("0.1.1").schemas == reader("0.2.0").schemas
    assert reader("0.8.0.dev20260521").family == "benchmark"
    assert reader("0.11.0.dev20260715").schemas == reader("0.11.0").schemas
    assert known_releases()[0] == "0.2.0"


@pytest.mark.parametrize("name", FILES)
def test_what_a_release_writes_its_own_model_has_a_place_for(name: str) -> None:
    own = name.partition("/")[0]
    if release(own):
        found = reader(own)
        trimmed = found.models.matcher(found.config_model).trim(config_of(name))
        assert trimmed.ok
        assert list(trimmed.misfits) == []
        assert fingerprint(trimmed.value) == fingerprint(config_of(name))


ODD_PHASES: Final[list[Any]] = [
    ["x"],
    [False, {"type": "poisson"}],
    [{"type": ["x"], "name": {}}],
    [{}],
    [[1]],
    "x",
    {},
]


@pytest.mark.parametrize("phases", ODD_PHASES)
@pytest.mark.parametrize("target", ["0.4.0", "0.8.0", "0.13.0"])
def test_phases_that_are_none(phases: Any, target: str) -> None:
    document = read("0.13.0/chat-streaming").data
    holds({**document, "input_config": {**document["input_config"], "phases": phases}}, target)
    migrate({**document, "input_config": {**document["input_config"], "phases": phases}}, "1.1", config=True)


def test_families() -> None:
    for name in FILES:
        own = release(name.partition("/")[0])
        if own:
            assert family_of(config_of(name)) == reader(own.name).family
    assert family_of({}) is None
    assert family_of({"endpoint": {}}) is None


# --- which release -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("0.9.0", "0.9.0", "1.3"),
        ("0.9", "0.9.0", "1.3"),
        ("0", "0.13.0", "1.4"),
        ("0.13", "0.13.0", "1.4"),
        ("0.9.7", "0.9.7", "1.3"),
        ("0.11.0.dev20260715", "0.11.0.dev20260715", "1.4"),
        ("0.13.0.dev20261008", "0.13.0.dev20261008", "1.5"),
    ],
)
def test_named_releases(text: str, name: str, version: str) -> None:
    found = parse_release(text)
    assert (found.release.name, found.release.version, found.note) == (name, version, "")


def test_a_newer_release_is_written_as_the_newest_known() -> None:
    found = parse_release("7.1")
    assert found.release.name == "7.1.0"
    assert found.release.version == "1.5"
    assert known_releases()[-1] in found.note


@pytest.mark.parametrize("text", ["", "banana", "0.1.1", "0.0.1", "v0.9", "0.9.0rc1", "0.9.0.dev1", "9" * 5000 + "."])
def test_no_release(text: str) -> None:
    with pytest.raises(UsageError):
        parse_release(text)


def test_last_writers() -> None:
    wrote = {"0.1": "0.1.1", "0.2": "0.2.0", "0.3": "0.3.0", "1.0": "0.7.0", "1.1": "0.8.0", "1.3": "0.11.0"}
    for version, name in (wrote | {"1.4": "0.13.0", "1.2": "0.8.0", "1.5": known_releases()[-1]}).items():
        assert last_writer(version) == name
    assert own_release({"aiperf_version": "0.4.0"}, "1.0") == "0.4.0"
    assert own_release({"aiperf_version": "0.4.0"}, "1.3") == "0.11.0"
    assert own_release({"aiperf_version": 7}, "1.3") == "0.11.0"


def test_who_reads_a_file_as_it_is() -> None:
    assert read_by(read("0.1.1/chat-streaming").data) == []
    assert read_by(read("0.8.0/chat-streaming").data)[-1][1] == "0.8.0"
    assert read_by(read("0.13.0/chat-streaming").data) == [("0.12.0", "0.13.0")]
    assert read_by(for_release(read("0.13.0/chat-streaming").data, "0.9.0").document) == [("0.9.0", "0.13.0")]
    without_config = {key: value for key, value in read("0.13.0/chat-streaming").data.items() if key != "input_config"}
    assert read_by(without_config) == [("0.3.0", "0.13.0")], "0.2.0 wants endpoints_tested"


def test_a_dataset_file_must_be_there_for_older_releases() -> None:
    document = read("0.13.0/trace").data
    assert checked_file(for_release(document, "0.8.0").document, "0.8.0") == "trace.jsonl"
    assert checked_file(document, "0.13.0") == ""


# --- the command line ----------------------------------------------------------------------------------------


def test_convert_for_a_release(tmp_path: Path) -> None:
    source = EXPORTS / "0.13.0/chat-streaming" / NAME
    out = tmp_path / "out.json"
    done = run("convert", source, "--for-aiperf", "0.8", "-o", out, "--residue", "--json")
    assert done.code == 0
    row = json.loads(done.stdout)
    assert (row["from"], row["to"], row["for_aiperf"]) == ("1.4", "1.1", "0.8.0")
    assert "loadgen" in json.loads(out.read_bytes())["input_config"]
    back = run("convert", out, "--to", "1.4", "-o", tmp_path / "back.json")
    assert back.code == 0
    assert (tmp_path / "back.json").read_bytes() == source.read_bytes()


def test_a_file_that_the_release_reads_is_left_as_it_is() -> None:
    done = run("convert", EXPORTS / "0.9.0/chat-streaming" / NAME, "--for-aiperf", "0.11.0", "--check")
    assert done.code == 0
    assert "AIPerf 0.11.0 reads it as it is" in done.stdout


def test_a_plain_target_translates_too() -> None:
    done = run("convert", EXPORTS / "0.13.0/chat-streaming" / NAME, "--to", "1.1")
    assert "loadgen" in json.loads(done.stdout)["input_config"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--for-aiperf", "banana"], 'no AIPerf release "banana"'),
        (["--for-aiperf", "0.1.1"], "AIPerf 0.1.1 cannot read exports"),
        (["--for-aiperf", "0.9", "--to", "1.3"], "not allowed with"),
        ([], "one of the arguments --to --for-aiperf is required"),
    ],
)
def test_wrong_targets(arguments: list[str], said: str) -> None:
    done = run("convert", EXPORTS / "0.9.0/chat-streaming" / NAME, *arguments)
    assert done.code == 2
    assert said in done.stderr


def test_an_unknown_newer_release_is_told() -> None:
    done = run("upgrade", EXPORTS / "0.9.0/chat-streaming" / NAME, "--for-aiperf", "2.0", "--dry-run")
    assert done.code == 0
    assert "AIPerf 2.0.0 is not known to this version" in done.stderr


def test_the_releases_are_listed() -> None:
    rows = [json.loads(line) for line in run("versions", "--releases", "--json").stdout.splitlines()]
    assert [row["release"] for row in rows if ".dev" not in row["release"]] == [entry.name for entry in RELEASES]
    assert {row["input_config"] for row in rows} == {"UserConfig", "BenchmarkConfig"}
    assert "0.13.0 " in run("versions", "--releases").stdout


def test_entries_tell_their_release() -> None:
    steps = {entry.step for entry in entries("0.8.0/chat-streaming", "0.13.0") if entry.path[0] == "input_config"}
    assert steps == {"input_config 0.13.0"}


def entries(name: str, target: str) -> list[Entry]:
    return list(for_release(read(name).data, target).ledger)
