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
from migrator.config.families import Known, add_kinds, add_user_facts, to_benchmark, to_user
from migrator.config.fit import fit
from migrator.config.readers import Family, Reader, readers
from migrator.config.rows import RENAMED, SAME, Kind
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
    entries: list[Entry]
    gone: list[_Gone]
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
    """
    new = _rewrite(config, target, known, gone, keep_unknown)
    if new.config is None:
        return Translated(None, [], new.reason)
    if not new.gone:
        return Translated(new.config, new.entries)
    back = _rewrite(new.config, source, known, gone, keep_unknown).config or {}
    drops = [_drop(leaf, back, target, gone) for leaf in new.gone]
    return Translated(new.config, new.entries + drops)


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


def _rewrite(config: Object, target: Reader, known: Known, gone: Loss, keep_unknown: bool) -> _Rewritten:
    """All stages in a row; each leaf's place in the original is followed through them."""
    entries: list[Entry] = []
    left: list[_Gone] = []
    origins: dict[Place, Place] = {}
    for stage in _stages(config, target, known):
        draft = Draft(config, _step(target), gone)
        stage(draft)
        for place, value in draft.rest():
            if not (keep_unknown and _unknown(place) and draft.keep(place)):
                left.append(_Gone(place, _origin(place, origins), value, f"no place in {target.config_model}"))
        origins = {place: _origin(before, origins) for place, before in draft.moved.items()}
        entries += draft.entries
        config = draft.target
    fitted = fit(config, {"$ref": target.config_model}, target.models)
    if not fitted.ok:
        return _Rewritten(None, entries, left, fitted.misfits[0].reason)
    for misfit in fitted.misfits:
        if keep_unknown and _unknown(misfit.path) and _put_back(fitted.value, misfit.path, at(config, misfit.path)):
            note = "not known to any release"
            entries.append(Entry(_step(target), Op.KEEP, CONFIG + misfit.path, Loss.KEPT, note=note))
            continue
        entries = [entry for entry in entries if not _only_added(entry, misfit.path)]
        for place, value in leaves(at(config, misfit.path), misfit.path):
            if _origin(place, origins) is not _NOWHERE:
                left.append(_Gone(place, _origin(place, origins), value, misfit.reason))
    return _Rewritten(fitted.value, entries, left)


def _stages(config: Object, target: Reader, known: Known) -> list[Callable[[Draft], None]]:
    family = family_of(config) or target.family
    stages: list[Callable[[Draft], None]] = []
    if family == "user" and any(at(config, name.old) is not ABSENT for name in RENAMED):
        stages.append(lambda draft: _within(draft, {name.old: (name.new, name.kind) for name in RENAMED}))
    if family == "user" and target.family == "benchmark":
        stages.append(lambda draft: to_benchmark(draft, known))
    elif family == "benchmark" and target.family == "user":
        stages.append(lambda draft: to_user(draft, target, known))
    stages.append(lambda draft: _own(draft, target, known))
    return stages


def _own(draft: Draft, target: Reader, known: Known) -> None:
    """The last stage: the names of the target release, and what it repeats of the document."""
    if target.family == "benchmark":
        _within(draft, {})
        phases = draft.source.get("phases")
        add_kinds(draft, target, phases if type(phases) is list else [])
        return
    old = [name for name in RENAMED if age(target.release) <= age(name.last)]
    _within(draft, {name.new: (name.old, Kind(name.kind.down, name.kind.up)) for name in old})
    add_user_facts(draft, target, known)


def _within(draft: Draft, names: dict[Place, tuple[Place, Kind]]) -> None:
    """Carry everything over as it is, but for fields with another name."""
    for key, value in draft.source.items():
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


def _origin(place: Place, origins: dict[Place, Place]) -> Place:
    """Where the value at a place stood in the original."""
    if not origins:
        return place
    for length in range(len(place), 0, -1):
        if place[:length] in origins:
            before = origins[place[:length]]
            return before + place[length:] if before else _NOWHERE
    return _NOWHERE


def _only_added(entry: Entry, place: Place) -> bool:
    """Whether an entry adds what then has no place after all."""
    path = CONFIG + place
    return entry.op is Op.ADD and entry.path[: len(path)] == path


def _put_back(config: Object, place: Place, value: Json) -> bool:
    node = at(config, place[:-1])
    if type(node) is not dict or any(type(part) is int for part in place):
        return False
    node[place[-1]] = value
    return True


@cache
def _all_names() -> frozenset[str]:
    """Every field name that any release has anywhere in its configuration."""
    return frozenset(
        name for reader in readers() for model in reader.models.values() for name in model.get("properties", ())
    )


def _unknown(place: Place) -> bool:
    """Whether a place is one that no release has: some key on the way is no field of any."""
    return any(type(part) is str and part not in _all_names() for part in place)
