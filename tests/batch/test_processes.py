"""Another Python that the tool starts runs nothing that lies in the working directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.planted import TOOL, plant, tool
from support.process import ROOT, environment, export

from migrator.batch.processes import python, safe_path

IMPATIENT = f"from migrator.batch import pool\n\npool._ALONE, pool.BUNDLE = 2, 2\n{TOOL}"
"""The tool, to whom three files are enough for several processes."""


@pytest.mark.parametrize(
    "options",
    [("--jobs", "2"), pytest.param(("--engine", "dask", "--jobs", "2"), id="dask")],
)
def test_no_process_of_a_batch_imports_from_the_working_directory(tmp_path: Path, options: tuple[str, ...]) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    noted = plant(runs)
    for number in range(8):
        (runs / f"{number}.json").write_bytes(export("0.8.0/embeddings").read_bytes())
    start = [sys.executable, str(tool(tmp_path / "bin", IMPATIENT))]
    done = subprocess.run(
        [*start, "upgrade", ".", "-d", str(tmp_path / "out"), *options],
        cwd=runs,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert not noted.exists(), noted.read_text()
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_a_module_of_the_program_is_found_where_it_is_not_installed(tmp_path: Path) -> None:
    noted = plant(tmp_path)
    env = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(
        python("migrator", "--version"), cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("aiperf-migrate ")
    assert not noted.exists()
    # In a checkout that is the working directory, the standard library still comes first.
    found = subprocess.run(
        python("migrator", "--version"), cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert found.stdout == done.stdout


@pytest.mark.parametrize("before", [None, "", "1"])
def test_the_environment_is_as_it_was(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    if before is None:
        monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONSAFEPATH", before)
    with safe_path():
        assert os.environ["PYTHONSAFEPATH"]
    assert os.environ.get("PYTHONSAFEPATH") == before
