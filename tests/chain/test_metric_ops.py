"""Units that change with a version, nanoseconds, metrics that are computed from others, and nulls of absent metrics."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.process import EXPORTS, NAME, run
from support.versions import NEWEST

from migrator.aiperf.releases import version_key
from migrator.chain.metric_ops import Milliseconds, Units
from migrator.chain.nulls import NULLABLE, WRITTEN_AT, with_nulls, without_nulls
from migrator.chain.operation import Context
from migrator.chain.ops import OneWay
from migrator.chain.steps import VERSIONS
from migrator.config.release_models import reader
from migrator.jsonfile import Numeral, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.goal import Goal
from migrator.migration.migrate import Options, migrate

Object = dict[str, Any]
LABELLED = [version for version in VERSIONS if version_key(version) >= (1, 0)]


def recorded(name: str) -> Object:
    found: Object = parse((EXPORTS / name / NAME).read_bytes()).data
    return found


def context() -> Context:
    return Context("vendor")


# --- prefill throughput: a rename carries the unit -----------------------------------------------------------


def test_prefill_throughput_has_the_unit_of_its_name_in_every_version() -> None:
    old, new = recorded("0.3.0/chat-streaming"), recorded("0.4.0/chat-streaming")
    assert old["prefill_throughput"]["unit"] == "tokens/sec"
    for version in LABELLED:
        assert migrate(old, version).document["prefill_throughput_per_user"]["unit"] == "tokens/sec/user"
    for version in ("0.2", "0.3"):
        assert migrate(new, version).document["prefill_throughput"]["unit"] == "tokens/sec"
    up = migrate(old, "1.0")
    assert [(e.op, e.loss, e.before, e.after) for e in up.ledger if e.path == ("prefill_throughput_per_user", "unit")]
    assert render(migrate(up.document, "0.3").document) == render(old)


def test_0_3_and_0_4_are_compared_and_stand_in_one_column() -> None:
    old, new = (EXPORTS / release / "chat-streaming" / NAME for release in ("0.3.0", "0.4.0"))
    receipt = json.loads(run("diff", old, new, "--json").stdout)
    assert "another kind of unit" not in json.dumps(receipt)
    rows = run("table", old, new, "--columns", "prefill_throughput.avg", "--format", "json").rows
    assert len([row for row in rows if any(type(value) is float for value in row.values())]) == 2


def test_a_unit_that_is_none_of_the_two_stays() -> None:
    op = Units({"a": ("x", "y")}, others={"a": ("z",)}, proof=lambda document, tag: document[tag]["avg"] < 5)
    for unit, avg, there in (("x", 9, "y"), ("z", 1, "y"), ("z", 9, "z"), ("y", 1, "y"), ("q", 1, "q"), (7, 1, 7)):
        document = {"a": {"unit": unit, "avg": avg}}
        assert op.up(document, context())["a"] == {"unit": there, "avg": avg}
    assert op.down({"a": {"unit": "y"}}, context()) == {"a": {"unit": "x"}}
    for document in ({}, {"a": None}, {"a": {"avg": 1}}, {"a": {"unit": "q"}}):
        assert op.up(document, context()) is document
        assert op.down(document, context()) is document


# --- nanoseconds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nanoseconds", "milliseconds"),
    [
        ("1", "1e-6"),
        ("5000000", "5.0"),
        ("66917981.625", "66.917981625"),
        ("12345678901234567890", "12345678901234.567890"),
        ("123456789012345678901234567890.10", "123456789012345678901234.56789010"),
        ("1e400", "1E+394"),
        ("0", "0.0"),
        ("NaN", "NaN"),
    ],
)
def test_nanoseconds_become_milliseconds_to_the_last_digit(nanoseconds: str, milliseconds: str) -> None:
    document = parse(f'{{"request_latency":{{"unit":"ns","p50":{nanoseconds},"count":3}}}}'.encode()).data
    done = Milliseconds("request_latency").up(document, context())
    block = parse(render(done)).data["request_latency"]
    shown = render(block["p50"]).decode()
    assert shown.replace("e-06", "e-6") == milliseconds
    assert (block["unit"], block["count"]) == ("ms", 3)


def test_what_is_no_number_keeps_a_block_in_nanoseconds() -> None:
    op, ledger = Milliseconds("a"), context()
    for block in ({"unit": "ns", "avg": "7"}, {"unit": "ns", "avg": True}, {"unit": "ms", "avg": 1}, None):
        document = {"a": block}
        assert op.up(document, ledger) is document
    assert [entry.loss for entry in ledger.entries] == [Loss.KEPT, Loss.KEPT]
    nothing = op.up({"a": {"unit": "ns", "avg": None, "p50": Numeral("2e3")}}, ledger)
    assert nothing == {"a": {"unit": "ms", "avg": None, "p50": 0.002}}


def test_one_way_is_not_taken_back() -> None:
    op = OneWay(Units({"a": ("x", "y")}))
    document = op.up({"a": {"unit": "x"}}, context())
    assert document == {"a": {"unit": "y"}}
    assert op.down(document, context()) is document
    assert op.describe() == 'sets the unit of a from "x" to "y"'
    assert op.describe(up=False).startswith("does not take back")


# --- total token throughput ----------------------------------------------------------------------------------

TOTALS: Object = {
    "total_isl": {"unit": "tokens", "avg": 2560.0},
    "total_osl": {"unit": "tokens", "avg": 895.0},
    "benchmark_duration": {"unit": "sec", "avg": 0.89098624},
    "was_cancelled": False,
    "input_config": {},
}


@pytest.mark.parametrize("release", ["0.4.0", "0.5.0", "0.6.0", "0.8.0", "0.9.0", "0.11.0"])
def test_it_is_what_aiperf_wrote_to_the_last_digit(release: str) -> None:
    name = next(
        path.parent for path in sorted((EXPORTS / release).rglob(NAME)) if "token_throughput" in path.read_text()
    )
    document = parse((name / NAME).read_bytes()).data
    written = document["total_token_throughput"]
    down = migrate(document, "0.3")
    assert "total_token_throughput" not in down.document
    (entry,) = [entry for entry in down.ledger if entry.path == ("total_token_throughput",)]
    assert (entry.op, entry.loss) == (Op.DROP, Loss.DERIVABLE)
    assert migrate(down.document, "1.0").document["total_token_throughput"] == written


@pytest.mark.parametrize("version", LABELLED)
def test_an_upgrade_computes_it_and_a_downgrade_takes_it_out(version: str) -> None:
    old = recorded("0.3.0/chat-streaming")
    up = migrate(old, version)
    isl, osl, duration = (old[tag]["avg"] for tag in ("total_isl", "total_osl", "benchmark_duration"))
    assert up.document["total_token_throughput"] == {"unit": "tokens/sec", "avg": (isl + osl) / duration}
    assert render(migrate(up.document, "0.3").document) == render(old)


def test_what_0_12_divides_by_another_duration_stays() -> None:
    document = recorded("0.12.0/chat-streaming")
    written = document["total_token_throughput"]
    assert migrate(document, "0.3").document["total_token_throughput"] == written


@pytest.mark.parametrize(
    "change",
    [
        {"total_isl": None},
        {"total_osl": {"unit": "words", "avg": 895.0}},
        {"benchmark_duration": {"unit": "ms", "avg": 890.98624}},
        {"benchmark_duration": {"unit": "sec", "avg": 0.0}},
        {"benchmark_duration": {"unit": "sec", "avg": -1.0}},
        {"total_isl": {"unit": "tokens", "avg": True}},
        {"total_isl": {"unit": "tokens", "avg": "2560"}},
        {"total_isl": {"unit": "tokens", "avg": 1e308}, "total_osl": {"unit": "tokens", "avg": 1e308}},
    ],
    ids=str,
)
def test_nothing_is_computed_from_what_is_not_sure(change: Object) -> None:
    assert "total_token_throughput" in migrate({**TOTALS}, "1.0").document
    assert "total_token_throughput" not in migrate({**TOTALS, **change}, "1.0").document


def test_the_files_own_value_is_never_replaced() -> None:
    own = {"unit": "tokens/sec", "avg": 1.5}
    assert migrate({**TOTALS, "total_token_throughput": own}, "1.0").document["total_token_throughput"] == own


# --- nulls of absent metrics ---------------------------------------------------------------------------------


def test_the_metrics_are_those_of_the_models_of_both_releases() -> None:
    for release in ("0.2.0", "0.3.0"):
        fields = list(reader(release).fields(""))
        assert list(NULLABLE) == fields[: fields.index("telemetry_data")]
    assert {"0.2", "0.3"} == WRITTEN_AT


@pytest.mark.parametrize("name", ["0.2.0/chat-streaming", "0.3.0/chat-streaming", "0.3.0/embeddings"])
def test_no_null_of_a_metric_is_left_from_1_0_on_and_all_are_back_below(name: str) -> None:
    document = recorded(name)
    nulls = [key for key, value in document.items() if value is None]
    assert nulls
    version = "0.2" if name.startswith("0.2") else "0.3"
    for target in LABELLED:
        up = migrate(document, target)
        assert None not in up.document.values()
        dropped = [entry for entry in up.ledger if entry.op is Op.DROP and entry.path[0] in nulls]
        assert [entry.path for entry in dropped] == [(key,) for key in nulls]
        assert {entry.loss for entry in dropped} == {Loss.EXACT}
        assert render(migrate(up.document, version).document) == render(document)
    assert None not in migrate(document, "0.1").document.values()


def test_an_export_of_a_later_release_gets_the_nulls_that_0_3_0_writes() -> None:
    ours = migrate(recorded("0.6.0/key"), "0.3").document
    theirs = recorded("0.3.0/chat-streaming")
    assert [key for key in ours if key in theirs] == list(theirs)
    assert {key for key, value in ours.items() if value is None} == {k for k, v in theirs.items() if v is None}


def test_nothing_is_said_of_nulls_that_only_a_version_in_between_has() -> None:
    up = migrate(recorded("0.1.1/chat-streaming"), NEWEST)
    assert not [
        entry
        for entry in up.ledger
        if entry.path[0] in NULLABLE and entry.op in (Op.ADD, Op.DROP) and len(entry.path) == 1
    ]


@pytest.mark.parametrize("release", ["0.8.0", "0.13.0"])
def test_for_a_release_the_nulls_of_a_file_that_is_at_its_version_go_too(release: str) -> None:
    document = {**recorded(f"{release}/chat-streaming"), "goodput": None, "x_note": None}
    done = migrate(document, Goal(migrate(document).identity.version, release), Options(config=True))
    assert "goodput" not in done.document
    assert "x_note" in done.document, "it is no metric"


def test_a_reader_that_asks_for_avg_does_not_stop(tmp_path: Any) -> None:
    source = EXPORTS / "0.3.0" / "embeddings" / NAME
    for goal in (("--for-aiperf", "0.8.0"), ("--to", "1.1")):
        assert run("convert", *goal, source, "-o", tmp_path / "new.json", "--force").code == 0
        document = json.loads((tmp_path / "new.json").read_bytes())
        assert document.get("goodput", {}).get("avg") is None


def test_nulls_of_a_document_without_any_metric() -> None:
    added = with_nulls({"was_cancelled": False}, context())
    assert list(added) == [*NULLABLE, "was_cancelled"]
    assert without_nulls(added, context()) == {"was_cancelled": False}
    assert without_nulls({"x": None, "goodput": {"unit": "", "avg": None}}, context())["x"] is None
