"""Take a document from one version to another along the chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import Dialect, release
from migrator.chain.ops import Add, Move, Rename
from migrator.chain.pivot import Pivot
from migrator.chain.places import ROOT, Field
from migrator.chain.step import Step
from migrator.chain.steps import ENTRY, FIRST_LABELLED, GENAI_PERF, NEWEST, RANK, STEPS, VERSIONS, rank
from migrator.chain.telemetry import VENDOR_NAMES
from migrator.config.acceptance import rejections
from migrator.config.for_release import Translation, own_release, translated
from migrator.errors import RejectedError, ResidueError, UnknownVersionError
from migrator.identify import Family, Identity, identify, require_migratable
from migrator.jsonfile import Json, Object, Path
from migrator.ledger import Entry, Ledger, Loss, Op
from migrator.migration.residue import Residue, apply, measure
from migrator.redact import redact

Finish = Callable[[Object, str], tuple[Object, list[Entry]]]
"""(a document, its version) → the document with facts from elsewhere, and an entry for each of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a run in the order they are taken, and the fields that ride through versions without them."""

    steps: tuple[Step, ...]
    up: bool
    kept_fields: frozenset[Field] = frozenset()

    def names(self) -> tuple[str, ...]:
        """`("1.0 → 1.1", "1.1 → 1.2")`."""
        return tuple(step.name(up=self.up) for step in self.steps)


Trace = dict[str, Object]
"""Stage of a way, by the name that the ledger has for it → the document after it, in order."""


@dataclass(slots=True)
class Migration:
    """The result of a migration.

    `document` is the very object that was given where nothing was to be done. `ledger` says what changed,
    `residue` what was saved (None unless asked for), `steps` the way taken, `trace` the document after each stage.
    """

    document: Object
    identity: Identity
    to: str
    changed: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    steps: tuple[str, ...] = ()
    residue: Residue | None = None
    restored: Residue | None = None
    trace: Trace = field(default_factory=dict)


@cache
def plan(source: str, target: str) -> Plan:
    """The way from one version to another.

    Raises:
        UnknownVersionError: one of them is not on the line.
    """
    for version in (source, target):
        if version not in RANK and version != GENAI_PERF:
            raise UnknownVersionError(f'no schema version "{version}"', expected=", ".join(VERSIONS))
    up = rank(source) <= rank(target)
    steps = _line(source, target) if up else tuple(reversed(_line(target, source)))
    lost: set[Field] = set()
    kept: set[Field] = set()
    for step in steps:
        for op in step.ops:
            kept |= lost & op.gains(up)
            lost |= op.gains(not up)
    return Plan(steps, up, frozenset(kept))


def _line(older: str, newer: str) -> tuple[Step, ...]:
    """The steps from one version up to another. GenAI-Perf enters at 0.2: what came before is AIPerf's own past."""
    if older != GENAI_PERF:
        return STEPS[RANK[older] : RANK[newer]]
    if newer == GENAI_PERF:
        return ()
    if RANK[newer] < RANK[ENTRY.newer]:
        raise UnknownVersionError(
            f"GenAI-Perf exports cannot become {newer}", expected=f"{ENTRY.newer} or newer", hint="only AIPerf wrote it"
        )
    return (ENTRY, *STEPS[RANK[ENTRY.newer] : RANK[newer]])


def migrate(
    document: Json,
    to: str = NEWEST,
    *,
    release_name: str | None = None,
    config: bool = False,
    residue: Residue | None = None,
    save_residue: bool = False,
    keep_secrets: bool = False,
    identity: Identity | None = None,
    finish: Finish | None = None,
) -> Migration:
    """Bring a main export to a schema version, up or down. The argument is never touched.

    Args:
        document: a parsed export ([`migrator.jsonfile.parse`][]).
        to: the version to reach.
        release_name: the AIPerf release that is to read the result; `to` must be the version it writes. What that
            release would reject is left out, and noted.
        config: whether `input_config` is translated into the dialect of the version's own release: the one that
            wrote the document, if it wrote that version, else the last that did. Without it, or a release, the
            configuration passes through unchanged.
        residue: what an earlier migration of this document saved; it is restored on the way.
        save_residue: whether to save what the target has no place for.
        keep_secrets: whether API keys in clear stay; by default they become `<redacted>`.
        identity: what [`identify`][migrator.identify.identify] says of the document, if that is known already.
        finish: adds facts that are not in the document, such as [`Backfill`][migrator.backfill.beside.Backfill].

    Raises:
        NotAnExportError, UnknownVersionError, NewerVersionError: the document cannot be migrated.
        ResidueError: the residue belongs to another document or version.
        RejectedError: the release would not read the document, for something outside its configuration.
    """
    identity = _identity(document, to, identity or identify(document, details=False), residue)
    given = document
    same = to in identity.versions
    restores = residue is not None and residue.origin == residue.to
    if same and release_name is None and not restores:
        return _finished(document, identity, to, finish, keep_secrets=keep_secrets)
    source = to if same else identity.version
    way = plan(source, to)
    entries: list[Entry] = []
    trace: Trace = {}
    dialect = _dialect(document, to, release_name)
    if not keep_secrets:
        document = trace["secrets"] = _redacted(document, entries)
    names = way.names()
    if residue is not None:
        document, source = _restored(document, identity, residue, entries, trace)
        dialect = residue.dialect
        if not keep_secrets:
            # A residue that was saved with `--keep-secrets` may have brought one back.
            document = _redacted(document, entries)
        trace["residue"] = document
        way = plan(source, to)
        names = (*plan(identity.version, source).names(), *way.names())
    restored = residue is not None and source == to
    translation = (
        _translation(document, source, to, release_name) if release_name or (config and not restored) else None
    )
    start = document
    move = Move(dialect, save_residue, way.kept_fields, entries=entries)
    result = _run(document, way, to, move, translation, trace)
    if finish:
        result, added = finish(result, to)
        entries += added
    if release_name is not None:
        result = _for_release(result, to, release_name, move)
    if same and result is given:
        return Migration(given, identity, to)
    entries += [_unknown(key) for key in identity.loose if key not in _known_keys()]
    saved = _saved(start, result, (source, to, dialect), translation) if save_residue else None
    return Migration(result, identity, to, True, Ledger(entries), names, saved, residue, trace)


def _identity(document: Object, to: str, identity: Identity, residue: Residue | None) -> Identity:
    """What a document is to a migration; raises as [`migrate`][] does where it cannot be one."""
    if residue is not None and residue.is_of(document):
        # What left this chain at a version is at that version, even if its content alone would not prove it.
        identity = identity._replace(family=Family.EXPORT, version=residue.to, versions=(residue.to,))
    require_migratable(identity)
    if to == GENAI_PERF and identity.version != to and (residue is None or residue.origin != to):
        raise UnknownVersionError(
            "GenAI-Perf's shape can only be given back to what came from there",
            expected="an export that was upgraded from GenAI-Perf with --residue, and that residue beside it",
        )
    return identity


def _translation(document: Object, source: str, to: str, release_name: str | None) -> Translation | None:
    """Between which releases `input_config` is translated; GenAI-Perf's rides along as it is."""
    if GENAI_PERF in (source, to):
        return None
    target = release_name or own_release(document, to)
    return Translation(own_release(document, source), target, strict=release_name is not None)


def _for_release(document: Object, version: str, name: str, move: Move) -> Object:
    """The document as a release reads it.

    Raises:
        RejectedError: it would not, for something outside the configuration.
    """
    document = _in_dialect(document, version, name, move)
    if refused := rejections(document, name, translated=True):
        raise RejectedError(name, refused[0].path, refused[0].reason)
    return document


def _saved(start: Object, result: Object, way: tuple[str, str, Dialect], translation: Translation | None) -> Residue:
    """What a result has no place for: it is taken straight back, and compared with what it was made of.

    `way` is the version it came from, the one it is at, and the dialect.
    """
    source, to, dialect = way
    back = plan(to, source)
    returning = translation.back() if translation else None
    returned = _run(result, back, source, Move(dialect, kept_fields=back.kept_fields), returning)
    releases = (translation.source, translation.target) if translation else None
    return measure(start, returned, result, (source, to, dialect), releases)


def _redacted(document: Object, entries: list[Entry]) -> Object:
    clean, places = redact(document)
    entries += [Entry("secrets", Op.REDACT, place, Loss.REDACTED) for place in places]
    return clean


def _in_dialect(document: Object, version: str, release_name: str, move: Move) -> Object:
    """GPU telemetry under the names of the release: 1.4 has two dialects, and a file may come in the other one."""
    found = release(release_name)
    if version != "1.4" or found is None:
        return document
    move.step = f"telemetry {release_name}"
    for op in VENDOR_NAMES if found.dialect == "vendor" else reversed(VENDOR_NAMES):
        document = op.up(document, move) if found.dialect == "vendor" else op.down(document, move)
    return document


def _finished(document: Object, identity: Identity, to: str, finish: Finish | None, *, keep_secrets: bool) -> Migration:
    """A document that is where it should be; only facts from elsewhere can change it."""
    result, added = finish(document, to) if finish else (document, [])
    if not added:
        return Migration(document, identity, to)
    places: list[Path] = []
    if not keep_secrets:
        result, places = redact(result)
    redactions = [Entry("secrets", Op.REDACT, place, Loss.REDACTED) for place in places]
    return Migration(result, identity, to, True, Ledger([*redactions, *added]))


def _restored(
    document: Object, identity: Identity, residue: Residue, entries: list[Entry], trace: Trace
) -> tuple[Object, str]:
    """The document at the version that the residue comes from, with its parts put back."""
    if residue.to not in identity.versions or not residue.belongs_to(document):
        what = "another document" if residue.to in identity.versions else f"version {residue.to}"
        expected = f"one made for this document at {identity.version}"
        raise ResidueError(f"the residue belongs to {what}", expected=expected)
    way = plan(residue.to, residue.origin)
    move = Move(residue.dialect, kept_fields=way.kept_fields, entries=entries)
    translation = Translation(*residue.releases, strict=False).back() if residue.releases else None
    document, restored = apply(residue, _run(document, way, residue.origin, move, translation, trace))
    entries += restored
    return document, residue.origin


def _run(
    document: Object,
    way: Plan,
    to: str,
    move: Move,
    translation: Translation | None = None,
    trace: Trace | None = None,
) -> Object:
    """The steps of a way, and the configuration at their newer end: there the document says most about it."""
    trace = {} if trace is None else trace
    if translation and not way.up:
        document = _translated(document, translation, move, trace)
    for step in way.steps:
        move.step = step.name(up=way.up)
        for op in step.ops if way.up else reversed(step.ops):
            document = op.up(document, move) if way.up else op.down(document, move)
        trace[move.step] = document
    move.settle(document)
    move.step = f"label {to}"
    if way.steps:
        document = trace[move.step] = _labelled(document, to, move)
    if translation and way.up:
        document = _translated(document, translation, move, trace)
    return document


def _translated(document: Object, translation: Translation, move: Move, trace: Trace) -> Object:
    document, entries = translated(document, translation, move.dropped)
    move.entries += entries
    if entries:
        trace[entries[0].step] = document
    return document


def _labelled(document: Object, to: str, move: Move) -> Object:
    before = document.get("schema_version")
    if rank(to) < RANK[FIRST_LABELLED]:
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


def _dialect(document: Object, to: str, release_name: str | None) -> Dialect:
    """The telemetry names of 1.4 for this document: of the release to read it, of its writer, or the published ones."""
    name = release_name if to == "1.4" and release_name else document.get("aiperf_version")
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
    for step in (ENTRY, *STEPS):
        for op in step.ops:
            inner = getattr(op, "of", op)
            if isinstance(inner, Add) and inner.at == ROOT:
                keys |= {item.key for item in inner.items}
            elif isinstance(inner, Rename) and inner.at == ROOT:
                keys |= inner.table.keys() | set(inner.table.values())
            elif isinstance(inner, Pivot):
                keys |= {inner.key, inner.kept_as}
    return frozenset(keys)


def _unknown(key: str) -> Entry:
    return Entry("unknown", Op.KEEP, (key,), Loss.KEPT, note="not known to any version")
