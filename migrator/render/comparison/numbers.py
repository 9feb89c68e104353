"""Numbers for people: four significant digits, the same number of decimals on both sides, and words where none fits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from migrator.diff.receipt import Row

NONE: Final = "n/a"
"""What stands where there is no number, or none that can be shown."""

_DIGITS: Final = 4
_MOST_DIGITS: Final = 6
"""Digits that may be shown where four make two different numbers look the same."""
_ALL_DIGITS: Final = 17
"""The same for counts, which are equal or are not."""
_PLAIN: Final = (1e-3, 1e9)
"""Magnitudes that are written out; smaller and larger ones have an exponent."""
_FAR_APART: Final = 100.0
"""Beyond this ratio the two sides do not share their decimals: the small one would lose all its digits."""


def finite(value: float | None) -> bool:
    """Whether there is a number, and it is one that can be compared."""
    return value is not None and math.isfinite(value)


def sides(row: Row) -> tuple[str, str]:
    """Both values of a row, without their unit: `('142.0', '168.3')`."""
    return pair(row.base, row.candidate, exact=row.evidence == "exact")


def pair(base: float | None, candidate: float | None, *, exact: bool = False) -> tuple[str, str]:
    """Two numbers with as many decimals as each other, and enough of them to look different where they are.

    Digits are added to the usual four up to six; with `exact`, until the difference shows.
    """
    known = [abs(value) for value in (base, candidate) if value is not None and math.isfinite(value)]
    whole = all(value.is_integer() for value in known)
    apart = len(known) == 2 and min(known) > 0 and max(known) / min(known) > _FAR_APART
    scale = None if apart or not known else max(known)
    for digits in range(_DIGITS, (_ALL_DIGITS if exact else _MOST_DIGITS) + 1):
        texts = [_number(value, digits, scale, whole=whole) for value in (base, candidate)]
        if base == candidate or texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def number(value: float | None, digits: int = _DIGITS) -> str:
    """One number on its own."""
    return _number(value, digits, None, whole=value is not None and math.isfinite(value) and value.is_integer())


def _number(value: float | None, digits: int, scale: float | None, *, whole: bool) -> str:
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    scale = scale or abs(value)
    if not _PLAIN[0] <= scale < _PLAIN[1]:
        return _short_exponent(f"{value:.{digits - 1}e}")
    if whole:
        return f"{value:.0f}"
    decimals = max(0, digits - 1 - math.floor(math.log10(scale)))
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _short_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    if float(mantissa) == 0:
        return "0"
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def percent(value: float | None) -> str:
    """A relative change with its sign: `+18.5%`, `0%`; from eleven times on as a factor, `×24.1`."""
    if value is None or not math.isfinite(value):
        return NONE
    if value == 0:
        return "0%"
    if value >= 1000:
        return "×" + _short_exponent(f"{1 + value / 100:.3g}")
    return f"{_signed(value)}%"


def _signed(value: float) -> str:
    if abs(value) >= 10_000:
        return _short_exponent(f"{value:+.1e}")
    text = f"{value:+.0f}" if abs(value) >= 1000 else f"{value:+.1f}"
    return text.lstrip("+-") if float(text) == 0 else text


def plain_percent(value: float) -> str:
    """A margin or a level, without a sign and without needless digits: `5%`, `2.5%`."""
    return f"{_short_exponent(f'{value:.4g}')}%" if math.isfinite(value) else NONE


def change(row: Row) -> str:
    """The change of a row: a percentage, `Δ+12` in its unit where that is judged, `new`, `gone`, or `n/a`."""
    if row.base is None and row.candidate is not None:
        return "new"
    if row.candidate is None and row.base is not None:
        return "gone"
    if row.measure == "difference" or row.percent is None:
        return NONE if row.delta is None or not math.isfinite(row.delta) else f"Δ{_plus(row.delta)}"
    return percent(row.percent)


def _plus(value: float) -> str:
    text = number(value, 3)
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return text if text in ("0", NONE) or value < 0 else f"+{text}"


def interval(row: Row) -> str:
    """The interval of a row's change.

    In percent, `[+16.0, +21.0]`, with `≈` where it is approximate; of a difference in the unit, `Δ[+16.0, +21.0]`.
    """
    found = row.delta_interval or row.interval
    if found is None:
        return ""
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return NONE
    about = "≈" if found.kind.endswith("approximate") else ""
    if row.delta_interval:
        return f"{about}Δ[{_plus(found.low)}, {_plus(found.high)}]"
    return f"{about}[{_signed(found.low)}, {_signed(found.high)}]"


def weight(row: Row) -> float:
    """How far a row moved, alike for halving and doubling: |ln ratio|; infinite where a side has no such number."""
    base, candidate = row.base, row.candidate
    if base is None or candidate is None:
        return 0.0 if base is candidate else math.inf
    if base == candidate or not (math.isfinite(base) and math.isfinite(candidate)):
        return 0.0
    if base <= 0 or candidate <= 0:
        return math.inf
    return abs(math.log(candidate) - math.log(base))


def moved(row: Row) -> bool:
    """Whether a row changed by more than its margin and floor, or exists on one side only."""
    base, candidate = row.base, row.candidate
    if base is None or candidate is None:
        return base is not candidate
    if base == candidate or not (math.isfinite(base) and math.isfinite(candidate)):
        return False
    # A change of exactly the margin is within it, also where it comes out a bit of the last digit larger.
    small = row.percent is not None and abs(row.percent) <= row.margin * (1 + 1e-9)
    return not small and abs(candidate - base) > row.floor
