"""Names that no file has, told with those that come near, before they become a column that is empty."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from migrator.batch.fields import is_unproven
from migrator.errors import MigratorError
from tui.common.rows import safe_text
from tui.files.columns import key_of, refusal
from tui.files.export import Export

_PATIENCE: Final = 2.0
"""Seconds that files are looked through before a name is taken as it is: the list tells later if none has it."""


def refusal_of_name(typed: str, exports: Sequence[Export]) -> str:
    """Why a name is not one of a column, or that no file has it, with what may be meant; empty if all is well."""
    key = key_of(typed)
    return refusal(key) or (_nowhere(key, exports) if is_unproven(key) else "")


def _nowhere(key: str, exports: Sequence[Export]) -> str:
    from migrator.batch.load import load
    from migrator.batch.missing import Missing

    missing, until = Missing({key: ""}), time.monotonic() + _PATIENCE
    for export in exports:
        if time.monotonic() > until:
            return ""
        try:
            loaded = load(export.path)
        except MigratorError:
            continue
        if loaded.parsed and missing.look(loaded.identity, loaded.parsed.data):
            return ""
    error = missing.error()
    return safe_text(str(error)) if error else ""
