"""The command that an error names installs what is missing, from where the tool itself came."""

from __future__ import annotations

import json
import shlex
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from support.process import ROOT

from migrator.extras import install


class _Distribution:
    def __init__(self, recorded: Any) -> None:
        self._recorded = recorded

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._recorded if type(self._recorded) in (str, type(None)) else json.dumps(self._recorded)


COMMIT = "0123456789abcdef0123456789abcdef01234567"
RECORDED: dict[str, tuple[Any, str]] = {
    "an index": (None, "aiperf-migrate[zstd]"),
    "git": (
        {"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        "aiperf-migrate[zstd] @ git+https://example.org/a.git",
    ),
    "a tag in git": (
        {
            "url": "https://example.org/a.git",
            "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "v1"},
        },
        "aiperf-migrate[zstd] @ git+https://example.org/a.git@v1",
    ),
    "a file on the net": (
        {"url": "https://example.org/a.whl", "archive_info": {}},
        "aiperf-migrate[zstd] @ https://example.org/a.whl",
    ),
    "a wheel": ({"url": "file:///x/a.whl", "archive_info": {}}, "aiperf-migrate[zstd] @ file:///x/a.whl"),
    "damage": ("{", "aiperf-migrate[zstd]"),
}


@pytest.mark.parametrize(("recorded", "expected"), RECORDED.values(), ids=RECORDED)
def test_it_installs_from_where_the_tool_came(monkeypatch: pytest.MonkeyPatch, recorded: Any, expected: str) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda _: _Distribution(recorded))
    install.cache_clear()
    assert shlex.split(install("zstd")) == ["pip", "install", expected]
    install.cache_clear()


@pytest.mark.parametrize("editable", [True, False])
def test_a_folder_is_named_whatever_is_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, editable: bool
) -> None:
    folder = tmp_path / "it's my tool"
    folder.mkdir()
    found = _Distribution({"url": folder.as_uri(), "dir_info": {"editable": editable}})
    monkeypatch.setattr(metadata, "distribution", lambda _: found)
    install.cache_clear()
    assert shlex.split(install("tui")) == ["pip", "install", *["-e"] * editable, f"{folder}[tui]"]
    assert shlex.split(install()) == ["pip", "install", *["-e"] * editable, str(folder)]
    install.cache_clear()


def test_a_checkout_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    install.cache_clear()
    assert shlex.split(install("dask")) == ["pip", "install", f"{ROOT}[dask]"]
    install.cache_clear()
