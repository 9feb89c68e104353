"""Words that were replaced by the field's own do not come back: each has one name now, which the CHANGELOG gives."""

from __future__ import annotations

import re
from typing import Final

from support.process import ROOT

REPLACED: Final = (
    *("let_go", "swap_of", "GRAIN", "Manner", "Desk", "AT_ONCE", "wait_together", "unfit_together"),
    *("_Away", "_Parcel", "_Cargo", "parser_of", "_Told", "Trial", "Draft", "gravest", "goal_text", "company"),
)


def test_replaced_words_are_gone() -> None:
    pattern = re.compile(rf"\b({'|'.join(REPLACED)})\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for room in ("migrator", "tui")
        for path in (ROOT / room).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := pattern.search(line))
    ]
    assert not found


def test_messages_do_not_say_is_no() -> None:
    """`is no number` makes a reader translate; `expected a number, found …` does not."""
    pattern = re.compile(r"""Error\(\s*f?["'](?:[^"']*\s)?(is|are) (no|none) \w+""")
    texts = {path: path.read_text() for room in ("migrator", "tui") for path in (ROOT / room).rglob("*.py")}
    found = [f"{path.relative_to(ROOT)}: {match[0]}" for path, text in texts.items() if (match := pattern.search(text))]
    assert not found
