"""P: what should not leave the machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from migrator.check.rule import RULES, Finding, Problem, Subject, rule
from migrator.jsonfile import Path, path_text
from migrator.redact import REDACTED

SECRETS: Final = "P001"
"""The one rule that holds for files of every family."""


@rule(
    SECRETS,
    "a secret is in clear",
    hint="revoke it; `redact` replaces it",
    why=(
        "AIPerf 0.1.1 to 0.6.0 wrote API keys into the configuration and the recorded command line, and servers echo"
        " them in error messages. Exports are kept in repositories and caches, where many can read them. The finding"
        " names the place and never repeats the secret."
    ),
    remedy=(
        "Treat the key as public: revoke it. Then replace it in the file, in its copies and in the history of the"
        " repository: `aiperf-migrate redact` does it for all files of a run, and so does an upgrade in place."
    ),
    example=("$.input_config.endpoint.api_key", "a secret in clear", f'"{REDACTED}"'),
)
def _secrets(subject: Subject) -> Iterator[Problem]:
    for path in subject.secrets:
        yield Problem(path, "a secret in clear", f'"{REDACTED}"')


def secrets_found(places: Iterable[Path]) -> list[Finding]:
    """The findings for secrets at some places of a file that is not an export."""
    hint = RULES[SECRETS].hint
    return [Finding(SECRETS, path_text(path), "a secret in clear", f'"{REDACTED}"', hint) for path in places]
