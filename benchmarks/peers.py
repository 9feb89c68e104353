"""The scripts that a user would write instead: what no migration can be faster than, and a naive one.

Called as a process: `python -m benchmarks.peers floor|naive TREE OUT [OLD=NEW…]`. Neither translates `input_config`,
redacts, proves or keeps a ledger. The naive one makes the same edit as the jq program of [`benchmarks.jq`][].
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any


def files(tree: str) -> Iterator[str]:
    """Every file below a tree."""
    for folder, _, names in os.walk(tree):
        for name in names:
            yield os.path.join(folder, name)


def floor(path: str, target: str) -> None:
    """Read, parse and dump with `orjson`, write."""
    import orjson

    with open(path, "rb") as file:
        raw = orjson.dumps(orjson.loads(file.read()), option=orjson.OPT_INDENT_2)
    with open(target, "wb") as file:
        file.write(raw)


def naive(path: str, target: str) -> None:
    """Load with `json`, edit, dump with `json`."""
    import json

    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    _edit(document, NAMES)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)


NAMES: dict[str, str] = {}
"""Old name of a GPU metric → new name; set by the command line."""


def _edit(document: dict[str, Any], names: dict[str, str]) -> None:
    """Give a document the label and the fields of 1.5, and NVIDIA's names in its telemetry."""
    document["schema_version"] = "1.5"
    document.setdefault("run_info", {"benchmark_id": document.get("benchmark_id"), "trial": None})
    document.setdefault("runtime_submission_invalid_reasons", [])
    for endpoint in (document.get("telemetry_data") or {}).get("endpoints", {}).values():
        for gpu in endpoint["gpus"].values():
            gpu.setdefault("platform", "nvidia")
            gpu["metrics"] = {names.get(name, name): block for name, block in gpu["metrics"].items()}


def main(edit: Callable[[str, str], None], tree: str, out: str) -> None:
    """Edit every file of a tree into another tree."""
    made: set[str] = set()
    for path in files(tree):
        target = os.path.join(out, os.path.relpath(path, tree))
        folder = os.path.dirname(target)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        edit(path, target)


if __name__ == "__main__":
    NAMES.update(pair.split("=") for pair in sys.argv[4:])
    main({"floor": floor, "naive": naive}[sys.argv[1]], *sys.argv[2:4])
