"""Write the generated pages of the documentation: `python docs/generate.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from migrator.chain.families import BESIDE, chain_of
from migrator.chain.operation import Operation
from migrator.chain.step import Step
from migrator.chain.steps import ENTRY, STEPS
from migrator.cli.commands.versions import rows
from migrator.render.text import release_range

PAGE = Path(__file__).parent / "versions.md"


def versions() -> str:
    """The page on the line of versions, from the declarations of its steps."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Schema versions of the main export"
    yield ""
    yield "Generated from `migrator/chain/steps/` by `make docs`; do not edit."
    yield ""
    yield "| version | written by AIPerf | new in it |"
    yield "|---|---|---|"
    for row in rows():
        yield f"| {row.version} | {release_range(row.releases)} | {row.summary} |"
    for step in (ENTRY, *STEPS):
        yield from _step(step, "##")
    yield ""
    yield "# Files beside the export"
    yield ""
    yield "They have no label. See [folder](folder.md)."
    for family in BESIDE:
        yield ""
        yield f"## {family.capitalize()}"
        for step in chain_of(family).steps:
            if step.ops:
                yield from _step(step, "###")


def _step(step: Step, heading: str) -> Iterator[str]:
    yield ""
    yield f"{heading} {step.name(up=True)}"
    yield ""
    yield step.reason
    yield ""
    yield "| upgrade | downgrade loses |"
    yield "|---|---|"
    for op in step.ops:
        yield f"| {op.describe()} | {_losses(op)} |"


def _losses(op: Operation) -> str:
    """What a downgrade cannot keep: fields that no source can compute again."""
    dropped = op.gains(True).values()
    lost = [f"`{field.key}`" for field in dropped if field.source is None]
    computed = [f"`{field.key}`" for field in dropped if field.source is not None]
    told = [", ".join(lost)] if lost else []
    told += [f"{', '.join(computed)} where the document does not give the same again"] if computed else []
    return "; ".join(told) or "nothing"


if __name__ == "__main__":
    PAGE.write_text(versions())
