"""Infer a contract from the source of a reader: the paths that its code goes through, in Python or in jq.

It is a start, not a proof: what a program computes at run time (a key in a variable) is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from migrator.aiperf.metrics import catalogue
from migrator.chain.names import spellings
from migrator.config.release_models import readers
from migrator.errors import UsageError
from migrator.values import NamedTuple

Parts = tuple[str | int, ...]
_LOADERS: Final = frozenset({"load", "loads", "read_json", "safe_load"})
_JQ: Final = re.compile(
    r"""(?P<path>(?:\.(?:[A-Za-z_]\w*|"[^"\\]*")|\.?\[(?:"[^"\\]*"|\d+)\])(?:\??(?:\.(?:[A-Za-z_]\w*|"[^"\\]*")|\.?\[(?:"[^"\\]*"|\d+)\]))*)(?P<soft>\?)?(?P<else>\s*//)?"""
)
_JQ_PART: Final = re.compile(r"""\.?\[?(?:"(?P<text>[^"]*)"|(?P<number>\d+)(?=\])|(?P<name>[A-Za-z_]\w*))\]?\??""")


class Found(NamedTuple):
    """A path in a reader's source; `required` if the code fails without it."""

    parts: Parts
    required: bool


def inferred(source: str, file: str) -> str:
    """A contract as TOML, inferred from the source of a reader.

    Args:
        source: the text of the program.
        file: its name; `.jq` is jq, everything else Python.

    Raises:
        UsageError: the source cannot be parsed.
    """
    found = list(_of_jq(source) if file.endswith(".jq") else _of_python(source, file))
    paths: dict[str, bool] = {}
    for parts, required in found:
        path = text_of(parts)
        paths[path] = paths.get(path, False) or required
    # A path on the way to another one is not needed for itself.
    whole = [path for path in paths if not any(other.startswith((f"{path}.", f"{path}[")) for other in paths)]
    known = [path for path in whole if _is_of_an_export(path)]
    lines = [
        "[reader]",
        f'name = "{re.sub(r"[^A-Za-z0-9._-]+", "-", file.rpartition("/")[2].rpartition(".")[0]) or "reader"}"',
    ]
    for key, wanted in (("needs", True), ("wants", False)):
        lines.append(f"{key} = [")
        lines += [f'  "{path}",' for path in known if paths[path] is wanted]
        lines.append("]")
    others = [path for path in whole if path not in known]
    if others:
        lines += ["", "# Read by the code, but in no export of AIPerf:", *(f"#   {path}" for path in others)]
    return "\n".join(lines) + "\n"


def text_of(parts: Parts) -> str:
    """A path as contracts spell it."""
    return "".join(f"[{part}]" if type(part) is int else f".{part}" for part in parts).removeprefix(".")


def _is_of_an_export(path: str) -> bool:
    """Whether a path begins as one in an export: with a metric under any of its names, or a field of any release."""
    first, *rest = re.split(r"[.\[]", path)
    if first == "records" and rest:
        first = rest[0]
    fields = {"metadata", "records", "errors_by_type"}.union(*(reader.fields("") for reader in readers()))
    names = (first, ".".join([first, *rest[:1]]))
    return first in fields or any(name in catalogue() or len(spellings(name)) > 1 for name in names)


def _of_python(source: str, file: str) -> Iterator[Found]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"is not Python: {error}", expected="Python, or a file named *.jq", file=file) from error
    yield from _Reads().of(tree)


class _Reads(ast.NodeVisitor):
    """What a program reads by constant keys, through variables that hold a part of the document."""

    def __init__(self) -> None:
        self._places: dict[str, Parts] = {}
        self._found: list[Found] = []

    def of(self, tree: ast.AST) -> list[Found]:
        self.visit(tree)
        return self._found

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            place = self._place(node.value)
            if place is None:
                self._places.pop(node.targets[0].id, None)
            else:
                self._places[node.targets[0].id] = place[0]

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._note(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self._note(node)
        self.generic_visit(node)

    def _note(self, node: ast.expr) -> None:
        place = self._place(node)
        if place is not None and place[0]:
            self._found.append(Found(*place))

    def _place(self, node: ast.expr) -> tuple[Parts, bool] | None:
        """The place in the document of what an expression gives, and whether it must be there."""
        if isinstance(node, ast.Name):
            return self._places.get(node.id, ()), True
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):  # data.get("a") or {}
            return self._place(node.values[0])
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return self._below(node.value, node.slice.value, required=True)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in _LOADERS:
                return (), True
            if node.func.attr == "get" and node.args and isinstance(node.args[0], ast.Constant):
                return self._below(node.func.value, node.args[0].value, required=False)
        return None

    def _below(self, holder: ast.expr, key: object, *, required: bool) -> tuple[Parts, bool] | None:
        above = self._place(holder)
        if above is None or not (type(key) is str or (type(key) is int and key >= 0)):
            return None
        return (*above[0], key), required and above[1]


def _of_jq(source: str) -> Iterator[Found]:
    text = re.sub(r"#[^\n]*", "", source)
    for match in _JQ.finditer(text):
        parts: list[str | int] = []
        for part in _JQ_PART.finditer(match["path"]):
            parts.append(
                int(part["number"]) if part["number"] else part["text"] if part["text"] is not None else part["name"]
            )
        if parts:
            yield Found(tuple(parts), not (match["soft"] or match["else"] or "?" in match["path"]))
