"""Escape text from files, so that a name in an export cannot move the cursor or forge a line."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text that a terminal shows as it is: control and format characters and unpaired surrogates become escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
