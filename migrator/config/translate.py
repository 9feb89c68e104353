"""Bring the `input_config` of an export into the dialect of one AIPerf release.

The stages are always the same: older names of UserConfig become those of 0.8.0, the family changes if it must, names
become those of the target release, and what that release has no place for is left out. Whether a value that is left
out is `derivable` is tried: the result is translated back, and if the value is there again, it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Final

from migrator.aiperf.releases import age
from migrator.config.conflict_rules import GONE
from migrator.config.conflicts import FieldChange, Resolved, resolve
from migrator.config.conversions import SAME, Conversion
from migrator.config.family import family_of
from migrator.config.field_pairs import READ_AS, RENAMED
from migrator.config.release_models import Reader, variants
from migrator.config.rewrite import CONFIG, NOWHERE, Notes, Rewrite
from migrator.config.user_to_benchmark import (
    DOCUMENT_FACTS,
    DocumentFacts,
    add_kinds,
    add_user_facts,
    to_benchmark,
    to_user,
)
from migrator.jsonfile import ABSENT, Json, Object, Path, at, fingerprint, leaves
from migrator.ledger import Entry, Loss, Op
from migrator.values import NamedTuple


class Translated(NamedTuple):
    """A configuration in another dialect, and what changed. None if nothing of it can stay; `reason` says why."""

    config: Object | None
    entries: list[Entry]
    reason: str = ""


class _Request(NamedTuple):
    """What is asked for; the fields are arguments of [`translate`][]."""

    target: Reader
    facts: DocumentFacts
    gone: Loss
    keep_unknown: bool

    @property
    def step(self) -> str:
        """The name that ledger entries give to the translation."""
        return f"input_config {self.target.release}"


class _LeftOut(NamedTuple):
    """A leaf that has no place any more: where it stood last, where in the original, and why it is left out."""

    place: Path
    origin: Path
    value: Json
    reason: str


_Entries = list[Entry | _LeftOut]


class _Rewritten(NamedTuple):
    """As [`Translated`][]; what is left out is yet to become an entry."""

    config: Object | None
    entries: _Entries
    reason: str = ""


def translate(
    config: Object,
    source: Reader,
    target: Reader,
    *,
    facts: DocumentFacts,
    facts_after: Callable[[Object], DocumentFacts],
    gone: Loss,
    keep_unknown: bool = False,
) -> Translated:
    """A configuration as the target release writes it.

    Args:
        config: an `input_config`; it is not touched.
        source: the release in whose dialect it is, as far as one can tell; only the losses depend on it.
        target: the release that is to read it.
        facts: what the document around it says.
        facts_after: a configuration → what the document around it says once the result is in it. Facts that only the
            configuration had go with it, and the target version may have no place for the others.
        gone: the class of a value that is left out and cannot be derived: `lost`, or `saved`.
        keep_unknown: whether fields that no known release has stay where they are; the target would reject them.
            Without it fields have the form that the release reads, where that is not the one that it writes.
    """
    request = _Request(target, facts, gone, keep_unknown)
    new = _rewritten(config, request)
    if new.config is None:
        return Translated(None, [], new.reason)
    left_out = [entry for entry in new.entries if isinstance(entry, _LeftOut) and entry.value is not None]
    sections = {str(leaf.origin[0]) for leaf in left_out}
    back: Object = {}
    if left_out:
        way_back = request._replace(target=source, facts=facts_after(new.config))
        back = _translated_back(new.config, way_back, sections)
    entries = [_drop(entry, back, request) if isinstance(entry, _LeftOut) else entry for entry in new.entries]
    return Translated(new.config, entries)


def _drop(leaf: _LeftOut, back: Object, request: _Request) -> Entry:
    """The entry of a leaf that is left out; `back` is the result, translated back."""
    again = at(back, leaf.origin)
    if leaf.value is None:
        loss = Loss.EXACT
    elif again is not ABSENT and fingerprint(again) == fingerprint(leaf.value):
        loss = Loss.DERIVABLE
    else:
        loss = request.gone
    return Entry(request.step, Op.DROP, CONFIG + leaf.place, loss, before=leaf.value, note=leaf.reason)


def _translated_back(config: Object, request: _Request, sections: Collection[str]) -> Object:
    """A configuration in the target's dialect, as far as some sections of it need."""
    for stage in _stages(config, request, sections):
        rewrite = Rewrite(config)
        stage(rewrite)
        config = rewrite.target
    return config


def _rewritten(config: Object, request: _Request) -> _Rewritten:
    """A configuration after all stages, without what the target would reject."""
    staged, entries, rewrites = _staged(config, request)
    target = request.target
    trimmed = target.models.matcher(target.config_model).trim(staged)
    if not trimmed.ok:
        return _Rewritten(None, [], trimmed.misfits[0].reason)
    resolved = Resolved(trimmed.value, []) if request.keep_unknown else resolve(trimmed.value, target)
    if resolved.config is None:
        return _Rewritten(None, [], resolved.reason)
    result = resolved.config
    left_out = [(misfit.path, misfit.reason) for misfit in trimmed.misfits]
    left_out += [(change.place, change.why) for change in resolved.changes if change.after is GONE]
    # A section that goes may hold a value that would have gone by itself: it is left out once.
    gone = {path for path, _ in left_out}
    for path, reason in left_out:
        if any(path[:length] in gone for length in range(len(path))):
            continue
        added = [place for place, _ in leaves(at(staged, path), path) if _origin(place, rewrites) is NOWHERE]
        entries = _without_added([entry for entry in entries if not _adds_below(entry, path)], added)
        for place, value in leaves(at(staged, path), path):
            own = _unknown(place) if request.keep_unknown else ()
            if own and (kept := _put_back(result, own, at(staged, own))):
                result = kept
                if (entry := _kept(request, own)) not in entries:
                    entries.append(entry)
                continue
            origin = _origin(place, rewrites)
            if origin is not NOWHERE:
                entries.append(_LeftOut(place, origin, value, reason))
    changed = [change for change in resolved.changes if change.after is not GONE]
    entries += [_set(change, request) for change in changed if at(result, change.place) is not ABSENT]
    return _Rewritten(result, entries)


def _staged(config: Object, request: _Request) -> tuple[Object, _Entries, list[Rewrite]]:
    """The configuration after all stages, its ledger, and the rewrite of each stage.

    A value that a stage leaves behind is noted before those that it writes: one of them may have taken its place.
    """
    entries: _Entries = []
    rewrites: list[Rewrite] = []
    for stage in _stages(config, request):
        notes = Notes(request.step, request.gone)
        rewrite = Rewrite(config, notes)
        stage(rewrite)
        for place, value in rewrite.unused():
            own = _unknown(place) if request.keep_unknown else ()
            if not (own and rewrite.keep(own)):
                reason = f"no place in {request.target.config_model}"
                entries.append(_LeftOut(place, _origin(place, rewrites), value, reason))
        rewrites.append(rewrite)
        entries += notes.entries
        config = rewrite.target
    return config, entries, rewrites


def _set(change: FieldChange, request: _Request) -> Entry:
    """The entry of a value that was changed, because it conflicted with other fields."""
    path = CONFIG + change.place
    return Entry(request.step, Op.SET, path, request.gone, before=change.before, after=change.after, note=change.why)


Names = dict[Path, tuple[Path, Conversion]]
"""Fields with another name, or in another form: old place → new place, and how the value is converted."""

_OLDER_NAMES: Final[Names] = {name.old: (name.new, name.conversion) for name in (*RENAMED, *READ_AS)}


def _stages(
    config: Object, request: _Request, sections: Collection[str] | None = None
) -> list[Callable[[Rewrite], None]]:
    """What is done to a configuration, one after the other. With `sections`, a UserConfig gets no others."""
    target = request.target
    family = family_of(config) or target.family
    stages: list[Callable[[Rewrite], None]] = []
    if family == "user" and _present(config, _OLDER_NAMES):
        stages.append(lambda rewrite: _rename(rewrite, _OLDER_NAMES))
    if family == "user" and target.family == "benchmark":
        stages.append(lambda rewrite: to_benchmark(rewrite, request.facts))
    elif family == "benchmark" and target.family == "user":
        stages.append(lambda rewrite: to_user(rewrite, target, request.facts, sections))
    stages.append(lambda rewrite: _to_own_dialect(rewrite, request))
    return stages


def _to_own_dialect(rewrite: Rewrite, request: _Request) -> None:
    """The last stage: the names of the target release, and what it repeats of the document."""
    target = request.target
    if target.family == "benchmark":
        _rename(rewrite, {})
        phases = rewrite.source.get("phases")
        add_kinds(rewrite, target, phases if type(phases) is list else [])
        return
    _rename(rewrite, _own_names(target.release, to_read=not request.keep_unknown))
    add_user_facts(rewrite, target, request.facts)


@cache
def _own_names(release: str, *, to_read: bool) -> Names:
    """Fields that a release of UserConfig names otherwise than 0.8.0.

    With `to_read`, also those that it reads in another form than it writes.
    """
    names = [name for name in (*RENAMED, *(READ_AS if to_read else ())) if age(release) <= age(name.last)]
    return {name.new: (name.old, name.conversion.reversed()) for name in names}


def _present(config: Object, names: Names) -> set[str]:
    """The sections that have one of these fields."""
    return {str(place[0]) for place in names if at(config, place) is not ABSENT}


def _rename(rewrite: Rewrite, names: Names) -> None:
    """Carry all fields over, those of `names` under their new names."""
    # A fact that is not a string is damaged: the document has the right one.
    odd = [name for name in DOCUMENT_FACTS if type(rewrite.source.get(name, "")) is not str]
    touched = _present(rewrite.source, names)
    if not odd and not touched:
        rewrite.carry_all()
        return
    for key, value in rewrite.source.items():
        if key in touched:
            for name, item in value.items():
                target, conversion = names.get((key, name), ((key, name), SAME))
                rewrite.carry((key, name), item, target, conversion)
        elif key not in odd:
            rewrite.carry((key,), value, (key,))


def _origin(place: Path, rewrites: list[Rewrite]) -> Path:
    """The place in the original of the value that stands at a place after some stages; `NOWHERE` if one added it."""
    for rewrite in reversed(rewrites):
        place = rewrite.origin(place)
        if place is NOWHERE:
            break
    return place


def _without_added(entries: _Entries, places: list[Path]) -> _Entries:
    """The ledger without the values at these places, which a stage added and the target has no place for.

    Where such a value was renamed or converted after it was added, those entries are left out, too.
    """
    for place in places:
        path = CONFIG + place
        changes: set[int] = set()
        for entry in reversed(entries):
            if not isinstance(entry, Entry):
                continue
            if entry.op is Op.ADD and path[: len(entry.path)] == entry.path:
                entries = [other for other in entries if id(other) not in changes and other is not entry]
                break
            if entry.op is Op.MOVE and entry.to is not None and path[: len(entry.to)] == entry.to:
                changes.add(id(entry))
                path = entry.path + path[len(entry.to) :]
            elif entry.op is Op.SET and entry.path == path:
                changes.add(id(entry))
    return entries


def _adds_below(entry: Entry | _LeftOut, place: Path) -> bool:
    """Whether an entry adds a value at a place, or below it."""
    path = CONFIG + place
    return isinstance(entry, Entry) and entry.op is Op.ADD and entry.path[: len(path)] == path


def _kept(request: _Request, place: Path) -> Entry:
    return Entry(request.step, Op.KEEP, CONFIG + place, Loss.KEPT, note="not known to any release")


def _put_back(config: Object, place: Path, value: Json) -> Object | None:
    """The configuration with a field where it was; None if that is in a list, whose positions may mean others now."""
    key, *below = place
    if type(key) is not str:
        return None
    if not below:
        return {**config, key: value}
    inner = config.get(key, {})
    inner = _put_back(inner, tuple(below), value) if type(inner) is dict else None
    return None if inner is None else {**config, key: inner}


@cache
def _all_names() -> frozenset[str]:
    """Every field name that any release has anywhere in its configuration."""
    return frozenset(
        name for schemas in variants().values() for schema in schemas for name in schema.get("properties", ())
    )


@cache
def _free_names() -> frozenset[str]:
    """Fields whose values have keys of the user's own, such as `headers`, `extra` and `resolved_names`.

    In some release such a field is an object without named fields, or any value, and in no release a model.
    """
    free: set[str] = set()
    models: set[str] = set()
    for model, schemas in variants().items():
        for schema in schemas if model else ():
            for name, field in schema.get("properties", {}).items():
                for branch in _branches(field):
                    if branch.get("properties"):
                        models.add(name)
                    elif branch.get("type") == "object" or branch.keys().isdisjoint(("type", "enum", "const")):
                        free.add(name)
    return frozenset(free - models)


def _branches(schema: Object) -> Iterator[Object]:
    """The schemas that a value, or an item of it, may match in some release: references and alternatives resolved."""
    if "$ref" in schema:
        for variant in variants()[schema["$ref"]]:
            yield from _branches(variant)
    elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
        for alternative in alternatives:
            yield from _branches(alternative)
    elif type(schema.get("items")) is dict:
        yield from _branches(schema["items"])
    else:
        yield schema


def _unknown(place: Path) -> Path:
    """The outermost field on the way to a place that no release has; empty if releases have all of them.

    Keys below a field that takes any key (names of models in `resolved_names`) are not fields.
    """
    for index, part in enumerate(place):
        if type(part) is str and part not in _all_names():
            return place[: index + 1]
        if part in _free_names():
            break
    return ()
