"""The promises of the command line, kept by real processes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support.process import (
    EXPORTS,
    NAME,
    ROOT,
    SECRET,
    command,
    contents,
    copy,
    environment,
    export,
    is_expected,
    leftovers,
    run,
    snapshot,
    strict_json,
)
from support.versions import NEWEST, NEWEST_RUN, UNKNOWN

from migrator._version import __version__
from migrator.chain.steps import STEPS, VERSIONS
from migrator.cli.interrupt import DeferredInterrupt
from migrator.cli.main import COMMANDS

CHAT_10 = "0.4.0/chat-streaming"
CHAT_13 = "0.9.0/chat-streaming"
CHAT_14 = "0.13.0/chat-streaming"
WITH_KEY = "0.6.0/key"

FOREIGN = "0.13.0/chat-streaming/inputs.json"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Exports of five versions in folders, with files of other families beside them."""
    copy("0.1.1/completions-errors", tmp_path / "in" / "old" / NAME)
    copy(CHAT_10, tmp_path / "in" / "old" / "renamed.json")
    copy("0.8.0/embeddings", tmp_path / "in" / "middle" / NAME)
    copy(CHAT_13, tmp_path / "in" / "new" / "deep" / NAME)
    copy(NEWEST_RUN, tmp_path / "in" / NAME)
    (tmp_path / "in" / "inputs.json").write_bytes((EXPORTS / FOREIGN).read_bytes())
    (tmp_path / "in" / "notes.txt").write_text("not looked at")
    return tmp_path


RUNS = {
    f"old/{NAME}": "0.1.1/completions-errors",
    "old/renamed.json": CHAT_10,
    f"middle/{NAME}": "0.8.0/embeddings",
    f"new/deep/{NAME}": CHAT_13,
    NAME: NEWEST_RUN,
}
"""Where each recorded export stands in the tree."""


# --- standard output is data, standard error is for people ---------------------------------------------------


def test_one_file_goes_to_standard_output_and_nothing_else_does(tmp_path: Path) -> None:
    for done in (
        run("upgrade", export(CHAT_10)),
        run("upgrade", "-", stdin=export(CHAT_10).read_bytes()),
        run("upgrade", export(CHAT_10), "--explain"),
        run("convert", export(CHAT_10), "--to", NEWEST),
    ):
        assert done.code == 0
        assert is_expected(done.raw, CHAT_10, NEWEST)
        assert any(f"1.0 → {NEWEST}" in line for line in done.complaints)
    done = run("upgrade", export(CHAT_10), "-o", tmp_path / "new" / "folder" / "out.json", cwd=tmp_path)
    assert is_expected((tmp_path / "new" / "folder" / "out.json").read_bytes(), CHAT_10, NEWEST)
    assert done.lines[0] == f"1.0 → {NEWEST}    {export(CHAT_10)}"
    assert done.stderr == ""


def test_a_tree_is_mirrored(tree: Path) -> None:
    before = snapshot(tree / "in")
    done = run("upgrade", "in", "-d", "out", cwd=tree)
    assert done.code == 0
    assert done.stderr == ""
    assert snapshot(tree / "in") == before
    written = contents(tree / "out")
    assert set(written) == set(RUNS)
    assert written.pop(NAME) == export(NEWEST_RUN).read_bytes(), "nothing to do: the very same bytes"
    for name, raw in written.items():
        assert is_expected(raw, RUNS[name], NEWEST), name
    assert done.lines[-1] == "6 files: 4 migrated, 1 unchanged, 1 skipped"
    assert "skipped      in/inputs.json" in done.lines
    assert "             inputs, left alone" in done.lines


def test_several_folders_keep_their_names(tree: Path) -> None:
    done = run("upgrade", "in/old", "in/new/", "in/middle/" + NAME, "-d", "out", cwd=tree)
    assert done.code == 0
    expected = {f"old/{NAME}", "old/renamed.json", f"new/deep/{NAME}", NAME}
    assert set(contents(tree / "out")) == expected


def test_an_output_folder_within_the_input_is_not_read_again(tree: Path) -> None:
    for _ in range(2):
        done = run("upgrade", "in", "-d", "in/new/out", "--force", cwd=tree)
        assert done.lines[-1] == "6 files: 4 migrated, 1 unchanged, 1 skipped"
    assert set(contents(tree / "in" / "new" / "out")) == set(RUNS)
    assert run("upgrade", ".", "-d", "./in/../in/new/out/", "--force", cwd=tree / "in").code == 0
    assert not (tree / "in" / "new" / "out" / "new" / "out").exists()


def test_two_inputs_never_share_an_output(tree: Path) -> None:
    before = snapshot(tree)
    for paths in (
        (f"in/old/{NAME}", f"in/middle/{NAME}"),
        ("in/old", "./in/old"),
        ("in/old", f"in/old/{NAME}"),
    ):
        done = run("upgrade", *paths, "-d", "out", "--force", cwd=tree)
        assert done.code == 2
        assert all(part in done.complaints[0] for part in (*paths, "same place in out", "name a folder above both"))
    done = run("upgrade", "in", "-d", "in/../in", "--force", cwd=tree)
    assert done.code == 2
    assert "input and output" in done.complaints[0]
    assert snapshot(tree) == before


def test_options_and_paths_stand_in_any_order(tree: Path) -> None:
    first = run("upgrade", "--dry-run", "in/old", "in/new", cwd=tree)
    assert first.code == 0
    assert run("upgrade", "in/old", "--dry-run", "in/new", cwd=tree) == first
    copy(CHAT_10, tree / "-odd.json")
    assert run("inspect", "--", "-odd.json", cwd=tree).lines[0] == "./-odd.json"
    assert run("inspect", "in", "--json", "--", "-odd.json", cwd=tree).rows[-1]["file"] == "./-odd.json"


def test_hidden_folders_and_links_to_folders_are_not_entered(tree: Path) -> None:
    copy(CHAT_10, tree / "in" / ".git" / NAME)
    (tree / "in" / "new" / "up").symlink_to(tree / "in")
    copy(CHAT_10, tree / "elsewhere.json")
    (tree / "in" / "linked.json").symlink_to(tree / "elsewhere.json")
    done = run("inspect", "in", "--json", cwd=tree)
    assert [row["file"] for row in done.rows] == sorted(f"in/{name}" for name in (*RUNS, "inputs.json", "linked.json"))
    assert run("upgrade", "in/.git", "-d", "out", cwd=tree).lines[-1] == "1 file: 1 migrated"


# --- in place ------------------------------------------------------------------------------------------------


def test_in_place_keeps_a_backup_and_the_permissions(tree: Path) -> None:
    target = tree / "in" / "old" / "renamed.json"
    target.chmod(0o640)
    (tree / "in" / "old" / "renamed.json.bak").write_text("somebody's")
    untouched = snapshot(tree / "in")
    done = run("upgrade", "in", "--in-place", cwd=tree)
    assert done.code == 0
    after = snapshot(tree / "in")
    assert after["old/renamed.json.bak"] == untouched["old/renamed.json.bak"]
    assert after["old/renamed.json.bak.1"] == untouched["old/renamed.json"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    for name in (NAME, "inputs.json", "notes.txt"):
        assert after[name] == untouched[name], "nothing to do: not even written again"
    backups = {f"{name}.bak" for name in RUNS if name not in (NAME, "old/renamed.json")}
    assert set(after) == set(untouched) | backups | {"old/renamed.json.bak.1"}
    for name, recorded in RUNS.items():
        if name != NAME:
            assert is_expected(after[name][2], recorded, NEWEST)
    again = snapshot(tree / "in")
    assert run("upgrade", "in", "--in-place", cwd=tree).lines[-1] == "6 files: 5 unchanged, 1 skipped"
    assert snapshot(tree / "in") == again


def test_in_place_with_another_backup_or_none(tmp_path: Path) -> None:
    target = copy(CHAT_10, tmp_path / "run.json")
    assert run("upgrade", "run.json", "--in-place", "--backup-suffix", ".orig", cwd=tmp_path).code == 0
    assert contents(tmp_path)["run.json.orig"] == export(CHAT_10).read_bytes()
    assert run("downgrade", "--to", "1.0", "run.json", "--in-place", "--no-backup", cwd=tmp_path).code == 0
    assert set(contents(tmp_path)) == {"run.json", "run.json.orig"}
    assert target.read_bytes() == export(CHAT_10).read_bytes()


def test_in_place_leaves_links_alone(tmp_path: Path) -> None:
    copy(CHAT_10, tmp_path / "run.json")
    (tmp_path / "link.json").symlink_to("run.json")
    before = snapshot(tmp_path)
    done = run("upgrade", "link.json", "--in-place", cwd=tmp_path)
    assert done.code == 4
    assert f"link.json: is a symbolic link (name the file itself: {tmp_path / 'run.json'})" in done.complaints[0]
    assert snapshot(tmp_path) == before
    assert run("upgrade", "link.json", cwd=tmp_path).code == 0, "to be read it may be"


def test_a_backup_is_no_link_where_the_system_allows_none(tmp_path: Path) -> None:
    copy(CHAT_10, tmp_path / "run.json")
    (tmp_path / "run.json.bak").write_text("somebody's")
    patched = (
        "import os\ndef refuse(*a, **k): raise PermissionError(1, 'no links here')\nos.link = refuse\n"
        "from migrator.cli.main import run\nrun()"
    )
    arguments = [sys.executable, "-c", patched, "upgrade", "run.json", "--in-place"]
    subprocess.run(arguments, cwd=tmp_path, env=environment(), check=True, capture_output=True)
    assert contents(tmp_path)["run.json.bak"] == b"somebody's"
    assert contents(tmp_path)["run.json.bak.1"] == export(CHAT_10).read_bytes()
    assert is_expected(contents(tmp_path)["run.json"], CHAT_10, NEWEST)


def test_readers_see_the_old_or_the_new_file(tmp_path: Path) -> None:
    target = copy(CHAT_14, tmp_path / "run.json")
    seen, stop = set(), threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(target.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for version in (NEWEST, "1.4", NEWEST):
            run("convert", target, "--to", version, "--in-place", "--no-backup")
        run("upgrade", export(CHAT_14), "-o", target, "--force")
    finally:
        stop.set()
        reader.join()
    assert export(CHAT_14).read_bytes() in seen
    assert all(raw == export(CHAT_14).read_bytes() or is_expected(raw, CHAT_14, NEWEST) for raw in seen)


# --- looking without touching --------------------------------------------------------------------------------


def test_check_answers_and_writes_nothing(tree: Path) -> None:
    before = snapshot(tree)
    assert run("upgrade", "in", "--check", cwd=tree).code == 1
    assert run("upgrade", f"in/{NAME}", "in/inputs.json", "--check", cwd=tree).code == 0
    done = run("downgrade", "--to", "1.0", "in/old/renamed.json", "--check", "--json", cwd=tree)
    assert (done.code, done.rows[0]["status"]) == (0, "unchanged")
    (tree / "bad.json").write_text("{")
    assert run("upgrade", "in", "bad.json", "--check", cwd=tree).code == 4, "an answer needs readable files"
    (tree / "bad.json").unlink()
    assert run("upgrade", "in", "--dry-run", cwd=tree).code == 0
    assert {name: entry[2] for name, entry in snapshot(tree).items()} == {n: e[2] for n, e in before.items()}
    assert snapshot(tree / "in") == {name[3:]: entry for name, entry in before.items() if name.startswith("in/")}


def test_diff_shows_every_change_path_by_path(tree: Path) -> None:
    before = snapshot(tree)
    done = run("upgrade", "in/old/renamed.json", "--diff", cwd=tree)
    assert done.code == 0
    assert done.lines[:2] == ["--- in/old/renamed.json (1.0)", f"+++ in/old/renamed.json ({NEWEST})"]
    assert all(line[0] in "+->~" and line[1:3] == " $" for line in done.lines[2:])
    row = run("upgrade", "in/old/renamed.json", "--dry-run", "--json", cwd=tree).rows[0]
    shown = [entry for entry in row["ledger"] if entry["op"] != "keep"]
    assert len(done.lines) - 2 == len(shown) > 20
    for line, entry in zip(done.lines[2:], shown, strict=True):
        assert entry["path"] in line
    assert f'~ $.schema_version: "1.0" → "{NEWEST}"' in done.lines
    assert any(line.endswith('.platform: "nvidia"  [inferred]') for line in done.lines)
    assert snapshot(tree) == before
    assert run("upgrade", f"in/{NAME}", "--diff", cwd=tree).lines == []
    assert run("upgrade", "in/inputs.json", "--diff", cwd=tree).complaints == ["in/inputs.json: inputs, left alone"]


def test_explain_tells_the_whole_ledger_by_step(tree: Path) -> None:
    done = run("upgrade", "in/old/renamed.json", "--dry-run", "--explain", cwd=tree)
    assert done.lines[0] == f"in/old/renamed.json: 1.0 → {NEWEST}"
    steps = [step for step in STEPS if step.older >= "1.0"]
    headings = [line for line in done.lines if line[:1] not in (" ", "")][1:]
    assert headings[: len(steps)] == [f"{step.name(up=True)}  {step.summary}" for step in steps]
    rows = run("upgrade", "in/old/renamed.json", "--dry-run", "--json", cwd=tree).rows[0]["ledger"]
    told = [line for line in done.lines if line.split()[:1] and line.split()[0] in {entry["op"] for entry in rows}]
    assert len(told) == len(rows)


def test_json_is_a_document_a_line(tree: Path) -> None:
    for arguments in (
        ("inspect", "in", "--json"),
        ("upgrade", "in", "--json", "--check"),
        ("convert", "in", "--to", "1.2", "-d", "out", "--json"),
        ("check", "in", "--json"),
        ("versions", "--json"),
    ):
        done = run(*arguments, cwd=tree)
        assert done.rows, arguments
        assert all(type(row) is dict for row in done.rows)
        if arguments[0] in ("inspect", "upgrade", "convert"):
            assert len(done.rows) == 6
    rows = {row["file"]: row for row in run("upgrade", "in", "--json", "-d", "new", cwd=tree).rows}
    old = rows["in/old/renamed.json"]
    assert (old["status"], old["from"], old["to"], old["output"]) == ("migrated", "1.0", NEWEST, "new/old/renamed.json")
    assert old["steps"] == [step.name(up=True) for step in STEPS if step.older >= "1.0"]
    assert sum(old["operations"].values()) == sum(old["losses"].values()) == len(old["ledger"])
    assert rows["in/inputs.json"] == {
        "schema": "urn:aiperf-migrate:ledger:1.0",
        "file": "in/inputs.json",
        "status": "skipped",
        "reason": "inputs, left alone",
    }


# --- the ledger in a file ------------------------------------------------------------------------------------


def test_the_ledger_file_has_what_json_tells(tree: Path) -> None:
    done = run("upgrade", "in", "-d", "out", "--json", "--ledger", "ledger.jsonl", cwd=tree)
    assert done.code == 0
    written = (tree / "ledger.jsonl").read_bytes()
    assert written == done.raw
    refused = run("upgrade", "in", "-d", "out2", "--ledger", "ledger.jsonl", cwd=tree)
    assert refused.code == 4
    assert refused.complaints == ["ledger.jsonl: exists already (--force overwrites it)"]
    assert (tree / "ledger.jsonl").read_bytes() == written
    assert not (tree / "out2").exists()
    assert run("upgrade", "in", "-d", "new", "--json", "--ledger", "new/all/ledger.jsonl", cwd=tree).code == 0
    assert (tree / "new" / "all" / "ledger.jsonl").exists()
    run("upgrade", f"in/{NAME}", "--dry-run", "--ledger", "ledger.jsonl", "--force", cwd=tree)
    assert len((tree / "ledger.jsonl").read_bytes().splitlines()) == 1


def test_the_ledger_never_costs_the_input(tree: Path) -> None:
    before = snapshot(tree)
    done = run("upgrade", "in/old/renamed.json", "--dry-run", "--ledger", "in/old/renamed.json", cwd=tree)
    assert done.code == 4
    assert snapshot(tree) == before
    done = run("upgrade", f"in/{NAME}", "--dry-run", "--ledger", "/dev/stdout", cwd=tree)
    row = next(line for line in done.lines if line.startswith("{"))
    assert strict_json(row)["status"] == "unchanged", "a device is written to, not replaced"


# --- residue -------------------------------------------------------------------------------------------------


def test_a_residue_brings_the_original_back(tmp_path: Path) -> None:
    copy(CHAT_14, tmp_path / "run.json")
    done = run("downgrade", "run.json", "--to", "1.0", "-o", "old.json", "--residue", cwd=tmp_path)
    assert done.code == 0
    assert " saved" in done.lines[1]
    assert " lost" not in done.stdout + done.stderr
    assert set(contents(tmp_path)) == {"run.json", "old.json", "old.json.residue.json"}
    done = run("upgrade", "old.json", "--to", "1.4", cwd=tmp_path)
    assert done.raw == export(CHAT_14).read_bytes()
    assert " restored" in done.stderr
    done = run("upgrade", "old.json", "--to", "1.4", "--ignore-residue", cwd=tmp_path)
    assert done.code == 0
    assert done.raw != export(CHAT_14).read_bytes()
    assert "restored" not in done.stderr
    lossy = run("downgrade", "run.json", "--to", "1.0", "-o", "lossy.json", cwd=tmp_path)
    assert "values lost: 1.0 has no place for them (--residue saves them)" in lossy.complaints[0]
    assert (tmp_path / "lossy.json").read_bytes() == (tmp_path / "old.json").read_bytes()


def test_what_was_edited_in_between_is_a_conflict(tmp_path: Path) -> None:
    copy(CHAT_14, tmp_path / "run.json")
    run("downgrade", "run.json", "--to", "1.0", "-o", "old.json", "--residue", cwd=tmp_path)
    document = json.loads((tmp_path / "old.json").read_text())
    document["request_latency"]["avg"] = 1.5
    (tmp_path / "old.json").write_text(json.dumps(document, indent=2))
    done = run("upgrade", "old.json", "--to", "1.4", "-o", "new.json", "--json", cwd=tmp_path)
    assert done.code == 0
    assert done.complaints == ["old.json: 2 values of the residue no longer fit and were not restored (--explain)"]
    conflicts = [entry for entry in done.rows[0]["ledger"] if entry["op"] == "conflict"]
    assert [entry["path"] for entry in conflicts] == ["$.request_latency.count", "$.request_latency.sum"]
    assert {entry["note"] for entry in conflicts} == {"the values beside it were edited"}
    restored = json.loads((tmp_path / "new.json").read_text())
    assert "count" not in restored["request_latency"]
    assert restored["time_to_first_token"]["count"] == 40
    done = run("upgrade", "old.json", "--to", "1.4", "--dry-run", cwd=tmp_path)
    assert "2 in conflict" in done.lines[1]
    assert " lost" not in done.stdout + done.stderr, "nothing is lost that the document ever had"


@pytest.mark.parametrize(
    ("residue", "why"),
    [
        (None, "the residue belongs to another document"),
        (b"junk", "is damaged: not JSON"),
        (b'{"aiperf_migrate_residue": 1}', "is damaged"),
        (b'{"aiperf_migrate_residue": 2}', "has residue format 2; expected format 1"),
        (b"{}", "is not a residue file"),
    ],
    ids=["of another document", "junk", "damaged", "newer", "something else"],
)
def test_a_residue_that_does_not_belong_is_ignored_with_a_word(tmp_path: Path, residue: bytes | None, why: str) -> None:
    copy(CHAT_10, tmp_path / "old.json")
    if residue is None:
        done = run("downgrade", export(CHAT_14), "--to", "1.0", "-o", "other.json", "--residue", cwd=tmp_path)
        assert done.code == 0
        (tmp_path / "other.json.residue.json").rename(tmp_path / "old.json.residue.json")
    else:
        (tmp_path / "old.json.residue.json").write_bytes(residue)
    done = run("upgrade", "old.json", "--to", NEWEST, cwd=tmp_path)
    assert done.code == 0
    assert is_expected(done.raw, CHAT_10, NEWEST)
    assert done.complaints[0].startswith("old.json: residue ignored: ")
    assert why in done.complaints[0]


def test_no_residue_is_left_beside_what_was_not_written(tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text("somebody's")
    arguments = ("downgrade", export(CHAT_14), "--to", "1.0", "-o", "there.json", "--residue")
    done = run(*arguments, cwd=tmp_path)
    assert done.code == 4
    assert done.complaints == ["there.json: exists already (--force overwrites it)"]
    assert contents(tmp_path) == {"there.json": b"somebody's"}
    (tmp_path / "there.json").rename(tmp_path / "there.json.residue.json")
    assert run(*arguments, cwd=tmp_path).code == 4
    assert contents(tmp_path) == {"there.json.residue.json": b"somebody's"}


def test_in_place_keeps_an_older_residue_too(tmp_path: Path) -> None:
    copy(CHAT_14, tmp_path / "run.json")
    run("downgrade", "run.json", "--to", "1.3", "--in-place", "--residue", "--no-backup", cwd=tmp_path)
    first = contents(tmp_path)
    assert set(first) == {"run.json", "run.json.residue.json"}
    run("downgrade", "run.json", "--to", "1.0", "--in-place", "--residue", "--ignore-residue", cwd=tmp_path)
    after = contents(tmp_path)
    assert after["run.json.bak"] == first["run.json"]
    assert after["run.json.residue.json.bak"] == first["run.json.residue.json"]
    assert after["run.json.residue.json"] != first["run.json.residue.json"]


# --- secrets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recorded", [WITH_KEY, "0.3.0/chat-goodput-key"])
def test_a_secret_is_copied_nowhere(tmp_path: Path, recorded: str) -> None:
    assert SECRET in export(recorded).read_text()
    copy(recorded, tmp_path / "in" / "run.json")
    told = []
    for arguments in (
        ("upgrade", "in/run.json"),
        ("upgrade", "in/run.json", "-o", "one.json", "--explain", "--residue", "--ledger", "ledger.jsonl"),
        ("upgrade", "in", "-d", "tree", "--json"),
        ("upgrade", "in", "--diff"),
        ("convert", "--to", "0.1", "in/run.json", "-o", "old.json", "--residue", "--json"),
        ("inspect", "in/run.json"),
        ("inspect", "in", "--json"),
        ("check", "in/run.json"),
        ("check", "in", "--json"),
    ):
        done = run(*arguments, cwd=tmp_path)
        assert SECRET not in done.stdout + done.stderr, arguments
        told += [line for line in done.complaints if "secret" in line] if arguments[0] in ("upgrade", "convert") else []
    assert len(told) == 5
    assert told[0] == "in/run.json: a secret stands in clear in 2 places of the input; it is <redacted> in the output"
    with_secret = [name for name, raw in contents(tmp_path).items() if SECRET.encode() in raw]
    assert with_secret == ["in/run.json"]
    assert len(contents(tmp_path)) >= 5
    ledger = strict_json((tmp_path / "ledger.jsonl").read_bytes())["ledger"]
    assert [e["path"] for e in ledger if e["op"] == "redact"] == [
        "$.input_config.endpoint.api_key",
        "$.input_config.cli_command",
    ]
    assert "<redacted>" in (tmp_path / "one.json").read_text()


def test_a_secret_stays_where_it_was_asked_to_stay(tmp_path: Path) -> None:
    copy(WITH_KEY, tmp_path / "run.json")
    done = run("upgrade", "run.json", "--keep-secrets", cwd=tmp_path)
    assert SECRET in done.stdout
    assert "secret" not in done.stderr
    kept = run("upgrade", "run.json", "--to", "1.0", "--keep-secrets", cwd=tmp_path)
    assert kept.raw == export(WITH_KEY).read_bytes()
    done = run("upgrade", "run.json", "--in-place", cwd=tmp_path)
    assert "it is <redacted> in the output, but not in the backup" in done.stderr
    assert SECRET in (tmp_path / "run.json.bak").read_text()
    assert SECRET not in (tmp_path / "run.json").read_text()


# --- nothing is overwritten unless asked ---------------------------------------------------------------------


def test_an_output_that_exists_needs_force(tree: Path) -> None:
    (tree / "out" / "old").mkdir(parents=True)
    (tree / "out" / "old" / "renamed.json").write_text("somebody's")
    (tree / "one.json").write_text("somebody's")
    done = run("upgrade", "in", "-d", "out", cwd=tree)
    assert done.code == 4
    assert done.complaints == ["out/old/renamed.json: exists already (--force overwrites it)"]
    assert done.lines[-1] == "6 files: 3 migrated, 1 unchanged, 1 skipped, 1 failed", "the others are done"
    done = run("upgrade", "in/old/renamed.json", "-o", "one.json", cwd=tree)
    assert done.code == 4
    assert (tree / "out" / "old" / "renamed.json").read_text() == (tree / "one.json").read_text() == "somebody's"
    assert run("upgrade", "in", "-d", "out", "--force", cwd=tree).code == 0
    assert is_expected((tree / "out" / "old" / "renamed.json").read_bytes(), CHAT_10, NEWEST)
    assert run("upgrade", "in/old/renamed.json", "-o", "one.json", "--force", cwd=tree).code == 0
    assert is_expected((tree / "one.json").read_bytes(), CHAT_10, NEWEST)


def test_force_replaces_files_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for target, found in (("folder", "is a folder"), ("pipe", "is not a regular file")):
        done = run("upgrade", export(CHAT_10), "-o", target, "--force", cwd=tmp_path)
        assert done.code == 4
        assert f"{target}: {found}" in done.complaints[0]
    assert stat.S_ISFIFO((tmp_path / "pipe").lstat().st_mode)


# --- which way -----------------------------------------------------------------------------------------------


def test_convert_takes_a_mixed_tree_both_ways(tree: Path) -> None:
    done = run("convert", "in", "--to", "1.2", "-d", "out", "--json", cwd=tree)
    assert done.code == 0
    rows = {row["file"]: row for row in done.rows}
    assert {name: rows[f"in/{name}"]["from"] for name in RUNS} == {
        f"old/{NAME}": "0.1",
        "old/renamed.json": "1.0",
        f"middle/{NAME}": "1.1",
        f"new/deep/{NAME}": "1.3",
        NAME: NEWEST,
    }
    labels = {name: json.loads(raw)["schema_version"] for name, raw in contents(tree / "out").items()}
    assert labels == dict.fromkeys(RUNS, "1.2")


def test_a_file_that_would_have_to_go_the_other_way(tree: Path) -> None:
    done = run("upgrade", "in", "--to", "1.0", "--dry-run", cwd=tree)
    assert done.code == 0
    assert done.lines[-1] == "6 files: 1 would be migrated, 1 unchanged, 4 skipped; nothing was written"
    assert "             1.3, newer than 1.0" in done.lines
    done = run("downgrade", "in", "--to", "1.4", "--dry-run", cwd=tree)
    assert done.lines[-1] == "6 files: 1 would be migrated, 5 skipped; nothing was written"
    done = run("upgrade", f"in/{NAME}", "--to", "1.0", cwd=tree)
    assert done.code == 4
    assert done.raw == b""
    assert done.complaints == [f"in/{NAME}: is {NEWEST}, newer than 1.0 (convert goes either way)"]
    done = run("downgrade", "in/old/renamed.json", "--to", "1.4", "-o", "out.json", cwd=tree)
    assert done.code == 4
    assert done.complaints == ["in/old/renamed.json: is 1.0, older than 1.4 (convert goes either way)"]
    assert not (tree / "out.json").exists()


def test_other_families_are_left_alone_with_a_word(tree: Path) -> None:
    before = snapshot(tree)
    done = run("upgrade", "in/inputs.json", "--in-place", cwd=tree)
    assert (done.code, done.lines) == (0, ["skipped      in/inputs.json", "             inputs, left alone"])
    # The one output that was asked for cannot be given, and an empty file is none.
    for place in ((), ("-o", "out.json")):
        done = run("upgrade", "in/inputs.json", *place, cwd=tree)
        assert done.code == 4
        assert done.complaints == ["in/inputs.json: is inputs; expected a main export (it is left alone)"]
    (tree / "other.json").write_text('{"a": 1}')
    done = run("upgrade", "other.json", "--dry-run", cwd=tree)
    assert done.code == 4
    assert "other.json: is not an AIPerf export; expected a main export" in done.complaints[0]
    (tree / "other.json").unlink()
    assert snapshot(tree) == {**before, **snapshot(tree)}
    every = run("upgrade", EXPORTS, "--dry-run", "-v").stdout
    for family in ("phase manifest", "server metrics", "aggregate", "collated", "sweep", "run config"):
        assert f"             {family}, left alone" in every


@pytest.mark.parametrize(
    "layout",
    [
        lambda text: text,
        lambda text: json.dumps(json.loads(text)),
        lambda text: json.dumps(json.loads(text), indent="\t") + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace('"avg": ', '"avg" :   ', 3) + "\n\n",
    ],
    ids=["as written", "one line", "tabs", "CRLF", "by hand"],
)
def test_nothing_to_do_leaves_every_byte(tmp_path: Path, layout: Any) -> None:
    raw = layout(export(NEWEST_RUN).read_text()).encode()
    (tmp_path / "run.json").write_bytes(raw)
    before = snapshot(tmp_path)
    assert run("upgrade", "run.json", cwd=tmp_path).raw == raw
    assert run("convert", "run.json", "--to", NEWEST, "--in-place", cwd=tmp_path).code == 0
    assert snapshot(tmp_path) == before
    assert run("upgrade", "run.json", "-d", "out", cwd=tmp_path).code == 0
    assert contents(tmp_path / "out") == {"run.json": raw}


# --- exit codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("unknown",), "no such command: unknown"),
        (("upgrad", "x.json"), "no such command: upgrad, did you mean upgrade?"),
        ((".",), ". is a file or folder, not a command: `aiperf-migrate inspect .` says what it is"),
        (("upgrade", "x.json", "--dryrun"), "no such option: --dryrun, did you mean --dry-run?"),
        (("upgrade", "x.json", "--too=1.5"), "no such option: --too, did you mean --to?"),
        (("schema", "1.5", "1.4"), "1.5 takes no second name"),
        (
            ("downgrade", "x.json", "--to", "0.9.0"),
            "0.9.0 is an AIPerf release, not a schema version; --for-aiperf 0.9.0",
        ),
        (("downgrade", "x.json", "--to", "1.50"), "argument --to: not '1.50', did you mean 1.5?; expected"),
        (("upgrade",), "required: PATH"),
        (("upgrade", ""), "a file name must not be empty"),
        (("downgrade", "x.json"), "one of the arguments --to --for-aiperf --for-reader is required"),
        (("upgrade", "x.json", "--to", UNKNOWN), f"argument --to: not '{UNKNOWN}'"),
        (("upgrade", "x.json", "--unknown"), "no such option: --unknown"),
        (("upgrade", "x.json", "y.json"), "several outputs need a place (-d DIR writes them to a folder"),
        (("upgrade", ".", "-o", "x.json"), "several outputs need a place"),
        (("upgrade", "x.json", "-o", "y.json", "--diff"), "--diff writes nothing"),
        (("upgrade", "x.json", "-o", "y.json", "--in-place"), "not allowed with"),
        (("upgrade", "x.json", "-o", ""), "a file name must not be empty"),
        (("upgrade", "x.json", "-o", "folder/"), "-o names a file, not a folder: folder/ (-d DIR)"),
        (("upgrade", "x.json", "--json"), "standard output cannot hold both the document and the report"),
        (("upgrade", "x.json", "--residue"), "--residue needs an output: -o, -d or --in-place"),
        (("upgrade", "-", "--in-place"), "standard input cannot be replaced"),
        (("upgrade", "-", "-d", "out"), "standard input has no name"),
        (("upgrade", "x.json", "--no-backup"), "--no-backup goes with --in-place"),
        (("upgrade", "x.json", "--in-place", "--backup-suffix", "/x"), "--backup-suffix must be part of a file name"),
        (("check", "x.json", "--select", "Z999"), "Z999"),
        (("schema", "9.9"), "not '9.9'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_command_line_is_code_2(tmp_path: Path, arguments: tuple[str, ...], found: str) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert done.raw == b""
    assert found in done.complaints[0]
    assert list(tmp_path.iterdir()) == []


def test_help_of_a_command_is_what_its_option_prints() -> None:
    assert run("help", "upgrade").raw == run("upgrade", "--help").raw
    assert run("help").raw == run().raw == run("--help").raw


def test_a_bug_is_code_70_and_never_1() -> None:
    broken = "import migrator.cli.commands.versions as v\ndef rows(): raise ValueError('x')\nv.rows = rows\n"
    start = f"{broken}from migrator.cli.main import run\nrun()"
    done = subprocess.run(
        [sys.executable, "-c", start, "versions"], env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 70
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith(f"aiperf-migrate: internal error, which is a bug in aiperf-migrate {__version__}")
    assert lines[-1] == "aiperf-migrate: ValueError: x"


def test_a_bug_costs_one_file_of_a_batch(tree: Path) -> None:
    broken = (
        "import migrator.batch.migrate_loaded as e\nreal = e.migrate\n"
        "def migrate(document, *a, **k):\n"
        "    if document.get('schema_version') == '1.1': raise KeyError('oops')\n"
        "    return real(document, *a, **k)\n"
        "e.migrate = migrate\nfrom migrator.cli.main import run\nrun()"
    )
    arguments = [sys.executable, "-c", broken, "upgrade", "in", "-d", "out"]
    done = subprocess.run(arguments, cwd=tree, env=environment(), capture_output=True, check=False)
    assert done.returncode == 70
    assert f"in/middle/{NAME}: migrate, line" in done.stderr.decode()
    assert "internal error: KeyError: 'oops'" in done.stderr.decode()
    assert set(contents(tree / "out")) == set(RUNS) - {f"middle/{NAME}"}


def test_code_0_and_1_of_check_and_code_4_of_inspect(tmp_path: Path) -> None:
    assert run("check", export(CHAT_10)).code == 0
    assert run("check", export(WITH_KEY)).code == 1
    assert run("inspect", export(CHAT_10), tmp_path / "nothing.json").code == 4
    assert run("check", tmp_path / "nothing.json").code == 4
    for empty in (run("upgrade", tmp_path, "--check"), run("inspect", tmp_path)):
        assert (empty.code, empty.complaints) == (0, ["no files found"])


# --- what the other commands print ---------------------------------------------------------------------------


def test_inspect_names_every_recorded_export() -> None:
    done = run("inspect", EXPORTS, "--json")
    assert done.code == 0
    exports = [row for row in done.rows if row["family"] == "main export"]
    assert len(exports) >= 76
    for row in exports:
        release = Path(row["file"]).relative_to(EXPORTS).parts[0]
        if row["writer"]:
            assert row["writer"].startswith(release if release[0].isdigit() else "0.13.0"), row["file"]
        else:
            assert release in row["writers"], row["file"]
    page = run("inspect", export(WITH_KEY))
    assert page.lines[0] == str(export(WITH_KEY))
    assert "  version       1.0" in page.lines
    assert "  written by    AIPerf 0.6.0" in page.lines
    assert "  secrets       in clear in 2 places: `check` names them" in page.lines
    assert '  evidence      schema_version is "1.0"' in page.lines
    assert run("inspect", "-", stdin=export(WITH_KEY).read_bytes()).lines[1:] == page.lines[1:]


def test_versions_come_from_the_steps() -> None:
    done = run("versions", "-v")
    table = done.lines[: done.lines.index("")]
    assert [line.split()[0] for line in table if not line.startswith(" ")] == ["version", *VERSIONS]
    for step in STEPS:
        assert step.name(up=True) in done.lines
        assert step.summary in " ".join(" ".join(table).split())
    rows = run("versions", "--json").rows
    assert [row["version"] for row in rows] == list(VERSIONS)
    assert [row["labelled"] for row in rows] == [version >= "1.0" for version in VERSIONS]
    assert rows[-1]["operations"] == [op.describe() for op in STEPS[-1].ops]


@pytest.mark.parametrize("version", ["0.1", "1.0", NEWEST])
def test_schema_is_a_json_schema(version: str) -> None:
    schema = strict_json(run("schema", version).raw)
    Draft202012Validator.check_schema(schema)
    run_name = {"0.1": "0.1.1/chat-streaming", "1.0": CHAT_10, NEWEST: NEWEST_RUN}[version]
    document = json.loads(export(run_name).read_bytes())
    validator = Draft202012Validator(schema)
    assert validator.is_valid(document)
    assert not validator.is_valid(
        {**document, "input_config": "x", "run_info": "x", "request_latency": 1, "records": 1}
    )


def test_help_and_version_without_a_command() -> None:
    overview = run()
    assert overview.code == 0
    assert overview == run("--help") == run("-h") == run("help")
    assert all(f"  {name:<11}" in overview.stdout for name in COMMANDS)
    assert run("--version").stdout == run("-V").stdout == f"aiperf-migrate {__version__}\n"


# --- terminals, encodings, pipes -----------------------------------------------------------------------------


def test_the_usual_lines_fit_80_columns(tree: Path) -> None:
    copy(WITH_KEY, tree / "key.json")
    copy("0.3.0/multiturn", tree / "in" / "middle" / "multiturn.json")
    for arguments in (
        ("inspect", "in"),
        ("inspect", "key.json"),
        ("inspect", "in/middle/multiturn.json"),
        ("upgrade", "in", "--dry-run"),
        ("upgrade", "in/old/renamed.json", "--dry-run", "--explain"),
        ("downgrade", "in/" + NAME, "--to", "0.1", "--dry-run", "--explain"),
        ("check", "key.json", "in"),
        ("check", "--rules"),
        ("versions", "-v"),
        (),
    ):
        for line in run(*arguments, cwd=tree).lines:
            a_long_name = max(map(len, line.split()), default=0) > 40
            assert len(line) <= 80 or a_long_name, (arguments, line)


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
    ids=["C", "ascii", "latin-1"],
)
def test_a_poor_encoding_is_no_crash(tmp_path: Path, env: dict[str, str]) -> None:
    copy(CHAT_10, tmp_path / "run.json")
    copy(CHAT_10, tmp_path / "größe → 日本.json")
    done = run("upgrade", "run.json", "--dry-run", "--explain", cwd=tmp_path, env=env)
    assert done.code == 0
    assert done.raw.startswith(f"run.json: 1.0 \\u2192 {NEWEST}\n".encode())
    assert run("upgrade", ".", "-d", "out", cwd=tmp_path, env=env).code == 0
    assert (tmp_path / "out" / "größe → 日本.json").exists()
    data = run("upgrade", "run.json", cwd=tmp_path, env=env)
    assert is_expected(data.raw, CHAT_10, NEWEST), "a document is UTF-8, whatever the terminal speaks"


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.json")
    try:
        copy(CHAT_10, tmp_path / name)
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    done = run("upgrade", tmp_path, "-d", "out", "--json", "--ledger", "ledger.jsonl", cwd=tmp_path)
    assert done.code == 0
    assert [os.path.basename(row["file"]) for row in done.rows] == [name]
    assert (tmp_path / "ledger.jsonl").read_bytes() == done.raw
    assert is_expected((tmp_path / "out" / name).read_bytes(), CHAT_10, NEWEST)
    assert run("inspect", name, "--json", cwd=tmp_path).rows[0]["file"] == name
    assert run("inspect", name, cwd=tmp_path).lines[0] == "caf\\udce9.json"


def test_a_reader_who_stops_reading_is_no_crash() -> None:
    for arguments in (("upgrade", EXPORTS, "--dry-run", "--explain"), ("inspect", EXPORTS, "--json")):
        with subprocess.Popen(
            command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            stderr = process.stderr.read()
            assert process.wait(60) == 141
            assert b"Broken" not in stderr
            assert b"Exception" not in stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_cannot_be_written_is_said(unbuffered: str) -> None:
    full = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    for arguments in (("versions",), ("upgrade", "--help"), ("upgrade", str(export(CHAT_10)))):
        done = run(*arguments, setup=full, env={"PYTHONUNBUFFERED": unbuffered})
        assert done.code == 4
        assert "standard output: cannot be written: No space left on device" in done.stderr
    done = run("upgrade", export(CHAT_10), "--dry-run", "--ledger", "/dev/full", env={"PYTHONUNBUFFERED": unbuffered})
    assert done.code == 4
    assert done.complaints[0].startswith("/dev/full: cannot be written: No space left on device")


def test_closed_streams_are_no_crash(tmp_path: Path) -> None:
    copy(CHAT_10, tmp_path / "run.json")
    assert run("upgrade", "run.json", "-o", "out.json", cwd=tmp_path, setup="os.close(1)").code == 0
    assert is_expected((tmp_path / "out.json").read_bytes(), CHAT_10, NEWEST), "no report was written into it"
    assert run("inspect", "nothing.json", cwd=tmp_path, setup="os.close(2)").code == 4
    assert run("inspect", "run.json", cwd=tmp_path, setup="os.close(0); os.close(1); os.close(2)").code == 0
    done = run("upgrade", "-", cwd=tmp_path, setup="os.close(0)")
    assert done.code == 4
    assert done.complaints == ["standard input: is closed; expected an export"]


def test_progress_is_only_for_people_who_watch(tree: Path) -> None:
    impatient = (
        "import migrator.cli.progress as p\np._DELAY, p._EVERY = -1.0, 1\nfrom migrator.cli.main import run\nrun()"
    )
    arguments = [sys.executable, "-c", impatient, "upgrade", "in", "-d"]
    main, terminal = os.openpty()
    env = environment(TERM="xterm-256color", NO_COLOR="1")
    done = subprocess.run(
        [*arguments, "out"], cwd=tree, env=env, stdout=subprocess.PIPE, stderr=terminal, check=True, timeout=60
    )
    os.close(terminal)
    shown = os.read(main, 2**16).decode()
    os.close(main)
    assert f"upgrade to {NEWEST}" in shown
    assert "files" in shown
    assert not any(f"\x1b[{code}m" in shown for code in (31, 32, 33, 34, 35, 36)), "NO_COLOR"
    assert b"\x1b" not in done.stdout
    piped = subprocess.run([*arguments, "out2"], cwd=tree, env=env, capture_output=True, check=True)
    assert piped.stderr == b""
    assert piped.stdout == done.stdout


# --- interrupted ---------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More files than their reports fit into a pipe that nobody reads: the batch stands still in the middle."""
    for number in range(40):
        copy(CHAT_10, tmp_path / "in" / f"run{number:02}.json")
    return tmp_path


def until(condition: Any) -> None:
    """Wait for something that must happen; the limit only ends a test that has failed."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


@pytest.mark.parametrize("in_place", [False, True])
def test_ctrl_c_leaves_whole_files_only(many: Path, in_place: bool) -> None:
    place = ["--in-place", "--fsync", "each"] if in_place else ["-d", "out"]
    where = many / ("in" if in_place else "out")
    arguments = command("upgrade", "in", *place, "--json", "--ledger", "ledger.jsonl")
    with subprocess.Popen(
        arguments, cwd=many, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        until(lambda: len(list(where.glob("*.bak" if in_place else "*.json"))) >= 2)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.decode().splitlines() == [
        "aiperf-migrate: interrupted; finished files are complete, the others are untouched"
    ]
    assert leftovers(many) == []
    original = export(CHAT_10).read_bytes()
    inputs = {name: raw for name, raw in contents(many / "in").items() if name.endswith(".json")}
    outputs = {name: raw for name, raw in inputs.items() if raw != original} if in_place else contents(many / "out")
    assert 2 <= len(outputs) < 40
    assert all(is_expected(raw, CHAT_10, NEWEST) for raw in outputs.values())
    assert len(inputs) == 40
    if in_place:
        backups = {name: raw for name, raw in contents(many / "in").items() if name.endswith(".bak")}
        assert backups == {f"{name}.bak": original for name in outputs}
    ledger = [strict_json(line) for line in (many / "ledger.jsonl").read_bytes().splitlines()]
    assert [os.path.basename(row["file"]) for row in ledger] == sorted(outputs), "the ledger has what was done"


@pytest.fixture
def _default_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_default_ctrl_c")
def test_ctrl_c_waits_for_the_file_that_is_being_written() -> None:
    uninterrupted = DeferredInterrupt()
    finished = []

    def work() -> None:
        with uninterrupted:
            os.kill(os.getpid(), signal.SIGINT)
            finished.append("written")
        finished.append("went on")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert finished == ["written"]
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    # The second time does not wait.
    with pytest.raises(KeyboardInterrupt):
        work()
    assert finished == ["written"]


def test_where_ctrl_c_is_ignored_it_stays_ignored(tree: Path) -> None:
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    interrupting = (
        "import os, signal, migrator.batch.migrate_files as e\nreal = e.read\n"
        "def read(*a, **k):\n    os.kill(os.getpid(), signal.SIGINT)\n    return real(*a, **k)\n"
        "e.read = read\nfrom migrator.cli.main import run\nrun()"
    )
    start = [sys.executable, "-c", interrupting, "upgrade", "in/old", "-d"]
    setup = f"import os, sys\n{ignored}\nos.execv(sys.argv[1], sys.argv[1:])"
    env = environment()
    done = subprocess.run(
        [sys.executable, "-c", setup, *start, "out"], cwd=tree, env=env, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert set(contents(tree / "out")) == {NAME, "renamed.json"}
    done = subprocess.run([*start, "out2"], cwd=tree, env=env, capture_output=True, check=False)
    assert done.returncode == 130
    assert set(contents(tree / "out2")) == {NAME}, "the file that was being written is finished, the next is not begun"


def test_the_console_script_is_the_module() -> None:
    entry = (ROOT / "pyproject.toml").read_text()
    assert 'aiperf-migrate = "aiperf_migrate:run"' in entry
