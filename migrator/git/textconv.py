"""The text that git compares in place of an export: `git config diff.aiperf.textconv`.

    [metrics]
    # Request Latency
    request_latency ms  avg=85.420  p50=83.110  p90=101.20  p99=118.00  std=11.470  count=40
    request_latency ms  min=62.606  p1=64.344  p5=67.495  …  max=115.52  sum=3416.8

Between two runs every number differs, so a metric is headed by a line that does not: git keeps to it, and old and new
numbers of a metric stand together. Nothing is padded to the width of something else, so that a new metric changes no
line but its own. There is no word of the version in the text: an export and its upgrade are the same to git.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrator.errors import MigratorError
from migrator.git.facts import DIGITS, Fact, number_text, read_facts
from migrator.redact import REDACTED, find_secrets

SECTION: Final = r"^\[.*\]$"
"""The lines that head a section, as git's `xfuncname`: it names the section in the head of each hunk."""

_FIRST: Final = ("avg", "p50", "p90", "p99", "std", "count")
_SECOND: Final = ("min", "p1", "p5", "p10", "p25", "p75", "p95", "max", "sum")
_GIT_LOOKS_AT: Final = 8000
"""Bytes in which git looks for a NUL to tell binary files."""
_SECRET: Final = (
    r'(?i)"(?:api[-_]?key|x-api-key|(?:proxy-)?authorization|cookie)"\s*[:,]\s*"(?P<secret>(?:[^"\\]|\\.)+)"'
)
"""A key or header with its value, as a member of an object or as a pair."""
_SHORTEST: Final = 8
"""A shorter one (`EMPTY`) is no secret worth tearing other words apart."""


def textconv(raw: bytes) -> str:
    """The stable text of one export; of any other file its own text, since git must always get something.

    Bytes that are not UTF-8 come as surrogate escapes and are to be written as such. A binary file is one line with
    its hash, so that a change is seen and a terminal not harmed.
    """
    try:
        return "".join(f"{line}\n" for line in lines(read_facts(raw)))
    except (MigratorError, RecursionError):
        return own_text(raw)


def lines(facts: list[Fact]) -> Iterator[str]:
    """Facts as lines."""
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
    told: list[str] = [name for name in _FIRST if name in fact.statistics]
    rest: list[str] = [name for name in _SECOND if name in fact.statistics]
    rest += [name for name in fact.statistics if name not in _FIRST and name not in _SECOND]
    for names in (told, rest):
        if names or (names is told and not rest):
            cells = [f"{name}={number_text(fact.statistics[name], DIGITS)}" for name in names]
            yield "  ".join([f"{fact.name} {fact.unit}".rstrip(), *cells])


def own_text(raw: bytes) -> str:
    """A file's own text, without the secrets that are seen in it; one line if it is binary."""
    if b"\0" in raw[:_GIT_LOOKS_AT]:
        # Slow to import, and for this alone.
        from hashlib import sha256

        return f"binary, {len(raw)} bytes, SHA-256 {sha256(raw).hexdigest()}\n"
    text = raw.decode("utf-8", "surrogateescape")
    for secret in sorted(_secrets(text), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def _secrets(text: str) -> set[str]:
    """Secrets by what stands before them: the text may be cut off or full of conflict marks, so it is not parsed."""
    found = {match["secret"] for match in re.finditer(_SECRET, text)}
    for line in text.replace('\\"', '"').splitlines():
        # Each line as if it were a recorded command, whose options and URLs are judged.
        found |= find_secrets({"run_info": {"cli_command": line}})
    return {secret for secret in found - {REDACTED} if len(secret) >= _SHORTEST}
