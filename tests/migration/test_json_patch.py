"""A migration as a JSON Patch: another library, which knows nothing of this tool, gets the output with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonpatch
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.config_strategies import configurations
from support.process import export, run
from support.real_documents import mutated, thinned
from support.strategies import documents
from support.versions import NEWEST, NEWEST_RUN

from golden.update import cases, recorded
from migrator.chain.steps import VERSIONS
from migrator.config.for_release import own_release
from migrator.errors import MigratorError
from migrator.jsonfile import parse, render
from migrator.jsonlayout import Layout
from migrator.migration.json_patch import json_patch, pointer
from migrator.migration.migrate import Options, migrate
from migrator.redact import find_secrets

ONE_LINE = Layout(indent=None, key_separator=":", tail="\n")


def plain(value: Any) -> Any:
    """A document as another program reads it; numbers and texts are told from flags."""
    return json.loads(render(value, ONE_LINE))


def applied(document: Any, operations: list[dict[str, Any]]) -> Any:
    return jsonpatch.apply_patch(plain(document), plain({"": operations})[""])


def holds(document: Any, to: str, options: Options) -> None:
    try:
        done = migrate(document, to, options)
        operations = json_patch(document, done.document, done.ledger)
    except MigratorError:
        assume(False)
    assert json.dumps(applied(document, operations), sort_keys=True) == json.dumps(plain(done.document), sort_keys=True)


@pytest.mark.parametrize("source", VERSIONS)
@settings(max_examples=15)
@given(data=st.data())
def test_applying_the_patch_gives_the_output(source: str, data: Any) -> None:
    document = data.draw(documents(source))
    if data.draw(st.booleans()):
        document["input_config"] = data.draw(configurations(own_release(document, source)))
    for to in VERSIONS:
        holds(document, to, Options(config=True, keep_secrets=data.draw(st.booleans())))


@pytest.mark.parametrize("source", VERSIONS)
@settings(max_examples=8)
@given(data=st.data())
def test_applying_the_patch_gives_the_output_of_damaged_files(source: str, data: Any) -> None:
    document = data.draw(mutated(source) | thinned(source))
    holds(document, data.draw(st.sampled_from(VERSIONS)), Options(config=True))


def test_the_patches_of_the_golden_files_show_no_secret() -> None:
    seen = 0
    for case in cases():
        document = parse(recorded(case.export)).data
        done = migrate(document, case.to, Options(config=True))
        operations = json_patch(document, done.document, done.ledger)
        assert applied(document, operations) == plain(done.document), case
        text = json.dumps(operations, default=str)
        secrets = find_secrets(document)
        seen += len(secrets)
        assert not [secret for secret in secrets if secret in text], case
    assert seen


def test_a_secret_in_a_key_is_in_no_path() -> None:
    key = "sk-secret-1234567890abcdef"
    document = {
        "schema_version": "1.3",
        "request_latency": {"unit": "ms", "avg": 1.0},
        "input_config": {
            "endpoint": {"api_key": key, "urls": [f"http://user:{key}@host/v1"]},
            "extra": {key: {"a": 1}},
        },
        "was_cancelled": False,
        "error_summary": [],
        key: 1,
    }
    done = migrate(document, "1.2")
    operations = json_patch(document, done.document, done.ledger)
    assert key not in json.dumps(operations)
    assert key not in json.dumps(done.document)
    assert applied(document, operations) == done.document


def test_a_rename_is_a_move_and_what_goes_is_tested_before() -> None:
    document = json.loads(export("0.13.0/chat-streaming").read_bytes())
    done = migrate(document, "1.3")
    operations = json_patch(document, done.document, done.ledger)
    assert {"op": "move", "from": "/nvidia_total_gpu_power", "path": "/total_gpu_power"} in operations
    place = "/is_complete"
    index = next(i for i, operation in enumerate(operations) if operation == {"op": "remove", "path": place})
    assert operations[index - 1] == {"op": "test", "path": place, "value": document["is_complete"]}
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        jsonpatch.apply_patch({**document, "is_complete": "another"}, operations)


def test_a_restored_residue_is_in_the_patch() -> None:
    document = json.loads(export("0.13.0/chat-streaming").read_bytes())
    down = migrate(document, "1.0", Options(config=True, save_residue=True))
    back = migrate(down.document, "1.4", Options(config=True), residue=down.residue)
    operations = json_patch(down.document, back.document, back.ledger)
    assert applied(down.document, operations) == plain(back.document)


def test_a_value_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(MigratorError, match="NaN or Infinity"):
        json_patch({}, {"a": [float("nan")]}, [])
    assert json_patch({"a": float("inf")}, {}, []) == [{"op": "remove", "path": "/a"}]


def test_a_pointer_escapes_what_has_a_meaning_in_it() -> None:
    assert pointer(("a/b", "m~n", 0, "")) == "/a~1b/m~0n/0/"


# --- the command line ------------------------------------------------------------------------------------------


def test_one_file_gives_an_array_and_several_a_line_each(tmp_path: Path) -> None:
    source = export("0.13.0/chat-goodput-key")
    done = run("upgrade", source, "--format", "json-patch")
    assert done.code == 0
    made = jsonpatch.apply_patch(json.loads(source.read_bytes()), json.loads("\n".join(done.lines)))
    run("upgrade", source, "-o", tmp_path / "new.json")
    assert made == json.loads((tmp_path / "new.json").read_bytes())
    rows = [json.loads(line) for line in run("upgrade", source, export(NEWEST_RUN), "--format", "json-patch").lines]
    assert [row["file"] for row in rows] == [str(source), str(export(NEWEST_RUN))]
    assert [bool(row["patch"]) for row in rows] == [True, False]


@pytest.mark.parametrize("other", [("--diff",), ("--json",), ("-o", "x.json"), ("--in-place",), ("--explain",)])
def test_a_patch_goes_with_no_other_output(other: tuple[str, ...]) -> None:
    done = run("upgrade", export("0.13.0/chat-goodput-key"), "--to", NEWEST, "--format", "json-patch", *other)
    assert done.code == 2
    assert "--format json-patch" in done.complaints[0] or "not allowed with" in done.complaints[0]
