"""Serve the app to a browser, one process of it for each page.

There is no password, so two things are checked of every request: its `Host` is a name of this server, and its `Origin`
is a page of this server. Otherwise any page in the user's browser could type into the app.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from migrator.batch.processes import python

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def command(paths: Sequence[str], *, read_only: bool) -> str:
    """The command line of each app that is served."""
    return shlex.join(python("tui.served", *(["--read-only"] if read_only else []), "--", *paths))


def allowed(host: str, origin: str | None, names: frozenset[str]) -> bool:
    """Whether a request may be answered.

    Args:
        host: its `Host` header.
        origin: its `Origin` header, which browsers send with every websocket.
        names: the host names this server goes by; empty: any.
    """
    hostname = urlsplit(f"//{host}").hostname or ""
    if names and hostname not in names:
        return False
    return origin is None or urlsplit(origin).netloc == host


class _Guarded(Server):
    """The server, with every request looked at first."""

    def __init__(self, *args: Any, names: frozenset[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._names = names

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not allowed(request.host, request.headers.get("Origin"), self._names):
                raise web.HTTPForbidden(text="this page may not use aiperf-migrate")
            return await handler(request)

        app.middlewares.append(guard)
        return app


def serve(paths: Sequence[str], host: str, port: int, *, read_only: bool) -> None:
    """Serve until Ctrl-C. A local address is served under all its usual names.

    Args:
        paths: files and folders to list.
        host: the address to listen on.
        port: the port, from 1 to 65535.
        read_only: whether the app may write nothing.
    """
    local = frozenset({"127.0.0.1", "localhost", "::1"})
    names = local if host in local else frozenset()
    _Guarded(command(paths, read_only=read_only), host=host, port=port, title="aiperf-migrate", names=names).serve()
