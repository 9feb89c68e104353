"""Keep AIPerf benchmark exports readable across every schema version and release.

>>> import migrator
>>> old = migrator.read_export("golden/exports/0.4.0/chat-streaming/profile_export_aiperf.json")
>>> new = old.convert("1.5")
>>> old.version, new.export.version
('1.0', '1.5')

`docs/library.md` shows the rest.
"""

from __future__ import annotations

from migrator._version import __version__

TYPE_CHECKING = False  # As typing has it, without the time that importing typing takes.

if TYPE_CHECKING:
    from typing import Any

    from migrator.api.compare import Comparison, compare, front, learn_noise, report
    from migrator.api.export import Conversion, Export, parse_export, read_export
    from migrator.api.runs import Table, find_runs, read_history, read_table
    from migrator.chain.steps import NEWEST, VERSIONS
    from migrator.errors import MigratorError

__all__ = [
    "NEWEST",
    "VERSIONS",
    "Comparison",
    "Conversion",
    "Export",
    "MigratorError",
    "Table",
    "__version__",
    "compare",
    "find_runs",
    "front",
    "learn_noise",
    "parse_export",
    "read_export",
    "read_history",
    "read_table",
    "report",
]

_COMPARE, _EXPORT, _RUNS, _STEPS = "api.compare", "api.export", "api.runs", "chain.steps"
_HOMES = {
    **dict.fromkeys(("Comparison", "compare", "front", "learn_noise", "report"), _COMPARE),
    **dict.fromkeys(("Conversion", "Export", "parse_export", "read_export"), _EXPORT),
    **dict.fromkeys(("Table", "find_runs", "read_history", "read_table"), _RUNS),
    **dict.fromkeys(("NEWEST", "VERSIONS"), _STEPS),
    "MigratorError": "errors",
}


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that the command line starts without them."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"migrator.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
