"""A batch on a dask cluster: what one process would have done, whichever worker does it and whatever becomes of it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.process import EXPORTS, Done, command, contents, copy, environment, export, is_expected, leftovers, run
from support.versions import NEWEST

from migrator._version import __version__
from migrator.extras import install

OLD = "0.4.0/chat-streaming"
SMALL = "0.8.0/embeddings"

# Put before everything else in a process: it dies in the middle of its work, at the Nth name that it gives a file
# below a folder, unless another process has died for the same reason before.
DYING = """
import os, signal, sys
folder, flag, left = os.environ["DYING"].split(":")
left = int(left)

def watch(event, arguments):
    global left
    if event in ("os.rename", "os.link") and folder in os.fsdecode(arguments[1]):
        left -= 1
        if left < 0:
            left = sys.maxsize
            try:
                if flag != "always":
                    os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
                os.kill(os.getpid(), signal.SIGKILL)
            except FileExistsError:
                pass

sys.addaudithook(watch)
"""


def is_new(raw: bytes, seen: dict[bytes, bool] = {}) -> bool:  # noqa: B006 (remembers)
    """Whether it is what [`SMALL`][] becomes."""
    if raw not in seen:
        seen[raw] = is_expected(raw, SMALL, NEWEST)
    return seen[raw]


def tree(folder: Path, count: int, recorded: str = SMALL) -> None:
    """So many exports, in folders of fifty."""
    raw = export(recorded).read_bytes()
    for number in range(count):
        place = folder / f"{number // 50:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:04}.json").write_bytes(raw)


def dying(base: Path, folder: str, after: int, flag: str = "died") -> dict[str, str]:
    """The environment of processes of which one will be killed, or, with the flag `always`, each."""
    (base / "dying").mkdir()
    (base / "dying" / "sitecustomize.py").write_text(DYING)
    path = flag if flag == "always" else str(base / flag)
    return {"PYTHONPATH": f"{base / 'dying'}:{environment()['PYTHONPATH']}", "DYING": f"{folder}:{path}:{after}"}


class Cluster:
    """A scheduler and workers of their own, as they would be on other machines: somewhere else on the disk."""

    def __init__(self, base: Path, workers: Sequence[Mapping[str, str]]) -> None:
        self._base = base
        self._told = base / "scheduler.json"
        common = ["--scheduler-file", str(self._told), "--no-dashboard"]
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", *common)
        while not (self._told.exists() and self._told.read_text().endswith("}")):
            time.sleep(0.02)
        self.address: str = json.loads(self._told.read_text())["address"]
        self._plain = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--memory-limit", "0", *common)
        self.workers = [self._start("worker", *self._plain, env=env) for env in workers]

    def another(self) -> None:
        """One more worker."""
        self.workers.append(self._start("worker", *self._plain))

    def _start(self, what: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + what, *arguments],
            cwd=self._base,
            env={**environment(), **(env or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait()


@contextmanager
def cluster(base: Path, *workers: Mapping[str, str]) -> Iterator[Cluster]:
    base.mkdir(exist_ok=True)
    made = Cluster(base, workers)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster of two workers that nothing happens to."""
    with cluster(tmp_path_factory.mktemp("cluster"), {}, {}) as made:
        yield made.address


def on(address: str) -> tuple[str, ...]:
    return ("--engine", "dask", "--dask-address", address)


def same(one: Done, other: Done) -> bool:
    return (one.code, one.stdout, one.stderr) == (other.code, other.stdout, other.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ("upgrade", "in", "bad.json", "-d", "out", "--json", "--residue"),
        pytest.param(
            ("downgrade", "in", "--to", "1.0", "--in-place", "--backup-dir", "kept", "--fsync", "never"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("convert", "--for-aiperf", "0.9.0", "in", "--diff", "--where", "version < 1.4"), marks=pytest.mark.slow
        ),
        ("check", "in", "bad.json"),
    ],
    ids=["upgrade", "downgrade", "convert", "check"],
)
def test_a_cluster_says_and_does_what_one_process_does(tmp_path: Path, shared: str, arguments: tuple[str, ...]) -> None:
    done = []
    for engine in (("--jobs", "1"), on(shared)):
        here = tmp_path / str(len(done))
        for number, path in enumerate([*sorted(EXPORTS.rglob("*.json"))[::5], None]):
            name = here / "in" / f"{number % 3}" / f"{number:02}.json"
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_bytes(path.read_bytes() if path else b'{"schema_version": ')
        (here / "in" / "link.json").symlink_to("0/00.json")
        copy(OLD, here / "bad.json").write_text("[")
        done.append((run(*arguments, *engine, cwd=here), contents(here)))
    assert same(done[0][0], done[1][0])
    assert done[0][1] == done[1][1]
    assert done[0][0].code == 4


def test_the_journal_is_here_and_knows_absolute_names(tmp_path: Path, shared: str) -> None:
    tree(tmp_path / "in", 150)
    before = contents(tmp_path / "in")
    done = run("upgrade", "in", "--in-place", "--journal", "j", *on(shared), cwd=tmp_path)
    assert done.lines[-1] == "150 files: 150 migrated"
    entries = [json.loads(line) for line in (tmp_path / "j").read_text().splitlines()[1:]]
    assert sorted(entry["path"] for entry in entries) == [str(tmp_path / "in" / name) for name in sorted(before)]
    assert all(entry["backup"] == entry["path"] + ".bak" for entry in entries)
    resumed = run("upgrade", "in", "--in-place", "--journal", "j", "--resume", *on(shared), cwd=tmp_path)
    assert resumed.lines[-1] == "150 files: 150 unchanged"
    assert "done before, as the journal says" in resumed.stdout
    assert run("undo", "j", cwd=tmp_path).code == 0
    assert contents(tmp_path / "in") == before


def test_a_journal_that_cannot_be_written_keeps_files_from_being_touched(tmp_path: Path, shared: str) -> None:
    tree(tmp_path / "in", 130)
    before = contents(tmp_path / "in")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))"
    done = run("upgrade", "in", "--in-place", "--journal", "j", *on(shared), cwd=tmp_path, setup=full)
    assert done.code == 4
    # The first bundle of 128 does not fit; the second, of two, does.
    assert done.lines[-1] == "130 files: 2 migrated, 128 failed"
    assert f"{tmp_path / 'j'}: cannot be written: File too large" in done.complaints[0]
    now = contents(tmp_path / "in")
    assert sum(now[name] != raw for name, raw in before.items()) == 2


@pytest.mark.parametrize(
    "where",
    [
        "in place",
        pytest.param("in place, no backup", marks=pytest.mark.slow),
        pytest.param("in a folder", marks=pytest.mark.slow),
    ],
)
def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, where: str) -> None:
    """It is killed in the middle of its first bundle: names were given to some files of it, and not to others."""
    tree(tmp_path / "in", 300)
    originals = contents(tmp_path / "in")
    plain = run("upgrade", tmp_path / "in", "--dry-run", "--json")
    into = tmp_path / "out"
    if where == "in a folder":
        place, below, after = ["-d", str(into)], "/out/", 60
    else:
        # One name for the backup of each of 128, if any, then one for the new file.
        backup = where == "in place"
        place, below, after = ["--in-place"], "/in/", 190 if backup else 60
        place += [] if backup else ["--no-backup"]
    env = dying(tmp_path, below, after)
    journal = str(tmp_path / "j")
    workers = ("--engine", "dask", "--jobs", "2")
    done = run("upgrade", tmp_path / "in", *place, "--json", "--journal", journal, *workers, env=env)
    assert leftovers(tmp_path) == [], "what a process was writing when it was killed is cleared up by the next one"
    assert (tmp_path / "died").exists(), "the test is of a worker that dies"
    rows = done.rows
    assert (done.code, len(rows)) == (0, 300)
    lost = [row for row in rows if row["from"] == "?"]
    for row, expected in zip(rows, plain.rows, strict=True):
        row.pop("output")
        if where == "in place, no backup" and row in lost:
            assert (row["file"], row["status"], row["to"]) == (expected["file"], "migrated", NEWEST)
            assert "its ledger is not known" in row["warnings"][0]
        else:
            assert row == expected
    assert bool(lost) is (where == "in place, no backup")
    target = into if where == "in a folder" else tmp_path / "in"
    outputs = contents(target)
    assert len(outputs) == (600 if where == "in place" else 300)
    assert all(is_new(outputs[name]) for name in originals)
    if where == "in place":
        assert {name.removesuffix(".bak"): outputs[name] for name in outputs if name.endswith(".bak")} == originals
    announced = entries_of(tmp_path / "j")
    assert set(announced) == {str(target / name) for name in originals}
    assert len(announced) > 300, "what was announced and not done is announced again"
    undone = run("undo", "j", cwd=tmp_path)
    assert undone.code == (4 if where == "in place, no backup" else 0)
    if where == "in place":
        assert contents(tmp_path / "in") == originals
    if where == "in a folder":
        assert contents(tmp_path / "out") == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_workers_that_are_killed_at_any_moment_cost_nothing(tmp_path: Path, seed: int) -> None:
    """Workers of a cluster are killed one after the other, at any moment, and others take their place."""
    chance = random.Random(seed)
    tree(tmp_path / "in", 900)
    originals = contents(tmp_path / "in")
    place = ["--in-place"] if seed % 2 else ["-d", "out"]
    with (
        cluster(tmp_path / "cluster", {}, {}) as made,
        started("upgrade", "in", *place, "--journal", "j", "--json", *on(made.address), cwd=tmp_path) as process,
    ):
        while not entries_of(tmp_path / "j") and process.poll() is None:
            time.sleep(0.01)
        for worker in range(3):
            made.another()
            time.sleep(chance.uniform(0, 0.5))
            made.workers[worker].kill()
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    rows = [json.loads(line) for line in out.decode().splitlines()]
    assert [row["file"] for row in rows] == [f"in/{name}" for name in sorted(originals)]
    assert all(row["status"] == "migrated" and row["from"] == "1.1" for row in rows)
    outputs = contents(tmp_path / ("in" if seed % 2 else "out"))
    assert all(is_new(outputs[name]) for name in originals)
    assert run("undo", tmp_path / "j").code == 0
    assert {name: raw for name, raw in contents(tmp_path / "in").items() if name in originals} == originals


@pytest.mark.slow
def test_a_file_that_kills_every_worker_costs_no_other(tmp_path: Path) -> None:
    tree(tmp_path / "in", 260)
    (tmp_path / "in" / "00" / "0007.json").rename(tmp_path / "in" / "00" / "poison.json")
    env = dying(tmp_path, "/poison.json", 0, flag="always") | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    done = run("upgrade", tmp_path / "in", "--in-place", "--engine", "dask", "--jobs", "2", env=env)
    assert done.code == 4
    assert done.lines[-1] == "260 files: 259 migrated, 1 failed"
    (told,) = done.complaints
    assert told.startswith(f"{tmp_path}/in/00/poison.json: every worker that had it was lost, the last one tls://")
    assert told.endswith("(every file is the old or the new one; run it again, with --resume if there is a journal)")
    assert (tmp_path / "in" / "00" / "poison.json").read_bytes() == export(SMALL).read_bytes()
    again = run("upgrade", "in", "--in-place", cwd=tmp_path)
    assert again.lines[-1] == "260 files: 1 migrated, 259 unchanged"


@contextmanager
def started(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env={**environment(), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def entries_of(journal: Path) -> list[str]:
    """The paths in a journal so far."""
    lines = journal.read_bytes().split(b"\n")[1:-1] if journal.exists() else []
    return [json.loads(line)["path"] for line in lines]


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_ends_a_batch_between_files(tmp_path: Path, times: int) -> None:
    """It reaches every process of the terminal; the workers go on with what is in hand."""
    count = 1_600  # Of fewer, all may be done before the signal comes.
    tree(tmp_path / "in", count)
    arguments = ("upgrade", "in", "--in-place", "-v", "--journal", "j", "--engine", "dask", "--jobs", "1")
    with started(*arguments, cwd=tmp_path) as process:
        while not entries_of(tmp_path / "j") and process.poll() is None:
            time.sleep(0.01)
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.1)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    assert err.decode().splitlines() == [
        "aiperf-migrate: interrupted; finished files are complete, the others are untouched"
    ]
    files = {name: raw for name, raw in contents(tmp_path / "in").items() if not name.endswith(".bak")}
    new = {str(tmp_path / "in" / name) for name, raw in files.items() if is_new(raw)}
    assert all(raw == export(SMALL).read_bytes() or is_new(raw) for raw in files.values())
    assert 0 < len(new) < count or times == 2
    told = [tmp_path / line.split()[-1] for line in out.decode().splitlines() if " → " in line]
    if times == 1:
        assert {str(path) for path in told} == new == set(entries_of(tmp_path / "j"))
    else:
        assert new <= set(entries_of(tmp_path / "j"))
    done = run("upgrade", "in", "--in-place", "--journal", "j", "--resume", cwd=tmp_path)
    assert done.code == 0
    assert run("undo", "j", cwd=tmp_path).code == 0
    assert set(contents(tmp_path / "in").values()) == {export(SMALL).read_bytes()}


@pytest.mark.slow
def test_a_cluster_that_goes_away_is_told_and_costs_no_file(tmp_path: Path) -> None:
    tree(tmp_path / "in", 640)
    with (
        cluster(tmp_path / "cluster", {}) as made,
        started("upgrade", "in", "--in-place", "--journal", "j", *on(made.address), cwd=tmp_path) as process,
    ):
        while not entries_of(tmp_path / "j") and process.poll() is None:
            time.sleep(0.01)
        made.scheduler.kill()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 70
    assert "the connection to the dask cluster was lost (every file is the old or the new one" in err.decode()
    assert run("upgrade", "in", "--in-place", "--journal", "j", "--resume", cwd=tmp_path).code == 0
    files = {name: raw for name, raw in contents(tmp_path / "in").items() if not name.endswith(".bak")}
    assert len(files) == 640
    assert all(is_new(raw) for raw in files.values())


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ('__version__ = "0.0.7"', f"has aiperf-migrate 0.0.7; expected {__version__} (all machines need the same)"),
        pytest.param(
            "raise ImportError",
            f"has no aiperf-migrate; expected {__version__} (install {__version__} there)",
            marks=pytest.mark.slow,
        ),
    ],
    ids=["other", "none"],
)
def test_workers_must_have_the_same_tool(tmp_path: Path, tool: str, told: str) -> None:
    package = tmp_path / "there" / "migrator"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "_version.py").write_text(tool)
    copy(OLD, tmp_path / "a.json")
    with cluster(tmp_path / "cluster", {"PYTHONPATH": str(tmp_path / "there")}) as made:
        done = run("upgrade", "a.json", "--in-place", *on(made.address), cwd=tmp_path)
    assert done.code == 2
    assert done.complaints[0].startswith("worker tcp://127.0.0.1:")
    assert done.complaints[0].endswith(f": {told}")
    assert (tmp_path / "a.json").read_bytes() == export(OLD).read_bytes()


def test_without_dask_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "distributed.py").write_text("raise ImportError\n")
    env = {"PYTHONPATH": f"{tmp_path}:{environment()['PYTHONPATH']}"}
    done = run("check", EXPORTS / SMALL, "--engine", "dask", env=env)
    assert done.code == 2
    assert done.complaints == [f"--engine dask needs dask, which is not installed ({install('dask')})"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--dask-address", "tcp://h:1", "-o", "x"), "--dask-address goes with --engine dask"),
        (("--engine", "dask"), "--engine dask needs an output: -o, -d or --in-place"),
        (
            ("--jobs", "2", "-o", "x", *on("tcp://h:1")),
            "--jobs does not go with --dask-address (a",
        ),
        (("-o", "x", *on("h")), "h: is not an address: missing port number"),
        (("-o", "x", *on("x://h")), "x://h: is not an address: unknown address scheme"),
        (("-o", "x", *on("tcp://127.0.0.1:1")), "tcp://127.0.0.1:1: no dask scheduler answers (start one: dask sch"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = run(
        "upgrade", export(OLD), *arguments, cwd=tmp_path, env={"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    )
    assert done.code == 2
    assert done.complaints[0].startswith(told)
    assert list(tmp_path.iterdir()) == []


def test_dask_configuration_names_the_cluster(tmp_path: Path, shared: str) -> None:
    env = {"DASK_SCHEDULER_ADDRESS": "tcp://127.0.0.1:1", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    done = run("check", export(OLD), "--engine", "dask", env=env)
    assert done.complaints[0].startswith("tcp://127.0.0.1:1: no dask scheduler answers")
    done = run("check", export(OLD), "--engine", "dask", env={"DASK_SCHEDULER_ADDRESS": shared})
    assert (done.code, done.lines) == (0, ["1 export checked: nothing found"])
