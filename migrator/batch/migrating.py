"""Migrate files in whichever process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.batch.discover import Source
from migrator.batch.execute import Request, Result, execute_all
from migrator.batch.pool import Stop, never


@dataclass(frozen=True, slots=True)
class Migrating:
    """[`Work`][migrator.batch.pool.Work] that does what a command line asks for each file."""

    request: Request

    @property
    def together(self) -> int:
        """Files that go to the disk together."""
        return self.request.together

    def __call__(self, sources: Sequence[Source], stop: Stop = never) -> list[Result]:
        """What became of each file, in order; nothing of those that the request does not choose."""
        size = self.together
        parts = (sources[start : start + size] for start in range(0, len(sources), size))
        return [result for part in parts for result in execute_all(part, self.request, stop)]
