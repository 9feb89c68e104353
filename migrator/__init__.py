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

    from migrator.api import Conversion, Export, compare, parse_export, read_export
    from migrator.chain.steps import NEWEST, VERSIONS
    from migrator.errors import MigratorError

__all__ = [
    "NEWEST",
    "VERSIONS",
    "Conversion",
    "Export",
    "MigratorError",
    "__version__",
    "compare",
    "parse_export",
    "read_export",
]

_HOMES = {"NEWEST": "migrator.chain.steps", "VERSIONS": "migrator.chain.steps", "MigratorError": "migrator.errors"}


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that the command line starts without them."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "migrator.api")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
