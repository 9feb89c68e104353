"""Bytes to document and back: spelling, layout, errors with their place, atomic writes."""

from __future__ import annotations

import copy
import errno
import json
import os
import pickle
import stat
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.jsontext import STYLES, Style, Token, as_bytes, tokens

from migrator.errors import DuplicateKeyError, NotJsonError, UnreadableError, UnwritableError
from migrator.files.disk import read_bytes, write_atomic
from migrator.jsonfile import (
    Numeral,
    _sorted_text,
    find,
    fingerprint,
    number_text,
    parse,
    parse_to_look,
    path_text,
    plain,
    render,
)
from migrator.jsonlayout import CANONICAL, Layout

tricky_text = st.text(alphabet='ab", :\\\n{}[]e+1ü\x7f\u2028🚀u\x01', max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | tricky_text,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(tricky_text, children, max_size=3),
    max_leaves=8,
)


# --- layouts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@settings(max_examples=30)
@given(document=st.dictionaries(tricky_text, json_values, max_size=4))
def test_a_file_in_a_uniform_layout_comes_back_byte_for_byte(style: Style, document: dict[str, Any]) -> None:
    raw = as_bytes(document, style)
    parsed = parse(raw)
    assert render(parsed.data, parsed.layout) == raw
    assert parsed.uniform
    assert tokens(render(parsed.data)) == tokens(raw)


@pytest.mark.parametrize(
    ("raw", "layout"),
    [
        (b'{\n  "a": 1\n}', CANONICAL),
        (b'{\n  "a": 1\n}\n', Layout(tail="\n")),
        (b'{\n  "a": 1e16\n}', Layout(exponent_plus=False)),
        (b'{\n  "a": 1e16,\n  "b": "1e+16"\n}\n', Layout(tail="\n")),
        (b'{\n  "a": 1e+16\n}\n\n', Layout(tail="\n\n")),
        (b'{"a":1,"b":2}', Layout(indent=None, key_separator=":")),
        (b'{"a": 1, "b": 2}', Layout(indent=None, item_separator=", ")),
        (b'{\n\t"a": [\n\t\t1\n\t]\n}', Layout(indent="\t")),
        (b'{\r\n  "a": 1\r\n}\r\n', Layout(newline="\r\n", tail="\r\n")),
        (b'{\n  "a": "\\u00fc \\ud83d\\ude80"\n}', Layout(ascii_only=True)),
    ],
)
def test_layouts_are_told_apart(raw: bytes, layout: Layout) -> None:
    parsed = parse(raw)
    assert parsed.layout == layout
    assert parsed.uniform
    assert render(parsed.data, parsed.layout) == raw


@pytest.mark.parametrize(
    "raw",
    [
        b'{ "a": 1,\n "b": 2 }',
        b'{"a": 1,"b": 2, "c": 3}',
        b'{\n  "a": [1, 2]\n}',
        b'  {\n  "a": 1\n}',
        b'{\n  "a": "\\/"\n}',
        b'{\n  "a": 1e16,\n  "b": 1e+16\n}',
    ],
)
def test_a_hand_formatted_file_keeps_its_values_and_spellings(raw: bytes) -> None:
    parsed = parse(raw)
    again = render(parsed.data, parsed.layout)
    assert parsed.uniform == (again == raw)
    assert tokens(again) == tokens(raw)
    if b"1e16" not in raw:
        assert not parsed.uniform


# --- numbers -------------------------------------------------------------------------------------------------

ODD = [
    "20.0",
    "1.50",
    "0.10",
    "1E5",
    "1e5",
    "1e400",
    "-0",
    "-0.0",
    "1180591620717411303424",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "999999999999999999",
    "3.1415926535897932384626433",
    "5e-324",
    "9" * 5000,
]


@pytest.mark.parametrize("token", ODD)
@pytest.mark.parametrize("read", [parse, parse_to_look])
def test_a_number_keeps_its_value(token: str, read: Any) -> None:
    (value,) = read(f"[{token}]".encode()).data
    assert isinstance(value, int | float)
    assert float(value) == float(token)


@pytest.mark.parametrize("token", [*ODD, "NaN", "Infinity", "-Infinity"])
def test_a_number_keeps_its_spelling(token: str) -> None:
    raw = f'{{\n  "a": {token}\n}}'.encode()
    parsed = parse(raw)
    assert parsed.uniform
    assert render(parsed.data, parsed.layout) == raw
    assert tokens(render(parsed.data, Layout(indent=None))) == {"a": Token(token)}


def test_constants_are_counted() -> None:
    assert parse(b'{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN"}').constants == 3
    assert parse(b'{"a": "NaN"}').constants == 0
    assert parse_to_look(b'{"a": NaN}').constants == 1


def test_numerals_are_numbers_that_remember() -> None:
    value = Numeral("1.50")
    assert value + 1 == 2.5
    assert repr(value) == value.text == "1.50"
    for twin in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value)):
        assert (type(twin), twin.text) == (Numeral, "1.50")
    with pytest.raises(NotJsonError, match="cannot be written: Type is not JSON serializable: complex"):
        render({"a": 1j})


def test_plain_has_only_ordinary_numbers() -> None:
    document = {"a": [Numeral(str(2**70)), Numeral("-0"), {"b": Numeral("1.50")}], "c": "1.50", "d": Numeral("9" * 500)}
    result = plain(document)
    assert result == {"a": [2**70, 0, {"b": 1.5}], "c": "1.50", "d": float("inf")}
    assert [type(value) for value in result["a"][:2]] == [int, int]
    assert type(result["a"][2]["b"]) is float
    assert type(document["a"][0]) is Numeral


def test_fingerprints_tell_values_from_spellings() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(20) != fingerprint(20.0)
    assert fingerprint(Numeral("1.50")) != fingerprint(1.5)
    assert fingerprint(Numeral("1.50")) == fingerprint(Numeral("1.50"))
    assert fingerprint([1, 2]) != fingerprint([2, 1])
    assert fingerprint(None) != fingerprint("null")
    halves = ["\ud800", "\ud801", '"\\ud800"', {"\ud800": 1}, {"\ud801": 1}, ["\ud800", 2**70], ["\ud800", 2.0**70]]
    assert len({fingerprint(value) for value in halves}) == len(halves)


numbers = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**63, 2**64, -(2**63)]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(1e-7, 1e-3),
    st.floats(1e14, 1e18),
    st.sampled_from(
        ["1.50", "0.10", "-0", "1e400", "1e5", "1E+5", "1e+18", "1e-05", "0.00001", "123456789012345678.5"]
    ),
)
every_value = st.recursive(
    st.none()
    | st.booleans()
    | numbers.filter(lambda one: not isinstance(one, str))
    | tricky_text
    | st.text(max_size=3),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(tricky_text, children, max_size=3),
    max_leaves=8,
)


@given(value=every_value)
def test_a_fingerprint_has_the_same_bytes_with_orjson_and_without(value: Any) -> None:
    """Processes compare theirs: one may have imported orjson, the other not."""
    text = _sorted_text(value)
    assert text is None or text.encode() == fingerprint(value)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.floats(1e-7, 1e-3) | st.floats(-1e-3, -1e-7))
def test_a_number_is_written_as_orjson_writes_it(value: float) -> None:
    assert number_text(value) == orjson.dumps(value).decode()


def test_a_fingerprint_of_what_is_usual_needs_no_orjson() -> None:
    usual = {"b": [1, 2.5, None, True], "a": {"x": "text", "y": Numeral("1.50")}}
    text = _sorted_text(usual)
    assert text == '{"a":{"x":"text","y":1.50},"b":[1,2.5,null,true]}'
    assert text.encode() == fingerprint(usual)


def spelled(value: Any) -> Any:
    """A value with the type and the text of each number."""
    if isinstance(value, dict):
        return {key: spelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spelled(item) for item in value]
    return (type(value), repr(value)) if isinstance(value, (int, float)) else value


@given(found=st.lists(numbers | tricky_text, max_size=5), style=st.sampled_from(list(STYLES.values())))
def test_what_is_read_to_look_is_the_data_of_what_is_read_to_render(found: list[Any], style: Style) -> None:
    values = [Numeral(one) if type(one) is str and one[-1:].isdigit() else one for one in found]
    raw = as_bytes({"values": values}, style)
    assert spelled(parse_to_look(raw).data) == spelled(parse(raw).data)


# --- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [parse, parse_to_look])
@pytest.mark.parametrize(
    ("raw", "found", "place"),
    [
        (b"", "the file is empty", ""),
        (b" \n\t ", "the file holds only white space", ""),
        (b'{\n  "a": [1, 2', "not JSON: expecting ',' delimiter", "line 2 column 13"),
        (b'{\n  "a": "text', "not JSON: unterminated string", "line 2 column 8"),
        (b"{'a': 1}", "not JSON: expecting property name enclosed in double quotes", "line 1 column 2"),
        (b'{"a": 1} {}', "not JSON: extra data", "line 1 column 10"),
        (b'{"a": 1,}', "not JSON:", "line 1 column"),
        (b'{"a": 01}', "not JSON:", "line 1 column 8"),
        (b'{"a": "\x01"}', "not JSON: invalid control character", "line 1 column 8"),
        (b"\xef\xbb\xbf{}", "the file starts with a byte order mark", ""),
        ('{"a": 1}'.encode("utf-16"), "the file is UTF-16 or UTF-32", ""),
        ('{"a": 1}'.encode("utf-16-le"), "the file is UTF-16 or UTF-32", ""),
        ('{"a": 1}'.encode("utf-16-be"), "the file is UTF-16 or UTF-32", ""),
        ('{"a": 1}'.encode("utf-32"), "the file is UTF-16 or UTF-32", ""),
        (b'{\n"a": "\xb5s"}', "byte 0xb5 is not UTF-8", "line 2"),
        (b"[" * 10_000 + b"]" * 10_000, "nested too deeply", ""),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply", ""),
    ],
)
def test_what_is_not_json_says_where(read: Any, raw: bytes, found: str, place: str) -> None:
    with pytest.raises(NotJsonError) as caught:
        read(raw)
    assert caught.value.found.startswith(found)
    assert caught.value.place.startswith(place)
    assert bool(caught.value.place) == bool(place)


def test_a_cut_off_file_is_called_so() -> None:
    whole = as_bytes({"a": {"b": [1, 2]}}, STYLES["as AIPerf writes"])
    for length in range(1, len(whole) - 1):
        with pytest.raises(NotJsonError) as caught:
            parse(whole[:length])
        assert caught.value.place
    with pytest.raises(NotJsonError) as caught:
        parse(whole[:-2])
    assert caught.value.hint == "the file may be cut off"


@pytest.mark.parametrize("read", [parse, lambda raw: render(json.loads(raw))])
@pytest.mark.parametrize("raw", [b'{"a": "\\ud800"}', b'{"\\udfff": 1}'])
def test_half_a_surrogate_pair_is_refused(read: Any, raw: bytes) -> None:
    with pytest.raises(NotJsonError, match="holds half of a surrogate pair"):
        read(raw)


def test_nesting_that_can_be_read_but_not_written_is_refused() -> None:
    with pytest.raises(NotJsonError, match="nested more than 250 levels deep"):
        parse(b"[" * 500 + b"]" * 500)


@pytest.mark.parametrize("read", [parse, parse_to_look])
@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"a": 1, "a": 2}', "$.a"),
        (b'{"a": 1, "b": {"odd key": 1, "odd key": 1}}', '$.b["odd key"]'),
        (b'{"a": [0, {"b": [{"c": 1, "x": 0, "c": 2}]}]}', "$.a[1].b[0].c"),
        (b'{"a": {"b": {}}, "a": {"b": {}, "c": {}, "c": {}}}', "$.a.c"),
    ],
)
def test_a_key_that_stands_twice_is_refused(read: Any, raw: bytes, place: str) -> None:
    with pytest.raises(DuplicateKeyError, match="occurs twice in one object") as caught:
        read(raw)
    assert caught.value.place == place


def test_places_as_text() -> None:
    assert path_text(()) == "$"
    assert path_text(("run_info", "trial")) == "$.run_info.trial"
    assert path_text(("phases", 0, "größe", "a.b", 'q"')) == '$.phases[0].größe["a.b"]["q\\""]'


def test_find_tells_the_object_itself_from_an_equal_one() -> None:
    wanted: dict[str, Any] = {}
    root = {"a": {}, "b": [{}, {"c": wanted}]}
    assert find(root, wanted) == ("b", 1, "c")
    assert find(root, {}) is None


# --- files ---------------------------------------------------------------------------------------------------


def test_reading_refuses_what_is_no_finished_regular_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(str(tmp_path / "a")) == b"12345"
    assert read_bytes(str(tmp_path / "a"), limit=5) == b"12345"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name, found in {
        "none": "does not exist",
        "dangling": "is a dangling symbolic link",
        "loop": "is a symbolic link that leads back to itself",
        "pipe": "is a named pipe",
        ".": "is a folder",
        "a/b": "cannot be read",
    }.items():
        with pytest.raises(UnreadableError) as caught:
            read_bytes(str(tmp_path / name))
        assert caught.value.found.startswith(found)
        assert caught.value.file == str(tmp_path / name)
    with pytest.raises(UnreadableError, match="has 0 MB; expected at most 0 MB"):
        read_bytes(str(tmp_path / "a"), limit=4)


def test_writing_never_overwrites_unless_asked(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_atomic(str(target), b"one", overwrite=False)
    with pytest.raises(UnwritableError, match="exists already"):
        write_atomic(str(target), b"two", overwrite=False)
    assert target.read_bytes() == b"one"
    write_atomic(str(target), b"two", overwrite=True, sync=True)
    assert target.read_bytes() == b"two"
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(UnwritableError, match="exists already"):
        write_atomic(str(tmp_path / "link"), b"three", overwrite=False)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.json", "link"]


def test_permissions_are_taken_over(tmp_path: Path) -> None:
    model, target = tmp_path / "model", tmp_path / "target"
    model.write_bytes(b"")
    model.chmod(0o640)
    write_atomic(str(target), b"x", overwrite=False, like=str(model))
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize("failing", ["write", "fchmod", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    target = tmp_path / "a.json"
    target.write_bytes(b"old")

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(UnwritableError) as caught:
        write_atomic(str(target), b"new", overwrite=True, like=str(target), sync=True)
    monkeypatch.undo()
    assert caught.value.found == "cannot be written: No space left on device"
    assert caught.value.hint == "free some space and run it again"
    assert caught.value.file == str(target)
    assert target.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_an_interrupt_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(str(tmp_path / "a.json"), b"new", overwrite=True)
    assert list(tmp_path.iterdir()) == []


def test_a_short_write_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data[:3])))
    write_atomic(str(tmp_path / "a.json"), b"0123456789", overwrite=False)
    assert (tmp_path / "a.json").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("name", "hint"), [("none/a", ""), ("file/a", "a part of the path is a file"), ("folder", "the target is a folder")]
)
def test_a_target_that_cannot_be(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnwritableError, match="cannot be written") as caught:
        write_atomic(str(tmp_path / name), b"x", overwrite=True)
    assert caught.value.hint == hint
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 255)
    write_atomic(str(target), b"x", overwrite=False)
    assert target.read_bytes() == b"x"
