"""Records of runs that have no export: what a command about exports says of them."""

from __future__ import annotations

from migrator.batch.discover import Source, is_alone
from migrator.cli.streams import complain
from migrator.render.safe import printable
from migrator.render.text import plural

_MOST = 3
"""Files that are named."""


class Alone:
    """Collects the records without an export that a command comes across, so that no run is left out in silence."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._more = 0

    def look(self, source: Source) -> None:
        """Look at a file."""
        if not is_alone(source):
            return
        if len(self._names) < _MOST:
            self._names.append(source.path)
        else:
            self._more += 1

    def tell(self) -> None:
        """Say on standard error what was found, and how a run gets an export."""
        for name in self._names:
            complain(f"{printable(name)}: holds requests without an export: `aiperf-migrate rebuild` makes one of them")
        if self._more:
            complain(f"and {plural(self._more, 'more file')} of requests without an export")
