"""The label of a document, which depends on its version alone: no step changes it."""

from __future__ import annotations

from migrator.aiperf.releases import version_key
from migrator.chain.operation import Context
from migrator.chain.steps import FIRST_LABELLED
from migrator.jsonfile import Object
from migrator.ledger import Loss, Op


def labelled(document: Object, to: str, context: Context) -> Object:
    """The document with the label of a version, or without one if that version has none."""
    before = document.get("schema_version")
    if version_key(to) < version_key(FIRST_LABELLED):
        if before is None:
            return document
        context.note(Op.DROP, ("schema_version",), Loss.DERIVABLE, before=before)
        return {key: value for key, value in document.items() if key != "schema_version"}
    if before is None:
        context.note(Op.ADD, ("schema_version",), Loss.EXACT, after=to)
        return {"schema_version": to, **document}
    if before != to:
        context.note(Op.SET, ("schema_version",), Loss.EXACT, before, to)
    return {**document, "schema_version": to}


def labelled_as_known(document: Object, version: str, context: Context) -> Object:
    """A document of a newer version with the label of the newest known one, for which it is taken."""
    context.step = f"label {version}"
    newer = document["schema_version"]
    note = f"{newer} is newer than this tool knows"
    context.note(Op.SET, ("schema_version",), Loss.INFERRED, newer, version, note=note)
    return {**document, "schema_version": version}
