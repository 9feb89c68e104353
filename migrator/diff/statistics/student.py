"""Student's t and the normal distribution, in plain Python: a statistics package would be most of the start-up.

The tails come from the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22), evaluated from
the front (Lentz's way). Quantiles are the roots of those tails. Agreement with tables to ten digits is a test.
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
"""Degrees of freedom from which Student's t and the normal distribution differ less than the rounding."""


def normal_cdf(z: float) -> float:
    """P(Z ≤ z) of the standard normal distribution."""
    return math.erfc(-z / math.sqrt(2)) / 2


@lru_cache(maxsize=4096)
def normal_quantile(p: float) -> float:
    """The z with P(Z ≤ z) = p, for 0 < p < 1.

    Raises:
        ValueError: `p` is no probability strictly between 0 and 1.
    """
    if not 0 < p < 1:
        raise ValueError(f"no quantile at {p}")
    tail = min(p, 1 - p)
    if tail == 0.5:
        return 0.0
    # The leading term of the tail's expansion far out, and of its series near the middle.
    start = math.sqrt(max(-2 * math.log(2 * tail), 1e-300))
    z = _root(lambda z: normal_cdf(-z), lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi), start, tail)
    return z if p > 0.5 else -z


def t_two_sided(t: float, df: float) -> float:
    """P(|T| ≥ |t|) of Student's t with `df` degrees of freedom (need not be whole): a two-sided p-value.

    Raises:
        ValueError: `df` is not positive, or a number is NaN.
    """
    if not df > 0 or math.isnan(t):
        raise ValueError(f"no p-value of t = {t} with {df} degrees of freedom")
    if math.isinf(t):
        return 0.0
    if df > _UNCOUNTED:
        return 2 * normal_cdf(-abs(t))
    return incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t))


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """The t with P(T ≤ t) = p, for 0 < p < 1 and `df` > 0.

    Raises:
        ValueError: outside of that.
    """
    if not 0 < p < 1 or not df > 0:
        raise ValueError(f"no quantile at {p} with {df} degrees of freedom")
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
    """Student's quantile as a series in 1/df around the normal one; good to nine digits from a thousand on."""
    first = (z**2 + 1) / (4 * df)
    second = (5 * z**4 + 16 * z**2 + 3) / (96 * df**2)
    third = (3 * z**6 + 19 * z**4 + 17 * z**2 - 15) / (384 * df**3)
    return z * (1 + first + second + third)


def incomplete_beta(a: float, b: float, x: float, rest: float | None = None) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 ≤ x ≤ 1.

    Args:
        a: first parameter.
        b: second parameter.
        x: where.
        rest: 1 − x, where the caller knows it to more digits than the subtraction leaves.
    """
    rest = 1 - x if rest is None else rest
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log(rest))
    # The fraction converges fast only on this side of the mean; the other side is its mirror image.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, until it no longer changes."""
    numerator, denominator = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or _TINY)
    value = denominator
    for m in range(1, 10_000):
        place = a + 2 * m
        # No term is near enough to zero to matter but zero itself, which must not be divided by.
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
    """The positive place where a tail has the wanted value: Newton's method on the logarithms of both.

    In these scales a tail of either distribution falls ever faster, so the steps reach the root from any start, from
    the far side after the first one.
    """
    place = start
    for _ in range(100):
        here = tail(place)
        step = here * math.log(here / wanted) / (place * density(place))
        place *= math.exp(min(max(step, -5.0), 5.0))
        if abs(step) < 1e-7:  # the error left is of the order of its square
            break
    return place
