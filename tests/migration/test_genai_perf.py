"""Exports of GenAI-Perf, the predecessor, brought into the line of AIPerf's versions, and given back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.laws import clean, everything
from support.process import EXPORTS, NAME, SECRET, run
from support.replay import copied, leaves
from support.versions import NEWEST

from migrator.aiperf.directions import direction
from migrator.aiperf.metrics import catalogue, is_block
from migrator.aiperf.releases import version_key
from migrator.batch.workload import workload
from migrator.chain.names import current
from migrator.chain.steps import ENTRY, GENAI_PERF, VERSIONS
from migrator.chain.steps.genai_perf import CARRIED
from migrator.config.acceptance import rejections
from migrator.config.family import family_of
from migrator.errors import RejectedError, ResidueError, UnknownVersionError
from migrator.identify import Family, identify
from migrator.jsonfile import Numeral, fingerprint, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.goal import Goal, goal_of
from migrator.migration.migrate import Options, migrate
from migrator.migration.plan import plan
from migrator.migration.residue import Residue
from migrator.schemas import violations

Object = dict[str, Any]
REAL = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / "profile_export_genai_perf.json"
TARGETS = [version for version in VERSIONS if version_key(version) >= version_key(ENTRY.newer)]
TELEMETRY = {
    "gpu_power_usage": {"unit": "W", "gpu0": {"avg": 300.5, "p99": 310.0, "std": 1.5}, "gpu1": {"avg": 20.0}},
    "gpu_power_limit": {"unit": "W", "gpu0": {"avg": 700.0}},
    "memory_copy_utilization": {"unit": "%", "gpu1": {"avg": 1.25, "min": 0.0}},
}
BROKEN = (
    None,
    [],
    {},
    "none",
    {"a": 1},
    {"a": {"gpu0": {"avg": 1}}},
    {"a": {"unit": "W"}},
    {"a": {"unit": 1, "g": {}}},
)
"""Telemetry that GenAI-Perf does not write."""


def real() -> Object:
    found: Object = parse(REAL.read_bytes()).data
    return found


def unknown(document: Object) -> None:
    document["x_unknown"] = {"größe": [1, 2.5, None]}
    document["acme.metric"] = {"unit": "ms", "avg": 1.5, "x_own": "mine"}
    document["sessions"] = {"session-1": {"request_latency": {"unit": "ms", "avg": 3.5}}}


def telemetry(document: Object) -> None:
    document["telemetry_stats"] = copied(TELEMETRY)


def collision(document: Object) -> None:
    document["request_goodput"] = {"unit": "requests/sec", "avg": 1.5}
    document["goodput"] = {"unit": "requests/sec", "avg": 2.5}


def old_names(document: Object) -> None:
    """As GenAI-Perf 0.0.3 wrote them: other names, and nanoseconds."""
    for new, old in (("input_sequence_length", "num_input_token"), ("output_sequence_length", "num_output_token")):
        document[old] = document.pop(new)
    document["output_token_throughput_per_request"] = {"unit": "tokens/sec", "avg": 41.5, "p99": 42}
    document["request_latency"] = {"unit": "ns", "avg": 66917981.625, "p50": 1, "std": 0}


def flat_options(document: Object) -> None:
    document["input_config"] = {
        "model": ["acme/m"],
        "service_kind": "openai",
        "endpoint_type": "chat",
        "u": "nim:8000",
        "concurrency": 10,
        "measurement_interval": 10000,
        "synthetic_input_tokens_mean": 200,
        "output_tokens_mean": -1,
        "random_seed": 7,
        "subcommand": None,
    }


def goodput(document: Object) -> None:
    document["request_goodput"] = {"unit": "requests/sec", "avg": 1.5}


def both_telemetries(document: Object) -> None:
    telemetry(document)
    document["telemetry_data"] = {"endpoints": {}}


def odd_numbers(document: Object) -> None:
    for name in ("avg", "p50", "std"):
        document["request_latency"][name] = Numeral("123456789012345678901234567890.10")


def null_metric(document: Object) -> None:
    document["time_to_first_token"] = None


def a_label(document: Object) -> None:
    document["telemetry_stats"] = copied(TELEMETRY)
    document["schema_version"] = "1.0"


def secret(document: Object) -> None:
    document["input_config"]["input"]["header"] = [f"Authorization: Bearer {SECRET}", "X-Team: perf"]
    document["input_config"]["input"]["extra"] = [f"api_key:{SECRET}"]
    document["input_config"]["endpoint"]["server_metrics_urls"] = [f"http://user:{SECRET}@host/metrics"]
    document["error"] = f"401 for {SECRET}"


MUTATIONS: tuple[Callable[[Object], None], ...] = (
    unknown,
    telemetry,
    collision,
    goodput,
    both_telemetries,
    odd_numbers,
    null_metric,
    a_label,
    old_names,
    secret,
)
changes = st.lists(st.sampled_from(MUTATIONS), max_size=4, unique=True)


def mutated(chosen: list[Callable[[Object], None]], broken: Any = ...) -> Object:
    document = copied(real())
    for change in chosen:
        change(document)
    if broken is not ...:
        document["telemetry_stats"] = copied(broken)
    result: Object = parse(render(document)).data
    assert identify(result).family is Family.GENAI_PERF
    return result


# --- laws ----------------------------------------------------------------------------------------------------

documents = st.builds(mutated, changes, st.one_of(st.just(...), st.sampled_from(BROKEN)))


@given(documents, st.sampled_from(TARGETS))
def test_pure_and_deterministic(document: Object, target: str) -> None:
    before = render(document)
    first = migrate(document, target, Options(save_residue=True))
    assert render(document) == before
    assert everything(migrate(parse(before).data, target, Options(save_residue=True))) == everything(first)


@given(documents, st.sampled_from(TARGETS))
def test_its_result_is_a_main_export_of_the_version_asked_for(document: Object, target: str) -> None:
    result = migrate(document, target).document
    found = identify(result)
    if "telemetry_stats" not in result:
        assert found.family is Family.EXPORT
        assert target in found.versions
        assert migrate(result, target).document is result
    assert violations(target, result) == []


@given(documents, st.sampled_from(TARGETS))
def test_the_residue_gives_the_original_back(document: Object, target: str) -> None:
    up = migrate(document, target, Options(save_residue=True))
    assert up.residue
    residue = Residue.from_bytes(up.residue.to_bytes("test"))
    back = migrate(up.document, GENAI_PERF, residue=residue)
    assert render(back.document) == render(clean(document))
    assert back.ledger.by_op()[Op.CONFLICT] == 0


@given(documents, st.sampled_from(TARGETS), st.sampled_from(["", "0.3.0", "0.8.0", "0.13.0"]), st.booleans())
def test_with_its_configuration_the_residue_gives_it_back_too(
    document: Object, target: str, reader: str, flat: bool
) -> None:
    if flat and "secret" not in repr(document):
        flat_options(document)
    goal = goal_of(for_aiperf=reader) if reader else Goal(target)
    try:
        up = migrate(document, goal, Options(config=True, save_residue=True))
    except RejectedError:
        return
    assert up.residue
    assert not up.ledger.of(Loss.LOST)
    residue = Residue.from_bytes(up.residue.to_bytes("test"))
    back = migrate(up.document, GENAI_PERF, Options(config=True), residue=residue)
    assert render(back.document) == render(clean(document))
    assert back.ledger.by_op()[Op.CONFLICT] == 0
    if reader:
        assert rejections(up.document, reader) == []


@given(documents, st.sampled_from(TARGETS))
def test_every_leaf_is_accounted_for_and_every_unknown_key_survives(document: Object, target: str) -> None:
    result = migrate(document, target)
    assert unaccounted(document, result.document, result.ledger) == []
    assert not result.ledger.of(Loss.LOST)
    for key in ("x_unknown", "acme.metric", "sessions"):
        assert fingerprint(result.document.get(key)) == fingerprint(document.get(key))
    # Latencies in nanoseconds are numbers of their own afterwards, which the ledger names.
    changed = [entry for entry in result.ledger if entry.op is Op.SET and type(entry.before) is not str]
    numbers = [fingerprint(leaf) for _, leaf in leaves(document) if type(leaf) in (float, Numeral)]
    kept = [fingerprint(leaf) for _, leaf in leaves(result.document) if type(leaf) in (float, Numeral)]
    before = [fingerprint(entry.before) for entry in changed if type(entry.before) in (float, Numeral)]
    after = [fingerprint(entry.after) for entry in changed]
    assert sorted(numbers + after) == sorted(kept + before)


@given(documents, st.sampled_from(TARGETS))
def test_one_call_is_the_steps_one_by_one(document: Object, target: str) -> None:
    one = migrate(document, target)
    assert one.steps == plan(GENAI_PERF, target).names()
    assert one.steps[0] == "genai-perf → 0.2"
    here = document
    for station in TARGETS[: TARGETS.index(target) + 1]:
        here = migrate(here, station).document
        if "telemetry_stats" in here:
            return  # What could not be moved keeps it a GenAI-Perf export; the ledger says so.
    # A label on the way in, which GenAI-Perf never wrote, is taken off and put in front again.
    assert fingerprint(here) == fingerprint(one.document)


@given(documents)
def test_no_secret_is_in_what_comes_out(document: Object) -> None:
    result = migrate(document, options=Options(save_residue=True))
    assert SECRET.encode() not in everything(result)


# --- what it does --------------------------------------------------------------------------------------------


def test_the_real_export_keeps_every_metric_under_its_name() -> None:
    before, result = real(), migrate(real())
    metrics = {name: block for name, block in before.items() if is_block(block)}
    assert len(metrics) == 10
    metrics["request_count"] = {**metrics["request_count"], "unit": "requests"}
    assert {name: result.document[current(name)] for name in metrics} == metrics
    assert result.document[CARRIED] == before["input_config"]
    assert "input_config" not in result.document
    assert "start_time" not in result.document
    assert not result.ledger.of(Loss.LOST)


def test_telemetry_is_turned_gpu_by_gpu() -> None:
    document = mutated([telemetry])
    result = migrate(document)
    gpus = result.document["telemetry_data"]["endpoints"]["genai-perf"]["gpus"]
    assert list(gpus) == ["gpu0", "gpu1"]
    assert gpus["gpu0"]["metrics"]["nvidia_power_usage"] == {"unit": "W", "avg": 300.5, "p99": 310.0, "std": 1.5}
    assert gpus["gpu1"]["metrics"]["nvidia_memory_utilization"] == {"unit": "%", "avg": 1.25, "min": 0.0}
    assert gpus["gpu0"]["metrics"]["gpu_power_limit"] == {"unit": "W", "avg": 700.0}
    assert "gpu_name" not in gpus["gpu0"]


@pytest.mark.parametrize("stats", BROKEN, ids=repr)
def test_telemetry_of_another_shape_is_set_aside_whole(stats: Any) -> None:
    result = migrate(mutated([], stats))
    assert result.document["genai_perf_telemetry_stats"] == stats
    assert "telemetry_data" not in result.document


def test_goodput_has_its_present_name() -> None:
    assert migrate(mutated([goodput])).document["goodput"] == {"unit": "requests/sec", "avg": 1.5}
    both = migrate(mutated([collision]))
    assert both.document["goodput"]["avg"] == 2.5
    assert both.document["request_goodput"]["avg"] == 1.5


def test_old_names_and_nanoseconds_become_those_of_today() -> None:
    before = mutated([old_names])
    result = migrate(before).document
    assert result["input_sequence_length"] == before["num_input_token"]
    assert result["output_sequence_length"] == before["num_output_token"]
    assert result["e2e_output_token_throughput"] == {"unit": "tokens/sec/user", "avg": 41.5, "p99": 42}
    assert result["request_latency"] == {"unit": "ms", "avg": 66.917981625, "p50": 1e-06, "std": 0.0}
    assert not {"num_input_token", "num_output_token", "output_token_throughput_per_request"} & result.keys()
    assert direction(current("output_token_throughput_per_request")) == "higher"
    assert direction(current("num_input_token")) == direction(current("num_output_token")) == "parity"


def test_units_are_spelled_as_aiperf_does() -> None:
    document = real()
    document["image_throughput"] = {"unit": "pages/sec", "avg": 3.2}
    document["image_latency"] = {"unit": "ms", "avg": 60.5}
    result = migrate(document).document
    for tag in ("request_count", "image_throughput", "image_latency", *document.keys() & catalogue().keys()):
        assert result[current(tag)]["unit"] == catalogue()[tag].unit


@pytest.mark.parametrize(("latency", "unit"), [(66.5, "ms/image"), (66.9e6, ""), ("7", ""), (None, "")])
def test_the_latency_of_an_image_without_a_unit_is_taken_for_milliseconds_if_it_must_be(
    latency: Any, unit: str
) -> None:
    document = real()
    document["image_latency"] = {"unit": "", "avg": latency}
    assert migrate(document).document["image_latency"] == {"unit": unit, "avg": latency}


def test_the_one_unit_of_all_metrics_of_some_builds_is_put_right() -> None:
    document = mutated([old_names])
    for tag in ("output_token_throughput", "num_input_token", "output_token_throughput_per_request"):
        document[tag]["unit"] = "requests/sec"
    result = migrate(document).document
    for tag in ("output_token_throughput", "input_sequence_length", "e2e_output_token_throughput"):
        assert result[current(tag)]["unit"] == catalogue()[tag].unit
    assert result["request_throughput"]["unit"] == "requests/sec"


# --- its configuration ---------------------------------------------------------------------------------------


def configured(document: Object, goal: Goal | str) -> Object:
    found: Object = migrate(document, goal, Options(config=True)).document.get("input_config", {})
    return found


def test_nested_options_become_the_configuration_of_the_version() -> None:
    user = configured(real(), "1.1")
    assert user["endpoint"]["model_names"] == ["mock-model"]
    assert user["loadgen"] == {"concurrency": 4, "request_count": 40}
    assert user["input"]["prompt"] == {"input_tokens": {"mean": 64}, "output_tokens": {"mean": 16}}
    benchmark = configured(real(), NEWEST)
    (phase,) = benchmark["phases"]
    assert (phase["concurrency"], phase["requests"], phase["type"]) == (4, 40, "concurrency")
    assert benchmark["datasets"][0]["random_seed"] == 42
    assert migrate(real()).document["run_info"]["random_seed"] == 42
    assert "url" in configured(real(), goal_of(for_aiperf="0.3.0"))["endpoint"]


def test_flat_options_become_the_configuration_of_the_version() -> None:
    user = configured(mutated([flat_options]), "1.0")
    assert user["endpoint"] == {"model_names": ["acme/m"], "type": "chat", "urls": ["nim:8000"]}
    assert user["loadgen"] == {"concurrency": 10}, "it was measured for a time, which is none of AIPerf's"
    assert user["input"] == {"random_seed": 7, "prompt": {"input_tokens": {"mean": 200}}}
    assert migrate(mutated([flat_options])).document["run_info"]["random_seed"] == 7


def test_the_end_of_the_run_is_what_was_measured_or_not_said() -> None:
    document = mutated([flat_options])
    assert configured(document, NEWEST)["phases"][0]["requests"] == 40, "request_count.avg"
    done = migrate(document, NEWEST, Options(config=True))
    (entry,) = [entry for entry in done.ledger if entry.path == ("input_config",) and entry.op is Op.ADD]
    assert entry.loss is Loss.INFERRED
    del document["request_count"]
    assert configured(document, NEWEST)["phases"][0]["duration"] == 10.0, "the time of a window that it measured"
    del document["input_config"]["measurement_interval"]
    without = migrate(document, NEWEST, Options(config=True))
    assert "input_config" not in without.document, "a BenchmarkConfig must say when the run ends; ten would be made up"
    assert [entry.note for entry in without.ledger if entry.path == (CARRIED,) and entry.note]
    assert without.document[CARRIED] == document["input_config"]


def test_the_configuration_rides_along_and_is_read_from_there() -> None:
    for target in TARGETS:
        done = migrate(real(), target, Options(config=True))
        assert done.document[CARRIED] == real()["input_config"]
        assert workload(done.document) == workload(real())
        again = migrate(done.document, target, Options(config=True))
        assert again.document is done.document


def test_for_a_release_a_file_without_a_configuration_gets_one_and_loads() -> None:
    for release in ("0.2.0", "0.8.0", "0.9.0", "0.13.0"):
        for document in (real(), mutated([telemetry]), migrate(mutated([telemetry])).document):
            done = migrate(document, goal_of(for_aiperf=release), Options(config=True)).document
            assert rejections(done, release) == []
            assert family_of(done["input_config"]) == ("user" if release in ("0.2.0", "0.8.0") else "benchmark")
            assert "telemetry_data" not in done
            aside = done.get("genai_perf_telemetry_stats")
            assert aside in (None, TELEMETRY)
            assert (aside is None) == ("telemetry_stats" not in document and "telemetry_data" not in document)


def test_where_its_key_is_taken_the_configuration_stays_where_it_is() -> None:
    document = {**real(), CARRIED: {"mine": 1}}
    for target in TARGETS:
        done = migrate(document, target, Options(config=True))
        assert done.document["input_config"] == document["input_config"]
        assert done.document[CARRIED] == {"mine": 1}
        assert [entry.note for entry in done.ledger if entry.op is Op.KEEP and entry.path == ("input_config",)]
    with pytest.raises(RejectedError, match="input_config"):
        migrate(document, goal_of(for_aiperf="0.13.0"), Options(config=True))


@pytest.mark.parametrize(
    "options",
    [
        {"subcommand": None},
        {"subcommand": None, "model": 3, "concurrency": "x", "extra_inputs": [1], "header": {"a": [1]}, "u": 7},
        {"perf_analyzer": 5, "endpoint": {"url": ["a"]}, "input": [], "subcommand": "profile"},
        {"perf_analyzer": {"measurement": [1], "stimulus": {"concurrency": [1, 2]}}, "model_names": []},
        {"service_kind": ["triton"], "model": "m", "goodput": {"a": "b"}},
    ],
    ids=str,
)
def test_damaged_options_say_nothing_and_come_back(options: Object) -> None:
    document = {**real(), "input_config": options}
    for goal in (*map(Goal, TARGETS), goal_of(for_aiperf="0.3.0"), goal_of(for_aiperf="0.13.0")):
        up = migrate(document, goal, Options(config=True, save_residue=True))
        assert up.document[CARRIED] == options
        back = migrate(up.document, GENAI_PERF, Options(config=True), residue=up.residue)
        assert render(back.document) == render(document)


def test_a_secret_of_the_flat_options_is_in_no_configuration_that_is_made_of_them() -> None:
    document = mutated([flat_options])
    document["input_config"] |= {"header": [f"Authorization: Bearer {SECRET}"], "extra_inputs": {"api_key": SECRET}}
    for target in TARGETS:
        assert SECRET not in repr(configured(document, target))


def test_what_did_not_come_from_there_does_not_go_there() -> None:
    for document in (migrate(real()).document, parse((EXPORTS / "0.2.0/chat-streaming" / NAME).read_bytes()).data):
        with pytest.raises(UnknownVersionError, match="only be given back"):
            migrate(document, GENAI_PERF)
    with pytest.raises(UnknownVersionError, match=r"cannot become 0\.1"):
        migrate(real(), "0.1")


def test_the_residue_of_another_export_is_refused() -> None:
    residue = migrate(real(), options=Options(save_residue=True)).residue
    other = migrate(mutated([goodput])).document
    with pytest.raises(ResidueError, match="belongs to another document"):
        migrate(other, GENAI_PERF, residue=residue)


def test_at_home_it_is_left_as_it_is() -> None:
    document = real()
    assert migrate(document, GENAI_PERF).document is document


# --- the command line ----------------------------------------------------------------------------------------


def test_there_and_back_with_the_command_line(tmp_path: Path) -> None:
    new, back = tmp_path / "new.json", tmp_path / "back.json"
    assert run("upgrade", REAL, "--residue", "-o", new).code == 0
    assert run("convert", "--to", "genai-perf", new, "-o", back).code == 0
    assert back.read_bytes() == REAL.read_bytes()
    refused = run("convert", "--to", "genai-perf", "--ignore-residue", new)
    assert refused.code == 4
    assert "given back" in refused.stderr
    assert run("convert", "--to", "genai-perf", REAL).raw == REAL.read_bytes()
    assert run("downgrade", "--to", "0.2", REAL).code == 4


def test_every_command_says_something_sensible(tmp_path: Path) -> None:
    new = tmp_path / "new.json"
    assert run("upgrade", REAL, "-o", new).code == 0
    page = run("inspect", REAL).stdout
    assert "GenAI-Perf export" in page
    assert "66.918 ms" in page
    assert "`upgrade`" in page
    assert "written by    GenAI-Perf" in run("inspect", new).stdout
    assert run("check", REAL).stdout == "1 export checked: nothing found\n"
    assert run("check", new).code == 0
    compared = run("diff", REAL, new, "--json")
    assert compared.code in (0, 3)
    assert "GenAI-Perf" in run("versions").stdout
    assert "turns telemetry_stats" in run("versions", "-v").stdout


def test_in_a_tree_it_is_upgraded_with_the_others(tmp_path: Path) -> None:
    done = run("upgrade", EXPORTS / "genai-perf-0.0.16", "-d", tmp_path / "out", "--json")
    assert done.code == 0
    assert [row["status"] for row in done.rows] == ["migrated"]
    assert json.loads(next((tmp_path / "out").rglob("*.json")).read_bytes())["schema_version"] == VERSIONS[-1]
