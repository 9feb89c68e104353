"""The JSON Schema of a document, by its name."""

from __future__ import annotations

from typing import Any

from migrator.documents import FILES, REPORTS, TABLE, name_of
from migrator.documents.shapes import DIALECT, Shape


def schema(document: str) -> dict[str, Any]:
    """The JSON Schema of a report or a file.

    Args:
        document: one of `REPORTS`, `FILES` and `TABLE`.
    """
    about, shape = _declared(document)
    if document in REPORTS:
        shape = _with_name(shape, document)
    return {"$schema": DIALECT, "$id": name_of(document), "title": about, **shape}


def about(document: str) -> str:
    """What a document is, in a line."""
    return _declared(document)[0]


def documents() -> tuple[str, ...]:
    """The names of all documents."""
    return (*REPORTS, TABLE, *FILES)


def _declared(document: str) -> tuple[str, Shape]:
    if document in REPORTS:
        from migrator.documents import reports

        return reports.REPORTS[document]
    from migrator.documents.files import files, table

    return table() if document == TABLE else files()[document]


def _with_name(shape: Shape, document: str) -> Shape:
    """The shape of a report, which names its schema first."""
    if "anyOf" in shape:
        return {"anyOf": [_with_name(part, document) for part in shape["anyOf"]]}
    return {
        **shape,
        "required": ["schema", *shape["required"]],
        "properties": {"schema": {"const": name_of(document)}, **shape["properties"]},
    }
