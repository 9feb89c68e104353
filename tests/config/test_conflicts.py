"""Fields that conflict are left out, or changed, for just the releases that reject them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from support.configurations import Object, config_for, for_release, holds, lost, read
from support.replay import copied, node_at

from migrator.config.acceptance import rejections
from migrator.config.conflict_rules import EACH, GONE, ConflictRule, rules
from migrator.config.conflicts import rules_of
from migrator.config.release_models import Reader, reader, readers
from migrator.config.translate import translate
from migrator.config.user_to_benchmark import DocumentFacts
from migrator.jsonfile import at
from migrator.ledger import Loss, Op
from oracle.edited import Edited, edited

SAMPLING: Final = ("input", "dataset_sampling_strategy")


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({("endpoint", "wait_for_model_mode"): "models"}, ("endpoint", "wait_for_model_mode")),
        ({("loadgen", "num_users"): 3}, ("loadgen", "num_users")),
        ({("input", "file"): "t.jsonl", ("input", "fixed_schedule"): True, SAMPLING: "random"}, SAMPLING),
        ({("no_gpu_telemetry",): True}, ("gpu_telemetry", 0)),
    ],
)
def test_fields_that_conflict_are_left_out(changes: Any, gone: tuple[Any, ...]) -> None:
    document = copied(read("0.8.0/chat-streaming").data)
    for place, value in changes.items():
        node_at(document["input_config"], place[:-1])[place[-1]] = value
    done = for_release(document, "0.8.0")
    assert lost(done) == [("input_config", *gone)]
    before = copied(document["input_config"])
    assert for_release(document, "0.13.0").changed
    assert document["input_config"] == before


EDITED: Final = edited()
NEWEST_OF: Final[dict[str, str]] = {each.family: each.release for each in readers()}


# Each edit goes to a release of either family, and not to all of them: that would take too long.
TARGETS: Final = ["0.2.0", "0.4.0", "0.6.0", "0.8.0", "0.9.0", "0.11.0", "0.12.0", "0.13.0"]


@pytest.mark.parametrize(("target", "turn"), [(target, index % 4) for index, target in enumerate(TARGETS)])
def test_edited_configurations_that_aiperf_judges_load_and_nothing_goes_silently(target: str, turn: int) -> None:
    for export in EDITED[turn::4]:
        own = reader(export.name.partition("/")[0])
        ordered = own.models.matcher(own.config_model).trim(export.document["input_config"])
        assert ordered.ok, export.name
        holds({**export.document, "input_config": ordered.value}, target)


JUDGED: Final[dict[tuple[str, str], list[str]]] = {
    # What AIPerf itself said: its models reject each of these as they are, and read them without these fields.
    ("0.8.0/chat-streaming", "loadgen.benchmark_grace_period = 5.0"): ["0.2.0", "0.4.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.warmup_grace_period = 5.0"): ["0.5.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.num_users = 3"): ["0.5.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.request_cancellation_delay = 2.0"): ["0.5.0", "0.8.0"],
    ("0.8.0/chat-streaming", "input.conversation.num = 30"): ["0.3.0", "0.4.0", "0.8.0"],
    ("0.8.0/chat-streaming", "input.rankings.passages.mean = 3"): ["0.4.0", "0.8.0"],
    ("0.8.0/chat-streaming", "input.video.width = 64"): ["0.2.0", "0.8.0"],
    ("0.8.0/chat-streaming", "loadgen.confidence_level = 0.9"): ["0.7.0", "0.8.0"],
    ("0.13.0/chat-streaming", "phases.-1.grace_period = 5.0"): ["0.9.0", "0.13.0"],
    ("0.13.0/chat-streaming", 'wandb.tags = ["a"]'): ["0.11.0", "0.13.0"],
    ("0.13.0/chat-streaming", "endpoint.per_chunk_usage = true"): ["0.13.0"],
    ("0.13.0/chat-streaming", 'accuracy.benchmark = "gpqa_diamond"'): ["0.9.0", "0.10.0", "0.10.0.dev20260529"],
    ("0.13.0/chat-streaming", 'accuracy.benchmark = "lcb_codegeneration"'): ["0.10.0", "0.11.0.dev20260604"],
    ("0.8.0/chat-streaming", 'input.goodput = {"ttft": 5.0}'): ["0.7.0", "0.8.0", "0.8.0.dev20260511"],
    ("0.8.0/chat-streaming", 'input.goodput = {"request_latency": "fast"}'): ["0.7.0", "0.8.0"],
    ("0.8.0/chat-streaming", 'input.goodput = "request_latency"'): ["0.7.0", "0.8.0"],
}


@pytest.mark.parametrize(("edit", "targets"), JUDGED.items())
def test_one_field_goes_in_the_releases_that_reject_it(edit: tuple[str, str], targets: list[str]) -> None:
    export = next(export for export in EDITED if export.name == ", ".join(edit))
    field = edit[1].partition(" = ")[0].rpartition(".")[2]
    for target in targets:
        gone = [path for path in lost(for_release(export.document, target)) if field in path]
        assert len(gone) == 1, target
        assert rejections(export.document, target) != []


ACCEPTED: Final[dict[tuple[str, str], list[str]]] = {
    # What AIPerf itself said: its models read each of these with these fields.
    ("0.13.0/chat-streaming", 'accuracy.benchmark = "aime24"'): ["0.10.0", "0.10.0.dev20260529", "0.11.0"],
    ("0.13.0/chat-streaming", 'accuracy.benchmark = "gsm8k"'): ["0.11.0", "0.12.0"],
    ("0.13.0/chat-streaming", 'accuracy.benchmark = "mmlu", accuracy.grader = "exact_match"'): ["0.10.0", "0.11.0"],
    ("0.13.0/chat-streaming", "runtime.workers = 2, runtime.workers_min = 4"): ["0.12.0", "0.13.0.dev20260827"],
    ("0.8.0/chat-streaming", 'input.goodput = {"usage_prompt_audio_tokens": 5.0}'): ["0.8.0.dev20260511"],
    ("0.8.0/chat-streaming", 'input.goodput = {"prefill_throughput": 5.0}'): ["0.3.0"],
    ("0.8.0/trace", "loadgen.user_centric_rate = 3.0"): ["0.5.0", "0.8.0"],
    (
        "0.8.0/trace",
        'loadgen.request_rate = 3.0, loadgen.arrival_pattern = "concurrency_burst"',
    ): ["0.2.0", "0.4.0", "0.8.0"],
}


@pytest.mark.parametrize(("edit", "targets"), ACCEPTED.items())
def test_what_a_release_accepts_is_kept(edit: tuple[str, str], targets: list[str]) -> None:
    export = next(export for export in EDITED if export.name == ", ".join(edit))
    fields = [field.partition(" = ")[0].rpartition(".")[2] for field in edit[1].split(", ")]
    for target in targets:
        gone = lost(for_release(export.document, target))
        assert [path for path in gone if set(fields) & set(path)] == [], target


def test_of_a_range_that_ends_before_it_starts_no_more_goes_than_must() -> None:
    left = {}
    for low, high in ((0.2, 0.1), (0.5, 0.4), (0.9, 0.1)):
        changes = {("phases", 0, f"trajectory_start_{end}_ratio"): each for end, each in (("min", low), ("max", high))}
        phase = config_for("0.13.0", "0.13.0/agentx", changes).document["input_config"]["phases"][0]
        left[low, high] = [each for name, each in phase.items() if name.startswith("trajectory_start")]
    assert left == {(0.2, 0.1): [0.2], (0.5, 0.4): [0.4], (0.9, 0.1): []}


def _fired(export: Edited, rule: ConflictRule, target: Reader) -> bool:
    """Whether a rule changes an edited configuration on the way to a release, or says why that cannot read it."""
    config, own = export.document["input_config"], reader(export.name.partition("/")[0])
    nothing = DocumentFacts(None, None)
    done = translate(config, own, target, facts=nothing, facts_after=lambda _: nothing, gone=Loss.LOST)
    told = [(entry.path[1:], entry.note, entry.before) for entry in done.entries]
    for misfit in rejections(export.document, target.release):
        told.append((misfit.path[1:], misfit.reason, at(config, misfit.path[1:])))
    if done.config is None and done.reason.endswith(f": {rule.why}"):
        return True
    return any(why == rule.why and _of(rule, path, value) for path, why, value in told)


def _of(rule: ConflictRule, path: tuple[Any, ...], value: Any) -> bool:
    """Whether a value is one that a rule is about, or within one."""
    here = all(part in (EACH, own) for part, own in zip(rule.field, path, strict=False))
    return here and (len(path) > len(rule.field) or (len(path) == len(rule.field) and rule.test(value)))


@pytest.mark.parametrize("family", ["user", "benchmark"])
def test_each_rule_is_fired_by_an_edit_in_its_first_and_in_its_last_release(family: str) -> None:
    """So that AIPerf is asked about it (`make oracle`): give a new rule an edit in `oracle/edited.toml`."""
    asleep = []
    for rule in rules_of(family):
        # Edits that name the field are the likely ones.
        likely = sorted(EDITED, key=lambda export: str(rule.field[-1]) not in export.name)
        for name in {rule.first, rule.last or NEWEST_OF[family]}:
            target = reader(name)
            if not any(_fired(export, rule, target) for export in likely):
                asleep.append((".".join(map(str, rule.field)), rule.why, name))
    assert asleep == []


def test_a_concurrency_above_the_number_of_requests_is_lowered() -> None:
    done = config_for("0.8.0", "0.13.0/chat-streaming", {("phases", 1, "concurrency"): 1000})
    requests = done.document["input_config"]["loadgen"]["request_count"]
    assert done.document["input_config"]["loadgen"]["concurrency"] == requests
    told = [entry for entry in done.ledger if entry.op is Op.SET and entry.path[-1] == "concurrency"]
    assert [(entry.before, entry.after, entry.loss) for entry in told] == [(1000, requests, Loss.LOST)]
    kept = config_for("0.3.0", "0.13.0/chat-streaming", {("phases", 1, "concurrency"): 1000})
    assert kept.document["input_config"]["loadgen"]["concurrency"] == 1000, "0.3.0 does not mind"


KEPT: Final = "kept"


@pytest.mark.parametrize(
    ("line", "config", "after"),
    [
        ("a needs b", {"a": 1, "b": 1}, KEPT),
        ("a needs b", {"a": 1, "b": 0}, GONE),
        ("a needs b", {"a": 1}, GONE),
        ("a needs b or c", {"a": 1, "c": "x"}, KEPT),
        ("a needs b=x|unset", {"a": 1}, KEPT),
        ("a needs b=x|unset", {"a": 1, "b": None}, KEPT),
        ("a needs b=x|unset", {"a": 1, "b": "y"}, GONE),
        ("a excludes b", {"a": 1, "b": 0}, KEPT),
        ("a excludes b", {"a": 1, "b": 1}, GONE),
        ("a excludes b:given", {"a": 1, "b": 0}, GONE),
        ("a excludes b or c", {"a": 1, "c": 1}, GONE),
        ("a at-most b", {"a": 2, "b": 2}, KEPT),
        ("a at-most b", {"a": 3, "b": 2}, GONE),
        ("a at-most b", {"a": 3, "b": "2"}, KEPT),
        ("a lowered-to b or c", {"a": 3, "b": None, "c": 2}, 2),
        ("a lowered-to b", {"a": [1, 3], "b": 2}, GONE),
        ("a same-as b", {"a": 1, "b": 2}, 2),
        ("a same-as b", {"a": 1}, KEPT),
        ("a same-as b=2", {"a": 1, "b": 3}, KEPT),
    ],
)
def test_what_a_rule_asks(line: str, config: Object, after: Any) -> None:
    (rule,) = rules("0.9.0", line)
    assert rule.test(config["a"])
    assert rule.requirement.accepted(config["a"], ("a",), config) == (config["a"] if after is KEPT else after)


@pytest.mark.parametrize(
    ("field", "value", "concerned"),
    [
        ("a", 1, True),
        ("a", False, True),
        ("a", None, False),
        ("a or null", None, True),
        ("a=x|y", "y", True),
        ("a=x|y", "z", False),
        ("a=true", True, True),
        ("a=unset", None, True),
        ("a!=x|y", "z", True),
        ("a!=x|y", "x", False),
        ("a!=x|y", None, False),
        ("a:list", [1], True),
        ("a:list", 1, False),
        ("a:several", 1, False),
        ("a:several", 2, True),
    ],
)
def test_which_values_a_rule_is_about(field: str, value: Any, concerned: bool) -> None:
    assert rules("0.9.0", f"{field} needs b")[0].test(value) is concerned


def test_a_rule_compares_fields_of_one_item() -> None:
    (rule,) = rules("0.9.0", "phases.*.a needs phases.*.b")
    config = {"phases": [{"a": 1, "b": 1}, {"a": 1}]}
    assert rule.requirement.accepted(1, ("phases", 0, "a"), config) == 1
    assert rule.requirement.accepted(1, ("phases", 1, "a"), config) is GONE
    assert rule.why == "allowed only with phases.b"


@pytest.mark.parametrize("line", ["a", "a needs", "a needz b", "a needs b c", "a or nothing needs b", "a( needs b"])
def test_a_line_that_is_not_a_rule_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"^conflict rules: expected "):
        rules("0.9.0", line)


@pytest.mark.parametrize("goodput", [[{}, {}], [{"x": 1}], [[]], {"x": {}}])
def test_items_that_are_not_accepted_even_empty_take_their_list_with_them(goodput: Any) -> None:
    """An item stays where it stands as an empty one; where that is refused again, this went on for ever."""
    document = copied(read("0.7.0/extras").data)
    document["input_config"]["input"]["goodput"] = goodput
    result = for_release(document, "0.8.0")
    assert "goodput" not in result.document["input_config"].get("input", {})
    assert any(entry.path[:3] == ("input_config", "input", "goodput") for entry in result.ledger.of(Loss.LOST))


@pytest.mark.parametrize("name", ["extra", "headers"])
def test_pairs_that_the_first_release_does_not_read_as_they_are(name: str) -> None:
    """Conversions never give it any, so nothing else asks for these rules."""
    document = copied(read("0.2.0/chat-streaming").data)
    document["input_config"]["input"][name] = [["a", "b"]]
    assert [misfit.path for misfit in rejections(document, "0.2.0")] == [("input_config", "input", name)]
    document["input_config"]["input"][name] = {"a": "b"}
    assert rejections(document, "0.2.0") == []


@pytest.mark.parametrize(
    ("sampling", "kind", "phase", "accepted"),
    [
        ("random", "file", "fixed_schedule", False),
        ("sequential", "file", "fixed_schedule", True),
        ("random", "synthetic", "fixed_schedule", True),
        ("random", "file", "concurrency", True),
    ],
)
def test_a_fixed_schedule_reads_a_file_in_its_order(sampling: str, kind: str, phase: str, accepted: bool) -> None:
    (rule,) = [
        rule for rule in rules_of("benchmark") if rule.field == ("datasets", 0, "sampling") and "order" in rule.why
    ]
    config = {"datasets": [{"type": kind, "sampling": sampling}], "phases": [{"type": phase}]}
    found = rule.requirement.accepted(sampling, ("datasets", 0, "sampling"), config)
    assert (found is sampling) == accepted
