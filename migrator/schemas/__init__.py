"""The schema of every version: pydantic models, the JSON Schemas made from them, and violations of documents.

The model of version 1.5 is `Export` in `v1_5.py`, found by the file's name. Models are used by checks, the `schema`
command and tests, never by a migration; pydantic is imported only when one of these functions needs it.
"""

from __future__ import annotations

from collections.abc import Container
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from migrator.chain.places import GPU_METRICS, applied, visit
from migrator.chain.steps import VERSIONS
from migrator.errors import UnknownVersionError
from migrator.jsonfile import Json, Object, Path, path_text, plain
from migrator.schemas.accept import accepts
from migrator.values import dataclass

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


def violations(version: str, document: Json, sound: frozenset[int] = frozenset()) -> list[Violation]:
    """Every place where a parsed document does not fit the schema of a version.

    Args:
        version: the version.
        document: the document.
        sound: the `id`s of stats blocks that fit every version, and need not be looked at again: they have a unit and
            no value but finite numbers, with a whole one for `count`.

    Raises:
        UnknownVersionError: the version is not on the line.
    """
    if accepts(version, document, sound):
        return []
    export = model(version)
    from pydantic import ValidationError

    if sound and type(document) is dict:
        document = _without(document, sound, export.model_fields.keys())
    try:
        # A number of an unusual spelling is accepted only where any number is.
        export.model_validate(document)
    except ValidationError:
        try:
            export.model_validate(plain(document))
        except ValidationError as error:
            return [_violation(row, version) for row in error.errors(include_url=False)]
    return []


def _without(document: Object, sound: frozenset[int], fields: Container[str]) -> Object:
    """The document without sound blocks at the top level, unless a field of the model has that name, and of GPUs."""
    rest = {name: value for name, value in document.items() if id(value) not in sound or name in fields}
    changes: list[tuple[Path, Object]] = [
        (path, {tag: block for tag, block in metrics.items() if id(block) not in sound})
        for path, metrics, _ in visit(rest, GPU_METRICS)
    ]
    return applied(rest, changes) if changes else rest


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
