"""Rules and waivers of a comparison, from `--fail-on` and a policy file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, Literal, TypeVar

from migrator.aiperf.directions import UNKNOWN, direction
from migrator.chain.names import current, near
from migrator.diff.outcomes import ERROR_RATE
from migrator.errors import UsageError
from migrator.files.digest import sha256
from migrator.values import NamedTuple, dataclass, field

MARGINS: Final = {
    "avg": 5.0,
    "sum": 5.0,
    "count": 5.0,
    "p1": 15.0,
    "p5": 10.0,
    "p10": 5.0,
    "p25": 5.0,
    "p50": 5.0,
    "p75": 5.0,
    "p90": 10.0,
    "p95": 10.0,
    "p99": 15.0,
    "min": 25.0,
    "max": 25.0,
    "std": 15.0,
}
"""Default margin of each statistic, in percent: a change within it does not count.

Tails vary more from run to run than means do. docs/statistics.md has the simulation that chose them.
"""
ALPHA: Final = 0.05
MAX_ERROR_PERCENT: Final = 1.0
"""By how many percentage points the share of failed requests may exceed the baseline's."""

HEADLINE: Final = tuple(
    (current(metric), statistic)
    for metric, statistic in (
        ("request_latency", "avg"),
        ("request_latency", "p99"),
        ("time_to_first_token", "avg"),
        ("time_to_first_token", "p99"),
        ("inter_token_latency", "avg"),
        ("output_token_throughput", "avg"),
        ("request_throughput", "avg"),
    )
)
"""The gate if no rule names one. Few rows, declared beforehand: the more rows, the more false regressions."""
GOODPUT: Final = ((current("good_request_fraction"), "avg"), (current("goodput"), "avg"))
"""Part of the default gate, for runs with service level objectives."""
_DEFAULT: Final = frozenset((*HEADLINE, *GOODPUT))
ERRORS: Final = (ERROR_RATE, "avg")
"""Part of every gate, unless a rule for it says otherwise: latencies are those of the successful requests only."""

Mode = Literal["gate", "report", "ignore"]
N = TypeVar("N", float, None)


class GateRule(NamedTuple):
    """Margin, floor and direction for one statistic of one metric; the statistic may be `*`, for all.

    `margin` is in percent; None for the policy's, or the statistic's of [`MARGINS`][]. `floor` is in the metric's unit.
    `min_n` is the fewest runs a side that may decide.
    """

    metric: str
    statistic: str
    mode: Mode = "gate"
    margin: float | None = None
    floor: float = 0.0
    direction: str = ""
    min_n: int = 0

    @property
    def percent(self) -> float:
        """The margin: the rule's own, else the statistic's."""
        return MARGINS[self.statistic] if self.margin is None else self.margin

    def facing(self, *, fixed_requests: bool = True) -> str:
        """The direction: the rule's own, else the table's.

        Args:
            fixed_requests: whether the number of requests was chosen; sums over a run are not judged where it was not.
        """
        if self.direction:
            return self.direction
        found = direction(self.metric, fixed_requests=fixed_requests)
        if self.statistic == "std" and found in ("lower", "higher"):
            return "lower"
        if self.statistic in ("sum", "count"):
            # They grow with the number of requests; a throughput summed over requests has no meaning.
            if not fixed_requests or found == "higher":
                return UNKNOWN
            return "parity" if self.statistic == "count" else found
        return found


@dataclass(frozen=True, slots=True)
class Waived:
    """An accepted regression, up to and including the day `until`; None for one without an end."""

    metric: str
    statistic: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules and waivers of one comparison. `source` says where they came from; empty for none given.

    `vary` names what differs between the sides on purpose; [`Allowance`][migrator.diff.setup.Allowance] reads it.
    """

    rules: tuple[GateRule, ...] = ()
    waivers: tuple[Waived, ...] = ()
    alpha: float = ALPHA
    margin: float | None = None
    source: str = ""
    text: str = field(default="", repr=False)
    max_error_percent: float = MAX_ERROR_PERCENT
    vary: tuple[str, ...] = ()

    def rule(self, metric: str, statistic: str) -> GateRule:
        """The rule for a row, with its margin and floor filled in: the last one that names it, else the default."""
        found = self._named(metric, statistic)
        margin = found.margin if found and found.margin is not None else self.margin
        margin = MARGINS[statistic] if margin is None else margin
        if found:
            return found._replace(statistic=statistic, margin=margin)
        name = metric, statistic
        ours = name == ERRORS or (name in _DEFAULT and not any(rule.mode == "gate" for rule in self.rules))
        return GateRule(metric, statistic, "gate" if ours else "report", margin, self._floor(metric))

    def _named(self, metric: str, statistic: str) -> GateRule | None:
        """The last rule that names a row."""
        for rule in reversed(self.rules):
            if rule.metric == metric and rule.statistic in (statistic, "*"):
                return rule
        return None

    def _floor(self, metric: str) -> float:
        """The default floor, in the metric's unit: zero, except for shares of requests."""
        if metric == ERROR_RATE:
            return self.max_error_percent
        return self.max_error_percent / 100 if metric == GOODPUT[0][0] else 0.0

    def asks(self, metric: str, statistic: str) -> bool:
        """Whether a rule names a row. Only then the records, which take long to read, are used as evidence."""
        return self._named(metric, statistic) is not None

    def named(self) -> list[tuple[str, str]]:
        """(metric, statistic) of every rule; the statistic may be `*`."""
        return [(rule.metric, rule.statistic) for rule in self.rules]

    def gated(self) -> list[tuple[str, str]]:
        """(metric, statistic) of every row that can be in the gate; the statistic may be `*`."""
        usual = () if any(rule.mode == "gate" for rule in self.rules) else (*HEADLINE, *GOODPUT)
        return list(dict.fromkeys((*usual, ERRORS, *self.named())))

    def require_directions(self, known: Iterable[tuple[str, str]], *, fixed_requests: bool) -> None:
        """Refuse gates on metrics without a direction, which could never fail.

        Args:
            known: (metric, statistic) of every row of the comparison.
            fixed_requests: whether the number of requests was chosen.

        Raises:
            UsageError: a rule gates a row without a direction.
        """
        for metric, statistic in known if self.rules else ():
            rule = self._named(metric, statistic)
            if rule is None or rule.mode != "gate":
                continue
            if rule._replace(statistic=statistic).facing(fixed_requests=fixed_requests) == UNKNOWN:
                timed = "" if fixed_requests else " in runs that were bounded by time"
                raise UsageError(
                    f'"{metric}.{statistic}" is gated and has no direction{timed}',
                    expected="a metric of which less or more is better",
                    hint=f'give one: [[rule]] metric = "{metric}.{statistic}", direction = "lower" or "higher"',
                )

    def waiver(self, metric: str, statistic: str, today: date) -> Waived | None:
        """The waiver for a row, unless it has ended; None without one."""
        for waiver in self.waivers:
            if waiver.metric == metric and waiver.statistic in (statistic, "*") and not _ended(waiver, today):
                return waiver
        return None

    def expired(self, today: date) -> list[Waived]:
        """Waivers that have ended; their regressions count again."""
        return [waiver for waiver in self.waivers if _ended(waiver, today)]

    def digest(self) -> str:
        """A short hash of all rules and waivers: equal for receipts of the same policy."""
        return sha256(repr(self).encode())[:12]

    def require_known(self, known: Iterable[tuple[str, str]]) -> None:
        """Refuse names that match no row: a gate on a misspelt name would always pass.

        Args:
            known: (metric, statistic) of every row of the comparison.

        Raises:
            UsageError: a rule or waiver names no row.
        """
        named: list[GateRule | Waived] = [*self.rules, *self.waivers]
        if not named:
            return
        rows = set(known)
        metrics = sorted({metric for metric, _ in rows})
        for what in named:
            if what.statistic == "*":
                if what.metric in metrics:
                    continue
            elif (what.metric, what.statistic) in rows:
                continue
            meant = [name for name in near(what.metric, metrics) if name in metrics]
            raise UsageError(
                f'the policy names "{what.metric}.{what.statistic}", which neither side has',
                expected=f"a metric of the runs{': ' + ', '.join(meant) if meant else ''}",
                hint="a gate on a misspelt name would always pass",
            )


def _ended(waiver: Waived, today: date) -> bool:
    return waiver.until is not None and waiver.until < today


def from_options(options: Sequence[str]) -> tuple[GateRule, ...]:
    """The rules of `--fail-on METRIC[.STAT]:PERCENT[:FLOOR]`.

    Raises:
        UsageError: a part is missing, or is not a number.
    """
    return tuple(map(_from_option, options))


def _from_option(option: str) -> GateRule:
    name, separator, rest = option.partition(":")
    percent, _, floor = rest.partition(":")
    if not separator or not name:
        raise UsageError(f"--fail-on {option}", expected="METRIC[.STAT]:PERCENT[:FLOOR], such as request_latency.p99:5")
    metric, statistic = split_name(name)
    return GateRule(
        metric,
        statistic,
        "gate",
        _number(percent.removesuffix("%"), option, "a percentage"),
        _number(floor, option, "a floor in the metric's unit") if floor else 0.0,
    )


def split_name(name: str) -> tuple[str, str]:
    """`request_latency.p99` → its two parts; without a statistic, `avg`. A metric's own name may have a dot.

    A former name of a metric becomes today's, so that a policy holds for the runs of every release.
    """
    metric, dot, statistic = name.rpartition(".")
    return (current(metric), statistic) if dot and statistic in _STATISTICS else (current(name), "avg")


_STATISTICS: Final = (*MARGINS, "*")


def _number(text: str, option: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f'not a number: "{text}" in {option}', expected=what)
    return value


def from_file(path: str) -> Policy:
    """A policy file: `[defaults]`, `[allow]`, `[[rule]]` and `[[waiver]]` tables.

    Raises:
        UsageError: unreadable, not TOML, an unknown key or a value of the wrong kind; with the file's name.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read as a policy: {error}", expected="a TOML file", file=path) from error
    return from_text(text, path)


def from_text(text: str, path: str) -> Policy:
    """The policy in a text.

    Args:
        text: TOML.
        path: the file that it is from or is to be written to, for messages.

    Raises:
        UsageError: as [`from_file`][].
    """
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"cannot be read as a policy: {error}", expected="a TOML file", file=path) from error
    reader = _Reader(path)
    reader.require("policy", tables, {"defaults", "allow", "rule", "waiver"})
    defaults = tables.get("defaults", {})
    reader.require("defaults", defaults, {"margin", "alpha", "max_error_percent"})
    margin = reader.number("defaults", defaults, "margin", None)
    alpha = reader.number("defaults", defaults, "alpha", ALPHA)
    if not 0 < alpha < 0.5:
        raise UsageError(f"defaults: alpha is {alpha:g}", expected="between 0 and 0.5, such as 0.05", file=path)
    return Policy(
        rules=tuple(reader.rule(table) for table in tables.get("rule", [])),
        waivers=tuple(reader.waiver(table) for table in tables.get("waiver", [])),
        alpha=alpha,
        margin=margin,
        max_error_percent=reader.number("defaults", defaults, "max_error_percent", MAX_ERROR_PERCENT),
        vary=reader.vary(tables.get("allow", {})),
        source=path,
        text=text,
    )


class _Reader:
    """Reads the tables of a policy file. An unknown key is an error."""

    def __init__(self, path: str) -> None:
        self._path = path

    def require(self, where: str, table: Any, known: set[str]) -> None:
        if type(table) is not dict:
            raise UsageError(f"expected {where} to be a table", file=self._path)
        for key in table.keys() - known:
            raise UsageError(f'{where} has an unknown key "{key}"', expected=", ".join(sorted(known)), file=self._path)

    def number(self, where: str, table: dict[str, Any], key: str, default: N) -> float | N:
        """A number of at least zero; `default` where the table has none."""
        if key not in table:
            return default
        value = table[key]
        if type(value) not in (int, float) or not 0 <= value < float("inf"):
            raise UsageError(f"{where}: {key} is {value!r}", expected="a number of at least 0", file=self._path)
        return float(value)

    def choice(self, where: str, table: dict[str, Any], key: str, default: str, choices: Sequence[str]) -> str:
        value = table.get(key, default)
        if value not in choices:
            raise UsageError(f"{where}: {key} is {value!r}", expected=" or ".join(choices), file=self._path)
        return str(value)

    def vary(self, table: Any) -> tuple[str, ...]:
        """What `[allow]` lets differ."""
        self.require("allow", table, {"vary"})
        names = table.get("vary", [])
        if type(names) is not list or not all(type(name) is str and name for name in names):
            raise UsageError(f"allow: vary is {names!r}", expected='names: vary = ["gpus"]', file=self._path)
        return tuple(names)

    def name(self, where: str, table: dict[str, Any]) -> tuple[str, str]:
        name = table.get("metric")
        if type(name) is not str or not name:
            raise UsageError(f"{where} has no metric", expected='metric = "request_latency.p99"', file=self._path)
        return split_name(name)

    def rule(self, table: Any) -> GateRule:
        self.require("rule", table, {"metric", "gate", "margin", "floor", "direction", "min_n"})
        metric, statistic = self.name("rule", table)
        where = f"rule for {metric}.{statistic}"
        mode = self.choice(where, table, "gate", "gate", ("gate", "report", "ignore"))
        choices = ("", "lower", "higher", "parity", "information")
        return GateRule(
            metric,
            statistic,
            "gate" if mode == "gate" else "report" if mode == "report" else "ignore",
            self.number(where, table, "margin", None),
            self.number(where, table, "floor", 0.0),
            self.choice(where, table, "direction", "", choices),
            int(self.number(where, table, "min_n", 0)),
        )

    def waiver(self, table: Any) -> Waived:
        self.require("waiver", table, {"metric", "reason", "until"})
        metric, statistic = self.name("waiver", table)
        reason, until = table.get("reason"), table.get("until")
        if type(reason) is not str or not reason.strip():
            raise UsageError(f"the waiver for {metric}.{statistic} has no reason", file=self._path)
        if until is not None and type(until) is not date:
            raise UsageError(
                f"the waiver for {metric}.{statistic} ends {until!r}", expected="a date: 2026-12-31", file=self._path
            )
        return Waived(metric, statistic, reason, until)
