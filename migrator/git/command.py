"""Running git: quietly, in plain English, and with its refusals in this package's words."""

from __future__ import annotations

import os
from typing import Final

from migrator.errors import MigratorError


class GitError(MigratorError):
    """git is missing, or would not do what it was asked."""


_ENVIRONMENT: Final = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat"}


def run_git(*arguments: str, cwd: str | None = None, given: bytes = b"", fine: tuple[int, ...] = (0,)) -> bytes:
    """What a git command prints.

    Args:
        arguments: the command and its arguments; never from a user in a place where an option could stand.
        cwd: the folder to run it in.
        given: its standard input.
        fine: the exit codes that are no failure.

    Raises:
        GitError: git is not installed, the folder is not there, or git failed; with the line in which it says why.
    """
    code, out, told = try_git(*arguments, cwd=cwd, given=given)
    if code in fine:
        return out
    if "not a git repository" in told:
        raise GitError("not inside a git repository", file=cwd or os.curdir)
    raise GitError(f"git {arguments[0]} failed: {told or f'exit code {code}'}")


def try_git(*arguments: str, cwd: str | None = None, given: bytes = b"") -> tuple[int, bytes, str]:
    """The exit code of a git command, what it printed, and the last line of what it complained of.

    Raises:
        GitError: git is not installed, or the folder is not there.
    """
    # Slow to import, and only needed where git is asked.
    import subprocess

    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            input=given,
            capture_output=True,
            env={**os.environ, **_ENVIRONMENT},
            check=False,
        )
    except FileNotFoundError as error:
        if cwd is not None and not os.path.isdir(cwd):
            raise GitError("is no folder", file=cwd) from error
        raise GitError("git is not installed, or not on the PATH") from error
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}") from error
    complaints = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
    first = next((line for line in complaints if line.startswith(("fatal:", "error:"))), complaints[-1])
    return done.returncode, done.stdout, first.removeprefix("fatal: ").removeprefix("error: ")
