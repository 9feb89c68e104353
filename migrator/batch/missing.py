"""Names that no file has: told before anything is done, with those that come near."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from migrator.aiperf.metrics import STATISTICS, is_block
from migrator.batch import paths
from migrator.batch.fields import field_of
from migrator.batch.file import File
from migrator.chain.names import near as near_metrics
from migrator.errors import UsageError
from migrator.identify import Identity
from migrator.jsonfile import Json

_MOST_NAMES: Final = 100_000
"""Names that are kept to propose one; only hostile files have more, and then nothing is refused."""
_LISTED: Final = 8
"""Names that are listed where none comes near."""


class Missing:
    """Fields that are looked for in files, until each was found.

    Args:
        asked: keys of fields → where they stand in an option.
    """

    def __init__(self, asked: Mapping[str, str]) -> None:
        self._missing = dict(asked)
        self._names: set[str] = set()
        self._depths: dict[str, tuple[int, set[str]]] = {}
        self._looked = False

    def look(self, identity: Identity, document: Json) -> bool:
        """Look in a file; whether all have been found, or there is no use in looking on."""
        file = File(identity, document)
        if not file.run:
            # A place in a file of another family can be asked for, too.
            self._missing = {key: place for key, place in self._missing.items() if not field_of(key).values(file)}
            return not self._missing
        self._looked = True
        for key in list(self._missing):
            if _has_value(file, key):
                del self._missing[key]
                continue
            if field_of(key).kind == "any":
                self._note(key, file)
            if _metric_of(key):
                self._names.update(tag for tag, block in file.metrics.items() if is_block(block))
        return not self._missing or len(self._names) > _MOST_NAMES

    def error(self) -> UsageError | None:
        """The error about the first one that is nowhere; None if all were found, or there was no export to look in."""
        if not self._missing or not self._looked or len(self._names) > _MOST_NAMES:
            return None
        key, place = next(iter(self._missing.items()))
        near = self._near(key) if field_of(key).kind == "any" else ""
        metrics = ", ".join(near_metrics(tag, self._names)) if (tag := _metric_of(key)) else ""
        if tag and (metrics or not near):
            return UsageError(
                f"no metric {tag!r}: neither AIPerf nor any of the files has it",
                expected=metrics or "a metric of AIPerf or of the files",
                place=place,
            )
        return UsageError(f"no file has {key!r}", expected=near or "a place in one of the files", place=place)

    def _note(self, key: str, file: File) -> None:
        """Remember how far a path leads, and what could stand where it ends."""
        for document in filter(None, (file.document, file.newest)):
            depth, names = paths.nearest(document, paths.parse(key))
            deepest, known = self._depths.get(key, (-1, set[str]()))
            if depth > deepest:
                deepest, known = depth, set()
            if depth == deepest and len(known) < _MOST_NAMES:
                known.update(names)
            self._depths[key] = deepest, known

    def _near(self, key: str) -> str:
        """What could have been meant: the path with another name where it leads no further; empty if none is near."""
        from difflib import get_close_matches

        depth, names = self._depths.get(key, (0, set[str]()))
        steps = paths.parse(key)
        before = ".".join(step.text for step in steps[:depth])
        if depth >= len(steps):
            return "a place with a value: it is null in all files"
        dot = "." if before else ""
        near = [f"{before}{dot}{name}" for name in get_close_matches(steps[depth].text, sorted(names), 3)]
        listed = ", ".join(sorted(names)[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        return ", ".join(near) or (f"one of the names in {before}: {listed}" if before and names else "")


def _metric_of(key: str) -> str:
    """The metric that a key may mean: of `request_latency.p99`, and of `request_latency.*`; empty for a longer path."""
    tag, _, rest = key.partition(".")
    return tag if any(fnmatchcase(name, rest) for name in STATISTICS) else ""


def _has_value(file: File, key: str) -> bool:
    """Whether a file has a place, with any value but null: an object cannot be compared, but is not misspelt either."""
    field = field_of(key)
    return bool(file.at(paths.parse(key)) if field.kind == "any" else field.values(file))
