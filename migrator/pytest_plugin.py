"""The pytest plugin of this tool: a test that asks for `aiperf_export` runs once for every fixture.

    def test_my_parser(aiperf_export):
        assert my_parser(aiperf_export.path) is not None

    @pytest.mark.aiperf_exports("1.3", "1.4-legacy")
    def test_of_some(aiperf_export):
        ...

`aiperf_export.path` is a file in a folder of its own, `document` the parsed export, `version` its schema version and
`name` the name of the fixture. The mark chooses by versions and names. pytest finds the plugin by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from migrator.values import dataclass

if TYPE_CHECKING:
    from migrator.fixtures import Fixture

_ARGUMENT = "aiperf_export"
_MARK = "aiperf_exports"


@dataclass(frozen=True)
class AIPerfExport:
    """One export as a file. The document is a copy of its own, which a test may change."""

    name: str
    version: str
    path: Path
    document: dict[str, Any]


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", f"{_MARK}(*names): run for these versions or names of {_ARGUMENT} only")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for every fixture that its mark asks for."""
    if _ARGUMENT not in metafunc.fixturenames:
        return
    # Imported here: every run of pytest loads plugins, and few tests ask for this.
    from migrator.fixtures import fixtures

    every = fixtures()
    names = {name for mark in metafunc.definition.iter_markers(_MARK) for name in mark.args}
    known = {word for one in every for word in (one.name, one.version)}
    if odd := sorted(names - known):
        raise pytest.UsageError(f"{_MARK}: no version or fixture {odd[0]!r}; expected {', '.join(sorted(known))}")
    chosen = [one for one in every if not names or {one.name, one.version} & names]
    metafunc.parametrize(_ARGUMENT, chosen, ids=[one.name for one in chosen], indirect=True)


@pytest.fixture
def aiperf_export(request: pytest.FixtureRequest, tmp_path: Path) -> AIPerfExport:
    """A recorded export of each schema version, in a folder as AIPerf leaves it."""
    found: Fixture = request.param
    folder = tmp_path / f"aiperf-{found.name}"
    folder.mkdir()
    path = folder / found.file_name
    path.write_bytes(found.raw)
    return AIPerfExport(found.name, found.version, path, found.document)
