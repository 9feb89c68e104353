"""A folder with modules that somebody else put there, which no process of the tool may run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MODULES: Final = ("json", "multiprocessing", "pickle", "runpy", "struct", "textual", "threading", "tui")
"""What a Python imports as it starts work for this program, and what it might look for."""
TOOL: Final = 'from migrator.cli.main import run\n\nif __name__ == "__main__":\n    run()\n'
"""The script that an installation makes: unlike `python -m`, it does not look into the working directory."""


def plant(folder: Path) -> Path:
    """Put modules into a folder; each notes its name in the file that is given back, if it is ever imported."""
    noted = folder / "imported.txt"
    for name in MODULES:
        (folder / f"{name}.py").write_text(f"open({str(noted)!r}, 'a').write({name!r} + ' ')\n")
    return noted


def tool(folder: Path, text: str = TOOL) -> Path:
    """The tool as a script in a folder of its own."""
    folder.mkdir()
    path = folder / "aiperf-migrate.py"
    path.write_text(text)
    return path
