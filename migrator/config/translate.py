"""Bring the `input_config` of an export into the dialect of one AIPerf release.

The way is always the same: older names of UserConfig become those of 0.8.0, the family changes if it must, names
become those of the target release, and what that release has no place for is left out. A value that goes is measured:
the result is taken back, and if the value is there again it was `derivable`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Final, NamedTuple

from migrator.aiperf.releases import age
from migrator.config.conflicts import GONE, Change, together
from migrator.config.field_pairs import READ_AS, RENAMED, SAME, Kind
from migrator.config.release_models import Family, Reader, readers
from migrator.config.rewrite import CONFIG, NOWHERE, Draft, Notes
from migrator.config.user_to_benchmark import DOCUMENT_FACTS, Known, add_kinds, add_user_facts, to_benchmark, to_user
from migrator.jsonfile import ABSENT, Json, Object, Path, at, fingerprint, leaves
from migrator.ledger import Entry, Loss, Op

_SIGNS: dict[Family, tuple[Path, ...]] = {
    "user": (("loadgen",), ("input",), ("output",), ("endpoint", "model_names")),
    "benchmark": (("models",), ("datasets",), ("phases",), ("artifacts",)),
}


def family_of(config: Object) -> Family | None:
    """Which family a configuration has more of; None if it shows nothing of either."""
    user, benchmark = (sum(at(config, sign) is not ABSENT for sign in _SIGNS[name]) for name in _SIGNS)
    return None if user == benchmark == 0 else "user" if user >= benchmark else "benchmark"


class Translated(NamedTuple):
    """A configuration in another dialect, and the ledger of how it came there.

    Without a configuration, nothing of it could stay; `reason` says why.
    """

    config: Object | None
    entries: list[Entry]
    reason: str = ""


class _Gone(NamedTuple):
    """A leaf that has no place any more: where it stood last, where in the original, and why it went."""

    place: Path
    origin: Path
    value: Json
    reason: str


class _Rewritten(NamedTuple):
    config: Object | None
    entries: list[Entry | _Gone]
    reason: str = ""


def translate(
    config: Object, source: Reader, target: Reader, known: Known, gone: Loss, *, keep_unknown: bool = False
) -> Translated:
    """A configuration as the target release writes it.

    Args:
        config: an `input_config`; it is not touched.
        source: the release in whose dialect it is, as far as one can tell; only the losses depend on it.
        target: the release that is to read it.
        known: what the document around it says.
        gone: the class of a value that is dropped and cannot be derived: `lost`, or `saved`.
        keep_unknown: whether fields that no known release has stay where they are; the target would reject them.
            Without it the result is for reading, where that takes another form than the release writes.
    """
    new = _rewrite(config, target, known, gone, keep_unknown)
    if new.config is None:
        return Translated(None, [], new.reason)
    lost = {entry.origin for entry in new.entries if isinstance(entry, _Gone) and entry.value is not None}
    back = _returned(new.config, source, known, lost, to_read=not keep_unknown) if lost else {}
    entries = [_drop(entry, back, target, gone) if isinstance(entry, _Gone) else entry for entry in new.entries]
    return Translated(new.config, entries)


def _drop(leaf: _Gone, back: Object, target: Reader, gone: Loss) -> Entry:
    again = at(back, leaf.origin)
    if leaf.value is None:
        loss = Loss.EXACT
    elif again is not ABSENT and fingerprint(again) == fingerprint(leaf.value):
        loss = Loss.DERIVABLE
    else:
        loss = gone
    return Entry(_step(target), Op.DROP, CONFIG + leaf.place, loss, before=leaf.value, note=leaf.reason)


def _returned(config: Object, source: Reader, known: Known, places: set[Path], *, to_read: bool) -> Object:
    """The result taken back to where it came from, as far as it can have something at these places."""
    sections = {str(place[0]) for place in places}
    for stage in _stages(config, source, known, to_read=to_read, sections=sections):
        draft = Draft(config)
        stage(draft)
        config = draft.target
    return config


def _step(target: Reader) -> str:
    return f"input_config {target.release}"


def _staged(
    config: Object, target: Reader, known: Known, gone: Loss, keep_unknown: bool
) -> tuple[Object, list[Entry | _Gone], list[Draft]]:
    """All stages in a row: the configuration, its ledger with what was left behind, and the draft of each stage.

    What a stage leaves behind is told before what it puts in place: a field may go where another one stood.
    """
    entries: list[Entry | _Gone] = []
    drafts: list[Draft] = []
    for stage in _stages(config, target, known, to_read=not keep_unknown):
        notes = Notes(_step(target), gone)
        draft = Draft(config, notes)
        stage(draft)
        for place, value in draft.rest():
            mine = _unknown(place) if keep_unknown else ()
            if not (mine and draft.keep(mine)):
                entries.append(_Gone(place, _origin(place, drafts), value, f"no place in {target.config_model}"))
        drafts.append(draft)
        entries += notes.entries
        config = draft.target
    return config, entries, drafts


def _rewrite(config: Object, target: Reader, known: Known, gone: Loss, keep_unknown: bool) -> _Rewritten:
    """The stages, and then what the target has a place for; each leaf's place in the original is followed."""
    config, entries, drafts = _staged(config, target, known, gone, keep_unknown)
    fitted = target.models.shape(target.config_model).fit(config)
    if not fitted.ok:
        return _Rewritten(None, entries, fitted.misfits[0].reason)
    result: Object = fitted.value
    misfits = [(misfit.path, misfit.reason) for misfit in fitted.misfits]
    lowered: list[Change] = []
    if not keep_unknown:
        agreed = together(result, target)
        if agreed.config is None:
            return _Rewritten(None, entries, agreed.reason)
        result = agreed.config
        misfits += [(change.place, change.why) for change in agreed.changes if change.after is GONE]
        lowered = [change for change in agreed.changes if change.after is not GONE]
    for path, reason in misfits:
        entries = [entry for entry in entries if not _only_added(entry, path)]
        for place, value in leaves(at(config, path), path):
            mine = _unknown(place) if keep_unknown else ()
            if mine and (kept := _put_back(result, mine, at(config, mine))):
                result = kept
                if _kept(target, mine) not in entries:
                    entries.append(_kept(target, mine))
                continue
            origin = _origin(place, drafts)
            if origin is not NOWHERE:
                entries.append(_Gone(place, origin, value, reason))
    entries += [_lowered(change, target, gone) for change in lowered if at(result, change.place) is not ABSENT]
    return _Rewritten(result, entries)


def _lowered(change: Change, target: Reader, gone: Loss) -> Entry:
    return Entry(_step(target), Op.SET, CONFIG + change.place, gone, change.before, change.after, None, change.why)


Names = dict[Path, tuple[Path, Kind]]
"""Fields with another name, or another form: where each stands → where it goes, and how it changes."""

_OLDER_NAMES: Final[Names] = {name.old: (name.new, name.kind) for name in (*RENAMED, *READ_AS)}


def _stages(
    config: Object, target: Reader, known: Known, *, to_read: bool, sections: Collection[str] | None = None
) -> list[Callable[[Draft], None]]:
    """What is done to a configuration, one after the other. With `sections`, a UserConfig is made of no others."""
    family = family_of(config) or target.family
    stages: list[Callable[[Draft], None]] = []
    if family == "user" and _present(config, _OLDER_NAMES):
        stages.append(lambda draft: _within(draft, _OLDER_NAMES))
    if family == "user" and target.family == "benchmark":
        stages.append(lambda draft: to_benchmark(draft, known))
    elif family == "benchmark" and target.family == "user":
        stages.append(lambda draft: to_user(draft, target, known, sections))
    stages.append(lambda draft: _own(draft, target, known, to_read=to_read))
    return stages


def _own(draft: Draft, target: Reader, known: Known, *, to_read: bool) -> None:
    """The last stage: the names of the target release, and what it repeats of the document."""
    if target.family == "benchmark":
        _within(draft, {})
        phases = draft.source.get("phases")
        add_kinds(draft, target, phases if type(phases) is list else [])
        return
    _within(draft, _own_names(target.release, to_read))
    add_user_facts(draft, target, known)


@cache
def _own_names(release: str, to_read: bool) -> Names:
    """What a release of UserConfig calls otherwise than 0.8.0; with `to_read`, also what it reads in another form."""
    names = [name for name in (*RENAMED, *(READ_AS if to_read else ())) if age(release) <= age(name.last)]
    return {name.new: (name.old, Kind(name.kind.down, name.kind.up)) for name in names}


def _present(config: Object, names: Names) -> set[str]:
    """The sections in which there is one of these fields."""
    return {str(place[0]) for place in names if at(config, place) is not ABSENT}


def _within(draft: Draft, names: Names) -> None:
    """Carry everything over as it is, but for fields with another name."""
    # The document says these better than anything that is no text.
    odd = [name for name in DOCUMENT_FACTS if type(draft.source.get(name, "")) is not str]
    touched = _present(draft.source, names)
    if not odd and not touched:
        draft.carry_all()
        return
    for key, value in draft.source.items():
        if key in touched:
            for name, item in value.items():
                target, kind = names.get((key, name), ((key, name), SAME))
                draft.carry((key, name), item, target, kind.up, kind.down)
        elif key not in odd:
            draft.carry((key,), value, (key,))


def _origin(place: Path, drafts: list[Draft]) -> Path:
    """Where the value at a place stood before the stages that moved it, from the last to the first."""
    for draft in reversed(drafts):
        place = draft.origin(place)
        if place is NOWHERE:
            break
    return place


def _only_added(entry: Entry | _Gone, place: Path) -> bool:
    """Whether an entry adds what then has no place after all."""
    path = CONFIG + place
    return isinstance(entry, Entry) and entry.op is Op.ADD and entry.path[: len(path)] == path


def _kept(target: Reader, place: Path) -> Entry:
    return Entry(_step(target), Op.KEEP, CONFIG + place, Loss.KEPT, note="not known to any release")


def _put_back(config: Object, place: Path, value: Json) -> Object | None:
    """The configuration with a field where it was; None if that is in a list, whose positions may mean another."""
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
        name for reader in readers() for model in reader.schemas.values() for name in model.get("properties", ())
    )


def _unknown(place: Path) -> Path:
    """The field on the way to a place that no release has, whose whole value is the user's own; or nothing."""
    for index, part in enumerate(place):
        if type(part) is str and part not in _all_names():
            return place[: index + 1]
    return ()
