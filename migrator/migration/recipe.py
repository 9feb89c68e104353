"""How the text of an export becomes that of its upgrade, for all exports of one shape.

A recipe is made from one upgrade, and tells for each part of the result whence it comes: from the original as it
stands, or from text that is the same for every export of the shape, with the file's own values in their places.

Places in the original are found by their lines: in the layouts of [`can_be_spliced`][] a line that begins with so many
spaces and a key is that member of the document, for deeper ones have more spaces, and a string has no line break. Which
line is met first depends on the keys and their order alone, which all exports of a shape share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from migrator.chain.operation import UNKNOWN
from migrator.chain.places import GPU_METRICS, Pattern, visit
from migrator.config.remembered import PLACEHOLDER
from migrator.jsonfile import Json, Object, Path, at, fingerprint, render
from migrator.jsonlayout import CANONICAL, Layout
from migrator.migration.shape import Shape, derivations
from migrator.values import NamedTuple

_SEPARATOR: Final = b",\n  "
_BEGIN: Final = b"{\n  "
_END: Final = b"\n}"
_LINE: Final = b"\n  "
_NEAR: Final = 512
"""Bytes before the last place of a line from which on it is looked for."""
_WORD: Final = b"placeholder"
_NESTED: Final[tuple[Pattern, ...]] = (GPU_METRICS, ("warmup_metrics",))
"""Objects below the top whose members are stats blocks."""


class _Run(NamedTuple):
    """Members of the original that stay together as they stand: from one offset to the separator before another.

    Both are numbers of needles; the last offset, -1, is where a member would follow the last.
    """

    start: int
    end: int


class _Found(NamedTuple):
    """The text of an object of the original: from behind the line's beginning to its last line.

    `within` is the number of the needle of the member that it stands in.
    """

    within: int
    begin: bytes
    last: bytes


class _Block(NamedTuple):
    """A stats block of the original, by its tag, with another unit."""

    tag: str
    unit: str


class _Computed(NamedTuple):
    """The result of one of the [`derivations`][migrator.migration.shape.derivations]."""

    number: int


_Part = bytes | int | _Run | _Found | _Block | _Computed
"""Text, the file's own value of a number, and the above."""


class Recipe(NamedTuple):
    """What makes the text of the upgrade of a document of one shape out of its text.

    `needles` are the beginnings of lines of the original: of the members at which a run starts or ends, or in which
    something is found. `near` is where each was met last: another file of the shape has it near that place. `own` are
    the numbers of the file's own values among the parts. `size` is some measure of its memory, in bytes.
    """

    needles: tuple[bytes, ...]
    parts: tuple[_Part, ...]
    own: tuple[int, ...]
    size: int
    near: list[int]

    def applied(self, shape: Shape, raw: bytes, layout: Layout) -> bytes:
        """The text of the upgrade of a document of the shape that the recipe was made for.

        Args:
            shape: the shape of the document.
            raw: its text.
            layout: its layout, that of the document that the recipe was made of.
        """
        import orjson

        offsets = self._offsets(raw, layout)
        values = list(shape.masked.values.values())
        own = {number: orjson.dumps(values[number]) for number in self.own}
        position, texts = 0, []
        for part in self.parts:
            if type(part) is bytes:
                texts.append(part)
            elif type(part) is _Found:
                within, begin, last = part
                # Where its member begins, that is at the end of the beginning of a line.
                member = offsets[within] - len(_LINE)
                start = raw.find(begin, max(member, position))
                start = (start if start >= 0 else raw.index(begin, member)) + len(begin)
                position = raw.index(last, start) + len(last)
                texts.append(raw[start:position])
            elif type(part) is _Run:
                first, end = part
                texts.append(raw[offsets[first] : offsets[end] - len(_SEPARATOR)])
            elif type(part) is int:
                texts.append(own[part])
            elif isinstance(part, _Block | _Computed):
                texts.append(_text(_value(part, shape.document), 1, layout))
        texts.append(layout.tail.encode())
        return b"".join(texts)

    def _offsets(self, raw: bytes, layout: Layout) -> list[int]:
        """The offset of each needle's member, and where one would follow the last."""
        offsets, near = [], self.near
        for number, needle in enumerate(self.needles):
            # There is one such line, wherever the search begins.
            position = raw.find(needle, max(near[number] - _NEAR, 0))
            if position < 0:
                position = raw.index(needle)
            near[number] = position
            offsets.append(position + len(_LINE))
        offsets.append(len(raw) - len(layout.tail) - len(_END) + len(_SEPARATOR))
        return offsets


@lru_cache(maxsize=64)
def can_be_spliced(layout: Layout) -> bool:
    """Whether texts of a layout have each member on a line where a [`Recipe`][] looks for it."""
    return layout._replace(exponent_plus=True, tail="") == CANONICAL


def recipe(shape: Shape, stand_in: Object, result: Object, layout: Layout) -> Recipe | None:
    """The recipe for all documents of a shape; None if there is none.

    Args:
        shape: the shape of a document.
        stand_in: that document with placeholders.
        result: the upgrade of the stand-in, which shares the stats blocks with it.
        layout: the layout of the document, for which [`can_be_spliced`][] is true.
    """
    try:
        return _Maker(shape, stand_in, layout).recipe(result)
    except _UnknownOriginError:
        return None


def _text(value: Json, level: int, layout: Layout) -> bytes:
    return render(value, layout._replace(tail="")).replace(b"\n", b"\n" + b"  " * level)


def _value(part: _Block | _Computed, document: Object) -> Json:
    if isinstance(part, _Block):
        return {**document[part.tag], "unit": part.unit}
    return derivations()[part.number].source(document)


class _UnknownOriginError(Exception):
    """Nothing tells where a part of the result comes from."""


class _Maker:
    def __init__(self, shape: Shape, before: Object, layout: Layout) -> None:
        self._document = shape.document
        self._before = before
        self._layout = layout
        places = [
            *((name,) for name, value in before.items() if value is shape.document[name]),
            *((*path, tag) for where in _NESTED for path, metrics, _ in visit(before, where) for tag in metrics),
        ]
        self._needles: dict[str, int] = {}
        found = [(place, at(before, place)) for place in places]
        self._places: dict[int, Path] = {id(value): place for place, value in found if type(value) is dict and value}

    def recipe(self, result: Object) -> Recipe:
        """The recipe of a result."""
        names = list(self._before)
        runs = self._runs(result, {name: number for number, name in enumerate(names)})
        parts: list[_Part] = []
        for run in runs:
            parts.append(_SEPARATOR if parts else _BEGIN)
            if isinstance(run, _Run):
                end = self._needle(names[run.end]) if run.end < len(names) else -1
                parts.append(_Run(self._needle(names[run.start]), end))
            else:
                key, value = run
                parts += [render(key) + b": ", *self._parts(value, (key,))]
        parts.append(_END)
        joined = tuple(_joined(parts))
        size = sum(len(part) + 50 if type(part) is bytes else 200 for part in joined)
        own = tuple({part for part in joined if isinstance(part, int)})
        needles = tuple(_beginning((name,)) for name in self._needles)
        return Recipe(needles, joined, own, size, [0] * len(needles))

    def _runs(self, result: Object, numbers: dict[str, int]) -> list[_Run | tuple[str, Json]]:
        """The members of the result, those that stay together as one run."""
        runs: list[_Run | tuple[str, Json]] = []
        for key, value in result.items():
            last = runs[-1] if runs else None
            if key not in self._before or value is not self._before[key]:
                runs.append((key, value))
            elif isinstance(last, _Run) and last.end == numbers[key]:
                runs[-1] = _Run(last.start, numbers[key] + 1)
            else:
                runs.append(_Run(numbers[key], numbers[key] + 1))
        return runs

    def _parts(self, value: Json, place: Path) -> Iterator[_Part]:
        """The parts of a value at a place of the result."""
        indent = b"\n" + b"  " * len(place)
        if (origin := self._places.get(id(value))) is not None:
            if len(origin) != len(place):
                raise _UnknownOriginError  # Its lines would begin with other spaces.
            yield _Found(self._needle(origin[0]), _beginning(origin), indent + b"}")
        elif type(value) is dict and "unit" in value and "avg" in value:
            yield self._block(value, place)
        elif type(value) is dict and any(map(self._holds_block, value.values())):
            for number, (key, item) in enumerate(value.items()):
                yield (b"," if number else b"{") + indent + b"  " + render(key) + b": "
                yield from self._parts(item, (*place, key))
            yield indent + b"}"
        else:
            yield from _constant(_text(value, len(place), self._layout))

    def _needle(self, name: str | int) -> int:
        """The number of the needle of a member."""
        return self._needles.setdefault(str(name), len(self._needles))

    def _holds_block(self, value: Json) -> bool:
        if type(value) is not dict:
            return False
        return id(value) in self._places or "unit" in value or any(map(self._holds_block, value.values()))

    def _block(self, value: Object, place: Path) -> _Part:
        if len(place) == 1:
            for number, op in enumerate(derivations()):
                if place == (op.tag,) and op.tag not in self._before:
                    computed = op.source(self._document)
                    if computed is not UNKNOWN and fingerprint(computed) == fingerprint(value):
                        return _Computed(number)
            for tag, block in self._before.items():
                if _is_but_unit(value, block):
                    return _Block(tag, value["unit"])
        raise _UnknownOriginError


def _beginning(place: Path) -> bytes:
    """How the line of a member begins, from the end of the line before."""
    return b"\n" + b"  " * len(place) + render(place[-1]) + b": "


def _constant(text: bytes) -> Iterator[_Part]:
    """Text with the numbers of the file's own values in the places of placeholders."""
    position = 0
    for match in re.finditer(PLACEHOLDER, text):
        yield text[position : match.start()]
        yield int(match[1] or match[2])
        position = match.end()
    yield text[position:]


def _joined(parts: Iterable[_Part]) -> Iterator[_Part]:
    """The parts, with neighbouring texts as one."""
    text = b""
    for part in parts:
        if isinstance(part, bytes):
            text += part
            continue
        if _WORD in text:
            raise _UnknownOriginError  # A placeholder that became a part of another text.
        if text:
            yield text
        yield part
        text = b""
    if _WORD in text:
        raise _UnknownOriginError
    yield text


def _is_but_unit(value: Object, block: Json) -> bool:
    """Whether a value is a block of the original with another unit: with the very numbers of it."""
    return (
        type(block) is dict
        and type(value["unit"]) is str
        and type(value["avg"]) is float
        and list(block) == list(value)
        and all(item is block[key] for key, item in value.items() if key != "unit")
    )
