"""Metrics that releases compute otherwise are converted or not compared. By the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, NAME, run

from migrator.diff.receipt import Receipt, Row, Verdict, from_json

Change = Callable[[dict[str, Any]], object]


def export(folder: Path, release: str, *changes: Change, scenario: str = "chat-streaming", label: str = "") -> str:
    """A recorded export, as if it had been measured at another time."""
    document = json.loads((EXPORTS / release / scenario / NAME).read_bytes())
    for change in changes:
        change(document)
    path = folder / f"{release}{label}.json"
    path.write_text(json.dumps(document))
    return str(path)


def metric(tag: str, value: float, unit: str) -> Change:
    return lambda document: document.update({tag: {"unit": unit, "avg": value}})


def reasoning(prefix: str, formula: str) -> tuple[Change, ...]:
    """A run with 100 tokens of reasoning beside 50 others, and an energy of 10 J."""
    value = {"osl": 15.0, "output": 5.0}[formula]
    return (
        metric("total_osl", 150.0, "tokens"),
        metric("total_output_tokens", 50.0, "tokens"),
        metric("total_reasoning_tokens", 100.0, "tokens"),
        metric(f"{prefix}total_gpu_energy", 10.0, "J"),
        metric(f"{prefix}output_tokens_per_joule", value, "tokens/J"),
    )


def compared(base: str | list[str], candidate: str | list[str], *options: str) -> Receipt:
    sides = [[side] if isinstance(side, str) else side for side in (base, candidate)]
    return from_json(run("diff", "--base", *sides[0], "--cand", *sides[1], "--json", *options).raw)


def row(found: Receipt, tag: str, statistic: str = "avg") -> Row:
    return next(one for one in found.rows if (one.metric, one.statistic) == (tag, statistic))


def told(found: Receipt) -> list[str]:
    return [finding.message for finding in found.findings if finding.code == "definition"]


# --- energy at 0.12.0 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_tokens_per_joule_of_an_older_release_are_converted(tmp_path: Path, *, turned: bool) -> None:
    old = export(tmp_path, "0.11.0", *reasoning("", "output"))
    new = export(tmp_path, "0.12.0", *reasoning("nvidia_", "osl"))
    found = compared(new, old) if turned else compared(old, new)
    energy = row(found, "nvidia_output_tokens_per_joule")
    assert (energy.base, energy.candidate) == (15.0, 15.0)
    assert energy.verdict is not Verdict.INCOMPARABLE
    side = "candidate" if turned else "base"
    assert told(found)[0].startswith(f"nvidia_output_tokens_per_joule was converted for the {side}: total_osl / ")


def test_they_are_not_compared_where_the_file_does_not_allow_it(tmp_path: Path) -> None:
    old = export(tmp_path, "0.11.0", *reasoning("", "output"), lambda document: document.pop("total_osl"))
    found = compared(old, export(tmp_path, "0.12.0", *reasoning("nvidia_", "osl")))
    energy = row(found, "nvidia_output_tokens_per_joule")
    assert energy.verdict is Verdict.INCOMPARABLE
    assert energy.note.startswith("defined otherwise since 0.12.0: ")
    assert energy.interval is None


def test_without_reasoning_both_definitions_are_one(tmp_path: Path) -> None:
    plain = metric("total_gpu_energy", 10.0, "J"), metric("output_tokens_per_joule", 5.0, "tokens/J")
    new = metric("nvidia_total_gpu_energy", 10.0, "J"), metric("nvidia_output_tokens_per_joule", 5.0, "tokens/J")
    found = compared(export(tmp_path, "0.11.0", *plain), export(tmp_path, "0.12.0", *new))
    assert row(found, "nvidia_output_tokens_per_joule").base == 5.0
    assert not told(found)


def test_a_gate_on_what_is_not_comparable_is_incomparable(tmp_path: Path) -> None:
    old = [
        export(tmp_path, "0.11.0", *reasoning("", "output"), lambda document: document.pop("total_osl"), label=str(n))
        for n in range(3)
    ]
    new = [export(tmp_path, "0.12.0", *reasoning("nvidia_", "osl"), label=str(n)) for n in range(3)]
    done = run("diff", "--base", *old, "--cand", *new, "--fail-on", "output_tokens_per_joule:5")
    assert done.code == 3


def test_energy_without_a_counter_is_another_energy(tmp_path: Path) -> None:
    def without_counter(document: dict[str, Any]) -> None:
        for endpoint in document["telemetry_data"]["endpoints"].values():
            for gpu in endpoint["gpus"].values():
                gpu["metrics"].pop("nvidia_energy_consumption", None)

    old = export(tmp_path, "0.11.0", metric("total_gpu_energy", 10.0, "J"))
    new = export(tmp_path, "0.12.0", metric("nvidia_total_gpu_energy", 12.0, "J"), without_counter)
    assert row(compared(old, new), "nvidia_total_gpu_energy").verdict is Verdict.INCOMPARABLE


# --- tool calls at 0.8.0 -------------------------------------------------------------------------------------


def outputs(length: float) -> Change:
    return lambda document: document["output_sequence_length"].update(avg=length)


def test_outputs_that_grew_with_the_release_that_counts_tool_calls_are_not_compared(tmp_path: Path) -> None:
    found = compared(export(tmp_path, "0.7.0", outputs(7.0)), export(tmp_path, "0.8.0", outputs(21.0)))
    for tag in ("request_latency", "time_to_first_token", "output_sequence_length", "output_token_throughput"):
        assert row(found, tag).verdict is Verdict.INCOMPARABLE
        assert row(found, tag).note.startswith("defined otherwise since 0.8.0: ")
    assert found.verdict is Verdict.INCOMPARABLE
    assert not any(finding.code == "shorter outputs" for finding in found.findings)


def test_every_run_of_a_side_counts(tmp_path: Path) -> None:
    base = [export(tmp_path, "0.8.0", outputs(21.0), label=str(n)) for n in range(2)]
    candidate = [export(tmp_path, "0.8.0", outputs(21.0), label="c"), export(tmp_path, "0.7.0", outputs(7.0))]
    assert row(compared(base, candidate), "request_latency").verdict is Verdict.INCOMPARABLE


def test_outputs_of_one_length_are_compared(tmp_path: Path) -> None:
    found = compared(export(tmp_path, "0.7.0"), export(tmp_path, "0.8.0"))
    assert row(found, "request_latency").verdict is not Verdict.INCOMPARABLE
    assert not told(found)


def test_outputs_that_grew_within_a_release_are_the_systems_own(tmp_path: Path) -> None:
    found = compared(export(tmp_path, "0.8.0", outputs(7.0), label="a"), export(tmp_path, "0.8.0", outputs(21.0)))
    assert row(found, "request_latency").verdict is not Verdict.INCOMPARABLE


def test_where_tools_were_offered_nobody_can_tell(tmp_path: Path) -> None:
    def offer_tools(document: dict[str, Any]) -> None:
        config = document["input_config"]
        config.setdefault("input", {})["extra"] = [["tools", "[]"]]

    found = compared(export(tmp_path, "0.7.0", offer_tools), export(tmp_path, "0.8.0", offer_tools))
    assert row(found, "request_latency").verdict is not Verdict.INCOMPARABLE
    doubts = [finding for finding in found.findings if finding.code == "definition"]
    assert any("do not tell" in finding.message and finding.warns for finding in doubts)


# --- others --------------------------------------------------------------------------------------------------

NIGHTLY = "0.13.0.dev20261023"


def failed(document: dict[str, Any]) -> None:
    document["error_request_count"] = {"unit": "requests", "avg": 1.0}


def test_effective_latency_of_failed_requests_is_another_one(tmp_path: Path) -> None:
    found = compared(export(tmp_path, "0.13.0", failed), export(tmp_path, NIGHTLY, failed))
    assert row(found, "effective_latency").verdict is Verdict.INCOMPARABLE
    assert row(found, "request_latency").verdict is not Verdict.INCOMPARABLE


def test_without_failed_requests_it_is_the_same(tmp_path: Path) -> None:
    found = compared(export(tmp_path, "0.13.0"), export(tmp_path, NIGHTLY))
    assert row(found, "effective_latency").verdict is not Verdict.INCOMPARABLE


def test_input_lengths_of_several_turns_were_those_of_a_turn(tmp_path: Path) -> None:
    def turns(document: dict[str, Any]) -> None:
        document["input_config"].setdefault("input", {}).setdefault("conversation", {})["turn"] = {"mean": 3}

    def grown(document: dict[str, Any]) -> None:
        document["input_sequence_length"]["avg"] *= 2

    found = compared(export(tmp_path, "0.2.0", turns), export(tmp_path, "0.4.0", turns, grown))
    assert row(found, "input_sequence_length").verdict is Verdict.INCOMPARABLE
    # That is a change of the definition, and no sign of other inputs.
    assert not any(finding.code == "input length measured" for finding in found.findings)


def test_a_change_of_little_weight_is_a_note(tmp_path: Path) -> None:
    found = compared(export(tmp_path, "0.7.0"), export(tmp_path, "0.8.0"))
    assert any(note.startswith("inter_chunk_latency: AIPerf 0.8.0 and later") for note in found.notes)
    assert row(found, "inter_chunk_latency", "p99").verdict is not Verdict.INCOMPARABLE


def test_genai_perf_and_aiperf_are_told_apart(tmp_path: Path) -> None:
    genai_perf = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / "profile_export_genai_perf.json"
    found = compared(str(genai_perf), export(tmp_path, "0.2.0"))
    assert any("not known" in message for message in told(found))


def test_the_header_names_both_releases(tmp_path: Path) -> None:
    done = run("diff", export(tmp_path, "0.11.0"), export(tmp_path, "0.12.0"))
    head = " ".join(done.stdout.partition("gate ")[0].split())
    assert "written by AIPerf 0.11.0" in head
    assert "written by AIPerf 0.12.0" in head
