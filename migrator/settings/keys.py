"""Every setting: its name, what its values are, and the options that it stands in for."""

from __future__ import annotations

from typing import Any, Final, Literal

from migrator.values import NamedTuple

Kind = Literal["text", "texts", "flag", "file", "files", "count"]


class Setting(NamedTuple):
    """One setting. A `file` is relative to the folder of the settings file that names it.

    `default` says what holds where it is not set. `group` names settings of which only one is meant: an option of the
    command line for one puts away the others.
    """

    name: str
    kind: Kind
    about: str
    default: str
    choices: tuple[str, ...] = ()
    group: str = ""

    @property
    def attribute(self) -> str:
        """The attribute of the options that it sets."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it."""
        return f"{PREFIX}{self.attribute.upper()}"

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return " or ".join(self.choices)
        return _EXPECTED[self.kind]

    def shape(self) -> dict[str, Any]:
        """The JSON Schema of its values."""
        if self.choices:
            return {"enum": list(self.choices)}
        shapes: dict[Kind, dict[str, Any]] = {
            "flag": {"type": "boolean"},
            "count": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 256}, {"const": "auto"}]},
            "texts": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "files": {"type": "array", "items": {"type": "string", "minLength": 1}},
        }
        return shapes.get(self.kind, {"type": "string", "minLength": 1})

    def fits(self, value: object) -> bool:
        """Whether a value of a settings file is one of this setting."""
        if self.choices:
            return value in self.choices
        if self.kind == "flag":
            return type(value) is bool
        if self.kind == "count":
            return value == "auto" or (type(value) is int and 1 <= value <= 256)
        if self.kind in ("texts", "files"):
            return type(value) is list and all(type(item) is str and item for item in value)
        return type(value) is str and bool(value)

    def of_text(self, text: str) -> Any:
        """The value that a variable says; what fits nothing comes back as it is."""
        if self.kind in ("texts", "files"):
            return [part.strip() for part in text.split(",") if part.strip()]
        if self.kind == "flag":
            return {"1": True, "true": True, "0": False, "false": False}.get(text.lower(), text)
        return int(text) if self.kind == "count" and text.isdecimal() else text


PREFIX: Final = "AIPERF_MIGRATE_"
_EXPECTED: Final[dict[Kind, str]] = {
    "text": "a text",
    "texts": "a list of texts",
    "flag": "true or false",
    "file": "the name of a file",
    "files": "a list of names of files",
    "count": "1 to 256, or auto",
}

SETTINGS: Final = (
    Setting("to", "text", "what upgrade, downgrade and convert reach", "the newest (upgrade)", group="goal"),
    Setting("for-aiperf", "text", "the AIPerf release that they write for, in place of `to`", "none", group="goal"),
    Setting("for-reader", "text", "the reader that they write for, in place of `to`", "none", group="goal"),
    Setting("exclude", "texts", "globs of files that no command reads; --exclude adds to them", "none"),
    Setting("gitignore", "flag", "whether to leave out what .gitignore excludes", "false"),
    Setting("policy", "file", "the policy file of diff", "none"),
    Setting("noise", "file", "the noise profile of diff", "none"),
    Setting("columns", "texts", "the columns of table, with a row a run", "all of every run"),
    Setting("contracts", "files", "contracts of your own readers, known by the names of these files", "none"),
    Setting("jobs", "count", "how many processes work on a large batch", "auto"),
    Setting("color", "text", "whether text is coloured", "auto", ("auto", "always", "never")),
    Setting("pager", "flag", "whether long output goes through a pager at a terminal", "true"),
)
"""All settings, in the order in which `config` lists them."""
BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
