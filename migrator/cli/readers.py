"""Contracts by the name that the command line gives: of the settings, of the tool, or of a file."""

from __future__ import annotations

import os

from migrator.contracts.contract import Contract, contract, shipped


def reader(name: str) -> Contract:
    """The contract of a reader.

    Raises:
        UsageError: there is none of that name.
    """
    return contract(ours().get(name, name))


def readers() -> list[str]:
    """The names that [`reader`][] knows beside those of files."""
    return sorted({*shipped(), *ours()})


def ours() -> dict[str, str]:
    """Name → file of the contracts that the settings name."""
    from migrator.settings.find import found

    at = found().get("contracts")
    return {os.path.basename(path).removesuffix(".toml"): path for path in at.value} if at else {}
