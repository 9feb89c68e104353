"""Take a document from one version to another along the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from migrator.aiperf.releases import Dialect, release
from migrator.chain.chain import Chain
from migrator.chain.families import MAIN, chain_of
from migrator.chain.keys import known_keys
from migrator.chain.nulls import WRITTEN_AT, with_nulls, without_nulls
from migrator.chain.operation import Context
from migrator.chain.steps import GENAI_PERF, NEWEST
from migrator.chain.telemetry import VENDOR_NAMES
from migrator.config.acceptance import rejections
from migrator.config.for_release import Translation, own_release, translated
from migrator.errors import NotAnExportError, RejectedError, ResidueError, UnknownVersionError
from migrator.identify import Family, Identity, as_known, identify, require_chain
from migrator.jsonfile import Json, Object, render
from migrator.ledger import Entry, Ledger, Loss, Op
from migrator.migration.genai_perf import (
    has_untranslated,
    with_input_config,
    without_input_config,
    without_telemetry,
)
from migrator.migration.goal import Goal, is_at, target_of
from migrator.migration.kept import kept_additions, kept_field
from migrator.migration.label import labelled, labelled_as_known
from migrator.migration.plan import Plan, plan
from migrator.migration.residue import Residue, apply, measure
from migrator.redact import redact
from migrator.values import NamedTuple, dataclass, field

Finish = Callable[[Object, str], tuple[Object, list[Entry]]]
"""(a document, its version) → the document with facts from elsewhere, and an entry for each of them."""


class Options(NamedTuple):
    """What a migration does besides the steps.

    `config`: `input_config` is translated into the dialect of the release that wrote the document, if that release
    writes the version to reach, else of the last release that does. Without it, and without a release in the goal, the
    configuration passes through unchanged. `save_residue`: what the target has no place for is saved.
    `keep_secrets`: API keys in clear stay, instead of becoming `<redacted>`. `newer_as_known`: a document of a newer
    minor version than known is taken for the newest known one; fields that no version knows stay where they are.
    """

    config: bool = False
    save_residue: bool = False
    keep_secrets: bool = False
    newer_as_known: bool = False


DEFAULTS: Final = Options()


@dataclass(slots=True)
class Migration:
    """The result of a migration.

    `document` is the very object that was given if nothing changed. `ledger` has every change. `steps` are the names
    of the steps taken. `residue` is what was saved (None unless asked for), `restored` the residue that was applied.
    `trace` maps each stage, by its name in the ledger, to the document after it.
    """

    document: Object
    identity: Identity
    to: str
    changed: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    steps: tuple[str, ...] = ()
    residue: Residue | None = None
    restored: Residue | None = None
    trace: dict[str, Object] = field(default_factory=dict)


def migrate(
    document: Json,
    to: Goal | str = NEWEST,
    options: Options = DEFAULTS,
    *,
    residue: Residue | None = None,
    identity: Identity | None = None,
    finish: Finish | None = None,
) -> Migration:
    """Bring a main export to a schema version, up or down. The argument is never modified.

    Time slices are migrated in the same way, and records of GPU telemetry, one at a time: each family by its own chain
    ([`chain_of`][migrator.chain.families.chain_of]).

    Args:
        document: a parsed export ([`migrator.jsonfile.parse`][]), file of time slices, or record of GPU telemetry.
        to: the version to reach, or a [`Goal`][migrator.migration.goal.Goal] with the AIPerf release that is to read
            the result. What that release would reject is left out, and noted.
        options: see [`Options`][].
        residue: what an earlier migration of this document saved; it is restored first.
        identity: what [`identify`][migrator.identify.identify] says of the document, if that is known already.
        finish: adds facts that are not in the document, such as [`Backfill`][migrator.backfill.beside.Backfill].

    Raises:
        NotAnExportError, UnknownVersionError, NewerVersionError: the document cannot be migrated.
        ResidueError: the residue belongs to another document or version.
        RejectedError: the release would not read the document, for something outside its configuration.
    """
    goal = to if isinstance(to, Goal) else Goal(to)
    identity = identity or identify(document, details=False)
    identity = _migratable(document, goal, as_known(identity) if options.newer_as_known else identity, residue)
    chain = identity.chain
    if _is_there(identity, chain, goal, residue):
        return _finished(document, identity, goal, options, finish)
    run = _Run(goal, options, identity, chain, target_of(chain, goal), [], {})
    opened = chain.opened(document)
    start = _prepared(run, opened)
    if residue is not None:
        start = _restored(run, start, residue)
    translation = _translation(run, start, restored=residue is not None)
    result = _carried(run, start, translation, finish)
    if (chain is not MAIN or run.to in identity.versions) and _is_same(result, opened, goal):
        return Migration(document, identity, run.to)
    known = known_keys()
    run.entries.extend([kept_field(key) for key in identity.non_metric_keys if key not in known])
    if identity.assumed:
        run.entries.extend(kept_additions(document, result, run.entries))
    steps = (*start.steps, *plan(start.version, run.to, chain).names())
    saved = _saved(run, start, result, translation) if options.save_residue else None
    done = Migration(result, identity, run.to, True, Ledger(run.entries), steps, saved, residue, run.trace)
    return _closed(run, done)


def _is_same(result: Object, opened: Object, goal: Goal) -> bool:
    """Whether nothing changed. What is moved for a release may come back, as in a file that was made for it."""
    return result is opened or bool(goal.release and result == opened and render(result) == render(opened))


class _Run(NamedTuple):
    """One call of [`migrate`][], with the ledger and the trace that its stages add to.

    `to` is the version that documents of the chain have at the goal.
    """

    goal: Goal
    options: Options
    identity: Identity
    chain: Chain
    to: str
    entries: list[Entry]
    trace: dict[str, Object]


class _Start(NamedTuple):
    """The document before its last stage: its version, the telemetry dialect of 1.4, and the steps taken so far."""

    document: Object
    version: str
    dialect: Dialect
    steps: tuple[str, ...] = ()


def _closed(run: _Run, done: Migration) -> Migration:
    """The result with documents and places as the file has them, not as the steps see them."""
    chain = run.chain
    if chain is MAIN:
        return done
    done.document = chain.closed(done.document)
    done.trace = {stage: chain.closed(document) for stage, document in done.trace.items()}
    place = chain.place
    done.ledger = Ledger(
        entry._replace(path=place(entry.path), to=None if entry.to is None else place(entry.to))
        for entry in done.ledger
    )
    return done


# --- before the first stage ----------------------------------------------------------------------------------


def _migratable(document: Object, goal: Goal, identity: Identity, residue: Residue | None) -> Identity:
    """The identity of a document for this migration; raises as [`migrate`][] does."""
    if residue is not None and residue.is_of(chain_of(residue.family).opened(document)):
        # A document that a migration wrote is at that version, even if its content alone does not prove it.
        identity = identity._replace(family=Family(residue.family), version=residue.to, versions=(residue.to,))
    require_chain(identity)
    chain = identity.chain
    if chain is not MAIN and not target_of(chain, goal):
        writes = f"no release that writes {goal.version} writes {identity.family.value}"
        raise NotAnExportError(writes, expected=f"a version from {chain.versions[0]} on", place="$")
    if goal.version == GENAI_PERF and identity.version != GENAI_PERF and (not residue or residue.origin != GENAI_PERF):
        raise UnknownVersionError(
            "GenAI-Perf's shape can only be given back to what came from there",
            expected="an export that was upgraded from GenAI-Perf with --residue, and that residue beside it",
        )
    return identity


def _is_there(identity: Identity, chain: Chain, goal: Goal, residue: Residue | None) -> bool:
    """Whether a document is at its goal already: no release to fit it to, no residue of a translation to restore."""
    restores = residue is not None and residue.origin == residue.to
    if chain is MAIN:
        return goal.version in identity.versions and not (goal.release or restores or identity.assumed)
    fits = chain.configured and bool(goal.release)
    return is_at(chain, goal, identity.version) and not fits and not restores


def _finished(document: Object, identity: Identity, goal: Goal, options: Options, finish: Finish | None) -> Migration:
    """The result for a document that is at its goal: facts from elsewhere are added, and secrets taken out."""
    to = target_of(identity.chain, goal)
    result, added = finish(document, to) if finish else (document, [])
    redactions: list[Entry] = []
    if not options.keep_secrets:
        result = _redacted(result, redactions)
    if not added and not redactions:
        return Migration(document, identity, to)
    return Migration(result, identity, to, True, Ledger([*redactions, *added]))


# --- first stage: prepared -----------------------------------------------------------------------------------


def _prepared(run: _Run, document: Object) -> _Start:
    """The document at its own version, without secrets."""
    version, to = run.identity.version, run.to
    plan(version, to, run.chain)  # Raises where no steps lead there.
    dialect = _dialect(document, run.goal)
    if not run.options.keep_secrets:
        document = run.trace["secrets"] = _redacted(document, run.entries)
    return _Start(document, to if to in run.identity.versions else version, dialect)


def _dialect(document: Object, goal: Goal) -> Dialect:
    """The telemetry names that 1.4 has in this migration: those of the release to read it, of its writer, or vendor."""
    name = goal.release if goal.release and goal.version == "1.4" else document.get("aiperf_version")
    known = release(name) if type(name) is str else None
    return known.dialect if known and known.version == "1.4" else "vendor"


def _redacted(document: Object, entries: list[Entry]) -> Object:
    clean: Object
    clean, places = redact(document)
    entries += [Entry("secrets", Op.REDACT, place, Loss.REDACTED) for place in places]
    return clean


# --- second stage: restored ----------------------------------------------------------------------------------


def _restored(run: _Run, start: _Start, residue: Residue) -> _Start:
    """The document back at the version that the residue comes from, with what was saved put back."""
    identity = run.identity
    if residue.to not in identity.versions or not residue.belongs_to(start.document):
        what = "another document" if residue.to in identity.versions else f"version {residue.to}"
        expected = f"one made for this document at {identity.version}"
        raise ResidueError(f"the residue belongs to {what}", expected=expected)
    way = plan(residue.to, residue.origin, run.chain)
    context = Context(residue.dialect, kept_fields=way.kept_fields, entries=run.entries)
    translation = Translation(*residue.releases, strict=False).back() if residue.releases else None
    document, entries = apply(residue, _stepped(run, start.document, way, context, translation))
    run.entries.extend(entries)
    if not run.options.keep_secrets:
        # A residue that was saved with `--keep-secrets` may have brought one back.
        document = _redacted(document, run.entries)
    run.trace["residue"] = document
    steps = plan(identity.version, residue.origin, run.chain).names()
    return _Start(document, residue.origin, residue.dialect, steps)


# --- third stage: carried to the goal ------------------------------------------------------------------------


def _carried(run: _Run, start: _Start, translation: Translation | None, finish: Finish | None) -> Object:
    """The document at the goal's version, with facts from elsewhere, as the goal's release reads it."""
    way = plan(start.version, run.to, run.chain)
    context = Context(start.dialect, run.options.save_residue, way.kept_fields, run.entries)
    document = start.document
    if run.identity.assumed:
        document = labelled_as_known(document, start.version, context)
    result = _stepped(run, document, way, context, translation)
    if start.version == GENAI_PERF and way.steps and not run.options.keep_secrets:
        # A secret may be known as one only where AIPerf has it.
        result = _redacted(result, run.entries)
    if finish:
        result, added = finish(result, run.to)
        run.entries.extend(added)
    return _accepted(result, run.goal, context) if run.goal.release and run.chain is MAIN else result


def _translation(run: _Run, start: _Start, *, restored: bool) -> Translation | None:
    """Between which releases `input_config` is translated, if it is."""
    to = run.to
    if not run.chain.configured:
        return None
    # What stays at its version keeps its configuration: only its label was another, or parts of it come back.
    stays = (restored or run.identity.assumed) and start.version == to
    wanted = run.goal.release or (run.options.config and not stays)
    if not wanted or to == GENAI_PERF:
        return None
    target = run.goal.release or own_release(start.document, to)
    if start.version == GENAI_PERF:
        return Translation(GENAI_PERF, target, strict=True)
    return Translation(own_release(start.document, start.version), target, strict=bool(run.goal.release))


def _accepted(document: Object, goal: Goal, context: Context) -> Object:
    """The document with the telemetry names of the goal's release.

    Raises:
        RejectedError: the release would not read it, for something outside the configuration.
    """
    known = release(goal.release)
    if known is not None and goal.version == "1.4":
        # 1.4 has two dialects, and the document may have come at 1.4 in the other one.
        context.step = f"telemetry {goal.release}"
        up = known.dialect == "vendor"
        for op in VENDOR_NAMES if up else reversed(VENDOR_NAMES):
            document = op.up(document, context) if up else op.down(document, context)
    if goal.version not in WRITTEN_AT:
        context.step = f"nulls {goal.release}"
        document = without_nulls(document, context)
    refused = rejections(document, goal.release, translated=True)
    if refused and all(misfit.path[0] == "telemetry_data" for misfit in refused):
        context.step = f"telemetry {goal.release}"
        document = without_telemetry(document, context)
        refused = rejections(document, goal.release, translated=True)
    if refused:
        raise RejectedError(goal.release, refused[0].path, refused[0].reason)
    return document


def _saved(run: _Run, start: _Start, result: Object, translation: Translation | None) -> Residue:
    """What the result cannot keep: it is taken straight back, and compared with what it was made of."""
    back = plan(run.to, start.version, run.chain)
    context = Context(start.dialect, kept_fields=back.kept_fields)
    if start.version == GENAI_PERF:
        translation = None  # The way back to there forgets what was translated, and needs no release for that.
    untraced = run._replace(trace={})
    returned = _stepped(untraced, result, back, context, translation.back() if translation else None)
    return measure(
        start.document,
        returned,
        result,
        origin=start.version,
        to=run.to,
        dialect=start.dialect,
        releases=(translation.source, translation.target) if translation else None,
        family=run.chain.name,
    )


# --- the steps themselves ------------------------------------------------------------------------------------


def _stepped(run: _Run, document: Object, way: Plan, context: Context, translation: Translation | None) -> Object:
    """The document after the steps of a plan. `input_config` is translated at their newer end, where most is known."""
    trace, main = run.trace, run.chain is MAIN
    if translation and not way.up:
        document = _translated(document, translation, context, trace)
    if way.steps and way.target == GENAI_PERF:
        document = without_input_config(document, own_release(document, way.source), context)
    if main and way.steps and way.target not in WRITTEN_AT:
        # Before the steps: what they rename is a metric that is there.
        document = _with_nulls_changed(document, without_nulls, way.target, context, trace)
    for step in way.steps:
        context.step = step.name(up=way.up)
        for op in step.ops if way.up else reversed(step.ops):
            document = op.up(document, context) if way.up else op.down(document, context)
        trace[context.step] = document
    context.settle(document)
    if main and way.steps and way.target in WRITTEN_AT and way.source not in WRITTEN_AT:
        document = _with_nulls_changed(document, with_nulls, way.target, context, trace)
    if way.steps and run.chain.labelled:
        context.step = f"label {way.target}"
        document = trace[context.step] = labelled(document, way.target, context)
    if translation and way.up:
        document = _translated(document, translation, context, trace)
    return document


def _translated(document: Object, translation: Translation, context: Context, trace: dict[str, Object]) -> Object:
    if translation.strict and has_untranslated(document):
        document = with_input_config(document, translation.target, context)
        trace[context.step] = document
        return document
    if translation.source == GENAI_PERF:
        return document  # Both keys were taken already, and were left alone.
    document, entries = translated(document, translation, context.dropped)
    context.entries += entries
    if entries:
        trace[entries[0].step] = document
    return document


def _with_nulls_changed(
    document: Object, change: Callable[[Object, Context], Object], to: str, context: Context, trace: dict[str, Object]
) -> Object:
    context.step = f"nulls {to}"
    changed = change(document, context)
    if changed is not document:
        trace[context.step] = changed
    return changed
