"""Other programs on this terminal: the user's editor and pager, on the file that the cursor is on."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import App, SuspendNotSupported

from migrator.errors import MigratorError
from migrator.render.safe import printable
from migrator.stores import is_url

NOT_HERE = "another program cannot be started in a browser"


def words(environment: Mapping[str, str], names: Sequence[str], default: str) -> list[str]:
    """The command that the first of some variables names, as a shell would part it.

    Raises:
        ValueError: it cannot be parted.
    """
    return shlex.split(next((environment[name] for name in names if environment.get(name)), default))


def edit(app: App[Any], path: str) -> bool:
    """Open a file in $VISUAL or $EDITOR; whether it was changed. What prevents it is told."""
    if is_url(path):
        app.notify("an object of a store cannot be edited: copy it first; | shows it", markup=False)
        return False
    before = _stamp(path)
    if before is None:
        app.notify(printable(f"{path}: does not exist, or cannot be reached; r looks again"), markup=False)
        return False
    _run(app, ("VISUAL", "EDITOR"), "vi", [os.path.abspath(path)])
    # It may have written the file, and have failed after that.
    return _stamp(path) != before


def show(app: App[Any], path: str) -> None:
    """Show a file in $PAGER, without secrets and control characters. What prevents it is told."""
    try:
        text = shown(path)
    except MigratorError as error:
        app.notify(printable(str(error)), severity="error", timeout=10, markup=False)
        return
    if text is None:
        app.notify("not one JSON document: secrets in it could not be found", markup=False)
        return
    _run(app, ("PAGER",), "less", [], text)


def shown(path: str) -> str | None:
    """A file as a pager gets it, indented; None for one that is not one JSON document.

    Raises:
        MigratorError: it cannot be read.
    """
    from migrator.batch.load import load
    from migrator.jsonfile import render
    from migrator.redact import redact

    parsed = load(path).parsed
    if parsed is None:
        return None
    lines = render(redact(parsed.data)[0]).decode().split("\n")
    return "\n".join(map(printable, lines))


def _run(app: App[Any], names: Sequence[str], default: str, arguments: Sequence[str], text: str | None = None) -> None:
    """Run a program on this terminal until it ends. What it wrote is gone then, so that a failure is told."""
    try:
        command = [*words(os.environ, names, default), *arguments]
        with app.suspend():
            code = subprocess.run(command, input=text, text=True, check=False).returncode
        if code:
            told = f"{command[0]} failed: {f'signal {-code}' if code < 0 else f'exit status {code}'}"
            app.notify(printable(told), severity="warning", timeout=10, markup=False)
    except SuspendNotSupported:
        app.notify(NOT_HERE, markup=False)
    except (OSError, ValueError) as error:
        told = f"${names[-1]} cannot be started: {error}; set it to a program that is installed"
        app.notify(printable(told), severity="error", timeout=10, markup=False)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
