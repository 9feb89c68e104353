"""The pages as a site, the manual page, and the one-liners for other tools: each is run, not trusted."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from support.process import EXPORTS, ROOT, environment, run

from migrator.diff.policy import from_text

DOCS = ROOT / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_every_page_is_in_the_navigation_or_below_one() -> None:
    """A page that nobody finds is not there."""

    def pages(part: Any) -> list[str]:
        if isinstance(part, str):
            return [part]
        return [page for item in (part.values() if isinstance(part, dict) else part) for page in pages(item)]

    named = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    assert set(named) == {path.name for path in DOCS.glob("*.md")} | {"decisions/README.md"}
    assert len(named) == len(set(named))


def test_links_out_of_the_site_become_names() -> None:
    spec = importlib.util.spec_from_file_location("site_hook", DOCS / "site.py")
    assert spec
    assert spec.loader
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)

    def shown(text: str, page: str) -> str:
        return str(hook.on_page_markdown(text, SimpleNamespace(file=SimpleNamespace(src_uri=page))))

    assert shown("[README](../README.md)", "a.md") == "README (`README.md`)"
    assert shown("[a](../a.md#x), [b](b.md)", "decisions/a.md") == "[a](../a.md#x), [b](b.md)"


@pytest.mark.slow
def test_the_site_is_built_strictly(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    pytest.importorskip("material")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "commands" / "index.html").is_file()


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manual_has_no_mistake_and_names_every_option() -> None:
    page = DOCS / "aiperf-migrate.1"
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", str(page)], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stderr == ""
    plain = re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)
    assert "--fail-on RULE" in plain
    assert "AIPERF_MIGRATE_POLICY" in plain


def test_policies_of_the_pages_are_policies() -> None:
    found = [text for page in ("policy.md", "ci.md") for text in blocks(page, "toml") if "[[rule]]" in text]
    assert len(found) == 2
    for text in found:
        assert from_text(text, "page").rules


def test_settings_of_the_pages_are_settings(tmp_path: Path) -> None:
    found = [text for page in ("settings.md", "ci.md") for text in blocks(page, "toml") if "[[rule]]" not in text]
    assert len(found) == 2
    for text in found:
        (tmp_path / "aiperf-migrate.toml").write_text(text)
        told = {row["setting"] for row in run("config", "--json", cwd=tmp_path).rows if row["source"]}
        assert told == tomllib.loads(text).keys()


def test_the_workflow_of_the_page_fits_the_action() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (steps,) = (yaml.safe_load(text) for text in blocks("ci.md", "yaml"))
    assert steps[0]["with"].keys() <= action["inputs"].keys()
    assert re.findall(r"outputs\.(\w+)", steps[1]["run"]) == ["verdict"]
    assert "verdict" in action["outputs"]
    (hooks,) = (yaml.safe_load(text) for text in blocks("recipes.md", "yaml"))
    known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in hooks["repos"][0]["hooks"]} <= known


def recipe(word: str) -> str:
    (found,) = (text for text in blocks("recipes.md", "sh") if word in text)
    return str(found)


def shell(script: str, folder: Path) -> str:
    """Run a one-liner in a folder with `results/` and `runs/`."""
    (folder / "bin").mkdir(exist_ok=True)
    start = folder / "bin" / "aiperf-migrate"
    start.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m migrator "$@"\n')
    start.chmod(0o755)
    for name, source in (("results", "lab"), ("runs/base", "lab/base-1"), ("runs/candidate", "lab/slow20-1")):
        shutil.copytree(EXPORTS / source, folder / name, dirs_exist_ok=True)
    done = subprocess.run(
        ["bash", "-c", f"set -e -o pipefail\n{script}"], cwd=folder, capture_output=True, text=True, check=False,
        env=environment(PATH=f"{folder / 'bin'}:{os.environ['PATH']}"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="needs sqlite3")
def test_sqlite(tmp_path: Path) -> None:
    shell(recipe("sqlite3"), tmp_path)
    done = subprocess.run(
        ["sqlite3", "runs.db", "select count(*), min(model) from runs"], cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == "6|mock-model\n"


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_jq(tmp_path: Path) -> None:
    lines = shell(recipe("jq -r '.rows[]"), tmp_path).splitlines()
    assert "request_latency.avg inconclusive" in lines
    assert shell(recipe("findings"), tmp_path) == ""


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_prometheus(tmp_path: Path) -> None:
    shell(recipe("aiperf.prom"), tmp_path)
    lines = (tmp_path / "aiperf.prom").read_text().splitlines()
    assert len(lines) > 100
    assert all(re.fullmatch(r'aiperf_[a-zA-Z0-9_]+\{file="[^"]+"\} -?[0-9.eE+-]+', line) for line in lines)


def test_duckdb_reads_what_the_recipe_writes(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    shell(recipe("duckdb").partition("&&")[0], tmp_path)
    from pyarrow import parquet

    assert {"metric", "avg"} <= set(parquet.read_table(tmp_path / "metrics.parquet").column_names)


def test_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (text for text in blocks("recipes.md", "python") if "mlflow" in text)
    shutil.copytree(EXPORTS / "lab", tmp_path / "results")
    logged: list[Any] = []

    class Run:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    stand_in = SimpleNamespace(
        start_run=lambda run_name: Run(),
        log_params=logged.append,
        log_metrics=logged.append,
        log_artifact=logged.append,
    )
    monkeypatch.setitem(sys.modules, "mlflow", stand_in)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert len(logged) == 18
    assert logged[0] == {"model": "mock-model", "concurrency": 4}
    assert logged[1]["request_latency.avg"] > 0
    json.dumps(logged)
