"""Write the generated pages of the documentation, and what the models accept: `python docs/generate.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from migrator.chain.families import BESIDE, chain_of
from migrator.chain.operation import Operation
from migrator.chain.step import Step
from migrator.chain.steps import ENTRY, STEPS
from migrator.cli.commands.versions import rows
from migrator.contracts.contract import contract, is_met, missing, shipped
from migrator.contracts.nearest import nearest
from migrator.identify import identify
from migrator.jsonfile import parse
from migrator.migration.migrate import Options, migrate
from migrator.render.text import release_range
from migrator.schemas.described import described

PAGE = Path(__file__).parent / "versions.md"
CONTRACTS = Path(__file__).parent / "contracts.md"
MODELS = Path(__file__).parents[1] / "migrator" / "data" / "models.json"
_EXPORTS = Path(__file__).parents[1] / "golden" / "exports"


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


# --- how many recordings each reader can read ------------------------------------------------------------------


def contracts() -> str:
    """The page on contracts with its table of how many recordings each shipped reader can read, counted anew."""
    table = "\n".join(_shares())
    return re.sub(r"(?m)^\| reader \| as they are .*(?:\n\|.*)*", lambda _: table, CONTRACTS.read_text())


def _shares() -> Iterator[str]:
    files = sorted(_EXPORTS.rglob("profile_export_aiperf.json"))
    documents = [parse(path.read_bytes()).data for path in files]
    newest = [migrate(document, options=_OPTIONS).document for document in documents]
    yield f"| reader | as they are ({len(files)}) | after `upgrade` | after `convert --for-reader` |"
    yield "|---|---|---|---|"
    for name in sorted(shipped(), key=_IN_ORDER.index):
        of = contract(name)
        converted = [goal for one in documents if (goal := nearest(one, identify(one, details=False), of, _OPTIONS))]
        as_they_are, upgraded = (sum(is_met(missing(one, of), of) for one in given) for given in (documents, newest))
        figures = (f"{count} ({100 * count / len(files):.0f} %)" for count in (as_they_are, upgraded, len(converted)))
        yield f"| `{name}` | {' | '.join(figures)} |"


def models() -> str:
    """What the models of all versions accept, as `check` reads it."""
    return json.dumps(described(), indent=1) + "\n"


_OPTIONS = Options(config=True)
_IN_ORDER = ("tt-inference-server", "llm-d-benchmark", "dynamo-profiler", "dynamo-frontend", "inferencex", "srt-slurm")


if __name__ == "__main__":
    PAGE.write_text(versions())
    CONTRACTS.write_text(contracts())
    MODELS.write_text(models())
