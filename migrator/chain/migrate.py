"""Take a document from one version to another along the chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from migrator.chain.ledger import Entry, Ledger, Loss, Op
from migrator.chain.ops import ROOT, Add, Field, Move, Object, Rename
from migrator.chain.residue import Residue, apply, measure
from migrator.chain.step import Step
from migrator.chain.steps import FIRST_LABELLED, NEWEST, RANK, STEPS, VERSIONS
from migrator.errors import ResidueError, UnknownVersionError
from migrator.identify import Family, Identity, identify, require_migratable
from migrator.jsonfile import Json
from migrator.metrics import catalogue
from migrator.redact import redact
from migrator.releases import Dialect, release


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a run in the order they are taken, and the fields that ride through versions without them."""

    steps: tuple[Step, ...]
    up: bool
    kept_fields: frozenset[Field] = frozenset()

    def names(self) -> tuple[str, ...]:
        """`("1.0 → 1.1", "1.1 → 1.2")`."""
        return tuple(step.name(up=self.up) for step in self.steps)


@dataclass(slots=True)
class Migration:
    """The result of a migration.

    `document` is the very object that was given where nothing was to be done. `ledger` says what changed,
    `residue` what was saved (None unless asked for), `steps` the way taken.
    """

    document: Object
    identity: Identity
    to: str
    changed: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    steps: tuple[str, ...] = ()
    residue: Residue | None = None
    restored: Residue | None = None


@cache
def plan(source: str, target: str) -> Plan:
    """The way from one version to another.

    Raises:
        UnknownVersionError: one of them is not on the line.
    """
    for version in (source, target):
        if version not in RANK:
            raise UnknownVersionError(f'no schema version "{version}"', expected=", ".join(VERSIONS))
    a, b = RANK[source], RANK[target]
    up = a <= b
    steps = STEPS[a:b] if up else tuple(reversed(STEPS[b:a]))
    lost: set[Field] = set()
    kept: set[Field] = set()
    for step in steps:
        for op in step.ops:
            kept |= lost & op.gains(up)
            lost |= op.gains(not up)
    return Plan(steps, up, frozenset(kept))


def migrate(
    document: Json,
    to: str = NEWEST,
    *,
    residue: Residue | None = None,
    save_residue: bool = False,
    keep_secrets: bool = False,
    identity: Identity | None = None,
) -> Migration:
    """Bring a main export to a schema version, up or down. The argument is never touched.

    Args:
        document: a parsed export ([`migrator.jsonfile.parse`][]).
        to: the version to reach.
        residue: what an earlier migration of this document saved; it is restored on the way.
        save_residue: whether to save what the target has no place for.
        keep_secrets: whether API keys in clear stay; by default they become `<redacted>`.
        identity: what [`identify`][migrator.identify.identify] says of the document, if that is known already.

    Raises:
        NotAnExportError, UnknownVersionError, NewerVersionError: the document cannot be migrated.
        ResidueError: the residue belongs to another document or version.
    """
    identity = identity or identify(document, details=False)
    if residue is not None and residue.is_of(document):
        # What left this chain at a version is at that version, even if its content alone would not prove it.
        identity = identity._replace(family=Family.EXPORT, version=residue.to, versions=(residue.to,))
    require_migratable(identity)
    if to in identity.versions:
        return Migration(document, identity, to)
    way = plan(identity.version, to)
    entries: list[Entry] = []
    dialect = _dialect(document)
    if not keep_secrets:
        document, places = redact(document)
        entries += [Entry("secrets", Op.REDACT, place, Loss.REDACTED) for place in places]
    source, names = identity.version, way.names()
    if residue is not None:
        document, source = _restored(document, identity, residue, entries)
        dialect = residue.dialect
        if not keep_secrets:
            # A residue that was saved with `--keep-secrets` may have brought one back.
            document, places = redact(document)
            entries += [Entry("secrets", Op.REDACT, place, Loss.REDACTED) for place in places]
        way = plan(source, to)
        names = (*plan(identity.version, source).names(), *way.names())
    move = Move(dialect, save_residue, way.kept_fields, entries=entries)
    result = _run(document, way, to, move)
    entries += [_unknown(key) for key in identity.loose if key not in _known_keys()]
    saved = None
    if save_residue and way.steps:
        back = plan(to, source)
        returned = _run(result, back, source, Move(dialect, kept_fields=back.kept_fields))
        saved = measure(document, returned, result, (source, to, dialect))
    return Migration(result, identity, to, True, Ledger(entries), names, saved, residue)


def _restored(document: Object, identity: Identity, residue: Residue, entries: list[Entry]) -> tuple[Object, str]:
    """The document at the version that the residue comes from, with its parts put back."""
    if residue.to not in identity.versions or not residue.belongs_to(document):
        what = "another document" if residue.to in identity.versions else f"version {residue.to}"
        expected = f"one made for this document at {identity.version}"
        raise ResidueError(f"the residue belongs to {what}", expected=expected)
    way = plan(residue.to, residue.origin)
    move = Move(residue.dialect, kept_fields=way.kept_fields, entries=entries)
    document, restored = apply(residue, _run(document, way, residue.origin, move))
    entries += restored
    return document, residue.origin


def _run(document: Object, way: Plan, to: str, move: Move) -> Object:
    for step in way.steps:
        move.step = step.name(up=way.up)
        for op in step.ops if way.up else reversed(step.ops):
            document = op.up(document, move) if way.up else op.down(document, move)
    move.settle(document)
    move.step = f"label {to}"
    return _labelled(document, to, move) if way.steps else document


def _labelled(document: Object, to: str, move: Move) -> Object:
    before = document.get("schema_version")
    if RANK[to] < RANK[FIRST_LABELLED]:
        if before is None:
            return document
        move.note(Op.DROP, ("schema_version",), Loss.DERIVABLE, before=before)
        return {key: value for key, value in document.items() if key != "schema_version"}
    if before is None:
        move.note(Op.ADD, ("schema_version",), Loss.EXACT, after=to)
        return {"schema_version": to, **document}
    if before != to:
        move.note(Op.SET, ("schema_version",), Loss.EXACT, before, to)
    return {**document, "schema_version": to}


def _dialect(document: Object) -> Dialect:
    """The telemetry names of 1.4 for this document: those of the release that wrote it, else the published ones."""
    name = document.get("aiperf_version")
    wrote = release(name) if type(name) is str else None
    return wrote.dialect if wrote and wrote.version == "1.4" else "vendor"


_BASE_KEYS: Final = frozenset(
    {
        "schema_version",
        "records",
        "telemetry_data",
        "input_config",
        "was_cancelled",
        "error_summary",
        "start_time",
        "end_time",
    }
)


@cache
def _known_keys() -> frozenset[str]:
    keys = set(_BASE_KEYS) | catalogue().keys()
    for step in STEPS:
        for op in step.ops:
            inner = getattr(op, "of", op)
            if isinstance(inner, Add) and inner.at == ROOT:
                keys |= {item.key for item in inner.items}
            elif isinstance(inner, Rename) and inner.at == ROOT:
                keys |= inner.table.keys() | set(inner.table.values())
    return frozenset(keys)


def _unknown(key: str) -> Entry:
    return Entry("unknown", Op.KEEP, (key,), Loss.KEPT, note="not known to any version")
