"""Files whose shape was met before: they are migrated by what is remembered of it.

The files of a batch are alike in all but their numbers and what is their own. When a [`Shape`][
migrator.migration.shape.Shape] is met for the second time, a recipe for its text is made and kept, if it gives the
very bytes of that migration. Only figures are remembered, not ledgers: a batch that asks for these does each file on
its own. What is handed out is made anew for each file, and what is kept is bounded. While all shapes are new, few files
are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from functools import lru_cache
from typing import Final

from migrator.batch.discover import Source
from migrator.batch.migrate_loaded import Migrated
from migrator.batch.redact_files import packing_for
from migrator.batch.request import Request, Result, Status
from migrator.errors import MigratorError
from migrator.files.packed import pack, packing_of_content, unpack
from migrator.identify import Family, Identity, identify
from migrator.jsonfile import Object, Parsed, parse
from migrator.ledger import Loss, Op, Tally
from migrator.migration.migrate import Options, migrate
from migrator.migration.plan import plan
from migrator.migration.recipe import Recipe, can_be_spliced, recipe
from migrator.migration.shape import Shape, looks_at_no_number, shape_of
from migrator.migration.shapes import Shapes
from migrator.redact import find_secrets
from migrator.redact.search import searched
from migrator.values import NamedTuple, fields


class Sight(NamedTuple):
    """A file that was parsed, and its shape."""

    source: Source
    raw: bytes
    content: bytes
    parsed: Parsed
    shape: Shape
    key: tuple[Hashable, ...]


class _Known(NamedTuple):
    """What becomes of files of a shape: the result of one of them, and the recipe, None where nothing changes.

    `secrets` are those that all these files declare; one in which they stand elsewhere, too, is migrated on its own.
    """

    result: Result
    recipe: Recipe | None
    secrets: tuple[str, ...] = ()

    def has_secret(self, sight: Sight, text: bytes) -> bool:
        """Whether one of the secrets stands in what is a file's own, or in the text of its upgrade."""
        own = [value for value in sight.shape.masked.values.values() if type(value) is str]
        return any(secret.encode() in text or any(secret in value for value in own) for secret in self.secrets)


_SEEN_ONCE: Final = _Known(Result(Source("", "", named=False), Status.FAILED), None)
_NOTHING: Final = _Known(_SEEN_ONCE.result, None)
"""Of a shape whose files are each migrated on their own."""


_ALL_NEW: Final = 16
"""After so many new shapes in a row, only some files are looked at: it costs a tenth of a migration to tell a shape."""
_ONE_OF: Final = 8
"""One of so many, until a shape comes again."""


class Repeated:
    """The shapes that were met among the files of one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._shapes: Shapes[_Known] = Shapes()
        self._new = 0
        self._passed_over = 0

    def sight(self, source: Source, raw: bytes) -> Sight | None:
        """A file without a residue, if shapes are remembered for such files; None for one that is damaged, too.

        None as well for most files where none has been like another.
        """
        if self._new >= _ALL_NEW:
            self._passed_over += 1
            if self._passed_over % _ONE_OF:
                return None
        try:
            content = unpack(raw)
            parsed = parse(content)
        except MigratorError:
            return None  # Or it may have one document a line. What migrates it on its own tells.
        if not parsed.uniform or parsed.constants or not can_be_spliced(parsed.layout):
            return None
        shape = shape_of(parsed.data)
        if shape is None:
            return None
        return Sight(source, raw, content, parsed, shape, (source.named, parsed.layout, *shape.key))

    def migrated(self, sight: Sight) -> Migrated | None:
        """The migration of a file whose shape is known; None for another."""
        known = self._shapes.get(sight.key)
        self._new = self._new + 1 if known is None else 0
        if known is None or known is _SEEN_ONCE or known is _NOTHING:
            return None
        request, source, of = self._request, sight.source, known.result
        result = Result(source, of.status, of.reason, of.from_version, of.to_version)
        result.warnings, result.steps, result.tally = list(of.warnings), of.steps, _copied(of.tally)
        if not request.writes or (request.in_place and known.recipe is None):
            return Migrated(result)
        if not request.standard_output:
            result.output = request.target(source)
        wanted = packing_for(sight.raw, source, request)
        if known.recipe is None:
            same = wanted is packing_of_content(sight.raw)
            return Migrated(result, sight.raw if same else pack(sight.content, wanted))
        text = known.recipe.applied(sight.shape, sight.content, sight.parsed.layout)
        return None if known.secrets and known.has_secret(sight, text) else Migrated(result, pack(text, wanted))

    def learn(self, sight: Sight, identity: Identity, found: Migrated) -> None:
        """Take note of what became of a file, and of what it is."""
        known = self._shapes.get(sight.key)
        if known is None:
            self._shapes.note(sight.key, _SEEN_ONCE)
        elif known is _SEEN_ONCE:
            tried = self._tried(sight, identity, found) or _NOTHING
            self._shapes.note(sight.key, tried, tried.recipe.size if tried.recipe else 0)

    def _tried(self, sight: Sight, identity: Identity, found: Migrated) -> _Known | None:
        """What is remembered of a shape, if it gives what the migration of this very file gave."""
        shape, result = sight.shape, found.result
        if result.status not in (Status.MIGRATED, Status.UNCHANGED) or not shape.is_clear():
            return None
        stand_in = shape.stand_in
        try:
            if identity.family is not Family.EXPORT or identity != identify(stand_in, details=False):
                return None
            options = Options(config=True, keep_secrets=self._request.keep_secrets)
            theirs = migrate(stand_in, self._request.goal, options, identity=identity)
        except (MigratorError, RecursionError):
            return None
        tally = _copied(result.tally)
        if result.steps != theirs.steps or tally != theirs.ledger.tally():
            return None
        secrets = self._secrets(shape.document) if tally.losses[Loss.REDACTED] else ()
        if secrets is None:
            return None
        kept = Result(Source("", "", named=False), result.status, result.reason, result.from_version, result.to_version)
        kept.warnings, kept.steps, kept.tally = list(result.warnings), result.steps, tally
        if result.status is Status.UNCHANGED:
            return None if theirs.changed else _Known(kept, None)
        if not looks_at_no_number(plan(identity.version, theirs.to)):
            return None
        made = self._recipe(sight, stand_in, theirs.document, found)
        known = made and _Known(kept, made, secrets)
        return None if known and known.has_secret(sight, b"") else known

    def _secrets(self, document: Object) -> tuple[str, ...] | None:
        """The secrets that are replaced wherever they stand; None if they cannot be looked for in what is written."""
        secrets = searched(find_secrets(document))
        if not self._request.writes or not all(map(_is_as_it_is_written, secrets)):
            return None
        return tuple(secrets)

    def _recipe(self, sight: Sight, stand_in: Object, result: Object, found: Migrated) -> Recipe | None:
        """A recipe that gives the very text of the file that was migrated."""
        layout = sight.parsed.layout
        made = recipe(sight.shape, stand_in, result, layout)
        if made is None or not self._request.writes:
            return made
        text = made.applied(sight.shape, sight.content, layout)
        return made if pack(text, packing_for(sight.raw, sight.source, self._request)) == found.raw else None


def _is_as_it_is_written(text: str) -> bool:
    """Whether a text stands in JSON as it is."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _copied(tally: Tally) -> Tally:
    operations: Counter[Op] = Counter()
    losses: Counter[Loss] = Counter()
    # What `Counter.copy` does, in a fraction of its time.
    dict.update(operations, tally.operations)
    dict.update(losses, tally.losses)
    return Tally(operations, losses, tally.implied)


class _Last(NamedTuple):
    request: Request
    known: Repeated | None


def repeated(request: Request) -> Repeated | None:
    """What is remembered for a request; None for one whose files are each migrated on their own."""
    global _last
    last = _last
    # The files of a batch have one request: to compare two takes as long as to look at a file.
    if last is None or last.request is not request:
        last = _last = _Last(request, _of(request) if _is_plain(request) else None)
    return last.known


_last: _Last | None = None


def forget() -> None:
    """Forget all shapes."""
    global _last
    _last = None
    _of.cache_clear()


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
