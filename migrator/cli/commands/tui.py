"""`aiperf-migrate tui`: browse exports in a terminal, or in a browser on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from migrator.cli.parser import Parser, file_name
from migrator.errors import ExitCode, UnreadableError, UsageError
from migrator.extras import install
from migrator.stores import is_url, require_no_secret

LOCAL = ("127.0.0.1", "localhost", "::1")
"""Addresses that only this machine reaches."""


class Options:
    """What the command line says."""

    paths: list[str]
    read_only: bool
    web: bool
    host: str
    port: int
    allow_remote: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Browse exports in the terminal: list them, look into one, preview a migration, compare runs.\n\n"
        "The other commands print all that it shows; the key c shows which command.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        type=file_name,
        default=[],
        help="files and folders, or URLs (default: here)",
    )
    parser.add_argument("--read-only", action="store_true", help="disable everything that writes files")
    parser.add_argument("--web", action="store_true", help="serve it to a browser on this machine instead")
    parser.add_argument("--host", default=LOCAL[0], metavar="ADDRESS", help=f"address of --web (default: {LOCAL[0]})")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="port of --web (default: 8000)")
    parser.add_argument(
        "--allow-remote", action="store_true", help="let --web listen where others can reach it: nothing is encrypted"
    )
    return parser


def run(options: Options) -> int:
    """Start the terminal UI."""
    paths = options.paths or ["."]
    for path in paths:
        if is_url(path):
            require_no_secret(path)
        elif not os.path.lexists(path):
            raise UnreadableError("does not exist", file=path)
    _require("textual", "tui")
    if options.web:
        return _serve(paths, options.host, options.port, read_only=options.read_only, remote=options.allow_remote)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the terminal UI needs a terminal",
            expected="standard input and output to be terminals",
            hint="inspect, check and diff print the same without one",
        )
    from tui.start import start

    start(paths, read_only=options.read_only)
    return ExitCode.OK


def _require(package: str, extra: str) -> None:
    if find_spec(package) is None:
        raise UsageError(f"{package} is not installed", hint=f"install it with: {install(extra)}")


def _serve(paths: Sequence[str], host: str, port: int, *, read_only: bool, remote: bool) -> int:
    if host not in LOCAL and not remote:
        raise UsageError(
            f"--host {host} can be reached by others, and nothing is encrypted",
            expected=f"one of {', '.join(LOCAL)}",
            hint="--allow-remote permits it",
        )
    if not 0 < port < 65536:
        raise UsageError(f"--port {port} is not a port number", expected="1 to 65535")
    _require("textual_serve", "web")
    from tui.web import serve

    serve(paths, host, port, read_only=read_only)
    return ExitCode.OK
