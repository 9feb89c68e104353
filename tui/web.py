"""Serve the app to a browser, one process of it for each page.

The address has a token, which is made at the start and printed: other users of this machine can reach the port, but
not the app. Two more things are checked of every request: its `Host` is a name of this server, and its `Origin` is a
page of this server. Otherwise any page in the user's browser could type into the app.
"""

from __future__ import annotations

import html
import logging
import re
import secrets
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast
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


def page(text: str, base: str, host: str, static: str) -> str:
    """The page as it is sent: it loads nothing from elsewhere, and connects to the name that the browser used.

    Args:
        text: the page as `textual-serve` makes it.
        base: the address that it was made for, such as `http://127.0.0.1:8000`.
        host: the `Host` header of the request.
        static: the path of the files that belong to the page.
    """
    font = f'@font-face {{ font-family: "Roboto Mono"; src: url("{static}fonts/RobotoMono-VariableFont_wght.ttf"); }}'
    own = re.sub(r"<link[^>]*https://[^>]*>", f"<style>{font}</style>", text)
    name = html.escape(host)
    return own.replace(base, f"http://{name}").replace(base.replace("http", "ws", 1), f"ws://{name}")


class _Guarded(Server):
    """The server, with every request looked at first, and all of it below a path that nobody can guess."""

    def __init__(self, *args: Any, names: frozenset[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._names = names
        self.token = secrets.token_urlsafe(24)

    def initialize_logging(self) -> None:
        """Only warnings: a line a request would show the token again and again, and push the address away."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def _make_app(self) -> web.Application:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not allowed(request.host, request.headers.get("Origin"), self._names):
                raise web.HTTPForbidden(text="this page may not use aiperf-migrate")
            given = request.path.split("/")[1]
            if not secrets.compare_digest(given.encode(errors="replace"), self.token.encode()):
                raise web.HTTPForbidden(text="open the whole address that aiperf-migrate has printed")
            if request.path == f"/{self.token}":
                raise web.HTTPFound(f"/{self.token}/")
            return await handler(request)

        outer = web.Application(middlewares=[guard])
        outer.add_subapp(f"/{self.token}", await super()._make_app())
        return outer

    async def on_startup(self, app: web.Application) -> None:
        """Print the address."""
        sys.stdout.write(f"open {self.public_url}/{self.token}/ in a browser; Ctrl-C ends\n")
        sys.stdout.flush()

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, with what the browser is to load from elsewhere left out, and forbidden as well."""
        made = cast(web.Response, await super().handle_index(request))
        static = f"/{self.token}/static/"
        policy = (
            f"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data:; connect-src 'self' ws://{request.host}; frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        text = page(made.text or "", self.public_url, request.host, static)
        return web.Response(text=text, content_type="text/html", headers=headers)


def serve(paths: Sequence[str], host: str, port: int, *, read_only: bool) -> None:
    """Serve until Ctrl-C, at an address that is printed. A local address is served under all its usual names.

    Args:
        paths: files and folders to list.
        host: the address to listen on.
        port: the port, from 1 to 65535.
        read_only: whether the app may write nothing.
    """
    local = frozenset({"127.0.0.1", "localhost", "::1"})
    names = local if host in local else frozenset()
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    options = {"host": host, "port": port, "title": "aiperf-migrate", "public_url": base}
    _Guarded(command(paths, read_only=read_only), names=names, **options).serve()
