"""Change the program in many small ways, one at a time, and see whether the tests notice.

    python -m search.mutate                       # all mutants of all rooms; takes hours
    python -m search.mutate diff config           # of some rooms (see ROOMS)
    python -m search.mutate ops.py residue.py     # of some files
    python -m search.mutate --sample 100 --seed 1 # as many, drawn at random from each room alike
    python -m search.mutate --list                # only say what would be done

Each mutant is one change of one place of the syntax tree (a condition turned round, a row of a table left out, a call
that reports dropped, a class of loss exchanged, a number off by one, …), made in a copy of the package; the tests of
its room run against the copy, stage by stage. A mutant that no test notices is printed: either a test is missing, or
the change makes no difference. `survivors.toml` has the reasons of those that are known; with `--write` the figures
go into `docs/mutations.md`. Run by hand and by `make mutate`; not part of the tests themselves.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import copy
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "mutations.md"
SURVIVORS: Final = Path(__file__).parent / "survivors.toml"
"""Survivors that are known: where, what was changed, and why no test need notice."""


class Planted(NamedTuple):
    """A change that the tests of a room must notice: a file, a text in it, and what takes its place."""

    file: str
    old: str
    new: str


class Room(NamedTuple):
    """A part of the package: its files, and the tests in the order they are tried; the first that notices ends it.

    `imported` is a module that the tests of every stage import. `planted` is tried before any mutant, to see that the
    tests notice anything at all.
    """

    files: tuple[str, ...]
    stages: dict[str, tuple[str, ...]]
    imported: str
    planted: Planted


_LAWS: Final = {
    "laws": (
        "migration/test_laws.py::test_generated_documents",
        "migration/test_laws.py::test_real_documents",
    )
}
_OWN: Final = {"AIPerf's own files": ("golden/test_own_files.py", "golden/test_golden.py")}
_OF_THE_CHAIN: Final = {
    "unit tests": (
        "chain",
        *(
            f"migration/test_{name}.py"
            for name in ("migrate", "residue", "beside", "genai_perf", "goal", "newer_minor", "json_patch")
        ),
        "identify/test_identify.py",
        "aiperf/test_metadata.py",
        "redact/test_redact.py",
    ),
    **_OWN,
    **_LAWS,
}
ROOMS: Final[dict[str, Room]] = {
    "aiperf": Room(
        ("aiperf/metrics.py", "aiperf/units.py", "aiperf/directions.py", "aiperf/releases.py"),
        {"unit tests": ("aiperf", "table")},
        "aiperf/metrics.py",
        Planted("aiperf/metrics.py", '"p10", ', ""),
    ),
    "chain": Room(
        ("chain/operation.py", "chain/ops.py", "chain/places.py", "chain/telemetry.py", "chain/steps/s*_to_*.py"),
        _OF_THE_CHAIN,
        "chain/ops.py",
        Planted(
            "chain/steps/s0_1_to_0_2.py",
            """"ttft": "time_to_first_token",
                "ttst": "time_to_second_token",""",
            """"ttft": "time_to_second_token",
                "ttst": "time_to_first_token",""",
        ),
    ),
    "migration": Room(
        ("migration/*.py",),
        # Recipes and shapes are what a batch remembers.
        _OF_THE_CHAIN | {"batches": ("batch/test_repeated.py",)},
        "migration/migrate.py",
        Planted("migration/residue.py", "hexdigest()[:32]", "hexdigest()[:31]"),
    ),
    "config": Room(
        ("config/*.py",),
        {"unit tests": ("config",), **_OWN, **_LAWS},
        "config/translate.py",
        Planted("config/field_pairs.py", f"endpoint.streaming{' ' * 38}endpoint.streaming\n", ""),
    ),
    "diff": Room(
        ("diff/*.py", "diff/statistics/*.py"),
        {
            "unit tests": ("diff", "aiperf/test_order_statistics.py"),
            "what is shown of it": ("render", "tui/test_tui_compare.py"),
        },
        "diff/receipt.py",
        Planted("diff/statistics/percentile.py", '"p95": 95.0', '"p95": 94.0'),
    ),
    "redact": Room(
        ("redact/*.py",),
        {"unit tests": ("redact",)},
        "redact/document.py",
        Planted("redact/names.py", '"auth", "token", "secret"', '"token", "secret"'),
    ),
    "table": Room(
        ("table/*.py",),
        {"unit tests": ("table", "aiperf/test_order_statistics.py")},
        "table/rows.py",
        Planted("table/rows.py", "for name in STATISTICS:", "for name in STATISTICS[1:]:"),
    ),
    "backfill": Room(
        ("backfill/*.py",),
        {"unit tests": ("backfill",)},
        "backfill/fill.py",
        Planted("backfill/statistics.py", "percent / 100 * (len(ordered) - 1)", "percent / 100 * len(ordered)"),
    ),
}
PLANTED: Final = "planted by mutate"
"""What a module says that cannot be imported."""
PATIENCE: Final = 900
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
    """One change: where it is, what it does, which one of its file it is (from 0), and the room of the file."""

    path: Path
    line: int
    what: str
    number: int
    room: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


# --- making mutants ------------------------------------------------------------------------------------------

Change = tuple[str, Callable[[Any], Any]]
"""(what it does, a function from the node to the one that takes its place)."""
Place = tuple[Any, str, int | None, Any]
"""(parent, field, index in it, node)."""


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
        # What follows the number of a release does not count, so another number stands before it.
        other = f"9{value}" if value[:1].isdigit() else f"{value}_"
        yield f"{value[:30]!r} becomes another text", lambda n: _with(n, value=other)


def _calls(node: ast.Call) -> Iterator[Change]:
    if _name(node) in ("Add", "Rename", "AddedField", "InDialect", "Step", "Context", "plan", "release"):
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
    """Every mutant of a file."""
    for number, (_, (parent, _, _, node), (what, change)) in enumerate(_changed_places(path)):
        if ast.unparse(ast.fix_missing_locations(change(node))) != ast.unparse(node):
            yield Mutant(path, node.lineno if hasattr(node, "lineno") else parent.lineno, what, number)


def source_of(mutant: Mutant) -> str:
    """The whole module with the change of a mutant; not kept, since there are thousands."""
    tree, (parent, name, index, node), (_, change) = next(islice(_changed_places(mutant.path), mutant.number, None))
    _put(parent, name, index, change(node))
    return ast.unparse(ast.fix_missing_locations(tree))


def _changed_places(path: Path) -> Iterator[tuple[ast.Module, Place, Change]]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return ((tree, place, change) for place in _places(tree) for change in changes(place[-1]))


def _places(node: ast.AST) -> Iterator[Place]:
    """Everything that a program does; not docstrings, annotations and prose."""
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
    for name in ("migrator", "tui", "tests", "oracle"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("golden", "docs", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    # Tests start the command line hundreds of times; none of those shall compile the package again.
    for name in ("migrator", "tui", "tests"):
        compileall.compile_dir(folder / name, quiet=1)
    return folder


def complaint(folder: Path, files: Iterable[str]) -> str | None:
    """What tests say that fail in a workshop; None if they pass.

    Raises:
        subprocess.TimeoutExpired: they run in circles.
    """
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "tests")]),
        "HYPOTHESIS_PROFILE": "mutate",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "--tb=short"]
    done = subprocess.run(
        [*command, *(f"tests/{name}" for name in files)],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout.decode(errors="replace") if done.returncode else None


class Noticed(NamedTuple):
    """The stage of a room that fails, and the first test of it that does; both empty for a survivor."""

    stage: str = ""
    test: str = ""


def noticed(folder: Path, room: str) -> Noticed:
    """What fails in a workshop, if anything does."""
    for stage, files in ROOMS[room].stages.items():
        try:
            if (said := complaint(folder, files)) is not None:
                return Noticed(stage, first_failure(said))
        except subprocess.TimeoutExpired:
            return Noticed(stage, f"none ends in {PATIENCE} s")
    return Noticed()


def first_failure(said: str) -> str:
    """The test, or the file that cannot be read, that pytest names first."""
    found = re.search(r"^(?:FAILED|ERROR) tests/(\S+)", said, re.MULTILINE)
    return found[1].partition("[")[0] if found else "the tests do not start"


@contextmanager
def changed(target: Path, source: str) -> Iterator[None]:
    """A module of a workshop with another text, for a while."""
    original, before = target.read_bytes(), target.stat()
    try:
        target.write_text(source, encoding="utf-8")
        yield
    finally:
        target.write_bytes(original)
        os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))


def unfit(folder: Path, room: str) -> str:
    """Why the tests of a room say nothing about mutants in this workshop; empty if they do.

    They must pass without a mutant. Each stage must fail by a module that cannot be imported, which shows that it
    imports the module of the workshop and no other. And the planted change must be noticed.
    """
    package, (_, stages, imported, planted) = folder / "migrator", ROOMS[room]
    with changed(package / imported, f'raise RuntimeError("{PLANTED}")\n'):
        for stage, files in stages.items():
            if PLANTED not in (complaint(folder, files) or ""):
                return f"the {stage} do not import {imported} from the copy"
    target = package / planted.file
    text = target.read_text(encoding="utf-8")
    if planted.old not in text:
        return f"{planted.file} has no {planted.old!r}, which the planted change replaces"
    with changed(target, text.replace(planted.old, planted.new, 1)):
        if not noticed(folder, room).stage:
            return f"no test notices the planted change of {planted.file}"
    if failing := noticed(folder, room).test:
        return f"{failing} fails without any mutant"
    return ""


def tried(mutant: Mutant, workshops: SimpleQueue[Path]) -> Noticed:
    """What notices a mutant."""
    folder = workshops.get()
    try:
        with changed(folder / mutant.path, source_of(mutant)):
            return noticed(folder, mutant.room)
    finally:
        workshops.put(folder)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def files_of(room: str) -> list[Path]:
    """The files of a room that can be mutated, from the root of the checkout."""
    base = ROOT / "migrator"
    found = {path for pattern in ROOMS[room].files for path in base.glob(pattern) if path.name != "__init__.py"}
    return sorted(path.relative_to(ROOT) for path in found)


def found_in(room: str, names: list[str]) -> list[Mutant]:
    """The mutants of a room: of all its files if it is named or nothing is, else of the files that are."""
    whole = not names or room in names
    chosen = [path for path in files_of(room) if whole or str(path).endswith(tuple(names))]
    return [replace(mutant, room=room) for path in chosen for mutant in mutants(path)]


def drawn(by_room: dict[str, list[Mutant]], count: int, seed: int) -> list[Mutant]:
    """So many mutants, as many of each room as of the others, in an order in which rooms take turns."""
    random = Random(seed)
    left = {room: random.sample(found, len(found)) for room, found in by_room.items() if found}
    chosen: list[Mutant] = []
    while left and len(chosen) < count:
        for room in list(left):
            chosen.append(left[room].pop())
            if not left[room]:
                del left[room]
    return chosen[:count]


class Tried(NamedTuple):
    """A mutant, and what noticed it."""

    mutant: Mutant
    by: Noticed


def reasons() -> dict[tuple[str, str], str]:
    """(file, what was changed) → why it makes no difference."""
    rows = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    return {(row["file"], row["what"]): row["reason"] for row in rows}


def page(results: list[Tried], total: Counter[str], told: str) -> str:
    """The figures for people: one line a room, then the survivors."""
    known = reasons()
    lines = [
        "# Mutations",
        "",
        "Generated by `make mutate`; do not edit. A mutant is the program with one small change; a test should fail.",
        "",
        told,
        "",
        "| room | mutants there are | tried | noticed, by which stage | survive |",
        "|---|---|---|---|---|",
    ]
    for room in total:
        mine = [row for row in results if row.mutant.room == room]
        stages = Counter(row.by.stage for row in mine if row.by.stage)
        by = ", ".join(f"{stage} {count}" for stage, count in stages.items()) or "none"
        alive = len(mine) - stages.total()
        lines.append(f"| `{room}` | {total[room]} | {len(mine)} | {by} | {alive} |")
    alive_rows = [row.mutant for row in results if not row.by.stage]
    lines += ["", "## Survivors", ""]
    if alive_rows:
        lines += ["| where | change | reason |", "|---|---|---|"]
    else:
        lines.append("None of those that were tried.")
    for mutant in alive_rows:
        why = known.get((str(mutant.path), mutant.what), "**a test is missing**")
        lines.append(f"| {_where(mutant)} | {why} |")
    lines += ["", "## Noticed, by the test that fails first", "", "| where | change | test |", "|---|---|---|"]
    lines += [f"| {_where(row.mutant)} | `{row.by.test}` |" for row in results if row.by.stage]
    return "\n".join([*lines, ""])


def _where(mutant: Mutant) -> str:
    what = mutant.what.replace("|", "\\|")
    return f"`{mutant.path}` line {mutant.line} | {what}"


def attempt(chosen: list[Mutant], jobs: int, minutes: float) -> list[Tried] | None:
    """Try mutants until the time is up; None if the tests would not tell."""
    end = time.monotonic() + minutes * 60 if minutes else float("inf")
    results: list[Tried] = []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(jobs) as pool:
        workshops: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            workshops.put(workshop(Path(scratch) / str(number)))
        healthy = workshops.get()
        for room in dict.fromkeys(mutant.room for mutant in chosen):
            if why := unfit(healthy, room):
                say(f"{room}: {why}")
                return None
            say(f"{room}: the tests import the copy, and notice the planted change of {ROOMS[room].planted.file}")
        workshops.put(healthy)

        def outcome(mutant: Mutant) -> Noticed | None:
            return tried(mutant, workshops) if time.monotonic() < end else None

        for mutant, by in zip(chosen, pool.map(outcome, chosen), strict=True):
            if by is None:
                break
            results.append(Tried(mutant, by))
            say(f"{len(results)} of {len(chosen)}: {mutant}: {by.test or 'SURVIVES'}")
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="rooms, or files by the end of their names; all if none is given")
    parser.add_argument("--list", action="store_true", help="list the mutants and try none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many to try at once")
    parser.add_argument("--sample", type=int, metavar="N", help="try N of them, drawn from each room alike")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument("--minutes", type=float, default=0, metavar="M", help="start no mutant after M minutes")
    parser.add_argument("--write", action="store_true", help=f"put the figures into {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    total = Counter({room: len(found_in(room, [])) for room in ROOMS})
    by_room = {room: found for room in ROOMS if (found := found_in(room, given.names))}
    every = [mutant for found in by_room.values() for mutant in found]
    chosen = drawn(by_room, given.sample, given.seed) if given.sample else every
    if given.list:
        say("\n".join(map(str, [*chosen, f"{len(chosen)} of {len(every)} mutants"])))
        return 0
    results = attempt(chosen, given.jobs, given.minutes)
    if results is None:
        return 2
    alive = sum(not row.by.stage for row in results)
    told = f"{len(results)} of {total.total()} mutants were tried; {alive} survive."
    if given.sample:
        told += f" They are a sample (`--sample {given.sample} --seed {given.seed}`), drawn from each room alike."
    if given.write:
        PAGE.write_text(page(results, total, told), encoding="utf-8")
    say(told)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
