"""Migrate a file with one record a line: each line is a document of its own, and the ledger counts lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from migrator.chain.families import chain_of
from migrator.errors import MigratorError, NotAnExportError, NotJsonError, ResidueError
from migrator.files.large import Content
from migrator.identify import Family, Identity, identify
from migrator.jsonfile import Json, Object, Parsed, fingerprint, parse, render
from migrator.ledger import Entry, Ledger
from migrator.migration.goal import Goal, target_of
from migrator.migration.migrate import DEFAULTS, Migration, Options, migrate
from migrator.migration.residue import Residue, digest
from migrator.values import dataclass, field, replace


@dataclass(slots=True)
class LinesMigration:
    """The result of migrating a file of records.

    `raw` is the file after it, the very bytes that were given if nothing changed. `identity` is that of the first
    record, `to` the version that all have now. `ledger` has every change once, with the number of lines in its note.
    `cut` is the number of a last line that is no JSON, as a run that was killed leaves it: it stays as it is; 0 for
    none. The other fields are as those of [`Migration`][migrator.migration.migrate.Migration].
    """

    raw: Content
    identity: Identity
    to: str
    changed: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    steps: tuple[str, ...] = ()
    residue: Residue | None = None
    restored: Residue | None = None
    cut: int = 0
    constants: int = 0


def migrate_lines(
    raw: bytes, goal: Goal, options: Options = DEFAULTS, *, residue: Residue | None = None
) -> LinesMigration:
    """Bring records of GPU telemetry to what a release writes, line by line.

    Args:
        raw: the file, not compressed.
        goal: what to reach.
        options: as of [`migrate`][migrator.migration.migrate.migrate]; records have no `input_config`.
        residue: what an earlier migration of this file saved; it is restored first.

    Raises:
        NotJsonError, NotAnExportError: a line is not a record, or with a residue to be saved they are of several
            versions; with its number.
        ResidueError: the residue belongs to another file.
    """
    given, lines = _lines(raw), list[bytes]()
    done = migrate_stream(lambda: given, lines.append, goal, options, residue=residue)
    done.raw = b"".join(lines) if done.changed else raw
    return done


def _lines(raw: bytes) -> list[bytes]:
    """The lines of a file, each with its end, which is a line feed alone."""
    *whole, last = raw.split(b"\n")
    return [line + b"\n" for line in whole] + ([last] if last else [])


def migrate_stream(
    lines: Callable[[], Iterable[bytes]],
    write: Callable[[bytes], object],
    goal: Goal,
    options: Options = DEFAULTS,
    *,
    residue: Residue | None = None,
) -> LinesMigration:
    """As [`migrate_lines`][], of a file of any size: one line at a time is in memory, and `raw` of the result is empty.

    Args:
        lines: the lines, each with its end; called once, and once more before that with a residue.
        write: takes each line of the result.
        goal: as of [`migrate_lines`][].
        options: as of [`migrate_lines`][].
        residue: as of [`migrate_lines`][].

    Raises:
        NotJsonError, NotAnExportError, ResidueError: as [`migrate_lines`][].
    """
    done = LinesMigration(b"", Identity(Family.TELEMETRY_RECORDS), target_of(chain_of("telemetry records"), goal))
    if residue is not None:
        records = (record for _, _, record in _records(lines(), done) if record)
        if digest([digest(record.data) for record in records]) != residue.digest:
            raise ResidueError("the residue belongs to another file", expected="one made for this file")
        done.constants = 0
    saved = _Parts(residue)
    entries = _LineLedger()
    migrated: list[str] = []
    for number, line, record in _records(lines(), done):
        if record is None:
            write(line)
            continue
        result = _migrated(number, record.data, goal, options, saved.of(number, record.data))
        if not done.identity.version:
            done.identity = result.identity
        if options.save_residue:
            migrated.append(digest(result.document))
        if not result.changed:
            write(line)
            continue
        done.changed = True
        done.steps = max(done.steps, result.steps, key=len)
        entries.add(result)
        saved.add(number, result)
        if options.save_residue and result.identity.version != done.identity.version:
            found = f"is of {result.identity.version}, the first line of {done.identity.version}"
            raise NotAnExportError(
                found, expected="records of one release", hint="without --residue", place=_at_line(number)
            )
        write(render(result.document, record.layout) + (b"\n" if line.endswith(b"\n") else b""))
    done.ledger = entries.ledger()
    done.restored = residue
    if options.save_residue and done.changed:
        done.residue = saved.whole(done, digest(list[Json](migrated)))
    return done


def _records(lines: Iterable[bytes], done: LinesMigration) -> Iterator[tuple[int, bytes, Parsed | None]]:
    """(number, line, its record) of every line; no record of one that is empty, or of a last one that was cut.

    The number of the latter, and how many constants there are that JSON forbids, are noted in `done`.
    """
    for number, line in enumerate(lines, 1):
        bare = line.removesuffix(b"\n")
        if not bare.strip():
            yield number, line, None
            continue
        try:
            record = parse(bare)
        except NotJsonError as error:
            if line.endswith(b"\n"):
                raise _named(error, number) from error
            done.cut = number
            yield number, line, None
            return
        done.constants += record.constants
        yield number, line, record


def _migrated(number: int, record: Json, goal: Goal, options: Options, residue: Residue | None) -> Migration:
    try:
        identity = identify(record, details=False)
        if identity.family is not Family.TELEMETRY_RECORDS:
            raise NotAnExportError(f"is {identity.family.noun}", expected="a record of GPU telemetry")
        return migrate(record, goal, options, residue=residue, identity=identity)
    except MigratorError as error:
        raise _named(error, number) from error


def _named(error: MigratorError, number: int) -> MigratorError:
    error.place = _at_line(number)
    return error


def _at_line(number: int) -> str:
    return f"line {number}"


class _LineLedger:
    """The ledger of a file: equal entries of several lines are one, with their number."""

    def __init__(self) -> None:
        self._lines: dict[tuple[object, ...], tuple[Entry, int]] = {}

    def add(self, result: Migration) -> None:
        """Take the ledger of one line."""
        for entry in result.ledger:
            before, after = fingerprint(entry.before), fingerprint(entry.after)
            key = (entry.step, entry.op, entry.path, entry.to, entry.loss, entry.note, before, after)
            first, count = self._lines.get(key, (entry, 0))
            self._lines[key] = (first, count + 1)

    def ledger(self) -> Ledger:
        """The entries in the order in which they were first met."""
        return Ledger(
            entry._replace(note="; ".join(filter(None, (entry.note, f"in {count} line{'s' * (count > 1)}"))))
            for entry, count in self._lines.values()
        )


class _Parts:
    """The residue of a file: that of each line, under the number of the line."""

    def __init__(self, residue: Residue | None) -> None:
        self._given = residue
        self._of_line: dict[str, Residue] = {}
        self._saved: list[tuple[str, Residue]] = []
        if residue is None:
            return
        bare = replace(residue, identity={}, parts=[], order=[])
        for part in residue.parts:
            line = self._of_line.setdefault(part.path[0], replace(bare, parts=[], order=[]))
            line.parts.append(replace(part, path=part.path[1:]))
        for path, keys in residue.order:
            line = self._of_line.setdefault(path[0], replace(bare, parts=[], order=[]))
            line.order.append((path[1:], keys))

    def of(self, number: int, record: Object) -> Residue | None:
        """What was saved of a line; None for nothing."""
        found = self._of_line.get(str(number))
        return replace(found, digest=digest(record)) if found else None

    def add(self, number: int, result: Migration) -> None:
        """Take what a line cannot keep."""
        if result.residue:
            self._saved.append((str(number), result.residue))

    def whole(self, done: LinesMigration, of_file: str) -> Residue:
        """The residue of the file."""
        chain = chain_of("telemetry records")
        whole = Residue(done.identity.version, done.to, "vendor", of_file, {}, family=chain.name)
        for number, residue in self._saved:
            whole.origin = residue.origin
            whole.parts += [replace(part, path=(number, *part.path)) for part in residue.parts]
            whole.order += [((number, *path), keys) for path, keys in residue.order]
        return whole
