"""The documentation says what the program does: generated pages and printed output are compared, not trusted."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

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


def test_readme_shows_what_the_commands_print() -> None:
    readme = _script("readme")
    text = readme.README.read_text()
    assert text.count("```console") >= 4
    assert readme.filled(text) == text, "run `make docs`"


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_room_in_the_map_exists_and_the_other_way_round() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    plan = text[text.index("```\nmigrator/") : text.index("golden/          ")]
    named = set(re.findall(r"^  +(\w+(?:\.py|/))", plan, re.MULTILINE))
    there = {path.name + ("/" if path.is_dir() else "") for path in (ROOT / "migrator").iterdir()}
    there -= {"__init__.py", "__main__.py", "__pycache__/", "_version.py", "data/", "py.typed"}
    assert there <= named
    assert named <= there
