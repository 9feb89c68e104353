"""Secrets in clear: where they are, and the document with `<redacted>` instead.

AIPerf 0.1.1 to 0.6.0 wrote API keys into `input_config.endpoint.api_key` and the recorded command line. Later releases
write `<redacted>` there, but no release redacts a key that a server repeats in an error message. So a secret is read
from the place that declares it, and replaced everywhere in the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from migrator.jsonfile import Json, Path

REDACTED: Final = "<redacted>"
"""What AIPerf writes in place of a secret, from 0.7.0 on."""

_CONFIGS: Final = ("input_config", "genai_perf_input_config")
"""Keys of a configuration: AIPerf's, and that of an export that came from GenAI-Perf."""

_SHORTEST_TO_SEARCH: Final = 8
"""Length from which a secret is replaced everywhere; a shorter one (`EMPTY`, `test`) only where it is declared."""

_NO_TEXT: Final = frozenset({float, int, bool, type(None)})

# Patterns are text, compiled when the first secret is suspected: most files never need them.
# Fragments of header, option and parameter names that carry credentials, as AIPerf 0.13.0 judges them.
_SENSITIVE_NAME: Final = (
    r"(?i)auth(?!or\b)|(?<!input_)(?<!output_)token(?!s|izer|_count)|secret|passw|credential|cookie|session[-_]?(?:key|id|token)"
    r"|api[-_ ]?key|signature|(?:sas|access|private|functions|subscription)[-_]key"
)
_QUOTED = r"""(?:'[^']*'|"[^"]*"|[^\s'"]+)"""
_KEY_OPTION: Final = (
    rf"(?i)(?P<before>--?[\w-]*(?:api[-_]key|(?:api|auth|access|bearer|id|refresh)[-_]token|authorization)(?:=|\s+))"
    rf"(?P<secret>{_QUOTED})"
)
_HEADER_OPTION: Final = (
    r"(?i)(?P<before>(?:--header|-H)(?:=|\s+))"
    r"(?P<secret>'[^']*'|\"[^\"]*\"|[^\s:'\"]+:(?:\s*(?:bearer|basic)\s+)?[^\s'\"]*)"
)
_USERINFO: Final = r"(?i)(?P<before>\b[a-z][a-z0-9+.-]*://)(?P<secret>[^\s'\"@/?#]+)(?=@)"
_QUERY: Final = r"(?P<before>[?&](?P<name>[^=&#\s'\"]+)=)(?P<secret>[^&#\s'\"]+)"


def redacted_command(command: str) -> str:
    """A command line without its secrets: key options, credential headers, passwords in URLs."""
    text, _ = _clean(command)
    return text


def find_secrets(document: dict[str, Json]) -> set[str]:
    """Every secret in clear that an export declares: API keys, credential headers, passwords in its URLs."""
    return {secret for _, _, secrets in _declared(document) for secret in secrets}


def places(document: dict[str, Json]) -> list[Path]:
    """The places of secrets in clear, in document order."""
    return [path for path, _ in _replacements(document)]


def redact(document: dict[str, Json]) -> tuple[dict[str, Json], list[Path]]:
    """The document without secrets in clear, and the places that changed; the argument is not modified."""
    changes = dict(_replacements(document))
    if not changes:
        return document, []
    cleaned = _rebuild(document, (), changes)
    assert isinstance(cleaned, dict)
    return cleaned, list(changes)


def _replacements(document: dict[str, Json]) -> list[tuple[Path, str]]:
    declared = _declared(document)
    if not declared:
        return []
    changes = {path: clean for path, clean, _ in declared}
    long = {s for _, _, found in declared for s in found if len(s) >= _SHORTEST_TO_SEARCH}
    secrets = sorted(long, key=lambda secret: (len(secret), secret), reverse=True)
    found: list[tuple[Path, str]] = []

    def look(value: Json, path: Path) -> None:
        if type(value) is str:
            clean = changes.get(path, value)
            for secret in secrets:
                if secret in clean:
                    clean = clean.replace(secret, REDACTED)
            if clean != value:
                found.append((path, clean))
        elif type(value) is dict:
            for key, item in value.items():
                # Most of a document is numbers, which need no call.
                if type(item) not in _NO_TEXT:
                    look(item, (*path, key))
        elif type(value) is list:
            for index, item in enumerate(value):
                if type(item) not in _NO_TEXT:
                    look(item, (*path, index))

    look(document, ())
    return found


_Declared = tuple[Path, str, list[str]]
"""(a place that holds secrets, its text without them, the secrets)."""


def _declared(document: dict[str, Json]) -> list[_Declared]:
    found: list[_Declared] = []
    run_info = document.get("run_info")
    if type(run_info) is dict:
        found += _texts(("run_info", "cli_command"), run_info.get("cli_command"))
    for name in _CONFIGS:
        found += _in_config(name, document.get(name))
    return found


def _in_config(at: str, config: Json) -> list[_Declared]:
    found: list[_Declared] = []
    if type(config) is not dict:
        return found
    found += _texts((at, "cli_command"), config.get("cli_command"))
    for name in ("endpoint", "input"):
        section = config.get(name)
        if type(section) is dict:
            for key, look in _LOOK.items():
                if key in section:
                    found += look((at, name, key), section[key])
    for name in ("gpu_telemetry", "server_metrics"):
        section = config.get(name)
        if type(section) is dict:
            found += _texts((at, name, "urls"), section.get("urls"))
        else:
            found += _texts((at, name), section)
    return found


def _value(path: Path, value: Json) -> list[_Declared]:
    if type(value) is not str or not value or value == REDACTED:
        return []
    return [(path, REDACTED, [value, *value.split()[1:]])]


def _texts(path: Path, value: Json) -> list[_Declared]:
    """A command line or URL, or a list of them."""
    if type(value) is str:
        clean, secrets = _clean(value)
        return [(path, clean, secrets)] if secrets else []
    if type(value) is list:
        return [found for index, item in enumerate(value) for found in _texts((*path, index), item)]
    return []


def _pairs(path: Path, pairs: Json) -> list[_Declared]:
    """Named values, of which the sensitive ones are secrets: an object, or a list of [name, value] pairs."""
    if type(pairs) is str or (type(pairs) is list and any(type(pair) is str for pair in pairs)):
        return _lines(path, pairs)
    named: list[tuple[Path, Json, Json]] = []
    if type(pairs) is dict:
        named = [((*path, name), name, value) for name, value in pairs.items()]
    elif type(pairs) is list:
        named = [
            ((*path, index, 1), pair[0], pair[1])
            for index, pair in enumerate(pairs)
            if type(pair) is list and len(pair) == 2
        ]
    return [
        found
        for place, name, value in named
        if type(name) is str and re.search(_SENSITIVE_NAME, name)
        for found in _value(place, value)
    ]


def _lines(path: Path, value: Json) -> list[_Declared]:
    """Named values as text, `name: value`, one or a list of them, as GenAI-Perf keeps headers and extra inputs."""
    if type(value) is list:
        return [found for index, item in enumerate(value) for found in _lines((*path, index), item)]
    if type(value) is not str:
        return []
    name, colon, secret = value.partition(":")
    if not colon or not re.search(_SENSITIVE_NAME, name):
        return []
    return [(path, f"{name}: {clean}", secrets) for _, clean, secrets in _value(path, secret.strip())]


_LOOK: Final[dict[str, Callable[[Path, Json], list[_Declared]]]] = {
    "api_key": _value,
    "headers": _pairs,
    "header": _lines,
    "extra": _pairs,
    "server_metrics_urls": _texts,
    "url": _texts,
    "urls": _texts,
}
"""Key of `input_config.endpoint` or `.input` → the function that finds secrets in its value."""

_HINTS: Final = ("-key", "_key", "-token ", "-token=", "uthorization", "-header", "-H", "@", "?")
"""A command line or URL without any of these has no secret. Looking for them is much cheaper than the patterns."""


def _clean(text: str) -> tuple[str, list[str]]:
    secrets: list[str] = []
    for hint in _HINTS:
        if hint in text:
            break
    else:
        return text, secrets

    def option(match: re.Match[str]) -> str:
        value = match["secret"].strip("'\"")
        if value == REDACTED:
            return match[0]
        secrets.append(value)
        return f"{match['before']}'{REDACTED}'"

    def header(match: re.Match[str]) -> str:
        name, _, value = match["secret"].strip("'\"").partition(":")
        value = value.strip()
        if not value or value == REDACTED or not re.search(_SENSITIVE_NAME, name):
            return match[0]
        secrets.extend([value, *value.split()[1:]])
        return f"{match['before']}'{REDACTED}'"

    def userinfo(match: re.Match[str]) -> str:
        if match["secret"] == REDACTED:
            return match[0]
        secrets.extend([match["secret"], match["secret"].partition(":")[2]])
        return match["before"] + REDACTED

    def query(match: re.Match[str]) -> str:
        if match["secret"] == REDACTED or not (
            match["name"].lower() in ("key", "sig") or re.search(_SENSITIVE_NAME, match["name"])
        ):
            return match[0]
        secrets.append(match["secret"])
        return match["before"] + REDACTED

    if "-" in text:
        text = re.sub(_HEADER_OPTION, header, re.sub(_KEY_OPTION, option, text))
    if "@" in text:
        text = re.sub(_USERINFO, userinfo, text)
    if "?" in text:
        text = re.sub(_QUERY, query, text)
    return text, [secret for secret in secrets if secret]


def _rebuild(value: Json, path: Path, changes: dict[Path, str]) -> Json:
    if type(value) is str:
        return changes.get(path, value)
    if type(value) is dict:
        new = {key: _rebuild(item, (*path, key), changes) for key, item in value.items()}
        return new if any(new[key] is not value[key] for key in value) else value
    if type(value) is list:
        items = [_rebuild(item, (*path, index), changes) for index, item in enumerate(value)]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value
