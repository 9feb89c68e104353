"""Globs match what git's do, and no glob takes long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec
from support.growth import TIMES, is_linear
from support.process import run

from migrator.batch.globs import globs
from migrator.errors import UsageError

PIECES = st.sampled_from(["a", "b", "ab", "*", "**", "/", "/**/", "?", "[ab]", "[!a]", "!", "\\*", " ", "."])
PATHS = st.lists(st.text("abc.*", min_size=1, max_size=4), min_size=1, max_size=6).map("/".join)


@given(st.lists(PIECES, min_size=1, max_size=10).map("".join), st.lists(PATHS, max_size=8), st.booleans())
def test_globs_match_as_pathspec_does(glob: str, paths: list[str], is_folder: bool) -> None:
    try:
        expected = GitIgnoreSpec.from_lines([glob])
    except ValueError:
        with pytest.raises(UsageError):
            globs([glob])
        return
    for path in (name + "/" * is_folder for name in paths):
        assert globs([glob]).check_file(path).include == expected.check_file(path).include, path


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a", "a"),
        ("a/**/", "a/"),
        ("**/x*/", "x1/"),
        ("a*/", "aa/"),
        ("?*", "ab"),
        ("[a-c]*", "abc"),
    ],
)
def test_no_glob_takes_long(glob: str, path: str) -> None:
    """As many stars as one likes, on a name that nearly matches: this took minutes."""
    for stars in (3, 30):
        spec = globs([glob * stars + "!"])
        assert is_linear(spec.match_file, path * 200 + ",", path * 200 * TIMES + ","), stars


def test_a_trees_own_rules_do_not_stop_a_command(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*a" * 40 + "b\n" + "**/a*a*" * 20 + "c\n")
    (tmp_path / ("a" * 200 + ".json")).write_text("{}")
    done = run("inspect", ".", "--gitignore", "--include", "*a" * 40 + "*", cwd=tmp_path)
    assert "a" * 200 in done.stdout
