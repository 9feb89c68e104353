"""One run of `aiperf profile` on a bench: an empty folder, the mock servers, no way to the network."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from golden.record import tokenizer
from golden.record.mock_server import MockServer
from golden.record.scenarios import FOLDER, Scenario

PATIENCE: Final = 300.0
"""Seconds after which a run is killed."""


class RecordingError(Exception):
    """A run did not give what is to be recorded; the text says why."""


def run(scenario: Scenario, release: str, name: str, command: Path, bench: Path) -> list[int]:
    """Run AIPerf in the new folder `bench`; beside it are its home folder and what it says.

    Args:
        scenario: which command line.
        release: the release that `command` is of.
        name: the name that the run is kept under.
        command: the `aiperf` to run.
        bench: the folder to run in, which is made; its parent must exist.

    Returns:
        The ports of the mock servers.

    Raises:
        RecordingError: it did not end within `PATIENCE` seconds.
    """
    home = bench.parent / "home"
    tokenizer.write(home)
    bench.mkdir()
    for file in scenario.files:
        (bench / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(FOLDER / file, bench / file)
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(MockServer(delays=scenario.delays, errors=scenario.errors))
            for _ in range(scenario.servers)
        ]
        arguments = scenario.command(release, name, [server.url for server in servers])
        with (
            _log(bench).open("wb") as output,
            _process([str(command), *arguments], bench, home, output) as process,
        ):
            ended = _wait(process, scenario.interrupt, lambda: sum(server.asked for server in servers))
    if not ended:
        raise RecordingError(f"aiperf did not end within {PATIENCE:.0f} seconds; it said:\n{last_words(bench)}")
    return [server.port for server in servers]


def _log(bench: Path) -> Path:
    return bench.parent / "log"


def last_words(bench: Path) -> str:
    """The end of what AIPerf said on its console."""
    return "\n".join(_log(bench).read_text(errors="replace").splitlines()[-25:])


@contextlib.contextmanager
def _process(command: list[str], folder: Path, home: Path, output: BinaryIO) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, of which nothing is left afterwards."""
    temporary = home / "t"  # Short: sockets stand in it, whose paths may have about 100 characters.
    temporary.mkdir()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(home, temporary),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment(home: Path, temporary: Path) -> dict[str, str]:
    """The environment variables of a run: none of the user's (which may hold keys), and no way to the network."""
    nowhere = "http://127.0.0.1:9"  # The discard port: refused at once.
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "COLUMNS": "120",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), nowhere),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
    }


def _wait(process: subprocess.Popen[bytes], interrupt: int | None, asked: Callable[[], int]) -> bool:
    """Wait for the end, and interrupt after so many requests, as Ctrl-C would; False if the end does not come."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None:
        if interrupt is not None and asked() >= interrupt:
            interrupt = None
            process.send_signal(signal.SIGINT)
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
