"""The laws of the chain, each as a function of a document and a version to take it to.

`test_laws.py` runs them over every ordered pair of versions. A law says in its docstring exactly what it demands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st
from support.jsontext import STYLES, Style, Token, as_bytes, tokens
from support.real_documents import edited
from support.replay import copied, leaf_map, leaves, node_at, replay, settled, traced

from migrator.aiperf.releases import FIRST_READER, NIGHTLIES, RELEASES, age, version_key
from migrator.chain.ops import Rename
from migrator.chain.steps import FIRST_LABELLED, STEPS, VERSIONS
from migrator.errors import NotAnExportError, ResidueError
from migrator.identify import MIGRATABLE, Family, identify
from migrator.jsonfile import at, fingerprint, parse, render
from migrator.ledger import Entry, Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.goal import Goal
from migrator.migration.migrate import Migration, migrate
from migrator.migration.migrate import Options as MigrateOptions
from migrator.migration.plan import plan
from migrator.migration.residue import Residue
from migrator.redact import redact
from migrator.schemas import violations

Draw = Callable[[st.SearchStrategy[Any]], Any]
Object = dict[str, Any]

GONE: Final = (Loss.LOST, Loss.SAVED)


@dataclass(frozen=True)
class Options:
    """What a user asks of a command: all of them translate `input_config`.

    `release` stands for `--for-aiperf`: one of the releases that write the target, `pick` says which of them;
    for a version that none writes there is only the version.
    """

    config: bool = False
    keep_secrets: bool = False
    release: bool = False
    pick: int = 0

    def release_name(self, target: str) -> str | None:
        """The release that a document is made for at a version, if it is made for one."""
        names = [name for name in every_writer(target) if age(name) >= age(FIRST_READER)] if self.release else []
        return names[self.pick % len(names)] if names else None


MODES: Final[dict[str, Options]] = {
    "document alone": Options(),
    "with its configuration": Options(config=True),
    "secrets kept": Options(config=True, keep_secrets=True),
    "for a release": Options(config=True, release=True),
    "for a release, secrets kept": Options(config=True, release=True, keep_secrets=True),
}
"""What the laws are held with: `migrate` alone, and as the commands call it."""


def every_writer(version: str) -> list[str]:
    """The releases and nightlies that write a version."""
    return [entry.name for entry in (*RELEASES, *NIGHTLIES) if entry.version == version]


@dataclass
class Case:
    """A document as it comes out of a file, and what is asked for.

    `conforms` says that its version has a place for everything in it (a plain export, not a mutated one). `version`
    is the one it was made for, where its content allows that (without telemetry, 0.2 and 0.3 are the same), else the
    one its content has; `content` is always the latter.
    """

    raw: bytes
    conforms: bool
    version: str = ""
    options: Options = MODES["document alone"]
    document: Object = field(init=False)
    content: str = field(init=False)
    versions: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.parsed = parse(self.raw)
        self.document = self.parsed.data
        found = identify(self.document)
        self.content, self.versions = found.version, found.versions
        # Without its label a file may be of two versions; its configuration is then taken to be of the later one.
        if self.version not in self.versions or self.options.config:
            self.version = self.content

    def bytes_of(self, document: Object) -> bytes:
        """A document in this file's layout."""
        return render(document, self.parsed.layout)

    @property
    def expected(self) -> bytes:
        """What must come back: the file itself, but for secrets that stood in it in clear."""
        clean, places = redact(self.document)
        return self.bytes_of(clean) if places and not self.options.keep_secrets else self.raw

    @property
    def clean(self) -> Object:
        """The document as every migration starts with it: without secrets in clear, unless they are kept."""
        return self.document if self.options.keep_secrets else clean(self.document)

    def asked(self, document: Object, target: str, **more: Any) -> Migration:
        """Migrate as the options say."""
        return self._migrated(document, target, self.options.release_name(target), more)

    def to_version(self, document: Object, target: str, **more: Any) -> Migration:
        """Migrate to a version, as on the way back: no release is asked for."""
        return self._migrated(document, target, None, more)

    def _migrated(self, document: Object, target: str, release: str | None, more: dict[str, Any]) -> Migration:
        given = self.options
        options = MigrateOptions(given.config, more.pop("save_residue", False), given.keep_secrets)
        return migrate(document, Goal(target, release or ""), options, **more)


def case_of(
    document: Object,
    version: str,
    style: Style = STYLES["as AIPerf writes"],
    *,
    conforms: bool,
    options: Options = MODES["document alone"],
) -> Case:
    """A document written to a file and read back.

    Args:
        document: the export.
        version: the version it was made for.
        style: the layout of the file.
        conforms: whether its version has a place for everything in it.
        options: what is asked for.
    """
    return Case(as_bytes(document, style), conforms, version, options)


def everything(result: Migration) -> bytes:
    """All that a migration gives, as bytes."""
    residue = result.residue.to_bytes("test") if result.residue else b""
    return b"\n".join([render(result.document), render(result.ledger.as_list()), residue, repr(result.steps).encode()])


def stripped(document: Object) -> bool:
    """Whether a document holds too little to be recognised without its label: a metric or two, nothing of a run."""
    return identify(document).family is not Family.EXPORT


def without_residue(ledger: Any) -> list[Entry]:
    """The entries of a ledger that are changes of the chain."""
    return [entry for entry in ledger if entry.op not in (Op.RESTORE, Op.CONFLICT)]


def clean(document: Object) -> Object:
    """The document as every migration starts with it: without secrets in clear."""
    return redact(document)[0]


def same(replayed: Object, document: Object) -> bool:
    """Whether carrying a ledger out gives a document."""
    return fingerprint(settled(replayed)) == fingerprint(settled(document))


# --- the laws ------------------------------------------------------------------------------------------------


def pure(case: Case, target: str, draw: Draw) -> None:
    """1. The argument is the same afterwards, to the last spelling and order of keys, and so is a residue that is
    given back; a second run, and one on an equal document, give the same bytes: document, ledger and residue."""
    before = copied(case.document)
    first = case.asked(case.document, target, save_residue=True)
    assert case.bytes_of(case.document) == case.bytes_of(before)
    again = case.asked(case.document, target, save_residue=True)
    assert everything(again) == everything(first)
    assert everything(case.asked(before, target, save_residue=True)) == everything(first)
    if first.residue:
        saved, there = first.residue.to_bytes("test"), render(first.document)
        back = case.to_version(first.document, case.version, residue=first.residue)
        assert first.residue.to_bytes("test") == saved
        assert render(first.document) == there
        assert everything(case.to_version(first.document, case.version, residue=first.residue)) == everything(back)


def same_version(case: Case, target: str, draw: Draw) -> None:
    """2. A document asked for at its own version is handed back as the very same object, with an empty ledger, and
    its file's bytes are the same; and what a migration gives *is* of the version asked for, so that asking again
    changes nothing."""
    for own in case.versions:
        result = case.to_version(case.document, own, save_residue=True)
        assert result.document is case.document
        assert not result.changed
        assert not result.ledger
        assert result.steps == ()
        assert case.bytes_of(result.document) == case.raw
    there = case.asked(case.document, target).document
    assert there.get("schema_version") == (target if version_key(target) >= version_key(FIRST_LABELLED) else None)
    if case.conforms:
        assert target in identify(there).versions
        assert case.to_version(there, target).document is there
        assert render(case.asked(there, target).document) == render(there)


def up_and_down(case: Case, target: str, draw: Draw) -> None:
    """3. Up and down again gives the original file, byte for byte in its layout: with the residue for any document,
    without it for one that conforms to its version, if the way up had no value to lose. Secrets come back redacted,
    unless they are kept. Of a configuration there may be more afterwards, where both versions have a place for what
    the way up put in because the original left it unsaid; but nothing of the file's own is gone, or stands twice. And
    what stands in a form that releases read comes back in the one that they write: pairs, not an object, for headers
    and extra inputs, and floats for the bounds of goodput."""
    up = case.asked(case.document, target, save_residue=True)
    if not up.changed:
        return
    back = case.to_version(up.document, case.version, residue=up.residue)
    assert case.bytes_of(back.document) == case.expected
    assert back.ledger.by_op()[Op.CONFLICT] == 0
    bare = case.asked(case.document, target)
    assert render(bare.document) == render(up.document)
    if not case.conforms or any(entry.loss in GONE for entry in bare.ledger):
        return
    returned = case.to_version(bare.document, case.version)
    if case.bytes_of(returned.document) != case.expected:
        assert case.options.config
        original = _as_written(case.clean, returned.document)
        if case.bytes_of(returned.document) != case.bytes_of(original):
            _only_more(original, bare, returned)


def _as_written(original: Object, returned: Object) -> Object:
    """The original with its inputs in the form in which AIPerf writes them, as far as what came back has it."""
    result = copied(original)
    inputs, now = (at(document, ("input_config", "input")) for document in (result, returned))
    for name in ("headers", "extra") if type(inputs) is dict else ():
        if type(inputs.get(name)) is dict and type(at(now, (name,))) is list:
            inputs[name] = [[key, value] for key, value in inputs[name].items()]
    bounds = at(inputs, ("goodput",))
    for name, bound in bounds.items() if type(bounds) is dict else ():
        if type(bound) is int and type(at(now, ("goodput", name))) is float:
            bounds[name] = float(bound)
    return result


def _only_more(original: Object, up: Migration, returned: Migration) -> None:
    """What came back has all that the original had, and besides only what is not the original's, in `input_config`."""
    was, now = leaf_map(settled(original)), leaf_map(settled(returned.document))
    nulls = {path for path, value in leaves(settled(original)) if value is None and path[0] == "input_config"}
    assert {path: now.get(path) for path in was.keys() - nulls} == {path: was[path] for path in was.keys() - nulls}
    assert fingerprint(returned.document) != fingerprint(original), "only the order is another"
    carried = replay(replay(traced(original), up.ledger, check=False), returned.ledger, check=False)
    origins = dict(leaves(settled(carried)))
    for path in now.keys() - was.keys():
        assert path[0] == "input_config"
        assert type(origins.get(path)) is not tuple, f"{origins[path]} came back at {path}, too"


def down_and_up(case: Case, target: str, draw: Draw) -> None:
    """4. Down and up again with the residue gives the original file, byte for byte. Without it, the original differs
    from what comes back exactly as the two ledgers say: carrying them out on the original gives that document; a
    value called derivable is back, and one called lost is not; a null (called exact, for it says nothing) is null
    again, absent, or what the document proves by now. (What its label alone makes an export needs it to return.)"""
    down = case.asked(case.document, target, save_residue=True)
    if down.residue is None:
        assert not down.changed
        return
    residue = Residue.from_bytes(down.residue.to_bytes("test"))
    # A file that fits two versions came from the one that the residue names.
    back = case.to_version(down.document, residue.origin, residue=residue)
    assert case.bytes_of(back.document) == case.expected
    assert back.ledger.by_op()[Op.CONFLICT] == 0
    bare = case.asked(case.document, target)
    assert render(bare.document) == render(down.document)
    original = case.clean
    if stripped(bare.document):
        assert not case.conforms
        return
    returned = case.to_version(bare.document, case.version)
    assert same(replay(original, [*bare.ledger, *returned.ledger]), returned.document)
    was, now = leaf_map(original), leaf_map(returned.document)
    added = {entry.path for entry in returned.ledger if entry.op is Op.ADD}
    for origin, entry in dropped_leaves(original, bare.ledger):
        if entry.path == ("schema_version",):
            continue
        if entry.loss is Loss.DERIVABLE:
            assert now.get(origin) == was[origin], f"{origin} was called derivable"
        elif entry.loss is Loss.EXACT:
            assert was[origin] == b"null"
            assert now.get(origin, b"null") == b"null" or origin in added
        else:
            assert entry.loss is Loss.LOST
            assert now.get(origin) != was[origin], f"{origin} was called lost"


def dropped_leaves(document: Object, ledger: Any) -> list[tuple[tuple[Any, ...], Entry]]:
    """(where it stood in the document, the entry that dropped it) of each leaf that a ledger drops."""
    found: list[tuple[tuple[Any, ...], Entry]] = []

    def note(entry: Entry, value: Any) -> None:
        found.extend((leaf, entry) for _, leaf in leaves(value) if type(leaf) is tuple)

    replay(traced(document), ledger, check=False, dropped=note)
    return found


def accounted(case: Case, target: str, draw: Draw) -> None:
    """5. Every leaf of the input is in the output, in the residue or in the ledger: the audit finds nothing, and
    carrying out the ledger on the input gives the output, so nothing was made up or moved in silence either. A value
    that is gone is in the ledger with its old value; `saved` is said exactly where a residue was asked for. And the
    audit is no rubber stamp: a leaf taken out of the output is found missing."""
    result = case.asked(case.document, target)
    original = case.clean if result.changed else case.document
    missing = unaccounted(case.document, result.document, result.ledger)
    assert missing == []
    assert same(replay(original, result.ledger), result.document)
    assert not result.ledger.of(Loss.SAVED)
    saving = case.asked(case.document, target, save_residue=True)
    assert not saving.ledger.of(Loss.LOST)
    assert len(saving.ledger.of(Loss.SAVED)) == len(result.ledger.of(Loss.LOST))
    assert unaccounted(case.document, saving.document, saving.ledger) == []
    places = replay(traced(original), result.ledger, check=False)
    carried = [(path, leaf) for path, leaf in leaves(places) if type(leaf) is tuple and leaf != ("schema_version",)]
    if carried:
        path, origin = draw(st.sampled_from(carried))
        broken = copied(result.document)
        parent = node_at(broken, path[:-1])
        if type(parent) is list:
            parent[path[-1]] = "spoiled"
        else:
            del parent[path[-1]]
        redacted_places = {entry.path for entry in result.ledger if entry.op is Op.REDACT}
        assert unaccounted(case.document, broken, result.ledger) == ([] if origin in redacted_places else [origin])


def step_by_step(case: Case, target: str, draw: Draw) -> None:
    """6. One call takes the steps of the table, in order, and gives what single steps give: the same bytes where no
    single step loses anything; else the same but for fields that both ends have a place for and a version in between
    has not, which one call carries through; and the same bytes again when the residues are handed from step to step.
    (A configuration is put into the words of a release at every step: where that loses or infers something, or where
    a file without a label is of two versions and stays as it is, only what stands around it is compared.)"""
    one = case.asked(case.document, target, save_residue=True)
    assert one.steps == (table(case.content, target) if target not in case.versions else ())
    if not one.changed:
        return
    stations = way(case.version, target)[1:]
    if not stations:
        return  # Made for a release at the file's own version: there is no step.
    here, lost, same_words = case.document, False, True
    for station in stations:
        step = case.asked if station == target else case.to_version
        # Without label and metrics, an empty `records` of the user's own is the shape of 0.1: nothing tells them apart.
        foreign = "records" in case.document and case.version != "0.1" and here is not case.document
        if stripped(here) or foreign:
            assert not case.conforms
            return
        result = step(here, station)
        assert result.steps in ((), table(result.identity.version, station))
        lost = lost or any(entry.loss in GONE for entry in result.ledger)
        same_words = same_words and result.changed and not any(map(guessed, result.ledger))
        here = result.document
    single, together = here, one.document
    if case.options.config and (lost or not same_words):
        single, together = unconfigured(single), unconfigured(together)
    if not lost:
        assert render(single) == render(together)
    else:
        single, together = leaf_map(single), leaf_map(together)
        kept = {key for _, key in plan(case.version, target).kept_fields}
        assert {path[-1] for path in together.keys() - single.keys()} <= kept
        common = {path: value for path, value in single.items() if path[-1] not in kept}
        assert {path: together.get(path) for path in common} == common
    here, residue = case.document, None
    for station in stations:
        step = case.asked if station == target else case.to_version
        result = step(here, station, residue=residue, save_residue=True)
        here = result.document
        residue = residue if result.residue is None else result.residue
    assert render(here) == render(one.document)
    # As in the law of down and up, a file that fits two versions came from the one that the residue names.
    origin = case.version if residue is None else residue.origin
    assert case.bytes_of(case.to_version(here, origin, residue=residue).document) == case.expected


def guessed(entry: Entry) -> bool:
    """Whether an entry puts something into the configuration that is only inferred."""
    return entry.loss is Loss.INFERRED and entry.path[0] == "input_config"


def unconfigured(document: Object) -> Object:
    """A document without its configuration."""
    return {key: value for key, value in document.items() if key != "input_config"}


def way(source: str, target: str) -> tuple[str, ...]:
    """The versions from one to the other, both ends included."""
    a, b = VERSIONS.index(source), VERSIONS.index(target)
    return VERSIONS[a : b + 1] if a <= b else VERSIONS[b : a + 1][::-1]


def table(source: str, target: str) -> tuple[str, ...]:
    """The names of the steps between two versions."""
    return tuple(f"{a} → {b}" for a, b in pairwise(way(source, target)))


def unknown_survives(case: Case, target: str, draw: Draw) -> None:
    """7. Keys that no version knows stay where they are, metrics that no catalogue knows keep every statistic that
    the target has a place for, and where two names collide, both values are still there. Only an unknown key in an
    object that the target has no place for goes with it, and the ledger says so."""
    document = copied(case.document)
    document["x_unknown"] = {"größe": [1, 2.50, None]}
    metrics = document["records"] if case.version == "0.1" else document
    metrics["acme.unknown"] = {"unit": "ms", "avg": 1.25, "p50": 1.5, "x_own": "mine"}
    inside = [value for value in document.values() if type(value) is dict and "unit" not in value]
    for node in inside:
        node["x_inside"] = "kept"
    ours = case_of(document, case.version, conforms=False)
    assume(ours.versions == case.versions and target not in case.versions)
    result = case.asked(ours.document, target)
    assert result.document["x_unknown"] == {"größe": [1, 2.50, None], "x_inside": "kept"}
    assert any(entry.path == ("x_unknown",) and entry.loss is Loss.KEPT for entry in result.ledger)
    holder = result.document["records"] if target == "0.1" else result.document
    assert {"unit": "ms", "avg": 1.25, "p50": 1.5, "x_own": "mine"}.items() <= holder["acme.unknown"].items()
    dropped = [{entry.path[-1]: entry.before} for entry in result.ledger if entry.op is Op.DROP]
    assert [path[-1] for path, _ in leaves([result.document, dropped])].count("x_inside") == len(inside)
    _collisions(case, target, draw)


def _collisions(case: Case, target: str, draw: Draw) -> None:
    """Put both names of each rename at the top, with values of their own: each value is there once afterwards."""
    renames = [op for step in STEPS for op in (getattr(o, "of", o) for o in step.ops) if isinstance(op, Rename)]
    document = copied(case.document)
    metrics = document["records"] if case.version == "0.1" else document
    names = sorted({name for op in renames if not op.at for row in op.table.items() for name in row})
    for index, name in enumerate(names):
        metrics[name] = {"unit": f"collision {index}", "avg": 1.5}
    result = case.asked(document, target)
    found = sorted(str(leaf) for path, leaf in leaves(result.document) if path[-1] == "unit")
    wanted = sorted(f"collision {index}" for index in range(len(names)))
    assert [unit for unit in found if unit.startswith("collision")] == wanted
    kept = [entry for entry in result.ledger if entry.op is Op.KEEP and entry.note.endswith("is there too")]
    assert all(entry.loss is Loss.KEPT for entry in kept)


def valid(case: Case, target: str, draw: Draw) -> None:
    """8. What a migration makes of a document that is valid at its own version is valid at the target, with and
    without a residue to restore; every conforming document is valid at its own."""
    found = violations(case.version, case.document)
    if case.conforms:
        assert found == []
    if found:
        return
    result = case.asked(case.document, target, save_residue=True)
    assert violations(target, result.document) == []
    if result.residue is not None:
        back = case.to_version(result.document, case.version, residue=result.residue)
        assert violations(case.version, back.document) == []


def spelled_alike(case: Case, target: str, draw: Draw) -> None:
    """9. Every number of the input that the ledger does not drop stands in the output's bytes as it was spelled, in
    any layout: read with a reader of the tests' own that never makes a number of it."""
    result = case.asked(case.document, target)
    before, after = tokens(case.raw), tokens(case.bytes_of(result.document))
    places = replay(traced(before), result.ledger, check=False)
    for path, origin in leaves(places):
        if type(origin) is tuple and isinstance(node_at(before, origin), Token):
            assert node_at(after, path) == node_at(before, origin)


def stale_residue(case: Case, target: str, draw: Draw) -> None:
    """10. A residue never wins over an edit. Restoring into an edited document gives each edited value as it was
    edited, at the place where a migration without residue puts it; nothing comes back into a block whose values were
    edited, or below an object that was deleted, and each such part is a conflict in the ledger; other parts are
    restored as ever. With the run's identity edited, it is refused."""
    there = case.asked(case.document, target, save_residue=True)
    residue = there.residue
    if residue is None:
        assert not there.changed
        return
    # As in the law of down and up, a file that fits two versions came from the one that the residue names.
    unedited = case.to_version(there.document, residue.origin, residue=residue)
    parts = [part.path for part in residue.parts]
    changed, what, where = edited(draw, there.document, [path[:-1] for path in parts] or [()])
    try:
        back = case.to_version(changed, residue.origin, residue=residue)
    except ResidueError:
        same_run = all(
            changed.get(key) == there.document.get(key) for key in ("benchmark_id", "start_time", "end_time")
        )
        labels = residue.to in identify(changed).versions
        known = any(there.document.get(key) is not None for key in ("benchmark_id", "start_time", "end_time"))
        assert not (same_run and labels and known), (what, where)
        return
    except NotAnExportError:
        # The edit took away what an export is known by.
        assert identify(changed).family not in MIGRATABLE, (what, where)
        return
    if not back.changed:
        # Once edited, a document is at the version of its content, which a leftover of another version may decide.
        assert not case.conforms
        assert back.document is changed
        return
    plain_before = leaf_map(replay(there.document, without_residue(unedited.ledger)))
    plain_after = leaf_map(replay(changed, without_residue(back.ledger)))
    result = leaf_map(back.document)
    for path in plain_before.keys() | plain_after.keys():
        if plain_before.get(path) != plain_after.get(path) and path in plain_after:
            if plain_after[path] == b"{}" and path not in result:
                continue  # An object that the edit left empty, into which another part was restored.
            assert result.get(path) == plain_after[path], (what, where, path)
    _nothing_revived(case, what, where, there, back, residue)
    conflicts = {entry.path for entry in back.ledger if entry.op is Op.CONFLICT}
    restored = {entry.path for entry in back.ledger if entry.op is Op.RESTORE}
    assert conflicts | restored == set(parts)
    assert not conflicts & restored
    assert all(entry.note for entry in back.ledger if entry.op is Op.CONFLICT)


def _nothing_revived(
    case: Case, what: str, where: tuple[str, ...], there: Migration, back: Migration, residue: Residue
) -> None:
    """Nothing of the residue stands in the object that was edited, or below what was deleted."""
    way_back = case.to_version(there.document, residue.origin, residue=residue)
    origins = replay(traced(there.document), without_residue(way_back.ledger), check=False)
    moved = {origin[:-1]: path[:-1] for path, origin in leaves(origins) if type(origin) is tuple}
    restored = [entry.path for entry in back.ledger if entry.op is Op.RESTORE]
    if what == "changed":
        home = moved.get(where[:-1])
        assert not home or not [path for path in restored if path[:-1] == home]
    elif what == "deleted":
        # What stood below the deleted object: it may share its home with what is elsewhere (0.1's `records`).
        gone = {home: origin[: len(where)] == where for origin, home in moved.items()}
        # What the way back puts in by itself is not what was deleted.
        added = {entry.path for entry in back.ledger if entry.op is Op.ADD}
        for path in restored:
            if any(path[:n] in added for n in range(1, len(path))):
                continue
            nearest = next((path[:n] for n in range(len(path) - 1, 0, -1) if path[:n] in gone), None)
            assert nearest is None or not gone[nearest], path


LAWS: Final[dict[str, Callable[[Case, str, Draw], None]]] = {
    "1 pure and deterministic": pure,
    "2 same version": same_version,
    "3 up and down": up_and_down,
    "4 down and up": down_and_up,
    "5 accounted for": accounted,
    "6 step by step": step_by_step,
    "7 unknown survives": unknown_survives,
    "8 valid": valid,
    "9 numbers": spelled_alike,
    "10 stale residue": stale_residue,
}
