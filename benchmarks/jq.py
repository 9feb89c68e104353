"""jq: the same 1.0 → 1.5 edit of one file, process against process.

The file is without `input_config`, whose translation no jq program does.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import GOLDEN, pairs, process, row
from migrator.chain.telemetry import GPU_NAMES

EXPORT = GOLDEN / "0.4.0" / "chat-streaming" / "profile_export_aiperf.json"
ROUNDS = 15

_PROGRAM = """
.schema_version = "1.5"
| .run_info = {
    benchmark_id, sweep_id: null, random_seed: null, trial: null, run_label: null,
    variation_label: null, variation_index: null, variation_values: null, cli_command: null
  }
| .runtime_submission_invalid_reasons = []
| .telemetry_data.endpoints[].gpus[] |= (
    .platform = "nvidia" | .metrics |= with_entries(.key |= ($names[.] // .))
  )
"""


def program() -> list[str]:
    """The options of jq, and its program; files without telemetry pass."""
    return ["--argjson", "names", json.dumps(GPU_NAMES), _PROGRAM.replace(".gpus[] |=", "?.gpus[]? |=")]


def _document(command: list[str]) -> object:
    """What a command prints, as numbers: jq writes 1.8e18 as an integer, so both are read as floats."""
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout, parse_int=float)


def run() -> Iterator[str]:
    """Only if both give the same document is there anything to compare."""
    jq = shutil.which("jq")
    if jq is None:
        yield "jq is not installed: not measured"
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / EXPORT.name
        document = json.loads(EXPORT.read_bytes())
        del document["input_config"]
        plain.write_text(json.dumps(document, indent=2))
        yield from _compared(jq, plain)


def _compared(jq: str, export: Path) -> Iterator[str]:
    edit = [jq, "--argjson", "names", json.dumps(GPU_NAMES), _PROGRAM, str(export)]
    ours = [sys.executable, "-m", "migrator", "upgrade", str(export)]
    if _document(edit) != _document(ours):
        yield "the two edits differ: not measured"
        return
    mine, other, ratio = pairs(lambda: process(ours), lambda: process(edit), ROUNDS)
    yield row("jq", f"{other * 1e3:.1f} ms")
    yield row("aiperf-migrate upgrade", f"{mine * 1e3:.1f} ms", ratio)
