"""The command line as a person or script meets it: real processes, with what must hold of every one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from support import warm

ROOT: Final = Path(__file__).parents[2]
EXPORTS: Final = ROOT / "golden" / "exports"
EXPECTED: Final = ROOT / "golden" / "expected"
NAME: Final = "profile_export_aiperf.json"
SECRET: Final = "sk-secret-1234567890abcdef"
"""What the recorded exports of 0.3.0 and 0.6.0 have in clear."""
EXIT_CODES: Final = {0, 1, 2, 3, 4, 130, 141}
"""All that a process may end with; 70 is a bug."""

PREFIX: Final = "aiperf-migrate: "
_PATIENCE: Final = 120
"""Seconds after which a command hangs."""
_FOR_INTERPRETERS: Final = frozenset({
    "LC_ALL", "LANG", "LC_CTYPE", "PYTHONPATH", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONSAFEPATH", "PYTHONHASHSEED",
})  # fmt: skip
"""Variables that the interpreter reads when it starts."""


@dataclass(frozen=True)
class Done:
    """How a process ended, and what it said."""

    code: int
    raw: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        return self.raw.decode()

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error without the name that each must start with."""
        assert all(line.startswith(PREFIX) for line in self.stderr.splitlines()), self.stderr
        return [line.removeprefix(PREFIX) for line in self.stderr.splitlines()]

    @property
    def rows(self) -> list[Any]:
        """Standard output as JSON, one document a line, by the letter of the standard."""
        return [strict_json(line) for line in self.lines]


def strict_json(text: str | bytes) -> Any:
    def refuse(token: str) -> Any:
        raise AssertionError(f"{token} is no JSON")

    return json.loads(text, parse_constant=refuse)


def environment(**changes: str) -> dict[str, str]:
    """A plain user's environment: nothing of the developer's own settings, 80 columns."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    plain = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
    return {**kept, **plain, **changes}


def command(*arguments: str | bytes | Path, setup: str = "") -> list[str]:
    start = [sys.executable, "-m", "migrator", *map(os.fsdecode, arguments)]
    # Not `preexec_fn`, which runs between fork and exec, where little is allowed.
    return (
        [sys.executable, "-c", f"import os, sys\n{setup}\nos.execv(sys.argv[1], sys.argv[1:])", *start]
        if setup
        else start
    )


def run(
    *arguments: str | bytes | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    setup: str = "",
    fresh: bool = False,
) -> Done:
    """`aiperf-migrate ARGUMENTS`, and what every run of it promises: an exit code of the table, no escape sequences.

    Args:
        arguments: of the command line.
        cwd: the folder it runs in; that of this process if none is given.
        stdin: what it can read there.
        env: variables beside those of [`environment`][].
        setup: Python to run in the new process before it becomes the tool.
        fresh: an interpreter that starts, where that matters; else, and if the variables are none of its own, a fork
            of one that has. With `FRESH` in the environment of the tests, all of them start.
    """
    variables = {**environment(), **(env or {})}
    if fresh or setup or "FRESH" in os.environ or not _FOR_INTERPRETERS.isdisjoint(env or ()):
        done = subprocess.run(
            command(*arguments, setup=setup),
            cwd=cwd,
            input=stdin,
            env=variables,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
        ended = warm.Ended(done.returncode, done.stdout, done.stderr)
    else:
        texts = [os.fsdecode(argument) for argument in arguments]
        ended = warm.ended(texts, cwd or Path(), stdin, variables, _PATIENCE)
    stderr = ended.stderr.decode()
    assert ended.code in EXIT_CODES, stderr
    assert "Traceback" not in stderr, stderr
    assert b"\x1b" not in ended.stdout + ended.stderr
    if cwd:
        assert leftovers(cwd) == []
    return Done(ended.code, ended.stdout, stderr)


def leftovers(folder: Path) -> list[Path]:
    """Temporary files of this tool."""
    return [path for path in folder.rglob(".*") if path.name.startswith(".aiperf-migrate")]


def export(run_name: str) -> Path:
    """A recorded export: `export("0.4.0/chat-streaming")`."""
    return EXPORTS / run_name / NAME


def copy(run_name: str, target: Path) -> Path:
    """A copy of a recorded export at `target`, whose folders are made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(export(run_name).read_bytes())
    return target


def is_expected(raw: bytes, run_name: str, version: str) -> bool:
    """Whether bytes are what `golden/expected` says of a recorded export taken to a version."""
    heading = json.loads((EXPECTED / run_name / f"{version}.jsonl").read_text().partition("\n")[0])
    return bool(sha256(raw).hexdigest() == heading["sha256"])


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder, so that a test can tell that nothing was touched: inode, time of change, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (status.st_ino, status.st_mtime_ns, content)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
