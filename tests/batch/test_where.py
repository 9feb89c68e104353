"""The language of `--where`, of the terminal UI's filter and of columns: what it means, and what it refuses."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growth import TIMES, is_linear
from support.process import EXPORTS, NAME, ROOT, copy, export, run
from support.versions import NEWEST

from migrator.batch.fields import ALIASES, FIELDS, STATES, field_of, key_of, words_of
from migrator.batch.file import File
from migrator.batch.load import load
from migrator.batch.where import AnswersOf, where
from migrator.errors import UsageError
from migrator.table.rows import ABOUT_RUN


def answers(name: str, **changes: Any) -> AnswersOf:
    loaded = load(str(export(name)))
    assert loaded.parsed
    return AnswersOf(File(loaded.identity, {**loaded.parsed.data, **changes}, f"/x/{name}/{NAME}", f"{name}/{NAME}"))


OLD, MIDDLE, FAILED = "0.1.1/chat-streaming", "0.8.0/multirun/profile_runs/run_0002", "0.10.0/completions-errors"
NEW = "0.13.0/chat-streaming"


@pytest.mark.parametrize(
    ("expression", "name", "expected"),
    [
        # Facts, at any version and in either family of the configuration.
        ("concurrency = 4", OLD, True),
        ("concurrency = 4", NEW, True),
        ("concurrency > 4", NEW, False),
        ("model = mock-model streaming", OLD, True),
        ("model:MOCK", NEW, True),
        ("not streaming", "0.13.0/embeddings", True),
        ("trial = 1 and run_label = run_0002", MIDDLE, True),
        ("requests = 40 requests_asked_for = 40", NEW, True),
        ("requests = 50 failed_requests > 0", FAILED, True),
        ("errors:503", FAILED, True),
        ("errors = 503 or errors = 504", FAILED, True),
        ("gpus = 2 gpu_name:h100", "0.11.0/chat-streaming", True),
        ("gpus >= 0", "0.13.0/embeddings", False),
        ("load:c=4", NEW, True),
        ("load:'c=4 64→16'", OLD, True),
        ("aiperf_version > 0.9.0", "0.13.0/rate", True),
        ("aiperf_version < 0.9.0", "0.10.0/completions-errors", False),
        ("date:2026-11", NEW, True),
        ("start_time >= 2026-01-01 start_time < 9999", NEW, True),
        # Words, and the words of the terminal UI.
        ("chat", NEW, True),
        ("-chat", NEW, False),
        ("!chat", NEW, False),
        ("CHAT 1.4 'main export'", NEW, True),
        ("llama or mock", NEW, True),
        ("-llama -(concurrency=1 or cancelled)", NEW, True),
        ("is:old", OLD, True),
        ("is:old", NEW, NEWEST != "1.4"),
        ("-is:failed", NEW, True),
        ("is:failed is:export", FAILED, True),
        ("is:bad", "0.6.0/key", True),
        ("problems:P", "0.6.0/key", True),
        ("is:phase", NEW, False),
        ("'cancelld'", NEW, False),
        ("'and'", NEW, False),
        # The beginning of numbers, versions and releases.
        ("version:1", NEW, True),
        ("version:4", NEW, False),
        ("release:0.13", NEW, True),
        ("concurrency:4", NEW, True),
        ("concurrency:5", NEW, False),
        ("cancelled:f", NEW, True),
        # Paths, spelt in both ways, in the file and in what it is at the newest version.
        ("input_config.phases[1].concurrency = 4", NEW, True),
        ("input_config.phases.1.concurrency = 4", NEW, True),
        ("input_config.phases.1.concurrency = 4", "0.8.0/chat-streaming", True),
        ("input_config.loadgen.concurrency = 4", "0.8.0/chat-streaming", True),
        ("input_config.phases.*.name = warmup", NEW, True),
        ("input_config.phases.*.name != warmup", NEW, True),
        ("run_info.trial = 0", NEW, True),
        ("$.was_cancelled = false", NEW, True),
        ("$.schema_version ~ 1.*", NEW, True),
        ("input_config.endpoint.urls:18080", NEW, True),
        ("input_config.endpoint.nothing != 1", NEW, False),
    ],
)
def test_what_a_test_says(expression: str, name: str, expected: bool) -> None:
    assert where(expression).holds(answers(name)) is expected


def test_old_is_what_an_upgrade_changes_beside_an_export_too(tmp_path: Path) -> None:
    files = [*(ROOT / "golden").rglob("profile_export_aiperf_timeslices.json")]
    files += (ROOT / "golden").rglob("gpu_telemetry_export.jsonl")
    assert len(files) > 4
    for number, path in enumerate(files):
        shutil.copy(path, tmp_path / f"{number}-{path.name}")
    every, chosen = (
        [json.loads(line) for line in run("upgrade", ".", "--dry-run", "--json", *where, cwd=tmp_path).lines]
        for where in ((), ("--where", "is:old"))
    )
    changed = {row["file"] for row in every if row.get("status") == "migrated"}
    assert {row["file"] for row in chosen if "status" in row} == changed
    assert 0 < len(changed) < len(files)


@pytest.mark.parametrize("expression", ["version < 1.3", "version >= 1.3", "version = 0.1", "version:AIPerf"])
def test_records_of_telemetry_have_no_schema_version(expression: str) -> None:
    loaded = load(str(ROOT / "golden" / "beside" / "0.4.0" / "gpu_telemetry_export.jsonl"))
    assert loaded.identity.version.startswith("AIPerf ")
    assert not where(expression).holds(AnswersOf(File(loaded.identity, None)))


def test_a_key_with_dots_and_a_text_that_looks_like_a_number() -> None:
    file = answers(NEW, run_info={"variation_values": {"phases.profiling.concurrency": 4}, "note": "0.10"})
    for place in ("phases.profiling.concurrency", "*"):
        assert where(f"run_info.variation_values.{place} = 4").holds(file)
    assert where("run_info.variation_values['phases.profiling.concurrency'] = 4.0").holds(file)
    assert where("run_info.note = 0.10").holds(file)
    assert not where("run_info.note = 0.1").holds(file)
    assert not where("run_info.note > 0").holds(file), "a text has no order"


def test_a_number_is_in_the_unit_of_the_catalogue() -> None:
    file = answers(NEW, request_latency={"unit": "sec", "avg": 1.5, "count": 3})
    assert where("request_latency.avg = 1500").holds(file)
    assert where("request_latency.count = 3").holds(file)
    assert not where("request_latency.avg > 0").holds(answers(NEW, request_latency={"unit": "tokens", "avg": 1.5}))


def test_the_load_of_a_warm_up_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "phases" / "warmup" / NAME
    copy(f"{NEW}/phases/warmup", path)
    assert run("inspect", path, "--where", "phase = warmup requests_asked_for = 4 requests = 4").lines
    assert not run("inspect", path, "--where", "requests_asked_for = 40").lines


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("banana = 1", "column 1: unknown name 'banana'; expected a name such as version, model"),
        ("a and concurency=4", "column 7: unknown name 'concurency'; expected concurrency"),
        ("modle:llama", "column 1: unknown name 'modle'; expected model (in quotes it is a word)"),
        ("cancelld", "column 1: unknown name 'cancelld'; expected cancelled ('cancelld' in quotes is a word)"),
        ("-streamin", "column 2: unknown name 'streamin'; expected streaming"),
        ("is:odl", "column 1: unknown state 'odl' after is:; expected old"),
        ("version < 1.33", "column 11: '1.33' is not a schema version; expected genai-perf, 0.1, 0.2"),
        ("version", "column 8: 'version' is not compared with anything; expected = == != < <= > >= ~ :"),
        ("request_latency.p99", "column 20: 'request_latency.p99' is not compared with anything"),
        ("request_latency.p98 > 1", "column 1: unknown name 'request_latency.p98': request_latency has no statistic"),
        (
            "request_latency > 1",
            "column 1: unknown name 'request_latency': a metric has statistics; expected re",
        ),
        ("version <", "column 10: unexpected end of the expression; expected a value"),
        ("version ~ 1.*", "column 9: ~ compares text, and version is not text"),
        ("config < x", "column 8: config has no order; expected = != or ~"),
        ("cancelled < true", "column 11: cancelled has no order; expected = or !="),
        ("cancelled = maybe", "column 13: 'maybe' is not true or false"),
        ("release > new", "column 11: 'new' is not a release; expected 0.13.0 or the like"),
        ("release > 1." + "9" * 5000, "is not a release"),
        ("a.avg > b.avg", "column 9: 'b.avg' is not a number"),
        ("a.b.c > z", "column 9: 'z' is not a number"),
        ("(cancelled", "column 11: unexpected end of the expression; expected ')'"),
        ("cancelled)", "column 10: unexpected ')'; expected and, or, or the end"),
        ("cancelled and", "column 14: unexpected end of the expression; expected a field or a word"),
        ("or x", "column 1: unexpected 'or'; expected a field or a word"),
        ("x or and", "column 6: unexpected 'and'"),
        ("model :x", "column 7: unexpected ':'"),
        ("model:", "column 7: unexpected end of the expression; expected a value"),
        ("-", "column 2: unexpected end of the expression"),
        ("label = 'open", 'column 9: unexpected "\'"'),
        ("a[0 = 1", "column 2: a bracket is not closed"),
        ("a..b = 1", "column 1: 'a..b' is not a path: a step is empty"),
        ("not " * 60 + "cancelled", "nested too deeply"),
        ("-" * 5000 + "x", "nested too deeply"),
        ("(" * 5000, "nested too deeply"),
        (" ", "column 2: unexpected end of the expression"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(expression: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        where(expression)
    assert told in str(caught.value)


def test_a_long_expression_is_no_deep_one() -> None:
    file = answers(NEW)
    assert where(" or ".join(["concurrency=5"] * 20_000 + ["concurrency=4"])).holds(file)
    assert where("chat " * 20_000).holds(file)


_PIECES = ["version", "cancelled", "label", "<", "=", "~", ":", "and", "or", "not", "-", "!", "(", ")", "1.0", "a.avg"]
_PIECES += [
    "is:",
    "old",
    "a.b[0]",
    "['x.y']",
    "$.",
    "*",
    "?",
    "'",
    '"',
    "input_config.phases.*",
    "concurrency",
    "[",
    "]",
]
_TEXTS = st.lists(st.sampled_from(_PIECES)).map(" ".join) | st.lists(st.sampled_from(_PIECES)).map("".join) | st.text()
FILE = answers("0.6.0/key")


@given(_TEXTS)
def test_any_text_is_an_expression_or_a_usage_error(text: str) -> None:
    with suppress(UsageError):
        found = where(text)
        assert found.holds(FILE) in (True, False)
        assert set(found.unproven) <= set(found.keys)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["avg", "unit", "phases"]), inner),
    ),
    st.sampled_from(["run_info", "input_config", "telemetry_data", "error_summary", "request_latency", "start_time"]),
)
def test_no_document_is_too_odd_for_a_field(value: Any, key: str) -> None:
    loaded = load(str(export("0.6.0/key")))
    assert loaded.parsed
    file = File(loaded.identity, {**loaded.parsed.data, key: value}, "a/phases/warmup/b.json")
    for name, field in FIELDS.items():
        if name != "problems":
            assert isinstance(field.values(file), tuple)
    assert isinstance(words_of(file), str)
    assert isinstance(field_of(f"$.{key}.*.*").values(file), tuple)


def test_a_path_that_no_file_has_is_refused_with_what_comes_near(tmp_path: Path) -> None:
    copy(NEW, tmp_path / "a.json")
    raw = (tmp_path / "a.json").read_bytes()
    for expression, told in {
        "not input_config.phases.0.concurency = 4": "column 5: no file has 'input_config.phases.0.concurency'; "
        "expected input_config.phases.0.concurrency",
        "input_confg.phases = 4": "column 1: no file has 'input_confg.phases'; expected input_config",
        "run_info.variation_values.* = 4": "column 1: no file has 'run_info.variation_values.*'; expected one of the "
        "names in run_info: benchmark_id, cli_command, random_seed, trial",
        "$.my_label = x": "column 1: no file has '$.my_label'; expected a place in one of the files",
    }.items():
        for done in (
            run("upgrade", ".", "--in-place", "--where", expression, cwd=tmp_path),
            run("inspect", "-", "--where", expression, stdin=raw),
        ):
            assert (done.code, done.raw, done.complaints) == (2, b"", [f"--where: {told}"])
    assert (tmp_path / "a.json").read_bytes() == raw
    assert run("inspect", "-", "--where", "input_config.phases.0.concurrency = 4", stdin=raw).code == 0


def test_names_are_one_everywhere() -> None:
    assert key_of("ttft.p99") == "time_to_first_token.p99"
    assert key_of("Model") == "model"
    assert {key_of(name) for name in ABOUT_RUN} <= set(FIELDS)
    assert set(ALIASES.values()) <= set(FIELDS)
    assert not set(ALIASES) & set(FIELDS)


def test_every_name_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "fields.md").read_text()
    for name, field in FIELDS.items():
        assert f"| `{name}` | {field.kind} | {field.about} |" in page
    for name, state in STATES.items():
        assert f"| `is:{name}` | {state.about} |" in page
    for line in (line for line in page.splitlines() if line.startswith("| `") and "`is:" not in line):
        with suppress(UsageError):
            where(line.split("`")[1])


def test_every_condition_of_the_documentation_is_understood() -> None:
    page = (ROOT / "docs" / "fields.md").read_text()
    rows = page.partition("| test | holds where |")[2].partition("\n\n")[0].splitlines()
    tests = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert len(tests) == 8
    for test in tests:
        where(test)


def test_every_file_of_the_corpus_has_its_facts() -> None:
    for path in sorted(EXPORTS.glob(f"0.*/*/{NAME}")):
        loaded = load(str(path))
        assert loaded.parsed
        file = File(loaded.identity, loaded.parsed.data, str(path))
        told = [
            field_of(name).values(file) for name in ("model", "requests", "failed_requests", "endpoint_type", "load")
        ]
        assert all(told), path
        assert json.loads(json.dumps(told))


@pytest.mark.parametrize(
    "piece",
    ["llama ", "a=1 or ", "-x:y ", "'a b' ", "a.b.", "a[0]", "a['b]']", "not ", "(a) ", "=", "[", "-", "is:old "],
)
def test_no_expression_takes_long(piece: str) -> None:
    def read(text: str) -> None:
        where.cache_clear()
        with suppress(UsageError):
            where(text)

    assert is_linear(read, piece * 1000 + "x=1", piece * 1000 * TIMES + "x=1")


@pytest.mark.parametrize("glob", ["*a", "?*", "*?a", "[ab]*"])
def test_no_comparison_takes_long(glob: str) -> None:
    test = where(f"benchmark_id ~ '{glob * 30}!'")

    def holds(text: str) -> bool:
        return test.holds(answers("0.6.0/key", benchmark_id=text))

    assert is_linear(holds, "a" * 20_000, "a" * 20_000 * TIMES)
