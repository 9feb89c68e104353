"""Globs as in `.gitignore`, matched in time that grows with the length of a path and of a glob, whatever they are.

pathspec translates a glob to a regular expression in which each star may try every length: time grows with the power of
the number of stars. A star takes the shortest text that lets what is between it and the next star match: any longer
one leaves less for the next. So all but the last star of a segment, and all but the last `**`, need not be tried
again, which is what an atomic group says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from migrator.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_STAR: Final = "[^/]*"
_ANY_FOLDERS: Final = {"(?:.+/)?": "(?:.+?/)??", "(?:/.+)?": "(?:/.+?)??"}
"""How pathspec writes `**`, and the same with the shortest text first."""
_TOKEN: Final = re.compile(
    r"\[\^/\][*+]?|\[(?:\\.|[^\]\\])+\]|\\.|\(\?:\.\+/\)\?|\(\?:/\.\+\)\?|\(\?:\(\?P<\w+>/\)\|\$\)|.", re.DOTALL
)


def globs(patterns: Iterable[str]) -> GitIgnoreSpec:
    """What the lines of a `.gitignore` file match.

    Raises:
        UsageError: a line is not a glob.
    """
    from pathspec import GitIgnoreSpec

    try:
        # Other backends do not know atomic groups.
        return GitIgnoreSpec.from_lines(patterns, _pattern(), backend="simple")
    except ValueError as error:
        raise UsageError(f"not a pattern: {error}", expected="globs as in .gitignore") from error


@cache
def _pattern() -> type[GitIgnoreSpecPattern]:
    """The class of pathspec's patterns, made when it is needed: pathspec is slow to import."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    class Pattern(GitIgnoreSpecPattern):
        # Its base takes bytes, too; nobody here has any.
        @classmethod
        def pattern_to_regex(cls, pattern: str) -> tuple[str | None, bool | None]:  # type: ignore[override]
            regex, include = super().pattern_to_regex(pattern)
            return regex and without_retries(regex), include

    return Pattern


def without_retries(regex: str) -> str:
    """A regular expression of pathspec's, with atomic groups; it matches the same."""
    done, part = "", list[str]()
    folders = ""
    for token in _TOKEN.findall(regex):
        if token not in _ANY_FOLDERS:
            part.append(token)
            continue
        here = _segments(part)
        done += f"(?>{_ANY_FOLDERS[folders]}{here}(?=/))" if folders else here
        folders, part = token, []
    return done + folders + _segments(part)


def _segments(tokens: list[str]) -> str:
    done, segment = "", list[str]()
    for token in tokens:
        if token == "/":
            done, segment = done + _segment(segment) + "/", []
        else:
            segment.append(token)
    return done + _segment(segment)


def _segment(tokens: list[str]) -> str:
    stars = [place for place, token in enumerate(tokens) if token == _STAR]
    if len(stars) < 2:
        return "".join(tokens)
    done = "".join(tokens[: stars[0]])
    for star, following in pairwise(stars):
        done += f"(?>{_STAR}?{''.join(tokens[star + 1 : following])})"
    return done + "".join(tokens[stars[-1] :])
