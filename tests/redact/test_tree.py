"""Done means: a tree with a secret in every place, in all families, holds none of them anywhere but in the backups."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from support.process import run, snapshot
from support.secret_tree import DOCUMENTS, GOLDEN, KEY, LINES, PASSWORD, SECRETS, TEXTS, files, write

from migrator.files.disk import MAX_BYTES
from migrator.jsonfile import leaves, parse
from migrator.redact import REDACTED, places, redact, redact_lines

TREE = {name: (raw, secrets) for name, raw, secrets in files()}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but backups, unpacked, by its place."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {
        name: gzip.decompress(raw) if name.endswith(".gz") else raw
        for name, raw in found.items()
        if not name.endswith(".bak")
    }


def with_secrets(folder: Path) -> list[str]:
    found = contents(folder).items()
    return sorted(name for name, raw in found if any(secret.encode() in raw for secret in SECRETS))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "runs")
    return tmp_path / "runs"


@pytest.mark.parametrize("name", [*DOCUMENTS, *LINES, *TEXTS])
def test_no_secret_is_left_in_a_file_of_any_family(name: str) -> None:
    raw, secrets = TREE[name]
    assert secrets
    assert [secret for secret in secrets if secret.encode() not in raw] == []
    if name not in DOCUMENTS:
        clean, found = redact_lines(raw)
        assert clean.count(b"\n") == raw.count(b"\n")
        assert redact_lines(clean) == (clean, [])
    else:
        document, found = redact(json.loads(raw))
        clean = json.dumps(document).encode()
        assert redact(document) == (document, [])
        assert places(json.loads(raw)) == found
    assert [secret for secret in SECRETS if secret.encode() in clean] == []
    assert len(found) == len(set(found))
    assert not any(secret in str(found) for secret in SECRETS)


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_nothing_changes_but_at_the_places_that_are_told(name: str) -> None:
    original = json.loads(TREE[name][0])
    document, found = redact(original)
    before, after = list(leaves(original)), list(leaves(document))
    changed = [path for (_, old), (path, new) in zip(before, after, strict=True) if old != new]
    assert set(changed) <= set(found)
    assert all(REDACTED.strip("<>") in str(dict(after).get(path, path[-1])) for path in found)
    assert [value for _, value in after].count("perf") == [value for _, value in before].count("perf")


def test_two_users_of_one_host_stay_two_members() -> None:
    hosts = json.loads(TREE["old/profile_export_aiperf.json"][0])["telemetry_data"]["endpoints"]
    document, found = redact({"telemetry_data": {"endpoints": hosts}})
    assert list(document["telemetry_data"]["endpoints"]) == ["<redacted>@host:9400", "<redacted-2>@host:9400"]
    assert list(document["telemetry_data"]["endpoints"].values()) == list(hosts.values())
    assert found == [("telemetry_data", "endpoints", key) for key in document["telemetry_data"]["endpoints"]]


@pytest.mark.parametrize("command", ["redact", "upgrade"])
def test_in_place_no_secret_is_left_but_in_the_backups(tree: Path, command: str) -> None:
    before = {name: raw for name, (_, _, raw) in snapshot(tree).items()}
    assert with_secrets(tree) == sorted(TREE)
    checked = run("check", tree, "--select", "P001", "--json")
    assert checked.code == 1
    assert sorted(row["file"].removeprefix(f"{tree}/") for row in checked.rows if row["findings"]) == sorted(TREE)
    ledger, journal = tree.parent / "ledger.jsonl", tree.parent / "journal.jsonl"
    done = run(command, tree, "--in-place", "--json", "--ledger", ledger, "--journal", journal, cwd=tree.parent)
    assert done.code == 0
    assert with_secrets(tree) == []
    # Nor anywhere that tells of it.
    told = [done.raw, done.stderr.encode(), ledger.read_bytes(), journal.read_bytes(), checked.raw]
    assert not any(secret.encode() in text for secret in SECRETS for text in told)
    assert {row["status"] for row in done.rows} == ({"redacted"} if command == "redact" else {"redacted", "migrated"})
    assert all(row["losses"]["redacted"] for row in done.rows)
    assert sorted(json.loads(line)["file"] for line in ledger.read_text().splitlines()) == sorted(
        str(tree / name) for name in TREE
    )
    assert "backup" in done.stderr
    after = run("check", tree, "--select", "P001")
    assert (after.code, after.lines[-1]) == (
        0, "8 exports of 5 runs checked: nothing found, 16 other files (secrets only)",
    ) if command == "upgrade" else (0, after.lines[-1])  # fmt: skip
    assert run(command, tree, "--in-place", "--json").code == 0
    assert with_secrets(tree) == []
    assert run("undo", journal).code == 0
    assert {name: raw for name, (_, _, raw) in snapshot(tree).items() if not name.endswith(".bak")} == before


def test_who_opts_out_keeps_the_other_files_as_they_are(tree: Path) -> None:
    migrated = ("_aiperf.json", ".gz", "timeslices.json", "gpu_telemetry_export.jsonl", "flat.json", "nested.json")
    others = {name: raw for name, raw in contents(tree).items() if not name.endswith(migrated)}
    assert run("upgrade", tree, "--in-place", "--keep-secrets").code == 0
    now = contents(tree)
    assert {name: now[name] for name in others} == others
    assert any(secret.encode() in now["new/profile_export_aiperf.json"] for secret in SECRETS)


@pytest.mark.parametrize("options", [("--check",), ("--dry-run",), ("--diff",)])
@pytest.mark.parametrize("command", ["redact", "upgrade"])
def test_a_rehearsal_tells_all_and_writes_nothing(tree: Path, command: str, options: tuple[str, ...]) -> None:
    before = snapshot(tree)
    options = (*options, "-v")
    done = run(command, tree, *options)
    assert done.code == (1 if "--check" in options else 0)
    assert snapshot(tree) == before
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    assert all(name in done.stdout for name in TREE)
    assert run(command, tree, *options, "--jobs", "2").stdout == done.stdout


def test_a_file_at_its_version_is_a_copy_when_it_is_written_elsewhere(tree: Path) -> None:
    source, out = tree / "newest" / "profile_export_aiperf.json", tree.parent / "out"
    assert run("upgrade", source, "-o", tree.parent / "one.json").code == 0
    assert run("upgrade", tree / "newest", "-d", out).code == 0
    assert run("convert", source, "--for-aiperf", "0.13.0.dev20261023", "-o", tree.parent / "two.json").code == 0
    piped = run("upgrade", source)
    found = [piped.raw, *((tree.parent / name).read_bytes() for name in ("one.json", "two.json"))]
    found.append((out / "profile_export_aiperf.json").read_bytes())
    assert not any(secret.encode() in raw for secret in SECRETS for raw in found)
    assert run("upgrade", source, "--keep-secrets").raw == source.read_bytes()
    assert "is 1.5 already, 27 secrets redacted" in run("upgrade", source, "--dry-run").stdout


def test_a_whole_folder_that_is_mirrored_has_no_secret(tree: Path) -> None:
    (tree / "new" / "plot.png").write_bytes(b"\x89PNG\0\xff")
    out, kept = tree.parent / "out", tree.parent / "kept"
    assert run("upgrade", tree, "-d", out, "--all-files").code == 0
    assert sorted(contents(out)) == sorted([*TREE, "new/plot.png"])
    assert with_secrets(out) == []
    assert (out / "new" / "plot.png").read_bytes() == b"\x89PNG\0\xff"
    assert run("upgrade", tree, "-d", kept, "--all-files", "--keep-secrets").code == 0
    assert (kept / "new" / "inputs.json").read_bytes() == TREE["new/inputs.json"][0]


def test_what_nobody_searched_is_said_and_any_text_is_searched(tree: Path) -> None:
    """A folder holds files of other programs, too: their texts lose their secrets in the copy, pictures are named."""
    folder, out = tree / "new", tree.parent / "out"
    texts = {
        "config.yaml": "endpoint:\n  api_key: {}\n  urls: [http://user:{}@host/v1]\n",
        "notes.txt": "Authorization: Bearer {}\nnothing else\n",
        "run.sh": "OPENAI_API_KEY={} aiperf profile --api-key {} --streaming\n",
        "report.html": "<p>aiperf profile --header 'Authorization: Bearer {}' http://user:{}@host/v1</p>\n",
        "Dockerfile": "ENV HF_TOKEN={}\n",
        "more.jsonl": '{{"api_key": "{}"}}\n',
    }
    for name, text in texts.items():
        (folder / name).write_text(text.format(KEY, PASSWORD))
    for name in ("plot.png", "model.bin", "a.pdf", "b.pdf"):
        (folder / name).write_bytes(b"\x89PNG\0\xff" + KEY.encode())
    done = run("upgrade", tree, "-d", out, "--all-files")
    assert done.code == 0
    assert "copied unsearched: 4 files (a.pdf, b.pdf, model.bin, …): a secret may stand in them" in done.stderr
    left = {name for name in with_secrets(out) if not name.endswith((".png", ".bin", ".pdf"))}
    assert left == set()
    assert (out / "new" / "notes.txt").read_text() == "Authorization: Bearer <redacted>\nnothing else\n"
    assert (out / "new" / "config.yaml").read_text().startswith("endpoint:\n  api_key: <redacted>\n")
    rows = {
        Path(row["file"]).name: row for row in run("upgrade", tree, "-d", out, "--all-files", "--force", "--json").rows
    }
    assert {name for name, row in rows.items() if "searched_for_secrets" in row} == {
        "plot.png", "model.bin", "a.pdf", "b.pdf",
    }  # fmt: skip
    assert "unsearched" not in run("upgrade", tree, "-d", tree.parent / "kept", "--all-files", "--keep-secrets").stderr


def test_a_parquet_file_with_a_secret_is_never_copied(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    good = {"endpoint_url": ["http://host/metrics"], "value": [1.5], "labels": [{"gpu": "0"}]}
    config = {"endpoint": {"api_key": "<redacted>"}}
    tables = {
        "good": (good, config),
        "column": ({**good, "endpoint_url": [f"http://user:{PASSWORD}@host/metrics"]}, config),
        "config": (good, {"endpoint": {"api_key": PASSWORD}}),
        "nested": ({**good, "labels": [{"gpu": f"api_key={PASSWORD}"}]}, config),
    }
    for name, (columns, about) in tables.items():
        table = pyarrow.table(columns).replace_schema_metadata({"aiperf.input_config": json.dumps(about)})
        (tmp_path / name).mkdir()
        parquet.write_table(table, tmp_path / name / "server_metrics_export.parquet")
        done = run("upgrade", tmp_path / name, "-d", tmp_path / "out" / name, "--all-files")
        copied = (tmp_path / "out" / name / "server_metrics_export.parquet").exists()
        assert (done.code, copied) == ((0, True) if name == "good" else (4, False)), name
        assert PASSWORD not in done.stdout + done.stderr
        assert "unsearched" not in done.stderr
    (tmp_path / "good" / "server_metrics_export.parquet").write_bytes(b"PAR1 is cut off")
    told = run("upgrade", tmp_path / "good", "-d", tmp_path / "again", "--all-files").stderr
    assert "copied unsearched: 1 file (server_metrics_export.parquet)" in told


def test_an_output_tree_of_redact_is_whole_and_clean(tree: Path) -> None:
    out = tree.parent / "out"
    assert run("redact", tree, "-d", out).code == 0
    assert sorted(contents(out)) == sorted(TREE)
    assert with_secrets(out) == []
    again = run("redact", out, "--in-place", "--json")
    assert {row["status"] for row in again.rows} == {"unchanged"}


def test_only_what_is_of_a_run_is_replaced_by_an_upgrade(tmp_path: Path) -> None:
    """A file of another program may need its key; `redact` is told to look at it."""
    settings, notes = tmp_path / "settings.json", tmp_path / "notes.log"
    settings.write_text('{"api_key": "hunter-two-of-7"}')
    notes.write_text("token=hunter-two-of-7")
    write(tmp_path / "runs")
    for command in ("upgrade", "redact"):
        assert run(command, tmp_path, "--in-place", "--exclude", "settings.json").code == 0
        assert notes.read_text() == "token=hunter-two-of-7"
    assert settings.read_text() == '{"api_key": "hunter-two-of-7"}'
    assert run("upgrade", tmp_path, "--in-place").code == 0
    assert settings.read_text() == '{"api_key": "hunter-two-of-7"}'
    assert run("redact", notes, "-o", tmp_path / "clean.log").code == 0
    assert (tmp_path / "clean.log").read_text() == "token=<redacted>"
    assert run("redact", settings, "--in-place", "--no-backup").code == 0
    assert settings.read_text() == '{"api_key": "<redacted>"}'


def test_inspect_counts_the_secrets_of_every_family(tree: Path) -> None:
    rows = run("inspect", *(tree / name for name in TREE), "--json").rows
    assert {row["file"].removeprefix(f"{tree}/"): row["secrets_in_clear"] > 0 for row in rows} == dict.fromkeys(
        TREE, True
    )
    page = run("inspect", tree / "new" / "profile_export.jsonl")
    assert "secrets   in clear in 7 places: `check` names them" in page.stdout


def test_a_line_that_is_cut_off_keeps_no_secret(tmp_path: Path) -> None:
    raw, _ = TREE["new/profile_export.jsonl"]
    cut = raw[: raw.index(b"'X-API-Key': 'hunter") + 40 if b"'X-API-Key': 'hunter" in raw else len(raw) - 60]
    (tmp_path / "profile_export.jsonl").write_bytes(cut)
    assert run("redact", tmp_path, "--in-place", "--no-backup").code == 0
    assert not any(secret.encode() in (tmp_path / "profile_export.jsonl").read_bytes() for secret in SECRETS)


def test_numbers_and_layout_of_other_lines_stay() -> None:
    lines = b'{"a": {"b": 1.50}, "c": {}}\n{"a":12345678901234567890123,"error":{"message":"api_key=abc12345"}}\r\n'
    clean, found = redact_lines(lines)
    assert clean == lines.replace(b"abc12345", b"<redacted>")
    assert found == [(1, "error", "message")]


def test_a_line_that_is_nested_too_deeply_is_taken_for_a_text() -> None:
    line = b'{"error":' * 900 + b'"api_key=hunter-two-of-7"' + b"}" * 900
    clean, found = redact_lines(b'{"b": 1}\n' + line)
    assert clean == b'{"b": 1}\n' + line.replace(b"hunter-two-of-7", b"<redacted>")
    assert found == [(1,)]


def test_the_rest_of_a_text_stays() -> None:
    raw, secrets = TREE["new/logs/aiperf.log"]
    clean, found = redact_lines(raw)
    assert found == [(0,), (1,)]
    told = "--model m --api-key '<redacted>' --header 'X-Team:perf' 'X-Session:<redacted>'"
    assert clean.decode().splitlines()[0] == f"2026-11-27 10:00:00 INFO command: aiperf profile {told}"
    assert clean.splitlines()[2] == raw.splitlines()[2]
    raw, secrets = TREE["new/server_metrics_export.csv"]
    for secret in secrets:
        raw = raw.replace(f"user:{secret}".encode(), b"<redacted>")
    assert redact_lines(TREE["new/server_metrics_export.csv"][0])[0] == raw


def recorded_files() -> list[Path]:
    return [path for path in sorted(GOLDEN.rglob("*.json*")) if path.name != "PROVENANCE.json"]


@pytest.mark.parametrize("path", recorded_files(), ids=lambda path: str(path.relative_to(GOLDEN)))
def test_no_recorded_file_changes_but_for_the_key_in_it(path: Path) -> None:
    raw = path.read_bytes()
    if path.suffix == ".jsonl":
        assert redact_lines(raw) == (raw, [])
        return
    document = json.loads(raw)
    clean, found = redact(document)
    if KEY.encode() in raw:
        assert found == [("input_config", "endpoint", "api_key"), ("input_config", "cli_command")]
        # The argument may have had other quotes.
        told, was = (json.dumps(each).replace('\\"', "'") for each in (clean, document))
        assert told == was.replace(KEY, REDACTED)
    else:
        assert clean is document
        assert found == []


@pytest.mark.slow
def test_a_file_that_is_too_large_to_be_redacted_is_no_success(tmp_path: Path) -> None:
    """It is read line by line for secrets, and what cannot be written is said."""
    path = tmp_path / "profile_export.jsonl"
    line = TREE["new/profile_export.jsonl"][0].split(b"\n")[0]
    path.write_bytes((line + b"\n") * (MAX_BYTES // len(line) + 1))
    assert run("redact", tmp_path, "--in-place").code == 0
    assert run("check", path, "--select", "P001", "--allow-empty").code == 0
    with path.open("ab") as file:
        file.write(TREE["new/profile_export.jsonl"][0])
    before = path.stat().st_mtime_ns, path.stat().st_size
    for command in ("redact", "upgrade"):
        done = run(command, tmp_path, "--in-place")
        assert done.code == 4
        assert "has a secret in clear, and is too large to be redacted; expected at most 64 MB" in done.stderr
        assert PASSWORD not in done.stderr
    assert (path.stat().st_mtime_ns, path.stat().st_size) == before
    assert run("check", path, "--select", "P001").code == 1
    assert run("inspect", path, "--json").rows[0]["secrets_in_clear"] == 7


def test_a_key_in_a_residue_of_this_tool_is_told_and_left(tree: Path) -> None:
    export = tree / "newest" / "profile_export_aiperf.json"
    run("convert", export, "--to", "1.0", "-o", tree / "kept.json", "--residue", "--keep-secrets")
    residue = tree / "kept.json.residue.json"
    before = residue.read_bytes()
    assert parse(before).data
    if not any(secret.encode() in before for secret in SECRETS):
        pytest.skip("nothing of this export needs a residue that has a secret")
    assert run("check", residue, "--select", "P001").code == 1
    assert run("redact", residue, "--in-place").code == 0
    assert residue.read_bytes() == before
