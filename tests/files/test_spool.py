"""A spool gives back what was added, in order, from memory or from a file."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from typing import IO

import pytest

from migrator.backfill.doubles import Doubles
from migrator.errors import UnwritableError
from migrator.files.digest import digest, sha256
from migrator.files.spool import _IN_MEMORY, Spool


@pytest.mark.parametrize("count", [0, 1, _IN_MEMORY, _IN_MEMORY + 1, 3 * _IN_MEMORY])
def test_what_was_added_comes_back_in_order_and_again(count: int) -> None:
    added = [(number, str(number)) for number in range(count)]
    with Spool[tuple[int, str]]() as spool:
        for one in added:
            spool.add(one)
        assert list(spool) == added
        assert list(spool) == added


def test_a_few_objects_need_no_file() -> None:
    code = (
        "import sys; from migrator.files.spool import Spool\n"
        "with Spool() as spool:\n spool.add(1)\n assert list(spool) == [1]\n"
        "sys.exit(bool({'tempfile', 'pickle'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_file_is_closed_at_the_end() -> None:
    with Spool[int]() as spool:
        for number in range(_IN_MEMORY + 1):
            spool.add(number)
        file = spool._file
        assert file is not None
    assert file.closed


def test_sha_256_is_that_of_everybody() -> None:
    assert sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_a_digest_has_the_size_asked_for_and_differs() -> None:
    assert len(digest(b"", 8)) == 8
    assert len({digest(bytes([number]), 16) for number in range(256)}) == 256


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files on a device that has no room."""

    def made(prefix: str, buffering: int = -1) -> IO[bytes]:
        return open("/dev/full", "wb+", buffering=buffering)

    monkeypatch.setattr(tempfile, "TemporaryFile", made)


def _all_of(added: list[object]) -> list[object]:
    with Spool[object]() as spool:
        for one in added:
            spool.add(one)
        return list(spool)


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("one", [b"x" * 100_000, 1], ids=["at once", "in the buffer"])
def test_a_full_temporary_folder_is_told(one: object) -> None:
    with pytest.raises(UnwritableError, match=r"a temporary file in .*No space left on device"):
        _all_of([one] * (_IN_MEMORY + 3))


@pytest.mark.usefixtures("full_disk")
def test_values_that_find_no_room_are_told() -> None:
    many = Doubles()
    many.append(1.0)
    with pytest.raises(UnwritableError, match=r"No space left on device.*free some space"):
        many.store()
    assert list(many) == [1.0]
