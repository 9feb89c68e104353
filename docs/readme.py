"""Fill the console blocks of README.md and of the tutorial with what the commands print: `python docs/readme.py`."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "tutorial.md")
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def filled(text: str) -> str:
    """The page with every command's present output below it; both streams, as a terminal shows them."""
    (ROOT / "build").mkdir(exist_ok=True)

    def fill(match: re.Match[str]) -> str:
        commands = [line for line in match[1].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"{command}\n{_output(command[2:])}" for command in commands) + "```"

    return _BLOCK.sub(fill, text)


def _output(command: str) -> str:
    words = shlex.split(command)
    if "-o" in words:
        # The page is filled again and again: its outputs are its own to replace.
        words.append("--force")
    done = subprocess.run(
        [sys.executable, "-m", "migrator", *words[1:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text()))
