"""Secrets in URLs and messages: the parts of a text that are secrets, and the text without them.

Every function takes time in proportion to the text. A pattern starts only where its first character cannot be inside
of an earlier attempt, and a quantifier is followed by what it cannot contain; `tests/redact/test_linear.py` holds that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from migrator.redact.names import SCHEMES, is_header, is_query, is_random, is_setting

REDACTED: Final = "<redacted>"
"""What AIPerf writes in place of a secret, from 0.7.0 on."""

Span = tuple[int, int]
"""Start and end of a secret in a text."""
Cleaned = tuple[str, list[str]]
"""(a text without its secrets, the secrets)."""

# Patterns are text, compiled when they are first needed: most files never need them.
_USERINFO: Final = r"://([^\s'\"/?#]+)@"
_USERINFO_OF_URL: Final = r"://([^/?#]+)@"
_BARE_USERINFO: Final = r"(?:^|(?<=[\s,;'\"]))(?:([^\s,;'\"/?#]+)|([^\s,;'\"@:/?#]+:(?!\d{1,5}[/?#])[^\s,;'\"?#]+))@"
"""`user:password@host` without a scheme; the password may have a slash where that is no path."""
_CELL_USERINFO: Final = r"(?:^|(?<=,))([^\s,;'\"@:/?#]+:[^\s,;'\"/?#]+)@"
"""The same at the start of a cell of a CSV file."""
_PARAMETER: Final = r"[?&#]([^=&#?\s'\"]+)="
_PARAMETER_OF_URL: Final = r"[?&#]([^=&#?]+)="
_VALUE: Final = r"[^&#\s'\"]+"
_VALUE_OF_URL: Final = r"[^&#]+"
_KEY: Final = (
    r"(?<![\w-])(?:sk-(?=[\w-]*\d)[\w-]{16,}|nvapi-[\w-]{20,}|hf_[A-Za-z0-9]{30,}|gh[ps]_[A-Za-z0-9]{30,}"
    r"|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)|AIza[\w-]{30,}"
    r"|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+)"
)
"""Keys that tell what they are by their first characters: of OpenAI and Anthropic, NVIDIA, Hugging Face, GitHub,
GitLab, Slack, AWS, Google, and JSON Web Tokens. As their providers document them."""
_KEY_STARTS: Final = (
    "sk-", "nvapi-", "hf_", "ghp_", "ghs_", "github_pat_", "glpat-", "xox", "AKIA", "ASIA", "AIza", "eyJ",
)  # fmt: skip
TEXT_HINTS: Final = ("@", "?", "&", "#", *_KEY_STARTS)
"""A text without any of these has no secret, unless its place or a name in it says so."""

_WORD: Final = r"(?i:api key)|[\w.-]+"
_AFTER_NAME: Final = r"(['\"\\]*)\s*([:=]?)\s*(['\"\\]*)\s*"
_FIRST_VALUE: Final = r"[^\s,;'\"}&\\)\]]+"
_WHOLE_VALUE: Final = r"[^'\"}\n\\]+"
_AHEAD: Final = 1024
"""Characters of a value that are looked at to judge it; one that is redacted whole may be longer."""
NAME_HINTS: Final = (
    "auth", "key", "token", "secret", "passw", "pwd", "credential", "cookie", "signature", "session",
)  # fmt: skip
"""A text without any of these, in lower case, has no name of a credential."""
_WEAK_NAMES: Final = frozenset({"token", "secret", "key", "signature", "credential", "credentials", "password"})
"""Words of ordinary sentences: after a colon, only what looks like a key is one."""


def has_any(text: str, parts: Iterable[str]) -> bool:
    """Whether a text has one of some parts in it; much cheaper than a pattern."""
    for part in parts:  # noqa: SIM110 (a generator takes twice the time)
        if part in text:
            return True
    return False


def is_redacted(text: str) -> bool:
    """Whether a text stands for a secret that was taken out: `<redacted>`, or `***` of AIPerf to 0.6.0."""
    return text.strip("<>[]*").lower() in ("", "redacted") or (text.startswith("<redacted-") and text.endswith(">"))


def cleaned(text: str, spans: Iterable[Span]) -> Cleaned:
    """A text with `<redacted>` for each span, and the secrets; spans that overlap are one."""
    merged: list[list[int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        elif not is_redacted(text[start:end]):
            merged.append([start, end])
    if not merged:
        return text, []
    parts, position = [], 0
    for start, end in merged:
        parts += [text[position:start], REDACTED]
        position = end
    return "".join([*parts, text[position:]]), [text[start:end] for start, end in merged]


def clean_text(text: str) -> Cleaned:
    """Any text: passwords and keys in the URLs in it, and keys that tell what they are."""
    return _with_passwords(cleaned(text, _in_text(text)))


def clean_url(text: str) -> Cleaned:
    """A URL, or several with commas between them, with or without a scheme."""
    spans = [*_keys(text), *_parameters(text, _PARAMETER_OF_URL, _VALUE_OF_URL)]
    if "@" in text:
        spans += _userinfo(text, _USERINFO_OF_URL)
        if "://" not in text:
            spans += _bare_userinfo(text)
    return _with_passwords(cleaned(text, spans))


def clean_message(text: str) -> Cleaned:
    """An error message: headers and parameters in it by their names, too. Only secrets that look like keys are told."""
    clean, secrets = _with_passwords(cleaned(text, [*_in_text(text), *_named(text)]))
    return clean, [secret for secret in secrets if is_random(secret)]


def clean_line(text: str) -> Cleaned:
    """A line of a CSV file or a log: as a message, with the hosts of telemetry as AIPerf writes them into cells."""
    spans = [*_in_text(text), *_named(text)]
    if "@" in text:
        spans += [match.span(1) for match in re.finditer(_CELL_USERINFO, text)]
    return _with_passwords(cleaned(text, spans))


def _with_passwords(found: Cleaned) -> Cleaned:
    """The password of each `user:password` is a secret on its own, as it stands and decoded."""
    clean, secrets = found
    for secret in list(secrets):
        secrets.extend(filter(None, [secret.partition(":")[2]]))
    if any("%" in secret for secret in secrets):
        from urllib.parse import unquote

        secrets += [unquote(secret) for secret in secrets if "%" in secret]
    return clean, secrets


def _in_text(text: str) -> list[Span]:
    spans = [*_keys(text), *_parameters(text, _PARAMETER, _VALUE)]
    if "@" in text:
        spans += _userinfo(text, _USERINFO)
    return spans


def _keys(text: str) -> Iterator[Span]:
    return (match.span() for match in re.finditer(_KEY, text)) if has_any(text, _KEY_STARTS) else iter(())


def _userinfo(text: str, pattern: str) -> Iterator[Span]:
    return (match.span(1) for match in re.finditer(pattern, text)) if "://" in text else iter(())


def _bare_userinfo(text: str) -> Iterator[Span]:
    for match in re.finditer(_BARE_USERINFO, text):
        name, colon, _ = match[match.lastindex or 0].partition(":")
        # Without a password it may be a name with an `@` in it.
        if colon or is_random(name):
            yield match.span(match.lastindex or 0)


def _parameters(text: str, name: str, value: str) -> Iterator[Span]:
    if "=" not in text:
        return
    pattern, values, position = re.compile(name), re.compile(value), 0
    while match := pattern.search(text, position):
        position = match.end()
        if is_query(match[1]) and (found := values.match(text, position)):
            yield found.span()
            # Each character of a value is read once.
            position = found.end()


def _named(text: str) -> Iterator[Span]:
    if not has_any(text.lower(), NAME_HINTS):
        return
    words, after, position = re.compile(_WORD), re.compile(_AFTER_NAME), 0
    while word := words.search(text, position):
        position = word.end()
        name = word[0]
        if not (is_setting(name) or (name.lower().startswith("x-") and is_header(name)) or name.lower() == "api key"):
            continue
        following = after.match(text, position)
        assert following, "every part of the pattern may be empty"
        if following.end() == position:
            continue
        if span := _value(text, name.lower(), following):
            yield span
            position = span[1]


def _value(text: str, name: str, following: re.Match[str]) -> Span | None:
    """The secret after a name, None if what follows is not one."""
    quoted, sign, start = bool(following[1] or following[3]), following[2], following.end()
    first = re.compile(_FIRST_VALUE).match(text, start)
    if not first or is_redacted(first[0]):
        return None
    end = first.end()
    scheme = first[0].lower() in SCHEMES
    if scheme or name.endswith(("authorization", "cookie")):
        whole = re.compile(_WHOLE_VALUE)
        ahead = whole.match(text, start, start + _AHEAD)
        assert ahead, "it has at least the first word"
        words = ahead[0].split(None, 2)
        if not sign and not quoted and not (len(words) > 1 and (scheme or is_random(words[0], 8))):
            return (start, end) if is_random(first[0], 8) else None
        if first[0].lower() in ("bearer", "basic", "token", "apikey") and len(words) > 1:
            following_word = re.compile(rf"\s+({_FIRST_VALUE})").match(text, end)
            return following_word.span(1) if following_word else None
        if scheme or "=" in ahead[0]:
            found = whole.match(text, start)
            assert found
            return start, start + len(found[0].rstrip())
        return start, end
    strong, random = name not in _WEAK_NAMES, is_random(first[0], 8)
    told = strong or random if sign or quoted else strong and random
    return (start, end) if sign == "=" or told else None
