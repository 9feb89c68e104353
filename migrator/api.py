"""The library: read an export, bring it to a version, check it, compare runs.

This is what `import migrator` offers; everything else may change without notice.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from migrator.writing.replace_stored import write_stored

if TYPE_CHECKING:
    from migrator.check import Finding
    from migrator.diff.receipt import Receipt

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Export:
    """A main export in memory: its document, its layout, and what it is. No method changes it."""

    name: str
    parsed: Parsed
    identity: Identity

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
    ) -> Conversion:
        """The export at another version, with the ledger of the changes.

        Args:
            to: the version to reach, up or down; the newest by default.
            for_aiperf: instead, the AIPerf release that is to read the result (`0.9.0`, or `0.9` for its newest); one
                that is newer than all known ones gives a `UserWarning`.
            residue: what an earlier conversion of this document saved; it is restored.
            save_residue: whether to save what the target has no place for.
            keep_secrets: whether API keys in clear stay; by default they become `<redacted>`.

        Raises:
            UnknownVersionError: the version is not known.
            UsageError: the release is not known, or both are given.
            RejectedError: the release would reject the result for something that no migration may change.
            ResidueError: the residue belongs to another document or version.
        """
        goal = goal_of(to, for_aiperf)
        if goal.note:
            warnings.warn(goal.note, stacklevel=2)
        options = Options(config=True, save_residue=save_residue, keep_secrets=keep_secrets)
        done = migrate(self.document, goal, options, residue=residue, identity=self.identity)
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


def read_export(path: PathLike) -> Export:
    """Read a main export from a file or URL.

    Raises:
        UnreadableError, NotJsonError: the file cannot be read.
        NotAnExportError: another family.
        UnknownVersionError, NewerVersionError: its version is not known.
        UsageError: the path is `-`.
    """
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


def compare(base: Iterable[PathLike], candidate: Iterable[PathLike], *, fail_on: Iterable[str] = ()) -> Receipt:
    """Compare two runs, two groups of repeated runs, or two sweeps cell by cell, metric by metric.

    Args:
        base: files or folders of the baseline.
        candidate: files or folders of the candidate.
        fail_on: rules of a gate, in the form of `diff --fail-on`: `request_latency.p99:5`.

    Raises:
        MigratorError: a file cannot be read, or a rule is invalid.
    """
    from migrator.diff.policy import Policy, from_options
    from migrator.diff.sides import load_side
    from migrator.diff.sweep.choose import Ask, compare_any

    sides = [load_side([os.fspath(path) for path in paths]) for paths in (base, candidate)]
    return compare_any(sides[0], sides[1], Policy(from_options(list(fail_on))), Ask())
