"""Replace many known secrets in many texts, in time that does not grow with the product of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from migrator.redact.text import REDACTED

_FEW: Final = 8
"""So many secrets are looked for one by one, which is fastest."""
_START: Final = 8
"""Characters that a secret is found by; a shorter one is not looked for."""


def searched(secrets: Iterable[str]) -> set[str]:
    """The secrets that are replaced everywhere; a shorter one (`EMPTY`, `test`) only where it is declared."""
    return {secret for secret in secrets if len(secret) >= _START}


class Search:
    """Some secrets, to be replaced wherever they stand; the longest first, so that no rest of one is left.

    Args:
        secrets: texts of at least 8 characters.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(secrets, key=lambda secret: (-len(secret), secret))
        self._by_start: dict[str, tuple[set[str], list[int]]] = {}
        if len(self._secrets) > _FEW:
            starts: dict[str, set[str]] = defaultdict(set)
            for secret in self._secrets:
                starts[secret[:_START]].add(secret)
            self._by_start = {
                start: (group, sorted({len(secret) for secret in group}, reverse=True))
                for start, group in starts.items()
            }

    def replaced(self, text: str) -> str:
        """The text with `<redacted>` for each secret in it."""
        if len(text) < _START:
            return text
        if self._by_start:
            return self._replaced(text)
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def _replaced(self, text: str) -> str:
        parts: list[str] = []
        kept = position = 0
        while position <= len(text) - _START:
            group, lengths = self._by_start.get(text[position : position + _START], (frozenset(), ()))
            length = next((length for length in lengths if text[position : position + length] in group), 0)
            if length:
                parts += [text[kept:position], REDACTED]
                position = kept = position + length
            else:
                position += 1
        return "".join([*parts, text[kept:]]) if parts else text
