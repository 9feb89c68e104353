"""The first line of a journal names all that a batch was given: of many files it is longer than one read."""

from __future__ import annotations

from pathlib import Path

from migrator.writing.entries import Entry
from migrator.writing.journal import begin, reopen

ABOUT = {"command": "convert", "to": "1.5"}


def test_a_journal_of_many_roots_is_not_taken_for_one_that_was_cut_off(tmp_path: Path) -> None:
    """Of 15,000 paths; a resumed batch began it anew, and `undo` knew none of its files any more."""
    name = str(tmp_path / "journal.jsonl")
    roots = [f"/somewhere/{'a-long-name/' * 6}{number}/profile_export_aiperf.json" for number in range(15_000)]
    entry = Entry(roots[0], "a" * 64, "b" * 64, f"{roots[0]}.bak", ())
    with begin(name, ABOUT, roots, resume=False, sync=False) as journal:
        journal.append([entry], sync=False)
    with reopen(name) as journal:
        assert journal.roots() == tuple(roots)
    with begin(name, ABOUT, [*roots, "/elsewhere"], resume=True, sync=False) as journal:
        assert list(journal.entries()) == [entry]
        assert journal.roots() == (*roots, "/elsewhere")
