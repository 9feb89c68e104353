"""The receipt as a document: whatever is compared, what is written fits the schema and does not contradict itself."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.process import EXPORTS, NAME, run, strict_json
from support.versions import NEWEST

from migrator.diff import receipt as parts
from migrator.diff.blocks import Block
from migrator.diff.engine import compare
from migrator.diff.policy import GateRule, Policy, from_file
from migrator.diff.receipt import Receipt, Row, from_json, receipt_schema, to_json
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide
from migrator.errors import UsageError
from migrator.render.comparison import github, html, junit, markdown, text

SCHEMA = receipt_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
LAB = EXPORTS / "lab"
TODAY = date(2026, 11, 24)


def wrong(document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_a_receipt_of_version_1_0_is_still_read() -> None:
    """The file was made by the tool before 1.1."""
    raw = (Path(__file__).parent / "receipt-1.0.json").read_bytes()
    receipt = from_json(raw)
    assert (receipt.receipt_version, receipt.verdict, len(receipt.rows)) == ("1.0", "regression", 4)
    latency = receipt.rows[0]
    assert (latency.measure, latency.p_beyond, latency.values_base) == ("ratio", None, [])
    for render in (text.render, markdown.render, html.render, junit.render, github.render):
        assert "request_latency" in render(receipt)


def test_the_command_prints_the_schema() -> None:
    printed = strict_json(run("schema", "receipt").raw)
    assert printed == SCHEMA
    Draft202012Validator.check_schema(printed)
    assert printed["$id"] == f"urn:aiperf-migrate:receipt:{parts.RECEIPT_VERSION}"


def test_the_schema_is_strict_and_complete() -> None:
    kinds = {"Receipt": SCHEMA, **SCHEMA["$defs"]}
    named = {name: kind for name, kind in vars(parts).items() if is_dataclass(kind)}
    assert named.keys() <= kinds.keys()
    for name, kind in named.items():
        assert set(kinds[name]["required"]) == {field.name for field in fields(kind)}, name
        assert kinds[name]["additionalProperties"] is False
    document = json.loads(run("diff", LAB / "base-1", LAB / "base-2", "--json").raw)
    assert wrong(document) == []
    assert wrong({**document, "verdict": "fine"})
    assert wrong({**document, "more": 1})
    assert wrong({name: value for name, value in document.items() if name != "rows"})


@pytest.mark.parametrize(
    "sides",
    [
        ("lab/base-1", "lab/slow20-1"),
        ("noisy/base-1", "noisy/slow8-2"),
        ("0.1.1/chat-streaming", "0.13.0/chat-streaming"),
        ("0.4.0/chat-streaming", "0.13.0/multirun"),
        ("0.13.0/multirun", "0.9.0/chat-streaming"),
        ("0.13.0/cancelled", "0.13.0/cancelled"),
        ("0.6.0/key", "0.13.0/chat-goodput-key"),
    ],
    ids=" ".join,
)
def test_what_is_written_fits_the_schema(sides: tuple[str, str]) -> None:
    done = run("diff", *(EXPORTS / side for side in sides), "--json", "--all")
    document = strict_json(done.raw)
    assert wrong(document) == []
    assert to_json(from_json(done.raw), one_line=True) == done.stdout


# --- whatever is compared ------------------------------------------------------------------------------------

TAGS = ("request_latency", "request_throughput", "output_sequence_length", "my_own", "error_request_count")
UNITS = ("ms", "ms", "ms", "sec", "ns", "tokens/sec", "odd")
ODD = (0.0, 1.0, -1.0, 1e308, 1e-308, 5e-324, 1e200, -1e308)
NAMES = ("avg", "min", "p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "max", "std")


def block(random: Random) -> Block:
    numbers = sorted(random.choice(ODD) if random.random() < 0.15 else random.gauss(100, 3) for _ in NAMES)
    kept = {name: number for name, number in zip(NAMES, numbers, strict=True) if random.random() < 0.9}
    return Block(random.choice(UNITS), {**kept, "count": float(random.choice((1, 2, 500)))})


def side(random: Random, steady: bool) -> LoadedSide:
    """Some runs of any numbers: usual ones, none, negative ones and the largest there are."""
    first = {tag: block(random) for tag in TAGS if random.random() < 0.8}
    trials = []
    for place in range(random.choice((1, 1, 2, 3, 4))):
        found = {tag: first[tag] if steady else block(random) for tag in first if random.random() < 0.95}
        trials.append(Run(f"{place}.json", NEWEST, found, {}))
    return LoadedSide("side", tuple(trials))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([0.0, 1e-3, 2.0, 1e6]), st.sampled_from([0.0, 5.0, 200.0]))
def test_no_numbers_break_it_and_every_row_agrees_with_itself(
    seed: int, steady: bool, floor: float, margin: float
) -> None:
    random = Random(seed)
    base, candidate = side(random, steady), side(random, steady)
    rules = (GateRule("request_latency", "*", floor=floor, margin=margin),)
    policy = Policy(rules, alpha=random.choice((0.01, 0.05, 0.4)))
    try:
        receipt = compare(base, candidate, policy, today=TODAY)
    except UsageError:
        # By chance, neither side has the metric.
        receipt = compare(base, candidate, Policy(margin=margin), today=TODAY)
    assert wrong(strict_json(to_json(receipt))) == []
    for render in (text.render, markdown.render, html.render, junit.render, github.render):
        shown = render(receipt)
        assert "∞" not in shown
        assert not {"inf", "nan"} & set(shown.replace("%", " ").split())
    for row in receipt.rows:
        _agrees(row)


def _agrees(row: Row) -> None:
    if row.measure == "difference":
        assert row.interval is None
        if row.delta_interval is not None:
            assert row.delta is not None
            near = 1e-9 * max(abs(row.base or 0), abs(row.candidate or 0))
            assert row.delta_interval.low - near <= row.delta <= row.delta_interval.high + near
        if row.verdict in ("regression", "improvement"):
            assert row.delta is not None
            assert abs(row.delta) >= row.floor
            assert ((row.delta > 0) == (row.direction == "lower")) is (row.verdict == "regression")
        return
    if row.interval is not None:
        assert row.percent is not None
        assert row.interval.low <= row.percent <= row.interval.high
    if row.base is not None and row.base <= 0:
        assert row.percent is None
    if row.verdict in ("regression", "improvement"):
        assert row.delta is not None
        assert row.percent is not None
        assert abs(row.delta) >= row.floor
        worse = row.percent > 0 if row.direction == "lower" else row.percent < 0
        assert worse is (row.verdict == "regression")
    if row.verdict == "equivalent" and row.direction in ("lower", "higher"):
        assert row.base is not None
        assert abs(row.percent or 0) <= max(row.margin, 100 * row.floor / row.base)


def test_a_floor_widens_what_counts_as_no_change() -> None:
    def steady(*latencies: float) -> LoadedSide:
        block = [{"request_latency": Block("ms", {"avg": value, "count": 9.0})} for value in latencies]
        return LoadedSide("side", tuple(Run(f"{i}.json", NEWEST, found, {}) for i, found in enumerate(block)))

    base, candidate = steady(1.0, 1.001, 0.999, 1.002), steady(1.2, 1.201, 1.199, 1.202)
    verdicts = {}
    for floor in (0.0, 0.15, 0.5):
        receipt = compare(base, candidate, Policy((GateRule("request_latency", "avg", floor=floor),)), today=TODAY)
        verdicts[floor] = receipt.rows[0].verdict.value
    assert verdicts == {0.0: "regression", 0.15: "regression", 0.5: "equivalent"}


@pytest.mark.parametrize("alpha", ["0", "0.5", "1", "-1", "nan"])
def test_an_alpha_that_is_none_is_refused(alpha: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f"[defaults]\nalpha = {alpha}\n")
    with pytest.raises(UsageError, match="alpha"):
        from_file(str(policy))


def test_records_in_another_unit_are_converted_and_those_of_another_run_are_not_used(tmp_path: Path) -> None:
    for name, factor in (("a", 1.0), ("b", 1.2), ("other", 9.0)):
        folder = tmp_path / name
        folder.mkdir()
        latencies = [factor * (100 + (37 * place) % 101) for place in range(600)]
        _write_run(folder, latencies, recorded=[value if name != "other" else value + 50 for value in latencies])
    receipt = _compared(tmp_path / "a", tmp_path / "b")
    [row] = [row for row in receipt.rows if row.statistic == "p50"]
    assert row.evidence == "records"
    assert row.percent == pytest.approx(20)
    [row] = [row for row in _compared(tmp_path / "a", tmp_path / "other").rows if row.statistic == "p50"]
    assert row.evidence == "summary"
    (tmp_path / "a" / "profile_export.jsonl").write_text("{")
    receipt = _compared(tmp_path / "a", tmp_path / "b")
    assert [note for note in receipt.notes if "records are not used" in note and "line 1" in note]


def test_records_are_read_where_a_rule_names_a_row_and_then_for_means_too(tmp_path: Path) -> None:
    for name, factor in (("a", 1.0), ("b", 1.2)):
        latencies = [factor * (100 + (37 * place) % 101) for place in range(600)]
        (tmp_path / name).mkdir()
        _write_run(tmp_path / name, latencies, recorded=latencies)
    sides = tmp_path / "a" / NAME, tmp_path / "b" / NAME
    named = from_json(run("diff", *sides, "--fail-on", "request_latency:5", "--json").raw)
    [mean] = [row for row in named.rows if (row.metric, row.statistic) == ("request_latency", "avg")]
    assert (mean.evidence, mean.n_base) == ("records", 600)
    assert mean.interval is not None
    assert mean.interval.kind == "within run"
    # A plain comparison does not open them: what is in them makes no difference.
    (tmp_path / "a" / "profile_export.jsonl").write_text("{")
    plain = from_json(run("diff", *sides, "--json", "--exit-code").raw)
    assert "records" not in {row.evidence for row in plain.rows}
    assert not [note for note in plain.notes if "records are not used" in note]


def _compared(base: Path, candidate: Path) -> Receipt:
    done = run("diff", base / NAME, candidate / NAME, "--fail-on", "request_latency.p50:5", "--json")
    assert done.code == 3
    return from_json(done.raw)


def _write_run(folder: Path, latencies: list[float], recorded: list[float]) -> None:
    ordered = sorted(latencies)
    block: dict[str, Any] = {"unit": "ms", "count": len(latencies), "avg": sum(latencies) / len(latencies)}
    for percent in (1, 5, 10, 25, 50, 75, 90, 95, 99):
        rank = percent / 100 * (len(ordered) - 1)
        below = ordered[int(rank)]
        block[f"p{percent}"] = below + (rank % 1) * (ordered[min(int(rank) + 1, len(ordered) - 1)] - below)
    block |= {"min": ordered[0], "max": ordered[-1]}
    (folder / NAME).write_text(json.dumps({"schema_version": "1.1", "request_latency": block}))
    lines = [
        {
            "metadata": {"benchmark_phase": "profiling", "request_start_ns": place},
            "metrics": {"request_latency": {"value": value * 1e6, "unit": "ns"}},
        }
        for place, value in enumerate(recorded)
    ]
    (folder / "profile_export.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_spread_beyond_what_floats_hold_has_no_interval() -> None:
    block = Block("ms", {"avg": 5e-324, "std": 3.0, "count": 9.0})
    sides = (LoadedSide(name, (Run(name, NEWEST, {"request_latency": block}, {}),)) for name in ("base", "candidate"))
    (latency,) = (row for row in compare(*sides, Policy(), today=TODAY).rows if row.metric == "request_latency")
    assert (latency.interval, latency.verdict) == (None, "inconclusive")
