"""The residue: what a migration cannot keep, as a small delta that is restored on the way back.

It is measured, not declared: the migrated document is taken straight back, and every difference to the original is a
part of the residue. Restoring goes the same way back and applies the parts, so that the original returns, whatever it
was. Each part has a guard, a hash of the values around it: if these were edited in between, the part is reported as a
conflict and not applied.
"""

from __future__ import annotations

from typing import Any, Final, Self

from migrator.aiperf.releases import Dialect, release
from migrator.chain.chain import Chain
from migrator.chain.families import MAIN, chain_of
from migrator.chain.steps import GENAI_PERF
from migrator.errors import NotJsonError, ResidueError
from migrator.jsonfile import ABSENT, Json, Object, Path, fingerprint, parse, render
from migrator.ledger import Entry, Loss, Op
from migrator.values import dataclass, field

FORMAT: Final = 1
_MARK: Final = "aiperf_migrate_residue"
_IDENTITY: Final = ("benchmark_id", "start_time", "end_time")
_ABSENT: Final = "absent"


def digest(value: Json) -> str:
    """128 bits of SHA-256, as hexadecimal digits, that equal values share; the order of keys does not matter."""
    # Imported here: only residues need it, and it is slow to import.
    from hashlib import sha256

    return sha256(fingerprint(value)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Part:
    """One difference: `value` belongs at `path`, after the key `after`; without `has_value`, nothing belongs there.

    `expected` is the hash of the value that the way back puts there (`absent` for none), `guard` that of the scalars
    beside it.
    """

    path: tuple[str, ...]
    value: Json
    has_value: bool
    after: str
    expected: str
    guard: str


@dataclass(slots=True)
class Residue:
    """Everything that a migration from the version `origin` to the version `to` could not keep.

    `digest` is that of the migrated document, `identity` its run identifier and times: a residue belongs to a document
    in which one of the two is the same. `dialect` is the telemetry dialect of 1.4 for the way back, which the migrated
    document may not prove. `releases` are the AIPerf releases (source, target) between whose dialects `input_config`
    was translated; None if it was not. `order` has (path, keys) of every object whose keys come back in another order.
    `family` is that of the document, of which [`chain_of`][migrator.chain.families.chain_of] gives the chain; places
    are those of the object that its steps work on.
    """

    origin: str
    to: str
    dialect: Dialect
    digest: str
    identity: dict[str, Json]
    parts: list[Part] = field(default_factory=list)
    order: list[tuple[tuple[str, ...], list[str]]] = field(default_factory=list)
    releases: tuple[str, str] | None = None
    family: str = MAIN.name

    def __bool__(self) -> bool:
        # Only a residue shows that an export came from GenAI-Perf, so even an empty one is kept.
        return bool(self.parts or self.order or self.origin == GENAI_PERF)

    def is_of(self, document: Object) -> bool:
        """Whether a document equals the migrated document."""
        return digest(document) == self.digest

    def belongs_to(self, document: Object) -> bool:
        """Whether a document is the migrated document, or of the same run: edited since."""
        if self.is_of(document):
            return True
        known = {key: value for key, value in self.identity.items() if value is not None}
        return bool(known) and fingerprint(_identity(document)) == fingerprint(self.identity)

    def to_bytes(self, tool: str) -> bytes:
        """The content of a residue file; `tool` names the program and version that writes it."""
        return render(
            {
                _MARK: FORMAT,
                "tool": tool,
                "from": self.origin,
                "to": self.to,
                "dialect": self.dialect,
                **({"family": self.family} if self.family != MAIN.name else {}),
                **({"input_config": list(self.releases)} if self.releases else {}),
                "document": {"digest": self.digest, **self.identity},
                "parts": [_part_row(part) for part in self.parts],
                "order": [{"path": list(path), "keys": keys} for path, keys in self.order],
            }
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a residue file.

        Raises:
            ResidueError: not a residue, damaged, or of a newer format.
        """
        try:
            rows = parse(raw).data
        except NotJsonError as error:
            raise ResidueError(f"is damaged: {error.found}", place=error.place) from error
        if type(rows) is not dict or _MARK not in rows:
            raise ResidueError("is not a residue file of aiperf-migrate")
        if rows[_MARK] != FORMAT:
            raise ResidueError(
                f"has residue format {rows[_MARK]}", expected=f"format {FORMAT}", hint="upgrade the tool"
            )
        try:
            document = dict(rows["document"])
            chain = chain_of(_text(rows.get("family", MAIN.name)))
            return cls(
                origin=_version(rows["from"], chain),
                to=_version(rows["to"], chain),
                dialect="legacy" if rows["dialect"] == "legacy" else "vendor",
                digest=_text(document.pop("digest")),
                identity={key: document.get(key) for key in _IDENTITY},
                parts=[_part(row) for row in rows["parts"]],
                order=[(_keys(row["path"]), list(_keys(row["keys"]))) for row in rows["order"]],
                releases=_releases(rows.get("input_config")),
                family=chain.name,
            )
        except KeyError as error:
            raise ResidueError(f"is damaged: {error} is missing") from error
        except (TypeError, ValueError) as error:
            raise ResidueError(f"is damaged: {error}") from error


def _part_row(part: Part) -> dict[str, Any]:
    row: dict[str, Any] = {"path": list(part.path)}
    if part.has_value:
        row |= {"value": part.value, "after": part.after}
    return row | {"expected": part.expected, "guard": part.guard}


def _part(row: dict[str, Any]) -> Part:
    path = _keys(row["path"])
    if not path:
        raise ValueError("a part has no path")
    after = _text(row.get("after", ""))
    return Part(path, row.get("value"), "value" in row, after, _text(row["expected"]), _text(row["guard"]))


def _keys(value: Json) -> tuple[str, ...]:
    if type(value) is not list:
        raise ValueError("expected a list of keys")
    return tuple(map(_text, value))


def _text(value: Json) -> str:
    if type(value) is not str:
        raise ValueError("expected a string")
    return value


def _version(value: Json, chain: Chain) -> str:
    if value not in chain.versions and not (chain is MAIN and value == GENAI_PERF):
        raise ValueError(f"no schema version {value!r:.40}")
    return _text(value)


def _releases(value: Json) -> tuple[str, str] | None:
    if value is None:
        return None
    source, target = _keys(value)
    if release(source) is None or release(target) is None:
        raise ValueError(f"unknown AIPerf release: {source:.40} or {target:.40}")
    return source, target


def measure(
    original: Object,
    returned: Object,
    migrated: Object,
    *,
    origin: str,
    to: str,
    dialect: Dialect,
    releases: tuple[str, str] | None = None,
    family: str = MAIN.name,
) -> Residue:
    """What makes `returned` the original again.

    Args:
        original: the document before its migration.
        returned: the migrated document, taken straight back.
        migrated: the migrated document.
        origin: the version of the original.
        to: the version of the migrated document.
        dialect: the telemetry dialect that 1.4 has on the way.
        releases: between whose dialects `input_config` was translated.
        family: the family of the document.
    """
    residue = Residue(origin, to, dialect, digest(migrated), _identity(migrated), releases=releases, family=family)
    _collect(original, returned, (), residue.parts)
    restored, _ = apply(residue, returned)
    _collect_order(original, restored, (), residue.order)
    return residue


def _identity(document: Object) -> dict[str, Json]:
    return {key: document.get(key) for key in _IDENTITY}


def _collect(original: Object, returned: Object, path: tuple[str, ...], parts: list[Part]) -> None:
    guard = ""

    def differs(key: str, value: Json, *, has_value: bool, previous: str) -> None:
        nonlocal guard
        # Most objects come back as they were, and need none.
        guard = guard or _guard(returned, path)
        parts.append(Part((*path, key), value, has_value, previous, _expected(returned, key), guard))

    previous = ""
    for key, value in original.items():
        there = returned.get(key, ABSENT)
        if type(value) is dict and type(there) is dict:
            _collect(value, there, (*path, key), parts)
        elif there is not value and (there is ABSENT or fingerprint(value) != fingerprint(there)):
            differs(key, value, has_value=True, previous=previous)
        previous = key
    for key in returned:
        if key not in original:
            differs(key, None, has_value=False, previous="")


def _expected(node: Object, key: str) -> str:
    return digest(node[key]) if key in node else _ABSENT


def _guard(node: Object, path: tuple[str, ...]) -> str:
    """A hash of what stands beside a key: the scalars of its object; at the top level, the identity of the run."""
    if not path:
        return digest(_identity(node))
    return digest({key: value for key, value in node.items() if type(value) not in (dict, list)})


def _collect_order(
    original: Object, restored: Object, path: tuple[str, ...], order: list[tuple[tuple[str, ...], list[str]]]
) -> None:
    if list(original) != list(restored):
        order.append((path, list(original)))
    for key, value in original.items():
        if type(value) is dict and type(restored.get(key)) is dict:
            _collect_order(value, restored[key], (*path, key), order)


def apply(residue: Residue, document: Object) -> tuple[Object, list[Entry]]:
    """Put the parts of a residue into a document that is back at the residue's `origin`; it is not modified.

    Returns:
        The restored document, and an entry for every part: `restore`, or `conflict` where it no longer fits.
    """
    restored: Object = copied(document)
    entries = []
    # Parts of one object have one guard.
    guards: dict[Path, str] = {}
    for part in residue.parts:
        before = _node(document, part.path[:-1])
        node = _node(restored, part.path[:-1])
        problem = _problem(before, part, guards)
        if problem or node is None:
            entries.append(Entry("residue", Op.CONFLICT, part.path, Loss.LOST, note=problem))
            continue
        if part.has_value:
            _put(node, part.path[-1], part.value, part.after)
        else:
            node.pop(part.path[-1], None)
        entries.append(Entry("residue", Op.RESTORE, part.path, Loss.EXACT, after=part.value))
    for path, keys in residue.order:
        node = _node(restored, path)
        if node is not None and node.keys() == set(keys):
            items = {key: node[key] for key in keys}
            node.clear()
            node.update(items)
    return restored, entries


def _problem(node: Object | None, part: Part, guards: dict[Path, str]) -> str:
    """Why a part no longer fits into the object that held it; empty if it fits. `guards` are those of the document."""
    if node is None:
        return "the object it belongs to is gone"
    if _expected(node, part.path[-1]) != part.expected:
        return "another value was put in its place"
    place = part.path[:-1]
    if place not in guards:
        guards[place] = _guard(node, place)
    if guards[place] != part.guard:
        return "the values beside it were edited"
    return ""


def _node(document: Object, path: Path) -> Object | None:
    node: Json = document
    for key in path:
        if type(node) is not dict or key not in node:
            return None
        node = node[key]
    return node if type(node) is dict else None


def _put(node: Object, key: str, value: Json, after: str) -> None:
    if key in node:
        node[key] = value
        return
    items = list(node.items())
    names = list(node)
    index = names.index(after) + 1 if after in node else 0 if not after else len(items)
    node.clear()
    node.update([*items[:index], (key, value), *items[index:]])


def copied(value: Json) -> Json:
    """A copy of the containers of a document; scalars are shared."""
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if type(value) is list else value
