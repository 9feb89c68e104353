"""Comparing runs: real ones where they are known, and made ones for everything that must not be got wrong."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.versions import NEWEST

from migrator.diff.blocks import Block
from migrator.diff.engine import compare
from migrator.diff.judge import Criteria, decide, shift_words
from migrator.diff.noise import learn, load_profile
from migrator.diff.pair import pairs
from migrator.diff.policy import GateRule, Policy, Waived, from_file, from_options
from migrator.diff.prove import prove
from migrator.diff.receipt import Receipt, Row, Verdict, from_json
from migrator.diff.sides import LoadedSide, load_side
from migrator.diff.statistics.interval import Refusal, from_runs
from migrator.diff.statistics.multiple import benjamini_hochberg, holm
from migrator.errors import NotAnExportError, UnreadableError, UsageError

GOLDEN = Path(__file__).parents[2] / "golden" / "exports"
LAB = GOLDEN / "lab"
NOISY = GOLDEN / "noisy"
RUN = GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json"
TODAY = date(2026, 11, 24)


def trials(folder: Path, name: str) -> LoadedSide:
    return load_side([str(path) for path in sorted(folder.glob(f"{name}-*"))])


def one(path: Path) -> LoadedSide:
    return load_side([str(path)])


def row(receipt: Receipt, metric: str, statistic: str = "avg") -> Row:
    return next(row for row in receipt.rows if (row.metric, row.statistic) == (metric, statistic))


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., LoadedSide]:
    """The recorded run with something changed, as a side."""
    count = 0

    def make(change: Callable[[dict[str, Any]], object], source: Path = RUN) -> LoadedSide:
        nonlocal count
        document = json.loads(source.read_bytes())
        change(document)
        count += 1
        target = tmp_path / f"edited{count}.json"
        target.write_text(json.dumps(document))
        return one(target)

    return make


def scaled(document: dict[str, Any], metric: str, factor: float) -> None:
    for name, value in document[metric].items():
        if name not in ("unit", "count"):
            document[metric][name] = value * factor


# --- the known answers ---------------------------------------------------------------------------------------


def test_the_lab_runs_are_slower_and_their_outputs_as_long() -> None:
    receipt = compare(trials(LAB, "base"), trials(LAB, "slow20"), Policy(), today=TODAY)
    assert receipt.verdict is Verdict.REGRESSION
    assert row(receipt, "request_latency").verdict is Verdict.REGRESSION
    assert 15 < (row(receipt, "request_latency").percent or 0) < 25
    assert row(receipt, "inter_token_latency").verdict is Verdict.REGRESSION
    assert row(receipt, "output_token_throughput").verdict is Verdict.REGRESSION
    assert row(receipt, "output_sequence_length").verdict is Verdict.EQUIVALENT
    assert not [finding for finding in receipt.findings if finding.blocks]


def test_the_noisy_runs_are_left_undecided() -> None:
    receipt = compare(trials(NOISY, "base"), trials(NOISY, "slow8"), Policy(), today=TODAY)
    assert receipt.verdict is Verdict.INCONCLUSIVE
    wrong = [row for row in receipt.rows if row.gate == "gate" and row.verdict in ("regression", "improvement")]
    assert wrong == []


def test_the_spread_of_each_side_is_told_and_what_is_too_good_is_asked_about() -> None:
    receipt = compare(trials(LAB, "base"), trials(LAB, "slow20"), Policy(), today=TODAY)
    latency = row(receipt, "request_latency")
    assert 0 < (latency.spread_base or 0) < 5
    assert 0 < (latency.spread_candidate or 0) < 5
    assert "large improvement" not in [finding.code for finding in receipt.findings]
    fast = [trial._replace(blocks=_halved(trial.blocks)) for trial in trials(LAB, "base").runs]
    receipt = compare(trials(LAB, "base"), LoadedSide("fast", tuple(fast)), Policy(), today=TODAY)
    assert row(receipt, "request_latency").verdict is Verdict.IMPROVEMENT
    assert [f.message for f in receipt.findings if f.code == "large improvement"] == [
        "request_latency.avg got 50 % better: was the work the same?",
        "request_latency.p99 got 50 % better: was the work the same?",
    ]
    assert row(compare(one(RUN), one(RUN), Policy(), today=TODAY), "request_latency").spread_base is None


def _halved(blocks: dict[str, Block]) -> dict[str, Block]:
    block = blocks["request_latency"]
    halved = {name: value if name == "count" else value / 2 for name, value in block.values.items()}
    return {**blocks, "request_latency": block._replace(values=halved)}


def test_one_run_a_side_never_decides() -> None:
    receipt = compare(one(LAB / "base-1"), one(LAB / "slow20-1"), Policy(), today=TODAY)
    judged = {row.verdict for row in receipt.rows if row.direction in ("lower", "higher") and not row.share_base}
    assert judged == {Verdict.INCONCLUSIVE}
    assert row(receipt, "request_error_rate").verdict is Verdict.EQUIVALENT, (
        "no request failed, however many there were"
    )
    assert receipt.verdict is Verdict.INCONCLUSIVE
    assert "runs" in row(receipt, "request_latency").needs


def test_runs_of_any_two_releases_compare_without_false_additions() -> None:
    old = GOLDEN / "0.3.0" / "chat-streaming" / "profile_export_aiperf.json"
    receipt = compare(one(old), one(RUN), Policy(), today=TODAY)
    assert receipt.base.migrated == f"0.3 → {NEWEST}"
    assert receipt.only_base == ["max_response_timestamp", "min_request_timestamp"]
    telemetry = compare(one(GOLDEN / "0.4.0" / "chat-streaming"), one(RUN), Policy(), today=TODAY)
    assert row(telemetry, "prefill_throughput_per_user").base is not None
    assert [finding.code for finding in receipt.findings if finding.blocks] == []


def test_a_run_against_itself_says_so() -> None:
    receipt = compare(one(RUN), one(RUN), Policy(), today=TODAY)
    assert "same run" in [finding.code for finding in receipt.findings]
    assert all(row.percent in (0, None) for row in receipt.rows)
    assert receipt.changes == []


# --- what makes sides incomparable ---------------------------------------------------------------------------


def _shorter_and_faster(document: dict[str, Any]) -> None:
    scaled(document, "request_latency", 0.8)
    scaled(document, "output_sequence_length", 0.8)


_HEADLINES = {
    "request_latency": 0.8, "time_to_first_token": 0.8, "inter_token_latency": 0.8,
    "request_throughput": 1.2, "output_token_throughput": 1.2,
}  # fmt: skip
"""Metrics of which each makes a candidate look faster → by what factor."""


@pytest.mark.parametrize("tag", _HEADLINES)
def test_shorter_outputs_are_named_whichever_metric_looks_better(tag: str, edited: Callable[..., LoadedSide]) -> None:
    def change(document: dict[str, Any]) -> None:
        scaled(document, "output_sequence_length", 0.9)
        scaled(document, tag, _HEADLINES[tag])

    found = compare(one(RUN), edited(change), Policy(), today=TODAY)
    assert "shorter outputs" in [finding.code for finding in found.findings if finding.blocks]


def _failing_and_faster(document: dict[str, Any]) -> None:
    scaled(document, "request_latency", 0.8)
    document["error_request_count"] = {"unit": "requests", "avg": 10.0}


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("cancelled", lambda d: d.update(was_cancelled=True)),
        ("incomplete", lambda d: d.update(is_complete=False, incomplete_reason="stopped")),
        ("invalid", lambda d: d.update(runtime_submission_invalid_reasons=["too short"])),
        ("model", lambda d: d["input_config"]["models"]["items"][0].update(name="another")),
        ("endpoint type", lambda d: d["input_config"]["endpoint"].update(type="completions")),
        ("concurrency", lambda d: d["input_config"]["phases"][1].update(concurrency=64)),
        ("input length", lambda d: d["input_config"]["datasets"][0]["prompts"]["isl"].update(mean=2048.0)),
        ("input length measured", lambda d: scaled(d, "input_sequence_length", 1.5)),
        ("shorter outputs", _shorter_and_faster),
        ("errors", _failing_and_faster),
    ],
)
def test_what_invalidates_a_result_is_named_and_blocks(
    code: str, change: Callable[[dict[str, Any]], object], edited: Callable[..., LoadedSide]
) -> None:
    receipt = compare(one(RUN), edited(change), Policy(), today=TODAY)
    assert code in [finding.code for finding in receipt.findings if finding.blocks]
    assert receipt.verdict is Verdict.INCOMPARABLE


def test_errors_that_are_not_written_are_none(edited: Callable[..., LoadedSide]) -> None:
    failing = edited(lambda d: d.update(error_request_count={"unit": "requests", "avg": 3.0}))
    receipt = compare(one(RUN), failing, Policy(), today=TODAY)
    assert row(receipt, "error_request_count").base == 0
    assert row(receipt, "error_request_count").percent is None, "never ∞ %"


def test_units_are_converted_and_another_kind_of_unit_is_a_finding(edited: Callable[..., LoadedSide]) -> None:
    def seconds(document: dict[str, Any]) -> None:
        scaled(document, "request_latency", 0.001)
        document["request_latency"]["unit"] = "sec"

    receipt = compare(one(RUN), edited(seconds), Policy(), today=TODAY)
    assert row(receipt, "request_latency").percent == pytest.approx(0, abs=1e-9)
    odd = edited(lambda d: d["request_latency"].update(unit="tokens"))
    receipt = compare(one(RUN), odd, Policy(rules=(GateRule("inter_token_latency", "avg"),)), today=TODAY)
    assert "unit" in [finding.code for finding in receipt.findings]
    assert {row.verdict for row in receipt.rows if row.metric == "request_latency"} == {Verdict.INCOMPARABLE}


def test_a_metric_that_lost_its_unit_is_a_finding(edited: Callable[..., LoadedSide]) -> None:
    receipt = compare(one(RUN), edited(lambda d: d["request_latency"].update(unit="")), Policy())
    assert [(found.base, found.candidate) for found in receipt.findings if found.code == "unit"] == [("ms", "")]
    assert row(receipt, "request_latency").verdict is Verdict.INCOMPARABLE
    assert row(receipt, "request_latency").note == "the candidate measures it in no unit: another kind of unit"


def test_rows_of_two_runs_are_those_of_any_blocks(edited: Callable[..., LoadedSide]) -> None:
    """The rows of one run a side are read off their numbers; each block tells the same."""

    def change(document: dict[str, Any]) -> None:
        del document["request_latency"]["p95"], document["time_to_first_token"]
        document["output_sequence_length"]["unit"] = "requests"
        document["inter_token_latency"]["unit"] = "sec"
        document["new"] = {"unit": "ms", "avg": 1.0, "max": 2.0}

    sides = one(RUN), edited(change)
    plain = [side._replace(runs=tuple(run._replace(blocks=dict(run.blocks)) for run in side.runs)) for side in sides]
    named = [("request_latency", "p75"), ("request_latency", "*"), ("new", "max")]
    for only in (None, [("request_latency", "*"), ("new", "max"), ("inter_token_latency", "p99")]):
        for first, second in ((0, 1), (1, 0)):
            found = pairs(sides[first], sides[second], named, only)
            assert found == pairs(plain[first], plain[second], named, only)
            assert len(found[0]) > 3


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_a_baseline_of_nothing_has_no_percentage(value: float, edited: Callable[..., LoadedSide]) -> None:
    odd = edited(lambda d: d["request_latency"].update(avg=value))
    receipt = compare(odd, one(RUN), Policy(), today=TODAY)
    assert row(receipt, "request_latency").percent is None
    assert row(receipt, "request_latency").verdict is Verdict.INCOMPARABLE


def test_configuration_changes_are_shown_and_volatile_ones_counted(edited: Callable[..., LoadedSide]) -> None:
    def change(document: dict[str, Any]) -> None:
        document["input_config"]["endpoint"]["timeout"] = 30.0
        document["input_config"]["artifacts"]["dir"] = "/elsewhere"

    side = edited(change)
    receipt = compare(one(RUN), side, Policy(), today=TODAY)
    assert [change.path for change in receipt.changes] == ["$.input_config.endpoint.timeout"]
    assert receipt.ignored_changes == 1
    shown = compare(one(RUN), side, Policy(), today=TODAY, everything=True)
    assert len(shown.changes) == 2


def test_other_families_are_refused_with_a_reason() -> None:
    aggregate = next(GOLDEN.rglob("profile_export_aiperf_aggregate.json"))
    with pytest.raises(NotAnExportError, match="not a run"):
        one(aggregate)
    with pytest.raises(UnreadableError):
        load_side([str(GOLDEN / "missing.json")])


def test_a_folder_holds_trials_and_not_the_phases_of_a_run(tmp_path: Path) -> None:
    assert len(one(GOLDEN / "0.13.0" / "chat-streaming").runs) == 1
    assert len(one(GOLDEN / "0.13.0" / "multirun").runs) == 3
    with pytest.raises(UnreadableError, match="holds no run"):
        one(tmp_path)


def test_the_same_trial_twice_is_told(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        shutil.copy(RUN, tmp_path / name)
    side = load_side([str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    receipt = compare(side, one(LAB / "base-1"), Policy(), today=TODAY)
    assert "duplicate trial" in [finding.code for finding in receipt.findings if finding.blocks]
    assert receipt.verdict is Verdict.INCOMPARABLE, "a copied trial would look like steadiness"


# --- verdicts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("margin", [1.0, 5.0, 25.0])
def test_every_gate_reacts_to_a_change_just_beyond_and_not_just_within(margin: float) -> None:
    rules = tuple(GateRule(m, s, margin=margin) for m, s in (("request_latency", "p99"), ("request_throughput", "avg")))
    proofs = list(prove(one(RUN), Policy(rules)))
    assert len(proofs) == 8 + 2, "the rate of errors, too"
    assert all(proof.holds for proof in proofs), [proof for proof in proofs if not proof.holds]


def test_a_floor_keeps_a_large_share_of_nothing_from_counting() -> None:
    side = trials(LAB, "base")
    fast = Policy((GateRule("time_to_first_token", "avg", floor=1000.0),))
    receipt = compare(side, trials(LAB, "slow20"), fast, today=TODAY)
    assert row(receipt, "time_to_first_token").verdict is not Verdict.REGRESSION


def test_a_waiver_keeps_its_row_from_failing_until_it_ends() -> None:
    rules = (GateRule("request_latency", "avg"),)
    for until, verdict in ((date(2026, 12, 1), Verdict.EQUIVALENT), (date(2026, 11, 1), Verdict.REGRESSION)):
        policy = Policy(rules, (Waived("request_latency", "avg", "known, #12", until),))
        receipt = compare(trials(LAB, "base"), trials(LAB, "slow20"), policy, today=TODAY)
        waived = row(receipt, "request_latency")
        assert waived.verdict is Verdict.REGRESSION
        assert (waived.waiver is not None) is (verdict is Verdict.EQUIVALENT)
        if waived.waiver is None:
            assert receipt.verdict is verdict
            assert receipt.gate.expired_waivers
        else:
            assert receipt.verdict is not Verdict.REGRESSION


def test_the_correction_is_for_the_size_of_the_gate() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.5]) == pytest.approx([0.04, 0.04, 0.04, 0.5])
    receipt = compare(trials(LAB, "base"), trials(LAB, "slow20"), Policy(), today=TODAY)
    assert receipt.gate.size == 8, "the headline rows and the rate of errors"


def test_what_would_decide_counts_the_correction() -> None:
    estimate = from_runs([100.0, 108.0, 93.0], [112.0, 121.0, 104.0])
    alone, in_a_gate = (decide("lower", 100.0, 112.0, estimate, Criteria(5, family=size)) for size in (1, 7))
    assert alone.verdict == in_a_gate.verdict == "inconclusive"
    assert 0 < (alone.more_runs or 0) < (in_a_gate.more_runs or 0)
    assert alone.needs == f"about {alone.more_runs} more runs a side, fixed beforehand"


def test_noise_makes_one_run_a_side_decidable(tmp_path: Path) -> None:
    profile = tmp_path / "noise.json"
    profile.write_bytes(learn(trials(LAB, "base").runs).to_bytes("test"))
    noise = load_profile(str(profile))
    receipt = compare(one(LAB / "base-1"), one(LAB / "slow20-2"), Policy(), noise=noise, today=TODAY)
    latency = row(receipt, "request_latency")
    assert latency.evidence == "noise"
    assert latency.verdict is Verdict.REGRESSION
    other = compare(one(RUN), one(RUN), Policy(), noise=noise, today=TODAY)
    assert row(other, "request_latency").evidence != "noise", "another load has another noise"
    with pytest.raises(UsageError, match="at least 3"):
        learn(trials(LAB, "base").runs[:2])
    assert receipt.noise is not None
    assert (receipt.noise.runs, receipt.noise.requests) == (3, 120)
    assert receipt.noise.rows > 10
    assert "too few to know it well" in next(f.message for f in receipt.findings if f.code == "noise profile")
    profile.write_text('{"aiperf_migrate_noise": 2, "entries": [{"key": {}, "rows": {"a.avg": {"sd": "x"}}}]}')
    with pytest.raises(UsageError, match="damaged"):
        load_profile(str(profile))
    profile.write_text('{"aiperf_migrate_noise": 1, "entries": []}')
    with pytest.raises(UsageError, match="format 1") as caught:
        load_profile(str(profile))
    assert "learn it again" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({"p10": 0.1, "p50": 0.2, "p75": 0.3, "p95": 9, "p99": 20}, "only the tail moved"),
        ({"p10": 20, "p50": 21, "p75": 20, "p95": 19, "p99": 22}, "the whole distribution moved"),
        ({"p10": 20, "p50": 21, "p75": 20, "p95": 1.5, "p99": 1.2}, "the bulk moved, the tail did not"),
        ({"p10": -9, "p50": 0, "p75": 3, "p95": 9, "p99": 12}, "the curves cross: some points went up, others down"),
        ({"p10": 0, "p50": 0.2, "p75": 0.3, "p95": 0.9, "p99": 0.5}, "no point moved by more than 1 %"),
    ],
)
def test_where_a_distribution_moved(points: dict[str, float], words: str) -> None:
    assert shift_words(points) == words


def test_parity_is_equal_or_the_work_differs() -> None:
    none = Refusal("one number a side")
    assert decide("parity", 64.0, 64.0, none, Criteria(5)).verdict == "equivalent"
    assert decide("parity", 64.0, 65.0, none, Criteria(5)).verdict == "equivalent"
    assert decide("parity", 64.0, 80.0, none, Criteria(5)).verdict == "incomparable"
    assert decide("parity", 0.0, 1.0, none, Criteria(5)).verdict == "incomparable"
    assert decide("lower", 1.0, 9.0, none, Criteria(5)).verdict == "inconclusive"


# --- policies ------------------------------------------------------------------------------------------------


def test_rules_are_read_from_options() -> None:
    assert from_options(["request_latency.p99:5", "goodput:2.5%:10", "accuracy.correct:1"]) == (
        GateRule("request_latency", "p99", margin=5.0),
        GateRule("goodput", "avg", margin=2.5, floor=10.0),
        GateRule("accuracy.correct", "avg", margin=1.0),
    )
    for wrong in ("request_latency", "request_latency:x", ":5", "a:-1", "a:1:y", "a:nan"):
        with pytest.raises(UsageError):
            from_options([wrong])


POLICY = """
[defaults]
margin = 3.0
[[rule]]
metric = "request_latency.p99"
floor = 2.0
[[rule]]
metric = "inter_token_latency"
gate = "report"
direction = "lower"
[[waiver]]
metric = "request_latency.p99"
reason = "known"
until = 2026-12-31
"""


def test_a_policy_file_is_read_strictly(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    policy = from_file(str(path))
    assert policy.rule("request_latency", "p99") == GateRule("request_latency", "p99", "gate", 3.0, 2.0)
    assert policy.rule("inter_token_latency", "avg").mode == "report"
    assert policy.waivers == (Waived("request_latency", "p99", "known", date(2026, 12, 31)),)
    for old, new in (
        ("floor", "flor"),
        ("margin = 3.0", "margin = -1"),
        ('reason = "known"', ""),
        ('"report"', '"gates"'),
        ("until = 2026-12-31", "until = 'soon'"),
        ("[defaults]", "[default]"),
        ("[[rule]]", "[[rule"),
    ):
        path.write_text(POLICY.replace(old, new, 1))
        with pytest.raises(UsageError):
            from_file(str(path))
    with pytest.raises(UsageError):
        from_file(str(tmp_path / "missing.toml"))


def test_a_rule_for_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="neither side has"):
        compare(one(RUN), one(RUN), Policy((GateRule("request_latncy", "avg"),)), today=TODAY)


# --- the command ---------------------------------------------------------------------------------------------


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "migrator", "diff", *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


LAB_SIDES = ["--base", *map(str, sorted(LAB.glob("base-*"))), "--cand", *map(str, sorted(LAB.glob("slow20-*")))]


def test_exit_codes_of_the_gate(tmp_path: Path) -> None:
    assert run(*LAB_SIDES).returncode == 0, "without a gate it only reports"
    assert run(*LAB_SIDES, "--exit-code").returncode == 1
    assert run(*LAB_SIDES, "--fail-on", "request_latency:30").returncode in (0, 3)
    single = [str(LAB / "base-1"), str(LAB / "slow20-1"), "--fail-on", "request_latency.p50:5"]
    assert run(*single).returncode == 3
    assert run(*single, "--inconclusive", "pass").returncode == 0
    assert run(*single, "--inconclusive", "fail").returncode == 1
    done = run(*single[:2], "--fail-on", "request_latncy:5")
    assert done.returncode == 2
    assert "request_latency" in done.stderr
    assert run(str(LAB / "base-1")).returncode == 2
    assert run(str(LAB / "base-1"), str(tmp_path)).returncode == 4


@pytest.mark.parametrize("form", ["text", "markdown", "html", "junit", "github", "json"])
def test_every_format_says_the_same_verdict(form: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    done = run(*LAB_SIDES, "--format", form, "-o", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = target.read_text()
    assert "regression" in text
    if form == "json":
        assert from_json(text).verdict is Verdict.REGRESSION
    assert run(*LAB_SIDES, "--format", form, "-o", str(target)).returncode == 4, "not overwritten unasked"


def test_revisions_are_compared_with_each_other_and_with_the_file(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    export = tmp_path / "run.json"
    git("init", "-q")
    for name in ("base-1", "slow20-1"):
        shutil.copy(LAB / name / "profile_export_aiperf.json", export)
        git("add", "run.json")
        git("commit", "-qm", name)
    done = run("HEAD~1", "HEAD", "--json", "--", "run.json", cwd=tmp_path)
    receipt = from_json(done.stdout)
    assert receipt.base.name == "HEAD~1:run.json"
    assert 15 < (row(receipt, "request_latency").percent or 0) < 25
    same = from_json(run("HEAD", "--json", "--", "run.json", cwd=tmp_path).stdout)
    assert row(same, "request_latency").percent == 0
    assert run("nowhere", "--", "run.json", cwd=tmp_path).returncode == 4
    assert run("HEAD", "--", cwd=tmp_path).returncode == 2


def test_secrets_do_not_reach_the_receipt() -> None:
    key = GOLDEN / "0.6.0" / "key" / "profile_export_aiperf.json"
    for form in ("json", "text", "markdown", "html"):
        done = run(str(key), str(GOLDEN / "0.13.0" / "chat-goodput-key"), "--all", "--format", form)
        assert done.returncode == 0
        assert "sk-secret" not in done.stdout + done.stderr


def test_broken_sides_are_bad_input(tmp_path: Path) -> None:
    for name, content in (("a.json", "{"), ("b.json", "[]"), ("c.json", '{"schema_version": "2.0", "run_info": {}}')):
        (tmp_path / name).write_text(content)
        done = run(str(tmp_path / name), str(RUN))
        assert done.returncode == 4, done.stderr
        assert name in done.stderr
        assert "Traceback" not in done.stderr


def test_hostile_names_are_harmless(tmp_path: Path) -> None:
    document = json.loads(RUN.read_bytes())
    hostile = copy.deepcopy(document)
    name = "\x1b[2J<script>alert(1)</script>|`@everyone`" + "x" * 10_000
    hostile[name] = {"unit": "ms\x1b]0;", "avg": 1.0}
    hostile["input_config"]["models"]["items"][0]["name"] = name
    target = tmp_path / "hostile.json"
    target.write_text(json.dumps(hostile))
    for form in ("text", "markdown", "html", "junit", "github", "json"):
        done = (
            run(str(target), str(RUN), "--format", form, "-v")
            if form == "text"
            else run(str(target), str(RUN), "--format", form)
        )
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout
        if form == "html":
            assert "<script>alert" not in done.stdout
