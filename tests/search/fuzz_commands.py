"""The fuzzer's way through the commands: the real command line in this process, a journal to undo, a residue."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from support.process import EXPORTS, NAME

GOOD: Final = EXPORTS / "0.13.0/cancelled" / NAME

WAYS: Final = (
    ("inspect {file}",),
    ("inspect {file} --json",),
    ("inspect {folder} --summary", "inspect {folder} --summary --json --to 1.0"),
    ("check {file}", "check {folder} --json"),
    ("textconv {file}",),
    ("diff {file} {good}",),
    ("diff {good} {file} --format markdown", "diff {file} {file} --format html"),
    ("table {file} --format csv",),
    ("table {folder} --rows metric --format json", "table {folder} --format markdown --units column"),
    ("upgrade {file} --diff", "convert {file} --to {version} --explain --dry-run"),
    ("convert {file} --for-aiperf {release} --dry-run --json",),
    ("convert {file} --for-aiperf {release} -o {folder}/out.json", "check {folder}/out.json"),
    ("upgrade {file} -d {folder}/out --backfill", "inspect {folder}/out --json"),
    ("upgrade {folder} --in-place --journal {folder}/j", "undo {folder}/j"),
    (
        "convert {folder} --to {version} --in-place --residue --journal {folder}/j",
        "upgrade {folder} --in-place --no-backup",
    ),
    ("convert {folder} --to {version} --in-place --residue --journal {folder}/j", "undo {folder}/j --json"),
)
"""What is done with a file, one way for each, chosen by its content: the same bytes always go the same way."""


def commanded(raw: bytes) -> None:
    """One of the ways, with the bytes as they are or compressed; the original is there in the end, or was migrated.

    Raises:
        Exception: a bug.
    """
    from search.fuzz import readers

    from migrator.chain.steps import VERSIONS
    from migrator.files.packed import Packing, pack

    choice = int.from_bytes(sha256(raw).digest()[:8], "big")
    choice, packing = divmod(choice, 8)
    choice, way = divmod(choice, len(WAYS))
    choice, version = divmod(choice, len(VERSIONS))
    suffix = ""
    if packing < len(Packing):
        raw = pack(raw, list(Packing)[packing])
        suffix = (".gz", ".zst")[packing]
    with workshop() as folder:
        file = folder / f"a.json{suffix}"
        file.write_bytes(raw)
        names = {
            "file": file,
            "folder": folder,
            "good": GOOD,
            "version": VERSIONS[version],
            "release": readers()[choice % len(readers())],
        }
        for words in WAYS[way]:
            run([word.format(**names) for word in words.split()])
        there = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        # What two commands in a row changed without a backup is not there any more, and is not to be.
        assert raw in there or "--no-backup" in WAYS[way][-1], "a file is lost"
        assert file.exists(), "a file is gone"
        assert not list(folder.rglob(".aiperf-migrate*")), "something is left beside"


def run(arguments: list[str]) -> int:
    """The command line in this process; its exit code, which is never that of a bug."""
    from migrator.cli.main import main
    from migrator.errors import ExitCode, MigratorError

    told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    complaints_raw = io.BytesIO()
    complaints = io.TextIOWrapper(complaints_raw, encoding="utf-8", errors="backslashreplace", write_through=True)
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complaints):
        try:
            code = main(arguments)
        except MigratorError as error:
            str(error)
            code = error.exit_code
        except SystemExit as end:
            code = int(end.code or 0)
    said = complaints_raw.getvalue()
    assert code in {0, 1, 2, 3, 4}, f"{arguments} ends with {code}: {said.decode()}"
    assert code != ExitCode.CRASH
    assert b"\x1b" not in said
    return code


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """A folder that is there while the context lasts; in memory where the system has that."""
    shm = "/dev/shm"
    with tempfile.TemporaryDirectory(prefix="fuzz", dir=shm if os.access(shm, os.W_OK) else None) as folder:
        yield Path(folder)


# --- journals ------------------------------------------------------------------------------------------------

FILES: Final = {
    "a.json": b"new",
    "a.json.bak": b"old",
    "out/b.json": b"made",
    "out/c.json": b"made, too",
    "theirs.json": b"theirs",
}
"""What a batch made, what it kept, and what it has nothing to do with."""


def journals() -> list[bytes]:
    """Journals of the batches that made [`FILES`][]; `@` stands for their folder."""
    from migrator.writing.entries import Entry, digest

    old, new, made, also = (digest(raw) for raw in (b"old", b"new", b"made", b"made, too"))
    lines = [
        Entry("@/a.json", old, new, "@/a.json.bak").line(),
        Entry("@/out/b.json", None, made).line(),
        Entry("@/out/c.json", None, also).line(),
        Entry("@/theirs.json", None, new).line(),
        Entry("@/gone.json", None, new).line(),
    ]
    heads = [b'{"aiperf_migrate_journal": 1, "tool": "aiperf-migrate", "command": "upgrade", "to": "1.5"}\n']
    return [head + b"".join(lines[: 2 + number]) for head in heads for number in range(4)]


def undone(raw: bytes) -> None:
    """Undo what a journal tells. What it did not make, and what it kept, is there afterwards.

    Raises:
        Exception: a bug.
    """
    from migrator.errors import MigratorError
    from migrator.writing.journal import reopen

    with workshop() as folder:
        for name, content in FILES.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        path = folder / "j"
        path.write_bytes(raw.replace(b"@", os.fsencode(folder)))
        try:
            with reopen(str(path)) as kept:
                told = [name for entry in kept.entries() for name in (entry.path, entry.backup) if name]
        except MigratorError:
            told = []
        run(["undo", str(path), "--dry-run", "--json"])
        # Journals that somebody made up may tell of any file of this machine.
        if all(os.path.realpath(name.replace("\0", "")).startswith(f"{folder}/") for name in told):
            for _ in range(2):
                run(["undo", str(path), "--trust"])
        run(["undo", str(path)])
        there = [found.read_bytes() for found in folder.rglob("*") if found.is_file()]
        assert b"old" in there, "the original is lost"
        assert b"theirs" in there, "somebody's file is lost"


# --- residues ------------------------------------------------------------------------------------------------


def residues() -> list[bytes]:
    """Residues of a recorded export, of every version."""
    from migrator.chain.steps import VERSIONS

    return [raw for version in VERSIONS for raw in [_lowered(version)[1]] if raw]


@cache
def _lowered(version: str) -> tuple[Any, bytes | None]:
    from migrator.jsonfile import parse
    from migrator.migration.migrate import Options, migrate

    done = migrate(parse(GOOD.read_bytes()).data, version, Options(config=True, save_residue=True))
    return done.document, done.residue.to_bytes("fuzz") if done.residue else None


def restored(raw: bytes) -> None:
    """Restore a residue to the document it says it is of.

    Raises:
        Exception: a bug.
    """
    from migrator.chain.steps import VERSIONS
    from migrator.errors import MigratorError
    from migrator.jsonfile import render
    from migrator.migration.migrate import Options, migrate
    from migrator.migration.residue import Residue

    try:
        residue = Residue.from_bytes(raw)
        if residue.to not in VERSIONS:
            return
        document = _lowered(residue.to)[0]
        before = render(document)
        for version in {residue.origin, VERSIONS[-1]} & set(VERSIONS):
            render(migrate(document, version, Options(config=True), residue=residue).document)
    except MigratorError:
        return
    assert render(document) == before, "a migration does not touch what it is given"
