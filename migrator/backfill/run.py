"""The identity of a run from `run_config.json`, which AIPerf writes beside each of several runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from migrator.backfill.fill import STEP
from migrator.errors import MigratorError, RecordsError
from migrator.jsonfile import Json, Object, parse
from migrator.ledger import Entry, Loss, Op
from migrator.redact import redacted_command
from migrator.stores import read_bytes

NAME: Final = "run_config.json"


def _at(*keys: str) -> Callable[[Json], Json]:
    def value(config: Json) -> Json:
        for key in keys:
            config = config.get(key) if type(config) is dict else None
        return config

    return value


def _command(config: Json) -> Json:
    """The command, always redacted: schema 1.3 promises it."""
    found = _at("cli_command")(config) or _at("user_config", "cli_command")(config)
    return redacted_command(found) if type(found) is str else None


_FIELDS: Final[dict[str, tuple[Callable[[Json], Json], type[Any]]]] = {
    "benchmark_id": (lambda config: _id(config), str),
    "sweep_id": (_at("sweep_id"), str),
    "random_seed": (_at("random_seed"), int),
    "trial": (_at("trial"), int),
    "run_label": (_at("label"), str),
    "variation_label": (_at("variation", "label"), str),
    "variation_index": (_at("variation", "index"), int),
    "variation_values": (_at("variation", "values"), dict),
    "cli_command": (_command, str),
}
"""Field of `run_info` → where `run_config.json` of AIPerf 0.9.0 and later has it, and its type. Up to 0.8.0 that file
holds the user's configuration, which the export has itself, and neither trial nor variation."""


def _id(config: Json) -> Json:
    return _at("benchmark_id")(config) or _at("user_config", "benchmark_id")(config)


def fill_from_run_config(document: Object, path: str) -> tuple[Object, list[Entry]]:
    """Fill in `run_info` of a document from the configuration of its run. Existing values stay.

    Args:
        document: a main export; it is not changed. Without a `run_info`, nothing is filled in.
        path: the configuration.

    Returns:
        the filled document, and a ledger entry for each addition.

    Raises:
        RecordsError: the configuration belongs to another run, or nothing proves that it belongs to this one.
        MigratorError: it cannot be read.
    """
    info = document.get("run_info")
    if type(info) is not dict or all(info.get(key) is not None for key in info):
        return document, []
    config = _read(path)
    own = info.get("benchmark_id") or document.get("benchmark_id") or _at("input_config", "benchmark_id")(document)
    other = _id(config)
    if own is None or other is None or own != other:
        found = f"is of another run: benchmark_id is {other}, in the export {own}"
        raise RecordsError(
            found if own and other else "is not proven to be of this run: benchmark_id is not in both",
            expected="the run_config.json of this run",
            hint="nothing was filled in",
            file=path,
        )
    entries: list[Entry] = []
    filled = dict(info)
    for key, (find, kind) in _FIELDS.items():
        value = find(config)
        # A version has a place for the fields that its upgrade has added.
        if key in info and info[key] is None and type(value) is kind:
            filled[key] = value
            entries.append(Entry(STEP, Op.SET, ("run_info", key), Loss.EXACT, None, value, note=f"from {NAME}"))
    return ({**document, "run_info": filled} if entries else document), entries


def _read(path: str) -> Json:
    try:
        return parse(read_bytes(path)).data
    except MigratorError as error:
        error.file = path
        raise
