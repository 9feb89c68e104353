"""Student's t and the normal distribution, in plain Python: importing a statistics package would dominate start-up.

Tails are computed from the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22) with Lentz's
algorithm; quantiles by Newton's method on the tails. Tests compare both with tables to ten digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_TINY: Final = 1e-300
_PRECISION: Final = 1e-14
_MANY: Final = 1e3
"""Degrees of freedom from which a series in their inverse gives quantiles."""
_UNCOUNTED: Final = 1e7
"""Degrees of freedom from which Student's t and the normal distribution differ by less than rounding errors."""


def normal_cdf(z: float) -> float:
    """P(Z ≤ z) of the standard normal distribution."""
    return math.erfc(-z / math.sqrt(2)) / 2


@lru_cache(maxsize=4096)
def normal_quantile(p: float) -> float:
    """The z with P(Z ≤ z) = p, for 0 < p < 1.

    Raises:
        ValueError: `p` is not strictly between 0 and 1.
    """
    if not 0 < p < 1:
        raise ValueError(f"quantile at p = {p}: expected 0 < p < 1")
    tail = min(p, 1 - p)
    if tail == 0.5:
        return 0.0
    # A start for the iteration: the leading term of the asymptotic expansion of the tail.
    start = math.sqrt(max(-2 * math.log(2 * tail), 1e-300))
    z = _root(lambda z: normal_cdf(-z), lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi), start, tail)
    return z if p > 0.5 else -z


def t_two_sided(t: float, df: float) -> float:
    """P(|T| ≥ |t|) of Student's t with `df` degrees of freedom (need not be whole): a two-sided p-value.

    Raises:
        ValueError: `df` is not positive, or a number is NaN.
    """
    if not df > 0 or math.isnan(t):
        raise ValueError(f"p-value of t = {t} with {df} degrees of freedom: expected a number and df > 0")
    if math.isinf(t):
        return 0.0
    if df > _UNCOUNTED:
        return 2 * normal_cdf(-abs(t))
    return incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t))


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """The t with P(T ≤ t) = p, for 0 < p < 1 and `df` > 0.

    Raises:
        ValueError: `p` or `df` is outside of that.
    """
    if not 0 < p < 1 or not df > 0:
        raise ValueError(f"quantile at p = {p} with {df} degrees of freedom: expected 0 < p < 1 and df > 0")
    tail = min(p, 1 - p)
    if tail == 0.5:
        return 0.0
    start = _near_normal(normal_quantile(1 - tail), df)
    if df > _MANY:
        return start if p > 0.5 else -start
    constant = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    t = _root(
        lambda t: t_two_sided(t, df) / 2,
        lambda t: math.exp(constant - (df + 1) / 2 * math.log1p(t * t / df)),
        start,
        tail,
    )
    return t if p > 0.5 else -t


def _near_normal(z: float, df: float) -> float:
    """Student's quantile as a series in 1/df around the normal one; accurate to nine digits from df = 1000 on."""
    first = (z**2 + 1) / (4 * df)
    second = (5 * z**4 + 16 * z**2 + 3) / (96 * df**2)
    third = (3 * z**6 + 19 * z**4 + 17 * z**2 - 15) / (384 * df**3)
    return z * (1 + first + second + third)


def incomplete_beta(a: float, b: float, x: float, rest: float | None = None) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 ≤ x ≤ 1.

    Args:
        a: first parameter.
        b: second parameter.
        x: the argument.
        rest: 1 − x, if the caller knows it to more digits than the subtraction would leave.
    """
    rest = 1 - x if rest is None else rest
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log(rest))
    # The fraction converges fast only below the mean; above it, I_x(a, b) = 1 − I_(1−x)(b, a) is used.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, up to a relative change of `_PRECISION`."""
    numerator, denominator = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or _TINY)
    value = denominator
    for m in range(1, 10_000):
        place = a + 2 * m
        # Lentz's algorithm replaces what is zero by a tiny number, so that it can be divided by.
        even = m * (b - m) * x / ((place - 1) * place)
        denominator = 1 / ((1 + even * denominator) or _TINY)
        numerator = (1 + even / numerator) or _TINY
        value *= numerator * denominator
        odd = -(a + m) * (a + b + m) * x / (place * (place + 1))
        denominator = 1 / ((1 + odd * denominator) or _TINY)
        numerator = (1 + odd / numerator) or _TINY
        factor = numerator * denominator
        value *= factor
        if -_PRECISION < factor - 1 < _PRECISION:
            break
    return value


def _root(tail: Callable[[float], float], density: Callable[[float], float], start: float, wanted: float) -> float:
    """The positive argument at which a tail has the wanted value, by Newton's method on the logarithms of both.

    On these scales the tail of either distribution is concave, so the iteration converges from any start.

    Args:
        tail: the probability beyond an argument.
        density: minus its derivative.
        start: where the iteration starts.
        wanted: the probability.
    """
    place = start
    for _ in range(100):
        here = tail(place)
        step = here * math.log(here / wanted) / (place * density(place))
        place *= math.exp(min(max(step, -5.0), 5.0))
        if abs(step) < 1e-7:  # the error left is of the order of its square
            break
    return place
