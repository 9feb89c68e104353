"""One-sided tests of an effect against a limit: is it shown to be above, is it shown to be below?

An effect is a logarithm of a ratio or a difference. The same two tests serve a minimal effect ("worse by more than the
margin"), non-inferiority ("not worse by more than the margin") and, both together, equivalence.
"""

from __future__ import annotations

import math
from typing import Protocol

from migrator.diff.statistics.student import t_two_sided


class Effect(Protocol):
    """What is known of an effect: its value, standard error and degrees of freedom.

    `least_p` is the smallest one-sided p-value that so many runs can give, where no run differs from the next (`se` 0).
    """

    @property
    def effect(self) -> float:
        """On a scale where no change is zero."""

    @property
    def se(self) -> float:
        """Its standard error; zero where no run differs from the next."""

    @property
    def df(self) -> float:
        """Degrees of freedom behind the standard error."""

    @property
    def least_p(self) -> float:
        """The smallest p-value that the order of the runs can give."""


def p_above(found: Effect, limit: float) -> float:
    """One-sided p-value of "the effect is `limit` or less": small where it is shown to be above."""
    return tails(found, limit)[0]


def p_below(found: Effect, limit: float) -> float:
    """One-sided p-value of "the effect is `limit` or more": small where it is shown to be below."""
    return tails(found, limit)[1]


def tails(found: Effect, limit: float) -> tuple[float, float]:
    """Both one-sided p-values at a limit: [`p_above`][] and [`p_below`][]."""
    distance = found.effect - limit
    if math.isinf(distance):
        return (0.0, 1.0) if distance > 0 else (1.0, 0.0)
    if found.se <= 0:
        return found.least_p if distance > 0 else 1.0, found.least_p if distance < 0 else 1.0
    tail = t_two_sided(distance / found.se, found.df) / 2
    return (tail, 1 - tail) if distance > 0 else (1 - tail, tail)
