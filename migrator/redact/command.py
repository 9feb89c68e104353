"""Secrets in a command line: it is split into arguments as a shell does it, and each is judged by its option.

AIPerf to 0.13.0 writes each argument between single quotes and escapes nothing; users paste lines of any quoting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from migrator.jsonfile import Json
from migrator.redact.names import SCHEMES, is_header, is_option, is_setting, is_variable
from migrator.redact.text import (
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

_HINTS: Final = (
    "key", "token", "auth", "secret", "passw", "pwd", "credential", "cookie", "signature", "header", "extra",
)  # fmt: skip
"""A command line without any of these, in lower case, names no credential. To look for them is much cheaper than to
split it, and nearly all have none."""
_TOKENIZER: Final = ("--tokenizer", "-tokens-")
"""What most command lines have instead."""

# Atomic groups: each character is read once.
_ARGUMENT: Final = r"(?>'[^']*'|\"(?>[^\"\\]|\\.)*\"|\\.|[^\s'\"\\]|['\"\\])+"
_PART: Final = r"(?s)'([^']*)'|\"((?>[^\"\\]|\\.)*)\"|\\(.)|([^'\"\\]+)|(.)"
_FLAG: Final = r"--?[A-Za-z][\w.-]*"
_ASSIGNMENT: Final = r"([A-Za-z_]\w*)="
_PAIR: Final = r"\s*([^\s:={}\[\]\"']+)\s*[:=]\s*"

_HEADERS: Final = frozenset({"--header", "--headers", "-H"})
_EXTRAS: Final = frozenset({"--extra-inputs", "--extra-input", "--extra", "--extra-body", "--input-extra"})
_URL_ENDS: Final = ("url", "urls", "uri", "-u", "-endpoint", "-endpoints", "proxy", "gpu-telemetry", "server-metrics")
"""How the options end that take URLs; their values may have no scheme."""


class _Argument(NamedTuple):
    """One argument: its place in the command line, and its value without quotes."""

    start: int
    end: int
    value: str
    quoted: bool


class _Change(NamedTuple):
    """Arguments `first` to `last` become one text; `secrets` are those in them."""

    first: int
    last: int
    text: str
    secrets: list[str]


def may_hold_secrets(text: str) -> bool:
    """Whether a command line has any of what a secret is found by."""
    if "-H" in text or has_any(text, TEXT_HINTS):
        return True
    text = text.lower()
    for harmless in _TOKENIZER:
        text = text.replace(harmless, "")
    return has_any(text, _HINTS)


def clean_command(text: str) -> Cleaned:
    """A command line: credential options, headers and parameters, variables before it, URLs. Takes linear time."""
    if not may_hold_secrets(text):
        return text, []
    arguments = _split(text)
    parts: list[str] = []
    secrets: list[str] = []
    position = 0
    for change in _judged(arguments):
        first, last = arguments[change.first], arguments[change.last]
        parts += [text[position : first.start], _quoted(text[first.start : first.end], first.value, change.text)]
        position = last.end
        secrets += change.secrets
    return "".join([*parts, text[position:]]) if parts else text, [secret for secret in secrets if secret]


def clean_arguments(arguments: Sequence[Json]) -> tuple[list[Json], list[str]]:
    """A command as a list of its arguments; what is not a string stays."""
    values = [_Argument(0, 0, item if type(item) is str else "", quoted=True) for item in arguments]
    clean = list(arguments)
    secrets: list[str] = []
    for change in _judged(values):
        clean[change.first : change.last + 1] = [change.text] * (change.last + 1 - change.first)
        secrets += change.secrets
    return clean, [secret for secret in secrets if secret]


def _split(text: str) -> list[_Argument]:
    return [
        _Argument(*match.span(), _unquoted(match[0]), quoted=match[0][0] in "'\"")
        for match in re.finditer(_ARGUMENT, text, re.DOTALL)
    ]


def _unquoted(raw: str) -> str:
    if "'" not in raw and '"' not in raw and "\\" not in raw:
        return raw
    return "".join(
        match[1] or re.sub(r"(?s)\\([\\\"$`])", r"\1", match[2] or "") or match[3] or match[4] or match[5] or ""
        for match in re.finditer(_PART, raw)
    )


def _quoted(raw: str, value: str, text: str) -> str:
    """The new text of an argument, quoted as it was where that is possible."""
    if text == REDACTED:
        # A word for a shell only between quotes.
        return _single(text)
    for quote in ("'", '"'):
        if raw == f"{quote}{value}{quote}" and quote not in text:
            return f"{quote}{text}{quote}"
    if raw == value and not re.search(r"[\s'\"]", text):
        name, sign, rest = text.partition("=")
        return f"{name}={_single(rest)}" if sign and rest == REDACTED else text
    name, sign, rest = text.partition("=")
    if sign and raw.startswith(f"{name}="):
        return f"{name}={_quoted(raw[len(name) + 1 :], value[len(name) + 1 :], rest)}"
    return _single(text)


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# --- judging -------------------------------------------------------------------------------------------------


def _judged(arguments: Sequence[_Argument]) -> list[_Change]:
    """The changes to a list of arguments, in order. An option takes what follows up to the next option."""
    changes: list[_Change] = []
    flag, index = "", 0
    while index < len(arguments):
        value = arguments[index].value
        match = re.match(_FLAG, value)
        rest = value[match.end() :] if match else ""
        change = None
        if match and not rest:
            flag = value
            if is_option(flag) and index + 1 < len(arguments):
                # The next argument is its value, even one that starts like an option.
                index, flag = index + 1, ""
                change = _secret(index, arguments[index].value)
        elif match and (rest.startswith("=") or value.startswith("-H")):
            change = _inline(index, value, match[0])
        else:
            change = _of_value(arguments, index, flag)
        if change:
            changes.append(change)
            index = change.last
        index += 1
    return changes


def _secret(index: int, value: str, before: str = "") -> _Change | None:
    if not value or is_redacted(value):
        return None
    return _Change(index, index, before + REDACTED, _spellings(value))


def _spellings(value: str) -> list[str]:
    """A secret, and its part after the name of a scheme or the like."""
    return [value, *value.split()[1:]]


def _inline(index: int, value: str, flag: str) -> _Change | None:
    """`--option=value`, and `-Hvalue`."""
    if value.startswith(f"{flag}="):
        before = f"{flag}="
        if is_option(flag):
            return _secret(index, value[len(before) :], before)
    else:
        before = flag = "-H"
    change = _of_value([_Argument(0, 0, value[len(before) :], quoted=True)], 0, flag)
    return change and _Change(index, index, before + change.text, change.secrets)


def _of_value(arguments: Sequence[_Argument], index: int, flag: str) -> _Change | None:
    """What is to be changed in a value of an option; of none, if `flag` is empty."""
    value = arguments[index].value
    if flag in _HEADERS:
        return _header(arguments, index)
    if flag in _EXTRAS:
        return _changed(index, value, _pairs(value))
    if flag.endswith(_URL_ENDS):
        return _changed(index, value, clean_url(value))
    variable = re.match(_ASSIGNMENT, value)
    if variable and is_variable(variable[1]):
        return _secret(index, value[variable.end() :], variable[0])
    return _changed(index, value, clean_text(value))


def _changed(index: int, value: str, cleaned: Cleaned) -> _Change | None:
    clean, secrets = cleaned
    return _Change(index, index, clean, secrets) if clean != value else None


def _header(arguments: Sequence[_Argument], index: int) -> _Change | None:
    """A header, `name: value`. Without quotes its value may go on in the arguments after it."""
    argument = arguments[index]
    if argument.value.lstrip().startswith("{"):
        return _changed(index, argument.value, _object(argument.value, is_header))
    name, colon, value = argument.value.partition(":")
    if not colon or not is_header(name):
        # AIPerf takes several headers with commas between them.
        return _changed(index, argument.value, clean_message(argument.value))
    last, words = index, value.split()
    while not argument.quoted and last + 1 < len(arguments) and _goes_on(words, arguments[last + 1]):
        last += 1
        words += arguments[last].value.split() or [""]
    secret = value.strip() if last == index else " ".join(words)
    if not secret or is_redacted(secret):
        return None
    return _Change(index, last, REDACTED, _spellings(secret))


def _goes_on(words: Sequence[str], following: _Argument) -> bool:
    """Whether an argument belongs to the value of the header before it, which has some words so far."""
    if following.quoted or re.match(_FLAG, following.value):
        return False
    return not words or words[0].lower() in SCHEMES


def _pairs(text: str) -> Cleaned:
    """Parameters as text: `name:value`, several with commas between them, or a JSON object."""
    if text.lstrip().startswith("{"):
        return _object(text, is_setting)
    parts: list[str] = []
    found: list[str] = []
    for part in text.split(","):
        match = re.match(_PAIR, part)
        value = part[match.end() :] if match else ""
        if match and value and is_setting(match[1]) and not is_redacted(value):
            clean, secrets = match[0] + REDACTED, _spellings(value)
        else:
            clean, secrets = clean_text(part)
        parts.append(clean)
        found += secrets
    return ",".join(parts), found


def _object(text: str, carries: Callable[[str], bool]) -> Cleaned:
    """A JSON object of named values, at any depth; `carries` tells which names carry a credential."""
    # Slow to import, and only needed here.
    import json

    found: list[str] = []

    def members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        node = dict(pairs)
        for name, value in pairs:
            if type(value) is str:
                clean, secrets = clean_text(value)
                if carries(name) and value and not is_redacted(value):
                    clean, secrets = REDACTED, _spellings(value)
                if clean != value:
                    node[name] = clean
                    found.extend(secrets)
        return node

    try:
        value = json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return clean_message(text)
    return (json.dumps(value), found) if found else (text, [])
