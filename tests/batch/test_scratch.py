"""Temporary folders of clusters: removed at the end, or by the next cluster after a kill; never one in use."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from migrator.batch.scratch import scratch_folder


def test_only_what_was_left_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "aiperf-migrate-dask-0a1b2c3d"
    (left / "dask-scratch-space").mkdir(parents=True)
    mine = [tmp_path / "aiperf-migrate-dask-notes.txt", tmp_path / "aiperf-migrate-old", tmp_path / "other"]
    for path in mine:
        path.mkdir()
    with scratch_folder() as first:
        assert not left.exists()
        (Path(first) / "file").write_text("in use")
        with scratch_folder() as second:
            assert second != first
            assert (Path(first) / "file").exists()
        assert not Path(second).exists()
    assert sorted(tmp_path.iterdir()) == sorted(mine)
