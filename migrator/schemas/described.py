"""What the models accept, as the data that [`accept`][migrator.schemas.accept] reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from migrator.chain.steps import VERSIONS
from migrator.schemas import base, model

_ATOMS: Final = (
    (base.Number, "number"),
    (base.Whole, "whole number"),
    (base.Position, "position"),
    (base.Text, "text"),
    (base.Flag, "flag"),
    (base.Moment, "moment"),
    (Any, "any"),
)


def described() -> dict[str, Any]:
    """The models of all versions.

    Returns:
        `{"versions": {version: name}, "models": {name: {"fields": {key: KIND}, …}}}`. A KIND is the name of a model or
        of a kind of value, or an object with one key: `or null`, `list` or `mapping` with a KIND, `label` with a text.

    Raises:
        TypeError: a model has something that this cannot say.
    """
    models: dict[str, Any] = {}
    versions = {version: _model(model(version), models) for version in VERSIONS}
    return {"versions": versions, "models": dict(sorted(models.items()))}


def _model(found: type[BaseModel], models: dict[str, Any]) -> str:
    name = f"{found.__module__.rpartition('.')[2]}.{found.__name__}"
    if name in models:
        return name
    checks = found.__pydantic_decorators__
    if checks.validators or checks.field_validators or checks.root_validators or checks.model_validators:
        raise TypeError(f"{name} has a validator")
    if found.model_config != base.Open.model_config:
        raise TypeError(f"{name} is not an open object")
    told = models[name] = {}
    told["fields"] = {}
    for key, field in found.model_fields.items():
        if field.alias or field.validation_alias:
            raise TypeError(f"{name}.{key} has another name")
        whole = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        told["fields"][key] = _kind(whole, models)
    if required := [key for key, field in found.model_fields.items() if field.is_required()]:
        told["required"] = required
    if issubclass(found, base.StatsBlock):
        told["is_block"] = True
    if block := _block_of(found):
        told["blocks"] = _model(block, models)
    return name


def _block_of(found: type[BaseModel]) -> type[BaseModel] | None:
    """The model of those further values that are stats blocks; None if any value is accepted."""
    for above in found.__mro__:
        annotations = vars(above).get("__annotations__", {})
        if above is not BaseModel and "__pydantic_extra__" in annotations:
            _, value = get_args(annotations["__pydantic_extra__"])
            (where,) = value.__metadata__
            block: type[BaseModel] = where.block
            return block
    return None


def _kind(annotation: Any, models: dict[str, Any]) -> Any:
    for known, name in _ATOMS:
        if annotation == known:
            return name
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model(annotation, models)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated and len(arguments) == 2 and isinstance(arguments[1], base.Absent):
        return "absent"
    if origin is Annotated and len(arguments) == 2 and isinstance(arguments[1], base.Label):
        return {"label": arguments[1].version}
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        (one,) = (argument for argument in arguments if argument is not NoneType)
        return {"or null": _kind(one, models)}
    if origin is list:
        return {"list": _kind(arguments[0], models)}
    if origin in (dict, Mapping) and arguments[0] is str:
        return {"mapping": _kind(arguments[1], models)}
    raise TypeError(f"a kind of value that is not known: {annotation!r}")
