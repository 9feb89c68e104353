"""Settings: a file of the working directory, variables, the command line; and nothing that a tree of data could say."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, NAME, copy, environment, run

from migrator.settings import find
from migrator.settings.keys import SETTINGS

LAB = EXPORTS / "lab"
SIDES = ("--base", *map(str, sorted(LAB.glob("base-*"))), "--cand", *map(str, sorted(LAB.glob("slow20-*"))))
RULE = '[[rule]]\nmetric = "request_latency.p99"\nmargin = 5\n'


def told(folder: Path, **env: str) -> dict[str, tuple[Any, str]]:
    rows = run("config", "--json", cwd=folder, env=env).rows
    return {row["setting"]: (row["value"], row["source"]) for row in rows if row["source"]}


def test_a_folder_of_data_sets_nothing(tmp_path: Path) -> None:
    """The failure that would hurt most: somebody else's tree leaves its own bad runs out, or lowers the gate."""
    data = tmp_path / "theirs"
    copy("0.6.0/key", data / NAME)
    (data / "aiperf-migrate.toml").write_text('exclude = ["*.json"]\n')
    (data / "pyproject.toml").write_text('[tool.aiperf-migrate]\nexclude = ["*.json"]\n')
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    done = run("check", data, "--json", cwd=elsewhere)
    assert (done.code, done.stderr) == (1, "")
    assert told(elsewhere) == {}


def test_a_policy_of_the_project_gates_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "policy.toml").write_text(RULE)
    (tmp_path / "pyproject.toml").write_text('[tool.aiperf-migrate]\npolicy = "bench/policy.toml"\n')
    below = tmp_path / "runs" / "deep"
    below.mkdir(parents=True)
    done = run("diff", *SIDES, cwd=below)
    assert done.code == 1
    assert f"settings of {tmp_path / 'pyproject.toml'}: policy" in done.complaints
    (tmp_path / "none.toml").write_text("")
    assert run("diff", *SIDES, "--policy", tmp_path / "none.toml", cwd=below).complaints == []


def test_the_command_line_goes_before_a_variable_before_a_file(tmp_path: Path) -> None:
    (tmp_path / "aiperf-migrate.toml").write_text('to = "1.1"\njobs = 2\n')
    copy("0.6.0/key", tmp_path / NAME)

    def reached(*more: str, **env: str) -> str:
        (row,) = run("convert", NAME, "--dry-run", "--json", *more, cwd=tmp_path, env=env).rows
        return str(row.get("for_aiperf") or row["to"])

    assert reached() == "1.1"
    assert reached(AIPERF_MIGRATE_TO="1.2") == "1.2"
    assert reached("--to", "1.3", AIPERF_MIGRATE_TO="1.2") == "1.3"
    assert reached("--for-aiperf", "0.9.0") == "0.9.0"
    assert reached(AIPERF_MIGRATE_FOR_AIPERF="0.9.0") == "0.9.0"
    assert reached("--to", "1.3", AIPERF_MIGRATE_FOR_AIPERF="0.9.0") == "1.3"
    assert told(tmp_path, AIPERF_MIGRATE_TO="1.2") == {
        "to": ("1.2", "AIPERF_MIGRATE_TO"),
        "jobs": (2, str(tmp_path / "aiperf-migrate.toml")),
    }


def test_excludes_add_up(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        copy("0.6.0/key", tmp_path / name / NAME)
    (tmp_path / "aiperf-migrate.toml").write_text('exclude = ["a/"]\n')
    rows = run("inspect", ".", "--json", "--exclude", "b/", cwd=tmp_path).rows
    assert [Path(row["file"]).parent.name for row in rows] == ["c"]


def test_columns_and_contracts_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "aiperf-migrate.toml").write_text('columns = ["model", "concurrency"]\ncontracts = ["ours.toml"]\n')
    (tmp_path / "ours.toml").write_text('[reader]\nname = "ours"\nneeds = ["request_latency.p99"]\n')
    copy("0.6.0/key", tmp_path / NAME)
    assert run("table", NAME, cwd=tmp_path).lines[0] == "model,concurrency"
    assert run("table", NAME, "--columns", "file", cwd=tmp_path).lines[0] == "file"
    assert run("contract", "check", "ours", NAME, cwd=tmp_path).code == 0
    assert any(line.startswith("ours ") for line in run("contract", "list", cwd=tmp_path).lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('polcy = "x"', ["polcy", "did you mean policy?"]),
        ('to = "9.9"', ["to: not '9.9'", "1.5"]),
        ('to = "0.13.0"', ["AIPerf release", "--for-aiperf 0.13.0"]),
        ("jobs = 0", ["jobs is 0", "1 to 256, or auto"]),
        ('exclude = "a"', ["exclude is 'a'", "a list"]),
        ('to = "1.4"\nfor-aiperf = "0.9"', ["to and for-aiperf contradict each other"]),
        ("to = ", ["cannot be read as settings"]),
        ('color = "red"', ["auto or always or never"]),
    ],
)
def test_what_is_wrong_is_an_error_of_the_file(text: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "aiperf-migrate.toml").write_text(text)
    copy("0.6.0/key", tmp_path / NAME)
    done = run("convert", NAME, "--dry-run", cwd=tmp_path)
    assert done.code == 2
    assert all(word in done.stderr for word in ("aiperf-migrate.toml", *words))


def test_a_misspelt_variable_is_an_error(tmp_path: Path) -> None:
    copy("0.6.0/key", tmp_path / NAME)
    done = run("check", NAME, cwd=tmp_path, env={"AIPERF_MIGRATE_EXCLUD": "a"})
    assert done.code == 2
    assert "did you mean AIPERF_MIGRATE_EXCLUDE?" in done.stderr


def test_help_does_not_depend_on_settings(tmp_path: Path) -> None:
    (tmp_path / "aiperf-migrate.toml").write_text("polcy = 1")
    assert run("diff", "--help", cwd=tmp_path).code == 0


def test_a_file_can_be_named_or_put_away(tmp_path: Path) -> None:
    (tmp_path / "aiperf-migrate.toml").write_text("jobs = 2")
    (tmp_path / "other.toml").write_text("jobs = 3")
    assert told(tmp_path, AIPERF_MIGRATE_CONFIG="") == {}
    assert told(tmp_path, AIPERF_MIGRATE_CONFIG="other.toml")["jobs"][0] == 3


def test_a_pyproject_of_another_kind_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "aiperf-migrate.toml").write_text("jobs = 2")
    below = tmp_path / "project"
    below.mkdir()
    (below / "pyproject.toml").write_text('[project]\ndependencies = ["aiperf-migrate"]\n')
    assert told(below)["jobs"][0] == 2
    (below / "pyproject.toml").write_text("[project\n# aiperf-migrate")
    assert told(below)["jobs"][0] == 2


def test_without_settings_nothing_is_imported_for_them(tmp_path: Path) -> None:
    copy("0.6.0/key", tmp_path / NAME)
    script = (
        "import sys; sys.argv = ['x', 'inspect', 'profile_export_aiperf.json']\n"
        "from migrator.cli.main import main\nmain(sys.argv[1:])\n"
        "print(sorted({'tomllib', 'difflib', 'migrator.settings.keys'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_each_setting_is_taken_by_a_command() -> None:
    """A setting that no command reads would do nothing."""
    from importlib import import_module

    from migrator.cli.main import COMMANDS

    taken = set()
    for name, (module, _) in COMMANDS.items():
        taken.update(import_module(f"migrator.cli.commands.{module}").arguments(name)._settings)
    assert {setting.name for setting in SETTINGS} - taken == {"contracts"}


HEADERS = [
    "[tool.aiperf-migrate]\njobs = 3",
    '  [ "tool" . "aiperf-migrate" ]\njobs = 3',
    "[tool]\naiperf-migrate.jobs = 3",
    "[tool.'aiperf-migrate']\r\njobs = 3\r\n",
    "tool = {aiperf-migrate = {jobs = 3}}",
    "tool.aiperf-migrate.jobs = 3",
    "[[tool.aiperf-migrate]]\njobs = 3",
    "[project]\nname = 'a'\n\t[tool.aiperf-migrate]\njobs = 3",
]


@pytest.mark.parametrize("text", HEADERS)
def test_every_spelling_of_the_table_is_found(text: str, tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_bytes(text.encode())
    assert "aiperf-migrate" in tomllib.loads(text)["tool"]
    assert find._is_meant(str(project))


def test_a_project_that_only_names_the_tool_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["aiperf-migrate==1.0"]\n[tool.ruff]\nline-length = 120\n')
    monkeypatch.setitem(sys.modules, "tomllib", None)
    assert not find._is_meant(str(project))
