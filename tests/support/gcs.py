"""As much of Google Cloud Storage's JSON API as a client needs to read, write under a condition, list and delete.

It follows the published reference: https://cloud.google.com/storage/docs/json_api/v1/objects. Everything is in memory.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Bucket(ThreadingHTTPServer):
    """A server with one bucket. `objects`: name → (what is told of it, content)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.generation = 1000
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def put(self, name: str, raw: bytes, **about: Any) -> dict[str, Any]:
        self.generation += 1
        told = {"bucket": "runs", "name": name, "size": str(len(raw)), "generation": str(self.generation)}
        told |= {"kind": "storage#object", "updated": "2026-11-24T08:00:00.000Z", "contentType": "application/json"}
        self.objects[name] = ({**told, **about, "name": name}, raw)
        return self.objects[name][0]


class _Handler(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        del format, args

    def _answer(self, status: int, body: bytes | dict[str, Any]) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(body, bytes) else "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}

    def do_GET(self) -> None:
        path, asked = self._asked()
        if path == "/storage/v1/b/runs/o":
            return self._answer(200, self._list(asked))
        name = unquote(path.removeprefix("/download").removeprefix("/storage/v1/b/runs/o/"))
        found = self.server.objects.get(name)
        if found is None or path == name:
            return self._answer(404, {"error": {"code": 404, "message": "No such object"}})
        if asked.get("generation", found[0]["generation"]) != found[0]["generation"]:
            return self._answer(404, {"error": {"code": 404, "message": "No such generation"}})
        if asked.get("alt") == "media" and (part := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))):
            return self._answer(206, found[1][int(part[1]) : int(part[2]) + 1])
        return self._answer(200, found[1] if asked.get("alt") == "media" else found[0])

    def _list(self, asked: dict[str, str]) -> dict[str, Any]:
        prefix, items, prefixes = asked.get("prefix", ""), [], set()
        for name, (told, _) in sorted(self.server.objects.items()):
            if name.startswith(prefix):
                rest = name.removeprefix(prefix)
                if asked.get("delimiter") and "/" in rest:
                    prefixes.add(prefix + rest.partition("/")[0] + "/")
                else:
                    items.append(told)
        return {"kind": "storage#objects", "items": items, "prefixes": sorted(prefixes)}

    def do_POST(self) -> None:
        path, asked = self._asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert path == "/upload/storage/v1/b/runs/o", path
        assert asked["uploadType"] == "multipart"
        boundary = re.search('boundary="(.*?)"', self.headers["Content-Type"])
        assert boundary
        _, first, second, _ = body.split(f"--{boundary[1]}".encode())
        about = json.loads(first.partition(b"\r\n\r\n")[2])
        raw = second.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        name = about.pop("name")
        with self.server.lock:
            there = self.server.objects.get(name)
            generation = there[0]["generation"] if there else "0"
            if asked.get("ifGenerationMatch", generation) != generation:
                return self._answer(412, {"error": {"code": 412, "message": "conditionNotMet"}})
            return self._answer(200, self.server.put(name, raw, **about))

    def do_DELETE(self) -> None:
        name = unquote(self._asked()[0].removeprefix("/storage/v1/b/runs/o/"))
        with self.server.lock:
            found = self.server.objects.pop(name, None)
        self._answer(204 if found else 404, b"")
