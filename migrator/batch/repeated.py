"""Files whose shape was met before: they are migrated by what is remembered of it.

The files of a batch are alike in all but their numbers and what is their own. When a [`Shape`][
migrator.migration.shape.Shape] is met for the second time, a recipe for its text is made and kept, if it gives the
very bytes of that migration. Only figures are remembered, not ledgers: a batch that asks for these does each file on
its own. What is handed out is made anew for each file, and what is kept is bounded.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from threading import Lock
from typing import Final

from migrator.batch.discover import Source
from migrator.batch.migrate_loaded import Migrated
from migrator.batch.redact_files import packing_for
from migrator.batch.request import Request, Result, Status
from migrator.errors import MigratorError
from migrator.files.packed import pack, packing_of_content, unpack
from migrator.identify import Family, identify
from migrator.jsonfile import Parsed, parse, render
from migrator.ledger import Loss, Op, Tally
from migrator.migration.migrate import Options, migrate
from migrator.migration.plan import plan
from migrator.migration.recipe import Recipe, can_be_spliced, recipe
from migrator.migration.shape import Shape, looks_at_no_number, shape_of
from migrator.values import NamedTuple, fields

_MOST: Final = 1_000
"""Shapes that are remembered of a batch."""
_MOST_BYTES: Final = 2**24
"""What they may take; the oldest is forgotten first."""


class _Known(NamedTuple):
    """What becomes of files of a shape: the result of one of them, and the recipe, None where nothing changes."""

    result: Result
    recipe: Recipe | None
    size: int


_SEEN_ONCE: Final = _Known(Result(Source("", "", named=False), Status.FAILED), None, 0)
_NOTHING: Final = _Known(_SEEN_ONCE.result, None, 0)
"""Of a shape whose files are each migrated on their own."""


class Sight(NamedTuple):
    """A file that was parsed, and its shape."""

    source: Source
    raw: bytes
    content: bytes
    parsed: Parsed
    shape: Shape
    key: tuple[object, ...]


class Repeated:
    """The shapes that were met among the files of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._known: dict[tuple[object, ...], _Known] = {}
        self._bytes = 0
        self._lock = Lock()

    def sight(self, source: Source, raw: bytes) -> Sight | None:
        """A file without a residue, if shapes are remembered for such files.

        Raises:
            MigratorError: it is damaged.
        """
        content = unpack(raw)
        parsed = parse(content)
        if not parsed.uniform or parsed.constants or not can_be_spliced(parsed.layout):
            return None
        shape = shape_of(parsed.data)
        if shape is None:
            return None
        return Sight(source, raw, content, parsed, shape, (source.named, parsed.layout, *shape.key))

    def migrated(self, sight: Sight) -> Migrated | None:
        """The migration of a file whose shape is known; None for another."""
        known = self._known.get(sight.key)
        if known is None or known.size == 0:
            return None
        request, source, of = self._request, sight.source, known.result
        result = Result(source, of.status, of.reason, of.from_version, of.to_version)
        result.warnings, result.steps, result.tally = list(of.warnings), of.steps, _copied(of.tally)
        if not request.writes or (request.in_place and known.recipe is None):
            return Migrated(result)
        wanted = packing_for(sight.raw, source, request)
        if known.recipe is not None:
            raw = pack(known.recipe.applied(sight.shape, sight.content, sight.parsed.layout), wanted)
        else:
            raw = sight.raw if wanted is packing_of_content(sight.raw) else pack(sight.content, wanted)
        if not request.standard_output:
            result.output = request.target(source)
        return Migrated(result, raw)

    def learn(self, sight: Sight, result: Result) -> None:
        """Take note of what became of a file."""
        known = self._known.get(sight.key)
        if known is None:
            self._note(sight.key, _SEEN_ONCE)
        elif known is _SEEN_ONCE:
            self._note(sight.key, self._tried(sight, result) or _NOTHING)

    def _tried(self, sight: Sight, result: Result) -> _Known | None:
        """What is remembered of a shape, if it gives what the migration of this very file gives."""
        shape, layout = sight.shape, sight.parsed.layout
        if result.status not in (Status.MIGRATED, Status.UNCHANGED) or not shape.is_clear():
            return None
        try:
            identity = identify(shape.stand_in, details=False)
            if identity.family is not Family.EXPORT or identity != identify(shape.document, details=False):
                return None
            options = Options(config=True, keep_secrets=self._request.keep_secrets)
            mine = migrate(shape.document, self._request.goal, options, identity=identity)
            # Its documents share the stats blocks, by which the recipe knows them.
            stand_in = shape.stand_in
            theirs = migrate(stand_in, self._request.goal, options, identity=identity)
        except (MigratorError, RecursionError):
            return None
        tally = mine.ledger.tally()
        if mine.steps != theirs.steps or tally != theirs.ledger.tally() or tally.losses[Loss.REDACTED]:
            return None  # A secret is replaced wherever it stands, in what is the file's own, too.
        size = 1_000 + sum(len(part) for part in sight.key if isinstance(part, bytes))
        kept = Result(Source("", "", named=False), result.status, result.reason, result.from_version, result.to_version)
        kept.warnings, kept.steps, kept.tally = list(result.warnings), mine.steps, tally
        if not mine.changed:
            return None if theirs.changed else _Known(kept, None, size)
        if not looks_at_no_number(plan(identity.version, mine.to)):
            return None
        made = recipe(shape, stand_in, theirs.document, layout)
        if made is None or made.applied(shape, sight.content, layout) != render(mine.document, layout):
            return None
        return _Known(kept, made, size + made.size)

    def _note(self, key: tuple[object, ...], known: _Known) -> None:
        with self._lock:
            self._bytes += known.size - self._known[key].size if key in self._known else known.size
            self._known[key] = known
            while len(self._known) > _MOST or self._bytes > _MOST_BYTES:
                self._bytes -= self._known.pop(next(iter(self._known))).size


def _copied(tally: Tally) -> Tally:
    operations: Counter[Op] = Counter()
    losses: Counter[Loss] = Counter()
    # What `Counter.copy` does, in a fraction of its time.
    dict.update(operations, tally.operations)
    dict.update(losses, tally.losses)
    return Tally(operations, losses, tally.implied)


def repeated(request: Request) -> Repeated | None:
    """What is remembered for a request; None for one whose files are each migrated on their own."""
    return _of(request) if _is_plain(request) else None


_INDIFFERENT: Final = frozenset(
    {
        "goal",
        "direction",
        "out_file",
        "out_folder",
        "in_place",
        "standard_output",
        "options",
        "force",
        "use_residue",
        "keep_secrets",
        "ledgers",
        "all_files",
    }
)
"""What a request may ask for without making more of a file's migration than is remembered."""
_DEFAULTS: Final = tuple((row.name, row.default) for row in fields(Request) if row.name not in _INDIFFERENT)


def _is_plain(request: Request) -> bool:
    """Whether a request asks for no more than a migration to a version, and its figures."""
    if request.ledgers or request.goal.release:
        return False
    return all(getattr(request, name) == default for name, default in _DEFAULTS)


_of = lru_cache(maxsize=4)(Repeated)
