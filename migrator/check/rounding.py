"""How the numbers of a stats block were rounded, by their spelling."""

from __future__ import annotations

from migrator.aiperf.metrics import STATISTICS
from migrator.check.rule import Spot
from migrator.jsonfile import Numeral


def rounded_by(spot: Spot, average: float | int) -> float:
    """By how much a number of a block can differ from what was measured, as its numbers are spelled.

    Half a unit of the last decimal that any of them has: 0.005 for a block in which 2620.71 has the most decimals.
    AIPerf writes all decimals of a double, so that this is next to nothing. `16.0` is how a double spells a whole
    number: it is exact where no number of the block has decimals. An average spelled as an integer was rounded to one.
    """
    numbers = (value for name in STATISTICS if name != "count" and (value := spot.number(name)) is not None)
    decimals = max(map(_decimals, numbers))
    exact = decimals == 0 and isinstance(average, float) and not isinstance(average, Numeral)
    return 0.0 if exact else 0.5 * 10.0**-decimals


def _decimals(value: float | int) -> int:
    """How many decimals a number is spelled with; none in `16.0`."""
    mantissa, _, exponent = repr(value).lower().partition("e")
    fraction = mantissa.partition(".")[2]
    return 0 if fraction == "0" else max(0, len(fraction) - int(exponent or 0))
