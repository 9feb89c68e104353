"""The shape of the files that the tool keeps or reads beside exports."""

from __future__ import annotations

from typing import Any, Final

from migrator.diff.noise import FORMAT as NOISE_FORMAT
from migrator.diff.policy import MARGINS
from migrator.documents.shapes import (
    ANY,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Shape,
    array,
    by_name,
    either,
    nullable,
    one_of,
    thing,
    told,
)
from migrator.writing.journal import FORMAT as JOURNAL_FORMAT

_SPREAD: Final = thing(
    {
        "sd": told({"type": "number", "minimum": 0}, "of the logarithm, from run to run"),
        "df": {"type": "integer", "minimum": 1},
        "mean": told(NUMBER, "of the logarithm"),
        "requests": nullable(WHOLE),
        "request": told(nullable(NUMBER), "the variance that one request alone would have"),
    }
)
_NOISE: Final = thing(
    {
        "aiperf_migrate_noise": {"const": NOISE_FORMAT},
        "tool": TEXT,
        "entries": array(
            thing(
                {
                    "key": by_name(ANY),
                    "family": told(TEXT, "the release family of AIPerf, such as 0.13"),
                    "runs": COUNT,
                    "requests": nullable(WHOLE),
                    "newest": told(TEXT, "when the newest run started"),
                    "rows": told(by_name(_SPREAD), "by METRIC.STATISTIC"),
                    "workload": TEXT,
                }
            )
        ),
    }
)

_AT_LEAST_0: Final[Shape] = {"type": "number", "minimum": 0}
_NAME: Final = told(
    {"type": "string", "minLength": 1},
    f"METRIC or METRIC.STATISTIC (default avg): one of {', '.join(MARGINS)}, or * for all",
)
_POLICY: Final = thing(
    {},
    {
        "defaults": thing(
            {},
            {
                "margin": told(_AT_LEAST_0, "percent; the default is that of each statistic"),
                "alpha": told({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, "default 0.05"),
                "max_error_percent": told(_AT_LEAST_0, "percentage points of failed requests; default 1"),
            },
        ),
        "allow": thing({}, {"vary": told(TEXTS, "what differs between the sides on purpose")}),
        "rule": array(
            thing(
                {"metric": _NAME},
                {
                    "gate": one_of(("gate", "report", "ignore")),
                    "margin": _AT_LEAST_0,
                    "floor": told(_AT_LEAST_0, "in the unit of the metric: smaller changes do not count"),
                    "direction": one_of(("lower", "higher", "parity", "information")),
                    "min_n": told(_AT_LEAST_0, "the fewest runs a side that may decide"),
                },
            )
        ),
        "waiver": array(
            thing(
                {"metric": _NAME, "reason": {"type": "string", "pattern": r"\S"}},
                {"until": told({"type": "string", "format": "date"}, "a TOML date: the last day of the waiver")},
            )
        ),
    },
)

_HASH: Final = told({"type": "string", "pattern": "^[0-9a-f]{64}$"}, "SHA-256")
_SUM: Final = told({"type": "string", "pattern": "^[0-9a-f]{8}$"}, "CRC-32 of the line before this member")
_JOURNAL: Final = either(
    thing(
        {"aiperf_migrate_journal": {"const": JOURNAL_FORMAT}, "tool": TEXT, "command": TEXT, "to": TEXT},
        {"copies": TEXT, "roots": TEXTS, "sum": _SUM},
    ),
    thing(
        {"path": TEXT, "before": nullable(_HASH), "after": _HASH, "backup": nullable(TEXT)},
        {"folders": TEXTS, "sum": _SUM},
    ),
    thing({"roots": TEXTS}, {"sum": _SUM}),
)

_TUI: Final = thing(
    {
        "version": {"const": 3},
        "theme": TEXT,
        "view": TEXT,
        "sort": TEXT,
        "descending": FLAG,
        "filter": TEXT,
        "filters": TEXTS,
        "recent_filters": TEXTS,
        "others": FLAG,
        "introduced": FLAG,
        "columns": TEXTS,
        "baseline": TEXTS,
        "candidate": TEXTS,
        "place": TEXT,
        "places": by_name({"type": "array", "prefixItems": [TEXT, TEXTS, TEXTS], "items": False}),
    }
)


def _settings() -> Shape:
    from migrator.settings.keys import SETTINGS

    return thing({}, {setting.name: told(setting.shape(), setting.about) for setting in SETTINGS})


def files() -> dict[str, tuple[str, Shape]]:
    """Name → (what it is, its shape)."""
    return {
        "noise": ("a noise profile: noise learn", _NOISE),
        "policy": ("a policy file, which is TOML: diff --policy", _POLICY),
        "journal": ("a line of a journal: --journal", _JOURNAL),
        "settings": ("aiperf-migrate.toml, or [tool.aiperf-migrate] of pyproject.toml", _settings()),
        "tui": ("what the terminal UI remembers", _TUI),
    }


def table() -> tuple[str, dict[str, Any]]:
    """The rows of a table, whose columns the user chooses."""
    cell = {"type": ["string", "number", "boolean", "null"]}
    return "a row of table --format json, by heading", by_name(cell)
