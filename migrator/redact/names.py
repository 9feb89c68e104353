"""Which names carry credentials: of headers, of parameters and settings, of options and of environment variables.

Headers are judged widely, because any header may carry a credential and a redacted `X-Author` costs only readability.
All other names are judged narrowly, because `max_tokens` and `tokenizer` are settings of a benchmark.

Source: the rules of AIPerf 0.13.0 (`aiperf.common.redact`, `aiperf.common.endpoint_credentials`), which
`tests/redact/test_against_aiperf.py` compares with these, and what cloud providers call their keys.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_HEADER_FRAGMENTS: Final = (
    "auth", "token", "secret", "passw", "credential", "cookie", "apikey", "api-key", "api_key", "session",
    "signature", "sas-key", "access-key", "private-key", "functions-key", "subscription-key",
)  # fmt: skip
"""A header whose name contains one of these carries a credential."""

_NAMES: Final = frozenset({
    "token", "xapikey", "awsaccesskeyid", "accesskeyid", "ocpapimsubscriptionkey", "xfunctionskey", "aegsaskey",
    "xamzsecuritytoken", "xamzcredential", "xgoogcredential", "cookie", "setcookie", "pwd",
})  # fmt: skip
_ENDS: Final = (
    "apikey", "apitoken", "authorization", "authtoken", "accesstoken", "bearertoken", "idtoken", "refreshtoken",
    "sessiontoken", "securitytoken", "csrftoken", "xsrftoken", "secret", "password", "passwd", "passphrase",
    "credential", "credentials", "signature", "secretkey", "accesskey", "privatekey", "subscriptionkey",
    "functionskey", "saskey", "sessionkey",
)  # fmt: skip
_STARTS: Final = ("apikey", "authorization", "clientsecret", "secret", "password", "passwd", "credential")
_QUERY_NAMES: Final = frozenset({"key", "sig", "sessionid", "auth"})
"""Parameters of a URL that are credentials there, and ordinary words elsewhere."""

_OPTION_FRAGMENTS: Final = (
    "apikey", "apitoken", "authtoken", "accesstoken", "bearertoken", "idtoken", "refreshtoken", "authorization",
)  # fmt: skip
_VARIABLE_WORDS: Final = frozenset({
    "key", "apikey", "token", "secret", "password", "passwd", "credential", "credentials", "auth",
    "authorization", "cookie",
})  # fmt: skip

SCHEMES: Final = frozenset({"bearer", "basic", "digest", "negotiate", "token", "apikey", "aws4-hmac-sha256"})
"""Words before the credential in the value of an authorization header."""


@lru_cache(maxsize=4096)
def is_header(name: str) -> bool:
    """Whether a header of this name carries a credential."""
    lowered = name.lower()
    return any(fragment in lowered for fragment in _HEADER_FRAGMENTS)


@lru_cache(maxsize=4096)
def is_setting(name: str) -> bool:
    """Whether a setting, a parameter or a path of them (`endpoint.api_key`) carries a credential."""
    return any(_is_credential(part) for part in re.split(r"[.\[\]/]", name) if part)


@lru_cache(maxsize=4096)
def is_query(name: str) -> bool:
    """Whether a parameter in a URL carries a credential; a percent-encoded name is decoded, as a server does it."""
    if "%" in name or "+" in name:
        # Slow to import, and rarely needed.
        from urllib.parse import unquote_plus

        name = unquote_plus(name)
    return _plain(name) in _QUERY_NAMES or _is_credential(name)


@lru_cache(maxsize=4096)
def is_option(name: str) -> bool:
    """Whether an option of a command line takes a credential; `name` is without its value."""
    plain = _plain(name)
    return any(fragment in plain for fragment in _OPTION_FRAGMENTS) or is_setting(name.lstrip("-"))


@lru_cache(maxsize=4096)
def is_variable(name: str) -> bool:
    """Whether an environment variable holds a credential."""
    return not _VARIABLE_WORDS.isdisjoint(name.lower().split("_")) or _is_credential(name)


def is_random(text: str, shortest: int = 12) -> bool:
    """Whether a text looks like a key: long, without white space, with letters and digits."""
    return (
        len(text) >= shortest
        and re.search(r"\s", text) is None
        and re.search(r"\d", text) is not None
        and re.search(r"[A-Za-z]", text) is not None
    )


def _is_credential(name: str) -> bool:
    plain = _plain(name)
    return plain in _NAMES or plain.endswith(_ENDS) or plain.startswith(_STARTS)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
