"""Which release a string names, whose dialect a document has, and conversions for a release on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.configurations import EXPORTS, NAME, for_release, read
from support.process import contents, run
from support.versions import NEWEST

from migrator.aiperf.releases import RELEASES
from migrator.config.for_release import checked_file, last_writer, own_release, parse_release
from migrator.config.release_models import known_releases
from migrator.errors import UsageError
from migrator.jsonfile import parse


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("0.9.0", "0.9.0", "1.3"),
        ("0.9", "0.9.0", "1.3"),
        ("0", "0.13.0", "1.4"),
        ("0.13", "0.13.0", "1.4"),
        ("0.9.7", "0.9.7", "1.3"),
        ("0.11.0.dev20260715", "0.11.0.dev20260715", "1.4"),
        ("0.13.0.dev20261007", "0.13.0.dev20261007", "1.5"),
        ("0.6.0.post1", "0.6.0.post1", "1.0"),
    ],
)
def test_named_releases(text: str, name: str, version: str) -> None:
    found = parse_release(text)
    assert (found.release.name, found.release.version, found.note) == (name, version, "")


def test_a_newer_release_is_written_as_the_newest_known() -> None:
    found = parse_release("7.1")
    assert found.release.name == "7.1.0"
    assert found.release.version == NEWEST
    assert known_releases()[-1] in found.note


@pytest.mark.parametrize("text", ["", "banana", "0.1.1", "0.0.1", "v0.9", "0.9.0rc1", "0.9.0.dev1", "9" * 5000 + "."])
def test_a_string_that_names_no_release(text: str) -> None:
    with pytest.raises(UsageError):
        parse_release(text)


def test_last_writers() -> None:
    wrote = {"0.1": "0.1.1", "0.2": "0.2.0", "0.3": "0.3.0", "1.0": "0.7.0", "1.1": "0.8.0", "1.3": "0.11.0"}
    for version, name in (wrote | {"1.4": "0.13.0", "1.2": "0.8.0", NEWEST: known_releases()[-1]}).items():
        assert last_writer(version) == name
    assert own_release({"aiperf_version": "0.4.0"}, "1.0") == "0.4.0"
    assert own_release({"aiperf_version": "0.4.0"}, "1.3") == "0.11.0"
    assert own_release({"aiperf_version": 7}, "1.3") == "0.11.0"


def test_a_dataset_file_must_be_there_for_older_releases() -> None:
    document = read("0.13.0/trace").data
    assert checked_file(for_release(document, "0.8.0").document, "0.8.0") == "trace.jsonl"
    assert checked_file(document, "0.13.0") == ""


def test_convert_for_a_release(tmp_path: Path) -> None:
    source = EXPORTS / "0.13.0/chat-streaming" / NAME
    out = tmp_path / "out.json"
    done = run("convert", source, "--for-aiperf", "0.8", "-o", out, "--residue", "--json")
    assert done.code == 0
    row = json.loads(done.stdout)
    assert (row["from"], row["to"], row["for_aiperf"]) == ("1.4", "1.1", "0.8.0")
    assert "loadgen" in json.loads(out.read_bytes())["input_config"]
    back = run("convert", out, "--to", "1.4", "-o", tmp_path / "back.json")
    assert back.code == 0
    assert (tmp_path / "back.json").read_bytes() == source.read_bytes()


def test_a_file_that_the_release_reads_is_left_as_it_is() -> None:
    done = run("convert", EXPORTS / "0.9.0/chat-streaming" / NAME, "--for-aiperf", "0.11.0", "--check")
    assert done.code == 0
    assert "AIPerf 0.11.0 reads it as it is" in done.stdout


def test_a_plain_target_translates_too() -> None:
    done = run("convert", EXPORTS / "0.13.0/chat-streaming" / NAME, "--to", "1.1")
    assert "loadgen" in json.loads(done.stdout)["input_config"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--for-aiperf", "banana"], 'no AIPerf release "banana"'),
        (["--for-aiperf", "0.1.1"], "AIPerf 0.1.1 cannot read exports"),
        (["--for-aiperf", "0.9", "--to", "1.3"], "not allowed with"),
        ([], "one of the arguments --to --for-aiperf --for-reader is required"),
    ],
)
def test_wrong_targets(arguments: list[str], said: str) -> None:
    done = run("convert", EXPORTS / "0.9.0/chat-streaming" / NAME, *arguments)
    assert done.code == 2
    assert said in done.stderr


def test_an_unknown_newer_release_is_told() -> None:
    done = run("upgrade", EXPORTS / "0.9.0/chat-streaming" / NAME, "--for-aiperf", "2.0", "--dry-run")
    assert done.code == 0
    assert "AIPerf 2.0.0 is not known to this version" in done.stderr


def test_the_releases_are_listed() -> None:
    rows = [json.loads(line) for line in run("versions", "--releases", "--json").stdout.splitlines()]
    assert [row["release"] for row in rows if ".dev" not in row["release"]] == [entry.name for entry in RELEASES]
    assert {row["input_config"] for row in rows} == {"UserConfig", "BenchmarkConfig"}
    assert "0.13.0 " in run("versions", "--releases").stdout


@pytest.mark.parametrize("target", [entry.name for entry in RELEASES[1:]])
@pytest.mark.parametrize("name", ["0.4.0/chat-streaming", "0.8.0/multirun", "0.13.0/chat-streaming"])
def test_a_file_made_for_a_release_is_left_alone(name: str, target: str) -> None:
    """A second batch would report changes that are none, and keep a backup of each file."""
    path = next((EXPORTS / name).rglob(NAME))
    done = for_release(parse(path.read_bytes()).data, target)
    again = for_release(done.document, target)
    assert (again.changed, list(again.ledger)) == (False, [])
    assert again.document is done.document


def test_a_second_conversion_in_place_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes((EXPORTS / "0.4.0/chat-streaming" / NAME).read_bytes())
    convert = ("convert", NAME, "--for-aiperf", "0.2.0", "--in-place")
    assert run(*convert, cwd=tmp_path).code == 0
    before = contents(tmp_path)
    assert run(*convert, cwd=tmp_path).code == 0
    assert contents(tmp_path) == before
