"""URLs and paths told apart, by their spelling alone."""

from __future__ import annotations

from typing import Final

from migrator.errors import UsageError

_IN_SCHEMES: Final = {ord(character): None for character in "+-."}


def is_url(name: str) -> bool:
    """Whether a name is a URL (`s3://bucket/key`) and not a path: a scheme as in RFC 3986, then `://`."""
    if "://" not in name:
        return False  # Asked of every path, several times.
    scheme = name.partition("://")[0]
    return scheme[:1].isalpha() and scheme.isascii() and scheme.translate(_IN_SCHEMES).isalnum()


def require_no_secret(url: str) -> None:
    """Refuse a URL that holds a secret: its name would appear in reports and journals.

    Raises:
        UsageError: it has a password, or the query of a web page, which may be signed.
    """
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    if "@" in host and ":" in host.rpartition("@")[0]:
        raise UsageError(
            f"a password stands in the URL of {scheme}://{host.rpartition('@')[2]}",
            hint="give it to the store's own configuration instead",
        )
    if "?" in rest and scheme.lower() in ("http", "https"):
        raise UsageError(
            f"a URL with a query is not read: {url.partition('?')[0]}", hint="curl -s URL | aiperf-migrate inspect -"
        )
