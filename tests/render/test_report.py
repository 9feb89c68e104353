"""What a migration did, at 80 columns."""

from __future__ import annotations

import pytest

from migrator.ledger import Entry, Loss, Op
from migrator.render import report


@pytest.mark.parametrize("place", [(), ("warmup_metrics",)])
def test_two_long_names_have_a_line_each(place: tuple[str, ...]) -> None:
    old, new = "output_token_throughput_per_user", "user_output_token_throughput"
    entries = [
        Entry("1.5 → 1.6", Op.RENAME, (*place, old), Loss.EXACT, to=(*place, new)),
        Entry("1.5 → 1.6", Op.RENAME, (*place, "short"), Loss.EXACT, to=(*place, "shorter")),
    ]
    lines = [line for line in report._by_place(entries) if "rename" in line or "→" in line]
    assert max(map(len, lines)) <= 80
    assert [line.split() for line in lines] == [
        ["rename", old],
        ["→", new],
        ["rename", "short", "→", "shorter"],
    ]
    assert lines[1].index("→") == lines[0].index(old), "below the name that it replaces"
