"""The golden corpus: every recorded export has its provenance, and migrates as it is written down."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from golden import provenance, update
from migrator.aiperf.releases import NIGHTLIES, RELEASES, release
from migrator.chain.steps import ENTRY, GENAI_PERF, NEWEST, STEPS, VERSIONS
from migrator.identify import Family, family, identify
from migrator.jsonfile import Parsed, parse, render
from migrator.ledger import Loss
from migrator.migration.migrate import Migration, Options, migrate
from migrator.migration.residue import Residue
from oracle.edited import edited

MAIN_EXPORTS = sorted(provenance.EXPORTS.rglob("profile_export_aiperf.json"))
EXPECTED = update.stored()
CASES = update.cases()


def run_of(path: Path) -> str:
    return "/".join(path.relative_to(provenance.EXPORTS).parts[:2])


def name_of(path: Path) -> str:
    return path.parent.relative_to(provenance.EXPORTS).as_posix()


every_export = pytest.mark.parametrize("path", MAIN_EXPORTS, ids=name_of)


# --- recorded exports ----------------------------------------------------------------------------------------


def test_the_corpus_is_there() -> None:
    assert len(MAIN_EXPORTS) >= 76
    written = {identify(parse(path.read_bytes()).data).version for path in MAIN_EXPORTS}
    assert written == set(VERSIONS) - {"1.2"}, "1.2 was never published; every other version has a recording"


def test_every_export_has_provenance_and_every_provenance_an_export() -> None:
    assert provenance.problems() == []


@pytest.fixture
def small_corpus(tmp_path: Path) -> Path:
    """A corpus of one run, with a table that fits."""
    run = "0.6.0/key"
    target = tmp_path / run / provenance.EXPORT_FILE
    target.parent.mkdir(parents=True)
    target.write_bytes((provenance.EXPORTS / run / provenance.EXPORT_FILE).read_bytes())
    table = provenance.load()
    row = table["runs"][run]
    provenance.store({"methods": {row["method"]: "as recorded"}, "runs": {run: row}}, tmp_path)
    assert provenance.problems(tmp_path) == []
    return tmp_path


def test_an_export_without_provenance_is_found(small_corpus: Path) -> None:
    (small_corpus / "0.6.0/other").mkdir()
    (small_corpus / "0.6.0/other/inputs.json").write_text("{}")
    (small_corpus / "0.6.0/key/inputs.json").write_text("{}")
    assert provenance.problems(small_corpus) == [
        "0.6.0/other: has no provenance",
        "0.6.0/key: inputs.json has no provenance",
    ]


def test_unused_provenance_is_found(small_corpus: Path) -> None:
    table = provenance.load(small_corpus)
    table["runs"]["9.9.9/key"] = table["runs"]["0.6.0/key"]
    table["methods"]["guess"] = "made up"
    provenance.store(table, small_corpus)
    assert provenance.problems(small_corpus) == [
        "9.9.9/key: has provenance but no file",
        "method guess is used by no run",
    ]


def test_an_edited_export_is_found(small_corpus: Path) -> None:
    path = small_corpus / "0.6.0/key" / provenance.EXPORT_FILE
    path.write_bytes(path.read_bytes().replace(provenance.FAKE_KEY.encode(), b"<redacted>"))
    found = provenance.problems(small_corpus)
    assert [problem.split(" is ")[0] for problem in found] == [
        "0.6.0/key: command",
        "0.6.0/key: redacted",
        "0.6.0/key: key_in_clear",
        f"0.6.0/key: {provenance.EXPORT_FILE}",
    ]


def test_the_wrong_release_is_found(small_corpus: Path) -> None:
    table = provenance.load(small_corpus)
    table["runs"]["0.6.0/key"]["release"] = "0.7.0"
    provenance.store(table, small_corpus)
    assert provenance.problems(small_corpus) == [
        f"0.6.0/key: {provenance.EXPORT_FILE} was written by 0.6.0, not by 0.7.0"
    ]


def test_keys_in_recordings_are_the_made_up_one() -> None:
    for run, files in provenance.runs().items():
        for name, path in files.items():
            rest = path.read_text(encoding="utf-8").replace(provenance.FAKE_KEY, "")
            assert "sk-" not in rest, f"{run}/{name}"


@every_export
def test_a_recorded_export_is_what_its_release_writes(path: Path) -> None:
    wrote = release(provenance.load()["runs"][run_of(path)]["release"])
    found = identify(parse(path.read_bytes()).data)
    assert wrote is not None
    assert wrote.version in found.versions
    assert found.dialect in (None, wrote.dialect)
    assert wrote.name in found.writers or wrote.name in {entry.name for entry in NIGHTLIES}
    assert not found.mislabelled


OURS = {Family.RESIDUE, Family.JOURNAL, Family.REPORT}
"""What this tool writes itself."""


def test_every_family_is_represented() -> None:
    found = set()
    for files in provenance.runs().values():
        for path in (path for path in files.values() if path.suffix in (".json", ".jsonl")):
            lines = path.suffix == ".jsonl"
            found.add(family(json.loads(path.read_bytes().partition(b"\n")[0] if lines else path.read_bytes())))
    assert set(Family) - found == {Family.OUTPUTS, Family.OTHER, Family.TEXT} | OURS


# --- expected migrations -------------------------------------------------------------------------------------


def test_expected_files_are_those_of_the_cases() -> None:
    wanted = {case.path() for case in CASES} | {update.EDITED}
    assert {name for name in EXPECTED if name.endswith(".jsonl")} == wanted
    assert {name for name in EXPECTED if not name.endswith(".jsonl")} <= {
        f"{export}/{to}{suffix}" for export, to in update.WHOLE for suffix in (".json", ".residue.json")
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path(""))
def test_a_migration_gives_what_is_expected(case: update.Case) -> None:
    now = update.outcome(case)
    before = {name: content for name, content in EXPECTED.items() if name.startswith(case.path("."))}
    assert list(update.differences(now, before)) == [], "see golden/README.md: when an expected file may change"


def test_what_conflicting_configurations_lose_in_each_release() -> None:
    assert list(update.differences({update.EDITED: update.given_up()}, {update.EDITED: EXPECTED[update.EDITED]})) == []


def test_the_cases_cover_every_release_version_and_dialect() -> None:
    rows = [(case, json.loads(EXPECTED[case.path()].splitlines()[0])) for case in CASES]
    recorded = {path.relative_to(provenance.EXPORTS).parts[0] for path in MAIN_EXPORTS} - {"lab", "noisy"}
    assert {case.export.split("/")[0] for case, _ in rows} == recorded | {"genai-perf-0.0.16"}
    assert {row["to"] for _, row in rows} == set(VERSIONS)
    steps = {step.name(up=up) for step in STEPS for up in (True, False)}
    assert {step for _, row in rows for step in row["steps"]} == steps | {ENTRY.name(up=True)}
    known = {entry.version for entry in (*RELEASES, *NIGHTLIES)}
    assert {row["from"] for _, row in rows} == known | {GENAI_PERF}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("remove", "{name}: missing"),
        ("add", "{name}x: belongs to no case"),
        ("edit", "{name}: line 2 is"),
        ("cut", "{name}: has"),
    ],
)
def test_every_kind_of_difference_is_told(change: str, complaint: str) -> None:
    name = CASES[2].path()
    now = {name: EXPECTED[name]}
    lines = EXPECTED[name].splitlines(keepends=True)
    before = {
        "remove": {},
        "add": {**now, f"{name}x": b""},
        "edit": {name: b"".join([lines[0], lines[1].replace(b'"exact"', b'"lost"'), *lines[2:]])},
        "cut": {name: b"".join(lines[:-1])},
    }[change]
    (found,) = update.differences(now, before)
    assert found.startswith(complaint.format(name=name))


def test_updating_writes_what_is_missing_and_removes_what_is_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "EXPECTED", tmp_path)
    monkeypatch.setattr(update, "CHOSEN", ("0.8.0/embeddings",))
    monkeypatch.setattr(update, "WHOLE", frozenset({("0.8.0/embeddings", "0.1")}))
    (tmp_path / "0.5.0/old").mkdir(parents=True)
    (tmp_path / "0.5.0/old/1.0.jsonl").write_text("{}\n")
    monkeypatch.setattr(update, "edited", lambda: edited()[:1])
    assert len(update.update()) == 8
    wanted = {name: EXPECTED[name] for name in EXPECTED if name.startswith("0.8.0/embeddings/")}
    assert update.stored() == wanted | {update.EDITED: EXPECTED[update.EDITED].splitlines(keepends=True)[0]}
    assert not (tmp_path / "0.5.0").exists()
    assert update.update() == []


def test_whole_results_are_the_ones_that_the_headings_describe() -> None:
    for export, to in update.WHOLE:
        heading = json.loads(EXPECTED[f"{export}/{to}.jsonl"].splitlines()[0])
        output = EXPECTED[f"{export}/{to}.json"]
        assert (heading["bytes"], heading["sha256"]) == (len(output), sha256(output).hexdigest())


def test_expected_files_hold_no_key_in_clear() -> None:
    assert [name for name, content in EXPECTED.items() if provenance.FAKE_KEY.encode() in content] == []


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.endswith(".residue.json")])
def test_a_stored_residue_still_restores_its_export(name: str) -> None:
    """Users keep residues for as long as exports: one written by an older version of the tool must still do."""
    residue = Residue.from_bytes(EXPECTED[name])
    migrated = parse(EXPECTED[name.replace(".residue", "")])
    restored = migrate(migrated.data, residue.origin, residue=residue)
    original = update.recorded(name.rsplit("/", 1)[0])
    assert render(restored.document, migrated.layout) == _without_key(original)


def _without_key(raw: bytes) -> bytes:
    """A recorded export whose key is redacted; nothing else of it changes."""
    return raw.replace(provenance.FAKE_KEY.encode(), b"<redacted>")


# --- laws over the whole corpus ------------------------------------------------------------------------------

NO_PLACE = {("0.1", to) for to in ("0.2", "0.3", "1.0")}
"""Upgrades that lose something: 0.1 writes `count`, which comes back with 1.1."""


def read(path: Path) -> tuple[bytes, Parsed, str]:
    raw = path.read_bytes()
    parsed = parse(raw)
    return raw, parsed, identify(parsed.data).version


def back(result: Migration, to: str, residue: Residue | None = None) -> Any:
    if not result.changed:
        return result.document
    return migrate(result.document, to, Options(keep_secrets=True), residue=residue).document


@every_export
def test_up_then_down_gives_the_original_bytes(path: Path) -> None:
    raw, parsed, version = read(path)
    for to in VERSIONS[VERSIONS.index(version) :]:
        result = migrate(parsed.data, to, Options(keep_secrets=True))
        returned = render(back(result, version), parsed.layout)
        if (version, to) in NO_PLACE:
            assert result.ledger.of(Loss.LOST), f"{version} → {to} is listed as losing something"
        else:
            assert returned == raw, f"{version} → {to} → {version}"
            assert not result.ledger.of(Loss.LOST), f"{version} → {to}"


@every_export
def test_with_its_residue_every_migration_gives_back_the_original_bytes(path: Path) -> None:
    raw, parsed, version = read(path)
    for to in VERSIONS:
        result = migrate(parsed.data, to, Options(save_residue=True, keep_secrets=True))
        residue = result.residue and Residue.from_bytes(result.residue.to_bytes(update.TOOL))
        assert render(back(result, version, residue), parsed.layout) == raw, f"{version} → {to} → {version}"


@every_export
def test_no_migration_carries_a_key_on(path: Path) -> None:
    raw, parsed, version = read(path)
    if provenance.FAKE_KEY.encode() not in raw:
        assert all(not migrate(parsed.data, to).ledger.of(Loss.REDACTED) for to in (VERSIONS[0], NEWEST))
        return
    for to in VERSIONS:
        result = migrate(parsed.data, to, Options(save_residue=True))
        assert result.changed
        assert (result.residue is not None) == bool(result.steps)
        written = (
            render(result.document, parsed.layout),
            result.residue.to_bytes(update.TOOL) if result.residue else b"",
            json.dumps(result.ledger.as_list()).encode(),
        )
        assert not any(provenance.FAKE_KEY.encode() in content for content in written), f"{version} → {to}"
