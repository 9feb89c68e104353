"""A store that takes a connection and answers nothing is given up, and not waited for again by each file."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from threading import Thread

import pytest
from support.process import run

from migrator.errors import UnreadableError, UnwritableError
from migrator.stores import connect as connecting
from migrator.stores import store_of


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """A server that accepts connections, and the connections that it has."""
    server = socket.create_server(("127.0.0.1", 0))
    accepted: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                accepted.append(server.accept()[0])
            except OSError:
                return

    Thread(target=accept, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    connecting._connect.cache_clear()
    yield accepted
    connecting._connect.cache_clear()
    server.close()
    for connection in accepted:
        connection.close()


def test_it_is_given_up_with_a_word_and_not_asked_for_each_file(
    silent: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fsspec
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    monkeypatch.setattr(connecting, "READ_SECONDS", 0.2)
    store = store_of("s3://runs/a.json")
    with pytest.raises(UnreadableError, match="the store does not answer, and was given up") as told:
        store.read("s3://runs/a.json")
    assert told.value.hint == "is the store within reach? run it again"
    assert len(silent) <= connecting.ATTEMPTS
    before = len(silent)
    with pytest.raises(UnreadableError, match="did not answer before"):
        store.read("s3://runs/b.json")
    with pytest.raises(UnwritableError, match="did not answer before"):
        store.create("s3://runs/b.json", b"{}")
    assert len(silent) == before, "nobody asked"
    monkeypatch.setattr(store, "_silent_until", 0.0)
    with pytest.raises(UnreadableError, match="was given up"):
        store.read("s3://runs/c.json")
    assert fsspec.config.conf.get("s3") is None
    S3FileSystem.clear_instance_cache()


@pytest.mark.slow
def test_the_command_line_ends(silent: list[socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    env = {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
    done = run("inspect", "s3://runs/a.json", env=env)
    assert done.code == 4
    assert "was given up" in done.complaints[0]
