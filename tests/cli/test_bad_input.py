"""Bad input ends in one clear message and exit code 4; nothing is written, and the rest of a batch is done."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest
from support.process import (
    EXPORTS,
    NAME,
    command,
    contents,
    copy,
    environment,
    export,
    is_expected,
    run,
    snapshot,
    strict_json,
)
from support.versions import NEWEST

GOOD: Final = "0.4.0/chat-streaming"
GOOD_NEW: Final = "0.13.0/chat-streaming"
OLD: Final = "0.1.1/chat-streaming"

TEXT: Final = export(GOOD_NEW).read_text()
DOCUMENT: Final[dict[str, Any]] = json.loads(TEXT)


def changed(**values: Any) -> bytes:
    """A real export with other values at the top."""
    return json.dumps({**DOCUMENT, **values}, indent=2).encode()


def old_with_metric(value: Any) -> bytes:
    document = json.loads(export(OLD).read_bytes())
    document["records"]["ttft"] = value
    return json.dumps(document).encode()


def nested(levels: int) -> bytes:
    """A real export with objects within objects."""
    return TEXT.encode().rstrip()[:-1] + b', "extra": ' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


BAD: Final[dict[str, tuple[bytes, str, str]]] = {
    "no JSON": (b"runs of Monday\n", "line 1 column 1", "not JSON: expecting value"),
    "truncated": (TEXT[:2000].encode(), "line 82 column 5", "not JSON: unterminated string"),
    "cut between values": (
        TEXT[: TEXT.index('"unit"')].rstrip().encode(),
        "line 5 column 26",
        "not JSON: expecting property name enclosed in double quotes (the file may be cut off)",
    ),
    "empty": (b"", "", "the file is empty"),
    "white space": (b" \n\n", "", "the file holds only white space"),
    "two documents": (TEXT.encode() * 2, "line 2189 column 2", "not JSON: extra data"),
    "UTF-16": (TEXT.encode("utf-16"), "", "the file is UTF-16 or UTF-32; expected UTF-8 (convert it with iconv)"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-be"), "", "the file is UTF-16 or UTF-32; expected UTF-8"),
    "byte order mark": (
        b"\xef\xbb\xbf" + TEXT.encode(),
        "",
        "the file starts with a byte order mark; expected plain UTF-8 (remove the first three bytes)",
    ),
    "Latin-1": (TEXT.replace('"ms"', '"µs"', 1).encode("latin-1"), "line 10", "byte 0xb5 is not UTF-8"),
    "array at the top": (b"[1]", "$", "an array at the top; expected an object"),
    "number at the top": (b"42", "$", "a number at the top; expected an object"),
    "string at the top": (b'"1.5"', "$", "a string at the top; expected an object"),
    "null at the top": (b"null", "$", "null at the top; expected an object"),
    "label a number": (
        changed(schema_version=1.5),
        "$.schema_version",
        f'schema_version is a number (1.5); expected a version such as "{NEWEST}"',
    ),
    "label null": (changed(schema_version=None), "$.schema_version", "schema_version is null; expected a version"),
    "label a list": (changed(schema_version=[NEWEST]), "$.schema_version", "schema_version is an array"),
    "label 1.10": (
        changed(schema_version="1.10"),
        "$.schema_version",
        f'schema version "1.10" is newer than this tool knows; expected at most {NEWEST}',
    ),
    "label v1.3": (changed(schema_version="v1.3"), "$.schema_version", 'schema_version is "v1.3"; expected a version'),
    "label banana": (changed(schema_version="banana"), "$.schema_version", 'schema_version is "banana"; expected'),
    "label empty": (changed(schema_version=""), "$.schema_version", 'schema_version is ""; expected a version'),
    "label 0.2": (
        changed(schema_version="0.2"),
        "$.schema_version",
        f'schema_version is "0.2", which no AIPerf release wrote; expected 1.0 to {NEWEST}',
    ),
    "label 1.98": (
        changed(schema_version="1.98"),
        "$.schema_version",
        f'schema version "1.98" is newer than this tool knows; expected at most {NEWEST} (a newer '
        "aiperf-migrate may know it",
    ),
    "label 2.0": (
        changed(schema_version="2.0"),
        "$.schema_version",
        f'schema version "2.0" is newer than this tool knows; expected at most {NEWEST}',
    ),
    "metric a string": (
        changed(request_latency="fast"),
        "$.request_latency",
        "the metric is a string; expected an object with unit and statistics",
    ),
    "metric a number": (
        changed(request_latency=1.5),
        "$.request_latency",
        "the metric is a number; expected an object",
    ),
    "old metric a string": (old_with_metric("fast"), "$.records.ttft", "the metric is a string; expected an object"),
    "run_info a list": (changed(run_info=[]), "$.run_info", "is an array; expected an object"),
    "telemetry a list": (changed(telemetry_data=[]), "$.telemetry_data", "is an array; expected an object"),
    "input_config a string": (changed(input_config="x"), "$.input_config", "is a string; expected an object"),
    "duplicate key": (
        TEXT.replace('"unit": "ms"', '"unit": "ms", "unit": "s"', 1).encode(),
        "$.request_latency.unit",
        'the key "unit" occurs twice in one object (delete one of the two; only you know which is right)',
    ),
    "duplicate key at the top": (
        TEXT.encode().rstrip()[:-1] + b', "start_time": "x"}',
        "$.start_time",
        'the key "start_time" occurs twice in one object',
    ),
    # As deep as the reader follows, but not the writer; the words are the writer's own.
    "300 objects deep": (nested(300), "", ""),
    "900 objects deep": (nested(900), "", ""),
    "half a character": (TEXT.replace('"ms"', '"\\ud800"', 1).encode(), "", ""),
    "10,000 arrays deep": (b"[" * 10_000 + b"]" * 10_000, "", "nested too deeply to be an export"),
    "10,000 objects deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "", "nested too deeply to be an export"),
}
"""What is bad → (the file, the place that the message names, what it says)."""


def message(name: str, place: str, text: str) -> str:
    return f"{name}: {place}: {text}" if place else f"{name}: {text}"


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of every bad kind among good ones."""
    folder = tmp_path_factory.mktemp("batch")
    for name, (raw, _, _) in BAD.items():
        (folder / "in" / "bad").mkdir(parents=True, exist_ok=True)
        (folder / "in" / "bad" / f"{name}.json").write_bytes(raw)
    copy(GOOD, folder / "in" / NAME)
    copy(GOOD_NEW, folder / "in" / "zzz" / NAME)
    return folder


def test_in_a_batch_the_good_files_are_done(batch: Path) -> None:
    before = snapshot(batch / "in")
    done = run("upgrade", "in", "-d", "out", "--ledger", "ledger.jsonl", cwd=batch)
    assert done.code == 4
    written = contents(batch / "out")
    assert set(written) == {NAME, f"zzz/{NAME}"}
    assert is_expected(written[NAME], GOOD, NEWEST)
    assert is_expected(written[f"zzz/{NAME}"], GOOD_NEW, NEWEST)
    assert snapshot(batch / "in") == before
    assert len(done.complaints) == len(BAD), "one message each"
    for name, (_, place, text) in BAD.items():
        expected = message(f"in/bad/{name}.json", place, text)
        assert sum(line.startswith(expected) for line in done.complaints) == 1, expected
    assert done.lines[-1] == f"{len(BAD) + 2} files: 2 migrated, {len(BAD)} failed"
    ledger = [strict_json(line) for line in (batch / "ledger.jsonl").read_bytes().splitlines()]
    assert [row["status"] for row in ledger].count("failed") == len(BAD)


def test_in_place_bad_files_stay_as_they_are(batch: Path) -> None:
    before = snapshot(batch / "in" / "bad")
    assert run("upgrade", "in/bad", "--in-place", cwd=batch).code == 4
    assert snapshot(batch / "in" / "bad") == before


def test_inspect_and_check_say_the_same_of_them(batch: Path) -> None:
    looked = run("inspect", "in", "--json", cwd=batch)
    assert looked.code == 4
    rows = {row["file"]: row for row in looked.rows}
    for name, (_, place, text) in BAD.items():
        row = rows[f"in/bad/{name}.json"]
        if name in ("label 1.98", "label 1.10"):
            # A newer minor version may be looked at.
            assert (row["version"], row["newer_than_known"]) == (name.removeprefix("label "), True)
            continue
        error = row["error"]
        assert error.get("place", "") == place if place.startswith("$") else place in error.get("place", ""), name
        assert text.startswith(error["found"]) or error["found"].startswith(text), name
        assert f"in/bad/{name}.json: " in looked.stderr
    told = [line for line in looked.complaints if "newer than this tool knows; shown as far as known" in line]
    assert len(told) == 2
    assert run("check", "in/bad", cwd=batch).code == 4


ALONE: Final = (
    "no JSON",
    "empty",
    "number at the top",
    "null at the top",
    "label 2.0",
    "run_info a list",
    "duplicate key",
    "half a character",
    "300 objects deep",
    "900 objects deep",
    "10,000 objects deep",
)


@pytest.mark.parametrize("name", ALONE)
def test_alone_nothing_is_written(tmp_path: Path, name: str) -> None:
    raw, place, text = BAD[name]
    (tmp_path / "run.json").write_bytes(raw)
    for arguments in (("-o", "new/out.json"), ("-d", "out"), ("--in-place",)):
        done = run("upgrade", "run.json", *arguments, cwd=tmp_path)
        assert done.code == 4
        assert len(done.complaints) == 1
        assert done.complaints[0].startswith(message("run.json", place, text))
        assert set(contents(tmp_path)) == {"run.json"}
        assert sorted(os.listdir(tmp_path)) == ["run.json"]
    looked = run("inspect", "run.json", cwd=tmp_path)
    assert (looked.code, looked.raw) == (4, b"")
    assert looked.complaints == done.complaints, "looking refuses what migrating refuses, in the same words"
    done = run("upgrade", "-", stdin=raw)
    assert (done.code, done.raw) == (4, b"")
    assert done.complaints[0].startswith(message("standard input", place, text))


# --- files that are none -------------------------------------------------------------------------------------


def test_special_files(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "dangling.json").symlink_to("nowhere.json")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "device.json").symlink_to("/dev/zero")
    (folder / "folder.json").symlink_to(tmp_path)
    with open(folder / "sparse.json", "wb") as file:
        file.truncate(200 * 2**20)
    # A socket's path may have some hundred characters only.
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(folder)
        listener.bind("socket.json")
        os.chdir(here)
    copy(GOOD, folder / "zzz.json")
    expected = [
        "in/dangling.json: is a dangling symbolic link",
        "in/device.json: is a device; expected a regular file",
        "in/folder.json: is a folder; expected a regular file",
        "in/loop.json: is a symbolic link that leads back to itself",
        "in/pipe.json: is a named pipe; expected a regular file",
        "in/socket.json: cannot be read: No such device or address",
        "in/sparse.json: has 200 MB; expected at most 64 MB",
    ]
    done = run("upgrade", "in", "-d", "out", cwd=tmp_path)
    assert done.code == 4
    assert done.complaints == expected
    assert set(contents(tmp_path / "out")) == {"zzz.json"}
    assert run("inspect", "in", cwd=tmp_path).complaints == expected
    done = run("upgrade", "in/nothing.json", cwd=tmp_path)
    assert (done.code, done.complaints) == (4, ["in/nothing.json: does not exist"])


DENIED: Final = """
import ctypes
if os.geteuid() == 0:
    # Root without the right to override permissions is denied like anybody else.
    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
            sys.exit(77)
"""


@pytest.fixture
def _denied() -> None:
    if subprocess.run(command(setup=DENIED), env=environment(), capture_output=True, check=False).returncode:
        pytest.skip("root here may not give up its right to read everything")


@pytest.mark.usefixtures("_denied")
def test_what_may_not_be_read_or_written(tmp_path: Path) -> None:
    copy(GOOD, tmp_path / "in" / "closed" / NAME)
    copy(GOOD, tmp_path / "in" / "file.json").chmod(0)
    copy(GOOD, tmp_path / "in" / "open" / NAME)
    (tmp_path / "in" / "closed").chmod(0)
    (tmp_path / "out").mkdir()
    done = run("upgrade", "in", "-d", "out", cwd=tmp_path, setup=DENIED)
    assert done.code == 4
    assert done.complaints == [
        "in/closed: the folder cannot be read: Permission denied",
        "in/file.json: cannot be read: Permission denied",
    ]
    assert set(contents(tmp_path / "out")) == {f"open/{NAME}"}
    assert run("inspect", "in/closed", cwd=tmp_path, setup=DENIED).code == 4
    (tmp_path / "in" / "open").chmod(0o500)
    before = snapshot(tmp_path / "in" / "open")
    done = run("upgrade", "in/open", "--in-place", cwd=tmp_path, setup=DENIED)
    assert done.code == 4
    assert done.complaints == [f"in/open/{NAME}: cannot be written: Permission denied"]
    assert snapshot(tmp_path / "in" / "open") == before
    for path in ("closed", "open"):
        (tmp_path / "in" / path).chmod(0o700)


def test_an_output_folder_that_is_a_file(tmp_path: Path) -> None:
    copy(GOOD, tmp_path / "in" / "sub" / NAME)
    (tmp_path / "taken").write_text("somebody's")
    before = snapshot(tmp_path)
    for arguments, where in ((("in", "-d", "taken"), "taken"), ((f"in/sub/{NAME}", "-o", "taken/out.json"), "taken")):
        done = run("upgrade", *arguments, cwd=tmp_path)
        assert done.code == 4
        assert done.complaints == [f"{where}: is a file; expected a folder for the output"]
        assert snapshot(tmp_path) == before
    copy(GOOD, tmp_path / "in" / "aaa.json")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_text("somebody's")
    done = run("upgrade", "in", "-d", "out", cwd=tmp_path)
    assert done.code == 4
    assert done.complaints == ["out/sub: is a file; expected a folder for the output"]
    assert set(contents(tmp_path / "out")) == {"aaa.json", "sub"}, "the others are done"


# --- a full disk ---------------------------------------------------------------------------------------------

FULL: Final = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))"
"""No file may grow beyond 30 kB: writing ends in the middle, as on a full disk. Some exports fit, some do not."""


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    copy(GOOD, tmp_path / "in" / "small.json")
    copy(GOOD_NEW, tmp_path / "in" / "large.json")
    before = snapshot(tmp_path / "in")
    done = run("upgrade", "in", "-d", "out", cwd=tmp_path, setup=FULL)
    assert done.code == 4
    assert done.complaints == ["out/large.json: cannot be written: File too large"]
    assert set(contents(tmp_path / "out")) == {"small.json"}
    assert is_expected(contents(tmp_path / "out")["small.json"], GOOD, NEWEST)
    done = run("upgrade", "in/large.json", "--in-place", cwd=tmp_path, setup=FULL)
    assert done.code == 4
    assert snapshot(tmp_path / "in") == before, "no backup either: the original is still there"
    # The residue fits, the document does not.
    run("downgrade", "in/large.json", "--to", "1.3", "-o", "fits.json", "--residue", cwd=tmp_path)
    assert (tmp_path / "fits.json.residue.json").stat().st_size < 30_000 < (tmp_path / "fits.json").stat().st_size
    done = run("downgrade", "in/large.json", "--to", "1.3", "-o", "old.json", "--residue", cwd=tmp_path, setup=FULL)
    assert done.code == 4
    assert not (tmp_path / "old.json").exists()
    assert not (tmp_path / "old.json.residue.json").exists()
    done = run("downgrade", "in/large.json", "--to", "1.3", "--in-place", "--residue", cwd=tmp_path, setup=FULL)
    assert done.code == 4
    assert snapshot(tmp_path / "in") == before


def test_a_ledger_that_does_not_fit_is_said(tmp_path: Path) -> None:
    copy(GOOD_NEW, tmp_path / "run.json")
    arguments = ("downgrade", "run.json", "--to", "0.1", "--dry-run", "--ledger", "ledger.jsonl")
    done = run(*arguments, cwd=tmp_path, setup=FULL)
    assert done.code == 4
    assert done.complaints[-1] == "ledger.jsonl: cannot be written: File too large"
    assert set(contents(tmp_path)) == {"run.json"}


# --- a folder that changes under the reader ------------------------------------------------------------------


def test_a_file_that_vanishes_while_the_batch_runs(tmp_path: Path) -> None:
    # The reports of forty files do not fit into a pipe that nobody reads, so the batch stands still before its end,
    # with the folder listed: what is removed now was seen and is gone when its turn comes.
    names = [f"run{number:02}.json" for number in range(40)]
    for name in names:
        copy(GOOD, tmp_path / "in" / name)
    arguments = command("upgrade", "in", "-d", "out", "--json")
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        for _ in range(6000):
            if (tmp_path / "out" / names[0]).exists():
                break
            time.sleep(0.01)
        (tmp_path / "in" / names[-2]).unlink()
        whole = (tmp_path / "in" / names[-1]).read_bytes()
        (tmp_path / "in" / names[-1]).write_bytes(whole[: len(whole) // 2])
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 4
    first, second = stderr.decode().splitlines()
    assert first == f"aiperf-migrate: in/{names[-2]}: does not exist"
    assert second.startswith(f"aiperf-migrate: in/{names[-1]}: line ")
    assert "not JSON" in second
    assert set(contents(tmp_path / "out")) == set(names[:-2])
    assert [row["status"] for row in map(strict_json, stdout.splitlines())] == ["migrated"] * 38 + ["failed"] * 2


def test_a_tree_deeper_than_calls_can_be(tmp_path: Path) -> None:
    # Not more than a thousand folders for the usual limit of calls: what removes temporary folders would hit it, too.
    few_calls = (
        "import sys, migrator.cli.commands.inspect\n"
        "from migrator.cli.main import run\n"
        "sys.setrecursionlimit(100)\n"
        "run()"
    )
    copy(GOOD, tmp_path / NAME)
    copy(GOOD, tmp_path.joinpath(*["d"] * 150, "deep.json"))
    arguments = [sys.executable, "-c", few_calls, "inspect", str(tmp_path)]
    done = subprocess.run(arguments, env=environment(), capture_output=True, check=False)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 2, b"")


def test_a_folder_whose_path_is_too_long(tmp_path: Path) -> None:
    copy(GOOD, tmp_path / NAME)
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(22):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        done = run("inspect", tmp_path)
    finally:
        os.chdir(here)
    assert (done.code, len(done.lines)) == (4, 1)
    assert len(done.complaints) == 1
    assert done.complaints[0].endswith("/ddd: the folder cannot be read: File name too long".removeprefix("/"))


# --- NaN and Infinity ----------------------------------------------------------------------------------------


def test_nan_is_read_kept_and_told(tmp_path: Path) -> None:
    document = json.loads(export(GOOD).read_text())
    tags = [name for name, value in document.items() if isinstance(value, dict) and "unit" in value][:3]
    for tag, value in zip(tags, (float("nan"), float("inf"), float("-inf")), strict=True):
        document[tag]["avg"] = value
    (tmp_path / "run.json").write_text(json.dumps(document, indent=2))
    done = run("upgrade", "run.json", cwd=tmp_path)
    assert done.code == 0
    assert done.complaints[0] == "run.json: 3 NaN or Infinity tokens, which JSON forbids, kept as they are"
    for tag, token in zip(tags, ("NaN", "Infinity", "-Infinity"), strict=True):
        block = done.stdout[done.stdout.index(f'"{tag}": {{') :]
        assert f'"avg": {token}' in block[: block.index("}")]
    row = run("inspect", "run.json", "--json", cwd=tmp_path).rows[0]
    assert row["non_finite_numbers"] == 3
    down = run("downgrade", "run.json", "--to", "0.1", "--dry-run", "--json", cwd=tmp_path)
    assert down.rows[0]["status"] == "migrated"
    same = run("upgrade", "run.json", "--to", "1.0", cwd=tmp_path)
    assert same.raw == (tmp_path / "run.json").read_bytes()


def test_reports_about_nan_are_json(tmp_path: Path) -> None:
    document = json.loads(export(GOOD_NEW).read_text())
    document["request_latency"] |= {"avg": float("nan"), "sum": float("inf")}
    document["request_count"]["avg"] = float("-inf")
    (tmp_path / "run.json").write_text(json.dumps(document, indent=2))
    row = run("inspect", "run.json", "--json", cwd=tmp_path).rows[0]
    assert (row["request_latency_avg"], row["request_count"]) == ("NaN", "-Infinity")
    assert run("inspect", "run.json", cwd=tmp_path).code == 0
    done = run("downgrade", "run.json", "--to", "1.0", "--dry-run", "--json", cwd=tmp_path)
    dropped = {entry["path"]: entry["before"] for entry in done.rows[0]["ledger"] if entry["op"] == "drop"}
    assert dropped["$.request_latency.sum"] == "Infinity"
    huge = (tmp_path / "run.json").read_text().replace('"sum": Infinity', '"sum": 1180591620717411303424.10', 1)
    (tmp_path / "run.json").write_text(huge)
    done = run("downgrade", "run.json", "--to", "1.0", "--dry-run", "--json", cwd=tmp_path)
    assert '"before":1180591620717411303424.10}' in done.stdout, "value and spelling, in the report too"


# --- hostile text --------------------------------------------------------------------------------------------

HOSTILE: Final = "\x1b[2J\x1b]0;owned\x07[bold red]x[/]\naiperf-migrate: all is well\r\u202e\u2028\x9b31m"
"""Escapes, a title, rich's markup, a forged line, text turned round, a C1 control."""
SHOWN: Final = "\\x1b[2J\\x1b]0;owned\\x07[bold red]x[/]\\naiperf-migrate: all is well\\r\\u202e\\u2028\\x9b31m"
HARMLESS: Final = "x" * len(SHOWN)


def hostile_export(text: str) -> bytes:
    """A real export with a text wherever a report could show it."""
    document = json.loads(export(GOOD_NEW).read_text())
    block = document["request_latency"]
    document[f"metric {text}"] = {**block, f"statistic {text}": 1}
    document[f"unknown {text}"] = text
    document["request_latency"] = {**block, "unit": text}
    document |= {"aiperf_version": f"0.13.0{text}", "benchmark_id": text, "start_time": text}
    document["run_info"] |= {"run_label": text, "cli_command": text}
    document["input_config"]["models"]["items"][0]["name"] = text
    host = next(iter(document["telemetry_data"]["endpoints"].values()))
    document["telemetry_data"]["endpoints"] = {f"http://{text}": host}
    for gpu in host["gpus"].values():
        gpu["gpu_name"] = text
    return json.dumps(document, indent=2).encode()


REPORTS: Final[tuple[tuple[str, ...], ...]] = (
    ("inspect", "FILE"),
    ("inspect", "."),
    ("upgrade", "FILE", "--diff"),
    ("downgrade", "FILE", "--to", "1.0", "--diff"),
    ("downgrade", "FILE", "--to", "0.1", "--dry-run", "--explain"),
    ("downgrade", "FILE", "--to", "1.0"),
    ("check", "FILE"),
)


@pytest.mark.parametrize("arguments", REPORTS, ids=" ".join)
def test_hostile_text_in_an_export_is_shown_harmlessly(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    said = []
    for text, name in ((HARMLESS, "harmless.json"), (HOSTILE, f"{HOSTILE.replace('/', '|')}.json")):
        folder = tmp_path / name[:4].encode("unicode_escape").decode().replace("\\", "_")
        folder.mkdir()
        (folder / name).write_bytes(hostile_export(text))
        given = [name if part == "FILE" else part for part in arguments]
        said.append(run(*given, cwd=folder))
    harmless, hostile = said
    assert hostile.code == harmless.code
    told = hostile.stderr if "0.1" not in arguments and arguments[-1] == "1.0" else hostile.stdout + hostile.stderr
    assert all(char.isprintable() for line in told.split("\n") for char in line)
    assert not [line for line in hostile.lines if line.lstrip().startswith("aiperf-migrate: all is well")]
    assert len(hostile.complaints) == len(harmless.complaints)
    if arguments[0] != "check":  # It wraps its lines, and escapes are longer than letters.
        assert len(hostile.lines) == len(harmless.lines), "no line was forged"
    assert SHOWN.replace("/", "|") in told, "what is there is shown, the name of the file at least"


MACHINE_REPORTS: Final[tuple[tuple[str, ...], ...]] = (
    ("inspect", ".", "--json"),
    ("inspect", ".", "--summary", "--json"),
    ("check", ".", "--json"),
    ("upgrade", ".", "--dry-run", "--json"),
    ("diff", "one.json", "two.json", "--json"),
    ("diff", "one.json", "two.json", "--format", "markdown"),
    ("diff", "one.json", "two.json", "--format", "html"),
    ("table", ".", "--format", "json"),
    ("table", ".", "--format", "markdown"),
)


@pytest.mark.parametrize("arguments", MACHINE_REPORTS, ids=" ".join)
def test_hostile_text_is_harmless_in_what_machines_read_too(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Somebody will look at it on a terminal."""
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_bytes(hostile_export(HOSTILE + name))
    done = run(*arguments, cwd=tmp_path)
    assert done.stdout
    assert [char for char in done.stdout if not char.isprintable() and char != "\n"] == []


PRINTING: Final[tuple[tuple[str, ...], ...]] = (
    ("--version",),
    ("help",),
    ("inspect", "lab"),
    ("inspect", "lab", "--summary"),
    ("check", "lab"),
    ("table", "lab"),
    ("table", "lab", "--format", "parquet"),
    ("upgrade", "lab", "--dry-run"),
    ("upgrade", "lab/base-1/profile_export_aiperf.json"),
    ("downgrade", "lab", "--to", "1.0", "--diff"),
    ("diff", "lab/base-1", "lab/slow20-1"),
    ("diff", "lab/base-1", "lab/slow20-1", "--json"),
    ("front", "0.13.0/sweep"),
    ("front", "0.13.0/sweep", "--json"),
    ("noise", "learn", "lab/base-1", "lab/base-2", "lab/base-3"),
    ("versions",),
    ("schema", "1.5"),
    ("completion", "bash"),
    ("textconv", "lab/base-1/profile_export_aiperf.json"),
)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_standard_output_is_told(arguments: tuple[str, ...]) -> None:
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    done = run(*arguments, cwd=EXPORTS, setup=full)
    assert done.code == 4
    assert "standard output: cannot be written: No space left on device" in done.complaints[-1]


def test_hostile_text_in_errors_is_shown_harmlessly(tmp_path: Path) -> None:
    name = f"{HOSTILE.replace('/', '|')}.json"
    shown = SHOWN.replace("/", "|")
    for raw, text in (
        (b"{", "not JSON"),
        (changed(schema_version=HOSTILE), f'schema_version is "{SHOWN}'[:60]),
        (json.dumps({HOSTILE: 1})[:-1].encode() + b", " + json.dumps({HOSTILE: 2})[1:].encode(), "occurs twice"),
        (changed(run_info=[HOSTILE]), "is an array"),
        (json.dumps({"x": HOSTILE}).encode(), "is not an AIPerf export"),
    ):
        (tmp_path / name).write_bytes(raw)
        done = run("upgrade", name, "--dry-run", cwd=tmp_path)
        assert done.code == 4
        assert len(done.complaints) == 1
        assert done.complaints[0].startswith(f"{shown}.json: ")
        assert text in done.complaints[0]
        assert all(char.isprintable() for char in done.complaints[0])
        error = run("upgrade", name, "--dry-run", "--json", cwd=tmp_path).rows[0]["error"]
        assert error["file"] == name, "for machines it is what it is"
    for arguments in (
        ("upgrade", f"{HOSTILE}.json"),
        (HOSTILE,),
        ("upgrade", ".", "--to", HOSTILE),
        ("upgrade", HOSTILE),
    ):
        done = run(*arguments, cwd=tmp_path)
        assert done.code in (2, 4)
        assert len(done.complaints) <= 2
        assert all(char.isprintable() for line in done.complaints for char in line)


def test_too_little_memory_is_no_bug() -> None:
    from migrator.errors import UnreadableError, reported

    def fails() -> None:
        with reported("a.json"):
            raise MemoryError

    with pytest.raises(UnreadableError, match=r"a\.json: there is not enough memory for it"):
        fails()


@pytest.mark.parametrize("count", range(3, 9))
def test_too_few_open_files_are_no_bug(tmp_path: Path, count: int) -> None:
    """Modules that are imported late cannot be opened either."""
    for number in range(12):
        copy(OLD, tmp_path / "in" / f"{number}.json")
    program = f"""
import resource, sys
from migrator.cli.commands import migrate
from migrator.cli.main import run
resource.setrlimit(resource.RLIMIT_NOFILE, ({count}, {count}))
sys.argv = ["aiperf-migrate", "upgrade", "in", "--dry-run"]
run()
"""
    before = contents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 4), done.stderr
    assert "internal error" not in done.stderr
    assert contents(tmp_path) == before


def test_a_limit_of_open_files_is_told_with_the_file() -> None:
    from migrator.errors import UnreadableError, reported

    def fails() -> None:
        with reported("a.json"):
            raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(UnreadableError, match=r"a\.json: too many files are open .*ulimit -n"):
        fails()
