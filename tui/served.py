"""`python -m tui.served [--read-only] -- PATH…`: one app for one page of a browser; started by [`tui.web`][]."""

from __future__ import annotations

import sys

from tui.start import start


def main(arguments: list[str]) -> None:
    """Run the app; its arguments are this program's own."""
    end = arguments.index("--")
    start(arguments[end + 1 :], read_only="--read-only" in arguments[:end])


if __name__ == "__main__":
    main(sys.argv[1:])
