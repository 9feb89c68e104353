"""The declaration of check rules: a code, an explanation and a function each; and the table of all rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Final

from migrator.aiperf.metrics import is_block
from migrator.aiperf.sound import is_sound
from migrator.chain.names import metrics_of, metrics_path
from migrator.chain.places import GPU_METRICS, visit
from migrator.errors import UsageError
from migrator.identify import Identity
from migrator.jsonfile import Object, Path, path_text
from migrator.redact import redact
from migrator.values import NamedTuple, dataclass


class Severity(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    """The file contradicts itself, AIPerf cannot have written it, or it holds no result that counts."""
    WARNING = "warning"
    """Something could not be judged: the file may be right. `check` does not fail for it."""
    NOTE = "note"
    """The file is in order, and says what its reader should know. `check` does not fail for it."""


class Problem(NamedTuple):
    """What the function of a rule reports; the rule adds its code and hint."""

    path: Path
    found: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold at one place. `place` is a JSON path, the other fields are text for people."""

    code: str
    place: str
    found: str
    expected: str
    hint: str

    @property
    def severity(self) -> Severity:
        """The severity of the rule."""
        return RULES[self.code].severity

    def __str__(self) -> str:
        text = f"{self.code} {self.place}: {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        return f"{text} ({self.hint})" if self.hint else text

    def as_dict(self) -> dict[str, str]:
        """The finding as `--json` has it, without empty fields."""
        fields = {
            "code": self.code,
            "severity": self.severity.value,
            "place": self.place,
            "found": self.found,
            "expected": self.expected,
            "hint": self.hint,
        }
        return {key: value for key, value in fields.items() if value}


_TOO_LARGE: Final = 2**256
"""Integers from here on are not compared: their product may not fit a double."""


class Spot(NamedTuple):
    """A stats block of an export, its path and tag; `part` is `run`, `warmup` or `gpu`."""

    part: str
    path: Path
    tag: str
    block: Object

    def number(self, name: str) -> float | int | None:
        """A statistic as a finite number; None if it is missing, null, not a number, or too large."""
        value = self.block.get(name)
        if type(value) is int:
            return value if abs(value) < _TOO_LARGE else None
        return value if isinstance(value, float) and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Subject:
    """The export that rules are applied to: its document, identity and stats blocks.

    The document is without its secrets, so that no finding can tell one; `secrets` are their places. `doubtful` are
    those of its stats blocks that a rule on the numbers within one block may have to do with; nearly all are sound, and
    `sound` has the `id`s of these.
    """

    document: Object
    identity: Identity
    spots: tuple[Spot, ...]
    secrets: tuple[Path, ...] = ()
    doubtful: tuple[Spot, ...] = ()
    sound: frozenset[int] = frozenset()

    @classmethod
    def of(cls, document: Object, identity: Identity) -> Subject:
        """The subject of a document, with all its stats blocks."""
        document, secrets = redact(document)
        holders = metric_holders(document, identity)
        gpus = (("gpu", path, node) for path, node, _ in visit(document, GPU_METRICS))
        spots = tuple(
            [
                Spot(part, (*path, tag), tag, value)
                for part, path, node in (*holders, *gpus)
                for tag, value in node.items()
                if is_block(value)
            ]
        )
        doubtful = tuple([spot for spot in spots if not is_sound(spot.block)])
        sound = frozenset([id(spot.block) for spot in spots]).difference([id(spot.block) for spot in doubtful])
        return cls(document, identity, spots, tuple(secrets), doubtful, sound)


def metric_holders(document: Object, identity: Identity) -> list[tuple[str, Path, Object]]:
    """(part, path, object) of every object that holds metrics by their tags: those of the run or of the warm-up."""
    holders: list[tuple[str, Path, Object]] = [("run", (), document)]
    if path := metrics_path(identity.version):
        holders.append(("run", path, metrics_of(document, identity.version)))
    warmup = document.get("warmup_metrics")
    if type(warmup) is dict and not is_block(warmup):
        holders.append(("warmup", ("warmup_metrics",), warmup))
    return holders


Find = Callable[[Subject], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One thing that must hold for an export.

    `title` says what is wrong where it does not hold, `why` why that matters, and `remedy` what to do; `hint` is the
    remedy in half a line. `example` is a finding: (place, found, expected). `find` looks for problems in a subject.

    `each` is None for a rule that finds the same in all exports of one shape ([`migrator.check.remembered`][]) whose
    blocks are sound. Any other rule is asked of each of them, and `each` tells which of their blocks it looks at.
    """

    code: str
    title: str
    hint: str
    why: str
    remedy: str
    example: tuple[str, str, str]
    severity: Severity
    find: Find
    each: Callable[[Spot], bool] | None = None

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """A finding for every problem."""
        for path, found, expected in self.find(subject):
            yield Finding(self.code, path_text(path), found, expected, self.hint)


RULES: Final[dict[str, CheckRule]] = {}
"""Code → rule, in the order of declaration."""


def rule(
    code: str,
    title: str,
    *,
    hint: str,
    why: str,
    remedy: str,
    example: tuple[str, str, str],
    severity: Severity = Severity.ERROR,
    each: Callable[[Spot], bool] | None = None,
) -> Callable[[Find], Find]:
    """Declare the decorated function as the `find` of a rule; the arguments are the fields of [`CheckRule`][].

    Raises:
        ValueError: another rule has the code.
    """

    def declare(find: Find) -> Find:
        if code in RULES:
            raise ValueError(f"the code {code} is taken")
        RULES[code] = CheckRule(code, title, hint, why, remedy, example, severity, find, each)
        return find

    return declare


def no_block(spot: Spot) -> bool:
    """The `each` of a rule that looks at what is an export's own, beside its stats blocks."""
    del spot
    return False


def select(codes: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[CheckRule, ...]:
    """The rules that are selected by `codes` (all if there are none), and not by `ignore`.

    A code is that of a rule or its beginning: `M`, `M00`, `M001`.

    Raises:
        UsageError: no rule has a code, or no rule is left.
    """
    wanted = _matching(codes) or set(RULES)
    chosen = tuple(found for code, found in RULES.items() if code in wanted - _matching(ignore))
    if not chosen:
        raise UsageError("every selected rule is ignored", expected="at least one rule to check")
    return chosen


def _matching(codes: Iterable[str]) -> set[str]:
    matched: set[str] = set()
    for code in codes:
        found = {known for known in RULES if code and known.startswith(code.upper())}
        if not found:
            raise UsageError(f'no rule has the code "{code}"', expected=f"one of {', '.join(RULES)}, or its beginning")
        matched |= found
    return matched
