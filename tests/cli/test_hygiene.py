"""What a command imports, and what it says of itself."""

from __future__ import annotations

import argparse
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from support.process import environment, export, run

from migrator.cli.main import COMMANDS

HEAVY: Final = frozenset(
    {"textual", "pydantic", "pydantic_core", "deepdiff", "numpy", "scipy", "rich", "hypothesis", "jsonschema", "dask"}
    | {"distributed", "tornado"}
)
"""Slow to import, and for few commands only; a start-up pays for none of them."""
SUMMARY: Final = str(export("0.4.0/chat-streaming"))
LAB: Final = tuple(str(export(f"lab/base-{number}")) for number in (1, 2))

IMPORTED: Final = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("\\n".join(sorted({name.partition(".")[0] for name in sys.modules}))))
from migrator.cli.start import run
run()
"""
"""Runs the tool and, at its very end, tells every package that was imported on the way."""


def imported(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout
    return set(done.stderr.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("upgrade", "--help"),
        ("check", "--help"),
        ("upgrade", SUMMARY, "--dry-run", "--jobs", "2"),
        ("schema", "--help"),
        ("versions",),
        ("inspect", SUMMARY),
        ("inspect", SUMMARY, "--json"),
        ("check", SUMMARY),
        ("table", SUMMARY),
        ("upgrade", SUMMARY),
        ("upgrade", SUMMARY, "--diff"),
        ("convert", SUMMARY, "--to", "1.2", "--dry-run", "--explain"),
        ("diff", SUMMARY, SUMMARY),
        ("diff", SUMMARY, SUMMARY, "--format", "markdown"),
    ],
    ids=lambda arguments: " ".join(Path(part).name for part in arguments),
)
def test_start_up_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    found = imported(*arguments)
    assert "migrator" in found
    assert not found & HEAVY


def test_help_needs_no_more_than_it_says() -> None:
    assert not imported("--help") & {"orjson", "json", "argparse", "dataclasses"}


def test_the_version_needs_nothing() -> None:
    """`typing` alone, and what it imports, takes as long as half an interpreter."""
    plain = {"migrator", "sys", "builtins", "atexit", "__main__", "site", "os", "io", "abc", "stat", "codecs"}
    mine = {name for name in imported("--version") - plain if not name.startswith("_")}
    assert not mine & {"typing", "re", "contextlib", "functools", "collections", "argparse", "json"}


SLOW: Final = frozenset({"dataclasses", "inspect", "ast", "dis", "tokenize"})
"""What takes a tenth of a short command to import, and makes classes that `migrator.values` makes for nothing.

`orjson` imports them, too.
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", SUMMARY),
        ("versions",),
        ("check", SUMMARY),
        ("table", SUMMARY),
        ("diff", *LAB),
    ],
    ids=lambda arguments: " ".join(Path(part).name for part in arguments),
)
def test_what_reads_few_files_does_without(arguments: tuple[str, ...]) -> None:
    slow = {"orjson", "pathlib", "urllib", "tempfile", "pickle", "random", "statistics", "_hashlib", "locale", "email"}
    assert not imported(*arguments) & (SLOW | slow)


def test_runs_without_a_fault_are_compared_without_the_rules_of_check() -> None:
    code = (
        "import sys; from migrator.cli.main import main; main(sys.argv[1:]); assert 'migrator.check' not in sys.modules"
    )
    command = [sys.executable, "-c", code, "diff", *LAB]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_list_of_what_is_heavy_would_be_noticed() -> None:
    assert "pydantic" in imported("schema", "1.0")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_of_80_columns(name: str) -> None:
    done = run(name, "--help")
    assert (done.code, done.stderr) == (0, "")
    assert done.lines[0].startswith(f"usage: aiperf-migrate {name} ")
    assert all(len(line) <= 80 for line in done.lines)
    assert done == run(name, "-h")
    narrow = run(name, "--help", env={"COLUMNS": "60"})
    below_usage = narrow.lines[narrow.lines.index("") :]
    assert all(len(line) <= 60 for line in below_usage), "a choice in the usage may be longer"


@pytest.mark.parametrize(("name", "module"), [(name, module) for name, (module, _) in COMMANDS.items()])
def test_each_command_is_there(name: str, module: str) -> None:
    found = import_module(f"migrator.cli.commands.{module}")
    assert f"`aiperf-migrate {name}" in found.__doc__
    assert len(COMMANDS[name][1]) <= 80 - 13
    parser = found.arguments(name)
    set_by_the_parser = {action.dest for action in parser._actions if action.dest != "help"} | parser._defaults.keys()
    declared = {name: kind for base in found.Options.__mro__ for name, kind in inspect.get_annotations(base).items()}
    assert set_by_the_parser == declared.keys()
    for action in parser._actions[1:]:
        is_flag = action.nargs == 0
        is_list = action.nargs in ("+", "*") or isinstance(action, argparse._AppendAction)
        assert (declared[action.dest] == "bool") == is_flag
        assert declared[action.dest].startswith("list[str]") == is_list
    assert list(inspect.signature(found.run).parameters) == ["options"]


def test_the_overview_names_each_command_once() -> None:
    shown = [line.split()[0] for line in run("help").lines if line.startswith("  ") and "aiperf-migrate" not in line]
    assert sorted(shown) == sorted(COMMANDS)


def test_help_of_all_options_is_there() -> None:
    text = " ".join(run("upgrade", "--help").stdout.split())
    for option in ("-o", "-d", "--in-place", "--check", "--dry-run", "--diff", "--explain", "--json", "--ledger"):
        assert f" {option}" in text
    assert "exit codes:" in run("--help").stdout
