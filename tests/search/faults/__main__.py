"""`python -m search.faults [PART …]`: all kinds of fault, or some; their figures go into the page."""

from __future__ import annotations

import os
import sys
from typing import Final

from search.faults import PARTS
from support.process import ROOT

PAGE: Final = ROOT / "docs" / "reliability.md"
TRIALS: Final = {
    "kill": 2400,
    "kill_pools": 15,
    "interrupts": 100,
    "no_space": 20,
    "several_batches": 25,
    "foreign_writer": 150,
    "system_calls": 500,
    "with_undo": 40,
    "folder_swapped": 40,
    "limits": 40,
    "name_spaces": 3,
    "clusters": 6,
}


def page(rows: list[str]) -> None:
    """Write rows into the table of the page, in place of earlier ones of the same fault."""
    text = PAGE.read_text()
    start, end = "<!-- faults -->\n", "<!-- end of faults -->"
    before, _, rest = text.partition(start)
    table, _, after = rest.partition(end)
    head, earlier = table.splitlines()[:2], table.splitlines()[2:]
    known = {row.split("|")[1]: row for row in [*earlier, *rows]}
    PAGE.write_text(before + start + "\n".join([*head, *known.values()]) + "\n" + end + after)


def main() -> None:
    """Run the parts that are named, and print their figures as they come."""
    rows = []
    for part in sys.argv[1:] or PARTS:
        for figures in PARTS[part](TRIALS[part], int(os.environ.get("FAULTS_SEED", "1"))):
            print(figures.row(), flush=True)  # noqa: T201 (a script: what it prints is its result)
            rows.append(figures.row())
            page(rows)


if __name__ == "__main__":
    main()
