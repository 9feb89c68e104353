"""`aiperf-migrate tui` as a process: in a terminal, without one, and for a browser."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.planted import plant
from support.process import EXPORTS, environment, run

from migrator.cli.commands import tui as command
from migrator.cli.main import main
from migrator.errors import UsageError
from migrator.extras import install
from tui.web import allowed
from tui.web import command as served


def test_without_a_terminal_it_says_what_tells_the_same() -> None:
    done = run("tui", EXPORTS / "lab")
    assert done.code == 2
    assert "needs a terminal" in done.stderr
    assert "inspect" in done.stderr


def test_a_path_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    done = run("tui", tmp_path / "nowhere")
    assert done.code == 4
    assert "does not exist" in done.stderr


@pytest.mark.parametrize(
    ("package", "extra", "arguments"), [("textual", "tui", []), ("textual_serve", "web", ["--web"])]
)
def test_a_missing_package_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, package: str, extra: str, arguments: list[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(UsageError, match=f"{package} is not installed") as told:
        main(["tui", *arguments, str(EXPORTS)])
    assert told.value.hint == f"install it with: {install(extra)}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "can be reached by others"),
        (["--host", "example.com"], "can be reached by others"),
        (["--port", "0"], "is not a port number"),
        (["--port", "65536"], "is not a port number"),
    ],
)
def test_a_browser_is_served_on_this_machine_only(arguments: list[str], told: str) -> None:
    done = run("tui", "--web", *arguments, EXPORTS / "lab")
    assert done.code == 2
    assert told in done.stderr


@pytest.mark.parametrize(
    ("host", "origin", "fine"),
    [
        ("127.0.0.1:8000", None, True),
        ("localhost:8000", "http://localhost:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("evil.example:8000", None, False),
        ("127.0.0.1:8000", "http://evil.example", False),
        ("127.0.0.1:8000", "http://127.0.0.1:9000", False),
        ("127.0.0.1:8000", "null", False),
        ("", None, False),
    ],
)
def test_only_pages_of_its_own_may_use_it(host: str, origin: str | None, fine: bool) -> None:
    assert allowed(host, origin, frozenset({"127.0.0.1", "localhost", "::1"})) is fine


def test_the_page_is_served_to_who_has_the_address_and_strangers_are_refused() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "migrator", "tui", "--web", "--port", str(port), str(EXPORTS / "lab")]
    process = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert process.stdout
        told = process.stdout.readline().decode()
        found = re.match(rf"open http://127\.0\.0\.1:{port}(/\S{{32}}/) in a browser", told)
        assert found, told
        path = found[1]
        for _ in range(600):
            assert process.poll() is None
            try:
                assert _status(port, {}, path) == 200
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        assert _status(port, {}, path.rstrip("/")) == 200
        assert _status(port, {"Host": "evil.example"}, path) == 403
        assert _status(port, {"Origin": "http://evil.example"}, path) == 403
        socket_key = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        socket_key["Sec-WebSocket-Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        for other in ("/", "/ws", "/static/js/textual.js", f"{path[:-2]}X/", f"{path[:-2]}X/ws", "//", "/%00/"):
            assert _status(port, socket_key if other.endswith("ws") else {}, other) == 403, other
        assert _status(port, {}, f"{path}static/fonts/RobotoMono-VariableFont_wght.ttf") == 200
        page = _page(port, {"Host": f"localhost:{port}"}, path)
        assert f"ws://localhost:{port}{path}ws" in page
        assert "https://" not in page, "nothing comes from elsewhere"
        assert f"{path}static/js/textual.js" in page
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=20)
    assert path.strip("/").encode() not in rest, "the address stands there once"


def test_an_app_for_a_browser_imports_nothing_from_the_working_directory(tmp_path: Path) -> None:
    noted = plant(tmp_path)
    process = subprocess.Popen(
        shlex.split(served(["."], read_only=True)),
        cwd=tmp_path,
        env=environment(TEXTUAL_DRIVER="textual.drivers.web_driver:WebDriver"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == b"__GANGLION__\n", "the app has started"
    finally:
        process.kill()
        process.communicate()
    assert not noted.exists(), noted.read_text()


def _page(port: int, headers: dict[str, str], path: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        return str(answer.read().decode())


def _status(port: int, headers: dict[str, str], path: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


# --- a terminal ----------------------------------------------------------------------------------------------


class Terminal:
    """The far end of a terminal in which the tool runs."""

    def __init__(self, handle: int, process: subprocess.Popen[bytes]) -> None:
        self._handle, self.process = handle, process
        self.said = b""
        self.told = 0
        """Bytes that it has sent before the last key."""

    def wait_for(self, text: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while text.encode() not in self.said:
            assert time.monotonic() < end, f"{text!r} does not appear"
            if select.select([self._handle], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self._handle, 65536)
                except OSError:
                    break
        assert text.encode() in self.said

    def answered(self, silence: float = 0.3) -> None:
        """Read until nothing has come for so many seconds; what comes later counts for what is pressed next."""
        while select.select([self._handle], [], [], silence)[0]:
            self.said += os.read(self._handle, 65536)

    def press(self, keys: str) -> None:
        self.told += len(self.said)
        self.said = b""
        os.write(self._handle, keys.encode())

    def end(self) -> int:
        """Read until it ends."""
        for _ in range(600):
            if select.select([self._handle], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self._handle, 65536)
                except OSError:
                    break
            if self.process.poll() is not None:
                break
        return self.process.wait(30)


@contextmanager
def terminal(tmp_path: Path, *arguments: str, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "migrator", "tui", *arguments],
        stdin=far,
        stdout=far,
        stderr=far,
        env=environment(
            TERM="xterm-256color",
            COLUMNS=str(size[0]),
            XDG_STATE_HOME=str(tmp_path),
            XDG_CONFIG_HOME=str(tmp_path),
        ),
        start_new_session=True,
    )
    os.close(far)
    try:
        yield Terminal(near, process)
    finally:
        process.kill()
        process.wait(20)
        os.close(near)


def test_in_a_terminal_it_starts_shows_a_run_and_remembers(tmp_path: Path) -> None:
    with terminal(tmp_path, str(EXPORTS / "lab"), "--read-only") as screen:
        screen.wait_for("6 exports, 6 need migration")
        screen.wait_for("read-only")
        screen.press("a")
        screen.wait_for("base-1")
        screen.press("\r")
        screen.wait_for("Time to First Token")
        screen.press("q")
        assert screen.end() == 0
        assert b"Traceback" not in screen.said
    state = next(tmp_path.rglob("tui.json")).read_text()
    assert str(EXPORTS / "lab" / "base-1") in state


_MARK_BOTH = "   a   bd"
"""The keys that compare the first three lines of the list with the next three."""
_LITTLE = {
    "list": ("lab", "", "j", 5, ""),
    "compare": ("lab", _MARK_BOTH, "j", 12, "In the gate"),
    "migrate stages": ("0.4.0", "m", "]", 6, "whole way"),
    "history": ("lab", "H", "j", 7, "request_latency.avg"),
}
"""What is shown → exports, keys that open it, the key that is measured, how often, and what is on the screen then."""


_MORE = ("migrate stages", "history")


@pytest.mark.parametrize("name", ["list", "compare", *(pytest.param(n, marks=pytest.mark.slow) for n in _MORE)])
def test_a_key_sends_little_to_the_terminal(tmp_path: Path, name: str) -> None:
    folder, opening, key, count, shown = _LITTLE[name]
    with terminal(tmp_path, str(EXPORTS / folder), size=(120, 40)) as screen:
        screen.wait_for(" need" if folder == "lab" else " needs")
        screen.answered()
        for each in opening:
            screen.press(each)
            screen.answered()
        screen.wait_for(shown)
        screen.answered(3)
        before = screen.told + len(screen.said)
        for _ in range(count):
            screen.press(key)
            screen.answered()
        after = screen.told + len(screen.said)
        screen.press("q")
        assert screen.end() == 0
        assert 0 < (after - before) / count <= 2500
