"""Comparing two sweeps: a thousand cells of five runs a side, files read included, against parsing them with `json`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from random import Random
from time import process_time

from benchmarks.measure import GOLDEN, in_memory, row, timed

CELLS, TRIALS = 1000, 5
AIM = 3.0
"""Times the processor time of the parser. Ten seconds on a machine that does nothing else."""


def run() -> Iterator[str]:
    """In turn with the parser of the standard library, over the same files."""
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        files = list(_written(Path(folder)))
        theirs = timed(lambda: [json.loads(path.read_bytes()) for path in files], process_time)
        mine = timed(lambda: _compare(folder), process_time)
    yield row(f"{CELLS} cells of {TRIALS} runs a side", f"{mine:.1f} / {theirs:.1f} s", mine / theirs, AIM)


def _compare(folder: str) -> None:
    from migrator.cli.main import main

    code = main(["diff", f"{folder}/base", f"{folder}/cand", "--json", "-o", f"{folder}/receipt.json"])
    if code:
        raise RuntimeError(f"the comparison ended with {code}")


def _written(folder: Path) -> Iterator[Path]:
    """Both sweeps: ten concurrencies of a hundred input lengths, runs as AIPerf 0.13.0 writes them."""
    source = json.loads((GOLDEN / "0.13.0" / "sweep" / "concurrency_2" / "profile_export_aiperf.json").read_bytes())
    random = Random(1)
    for side in ("base", "cand"):
        for cell in range(CELLS):
            concurrency, length = 2 ** (cell % 10), 64 * (1 + cell // 10)
            values = {"phases.profiling.concurrency": concurrency, "datasets.main.prompts.isl.mean": length}
            config = json.loads(json.dumps(source["input_config"]))
            config["phases"][-1]["concurrency"] = concurrency
            config["datasets"][0]["prompts"]["isl"]["mean"] = float(length)
            for trial in range(TRIALS):
                document = _noisy(source, random.lognormvariate(0, 0.01))
                # As long as AIPerf's own, which decides what of a configuration is remembered.
                identity = blake2b(f"{side}-{cell}-{trial}".encode(), digest_size=16).hexdigest()
                told = {"trial": trial, "sweep_id": side, "benchmark_id": identity, "variation_values": values}
                document |= {
                    "input_config": config,
                    "benchmark_id": identity,
                    "run_info": {**source["run_info"], **told},
                    "start_time": f"2026-11-{10 + trial}T{cell // 60:02}:{cell % 60:02}:{30 * (side == 'cand'):02}",
                }
                path = folder / side / f"trial_{trial}" / f"{cell:04}" / "profile_export_aiperf.json"
                path.parent.mkdir(parents=True)
                path.write_text(json.dumps(document, indent=2))
                yield path


def _noisy(source: dict[str, object], factor: float) -> dict[str, object]:
    """A copy of a run with other times and throughputs."""
    found = dict(source)
    for tag, block in source.items():
        if isinstance(block, dict) and str(block.get("unit")) in (
            "ms",
            "requests/sec",
            "tokens/sec",
            "tokens/sec/user",
        ):
            found[tag] = {
                name: value * factor if isinstance(value, float) and name != "count" else value
                for name, value in block.items()
            }
    return found
