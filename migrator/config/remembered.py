"""Translations of configurations, remembered: the files of a batch repeat their configurations.

What is the file's own (its identity, command, folder, seeds) only travels through a translation, so a placeholder
takes its place, and one translation serves all files that are otherwise the same. Each answer is made anew from bytes,
so that no two share what a caller may change. A translation is remembered when a configuration is seen for the second
time, and only if what is remembered gives what the translation of that very configuration gives.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import Enum, auto
from functools import cache
from marshal import dumps
from threading import Lock
from typing import IO, TYPE_CHECKING, Final

from migrator.config.user_to_benchmark import has_runtime_options
from migrator.files.digest import digest
from migrator.jsonfile import Json, Object
from migrator.ledger import Entry
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from pickle import Unpickler

_OWN: Final = {
    "run_info": ("benchmark_id", "cli_command"),
    "input_config": ("benchmark_id", "cli_command", "random_seed"),
    "input": ("random_seed",),
    "output": ("artifact_directory",),
    "artifacts": ("dir",),
    "datasets": ("random_seed",),
}
"""What differs from file to file and decides nothing: fields of two parts of a document, and of sections of a part."""
_TEXT: Final = "\x01placeholder "
_NUMBER: Final = 1_618_033_000
"""Placeholders begin with this text, or follow this number."""
PLACEHOLDER: Final = rb'"\\u0001placeholder (\d+)"|1618033(\d\d\d)'
"""A placeholder in JSON, with its number."""
_SHORTEST: Final = 12
"""Characters of a text that is replaced. A shorter one may be a default, such as `artifacts`."""
_LARGEST: Final = 2**31
"""Numbers above are not replaced: releases may limit them."""
_MOST: Final = 4000
"""Translations that are remembered, and configurations that were seen; the oldest is forgotten first. A sweep of a
thousand cells has as many configurations, each of them once a trial."""
_ROOM: Final = 2**25
"""Bytes of all translations that are remembered together."""
_LONGEST: Final = 20_000
"""Bytes of a configuration whose translation is remembered."""


class Answer(NamedTuple):
    """What became of a configuration: None if nothing of it can stay; `changed` is false if it is as it was."""

    config: Object | None
    entries: list[Entry]
    changed: bool = True


class _Kept(Enum):
    """What is known of a configuration whose translation is not remembered."""

    SEEN_ONCE = auto()
    NOTHING = auto()
    """Its translation depends on what is the file's own."""


class Remembered:
    """A function that translates configurations, and remembers its answers.

    Args:
        translate: the function: a document, and all else that the answer depends on. It may look only at the
            document's `input_config` and at its identity (`benchmark_id`, and two fields of `run_info`).
    """

    def __init__(self, translate: Callable[..., Answer]) -> None:
        self._translate = translate
        self._answers: dict[tuple[Hashable, ...], bytes | _Kept] = {}
        self._size = 0
        self._lock = Lock()

    def __call__(self, document: Object, *arguments: Hashable) -> Answer:
        """What the function answers."""
        masked = Masked(document)
        try:
            # Tells 1, 1.0 and true apart. A number of an unusual spelling is refused.
            content = dumps(masked.document, 2)
        except ValueError:
            return self._translate(document, *arguments)
        key = (*arguments, digest(content, 20))
        kept = self._answers.get(key)
        if isinstance(kept, bytes):
            return _unpacked(kept, masked)
        answer = self._translate(document, *arguments)
        if kept is None and len(content) <= _LONGEST:
            self._note(key, _Kept.SEEN_ONCE)
        elif kept is _Kept.SEEN_ONCE:
            self._note(key, self._tried(masked, answer, arguments))
        return answer

    def _tried(self, masked: Masked, answer: Answer, arguments: tuple[Hashable, ...]) -> bytes | _Kept:
        """An answer with placeholders as bytes, if it is the answer once they are filled in."""
        try:
            if masked.is_clear(masked.document):
                packed = _packed(self._translate(masked.document, *arguments), masked)
                if repr(_unpacked(packed, masked)) == repr(answer):
                    return packed
        except RecursionError:
            pass
        return _Kept.NOTHING

    def _note(self, key: tuple[Hashable, ...], packed: bytes | _Kept) -> None:
        with self._lock:
            self._size += _size_of(packed) - _size_of(self._answers.pop(key, None))
            self._answers[key] = packed
            while len(self._answers) > _MOST or self._size > _ROOM:
                self._size -= _size_of(self._answers.pop(next(iter(self._answers))))


def _size_of(kept: bytes | _Kept | None) -> int:
    return len(kept) if isinstance(kept, bytes) else 0


class Masked:
    """Some members of a document with placeholders in the place of what is its own.

    Args:
        document: the members: a configuration, and what of the identity its translation depends on.
        leave: tells whether a text stays.

    Attributes:
        document: the members.
        values: what each placeholder stands for, in the order of the places.
    """

    def __init__(self, document: Object, leave: Callable[[str], bool] = has_runtime_options) -> None:
        self._leave = leave
        self.values: dict[Json, Json] = {}
        self._placeholders: dict[Json, Json] = {}
        self._texts = self._numbers = 0
        self.document = self.masked(document, ("benchmark_id",))
        if type(info := document.get("run_info")) is dict:
            self.document["run_info"] = self.masked(info, _OWN["run_info"])
        config = self.document["input_config"] = self.masked(document["input_config"], _OWN["input_config"])
        for name in ("input", "output", "artifacts"):
            if type(section := config.get(name)) is dict:
                config[name] = self.masked(section, _OWN[name])
        if type(items := config.get("datasets")) is list and items and type(items[0]) is dict:
            config["datasets"] = [self.masked(items[0], _OWN["datasets"]), *items[1:]]

    def masked(self, holder: Object, names: tuple[str, ...]) -> Object:
        """A copy with placeholders for some of its fields."""
        masked = holder.copy()
        for name in names:
            if name in holder and (placeholder := self.placeholder(holder[name])) is not None:
                masked[name] = placeholder
        return masked

    def placeholder(self, value: Json) -> Json:
        """What takes the place of a value; None if the value stays. Equal values stay equal."""
        if type(value) is str:
            if len(value) < _SHORTEST or self._leave(value):
                return None
            self._texts += 1
            new: Json = f"{_TEXT}{len(self.values)}"
        elif type(value) is int and 0 < value < _LARGEST:
            self._numbers += 1
            new = _NUMBER + len(self.values)
        else:
            return None
        placeholder = self._placeholders.setdefault(value, new)
        self.values[placeholder] = value
        return placeholder

    def is_clear(self, document: Object) -> bool:
        """Whether no other value of a document looks like a placeholder; the masked members are part of it."""
        text = repr(document)
        return text.count(repr(_TEXT)[1:-1]) == self._texts and text.count(str(_NUMBER)[:-3]) == self._numbers

    def is_clear_in(self, text: bytes) -> bool:
        """The same of the JSON of a document."""
        numbers = text.count(str(_NUMBER)[:-3].encode())
        return text.count(b"\\u0001placeholder ") == self._texts and numbers == self._numbers


def _packed(answer: Answer, masked: Masked) -> bytes:
    from io import BytesIO
    from pickle import Pickler

    numbers = {placeholder: number for number, placeholder in enumerate(masked.values)}

    class Packer(Pickler):
        def persistent_id(self, value: object) -> int | None:
            return numbers.get(value) if type(value) in (str, int) else None

    file = BytesIO()
    Packer(file, protocol=5).dump(answer)
    return file.getvalue()


@cache
def _unpacker() -> Callable[[IO[bytes], list[Json]], Unpickler]:
    from pickle import Unpickler

    class Unpacker(Unpickler):
        def __init__(self, file: IO[bytes], values: list[Json]) -> None:
            super().__init__(file)
            self._values = values

        def persistent_load(self, number: int) -> Json:
            return self._values[number]

    return Unpacker


def _unpacked(packed: bytes, masked: Masked) -> Answer:
    from io import BytesIO

    answer: Answer = _unpacker()(BytesIO(packed), list(masked.values.values())).load()
    return answer
