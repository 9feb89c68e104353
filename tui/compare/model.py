"""A comparison for the screen: read both sides, give the receipt, render it for a file, and say its command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Final

from migrator.errors import MigratorError, UsageError, reported
from migrator.files.disk import write_atomic

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt

FORMATS: Final = {".md": "markdown", ".html": "html", ".json": "json"}
"""Ending of an exported file → the format that is written."""


@dataclass(frozen=True, slots=True)
class Question:
    """Both sides of a comparison, and the policy that judges it; of sweeps, their factors and goals, as given."""

    base: tuple[str, ...]
    candidate: tuple[str, ...]
    policy: str = ""
    everything: bool = False
    by: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()

    def swapped(self) -> Question:
        """The same with baseline and candidate exchanged."""
        return replace(self, base=self.candidate, candidate=self.base)

    def words(self, *more: str) -> list[str]:
        """The command line that gives the same receipt, word by word."""
        options = [*(["--policy", self.policy] if self.policy else []), *(["--all"] if self.everything else []), *more]
        options += [*asked("--by", self.by), *asked("--goal", self.goals)]
        if len(self.base) == len(self.candidate) == 1 and not any(p[0] == "-" for p in (*self.base, *self.candidate)):
            return ["aiperf-migrate", "diff", *options, *self.base, *self.candidate]
        base, candidate = (safe(side) for side in (self.base, self.candidate))
        return ["aiperf-migrate", "diff", *options, "--base", *base, "--cand", *candidate]


def asked(option: str, values: Sequence[str]) -> Iterator[str]:
    """An option once for each of its values."""
    for value in values:
        yield from (option, value)


def safe(paths: Sequence[str]) -> list[str]:
    """A name that begins with a dash would be taken for an option."""
    return [os.path.join(os.curdir, path) if path.startswith("-") else path for path in paths]


def compare_sides(question: Question) -> Receipt:
    """Read both sides, and compare them: cell by cell if they are sweeps.

    Raises:
        MigratorError: a side cannot be read, or the policy is invalid; with the file's name.
    """
    from migrator.diff.policy import Policy, from_file
    from migrator.diff.sides import load_side
    from migrator.diff.sweep.choose import Ask, compare_any

    sides = []
    for paths in (question.base, question.candidate):
        with _named(paths):
            sides.append(load_side(paths, stand_ins=True))
    policy = from_file(question.policy) if question.policy else Policy()
    with reported(f"{sides[0].name} and {sides[1].name}"):
        ask = Ask(question.by, question.goals)
        return compare_any(sides[0], sides[1], policy, ask, everything=question.everything)


@contextmanager
def _named(paths: Sequence[str]) -> Iterator[None]:
    """Errors that name no file get the name of the side."""
    name = ", ".join(paths)
    try:
        with reported(name):
            yield
    except MigratorError as error:
        error.file = error.file or name
        raise


def rendered(receipt: Receipt, form: str) -> str:
    """The receipt as `markdown`, `html`, `json` or `text`, as `diff --format` gives it."""
    if form == "json":
        from migrator.diff.receipt import to_json

        return to_json(receipt)
    room = "sweep" if receipt.sweep else "comparison"
    text: str = import_module(f"migrator.render.{room}.{form}").render(receipt)
    return text if text.endswith("\n") else text + "\n"


def form_of(path: str) -> str:
    """The format that the ending of a file name stands for; empty if it is unknown."""
    return FORMATS.get(os.path.splitext(path)[1].lower(), "")


def export(receipt: Receipt, path: str) -> None:
    """Write the receipt in the format that the file's name asks for.

    Raises:
        UsageError: the name has none of the known endings.
        UnwritableError: the file exists, or cannot be written.
    """
    form = form_of(path)
    if not form:
        raise UsageError("unknown format", expected=f"a name that ends in {' or '.join(FORMATS)}", file=path)
    write_atomic(path, rendered(receipt, form).encode(errors="backslashreplace"), overwrite=False)
