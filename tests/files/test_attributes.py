"""Owner, group, permissions, attributes and times stay, wherever a file is copied to; what is refused is told."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.process import command, copy, environment, run

from migrator.files.attributes import take_over

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
OLD = "0.4.0/chat-streaming"


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than `tmp_path`."""
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system")
    with TemporaryDirectory(dir=shm) as folder:
        yield Path(folder)


def _about(path: Path) -> tuple[int, int, int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), status.st_mtime_ns


@ROOT_ONLY
@pytest.mark.parametrize("fsync", ["each", "batch", "never"])
def test_a_backup_on_another_disk_and_its_undo_keep_all(tmp_path: Path, other_disk: Path, fsync: str) -> None:
    target = copy(OLD, tmp_path / "in" / "deep" / "a.json")
    os.chown(target, 12345, 54321)
    target.chmod(0o4640)
    os.utime(target, ns=(10**18, 10**18 + 7))
    before, raw = _about(target), target.read_bytes()
    kept = other_disk / "kept"
    words = ("upgrade", "in", "--in-place", "--backup-dir", kept, "--journal", "j", "--fsync", fsync)
    assert run(*words, cwd=tmp_path).code == 0
    assert _about(kept / "deep" / "a.json") == _about(target) == before
    assert run("undo", "j", cwd=tmp_path).code == 0
    assert (_about(target), target.read_bytes()) == (before, raw)
    assert not kept.exists()


@ROOT_ONLY
def test_attributes_cross_disks(tmp_path: Path, other_disk: Path) -> None:
    target = copy(OLD, tmp_path / "a.json")
    try:
        os.setxattr(target, "user.note", b"mine")
        os.setxattr(other_disk, "trusted.test", b"x")
    except OSError as error:
        pytest.skip(f"no attributes here: {error}")
    os.setxattr(target, "trusted.note", b"theirs")
    run("upgrade", target, "--in-place", "--backup-dir", other_disk)
    for path in (target, other_disk / "a.json"):
        assert os.getxattr(path, "trusted.note") == b"theirs", path
    assert os.getxattr(target, "user.note") == b"mine"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM])
def test_what_a_system_refuses_is_told_and_no_rights_are_given_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "new"
    target.touch()
    like = os.stat_result((0o106674, 1, 1, 1, os.getuid() + 7, os.getgid() + 7, 1, 5, 5, 5))
    for name in ("fchown", "utime"):
        monkeypatch.setattr(os, name, refused)
    with target.open("r+b") as file:
        told = take_over(file.fileno(), like)
        assert told == [f"owner {os.getuid() + 7}", f"group {os.getgid() + 7}", "times"]
        assert stat.S_IMODE(target.stat().st_mode) == 0o644, "what a group may, this one may only as others may"
        monkeypatch.setattr(os, "fchmod", refused)
        assert "permissions" in take_over(file.fileno(), like)


@pytest.mark.parametrize("number", [errno.EIO, errno.EDQUOT])
def test_a_disk_that_fails_is_no_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "new"
    target.touch()
    monkeypatch.setattr(os, "fchmod", fails)
    with target.open("r+b") as file, pytest.raises(OSError, match=os.strerror(number)):
        take_over(file.fileno(), target.stat())


@ROOT_ONLY
def test_a_user_name_space_that_does_not_know_the_owner(tmp_path: Path) -> None:
    target = copy(OLD, tmp_path / "a.json")
    os.chown(target, 12345, 54321)
    target.chmod(0o666)
    tmp_path.chmod(0o777)
    for folder in (tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o111)
    words = ["unshare", "-r", *command("upgrade", target, "--in-place")]
    if subprocess.run(["unshare", "-r", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user name spaces here")
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "does not have the original's owner 65534, group 65534: the system refuses" in done.stderr
    assert target.stat().st_uid == os.geteuid()


def test_a_file_system_that_cannot_wait_for_names_is_told(tmp_path: Path) -> None:
    copy(OLD, tmp_path / "in" / "a.json")
    without = (
        "import errno, os, stat, sys, runpy\n"
        "real = os.fsync\n"
        "def fsync(handle):\n"
        "    if stat.S_ISDIR(os.fstat(handle).st_mode): raise OSError(errno.EINVAL, 'Invalid argument')\n"
        "    real(handle)\n"
        "os.fsync = fsync\n"
        "sys.argv = ['aiperf-migrate', 'upgrade', 'in', '--in-place', '--fsync', 'each']\n"
        "runpy.run_module('migrator', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", without], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "its file system cannot wait for the names in in" in done.stderr
