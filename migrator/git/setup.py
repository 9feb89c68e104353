"""Set up git to show exports by this tool, for one repository or for all of a user, and undo that.

Two files change: git's configuration, which says how `diff=aiperf` is shown, and its attributes, which say what is
`diff=aiperf`. Locally these are `.git/config` and `.git/info/attributes`, so that no file of the working tree is
touched; globally `~/.gitconfig` and `~/.config/git/attributes`, or what the user has set instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Final

from migrator._version import __version__
from migrator.errors import UnwritableError
from migrator.git import blocks
from migrator.git.command import GitError, run_git, try_git
from migrator.git.textconv import SECTION
from migrator.values import NamedTuple

PATTERN: Final = "*profile_export_aiperf*.json"
"""Names of AIPerf's exports, with prefixes and phases. Files of other families match too, and are shown as they are."""
ATTRIBUTES: Final = f"{PATTERN} diff=aiperf"
EXAMPLE: Final = "profile_export_aiperf.json"
_HEADER: Final = '[diff "aiperf"]'
_CACHE: Final = "refs/notes/textconv/aiperf"
"""Where git keeps the output of textconv, if `cachetextconv` is on."""


class Place(NamedTuple):
    """The two files of a set-up, and whether it is for all repositories of a user."""

    config: str
    attributes: str
    is_global: bool


class Status(NamedTuple):
    """What is set up in a place: `none`, `installed`, or `other` (by another version or installation of the tool)."""

    place: Place
    state: str
    textconv: str
    command: str


def settings(*, driver: bool = True) -> dict[str, str]:
    """Key below `diff.aiperf` → value, for this installation of the tool.

    The interpreter is named by its path, so that a virtual environment need not be active. With `-P` it does not import
    modules from the folder it is started in, which is a repository with any content.
    """
    tool = f"{_quoted(sys.executable)} -P -m migrator"
    # git caches the output of textconv by its command: a new version of the tool must be a new command.
    found = {
        "textconv": f"AIPERF_MIGRATE={__version__} {tool} textconv",
        "cachetextconv": "true",
        "xfuncname": SECTION,
    }
    return found | ({"command": f"{tool} git driver"} if driver else {})


def place(cwd: str, *, is_global: bool) -> Place:
    """The files to change.

    Raises:
        GitError: not in a repository; or, globally, no home folder.
        UnwritableError: globally, `GIT_CONFIG_GLOBAL` names the null device.
    """
    if is_global:
        return Place(_global_config(), _global_attributes(), True)
    paths = [_path_in_git_folder(name, cwd) for name in ("config", "info/attributes")]
    return Place(paths[0], paths[1], False)


def install(where: Place, *, driver: bool = True) -> list[str]:
    """Set up, or update a set-up to this installation of the tool. Returns the files that changed.

    Raises:
        GitError: `diff.aiperf` is set up for something else, which is not overwritten.
        UnwritableError: no permission, or git is changing the file.
    """
    _require_free(where)
    lines = [f"\t{key} = {_value(value)}" for key, value in settings(driver=driver).items()]
    changed = [_put(where.config, lines, _is_setting, _HEADER), _put(where.attributes, [ATTRIBUTES], _is_attribute)]
    return [path for path in changed if path]


def uninstall(where: Place, cwd: str) -> list[str]:
    """Remove what [`install`][] inserted, and nothing else. Returns the files that changed.

    Raises:
        UnwritableError: no permission, or git is changing the file.
    """
    changed = []
    for path, is_ours, header in ((where.config, _is_setting, _HEADER), (where.attributes, _is_attribute, "")):
        removal = blocks.remove(blocks.read(path), is_ours, header)
        if removal.found:
            blocks.write(path, removal.text)
            changed.append(path)
    if changed and not where.is_global:
        # The cached texts are of no use any more, and a mirror would copy them.
        try_git("update-ref", "-d", _CACHE, cwd=cwd)
    return changed


def status(where: Place) -> Status:
    """What is set up in a place."""
    found = {key: _get(where, key) for key in ("textconv", "command")}
    attributes = ATTRIBUTES in blocks.read(where.attributes).split("\n")
    if not any(found.values()) and not attributes:
        state = "none"
    else:
        wanted = settings(driver=bool(found["command"]))
        current = attributes and all(_get(where, key) == value for key, value in wanted.items())
        state = "installed" if current else "other"
    return Status(where, state, found["textconv"], found["command"])


def in_effect(cwd: str) -> bool:
    """Whether git shows exports by this tool in the repository that a folder is in, from whichever set-up."""
    checked = run_git("check-attr", "diff", "--", EXAMPLE, cwd=cwd).decode("utf-8", "replace")
    code, out, _ = try_git("config", "--get", "diff.aiperf.textconv", cwd=cwd)
    return checked.strip().endswith(": aiperf") and code == 0 and _is_tool(os.fsdecode(out))


def _put(path: str, lines: list[str], is_ours: Callable[[str], bool], header: str = "") -> str:
    """Give a file our lines; its path if that changed it, else an empty string."""
    before = blocks.read(path)
    if blocks.own(before, is_ours) == lines:
        return ""
    without = blocks.remove(before, is_ours, header).text
    is_new = without is None or not os.path.lexists(path)
    blocks.write(path, blocks.insert(without or "", lines, header=header, is_new=is_new))
    return path


def _require_free(where: Place) -> None:
    for key in ("textconv", "command"):
        value = _get(where, key)
        if value and not _is_tool(value):
            raise GitError(
                f"diff.aiperf.{key} is already set to {value!r}",
                hint=f"`git config {'--global ' * where.is_global}--unset diff.aiperf.{key}` removes it",
                file=where.config,
            )


def _get(where: Place, key: str) -> str:
    """A value in the file itself, without includes; empty if it is not set there."""
    code, out, _ = try_git("config", "--file", where.config, "--get", f"diff.aiperf.{key}")
    return os.fsdecode(out).removesuffix("\n") if code == 0 else ""


def _is_tool(value: str) -> bool:
    return " -m migrator " in value or "aiperf-migrate" in value


def _is_setting(line: str) -> bool:
    key, _, value = line.strip().partition(" = ")
    if key in ("textconv", "command"):
        return _is_tool(value)
    return key in ("cachetextconv", "xfuncname") and value == _value(settings()[key])


def _is_attribute(line: str) -> bool:
    return line == ATTRIBUTES


def _quoted(text: str) -> str:
    """A word quoted for the shell, with which git runs commands; its paths have slashes on Windows, too."""
    import shlex

    return shlex.quote(text.replace("\\", "/") if os.sep == "\\" else text)


def _value(text: str) -> str:
    """A value in git's configuration syntax."""
    plain = text.isalnum() and text.isascii()
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _path_in_git_folder(name: str, cwd: str) -> str:
    path = os.fsdecode(run_git("rev-parse", "--git-path", name, cwd=cwd)).removesuffix("\n")
    return os.path.normpath(os.path.join(cwd, path))


def _global_config() -> str:
    """The file that `git config --global` writes to (git-config(1), FILES)."""
    chosen = os.environ.get("GIT_CONFIG_GLOBAL")
    if chosen == os.devnull:
        raise UnwritableError("is not a file", hint="set GIT_CONFIG_GLOBAL to a file, or unset it", file=chosen)
    if chosen:
        return chosen
    usual, other = os.path.join(_home(), ".gitconfig"), os.path.join(_settings_folder(), "git", "config")
    return other if os.path.exists(other) and not os.path.exists(usual) else usual


def _global_attributes() -> str:
    """The file that git reads for all repositories (gitattributes(5))."""
    for scope in ("--global", "--system"):
        code, out, _ = try_git("config", scope, "--type=path", "--get", "core.attributesFile", cwd=os.sep)
        if code == 0:
            return os.fsdecode(out).removesuffix("\n")
    return os.path.join(_settings_folder(), "git", "attributes")


def _settings_folder() -> str:
    return os.environ.get("XDG_CONFIG_HOME") or os.path.join(_home(), ".config")


def _home() -> str:
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise GitError("no home folder found", hint="set HOME")
    return home
