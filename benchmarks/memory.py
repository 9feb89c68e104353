"""Memory: the peak of a whole batch of 1,000 and of 10,000 files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import grow, in_memory, row

SIZES = (1_000, 10_000)

# ru_maxrss of children is the largest child's: a process of its own for each batch.
_RUN = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def run() -> Iterator[str]:
    """Real upgrades into a real folder."""
    peaks = []
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
            tree, out = Path(folder) / "in", Path(folder) / "out"
            grow(tree, size)
            command = [sys.executable, "-m", "migrator", "upgrade", str(tree), "-d", str(out)]
            done = subprocess.run([sys.executable, "-c", _RUN, *command], check=True, capture_output=True, text=True)
            peaks.append(int(done.stdout) / 1024)
            yield row(f"upgrade {size:,} files", f"{peaks[-1]:.1f} MB", peaks[-1] / peaks[0], 1.1)
