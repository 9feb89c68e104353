"""Run inside the environment of an AIPerf release: does its own `JsonExportData` read these files?

It imports nothing of this project, which is not installed there. It reads `{"files": [path, …]}` from
standard input and prints one JSON object a line, in the same order:

- `file`, and `errors`: `["input_config.wandb: Extra inputs are not permitted", …]`, empty if the file loads;
- `metrics`: how many stats blocks stand at the top level, where every release that has the model looks for them;
- `numbers`: how many numbers of stats blocks (telemetry and warm-up included) were compared after dumping it again;
- `changed`, `dropped`: the places of numbers that the dump gives differently, or not at all.

Files beside an export are judged by the models of their families: time slices (`*timeslices.json`), whose `metrics`
are those of all slices, and records of GPU telemetry (`*.jsonl`), whose `metrics` are those that the model declares.
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
    if file.endswith(".jsonl"):
        return _of_records(raw, verdict)
    try:
        model = _model(file).model_validate_json(raw)
    except ValidationError as error:
        rows = (f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors(include_url=False))
        return verdict | {"errors": list(dict.fromkeys(rows))[:MOST]}
    except Exception as error:  # A validator of the release may raise anything.
        return verdict | {"errors": [f"{type(error).__name__}: {error}"]}
    document = json.loads(raw)
    dumped = dict(numbers(json.loads(model.model_dump_json())))
    before = dict(numbers(document))
    holders = document.get("timeslices", [document])
    verdict["metrics"] = sum(isinstance(value, dict) and "unit" in value for each in holders for value in each.values())
    verdict["numbers"] = len(before)
    verdict["changed"] = _names(path for path, value in before.items() if path in dumped and dumped[path] != value)
    verdict["dropped"] = _names(path for path in before if path not in dumped)
    return verdict


def _model(file: str) -> Any:
    """The model of a file's family; not every release has that of time slices."""
    if not file.endswith("timeslices.json"):
        return JsonExportData
    from aiperf.common.models.export_models import TimesliceCollectionExportData

    return TimesliceCollectionExportData


def _of_records(raw: bytes, verdict: dict[str, Any]) -> dict[str, Any]:
    """The verdict on records of GPU telemetry: every number of every line is compared."""
    from aiperf.common.models.telemetry_models import TelemetryRecord

    for number, line in enumerate(raw.splitlines(), 1):
        try:
            record = TelemetryRecord.model_validate_json(line)
        except ValidationError as error:
            rows = (f"line {number}.{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors())
            return verdict | {"errors": list(rows)[:MOST]}
        dumped = record.telemetry_data.model_dump(exclude_none=True)
        before = json.loads(line)["telemetry_data"]
        verdict["metrics"] += len(before.keys() & type(record.telemetry_data).model_fields.keys())
        verdict["numbers"] += len(before)
        verdict["changed"] += [f"line {number}.{tag}" for tag in before if dumped.get(tag, before[tag]) != before[tag]]
        verdict["dropped"] += [f"line {number}.{tag}" for tag in before if tag not in dumped]
    return verdict | {key: verdict[key][:MOST] for key in ("changed", "dropped")}


def _names(paths: Iterable[tuple[str | int, ...]]) -> list[str]:
    return [".".join(map(str, path)) for path in list(paths)[:MOST]]


if __name__ == "__main__":
    for name in json.load(sys.stdin)["files"]:
        print(json.dumps(judge(name)), flush=True)
