"""Bring the `input_config` of an export into the dialect of one AIPerf release.

The way is always the same: older names of UserConfig become those of 0.8.0, the family changes if it must, names
become those of the target release, and what that release has no place for is left out. A value that goes is measured:
the result is taken back, and if the value is there again it was `derivable`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from migrator.chain.ledger import Entry, Loss, Op
from migrator.config.draft import ABSENT, CONFIG, Draft, Place, at, leaves
from migrator.config.families import DOCUMENT_FACTS, Known, add_kinds, add_user_facts, to_benchmark, to_user
from migrator.config.readers import Family, Reader, readers
from migrator.config.rows import READ_AS, RENAMED, SAME, Kind
from migrator.config.together import unfit_together
from migrator.jsonfile import Json, fingerprint
from migrator.releases import age

Object = dict[str, Json]

_SIGNS: dict[Family, tuple[Place, ...]] = {
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

    place: Place
    origin: Place
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
    gone_some = any(isinstance(entry, _Gone) for entry in new.entries)
    back = _staged(new.config, source, known, gone, keep_unknown)[0] if gone_some else {}
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


def _step(target: Reader) -> str:
    return f"input_config {target.release}"


def _staged(
    config: Object, target: Reader, known: Known, gone: Loss, keep_unknown: bool
) -> tuple[Object, list[Entry | _Gone], list[dict[Place, Place]]]:
    """All stages in a row: the configuration, its ledger with what was left behind, and how each stage moved places.

    What a stage leaves behind is told before what it puts in place: a field may go where another one stood.
    """
    entries: list[Entry | _Gone] = []
    ways: list[dict[Place, Place]] = []
    for stage in _stages(config, target, known, to_read=not keep_unknown):
        draft = Draft(config, _step(target), gone)
        stage(draft)
        for place, value in draft.rest():
            mine = _unknown(place) if keep_unknown else ()
            if not (mine and (mine in draft.moved or draft.keep(mine))):
                entries.append(_Gone(place, _origin(place, ways), value, f"no place in {target.config_model}"))
        ways.append(draft.moved)
        entries += draft.entries
        config = draft.target
    return config, entries, ways


def _rewrite(config: Object, target: Reader, known: Known, gone: Loss, keep_unknown: bool) -> _Rewritten:
    """The stages, and then what the target has a place for; each leaf's place in the original is followed."""
    config, entries, ways = _staged(config, target, known, gone, keep_unknown)
    fitted = target.models.shape(target.config_model).fit(config)
    if not fitted.ok:
        return _Rewritten(None, entries, fitted.misfits[0].reason)
    result: Object = fitted.value
    misfits = [(misfit.path, misfit.reason) for misfit in fitted.misfits]
    if not keep_unknown:
        together = list(unfit_together(result, target))
        misfits += together
        result = _thinned(result, [place for place, _ in together])
    for path, reason in misfits:
        entries = [entry for entry in entries if not _only_added(entry, path)]
        for place, value in leaves(at(config, path), path):
            mine = _unknown(place) if keep_unknown else ()
            if mine and _put_back(result, mine, at(config, mine)):
                if _kept(target, mine) not in entries:
                    entries.append(_kept(target, mine))
                continue
            origin = _origin(place, ways)
            if origin is not _NOWHERE:
                entries.append(_Gone(place, origin, value, reason))
    return _Rewritten(result, entries)


def _thinned(config: Object, places: list[Place]) -> Object:
    """The configuration without some fields, and without the sections that they leave empty."""
    for place in places:
        section = at(config, place[:-1])
        if type(section) is dict:
            section = {key: value for key, value in section.items() if key != place[-1]}
            config = _replaced(config, place[:-1], section)
    return config


def _replaced(config: Object, place: Place, value: Object) -> Object:
    if not place:
        return value
    key = str(place[0])
    inner = _replaced(config[key], place[1:], value)
    return {**config, key: inner} if inner else {name: item for name, item in config.items() if name != key}


def _stages(config: Object, target: Reader, known: Known, *, to_read: bool) -> list[Callable[[Draft], None]]:
    family = family_of(config) or target.family
    stages: list[Callable[[Draft], None]] = []
    names: dict[Place, tuple[Place, Kind]] = {name.old: (name.new, name.kind) for name in (*RENAMED, *READ_AS)}
    if family == "user" and any(at(config, name) is not ABSENT for name in names):
        stages.append(lambda draft: _within(draft, names))
    if family == "user" and target.family == "benchmark":
        stages.append(lambda draft: to_benchmark(draft, known))
    elif family == "benchmark" and target.family == "user":
        stages.append(lambda draft: to_user(draft, target, known))
    stages.append(lambda draft: _own(draft, target, known, to_read=to_read))
    return stages


def _own(draft: Draft, target: Reader, known: Known, *, to_read: bool) -> None:
    """The last stage: the names of the target release, and what it repeats of the document."""
    if target.family == "benchmark":
        _within(draft, {})
        phases = draft.source.get("phases")
        add_kinds(draft, target, phases if type(phases) is list else [])
        return
    old = [name for name in (*RENAMED, *(READ_AS if to_read else ())) if age(target.release) <= age(name.last)]
    _within(draft, {name.new: (name.old, Kind(name.kind.down, name.kind.up)) for name in old})
    add_user_facts(draft, target, known)


def _within(draft: Draft, names: dict[Place, tuple[Place, Kind]]) -> None:
    """Carry everything over as it is, but for fields with another name."""
    for key, value in draft.source.items():
        if key in DOCUMENT_FACTS and type(value) is not str:
            continue  # The document says it better.
        for place in _fields((key,), value):
            target, kind = names.get(place, (place, SAME))
            draft.carry(place, target, kind.up, kind.down)


def _fields(place: Place, value: Json) -> list[Place]:
    """The fields of a section, or of each item of a list of them."""
    if type(value) is dict and value:
        return [(*place, key) for key in value]
    if type(value) is list and value and all(type(item) is dict and item for item in value):
        return [(*place, index, key) for index, item in enumerate(value) for key in item]
    return [place]


_NOWHERE: Final = ()
"""The origin of a value that was only added."""


def _origin(place: Place, ways: list[dict[Place, Place]]) -> Place:
    """Where the value at a place stood before the stages that moved it, from the last to the first."""
    for moved in reversed(ways):
        for length in range(len(place), 0, -1):
            if place[:length] in moved:
                place = moved[place[:length]] + place[length:]
                break
        else:
            return _NOWHERE
    return place


def _only_added(entry: Entry | _Gone, place: Place) -> bool:
    """Whether an entry adds what then has no place after all."""
    path = CONFIG + place
    return isinstance(entry, Entry) and entry.op is Op.ADD and entry.path[: len(path)] == path


def _kept(target: Reader, place: Place) -> Entry:
    return Entry(_step(target), Op.KEEP, CONFIG + place, Loss.KEPT, note="not known to any release")


def _put_back(config: Object, place: Place, value: Json) -> bool:
    """Put a field where it was, unless that is in a list, whose positions may mean another thing."""
    if any(type(part) is int for part in place):
        return False
    node: Json = config
    for part in place[:-1]:
        node = node.setdefault(part, {})
        if type(node) is not dict:
            return False
    node[place[-1]] = value
    return True


@cache
def _all_names() -> frozenset[str]:
    """Every field name that any release has anywhere in its configuration."""
    return frozenset(
        name for reader in readers() for model in reader.schemas.values() for name in model.get("properties", ())
    )


def _unknown(place: Place) -> Place:
    """The field on the way to a place that no release has, whose whole value is the user's own; or nothing."""
    for index, part in enumerate(place):
        if type(part) is str and part not in _all_names():
            return place[: index + 1]
    return ()
