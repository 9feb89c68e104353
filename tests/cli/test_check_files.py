"""What is remembered of a shape gives the findings, and the mark, that a check of the file on its own gives."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.measure import GOLDEN
from migrator.aiperf.metrics import STATISTICS
from migrator.batch.discover import Source
from migrator.batch.read_files import Looking, Seen
from migrator.check import RULES
from migrator.cli import check_files
from migrator.cli.check_files import Checked, Checking
from migrator.jsonfile import parse
from migrator.migration import shapes
from migrator.migration.shape import shape_of

NAMES = sorted(str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("profile_export_aiperf.json"))
CHAT = "0.13.0/chat-streaming/profile_export_aiperf.json"
SOURCE = Source("runs/export.json", "export.json", named=False, residues=False)
FIXTURE = [HealthCheck.function_scoped_fixture]


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(check_files, "_FEW", 0)
    check_files._remembered.cache_clear()
    yield
    check_files._remembered.cache_clear()


class Bench:
    """A checker of documents in memory, as a batch would check files, and by the way of files on their own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, codes: tuple[str, ...] = tuple(RULES)) -> None:
        self.raw = b""
        self.codes = codes
        for module in ("cli.check_files", "batch.load"):
            monkeypatch.setattr(f"migrator.{module}.read", lambda path: self.raw)

    def check(self, document: Any) -> Seen[Checked] | None:
        self.raw = document if isinstance(document, bytes) else orjson.dumps(document, option=orjson.OPT_INDENT_2)
        return Checking(self.codes)._seen(SOURCE)

    def alone(self, document: Any) -> Seen[Checked] | None:
        self.raw = document if isinstance(document, bytes) else orjson.dumps(document, option=orjson.OPT_INDENT_2)
        return Looking(partial(check_files._checked, self.codes), to_look=True)._seen(SOURCE)

    def learnt(self, document: Any) -> bool:
        self.check(document)
        self.check(document)
        return self.is_known(document)

    def is_known(self, document: Any) -> bool:
        shape = shape_of(parse(orjson.dumps(document, option=orjson.OPT_INDENT_2)).data)
        return shape is not None and check_files._remembered(self.codes).findings(shape) is not None


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def told(seen: Seen[Checked] | None) -> str:
    return repr(seen and (seen.found, seen.error and seen.error.as_dict()))


def recorded(name: str) -> Any:
    return orjson.loads((GOLDEN / name).read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_a_known_file_gets_the_findings_of_a_new_one(name: str, bench: Bench) -> None:
    document = recorded(name)
    expected = told(bench.alone(document))
    for _ in range(3):
        assert told(bench.check(document)) == expected


def test_nearly_every_recording_is_remembered(bench: Bench) -> None:
    known = [bench.learnt(recorded(name)) for name in NAMES]
    assert sum(known) > 0.9 * len(known)


numbers: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([0, 0.0, -0.0, -1, 1.5, 1e-9, 1e59, 1e61, True, False, None, "12", [], {}, 2**63, 10**15]),
    st.floats(-1, 1e4, allow_nan=False),
    st.integers(-3, 1000),
)


@pytest.mark.parametrize("name", NAMES[::7])
@given(
    at=st.integers(0, 10**6), key=st.sampled_from([*STATISTICS, "unit", "extra"]), value=numbers, drops=st.booleans()
)
@settings(max_examples=40, deadline=None, suppress_health_check=FIXTURE)
def test_a_file_with_any_number_changed(name: str, bench: Bench, at: int, key: str, value: Any, drops: bool) -> None:
    document = recorded(name)
    bench.learnt(document)
    block = (blocks := blocks_of(document))[at % len(blocks)]
    if drops:
        block.pop(key, None)
    else:
        block[key] = value
    for _ in range(2):
        assert told(bench.check(document)) == told(bench.alone(document))


@pytest.mark.parametrize("name", NAMES[::9])
@given(at=st.integers(0, 10**6), factor=st.sampled_from([0, 0.5, 2.0, 1e-7, 1e12, -1.5]), count=st.integers(-1, 90))
@settings(max_examples=20, deadline=None, suppress_health_check=FIXTURE)
def test_a_file_with_a_block_measured_otherwise(name: str, bench: Bench, at: int, factor: float, count: int) -> None:
    document = recorded(name)
    bench.learnt(document)
    block = (blocks := blocks_of(document))[at % len(blocks)]
    for key, value in block.items():
        if isinstance(value, int | float):
            block[key] = value * factor
    if "count" in block:
        block["count"] = count
        block["sum"] = block["avg"] * count
    for _ in range(2):
        assert told(bench.check(document)) == told(bench.alone(document))


def holders(document: Any) -> list[Any]:
    """Every object of a document, at any depth."""
    found = [document]
    for holder in found:
        found += [item for item in holder.values() if isinstance(item, dict)]
    return found


def blocks_of(document: Any) -> list[Any]:
    """Every stats block of a document, those of warm-ups and GPUs included."""
    return [holder for holder in holders(document) if "unit" in holder]


values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**12),
    st.text(max_size=30),
    st.sampled_from([{}, [], "2026-11-24T01:50:35", "2026-11-24T01:50:35+00:00", "1970-01-01T00:00:00.000001"]),
    st.sampled_from(
        ["--api-key planted-4f9d2c7e81", "http://me:planted-4f9d2c7e81@host/v1", "sk-0123456789abcdef0123"]
    ),
)


@pytest.mark.parametrize("name", NAMES[::7])
@given(at=st.integers(0, 10**6), value=values, drops=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=FIXTURE)
def test_a_file_with_any_member_changed(name: str, bench: Bench, at: int, value: Any, drops: bool) -> None:
    document = recorded(name)
    bench.learnt(document)
    members = [(holder, key) for holder in holders(document) for key in holder]
    holder, key = members[at % len(members)]
    if drops:
        del holder[key]
    else:
        holder[key] = value
    for _ in range(3):
        assert told(bench.check(document)) == told(bench.alone(document))


OWN = ("benchmark_id", "cli_command", "artifact_directory", "dir", "random_seed", "sweep_id", "start_time", "end_time")


@pytest.mark.parametrize("name", NAMES[::7])
@given(at=st.integers(0, 10**6), value=values, everywhere=st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=FIXTURE)
def test_a_file_with_something_of_its_own_changed(
    name: str, bench: Bench, at: int, value: Any, everywhere: bool
) -> None:
    document = recorded(name)
    bench.learnt(document)
    members = [(holder, key) for holder in holders(document) for key in holder if key in OWN]
    holder, key = members[at % len(members)]
    for other, name_of in members if everywhere else ():
        if other[name_of] == holder[key] and other is not holder:
            other[name_of] = value
    holder[key] = value
    for _ in range(3):
        assert told(bench.check(document)) == told(bench.alone(document))


def test_a_known_shape_with_a_damaged_file(bench: Bench) -> None:
    document = recorded(CHAT)
    assert bench.learnt(document)
    document["request_latency"]["p99"] = 0.25
    assert not bench.is_known(document)
    seen = bench.check(document)
    assert seen is not None
    assert seen.found is not None
    assert "M001" in {finding.code for finding in seen.found.findings}


@pytest.mark.parametrize("code", ["R001", "R002", "M007", "M013", "R004"])
def test_what_is_found_in_a_known_file_of_its_own(bench: Bench, code: str) -> None:
    document = recorded(CHAT)
    assert bench.learnt(document)
    if code == "R001":
        document["end_time"] = "2001-01-01T00:00:00.000000"
    elif code == "R002":
        document["benchmark_id"] = "00000000-0000-4000-8000-000000000000"
    elif code == "M007":
        document["request_latency"] |= {"count": 7, "sum": document["request_latency"]["avg"] * 7}
    elif code == "M013":
        document["request_latency"] = dict.fromkeys(document["request_latency"], 0.0) | {
            "unit": "ms",
            "count": document["request_latency"]["count"],
        }
    else:
        document["request_count"]["avg"] = 0.0
    seen = bench.check(document)
    assert seen is not None
    assert seen.found is not None
    if code != "R004":
        assert code in {finding.code for finding in seen.found.findings}
    assert told(seen) == told(bench.alone(document))


def test_only_the_rules_that_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for codes in (("M001", "R001"), ("P001",), ("S001",)):
        bench = Bench(monkeypatch, codes)
        document = recorded(CHAT)
        assert bench.learnt(document)
        document["end_time"], document["request_latency"]["p99"] = "2001-01-01T00:00:00", 0.25
        assert told(bench.check(document)) == told(bench.alone(document))


def test_a_file_that_is_none(bench: Bench) -> None:
    for raw in (b"", b"{", b'{"a": 1, "a": 2}', b"[1]", b'{"schema_version": "9.9", "input_config": {}}', b"{}"):
        assert told(bench.check(raw)) == told(bench.alone(raw))


def test_a_placeholder_in_a_file_is_no_placeholder(bench: Bench) -> None:
    document = recorded(CHAT)
    document["odd"] = ["\u0001placeholder 0", 1_618_033_001]
    assert not bench.learnt(document)
    assert told(bench.check(document)) == told(bench.alone(document))


def test_what_is_handed_out_is_not_shared(bench: Bench) -> None:
    document = recorded("0.10.0/completions-errors/profile_export_aiperf.json")
    assert bench.learnt(document)
    expected = told(bench.alone(document))
    seen = bench.check(document)
    assert seen is not None
    assert seen.found is not None
    assert seen.found.findings
    seen.found.findings.clear()
    assert told(bench.check(document)) == expected


def test_shapes_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST", 10)
    monkeypatch.setattr(shapes, "MOST_BYTES", 60_000)
    known: shapes.Shapes[int] = shapes.Shapes()
    for number in range(100):
        known.note((b"x" * 3000, number % 30), number)
        assert known.get((b"x" * 3000, number % 30)) == number
        assert len(known._known) <= 10
        assert known._bytes == sum(size for _, size in known._known.values()) <= 60_000


def test_documents_are_not_changed(bench: Bench) -> None:
    document = recorded(CHAT)
    before = copy.deepcopy(document)
    assert bench.learnt(document)
    assert document == before
