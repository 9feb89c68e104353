"""The rules: each is broken by one change to a real export, and by nothing that AIPerf or this tool writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.versions import NEWEST

from migrator.aiperf.metrics import PERCENTILES, is_block
from migrator.chain.steps import VERSIONS
from migrator.check import RULES, Finding, Severity, check, pages, select
from migrator.errors import MigratorError, NotAnExportError, UnknownVersionError, UsageError
from migrator.identify import identify
from migrator.jsonfile import Numeral, parse
from migrator.migration.migrate import migrate

ROOT = Path(__file__).parents[2]
EXPORTS = ROOT / "golden" / "exports"
MAIN_EXPORTS = sorted(EXPORTS.rglob("profile_export_aiperf.json"))

Document = dict[str, Any]

CHAT = "0.13.0/chat-streaming"
WITH_SECRETS = {"0.3.0/chat-goodput-key", "0.6.0/key"}
"""The only recorded runs that really have their API key in clear."""
WITH_FAILURES = {"0.1.1/completions-errors", "0.10.0/completions-errors"}
"""The only recorded runs in which requests failed."""


def name_of(path: Path) -> str:
    return path.parent.relative_to(EXPORTS).as_posix()


def load(run: str) -> Document:
    data: Document = parse((EXPORTS / run / "profile_export_aiperf.json").read_bytes()).data
    return data


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


# --- no false alarm ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MAIN_EXPORTS, ids=name_of)
def test_a_real_export_and_its_migrations_break_no_rule(path: Path) -> None:
    parsed = parse(path.read_bytes())
    secret = {"P001"} if name_of(path) in WITH_SECRETS else set()
    failed = {"R003"} if name_of(path) in WITH_FAILURES else set()
    refused = {"R005"} if name_of(path).endswith("/agentx") else set()
    assert codes(check(parsed)) == secret | failed | refused
    for version in VERSIONS:
        document = migrate(parsed.data, version).document
        assert codes(check(document)) == failed | (refused if "metadata" in document else set()), version


# --- each rule, alone ----------------------------------------------------------------------------------------


def edited(run: str, change: Callable[[Document], None]) -> Document:
    document = deepcopy(load(run))
    change(document)
    return document


def scaled(name: str, factor: float, tag: str = "request_latency") -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[tag][name] *= factor

    return change


def put(*path: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def removed(*path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


def percentiles_swapped(document: Document) -> None:
    block = document["request_latency"]
    block["p75"], block["p90"] = block["p90"], block["p75"]


def minimum_raised(document: Document) -> None:
    block = document["request_latency"]
    block["min"] = (block["p1"] + block["p5"]) / 2


def maximum_lowered(document: Document) -> None:
    block = document["request_latency"]
    block["max"] = (block["p95"] + block["p99"]) / 2


def average_in_microseconds(document: Document) -> None:
    block = document["request_latency"]
    block["avg"] *= 1000
    block["sum"] *= 1000


def counted(tag: str, count: float) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        block = document[tag]
        block["count"], block["sum"] = count, block["avg"] * count

    return change


def times_swapped(document: Document) -> None:
    document["start_time"], document["end_time"] = document["end_time"], document["start_time"]


def failed(count: int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["error_request_count"] = {"unit": "requests", "avg": float(count)}
        document["error_summary"] = [{"error_details": {"code": 503, "message": "no"}, "count": count}]

    return change


def all_failed(document: Document) -> None:
    for tag in [tag for tag, value in document.items() if is_block(value)]:
        del document[tag]
    failed(233)(document)


INVALID = {"submission_valid": False, "submission_invalid_reasons": ["context_overflow_rate_exceeded"]}

ALONE: dict[str, tuple[Callable[[Document], None], str]] = {
    "M001": (percentiles_swapped, "$.request_latency.p90"),
    "M002": (minimum_raised, "$.request_latency.min"),
    "M003": (maximum_lowered, "$.request_latency.max"),
    "M004": (average_in_microseconds, "$.request_latency.avg"),
    "M005": (scaled("sum", 1.001), "$.request_latency.sum"),
    "M006": (counted("inter_chunk_latency", 700.5), "$.inter_chunk_latency.count"),
    "M007": (counted("time_to_first_token", 39), "$.time_to_first_token.count"),
    "M008": (removed("request_latency", "unit"), "$.request_latency.unit"),
    "M009": (removed("request_latency", "count"), "$.request_latency.count"),
    "M010": (put("request_latency", "std", value=Numeral("NaN")), "$.request_latency.std"),
    "M011": (put("request_latency", "min", value=-3.2), "$.request_latency.min"),
    "M012": (put("output_token_throughput", "count", value=40), "$.output_token_throughput"),
    "M013": (put("request_latency", "min", value=0), "$.request_latency.min"),
    "P001": (
        put("input_config", "endpoint", "api_key", value="sk-secret-1234567890abcdef"),
        "$.input_config.endpoint.api_key",
    ),
    "R001": (times_swapped, "$.end_time"),
    "R002": (put("run_info", "benchmark_id", value="749defa703e3"), "$.run_info.benchmark_id"),
    "R003": (failed(20), "$.error_request_count"),
    "R004": (all_failed, "$.error_request_count"),
    "R005": (put("metadata", value=INVALID), "$.metadata.submission_valid"),
    "R006": (
        put("aiperf_migrate_rebuilt", value={"requests": 3, "from": "profile_export.jsonl"}),
        "$.aiperf_migrate_rebuilt",
    ),
    "S001": (put("request_latency", "avg", value="70.2"), "$.request_latency.avg"),
    "S002": (put("schema_version", value="1.0"), "$.schema_version"),
    "S003": (put("schema_version", value="1.99"), "$.schema_version"),
}


def test_every_rule_has_its_case() -> None:
    assert ALONE.keys() == RULES.keys()
    assert codes(check(load(CHAT))) == set()


@pytest.mark.parametrize("code", ALONE)
def test_a_change_breaks_exactly_its_rule(code: str) -> None:
    change, place = ALONE[code]
    (finding,) = check(edited(CHAT, change))
    assert (finding.code, finding.place) == (code, place)
    assert finding.hint == RULES[code].hint
    assert finding.found


def shape(text: str) -> str:
    """A message without what differs from file to file: numbers, quoted text, names of percentiles and fields."""
    text = re.sub(r'"[^"]*"|\d{4}-\d\d-\d\dT[\d:.]+', "…", text)
    text = re.sub(r"\w+ is there", "… is there", text)
    text = re.sub(r"has [\w, ]+, though", "has …, though", text)
    return re.sub(r"-?\d+(\.\d+)?", "…", text)


@pytest.mark.parametrize("code", ALONE)
def test_the_example_of_a_rule_is_what_it_says(code: str) -> None:
    (finding,) = check(edited(CHAT, ALONE[code][0]))
    _, found, expected = RULES[code].example
    assert shape(finding.found) == shape(found)
    assert shape(finding.expected) == shape(expected)


# --- where rules look ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "holder"),
    [
        ("0.1.1/chat-streaming", ("records",)),
        ("0.3.0/chat-streaming", ()),
        (CHAT, ("warmup_metrics",)),
    ],
)
def test_blocks_are_found_in_every_part_of_every_shape(run: str, holder: tuple[str, ...]) -> None:
    def change(document: Document) -> None:
        node = document
        for key in holder:
            node = node[key]
        node["request_latency"]["min"] = -1.0
        del node["request_throughput"]["unit"]

    findings = check(edited(run, change))
    place = ".".join(("$", *holder))
    assert {(finding.code, finding.place) for finding in findings} == {
        ("M011", f"{place}.request_latency.min"),
        ("M008", f"{place}.request_throughput.unit"),
    }


def gpu_metrics(document: Document) -> Document:
    endpoint = next(iter(document["telemetry_data"]["endpoints"].values()))
    metrics: Document = next(iter(endpoint["gpus"].values()))["metrics"]
    return metrics


def test_blocks_of_gpus_are_checked() -> None:
    def change(document: Document) -> None:
        block = gpu_metrics(document)["nvidia_power_usage"]
        block["max"], block["std"] = block["min"], -1.0

    found = check(edited(CHAT, change))
    assert codes(found) == {"M003", "M004", "M011"}
    assert all(".nvidia_power_usage." in finding.place for finding in found)


def test_a_cold_gpu_is_no_alarm() -> None:
    def change(document: Document) -> None:
        block = gpu_metrics(document)["nvidia_temperature"]
        for name, value in block.items():
            if name not in ("unit", "count", "std"):
                block[name] = value - 100 * block["count"] if name == "sum" else value - 100

    assert check(edited(CHAT, change)) == []


def test_the_telemetry_summary_has_times_as_well() -> None:
    def change(document: Document) -> None:
        times_swapped(document["telemetry_data"]["summary"])

    (finding,) = check(edited(CHAT, change))
    assert (finding.code, finding.place) == ("R001", "$.telemetry_data.summary.end_time")


def test_the_identifier_in_the_configuration_is_compared() -> None:
    (finding,) = check(edited("0.8.0/chat-streaming", put("input_config", "benchmark_id", value="other")))
    assert (finding.code, finding.place) == ("R002", "$.input_config.benchmark_id")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (failed(20), ("R003", "$.error_request_count", "20 of 60 requests failed: 503 × 20")),
        (all_failed, ("R004", "$.error_request_count", "0 of 233 requests succeeded: 503 × 233")),
        (removed("request_count"), None),
    ],
)
def test_failed_requests_are_told(change: Callable[[Document], None], told: tuple[str, str, str] | None) -> None:
    found = check(edited(CHAT, change))
    assert [(finding.code, finding.place, finding.found) for finding in found] == ([told] if told else [])


def test_failed_requests_are_told_where_each_version_counts_them() -> None:
    (finding,) = check(load("0.1.1/completions-errors"))
    assert (finding.place, finding.found) == ("$.records.error_request_count", "9 of 50 requests failed: 503 × 9")

    def without_count(document: Document) -> None:
        failed(20)(document)
        del document["error_request_count"]

    (finding,) = check(edited(CHAT, without_count))
    assert (finding.place, finding.found) == ("$.error_summary", "20 of 60 requests failed: 503 × 20")


def test_a_run_that_measured_nothing_is_an_error_and_a_failure_a_note() -> None:
    assert RULES["R003"].severity is Severity.NOTE
    assert RULES["R004"].severity is Severity.ERROR
    (finding,) = check(
        migrate(load(CHAT), "1.5").document | {"request_count": {"unit": "requests", "avg": 0.0}},
        rules=select(["R004"]),
    )
    assert finding.found == "0 of 0 requests succeeded"


def test_every_secret_is_reported_and_none_is_repeated() -> None:
    findings = check(load("0.6.0/key"))
    assert {finding.place for finding in findings} == {
        "$.input_config.endpoint.api_key",
        "$.input_config.cli_command",
    }
    assert "sk-secret" not in json.dumps([finding.as_dict() for finding in findings])
    assert "sk-secret" not in repr(findings)


# --- what must not alarm -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        put("osl_mismatch_diff_pct", value={"unit": "%", "avg": -12.5, "count": 1}),
        put("my_drift", value={"unit": "ms", "avg": -3.0, "min": -4.0, "max": -2.0, "count": 900, "sum": -2700}),
        put("request_latency", "avg", value=Numeral("1e400")),
        put("request_latency", value=None),
        put("request_latency", value={"unit": "ms"}),
        put("end_time", value="2020-01-01T00:00:00Z"),
        put("run_info", "benchmark_id", value=None),
        put("inter_chunk_latency", "p99", value=None),
        counted("output_sequence_length", 12),
        counted("inter_chunk_latency", 100_000),
        counted("error_isl", 41),
        removed("request_latency", "sum"),
        removed("effective_concurrency", "max"),
    ],
)
def test_no_alarm(change: Callable[[Document], None]) -> None:
    document = deepcopy(load(CHAT))
    document["error_isl"] = deepcopy(document["input_sequence_length"])
    change(document)
    assert check(document) == []


def test_rounding_is_no_alarm() -> None:
    """Averages of equal values in recorded exports lie a few units in the last place outside minimum and maximum."""
    block = load("0.10.0/completions-errors")["usage_prompt_tokens_diff_pct"]
    assert not block["min"] <= block["avg"] <= block["max"]


samples = st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=30)


@given(samples)
@settings(deadline=None)
def test_statistics_of_any_values_break_no_rule(values: list[float]) -> None:
    ordered = sorted(values)
    block: Document = {"unit": "ms", "avg": fmean(values), "std": pstdev(values, fmean(values))}
    for name in PERCENTILES:
        rank = int(name[1:]) / 100 * (len(ordered) - 1)
        low = int(rank)
        high = min(low + 1, len(ordered) - 1)
        block[name] = ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
    block |= {"min": ordered[0], "max": ordered[-1], "count": len(values), "sum": sum(values)}
    assert check(load(CHAT) | {"my_metric": block}) == []


def test_a_count_is_only_missed_where_its_release_writes_one() -> None:
    upgraded = migrate(load("0.7.0/rate"), NEWEST).document
    assert upgraded["aiperf_version"] == "0.7.0"
    assert "count" not in upgraded["request_latency"]
    assert check(upgraded) == []
    assert codes(check(upgraded | {"aiperf_version": "0.8.0"})) == {"M009"}


@pytest.mark.parametrize("writer", ["acme", "0.99.0", "0.7.0+acme", None])
def test_a_count_is_missed_where_nobody_knows_the_writer(writer: str | None) -> None:
    def change(document: Document) -> None:
        document["aiperf_version"] = writer
        if writer is None:
            del document["aiperf_version"]
        del document["request_latency"]["count"]

    document = edited(CHAT, change)
    assert codes(check(document)) == {"M009"}
    (finding,) = check(document)
    assert ("aiperf_version" if writer else "schema_version") in finding.found


def test_no_count_is_missed_where_the_file_proves_that_there_was_none() -> None:
    """A file upgraded from before 0.4.0 names no writer; one of another build has nulls that only an upgrade adds."""
    for target in ("1.1", "1.2", NEWEST):
        upgraded = migrate(load("0.3.0/chat-streaming"), target).document
        assert "aiperf_version" not in upgraded
        assert check(upgraded) == []
    upgraded = migrate(load("0.7.0/rate"), NEWEST).document
    assert check({**upgraded, "aiperf_version": "acme"}) == []


# --- the rounding of numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ('"avg": 2620.71, "count": 20, "sum": 52414.29', False),
        ('"avg": 2620.71, "count": 20, "sum": 52414.31', True),
        ('"avg": 2620.7, "min": 2000.13, "count": 20, "sum": 52414.29', True),
        ('"avg": 2621, "count": 20, "sum": 52414', False),
        ('"avg": 2621, "count": 20, "sum": 52409', True),
        ('"avg": 16.0, "min": 16, "max": 16.0, "count": 40, "sum": 641.0', True),
        ('"avg": 16.00, "min": 15.21, "count": 40, "sum": 640.11', False),
        ('"avg": 85.42032830000001, "count": 40, "sum": 3416.8132', True),
        ('"avg": 1e-7, "count": 40, "sum": 4e-6', False),
        ('"avg": 1e-7, "count": 40, "sum": 1.6e-5', True),
    ],
)
def test_a_product_allows_for_the_decimals_that_a_block_has(block: str, found: bool) -> None:
    metric = parse(f'{{"unit": "ms", {block}}}'.encode()).data
    assert codes(check(load(CHAT) | {"my_metric": metric})) == ({"M005"} if found else set())


# --- single values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["count", "sum", "p50", "max", "std"])
@pytest.mark.parametrize("tag", ["request_count", "output_token_throughput"])
def test_a_single_value_has_no_distribution(tag: str, name: str) -> None:
    (finding,) = check(edited(CHAT, put(tag, name, value=1)))
    assert (finding.code, finding.place) == ("M012", f"$.{tag}")
    assert name in finding.found


def test_a_null_a_metric_of_nobody_and_a_count_in_0_1_are_no_finding() -> None:
    assert check(edited(CHAT, put("request_count", "p50", value=None))) == []
    assert check(edited(CHAT, put("acme_count", value={"unit": "x", "avg": 1.0, "p50": 1.0}))) == []
    assert load("0.1.1/chat-streaming")["records"]["request_count"]["count"]
    assert check(load("0.1.1/chat-streaming")) == []


# --- the submission ------------------------------------------------------------------------------------------


def test_reasons_found_at_run_time_make_a_run_invalid_too() -> None:
    document = migrate(load(CHAT), "1.5").document
    (finding,) = check({**document, "runtime_submission_invalid_reasons": ["overflow"]})
    assert (finding.code, finding.place) == ("R005", "$.runtime_submission_invalid_reasons")
    assert finding.found == "is not empty: overflow"
    assert finding.severity is Severity.ERROR


def test_a_way_through_1_0_without_residue_is_noticed() -> None:
    returned = migrate(migrate(load(CHAT), "1.0").document, "1.4").document
    findings = check(returned)
    assert codes(findings) == {"M009"}
    assert "$.request_latency.count" in {finding.place for finding in findings}


def test_more_values_than_requests_are_too_many() -> None:
    (finding,) = check(edited(CHAT, counted("output_sequence_length", 41)))
    assert (finding.code, finding.found) == ("M007", "is 41, but request_count is 40")
    assert finding.expected == "at most 40"


def test_without_request_count_the_latency_counts() -> None:
    def change(document: Document) -> None:
        del document["request_count"]
        counted("time_to_first_token", 39)(document)

    (finding,) = check(edited(CHAT, change))
    assert finding.found == "is 39, but request_latency.count is 40"


# --- the whole -----------------------------------------------------------------------------------------------


def test_the_other_rules_run_on_a_label_newer_than_known() -> None:
    def change(document: Document) -> None:
        percentiles_swapped(document)
        document["schema_version"] = "1.99"

    findings = check(edited(CHAT, change))
    assert [finding.code for finding in findings] == ["M001", "S003"]
    assert findings[1].severity is Severity.WARNING


def test_a_mislabelled_file_is_judged_by_its_content() -> None:
    def change(document: Document) -> None:
        document["schema_version"] = "1.0"
        document["request_latency"]["sum"] = "2809"

    assert codes(check(edited(CHAT, change))) == {"S002", "S001"}


def test_the_schema_speaks_where_the_better_rule_is_not_asked() -> None:
    document = edited(CHAT, put("schema_version", value="1.0"))
    assert codes(check(document)) == {"S002"}
    (finding,) = check(document, rules=select(["S"], ["S002"]))
    assert (finding.code, finding.place, finding.expected) == ("S001", "$.schema_version", '"1.4"')


def test_unlabelled_content_of_a_labelled_version_misses_its_label() -> None:
    (finding,) = check(edited(CHAT, removed("schema_version")))
    assert (finding.code, finding.found, finding.expected) == ("S001", "is missing", '"1.4"')


def test_the_document_is_not_touched_and_the_identity_may_be_given() -> None:
    document = load(CHAT)
    before = deepcopy(document)
    assert check(document, identify(document)) == check(document)
    assert document == before


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], NotAnExportError),
        ({"hello": 1}, NotAnExportError),
        ({**load(CHAT), "schema_version": "x"}, UnknownVersionError),
    ],
)
def test_what_is_no_export_is_refused(document: Any, error: type[MigratorError]) -> None:
    with pytest.raises(error):
        check(document)


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from nodes(item)


strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "text", [], {}, [[]], {"unit": None}, {"unit": 3, "count": "x"}, Numeral("1e400"), 10**400]),
)


@given(st.sampled_from(["0.1.1/completions-errors", "0.8.0/chat-streaming", CHAT]), st.data())
@settings(max_examples=60, deadline=None)
def test_no_content_makes_a_rule_fail(run: str, data: st.DataObject) -> None:
    document = deepcopy(load(run))
    places = list(nodes(document))
    container, key = places[data.draw(st.integers(0, len(places) - 1))]
    container[key] = data.draw(strange)
    try:
        findings = check(document)
    except (NotAnExportError, UnknownVersionError):
        return
    assert all(finding.place.startswith("$") and finding.code in RULES for finding in findings)


def test_a_finding_as_json_and_as_text() -> None:
    (finding,) = check(edited(CHAT, removed("request_latency", "unit")))
    assert finding.as_dict() == {
        "code": "M008",
        "severity": "error",
        "place": "$.request_latency.unit",
        "found": "is missing",
        "expected": '"ms", as AIPerf 0.13.0.dev20261023 has it',
        "hint": "add the unit that its release writes",
    }
    assert str(finding).startswith('M008 $.request_latency.unit: is missing; expected "ms"')


def test_text_from_the_file_is_shown_harmlessly() -> None:
    (finding,) = check(edited(CHAT, put("run_info", "benchmark_id", value="\x1b[31mred\u202e")))
    assert finding.found.isascii()
    assert finding.found.isprintable()


# --- choosing rules ------------------------------------------------------------------------------------------


def chosen(*arguments: list[str]) -> set[str]:
    return {rule.code for rule in select(*arguments)}


def test_all_rules_are_chosen_unless_some_are_named() -> None:
    assert chosen() == chosen([]) == set(RULES)
    assert chosen(["M001"]) == {"M001"}
    assert chosen(["M01", "s003"]) == {"M010", "M011", "M012", "M013", "S003"}
    assert chosen(["M"]) == {code for code in RULES if code[0] == "M"}
    assert chosen(["M", "P"], ["M0"]) == {"P001"}
    assert chosen([], ["P001"]) == set(RULES) - {"P001"}


@pytest.mark.parametrize("arguments", [(["X"],), (["M999"],), ([""],), ([], ["Q"]), (["M001", "M0011"],)])
def test_a_code_that_names_no_rule_is_a_usage_error(arguments: tuple[list[str], ...]) -> None:
    with pytest.raises(UsageError) as caught:
        select(*arguments)
    assert "M001" in caught.value.expected


def test_ignoring_every_chosen_rule_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        select(["M"], ["M"])


def test_only_chosen_rules_are_applied() -> None:
    document = edited(CHAT, percentiles_swapped)
    assert codes(check(document, rules=select(["M001"]))) == {"M001"}
    assert check(document, rules=select([], ["M"])) == []


# --- declarations and pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_explains_itself(rule: Any) -> None:
    assert re.fullmatch(r"[MPRS]\d{3}", rule.code)
    assert len(rule.why) > 100
    assert len(rule.remedy) > 60
    assert 0 < len(rule.hint) <= 60
    assert not rule.title.endswith(".")
    assert all(text.rstrip().endswith(".") for text in (rule.why, rule.remedy))


def test_the_pages_in_the_documentation_are_those_of_the_rules() -> None:
    written = {
        path.relative_to(ROOT / "docs").as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "docs" / "checks.md", *(ROOT / "docs" / "checks").glob("*.md"))
        if path.exists()
    }
    assert written == pages.pages(), "write them anew: python -m migrator.check.pages docs"


def test_writing_the_pages_removes_those_of_rules_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "M999.md").write_text("gone")
    pages.write(tmp_path)
    assert {path.name for path in (tmp_path / "checks").iterdir()} == {f"{code}.md" for code in RULES}
    assert (tmp_path / "checks.md").read_text(encoding="utf-8").count("](checks/") == len(RULES)


@pytest.mark.parametrize(("total", "found"), [("54", False), ("5400.0", False), ("53", True)])
def test_the_sum_of_a_share_in_percent_may_be_its_hits(total: str, found: bool) -> None:
    """`theoretical_prefix_cache_hit`, as AIPerf 0.13.0 writes it: 54 of 82 requests."""
    metric = parse(f'{{"unit": "%", "avg": 65.85365853658537, "count": 82, "sum": {total}}}'.encode()).data
    assert codes(check(load(CHAT) | {"my_metric": metric})) == ({"M005"} if found else set())
