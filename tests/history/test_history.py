"""Histories: a slowdown is found, and neither noise, nor a changed definition, nor a failed run is taken for one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.made_history import FIRST_NIGHT, night, nights
from support.process import NAME, SECRET, Done, copy, export, run

from migrator.history.read import moment

OLD, NEW = "0.11.0/chat-streaming", "0.13.0/chat-streaming"
SLOW = [1.0] * 25 + [1.2] * 5


def metric(done: Done, name: str = "request_latency.avg") -> dict[str, Any]:
    (section,) = done.rows
    found: dict[str, Any]
    (found,) = [one for one in section["metrics"] if f"{one['metric']}.{one['statistic']}" == name]
    return found


def told(done: Done) -> str:
    return " ".join(" ".join(done.stdout.split()).split())


# --- changes of the system -----------------------------------------------------------------------------------


def test_a_slowdown_in_the_last_runs_is_found_and_fails(tmp_path: Path) -> None:
    nights(tmp_path, SLOW)
    done = run("history", ".", "--fail-on-change", "--json", cwd=tmp_path)
    assert done.code == 1
    (change,) = metric(done)["changes"]
    assert (change["first"], change["verdict"], change["upgrade"]) == (25, "worse", "")
    assert change["percent"] == pytest.approx(20, abs=3)
    (throughput,) = metric(done, "request_throughput.avg")["changes"]
    assert throughput["verdict"] == "worse", "less of it is worse"
    assert any("request_latency.avg" in line and "worse from 2026-10-26 02:00" in line for line in done.complaints)
    assert any("025" in line for line in done.complaints), "which run"


def test_only_the_last_runs_count(tmp_path: Path) -> None:
    nights(tmp_path, SLOW)
    assert run("history", ".", "--fail-on-change", "--last", "5", cwd=tmp_path).code == 1
    assert run("history", ".", "--fail-on-change", "--last", "4", cwd=tmp_path).code == 0
    assert run("history", ".", cwd=tmp_path).code == 0, "it was not asked"


def test_a_change_for_the_better_passes(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 25 + [0.8] * 5)
    done = run("history", ".", "--fail-on-change", "--json", cwd=tmp_path)
    assert (done.code, done.complaints) == (0, [])
    assert [change["verdict"] for change in metric(done)["changes"]] == ["better"]


@pytest.mark.parametrize("seed", range(3))
def test_flat_noise_passes(tmp_path: Path, seed: int) -> None:
    nights(tmp_path, [1.0] * 30, seed=seed)
    done = run("history", ".", "--fail-on-change", cwd=tmp_path)
    assert (done.code, done.complaints) == (0, [])
    assert "worse" not in done.stdout


def test_too_few_runs_are_no_green_light(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 7)
    done = run("history", ".", "--fail-on-change", cwd=tmp_path)
    assert done.code == 3
    assert done.complaints == ["undecided: mock-model c=4 64→16: 7 runs with values; 8 are needed"]
    (tmp_path / "empty").mkdir()
    assert run("history", "empty", "--fail-on-change", cwd=tmp_path).code == 3


# --- changes of the tool -------------------------------------------------------------------------------------

REASONING = {"unit": "tokens", "avg": 5.0, "min": 5.0, "max": 5.0, "std": 0.0}
JOULE = "nvidia_output_tokens_per_joule"
"""Computed otherwise since AIPerf 0.12.0, of runs with tokens of reasoning."""


def with_energy(folder: Path, number: int, base: str, value: float) -> None:
    changes = {
        "reasoning_token_count": REASONING,
        "nvidia_output_tokens_per_joule": {"unit": "tokens/J", "avg": value * (1 + 0.001 * (number % 3))},
        "output_tokens_per_joule": None,
    }
    night(folder, number, base=base, changes=changes)


@pytest.mark.parametrize("after", [9, 5])
def test_a_changed_definition_is_not_a_change_of_the_system(tmp_path: Path, after: int) -> None:
    for number in range(15):
        with_energy(tmp_path, number, OLD, 2.0)
    for number in range(15, 15 + after):
        with_energy(tmp_path, number, NEW, 1.0)
    command = ("history", ".", "--fail-on-change", "--metric", f"{JOULE}.avg")
    done = run(*command, "--json", cwd=tmp_path)
    found = metric(done, f"{JOULE}.avg")
    assert found["changes"] == [], "half as many tokens, by another definition"
    assert [(step["first"], step["since"], step["sure"]) for step in found["definitions"]] == [(15, "0.12.0", True)]
    assert done.code == (0 if after >= 8 else 3), done.complaints
    text = told(run(*command, cwd=tmp_path))
    assert "run 16, 2026-10-16 02:00: definition changed, 2.00" in text
    assert "tokens/J is not compared (before AIPerf 0.12.0: total_output_tokens / energy" in text
    assert "AIPerf 0.11.0 → 0.13.0" in text


@pytest.mark.parametrize("longer", [True, False])
def test_longer_outputs_tell_of_a_definition_where_the_configuration_does_not(tmp_path: Path, longer: bool) -> None:
    """Since AIPerf 0.8.0 tool calls are timed and counted; the configuration does not say that the model makes them."""
    nights(tmp_path, [1.0] * 10, base="0.7.0/chat-streaming")
    document = json.loads(export("0.8.0/chat-streaming").read_bytes())
    length = {**document["output_sequence_length"], "avg": 40.0}
    for number in range(10, 20):
        changes = {"output_sequence_length": length} if longer else {}
        night(tmp_path, number, 1.5, base="0.8.0/chat-streaming", changes=changes)
    done = run("history", ".", "--fail-on-change", "--json", "--metric", "request_latency.avg", cwd=tmp_path)
    found = metric(done)
    assert [step["since"] for step in found["definitions"]] == (["0.8.0"] if longer else [])
    assert [change["upgrade"] for change in found["changes"]] == ([] if longer else ["0.7.0 → 0.8.0"])
    assert done.code == (0 if longer else 3)


@pytest.mark.parametrize(("factor", "code"), [(1.03, 0), (1.2, 3)])
def test_a_small_change_of_a_definition_explains_a_small_step(tmp_path: Path, factor: float, code: int) -> None:
    """Since AIPerf 0.12.0, throughputs are divided by a time that is some percent longer."""
    nights(tmp_path, [1.0] * 20, noise=0.001)
    for number in range(20, 30):
        night(tmp_path, number, factor, changes={"aiperf_version": "0.12.0"})
    done = run("history", ".", "--fail-on-change", "--json", "--metric", "request_throughput.avg", cwd=tmp_path)
    found = metric(done, "request_throughput.avg")
    assert (found["changes"], [step["since"] for step in found["definitions"]]) == ([], ["0.12.0"])
    assert done.code == code, done.complaints


def test_a_change_within_the_runs_of_one_definition_is_found(tmp_path: Path) -> None:
    for number in range(10):
        with_energy(tmp_path, number, OLD, 2.0)
    for number in range(10, 30):
        with_energy(tmp_path, number, NEW, 1.0 if number < 25 else 0.8)
    done = run("history", ".", "--fail-on-change", "--metric", f"{JOULE}.avg", "--json", cwd=tmp_path)
    assert done.code == 1
    assert [change["first"] for change in metric(done, f"{JOULE}.avg")["changes"]] == [25]


def test_runs_of_two_definitions_in_turn_are_two_series(tmp_path: Path) -> None:
    for number in range(24):
        with_energy(tmp_path, number, *((NEW, 1.0) if number % 2 else (OLD, 2.0)))
    done = run("history", ".", "--fail-on-change", "--metric", f"{JOULE}.avg", "--json", cwd=tmp_path)
    assert (done.code, metric(done, f"{JOULE}.avg")["changes"]) == (0, [])


def test_a_change_at_an_upgrade_is_not_taken_for_one_of_the_system(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    for number in range(20, 30):
        night(tmp_path, number, 1.2, changes={"aiperf_version": "0.10.0"})
    done = run("history", ".", "--fail-on-change", "--json", cwd=tmp_path)
    assert done.code == 3, "neither a regression nor a pass"
    (change,) = metric(done)["changes"]
    assert (change["first"], change["upgrade"]) == (20, "0.11.0 → 0.10.0")
    assert all(line.startswith("undecided: ") for line in done.complaints)
    assert [(one["first"], one["before"], one["after"]) for one in done.rows[0]["upgrades"]] == [
        (20, "0.11.0", "0.10.0")
    ]


def test_all_versions_are_one_history(tmp_path: Path) -> None:
    names = ["0.2.0", "0.4.0", "0.8.0", "0.9.0", "0.13.0"]
    for number, release in enumerate(names):
        copy(f"{release}/chat-streaming", tmp_path / str(number) / NAME)
    done = run("history", ".", "--json", "--metric", "ttft.p99", cwd=tmp_path)
    (section,) = done.rows
    assert {*names[1:]} < {one["aiperf"] for one in section["runs"]}
    assert len(section["runs"]) == 5
    assert None not in metric(done, "time_to_first_token.p99")["values"], "by its former name, too"


# --- runs that measured nothing ------------------------------------------------------------------------------


def all_failed() -> dict[str, Any]:
    """What a run in which every request failed has otherwise, and fast: nothing was waited for."""
    document = json.loads(export(OLD).read_bytes())
    gone = {tag: None for tag, block in document.items() if isinstance(block, dict) and "unit" in block}
    fast = {"request_throughput": {"unit": "requests/sec", "avg": 9000.0}}
    errors = [{"error_details": {"code": 503, "type": "Unavailable", "message": "no"}, "count": 40}]
    count = {"error_request_count": {"unit": "requests", "avg": 40.0}}
    return {**gone, **fast, **count, "error_summary": errors}


def test_a_failed_run_is_not_a_fast_run(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    for number in range(20, 26):
        night(tmp_path, number, changes=all_failed())
    done = run("history", ".", "--fail-on-change", "--json", cwd=tmp_path)
    assert done.code == 1
    throughput = metric(done, "request_throughput.avg")
    assert throughput["values"][20:] == [None] * 6
    assert throughput["changes"] == []
    (change,) = metric(done, "request_error_rate.avg")["changes"]
    assert (change["first"], change["before"], change["after"], change["verdict"]) == (20, 0, 100, "worse")
    assert [one["state"] for one in done.rows[0]["runs"]][19:21] == ["measured", "no request succeeded"]
    text = run("history", ".", cwd=tmp_path)
    assert "xx" in next(line for line in text.lines if "request_throughput.avg" in line), "marked in the line"
    assert "no request succeeded; marked, and not a value" in told(text)


def test_a_newest_run_without_a_success_fails_at_once(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    night(tmp_path, 20, changes=all_failed())
    done = run("history", ".", "--fail-on-change", cwd=tmp_path)
    assert done.code == 1
    assert any("the newest run" in line and "no request succeeded" in line for line in done.complaints)


def test_numbers_that_are_no_measurements_are_left_out(tmp_path: Path) -> None:
    for number in range(12):
        value = [0.0, -1.0, 1e308, 1e-300][number % 4]
        night(tmp_path, number, changes={"request_latency": {"unit": "ms", "avg": value, "p99": value or None}})
    done = run("history", ".", "--json", "--fail-on-change", cwd=tmp_path)
    assert done.code == 3
    assert metric(done)["values"][:4] == [None, None, None, 1e-300]
    assert run("history", ".", cwd=tmp_path).code == 0
    assert run("history", ".", "--format", "html", cwd=tmp_path).code == 0


def test_settings_of_any_size_are_shown(tmp_path: Path) -> None:
    config = json.loads(export(OLD).read_bytes())["input_config"]
    config["phases"][-1]["concurrency"] = 10**30
    night(tmp_path, 0, changes={"input_config": config})
    done = run("history", ".", "--json", cwd=tmp_path)
    assert done.rows[0]["setup"]["concurrency"] == 10**30


def test_a_cancelled_run_is_not_a_value(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    night(tmp_path, 20, 5.0, changes={"was_cancelled": True})
    done = run("history", ".", "--fail-on-change", "--json", cwd=tmp_path)
    assert (done.code, metric(done)["values"][20]) == (3, None)


# --- order and groups ----------------------------------------------------------------------------------------


def test_the_order_is_that_of_time_in_all_zones(tmp_path: Path) -> None:
    starts = ["2026-10-25T02:30:00+02:00", "2026-10-25T01:00:00+00:00", "2026-10-24T23:50:00Z"]
    for number, start in enumerate(starts):
        night(tmp_path, number, changes={"start_time": start})
    done = run("history", ".", "--json", cwd=tmp_path)
    (section,) = done.rows
    assert [one["start"] for one in section["runs"]] == [
        "2026-10-24T23:50:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
    ]
    assert any("not of their names" in note for note in section["notes"])


def test_equal_times_clocks_set_back_and_mixed_zones_are_told(tmp_path: Path) -> None:
    start = FIRST_NIGHT.isoformat()
    night(tmp_path, 0)
    night(tmp_path, 1, changes={"start_time": start})
    night(tmp_path, 2, changes={"end_time": "2026-10-03T01:00:00"})
    night(tmp_path, 3, changes={"start_time": "2026-10-04T02:00:00Z"})
    notes = " ".join(run("history", ".", "--json", cwd=tmp_path).rows[0]["notes"])
    assert "started when the run before did" in notes
    assert "its clock was set back" in notes
    assert "3 runs of 4 name no time zone: their times are taken for UTC" in notes


def test_a_clock_that_was_set_back_does_not_hide_a_slowdown(tmp_path: Path) -> None:
    """The slow runs come first by their times: that is no improvement since, and no green light."""
    for number, path in enumerate(nights(tmp_path, SLOW)):
        if number >= 25:
            document = json.loads(path.read_bytes())
            for key in ("start_time", "end_time"):
                document[key] = document[key].replace("2026-", "2025-")
            path.write_text(json.dumps(document))
    done = run("history", ".", "--fail-on-change", cwd=tmp_path)
    assert done.code == 3
    assert any("in the order of their names" in line and "worse" in line for line in done.complaints)


def test_names_without_an_order_say_nothing_of_time(tmp_path: Path) -> None:
    for number, path in enumerate(nights(tmp_path, [1.2] * 8 + [1.0] * 22)):
        path.parent.rename(tmp_path / f"{(number * 7) % 30:03}-{number}")
    assert run("history", ".", "--fail-on-change", cwd=tmp_path).code == 0


def test_two_years_on_machines_of_two_time_zones_are_one_history(tmp_path: Path) -> None:
    """Nine hours apart, some with their zone and some without: the change is where it was, and nothing else is one."""
    zones = [("", 0), ("+00:00", 0), ("-08:00", -8), ("", -8)]
    for number, path in enumerate(nights(tmp_path, [1.0] * 90 + [1.2] * 14)):
        document = json.loads(path.read_bytes())
        zone, hours = zones[number % 4]
        begin = datetime(2024, 11, 1, 2) + timedelta(days=7 * number, hours=hours)
        document["start_time"] = begin.isoformat() + zone
        document["end_time"] = (begin + timedelta(minutes=5)).isoformat() + zone
        path.write_text(json.dumps(document))
    done = run("history", ".", "--json", "--fail-on-change", "--last", "20", cwd=tmp_path)
    assert done.code == 1
    assert [change["first"] for change in metric(done)["changes"]] == [90]
    assert any("name no time zone" in note for note in done.rows[0]["notes"])


def test_runs_without_a_time_or_a_metric_are_told(tmp_path: Path) -> None:
    for number in range(8):
        night(tmp_path, number)
    night(tmp_path, 8, changes={"start_time": None})
    night(tmp_path, 9, changes={"time_to_first_token": None})
    done = run("history", ".", "--json", "--fail-on-change", cwd=tmp_path)
    assert any("left out: 1 run without the time of the start" in line for line in done.complaints)
    assert any("time_to_first_token.p99: not in the newest run" in line for line in done.complaints)
    assert len(done.rows[0]["runs"]) == 9
    assert done.code == 3
    assert "time_to_first_token.avg: not in 1 run" in done.rows[0]["notes"]


def test_slow_runs_without_a_time_are_no_green_light(tmp_path: Path) -> None:
    for number, path in enumerate(nights(tmp_path, SLOW)):
        if number >= 25:
            document = json.loads(path.read_bytes())
            del document["start_time"], document["end_time"]
            path.write_text(json.dumps(document))
    done = run("history", ".", "--fail-on-change", cwd=tmp_path)
    assert done.code == 3
    assert any("undecided: 5 runs without the time of the start" in line for line in done.complaints)
    assert run("history", ".", "--fail-on-change", "--exclude", "02[5-9]", cwd=tmp_path).code == 0


@pytest.mark.parametrize("text", ["", "yesterday", "20261124", "0000-00-00T00:00:00", "9999-99-99T99:99:99", None, 5])
def test_what_is_not_a_time_is_none(text: Any) -> None:
    assert moment(text) == (None, False)


def test_each_workload_is_a_section(tmp_path: Path) -> None:
    nights(tmp_path / "a", [1.0] * 10)
    document = json.loads(export(OLD).read_bytes())
    for phase in document["input_config"]["phases"]:
        phase["concurrency"] = 8
    nights(tmp_path / "b", [2.0] * 10, changes={"input_config": document["input_config"]})
    done = run("history", ".", "--json", "--fail-on-change", cwd=tmp_path)
    assert [section["setup"]["concurrency"] for section in done.rows] == [4, 8]
    assert done.code == 0, "8 at once are slower than 4, and that is no change"
    text = told(run("history", ".", cwd=tmp_path))
    assert "c=4 64→16: 10 runs" in text
    assert "c=8 64→16: 10 runs" in text


def test_runs_without_telemetry_are_of_the_workload_they_fit(tmp_path: Path) -> None:
    nights(tmp_path / "a", [1.0] * 5)
    night(tmp_path / "b", 7, changes={"telemetry_data": None})
    (section,) = run("history", ".", "--json", cwd=tmp_path).rows
    assert len(section["runs"]) == 6
    assert any("without GPU telemetry" in note for note in section["notes"])


@pytest.mark.parametrize(("trial", "runs"), [(1, [6]), (0, [5, 1])])
def test_later_trials_without_a_warm_up_are_of_the_workload(tmp_path: Path, trial: int, runs: list[int]) -> None:
    nights(tmp_path, [1.0] * 5, base=NEW)
    document = json.loads(export(NEW).read_bytes())
    config = document["input_config"]
    config["phases"] = [phase for phase in config["phases"] if phase["kind"] != "warmup"]
    info = {**document["run_info"], "trial": trial}
    night(tmp_path, 5, base=NEW, changes={"input_config": config, "run_info": info})
    assert [len(section["runs"]) for section in run("history", ".", "--json", cwd=tmp_path).rows] == runs


def test_a_copy_is_counted_once_and_other_files_are_passed_over(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 3)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / NAME).write_bytes((tmp_path / "001" / NAME).read_bytes())
    (tmp_path / "inputs.json").write_text('{"data": [{"session_id": "a", "payloads": []}]}')
    done = run("history", ".", "--json", cwd=tmp_path)
    assert len(done.rows[0]["runs"]) == 3
    assert any("1 copy of a run" in line for line in done.complaints)


def test_conditions_choose_runs(tmp_path: Path) -> None:
    nights(tmp_path, SLOW)
    done = run("history", ".", "--json", "--where", "start_time < 2026-10-11", cwd=tmp_path)
    assert len(done.rows[0]["runs"]) == 10


# --- forms ---------------------------------------------------------------------------------------------------


def test_no_secret_is_shown(tmp_path: Path) -> None:
    copy("0.13.0/chat-goodput-key", tmp_path / NAME)
    document = json.loads((tmp_path / NAME).read_bytes())
    document["input_config"]["endpoint"]["api_key"] = SECRET
    (tmp_path / NAME).write_text(json.dumps(document))
    for form in ("text", "json", "html"):
        done = run("history", ".", "--format", form, cwd=tmp_path)
        assert done.code == 0
        assert "mock-model" in done.stdout
        assert SECRET not in done.stdout + done.stderr


def test_the_text_fits_80_columns(tmp_path: Path) -> None:
    nights(tmp_path, SLOW)
    done = run("history", ".", cwd=tmp_path)
    assert all(len(line) <= 80 for line in done.lines)
    line = next(line for line in done.lines if "request_latency.avg" in line)
    assert line.split()[1][0] in "▁▂▃"
    assert line.split()[1].endswith("█")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("href", "src", "xlink:href")]


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    nights(tmp_path / "<i>", SLOW)
    done = run("history", ".", "-o", "out.html", cwd=tmp_path)
    assert (done.code, done.stdout) == (0, "")
    text = (tmp_path / "out.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.tags.count("svg") == 8
    assert page.links == []
    assert not {"script", "link", "img", "i"} & set(page.tags)
    assert "+20.4%" in text
    assert run("history", ".", "--format", "html", "-o", "out.html", cwd=tmp_path).code != 0, "it is there already"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--metric", "ttft"), "'ttft' is not a statistic of a metric"),
        (("--metric", "request_latncy.p99"), "request_latency"),
        (("--last", "5"), "--last goes with --fail-on-change"),
        (("--last", "0", "--fail-on-change"), "not a number of runs"),
        (("--json", "--format", "html"), "--json and --format html contradict each other"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    night(tmp_path, 0)
    done = run("history", ".", *options, cwd=tmp_path)
    assert (done.code, done.stdout) == (2, "")
    assert any(message in line for line in done.complaints)


def test_a_broken_file_is_told_and_the_others_are_shown(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 3)
    (tmp_path / "broken.json").write_text('{"schema_version": "1.4", ')
    done = run("history", ".", "--json", cwd=tmp_path)
    assert (done.code, len(done.rows[0]["runs"])) == (4, 3)


def blocks_times(factor: float, *tags: str) -> dict[str, Any]:
    """These metrics of a night, their numbers times a factor."""
    document = json.loads(export("0.11.0/chat-streaming").read_bytes())
    return {
        tag: {name: value * factor if name not in ("unit", "count") else value for name, value in document[tag].items()}
        for tag in tags
    }


def test_a_latency_of_zero_is_no_improvement(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    for number in range(20, 26):
        night(tmp_path, number, changes=blocks_times(0.0, "request_latency", "time_to_first_token"))
    done = run("history", ".", "--fail-on-change", "--json", cwd=tmp_path)
    assert done.code == 3
    assert metric(done, "request_latency.avg")["changes"] == []
    assert [one["state"] for one in done.rows[0]["runs"]][19:21] == ["measured", "contradicts itself"]
    assert any("the newest run" in line and "contradicts itself" in line for line in done.complaints)


def test_half_the_output_in_the_same_time_does_not_pass(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    for number in range(20, 26):
        night(tmp_path, number, changes=blocks_times(0.5, "output_sequence_length"))
    done = run("history", ".", "--fail-on-change", cwd=tmp_path)
    assert done.code == 3
    assert any("outputs are 50% shorter" in line for line in done.complaints)


def test_longer_outputs_pass(tmp_path: Path) -> None:
    nights(tmp_path, [1.0] * 20)
    for number in range(20, 26):
        night(tmp_path, number, changes=blocks_times(1.5, "output_sequence_length"))
    assert run("history", ".", "--fail-on-change", cwd=tmp_path).code == 0
