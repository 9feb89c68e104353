"""What is remembered of a shape gives the very bytes and figures that a migration of the file on its own gives."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.versions import NEWEST

from benchmarks.measure import GOLDEN
from migrator.batch import migrate_files, repeated
from migrator.batch.discover import Source
from migrator.batch.request import Request, Result, Status
from migrator.chain.steps import VERSIONS
from migrator.jsonfile import parse, render
from migrator.migration import shapes
from migrator.migration.goal import Goal
from migrator.migration.shape import shape_of

NAMES = sorted(str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("profile_export_aiperf.json"))
SOURCE = Source("runs/export.json", "export.json", named=False, residues=False)


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    repeated.forget()
    yield
    repeated.forget()


def request(to: str = NEWEST, **options: Any) -> Request:
    return Request(Goal(to), "either", out_folder="out", ledgers=False, **options)


def outcome(raw: bytes, asked: Request, source: Source = SOURCE) -> tuple[bytes | None, dict[str, Any]]:
    found, _ = migrate_files._migrated(source, raw, asked)
    assert found is not None
    return found.raw, _figures(found.result)


def _figures(result: Result) -> dict[str, Any]:
    row = result.as_dict()
    return {key: value for key, value in row.items() if key != "ledger"} | {"version": result.to_version}


def alone(raw: bytes, asked: Request) -> tuple[bytes | None, dict[str, Any]]:
    """The same by the way of files that are not remembered."""
    return outcome(raw, replace(asked, ledgers=True))


def is_known(raw: bytes, asked: Request) -> bool:
    known = repeated.repeated(asked)
    assert known is not None
    sight = known.sight(SOURCE, raw)
    return sight is not None and known.migrated(sight) is not None


def learnt(raw: bytes, asked: Request) -> bool:
    outcome(raw, asked)
    outcome(raw, asked)
    return is_known(raw, asked)


def changed(document: Any, number: float, text: str, seed: int) -> Any:
    """The document with other numbers in its metrics, and other values of its own."""
    own = {"benchmark_id": text, "start_time": text, "end_time": text, "artifact_directory": f"artifacts/{text}"}

    def walk(node: Any, key: str) -> Any:
        if isinstance(node, dict):
            if "unit" in node and "avg" in node:
                return {
                    name: type(value)(value * number) if type(value) in (int, float) else value
                    for name, value in node.items()
                }
            return {name: walk(value, name) for name, value in node.items()}
        if isinstance(node, list):
            return [walk(value, key) for value in node]
        if type(node) is str and key in own:
            return own[key]
        return seed if key == "random_seed" and type(node) is int else node

    return walk(copy.deepcopy(document), "")


@pytest.mark.parametrize("name", NAMES)
def test_a_known_file_gets_the_bytes_and_figures_of_a_new_one(name: str) -> None:
    raw = (GOLDEN / name).read_bytes()
    for to in VERSIONS:
        asked = request(to)
        expected = alone(raw, asked)
        for _ in range(3):
            assert outcome(raw, asked) == expected


def test_nearly_every_recording_is_remembered() -> None:
    known = [learnt((GOLDEN / name).read_bytes(), request()) for name in NAMES]
    assert sum(known) > 0.9 * len(known)


@pytest.mark.parametrize("name", NAMES[::6])
@given(
    number=st.sampled_from([0, 0.5, 1.75, 1e-7, 1e12, -1.5]),
    text=st.text("abcdefghij0123456789-:@?&.Tsk\u00e4", min_size=1, max_size=40),
    seed=st.integers(0, 2**31 - 1),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_other_numbers_and_values_of_its_own(name: str, number: float, text: str, seed: int) -> None:
    raw = (GOLDEN / name).read_bytes()
    asked = request()
    learnt(raw, asked)
    other = orjson.dumps(changed(orjson.loads(raw), number, text, seed), option=orjson.OPT_INDENT_2)
    assert outcome(other, asked) == alone(other, asked)
    # Once more, when its shape may be known.
    assert outcome(other, asked) == alone(other, asked)


@st.composite
def edits(draw: st.DrawFn) -> tuple[int, Any, bool]:
    value = st.one_of(st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.text(max_size=30), st.just({}))
    return draw(st.integers(0, 10**6)), draw(value), draw(st.booleans())


def edited(document: Any, at: int, value: Any, drops: bool) -> Any:
    """The document with one of its members, at any depth, replaced or left out."""
    document = copy.deepcopy(document)
    holders = [document]
    members: list[tuple[Any, str]] = []
    while holders:
        holder = holders.pop()
        for key, item in holder.items():
            members.append((holder, key))
            if isinstance(item, dict):
                holders.append(item)
    holder, key = members[at % len(members)]
    if drops:
        del holder[key]
    else:
        holder[key] = value
    return document


@pytest.mark.parametrize("name", NAMES[::9])
@given(edit=edits())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_any_member_changed(name: str, edit: tuple[int, Any, bool]) -> None:
    raw = (GOLDEN / name).read_bytes()
    asked = request()
    learnt(raw, asked)
    other = orjson.dumps(edited(orjson.loads(raw), *edit), option=orjson.OPT_INDENT_2)
    try:
        expected = alone(other, asked)
    except Exception as error:
        with pytest.raises(type(error)):
            outcome(other, asked)
        return
    for _ in range(3):
        assert outcome(other, asked) == expected


def test_a_derived_metric_is_computed_for_each_file() -> None:
    raw = (GOLDEN / "0.3.0" / "rate" / "profile_export_aiperf.json").read_bytes()
    asked, layout = request(), parse(raw).layout
    assert learnt(raw, asked)
    document = parse(raw).data
    document["total_isl"]["avg"] *= 2
    other = render(document, layout)
    assert is_known(other, asked)
    assert outcome(other, asked) == alone(other, asked)
    document["benchmark_duration"]["avg"] = 0.0
    none = render(document, layout)
    assert outcome(none, asked) == alone(none, asked)


@pytest.mark.parametrize("key", ["cli_command", "artifact_directory"])
def test_a_secret_in_what_is_the_files_own_is_redacted(key: str) -> None:
    raw = (GOLDEN / "0.4.0" / "chat-streaming" / "profile_export_aiperf.json").read_bytes()
    asked = request()
    assert learnt(raw, asked)
    document = orjson.loads(raw)
    if key == "cli_command":
        document["input_config"]["cli_command"] += " --api-key 'planted-4f9d2c7e81'"
    else:
        document["input_config"].setdefault("output", {})[key] = "http://me:planted-4f9d2c7e81@host/artifacts"
    other = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    for _ in range(3):
        found, figures = outcome(other, asked)
        assert found is not None
        assert b"planted-4f9d2c7e81" not in found
        assert (found, figures) == alone(other, asked)


def test_what_is_handed_out_is_not_shared() -> None:
    raw = (GOLDEN / NAMES[-1]).read_bytes()
    asked = request()
    assert learnt(raw, asked)
    expected = alone(raw, asked)
    first, _ = migrate_files._migrated(SOURCE, raw, asked)
    assert first is not None
    first.result.warnings.append("mine")
    first.result.tally.operations.clear()
    first.result.tally.losses.clear()
    assert outcome(raw, asked) == expected


def test_a_placeholder_in_a_file_is_no_placeholder() -> None:
    raw = (GOLDEN / NAMES[-1]).read_bytes()
    document = orjson.loads(raw)
    document["odd"] = ["\u0001placeholder 0", 1_618_033_001]
    other = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    asked = request()
    for _ in range(3):
        assert outcome(other, asked) == alone(other, asked)


def test_shapes_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "MOST", 10)
    monkeypatch.setattr(shapes, "MOST_BYTES", 60_000)
    document = orjson.loads((GOLDEN / NAMES[-1]).read_bytes())
    asked = request()
    known = repeated.repeated(asked)
    assert known is not None
    for number in range(30):
        document["odd"] = f"number {number}"
        raw = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        assert learnt(raw, asked)
        kept = known._shapes
        assert len(kept._known) <= 10
        assert kept._bytes <= 60_000
        assert kept._bytes == sum(size for _, size in kept._known.values())


def test_two_shapes_that_look_alike_are_two() -> None:
    block = {"unit": "ms", "avg": 1.0}
    base = {"schema_version": "1.4", "input_config": {}, "a": {**block, "p50": 1.0}, "b": dict(block)}
    moved = {"schema_version": "1.4", "input_config": {}, "a": dict(block), "b": {"p50": 1.0, **block}}
    one, other = shape_of(parse(orjson.dumps(base)).data), shape_of(parse(orjson.dumps(moved)).data)
    assert one is not None
    assert other is not None
    assert one.key != other.key


def test_a_file_that_is_named_is_refused_though_its_like_was_skipped() -> None:
    raw = (GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json").read_bytes()
    asked = Request(Goal("1.0"), "up", out_folder="out", ledgers=False)
    found, _ = migrate_files._migrated(SOURCE, raw, asked)
    assert found is not None
    assert found.result.status is Status.SKIPPED
    with pytest.raises(Exception, match=r"newer than 1\.0"):
        migrate_files._migrated(SOURCE._replace(named=True), raw, asked)


SECRET = "planted-4f9d2c7e81"


def declared(name: str = "0.6.0/key/profile_export_aiperf.json") -> Any:
    """A recording with a secret in the place that declares it."""
    document = orjson.loads((GOLDEN / name).read_bytes())
    document["input_config"]["endpoint"]["api_key"] = SECRET
    return document


def test_files_that_declare_one_secret_are_remembered() -> None:
    raw = orjson.dumps(declared(), option=orjson.OPT_INDENT_2)
    asked = request()
    assert learnt(raw, asked)
    found, figures = outcome(raw, asked)
    assert found is not None
    assert SECRET.encode() not in found
    assert (found, figures) == alone(raw, asked)
    assert "redacted" in figures["warnings"][0]


@pytest.mark.parametrize("place", ["of its own", "a metric", "another file's"])
def test_a_known_secret_is_replaced_wherever_else_it_stands(place: str) -> None:
    document = declared()
    asked = request()
    assert learnt(orjson.dumps(document, option=orjson.OPT_INDENT_2), asked)
    if place == "of its own":
        document["input_config"]["output"]["artifact_directory"] = f"artifacts/{SECRET}-concurrency1"
    elif place == "a metric":
        document["request_latency"]["p99"] = f"about {SECRET}"
    else:
        document["input_config"]["endpoint"]["api_key"] = SECRET[::-1]
    other = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    for _ in range(3):
        found, figures = outcome(other, asked)
        assert found is not None
        assert SECRET.encode() not in found
        assert SECRET[::-1].encode() not in found
        assert (found, figures) == alone(other, asked)


def test_a_secret_that_json_spells_otherwise_is_not_remembered() -> None:
    document = declared()
    document["input_config"]["endpoint"]["api_key"] = 'planted-"4f9d2c7e81'
    raw = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    assert not learnt(raw, request())
    assert outcome(raw, request()) == alone(raw, request())


def test_documents_with_the_same_names_and_other_values_are_told_apart() -> None:
    raw = (GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json").read_bytes()
    asked = request()
    document = orjson.loads(raw)
    blocks = [name for name, value in document.items() if isinstance(value, dict) and "unit" in value]
    for block in (None, {"unit": "ms"}, {"avg": 1.0}, {"unit": "ms", "avg": 2.5}, {}):
        for name in (blocks[0], blocks[-1]):
            other = orjson.dumps({**document, name: block}, option=orjson.OPT_INDENT_2)
            expected = alone(other, asked)
            for _ in range(3):
                assert outcome(other, asked) == expected
    assert learnt(raw, asked)


def test_a_key_with_a_line_break_is_two_to_no_one() -> None:
    base = orjson.loads((GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json").read_bytes())
    one = {**base, "a": {"unit": "ms", "avg": 1.0, "x\ny": 1.0, "z": 2.0}}
    other = {**base, "a": {"unit": "ms", "avg": 1.0, "x": 1.0, "y\nz": 2.0}}
    asked = request()
    for document in (one, one, one, other, other, other):
        raw = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        assert outcome(raw, asked) == alone(raw, asked)
    assert not is_known(orjson.dumps(one, option=orjson.OPT_INDENT_2), asked)


@pytest.mark.parametrize("value", ["\x01placeholder 0", "a \x01placeholder 12 b", 1618033000, 1618033012, "1618033000"])
def test_a_document_with_what_looks_like_a_placeholder_is_not_remembered(value: Any) -> None:
    """Another file of its shape would get its own value there."""
    document = orjson.loads((GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json").read_bytes())
    shape = shape_of(document)
    assert shape is not None
    assert shape.is_clear()
    odd = shape_of({**document, "of_my_own": value})
    assert odd is None or not odd.is_clear()
