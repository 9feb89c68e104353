"""The JSON that the commands write and the files that they keep: a version of each, and a JSON Schema.

A document says which it is by `schema`: the `$id` of its JSON Schema, which `aiperf-migrate schema NAME` prints. The
first number of a version changes where a reader of it may break, the second where something is added.
"""

from __future__ import annotations

from typing import Any, Final

REPORTS: Final = {
    "ledger": "1.0",
    "inspect": "1.0",
    "survey": "1.0",
    "check": "1.0",
    "rules": "1.0",
    "undo": "1.0",
    "history": "1.0",
    "front": "1.0",
    "plan": "1.0",
    "proof": "1.0",
    "contract": "1.0",
    "contract-list": "1.0",
    "contract-versions": "1.0",
    "versions": "1.0",
    "releases": "1.0",
    "fixtures": "1.0",
    "schema-diff": "1.0",
    "config": "1.0",
    "git": "1.0",
    "git-status": "1.0",
}
"""What `--json` prints, by name → its version. The receipt of `diff` has its own: `migrator.diff.receipt`."""
FILES: Final = ("noise", "policy", "journal", "settings", "tui")
"""Files that have a schema, too, and say their version in their own way, or are written by people."""
TABLE: Final = "table"
"""The rows of `table --format json`, whose columns are the user's."""
URN: Final = "urn:aiperf-migrate:"


def name_of(document: str) -> str:
    """The `$id` of the schema of a document: `urn:aiperf-migrate:check:1.0`."""
    return f"{URN}{document}:{REPORTS.get(document, '1.0')}"


def stamped(document: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a report with the name of its schema in front."""
    return {"schema": name_of(document), **row}
