"""Copying by OSC 52: the terminal itself takes the text, so it works over ssh."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, NamedTuple

from textual.app import App

from migrator.render.text import plural

LARGEST: Final = 74_000
"""Bytes that most terminals take at once; xterm and tmux drop more without a word."""


class Copy(NamedTuple):
    """Something that can be copied: the key that does, what it is, and the text."""

    key: str
    what: str
    text: str


def refusal(text: str, environment: Mapping[str, str]) -> str:
    """Why a text cannot be copied here; empty if nothing is known against it."""
    if environment.get("TERM_PROGRAM") == "Apple_Terminal":
        return "Apple's Terminal does not let programs copy: select with the mouse and Fn, or use another terminal"
    if environment.get("TERM") == "linux":
        return "the Linux console has no clipboard"
    if len(text.encode(errors="replace")) > LARGEST:
        return f"too much for a terminal's clipboard: {plural(len(text), 'character')}"
    return ""


def copy(app: App[None], text: str, what: str) -> None:
    """Send a text to the terminal's clipboard, and say so. Whether the terminal takes it cannot be known."""
    text = text.encode(errors="backslashreplace").decode()
    why = refusal(text, os.environ)
    if why:
        app.notify(f"not copied: {why}", severity="warning", markup=False)
        return
    app.copy_to_clipboard(text)
    hint = "; tmux needs: set -g set-clipboard on" if os.environ.get("TMUX") else ""
    app.notify(f"{what} sent to the terminal's clipboard{hint}", markup=False)
