"""Operations on the stats blocks of single metrics: their units, and metrics that are computed from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrator.aiperf.metrics import STATISTICS, is_block
from migrator.chain.operation import UNKNOWN, AddedField, Context
from migrator.chain.places import Field, inserted
from migrator.jsonfile import Json, Numeral, Object, fingerprint
from migrator.ledger import Loss, Op

_NO_FIELDS: Final[Mapping[Field, AddedField]] = {}
_UNITLESS: Final = "count"

Proof = Callable[[Object, str], bool]
"""(document, tag) → whether the document shows that the block of a metric is in the unit that it is taken for."""


class Units:
    """The unit of some metrics is spelled otherwise by the newer version; their numbers mean the same.

    Args:
        table: tag, as the newer version spells it → (old unit, new unit).
        others: tag → further spellings of the old unit. The way back does not give them.
        proof: needed for the spellings of `others`; without it all of them are taken.
    """

    __slots__ = ("others", "proof", "table")

    def __init__(
        self,
        table: dict[str, tuple[str, str]],
        others: dict[str, tuple[str, ...]] | None = None,
        proof: Proof | None = None,
    ) -> None:
        self.table = table
        self.others = others or {}
        self.proof = proof

    def up(self, document: Object, context: Context) -> Object:
        """Old units become new ones."""
        return self._set(document, context, {tag: new for tag, (_, new) in self.table.items()}, self._is_old)

    def down(self, document: Object, context: Context) -> Object:
        """New units become old ones."""
        return self._set(document, context, {tag: old for tag, (old, _) in self.table.items()}, self._is_new)

    def _is_old(self, document: Object, tag: str) -> bool:
        unit = document[tag]["unit"]
        if type(unit) is not str or unit == self.table[tag][1]:
            return False
        return unit == self.table[tag][0] or (
            unit in self.others.get(tag, ()) and (self.proof is None or self.proof(document, tag))
        )

    def _is_new(self, document: Object, tag: str) -> bool:
        return bool(document[tag]["unit"] == self.table[tag][1])

    def _set(self, document: Object, context: Context, units: dict[str, str], due: Proof) -> Object:
        changed: Object = {}
        for tag, unit in units.items():
            if is_block(block := document.get(tag)) and due(document, tag):
                context.note(Op.SET, (tag, "unit"), Loss.EXACT, block["unit"], unit)
                changed[tag] = {**block, "unit": unit}
        return {**document, **changed} if changed else document

    def present(self, document: Object) -> str:
        """Nothing: a unit is no proof of a version."""
        return ""

    def describe(self, up: bool = True) -> str:
        """`sets the unit of request_count from count to requests`."""
        told = [(tag, *(pair if up else reversed(pair))) for tag, pair in self.table.items()]
        return "sets the unit of " + ", ".join(f'{tag} from "{old}" to "{new}"' for tag, old, new in told)

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: both versions have the unit."""
        return _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The tags."""
        return frozenset(self.table)


class Milliseconds:
    """Some metrics in nanoseconds, which the newer version has in milliseconds: the decimal point of each number moves.

    A block with a statistic that is not a number stays as it is. For the way back see
    [`OneWay`][migrator.chain.ops.OneWay]: nothing tells which of the metrics were in nanoseconds.
    """

    __slots__ = ("tags",)

    def __init__(self, *tags: str) -> None:
        self.tags = tags

    def up(self, document: Object, context: Context) -> Object:
        """Convert each block whose unit is `ns`."""
        changed: Object = {}
        for tag in self.tags:
            if not is_block(block := document.get(tag)) or block["unit"] != "ns":
                continue
            numbers = {name: block[name] for name in STATISTICS if name != _UNITLESS and block.get(name) is not None}
            if not all(map(_is_number, numbers.values())):
                context.note(Op.KEEP, (tag,), Loss.KEPT, note="in nanoseconds, with statistics that are not numbers")
                continue
            converted = {name: _shifted(value, -6) for name, value in numbers.items()}
            context.note(Op.SET, (tag, "unit"), Loss.EXACT, "ns", "ms")
            for name, value in converted.items():
                context.note(Op.SET, (tag, name), Loss.EXACT, block[name], value)
            changed[tag] = {**block, "unit": "ms", **converted}
        return {**document, **changed} if changed else document

    def down(self, document: Object, context: Context) -> Object:
        """The document as it is."""
        return document

    def present(self, document: Object) -> str:
        """Nothing: a unit is no proof of a version."""
        return ""

    def describe(self, up: bool = True) -> str:
        """`converts request_latency from nanoseconds to milliseconds`."""
        return f"converts {', '.join(self.tags)} from nanoseconds to milliseconds"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: both versions have the values."""
        return _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The tags."""
        return frozenset(self.tags)


def _is_number(value: Json) -> bool:
    return type(value) in (int, float, Numeral)


def _shifted(value: int | float | Numeral, places: int) -> Json:
    """A number times a power of ten, exactly: its decimal point moves. NaN and infinities are themselves."""
    # Slow to import, and needed for the oldest files of GenAI-Perf only.
    from decimal import Decimal

    number = Decimal(value.text if isinstance(value, Numeral) else repr(value))
    if not number.is_finite():
        return value
    sign, digits, exponent = number.as_tuple()
    assert type(exponent) is int, "the number is finite"
    moved = Decimal((sign, digits, exponent + places))
    return float(moved) if Decimal(repr(float(moved))) == moved else Numeral(str(moved))


class Derive:
    """A metric that the newer version computes from other metrics of the document.

    Up, it is added if `source` computes it. Down, it is dropped if `source` computes the same again, and else stays:
    versions have a place for any metric.

    Args:
        tag: the metric.
        source: document → its stats block, or [`UNKNOWN`][migrator.chain.operation.UNKNOWN].
        of: what it is computed from, for people.
        after: the tags that it follows, as [`inserted`][migrator.chain.places.inserted] reads them.
    """

    __slots__ = ("after", "of", "source", "tag")

    def __init__(
        self, tag: str, source: Callable[[Object], Json], of: tuple[str, ...], after: tuple[str, ...] = ()
    ) -> None:
        self.tag = tag
        self.source = source
        self.of = of
        self.after = after

    def up(self, document: Object, context: Context) -> Object:
        """Add the metric if it is missing and can be computed."""
        if self.tag in document or (block := self.source(document)) is UNKNOWN:
            return document
        context.note(Op.ADD, (self.tag,), Loss.DERIVABLE, after=block)
        return inserted(document, [(self.tag, block, self.after)])

    def down(self, document: Object, context: Context) -> Object:
        """Drop the metric if an upgrade would give the same again."""
        block = self.source(document) if self.tag in document else UNKNOWN
        if block is UNKNOWN or fingerprint(block) != fingerprint(document[self.tag]):
            return document
        context.note(Op.DROP, (self.tag,), Loss.DERIVABLE, document[self.tag])
        return {key: value for key, value in document.items() if key != self.tag}

    def present(self, document: Object) -> str:
        """Nothing: an older document may have come back with the metric."""
        return ""

    def describe(self, up: bool = True) -> str:
        """`computes total_token_throughput from total_isl, total_osl, benchmark_duration`."""
        of = ", ".join(self.of)
        return f"computes {self.tag} from {of}" if up else f"drops {self.tag} where it is what {of} give"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: versions have a place for any metric."""
        return _NO_FIELDS

    def keys(self) -> frozenset[str]:
        """The metric."""
        return frozenset((self.tag,))
