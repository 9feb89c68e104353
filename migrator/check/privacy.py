"""P: what should not leave the machine."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.check.rule import Problem, Subject, rule
from migrator.redact import REDACTED, places


@rule(
    "P001",
    "a secret is in clear",
    hint="revoke it; a migration replaces it",
    why=(
        "AIPerf 0.1.1 to 0.6.0 wrote API keys into the configuration and the recorded command line, and servers echo"
        " them in error messages. Exports are kept in repositories and caches, where many can read them. The finding"
        " names the place and never repeats the secret."
    ),
    remedy=(
        "Treat the key as public: revoke it. Then replace it in the file, in its copies and in the history of the"
        " repository. A migration to another version replaces it unless told not to."
    ),
    example=("$.input_config.endpoint.api_key", "a secret in clear", f'"{REDACTED}"'),
)
def _secrets(subject: Subject) -> Iterator[Problem]:
    for path in places(subject.document):
        yield Problem(path, "a secret in clear", f'"{REDACTED}"')
