"""What a source of AIPerf writes: the label, the shape of its exports, and the metrics that it registers."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from typing import Final

from migrator.errors import NotAnExportError
from migrator.jsonfile import Object
from migrator.schemas.shape import Shape, places_of
from migrator.upstream.models import Place, Program, schemas
from migrator.upstream.source import Source
from migrator.values import NamedTuple

_MODEL: Final = "JsonExportData"
_LABEL: Final = "SCHEMA_VERSION"
_DEEPEST: Final = 20
_KINDS: Final = {"Record": "record", "Aggregate": "aggregate", "Derived": "derived"}


class FoundMetric(NamedTuple):
    """A metric that a source registers: its type, its heading, a digest of the code that computes it, and its unit."""

    tag: str
    type: str
    header: str
    formula: str
    unit: str = ""


class Found(NamedTuple):
    """What a source writes.

    `label` is the schema version; empty where exports have none. `models` are JSON Schemas by name, `""` is the export.
    `beside` are the keys that exporters add and the model does not have.
    """

    name: str
    version: str
    label: str
    shape: Shape
    models: dict[str, Object]
    beside: tuple[str, ...]
    metrics: dict[str, FoundMetric]


def shape_of(source: Source) -> Found:
    """Read what a source writes.

    Raises:
        NotAnExportError: it has no model of an export.
    """
    program = Program(source)
    root = next((place for place in program.classes(f"class {_MODEL}") if place[1].name == _MODEL), None)
    if root is None:
        raise NotAnExportError(f"has no class {_MODEL}", expected="AIPerf 0.2.0 or newer", file=source.name)
    label = next(_constants(root[1], _LABEL), "")
    models = schemas(program, root)
    fields = models[""]["properties"]
    beside = tuple(sorted(_assigned(program) - fields.keys()))
    places = places_of(models[""], models.__getitem__) | {key: frozenset({"any"}) for key in beside}
    metrics = {metric.tag: metric for metric in _metrics(program)}
    name = f"AIPerf {source.version or source.name}"
    shape = Shape(name, places, {tag: metric.unit for tag, metric in metrics.items()})
    return Found(f"schema {label or 'without a label'} ({name})", source.version, label, shape, models, beside, metrics)


def _constants(node: ast.ClassDef, name: str) -> Iterator[str]:
    """The text that a class gives to a name."""
    for part in node.body:
        target = part.targets[0] if isinstance(part, ast.Assign) else getattr(part, "target", None)
        value = getattr(part, "value", None)
        if isinstance(target, ast.Name) and target.id == name and isinstance(value, ast.Constant):
            yield str(value.value)


def _assigned(program: Program) -> set[str]:
    """The fields that are set on an export after it was made: those that are no field of its model are in no schema.

    Exporters of aggregates use the same model for another family of files, and are left out.
    """
    found: set[str] = set()
    for module, tree in program.modules(_MODEL):
        for function in ast.walk(tree) if ".aggregate" not in module else ():
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                names = _exports(function)
                found |= {
                    target.attr
                    for node in ast.walk(function)
                    if isinstance(node, ast.Assign | ast.AnnAssign)
                    for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                    if isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id in names
                }
                found |= _set_by_name(function, names)
    return found


def _exports(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The variables of a function that hold an export: made there, or given as an argument of that type."""
    names = {
        argument.arg
        for argument in (*function.args.args, *function.args.kwonlyargs)
        if argument.annotation is not None and _MODEL in ast.dump(argument.annotation)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made = node.value.func
            if isinstance(made, ast.Name) and made.id == _MODEL:
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _set_by_name(function: ast.AST, names: set[str]) -> set[str]:
    """The constant names of `setattr(export, "name", …)`."""
    return {
        str(node.args[1].value)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "setattr"
        and len(node.args) == 3
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id in names
        and isinstance(node.args[1], ast.Constant)
    }


def _metrics(program: Program) -> Iterator[FoundMetric]:
    """Every class with a `tag` that comes from a base class of metrics."""
    for place in program.classes("tag = ", "Metric"):
        tag, ancestry = next(_constants(place[1], "tag"), ""), program.ancestry(place)
        kind = next((kind for word, kind in _KINDS.items() if any(f"Base{word}" in name for name in ancestry)), "")
        if tag and kind:
            yield FoundMetric(
                tag, kind, next(_constants(place[1], "header"), ""), _formula(place), _unit(program, place)
            )


def _unit(program: Program, place: Place, depth: int = 0) -> str:
    """The unit in which a metric is exported; empty if the source does not tell it by names alone."""
    values = {
        part.targets[0].id: part.value
        for part in place[1].body
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name)
    }
    for name in ("display_unit", "unit"):
        if name in values:
            return _unit_text(program, place[0], values[name])
    for _, base in program.bases(place):
        if base and depth < _DEEPEST and (found := _unit(program, base, depth + 1)):
            return found
    return ""


def _unit_text(program: Program, module: str, node: ast.expr) -> str:
    """The text of a member of an enumeration of units: `ms`, `tokens/sec/user`."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return ""
    found = program.find_class(module, node.value)
    for part in found[1].body if found else ():
        target = part.targets[0] if isinstance(part, ast.Assign) else None
        if found and isinstance(part, ast.Assign) and isinstance(target, ast.Name) and target.id == node.attr:
            return _made_of(program, found[0], part.value)
    return ""


def _made_of(program: Program, module: str, value: ast.expr) -> str:
    if not isinstance(value, ast.Call):
        return ""
    given = {keyword.arg: keyword.value for keyword in value.keywords}
    first = given.get("tag") or (value.args[0] if value.args else None)
    if isinstance(first, ast.Constant):
        return str(first.value)
    names = ["primary_unit", "time_unit", "third_unit"]
    if "inverted" in given:
        names = ["time_unit", "primary_unit"]
    parts = [_unit_text(program, module, given[name]) for name in names if name in given]
    return "/".join(parts) if parts and all(parts) else ""


def _formula(place: Place) -> str:
    """A digest of the methods of a class, without what they say of themselves: it changes where the code does."""
    parts = []
    for node in place[1].body:
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            parts.append(node.name + "".join(ast.dump(part) for part in body))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12] if parts else ""
