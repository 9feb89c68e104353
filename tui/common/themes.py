"""Colours: AIPerf's own, dark and light, and one that colour-blind people can tell apart.

No screen says anything by colour alone: a sign or a word always stands beside it. With `NO_COLOR` Textual shows all
of them in grey.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

THEMES: Final = (
    Theme(
        name="aiperf",
        primary="#76B900",
        secondary="#00A0C0",
        accent="#00D4FF",
        background="#1A1A1A",
        surface="#242424",
        panel="#2E2E2E",
        success="#76B900",
        warning="#E0B040",
        error="#F06050",
        dark=True,
    ),
    Theme(
        name="aiperf-light",
        primary="#4A7A00",
        secondary="#00607A",
        accent="#005F87",
        background="#FAFAFA",
        surface="#EEEEEE",
        panel="#E2E2E2",
        success="#3F6B00",
        warning="#8A5A00",
        error="#B3261E",
        dark=False,
    ),
    # Blue and orange, which all common kinds of colour blindness keep apart; no red, no green.
    Theme(
        name="blue-orange",
        primary="#3B8EEA",
        secondary="#8FB8DE",
        accent="#9CC9FF",
        background="#16181D",
        surface="#20232A",
        panel="#2A2E37",
        success="#6CB4FF",
        warning="#FFD37A",
        error="#FF9B3D",
        dark=True,
    ),
)
DEFAULT: Final = "aiperf"
