"""Reading what AIPerf writes off its source, without running it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from support.aiperf_source import tree, wheel

from migrator.aiperf.metrics import catalogue
from migrator.aiperf.releases import RELEASES, age, release
from migrator.errors import NotAnExportError, UnreadableError
from migrator.schemas.shape import of_release
from migrator.upstream.known import as_text, baseline, known
from migrator.upstream.shape import Found, shape_of
from migrator.upstream.source import read_source


def found(path: Path) -> Found:
    return shape_of(read_source(str(path)))


def test_places_and_kinds_are_read_through_imports_bases_and_aliases(tmp_path: Path) -> None:
    read = found(tree(tmp_path))
    kinds = {place: " ".join(sorted(kinds)) for place, kinds in read.shape.places.items()}
    assert kinds == {
        "<metric>": "null object",
        "<metric>.avg": "null number",
        "<metric>.unit": "string",
        "gpus": "null object",
        "gpus.*": "object",
        "gpus.*.metrics": "object",
        "gpus.*.metrics.*": "object",
        "gpus.*.metrics.*.avg": "null number",
        "gpus.*.metrics.*.unit": "string",
        "gpus.*.platform": "string",
        "histogram": "null object",
        "histogram.*": "integer",
        "input_config": "null object",
        "input_config.phases": "array",
        "input_config.phases[]": "object",
        "input_config.phases[].inner": "null object",
        "input_config.phases[].name": "string",
        "mode": "string",
        "names": "array null",
        "names[]": "string",
        "schema_version": "null string",
        "scores": "null object",
        "scores.*": "number",
    }
    assert (read.label, read.version) == ("1.5", "0.14.0")
    assert {tag: (one.type, one.header) for tag, one in read.metrics.items()} == {
        "request_latency": ("record", "Request Latency")
    }


def test_what_the_exporter_sets_beside_the_model_is_seen_and_aggregates_are_not(tmp_path: Path) -> None:
    assert found(tree(tmp_path / "a")).beside == ()
    for line in ('data.metadata = {"a": 1}', 'setattr(data, "metadata", {})'):
        read = found(tree(tmp_path / line[:4], exporter=f"    {line}"))
        assert read.beside == ("metadata",)
        assert "metadata" in read.shape.places


def test_a_formula_changes_with_its_code_and_not_with_its_words(tmp_path: Path) -> None:
    plain, reworded, changed = (
        found(tree(tmp_path / name, **given)).metrics["request_latency"].formula
        for name, given in (("a", {}), ("b", {"about": "Otherwise said."}), ("c", {"formula": "record.end"}))
    )
    assert plain == reworded != changed


def test_units_are_made_of_their_parts(tmp_path: Path) -> None:
    units = """
class Units:
    SEC = Info(tag="sec", long_name="seconds")
    TOKENS = unit("tokens")
    TOKENS_PER_SEC = Over(primary_unit=Units.TOKENS, time_unit=Units.SEC)
    SEC_PER_TOKEN = Over(time_unit=Units.SEC, primary_unit=Units.TOKENS, inverted=True)
    ODD = made()

class OneMetric(BaseRecordMetric[int]):
    tag = "one"
    unit = Units.SEC
    display_unit = Units.TOKENS_PER_SEC

class TwoMetric(OneMetric):
    tag = "two"

class ThreeMetric(BaseRecordMetric[int]):
    tag = "three"
    unit = Units.SEC_PER_TOKEN

class FourMetric(BaseRecordMetric[int]):
    tag = "four"
    unit = Units.ODD
"""
    read = found(tree(tmp_path, metrics=units)).shape.metrics
    assert {tag: read[tag] for tag in ("one", "two", "three", "four")} == {
        "one": "tokens/sec",
        "two": "tokens/sec",
        "three": "sec/tokens",
        "four": "",
    }


def test_a_wheel_and_an_archive_are_read_as_a_folder(tmp_path: Path) -> None:
    source = tree(tmp_path / "source")
    packed = tmp_path / "aiperf.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(source, "aiperf-0.14.0")
    expected = found(source)
    for path in (wheel(source, tmp_path / "aiperf.whl"), packed):
        read = found(path)
        assert (read.version, read.shape.places, read.metrics) == ("0.14.0", expected.shape.places, expected.metrics)


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.whl").write_text("no wheel")
    (tmp_path / "aiperf").mkdir()
    (tmp_path / "aiperf" / "cli.py").write_text("pass")
    for name, error in (("file.whl", UnreadableError), ("missing", UnreadableError), (".", NotAnExportError)):
        with pytest.raises(error, match="expected"):
            found(tmp_path / name)


def test_what_is_known_is_what_the_releases_themselves_say() -> None:
    """The models that were asked of the installed releases, and those that were read off their sources, agree."""
    for source in known():
        entry = release(source.version)
        assert entry is not None
        assert entry.version == source.label
        theirs = {place for place in of_release(entry).places if not place.startswith("input_config.")}
        ours = {place for place in source.shape.places if not place.startswith("input_config.")}
        assert ours == theirs
        registered = {
            tag
            for tag, metric in catalogue().items()
            if age(metric.first_release) <= age(source.version) <= age(metric.last_release)
        }
        assert set(source.metrics) == registered
        units = {tag: metric.unit for tag, metric in source.metrics.items() if metric.unit}
        assert units == {tag: catalogue()[tag].unit for tag in units}
        assert len(units) > 0.8 * len(registered)
    assert known()[-1].version >= RELEASES[-1].name


def test_the_known_sources_come_back_from_their_text() -> None:
    with open(Path(__file__).parents[2] / "migrator" / "data" / "upstream.json", encoding="utf-8") as file:
        assert as_text(list(known())) == file.read()
    assert baseline("1.4").version == "0.13.0"
    assert baseline("9.9") == known()[-1]
