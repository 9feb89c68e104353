"""`aiperf-migrate config`: the settings that hold here, and where each is from."""

from __future__ import annotations

import json
from typing import Any, Final

from migrator.cli.parser import Parser
from migrator.cli.report import say_json
from migrator.cli.streams import say
from migrator.errors import ExitCode
from migrator.render.safe import printable
from migrator.render.text import table
from migrator.settings.find import found
from migrator.settings.keys import SETTINGS

_EPILOG: Final = """\
what goes before what: an option of the command line, then a variable, then the file, then
the default. --exclude adds to the setting.

  # aiperf-migrate.toml, or [tool.aiperf-migrate] in pyproject.toml
  policy = "bench/policy.toml"
  exclude = ["scratch/"]"""


class Options:
    """What the command line says."""

    json: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Show the settings that hold in this folder, and where each is from: aiperf-migrate.toml or the table "
        "[tool.aiperf-migrate] of pyproject.toml, in this folder or the nearest one above it, or variables named "
        "AIPERF_MIGRATE_*. AIPERF_MIGRATE_CONFIG names another file; empty, none is read.",
        _EPILOG,
    )
    parser.add_json()
    return parser


def run(options: Options) -> int:
    """Print each setting with its value and source."""
    here = found()
    rows = [("setting", "value", "from")]
    for setting in SETTINGS:
        at = here.get(setting.name)
        value, source = (at.value, at.source) if at else (None, "")
        row = {"setting": setting.name, "value": value, "default": setting.default, "source": source}
        if options.json:
            say_json("config", row | {"about": setting.about})
        rows.append((setting.name, _shown(value) if at else setting.default, printable(source) or "default"))
    for line in () if options.json else table(rows):
        say(line)
    return ExitCode.OK


def _shown(value: Any) -> str:
    return printable(value if type(value) is str else json.dumps(value, ensure_ascii=False))
