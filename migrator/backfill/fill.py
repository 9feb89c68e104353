"""Fill in what an export lacks from its records, after they have proven to be those of the same run."""

from __future__ import annotations

import re
from typing import Final

from migrator.aiperf.metrics import is_block, is_scalar, record_tags
from migrator.aiperf.units import convert, same_family
from migrator.backfill.columns import Column, read_columns
from migrator.backfill.statistics import Facts, facts
from migrator.chain.metric_ops import Units
from migrator.chain.ops import Rename
from migrator.chain.places import ROOT, inserted
from migrator.chain.steps import STEPS
from migrator.errors import RecordsError
from migrator.jsonfile import Json, Object
from migrator.ledger import Entry, Loss, Op

STEP: Final = "backfill"
"""The name of this step in a ledger."""

_NEAR: Final = 1e-9
"""How far a statistic may be from that of the records, relative to the largest value: this is rounding."""
_PAIRS_SINCE: Final = (0, 12, 0)
"""The first release that sums in pairs; 0.8.0 to 0.11.0 add one value after the other."""
_BETWEEN: Final = (0, 11, 0, 1)
"""Nightlies between these, whose way of summing is not known."""
_OWN_PERCENTILES: Final = (0, 8, 0)
"""The first release whose percentiles are not all numpy's: 0.8.0 estimates those of lists, 0.12.0 rounds."""

_FORMER: Final[dict[str, tuple[str, ...]]] = {
    new: (old,)
    for step in STEPS
    for op in step.ops
    if isinstance(op, Rename) and op.at == ROOT
    for old, new in op.table.items()
}
"""Metric → its name in the records of older releases."""
_FORMER_UNITS: Final = {
    (tag, units[0]): units[1]
    for step in STEPS
    for op in step.ops
    if isinstance(op, Units)
    for tag, units in op.table.items()
}
"""(metric, unit in the records of older releases) → its unit since then; the numbers mean the same."""


def lacking(document: Object) -> dict[str, tuple[str, ...]]:
    """Tag → the missing statistics that records could give, in a document with its metrics at the top level.

    Only distributions of type `record` are among them: other metrics have no records.
    """
    found = {}
    for tag, block in _candidates(document).items():
        missing = [key for key in ("count", "sum") if block.get(key) is None]
        if block.get("p10") is None and block.get("p5") is not None:
            missing.insert(0, "p10")
        if missing:
            found[tag] = tuple(missing)
    return found


def _candidates(document: Object) -> dict[str, Object]:
    tags = record_tags()
    return {tag: value for tag, value in document.items() if tag in tags and is_block(value) and not is_scalar(value)}


def fill_from_records(document: Object, records: str, fields: frozenset[str]) -> tuple[Object, list[Entry], list[str]]:
    """Fill in the missing statistics of a document from records.

    Args:
        document: a main export with its metrics at the top level; it is not changed.
        records: the file of records.
        fields: those of `p10`, `count` and `sum` that the document's version has a place for.

    Returns:
        the filled document, a ledger entry for each addition, and `tag.statistic` of what is not known exactly.

    Raises:
        RecordsError: the records belong to another run, or are incomplete.
        MigratorError: they cannot be read.
    """
    wanted = {tag: [key for key in keys if key in fields] for tag, keys in lacking(document).items()}
    if not any(wanted.values()):
        return document, [], []
    known = _verified(document, records)
    entries: list[Entry] = []
    doubtful: list[str] = []
    result = dict(document)
    for tag, keys in wanted.items():
        if tag not in known:
            continue
        additions = []
        for key in keys:
            value = _value(document, known[tag], key)
            if value is None:
                doubtful.append(f"{tag}.{key}")
                continue
            additions.append((key, value))
        if additions:
            result[tag] = _with(document[tag], tag, additions, entries, records)
    return result, entries, doubtful


def _with(block: Object, tag: str, additions: list[tuple[str, Json]], entries: list[Entry], records: str) -> Object:
    note = f"from {records.rpartition('/')[2]}"
    for key, value in additions:
        op = Op.SET if key in block else Op.ADD
        entries.append(Entry(STEP, op, (tag, key), Loss.EXACT, block.get(key), value, note=note))
    there = {key: value for key, value in additions if key in block}
    return inserted(
        {**block, **there},
        [(key, value, ("p5",) if key == "p10" else ()) for key, value in additions if key not in there],
    )


def _value(document: Object, found: Facts, key: str) -> Json:
    if key == "count":
        return found.number
    if key == "p10":
        return None if _number(document.get("aiperf_version")) >= _OWN_PERCENTILES else found.p10
    if found.one_by_one == found.in_pairs:
        return found.in_pairs
    pairs = _sums_in_pairs(document.get("aiperf_version"))
    return None if pairs is None else found.in_pairs if pairs else found.one_by_one


def _sums_in_pairs(writer: Json) -> bool | None:
    """Whether the release that wrote an export sums in pairs; None for nightlies of which that is not known.

    A release that wrote no sums is treated as the first one that did.
    """
    number = _number(writer)
    return None if number == _BETWEEN else number >= _PAIRS_SINCE


def _number(writer: Json) -> tuple[int, ...]:
    """`(0, 8, 0)` for a release, `(0, 11, 0, 1)` for a nightly, which is newer than its name; `()` for no version."""
    match = re.match(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(\.dev)?", writer) if type(writer) is str else None
    if not match:
        return ()
    return (*map(int, match.groups()[:3]), *([1] if match[4] else []))


def _verified(document: Object, path: str) -> dict[str, Facts]:
    """The facts of each metric that export and records both have, if all their statistics agree."""
    blocks = _candidates(document)
    requests, columns = read_columns(path, [*blocks, *(old for new in blocks for old in _FORMER.get(new, ()))])
    if not requests:
        raise RecordsError("has no request of the profiling phase", expected="the run's records", file=path)
    known: dict[str, Facts] = {}
    problems: list[tuple[str, str, str]] = []
    for tag, block in blocks.items():
        column = next((columns[name] for name in (tag, *_FORMER.get(tag, ())) if name in columns), None)
        if column is None or not column.values:
            continue
        column.unit = _FORMER_UNITS.get((tag, column.unit), column.unit)
        known[tag] = found = facts(column, block.get("avg"), p10=block.get("p10") is None)
        problems += [(tag, name, told) for name, told in _differences(block, column, found, document)]
    if problems:
        tag, name, told = problems[0]
        others = len({problem[0] for problem in problems}) - 1
        more = (
            f", and {others} more metrics differ" if others > 1 else ", and one more metric differs" if others else ""
        )
        raise RecordsError(
            f"does not match the export: {tag}.{name} {told}{more}",
            expected="the complete records of the same run",
            hint="nothing was filled in",
            file=path,
        )
    if not known:
        raise RecordsError("has no metric of the export", expected="the run's records", file=path)
    return known


def _differences(block: Object, column: Column, found: Facts, document: Object) -> list[tuple[str, str]]:
    """Name and difference of each statistic of a block that the records contradict."""
    unit = block["unit"]
    if not same_family(column.unit, unit):
        return [("unit", f'is "{unit}", in the records "{column.unit}"')]
    told: dict[str, float] = {**found.stats, "count": found.number}
    if column.is_list and _sketched(document.get("aiperf_version")):
        told = {name: value for name, value in told.items() if not name.startswith("p")}
    size = max(abs(found.stats["min"]), abs(found.stats["max"]), 1e-300)
    different = []
    for name, value in told.items():
        stated = block.get(name)
        if stated is None:
            continue
        if type(stated) is bool or not isinstance(stated, (int, float)):
            different.append((name, "is not a number"))
            continue
        again = float(stated) if name == "count" else convert(stated, unit, column.unit, difference=name == "std")
        allowed = 0.0 if name == "count" else _NEAR * size
        if not abs(again - value) <= allowed:
            different.append((name, f"is {stated!r}, from the records {value!r}"))
    return different


def _sketched(writer: Json) -> bool:
    """Whether a release estimates the percentiles of list metrics (0.8.0 to 0.11.0 do, with a t-digest)."""
    return _OWN_PERCENTILES <= _number(writer) < _PAIRS_SINCE
