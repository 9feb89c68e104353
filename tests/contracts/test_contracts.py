"""A contract says what its reader says: small readers do here what the public ones do with the same paths."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.process import EXPORTS, NAME, export, run

from migrator.aiperf.releases import RELEASES
from migrator.contracts.contract import contract, is_met, missing, parsed, parts_of, shipped, value_at
from migrator.contracts.infer import inferred
from migrator.contracts.nearest import goals, nearest
from migrator.contracts.releases import newest_met, spans
from migrator.errors import UsageError
from migrator.identify import identify
from migrator.jsonfile import ABSENT, parse
from migrator.migration.goal import goal_of
from migrator.migration.migrate import Options, migrate

Object = dict[str, Any]
Reader = Callable[[Object], list[Any]]
"""What a reader makes of an export. None among it is a value that it lost; an exception is a reader that stopped."""
CORPUS = {str(path.parent.relative_to(EXPORTS)): parse(path.read_bytes()).data for path in sorted(EXPORTS.rglob(NAME))}


def _stats(document: Object, metric: str, *statistics: str) -> list[Any]:
    block = document.get(metric) or {}
    return [block.get(name) for name in statistics]


def tt_inference_server(document: Object) -> list[Any]:
    config = document.get("input_config") or {}
    names = (config.get("endpoint") or {}).get("model_names") or [None]
    return [
        *(
            value
            for metric in (
                "request_count",
                "input_sequence_length",
                "output_sequence_length",
                "inter_token_latency",
                "request_latency",
                "output_token_throughput",
                "request_throughput",
            )
            for value in _stats(document, metric, "avg")
        ),
        *_stats(document, "time_to_first_token", "avg", "p50", "p99"),
        (config.get("loadgen") or {}).get("concurrency"),
        names[0],
    ]


def llm_d_benchmark(document: Object) -> list[Any]:
    found: list[Any] = []
    for metric in ("time_to_first_token", "inter_token_latency", "request_latency"):
        block = document.get(metric, {})
        found += [block.get(name) for name in ("avg", "min", "max", "p50", "p90", "p95", "p99")]
    for metric in (
        "request_count",
        "input_sequence_length",
        "output_sequence_length",
        "output_token_throughput",
        "request_throughput",
        "benchmark_duration",
        "total_token_throughput",
    ):
        found.append(document.get(metric, {}).get("avg"))
    document.get("error_request_count", {}).get("avg")
    found.append(document.get("input_config", {}).get("loadgen", {}).get("concurrency"))
    return found


def dynamo_profiler(document: Object) -> list[Any]:
    return [
        *_stats(document, "time_to_first_token", "avg", "max"),
        *_stats(document, "inter_token_latency", "avg"),
        *_stats(document, "output_token_throughput", "avg"),
    ]


def dynamo_frontend(document: Object) -> list[Any]:
    found = [
        document.get(metric, {}).get(name)
        for metric in ("time_to_first_token", "inter_token_latency")
        for name in ("p50", "p95", "p99")
    ]
    found += [document.get(metric, {}).get("avg") for metric in ("output_token_throughput", "request_throughput")]
    # It takes 0 where there is none, which is a loss, too.
    return [*found, document.get("input_config", {}).get("loadgen", {}).get("concurrency", 0) or None]


def inferencex(document: Object) -> list[Any]:
    return [*_stats(document, "request_count", "avg"), document.get("start_time")]


def srt_slurm(document: Object) -> list[Any]:
    return [document.get("schema_version"), document.get("aiperf_version")]


READERS: dict[str, Reader] = {
    "tt-inference-server": tt_inference_server,
    "llm-d-benchmark": llm_d_benchmark,
    "dynamo-profiler": dynamo_profiler,
    "dynamo-frontend": dynamo_frontend,
    "inferencex": inferencex,
    "srt-slurm": srt_slurm,
}


def reads(reader: Reader, document: Object) -> bool:
    """Whether a reader makes something whole of an export."""
    try:
        return None not in reader(document)
    except (AttributeError, KeyError, TypeError):
        return False


def test_each_contract_that_is_shipped_has_its_reader_here() -> None:
    assert set(shipped()) == set(READERS)
    assert all(contract(name).name == name and contract(name).about for name in shipped())


@pytest.mark.parametrize("name", READERS)
def test_a_contract_says_what_its_reader_says_of_every_recording(name: str) -> None:
    of, wrong = contract(name), []
    for path, document in CORPUS.items():
        if is_met(missing(document, of), of) is not reads(READERS[name], document):
            wrong.append(path)
    assert wrong == []
    assert {reads(READERS[name], document) for document in CORPUS.values()} == {True, False}, "both are among them"


@pytest.mark.parametrize("name", READERS)
def test_what_is_converted_for_a_reader_is_read_by_it(name: str) -> None:
    """All that has the metrics at all: a run without streaming has no time to first token in any version."""
    of, before, after = contract(name), 0, 0
    for path, document in CORPUS.items():
        before += reads(READERS[name], document)
        goal = nearest(document, identify(document, details=False), of, Options(config=True))
        if goal is None:
            # In no version: nor would the newest release that writes all it needs have been read.
            release = newest_met(of)
            assert release is not None
            converted = migrate(document, goal_of(for_aiperf=release.name)).document
            assert not reads(READERS[name], converted), path
            continue
        converted = migrate(document, goal, Options(config=True)).document
        after += reads(READERS[name], converted)
        assert reads(READERS[name], converted), path
        if reads(READERS[name], document):
            assert goal.version == identify(document, details=False).version, path
    assert after >= before
    # Who wrote a file without a label is not made up, so srt-slurm gains nothing.
    assert (after > before) is (name != "srt-slurm")


TABLE = {
    "tt-inference-server": [("0.1.1", False), ("0.2.0", True), ("0.8.0", True), ("0.9.0", False), ("0.13.0", False)],
    "llm-d-benchmark": [("0.1.1", False), ("0.3.0", False), ("0.4.0", True), ("0.8.0", True), ("0.9.0", False)],
    "dynamo-profiler": [("0.1.1", False), ("0.2.0", True), ("0.13.0", True)],
    "dynamo-frontend": [("0.1.1", False), ("0.3.0", False), ("0.4.0", True), ("0.8.0", True), ("0.9.0", False)],
    "inferencex": [("0.1.1", False), ("0.2.0", True), ("0.13.0", True)],
    "srt-slurm": [("0.1.1", False), ("0.3.0", False), ("0.4.0", True), ("0.13.0", True)],
}
"""What was seen of the public readers: the releases whose files they read."""


@pytest.mark.parametrize("name", TABLE)
def test_versions_says_what_was_seen(name: str) -> None:
    met = {entry.name: span.is_met for span in spans(contract(name)) for entry in span.releases}
    assert list(met) == [entry.name for entry in RELEASES]
    assert [(release, met[release]) for release, _ in TABLE[name]] == TABLE[name]


def test_what_the_declarations_say_is_what_the_recordings_have() -> None:
    """A release that writes all a reader needs has a recording that has it; one that does not has none."""
    for name in shipped():
        of = contract(name)
        for span in spans(of):
            for release in span.releases:
                files = [data for path, data in CORPUS.items() if path.startswith(f"{release.name}/")]
                assert files, release
                found = any(is_met(missing(data, of), of) for data in files)
                only_nulls = all("null" in lack.found for lack in span.lacks if lack.needed.required)
                assert found is span.is_met or (only_nulls and found), (name, release)


# --- contracts as files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[reader", "is not TOML"),
        ("", "has no table [reader]"),
        ('[reader]\nneeds = ["a.b"]', "reader.name: has no name"),
        ('[reader]\nname = "x"', "reader.needs: needs nothing"),
        ('[reader]\nname = "x"\nneed = ["a"]', "'need' is not known in [reader]; expected needs"),
        ('[reader]\nname = "x"\nneeds = "a"', "reader.needs: is not a list of paths"),
        ('[reader]\nname = "x"\nneeds = ["a..b"]', "'a..b' is not a path"),
        ('[reader]\nname = "x"\nneeds = ["a[x]"]', "'a[x]' is not a path"),
        ('[reader]\nname = "x"\nneeds = ["a"]\nnulls = "maybe"', "'maybe' is not a way to take null"),
        ('[reader]\nname = "x"\nneeds = ["a"]\n[[path]]\npath = "a"\ntype = "int"', "'int' is not a type"),
        ('[reader]\nname = "x"\nneeds = ["a"]\n[[path]]\npath = "b"', "b is neither needed nor wanted"),
        ('[reader]\nname = "x"\nneeds = ["a"]\n[[path]]\npath = "a"\nabsend = "0"', "expected absent"),
    ],
)
def test_what_is_wrong_in_a_contract_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    done = run("contract", "versions", "c.toml", cwd=tmp_path)
    assert done.code == 2
    assert done.complaints[0].startswith("c.toml: ")
    assert told in done.complaints[0]


def test_types_and_units_are_looked_at() -> None:
    of = parsed(
        '[reader]\nname = "x"\nneeds = ["a.avg", "b", "c[1].d"]\n'
        '[[path]]\npath = "a.avg"\ntype = "number"\nunit = "ms"\n[[path]]\npath = "b"\ntype = "text"\n',
        "c.toml",
    )
    good: Object = {"a": {"avg": 1.5, "unit": "ms"}, "b": "x", "c": [0, {"d": None}]}
    assert [(lack.needed.path, lack.found) for lack in missing(good, of)] == [("c[1].d", "null")]
    bad: Object = {"a": {"avg": 1.5, "unit": "sec"}, "b": True, "c": [{}]}
    assert [lack.found for lack in missing(bad, of)] == ["in sec", "not a text", "missing"]
    assert [lack.found for lack in missing({"a": {"avg": "1"}}, of)] == ["not a number", "missing", "missing"]
    assert len(missing([], of)) == 3


@given(
    st.recursive(
        st.none() | st.integers(), lambda inner: st.dictionaries(st.text("ab.", min_size=1), inner), max_leaves=6
    )
)
def test_every_key_is_found_whatever_is_in_its_name(document: Any) -> None:
    def walk(value: Any, parts: tuple[str, ...]) -> None:
        for key, item in value.items() if type(value) is dict else ():
            assert value_at(document, (*parts, key)) is not ABSENT
            walk(item, (*parts, key))

    walk(document, ())


@given(st.text("ab.[]01", max_size=8))
def test_a_path_is_read_or_refused(text: str) -> None:
    parts = parts_of(text)
    assert parts is None or "".join(f"[{p}]" if type(p) is int else f".{p}" for p in parts).removeprefix(".") != ""


# --- the command -----------------------------------------------------------------------------------------------


def test_check_says_what_each_file_lacks(tmp_path: Path) -> None:
    old, new = export("0.8.0/rate"), export("0.13.0/rate")
    done = run("contract", "check", "dynamo-profiler", old, new)
    assert (done.code, done.lines) == (0, ["2 exports: 2 with all that dynamo-profiler needs, 0 without"])
    done = run("contract", "check", "srt-slurm", export("0.3.0/chat-goodput-key"), "-v")
    assert done.code == 1
    assert "  missing  schema_version  shown as unknown" in done.lines
    row = run("contract", "check", "srt-slurm", export("0.3.0/chat-goodput-key"), "--json").rows[0]
    assert (row["reader"], row["met"]) == ("srt-slurm", False)
    assert run("contract", "check", "srt-slurm", EXPORTS / "PROVENANCE.json").code == 4
    assert run("contract", "check", "nothing.toml", old, cwd=tmp_path).code == 2
    assert run("contract", "check", "srt-slurm").code == 2


def test_convert_for_a_reader(tmp_path: Path) -> None:
    new = export("0.13.0/cancelled")
    assert run("contract", "check", "dynamo-frontend", new).code == 1
    assert run("convert", new, "--for-reader", "dynamo-frontend", "-o", "out.json", cwd=tmp_path).code == 0
    assert run("contract", "check", "dynamo-frontend", "out.json", cwd=tmp_path).code == 0
    (tmp_path / "never.toml").write_text('[reader]\nname = "x"\nneeds = ["nothing.avg"]')
    done = run("convert", new, "--for-reader", "never.toml", cwd=tmp_path)
    assert done.code == 2
    assert "no AIPerf release writes all that never.toml needs" in done.complaints[0]


def test_each_file_goes_to_the_version_that_is_nearest(tmp_path: Path) -> None:
    of = contract("dynamo-frontend")
    assert [goal.version for goal in goals(of)] == ["1.0", "1.1"]
    expected = {"0.1.1/chat-streaming": "1.0", "0.4.0/chat-streaming": "1.0", "0.9.0/chat-streaming": "1.1"}
    for run_of, version in expected.items():
        goal = nearest(CORPUS[run_of], identify(CORPUS[run_of]), of, Options(config=True))
        assert goal is not None
        assert goal.version == version, run_of
    for number, name in enumerate(expected):
        (tmp_path / f"{number}.json").write_bytes(export(name).read_bytes())
    rows = run("convert", tmp_path, "--for-reader", "dynamo-frontend", "-d", tmp_path.with_name("out"), "--json").rows
    assert [row["status"] for row in rows] == ["migrated", "unchanged", "migrated"]
    assert [row["to"] for row in rows] == list(expected.values())
    assert rows[1]["reason"] == "dynamo-frontend reads it as it is"
    # One way only: what is newer than all that the reader can do with stays, and that is said.
    assert (
        nearest(CORPUS["0.9.0/chat-streaming"], identify(CORPUS["0.9.0/chat-streaming"]), of, Options(), "up") is None
    )


def test_what_no_version_can_give_is_named() -> None:
    done = run("convert", export("0.11.0/embeddings"), "--for-reader", "dynamo-profiler", "--dry-run")
    told = [line for line in done.complaints if "does not get from it" in line]
    assert len(told) == 1
    assert "time_to_first_token.avg" in told[0]


def test_a_migration_warns_where_a_reader_of_the_project_gets_less(tmp_path: Path) -> None:
    """An upgrade to BenchmarkConfig takes the concurrency away from readers of UserConfig."""
    file = export("0.8.0/chat-streaming")
    needs = 'needs = ["request_latency.avg", "input_config.loadgen.concurrency"]'
    (tmp_path / "ours.toml").write_text(f'[reader]\nname = "ours"\n{needs}')
    (tmp_path / "aiperf-migrate.toml").write_text('contracts = ["ours.toml"]')

    def told(*arguments: str) -> list[str]:
        done = run("upgrade", file, "--dry-run", *arguments, cwd=tmp_path)
        assert done.code == 0
        return [line for line in done.complaints if "before and not after" in line]

    (warned,) = told()
    assert "ours can read it" in warned
    assert "input_config.loadgen.concurrency (missing)" in warned
    assert told("--to", "1.1") == []
    (tmp_path / "aiperf-migrate.toml").unlink()
    assert told() == []
    (asked,) = told("--reader", "tt-inference-server")
    assert "tt-inference-server" in asked


def test_versions_says_where_a_field_is_now() -> None:
    done = run("contract", "versions", "tt-inference-server")
    assert done.code == 0
    assert "at input_config.phases[profiling].concurrency:" in done.stdout
    assert all(len(line) <= 100 for line in done.lines)
    rows = run("contract", "versions", "tt-inference-server", "--json").rows
    assert [row["met"] for row in rows] == [False, True, False]


# --- inferred ----------------------------------------------------------------------------------------------------

PYTHON = """
import json

def parse(path):
    data = json.load(open(path))
    load = data.get("input_config", {}).get("loadgen", {})
    first = data["time_to_first_token"]
    name = data["input_config"]["endpoint"]["model_names"][0]
    other = {}
    return load["concurrency"], first["p99"], first.get("p50"), name, (data.get("request_count") or {}).get("avg")
"""
JQ = '.request_latency.p99, (.input_config.loadgen.concurrency // 0), .["time_to_first_token"].avg, .was_cancelled?'


@pytest.mark.parametrize(
    ("source", "name", "needs", "wants"),
    [
        (
            PYTHON,
            "parse.py",
            ["input_config.loadgen.concurrency", "time_to_first_token.p99", "input_config.endpoint.model_names[0]"],
            ["time_to_first_token.p50", "request_count.avg"],
        ),
        (
            JQ,
            "x.jq",
            ["request_latency.p99", "time_to_first_token.avg"],
            ["input_config.loadgen.concurrency", "was_cancelled"],
        ),
    ],
)
def test_a_contract_is_inferred_from_a_source(
    tmp_path: Path, source: str, name: str, needs: list[str], wants: list[str]
) -> None:
    (tmp_path / name).write_text(source)
    done = run("contract", "infer", name, cwd=tmp_path)
    assert done.code == 0
    table = tomllib.loads(done.stdout)["reader"]
    assert (sorted(table["needs"]), sorted(table["wants"])) == (sorted(needs), sorted(wants))
    (tmp_path / "c.toml").write_text(done.stdout)
    assert run("contract", "check", "c.toml", export("0.8.0/chat-streaming"), cwd=tmp_path).code in (0, 1)


def test_what_is_inferred_is_a_contract() -> None:
    """Of those whose paths stand in their source as they are."""
    source = "def f(document):\n    return [document['schema_version'], document['aiperf_version']]\n"
    assert tomllib.loads(inferred(source, "srt.py"))["reader"]["needs"] == ["schema_version", "aiperf_version"]
    for bad in ("def (", "\0"):
        with pytest.raises(UsageError, match="is not Python"):
            inferred(bad, "x.py")
    assert json.dumps(tomllib.loads(inferred("x = 1", "x.py")))
