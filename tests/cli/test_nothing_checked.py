"""`check` of what holds no export is no success."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.process import EXPORTS, export, run

CHAT = "0.4.0/chat-streaming"
AGGREGATE = EXPORTS / "0.13.0" / "multirun" / "aggregate" / "profile_export_aiperf_aggregate.json"
GENAI_PERF = EXPORTS / "genai-perf-0.0.16" / "chat-streaming" / "profile_export_genai_perf.json"


@pytest.mark.parametrize("paths", [("empty",), ("aggregate.json",), ("aggregate.json", "other.json", "empty")])
def test_check_says_that_nothing_was_checked(tmp_path: Path, paths: tuple[str, ...]) -> None:
    """A folder that was mistyped, or files of other families, must not look like good exports."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "aggregate.json").write_bytes(AGGREGATE.read_bytes())
    (tmp_path / "other.json").write_bytes(AGGREGATE.read_bytes())
    done = run("check", *paths, cwd=tmp_path)
    others = sum(name != "empty" for name in paths)
    other_files = f", {others} other file{'s' * (others > 1)} (secrets only)" if others else ""
    assert (done.code, done.lines) == (4, [f"nothing was checked{other_files}"])
    assert done.complaints[-1].startswith("nothing was checked; expected an export ")
    assert "(--allow-empty " in done.complaints[-1]
    as_json = run("check", *paths, "--json", cwd=tmp_path)
    assert (as_json.code, as_json.lines, as_json.complaints) == (4, [], done.complaints)
    allowed = run("check", *paths, "--allow-empty", cwd=tmp_path)
    assert (allowed.code, allowed.lines, allowed.complaints) == (0, done.lines, done.complaints[:-1])


def test_one_export_is_enough_for_a_check(tmp_path: Path) -> None:
    assert run("check", AGGREGATE, export(CHAT), tmp_path).code == 0
    nothing_chosen = run("check", export(CHAT), "--where", "version = 0.1")
    assert (nothing_chosen.code, nothing_chosen.lines) == (4, ["nothing was checked"])
    unreadable = run("check", tmp_path / "nothing.json", "--allow-empty")
    assert (unreadable.code, unreadable.lines) == (4, ["nothing was checked, 1 failed"])
    assert len(unreadable.complaints) == 1, "what could not be read is said already"


def test_an_export_of_genai_perf_is_checked_as_one(tmp_path: Path) -> None:
    clean = run("check", GENAI_PERF)
    assert (clean.code, clean.lines, clean.complaints) == (0, ["1 export checked: nothing found"], [])
    document = json.loads(GENAI_PERF.read_bytes())
    document["request_latency"]["p50"] = 1e9
    document["request_throughput"]["avg"] = "47"
    document["input_config"]["input"]["header"] = ["Authorization: Bearer sk-test-0123456789abcdef"]
    (tmp_path / "a.json").write_text(json.dumps(document))
    found = run("check", tmp_path, "--json")
    codes = {finding["code"] for row in found.rows for finding in row["findings"]}
    assert (found.code, codes) == (1, {"M001", "S001", "P001"})


@pytest.mark.parametrize("words", [("table",), ("check",), ("check", "--select", "S001"), ("history",)])
def test_requests_without_an_export_are_named_with_what_makes_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A run that has no row must not be missing in silence, whether or not others have one."""
    for number in range(5):
        (tmp_path / f"failed-{number}").mkdir()
        shutil.copy(EXPORTS / "0.13.0" / "folder" / "profile_export.jsonl", tmp_path / f"failed-{number}")
    assert "`aiperf-migrate rebuild` makes an export of them" in run(*words, tmp_path).stderr
    shutil.copytree(EXPORTS / "0.13.0" / "folder", tmp_path / "good")
    told = [line.removeprefix("aiperf-migrate: ") for line in run(*words, tmp_path).complaints]
    hint = "holds requests without an export: `aiperf-migrate rebuild` makes one of them"
    wanted = [f"{tmp_path}/failed-{number}/profile_export.jsonl: {hint}" for number in range(3)]
    assert [line for line in told if "requests without an export" in line] == [
        *wanted,
        "and 2 more files of requests without an export",
    ]
    assert "requests without" not in run(*words, tmp_path / "good").stderr
