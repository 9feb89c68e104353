"""The documentation of the rules, made from their declarations: an index, and one page for each rule.

`python -m migrator.check.pages docs` writes them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import fill

from migrator.check import RULES, CheckRule, Finding

_FAMILIES = {
    "M": "Metrics: what must hold inside a stats block, and between the blocks of a run",
    "P": "Privacy: what should not leave the machine",
    "R": "Run: the times and identifiers of the run",
    "S": "Schema: the document and its label against the schema of its version",
}

_INTRODUCTION = """\
A rule holds for every export of a run in which every request succeeded. Of the recorded exports only those with an API
key in clear or with failed requests have findings. Rules are selected by their code or its beginning: `M` selects all
metric rules, `M01` those from M010 on, `M001` one. A code that no rule has is a usage error.

Errors make `check` exit 1. A warning does not: something could not be judged. Nor does a note: the file is in order,
and says what its reader should know. Where none of the files is an export, nothing was checked: exit 4, unless
`--allow-empty` is given.

A finding has a code, a place (JSON path), what was found, what was expected, and a hint. A problem that also violates
the schema (S001) is reported once, by the other rule.

Metric rules are applied to the stats blocks at the top level, under `records` (0.1), in `warmup_metrics`, and of each
GPU.
"""


def pages() -> dict[str, str]:
    """Path below the documentation folder → page."""
    return {"checks.md": _index()} | {f"checks/{rule.code}.md": _page(rule) for rule in RULES.values()}


def _index() -> str:
    parts = ["# Checks\n", _INTRODUCTION]
    for letter, title in _FAMILIES.items():
        rows = [
            f"| [{rule.code}](checks/{rule.code}.md) | {rule.title} | {rule.severity} |"
            for rule in RULES.values()
            if rule.code.startswith(letter)
        ]
        parts.append("\n".join([f"## {title}\n", "| Code | Finding | Severity |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def _page(rule: CheckRule) -> str:
    place, found, expected = rule.example
    return "\n".join(
        [
            f"# {rule.code}: {rule.title}\n",
            f"Severity: {rule.severity}. All rules: [checks](../checks.md).\n",
            "## Why it matters\n",
            f"{_filled(rule.why)}\n",
            "## Example\n",
            f"```text\n{Finding(rule.code, place, found, expected, rule.hint)}\n```\n",
            "## What to do\n",
            f"{_filled(rule.remedy)}\n",
        ]
    )


def _filled(paragraph: str) -> str:
    return fill(paragraph, 118, break_long_words=False, break_on_hyphens=False)


def write(folder: Path) -> None:
    """Write every page below a documentation folder, and remove pages of rules that no longer exist."""
    wanted = pages()
    (folder / "checks").mkdir(parents=True, exist_ok=True)
    for stale in (folder / "checks").glob("*.md"):
        if f"checks/{stale.name}" not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m migrator.check.pages FOLDER")
    write(Path(sys.argv[1]))
