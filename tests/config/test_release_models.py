"""What each release reads, and which releases read a document as it is."""

from __future__ import annotations

import pytest
from support.configurations import FILES, config_of, for_release, read

from migrator.aiperf.releases import release
from migrator.config.acceptance import read_by
from migrator.config.release_models import known_releases, reader, readers
from migrator.jsonfile import fingerprint


def test_readers() -> None:
    families = [one.family for one in readers()]
    users = [one.release for one in readers() if one.family == "user"]
    assert families == ["user"] * len(users) + ["benchmark"] * (len(families) - len(users))
    assert users[-2:] == ["0.8.0", "0.8.0.dev20260511"]
    assert reader("0.1.1").schemas == reader("0.2.0").schemas
    assert reader("0.8.0.dev20260521").family == "benchmark"
    assert reader("0.8.0.dev20260511").family == "user"
    assert reader("0.11.0.dev20260720").schemas == reader("0.11.0.dev20260717").schemas
    assert reader("0.13.0.dev20261008").schemas == reader("0.13.0.dev20261007").schemas
    assert reader("0.6.0.post1").schemas == reader("0.6.0").schemas
    assert known_releases()[0] == "0.2.0"


@pytest.mark.parametrize("name", FILES)
def test_what_a_release_writes_its_own_model_has_a_place_for(name: str) -> None:
    own = name.partition("/")[0]
    if release(own):
        found = reader(own)
        trimmed = found.models.matcher(found.config_model).trim(config_of(name))
        assert trimmed.ok
        assert list(trimmed.misfits) == []
        assert fingerprint(trimmed.value) == fingerprint(config_of(name))


def test_who_reads_a_file_as_it_is() -> None:
    assert read_by(read("0.1.1/chat-streaming").data) == []
    assert read_by(read("0.8.0/chat-streaming").data)[-1][1] == "0.8.0"
    assert read_by(read("0.13.0/chat-streaming").data) == [("0.12.0", "0.13.0")]
    assert read_by(for_release(read("0.13.0/chat-streaming").data, "0.9.0").document) == [("0.9.0", "0.13.0")]
    without_config = {key: value for key, value in read("0.13.0/chat-streaming").data.items() if key != "input_config"}
    assert read_by(without_config) == [("0.3.0", "0.13.0")], "0.2.0 wants endpoints_tested"
