"""`python -m oracle [RELEASE …]`: let AIPerf judge what was converted for it. Exit code 1 if anything fails.

Without a release all are asked, `result.json` is stored, and `docs/compatibility.md` is written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from golden.record.environment import InstallationError, cache_folder, freeze
from oracle import corpus, plots, report
from oracle.fidelity import fidelity
from oracle.matrix import columns, result


def judge(releases: tuple[str, ...], cache: Path, *, draw: bool) -> dict[str, Any]:
    """The verdicts of some releases, in the form of `result.json`; with `draw` also what `aiperf plot` draws."""
    found = result(columns(releases, cache))
    # Nightlies that can no longer be installed were recorded, so their configurations can still be compared.
    gone = [name for name in corpus.sources() if ".dev" in name and name not in corpus.LOADERS]
    found |= fidelity([*releases, *(gone if releases == corpus.LOADERS else ())])
    if draw:
        found["plots"] = plots.plots(cache)
    return found


def main(arguments: list[str]) -> int:
    """Run the command: 0 if all files are read, 1 if one is not, 2 if a release could not be asked."""
    given = _arguments(arguments)
    chosen = tuple(given.releases) or corpus.LOADERS
    if unknown := [name for name in chosen if name not in corpus.LOADERS]:
        print(f"unknown release {', '.join(unknown)}; expected {', '.join(corpus.LOADERS)}", file=sys.stderr)
        return 2
    draw = plots.RELEASE in chosen and (given.plots or not given.releases)
    if draw and plots.browser() is None:
        print(f"no plots: none of {', '.join(plots.BROWSERS)} is on the path", file=sys.stderr)
        draw = False
    try:
        if given.freeze:
            print("\n".join(str(freeze(name, given.cache)) for name in chosen))
            return 0
        print(f"asking {len(chosen)} releases; their environments are in {given.cache}", file=sys.stderr)
        found = judge(chosen, given.cache, draw=draw)
    except InstallationError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"{error}\n{error.stderr}", file=sys.stderr)
        return 2
    print("\n".join(report.text(found)))
    if not given.releases:
        report.store(found)
        report.PAGE.write_text(report.page(found), encoding="utf-8")
    return int(report.fails(found))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="oracle", description="Let AIPerf judge what was converted for it.")
    parser.add_argument("releases", nargs="*", metavar="RELEASE", help="such as 0.9.0; default: all")
    parser.add_argument("--plots", action="store_true", help="also draw plots, if 0.13.0 is asked; takes minutes")
    parser.add_argument(
        "--cache", type=Path, default=cache_folder(), metavar="DIR", help="where the environments are kept"
    )
    parser.add_argument(
        "--freeze", action="store_true", help="only write down the versions that are installed for them now"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
