"""What stands beside an export on a store is read as on a disk: records, run_config.json. What cannot be is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from stores.test_stores import AWS, S3, Remote, google, moto, remote, s3  # noqa: F401 (fixtures)
from support.process import EXPORTS, NAME, command, contents, environment, export, run

RUN = next(path.parent for path in sorted(EXPORTS.rglob("profile_export.jsonl")) if (path.parent / NAME).exists())
FILES = {path.name: path.read_bytes() for path in RUN.iterdir() if path.is_file()}


def _fill(remote: Remote, tmp_path: Path, folder: str = "run") -> Path:  # noqa: F811
    """The run on the store and on this machine, its export without what records can give."""
    here = tmp_path / folder
    here.mkdir()
    for name, raw in FILES.items():
        (here / name).write_bytes(raw)
    lowered = run("downgrade", RUN / NAME, "--to", "1.0").raw
    (here / NAME).write_bytes(lowered)
    for name, raw in contents(here).items():
        remote.put(f"{folder}/{name}", raw)
    return here


def test_backfill_and_records_over_urls_are_those_of_a_disk(remote: Remote, tmp_path: Path) -> None:  # noqa: F811
    here = _fill(remote, tmp_path)
    url = f"{remote.url}/run"
    expected = run("upgrade", here / NAME, "--backfill")
    assert expected.raw != run("upgrade", here / NAME).raw, "there is something to fill in"
    assert run("upgrade", f"{url}/{NAME}", "--backfill", env=remote.env).raw == expected.raw
    given = run("upgrade", here / NAME, "--records", f"{url}/profile_export.jsonl", env=remote.env)
    assert given.raw == run("upgrade", here / NAME, "--records", here / "profile_export.jsonl").raw
    gone = run("upgrade", here / NAME, "--records", f"{url}/none.jsonl", env=remote.env)
    assert (gone.code, gone.complaints[0]) == (4, f"{url}/none.jsonl: does not exist")


def test_rebuilding_over_urls(remote: Remote, tmp_path: Path) -> None:  # noqa: F811
    here = _fill(remote, tmp_path)
    url = f"{remote.url}/run"
    there = run("rebuild", f"{url}/profile_export.jsonl", env=remote.env)
    assert there.raw == run("rebuild", here / "profile_export.jsonl").raw
    refused = run("rebuild", f"{url}/", env=remote.env)
    assert refused.code == 2
    assert "has an export already" in refused.complaints[0]


def test_what_cannot_be_on_a_store_is_refused_before_anything_is_asked() -> None:
    away = {**AWS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    one = str(export("0.4.0/chat-streaming"))
    for words, told in (
        (["table", one, "-o", "s3://runs/t.csv"], "-o needs a file on this machine"),
        (["diff", one, one, "-o", "s3://runs/d.html"], "-o needs a file on this machine"),
        (["diff", one, one, "--policy", "s3://runs/p.toml"], "--policy needs a file on this machine"),
        (["diff", one, one, "--noise", "s3://runs/n.json"], "--noise needs a file on this machine"),
        (["history", one, "-o", "s3://runs/h.html"], "-o needs a file on this machine"),
        (["noise", "learn", one, "-o", "s3://runs/n.json"], "-o needs a file on this machine"),
        (["rebuild", "s3://runs/profile_export.jsonl", "-o", "s3://runs/r.json"], "-o needs a file on this machine"),
        (["undo", "s3://runs/j"], "JOURNAL needs a file on this machine"),
    ):
        done = run(*words, env=away)
        assert (done.code, done.complaints[0].partition(" (")[0]) == (2, told), words


def test_objects_in_parts_are_replaced_by_their_mark(s3: S3) -> None:  # noqa: F811
    begun = s3.client.create_multipart_upload(Bucket="runs", Key="a.json")["UploadId"]
    part = s3.client.upload_part(
        Bucket="runs", Key="a.json", UploadId=begun, PartNumber=1, Body=export("0.4.0/chat-streaming").read_bytes()
    )
    s3.client.complete_multipart_upload(
        Bucket="runs",
        Key="a.json",
        UploadId=begun,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    assert s3.client.head_object(Bucket="runs", Key="a.json")["ETag"].endswith('-1"')
    assert run("upgrade", "s3://runs/a.json", "--in-place", env=s3.env).code == 0
    assert s3.get("a.json.bak") == export("0.4.0/chat-streaming").read_bytes()


@pytest.mark.slow
def test_five_thousand_keys_and_two_writers(s3: S3, tmp_path: Path) -> None:  # noqa: F811
    import subprocess

    raw = export("0.4.0/chat-streaming").read_bytes()
    expected = run("upgrade", export("0.4.0/chat-streaming")).raw
    for number in range(5000):
        s3.put(f"many/{number:04}.json", raw)
    listed = run("inspect", "s3://runs/many", "--summary", env=s3.env)
    assert listed.stdout.startswith("5000 files, 5000 exports")
    words = command("upgrade", "s3://runs/many", "--in-place", "--no-backup", "--journal")
    writers = [
        subprocess.Popen([*words, str(tmp_path / name)], env=environment(**s3.env), stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    said = [writer.communicate()[1] for writer in writers]
    assert all("was changed" in line or "is being" in line for text in said for line in text.splitlines())
    assert all(s3.get(name) == expected for name in s3.names() if name.startswith("many/"))
