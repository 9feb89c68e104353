"""The entry of the command, under a name of its own: it takes `migrator` and `tui` from beside itself.

Another program's package of one of these names, earlier on the path, would else be started in their place.
"""

from __future__ import annotations

import os
import sys

# As `importlib.machinery` has it, which takes longer to import than the rest that `--version` needs.
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_HERE = os.path.dirname(os.path.abspath(__file__))


class _Ours:
    """Finds the packages of this tool, whatever else is on the path."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Where a package of this tool is; None for any other module."""
        return PathFinder.find_spec(name, [_HERE]) if name in ("migrator", "tui") else None


sys.meta_path.insert(0, _Ours)


def run() -> None:
    """The console script."""
    from migrator.cli.start import run as start

    start()


if __name__ == "__main__":
    run()
