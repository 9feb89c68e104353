"""A real terminal, by tmux: type keys into a program, read what is on its screen, change its size."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from support.process import ROOT

THERE: Final = shutil.which("tmux") is not None
PROMPT: Final = "at-the-shell "
_PATIENCE: Final = 60
"""Seconds after which a test that still waits is taken for stuck."""


class Terminal:
    """A terminal of its own server, in which `aiperf-migrate tui` runs.

    Args:
        folder: the socket of the server, and the state of the program, are put there.
        arguments: of `aiperf-migrate tui`.
        size: columns and lines.
        environment: variables besides those of the tests.
    """

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[object],
        size: tuple[int, int] = (100, 30),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._socket = str(folder / "tmux.socket")
        home = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("STATE", "CONFIG", "CACHE")}
        path = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        given = {**home, "PYTHONPATH": path, "TERM": "screen-256color", "PS1": PROMPT, **(environment or {})}
        variables = [f"{name}={value}" for name, value in given.items()]
        command = [sys.executable, "-m", "migrator", "tui", *map(str, arguments)]
        width, height = map(str, size)
        # A shell below it, so that the program can be suspended, and its last words stay on the screen.
        shell = ["env", "-u", "COLUMNS", "-u", "LINES", *variables, "sh", "-i"]
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", width, "-y", height, *shell, cwd=folder)
        self.type(" ".join(command))
        self.press("Enter")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server")

    def _tmux(self, *words: str, cwd: Path | None = None) -> str:
        command = ["tmux", "-S", self._socket, *words]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False).stdout

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        for key in keys:
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def write_over(self, text: str) -> None:
        """Write to the terminal past the program that runs there, as other users and processes can."""
        with open(self._tmux("display-message", "-p", "#{pane_tty}").strip(), "w") as tty:
            tty.write(text)

    def lines(self) -> list[str]:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p").split("\n")

    def text(self) -> str:
        """What is on the screen, as one text."""
        return "\n".join(self.lines())

    def wait(self, until: str | Callable[[str], bool]) -> str:
        """Wait for a text on the screen, or for what a function finds in it; the screen as it is then."""
        end = time.monotonic() + _PATIENCE
        while True:
            seen = self.text()
            if until in seen if isinstance(until, str) else until(seen):
                return seen
            assert time.monotonic() < end, f"waited for {until!r}, saw:\n{seen}"
            time.sleep(0.1)

    def clipboard(self) -> str:
        """What the program has sent to the terminal's clipboard last."""
        return self._tmux("show-buffer")

    def allow_copying(self) -> None:
        """Take what programs send to the clipboard."""
        self._tmux("set", "-g", "set-clipboard", "on")
