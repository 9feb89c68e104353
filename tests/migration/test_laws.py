"""The laws of the chain over every ordered pair of versions, on generated and on real documents."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import Phase, find, given, note, settings
from hypothesis import strategies as st
from support.config_strategies import configurations
from support.jsontext import STYLES, written
from support.laws import LAWS, MODES, Case, Options, case_of
from support.real_documents import mutated, recorded_files, thinned
from support.strategies import LEGACY_WRITER, documents, shape

from migrator.aiperf.releases import version_key
from migrator.chain.nulls import NULLABLE, WRITTEN_AT
from migrator.chain.operation import AddedField
from migrator.chain.ops import Add, Rename
from migrator.chain.places import GPUS, visit
from migrator.chain.step import Step
from migrator.chain.steps import STEPS, VERSIONS
from migrator.config.for_release import own_release
from migrator.errors import MigratorError, RejectedError
from migrator.identify import identify, require_migratable

UPWARDS = ("3 up and down",)
DOWNWARDS = ("4 down and up",)

FAST, LONG = min(10, settings().max_examples), 80
"""Documents for each law and version; each is taken to every other version."""
LONG_MODES = [mode if mode == "document alone" else pytest.param(mode, marks=pytest.mark.search) for mode in MODES]
"""CI searches long where documents are migrated alone; `make search` does for every set of options."""


def targets(law: str, source: str) -> list[str]:
    """Where a law takes a document of a version: to every other version, in the directions that it speaks of."""
    up = [version for version in VERSIONS if version_key(version) > version_key(source)]
    down = [version for version in VERSIONS if version_key(version) < version_key(source)]
    return ([] if law in DOWNWARDS else up) + ([] if law in UPWARDS else down)


modes = st.sampled_from(list(MODES))
"""As commands call the library, and without a configuration: drawn for each document."""

RUNS = [(law, source) for law in LAWS for source in VERSIONS if targets(law, source)]


def test_there_are_ten_laws_and_every_pair_is_covered() -> None:
    assert [int(law.split()[0]) for law in LAWS] == list(range(1, 11))
    for law in LAWS:
        pairs = {(source, target) for name, source in RUNS if name == law for target in targets(law, source)}
        wanted = set(permutations(VERSIONS, 2))
        if law in UPWARDS:
            wanted = {(a, b) for a, b in wanted if version_key(a) < version_key(b)}
        if law in DOWNWARDS:
            wanted = {(a, b) for a, b in wanted if version_key(a) > version_key(b)}
        assert pairs == wanted


def hold(law: str, case: Case, data: Any) -> None:
    """Check a law for a document and every version it speaks of; a release that refuses a document is left out."""
    for target in targets(law, case.version):
        note(f"{case.version} → {target}, {case.options.release_name(target) or 'no release'}")
        try:
            LAWS[law](case, target, data.draw)
        except RejectedError:
            assert case.options.release


def drawn_options(mode: str, data: Any) -> Options:
    options = MODES[mode]
    return replace(options, pick=data.draw(st.integers(0, 5), label="release")) if options.release else options


def generated_case(source: str, mode: str, data: Any) -> Case:
    """A document that conforms to its version; where configurations are translated, one of its release's own."""
    options = drawn_options(mode, data)
    document = data.draw(documents(source), label="document")
    if options.config:
        writer = own_release(document, source)
        document["input_config"] = data.draw(configurations(writer), label=f"configuration of {writer}")
    style = data.draw(st.sampled_from(sorted(STYLES)), label="layout")
    return case_of(document, source, STYLES[style], conforms=True, options=options)


def generated(law: str, source: str, mode: str, data: Any) -> None:
    case = generated_case(source, mode, data)
    assert case.parsed.uniform
    assert source in case.versions
    hold(law, case, data)


def real(law: str, source: str, mode: str, data: Any) -> None:
    options = drawn_options(mode, data)
    broken = data.draw(st.sampled_from([True, True, False]), label="mutated")
    document = data.draw(mutated(source) if broken else thinned(source))
    note(written(document))
    style = data.draw(st.sampled_from(sorted(STYLES)), label="layout")
    try:
        require_migratable(identify(document))
    except MigratorError:
        return
    hold(law, case_of(document, source, STYLES[style], conforms=not broken, options=options), data)


@pytest.mark.parametrize(("law", "source"), RUNS)
@settings(max_examples=FAST)
@given(data=st.data())
def test_generated_documents(law: str, source: str, data: Any) -> None:
    generated(law, source, data.draw(modes, label="options"), data)


@pytest.mark.parametrize(("law", "source"), RUNS)
@settings(max_examples=FAST)
@given(data=st.data())
def test_real_documents(law: str, source: str, data: Any) -> None:
    real(law, source, data.draw(modes, label="options"), data)


@pytest.mark.slow
@pytest.mark.parametrize("mode", LONG_MODES)
@pytest.mark.parametrize(("law", "source"), RUNS)
@settings(max_examples=LONG)
@given(data=st.data())
def test_generated_documents_for_long(law: str, source: str, mode: str, data: Any) -> None:
    generated(law, source, mode, data)


@pytest.mark.slow
@pytest.mark.parametrize("mode", LONG_MODES)
@pytest.mark.parametrize(("law", "source"), RUNS)
@settings(max_examples=LONG)
@given(data=st.data())
def test_real_documents_for_long(law: str, source: str, mode: str, data: Any) -> None:
    real(law, source, mode, data)


@pytest.mark.parametrize("mode", ["document alone", "with its configuration", "for a release, secrets kept"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("source", VERSIONS)
@settings(max_examples=1)
@given(data=st.data())
def test_recorded_exports_as_they_are(law: str, source: str, mode: str, data: Any) -> None:
    """Every release that writes a version is asked for once, by one recording or another."""
    for index, raw in enumerate(recorded_files(source)):
        hold(law, Case(raw, conforms=True, version=source, options=replace(MODES[mode], pick=index)), data)


# --- what the search found ------------------------------------------------------------------------------------


def plain_case(config: dict[str, Any], source: str, mode: str = "with its configuration") -> Case:
    """A run that measured nothing, with a configuration of its own."""
    label: dict[str, Any] = {"schema_version": source} if version_key(source) >= version_key("1.0") else {}
    time = "2026-11-24T02:08:13.738190"
    about = {"was_cancelled": True, "error_summary": [], "start_time": time, "end_time": time}
    if source == "0.1":
        label = {"records": {}}
    elif source in WRITTEN_AT:
        label = dict.fromkeys(NULLABLE)
    document = {**label, "input_config": {"endpoint": {"model_names": ["m"]}, **config}, **about}
    return case_of(document, source, conforms=True, options=MODES[mode])


def not_drawn(strategy: st.SearchStrategy[Any]) -> Any:
    raise AssertionError(f"nothing is drawn from {strategy}")


@pytest.mark.parametrize(
    "inputs", [{"extra": {"x": 1}}, {"headers": {"X-Team": "perf"}}, {"goodput": {"request_latency": 90}}]
)
@pytest.mark.parametrize("source", ["0.1", "0.3", "1.0", "1.1"])
def test_inputs_in_a_form_that_is_only_read_come_back_in_the_one_that_is_written(
    source: str, inputs: dict[str, Any]
) -> None:
    case = plain_case({"input": inputs}, source)
    for target in targets("3 up and down", source):
        LAWS["3 up and down"](case, target, not_drawn)


@pytest.mark.parametrize(
    "config",
    [{"input": {"extra": None, "headers": {}}}, {"output": {"profile_export_file": "x"}}],
    ids=["form", "place"],
)
def test_a_file_of_two_versions_that_was_made_for_a_release_is_taken_back_to_the_version_of_its_residue(
    config: dict[str, Any],
) -> None:
    case = plain_case(config, "0.2", "for a release")
    assert set(case.versions) == {"0.2", "0.3"}
    for target in targets("6 step by step", case.version):
        LAWS["6 step by step"](case, target, not_drawn)


@settings(max_examples=FAST)
@given(data=st.data())
def test_an_edited_file_of_two_versions_is_taken_back_to_the_version_of_its_residue(data: Any) -> None:
    case = plain_case({"input": {"extra": None, "headers": {}}}, "0.2", "for a release")
    hold("10 stale residue", case, data)


# --- what the search does not see ----------------------------------------------------------------------------

EVERYWHERE = """
import sys
from hashlib import sha256
from support.real_documents import CHOSEN, recorded
from support.laws import everything
from support.replay import copied
from migrator.migration.migrate import Options, migrate
from migrator.chain.steps import VERSIONS
from migrator.jsonfile import render

found = sha256()
for version in CHOSEN:
    document = copied(recorded(version)[-1])
    document |= {f"x_{name}": name for name in "one two three four five six".split()}
    document["records"] = document.get("records", {}) | {"request_latency": {"unit": "ms", "avg": 1}, "x": 1, "y": 2}
    for other in ("ttft", "time_to_first_token", "ttst", "time_to_second_token", "total_osl", "benchmark_token_count"):
        document[other] = {"unit": "ms", "avg": 1.5}
    for target in VERSIONS:
        found.update(everything(migrate(document, target, Options(save_residue=True))))
print(found.hexdigest())
"""
"""Every recorded version, made worse with collisions and unknown keys, to every version: a hash of all that comes out,
the order of the ledger included."""


def test_the_hash_seed_of_python_changes_nothing() -> None:
    def outcome(seed: str) -> str:
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run([sys.executable, "-c", EVERYWHERE], env=env, capture_output=True, text=True, check=True)
        return done.stdout

    assert len(outcome("1").strip()) == 64
    assert outcome("1") == outcome("2")


@pytest.mark.parametrize("source", ["0.3", "1.0", "1.4"])
def test_releases_accept_most_generated_documents(source: str) -> None:
    """At least three quarters: a refused document says nothing about what a release gets."""
    accepted: list[bool] = []

    @settings(max_examples=20, phases=[Phase.generate])
    @given(data=st.data())
    def made(data: Any) -> None:
        case = generated_case(source, "for a release", data)
        for target in VERSIONS:
            if case.options.release_name(target):
                try:
                    case.asked(case.document, target)
                    accepted.append(True)
                except RejectedError:
                    accepted.append(False)

    made()
    assert sum(accepted) >= 0.75 * len(accepted) > 0


NEXT = Step(
    older=VERSIONS[-1],
    newer="9.9",
    summary="a step that does not exist",
    reason="To see that the strategies need no change for a new step.",
    ops=(
        Add(AddedField("brand_new", nullable=True), AddedField("block_of_its_own")),
        Add(AddedField("watts"), at=GPUS),
        Rename({"request_latency": "request_duration"}),
    ),
)


def drawn(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> Any:
    """The first document of a strategy that is wanted; it need not be the smallest."""
    # With one found, it would go on for a thousand more.
    alone = settings(phases=[Phase.generate], max_examples=2_000, report_multiple_bugs=False)
    return find(strategy, wanted, settings=alone)


def test_a_new_step_is_covered_without_a_change_of_the_strategies() -> None:
    steps = (*STEPS, NEXT)
    assert drawn(documents("9.9", steps=steps), lambda d: "brand_new" in d)["schema_version"] == "9.9"
    assert "request_latency" not in drawn(documents("9.9", steps=steps), lambda d: "request_duration" in d)
    gpus = drawn(documents("9.9", steps=steps), lambda d: any("watts" in gpu for _, gpu, _ in visit(d, GPUS)))
    assert "telemetry_data" in gpus
    older = drawn(documents(VERSIONS[-1], steps=steps), lambda d: "request_latency" in d)
    assert "brand_new" not in older


def test_a_new_kind_of_operation_must_be_taught() -> None:
    class Other:
        """Not one of the closed set."""

    step = Step(VERSIONS[-1], "9.9", "", "", ops=(Other(),))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="do not know the operation Other"):
        shape("9.9", "vendor", (*STEPS, step))


@pytest.mark.parametrize("dialect", ["legacy", "vendor"])
def test_1_4_is_drawn_in_both_dialects(dialect: Any) -> None:
    old, new = "gpu_power_usage", "nvidia_power_usage"
    wanted, other = (old, new) if dialect == "legacy" else (new, old)
    found = drawn(documents("1.4", dialect), lambda d: wanted in str(d))
    assert other not in str(found)
    assert (found.get("aiperf_version") == LEGACY_WRITER) == (dialect == "legacy")
