"""Work per byte does not grow with the length of foreign text: counted in the steps of Python and of its patterns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from migrator.redact import redact, redact_lines
from migrator.redact.command import clean_arguments, clean_command
from migrator.redact.search import Search
from migrator.redact.text import clean_line, clean_message, clean_text, clean_url

SMALL, LARGE = 1 << 12, 1 << 15
NOISE_NS = 10_000_000
"""What takes less is not compared: at that size even quadratic work would do no harm."""
MOST = 3.0
"""So many times the work per byte may be done for a text eight times as long; quadratic work does eight times."""

UNITS = {
    "letters": "a",
    "dashes": "-",
    "options": "--a",
    "keys": "--api-key ",
    "key options": "-api-key",
    "headers": "-H A:",
    "open quotes": "'",
    "double quotes": '"',
    "escaped quotes": '\\"',
    "mixed quotes": "'\"",
    "quote words": "a'b\"c ",
    "backslashes": "\\",
    "colons": "a:",
    "ats": "a@",
    "bare users": "a:b@",
    "schemes": "a://",
    "schemes with dots": "a.",
    "users": "http://a:b",
    "questions": "?",
    "parameters": "?key=a",
    "names": "?a",
    "ampersands": "&a=",
    "fragments": "#key",
    "key starts": "sk-",
    "tokens": "eyJa.",
    "dotted tokens": "eyJaaaaaaaaaaa.",
    "words": "token ",
    "names in words": "api_key",
    "authorizations": "authorization: a ",
    "schemes of headers": "authorization: bearer ",
    "cookies": "cookie: a=b ",
    "spaces": " ",
    "space after a name": "token    ",
    "assignments": "A_KEY=",
    "variables": "A_KEY=b ",
    "braces": "{",
    "commas": "a:b,",
    "cells": ",a:b",
    "percents": "%",
    "percent names": "?%61=",
    "header words": "--header Authorization: Bearer ",
    "scheme words": "bearer ",
    "extra": "--extra-inputs {",
    "new lines": "\n",
    "url options": "--url a:b@c ",
}
"""What a text is made of, many times over."""
CLEANERS: dict[str, Callable[[str], Any]] = {
    "command": clean_command,
    "arguments": lambda text: clean_arguments(text.split()),
    "url": clean_url,
    "message": clean_message,
    "text": clean_text,
    "line": clean_line,
    "document": lambda text: redact({"error": text, "url": text, "api_key": text, "headers": [text], "x": text}),
    "lines": lambda text: redact_lines(text.encode()),
}


def per_byte(work: Callable[[str], Any], text: str) -> float:
    """Processor time, which another program does not add to; the least of some runs."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time_ns()
        work(text)
        best = min(best, time.process_time_ns() - start)
    return best / len(text)


def is_linear(work: Callable[[int], Callable[[], Any]]) -> bool:
    """Whether each part of eight times as much takes at most `MOST` times as long; a busy machine may try again."""
    for _ in range(4):
        small, large = (per_byte(lambda _, size=size: work(size)(), "x" * size) for size in (SMALL, LARGE))
        if large <= MOST * small or large * LARGE < NOISE_NS:
            return True
    return False


@pytest.mark.parametrize("cleaner", CLEANERS)
@pytest.mark.parametrize("unit", UNITS)
def test_a_text_takes_time_as_it_is_long(cleaner: str, unit: str) -> None:
    clean, repeated = CLEANERS[cleaner], UNITS[unit]

    def work(size: int) -> Callable[[], Any]:
        text = f"aiperf --api-key 'x' {repeated * (size // len(repeated))}"
        return lambda: clean(text)

    assert is_linear(work)


def test_many_secrets_in_many_texts() -> None:
    def work(size: int) -> Callable[[], Any]:
        secrets = [f"secret-{number:09}" for number in range(size // 16)]
        text = " ".join(secrets)
        return lambda: Search(secrets).replaced(text)

    assert is_linear(work)


def test_many_headers_and_their_echoes() -> None:
    def work(size: int) -> Callable[[], Any]:
        headers = {f"X-Token-{number}": f"hunter-{number:09}" for number in range(size // 64)}
        document = {"input_config": {"endpoint": {"headers": headers}}, "x": [*headers.values(), *headers]}
        return lambda: redact(document)

    assert is_linear(work)


def test_members_that_lose_the_same_secret() -> None:
    def work(size: int) -> Callable[[], Any]:
        hosts = {f"u{number}:hunter-two-of-7@host": 1 for number in range(size // 64)}
        return lambda: redact({"telemetry_data": {"endpoints": hosts}})

    assert is_linear(work)
