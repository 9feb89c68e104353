"""Run inside the environment of an AIPerf release: does its own `JsonExportData` read these files?

It imports nothing of this project, which is not installed there. It reads `{"files": [path, …]}` from
standard input and prints one JSON object a line, in the same order:

- `file`, and `errors`: `["input_config.wandb: Extra inputs are not permitted", …]`, empty if the file loads;
- `metrics`: how many stats blocks stand at the top level, where every release that has the model looks for them;
- `numbers`: how many numbers of stats blocks (telemetry and warm-up included) were compared after dumping it again;
- `changed`, `dropped`: the places of numbers that the dump gives differently, or not at all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from aiperf.common.models.export_models import JsonExportData
from pydantic import ValidationError

MOST = 12
"""So many errors and places are reported for one file."""


def numbers(
    value: Any, path: tuple[str | int, ...] = (), inside: bool = False
) -> Iterator[tuple[tuple[str | int, ...], float]]:
    """Every number in a stats block (an object with a `unit`), anywhere but in `input_config`: (path, number)."""
    if isinstance(value, dict):
        block = inside or isinstance(value.get("unit"), str)
        for key, inner in value.items():
            if key != "input_config":
                yield from numbers(inner, (*path, key), block)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from numbers(inner, (*path, index), inside)
    elif inside and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def judge(file: str) -> dict[str, Any]:
    """The verdict on one file, as the module describes it."""
    with open(file, "rb") as stream:
        raw = stream.read()
    verdict: dict[str, Any] = {"file": file, "errors": [], "metrics": 0, "numbers": 0, "changed": [], "dropped": []}
    try:
        model = JsonExportData.model_validate_json(raw)
    except ValidationError as error:
        rows = (f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors(include_url=False))
        return verdict | {"errors": list(dict.fromkeys(rows))[:MOST]}
    except Exception as error:  # A validator of the release may raise anything.
        return verdict | {"errors": [f"{type(error).__name__}: {error}"]}
    document = json.loads(raw)
    dumped = dict(numbers(json.loads(model.model_dump_json())))
    before = dict(numbers(document))
    verdict["metrics"] = sum(isinstance(value, dict) and "unit" in value for value in document.values())
    verdict["numbers"] = len(before)
    verdict["changed"] = _names(path for path, value in before.items() if path in dumped and dumped[path] != value)
    verdict["dropped"] = _names(path for path in before if path not in dumped)
    return verdict


def _names(paths: Iterable[tuple[str | int, ...]]) -> list[str]:
    return [".".join(map(str, path)) for path in list(paths)[:MOST]]


if __name__ == "__main__":
    for name in json.load(sys.stdin)["files"]:
        print(json.dumps(judge(name)), flush=True)
