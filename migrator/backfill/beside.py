"""Backfill one export from the files beside it."""

from __future__ import annotations

import os
from typing import Final

from migrator.aiperf.releases import version_key
from migrator.backfill.fill import fill_from_records, lacking
from migrator.backfill.run import NAME, fill_from_run_config
from migrator.jsonfile import Object
from migrator.ledger import Entry
from migrator.stores import exists

_EXPORT: Final = "profile_export_aiperf.json"
_RECORDS: Final = "profile_export.jsonl"
_FIELDS_SINCE: Final = {"p10": "0.2", "count": "1.1", "sum": "1.1"}
"""Statistic → the first version whose blocks have a place for it."""


def records_beside(path: str) -> str | None:
    """The records of the run that wrote an export, by AIPerf's own naming; None if there is no such file.

    `profile_export.jsonl` for `profile_export_aiperf.json`, and `PREFIX.jsonl` for `PREFIX.json`, which
    `--profile-export-prefix PREFIX` gives. For a copy with another name, `--records` names them.
    """
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    likely = [_RECORDS] if name == _EXPORT else [f"{stem}.jsonl", f"{stem.removesuffix('_aiperf')}.jsonl"]
    return next((found for each in likely if exists(found := os.path.join(folder, each))), None)


class Backfill:
    """Fills in one export; afterwards, `warnings` tells what could not be filled in.

    Args:
        path: the file of the export, whose neighbours are read.
        records: the file of records, if it is not the one beside the export.
    """

    def __init__(self, path: str, records: str | None = None) -> None:
        self.path = path
        self.records = records
        self.warnings: list[str] = []

    def __call__(self, document: Object, version: str) -> tuple[Object, list[Entry]]:
        """The document with what its version has a place for, and an entry for each addition.

        Raises:
            RecordsError: the files beside it belong to another run, or are incomplete.
            MigratorError: one of them cannot be read.
        """
        fields = frozenset(key for key, since in _FIELDS_SINCE.items() if version_key(version) >= version_key(since))
        entries: list[Entry] = []
        if any(fields.intersection(keys) for keys in lacking(document).values()):
            records = self.records or records_beside(self.path)
            if records is None:
                self.warnings.append(f"no records beside it ({_RECORDS}): nothing was filled in (--records names them)")
            else:
                document, entries, doubtful = fill_from_records(document, records, fields)
                if doubtful:
                    self.warnings.append(f"left out, because the exact value is not known: {', '.join(doubtful)}")
        config = os.path.join(os.path.dirname(self.path), NAME)
        if exists(config):
            document, more = fill_from_run_config(document, config)
            entries = entries + more
        return document, entries
