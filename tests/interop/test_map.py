"""The map as data, and the interpreter in JavaScript that reads nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.process import run
from support.strategies import documents

from golden.update import cases, recorded
from migrator.chain.families import BESIDE, MAIN, chain_of
from migrator.chain.metric_ops import Derive
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.jsonfile import parse, render
from migrator.jsonlayout import Layout
from migrator.migration import map as maps
from migrator.migration.migrate import Options, migrate
from migrator.redact import redact

SCRIPT = Path(__file__).parents[2] / "interop" / "migrate.mjs"
NODE = shutil.which("node")
ONE_LINE = Layout(indent=None, key_separator=":", tail="\n")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


# --- the document ----------------------------------------------------------------------------------------------


def test_the_command_prints_what_its_schema_describes() -> None:
    printed = json.loads(run("versions", "--map").lines[0])
    schema = json.loads("\n".join(run("schema", "map").lines))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(printed)
    assert printed == json.loads(json.dumps(maps.the_map()))
    broken = {**printed, "nulls": {}}
    assert list(Draft202012Validator(schema).iter_errors(broken))


def test_every_step_of_every_family_is_in_it() -> None:
    lines = {line["family"]: line for line in maps.the_map()["lines"]}
    for chain in (MAIN, *map(chain_of, BESIDE)):
        rows = lines[chain.name]
        assert rows["versions"] == list(chain.versions)
        assert [row["summary"] for row in rows["steps"]] == [step.summary for step in chain.steps]
        for row, step in zip(rows["steps"], chain.steps, strict=True):
            assert [op["about"] for op in row["operations"]] == [op.describe() for op in step.ops]


def test_what_is_code_is_named_and_described() -> None:
    found = maps.the_map()
    named = {text for text in _texts(found["lines"]) if text in found["code"]}
    assert named == found["code"].keys()
    assert all(found["code"].values())


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for key, value in node.items() for text in _texts(value) if key not in ("reason", "about")]
    if isinstance(node, list):
        return [text for item in node for text in _texts(item)]
    return [node] if isinstance(node, str) else []


def test_code_without_a_description_is_refused() -> None:
    op = Derive("metric", lambda document: document, of=())
    with pytest.raises(ValueError, match="docstring"):
        maps._operation(op, {})


def test_an_operation_that_the_map_cannot_show_is_refused() -> None:
    class Odd:
        def describe(self) -> str:
            return "does something"

    with pytest.raises(TypeError, match="no form for the operation Odd"):
        maps._operation(Odd(), {})  # type: ignore[arg-type]


# --- another language ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.json"
    path.write_text(json.dumps(maps.the_map()))
    return path


def in_javascript(map_file: Path, jobs: list[tuple[str, str, Any]]) -> list[str]:
    """Each (from, to, document) migrated by the script."""
    assert NODE is not None
    given = b"".join(
        render({"from": source, "to": to, "document": document}, ONE_LINE) for source, to, document in jobs
    )
    done = subprocess.run([NODE, SCRIPT, map_file, "--lines"], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [_plain(line) for line in done.stdout.splitlines()]


def _plain(raw: bytes) -> str:
    """A document for comparison: its keys in their order, its numbers by their value."""
    return json.dumps(json.loads(raw))


def in_python(document: Any, to: str) -> str:
    done = migrate(document, to, Options(keep_secrets=True))
    return _plain(render(done.document, ONE_LINE))


@needs_node
def test_the_script_migrates_the_golden_files_to_the_same_documents(map_file: Path) -> None:
    jobs, expected = [], []
    for case in cases():
        document, _ = redact(parse(recorded(case.export)).data)
        found = migrate(document, case.to, Options(keep_secrets=True))
        jobs.append((found.identity.version, case.to, document))
        expected.append(in_python(document, case.to))
    made = in_javascript(map_file, jobs)
    assert len(made) == len(expected) > 50
    assert [job[:2] for job, ours, theirs in zip(jobs, expected, made, strict=True) if ours != theirs] == []


@needs_node
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_the_script_agrees_on_generated_documents(map_file: Path, data: Any) -> None:
    jobs, expected = [], []
    for source in VERSIONS:
        document, _ = redact(data.draw(documents(source), label=source))
        for to in VERSIONS:
            done = migrate(document, to, Options(keep_secrets=True))
            if done.identity.version == source and source not in ("0.2", "0.3"):
                jobs.append((source, to, document))
                expected.append(in_python(document, to))
    assert in_javascript(map_file, jobs) == expected


@needs_node
def test_numbers_keep_their_spelling_and_keys_their_order(map_file: Path) -> None:
    assert NODE is not None
    text = b'{"10": {"unit": "", "avg": 1.50}, "2": 12345678901234567890, "a": {"unit": "", "p50": 1e3}}'
    done = subprocess.run([NODE, SCRIPT, map_file, "1.0", "1.1"], input=text, capture_output=True, check=True)
    assert done.stdout == (
        b'{"schema_version":"1.1","10":{"unit":"","avg":1.50},"2":12345678901234567890,"a":{"unit":"","p50":1e3}}\n'
    )


@needs_node
def test_the_script_refuses_what_it_does_not_know(map_file: Path, tmp_path: Path) -> None:
    assert NODE is not None
    found = json.loads(map_file.read_text())
    found["lines"][0]["steps"][-1]["operations"][0]["op"] = "conjure"
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(found))
    for arguments, told in (((odd, VERSIONS[-2], NEWEST), "conjure"), ((map_file, "1.0", "9.9"), "no version 9.9")):
        done = subprocess.run([NODE, SCRIPT, *arguments], input=b"{}", capture_output=True, check=False)
        assert done.returncode == 1
        assert told in done.stderr.decode()
