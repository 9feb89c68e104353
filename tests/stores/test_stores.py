"""Files on object stores: Amazon's S3 (moto, on loopback), Google's (a small server here), and memory."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import boto3
import pytest
from moto.server import ThreadedMotoServer
from support.gcs import Bucket
from support.process import EXPORTS, NAME, ROOT, SECRET, command, copy, environment, export, run
from support.versions import NEWEST

import migrator
from migrator.batch.discover import discover
from migrator.batch.migrate_files import execute
from migrator.batch.request import Request, Status
from migrator.errors import ChangedError, UnreadableError, UnwritableError
from migrator.extras import install
from migrator.migration.goal import Goal
from migrator.stores import is_url, store_of
from migrator.stores.store import Store
from migrator.writing.options import WriteOptions
from migrator.writing.replace_stored import StoreReplacer

AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
OLD = ["0.1.1", "0.3.0", "0.4.0", "0.11.0"]
RUNS = ["0.1.1/chat-streaming", "0.3.0/chat-goodput-key", "0.3.0/chat-streaming", "0.4.0/chat-streaming",
        "0.11.0/chat-streaming", "0.11.0/extras", "0.11.0/rate"]  # fmt: skip


class Remote(Protocol):
    """A store of the tests: where its one bucket is, and what a user's own tools do there."""

    url: str
    env: dict[str, str]

    def put(self, name: str, raw: bytes) -> None: ...
    def get(self, name: str) -> bytes: ...
    def names(self) -> list[str]: ...
    def about(self, name: str) -> Any: ...


class S3:
    def __init__(self, port: int) -> None:
        self.env = {**AWS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        self.url = "s3://runs"
        self.client = boto3.client("s3", endpoint_url=self.env["AWS_ENDPOINT_URL"], region_name="us-east-1",
                                   aws_access_key_id="a", aws_secret_access_key="b")  # fmt: skip
        self.client.create_bucket(Bucket="runs")

    def put(self, name: str, raw: bytes) -> None:
        self.client.put_object(Bucket="runs", Key=name, Body=raw, ContentType="text/x-mine",
                               Metadata={"owner": "lab"}, Tagging="team=a%3Db%20c&kept=yes")  # fmt: skip

    def get(self, name: str) -> bytes:
        return self.client.get_object(Bucket="runs", Key=name)["Body"].read()

    def names(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="runs")
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def about(self, name: str) -> Any:
        found = self.client.get_object(Bucket="runs", Key=name)
        tags = self.client.get_object_tagging(Bucket="runs", Key=name)["TagSet"]
        return found["ContentType"], found["Metadata"], sorted((tag["Key"], tag["Value"]) for tag in tags)

    def close(self) -> None:
        self.client.close()


class Google:
    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.env = {"STORAGE_EMULATOR_HOST": bucket.url, "FSSPEC_GS_TOKEN": "anon",
                    "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}  # fmt: skip
        self.url = "gs://runs"

    def put(self, name: str, raw: bytes) -> None:
        self.bucket.put(name, raw, contentType="text/x-mine", metadata={"owner": "lab"}, cacheControl="no-store")

    def get(self, name: str) -> bytes:
        return self.bucket.objects[name][1]

    def names(self) -> list[str]:
        return sorted(self.bucket.objects)

    def about(self, name: str) -> Any:
        told = self.bucket.objects[name][0]
        return told["contentType"], told.get("metadata"), told.get("cacheControl")


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def s3(moto: int) -> Iterator[S3]:
    made = S3(moto)
    with closing(made):
        yield made
        made.client.delete_objects(
            Bucket="runs", Delete={"Objects": [{"Key": name} for name in made.names()] or [{"Key": "-"}]}
        )


@pytest.fixture
def google() -> Iterator[Google]:
    bucket = Bucket()
    thread = Thread(target=bucket.serve_forever, daemon=True)
    thread.start()
    yield Google(bucket)
    bucket.shutdown()
    bucket.server_close()
    thread.join()


@pytest.fixture(params=["s3", "google"])
def remote(request: pytest.FixtureRequest) -> Remote:
    found: Remote = request.getfixturevalue(request.param)
    return found


def fill(remote: Remote, folder: str, runs: list[str] = RUNS) -> dict[str, bytes]:
    """Recorded exports below a folder of a store: name → content."""
    files = {f"{folder}/{name}/{NAME}": export(name).read_bytes() for name in runs}
    for name, raw in files.items():
        remote.put(name, raw)
    return files


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an upgrade on this machine makes of the recorded exports: name of the run → content."""
    folder = tmp_path_factory.mktemp("upgraded")
    assert run("upgrade", *(EXPORTS / each for each in OLD), "-d", folder).code == 0
    return {name: (folder / name / NAME).read_bytes() for name in RUNS}


def run_of(name: str) -> str:
    """The recorded run that was put under a name: `t/0.4.0/rate/….json` → `0.4.0/rate`."""
    return name.split("/", 1)[1].rsplit("/", 1)[0]


def mirrored(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")}


# --- reading ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    ["inspect", "--json"], ["inspect", "--summary", "--json"], ["check", "--json"],
    ["table", "--format", "json"], ["inspect", "--where", "version<1.0"],
    ["upgrade", "--check", "--include", "0.4.0/"],
], ids=" ".join)  # fmt: skip
def test_a_store_answers_as_a_folder_does(s3: S3, tmp_path: Path, words: list[str]) -> None:
    fill(s3, "team")
    for name in RUNS:
        copy(name, tmp_path / "team" / name / NAME)
    there, here = run(*words, "s3://runs/team", env=s3.env), run(*words, "team", cwd=tmp_path)
    assert there.stdout.replace("s3://runs/", "") == here.stdout
    assert (there.code, there.stderr.replace("s3://runs/", "")) == (here.code, here.stderr)
    assert len(here.lines) >= 3 or "--summary" in words


def test_two_runs_on_a_store_are_compared(remote: Remote) -> None:
    fill(remote, "a", ["0.4.0/chat-streaming"])
    fill(remote, "b/x", ["0.11.0/chat-streaming"])
    done = run("diff", f"{remote.url}/a", f"{remote.url}/b/x/0.11.0/chat-streaming/{NAME}", "--json", env=remote.env)
    assert done.code in (0, 3), done.stderr
    near = run("diff", export("0.4.0/chat-streaming"), export("0.11.0/chat-streaming"), "--json")
    assert json.loads(done.stdout)["rows"] == json.loads(near.stdout)["rows"]


def test_what_cannot_be_read_is_told(remote: Remote) -> None:
    done = run("inspect", f"{remote.url}/nothing.json", env=remote.env)
    assert (done.code, done.complaints) == (4, [f"{remote.url}/nothing.json: does not exist"])
    remote.put("a.json", b"no JSON")
    assert run("inspect", f"{remote.url}/a.json", env=remote.env).code == 4
    remote.put("big.json", b" " * (64 * 2**20 + 1))
    done = run("inspect", f"{remote.url}/big.json", env=remote.env)
    assert done.complaints == [f"{remote.url}/big.json: has 64 MB; expected at most 64 MB"]


def test_names_tell_folders_where_they_can(s3: S3) -> None:
    raw = export("0.4.0/chat-streaming").read_bytes()
    for name in ("t/a.json", "t.json/b.json"):
        s3.put(name, raw)
    for url, found in (
        ("s3://runs/t", "t/a.json"),
        ("s3://runs/t/", "t/a.json"),
        ("s3://runs/t/a.json", "t/a.json"),
        ("s3://runs/t.json/", "t.json/b.json"),
    ):
        assert [row["file"] for row in run("inspect", url, "--json", env=s3.env).rows] == [f"s3://runs/{found}"]
    assert run("inspect", "s3://runs/t.json", env=s3.env).complaints == ["s3://runs/t.json: does not exist"]
    nothing = run("inspect", "s3://runs/none/", env=s3.env)
    assert (nothing.code, nothing.complaints) == (4, ["s3://runs/none/: does not exist"])


def test_names_that_no_folder_can_hold(s3: S3, tmp_path: Path) -> None:
    raw = export("0.4.0/chat-streaming").read_bytes()
    for name in ("t/good.json", "t//double.json", "t/../../out.json", "t/"):
        s3.put(name, raw if name != "t/" else b"")
    done = run("upgrade", "s3://runs/t", "-d", tmp_path / "out", env=s3.env)
    assert done.code == 4
    assert done.complaints == ["s3://runs/t//…: has a name that no folder can hold (name it on its own)"]
    assert [path.name for path in tmp_path.rglob("*.json")] == ["good.json"]
    assert run("inspect", "s3://runs/t//double.json", env=s3.env).code == 0


def test_time_of_modification_chooses(s3: S3) -> None:
    fill(s3, "t", RUNS[:2])
    assert len(run("inspect", "s3://runs/t", "--newer-than", "1h", env=s3.env).lines) == 2
    assert run("inspect", "s3://runs/t", "--older-than", "1h", env=s3.env).complaints == ["no files found"]
    done = run("inspect", "s3://runs/t", "--gitignore", env=s3.env)
    assert done.code == 2
    assert done.complaints[0].startswith("--gitignore works on folders of this machine only")


def test_without_credentials_or_a_way_there(moto: int) -> None:
    nobody = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{moto}", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
    done = run("inspect", "s3://runs/a.json", env=nobody)
    assert done.code == 4
    assert "give the store's own tools credentials" in done.complaints[0]


@pytest.mark.parametrize("words", [
    "inspect {}", "inspect {} --json", "check {}", "table {}", "diff {} {}", "upgrade {} --in-place",
    "upgrade a.json -d {}", "upgrade s3://runs/a --in-place --backup-dir {}", "noise learn {}",
])  # fmt: skip
def test_secrets_do_not_go_into_names(words: str) -> None:
    for url, told in (
        (f"sftp://me:{SECRET}@host/a.json", "a password stands in the URL of sftp://host"),
        (f"https://host/a.json?X-Amz-Signature={SECRET}", "a URL with a query is not read: https://host/a.json"),
    ):
        done = run(*words.format(url, url).split())
        assert done.code == 2
        assert told in done.stderr
        assert SECRET not in done.stdout + done.stderr


def test_without_its_library_a_url_says_what_to_install(tmp_path: Path) -> None:
    for library, told in (("fsspec", "files by URL need fsspec"), ("s3fs", "files on s3:// need a library")):
        (tmp_path / library).mkdir()
        (tmp_path / library / f"{library}.py").write_text("raise ImportError('not here')")
        env = {"PYTHONPATH": f"{tmp_path / library}:{ROOT}"}
        done = run("inspect", "s3://runs/a.json", env=env)
        assert done.code == 4
        assert told in done.stderr
        assert install("remote") in done.stderr


def test_web_pages_are_read_and_never_written(tmp_path: Path) -> None:
    copy("0.4.0/chat-streaming", tmp_path / "a.json")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Quiet(*a, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/a.json"
    try:
        assert run("upgrade", url, "-o", tmp_path / "b.json").code == 0
        done = run("upgrade", url, "--in-place")
        assert done.code == 4
        assert "http:// is read only" in done.stderr
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    near = run("upgrade", tmp_path / "a.json")
    assert (tmp_path / "b.json").read_bytes() == near.raw


# --- outputs ---------------------------------------------------------------------------------------------------


def test_outputs_are_the_same_bytes_there_as_here(remote: Remote, tmp_path: Path) -> None:
    files = fill(remote, "in")
    for name in RUNS:
        if name.startswith("0.11.0/"):
            copy(name, tmp_path / "in" / name.removeprefix("0.11.0/") / NAME)
    assert run("downgrade", tmp_path / "in", "--to", "1.0", "--residue", "-d", tmp_path / "here").code == 0
    out = f"{remote.url}/out"
    assert run("downgrade", f"{remote.url}/in/0.11.0", "--to", "1.0", "--residue", "-d", out, env=remote.env).code == 0
    assert (
        run("downgrade", tmp_path / "in", "--to", "1.0", "--residue", "-d", f"{remote.url}/up", env=remote.env).code
        == 0
    )
    wanted = mirrored(tmp_path / "here")
    assert any(name.endswith(".residue.json") for name in wanted)
    for place in ("out", "up"):
        assert {name: remote.get(f"{place}/{name}") for name in wanted} == wanted
        assert len([name for name in remote.names() if name.startswith(f"{place}/")]) == len(wanted)
    assert {name: remote.get(name) for name in files} == files
    # The residue that lies beside them is found, and everything is there again.
    back = run("upgrade", out, "-d", tmp_path / "back", "--to", "1.3", env=remote.env)
    assert back.code == 0
    originals = {name.removeprefix("in/0.11.0/"): raw for name, raw in files.items() if "/0.11.0/" in name}
    assert {name: raw for name, raw in mirrored(tmp_path / "back").items() if name in originals} == originals


def test_nothing_is_overwritten_unless_asked(remote: Remote) -> None:
    name = f"{remote.url}/a.json"
    for there in (b"mine", run("upgrade", export("0.4.0/chat-streaming")).raw):
        remote.put("a.json", there)
        done = run("upgrade", export("0.4.0/chat-streaming"), "-o", name, env=remote.env)
        assert (done.code, done.complaints) == (4, [f"{name}: exists already (--force overwrites it)"])
        assert remote.get("a.json") == there
    assert run("upgrade", export("0.4.0/chat-streaming"), "-o", name, "--force", env=remote.env).code == 0


def test_what_only_works_on_this_machine_is_told_at_once() -> None:
    for words, told in (
        (["s3://runs/a", "--in-place", "--journal", "s3://runs/j"], "--journal needs a file on this machine"),
        (["s3://runs/a.json", "-o", "b.json", "--ledger", "s3://runs/l"], "--ledger needs a file on this machine"),
        (["s3://runs/a", "--in-place", "--journal", "j", "--ledger", "gs://l/l"], "--ledger needs a file on this"),
        (
            ["a.json", "--in-place", "--backup-dir", "s3://runs/b"],
            "--backup-dir needs a folder on this",
        ),
        (["s3://runs/a", "-d", "s3://runs/a/"], "is both input and output"),
    ):
        # Nothing is asked of a store for it, and this one is not there.
        done = run("upgrade", *words, env={**AWS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
        assert done.code == 2
        assert told in done.complaints[0]


# --- in place --------------------------------------------------------------------------------------------------


def test_in_place_there_and_back(remote: Remote, upgraded: dict[str, bytes], tmp_path: Path) -> None:
    files = fill(remote, "t")
    about = {name: remote.about(name) for name in files}
    journal = tmp_path / "journal"
    done = run("upgrade", f"{remote.url}/t", "--in-place", "--journal", journal, env=remote.env)
    assert done.code == 0, done.stderr
    for name, raw in files.items():
        assert remote.get(name) == upgraded[run_of(name)]
        assert remote.about(name) == about[name]
        assert remote.get(f"{name}.bak") == raw
        assert remote.about(f"{name}.bak") == about[name]
    again = run("upgrade", f"{remote.url}/t", "--in-place", "--journal", journal, "--resume", env=remote.env)
    assert again.lines[-1] == f"{len(files)} files: {len(files)} unchanged"
    first = next(iter(files))
    remote.put(first, b"{}")
    undone = run("undo", journal, env=remote.env)
    assert undone.code == 4
    assert f"{remote.url}/{first}: was changed after the batch (it is left as it is)" in undone.complaints
    assert {name: remote.get(name) for name in files} == {**files, first: b"{}"}
    assert {name: remote.about(name) for name in files if name != first} == {
        n: a for n, a in about.items() if n != first
    }
    assert [name for name in remote.names() if ".bak" in name] == [f"{first}.bak"]


def test_backups_may_be_anywhere(remote: Remote, tmp_path: Path) -> None:
    files = fill(remote, "t", RUNS[:3])
    for number, place in enumerate((f"{remote.url}/kept", str(tmp_path / "kept"))):
        journal = tmp_path / f"journal-{number}"
        words = ("--in-place", "--backup-dir", place, "--journal", journal)
        assert run("upgrade", f"{remote.url}/t", *words, env=remote.env).code == 0
        assert all(remote.get(name) != raw for name, raw in files.items())
        for name, raw in files.items():
            below = name.removeprefix("t/")
            assert (remote.get(f"kept/{below}") if is_url(place) else (tmp_path / "kept" / below).read_bytes()) == raw
        assert run("undo", journal, env=remote.env).code == 0
        assert {name: remote.get(name) for name in remote.names()} == files


def test_compressed_objects_stay_compressed(s3: S3) -> None:
    from migrator.files.packed import pack, packing_of_name, unpack

    raw = export("0.4.0/chat-streaming").read_bytes()
    for name in ("a.json.gz", "a.json.zst"):
        s3.put(name, pack(raw, packing_of_name(name)))
    assert run("upgrade", "s3://runs", "--in-place", env=s3.env).code == 0
    wanted = run("upgrade", export("0.4.0/chat-streaming")).raw
    for name in ("a.json.gz", "a.json.zst"):
        assert s3.get(name) != wanted
        assert unpack(s3.get(name)) == wanted


@pytest.fixture(params=["s3", "google", "memory"])
def inside(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Callable[[bytes], None]]]:
    """A store in this very process: the URL of an object, and what somebody else writes there."""
    import fsspec

    from migrator.stores import connect

    if request.param == "memory":
        url = "memory://runs/a.json"
        system = fsspec.filesystem("memory")
        yield url, lambda raw: system.pipe_file("/runs/a.json", raw)
        system.rm("/runs", recursive=True)
        return
    remote: Remote = request.getfixturevalue(request.param)
    for name, value in remote.env.items():
        monkeypatch.setenv(name, value)
    connect._connect.cache_clear()
    fsspec.config.set_conf_env(fsspec.config.conf)
    yield f"{remote.url}/a.json", lambda raw: remote.put("a.json", raw)
    connect._connect.cache_clear()


def test_an_edit_in_between_is_never_lost(inside: tuple[str, Callable[[bytes], None]]) -> None:
    url, put = inside
    put(b"old")
    replacer = StoreReplacer(WriteOptions(suffix=".bak"))
    original = replacer.open(url)
    assert original.content == b"old"
    put(b"theirs")
    with pytest.raises(ChangedError):
        replacer.replace(original, "a.json", b"new", None)
    assert store_of(url).read(url).raw == b"theirs"
    store_of(url).remove(url)
    put(b"old")
    original = replacer.open(url)
    store_of(url).remove(url)
    with pytest.raises(ChangedError):
        replacer.replace(original, "a.json", b"new", None)
    assert not store_of(url).exists(url)


def test_an_object_that_appears_in_between_is_kept(inside: tuple[str, Callable[[bytes], None]]) -> None:
    url, put = inside
    put(b"theirs")
    with pytest.raises(UnwritableError, match="exists already"):
        store_of(url).create(url, b"mine")
    assert store_of(url).read(url).raw == b"theirs"


def test_a_lost_answer_is_no_failure(inside: tuple[str, Callable[[bytes], None]]) -> None:
    """A library that did not get the answer to its request asks again, and meets what it wrote itself."""
    url, put = inside
    put(b"old")
    there = store_of(url).read(url)
    for _ in range(2):
        store_of(url).replace(url, b"new", there)
    for _ in range(2):
        store_of(url).keep(url + ".bak", there)
    assert (store_of(url).read(url).raw, store_of(url).read(url + ".bak").raw) == (b"new", b"old")


def test_the_library_reads_and_writes_urls(inside: tuple[str, Callable[[bytes], None]]) -> None:
    url, put = inside
    put(export("0.4.0/chat-streaming").read_bytes())
    done = migrator.read_export(url).convert(NEWEST)
    with pytest.raises(UnwritableError, match="exists already"):
        done.export.write(url)
    done.export.write(url, overwrite=True)
    assert migrator.read_export(url).identity.version == NEWEST
    assert [source.relative for source in discover([url.removesuffix("/a.json")])] == ["a.json"]
    assert execute(next(discover([url])), Request(Goal(NEWEST), in_place=True)).status is Status.UNCHANGED


# --- harm ------------------------------------------------------------------------------------------------------


def test_two_batches_at_once_do_no_harm(remote: Remote, upgraded: dict[str, bytes]) -> None:
    files = fill(remote, "t")
    start = command("upgrade", f"{remote.url}/t", "--in-place")
    both = [
        subprocess.Popen(
            start, env={**environment(), **remote.env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    assert {process.wait(60) for process in both} <= {0, 4}
    assert run("upgrade", f"{remote.url}/t", "--in-place", env=remote.env).code == 0
    for name, raw in files.items():
        assert remote.get(name) == upgraded[run_of(name)]
        assert remote.get(f"{name}.bak") == raw


def killed_in_the_middle(remote: Remote, journal: Path, changed: int) -> bool:
    """Start a batch, and kill it when so many objects are new; whether that was before it ended."""
    start = command("upgrade", f"{remote.url}/t", "--in-place", "--journal", journal, "--resume", "--jobs", "2")
    process = subprocess.Popen(
        start, env={**environment(), **remote.env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while process.poll() is None and len([name for name in remote.names() if name.endswith(".bak")]) < changed:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("changed", [4, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 3, 5, 6))])
def test_a_killed_batch_is_resumed_and_undone(
    remote: Remote, upgraded: dict[str, bytes], tmp_path: Path, changed: int
) -> None:
    files = fill(remote, "t")
    new = {name: upgraded[run_of(name)] for name in files}
    journal = tmp_path / "journal"
    assert killed_in_the_middle(remote, journal, changed)
    for name, raw in files.items():
        assert remote.get(name) in (raw, new[name]), "old or new, and complete"
    done = run("upgrade", f"{remote.url}/t", "--in-place", "--journal", journal, "--resume", env=remote.env)
    assert done.code == 0, done.stderr
    assert {name: remote.get(name) for name in files} == new
    assert sorted(name for name in remote.names() if name not in files) == sorted(f"{name}.bak" for name in files)
    assert run("undo", journal, env=remote.env).code == 0
    assert {name: remote.get(name) for name in files} == files


def test_paths_import_nothing_of_it() -> None:
    code = "import sys; from migrator.cli.main import main; main(sys.argv[1:]); assert 'fsspec' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, "inspect", str(export("0.4.0/chat-streaming"))],
                          env=environment(), capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "told"), [
    ("s3://a", True), ("S3://a/b", True), ("a+b.c-d://x", True), ("./s3://a", False), ("s3:/a", False), ("://a", False),
    ("3s://a", False), ("a b://c", False), ("a::s3://b", False), ("é://a", False), ("-", False), (os.devnull, False),
])  # fmt: skip
def test_what_is_a_url(name: str, told: bool) -> None:
    assert is_url(name) is told


def test_workers_of_a_cluster_take_object_stores_too(s3: S3, tmp_path: Path) -> None:
    for name in RUNS:
        s3.put(f"{name}.json", export(name).read_bytes())
    originals = {name: s3.get(name) for name in s3.names()}
    plain = run("upgrade", s3.url, "--dry-run", "--json", env=s3.env)
    asked = ("upgrade", s3.url, "--in-place", "--json", "--journal", tmp_path / "j")
    done = run(*asked, "--engine", "dask", "--jobs", "1", env=s3.env)
    assert (done.code, len(done.rows)) == (0, len(RUNS))
    for row, expected in zip(done.rows, plain.rows, strict=True):
        assert row.pop("output") == row["file"]
        assert {**row, "warnings": []} == {**expected, "warnings": []}
    assert len(s3.names()) == 2 * len(RUNS)
    assert run("undo", tmp_path / "j", env=s3.env).code == 0
    assert {name: s3.get(name) for name in originals} == originals


def test_a_store_that_does_not_answer_is_asked_once() -> None:
    asked: list[str] = []

    class Silent:
        def _strip_protocol(self, url: str) -> str:
            return url

        def info(self, key: str) -> None:
            asked.append(key)
            raise TimeoutError("no answer")

    store = Store(Silent())
    for _ in range(2):
        with pytest.raises(UnreadableError, match="does not answer"):
            store.is_folder("s3://runs/a")
    assert asked == ["s3://runs/a"]
