"""`python -m watch`: what newer releases of AIPerf change, and drafts of the work.

Exit codes: 0 nothing is new, 1 something is, 2 the package index or a wheel cannot be read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from migrator.aiperf.releases import age
from migrator.cli.main import main as aiperf_migrate
from migrator.contracts.compared import of_sources
from migrator.errors import MigratorError
from migrator.upstream.known import FILE, as_text, known
from migrator.upstream.shape import Found, shape_of
from migrator.upstream.source import read_source
from watch.draft import files
from watch.index import newest, wheel


def main(arguments: Sequence[str]) -> int:
    """Look at newer releases, or at the wheels that are named."""
    parser = argparse.ArgumentParser(prog="python -m watch", description=__doc__)
    parser.add_argument(
        "--wheel", metavar="PATH", help="look at this wheel or source tree instead of the index's newest"
    )
    parser.add_argument("--against", metavar="PATH", help="compare with this one instead of what is known")
    parser.add_argument("--drafts", metavar="DIR", default="build/watch", help="where drafts go (default build/watch)")
    parser.add_argument(
        "--record", action="store_true", help="also install the release, record an export of it and what it reads"
    )
    parser.add_argument(
        "--keep", action="store_true", help=f"add what was read to {Path(FILE).name}, as known from now on"
    )
    options = parser.parse_args(arguments)
    folder = Path(options.drafts)
    try:
        wheels = [options.wheel] if options.wheel else _newer(folder)
        for path in wheels:
            release = _look(path, options.against, folder)
            if options.record:
                _record(release)
        if options.keep:
            _keep(wheels)
    except (MigratorError, RuntimeError) as error:
        sys.stderr.write(f"watch: {error}\n")
        return 2
    if not wheels:
        sys.stdout.write(f"nothing newer than AIPerf {known()[-1].version}\n")
    return 1 if wheels else 0


def _newer(folder: Path) -> list[str]:
    """The wheels of the releases and nightly builds on the index that are newer than all that is known."""
    last = age(known()[-1].version)
    return [str(wheel(name, folder / "wheels")) for name in newest() if age(name) > last]


def _look(path: str, against: str | None, folder: Path) -> str:
    """Print what a wheel changes, write the drafts, and return the release that it is of."""
    aiperf_migrate(["schema", "lint", "--from-aiperf", path, "-v", *(["--against", against] if against else [])])
    base, new, compared = of_sources(path, against)
    target = folder / (new.version or "unnamed")
    for name, text in files(base, new, compared.changes).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)
    sys.stdout.write(f"\ndrafts of the work are in {target}: begin with TODO.md\n")
    return new.version


def _record(release: str) -> None:
    """Let the recorder install a release, run it, and ask it for what it reads.

    Raises:
        RuntimeError: it did not succeed; what it said stands on standard error.
    """
    folder = Path(__file__).resolve().parents[1] / "golden" / "record"
    for script, *more in (("record.py", release, "--scenario", "chat-streaming"), ("fields.py", release)):
        if subprocess.run([sys.executable, str(folder / script), *more], check=False).returncode:
            raise RuntimeError(f"{script} did not succeed for AIPerf {release}")


def _keep(wheels: Sequence[str]) -> None:
    """Add what was read to what is known: the last source of each label."""
    by_label: dict[str, Found] = {found.label: found for found in known()}
    for path in wheels:
        found = shape_of(read_source(path))
        by_label[found.label] = found
    Path(FILE).write_text(as_text(list(by_label.values())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
