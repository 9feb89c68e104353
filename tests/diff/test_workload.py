"""What must be the same on both sides, what may differ, and what `--vary` lets differ. By the real command line."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, NAME, run

from migrator.config.release_models import reader
from migrator.diff.defaults import DEFAULTS
from migrator.diff.noise import learn
from migrator.diff.receipt import Finding, Receipt, Verdict, from_json
from migrator.diff.run import load_run
from migrator.diff.setup import Allowance, setup_of
from migrator.errors import UsageError

SOURCE = EXPORTS / "0.13.0" / "chat-streaming" / NAME
OLD = EXPORTS / "0.8.0" / "chat-streaming" / NAME
Change = Callable[[dict[str, Any]], object]
SCENARIOS = sorted({path.parent.name for path in EXPORTS.glob(f"*/*/{NAME}") if path.parts[-3] not in ("lab", "noisy")})


def put(place: str, value: Any) -> Change:
    """Set a value of `input_config`, or of the document, with the objects above it."""

    def change(document: dict[str, Any]) -> None:
        node: Any = document
        *above, last = place.split(".")
        for key in above:
            node = node[int(key)] if isinstance(node, list) else node.setdefault(key, {})
        node[last] = value

    return change


def drop_warm_up(document: dict[str, Any]) -> None:
    phases = document["input_config"]["phases"]
    phases[:] = [phase for phase in phases if phase["name"] != "warmup"]


def request_count(count: int) -> Change:
    return put("request_count.avg", float(count))


def run_file(folder: Path, name: str, *changes: Change, source: Path = SOURCE) -> str:
    document = json.loads(source.read_bytes())
    document["benchmark_id"] = name
    document["start_time"] = f"2026-11-27T10:00:{len(name) % 60:02}"
    document["request_latency"]["avg"] *= 1 + len(name) / 1e6
    for change in changes:
        change(document)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document))
    return str(path)


def compared(base: list[str], candidate: list[str], *options: str) -> Receipt:
    return from_json(run("diff", "--base", *base, "--cand", *candidate, "--json", *options).raw)


def pair(folder: Path, *changes: Change, options: tuple[str, ...] = (), source: Path = SOURCE) -> Receipt:
    base = run_file(folder, "base", source=source)
    return compared([base], [run_file(folder, "candidate", *changes, source=source)], *options)


def blocking(found: Receipt) -> dict[str, Finding]:
    return {finding.code: finding for finding in found.findings if finding.blocks}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (put("metadata.dataset.hf_dataset_name", "acme/other"), "metadata.dataset.hf_dataset_name"),
        (put("input_config.datasets.0.dataset", "sharegpt"), "data set"),
        (put("input_config.phases.1.type", "poisson"), "arrivals"),
        (put("input_config.endpoint.use_server_token_count", True), "endpoint.use_server_token_count"),
        (put("input_config.datasets.0.prefix_prompts.pool_size", 4), "dataset.prefix_prompts.pool_size"),
        (put("input_config.datasets.0.entries", 4), "data set entries"),
        (put("input_config.endpoint.extra.ignore_eos", True), "endpoint.extra.ignore_eos"),
        (put("input_config.endpoint.extra.min_tokens", 8), "endpoint.extra.min_tokens"),
        (put("input_config.endpoint.extra.temperature", 1), "endpoint.extra.temperature"),
        (put("input_config.tokenizer.apply_chat_template", True), "tokenizer.apply_chat_template"),
        (put("input_config.phases.1.cancellation.rate", 5), "profiling.cancellation.rate"),
        (put("input_config.endpoint.timeout", 5), "endpoint.timeout"),
        (put("input_config.tokenizer.name", "acme/other"), "tokenizer"),
        (drop_warm_up, "warm-up"),
        (request_count(4000), "requests measured"),
        (put("input_config.slos.time_to_first_token", 25), "slos.time_to_first_token"),
        (put("input_config.models.items.0.name", "another"), "model"),
        (put("input_config.endpoint.urls", ["http://a", "http://b"]), "servers"),
        (put("input_config.scenario", "inferencex-agentx-mvp"), "scenario"),
        (put("input_config.a_section_to_come.level", 3), "a_section_to_come.level"),
    ],
)
def test_a_difference_in_the_work_ends_the_comparison(tmp_path: Path, change: Change, code: str) -> None:
    found = pair(tmp_path, change)
    assert found.verdict is Verdict.INCOMPARABLE
    assert code in blocking(found)


def test_another_kind_or_number_of_gpus_ends_the_comparison(tmp_path: Path) -> None:
    def gpus(document: dict[str, Any]) -> dict[str, Any]:
        endpoints = document["telemetry_data"]["endpoints"]
        found: dict[str, Any] = next(iter(endpoints.values()))["gpus"]
        return found

    def another(document: dict[str, Any]) -> None:
        next(iter(gpus(document).values()))["gpu_name"] = "NVIDIA B200"

    def one_more(document: dict[str, Any]) -> None:
        gpus(document)["gpu_99"] = copy.deepcopy(next(iter(gpus(document).values())))

    for number, change in enumerate((another, one_more)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert "GPUs" in blocking(pair(folder, change))
        assert not blocking(pair(folder, change, options=("--vary", "gpus")))


def test_telemetry_of_one_side_only_is_no_difference_in_the_work(tmp_path: Path) -> None:
    assert not blocking(pair(tmp_path, lambda document: document.pop("telemetry_data")))


@pytest.mark.parametrize(
    "change",
    [
        put("input_config.artifacts.dir", "/elsewhere"),
        put("input_config.endpoint.urls", ["http://another:9"]),
        put("input_config.endpoint.api_key", "<redacted>"),
        put("input_config.endpoint.timeout", 21600),
        put("input_config.endpoint.connection_reuse", "pooled"),
        put("input_config.datasets.0.prompts.isl.mean", 64),
        put("input_config.datasets.0.prompts.isl.stddev", 0.0),
        put("input_config.datasets.0.name", "another name"),
        put("input_config.datasets.0.random_seed", 7),
        put("input_config.wandb.project", "mine"),
        put("input_config.runtime.ui", "none"),
        request_count(41),
    ],
)
def test_what_is_a_default_or_no_part_of_the_work_is_no_difference(tmp_path: Path, change: Change) -> None:
    assert not blocking(pair(tmp_path, change))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_one_command_is_one_set_up_whatever_the_release(scenario: str) -> None:
    """The setups of all recorded releases are equal, but for counts that only some of them write."""
    setups = {}
    for path in sorted(EXPORTS.glob(f"*/{scenario}/{NAME}")):
        found = setup_of(load_run(str(path)))
        setups[path.parts[-3]] = {
            place: value for place, value in found.items() if place not in ("profiling.requests", "gpus")
        }
    assert setups
    first, *rest = setups.items()
    for name, found in rest:
        assert found == first[1], f"{name} against {first[0]}"


def test_pairs_across_releases_have_nothing_that_blocks() -> None:
    """Of one command by neighbouring releases, through the command."""
    releases = ["0.3.0", "0.8.0", "0.9.0", "0.13.0"]
    for one, other in itertools.pairwise(EXPORTS / release / "rate" / NAME for release in releases):
        found = compared([str(one)], [str(other)])
        assert not set(blocking(found)) - {"shorter outputs"}


def test_every_default_is_a_field_that_a_release_has() -> None:
    names = {name for model in reader("0.13.0.dev20261023").schemas.values() for name in model.get("properties", ())}
    for place in DEFAULTS:
        assert {part for part in place.split(".") if part not in ("dataset", "profiling")} <= names, place


# --- several runs --------------------------------------------------------------------------------------------


def test_every_run_of_a_side_is_looked_at(tmp_path: Path) -> None:
    base = [run_file(tmp_path, f"b{'x' * n}") for n in range(3)]
    odd = run_file(tmp_path, "another", put("input_config.phases.1.concurrency", 8))
    candidate = [*(run_file(tmp_path, f"cand{'x' * n}") for n in range(2)), odd]
    found = blocking(compared(base, candidate))
    assert "mixed concurrency" in found
    assert found["concurrency"].candidate == [4, 8]
    free = compared(base, candidate, "--vary", "concurrency")
    assert not blocking(free)
    assert free.gate.allowed == ["concurrency"]


def test_releases_mixed_within_a_side_end_the_comparison(tmp_path: Path) -> None:
    base = [run_file(tmp_path, "b"), run_file(tmp_path, "bold", source=EXPORTS / "0.9.0" / "chat-streaming" / NAME)]
    candidate = [run_file(tmp_path, "candidate")]
    assert "0.13.0, 0.9.0" in blocking(compared(base, candidate))["mixed release"].message
    assert "mixed release" not in blocking(compared(base, candidate, "--vary", "release"))


def test_the_number_of_requests_is_a_result_of_runs_that_were_bounded_by_time(tmp_path: Path) -> None:
    timed = put("input_config.phases.1.duration", 60.0)
    base = run_file(tmp_path, "base", timed)
    candidate = run_file(tmp_path, "candidate", timed, request_count(30))
    assert not blocking(compared([base], [candidate]))


def test_failed_requests_are_requests(tmp_path: Path) -> None:
    failed = put("error_request_count", {"unit": "requests", "avg": 10.0})
    assert "requests measured" not in blocking(pair(tmp_path, request_count(30), failed))


def test_runs_that_do_not_say_how_they_were_measured(tmp_path: Path) -> None:
    found = pair(tmp_path, lambda document: document.update(input_config={}))
    told = [finding for finding in found.findings if finding.code == "no configuration"]
    assert told
    assert told[0].warns


# --- submissions ---------------------------------------------------------------------------------------------


def test_a_run_that_is_no_valid_submission_ends_the_comparison(tmp_path: Path) -> None:
    invalid = put("metadata", {"submission_valid": False, "submission_invalid_reasons": ["context_overflow"]})
    found = pair(tmp_path, invalid)
    assert blocking(found)["invalid"].message == "the candidate is marked invalid for submission: context_overflow"
    free = pair(tmp_path, invalid, options=("--vary", "submission"))
    assert not blocking(free)
    assert any(finding.code == "invalid" and finding.warns for finding in free.findings)


def test_a_valid_submission_is_none_of_that(tmp_path: Path) -> None:
    assert not blocking(pair(tmp_path, put("metadata", {"submission_valid": True, "submission_invalid_reasons": []})))


def test_reasons_of_both_places_are_told_once(tmp_path: Path) -> None:
    metadata = put("metadata", {"submission_valid": False, "submission_invalid_reasons": ["a", "b"]})
    found = pair(tmp_path, metadata, put("runtime_submission_invalid_reasons", ["b"]))
    assert blocking(found)["invalid"].message.endswith(": a, b")


# --- what is varied on purpose -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["concurrency", "profiling.concurrency", "load", "Profiling", "phases"],
)
def test_a_name_of_a_fact_of_a_place_or_of_a_part_lets_it_differ(tmp_path: Path, name: str) -> None:
    found = pair(tmp_path, put("input_config.phases.1.concurrency", 8), options=("--vary", name))
    assert not blocking(found)
    told = next(finding for finding in found.findings if finding.code == "concurrency")
    assert told.message == "concurrency differs, as asked for"
    assert (told.base, told.candidate) == (4, 8)


def test_a_warm_up_varies_with_the_phase_that_it_warms_up_for(tmp_path: Path) -> None:
    changes = tuple(put(f"input_config.phases.{phase}.concurrency", 8) for phase in (0, 1))
    assert set(blocking(pair(tmp_path, *changes))) == {"concurrency"}
    assert not blocking(pair(tmp_path, *changes, options=("--vary", "concurrency")))


def test_names_are_repeated_or_listed(tmp_path: Path) -> None:
    changes = (put("input_config.phases.1.concurrency", 8), put("input_config.endpoint.timeout", 5), request_count(99))
    options = ("--vary", "concurrency,requests", "--vary", "endpoint.timeout")
    found = pair(tmp_path, *changes, options=options)
    assert not blocking(found)
    assert found.gate.allowed == ["concurrency", "requests", "endpoint.timeout"]


def test_one_name_lets_nothing_else_differ(tmp_path: Path) -> None:
    changes = (put("input_config.phases.1.concurrency", 8), put("input_config.endpoint.timeout", 5))
    assert set(blocking(pair(tmp_path, *changes, options=("--vary", "concurrency")))) == {"endpoint.timeout"}


def test_a_policy_names_it_too(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[allow]\nvary = ["concurrency"]\n')
    found = pair(tmp_path, put("input_config.phases.1.concurrency", 8), options=("--policy", str(policy)))
    assert not blocking(found)
    assert found.gate.allowed == ["concurrency"]


@pytest.mark.parametrize("text", ['[allow]\nvary = "gpus"\n', "[allow]\nvary = [3]\n", "[allow]\nother = []\n"])
def test_a_policy_that_allows_nothing_that_can_be_read_is_refused(tmp_path: Path, text: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    done = run("diff", str(SOURCE), str(OLD), "--policy", str(policy))
    assert done.code == 2
    assert "allow" in done.stderr


def test_an_unknown_name_is_refused_with_one_that_is_near(tmp_path: Path) -> None:
    base, candidate = run_file(tmp_path, "base"), run_file(tmp_path, "candidate")
    done = run("diff", base, candidate, "--vary", "concurency")
    assert done.code == 2
    assert 'nothing is called "concurency"' in done.stderr
    assert "concurrency" in done.stderr.replace("concurency", "")


def test_a_field_that_neither_run_has_can_be_named() -> None:
    assert Allowance(["endpoint.session_header"], []).covers("endpoint.session_header")
    with pytest.raises(UsageError):
        Allowance(["endpoint.sesion_header"], [])


# --- GenAI-Perf ----------------------------------------------------------------------------------------------

GENAI_PERF = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / "profile_export_genai_perf.json"


def genai_perf(folder: Path, name: str, concurrency: int, *, flat: bool = False) -> str:
    document = json.loads(GENAI_PERF.read_bytes())
    document["request_latency"]["avg"] *= 1 + len(name) / 1000
    if flat:
        document["input_config"] = {
            "subcommand": "profile",
            "service_kind": "openai",
            "model": document["input_config"]["model_names"],
            "endpoint_type": "chat",
            "streaming": True,
            "concurrency": concurrency,
            "request_count": 40,
            "num_dataset_entries": 100,
            "synthetic_input_tokens_mean": 64,
            "output_tokens_mean": 16,
            "random_seed": 42,
            "batch_size": 1,
            "tokenizer": "acme/tiny-tok",
        }
    else:
        document["input_config"]["perf_analyzer"]["stimulus"]["concurrency"] = concurrency
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_another_concurrency_of_genai_perf_ends_the_comparison(tmp_path: Path) -> None:
    base, candidate = genai_perf(tmp_path, "base", 1), genai_perf(tmp_path, "candidate", 10)
    found = compared([base], [candidate])
    assert found.verdict is Verdict.INCOMPARABLE
    assert (blocking(found)["concurrency"].base, blocking(found)["concurrency"].candidate) == (1, 10)


def test_flat_and_nested_options_of_genai_perf_are_one_set_up(tmp_path: Path) -> None:
    one, other = genai_perf(tmp_path, "base", 4), genai_perf(tmp_path, "candidate", 4, flat=True)
    assert not blocking(compared([one], [other]))


def test_repetitions_of_genai_perf_count_as_runs(tmp_path: Path) -> None:
    folders = [tmp_path / "base", tmp_path / "candidate"]
    for folder in folders:
        folder.mkdir()
        for n in range(3):
            genai_perf(folder, folder.name[0] * (n + 1) + folder.name, 4)
    found = from_json(run("diff", *map(str, folders), "--json").raw)
    assert (len(found.base.runs), len(found.candidate.runs)) == (3, 3)
    assert not {"same run", "duplicate trial"} & blocking(found).keys()


# --- noise ---------------------------------------------------------------------------------------------------


def test_noise_is_known_of_one_set_up_only(tmp_path: Path) -> None:
    """Whatever belongs to the set-up, not only what describes it in a line; but neither seed nor number of requests."""
    learnt = [load_run(run_file(tmp_path, f"learnt{'x' * n}")) for n in range(3)]
    profile = learn(learnt)
    same = load_run(run_file(tmp_path, "same", put("input_config.datasets.0.random_seed", 9)))
    other = load_run(run_file(tmp_path, "other", put("input_config.endpoint.extra.ignore_eos", True)))
    assert profile.spreads(same)
    assert not profile.spreads(other)
