"""Whether a document fits the schema of its version, answered without pydantic where it surely does.

`data/models.json` has what the models accept; `docs/generate.py` makes it from them. A document that is not accepted
here may fit all the same, for instance with a text of an unusual kind: then the models are asked, which alone say what
is wrong. To import pydantic takes longer than the rest of a check, and nearly every document is accepted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache
from typing import Any, Final

from migrator.aiperf.metrics import is_block
from migrator.jsonfile import Json, Object

Accept = Callable[[Json, Collection[int]], bool]
"""(value, `id`s of sound blocks) → whether the value is surely what a model accepts."""

_MOST: Final = 2**63
"""Whole numbers from here on are left to the models."""


def accepts(version: str, document: Json, sound: Collection[int] = frozenset()) -> bool:
    """Whether a document surely fits the schema of a version.

    Args:
        version: the version.
        document: the document.
        sound: as [`violations`][migrator.schemas.violations] has it.
    """
    model = _table()["versions"].get(version)
    return model is not None and _object(model)(document, sound)


@cache
def _table() -> Object:
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "data", "models.json"), "rb") as file:
        table: Object = json.load(file)
    return table


@cache
def _object(name: str) -> Accept:
    """What accepts the objects of a model, with `required` keys, known `fields`, and blocks under `others`."""
    model = _table()["models"][name]
    fields = {key: _kind(kind) for key, kind in model["fields"].items()}
    required = frozenset(model.get("required", ()))
    others = _object(model["blocks"]) if "blocks" in model else None
    may_be_sound = model.get("is_block", False)

    def accept(value: Json, sound: Collection[int]) -> bool:
        if type(value) is not dict:
            return False
        if may_be_sound and id(value) in sound:
            return True
        for key, item in value.items():
            known = fields.get(key)
            if known:
                if not known(item, sound):
                    return False
            elif not _is_text(key, sound) or (others and is_block(item) and not others(item, sound)):
                return False
        return required <= value.keys()

    return accept


def _kind(kind: Any) -> Accept:
    """What accepts the values of a kind, as [`described`][migrator.schemas.described] writes it."""
    if type(kind) is str:
        return _KINDS.get(kind) or _object(kind)
    ((form, inner),) = kind.items()
    if form == "label":
        return lambda value, sound: type(value) is str and value == inner
    one = _kind(inner)
    if form == "or null":
        return lambda value, sound: value is None or one(value, sound)
    if form == "list":
        return lambda value, sound: type(value) is list and all(one(item, sound) for item in value)
    return lambda value, sound: (
        type(value) is dict and all(_is_text(key, sound) and one(item, sound) for key, item in value.items())
    )


def _is_text(value: Json, _: object) -> bool:
    if type(value) is not str:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        # Half of a pair of UTF-16, which JSON can spell.
        return False
    return True


def _is_number(value: Json, _: object) -> bool:
    return type(value) is int or isinstance(value, float)


def _is_whole(value: Json, _: object) -> bool:
    if type(value) is float:
        return value.is_integer() and -_MOST < value < _MOST
    return type(value) is int and -_MOST < value < _MOST


def is_moment(value: Json, _: object = None) -> bool:
    """Whether a value is surely a time as the models accept it."""
    if not _is_text(value, _):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_KINDS: Final[dict[str, Accept]] = {
    "any": lambda value, sound: True,
    "absent": lambda value, sound: False,
    "flag": lambda value, sound: type(value) is bool,
    "text": _is_text,
    "number": _is_number,
    "whole number": _is_whole,
    "position": lambda value, sound: _is_whole(value, sound) and value >= 0,
    "moment": is_moment,
}
