"""The process begins here. `--version` is answered at once: the rest takes as long to import as the interpreter."""

from __future__ import annotations

import gc
import os
import sys

from migrator._version import __version__


def run() -> None:
    """The console script: as [`migrator.cli.main.run`][]."""
    # What is imported stays to the end: there is no garbage in it to look for.
    gc.disable()
    if sys.argv[1:] in (["--version"], ["-V"]) and _printed():
        gc.freeze()
        return
    from migrator.cli.main import run as run_command

    run_command()


def _printed() -> bool:
    """Print the version. False if standard output cannot be written, which the command line then reports."""
    try:
        # Past the buffer, which would keep what could not be written.
        os.write(sys.stdout.fileno(), f"aiperf-migrate {__version__}\n".encode())
    except (OSError, AttributeError, ValueError):
        return False
    return True
