"""A minor version that is newer than known, taken for the newest known one: nothing is lost, and it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.process import export, run
from support.strategies import documents
from support.versions import NEWEST, NEWEST_RUN

from migrator.chain.steps import VERSIONS
from migrator.errors import NewerVersionError
from migrator.identify import as_known, identify
from migrator.identify.newer import additions
from migrator.jsonfile import at, fingerprint
from migrator.ledger import Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.migrate import Migration, Options, migrate

MAJOR, MINOR = NEWEST.split(".")
LABELS = (f"{MAJOR}.{int(MINOR) + 1}", f"{MAJOR}.{int(MINOR) + 40}")

values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab/~", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("xy.", max_size=2), inner, max_size=2),
    max_leaves=4,
)
blocks = st.fixed_dictionaries({"unit": st.just("ms"), "avg": st.floats(0, 9)})
names = st.text("mnopq", min_size=1, max_size=3).map("invented_{}".format)


@st.composite
def newer(draw: Any) -> tuple[dict[str, Any], str, list[str]]:
    """A document of the newest version with a newer label and invented keys: (it, its label, the keys)."""
    document = draw(documents(NEWEST))
    label = draw(st.sampled_from(LABELS))
    invented = draw(st.dictionaries(names, blocks | values, max_size=3))
    return {**document, **invented, "schema_version": label}, label, list(invented)


def taken(document: dict[str, Any], to: str, *, save: bool = False, config: bool = False) -> Migration:
    return migrate(document, to, Options(config=config, newer_as_known=True, save_residue=save))


@pytest.mark.parametrize("to", VERSIONS)
@settings(max_examples=25)
@given(found=newer(), config=st.booleans())
def test_it_becomes_what_the_newest_known_version_would(
    to: str, found: tuple[dict[str, Any], str, list[str]], config: bool
) -> None:
    document, label, invented = found
    with pytest.raises(NewerVersionError):
        migrate(document, to)
    known = migrate({**document, "schema_version": NEWEST}, to, Options(config=config)).document
    done = taken(document, to, config=config)
    assert fingerprint(done.document) == fingerprint(known)
    assert done.document.get("schema_version") != label
    assert unaccounted(document, done.document, done.ledger) == []
    told = [entry for entry in done.ledger if entry.path == ("schema_version",) and entry.loss is Loss.INFERRED]
    assert [(entry.before, entry.after) for entry in told] == [(label, NEWEST)]
    kept = {entry.path for entry in done.ledger if entry.op is Op.KEEP}
    for key in invented:
        place = (key,) if key in done.document else ("records", key)
        now, before = at(done.document, place), document[key]
        # 0.1 writes the tag and the like into every metric.
        now = {name: now[name] for name in before} if len(place) > 1 else now
        assert fingerprint(now) == fingerprint(before)
        assert place != (key,) or (key,) in kept


@pytest.mark.parametrize("to", VERSIONS)
@settings(max_examples=25)
@given(found=newer(), config=st.booleans())
def test_the_way_back_gives_the_document_with_its_label(
    to: str, found: tuple[dict[str, Any], str, list[str]], config: bool
) -> None:
    document, _, _ = found
    down = taken(document, to, save=True, config=config)
    assert down.residue is not None
    options = Options(config=config, keep_secrets=True)
    back = migrate(down.document, NEWEST, residue=down.residue, options=options).document
    assert json.dumps(back) == json.dumps(taken(document, NEWEST).trace["secrets"])


def added() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(export(NEWEST_RUN).read_bytes())
    document |= {"schema_version": LABELS[0], "new_metric": {"unit": "ms", "avg": 1.0}, "new_list": [1]}
    document["run_info"]["shard"] = 3
    document["input_config"]["models"] = {**document["input_config"]["models"], "grade": {"a": 1}}
    return document


def test_what_is_new_is_found_at_every_depth_and_in_no_file_of_a_known_version() -> None:
    found = {found.path: found.what for found in additions(added())}
    assert found[("new_metric",)] == "metric"
    assert ("run_info", "shard") in found
    assert ("input_config", "models", "grade") in found
    assert found.keys() - {("new_metric",), ("new_list",), ("run_info", "shard")} == {
        ("input_config", "models", "grade")
    }
    assert additions(json.loads(export(NEWEST_RUN).read_bytes())) == []


def test_a_newer_major_version_stays_refused() -> None:
    with pytest.raises(NewerVersionError) as caught:
        taken({**added(), "schema_version": f"{int(MAJOR) + 1}.0"}, NEWEST)
    assert "as-known" not in str(caught.value)


def test_an_identity_of_a_known_version_is_left_as_it_is() -> None:
    found = identify(json.loads(export(NEWEST_RUN).read_bytes()))
    assert as_known(found) is found


# --- the command line ------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "newer.json"
    path.write_text(json.dumps(added()))
    return path


def test_a_conversion_asks_for_the_option_and_says_what_it_took_it_for(file: Path, tmp_path: Path) -> None:
    refused = run("convert", file, "--to", "1.3", "-o", tmp_path / "no.json")
    assert refused.code == 4
    assert "--newer-minor as-known" in refused.complaints[0]
    done = run("convert", file, "--to", "1.3", "--newer-minor", "as-known", "-o", tmp_path / "out.json", "--json")
    assert done.code == 0
    (row,) = (json.loads(line) for line in done.lines)
    assert row["from"] == LABELS[0]
    assert row["operations"]["keep"] >= 2
    assert any("newer than this tool knows" in told for told in row["warnings"])
    written = json.loads((tmp_path / "out.json").read_bytes())
    assert (written["schema_version"], written["new_list"]) == ("1.3", [1])
    assert at(written, ("run_info", "shard")) == 3


def test_only_the_label_changes_at_the_newest_version(file: Path, tmp_path: Path) -> None:
    done = run("convert", file, "--to", NEWEST, "--newer-minor", "as-known", "-o", tmp_path / "out.json")
    assert done.lines[0].startswith(f"{LABELS[0]} → {NEWEST} ")
    assert json.loads((tmp_path / "out.json").read_bytes()) == {**added(), "schema_version": NEWEST}
    assert run("upgrade", file, "--newer-minor", "as-known", "--check").code == 4


def test_reading_commands_take_it_without_being_asked_and_say_so(file: Path) -> None:
    table = run("table", file, "--columns", "from_version,version,new_metric.avg")
    assert table.lines[1] == f"{LABELS[0]},{NEWEST},1.0"
    assert any(f"taken for {NEWEST}" in line for line in table.complaints)
    compared = run("diff", file, export(NEWEST_RUN), "--json")
    findings = json.loads("\n".join(compared.lines))["findings"]
    assert any(row["code"] == "newer schema" for row in findings)
    shown = run("inspect", file)
    assert any("$.run_info.shard (field)" in line for line in shown.lines)
    assert "$.new_metric" in json.loads(run("inspect", file, "--json").lines[0])["new_in_it"]


def test_a_broken_field_of_the_known_part_is_found(file: Path) -> None:
    document = added()
    document["was_cancelled"] = "no"
    file.write_text(json.dumps(document))
    found = run("check", file)
    assert found.code == 1
    assert any("S001" in line and "was_cancelled" in line for line in found.lines)
