"""Watching AIPerf: what a newer source changes becomes drafts that hold."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.aiperf_source import tree
from support.versions import NEWEST, NEXT

import watch.__main__ as command
from migrator.chain.operation import Context
from watch import index

_BEFORE, _AFTER = (version.replace(".", "_") for version in (NEWEST, NEXT))
STEP = f"migrator/chain/steps/s{_BEFORE}_to_{_AFTER}.py"
MODEL = f"migrator/schemas/v{_AFTER}.py"
METRIC = """
class NewMetric(BaseRecordMetric[int]):
    tag = "brand_new"
    header = "Brand New"
"""


def watched(tmp_path: Path, **changes: str) -> tuple[int, Path]:
    old = tree(tmp_path / "old", label=NEWEST, release="0.13.1")
    new = tree(tmp_path / "new", **{"label": NEXT, **changes})
    code = command.main(["--wheel", str(new), "--against", str(old), "--drafts", str(tmp_path / "drafts")])
    return code, tmp_path / "drafts" / "0.14.0"


def loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("draft", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["draft"] = module  # pydantic looks the names of annotations up there.
    spec.loader.exec_module(module)
    return module


def test_the_drafted_step_drops_what_is_new_and_the_drafted_model_takes_it(tmp_path: Path) -> None:
    fields = "    shard: int | None = None\n    extra: dict[str, int] | None = None"
    code, drafts = watched(tmp_path, fields=fields, metrics=METRIC, exporter="    data.metadata = {}")
    assert code == 1
    step = loaded(drafts / STEP).STEP
    assert (step.older, step.newer) == (NEWEST, NEXT)
    document: dict[str, Any] = {"shard": 3, "extra": {}, "metadata": {}, "was_cancelled": False}
    for op in reversed(step.ops):
        document = op.down(document, Context("vendor"))
    assert document == {"was_cancelled": False}
    model = loaded(drafts / MODEL).Export
    assert model.model_validate({"schema_version": NEXT, "shard": 3}).shard == 3
    with pytest.raises(ValueError, match="whole number"):
        model.model_validate({"schema_version": NEXT, "shard": "three"})
    assert json.loads((drafts / "metrics.json").read_text())["brand_new"]["header"] == "Brand New"
    assert (drafts / "releases.txt").read_text() == f'    Release("0.14.0", "{NEXT}", "vendor"),\n'
    assert "metadata: set by the exporter" in (drafts / "TODO.md").read_text()


def test_what_is_gone_and_what_is_computed_otherwise_is_in_the_drafts(tmp_path: Path) -> None:
    old = tree(tmp_path / "old", label=NEWEST, fields="    shard: int | None = None")
    new = tree(tmp_path / "new", label=NEXT, formula="record.end", config="    seed: int | None = None")
    drafts = tmp_path / "drafts"
    assert command.main(["--wheel", str(new), "--against", str(old), "--drafts", str(drafts)]) == 1
    step = loaded(drafts / "0.14.0" / STEP).STEP
    document: dict[str, Any] = {"shard": 3}
    for op in step.ops:
        document = op.up(document, Context("vendor"))
    assert document == {}
    assert json.loads((drafts / "0.14.0/definitions.json").read_text())[0]["tags"] == ["request_latency"]
    (row,) = json.loads((drafts / "0.14.0/reader_fields.json").read_text())
    assert row["place"] == "input_config.seed"


def test_a_release_with_a_known_label_needs_no_step(tmp_path: Path) -> None:
    _, drafts = watched(tmp_path, label=NEWEST, metrics=METRIC)
    assert sorted(path.name for path in drafts.rglob("*") if path.is_file()) == [
        "TODO.md",
        "metrics.json",
        "releases.txt",
    ]


def test_only_what_is_newer_than_known_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "newest", lambda: ["0.12.0", "0.13.0.dev20261007"])
    assert command.main(["--drafts", str(tmp_path)]) == 0
    assert "nothing newer than AIPerf" in capsys.readouterr().out


def test_an_index_that_cannot_be_asked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: str) -> str:
        raise RuntimeError("no network")

    monkeypatch.setattr(index, "_pip", broken)
    assert command.main(["--drafts", str(tmp_path)]) == 2
    assert "no network" in capsys.readouterr().err


def test_the_newest_release_and_the_newest_nightly_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "aiperf": "aiperf (0.13.0)\nAvailable versions: 0.9.0, 0.13.0, 0.12.0",
        "aiperf-nightly": "aiperf-nightly\nAvailable versions: 0.13.0.dev20261007, 0.13.0.dev20261023",
    }
    monkeypatch.setattr(index, "_pip", lambda *words: answers[words[2]])
    assert index.newest() == ["0.13.0", "0.13.0.dev20261023"]
