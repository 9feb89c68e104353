"""Units: which can be converted into each other, and the conversion, rounded once.

The `unit` of a block decides how its numbers are read, never the tag. Every unit that AIPerf writes is made of the
words below: one of them (`ms`), a quotient (`tokens/sec/user`, `mJ/token`) or a product (`J*s`). Any other spelling is
unknown: it is only equal to itself, and cannot be converted.

KB, MB and GB are powers of 1024, as AIPerf converts them (`MetricSizeUnit`; a KB of `http_req_data_sent` is 1024
bytes). The GB of GPU memory are decimal, but no file says so, and AIPerf writes them in no other unit.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, isfinite
from typing import Final

from migrator.errors import MigratorError
from migrator.values import NamedTuple


class UnitError(MigratorError, ValueError):
    """A number cannot be converted, because the two units measure different things."""


class Unit(NamedTuple):
    """What a unit measures, and its size: `value · up / down + offset` is the value in the family's base unit.

    `offset` is (numerator, denominator), and zero except for temperatures.
    """

    family: str
    up: int = 1
    down: int = 1
    offset: tuple[int, int] = (0, 1)


_SPELLINGS: Final[tuple[tuple[str, str, Unit], ...]] = (
    ("ns", "nsec nanoseconds", Unit("time", 1, 10**9)),
    ("us", "µs μs usec microseconds", Unit("time", 1, 10**6)),
    ("ms", "msec milliseconds", Unit("time", 1, 1000)),
    ("sec", "s second seconds", Unit("time")),
    ("min", "minute minutes", Unit("time", 60)),
    ("h", "hour hours", Unit("time", 3600)),
    ("B", "byte bytes", Unit("data")),
    ("KB", "KiB", Unit("data", 2**10)),
    ("MB", "MiB", Unit("data", 2**20)),
    ("GB", "GiB", Unit("data", 2**30)),
    ("TB", "TiB", Unit("data", 2**40)),
    ("mJ", "", Unit("energy", 1, 1000)),
    ("J", "joule joules", Unit("energy")),
    ("kJ", "", Unit("energy", 1000)),
    ("MJ", "", Unit("energy", 10**6)),
    # A watt is a joule a second, so that tokens/sec/W and tokens/J are the same.
    ("mW", "", Unit("energy/time", 1, 1000)),
    ("W", "watt watts", Unit("energy/time")),
    ("kW", "", Unit("energy/time", 1000)),
    ("Hz", "", Unit("frequency")),
    ("kHz", "", Unit("frequency", 1000)),
    ("MHz", "", Unit("frequency", 10**6)),
    ("GHz", "", Unit("frequency", 10**9)),
    ("ratio", "", Unit("ratio")),
    ("%", "percent", Unit("ratio", 1, 100)),
    ("°C", "", Unit("temperature")),
    ("K", "", Unit("temperature", 1, 1, (-27315, 100))),
    ("°F", "", Unit("temperature", 5, 9, (-160, 9))),
    # Requests within their objectives: goodput is not a throughput of requests.
    ("good-req", "", Unit("good requests")),
    *((name, name.removesuffix("s"), Unit(name)) for name in ("tokens", "requests", "users", "images", "videos")),
    *((name, name.removesuffix("s"), Unit(name)) for name in ("blocks", "errors")),
    ("count", "", Unit("count")),
)
"""AIPerf's spelling, others, and the unit. The case of letters matters: mJ is not MJ."""
_WORDS: Final = {word: unit for first, others, unit in _SPELLINGS for word in (first, *others.split())}


def family(unit: object) -> str | None:
    """What a unit measures, such as `time` or `tokens/time/users`; None for a unit that is not known."""
    known = _unit(unit) if type(unit) is str else None
    return known.family if known else None


def same_family(a: object, b: object) -> bool:
    """Whether numbers can be converted from one unit to the other; an unknown unit is only the same as itself."""
    return a == b or (family(a) is not None and family(a) == family(b))


def common(a: str, b: str) -> str:
    """The unit in which both sides of a comparison are shown: that of the base, as readers and policies know it.

    Args:
        a: the base's unit.
        b: the candidate's.

    Raises:
        UnitError: they measure different things.
    """
    _require_same(a, b)
    return a


def convert(value: float, from_unit: str, to_unit: str, *, difference: bool = False) -> float:
    """A number in another unit: the exact result, rounded once.

    Args:
        value: the number, in `from_unit`; NaN and infinities are returned as they are. A `count` has no unit.
        from_unit: as a block spells it.
        to_unit: likewise.
        difference: whether it is a distance (`std`, or a change), to which the zero point of °F does not matter.

    Raises:
        UnitError: the units measure different things, or are unknown and not the same.
    """
    _require_same(from_unit, to_unit)
    if from_unit == to_unit or not isfinite(value):
        return float(value)
    old, new = _unit(from_unit), _unit(to_unit)
    assert old is not None
    assert new is not None
    numerator, denominator = value.as_integer_ratio()
    numerator, denominator = numerator * old.up, denominator * old.down
    if not difference and old.offset != new.offset:
        for (part, whole), sign in ((old.offset, 1), (new.offset, -1)):
            numerator, denominator = numerator * whole + sign * part * denominator, denominator * whole
    try:
        # The division of two integers is the nearest float to the true quotient.
        return (numerator * new.down) / (denominator * new.up)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _require_same(a: str, b: str) -> None:
    if same_family(a, b):
        return
    units = [f"{unit!r} ({family(unit) or 'unknown'})" for unit in (a, b)]
    raise UnitError(f"{' and '.join(units)} measure different things", expected="units of one family")


@lru_cache(maxsize=256)
def _unit(text: str) -> Unit | None:
    """The unit that a text spells."""
    if text in _WORDS:
        return _WORDS[text]
    first, *divisors = text.split("/")
    factors = [(word, 1) for word in first.split("*")] + [(word, -1) for word in divisors]
    up = down = 1
    powers: dict[str, int] = {}
    for word, sign in factors:
        known = _WORDS.get(word)
        if known is None or known.offset != (0, 1) or known.family == "temperature":
            return None
        up, down = (up * known.up, down * known.down) if sign > 0 else (up * known.down, down * known.up)
        above, _, below = known.family.partition("/")
        for name, power in ((above, sign), (below, -sign)):
            powers[name] = powers.get(name, 0) + power
    shared = gcd(up, down)
    return Unit(_family(powers), up // shared, down // shared)


def _family(powers: dict[str, int]) -> str:
    above = sorted(name for name, power in powers.items() if name for _ in range(power))
    below = sorted(name for name, power in powers.items() if name for _ in range(-power))
    return "/".join(["*".join(above) or "1", *below])
