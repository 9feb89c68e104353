"""Numbers that no run can have measured, and less work, never pass. By the real command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, NAME, Done, run

LAB = EXPORTS / "lab"
BASE = [str(LAB / f"base-{number}") for number in (1, 2, 3)]
GATE = ("--fail-on", "request_latency.p99:5")


def candidates(folder: Path, change: Any) -> list[str]:
    """The runs of `BASE` as those of another day, each changed."""
    paths = []
    for number in (1, 2, 3):
        document = json.loads((LAB / f"base-{number}" / NAME).read_bytes())
        document["benchmark_id"] = document["run_info"]["benchmark_id"] = f"candidate-{number}"
        change(document)
        path = folder / str(number) / NAME
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
        paths.append(str(path))
    return paths


def compared(folder: Path, change: Any, *options: str) -> Done:
    return run("diff", "--base", *BASE, "--cand", *candidates(folder, change), *options)


def times(factor: float, *tags: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        for tag in tags:
            for name, value in document[tag].items():
                if name not in ("unit", "count"):
                    document[tag][name] = value * factor

    return change


def swapped(document: dict[str, Any]) -> None:
    block = document["request_latency"]
    block["p99"], block["p50"] = block["p50"], block["p99"]


def above(document: dict[str, Any]) -> None:
    document["request_latency"]["avg"] = document["request_latency"]["max"] * 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (times(0, "request_latency"), "M013"),
        (times(-1, "request_latency"), "M001"),
        (swapped, "M001"),
        (above, "M004"),
    ],
    ids=["zero", "negative", "swapped", "outside"],
)
def test_what_cannot_have_been_measured_does_not_pass(tmp_path: Path, change: Any, code: str) -> None:
    done = compared(tmp_path, change, *GATE)
    assert done.code == 3
    assert done.lines[0].startswith("! incomparable: request_latency.p99 cannot be compared")
    assert f"({code})" in done.stdout
    (row,) = [
        row
        for row in json.loads(compared(tmp_path / "json", change, *GATE, "--json").stdout)["rows"]
        if (row["metric"], row["statistic"]) == ("request_latency", "p99")
    ]
    assert row["verdict"] == "incomparable"


def test_other_rows_are_judged_all_the_same(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        times(0, "request_latency")(document)
        times(1.5, "time_to_first_token")(document)

    done = compared(tmp_path, change, *GATE, "--fail-on", "time_to_first_token.avg:5")
    assert done.code == 1
    assert "regression: time_to_first_token.avg" in done.lines[0]


def test_half_the_output_in_the_same_time_does_not_pass(tmp_path: Path) -> None:
    shorter = times(0.5, "output_sequence_length")
    done = compared(tmp_path / "half", shorter, *GATE)
    assert done.code == 3
    assert "the outputs of the candidate are shorter" in " ".join(done.stdout.split())
    allowed = compared(tmp_path / "allowed", shorter, *GATE, "--vary", "output-length")
    assert allowed.code == 0


def test_a_regression_with_less_work_stays_one(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        times(0.5, "output_sequence_length")(document)
        times(2, "request_latency", "time_to_first_token", "inter_token_latency")(document)
        times(0.5, "request_throughput", "output_token_throughput")(document)

    done = compared(tmp_path, change, *GATE)
    assert done.code == 1
    assert "regression: request_latency.p99" in done.lines[0]


def test_outputs_that_differ_by_chance_are_the_same_work(tmp_path: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        times(0.94, "output_sequence_length")(document)
        document["output_sequence_length"]["std"] = 60.0

    assert compared(tmp_path, change, *GATE).code == 0
