"""What `--to` and `--for-aiperf` mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from support.real_documents import recorded

from migrator.aiperf import releases
from migrator.aiperf.releases import RELEASES, Release
from migrator.chain.steps import GENAI_PERF, NEWEST, VERSIONS
from migrator.config import for_release
from migrator.errors import UnknownVersionError, UsageError
from migrator.migration.goal import Goal, goal_of
from migrator.migration.migrate import Options, migrate


def test_a_version_is_its_own_goal_and_the_newest_the_default() -> None:
    assert goal_of() == Goal(NEWEST)
    for version in (*VERSIONS, GENAI_PERF):
        assert goal_of(version) == Goal(version, "", "")


def test_a_release_is_a_goal_with_the_version_it_writes() -> None:
    assert goal_of(for_aiperf="0.9") == Goal("1.3", "0.9.0")
    assert goal_of(for_aiperf="0.11.0.dev20260715") == Goal("1.4", "0.11.0.dev20260715")
    assert goal_of(for_aiperf="99.0")[:2] == (NEWEST, "99.0.0")
    assert "AIPerf 99.0.0 is not known to this version" in goal_of(for_aiperf="99.0").note


def test_goals_have_names() -> None:
    assert (goal_of("1.3").name, goal_of("1.3").phrase) == ("1.3", "to 1.3")
    assert (goal_of(for_aiperf="0.9").name, goal_of(for_aiperf="0.9").phrase) == ("AIPerf 0.9.0", "for AIPerf 0.9.0")


def test_what_is_not_a_goal() -> None:
    with pytest.raises(UnknownVersionError, match=r'no schema version "99\.0"'):
        goal_of("99.0")
    with pytest.raises(UsageError, match="no AIPerf release"):
        goal_of(for_aiperf="banana")
    with pytest.raises(UsageError, match="a release has a version already"):
        goal_of("1.3", "0.9.0")


def test_a_version_may_stand_for_its_goal() -> None:
    document = recorded("1.3")[0]
    for version in VERSIONS:
        assert migrate(document, version).document == migrate(document, Goal(version)).document


@pytest.fixture
def next_release(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A line in the table of releases, for one that nothing else is known of."""
    caches = (releases.release, releases.age, for_release.last_writer, for_release.reader)
    for module in [module for name, module in sys.modules.items() if name.startswith("migrator.")]:
        if getattr(module, "RELEASES", None) is RELEASES:
            monkeypatch.setattr(module, "RELEASES", (*RELEASES, Release("0.14.0", "1.4", "vendor")))
    for cached in caches:
        cached.cache_clear()
    yield "0.14.0"
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_one_line_makes_a_release_a_goal(next_release: str) -> None:
    goal = goal_of(for_aiperf="0.14")
    assert goal[:2] == ("1.4", next_release)
    assert "what AIPerf 0.14.0 reads of input_config is not known" in goal.note
    done = migrate(recorded("1.3")[0], goal, Options(save_residue=True))
    assert done.document["schema_version"] == "1.4"
    assert done.residue is not None
    assert done.residue.releases is not None
    assert done.residue.releases[1] == next_release
    back = migrate(done.document, "1.3", residue=done.residue)
    assert back.document == recorded("1.3")[0]
