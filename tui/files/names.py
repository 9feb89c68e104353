"""Names that a filter, an order or a column may have, found by what the user has typed. Knows nothing of Textual.

The names of `--where` are known: facts, and statistics of metrics. Those of places are taken from one file of the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Final, NamedTuple

from migrator.batch import paths
from migrator.errors import MigratorError
from migrator.jsonfile import Json
from tui.common.rows import figure, safe_text

_FIRST_METRICS: Final = (
    "request_latency",
    "time_to_first_token",
    "inter_token_latency",
    "output_token_throughput",
    "request_throughput",
)
_FIRST_STATISTICS: Final = ("p99", "avg", "p50", "p90", "p95", "max", "min")
_MOST: Final = 200
"""Names that are proposed at once."""
_LAST_WORD: Final = re.compile(r"(?:^|(?<=[\s(!-]))(?P<name>[\w$.\[\]*]+)(?:(?P<sign>[:=])(?P<value>[^\s()\"']*))?$")
"""What is being typed at the end of a filter: a name, or the value of a test of it."""


class Name(NamedTuple):
    """A name and what it is. `spelled` are other ways to write it; `weight` is larger for what is wanted seldom."""

    key: str
    about: str
    spelled: tuple[str, ...] = ()
    weight: int = 1000

    @property
    def leads_on(self) -> bool:
        """Whether it is the beginning of a path, and not the place of a value."""
        return self.key.endswith(".")


@cache
def known() -> tuple[Name, ...]:
    """All names that need no file: facts, and the statistics of AIPerf's metrics."""
    from migrator.aiperf.metrics import catalogue
    from migrator.batch.fields import FIELDS

    found = [Name(key, field.about, (), 20 + number) for number, (key, field) in enumerate(FIELDS.items())]
    for tag, metric in catalogue().items():
        found += _statistics(tag, metric.header, metric.unit, _statistics_of(metric.type))
    return tuple(sorted(found, key=lambda name: name.weight))


def _statistics_of(kind: str) -> tuple[str, ...]:
    from migrator.aiperf.metrics import STATISTICS

    if kind != "record":
        return ("avg",)
    return (*_FIRST_STATISTICS, *(each for each in STATISTICS if each not in _FIRST_STATISTICS))


def _statistics(tag: str, header: str, unit: str, statistics: Sequence[str]) -> Iterator[Name]:
    from migrator.chain.names import spellings

    short = "".join(word[0] for word in tag.split("_") if word)
    others = (*(name for name in spellings(tag) if name != tag), short)
    first = 4 * _FIRST_METRICS.index(tag) if tag in _FIRST_METRICS else 400
    about = f"{header}, {unit}" if unit else header
    for place, statistic in enumerate(statistics):
        spelled = tuple(f"{other}.{statistic}" for other in others)
        yield Name(f"{tag}.{statistic}", about, spelled, first + 16 * place)


def _fit(name: Name, text: str, words: Sequence[str]) -> int | None:
    """How well a name fits what was typed, the best with 0; None if it does not."""
    spellings = (name.key.casefold(), *name.spelled)
    if text in spellings:
        return 0
    if any(each.startswith(text) for each in spellings):
        return 1
    parts = [part for each in spellings for part in re.split(r"[_.\s]", each)]
    if all(any(part.startswith(word) for part in parts) for word in words):
        return 2
    return 3 if all(any(word in each for each in spellings) for word in words) else None


class Names:
    """Finds names.

    Args:
        path: a file of which the places are proposed; it is read when the first is looked for. Empty for none.
        values: the values that the files have for a name.
    """

    def __init__(self, path: str, values: Callable[[str], Iterable[object]] = lambda _: ()) -> None:
        self._path = path
        self._values = values

    @cached_property
    def _documents(self) -> tuple[Json, Json]:
        return document_of(self._path) if self._path else ({}, {})

    def search(self, text: str) -> list[Name]:
        """The names that fit a text, the best first: by any spelling, by the beginnings of their words, by a part."""
        wanted = text.strip().casefold()
        words = re.split(r"[_.\s]+", wanted.strip("._ "))
        fits = [(fit, name) for name in known() if (fit := _fit(name, wanted, words)) is not None]
        fits.sort(key=lambda each: (each[0], each[1].weight))
        places = list(self._places(text.strip()))
        exact = [name for name in places if name.key == text.strip()]
        found = [*exact, *(name for _, name in fits), *(name for name in places if name not in exact)]
        return found[:_MOST]

    def complete(self, text: str) -> list[str]:
        """What a filter could be: the text with the name, or the value, at its end completed; the best first."""
        word = _LAST_WORD.search(text)
        if word is None:
            return []
        typed, value = word["name"], word["value"]
        if value is None:
            return [f"{text}{key[len(typed) :]}" for key in self._names_from(typed) if len(key) > len(typed)]
        given = [str(each) for each in self._values(typed)]
        fits = [each for each in given if each.startswith(value) and len(each) > len(value)]
        return [f"{text}{each[len(value) :]}" for each in fits if re.fullmatch(r"[^\s()\"']+", each)]

    def _names_from(self, typed: str) -> list[str]:
        """The names that begin as something does, by whichever spelling it began."""
        names = (spelling for name in self.search(typed) for spelling in (name.key, *name.spelled))
        return list(dict.fromkeys(name for name in names if name.startswith(typed)))

    def _places(self, typed: str) -> Iterator[Name]:
        """Places of the file whose path begins so, a step further."""
        before, dot, begun = typed.rpartition(".")
        try:
            steps = paths.parse(before) if before not in ("", "$") else ()
        except ValueError:
            return
        seen: set[str] = set()
        for document in self._documents:
            nodes = [value for _, value in paths.resolve(document, steps)] if steps else [document]
            for key, value in ((key, value) for node in nodes for key, value in _members(node)):
                if not key.startswith(begun) or key in seen or not re.fullmatch(r"\w+", key):
                    continue
                seen.add(key)
                yield from _place(f"{before}{dot}{key}", value, top=not dot)


def _members(node: Json) -> list[tuple[str, Json]]:
    if type(node) is dict:
        return list(node.items())
    return [(str(index), value) for index, value in enumerate(node)] if type(node) is list else []


def _place(path: str, value: Json, *, top: bool) -> Iterator[Name]:
    """A place as a name; a value at the top of a file is written with `$.` before it."""
    if isinstance(value, Mapping) or (type(value) is list and any(type(item) in (dict, list) for item in value)):
        yield Name(f"{path}.", f"{len(value)} below it")
    elif value is not None and not top:
        yield Name(path, figure(value) if isinstance(value, float) else safe_text(value)[:40])


def document_of(path: str) -> tuple[Json, Json]:
    """A file and what it would be at the newest version, without secrets; empty objects for what cannot be read."""
    from migrator.batch.file import File
    from migrator.batch.load import load
    from migrator.redact import redact

    try:
        loaded = load(path)
    except MigratorError:
        return {}, {}
    file = File(loaded.identity, loaded.parsed.data if loaded.parsed else None, path)
    return redact(file.document)[0], redact(file.newest)[0]
