"""A migration that renames a metric says if newer releases define it otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.process import EXPORTS, NAME, run


def renames(release: str, to: str) -> dict[str, str]:
    """Former name → note, of the renames of energy metrics."""
    command = "upgrade" if to == "1.5" else "downgrade"
    path = EXPORTS / release / "chat-streaming" / NAME
    (row,) = run(command, "--to", to, "--dry-run", "--json", str(path)).rows
    entries: list[dict[str, Any]] = row["ledger"]
    return {json.dumps(entry["path"]): entry.get("note", "") for entry in entries if entry["op"] == "rename"}


@pytest.mark.parametrize(("release", "to", "prefix"), [("0.11.0", "1.5", ""), ("0.13.0", "1.3", "nvidia_")])
def test_the_note_of_a_renamed_metric_tells_both_definitions(release: str, to: str, prefix: str) -> None:
    notes = renames(release, to)
    note = notes[f'"$.{prefix}output_tokens_per_joule"']
    assert note.startswith("defined otherwise since AIPerf 0.12.0 (before: total_output_tokens / energy")
    assert "since: total_osl / energy" in note
    assert notes[f'"$.{prefix}total_gpu_power"'] == ""
