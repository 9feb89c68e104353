"""Find the settings that hold here. Nothing is parsed, and nothing slow imported, where there are none.

The file is looked for in the working directory and the folders above it, never in the folders of the data: a tree of
somebody else's exports must not decide how it is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from migrator.errors import UsageError
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.settings.keys import Setting

FILE: Final = "aiperf-migrate.toml"
PROJECT: Final = "pyproject.toml"
TABLE: Final = "aiperf-migrate"
_PREFIX: Final = "AIPERF_MIGRATE_"
CONFIG: Final = "AIPERF_MIGRATE_CONFIG"
"""Names the settings file; empty, none is read."""
_OTHERS: Final = (CONFIG, "AIPERF_MIGRATE_RELEASES")
"""Variables that are no settings; the second is that of the recorder and the judge."""


class Found(NamedTuple):
    """The value of a setting, and the file or variable that it is from."""

    value: Any
    source: str


@cache
def found() -> dict[str, Found]:
    """Name → value of each setting that is set; a variable goes before a file.

    Raises:
        UsageError: a file cannot be read, or has an unknown key or a value of the wrong kind.
    """
    of_environment = dict(_variables())
    path = _path()
    settings = _read(path) if path else {}
    if not (settings or of_environment):
        return {}
    from migrator.settings.keys import BY_NAME

    known = {setting.variable: setting for setting in BY_NAME.values()}
    for variable, text in of_environment.items():
        setting = known.get(variable)
        if setting is None:
            raise UsageError(
                f"no such setting: {variable}{_near(variable, known)}", hint="aiperf-migrate config lists them"
            )
        value = setting.of_text(text)
        if setting.group:
            # One of a group puts away the others, wherever they are set.
            settings = {name: at for name, at in settings.items() if BY_NAME[name].group != setting.group}
        settings[setting.name] = Found(_fitting(setting, value, variable), variable)
    _require_one_a_group(settings)
    return settings


def _variables() -> Iterator[tuple[str, str]]:
    """The variables that are set, and not empty."""
    for name, text in os.environ.items():
        if name.startswith(_PREFIX) and name not in _OTHERS and text:
            yield name, text


def _path() -> str | None:
    """The file of settings that holds in this folder."""
    named = os.environ.get(CONFIG)
    if named is not None:
        return os.path.abspath(named) if named else None
    try:
        folder = os.getcwd()
    except OSError:
        return None
    while True:
        for name in (FILE, PROJECT):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (name == FILE or _is_meant(path)):
                return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _is_meant(project: str) -> bool:
    """Whether a pyproject.toml has settings of this tool. One that cannot be read is somebody else's affair."""
    try:
        with open(project, "rb") as file:
            if not _may_have_table(file.read()):
                return False
        import tomllib

        with open(project, "rb") as file:
            return TABLE in tomllib.load(file).get("tool", {})
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def _may_have_table(raw: bytes) -> bool:
    """Whether a pyproject.toml needs to be parsed: one that has this tool among its dependencies, say, does not."""
    return TABLE.encode() in raw and re.search(_HEADER, raw, re.MULTILINE) is not None


_HEADER: Final = rb"""^[\[ \t]*["']?tool["']?[ \t]*([\]=]|\.[ \t]*["']?%s)""" % TABLE.encode()
"""How the table begins, or one above it: `[tool.aiperf-migrate]`, `[tool]`, `tool = {`, `tool.aiperf-migrate.jobs`."""


def _read(path: str) -> dict[str, Found]:
    import tomllib

    from migrator.settings.keys import BY_NAME

    try:
        with open(path, "rb") as file:
            owner = os.fstat(file.fileno()).st_uid
            tables = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read as settings: {error}", expected="a TOML file", file=path) from error
    if owner not in (os.getuid(), 0) and CONFIG not in os.environ:
        raise UsageError(
            "belongs to another user, who would decide how this command works",
            hint=f"{CONFIG}={path} says that it is meant, {CONFIG}= that it is not",
            file=path,
        )
    rows = tables
    if os.path.basename(path) == PROJECT:
        rows = tables.get("tool", {}).get(TABLE, {})
    if type(rows) is not dict:
        raise UsageError(f"tool.{TABLE} is not a table", file=path)
    settings = {}
    for name, value in rows.items():
        setting = BY_NAME.get(name)
        if setting is None:
            raise UsageError(
                f'no such setting: "{name}"{_near(name, BY_NAME)}', hint="aiperf-migrate config lists them", file=path
            )
        settings[name] = Found(_based(setting, _fitting(setting, value, path), os.path.dirname(path)), path)
    return settings


def _fitting(setting: Setting, value: Any, source: str) -> Any:
    if not setting.fits(value):
        raise UsageError(f"{setting.name} is {value!r}", expected=setting.expected, file=source)
    return value


def _based(setting: Setting, value: Any, folder: str) -> Any:
    """File names as they are from the working directory: those in a file are relative to its folder."""
    if setting.kind == "file":
        return _from_here(os.path.join(folder, value))
    return [_from_here(os.path.join(folder, name)) for name in value] if setting.kind == "files" else value


def _from_here(path: str) -> str:
    """The shortest name of a file: relative where it is below the working directory."""
    here = os.getcwd() + os.sep
    return path.removeprefix(here)


def _near(name: str, known: dict[str, Any]) -> str:
    from difflib import get_close_matches

    return "".join(f", did you mean {meant}?" for meant in get_close_matches(name, list(known), 1))


def _require_one_a_group(settings: dict[str, Found]) -> None:
    from migrator.settings.keys import BY_NAME

    groups: dict[str, str] = {}
    for name, at in settings.items():
        group = BY_NAME[name].group
        if group and group in groups:
            raise UsageError(
                f"{groups[group]} and {name} contradict each other", hint="set one of them", file=at.source
            )
        if group:
            groups[group] = name
