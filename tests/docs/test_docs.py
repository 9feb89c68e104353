"""The documentation says what the program does: generated pages and printed output are compared, not trusted."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from support.process import run

ROOT = Path(__file__).parents[2]


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_versions_page_is_generated_from_the_steps() -> None:
    generate = _script("generate")
    assert generate.PAGE.read_text() == generate.versions(), "run `make docs`"


def test_the_shares_of_readers_are_counted() -> None:
    generate = _script("generate")
    assert generate.CONTRACTS.read_text() == generate.contracts(), "run `make docs`"


def test_what_the_models_accept_is_read_off_them() -> None:
    generate = _script("generate")
    assert generate.MODELS.read_text() == generate.models(), "run `make docs`"


def test_the_reference_and_the_manual_are_generated_from_the_parsers() -> None:
    for page, text in _script("commands").pages().items():
        assert page.read_text() == text, "run `make docs`"


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_pages_show_what_the_commands_print(page: str) -> None:
    readme = _script("readme")
    assert ROOT / page in readme.PAGES
    text = (ROOT / page).read_text()
    assert text.count("```console") >= 3
    assert readme.filled(text) == text, "run `make docs`"


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_map_is_the_list_of_layers() -> None:
    """Every room of the page, layer by layer, is what the import contract says; and nothing else is in the package."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == ["migrator"])
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    mapped = [[room for number, room in rows if int(number) == len(layers) - index] for index in range(len(layers))]
    assert mapped == [layer.split(" | ") for layer in layers]
    assert [int(number) for number, _ in rows] == sorted((int(number) for number, _ in rows), reverse=True)
    there = {path.stem for path in (ROOT / "migrator").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert {room for _, room in rows} == there - {"__init__", "__main__", "__pycache__", "_version", "data"}


def test_every_decision_is_listed_and_has_its_three_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert re.findall(r"\]\((\d{4}-[^)]+)\)", index) == [page.name for page in pages]
    for number, page in enumerate(pages, 1):
        text = page.read_text()
        assert text.startswith(f"# {number}. "), page.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"], page.name


def test_the_demonstration_fits_on_a_screen(tmp_path: Path) -> None:
    """It prints forty lines at most: those of the upgrade, and ten more of the comparison and what to try next."""
    makefile = (ROOT / "Makefile").read_text()
    (told,) = re.findall(r"aiperf-migrate (upgrade .*) -d \$\(DEMO\)'", makefile)
    (done,) = re.findall(r"@\$\(PLAIN\)/bin/aiperf-migrate (upgrade .*) -d \$\(DEMO\)\n", makefile)
    assert told == done
    shown = run(*told.split(), "-d", tmp_path / "demo", cwd=ROOT)
    assert shown.code == 0
    assert len(shown.lines) + len(shown.complaints) <= 30
