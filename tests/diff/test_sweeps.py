"""Two sweeps: what is broken in one cell never passes, what is equal does, and every cell is told."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import rmtree

import pytest
from support import sweeps
from support.process import NAME, run, strict_json
from support.sweeps import Change, Document, failing, made, scale

from migrator.diff.policy import Policy, from_options
from migrator.diff.receipt import Cell, Receipt, Sweep, from_json
from migrator.diff.sides import load_side
from migrator.diff.sweep.capacity import limits
from migrator.diff.sweep.choose import Ask, compare_any
from migrator.errors import UsageError


def compared(
    base: str | list[str],
    candidate: str | list[str],
    *rules: str,
    by: tuple[str, ...] = (),
    goals: tuple[str, ...] = (),
    vary: tuple[str, ...] = (),
) -> Receipt:
    sides = (load_side([side] if isinstance(side, str) else side) for side in (base, candidate))
    return compare_any(*sides, Policy(rules=from_options(rules), vary=vary), Ask(by, goals))


def sweep_of(receipt: Receipt) -> Sweep:
    assert receipt.sweep is not None
    return receipt.sweep


def cell_of(receipt: Receipt, concurrency: int) -> Cell:
    return next(cell for cell in sweep_of(receipt).cells if cell.factors["concurrency"] == concurrency)


def verdicts(receipt: Receipt) -> dict[str, str]:
    return {cell.name: cell.verdict.value for cell in sweep_of(receipt).cells}


def blocking(receipt: Receipt) -> dict[str, str]:
    return {found.code: found.message for found in receipt.findings if found.blocks}


def at(wanted: int, change: Change) -> Change:
    """A change of the runs of one concurrency."""

    def only(document: Document, concurrency: int, trial: int) -> None:
        if concurrency == wanted:
            change(document, concurrency, trial)

    return only


def slower(factor: float) -> Change:
    return lambda document, concurrency, trial: scale(document, factor)


# --- what was recorded ---------------------------------------------------------------------------------------


def test_a_slower_server_is_a_regression_in_every_cell_at_three_trials(tmp_path: Path) -> None:
    base, slow = sweeps.recorded(tmp_path, "base"), sweeps.recorded(tmp_path, "slow20")
    done = run("diff", base, slow, "--json", "--exit-code")
    assert done.code == 1
    receipt = from_json(done.raw)
    assert receipt.verdict == "regression"
    assert verdicts(receipt) == {f"concurrency {cell}": "regression" for cell in (1, 2, 4, 8)}
    assert receipt.gate.size == 32, "one family: eight rows in each of four cells"
    latency = next(mean for mean in sweep_of(receipt).means if (mean.metric, mean.statistic)[0] == "request_latency")
    assert latency.interval is not None
    assert (latency.cells, latency.of) == (4, 4)
    assert latency.interval.low < 18.6 < latency.interval.high < 22


def test_a_server_against_itself_is_no_regression(tmp_path: Path) -> None:
    base = sweeps.recorded(tmp_path, "base")
    trials = [str(path) for path in sorted(Path(base, "profile_runs").iterdir())]
    receipt = compared(trials[1:2], trials[2:])
    assert receipt.verdict == "inconclusive", "one trial a side decides nothing"
    assert "regression" not in verdicts(receipt).values()
    first = compared(trials[:2], trials[2:])
    assert first.verdict == "inconclusive", "a trial without the warm-up of the first is one of the same plan"
    assert any("the first trial, which alone has a warm-up" in found.message for found in first.findings)
    halves = made(tmp_path, "six", trials=6, noise=0.02)
    parts = [str(path) for path in sorted(Path(halves, "profile_runs").iterdir())]
    receipt = compared(parts[::2], parts[1::2])
    assert "regression" not in verdicts(receipt).values()


# --- nothing broken passes -----------------------------------------------------------------------------------


def test_a_warm_up_that_one_side_has_in_every_trial_is_a_difference(tmp_path: Path) -> None:
    """Unlike one that AIPerf leaves out after the first trial, on either side."""

    def warmed(*trials: int) -> Change:
        def change(document: Document, concurrency: int, trial: int) -> None:
            if trial in trials:
                warm = {**document["input_config"]["phases"][0], "name": "warmup", "kind": "warmup", "requests": 7}
                document["input_config"]["phases"].insert(0, warm | {"exclude_from_results": True})

        return change

    first = made(tmp_path, "base", warmed(0))
    assert compared(first, made(tmp_path, "same", warmed(0))).verdict in ("no worse", "equivalent")
    assert "warm-up" in blocking(compared(first, made(tmp_path, "every", warmed(0, 1, 2))))
    assert "warm-up" in blocking(compared(first, made(tmp_path, "none", warmed())))


def test_an_unchanged_build_passes(tmp_path: Path) -> None:
    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand"))
    assert receipt.verdict in ("no worse", "equivalent"), blocking(receipt)
    assert not blocking(receipt)


def test_one_slow_cell_is_a_regression_there(tmp_path: Path) -> None:
    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", at(4, slower(1.2))))
    assert receipt.verdict == "regression"
    assert [name for name, verdict in verdicts(receipt).items() if verdict == "regression"] == ["concurrency 4"]


def test_a_cell_whose_runs_all_failed_never_passes(tmp_path: Path) -> None:
    broken = at(8, lambda document, concurrency, trial: failing(document, 80))
    base, candidate = made(tmp_path, "base"), made(tmp_path, "cand", broken)
    done = run("diff", base, candidate, "--exit-code", "--inconclusive", "pass", "--json")
    assert done.code in (1, 3)
    receipt = from_json(done.raw)
    assert cell_of(receipt, 8).verdict in ("incomparable", "regression")
    assert "no success" in blocking(receipt)


def test_a_cell_that_failed_on_both_sides_never_passes(tmp_path: Path) -> None:
    broken = at(8, lambda document, concurrency, trial: failing(document, 80))
    receipt = compared(made(tmp_path, "base", broken), made(tmp_path, "cand", broken))
    assert receipt.verdict == "incomparable"
    assert cell_of(receipt, 8).verdict == "incomparable"


def test_a_cell_that_the_candidate_did_not_measure_never_passes(tmp_path: Path) -> None:
    base, candidate = made(tmp_path, "base"), made(tmp_path, "cand")
    for trial in range(1, 4):
        rmtree(Path(candidate, "profile_runs", f"trial_{trial:04}", "concurrency_8"))
    done = run("diff", base, candidate, "--exit-code", "--inconclusive", "pass")
    assert done.code == 3
    assert "the candidate did not measure concurrency 8" in " ".join(done.stdout.split())
    assert compared(base, candidate, vary=("cells",)).verdict in ("no worse", "equivalent")
    more = compared(candidate, base)
    assert more.verdict in ("no worse", "equivalent"), "what only the candidate measured breaks nothing"
    assert [found.message for found in more.findings if found.code == "missing cells"] == [
        "the base did not measure concurrency 8"
    ]


def test_a_mixed_workload_inside_a_cell_never_passes(tmp_path: Path) -> None:
    def other(document: Document, concurrency: int, trial: int) -> None:
        if trial == 1:
            document["input_config"]["datasets"][0]["prompts"]["isl"]["mean"] = 4096.0

    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", at(2, other)))
    assert receipt.verdict == "incomparable"
    assert "mixed input length" in blocking(receipt)
    assert cell_of(receipt, 2).verdict == "incomparable"
    assert cell_of(receipt, 4).verdict in ("no worse", "equivalent")


def test_a_gate_that_one_cell_lacks_on_both_sides_never_passes(tmp_path: Path) -> None:
    def without(document: Document, concurrency: int, trial: int) -> None:
        del document["time_to_first_token"]

    sides = made(tmp_path, "base", at(2, without)), made(tmp_path, "cand", at(2, without))
    for rules in ((), ("time_to_first_token.p99:10",)):
        receipt = compared(*sides, *rules)
        assert receipt.verdict == "incomparable"
        assert "neither side has time_to_first_token" in blocking(receipt)["missing values"]


def test_a_regression_stays_one_beside_a_cell_that_is_missing(tmp_path: Path) -> None:
    base, candidate = made(tmp_path, "base"), made(tmp_path, "cand", slower(1.3), cells=(1, 2))
    assert compared(base, candidate).verdict == "regression"


def test_a_cancelled_run_ends_the_comparison_of_its_cell(tmp_path: Path) -> None:
    def cancelled(document: Document, concurrency: int, trial: int) -> None:
        document["was_cancelled"] = trial == 0

    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", at(1, cancelled)))
    assert receipt.verdict == "incomparable"
    assert "in concurrency 1: 1 of 3 runs of the candidate" in blocking(receipt)["cancelled"]


# --- two sweeps in one folder --------------------------------------------------------------------------------


def test_a_side_of_two_servers_is_told_apart(tmp_path: Path) -> None:
    sweeps.recorded(tmp_path / "both", "base")
    sweeps.recorded(tmp_path / "both", "slow20")
    receipt = compared(str(tmp_path / "both"), sweeps.recorded(tmp_path, "slow20"))
    assert receipt.verdict == "incomparable"
    told = blocking(receipt)["mixed sweeps"]
    assert "the base mixes 2 sweeps" in told
    assert "both/base/profile_runs" in told, "which, and where"
    assert "both/slow20/profile_runs" in told
    assert "--vary endpoint.urls" in told
    free = compared(str(tmp_path / "both"), sweeps.recorded(tmp_path, "slow20"), vary=("endpoint.urls",))
    assert "mixed sweeps" not in blocking(free)


def test_a_side_of_two_workloads_is_told_apart(tmp_path: Path) -> None:
    def streaming(document: Document, concurrency: int, trial: int) -> None:
        document["input_config"]["endpoint"]["streaming"] = False

    made(tmp_path / "both", "one")
    made(tmp_path / "both", "two", streaming)
    receipt = compared(str(tmp_path / "both"), made(tmp_path, "cand"))
    assert "differ in streaming" in blocking(receipt)["mixed sweeps"]
    parted = compared(str(tmp_path / "both"), made(tmp_path / "x", "cand"), by=("concurrency", "endpoint.streaming"))
    assert "mixed sweeps" not in blocking(parted)
    assert sweep_of(parted).factors == ["concurrency", "streaming"]


def test_repetitions_of_one_sweep_are_no_mixture(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        made(tmp_path / "base", f"base{number}", trials=1, seed=number)
        made(tmp_path / "cand", f"cand{number}", trials=1, seed=number)
    receipt = compared(str(tmp_path / "base"), str(tmp_path / "cand"))
    assert not blocking(receipt)
    assert {len(cell.base) for cell in sweep_of(receipt).cells} == {3}


def test_repetitions_with_a_warm_up_of_their_first_trials_are_no_mixture(tmp_path: Path) -> None:
    """Files are read in the order of their folders, so that the first trial of a sweep need not come first."""

    def warm(document: Document, concurrency: int, trial: int) -> None:
        document["run_info"]["sweep_id"] = "ab"[trial % 2]
        document["run_info"]["trial"] = 1 - trial // 2
        if trial >= 2:
            phases = document["input_config"]["phases"]
            document["input_config"]["phases"] = [{**phases[-1], "name": "warmup", "kind": "warmup"}, *phases]

    receipt = compared(made(tmp_path, "base", warm, trials=4), made(tmp_path, "cand", warm, trials=4))
    assert not blocking(receipt)


# --- what is a sweep, and of what ----------------------------------------------------------------------------


def undeclared(document: Document, concurrency: int, trial: int) -> None:
    """As a script writes it that calls AIPerf once for each concurrency, with as many requests as it takes."""
    document["run_info"] = {"trial": 0}
    document["input_config"]["phases"][-1]["requests"] = 10 * concurrency
    document["request_count"]["avg"] = 10.0 * concurrency


def test_factors_are_read_off_the_configuration_where_nothing_declares_them(tmp_path: Path) -> None:
    receipt = compared(made(tmp_path, "base", undeclared), made(tmp_path, "cand", undeclared))
    assert (sweep_of(receipt).factors, sweep_of(receipt).found_by) == (["concurrency"], "input_config")
    assert receipt.verdict in ("no worse", "equivalent"), blocking(receipt)


def test_runs_that_differ_on_one_side_only_are_no_sweep(tmp_path: Path) -> None:
    candidate = made(tmp_path, "cand", undeclared, cells=(4,))
    receipt = compared(made(tmp_path, "base", undeclared), candidate)
    assert receipt.sweep is None
    assert "mixed concurrency" in blocking(receipt)


def test_two_factors_make_a_grid_and_its_holes_are_told(tmp_path: Path) -> None:
    def lengths(document: Document, concurrency: int, trial: int) -> None:
        isl = {1: 64, 2: 64, 4: 128, 8: 64}[concurrency]
        document["input_config"]["phases"][-1]["concurrency"] = {1: 1, 2: 2, 4: 1, 8: 4}[concurrency]
        document["input_config"]["datasets"][0]["prompts"]["isl"]["mean"] = float(isl)
        document["run_info"]["variation_values"] = {
            "phases.profiling.concurrency": {1: 1, 2: 2, 4: 1, 8: 4}[concurrency],
            "datasets.main.prompts.isl.mean": isl,
        }

    receipt = compared(made(tmp_path, "base", lengths), made(tmp_path, "cand", lengths))
    assert sweep_of(receipt).factors == ["concurrency", "input length"]
    assert [cell.name for cell in sweep_of(receipt).cells] == [
        "concurrency 1, input length 64",
        "concurrency 1, input length 128",
        "concurrency 2, input length 64",
        "concurrency 4, input length 64",
    ]
    holes = next(found.message for found in receipt.findings if found.code == "holes")
    assert holes.startswith("2 of 6 combinations")
    assert {str(front.group) for front in sweep_of(receipt).fronts} == {"{'input length': 64}"}
    by = compared(str(tmp_path / "base"), str(tmp_path / "cand"), by=("concurrency", "isl"))
    assert [cell.name for cell in sweep_of(by).cells] == [cell.name for cell in sweep_of(receipt).cells]


def test_what_has_no_place_in_a_set_up_is_told_by_its_label(tmp_path: Path) -> None:
    def odd(document: Document, concurrency: int, trial: int) -> None:
        document["input_config"]["phases"][-1]["concurrency"] = 4
        document["run_info"]["variation_values"] = {"scenario": {"a": concurrency}}
        document["run_info"]["variation_label"] = f"<b>{concurrency}"

    receipt = compared(made(tmp_path, "base", odd, cells=(1, 2)), made(tmp_path, "cand", odd, cells=(1, 2)))
    assert [cell.name for cell in sweep_of(receipt).cells] == ["variation <b>1", "variation <b>2"]


def test_sweeps_of_different_factors_have_no_cell_in_common(tmp_path: Path) -> None:
    def lengths(document: Document, concurrency: int, trial: int) -> None:
        document["input_config"]["phases"][-1]["concurrency"] = 16
        document["input_config"]["datasets"][0]["prompts"]["isl"]["mean"] = 64.0 * concurrency
        document["run_info"]["variation_values"] = {"datasets.main.prompts.isl.mean": 64 * concurrency}

    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", lengths))
    assert receipt.verdict == "incomparable"
    assert sweep_of(receipt).factors == ["concurrency", "input length"]
    assert "missing cells" in blocking(receipt)
    assert receipt.gate.size == 0


def test_uneven_trials_are_told_and_judged_by_what_is_there(tmp_path: Path) -> None:
    base, candidate = made(tmp_path, "base", trials=5), made(tmp_path, "cand", trials=5)
    for trial in (2, 3, 4, 5):
        rmtree(Path(candidate, "profile_runs", f"trial_{trial:04}", "concurrency_1"))
    receipt = compared(base, candidate)
    assert cell_of(receipt, 1).verdict == "inconclusive"
    assert cell_of(receipt, 2).verdict in ("no worse", "equivalent")
    assert receipt.verdict == "inconclusive"
    assert next(found.message for found in receipt.findings if found.code == "trials").endswith("have 1 to 5 runs")
    mean = sweep_of(receipt).means[0]
    assert (mean.interval, mean.note) == (None, "no interval: it takes 3 trials a side in every cell")


def test_runs_without_times_are_compared(tmp_path: Path) -> None:
    def timeless(document: Document, concurrency: int, trial: int) -> None:
        del document["start_time"], document["end_time"]

    receipt = compared(made(tmp_path, "base", timeless), made(tmp_path, "cand", timeless))
    assert receipt.verdict in ("no worse", "equivalent"), blocking(receipt)
    assert {side.order for side in receipt.base.runs} == {None}


def test_a_run_that_is_there_twice_ends_the_comparison_of_its_cell(tmp_path: Path) -> None:
    base, candidate = made(tmp_path, "base"), made(tmp_path, "cand")
    first = Path(candidate, "profile_runs", "trial_0001", "concurrency_4", NAME)
    document = json.loads(first.read_bytes())
    document["run_info"]["trial"] = 7
    copy = Path(candidate, "again", NAME)
    copy.parent.mkdir()
    copy.write_text(json.dumps(document))
    receipt = compared(base, candidate)
    assert cell_of(receipt, 4).verdict == "incomparable"
    assert "duplicate trial" in blocking(receipt)


def test_a_name_that_is_no_factor_is_refused(tmp_path: Path) -> None:
    base, candidate = made(tmp_path, "base", cells=(1,)), made(tmp_path, "cand", cells=(1,))
    for name in ("concurency", "slos"):
        with pytest.raises(UsageError):
            compared(base, candidate, by=(name,))
    with pytest.raises(UsageError, match="--goal is for sweeps"):
        compared(base, candidate, goals=("request_latency<=200",))


def test_a_plan_and_a_proof_ask_for_the_runs_of_one_cell(tmp_path: Path) -> None:
    base = made(tmp_path, "base")
    for options in (("--plan", "10"), (str(made(tmp_path, "cand")), "--prove")):
        done = run("diff", base, *options)
        assert done.code == 2
        assert "these runs differ in concurrency" in done.stderr


# --- one correction ------------------------------------------------------------------------------------------


def test_p_values_are_corrected_for_all_cells_together(tmp_path: Path) -> None:
    """A change that one cell alone would show is not shown among many: there it would often be chance."""
    weak = at(1, slower(1.075))
    base, candidate = made(tmp_path, "base", noise=0.008), made(tmp_path, "cand", weak, noise=0.008)
    rules = ("request_latency:5",)
    alone = [[path for path in load_side([side]).runs if "concurrency_1/" in path.file] for side in (base, candidate)]
    single = compared([one.file for one in alone[0]], [one.file for one in alone[1]], *rules)
    whole = compared(base, candidate, *rules)
    one = next(row for row in single.rows if row.metric == "request_latency" and row.gate == "gate")
    other = next(row for row in cell_of(whole, 1).rows if row.metric == "request_latency")
    assert one.p_beyond is not None
    assert other.p_beyond is not None
    assert other.p_beyond > one.p_beyond
    assert other.p_within == one.p_within, "what speaks for passing needs no correction"


# --- fronts and capacity -------------------------------------------------------------------------------------

GOAL = "request_latency.avg<=365"


def test_fronts_tell_what_is_dominated_and_who_is_ahead(tmp_path: Path) -> None:
    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", slower(1.2)))
    front = next(front for front in sweep_of(receipt).fronts if front.x == "request_latency.avg")
    assert [point.dominated for point in front.base] == [False] * 4, "more load, more throughput, and slower"
    assert all(point.beaten for point in front.candidate if point.x > front.base[0].x * 1.25)
    assert {stretch.ahead for stretch in front.stretches} == {"base"}
    assert front.crossings == []


def test_fronts_that_cross_are_bracketed_by_measured_cells(tmp_path: Path) -> None:
    def crossing(document: Document, concurrency: int, trial: int) -> None:
        factor = {1: 0.7, 2: 0.8, 4: 1.3, 8: 1.3}[concurrency]
        for name in ("request_throughput", "output_token_throughput"):
            document[name]["avg"] /= factor

    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", crossing))
    front = next(front for front in sweep_of(receipt).fronts if front.x == "request_latency.avg")
    (found,) = front.crossings
    latencies = [point.x for point in front.base]
    assert latencies[1] * 0.98 < found.low < found.high < latencies[2] * 1.02


def test_capacity_is_a_bracket_between_measured_cells(tmp_path: Path) -> None:
    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", slower(1.1)), goals=(GOAL,))
    base, candidate = sweep_of(receipt).capacities
    assert [state.state for state in base.states] == ["meets", "meets", "meets", "misses"]
    assert [state.state for state in candidate.states] == ["meets", "meets", "misses", "misses"]
    assert base.cell is not None
    assert candidate.cell is not None
    assert sweep_of(receipt).cells[base.cell].name == "concurrency 4"
    assert sweep_of(receipt).cells[candidate.cell].name == "concurrency 2"
    assert base.sure
    assert base.low is not None
    assert base.value is not None
    assert base.low < base.value < (base.next_value or 0)
    text = run("diff", str(tmp_path / "base"), str(tmp_path / "cand"), "--goal", GOAL).stdout
    assert "the next cell, concurrency 8 at" in " ".join(text.split())


def test_a_cell_with_failed_requests_is_no_capacity_and_no_point_of_a_front(tmp_path: Path) -> None:
    half = at(4, lambda document, concurrency, trial: failing(document, 40))
    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand", half), goals=(GOAL,))
    candidate = sweep_of(receipt).capacities[1]
    assert [state.state for state in candidate.states] == ["meets", "meets", "misses", "misses"]
    assert candidate.states[2].note == "120 of 240 requests failed"
    assert all(2 not in [point.cell for point in front.candidate] for front in sweep_of(receipt).fronts)


def test_a_goal_that_no_cell_meets_has_no_capacity(tmp_path: Path) -> None:
    receipt = compared(made(tmp_path, "base"), made(tmp_path, "cand"), goals=("request_latency<=1",))
    for capacity in sweep_of(receipt).capacities:
        assert (capacity.value, capacity.cell, capacity.sure) == (None, None, True)


def test_a_goal_that_noise_reaches_across_is_not_sure(tmp_path: Path) -> None:
    base = made(tmp_path, "base", noise=0.05)
    latency = load_side([base]).runs[0].blocks["request_latency"].values["avg"]
    receipt = compared(base, made(tmp_path, "cand", noise=0.05), goals=(f"request_latency<={latency * 1.2}",))
    assert not sweep_of(receipt).capacities[0].sure


@pytest.mark.parametrize("goal", ["request_latency", "request_latency<=", "<=200", "request_latency<=-1", "a.*<=2"])
def test_a_goal_that_cannot_be_read_is_refused(goal: str) -> None:
    with pytest.raises(UsageError):
        limits([goal])


def test_a_goal_by_an_old_name_is_one_by_todays(tmp_path: Path) -> None:
    assert limits(["ttft.p99 <= 200"])[0].text == "time_to_first_token.p99<=200"
    with pytest.raises(UsageError, match="which no run has"):
        compared(made(tmp_path, "base"), made(tmp_path, "cand"), goals=("image_latency<=200",))


# --- one sweep -----------------------------------------------------------------------------------------------


def test_one_sweep_shows_its_front_and_capacity(tmp_path: Path) -> None:
    base = made(tmp_path, "base")
    done = run("front", base, "--goal", GOAL)
    assert done.code == 0
    assert "concurrency 4; the next cell" in " ".join(done.stdout.split())
    assert max(map(len, done.lines)) <= 80
    document = strict_json(run("front", base, "--goal", GOAL, "--json").raw)
    assert [cell["name"] for cell in document["cells"]] == [f"concurrency {cell}" for cell in (1, 2, 4, 8)]
    assert document["capacities"][0]["cell"] == "concurrency 4"
    assert [point["dominated"] for point in document["fronts"][0]["points"]] == [False] * 4


def test_one_sweep_that_mixes_workloads_is_no_result(tmp_path: Path) -> None:
    def other(document: Document, concurrency: int, trial: int) -> None:
        document["input_config"]["endpoint"]["streaming"] = trial != 1

    done = run("front", made(tmp_path, "base", at(2, other)))
    assert done.code == 3
    assert "mixed streaming" in done.stdout
    assert "concurrency 2 is not on the front" in " ".join(done.stdout.split())
    assert run("front", made(tmp_path, "one", cells=(4,))).code == 2, "one cell is no sweep"
