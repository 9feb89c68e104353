"""Keys: what each does, declared once with the widget that does it; help, palette and settings are made from that.

A binding has an id of two words, `files.sort`, and a tooltip that says what it does. The user sets keys in
`tui.toml`, by those ids:

    [keys]
    "files.sort" = "o"
    "app.quit" = "q,ctrl+q"
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode

from migrator.render.safe import printable


class Key(NamedTuple):
    """A binding as it is now: its id, its keys, and what it does."""

    id: str
    keys: tuple[str, ...]
    does: str
    action: str

    @property
    def room(self) -> str:
        """The part of the screen it belongs to, the first word of its id."""
        return self.id.partition(".")[0]

    @property
    def label(self) -> str:
        """The keys as they are written on the screen."""
        return " ".join(_SHOWN.get(key) or _character(key) or key.replace("ctrl+", "^") for key in self.keys)


def _character(key: str) -> str:
    """The character of a key that has the name of one, such as `greater_than_sign`; empty for any other."""
    if "_" not in key:
        return ""
    try:
        return unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        # Unicode writes some names with a hyphen.
        return {"greater_than_sign": ">", "less_than_sign": "<"}.get(key, "")


_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "space": "space",
    "escape": "esc",
    "asterisk": "*",
    "shift+up": "shift+↑",
    "shift+down": "shift+↓",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "pgup",
    "pagedown": "pgdn",
}


def declared(node: DOMNode | type[DOMNode], keymap: Mapping[str, str]) -> list[Key]:
    """The keys that a widget or screen declares itself, those of the user in place of the default ones."""
    kind = node if isinstance(node, type) else type(node)
    found: dict[str, Key] = {}
    for owner in reversed(kind.__mro__):
        for binding in owner.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id and binding.tooltip:
                keys = tuple(key.strip() for key in keymap.get(binding.id, binding.key).split(","))
                found[binding.id] = Key(binding.id, keys, binding.tooltip, binding.action)
    return list(found.values())


def read_keys(path: Path) -> tuple[dict[str, str], list[str]]:
    """The user's keys by id, and what is wrong with the file. A missing file gives no keys and no error."""
    try:
        text = path.read_text(encoding="utf-8")
        # Most users have no such file, and need no parser for it.
        import tomllib

        settings = tomllib.loads(text)
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError) as error:
        return {}, [printable(f"{path}: {error}; the default keys are used")]
    keys = settings.get("keys", {})
    if type(keys) is not dict:
        return {}, [f'{path}: keys: expected a table: [keys] with lines such as "app.quit" = "q"']
    wrong = [printable(f"{path}: keys.{name}: expected a string") for name, key in keys.items() if type(key) is not str]
    return {name: key for name, key in keys.items() if type(key) is str and key.strip()}, wrong


def unknown(keymap: Mapping[str, str], known: Iterable[Key]) -> list[str]:
    """Ids that a user set and no binding has."""
    ids = {key.id for key in known}
    return [f"keys: unknown name {printable(name)}; ? lists the names" for name in keymap if name not in ids]


def clashes(keys: Iterable[Key], keymap: Mapping[str, str]) -> list[str]:
    """Keys that two bindings of one place have, in words, with the one that works.

    Textual takes a key that the user sets away from the binding that has it by default. Of two that the user sets, the
    one that is declared first works.
    """
    by_key: dict[str, list[str]] = {}
    for key in keys:
        for each in key.keys:
            by_key.setdefault(each, []).append(key.id)
    texts = []
    for name, ids in by_key.items():
        if len(ids) > 1:
            works = next((each for each in ids if each in keymap), ids[0])
            texts.append(f"the key {printable(name)} is set for {' and '.join(ids)}; it does {works}")
    return texts
