"""A remembered translation is the translation: same values, types, order and ledger, and nothing shared."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.config_strategies import configurations
from support.process import EXPORTS, NAME

from migrator.config import for_release, remembered
from migrator.config.for_release import Translation
from migrator.config.release_models import known_releases
from migrator.config.remembered import Remembered
from migrator.jsonfile import parse
from migrator.ledger import Loss

Object = dict[str, Any]
REAL = [parse(path.read_bytes()).data for path in sorted(EXPORTS.rglob(NAME))]
OWN = st.sampled_from(
    [
        "artifacts", "./artifacts/one", "/bench/artifacts/another-run", "5f1d3a52-4c5b-4a86-9d9c-0f6b1f6f3a11",
        "another identity of a run", "\x01placeholder 0", "", "größe/größe/größe", "aiperf profile --model 'm'",
        "aiperf profile --model 'm' --ui 'simple' --workers-max 3",
        0, 1, 7, 42, 2**31, 2**40, -5, 1_618_033_000, True, None, 42.0,
    ]
)  # fmt: skip
"""What a run may have in the place of an identity, a folder, a seed: usual values, defaults, and hostile ones."""


def own(document: Object, value: Any, places: list[bool]) -> Object:
    """The document with a value in some of the places of what is the file's own."""
    changed = copy.deepcopy(document)
    config = changed["input_config"]
    info = changed["run_info"] if type(changed.get("run_info")) is dict else {}
    datasets = config.get("datasets")
    for number, (holder, name) in enumerate(
        [
            (changed, "benchmark_id"),
            (info, "benchmark_id"),
            (info, "cli_command"),
            (config, "benchmark_id"),
            (config, "cli_command"),
            (config, "random_seed"),
            (config.get("input"), "random_seed"),
            (config.get("output"), "artifact_directory"),
            (config.get("artifacts"), "dir"),
            (datasets[0] if type(datasets) is list and datasets else None, "random_seed"),
        ]
    ):
        if places[number] and type(holder) is dict:
            holder[name] = value
    return changed


def answers(memory: Remembered, document: Object, way: Translation, gone: Loss) -> str:
    return repr(memory(for_release.of_configuration(document), way, gone))


def afresh(document: Object, way: Translation, gone: Loss) -> str:
    return repr(for_release._translated(for_release.of_configuration(document), way, gone))


ways = st.builds(
    Translation, st.sampled_from(known_releases()), st.sampled_from(known_releases()), strict=st.booleans()
)
places = st.lists(st.booleans(), min_size=10, max_size=10)


@given(st.data(), ways, st.sampled_from([Loss.LOST, Loss.SAVED]))
def test_it_answers_as_without_memory(data: st.DataObject, way: Translation, gone: Loss) -> None:
    """Several files of one configuration in a row, each with what is its own."""
    config = data.draw(configurations(data.draw(st.sampled_from(known_releases()))))
    start: Object = {"benchmark_id": "the identity of a run", "run_info": {"cli_command": "x"}, "input_config": config}
    memory = Remembered(for_release._translated)
    for value, where in data.draw(st.lists(st.tuples(OWN, places), min_size=3, max_size=6)):
        document = own(start, value, where)
        for _ in range(3):
            assert answers(memory, document, way, gone) == afresh(document, way, gone)


_PARTS = ("run_info", "input_config")


@pytest.mark.parametrize("document", [document for document in REAL if type(document.get("input_config")) is dict])
def test_it_answers_as_without_memory_on_real_files(document: Object) -> None:
    memory = Remembered(for_release._translated)
    source = str(document.get("aiperf_version", "0.1.1"))
    # Not the metrics, which no translation sees, and which would be copied thousands of times.
    document = {key: value for key, value in document.items() if type(value) is not dict or key in _PARTS}
    for target in known_releases():
        for number in range(4):
            changed = own(document, f"/bench/artifacts/run-{number}", [True] * 5 + [False, False, True, True, False])
            changed = own(changed, 1000 + number, [False] * 5 + [True, True, False, False, True])
            way = Translation(source if source in known_releases() else target, target, strict=number % 2 == 0)
            assert answers(memory, changed, way, Loss.LOST) == afresh(changed, way, Loss.LOST)


def test_files_with_ids_of_their_own_are_translated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*arguments: Any) -> remembered.Answer:
        calls.append(arguments)
        return for_release._translated(*arguments)

    memory, way = Remembered(counted), Translation("0.8.0", "0.13.0", strict=False)
    start = next(document for document in REAL if document.get("aiperf_version") == "0.8.0")
    for number in range(50):
        changed = own(start, f"/bench/artifacts/run-{number}", [True] * 5 + [False, False, True, True, False])
        answers(memory, own(changed, number + 1, [False] * 5 + [True, True, False, False, True]), way, Loss.LOST)
    assert len(calls) == 3, "the first, the second, and the second with placeholders"


def test_no_two_answers_share_what_a_caller_may_change() -> None:
    memory, way = Remembered(for_release._translated), Translation("0.8.0", "0.13.0", strict=False)
    part = for_release.of_configuration(next(item for item in REAL if item.get("aiperf_version") == "0.8.0"))
    before = copy.deepcopy(part)
    expected = repr(for_release._translated(part, way, Loss.LOST))
    for _ in range(5):
        answer = memory(part, way, Loss.LOST)
        assert repr(answer) == expected
        assert answer.config is not None
        for section in answer.config.values():
            if type(section) is list:
                section.append("changed")
        answer.config.clear()
    assert part == before


def test_what_is_remembered_is_limited() -> None:
    memory, way = Remembered(for_release._translated), Translation("0.8.0", "0.8.0", strict=False)
    for number in range(remembered._MOST + 50):
        memory({"input_config": {"endpoint": {"timeout_seconds": float(number)}}}, way, Loss.LOST)
    memory({"input_config": {"x": "y" * 100_000}}, way, Loss.LOST)
    assert len(memory._answers) == remembered._MOST
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    for _ in range(3):
        memory({"input_config": {"extra": deep}}, way, Loss.LOST)


def test_a_command_that_sets_what_the_configuration_lacks_is_looked_at() -> None:
    """Remembered from plain commands, the interface of another run would be lost."""
    memory, way = Remembered(for_release._translated), Translation("0.8.0", "0.13.0", strict=False)
    start = next(item for item in REAL if item.get("aiperf_version") == "0.8.0")
    for command in ("aiperf profile --model 'one'", "aiperf profile --model 'two'", "aiperf profile --workers-max 3"):
        changed = own(start, command, [False, False, True, False, True, *[False] * 5])
        for _ in range(2):
            assert answers(memory, changed, way, Loss.LOST) == afresh(changed, way, Loss.LOST)
    assert "--workers-max" in command


@pytest.mark.parametrize(("like", "other"), [(1_618_033_000, 7), ("\x01placeholder 0", "another long text")])
def test_a_value_that_looks_like_a_placeholder_is_not_taken_for_one(like: Any, other: Any) -> None:
    memory, way = Remembered(for_release._translated), Translation("0.8.0", "0.13.0", strict=False)
    for value in (like, like, like, other, other):
        document: Object = {
            "input_config": {
                "cli_command": value,
                "endpoint": {"model_names": ["m"], "urls": [str(like)], "type": "chat"},
                "input": {"random_seed": value, "conversation": {"num": like}},
                "loadgen": {"concurrency": 1, "request_count": 10},
            }
        }
        assert answers(memory, document, way, Loss.LOST) == afresh(document, way, Loss.LOST)


def test_values_that_were_equal_need_not_be() -> None:
    """A configuration that repeats its document's identity says nothing of its own; one that does not, does."""
    memory, way = Remembered(for_release._translated), Translation("0.8.0", "0.13.0", strict=True)
    start = next(item for item in REAL if item.get("aiperf_version") == "0.8.0")
    same = own(start, "5f1d3a52-4c5b-4a86-9d9c-0f6b1f6f3a11", [True, True, False, True, *[False] * 6])
    other = own(same, "0b3ff6b0-8a43-4d92-8f0e-7a2a4b0d8a77", [False, False, False, True, *[False] * 6])
    assert afresh(same, way, Loss.LOST) != afresh(other, way, Loss.LOST)
    for document in (same, same, same, other, other, same):
        assert answers(memory, document, way, Loss.LOST) == afresh(document, way, Loss.LOST)
