"""A key that an old release wrote in clear does not travel, whichever way it takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator.chain.steps import NEWEST, VERSIONS
from migrator.jsonfile import parse, render
from migrator.migration.migrate import Options, migrate
from migrator.migration.residue import Residue

GOLDEN = Path(__file__).parents[2] / "golden" / "exports"
KEY = "sk-secret-1234567890abcdef"
WITH_KEYS = ("0.3.0/chat-goodput-key", "0.6.0/key")


@pytest.mark.parametrize("run", WITH_KEYS)
@pytest.mark.parametrize("to", VERSIONS)
def test_no_migration_carries_it(run: str, to: str) -> None:
    parsed = parse((GOLDEN / run / "profile_export_aiperf.json").read_bytes())
    done = migrate(parsed.data, to, Options(save_residue=True))
    told = json.dumps(done.ledger.as_list())
    saved = done.residue.to_bytes("test").decode() if done.residue else ""
    assert KEY not in render(done.document).decode() + told + saved


def test_a_residue_that_was_saved_with_it_does_not_bring_it_back() -> None:
    document = json.loads((GOLDEN / "0.13.0" / "cancelled" / "profile_export_aiperf.json").read_bytes())
    document["run_info"]["cli_command"] = f"aiperf profile --api-key '{KEY}'"
    down = migrate(document, "1.0", Options(save_residue=True, keep_secrets=True))
    assert down.residue
    residue = Residue.from_bytes(down.residue.to_bytes("test"))
    kept = migrate(down.document, "1.4", Options(keep_secrets=True), residue=residue)
    assert KEY in render(kept.document).decode()
    for to in ("1.3", "1.4", NEWEST):
        back = migrate(down.document, to, residue=residue)
        assert KEY not in render(back.document).decode()
        assert "redact" in {entry.op.value for entry in back.ledger}
