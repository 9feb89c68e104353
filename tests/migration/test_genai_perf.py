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

from migrator.aiperf.metrics import is_block
from migrator.aiperf.releases import version_key
from migrator.chain.names import current
from migrator.chain.steps import ENTRY, GENAI_PERF, VERSIONS
from migrator.chain.steps.genai_perf import CARRIED
from migrator.errors import ResidueError, UnknownVersionError
from migrator.identify import Family, identify
from migrator.jsonfile import Numeral, fingerprint, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.audit import unaccounted
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


@given(documents, st.sampled_from(TARGETS))
def test_every_leaf_is_accounted_for_and_every_unknown_key_survives(document: Object, target: str) -> None:
    result = migrate(document, target)
    assert unaccounted(document, result.document, result.ledger) == []
    assert not result.ledger.of(Loss.LOST)
    for key in ("x_unknown", "acme.metric", "sessions"):
        assert fingerprint(result.document.get(key)) == fingerprint(document.get(key))
    numbers = sorted(fingerprint(leaf) for path, leaf in leaves(document) if type(leaf) in (float, Numeral))
    kept = sorted(fingerprint(leaf) for path, leaf in leaves(result.document) if type(leaf) in (float, Numeral))
    assert numbers == kept


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
    assert "GenAI-Perf" in run("inspect", new).stdout
    assert "not checked; upgrade it" in run("check", REAL).stderr
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
