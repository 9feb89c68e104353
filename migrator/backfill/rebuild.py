"""An export from the records alone, for a run that AIPerf wrote none of: all requests failed, or it was killed.

Only what the records prove is in it: the record metrics, how many requests succeeded and failed, and why. There is no
configuration, no time of the run, and no metric of the run as a whole. `aiperf_migrate_rebuilt` marks it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from math import isfinite

from migrator._version import __version__
from migrator.aiperf.metrics import catalogue
from migrator.aiperf.records import NOT_EXPORTS, REBUILT, RECORDS, Request, only_records, requests
from migrator.backfill.columns import read_columns
from migrator.backfill.statistics import stats_block
from migrator.chain.names import current
from migrator.chain.steps import NEWEST
from migrator.errors import RecordsError, UsageError
from migrator.files.packed import EXPORT_SUFFIXES
from migrator.jsonfile import Json, Object, fingerprint
from migrator.redact import redact
from migrator.stores import is_folder, names_in, opener
from migrator.values import dataclass, field


@dataclass(slots=True)
class Rebuilt:
    """An export made from records, and what a user must know of it."""

    document: Object
    warnings: list[str] = field(default_factory=list)


class _Requests:
    """The requests of a file while its columns are read: how they ended, and the metrics that they have."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.succeeded = 0
        self.errors: Counter[bytes] = Counter()
        self.details: dict[bytes, Json] = {}
        self.tags: set[str] = set()
        self.cut = 0

    def __iter__(self) -> Iterator[Request]:
        for request in requests(self.path, self._cut, opener(self.path)):
            self.tags |= request.metrics.keys()
            if request.error is None:
                self.succeeded += 1
            else:
                self._failed(request.error)
            yield request

    def _cut(self, line: int) -> None:
        self.cut = line

    def _failed(self, error: Json) -> None:
        # AIPerf takes two errors for one if these are equal.
        same = [error.get(key) for key in ("code", "type", "message")] if type(error) is dict else error
        key = fingerprint(same)
        self.errors[key] += 1
        self.details.setdefault(key, error)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(self.errors.values())


def records_in(path: str) -> str:
    """The records to rebuild an export from: the file itself, or those of a folder that has no export.

    Raises:
        UsageError: the folder has an export, or no records.
    """
    if not is_folder(path):
        return path
    names = names_in(path)
    if RECORDS not in names:
        raise UsageError(f"{path} holds no {RECORDS}", hint="name the file of records")
    if not only_records(names):
        export = min(name for name in names if name.endswith(EXPORT_SUFFIXES) and not name.endswith(NOT_EXPORTS))
        raise UsageError(f"{path} has an export already: {export}", hint=f"name {RECORDS} to rebuild one all the same")
    return os.path.join(path, RECORDS)


def rebuild(path: str) -> Rebuilt:
    """An export of the newest schema version from a file of records.

    Args:
        path: the records, one request a line.

    Raises:
        RecordsError: no request of the profiling phase is in it.
        MigratorError: it cannot be read, or a line is not a record; with its number.
    """
    seen = _Requests(path)
    known = catalogue()
    count, columns = read_columns(path, None, iter(seen))
    if not count:
        raise RecordsError("has no request of the profiling phase", expected="the records of a run", file=path)
    document: Object = {
        "schema_version": NEWEST,
        REBUILT: {"tool": f"aiperf-migrate {__version__}", "from": os.path.basename(path), "requests": count},
    }
    left_out, infinite = [], []
    for tag, column in columns.items():
        name = current(tag)
        if name in known and known[name].type != "record":
            left_out.append(tag)
        elif column.values and name not in document:
            if name != tag and name in known:
                # A rename that came with another spelling of the unit, of the same formula.
                column.unit = known[name].unit
            block = stats_block(column)
            if all(isfinite(value) for value in block.values() if type(value) is float):
                document[name] = block
            else:
                infinite.append(tag)
    if seen.succeeded:
        document["request_count"] = {"unit": "requests", "avg": float(seen.succeeded)}
    if seen.failed:
        document["error_request_count"] = {"unit": "requests", "avg": float(seen.failed)}
    document["error_summary"] = [
        {"error_details": seen.details[key], "count": number} for key, number in seen.errors.most_common()
    ]
    document, _ = redact(document)
    warnings = []
    if seen.cut:
        warnings.append(f"line {seen.cut}, the last one, is cut off and was left out: the run may have been killed")
    if left_out:
        warnings.append(f"left out, because they are not of single requests: {', '.join(sorted(left_out))}")
    if infinite:
        warnings.append(f"left out, because their statistics exceed a double: {', '.join(sorted(infinite))}")
    return Rebuilt(document, warnings)
