"""Pydantic models as JSON Schemas, read off their source: as far as names and types go, and no further.

What cannot be read (a type that is made at run time) is the empty schema, which fits everything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from migrator.jsonfile import Object
from migrator.upstream.source import Source

_KINDS: Final = {
    "string": ("str", "datetime", "date", "Path", "FilePath", "UUID", "SecretStr", "HttpUrl"),
    "integer": ("int", "NonNegativeInt", "PositiveInt"),
    "number": ("float", "NonNegativeFloat", "PositiveFloat"),
    "boolean": ("bool",),
    "null": ("None",),
    "object": ("dict",),
    "array": ("list",),
}
_NAMED: Final[dict[str, Object]] = {name: {"type": kind} for kind, names in _KINDS.items() for name in names}
_LISTS: Final = frozenset({"list", "List", "Sequence", "tuple", "set", "frozenset", "Iterable"})
_MAPS: Final = frozenset({"dict", "Dict", "Mapping", "defaultdict"})
_DEEPEST: Final = 40
"""Imports of imports that are followed at most."""

Place = tuple[str, ast.ClassDef]
"""The module of a class, and the class."""


class Program:
    """The classes and names of a source. A module is only parsed when something of it is asked for."""

    def __init__(self, source: Source) -> None:
        self._texts = source.modules
        self._trees: dict[str, ast.Module] = {}
        self._known: dict[str, dict[str, ast.AST | tuple[str, str]]] = {}
        self._ancestry: dict[ast.ClassDef, set[str]] = {}

    def modules(self, *words: str) -> Iterator[tuple[str, ast.Module]]:
        """The modules whose text has all of some words."""
        for module, text in self._texts.items():
            if all(word in text for word in words):
                yield module, self.tree(module)

    def tree(self, module: str) -> ast.Module:
        """A module, parsed; an empty one if it is not in the source, or of a Python that this one cannot parse."""
        if module not in self._trees:
            try:
                self._trees[module] = ast.parse(self._texts.get(module, ""))
            except (SyntaxError, ValueError):
                self._trees[module] = ast.parse("")
        return self._trees[module]

    def classes(self, *words: str) -> Iterator[Place]:
        """Every class at the top of the modules whose text has all of some words."""
        for module, tree in self.modules(*words):
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    yield module, node

    def _names(self, module: str) -> dict[str, ast.AST | tuple[str, str]]:
        if module not in self._known:
            self._known[module] = dict(_names(self.tree(module), module, module in self._packages))
        return self._known[module]

    @cached_property
    def _packages(self) -> set[str]:
        return {module.rpartition(".")[0] for module in self._texts}

    def find(self, module: str, name: str) -> tuple[str, ast.AST] | None:
        """(module, node) of what a name stands for in a module: a class, or the value of an assignment."""
        for _ in range(_DEEPEST):
            found = self._names(module).get(name)
            if found is None:
                return None
            if not isinstance(found, tuple):
                return module, found
            module, name = found
        return None

    def find_class(self, module: str, node: ast.expr) -> Place | None:
        """The class that an expression names: `Base`, `Base[int]`."""
        if isinstance(node, ast.Subscript):
            node = node.value
        found = self.find(module, node.id) if isinstance(node, ast.Name) else None
        return (found[0], found[1]) if found and isinstance(found[1], ast.ClassDef) else None

    def bases(self, place: Place) -> Iterator[tuple[str, Place | None]]:
        """The names of the base classes, and the classes where they are in the source."""
        module, node = place
        for base in node.bases:
            inner = base.value if isinstance(base, ast.Subscript) else base
            name = inner.id if isinstance(inner, ast.Name) else inner.attr if isinstance(inner, ast.Attribute) else ""
            yield name, self.find_class(module, base)

    def ancestry(self, place: Place, depth: int = 0) -> set[str]:
        """The names of all classes that a class comes from, its own included."""
        if place[1] not in self._ancestry:
            found = {place[1].name}
            for name, base in self.bases(place):
                found.add(name)
                if base and depth < _DEEPEST:
                    found |= self.ancestry(base, depth + 1)
            self._ancestry[place[1]] = found
        return self._ancestry[place[1]]


def _names(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[str, ast.AST | tuple[str, str]]]:
    """What the names of a module stand for: a class, a value, or (module, name) of an import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            up = node.level - is_package
            above = module.split(".")[:-up] if up > 0 else module.split(".")
            origin = ".".join([*(above if node.level else ()), *filter(None, [node.module])])
            for alias in node.names:
                yield alias.asname or alias.name, (origin, alias.name)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
        elif node.__class__.__name__ == "TypeAlias":  # Python 3.12 and later.
            yield node.name.id, node.value  # type: ignore[attr-defined]


def schemas(program: Program, root: Place) -> dict[str, Object]:
    """The model of a class and all models that it leads to, by name; `""` is the class itself."""
    return _Reading(program).of(root)


def fields_of(program: Program, place: Place, depth: int = 0) -> dict[str, tuple[str, ast.expr]]:
    """The fields of a model, those of its bases first: name → (module of the annotation, annotation)."""
    found: dict[str, tuple[str, ast.expr]] = {}
    for _, base in program.bases(place) if depth < _DEEPEST else ():
        if base and is_model(program, base):
            found |= fields_of(program, base, depth + 1)
    for node in place[1].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            if not name.startswith("_") and name != "model_config" and "ClassVar" not in ast.dump(node.annotation):
                found[name] = (place[0], node.annotation)
    return found


def is_model(program: Program, place: Place) -> bool:
    """Whether a class is a pydantic model, or a typed dictionary."""
    return bool(program.ancestry(place) & {"BaseModel", "RootModel", "TypedDict", "BaseSettings"})


class _Reading:
    """The models that were read so far."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._found: dict[str, Object] = {}

    def of(self, root: Place) -> dict[str, Object]:
        self._found[""] = {}
        self._found[""] = self._model(root)
        return self._found

    def _model(self, place: Place) -> Object:
        fields = fields_of(self._program, place)
        properties = {name: self._type(module, node) for name, (module, node) in fields.items()}
        return {"type": "object", "properties": properties}

    def _class(self, place: Place) -> Object:
        ancestry = self._program.ancestry(place)
        if any(name.endswith("Enum") for name in ancestry):
            return {"type": "integer"} if "IntEnum" in ancestry else {"type": "string"}
        if "RootModel" in ancestry:
            inner = next((base.slice for base in place[1].bases if isinstance(base, ast.Subscript)), None)
            return self._type(place[0], inner) if inner is not None else {}
        if not is_model(self._program, place):
            return {}
        name = place[1].name
        if name not in self._found:
            self._found[name] = {}
            self._found[name] = self._model(place)
        return {"$ref": name}

    def _type(self, module: str, node: ast.expr, depth: int = 0) -> Object:
        """The schema of an annotation."""
        if depth > _DEEPEST:
            return {}
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return self._text(module, node.value, depth)
            return {"type": "null"} if node.value is None else {}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return {"anyOf": [self._type(module, side, depth + 1) for side in (node.left, node.right)]}
        if isinstance(node, ast.Subscript):
            return self._subscript(module, node, depth)
        if isinstance(node, ast.Attribute):
            return dict(_NAMED.get(node.attr, {}))
        if isinstance(node, ast.Name):
            found = self._program.find(module, node.id)
            if found is None:
                return dict(_NAMED.get(node.id, {}))
            if isinstance(found[1], ast.ClassDef):
                return self._class((found[0], found[1]))
            return self._type(found[0], found[1], depth + 1) if isinstance(found[1], ast.expr) else {}
        return {}

    def _text(self, module: str, text: str, depth: int) -> Object:
        try:
            return self._type(module, ast.parse(text, mode="eval").body, depth + 1)
        except SyntaxError:
            return {}

    def _subscript(self, module: str, node: ast.Subscript, depth: int) -> Object:
        holder = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if holder == "Annotated":
            return self._type(module, inner[0], depth + 1)
        if holder == "Literal":
            return {"enum": [item.value for item in inner if isinstance(item, ast.Constant)]}
        if holder in ("Union", "Optional"):
            found = [self._type(module, item, depth + 1) for item in inner]
            return {"anyOf": [*found, {"type": "null"}] if holder == "Optional" else found}
        if holder in _LISTS:
            return {"type": "array", "items": self._type(module, inner[0], depth + 1)}
        if holder in _MAPS:
            return {"type": "object", "additionalProperties": self._type(module, inner[-1], depth + 1)}
        return {}
