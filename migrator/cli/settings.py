"""Options that the command line leaves open, filled in from the settings."""

from __future__ import annotations

from argparse import ArgumentError, ArgumentParser
from collections.abc import Sequence
from typing import Any, Final

from migrator.cli.streams import complain
from migrator.errors import UsageError
from migrator.settings.find import Found, found


class _Nothing:
    """The value of an option that was not given."""


_NOTHING: Final = _Nothing()


class Open:
    """Some options of a parser, with settings that stand in for them.

    Args:
        parser: the parser of a command.
        names: the settings that it takes.
        options: what is parsed into.
    """

    def __init__(self, parser: ArgumentParser, names: Sequence[str], options: object) -> None:
        self._set = {name: at for name, at in found().items() if name in names}
        self._defaults: dict[str, Any] = {}
        if not self._set:
            return
        self._parser = parser
        self._actions = {action.dest: action for action in parser._actions}
        for group in parser._mutually_exclusive_groups:
            if any(_attribute(name) in {action.dest for action in group._group_actions} for name in self._set):
                group.required = False
        for name in self._set:
            self._leave_open(options, name)

    def _leave_open(self, options: object, name: str) -> None:
        for attribute in _rivals(name):
            if attribute in self._actions and not isinstance(self._actions[attribute].default, list):
                self._defaults[attribute] = self._actions[attribute].default
                setattr(options, attribute, _NOTHING)

    def fill(self, options: object) -> None:
        """Set what is still open, and say which settings that took."""
        given = {name: getattr(options, name) for name in self._defaults if getattr(options, name) is not _NOTHING}
        for attribute, default in self._defaults.items():
            if attribute not in given:
                setattr(options, attribute, default)
        taken: dict[str, list[str]] = {}
        for name, at in self._set.items():
            if not given.keys() & set(_rivals(name)):
                self._take(options, name, at)
                taken.setdefault(at.source, []).append(name)
        if not getattr(options, "quiet", False):
            # A gate or a batch that a file has changed says so: nobody sees it on the command line.
            complain(*(f"settings of {source}: {', '.join(names)}" for source, names in taken.items()))

    def _take(self, options: object, name: str, at: Found) -> None:
        attribute = _attribute(name)
        value, action = at.value, self._actions[attribute]
        if isinstance(action.default, list):
            value = [*value, *getattr(options, attribute)]
        elif isinstance(value, list):
            value = ",".join(value)
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            try:
                value = self._parser._get_value(action, str(value))
                self._parser._check_value(action, value)
            except ArgumentError as error:
                raise UsageError(f"{name}: {error.message}", file=at.source) from error
        setattr(options, attribute, value)


def _attribute(name: str) -> str:
    from migrator.settings.keys import BY_NAME

    return BY_NAME[name].attribute


def _rivals(name: str) -> list[str]:
    """The attributes of the settings of which only one is meant, this one among them."""
    from migrator.settings.keys import BY_NAME, SETTINGS

    group = BY_NAME[name].group
    return [one.attribute for one in SETTINGS if one.name == name or (group and one.group == group)]
