"""The schema of every version: pydantic models, the JSON Schemas made from them, and violations of documents.

The model of version 1.5 is `Export` in `v1_5.py`, found by the file's name. Models are used by checks, the `schema`
command and tests, never by a migration; pydantic is imported only when one of these functions needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from migrator.chain.steps import VERSIONS
from migrator.errors import UnknownVersionError
from migrator.jsonfile import Json, Path, path_text, plain

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter
    from pydantic_core import ErrorDetails

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The edition of JSON Schema that [`json_schema`][] speaks."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a document does not fit the schema of its version; `message` says what was found there."""

    place: Path
    message: str
    expected: str

    @property
    def path(self) -> str:
        """The place as JSON path text."""
        return path_text(self.place)


def model(version: str) -> type[BaseModel]:
    """The model of a version's main export.

    Raises:
        UnknownVersionError: the version is not on the line.
    """
    if version not in VERSIONS:
        raise UnknownVersionError(f'no schema version "{version}"', expected=", ".join(VERSIONS))
    export: type[BaseModel] = import_module(f"{__name__}.v{version.replace('.', '_')}").Export
    return export


def json_schema(version: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a version's main export; it does not depend on the document.

    Raises:
        UnknownVersionError: the version is not on the line.
    """
    export = model(version)
    from pydantic import TypeAdapter

    return schema_of(
        TypeAdapter(export),
        name=f"urn:aiperf-migrate:main-export:{version}",
        title=f"AIPerf main export, schema version {version}",
    )


def schema_of(
    written: TypeAdapter[Any], *, name: str, title: str, mode: Literal["validation", "serialization"] = "validation"
) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a model.

    Args:
        written: the adapter of a model.
        name: its `$id`.
        title: what a reader calls it.
        mode: `validation` describes what is accepted, `serialization` what is written (every field is required).
    """
    from pydantic.json_schema import GenerateJsonSchema

    class Terse(GenerateJsonSchema):
        """Without the titles and null defaults that only repeat the names and types."""

        def field_title_should_be_set(self, schema: Any) -> bool:
            return False

        def default_schema(self, schema: Any) -> dict[str, Any]:
            return self.generate_inner(schema["schema"])

    body = written.json_schema(schema_generator=Terse, mode=mode)
    definitions = body.pop("$defs")
    return (
        {"$schema": DIALECT, "$id": name, "title": title}
        | {key: body[key] for key in ("description", "type", "required") if key in body}
        | {
            "properties": body["properties"],
            "additionalProperties": body["additionalProperties"],
            "$defs": definitions,
        }
    )


def violations(version: str, document: Json) -> list[Violation]:
    """Every place where a parsed document does not fit the schema of a version.

    Raises:
        UnknownVersionError: the version is not on the line.
    """
    export = model(version)
    from pydantic import ValidationError

    try:
        export.model_validate(plain(document))
    except ValidationError as error:
        return [_violation(row, version) for row in error.errors(include_url=False)]
    return []


_KINDS: Final = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
_EXPECTED: Final = {
    "string_type": "a string",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def _violation(row: ErrorDetails, version: str) -> Violation:
    """An error of pydantic as a violation. The value of a string is never repeated, because it may be a secret."""
    kind, value, place = row["type"], row["input"], row["loc"]
    label = place == ("schema_version",)
    if kind == "missing":
        return Violation(place, "is missing", f'"{version}"' if label else "a string")
    if label:
        shown = f'"{value[:80]}"' if isinstance(value, str) else _KINDS.get(type(value), "a number")
        return Violation(place, f"is {shown}", f'"{version}"' if kind != "absent" else row["msg"])
    if kind == "greater_than_equal":
        return Violation(place, f"is {value}", f"at least {row['ctx']['ge']}")
    found = _KINDS.get(type(value)) or f"{value!r:.40}"
    return Violation(place, f"is {found}", _EXPECTED.get(kind, row["msg"]))
