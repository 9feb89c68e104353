"""One file → its rows: the run in it, or what stands for several."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.batch.discover import Source
from migrator.batch.file import File
from migrator.batch.load import Loaded
from migrator.errors import NotAnExportError
from migrator.identify import MIGRATABLE, SEVERAL, as_known, not_an_export, require_migratable
from migrator.migration.migrate import migrate
from migrator.table.rows import Run, run_of
from migrator.table.stand_ins import stand_ins_of


def read_runs(source: Source, loaded: Loaded, *, to: str, columns: Sequence[str] = ()) -> list[Run]:
    """The run in a file, at version `to`, or what stands for several; none of a file that was only found in a folder.

    Args:
        source: the file.
        loaded: its content.
        to: the schema version of the row.
        columns: the columns that are asked for beside those of every table: names of fields, and paths.

    Raises:
        MigratorError: broken, newer than known, or named and not a main export.
    """
    if loaded.identity.family in SEVERAL and (found := stand_ins_of(loaded, source.path)):
        return found
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        if source.named:
            error = not_an_export(loaded.identity.family)
            error.file = source.path
            raise error
        return []
    try:
        known = as_known(loaded.identity)
        require_migratable(known)
        document = migrate(loaded.parsed.data, to, identity=known).document
    except NotAnExportError as error:
        error.file = source.path
        raise
    return [run_of(File(loaded.identity, loaded.parsed.data, source.path, source.relative), document, to, columns)]
