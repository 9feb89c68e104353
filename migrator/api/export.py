"""One export: read it, bring it to a version, check it, write it."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

from migrator.api.paths import PathLike
from migrator.backfill.beside import Backfill
from migrator.batch.load import load
from migrator.errors import MigratorError, UsageError
from migrator.files.disk import write_atomic
from migrator.files.packed import pack, packing_of_name, unpack
from migrator.identify import Identity, identify, require_migratable
from migrator.jsonfile import Json, Parsed, parse, render
from migrator.ledger import Ledger
from migrator.migration.goal import goal_of
from migrator.migration.migrate import Options, migrate
from migrator.migration.residue import Residue
from migrator.stores import is_url
from migrator.values import dataclass
from migrator.writing.replace_stored import write_stored

if TYPE_CHECKING:
    from migrator.check import Finding


@dataclass(frozen=True, slots=True)
class Export:
    """A main export in memory: its document, its layout, and what it is. No method changes it."""

    name: str
    parsed: Parsed
    identity: Identity

    def __repr__(self) -> str:
        return f"<Export {self.name!r}, version {self.version}>"

    @property
    def document(self) -> dict[str, Json]:
        """The parsed JSON object. Numbers that floats would respell are [`Numeral`][migrator.jsonfile.Numeral]."""
        document: dict[str, Json] = self.parsed.data
        return document

    @property
    def version(self) -> str:
        """The schema version of the content, such as `"1.4"`."""
        return self.identity.version

    def convert(
        self,
        to: str | None = None,
        *,
        for_aiperf: str | None = None,
        residue: Residue | None = None,
        save_residue: bool = False,
        keep_secrets: bool = False,
        backfill: bool = False,
    ) -> Conversion:
        """The export at another version, with the ledger of the changes.

        Args:
            to: the version to reach, up or down; the newest by default.
            for_aiperf: instead, the AIPerf release that is to read the result (`0.9.0`, or `0.9` for its newest); one
                that is newer than all known ones gives a `UserWarning`.
            residue: what an earlier conversion of this document saved; it is restored.
            save_residue: whether to save what the target has no place for.
            keep_secrets: whether API keys in clear stay; by default they become `<redacted>`.
            backfill: whether to fill in what older releases left out from the records and the `run_config.json` beside
                the file that the export was read from; warnings of it are given as `UserWarning`.

        Raises:
            UnknownVersionError: the version is not known.
            UsageError: the release is not known, or both are given.
            RejectedError: the release would reject the result for something that no migration may change.
            ResidueError: the residue belongs to another document or version.
        """
        _require_text("to", to, "a version, such as")
        _require_text("for_aiperf", for_aiperf, "a release, such as")
        goal = goal_of(to, for_aiperf)
        if goal.note:
            warnings.warn(goal.note, stacklevel=2)
        options = Options(config=True, save_residue=save_residue, keep_secrets=keep_secrets)
        finish = Backfill(self.name) if backfill else None
        done = migrate(self.document, goal, options, residue=residue, identity=self.identity, finish=finish)
        for warning in finish.warnings if finish else ():
            warnings.warn(f"{self.name}: {warning}", stacklevel=2)
        parsed = self.parsed._replace(data=done.document)
        return Conversion(Export(self.name, parsed, identify(done.document)), done.ledger, done.residue)

    def check(self) -> list[Finding]:
        """Findings: violations of the schema, and values that contradict each other."""
        from migrator.check import check

        return check(self.parsed, self.identity)

    def to_bytes(self) -> bytes:
        """The file: the layout it was read in, every number as it was spelled."""
        return render(self.document, self.parsed.layout)

    def write(self, path: PathLike, *, overwrite: bool = False) -> None:
        """Write the file in one step, so that a reader sees all of it or none.

        It may be a URL, and is compressed if the name ends in `.gz` or `.zst`.

        Raises:
            UnwritableError: it exists and `overwrite` is false, or it cannot be written.
        """
        name = os.fspath(path)
        raw = pack(self.to_bytes(), packing_of_name(name))
        if is_url(name):
            write_stored(name, raw, None, force=overwrite)
        else:
            write_atomic(name, raw, overwrite=overwrite)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What [`Export.convert`][] returns: the new export, every change with its class of loss, the saved residue."""

    export: Export
    ledger: Ledger
    residue: Residue | None

    def __repr__(self) -> str:
        return f"<Conversion to {self.export.version}: {self.ledger!r}>"


def _require_text(name: str, value: object, expected: str) -> None:
    """Refuse a version as a number: 1.10 and 1.1 are one number, and two versions."""
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} is {value!r}", expected=f'{expected} "{value}", as text', place="convert")


def read_export(path: PathLike) -> Export:
    """Read a main export from a file or URL.

    Raises:
        UnreadableError, NotJsonError: the file cannot be read.
        NotAnExportError: another family.
        UnknownVersionError, NewerVersionError: its version is not known.
        UsageError: the path is `-`.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"{path!r:.60} is not a path", expected="a file name or URL", place="read_export")
    name = os.fspath(path)
    if name == "-":
        raise UsageError("- is a name for the command line only", hint="pass the bytes to parse_export")
    loaded = load(name)
    return _export(name, loaded.parsed, loaded.identity)


def parse_export(raw: bytes, name: str = "export") -> Export:
    """Parse a main export; errors call it `name`.

    Raises:
        MigratorError: as [`read_export`][] does.
    """
    try:
        parsed = parse(unpack(raw))
        return _export(name, parsed, identify(parsed.data))
    except MigratorError as error:
        error.file = name
        raise


def _export(name: str, parsed: Parsed | None, identity: Identity) -> Export:
    try:
        require_migratable(identity)
    except MigratorError as error:
        error.file = name
        raise
    assert parsed is not None, "a main export is one JSON document"
    return Export(name, parsed, identity)
