"""What a verdict must be worth: nothing broken passes, and something healthy does. By the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.process import EXPORTS, NAME, Done, run

from migrator.diff.receipt import Receipt, Row, from_json
from migrator.migration.migrate import migrate

SOURCE = EXPORTS / "0.13.0" / "chat-goodput-key" / NAME
Change = Callable[[dict[str, Any], int], object]
"""What is done to the export of one run: its document, and its number from 0."""


class Sides:
    """Makes sides of repeated runs of one recorded command, each with a little noise."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._random = Random(20_261_127)
        self._start = datetime(2026, 11, 27, 8, 0, 0)

    def make(self, name: str, change: Change | None = None, *, runs: int = 5, noise: float = 0.002) -> list[str]:
        paths = []
        for number in range(runs):
            document = json.loads(SOURCE.read_bytes())
            for tag in ("goodput", "good_request_count", "good_request_fraction"):
                del document[tag]
            for block in document.values():
                if isinstance(block, dict) and "unit" in block:
                    factor = self._random.lognormvariate(0, noise)
                    if block["unit"] in ("ms", "requests/sec", "tokens/sec", "tokens/sec/user"):
                        _scale(block, factor)
            document["benchmark_id"] = f"{name}-{number}"
            # In turn: base 1, candidate 1, base 2, …
            started = self._start + timedelta(minutes=2 * number + (name != "base"))
            document["start_time"] = started.isoformat()
            if change:
                change(document, number)
            path = self._folder / name / str(number) / NAME
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(document))
            paths.append(str(path))
        return paths


def _scale(block: dict[str, Any], factor: float) -> None:
    for name, value in block.items():
        if name not in ("unit", "count"):
            block[name] = value * factor


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


def diff(base: list[str], candidate: list[str], *options: str) -> Done:
    return run("diff", "--base", *base, "--cand", *candidate, *options)


def receipt(base: list[str], candidate: list[str], *options: str) -> Receipt:
    return from_json(diff(base, candidate, "--json", *options).raw)


def row(found: Receipt, metric: str, statistic: str = "avg") -> Row:
    return next(one for one in found.rows if (one.metric, one.statistic) == (metric, statistic))


def failing(failed: int, of: int) -> Change:
    """So many of so many requests fail; the latencies of the rest stay."""

    def change(document: dict[str, Any], number: int) -> None:
        document["request_count"]["avg"] = float(of - failed)
        document["error_request_count"] = {"unit": "requests", "avg": float(failed)}
        document.pop("request_error_rate", None)
        document.pop("completed_request_count", None)
        document["error_summary"] = [{"error_details": {"code": 503, "message": "busy"}, "count": failed}]

    return change


def requests(count: int) -> Change:
    """So many requests, none of which failed."""

    def change(document: dict[str, Any], number: int) -> None:
        document["request_count"]["avg"] = float(count)
        document.pop("request_error_rate", None)
        document.pop("completed_request_count", None)

    return change


def both(*changes: Change) -> Change:
    def change(document: dict[str, Any], number: int) -> None:
        for one in changes:
            one(document, number)

    return change


def slower(factor: float) -> Change:
    """Latencies up, throughputs down."""

    def change(document: dict[str, Any], number: int) -> None:
        for tag, block in document.items():
            if isinstance(block, dict) and block.get("unit") == "ms" and tag not in ("input_config",):
                _scale(block, factor)
            elif isinstance(block, dict) and "throughput" in tag:
                _scale(block, 1 / factor)

    return change


def setting(tag: str, value: float | list[float] | None, unit: str) -> Change:
    """A metric that is a number, one for each run, or left out."""

    def change(document: dict[str, Any], number: int) -> None:
        document.pop(tag, None)
        if value is not None:
            document[tag] = {"unit": unit, "avg": value[number] if isinstance(value, list) else value}

    return change


# --- three words, each shown ---------------------------------------------------------------------------------


def test_an_unchanged_build_passes(sides: Sides) -> None:
    found = sides.make("base"), sides.make("cand")
    assert diff(*found, "--exit-code").code == 0
    assert receipt(*found).verdict in ("equivalent", "no worse")


def test_a_faster_build_passes(sides: Sides) -> None:
    found = sides.make("base"), sides.make("cand", slower(1 / 1.3))
    assert diff(*found, "--exit-code").code == 0
    assert row(receipt(*found), "request_latency").verdict == "improvement"


def test_a_slower_build_is_a_regression(sides: Sides) -> None:
    found = sides.make("base"), sides.make("cand", slower(1.1))
    assert diff(*found, "--exit-code").code == 1
    assert row(receipt(*found), "request_latency").verdict == "regression"


def test_a_regression_is_shown_to_be_beyond_the_margin(sides: Sides) -> None:
    """The point estimate is beyond 5 %, and the runs do not show that the truth is."""
    found = sides.make("base", noise=0.02), sides.make("cand", slower(1.06), noise=0.02)
    latency = row(receipt(*found), "request_latency")
    assert (latency.percent or 0) > 5
    assert (latency.p_value or 1) < 0.05, "it is worse …"
    assert latency.verdict == "inconclusive", "… but perhaps by less than 5 %"
    assert latency.leaning == "worse, perhaps within the margin"
    assert diff(*found, "--exit-code").code == 3


def test_no_worse_needs_no_equivalence(sides: Sides) -> None:
    """Better, by how much is open: that passes."""
    base, better = [100.0, 103.0, 97.0, 101.0, 99.0], [96.0, 92.5, 94.0, 97.0, 95.5]
    found = (
        sides.make("base", setting("request_latency", base, "ms")),
        sides.make("cand", setting("request_latency", better, "ms")),
    )
    latency = row(receipt(*found), "request_latency")
    assert latency.verdict == "no worse"
    assert (latency.p_within or 1) <= 0.05 < (latency.p_beyond or 0)


def test_what_would_decide_is_planned_for_a_power(sides: Sides) -> None:
    base = sides.make("base", setting("request_latency", [100.0, 104.0, 96.0], "ms"), runs=3)
    near = sides.make("near", setting("request_latency", [101.0, 98.0, 105.0], "ms"), runs=3)
    same = sides.make("same", setting("request_latency", [105.0, 102.0, 108.0], "ms"), runs=3)
    for candidate, needs in ((near, "about 12 more runs a side, fixed beforehand"), (same, "more than 50 runs a side")):
        latency = row(receipt(base, candidate), "request_latency")
        assert latency.verdict == "inconclusive"
        assert latency.needs.startswith(needs)
        assert latency.more_runs == (12 if "about" in needs else 0)


def test_a_plan_tells_how_many_runs_a_change_needs(sides: Sides) -> None:
    base = sides.make("base", setting("request_latency", [100.0, 104.0, 96.0, 99.0, 102.0], "ms"))
    done = run("diff", "--base", *base, "--plan", "12", "--fail-on", "request_latency:5", "--json")
    assert done.code == 0
    (planned,) = done.rows
    assert planned["spread"] == pytest.approx(3.03, abs=0.01)
    assert (planned["to_find"], planned["to_pass"], planned["within"]) == (4, 6, False)
    done = run("diff", "--base", *base, "--plan", "4", "--fail-on", "request_latency:5")
    assert "within the margin" in done.stdout
    assert "80 % power" in done.stdout
    single = sides.make("one", runs=1)
    assert run("diff", single[0], "--plan", "10").code == 2, "one run has no spread"


# --- failed requests -----------------------------------------------------------------------------------------


def _nothing_but_errors(document: dict[str, Any], number: int = 0) -> None:
    """Every request failed, and only the summary of errors says so."""
    for name in [name for name, value in document.items() if isinstance(value, dict) and "unit" in value]:
        del document[name]
    document["error_summary"] = [{"error_details": {"code": 503, "type": "x", "message": "m"}, "count": 30}]


@pytest.mark.parametrize("options", [["--exit-code"], ["--inconclusive", "pass"]])
def test_a_run_that_measured_nothing_is_not_left_out_of_its_side(sides: Sides, options: list[str]) -> None:
    """Four healthy runs and one in which everything failed are not four healthy runs."""
    base = sides.make("base")
    candidate = sides.make("candidate", lambda document, number: number == 4 and _nothing_but_errors(document))
    done = diff(base, candidate, *options)
    assert done.code in (1, 3)
    found = {finding.code: finding for finding in receipt(base, candidate).findings}
    assert found["missing values"].blocks
    assert found["missing values"].message.startswith("only 4 of 5 runs of the candidate have ")
    assert "503 × 30" in found["errors"].message


@pytest.mark.parametrize("options", [["--exit-code"], ["--inconclusive", "pass"]])
def test_runs_with_nothing_but_errors_never_pass(sides: Sides, options: list[str]) -> None:
    base = sides.make("base")
    candidate = sides.make("candidate", lambda document, _: _nothing_but_errors(document))
    assert diff(base, candidate, *options).code in (1, 3)
    found = {finding.code: finding.message for finding in receipt(base, candidate).findings}
    assert found["no success"] == "0 of 150 requests of the candidate succeeded: 503 × 150"


@pytest.mark.parametrize("options", [["--exit-code"], ["--fail-on", "request_latency.p99:5"]])
def test_half_of_the_requests_fail(sides: Sides, options: list[str]) -> None:
    found = sides.make("base", requests(40)), sides.make("cand", failing(20, 40))
    assert diff(*found, *options).code == 1
    told = receipt(*found, *options)
    assert told.verdict == "regression"
    errors = row(told, "request_error_rate")
    assert (errors.base, errors.candidate, errors.verdict) == (0, 50, "regression")
    assert errors.share_candidate is not None
    assert (errors.share_candidate.part, errors.share_candidate.of) == (100, 200)
    assert told.findings[0].code == "errors"
    assert "100 of 200 requests (50 %) of the candidate failed (503 × 100)" in told.findings[0].message
    assert (told.candidate.succeeded, told.candidate.failed) == (100, 100)


def test_two_percent_of_the_requests_fail(sides: Sides) -> None:
    counts = [16, 19, 20, 22, 23]
    found = (
        sides.make("base", requests(1000)),
        sides.make("cand", lambda document, number: failing(counts[number], 1000)(document, number)),
    )
    assert row(receipt(*found), "request_error_rate").verdict == "regression"
    assert diff(*found, "--exit-code").code == 1


def test_a_bad_run_among_five_is_no_proof(sides: Sides) -> None:
    """Failures of one run only are not those of the build: the dispersion between runs counts."""
    counts = [0, 0, 100, 0, 0]
    found = (
        sides.make("base", requests(1000)),
        sides.make("cand", lambda document, number: failing(counts[number], 1000)(document, number)),
    )
    assert row(receipt(*found), "request_error_rate").verdict == "inconclusive"
    assert diff(*found, "--exit-code").code == 3


def test_a_few_failures_on_both_sides_pass(sides: Sides) -> None:
    found = sides.make("base", failing(2, 1000)), sides.make("cand", failing(3, 1000))
    assert row(receipt(*found), "request_error_rate").verdict in ("no worse", "equivalent")
    assert diff(*found, "--exit-code").code == 0


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("inconclusive", ["pass", "fail"])
def test_a_side_without_a_success_never_passes(sides: Sides, runs: int, inconclusive: str) -> None:
    def nothing(document: dict[str, Any], number: int) -> None:
        failing(233, 233)(document, number)
        for tag in [tag for tag, block in document.items() if isinstance(block, dict) and "unit" in block]:
            if tag != "error_request_count":
                del document[tag]

    found = sides.make("base", requests(233), runs=runs), sides.make("cand", nothing, runs=runs)
    gate = ["--fail-on", "request_latency.p99:5", "--inconclusive", inconclusive]
    assert diff(*found, *gate).code in (1, 3)
    first = receipt(*found, *gate).findings[0]
    assert first.message == f"0 of {233 * runs} requests of the candidate succeeded: 503 × {233 * runs}"
    assert first.blocks
    swapped = diff(found[1], found[0], *gate)
    assert swapped.code in (1, 3), "nor does a comparison with such a baseline"


def test_failures_of_few_runs_are_held_to_a_threshold(sides: Sides) -> None:
    found = sides.make("base", requests(1000), runs=1), sides.make("cand", failing(15, 1000), runs=1)
    gate = ["--fail-on", "request_latency:5", "--inconclusive", "pass"]
    assert diff(*found, *gate).code == 3
    assert diff(*found, *gate, "--max-error-percent", "2").code == 0


def test_the_threshold_stands_in_a_policy(sides: Sides, tmp_path: Path) -> None:
    found = sides.make("base", requests(1000), runs=1), sides.make("cand", failing(15, 1000), runs=1)
    policy = tmp_path / "policy.toml"
    for percent, code in ((1, 3), (2, 0)):
        policy.write_text(f'[defaults]\nmax_error_percent = {percent}\n[[rule]]\nmetric = "request_latency"\n')
        assert diff(*found, "--policy", str(policy), "--inconclusive", "pass").code == code


def test_a_rule_can_take_errors_out_of_the_gate(sides: Sides, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[rule]]\nmetric = "request_latency"\n[[rule]]\nmetric = "request_error_rate"\ngate = "report"\n'
    )
    found = sides.make("base", requests(40)), sides.make("cand", failing(20, 40))
    assert diff(*found, "--policy", str(policy)).code == 0


def test_fewer_requests_that_meet_their_objectives_are_a_regression(sides: Sides) -> None:
    found = (
        sides.make("base", both(requests(1000), setting("good_request_count", 950.0, "requests"))),
        sides.make("cand", both(requests(1000), setting("good_request_count", 700.0, "requests"))),
    )
    told = receipt(*found, "--fail-on", "good_request_fraction:0")
    assert row(told, "good_request_fraction").verdict == "regression"


def test_failures_of_which_nothing_is_known_are_not_gated() -> None:
    """GenAI-Perf writes no failures: that it has none is not claimed."""
    predecessor = EXPORTS / "genai-perf-0.0.16" / "chat-streaming"
    told = from_json(run("diff", predecessor, SOURCE, "--json").raw)
    errors = row(told, "request_error_rate")
    assert (errors.base, errors.gate) == (None, "report")
    assert told.base.failed is None


def _uncounted(document: dict[str, Any], number: int) -> None:
    """20 of 40 requests failed, and the metric that counts them was cut out: only the summary of errors says so."""
    failing(20, 40)(document, number)
    del document["error_request_count"]


def test_failures_of_which_only_the_summary_tells_count(sides: Sides) -> None:
    found = sides.make("base", requests(40)), sides.make("cand", _uncounted)
    assert diff(*found, "--exit-code").code == 1
    assert row(receipt(*found), "request_error_rate").candidate == 50


def _nothing_sent(document: dict[str, Any], number: int) -> None:
    _nothing_but_errors(document)
    document["error_summary"] = []


def test_a_side_that_sent_nothing_never_passes(sides: Sides) -> None:
    found = sides.make("base", requests(40)), sides.make("cand", _nothing_sent)
    assert diff(*found, "--inconclusive", "pass").code in (1, 3)
    first = receipt(*found).findings[0]
    assert (first.blocks, first.message) == (True, "no request of the candidate succeeded")
    assert diff(*found).lines[0].startswith("! incomparable: no request of the candidate succeeded")


@pytest.mark.parametrize("count", [None, "20", float("nan"), -1.0, 0.5])
def test_what_is_not_a_count_of_failures_is_not_none(sides: Sides, count: Any) -> None:
    """A count that cannot be read was taken for zero: nothing is known of the failures."""
    block = {"unit": "requests", "avg": count}
    found = sides.make("base"), sides.make("cand", lambda document, _: document.update(error_request_count=block))
    told = receipt(*found)
    assert (told.base.failed, told.candidate.failed) == (0, None)
    assert {run.failed for run in told.candidate.runs} == {None}
    warning = next(one for one in told.findings if one.code == "errors")
    assert warning.warns
    assert warning.message == "the files of the candidate do not tell how many requests failed"


def test_many_failures_beside_a_baseline_that_tells_of_none_do_not_pass(sides: Sides) -> None:
    """A baseline of which only metrics were kept does not say that nothing failed."""
    base = sides.make("base", both(requests(40), lambda document, _: document.pop("error_summary")))
    failed, few = sides.make("cand", failing(20, 40)), sides.make("few", failing(2, 1000))
    assert diff(base, failed, "--inconclusive", "pass").code == 3
    told = receipt(base, failed).findings[0]
    assert told.blocks
    assert told.message == (
        "the files of the base do not tell how many requests failed; 100 of 200 requests (50 %) of the candidate did"
    )
    assert not next(one for one in receipt(base, few).findings if one.code == "errors").blocks


@pytest.mark.parametrize("version", ["0.1", "0.3", "1.0", "1.4"])
@pytest.mark.parametrize("change", [failing(20, 40), _uncounted, _nothing_but_errors, _nothing_sent, requests(40)])
def test_every_command_counts_the_same_failures(sides: Sides, change: Change, version: str) -> None:
    """`inspect`, `table` and `diff` have one counter, whatever the version of the file."""

    def changed(document: dict[str, Any], number: int) -> None:
        change(document, number)
        there = dict(migrate(document, version).document)
        document.clear()
        document.update(there)

    (file,) = sides.make("run", changed, runs=1)
    told = json.loads(run("inspect", file, "--json").stdout)
    compared = receipt(sides.make("base", runs=1), [file]).candidate
    (cells,) = run("table", file, "--format", "json").rows
    assert (compared.succeeded, compared.failed) == (told["requests_succeeded"], told["requests_failed"])
    assert cells["failed_requests"] == compared.failed
    assert compared.runs[0].requests == compared.succeeded


# --- zero is a number ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "unit", "base", "candidate", "gate"),
    [
        ("error_request_count", "requests", None, 20.0, "error_request_count:0"),
        ("goodput", "requests/sec", [40.0, 41.0, 39.0, 40.5, 39.5], 0.0, "goodput:5"),
        ("good_request_count", "requests", 30.0, 0.0, "good_request_fraction:5"),
        ("http_req_blocked", "ms", 0.0, [500.0, 498.0, 503.0, 499.0, 501.0], "http_req_blocked:5:10"),
    ],
)
def test_a_metric_that_is_zero_on_one_side_is_judged(
    sides: Sides, tag: str, unit: str, base: Any, candidate: Any, gate: str
) -> None:
    found = sides.make("base", setting(tag, base, unit)), sides.make("cand", setting(tag, candidate, unit))
    assert diff(*found, "--fail-on", gate).code == 1
    judged = row(receipt(*found, "--fail-on", gate), gate.split(":")[0])
    assert (judged.verdict, judged.measure) == ("regression", "difference")
    assert judged.delta_interval is not None
    assert judged.delta_interval.low <= (judged.delta or 0) <= judged.delta_interval.high
    assert judged.interval is None


def test_a_floor_holds_for_differences(sides: Sides) -> None:
    quick = [5.0, 4.0, 6.0, 5.5, 4.5]
    found = (
        sides.make("base", setting("http_req_blocked", 0.0, "ms")),
        sides.make("cand", setting("http_req_blocked", quick, "ms")),
    )
    assert diff(*found, "--fail-on", "http_req_blocked:5:10").code == 0
    assert diff(*found, "--fail-on", "http_req_blocked:5:1").code == 1


def test_a_known_tag_that_no_side_has_is_zero(sides: Sides) -> None:
    found = sides.make("base"), sides.make("cand")
    assert diff(*found, "--fail-on", "error_request_count:0").code == 0
    assert diff(*found, "--fail-on", "request_error_rate:0:1").code == 0
    assert diff(*found, "--fail-on", "goodput:5").code == 2, "whether there were objectives, nobody knows"


def test_what_cannot_be_proved_is_listed_and_fails(sides: Sides) -> None:
    base = sides.make("base", setting("http_req_blocked", 0.0, "ms"))
    done = diff(base, base, "--prove", "--fail-on", "http_req_blocked:5", "--fail-on", "request_latency:5")
    assert done.code == 1
    assert "not proved: http_req_blocked.avg: the baseline is zero, and the rule has no floor" in done.stdout
    assert diff(base, base, "--prove", "--fail-on", "http_req_blocked:5:2").code == 0
    done = diff(base, base, "--prove")
    assert done.code == 0, done.stdout
    assert "request_error_rate.avg" in done.stdout
    assert "WRONG" not in done.stdout


# --- the exit code means what was asked ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        "[defaults]\nmargin = 4\n",
        '[[waiver]]\nmetric = "request_throughput"\nreason = "another"\n',
        '[[waiver]]\nmetric = "request_latency"\nreason = "over"\nuntil = 2020-01-01\n',
    ],
)
def test_a_policy_without_a_rule_asks_for_an_exit_code(sides: Sides, policy: str, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(policy)
    found = sides.make("base"), sides.make("cand", slower(1.3))
    assert diff(*found, "--policy", str(tmp_path / "p.toml")).code == 1
    assert diff(*found).code == 0, "nobody asked"


def test_inconclusive_asks_for_an_exit_code(sides: Sides) -> None:
    found = sides.make("base"), sides.make("cand", slower(1.3))
    assert diff(*found, "--inconclusive", "pass").code == 1
    single = found[0][:1], found[1][:1]
    assert diff(*single, "--inconclusive", "pass").code == 0
    assert diff(*single, "--inconclusive", "fail").code == 1


def test_waived_regressions_pass(sides: Sides, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        '[[rule]]\nmetric = "request_latency"\n[[waiver]]\nmetric = "request_latency"\nreason = "known"\n'
    )
    found = sides.make("base"), sides.make("cand", slower(1.3))
    assert diff(*found, "--policy", str(tmp_path / "p.toml")).code == 0
    assert receipt(*found, "--policy", str(tmp_path / "p.toml")).verdict == "no worse"


@pytest.mark.parametrize("gate", ["benchmark_duration:5", "request_throughput.sum:5", "my_own:5"])
def test_a_gate_without_a_direction_is_refused(sides: Sides, gate: str, tmp_path: Path) -> None:
    own = setting("my_own", 3.0, "things")
    total = setting("request_throughput", 5.0, "requests/sec")

    def summed(document: dict[str, Any], number: int) -> None:
        own(document, number)
        total(document, number)
        document["request_throughput"]["sum"] = 9.0

    found = sides.make("base", summed), sides.make("cand", summed)
    done = diff(*found, "--fail-on", gate)
    assert done.code == 2
    assert "has no direction" in done.stderr
    assert "direction" in done.stderr.split("has no direction", 1)[1], "it says how to give one"
    metric = gate.split(":")[0]
    (tmp_path / "p.toml").write_text(f'[[rule]]\nmetric = "{metric}"\ndirection = "lower"\n')
    assert diff(*found, "--policy", str(tmp_path / "p.toml")).code in (0, 3)


def test_adjusted_metrics_have_the_direction_of_their_twins(sides: Sides) -> None:
    found = (
        sides.make("base", setting("adj_request_latency", [90.0, 91.0, 90.5, 89.5, 90.2], "ms")),
        sides.make("cand", setting("adj_request_latency", [190.0, 191.0, 190.5, 189.5, 190.2], "ms")),
    )
    assert diff(*found, "--fail-on", "adj_request_latency:5").code == 1


@pytest.mark.parametrize("statistic", ["std", "min", "max", "p10", "p25", "p75", "sum"])
def test_every_statistic_of_the_files_can_be_gated(sides: Sides, statistic: str) -> None:
    found = sides.make("base"), sides.make("cand", slower(1.5))
    done = diff(*found, "--fail-on", f"request_latency.{statistic}:5")
    assert done.code == 1, done.stderr


def test_a_unit_of_another_kind_stays_in_the_gate(sides: Sides) -> None:
    def odd(document: dict[str, Any], number: int) -> None:
        document["request_latency"]["unit"] = "tokens"

    found = sides.make("base"), sides.make("cand", odd)
    told = receipt(*found, "--fail-on", "request_latency:5")
    assert row(told, "request_latency").verdict == "incomparable"
    assert told.verdict == "incomparable"
    assert diff(*found, "--fail-on", "request_latency:5", "--inconclusive", "pass").code == 3


def test_a_gated_metric_that_is_gone_cannot_pass(sides: Sides) -> None:
    found = sides.make("base"), sides.make("cand", setting("time_to_first_token", None, "ms"))
    assert diff(*found, "--fail-on", "time_to_first_token:5", "--inconclusive", "pass").code == 3


def test_the_same_runs_on_both_sides_are_no_comparison(sides: Sides) -> None:
    base = sides.make("base")
    assert diff(base, base, "--exit-code").code == 3
    told = receipt(base, base)
    assert told.verdict == "incomparable"
    assert told.findings[0].code == "same run"


# --- noise profiles ------------------------------------------------------------------------------------------


def learnt(sides: Sides, tmp_path: Path, *paths: str) -> str:
    profile = str(tmp_path / "noise.json")
    done = run("noise", "learn", *paths, "-o", profile)
    assert done.code == 0, done.stderr
    return profile


def test_a_profile_is_refused_for_runs_of_another_length(sides: Sides, tmp_path: Path) -> None:
    profile = learnt(sides, tmp_path, *sides.make("many", requests(1000), noise=0.01))
    gate = ["--noise", profile, "--fail-on", "request_latency:5", "--json"]
    same = from_json(diff(sides.make("a", requests(1000), runs=1), sides.make("b", requests(1000), runs=1), *gate).raw)
    assert row(same, "request_latency").evidence == "noise"
    assert same.noise is not None
    assert (same.noise.runs, same.noise.requests) == (5, 1000)
    short = sides.make("c", requests(40), runs=1), sides.make("d", both(requests(40), slower(1.3)), runs=1)
    latency = row(from_json(diff(*short, *gate).raw), "request_latency")
    assert latency.evidence == "value"
    assert latency.verdict == "inconclusive"
    assert "learnt on runs of 1000 requests, these have 40" in latency.note
    long = sides.make("e", requests(4000), runs=1), sides.make("f", requests(4000), runs=1)
    assert row(from_json(diff(*long, *gate).raw), "request_latency").evidence == "noise", "they vary less"


def test_runs_of_two_lengths_make_a_profile_hold_for_others(sides: Sides, tmp_path: Path) -> None:
    """The shorter runs vary by 10 %, the longer by 2 %: what requests add is known."""
    short = [90.0, 110.0, 100.0, 95.0, 106.0]
    long = [98.0, 102.0, 100.0, 99.0, 101.5]
    paths = [
        *sides.make("short", both(requests(100), setting("request_latency", short, "ms"))),
        *sides.make("long", both(requests(2500), setting("request_latency", long, "ms"))),
    ]
    profile = learnt(sides, tmp_path, *paths)
    gate = ["--noise", profile, "--fail-on", "request_latency:5", "--json"]
    widths = []
    for name, count in (("x", 100), ("y", 2500)):
        pair = sides.make(f"{name}1", requests(count), runs=1), sides.make(f"{name}2", requests(count), runs=1)
        latency = row(from_json(diff(*pair, *gate).raw), "request_latency")
        assert latency.evidence == "noise"
        assert latency.interval is not None
        widths.append(latency.interval.high - latency.interval.low)
    assert widths[0] > 3 * widths[1]


def test_a_profile_of_another_release_or_one_that_is_contradicted_is_not_used(sides: Sides, tmp_path: Path) -> None:
    profile = learnt(sides, tmp_path, *sides.make("many", requests(1000), noise=0.002))
    gate = ["--noise", profile, "--fail-on", "request_latency:5"]

    def other(document: dict[str, Any], number: int) -> None:
        document["aiperf_version"] = "0.12.0"

    pair = sides.make("a", requests(1000), runs=1), sides.make("b", both(requests(1000), other), runs=1)
    told = receipt(*pair, *gate)
    assert row(told, "request_latency").evidence != "noise"
    assert [note for note in told.notes if "learnt with AIPerf 0.13, and a run was measured by 0.12" in note]
    wild = setting("request_latency", [90.0, 115.0], "ms")
    pair = sides.make("c", both(requests(1000), wild), runs=2), sides.make("d", both(requests(1000), wild), runs=2)
    assert (
        "differ from each other more than the noise profile says" in row(receipt(*pair, *gate), "request_latency").note
    )
    moved = both(requests(1000), slower(1.5))
    told = receipt(sides.make("e", moved, runs=1), sides.make("f", moved, runs=1), *gate)
    assert [one for one in told.findings if one.code == "noise profile" and "learn the noise again" in one.message]


# --- order and outliers --------------------------------------------------------------------------------------


def starting(minute: int) -> Change:
    def change(document: dict[str, Any], number: int) -> None:
        document["start_time"] = (datetime(2026, 11, 27, 8, 0) + timedelta(minutes=minute + number)).isoformat()

    return change


def drifting(first: int, step: float) -> Change:
    """Each run slower than the one before it."""

    def change(document: dict[str, Any], number: int) -> None:
        starting(first)(document, number)
        slower((1 + step) ** (first + number))(document, number)

    return change


def test_one_side_before_the_other_is_told_above_the_numbers(sides: Sides) -> None:
    found = sides.make("base", starting(0)), sides.make("cand", starting(60))
    told = receipt(*found)
    assert [one.code for one in told.findings if one.warns] == ["order"]
    assert [one.order for one in told.base.runs] == [1, 2, 3, 4, 5]
    assert [one.order for one in told.candidate.runs] == [6, 7, 8, 9, 10]
    text = diff(*found).stdout
    assert text.index("started before") < text.index("request_latency")
    turns = receipt(sides.make("base2"), sides.make("cand2"))
    assert "order" not in [one.code for one in turns.findings]


def test_a_drift_is_not_a_change_of_the_build(sides: Sides) -> None:
    found = (
        sides.make("base", drifting(0, 0.012), runs=8),
        sides.make("cand", drifting(8, 0.012), runs=8),
    )
    told = receipt(*found)
    latency = row(told, "request_latency")
    assert (latency.percent or 0) > 8
    assert latency.verdict == "inconclusive"
    assert [one.code for one in told.findings if one.warns] == ["order", "drift"]
    assert diff(*found, "--exit-code").code == 3


def test_a_change_beyond_the_drift_is_found(sides: Sides) -> None:
    found = (
        sides.make("base", drifting(0, 0.005), runs=8),
        sides.make("cand", both(drifting(8, 0.005), slower(1.3)), runs=8),
    )
    assert row(receipt(*found), "request_latency").verdict == "regression"


def test_a_run_apart_and_two_clusters_are_told(sides: Sides) -> None:
    def odd(document: dict[str, Any], number: int) -> None:
        slower(1.4 if number == 2 else 1.0)(document, number)

    def two(document: dict[str, Any], number: int) -> None:
        slower(1.3 if number % 2 else 1.0)(document, number)

    told = receipt(sides.make("base", odd), sides.make("cand", two))
    messages = {one.code: one.message for one in told.findings if one.warns}
    assert messages.keys() >= {"run apart", "two clusters"}
    assert "/base/2/" in messages["run apart"]
    assert "2 and 3 runs" in messages["two clusters"] or "3 and 2 runs" in messages["two clusters"]


def test_a_gated_row_holds_the_value_of_each_run(sides: Sides) -> None:
    told = receipt(sides.make("base", runs=3), sides.make("cand", runs=4))
    latency = row(told, "request_latency")
    assert (len(latency.values_base), len(latency.values_candidate)) == (3, 4)
    assert min(filter(None, latency.values_base)) <= (latency.base or 0) <= max(filter(None, latency.values_base))
    assert row(told, "request_latency", "p90").values_base == [], "only where it decides"
