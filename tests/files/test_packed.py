"""Compressed exports are read and written in place of plain ones."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from support.growth import TIMES, is_linear
from support.process import NAME, ROOT, copy, export, is_expected, run
from support.versions import NEWEST, NEWEST_RUN

import migrator
from migrator.errors import MigratorError, UnreadableError
from migrator.extras import install
from migrator.files.disk import MAX_BYTES
from migrator.files.packed import MAX_MEMBERS, Packing, pack, packing_of_content, packing_of_name, unpack

OLD = "0.4.0/chat-streaming"


def packed(run_name: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(pack(export(run_name).read_bytes(), packing_of_name(target.name)))
    return target


def standard(path: Path) -> bytes:
    """What the standard reader of a format gives: not this package's own."""
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else zstandard.ZstdDecompressor().decompress(raw)


@given(st.binary(), st.sampled_from([None, *Packing]))
def test_unpacking_gives_what_was_packed(raw: bytes, packing: Packing | None) -> None:
    if packing or packing_of_content(raw) is None:
        assert unpack(pack(raw, packing)) == raw
    assert pack(raw, packing) == pack(raw, packing)
    if packing:
        assert packing_of_content(pack(raw, packing)) is packing
        assert unpack(pack(raw, packing) + pack(raw, packing)) == raw + raw, "as gzip and zstd themselves do"


@given(st.binary(), st.sampled_from(list(Packing)))
def test_damage_is_told(raw: bytes, packing: Packing) -> None:
    with_magic = pack(b"", packing)[:4] + raw
    try:
        unpack(with_magic)
    except UnreadableError as error:
        assert error.found  # noqa: PT017 (any other exception is the failure)


@pytest.mark.parametrize("packing", list(Packing))
def test_what_is_cut_off_or_goes_on_is_told(packing: Packing) -> None:
    whole = pack(export(OLD).read_bytes(), packing)
    for size in (4, len(whole) // 2, len(whole) - 1):
        with pytest.raises(UnreadableError, match="ends too early"):
            unpack(whole[:size])
    with pytest.raises(UnreadableError, match="other data after"):
        unpack(whole + b"{}")
    broken = bytearray(whole)
    broken[len(whole) // 2] ^= 0xFF
    with pytest.raises(UnreadableError):
        unpack(bytes(broken))


@pytest.mark.parametrize("packing", list(Packing))
def test_many_members_take_time_as_their_number(packing: Packing) -> None:
    """Two megabytes of small members took minutes."""
    member, many = pack(b"a", packing), 2000
    assert unpack(member * many) == b"a" * many
    assert is_linear(unpack, member * many, member * many * TIMES)
    with pytest.raises(UnreadableError, match="has more than 100,000"):
        unpack(member * (MAX_MEMBERS + 1))


@pytest.mark.parametrize("packing", list(Packing))
def test_a_bomb_does_not_go_off(tmp_path: Path, packing: Packing) -> None:
    bomb = tmp_path / f"a.json{packing}"
    bomb.write_bytes(pack(b" " * (MAX_BYTES * 4), packing))
    assert bomb.stat().st_size < 2**19
    small = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))"
    done = run("inspect", bomb, setup=small)
    assert done.code == 4
    assert done.complaints == [f"{bomb}: unpacks to too much; expected at most 64 MB"]


@pytest.mark.parametrize("suffix", [".json.gz", ".json.zst", ".JSON.GZ"])
def test_every_command_reads_them(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(pack(export(OLD).read_bytes(), packing_of_name(suffix)))
    plain = copy(OLD, tmp_path / "plain" / f"a{suffix}")
    for arguments in (("inspect", "--json"), ("check", "--json"), ("table",), ("textconv",)):
        name, *options = arguments
        own, other = (run(name, *options, "a" + suffix, cwd=folder) for folder in (path.parent, plain.parent))
        assert (own.code, own.raw) == (other.code, other.raw)
    done = run("upgrade", path)
    assert is_expected(done.raw, OLD, NEWEST), "standard output is plain"
    assert is_expected(run("upgrade", "-", stdin=path.read_bytes()).raw, OLD, NEWEST)
    assert [line.split()[-1] for line in run("inspect", ".", cwd=tmp_path).lines] == [
        f"./a{suffix}",
        f"./plain/a{suffix}",
    ]
    assert run("diff", path, plain, "--json").code == 0


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_in_place_they_stay_compressed(tmp_path: Path, suffix: str) -> None:
    path = packed(OLD, tmp_path / f"{NAME}{suffix}")
    before = path.read_bytes()
    assert run("upgrade", ".", "--in-place", "--journal", "j", cwd=tmp_path).code == 0
    assert is_expected(standard(path), OLD, NEWEST)
    assert Path(f"{path}.bak").read_bytes() == before
    after = path.read_bytes()
    assert run("upgrade", ".", "--in-place", cwd=tmp_path).code == 0
    assert path.read_bytes() == after, "nothing to do: the very same bytes"
    assert run("undo", "j", cwd=tmp_path).code == 0
    assert path.read_bytes() == before


def test_the_name_of_an_output_says_how_it_is_compressed(tmp_path: Path) -> None:
    path = packed(OLD, tmp_path / "in" / "a.json.gz")
    for name in ("a.json.gz", "b.json.zst", "c.json"):
        assert run("upgrade", path, "-o", name, cwd=tmp_path).code == 0
        raw = (tmp_path / name).read_bytes()
        assert is_expected(raw if name == "c.json" else standard(tmp_path / name), OLD, NEWEST)
    assert run("upgrade", "in", "-d", "out", cwd=tmp_path).code == 0
    assert is_expected(standard(tmp_path / "out" / "a.json.gz"), OLD, NEWEST)


def test_what_does_not_change_is_the_very_same_file(tmp_path: Path) -> None:
    raw = gzip.compress(export(NEWEST_RUN).read_bytes(), compresslevel=1, mtime=12345)
    (tmp_path / "a.json.gz").write_bytes(raw)
    run("upgrade", "a.json.gz", "-o", "b.json.gz", cwd=tmp_path)
    assert (tmp_path / "b.json.gz").read_bytes() == raw
    run("upgrade", "a.json.gz", "-o", "c.json", cwd=tmp_path)
    assert (tmp_path / "c.json").read_bytes() == export(NEWEST_RUN).read_bytes()


def test_there_and_back_with_a_residue(tmp_path: Path) -> None:
    packed(NEWEST_RUN, tmp_path / "a.json.gz")
    assert run("downgrade", "a.json.gz", "--to", "1.0", "--residue", "-o", "b.json.gz", cwd=tmp_path).code == 0
    assert json.loads((tmp_path / "b.json.gz.residue.json").read_bytes())
    assert run("upgrade", "b.json.gz", "-o", "c.json", cwd=tmp_path).code == 0
    assert (tmp_path / "c.json").read_bytes() == export(NEWEST_RUN).read_bytes()


def test_one_bad_file_never_stops_a_batch(tmp_path: Path) -> None:
    packed(OLD, tmp_path / "in" / "good.json.gz")
    (tmp_path / "in" / "bad.json.gz").write_bytes(zlib.compress(b"{}"))
    (tmp_path / "in" / "cut.json.zst").write_bytes(pack(b"{}" * 100, Packing.ZSTD)[:-3])
    done = run("upgrade", "in", "-d", "out", cwd=tmp_path)
    assert done.code == 4
    assert os.listdir(tmp_path / "out") == ["good.json.gz"]
    assert any(
        "in/cut.json.zst: is zstd data that ends too early (the file may be cut off)" in c for c in done.complaints
    )


def test_zstandard_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    path = packed(OLD, tmp_path / "a.json.zst")
    (tmp_path / "no").mkdir()
    (tmp_path / "no" / "zstandard.py").write_text("raise ImportError('not here')")
    env = {"PYTHONPATH": f"{tmp_path / 'no'}:{ROOT}"}
    done = run("inspect", path, env=env)
    assert done.code == 4
    assert done.complaints == [
        f"{path}: is compressed with Zstandard, and zstandard is not installed ({install('zstd')})"
    ]
    done = run("upgrade", export(OLD), "-o", tmp_path / "b.json.zst", env=env)
    assert done.code == 4
    assert "cannot be compressed with Zstandard" in done.complaints[0]
    assert not (tmp_path / "b.json.zst").exists()
    packed(OLD, tmp_path / "c.json.gz")
    assert run("inspect", tmp_path / "c.json.gz", env=env).code == 0, "gzip needs nothing"


@pytest.mark.parametrize("suffix", [".gz", ".json.zst", ".old.JSON"])
def test_backups_are_never_called_like_exports(tmp_path: Path, suffix: str) -> None:
    done = run("upgrade", copy(OLD, tmp_path / "a.json"), "--in-place", "--backup-suffix", suffix)
    assert done.code == 2
    assert done.complaints[0].startswith("--backup-suffix must not end in .json, .gz or .zst")


def test_the_library_reads_and_writes_them(tmp_path: Path) -> None:
    path = packed(OLD, tmp_path / "a.json.zst")
    old = migrator.read_export(path)
    assert old.to_bytes() == migrator.parse_export(path.read_bytes()).to_bytes() == export(OLD).read_bytes()
    old.write(tmp_path / "b.json.gz")
    assert standard(tmp_path / "b.json.gz") == export(OLD).read_bytes()
    with pytest.raises(MigratorError, match="ends too early"):
        migrator.parse_export(path.read_bytes()[:-9])
