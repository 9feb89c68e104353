"""The secrets of a document of any family: found where they are declared, replaced wherever they stand."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Final

from migrator.jsonfile import Json, Numeral, Object, Path
from migrator.redact import command
from migrator.redact.command import clean_arguments, clean_command
from migrator.redact.names import is_header, is_random, is_setting, is_variable
from migrator.redact.places import Kind, kind_of
from migrator.redact.search import Search, searched
from migrator.redact.text import (
    NAME_HINTS,
    REDACTED,
    TEXT_HINTS,
    Cleaned,
    clean_message,
    clean_text,
    clean_url,
    has_any,
    is_redacted,
)
from migrator.values import NamedTuple

_NO_TEXT: Final = frozenset({float, int, bool, type(None)})
_INTEGERS: Final = frozenset({int, Numeral})
_SHORTEST_TEXT: Final = 9
"""Characters of the shortest text with a secret that is not declared: `a://b:c@d`."""
_SHORTEST_TOKEN: Final = 16
"""Characters of a key under a name that may be that of a word of a vocabulary."""
_SMALLEST_NUMBER: Final = 10**5
"""A smaller number under the name of a credential is a count."""

_BY_KIND: Final[dict[Kind, Callable[[str], Cleaned]]] = {
    Kind.URL: clean_url,
    Kind.COMMAND: clean_command,
    Kind.MESSAGE: clean_message,
}
_NAMED: Final[dict[Kind, Callable[[str], bool]]] = {
    Kind.HEADERS: is_header,
    Kind.PARAMETERS: is_setting,
    Kind.VARIABLES: is_variable,
}
"""Kinds of named values, and which of the names carry a credential."""
_SUSPECT: Final = frozenset({*_NAMED, Kind.SECRET, Kind.TOKEN, Kind.COMMAND, Kind.MESSAGE, Kind.CONTENT})
"""Kinds that are looked at more closely wherever they have a value."""
_SAID: Final = frozenset({Kind.MESSAGE, Kind.TEXT})
_NAMING: Final = frozenset({"name", "path"})
"""Members that may name a credential whose value stands beside them."""


class Found(NamedTuple):
    """What is to be changed in a document, by place, and the secrets that were found there.

    `texts` maps the place of a text to the one that replaces it, `keys` the place of a member to its new key;
    `numbers` are the places of numbers that are credentials.
    """

    texts: dict[Path, str]
    keys: dict[Path, str]
    numbers: set[Path]
    secrets: set[str]


def find(document: Json) -> Found:
    """The secrets in clear that a document declares, of whatever family it is. Metrics are not looked at."""
    found = Found({}, {}, set(), set())
    if may_hold_secrets(document):
        _look(document, (), Kind.TEXT, found)
    return found


def redact(document: Json, also: Iterable[str] = ()) -> tuple[Json, list[Path]]:
    """The document without secrets in clear, and the places that changed; the argument is not modified.

    Args:
        document: a parsed file of any family.
        also: secrets that are known from elsewhere, to be replaced in every text.

    Returns:
        the very document if there is nothing to replace; the places, in document order and with the new keys.
    """
    found = find(document)
    secrets = searched([*found.secrets, *also])
    if not (found.texts or found.keys or found.numbers or secrets):
        return document, []
    places: list[Path] = []
    clean = _rebuilt(document, (), (), found, Search(secrets), places)
    return (clean, places) if places else (document, [])


# --- a quick look: most documents have no secret ---------------------------------------------------------------


def may_hold_secrets(document: Json) -> bool:
    """Whether anything in a document is what a secret is found by; never False where [`find`][] finds one."""
    if type(document) is not dict:
        return True
    texts: list[str] = []
    return _is_suspect(document, texts) or has_any("\n".join(texts), TEXT_HINTS)


def _is_suspect(node: Object, texts: list[str]) -> bool:
    """Whether a place of secrets has a value; texts of other places are added to `texts`."""
    for key, value in node.items():
        kind = type(value)
        if kind is dict:
            if "unit" in value and ("avg" in value or "value" in value):
                continue  # A stats block, or a value of a record.
            here = kind_of(key)
            if here is Kind.HOSTS:
                texts += value
            elif here is Kind.MESSAGE:
                if _is_suspect_message(value, texts):
                    return True
                continue
            elif here in _SUSPECT:
                if value:
                    return True
                continue
            elif here is Kind.NUMBERS:
                continue
            if _is_suspect(value, texts):
                return True
        elif kind is list:
            here = kind_of(key)
            if here is Kind.MESSAGE:
                if _is_suspect_message(value, texts):
                    return True
            elif value and (here in _SUSPECT or _has_suspect(value, texts)):
                return True
        elif kind is str:
            here = kind_of(key)
            if here is Kind.COMMAND:
                if command.may_hold_secrets(value):
                    return True
            elif here is Kind.MESSAGE:
                if has_any(value.lower(), NAME_HINTS):
                    return True
                texts.append(value)
            elif here in _SUSPECT:
                if not is_redacted(value):
                    return True
            elif (key == "name" or key == "path") and (is_setting(value) or ".headers." in value):
                return True
            else:
                texts.append(value)
        elif (kind is int or kind is Numeral) and value >= _SMALLEST_NUMBER and kind_of(key) is Kind.SECRET:
            return True
    return False


def _is_suspect_message(value: Json, texts: list[str]) -> bool:
    """The same of what was said, or of values by their label: each run of a sweep has some, and an error has others."""
    kind = type(value)
    if kind is dict:
        return any(
            (kind_of(key) not in _SAID and item) or key in _NAMING or _is_suspect_message(item, texts)
            for key, item in value.items()
        )
    if kind is list:
        return any(_is_suspect_message(item, texts) for item in value)
    if kind is str:
        texts.append(value)
        return has_any(value.lower(), NAME_HINTS)
    return False


def _has_suspect(items: list[Json], texts: list[str]) -> bool:
    for item in items:
        if type(item) is dict:
            if _is_suspect(item, texts):
                return True
        elif type(item) is str:
            texts.append(item)
        elif type(item) is list and _has_suspect(item, texts):
            return True
    return False


# --- finding -------------------------------------------------------------------------------------------------


def _look(value: Json, path: Path, kind: Kind, found: Found) -> None:
    if type(value) is str:
        _text(value, path, kind, found)
    elif type(value) is dict:
        _members(value, path, kind, found)
    elif type(value) is list:
        _items(value, path, kind, found)


def _members(node: Object, path: Path, kind: Kind, found: Found) -> None:
    if kind is Kind.HOSTS:
        _hosts(node, path, found)
    carries = _NAMED.get(kind)
    # A parameter of a request may have any shape.
    blocks = kind is not Kind.SECRET and not carries
    for key, value in node.items():
        if type(value) in _NO_TEXT or type(value) is Numeral:
            if type(value) in _INTEGERS and value >= _SMALLEST_NUMBER and kind_of(key) is Kind.SECRET:
                found.numbers.add((*path, key))
            continue
        if blocks and type(value) is dict and "unit" in value and ("avg" in value or "value" in value):
            continue
        here = Kind.SECRET if carries and carries(key) else _below(kind, kind_of(key))
        if here is Kind.SECRET and kind is Kind.CONTENT and type(value) is dict:
            here = kind  # The schema of a tool's parameter, which is called `password`.
        if here is Kind.NUMBERS:
            continue
        if here is Kind.TOKEN:
            here = Kind.SECRET if type(value) is str and is_random(value, _SHORTEST_TOKEN) else Kind.TEXT
        _look(value, (*path, key), here, found)
    _named_by_member(node, path, carries or is_setting, found)


def _below(kind: Kind, member: Kind) -> Kind:
    """What a member is, by its own key and by what it stands in."""
    if kind is Kind.SECRET or member is Kind.SECRET:
        return Kind.SECRET
    if kind is Kind.CONTENT:
        return Kind.HEADERS if member is Kind.HEADERS else kind
    if kind is Kind.MESSAGE or kind in _NAMED:
        return member if member in (Kind.HEADERS, Kind.URL) else kind
    return member


def _hosts(node: Object, path: Path, found: Found) -> None:
    for key in node:
        if "@" in key:
            clean, secrets = clean_url(key)
            if clean != key:
                found.keys[(*path, key)] = clean
                found.secrets.update(secrets)


def _named_by_member(node: Object, path: Path, carries: Callable[[str], bool], found: Found) -> None:
    """`{"name": "endpoint.api_key", "values": [...]}`, as sweeps and lists of headers have it."""
    name = node.get("name", node.get("path"))
    if type(name) is not str or not (carries(name) or ".headers." in name):
        return
    for key in ("value", "values", "choices"):
        if key in node:
            _look(node[key], (*path, key), Kind.SECRET, found)


def _items(items: list[Json], path: Path, kind: Kind, found: Found) -> None:
    carries = _NAMED.get(kind)
    if kind is Kind.COMMAND and all(type(item) is str for item in items):
        _arguments(items, path, found)
        return
    if carries and len(items) == 2 and type(items[0]) is str and ":" not in items[0] and type(path[-1]) is int:
        # One of the pairs of a list.
        _look(items[1], (*path, 1), Kind.SECRET if carries(items[0]) else Kind.TEXT, found)
        return
    for index, item in enumerate(items):
        if type(item) not in _NO_TEXT:
            _look(item, (*path, index), kind, found)


def _arguments(items: list[Json], path: Path, found: Found) -> None:
    clean, secrets = clean_arguments(items)
    found.secrets.update(secrets)
    for index, (old, new) in enumerate(zip(items, clean, strict=True)):
        if old != new:
            found.texts[(*path, index)] = new


def _text(text: str, path: Path, kind: Kind, found: Found) -> None:
    if kind is Kind.CONTENT:
        return
    if kind is Kind.SECRET:
        if text and not is_redacted(text):
            found.texts[path] = REDACTED
            found.secrets.update([text, *text.split()[1:]])
        return
    if carries := _NAMED.get(kind):
        clean, secrets = _line(text, carries)
    elif kind in _BY_KIND:
        clean, secrets = _BY_KIND[kind](text)
    elif len(text) >= _SHORTEST_TEXT:
        clean, secrets = clean_text(text)
    else:
        return
    if clean != text:
        found.texts[path] = clean
        found.secrets.update(secrets)


def _line(text: str, carries: Callable[[str], bool]) -> Cleaned:
    """A named value as text: `name: value`, as GenAI-Perf keeps headers and extra inputs, or `NAME=value`."""
    for sign in sorted({":", "="} & set(text), key=text.index):
        name, _, value = text.partition(sign)
        if carries(name.strip()):
            secret = value.strip()
            if not secret or is_redacted(secret):
                return text, []
            return f"{name}{sign}{' ' * (sign == ':')}{REDACTED}", [secret, *secret.split()[1:]]
    return clean_message(text)


# --- replacing -----------------------------------------------------------------------------------------------


def _rebuilt(value: Json, path: Path, place: Path, found: Found, search: Search, places: list[Path]) -> Json:
    """The value without secrets; `path` is where it stands, `place` the same with the new keys."""
    if type(value) is str:
        clean = search.replaced(found.texts.get(path, value))
        if clean != value:
            places.append(place)
        return clean
    if type(value) is dict:
        new: Object = {}
        numbers: dict[str, int] = {}
        same = True
        for key, item in value.items():
            name = found.keys.get((*path, key)) or search.replaced(key)
            if name != key:
                name = _free(name, value, numbers)
                places.append((*place, name))
            if found.numbers and (*path, key) in found.numbers:
                places.append((*place, name))
                new[name] = REDACTED
            # Most of a document is numbers, which need no call.
            elif type(item) in _NO_TEXT:
                new[name] = item
            else:
                new[name] = _rebuilt(item, (*path, key), (*place, name), found, search, places)
            same = same and name == key and new[name] is item
        return value if same else new
    if type(value) is list:
        items = [
            _rebuilt(item, (*path, index), (*place, index), found, search, places) for index, item in enumerate(value)
        ]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value


def _free(name: str, taken: Container[str], last: dict[str, int]) -> str:
    """The key without its secret, with a number if another member has it: two users of one host stay two members.

    Args:
        name: the key without its secret.
        taken: the keys that are there.
        last: the last number that each such key was given in this object, which is updated.
    """
    free = name
    while free in taken or (free == name and name in last):
        last[name] = number = last.get(name, 1) + 1
        free = name.replace(REDACTED, f"<redacted-{number}>", 1)
    last.setdefault(name, 1)
    return free
