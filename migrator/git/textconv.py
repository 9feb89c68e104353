"""The text that git compares in place of an export: `git config diff.aiperf.textconv`.

    [metrics]
    # Request Latency
    request_latency ms  avg=85.420  p50=83.110  p90=101.20  p99=118.00  std=11.470  count=40
    request_latency ms  min=62.606  p1=64.344  p5=67.495  …  max=115.52  sum=3416.8

Between two runs every number differs, so each metric starts with a line that does not: git aligns by it, and shows old
and new numbers of a metric together. Columns are not padded, so that a new metric changes no line but its own. The
schema version is left out, so that an export and its upgrade are the same to git.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrator.errors import MigratorError
from migrator.git.facts import DIGITS, Fact, number_text, read_facts
from migrator.redact import REDACTED, find_secrets

SECTION: Final = r"^\[.*\]$"
"""The first line of a section, as git's `xfuncname`: git shows it at each hunk."""

_FIRST: Final = ("avg", "p50", "p90", "p99", "std", "count")
_SECOND: Final = ("min", "p1", "p5", "p10", "p25", "p75", "p95", "max", "sum")
_BINARY_TEST_BYTES: Final = 8000
"""Bytes at the start of a file in which git looks for a NUL, which makes it a binary file."""
_SECRET: Final = (
    r'(?i)"(?:api[-_]?key|x-api-key|(?:proxy-)?authorization|cookie)"\s*[:,]\s*"(?P<secret>(?:[^"\\]|\\.)+)"'
)
"""A key or header with its value, as a member of an object or as a pair."""
_SHORTEST_SECRET: Final = 8
"""Characters. A shorter text (`EMPTY`) is a placeholder, and may be part of other words."""


def textconv(raw: bytes) -> str:
    """The stable text of one export; of any other file its own text, since git must always get one.

    Bytes that are not UTF-8 become surrogate escapes, and are to be written as such. A binary file becomes one line
    with its hash, which shows a change and is harmless on a terminal.
    """
    try:
        return "".join(f"{line}\n" for line in lines(read_facts(raw)))
    except (MigratorError, RecursionError):
        return own_text(raw)


def lines(facts: list[Fact]) -> Iterator[str]:
    """Facts as lines, under the names of their sections."""
    section = ""
    for fact in facts:
        if fact.section != section:
            yield from [""] if section else []
            yield f"[{fact.section}]"
            section = fact.section
        yield from fact_lines(fact)


def fact_lines(fact: Fact) -> Iterator[str]:
    """One fact: `name = value`, or a metric's title and its statistics."""
    if fact.statistics is None:
        yield f"{fact.name} = {fact.value}"
        return
    yield f"# {fact.title}"
    first: list[str] = [name for name in _FIRST if name in fact.statistics]
    rest: list[str] = [name for name in _SECOND if name in fact.statistics]
    rest += [name for name in fact.statistics if name not in _FIRST and name not in _SECOND]
    for names in (first, rest):
        if names or (names is first and not rest):
            cells = [f"{name}={number_text(fact.statistics[name], DIGITS)}" for name in names]
            yield "  ".join([f"{fact.name} {fact.unit}".rstrip(), *cells])


def own_text(raw: bytes) -> str:
    """A file's own text, without the secrets that are found in it; one line if it is binary."""
    if b"\0" in raw[:_BINARY_TEST_BYTES]:
        # Slow to import, and only needed here.
        from hashlib import sha256

        return f"binary, {len(raw)} bytes, SHA-256 {sha256(raw).hexdigest()}\n"
    text = raw.decode("utf-8", "surrogateescape")
    for secret in sorted(_secrets(text), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def _secrets(text: str) -> set[str]:
    """Secrets, found by the text before them: it may be cut off or have conflict markers, so it is not parsed."""
    found = {match["secret"] for match in re.finditer(_SECRET, text)}
    for line in text.replace('\\"', '"').splitlines():
        # Each line as if it were a recorded command, whose options and URLs are judged.
        found |= find_secrets({"run_info": {"cli_command": line}})
    return {secret for secret in found - {REDACTED} if len(secret) >= _SHORTEST_SECRET}
