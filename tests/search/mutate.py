"""Break the chain in many small ways, one at a time, and see whether the tests notice.

    python -m search.mutate                     # all mutants of all files; takes a while
    python -m search.mutate ops.py residue.py   # of some files
    python -m search.mutate --list              # only say what would be done

Each mutant is one change of one place of the syntax tree (a condition turned round, a row of a table left out, a call
that reports dropped, a class of loss exchanged, a number off by one, …), made in a copy of the package; the tests run
against the copy. A mutant that no test notices is printed: either a test is missing, or the change makes no
difference. Run by hand and by `make mutate`; no part of the tests themselves.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
CHAIN: Final = Path("migrator/chain")
MIGRATION: Final = Path("migrator/migration")
FILES: Final = (
    *(CHAIN / name for name in ("ops.py", "places.py", "telemetry.py")),
    *(MIGRATION / name for name in ("residue.py", "migrate.py", "audit.py")),
    *sorted(path.relative_to(ROOT) for path in (ROOT / CHAIN / "steps").glob("s*_to_*.py")),
)
STAGES: Final = {
    "unit tests": (
        "chain/test_ops.py",
        "migration/test_migrate.py",
        "migration/test_residue.py",
        "identify/test_identify.py",
        "redact/test_redact.py",
    ),
    "laws": ("migration/test_laws.py",),
}
"""The tests in the order they are tried; the first that notices ends the mutant."""
PATIENCE: Final = 300
"""Seconds after which a mutant counts as noticed: it runs in circles."""

SILENT_CALLS: Final = frozenset({"note", "note_computed", "settle", "append", "extend", "clear", "update", "add"})
"""Calls that stand alone as a statement and are dropped."""
SWAPPED: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
NEIGHBOURS: Final = {
    "Loss": ("EXACT", "DERIVABLE", "INFERRED", "SAVED", "LOST", "KEPT", "REDACTED"),
    "Op": ("ADD", "DROP", "RENAME", "MOVE", "SET", "KEEP", "REDACT", "RESTORE", "CONFLICT"),
}
TEXT_ONLY: Final = frozenset({"describe", "__repr__"})
"""Functions whose words are compared by other tests."""
TYPES: Final = frozenset({"Object", "Pattern", "Field", "Source", "Operation", "__slots__"})
"""Names of types: nothing is computed by them."""
PROSE: Final = frozenset({"summary", "reason", "hint", "expected", "place", "about"})
"""Arguments that are sentences for people."""


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, what it does, and the module that has it."""

    path: Path
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


# --- making mutants ------------------------------------------------------------------------------------------

Change = tuple[str, Callable[[Any], Any]]
"""(what it does, a function from the node to the one that takes its place)."""


def changes(node: ast.AST) -> Iterator[Change]:
    """Every change of one node."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "turn the condition round", lambda n: _with(n, test=_not(n.test))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield "leave the filter out", lambda n: _with(n, ifs=[])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "leave `not` out", lambda n: n.operand
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        yield "swap the comparison", lambda n: _with(n, ops=[SWAPPED[type(n.ops[0])](), *n.ops[1:]])
    if isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign) and type(node.op) in SWAPPED:
        yield "swap the operator", lambda n: _with(n, op=SWAPPED[type(n.op)]())
    if isinstance(node, ast.BoolOp):
        for index in range(len(node.values)):
            yield f"leave part {index + 1} of the condition out", lambda n, i=index: _shorter(n, i)
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in NEIGHBOURS:
        names = NEIGHBOURS[node.value.id]
        if node.attr in names:
            other = names[(names.index(node.attr) + 1) % len(names)]
            yield f"{node.attr} becomes {other}", lambda n, o=other: _with(n, attr=o)
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        for index in range(len(node.keys)):
            yield f"drop row {index + 1}", lambda n, i=index: _with(n, keys=_but(n.keys, i), values=_but(n.values, i))
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        for index in range(len(node.elts)):
            yield f"drop element {index + 1}", lambda n, i=index: _with(n, elts=_but(n.elts, i))
        yield "turn the order round", lambda n: _with(n, elts=n.elts[::-1])
    if isinstance(node, ast.Call):
        yield from _calls(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value) in SILENT_CALLS:
        yield f"drop the call of {_name(node.value)}", lambda n: ast.copy_location(ast.Pass(), n)
    if isinstance(node, ast.Continue | ast.Break):
        yield "go on instead", lambda n: ast.copy_location(ast.Pass(), n)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Call | ast.IfExp):
        yield "return nothing", lambda n: _with(n, value=None)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        yield "drop the assignment", lambda n: ast.copy_location(ast.Pass(), n)


def _constants(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} becomes {not value}", lambda n: _with(n, value=not n.value)
    elif isinstance(value, int):
        yield f"{value} becomes {value + 1}", lambda n: _with(n, value=n.value + 1)
    elif isinstance(value, str):
        yield f"{value[:30]!r} becomes another text", lambda n: _with(n, value=f"{n.value}_")


def _calls(node: ast.Call) -> Iterator[Change]:
    if _name(node) in ("Add", "Rename", "Item", "InDialect", "Step", "Move", "plan", "release"):
        for index in range(1, len(node.args)):
            yield f"drop argument {index + 1} of {_name(node)}", lambda n, i=index: _with(n, args=_but(n.args, i))
        for index, keyword in enumerate(node.keywords):
            if keyword.arg not in PROSE:
                what = f"drop {keyword.arg}= of {_name(node)}"
                yield what, lambda n, i=index: _with(n, keywords=_but(n.keywords, i))
    if _name(node) in ("reversed", "sorted", "copied", "redact", "frozenset") and len(node.args) == 1:
        yield f"leave {_name(node)} out", lambda n: n.args[0]
    if _name(node) in ("min", "max"):
        other = {"min": "max", "max": "min"}[_name(node)]
        yield f"{_name(node)} becomes {other}", lambda n, o=other: _with(n, func=ast.Name(o, ast.Load()))
    if _name(node) in ("up", "down") and isinstance(node.func, ast.Attribute):
        other = {"up": "down", "down": "up"}[_name(node)]
        yield f"{_name(node)} becomes {other}", lambda n, o=other: _with(n, func=_with(n.func, attr=o))


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _with(node: Any, **fields: Any) -> Any:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _but(items: list[Any], index: int) -> list[Any]:
    return [*items[:index], *items[index + 1 :]]


def _shorter(node: ast.BoolOp, index: int) -> ast.expr:
    rest = _but(node.values, index)
    found: ast.expr = rest[0] if len(rest) == 1 else _with(node, values=rest)
    return found


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, each as the whole module."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    plain = ast.unparse(tree)
    for parent, name, index, node in _places(tree):
        for what, change in changes(node):
            _put(parent, name, index, change(node))
            source = ast.unparse(ast.fix_missing_locations(tree))
            _put(parent, name, index, node)
            if source != plain:
                yield Mutant(path, node.lineno if hasattr(node, "lineno") else parent.lineno, what, source)


def _places(node: ast.AST) -> Iterator[tuple[Any, str, int | None, Any]]:
    """(parent, field, index in it, node) of everything that a program does; not docstrings, annotations and prose."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_prose(child):
                continue
            yield node, name, index if isinstance(value, list) else None, child
            yield from _places(child)


def _is_prose(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.FunctionDef):
        return node.name in TEXT_ONLY
    if isinstance(node, ast.keyword):
        return node.arg in PROSE
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id in TYPES
    return isinstance(node, ast.JoinedStr | ast.Raise | ast.Assert | ast.Import | ast.ImportFrom)


def _put(parent: Any, name: str, index: int | None, node: Any) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


# --- trying them ---------------------------------------------------------------------------------------------


def workshop(folder: Path) -> Path:
    """A copy of the package and its tests, where modules can be replaced."""
    for name in ("migrator", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "golden").symlink_to(ROOT / "golden")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def noticed(folder: Path) -> str:
    """The stage that fails in a workshop, or nothing."""
    env = os.environ | {"PYTHONPATH": str(folder), "HYPOTHESIS_PROFILE": "mutate", "PYTHONDONTWRITEBYTECODE": "1"}
    for stage, files in STAGES.items():
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--tb=no"]
        try:
            done = subprocess.run(
                [*command, *(f"tests/{name}" for name in files)],
                cwd=folder,
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{stage}, by running in circles"
        if done.returncode:
            return stage
    return ""


def tried(mutant: Mutant, workshops: SimpleQueue[Path]) -> str:
    """What notices a mutant."""
    folder = workshops.get()
    target = folder / mutant.path
    original = target.read_bytes()
    try:
        target.write_text(mutant.source, encoding="utf-8")
        return noticed(folder)
    finally:
        target.write_bytes(original)
        workshops.put(folder)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="files to mutate, by the end of their names; all if none is given")
    parser.add_argument("--list", action="store_true", help="list the mutants and try none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many to try at once")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try one mutant of N")
    given = parser.parse_args()
    chosen = [path for path in FILES if not given.names or str(path).endswith(tuple(given.names))]
    found = [mutant for path in chosen for mutant in mutants(path)][:: given.every]
    if given.list:
        say("\n".join(map(str, [*found, f"{len(found)} mutants"])))
        return 0
    counts = dict.fromkeys(STAGES, 0)
    survivors = []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(given.jobs) as pool:
        workshops: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.jobs):
            workshops.put(workshop(Path(scratch) / str(number)))
        healthy = workshops.get()
        if stage := noticed(healthy):
            say(f"the tests fail without any mutant: {stage}")
            return 2
        workshops.put(healthy)
        results = pool.map(lambda mutant: tried(mutant, workshops), found)
        for number, (mutant, stage) in enumerate(zip(found, results, strict=True), start=1):
            if number % 50 == 0:
                say(f"{number} of {len(found)}, {mutant.path}")
            if stage:
                counts[stage.partition(",")[0]] += 1
            else:
                survivors.append(mutant)
                say(f"survives: {mutant}")
    say(f"{len(found)} mutants: {counts}, {len(survivors)} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
