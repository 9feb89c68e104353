"""`python -m benchmarks [NAME…]`: run the benchmarks and print one table each."""

from __future__ import annotations

import compileall
import sys
from importlib import import_module

NAMES = (
    "batch",
    "jq",
    "aiperf",
    "startup",
    "computing",
    "memory",
    "records",
    "tui",
    "tui_many",
    "scale",
    "sweeps",
    "history",
    "calibration",
    "performance",
)


def main(wanted: list[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for package in ("migrator", "tui"):
        compileall.compile_dir(package, quiet=1)  # As an installation leaves them.
    for name in wanted or NAMES:
        module = import_module(f"benchmarks.{name}")
        print(f"\n{(module.__doc__ or name).splitlines()[0]}")
        for line in module.run():
            print(f"  {line}", flush=True)
    return 0


sys.exit(main(sys.argv[1:]))
