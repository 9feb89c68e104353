"""A table of runs of several releases says which of its metrics are not computed in one way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.process import EXPORTS, NAME, run

from migrator.aiperf.definitions import Crossings, Era, facts_of, touching


def export(folder: Path, release: str, change: Callable[[dict[str, Any]], object], name: str = "") -> str:
    document = json.loads((EXPORTS / release / "chat-streaming" / NAME).read_bytes())
    change(document)
    path = folder / f"{release}{name}.json"
    path.write_text(json.dumps(document))
    return str(path)


def energy(prefix: str, reasoning: float) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        document[f"{prefix}output_tokens_per_joule"] = {"unit": "tokens/J", "avg": 5.0}
        document["total_reasoning_tokens"] = {"unit": "tokens", "avg": reasoning}

    return change


def test_a_metric_that_was_defined_otherwise_is_named_once(tmp_path: Path) -> None:
    paths = [export(tmp_path, "0.11.0", energy("", 100.0), str(n)) for n in range(3)]
    paths.append(export(tmp_path, "0.12.0", energy("nvidia_", 100.0)))
    (told,) = run("table", *paths).complaints
    assert told.startswith("nvidia_output_tokens_per_joule: not comparable across AIPerf 0.12.0 (before: ")
    assert "do not tell" not in told


def test_columns_that_are_not_asked_for_are_not_told_of(tmp_path: Path) -> None:
    paths = [export(tmp_path, "0.11.0", energy("", 100.0)), export(tmp_path, "0.12.0", energy("nvidia_", 100.0))]
    assert not run("table", *paths, "--columns", "file,request_latency.avg").stderr
    assert len(run("table", *paths, "--columns", "output_tokens_per_joule.avg").complaints) == 1
    assert len(run("table", *paths, "--rows", "metric").complaints) == 1


def test_runs_that_a_change_does_not_concern_are_not_told_of(tmp_path: Path) -> None:
    paths = [export(tmp_path, "0.11.0", energy("", 0.0)), export(tmp_path, "0.12.0", energy("nvidia_", 0.0))]
    assert not run("table", *paths).stderr


def test_runs_of_one_release_are_not_told_of(tmp_path: Path) -> None:
    paths = [export(tmp_path, "0.11.0", energy("", 100.0), str(n)) for n in range(2)]
    assert not run("table", *paths).stderr


def test_runs_are_counted_in_memory_that_does_not_grow() -> None:
    averages = {"nvidia_output_tokens_per_joule": 5.0, "total_reasoning_tokens": 9.0}
    touched = touching(facts_of(averages, {}))
    crossings = Crossings()
    crossings.add(None, touched, averages)
    for release in ("0.11.0", "0.11.0", "0.12.0"):
        assert not crossings.found()
        crossings.add(Era(release, release), touched, averages)
    (crossing,) = crossings.found()
    assert (crossing.tags, crossing.sure) == (("nvidia_output_tokens_per_joule",), True)


def test_what_no_file_tells_is_told_as_that(tmp_path: Path) -> None:
    def offer_tools(document: dict[str, Any]) -> None:
        document["input_config"]["input"]["extra"] = [["tools", "[]"]]

    paths = [export(tmp_path, release, offer_tools) for release in ("0.7.0", "0.8.0")]
    told = run("table", *paths, "--columns", "file,request_latency.avg").complaints
    assert [line.partition(":")[0] for line in told] == ["request_latency"]
    assert told[0].endswith("which the files do not tell")
