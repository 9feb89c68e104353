"""Aggregates in the place of runs that are gone: no run counts twice, nothing broken passes, what they lack is said."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from shutil import copytree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import sweeps
from support.aggregates import NAME, aggregate, collated, documents, over, sweep_file, written
from support.process import EXPORTS, run
from support.sweeps import Document, failing, made, scale

from migrator.diff.aggregates import aggregates_of
from migrator.diff.policy import Policy, from_options
from migrator.diff.receipt import Receipt, Row
from migrator.diff.sides import load_side
from migrator.diff.statistics.interval import Estimate, from_runs
from migrator.diff.statistics.moments import Moments, from_moments, together
from migrator.diff.sweep.choose import Ask, compare_any
from migrator.errors import UsageError
from migrator.identify import Family

AT_FOUR = {"phases.profiling.concurrency": 4}
MULTIRUN = EXPORTS / "0.13.0" / "multirun"
COLLATED = EXPORTS / "0.13.0" / "collated" / "aggregate" / "profile_export_aiperf_collated.json"


def compared(base: str, candidate: str, *rules: str, goals: tuple[str, ...] = ()) -> Receipt:
    sides = (load_side([side], stand_ins=True) for side in (base, candidate))
    return compare_any(*sides, Policy(rules=from_options(rules)), Ask((), goals))


def row(receipt: Receipt, name: str) -> Row:
    return next(row for row in receipt.rows if f"{row.metric}.{row.statistic}" == name)


def blocking(receipt: Receipt) -> dict[str, str]:
    return {found.code: found.message for found in receipt.findings if found.blocks}


def side(folder: Path, name: str, *, slower: float = 1.0, trials: int = 5, noise: float = 0.01) -> list[Document]:
    def change(document: Document, concurrency: int, trial: int) -> None:
        scale(document, slower)

    return documents(made(folder, name, change, cells=(4,), trials=trials, noise=noise), 4)


# --- no run counts twice -------------------------------------------------------------------------------------


def test_recorded_aggregates_beside_their_runs_add_nothing() -> None:
    alone = load_side([str(MULTIRUN / "profile_runs")], stand_ins=True)
    whole = load_side([str(MULTIRUN)], stand_ins=True)
    assert whole.runs == alone.runs
    assert any("none counts twice" in told for told in whole.left_out)


@pytest.mark.parametrize("kept", [(0,), (1, 2), (0, 1, 2)])
def test_an_aggregate_of_runs_some_of_which_are_there_is_left_out(tmp_path: Path, kept: tuple[int, ...]) -> None:
    runs = side(tmp_path, "base", trials=3)
    for number in kept:
        written(tmp_path / "mixed" / f"renamed-{number}.json", runs[number])
    written(tmp_path / "mixed" / "sums" / "a.json", aggregate(runs))
    found = load_side([str(tmp_path / "mixed")], stand_ins=True)
    assert [one.kind for one in found.runs] == ["run"] * len(kept)


def test_runs_and_an_aggregate_of_others_count_together(tmp_path: Path) -> None:
    runs, others = side(tmp_path, "base", trials=3), side(tmp_path, "other", trials=4)
    for number, document in enumerate(runs):
        written(tmp_path / "mixed" / f"{number}.json", document)
    written(tmp_path / "mixed" / "sums" / "a.json", aggregate(others, variation=AT_FOUR))
    written(tmp_path / "cand-sums" / "a.json", aggregate(side(tmp_path, "cand"), variation=AT_FOUR))
    receipt = compared(str(tmp_path / "mixed"), str(tmp_path / "cand-sums"))
    found = row(receipt, "request_latency.avg")
    assert (found.n_base, found.n_candidate) == (7, 5)
    every = [document["request_latency"]["avg"] for document in (*runs, *others)]
    assert found.base == pytest.approx(sum(every) / 7), "the mean of all runs, none twice"


def test_a_sweep_file_beside_its_aggregates_adds_nothing(tmp_path: Path) -> None:
    folder = sweeps.recorded(tmp_path, "base")
    cells = {concurrency: documents(folder, concurrency) for concurrency in (1, 2, 4, 8)}
    for concurrency, runs in cells.items():
        written(
            tmp_path / "sums" / str(concurrency) / NAME,
            aggregate(runs, variation={"phases.profiling.concurrency": concurrency}),
        )
    written(tmp_path / "sums" / "sweep.json", sweep_file(cells))
    found = load_side([str(tmp_path / "sums")], stand_ins=True)
    assert [one.kind for one in found.runs] == ["aggregate"] * 4
    done = run("table", tmp_path / "sums", folder, "--columns", "evidence,runs")
    assert done.lines[1:] == ["run,1"] * 12, "and neither has a row beside the runs"


def test_an_aggregate_of_the_runs_of_the_other_side_is_the_same_run(tmp_path: Path) -> None:
    runs = side(tmp_path, "base")
    written(tmp_path / "a" / "a.json", aggregate(runs))
    receipt = compared(str(tmp_path / "base"), str(tmp_path / "a"))
    assert receipt.verdict == "incomparable"
    assert "same run" in blocking(receipt)


# --- nothing broken passes -----------------------------------------------------------------------------------


def test_a_slower_server_is_a_regression_and_an_equal_one_passes(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    slow = written(tmp_path / "b.json", aggregate(side(tmp_path, "slow", slower=1.2)))
    same = written(tmp_path / "c.json", aggregate(side(tmp_path, "same")))
    assert compared(base, slow).verdict == "regression"
    receipt = compared(base, same)
    assert receipt.verdict in ("no worse", "equivalent"), [*blocking(receipt).items()]
    assert {found.evidence for found in receipt.rows if found.gate == "gate"} == {"aggregate"}
    assert receipt.base.runs[0].runs == 5


def test_runs_that_failed_beside_the_aggregate_block(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    other = written(tmp_path / "b.json", aggregate(side(tmp_path, "same"), failed=2))
    receipt = compared(base, other)
    assert receipt.verdict == "incomparable"
    assert "2 runs of the candidate failed" in blocking(receipt)["failed runs"]


@pytest.mark.parametrize(("runs_with_failures", "verdict"), [(1, "incomparable"), (4, "regression"), (5, "regression")])
@pytest.mark.parametrize("kind", ["aggregate", "sweep file"])
def test_failed_requests_never_pass(tmp_path: Path, runs_with_failures: int, verdict: str, kind: str) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    runs = side(tmp_path, "broken")
    for number, document in enumerate(runs[:runs_with_failures]):
        failing(document, 40 + number)
    other = written(tmp_path / "b.json", aggregate(runs) if kind == "aggregate" else sweep_file({4: runs}))
    receipt = compared(base, other)
    assert receipt.verdict == verdict
    assert receipt.candidate.failed == sum(40 + number for number in range(runs_with_failures))
    assert "errors" in blocking(receipt)
    assert run("diff", base, other, "--inconclusive", "pass").code == (1 if verdict == "regression" else 3)


def test_failures_are_judged_as_those_of_the_runs_are(tmp_path: Path) -> None:
    """Also of runs beside a summary, and where the base has failures, too."""
    base, other = side(tmp_path, "base"), side(tmp_path, "cand")
    for number in range(5):
        failing(base[number], number % 3)
        failing(other[number], 20 + 2 * number)
    for name, runs in (("base", base), ("cand", other)):
        for number, document in enumerate(runs):
            written(tmp_path / "runs" / name / f"{number}.json", document)
        written(tmp_path / "sums" / name / "a.json", aggregate(runs))
        for kind, variation in (("both", AT_FOUR), ("untold", None)):
            written(tmp_path / kind / name / "a.json", aggregate(runs[:3], variation=variation))
            for number in (3, 4):
                written(tmp_path / kind / name / f"{number}.json", runs[number])
    rows = [
        row(compared(*(str(tmp_path / kind / name) for name in ("base", "cand"))), "request_error_rate.avg")
        for kind in ("runs", "sums", "both", "untold")
    ]
    one = rows[0]
    assert one.verdict == "regression"
    for found in rows[1:]:
        assert found.verdict == one.verdict
        assert (found.n_base, found.n_candidate, found.evidence) == (5, 5, "aggregate")
        assert (found.share_base, found.share_candidate) == (one.share_base, one.share_candidate)
        assert found.p_value == pytest.approx(one.p_value)
        assert found.delta_interval
        assert one.delta_interval
        assert found.delta_interval.low == pytest.approx(one.delta_interval.low)


def test_equal_failures_in_some_runs_of_a_sweep_file_are_not_guessed(tmp_path: Path) -> None:
    """Without deviation such a file does not tell how many runs had them: the base is not to be made worse by that."""
    base, other = side(tmp_path, "base"), side(tmp_path, "cand")
    for document in base[:2]:
        failing(document, 40)
    for document in other:
        failing(document, 40)
    one, two = (written(tmp_path / f"{n}.json", sweep_file({4: runs})) for n, runs in enumerate((base, other)))
    receipt = compared(one, two)
    assert receipt.verdict == "incomparable"
    assert "200 of 400" in blocking(receipt)["errors"]
    assert row(receipt, "request_error_rate.avg").verdict != "regression"


def test_a_metric_that_some_runs_lack_blocks(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    runs = side(tmp_path, "same")
    del runs[0]["time_to_first_token"]
    receipt = compared(base, written(tmp_path / "b.json", aggregate(runs)))
    assert "only 4 of 5 runs of the candidate have time_to_first_token" in blocking(receipt)["missing values"]


def test_two_runs_a_side_decide_nothing(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base", trials=2)))
    slow = written(tmp_path / "b.json", aggregate(side(tmp_path, "slow", trials=2, slower=1.5)))
    receipt = compared(base, slow)
    assert receipt.verdict == "inconclusive"
    assert row(receipt, "request_latency.avg").n_base == 2


@pytest.mark.parametrize("kind", ["one configuration", "sweep"])
def test_aggregates_of_two_systems_in_one_folder_are_no_repetitions(tmp_path: Path, kind: str) -> None:
    """They name no sweep and no server: that their runs differ more from file to file than within one tells."""
    cells = (4,) if kind == "one configuration" else (1, 4)
    for number, (name, slower) in enumerate((("base", 1.0), ("again", 1.0), ("slow", 1.2))):
        folder = made(tmp_path, name, lambda document, *_, by=slower: scale(document, by), cells=cells, seed=number)
        for cell in cells:
            varied = {"phases.profiling.concurrency": cell}
            one = aggregate(documents(folder, cell), variation=varied)
            for mixture in ("same", "mixed") if number == 0 else ("same",) if number == 1 else ("mixed",):
                written(tmp_path / "sums" / mixture / name / f"{cell}.json", one)
        other = made(tmp_path, "other", cells=cells)
        for cell in cells:
            varied = {"phases.profiling.concurrency": cell}
            written(tmp_path / "other-sums" / f"{cell}.json", aggregate(documents(other, cell), variation=varied))
    candidate = str(tmp_path / "other-sums")
    assert compared(str(tmp_path / "sums" / "same"), candidate).verdict in ("no worse", "equivalent")
    receipt = compared(str(tmp_path / "sums" / "mixed"), candidate)
    assert receipt.verdict == "incomparable"
    told = blocking(receipt)["mixed files"]
    assert "name those of one system" in told
    assert "/mixed/base/" in told
    assert "/mixed/slow/" in told


# --- what they lack is said ----------------------------------------------------------------------------------


def test_percentiles_of_a_collated_file_are_not_those_of_runs(tmp_path: Path) -> None:
    receipt = compared(str(COLLATED), str(MULTIRUN / "aggregate" / NAME))
    assert row(receipt, "request_latency.p99").verdict == "incomparable"
    assert row(receipt, "request_latency.p99").base is None
    assert any("of the requests of all runs together" in found.message for found in receipt.findings)


def test_collated_files_are_no_green_light_as_they_do_not_tell_failures(tmp_path: Path) -> None:
    one, other = (written(tmp_path / f"{name}.json", collated(side(tmp_path, name))) for name in ("base", "same"))
    receipt = compared(one, other)
    assert receipt.verdict == "incomparable"
    assert "neither side tell how many requests failed" in blocking(receipt)["errors"]
    assert run("diff", one, other, "--exit-code").code == 3
    allowed = run("diff", one, other, "--exit-code", "--max-error-percent", "100")
    assert allowed.code == 0, "somebody said that failures do not matter"
    slow = written(tmp_path / "slow.json", collated(side(tmp_path, "slow", slower=1.3)))
    assert run("diff", one, slow, "--exit-code").code == 1, "a regression stays one"


@pytest.mark.parametrize("how", ["listed", "counted", "without a result"])
def test_runs_that_failed_beside_a_collated_file_block(tmp_path: Path, how: str) -> None:
    one = written(tmp_path / "a.json", collated(side(tmp_path, "base")))
    document = collated(side(tmp_path, "same"))
    about = document["metadata"]
    if how == "listed":
        about["failed_runs"] = [{"label": "run_0006", "error": "timeout"}]
    else:
        about["num_profile_runs"] += 1
        about["num_successful_runs"] += how == "without a result"
    receipt = compared(one, written(tmp_path / "b.json", document))
    assert receipt.verdict == "incomparable"
    assert "1 run of the candidate failed" in blocking(receipt)["failed runs"]


@pytest.mark.parametrize("option", [("--prove",), ("--plan", "5")])
def test_a_proof_and_a_plan_ask_for_single_runs(tmp_path: Path, option: tuple[str, ...]) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    done = run("diff", base, base, *option)
    assert done.code == 2
    assert "takes single runs" in done.stderr


def test_noise_is_not_learnt_from_aggregates(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    done = run("noise", "learn", base)
    assert done.code == 4
    assert "an aggregate of several runs" in done.stderr


def test_the_report_says_what_it_rests_on(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    slow = written(tmp_path / "b.json", aggregate(side(tmp_path, "slow", slower=1.2)))
    for form in ("text", "markdown", "html", "junit"):
        shown = " ".join(run("diff", base, slow, "--format", form).stdout.split())
        assert "a percentile is the mean of those of the runs" in shown, form
        assert "do not say how they were measured" in shown, form
    assert "5 runs, known by 1 aggregate" in run("diff", base, slow).stdout


# --- sweeps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["aggregates", "sweep file"])
def test_sweeps_without_their_runs_are_compared_cell_by_cell(tmp_path: Path, kind: str) -> None:
    for name in ("base", "slow20"):
        folder = sweeps.recorded(tmp_path, name)
        cells = {concurrency: documents(folder, concurrency) for concurrency in (1, 2, 4, 8)}
        if kind == "sweep file":
            written(tmp_path / "sums" / name / "sweep.json", sweep_file(cells))
        else:
            for concurrency, runs in cells.items():
                varied = {"phases.profiling.concurrency": concurrency}
                written(tmp_path / "sums" / name / str(concurrency) / NAME, aggregate(runs, variation=varied))
    receipt = compared(str(tmp_path / "sums" / "base"), str(tmp_path / "sums" / "slow20"), goals=("ttft.p99<=300",))
    assert receipt.sweep is not None
    assert [(cell.name, cell.verdict.value) for cell in receipt.sweep.cells] == [
        (f"concurrency {concurrency}", "regression") for concurrency in (1, 2, 4, 8)
    ]
    one, other = receipt.sweep.capacities
    assert one.cell == other.cell == 3
    assert one.low is not None
    mixed = compared(str(tmp_path / "base"), str(tmp_path / "sums" / "slow20"))
    assert mixed.verdict == "regression", "runs against what is left of runs"


def test_a_sweep_file_lists_its_cells(tmp_path: Path) -> None:
    folder = sweeps.recorded(tmp_path, "base")
    cells = {concurrency: documents(folder, concurrency) for concurrency in (1, 2, 4, 8)}
    name = written(tmp_path / "sweep.json", sweep_file(cells))
    assert "concurrency=4: 3 runs, 12.78 requests/sec, latency 289.7 ms" in run("inspect", name).stdout
    about = json.loads(run("inspect", name, "--json").stdout)["about"]
    assert [cell["varied"]["concurrency"] for cell in about] == [1, 2, 4, 8]
    done = run("table", name, "--columns", "concurrency,evidence,runs,requests,request_latency.avg")
    assert [line.split(",")[:4] for line in done.lines[1:]] == [[str(c), "sweep", "3", "80"] for c in cells]
    shown = run("front", name)
    assert shown.code == 0
    assert "4 cells of concurrency" in " ".join(shown.stdout.split())


# --- table and history ---------------------------------------------------------------------------------------


def test_a_table_has_the_means_and_says_so() -> None:
    done = run("table", MULTIRUN / "aggregate", "--columns", "evidence,runs,requests,request_latency.avg,ttft.p99")
    mean = json.loads((MULTIRUN / "aggregate" / NAME).read_bytes())["metrics"]["request_latency_avg"]["mean"]
    assert done.lines[1].startswith(f"aggregate,3,20,{mean!r},")
    assert run("table", MULTIRUN, "--columns", "evidence").lines[1:] == ["run"] * 3
    asked = run("table", MULTIRUN / "aggregate", "--where", "runs>=3 request_latency.avg<1000", "--columns", "evidence")
    assert asked.lines[1:] == ["aggregate"]


def test_a_history_takes_aggregates_by_the_time_of_their_file(tmp_path: Path) -> None:
    copytree(MULTIRUN / "aggregate", tmp_path / "sums")
    left_out = run("history", tmp_path)
    assert left_out.raw == b""
    assert "without the time of the start" in left_out.stderr
    document = json.loads(run("history", tmp_path, "--file-times", "--json").stdout)
    assert [(one["evidence"], one["runs"], one["start_of_file"]) for one in document["runs"]] == [
        ("aggregate", 3, True)
    ]
    both = json.loads(run("history", MULTIRUN, "--file-times", "--json").stdout)
    assert [point["evidence"] for point in both["runs"]] == ["run"] * 3


@pytest.mark.parametrize("listed", [[], None, 2])
def test_a_failed_run_that_only_the_counts_tell_is_no_less_failed(tmp_path: Path, listed: object) -> None:
    document = aggregate(side(tmp_path, "same"), failed=2)
    document["metadata"]["failed_runs"] = listed
    (one,) = aggregates_of(Family.AGGREGATE, document)
    assert one.failed == 2
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    assert blocking(compared(base, written(tmp_path / "b.json", document)))


# --- numbers -------------------------------------------------------------------------------------------------


def test_how_many_runs_have_a_statistic_is_read_off_its_error() -> None:
    for n in range(2, 30):
        for steady in (False, True):
            values = [100.5] * n if steady else [100.5 + k * k for k in range(n)]
            block = over(values, "ms")
            document = {
                "metadata": {"aggregation_type": "confidence", "num_successful_runs": 30},
                "metrics": {"request_latency_avg": block},
            }
            (found,) = aggregates_of(Family.AGGREGATE, document)
            assert found.over["request_latency", "avg"].n == n


@given(st.lists(st.lists(st.floats(1, 1e6), min_size=1, max_size=6), min_size=1, max_size=5))
def test_moments_of_groups_are_those_of_all_their_runs(groups: list[list[float]]) -> None:
    def moments(values: list[float]) -> Moments:
        if len(values) == 1:
            return Moments(values[0], 0.0, 1, values[0])
        found = over(values, "ms")
        return Moments(found["mean"], found["std"], len(values), min(values))

    every = moments([value for group in groups for value in group])
    found = together([moments(group) for group in groups])
    assert found.n == every.n
    assert found.mean == pytest.approx(every.mean)
    assert found.std == pytest.approx(every.std, rel=1e-6, abs=1e-6 * every.mean)


def test_moments_say_what_the_runs_say() -> None:
    random = Random(5)
    for n in (3, 5, 10):
        sides = [[100 * random.lognormvariate(mu, 0.02) for _ in range(n)] for mu in (0.0, 0.1)]
        runs = from_runs(*sides)
        found = from_moments(*(Moments(o["mean"], o["std"], n, o["min"]) for o in (over(v, "") for v in sides)))
        assert isinstance(runs, Estimate)
        assert isinstance(found, Estimate)
        assert found.effect == pytest.approx(runs.effect, abs=2e-4)
        assert found.se == pytest.approx(runs.se, rel=0.03)
        assert found.df == pytest.approx(runs.df, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("noise", [0.01, 0.05, 0.15])
def test_error_rates_of_simulated_aggregates(n: int, noise: float) -> None:
    """A change of exactly the margin is called a regression in at most 5 % of cases, and intervals hold 95 %."""
    from migrator.diff.statistics.one_sided import p_above

    random = Random(f"{n} {noise}")
    false = covered = 0
    margin, cases = 0.0487901641694320, 3000
    for _ in range(cases):
        parts = []
        for mean in (100.0, 105.0):
            drawn = over([mean * random.lognormvariate(0, noise) for _ in range(n)], "")
            parts.append(Moments(drawn["mean"], drawn["std"], n, drawn["min"]))
        found = from_moments(*parts)
        assert isinstance(found, Estimate)
        false += p_above(found, margin) <= 0.05
        covered += found.low <= 1.05 <= found.high
    # 0.05 and 0.95 with four standard errors of 3,000 cases.
    assert false / cases < 0.05 + 0.016
    assert covered / cases > 0.95 - 0.016


def test_a_goal_beside_no_sweep_is_refused(tmp_path: Path) -> None:
    base = written(tmp_path / "a.json", aggregate(side(tmp_path, "base")))
    with pytest.raises(UsageError, match="--goal is for sweeps"):
        compared(base, base, goals=("ttft.p99<=300",))
