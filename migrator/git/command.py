"""Run git, without prompts, pager and locks, with its messages in English and its failures as errors."""

from __future__ import annotations

import os
from typing import Final

from migrator.errors import MigratorError


class GitError(MigratorError):
    """git is missing or failed."""


_ENVIRONMENT: Final = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat"}
_SETTINGS: Final = ("-c", "core.fsmonitor=false")
"""A repository that somebody else made may name a program there, which git runs when it looks at the working tree."""


def run_git(*arguments: str, cwd: str | None = None, given: bytes = b"", accepted: tuple[int, ...] = (0,)) -> bytes:
    """What a git command prints.

    Args:
        arguments: the command and its arguments; a user's text must not stand where git could take it for an option.
        cwd: the folder to run it in.
        given: its standard input.
        accepted: the exit codes that are not a failure.

    Raises:
        GitError: git is not installed, the folder does not exist, or git failed; with git's own message.
    """
    code, out, message = try_git(*arguments, cwd=cwd, given=given)
    if code in accepted:
        return out
    if "not a git repository" in message:
        raise GitError("not inside a git repository", file=cwd or os.curdir)
    raise GitError(f"git {arguments[0]} failed: {message or f'exit code {code}'}")


def try_git(*arguments: str, cwd: str | None = None, given: bytes = b"") -> tuple[int, bytes, str]:
    """The exit code of a git command, its standard output, and the line of its standard error that names the error.

    Raises:
        GitError: git is not installed, or the folder does not exist.
    """
    # Slow to import, and only needed where git is called.
    import subprocess

    try:
        done = subprocess.run(
            ["git", *_SETTINGS, *arguments],
            cwd=cwd,
            input=given,
            capture_output=True,
            env={**os.environ, **_ENVIRONMENT},
            check=False,
        )
    except FileNotFoundError as error:
        if cwd is not None and not os.path.isdir(cwd):
            raise GitError("is not a folder", file=cwd) from error
        raise GitError("git is not installed, or not on the PATH") from error
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}") from error
    complaints = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
    first = next((line for line in complaints if line.startswith(("fatal:", "error:"))), complaints[-1])
    return done.returncode, done.stdout, first.removeprefix("fatal: ").removeprefix("error: ")
