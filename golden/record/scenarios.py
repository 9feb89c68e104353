"""The scenario table: which command lines are recorded. The data are in `scenarios.toml`, which explains its keys."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from golden.provenance import FAKE_KEY
from migrator.aiperf.releases import age

FOLDER: Final = Path(__file__).parent
_RELEASE = re.compile(r"\d+\.\d+\.\d+(\.dev\d{8})?(\.post\d+)?")


def release_key(name: str) -> tuple[int, ...]:
    """A release's place in time, as [`age`][migrator.aiperf.releases.age] has it.

    Raises:
        ValueError: not the name of a release or nightly, and nothing else.
    """
    if not _RELEASE.fullmatch(name):
        raise ValueError(f"not an AIPerf release: {name!r}; expected one such as 0.13.0 or 0.13.0.dev20261023")
    return age(name)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One command line. `scenarios.toml` explains the fields."""

    name: str
    options: str
    first: str
    since: tuple[tuple[str, str], ...] = ()
    default: bool = True
    keep: tuple[str, ...] = ("profile_export_aiperf.json",)
    delays: float = 1.0
    errors: float = 0.0
    repeat: int = 1
    interrupt: int | None = None
    servers: int = 1
    files: tuple[str, ...] = ()

    def runs_on(self, release: str) -> bool:
        """Whether a release is known to run it."""
        return release_key(release) >= release_key(self.first)

    def runs(self) -> list[str]:
        """The names its runs are kept under."""
        return [f"{self.name}-{number + 1}" for number in range(self.repeat)] if self.repeat > 1 else [self.name]

    def command(self, release: str, run: str, urls: list[str]) -> list[str]:
        """`["profile", "--model", …]` for a release.

        Args:
            release: the release that will run it.
            run: the name it is kept under.
            urls: of the mock servers, as many as `servers`.
        """
        later = [options for since, options in self.since if release_key(release) >= release_key(since)]
        values = {"run": f"v{release}-{run}", "key": FAKE_KEY, "url": urls[0], "url2": urls[-1]}
        text = " ".join((common(), self.options, *later))
        return ["profile", *(word.format(**values) for word in shlex.split(text))]


def _table() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "scenarios.toml").read_text(encoding="utf-8"))


def common() -> str:
    """The options of every run."""
    return str(_table()["common"])


def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name, in the order of the table.

    Raises:
        TypeError: a key that no scenario has, or one that is missing.
    """
    return {name: _scenario(name, dict(row)) for name, row in _table()["scenario"].items()}


def _scenario(name: str, row: dict[str, Any]) -> Scenario:
    row["since"] = tuple(row.get("since", {}).items())
    for key in ("keep", "files"):
        if key in row:
            row[key] = tuple(row[key])
    return Scenario(name=name, **row)


def pins(release: str) -> list[str]:
    """How a release's own requirements must be narrowed for it to work today: `["pyarrow<20"]`."""
    table: dict[str, list[str]] = _table()["pins"]
    return [pin for last, wanted in table.items() if release_key(release) <= release_key(last) for pin in wanted]
