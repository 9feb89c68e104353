"""What releases write, and how releases and versions sort."""

from __future__ import annotations

from itertools import pairwise

import pytest

from migrator.aiperf.releases import (
    NIGHTLIES,
    RELEASES,
    age,
    is_newer_than_known,
    least_version,
    release,
    requirement,
    version_key,
    writers,
)
from migrator.chain.steps import GENAI_PERF, NEWEST, VERSIONS


def test_versions_sort_by_number() -> None:
    line = [GENAI_PERF, *VERSIONS, "1.10", "1.99", "2.0"]
    backwards = line[::-1]
    assert sorted(backwards, key=version_key) == line
    assert all(version_key(older) < version_key(newer) for older, newer in pairwise(line))


def test_the_tables_are_sorted_and_name_versions_of_the_line() -> None:
    for table in (RELEASES, NIGHTLIES):
        assert sorted(table, key=lambda entry: age(entry.name)) == list(table)
        assert {entry.version for entry in table} <= set(VERSIONS)
        assert all(version_key(a.version) <= version_key(b.version) for a, b in pairwise(table))


@pytest.mark.parametrize(
    ("name", "version", "dialect"),
    [
        ("0.1.1", "0.1", "legacy"),
        ("0.6.0.post1", "1.0", "legacy"),
        ("0.8.5", "1.1", "legacy"),
        ("0.11.9", "1.3", "legacy"),
        ("0.11.0.dev20260716", "1.4", "legacy"),
        ("0.12.0.dev20260801", "1.4", "vendor"),
        ("0.13.0", "1.4", "vendor"),
        ("0.8.0.dev20260511", "1.1", "legacy"),
        ("0.8.0.dev20260520", "1.1", "legacy"),
        ("0.10.0.dev20260523", "1.3", "legacy"),
        ("0.13.0.dev20261002", "1.4", "vendor"),
        ("0.13.0.dev20261007", "1.5", "vendor"),
        ("0.9.0+local", "1.3", "legacy"),
        ("0.99.0", NEWEST, "vendor"),
        ("0.99.0.dev20991231", NEWEST, "vendor"),
    ],
)
def test_what_a_release_writes(name: str, version: str, dialect: str) -> None:
    found = release(name)
    assert found is not None
    assert (found.version, found.dialect) == (version, dialect)
    assert is_newer_than_known(found.name) == (name == "0.99.0")


def test_a_package_that_was_published_again_is_its_release() -> None:
    assert age("0.6.0") == age("0.6.0.post1") == age("0.6.0+local") < age("0.6.0.dev20260101") < age("0.7.0")
    found = release("0.6.0.post1")
    assert found is not None
    assert found.name == "0.6.0.post1"
    with pytest.raises(ValueError, match="not the name of a release: 'banana'"):
        age("banana")


@pytest.mark.parametrize(
    ("name", "package"),
    [("0.13.0", "aiperf"), ("0.6.0.post1", "aiperf"), ("0.13.0.dev20261007", "aiperf-nightly")],
)
def test_what_an_installer_is_asked_for(name: str, package: str) -> None:
    assert requirement(name) == f"{package}=={name}"


@pytest.mark.parametrize("name", ["", "banana", "0.1.0", "0.1", "v0.9.0", "0.5.0.dev20250101"])
def test_what_is_not_the_name_of_a_known_release(name: str) -> None:
    assert release(name) is None


def test_writers_are_releases_and_nightlies_only_where_there_are_none() -> None:
    assert writers("1.0") == ("0.4.0", "0.5.0", "0.6.0", "0.7.0")
    assert writers("1.4", "vendor") == ("0.12.0", "0.13.0")
    assert writers("1.4", "legacy") == ("0.11.0.dev20260715",)
    assert writers("1.2") == ()


@pytest.mark.parametrize(
    ("name", "version"), [("0.1.1", "0.1"), ("0.2.0", "0.1"), ("0.4.0", "0.3"), ("0.9.0", "1.1"), ("0.12.0", "1.3")]
)
def test_a_build_of_the_source_begins_with_the_schema_of_the_release_before(name: str, version: str) -> None:
    assert least_version(name) == version
