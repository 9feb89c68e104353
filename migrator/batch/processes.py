"""How this program starts another Python: never with modules of the working directory.

A Python that is started with `-m` or `-c` looks for modules in the working directory first. That is a folder of
exports here, which may hold a `pickle.py` of anybody's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# No pathlib: every command imports this, and pathlib takes a tenth of what `inspect` does.
ROOT: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The folder that holds this package: `site-packages`, or a checkout."""
_START: Final = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1));"
    " runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)
_SAFE: Final = "PYTHONSAFEPATH"


def python(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module of this program, as `python -m` would, in a Python of its own.

    The folder of this package comes last on the path, so a checkout that is not installed works, too, and nothing in
    it stands before the standard library.
    """
    return [sys.executable, "-P", "-c", _START, ROOT, module, *arguments]


@contextmanager
def safe_path() -> Iterator[None]:
    """Every Python that is started meanwhile runs as with `-P`: for `multiprocessing`, which takes no such option."""
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE]
        else:
            os.environ[_SAFE] = before
