"""Who wrote an export: what the file proves, and nothing that it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.process import run
from support.real_documents import recorded
from support.versions import NEWEST

from migrator.aiperf.releases import RELEASES
from migrator.chain.steps import VERSIONS
from migrator.errors import UnknownVersionError
from migrator.identify import identify
from migrator.migration.migrate import migrate

BLOCK = {"unit": "ms", "avg": 3.0}
RUN = {"input_config": {}, "was_cancelled": False, "start_time": "2026-11-24T02:08:13", "request_latency": BLOCK}
NULLS = {"run_info": {"trial": None}}
BRANCHES = {"branch_stats": {"children_spawned": 12}}


def export(version: str, writer: str | None, **more: Any) -> dict[str, Any]:
    head = {"schema_version": version} | ({"aiperf_version": writer} if writer else {})
    return {**head, **RUN, **more}


@pytest.mark.parametrize(
    ("document", "migrated", "from_source", "said"),
    [
        # What a release writes.
        (export("1.4", "0.13.0"), False, None, ""),
        (export("1.0", "0.6.0.post1"), False, None, ""),
        # The schema of the release before: a build from source carries the number of the release that it leads to.
        (export("1.0", "0.8.0"), None, None, "0.8.0, which writes 1.1: migrated, or written by a build from source"),
        (export("1.2", "0.9.0"), None, None, "0.9.0, which writes 1.3: migrated, or written by a build from source"),
        # An older schema than that of the release before: no build of that number has it.
        (export("1.0", "0.9.0"), True, None, "0.9.0, which writes 1.3: migrated"),
        (export("1.1", "0.13.0.dev20261023"), True, None, "which writes 1.5: migrated"),
        # A newer schema: upgraded, or a fork that has what its release did not have yet.
        (export("1.2", "0.8.0"), None, None, "0.8.0, which writes 1.1: migrated, or written by a build from source"),
        (export("1.2", "0.8.0", **NULLS), True, None, "run_info.trial is null, which AIPerf leaves out: migrated"),
        (export("1.2", "0.8.0", **BRANCHES), None, True, "written by a build of 0.8.0's source or a fork"),
        (export("1.4", "0.9.0", warmup_metrics={}), None, True, "no migration adds warmup_metrics"),
        (export("1.3", "0.8.0", **BRANCHES, **NULLS), True, True, "which AIPerf leaves out: migrated"),
        # A name that is not that of a release.
        (export("1.3", "0.9.0+acme"), None, True, "0.9.0+acme: a build of 0.9.0's source"),
        (export("1.3", "acme"), None, None, "aiperf_version acme is not a release that this tool knows"),
        (export("1.3", "0.99.0"), None, None, "aiperf_version 0.99.0 is newer than this tool knows"),
        (export("1.3", "0.99.0", **NULLS), True, None, "run_info.trial is null, which AIPerf leaves out: migrated"),
        # No name, though every release writes one since it writes a label.
        (export("1.3", None), None, None, "migrated from before, or edited"),
        (export("1.3", None, **NULLS), True, False, "migrated from before 0.4.0"),
    ],
)
def test_what_is_proven_is_said(
    document: dict[str, Any], migrated: bool | None, from_source: bool | None, said: str
) -> None:
    found = identify(document)
    assert (found.migrated, found.from_source) == (migrated, from_source)
    assert said in found.evidence[-1]
    assert found.writers == ((found.writer,) if found.writer else ())


WRITTEN = [version for version in VERSIONS if version != "1.2"]
"""No release wrote 1.2: its documents were migrated."""


@pytest.mark.parametrize("version", WRITTEN)
def test_a_recorded_file_is_as_its_release_wrote_it(version: str) -> None:
    for document in recorded(version):
        assert identify(document).migrated is False


@pytest.mark.parametrize("target", VERSIONS)
@pytest.mark.parametrize("source", WRITTEN)
def test_no_migrated_file_is_said_to_be_as_it_was_written(source: str, target: str) -> None:
    for document in recorded(source):
        result = migrate(document, target)
        found = identify(result.document)
        if result.steps and found.writer:
            assert found.migrated is not False
        if not found.from_source and not found.writer:
            known = {entry.name: entry.version for entry in RELEASES}
            assert {known[name] for name in found.writers} <= set(found.versions)
        assert found.from_source is not True, "no migration makes a file look like that of a fork"


def test_a_label_with_branches_before_1_3_is_right() -> None:
    """The fork that InferenceX uses writes 1.2 with branch_stats, which no published page ties to 1.3."""
    found = identify(export("1.2", "0.8.0", **BRANCHES))
    assert (found.version, found.mislabelled) == ("1.2", False)


def test_the_command_says_what_is_known_of_the_writer() -> None:
    for document, said in (
        (export("1.2", "0.8.0", **BRANCHES), "a build of AIPerf 0.8.0's source, or a fork"),
        (export("1.0", "0.8.0"), "AIPerf 0.8.0, as the file says"),
        (export("1.0", "0.9.0"), "AIPerf 0.9.0, migrated since"),
        (export("1.3", "0.9.0"), "AIPerf 0.9.0"),
        (migrate(recorded("0.3")[0], NEWEST).document, "a release before 0.4.0, migrated since (not in the file)"),
        (export("1.3", None), "not in the file"),
        ({**RUN, "prefill_throughput": BLOCK}, "AIPerf 0.2.0 to 0.3.0 (not in the file)"),
    ):
        done = run("inspect", "-", stdin=json.dumps(document).encode())
        assert [line.partition("written by")[2].strip() for line in done.lines if "written by  " in line] == [said]


TITLES = {"Time to First Token": {"name": "Time to First Token", "unit": "ms", "avg": 30.5, "streaming_only": True}}


def test_a_shape_from_before_the_first_release_is_refused_and_no_writer_is_named() -> None:
    document = {"records": TITLES, "errors_by_type": [], **{k: v for k, v in RUN.items() if k != "request_latency"}}
    with pytest.raises(UnknownVersionError) as caught:
        identify(document)
    assert (caught.value.place, "Time to First Token" in caught.value.found) == ("$.records", True)
    assert "before 0.1.0" in caught.value.hint


def test_a_metric_of_0_1_may_have_a_name_and_any_key() -> None:
    for block in ({**BLOCK, "name": "acme"}, {**BLOCK, "name": None}):
        document = {"records": {"ttft": {**BLOCK, "name": "ttft"}, "x": block}, "was_cancelled": False}
        assert identify(document).version == "0.1"
