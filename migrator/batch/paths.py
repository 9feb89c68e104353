"""Places in a document as users write them: `input_config.phases[0].concurrency`, `run_info.variation_values.*`.

    path     = [ "$" "." ] step { "." step | "[" INDEX "]" | "[" QUOTED "]" | "[*]" }
    step     = a name without dots, or an index of an array; `*` and `?` in it are wildcards

A key that has dots itself can be written with them, for the first key that fits is taken: the shortest. In brackets
and quotes it is taken as it is. Nothing is tried twice, so that a path costs what it is long.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from migrator.jsonfile import Json, Path
from migrator.values import NamedTuple

_LONGEST: Final = 1000
"""Characters of a path: more than any place in a real export needs."""
_MOST: Final = 10_000
"""Places that one wildcard path may stand for in a document; only hostile documents have more."""
WILD: Final = "*?"
_QUOTES: Final = "\"'"


class Step(NamedTuple):
    """One step of a path: a key or an index. An exact one is not joined with those that follow it."""

    text: str
    exact: bool = False
    wild: bool = False


Steps = tuple[Step, ...]


def parse(text: str) -> Steps:
    """The steps of a path.

    Raises:
        ValueError: it is not one; the text of the error says why.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    steps: list[Step] = []
    place = 1 if text.startswith(("$.", "$[")) else 0
    while place < len(text):
        if text[place] == "[":
            end = bracket_end(text, place)
            steps.append(_in_brackets(text[place + 1 : end]))
            place = end + 1
            continue
        if text[place] == ".":
            place += 1
        elif steps:
            raise ValueError(f"expected a dot before {text[place:]!r}")
        end = min((found for sign in ".[" if (found := text.find(sign, place)) >= 0), default=len(text))
        name = text[place:end]
        if not name:
            raise ValueError("a step is empty")
        steps.append(Step(name, wild=is_wild(name)))
        place = end
    if not steps:
        raise ValueError("it is empty")
    return tuple(steps)


def is_wild(text: str) -> bool:
    """Whether a step may stand for several keys."""
    return any(char in text for char in WILD)


def bracket_end(text: str, start: int) -> int:
    """Where a bracket that opens at `start` is closed; one in quotes does not close it.

    Raises:
        ValueError: it is not closed.
    """
    place = start + 1
    if text[place : place + 1] in tuple(_QUOTES):
        quote = text[place]
        place += 1
        while place < len(text) and text[place] != quote:
            place += 2 if text[place] == "\\" and quote == '"' else 1
        place += 1
    end = text.find("]", place)
    if end < 0:
        raise ValueError("a bracket is not closed")
    return end


def _in_brackets(text: str) -> Step:
    if text == "*":
        return Step(text, exact=True, wild=True)
    if text.isascii() and text.isdecimal():
        return Step(text, exact=True)
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return Step(text[1:-1], exact=True)
    try:
        name = json.loads(text)
    except ValueError:
        name = None
    if type(name) is not str:
        raise ValueError(f"expected an index or a name in quotes between brackets, found {text!r}")
    return Step(name, exact=True)


def split(text: str, sign: str) -> list[str]:
    """The parts of a list of paths between signs; a sign in brackets parts nothing."""
    parts, since, place = [], 0, 0
    while place < len(text):
        if text[place] == "[":
            try:
                place = bracket_end(text, place)
            except ValueError:
                break
        elif text[place] == sign:
            parts.append(text[since:place])
            since = place + 1
        place += 1
    return [*parts, *(text[since:].split(sign) if place < len(text) else [text[since:]])]


def resolve(document: Json, steps: Steps) -> list[tuple[Path, Json]]:
    """(path, value) of each place that a path stands for, in the order of the document; nulls are left out."""
    return [(path, value) for path, value in _reached(document, steps)[0] if value is not None]


def nearest(document: Json, steps: Steps) -> tuple[int, list[str]]:
    """How many steps of a path lead somewhere, and the names that could follow: for a message about a wrong one."""
    found, depth, nodes = _reached(document, steps)
    names: list[str] = []
    for node in [] if found else nodes[:_MOST]:
        names += map(str, node) if type(node) is dict else map(str, range(len(node))) if type(node) is list else ()
    return depth, names[:_MOST]


def _reached(document: Json, steps: Steps) -> tuple[list[tuple[Path, Json]], int, list[Json]]:
    """The places of a path; how many steps lead somewhere; the nodes that so many lead to."""
    # (path, node, steps that led there)
    pending: list[tuple[Path, Json, int]] = [((), document, 0)]
    found: list[tuple[Path, Json]] = []
    depth, deepest = 0, [document]
    while pending and len(found) < _MOST:
        path, node, done = pending.pop()
        if done > depth:
            depth, deepest = done, []
        if done == depth:
            deepest.append(node)
        if done == len(steps):
            found.append((path, node))
        else:
            pending.extend(reversed([((*path, key), node[key], then) for key, then in _next(node, steps, done)]))
    return found, depth, deepest


def _next(node: Json, steps: Steps, done: int) -> Iterator[tuple[str | int, int]]:
    """(key or index of what a step leads to, steps done by then)."""
    step = steps[done]
    if type(node) is list:
        for index in range(len(node)) if step.wild else _index(step.text, len(node)):
            if not step.wild or fnmatchcase(str(index), step.text):
                yield index, done + 1
    elif type(node) is dict:
        if step.wild:
            yield from ((key, done + 1) for key in node if fnmatchcase(key, step.text))
            return
        name = ""
        for end in range(done, len(steps)):
            name = f"{name}.{steps[end].text}" if name else steps[end].text
            if name in node:
                yield name, end + 1
                return
            if steps[end].exact or steps[end].wild:
                return


def _index(text: str, length: int) -> Iterable[int]:
    whole = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else length
    return (whole,) if whole < length else ()


def spelled(document: Json, path: Path) -> str:
    """A place as a path that leads to it: with dots where that is unambiguous, else with brackets."""
    text = ".".join(map(str, path))
    try:
        found = _reached(document, parse(text))[0]
    except ValueError:
        found = []
    if [place for place, _ in found] == [path] and not any(map(is_wild, map(str, path))):
        return text
    return "$" + "".join(f"[{part}]" if type(part) is int else f"[{json.dumps(part)}]" for part in path)
