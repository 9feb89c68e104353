"""The translation of `input_config`: every recorded export for every release, and each case that has a rule."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from support.configurations import FILES, TARGETS, config_for, config_of, for_release, holds, lost, read
from support.replay import copied, node_at

from migrator.aiperf.releases import release
from migrator.chain.steps import VERSIONS
from migrator.config.family import family_of
from migrator.config.release_models import reader
from migrator.errors import RejectedError
from migrator.identify import identify
from migrator.jsonfile import render
from migrator.ledger import Entry, Loss, Op
from migrator.migration.goal import goal_of
from migrator.migration.migrate import Options, migrate
from migrator.redact import redact


@pytest.mark.parametrize("target", TARGETS)
def test_every_recorded_export_for_every_release(target: str) -> None:
    for name in FILES:
        holds(read(name).data, target)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep_secrets", [False, True])
def test_up_and_down_again_gives_the_original_configuration(name: str, keep_secrets: bool) -> None:
    """Law 3 over every newer version, without a residue: the configuration of the file, to the last byte and in its
    order, unless the ledger of the way up says that something of it was lost. What the way up inferred goes again."""
    document = read(name).data
    original = document if keep_secrets else redact(document)[0]
    options = Options(config=True, keep_secrets=keep_secrets)
    version = identify(document).version
    for to in VERSIONS[VERSIONS.index(version) + 1 :]:
        up = migrate(document, to, options)
        if lost(up):
            # A key in a command line: from 1.3 on, the command is in `run_info`, which holds no key.
            assert (keep_secrets, lost(up)) == (True, [("input_config", "cli_command")])
            continue
        back = migrate(up.document, version, options)
        assert render(back.document["input_config"]) == render(original["input_config"]), to
        assert [entry.path for entry in back.ledger if entry.op is Op.DROP and entry.loss is Loss.LOST] == []


def test_what_an_upgrade_inferred_goes_again_and_what_the_file_had_does_not() -> None:
    """0.3.0 has no `resolved_names`, 0.8.0 has: below it are names of models, which are no fields."""
    document = copied(read("0.3.0/chat-streaming").data)
    place = ("input_config", "tokenizer", "resolved_names", "mock-model")
    up = migrate(document, "1.1", Options(config=True))
    assert node_at(up.document, place) == "acme/tiny-tok"
    down = migrate(up.document, "0.3", Options(config=True))
    assert down.document["input_config"]["tokenizer"] == {"name": "acme/tiny-tok"}
    assert [entry.loss for entry in down.ledger if entry.path == place] == [Loss.DERIVABLE]
    mine = copied(up.document)
    mine["input_config"]["tokenizer"]["resolved_names"]["mock-model"] = "acme/another"
    assert [entry.loss for entry in migrate(mine, "0.3", Options(config=True)).ledger if entry.path == place] == [
        Loss.LOST
    ]
    saved = migrate(mine, "0.3", Options(config=True, save_residue=True))
    back = migrate(saved.document, "1.1", Options(config=True), residue=saved.residue)
    assert render(back.document) == render(mine)


def test_a_key_of_the_users_own_below_a_field_that_goes_is_no_unknown_field() -> None:
    document = copied(read("0.13.0/chat-streaming").data)
    document["input_config"]["mlflow"] = {"enabled": True, "tags": {"team": "perf"}, "x_note": {"deep": 1}}
    down = migrate(document, "1.0", Options(config=True))
    assert down.document["input_config"]["mlflow"] == {"x_note": {"deep": 1}}
    assert ("input_config", "mlflow", "tags", "team") in lost(down)


def test_a_key_in_a_command_line_is_lost_where_only_a_command_without_it_stays() -> None:
    document = read("0.6.0/key").data
    place = ("input_config", "cli_command")
    up = migrate(document, "1.3", Options(config=True, keep_secrets=True))
    assert "<redacted>" in up.document["run_info"]["cli_command"]
    assert [entry.loss for entry in up.ledger if entry.path == place] == [Loss.LOST]
    up = migrate(document, "1.3", Options(config=True, save_residue=True, keep_secrets=True))
    back = migrate(up.document, "1.0", Options(config=True, keep_secrets=True), residue=up.residue)
    assert render(back.document) == render(document)
    redacted = migrate(document, "1.3", Options(config=True))
    assert [entry.loss for entry in redacted.ledger if entry.path == place] == [Loss.REDACTED, Loss.DERIVABLE]


def pairs() -> list[tuple[str, str]]:
    """Recordings of one command by releases of the two families."""
    return [
        (f"{old}/{scenario}", f"{new}/{scenario}")
        for scenario in ("chat-streaming", "rate", "multiturn", "extras", "workers", "urls", "trace")
        for old, new in (("0.8.0", "0.13.0"), ("0.7.0", "0.9.0"))
        if {f"{old}/{scenario}", f"{new}/{scenario}"} <= set(FILES)
    ]


OWN_TO_THE_RUN: Final = {"artifacts", "cli_command", "benchmark_id", "output"}


WRITTEN_BY_DEFAULT: Final = {"server_metrics", "network_latency", "otel", "mlflow", "wandb", "gpu_telemetry"}


@pytest.mark.parametrize(("old", "new"), pairs())
def test_a_command_recorded_with_both_families(old: str, new: str) -> None:
    """What 0.8.0 wrote becomes what 0.13.0 wrote for the same command, but for what no file of 0.8.0 says."""
    done = for_release(read(old).data, new.partition("/")[0]).document["input_config"]
    native = config_of(new)
    for key in native.keys() - OWN_TO_THE_RUN - WRITTEN_BY_DEFAULT:
        converted = dict(done.get(key, {})) if key == "tokenizer" else done.get(key)
        if key == "tokenizer":
            converted.pop("resolved_names", None)
        if key == "datasets":  # AIPerf writes a spread of 0.0 beside a mean that was given.
            assert without(converted, ("stddev",)) == without(native[key], ("stddev",))
        elif key == "phases":  # How many requests a trace holds is not in its configuration.
            spared = ("requests",) if "trace" in old else ()
            assert without(converted, spared) == without(native[key], spared)
        else:
            assert converted == native[key], key
    assert list(done) == [key for key in native if key in done]


def without(value: Any, names: tuple[str, ...]) -> Any:
    if type(value) is dict:
        return {key: without(item, names) for key, item in value.items() if key not in names}
    return [without(item, names) for item in value] if type(value) is list else value


@pytest.mark.parametrize(("old", "new"), pairs())
def test_a_command_recorded_with_both_families_the_other_way(old: str, new: str) -> None:
    done = for_release(read(new).data, old.partition("/")[0]).document["input_config"]
    native = config_of(old)
    for key in ("endpoint", "input", "loadgen", "tokenizer"):
        if key in native and not (key == "input" and "trace" in old):
            assert without(done[key], ("stddev",)) == native[key], key


def test_unknown_fields_stay_for_a_version_and_go_for_a_release() -> None:
    document = copied(read("0.8.0/chat-streaming").data)
    document["input_config"]["input"]["x_note"] = "mine"
    kept = migrate(document, "1.4", Options(config=True))
    assert kept.document["input_config"]["input"] == {"x_note": "mine"}
    assert [entry.loss for entry in kept.ledger if entry.path == ("input_config", "input", "x_note")] == [Loss.KEPT]
    gone = for_release(document, "0.13.0")
    assert "input" not in gone.document["input_config"]
    assert lost(gone) == [("input_config", "input", "x_note")]


@pytest.mark.parametrize("config", [{}, {"x": 1}, {"models": 3}, {"endpoint": {"urls": "no list"}}])
def test_a_configuration_that_no_release_reads_goes_as_a_whole(config: Any) -> None:
    document = {**read("0.8.0/chat-streaming").data, "input_config": config}
    done = for_release(document, "0.13.0", save_residue=True)
    assert "input_config" not in done.document
    drops = [entry for entry in done.ledger if entry.path == ("input_config",)]
    assert [(entry.op, entry.loss) for entry in drops] == [(Op.DROP, Loss.SAVED)]
    assert drops[0].note
    plain = migrate(document, "1.4", Options(config=True))
    assert plain.document["input_config"] == config


def test_a_document_that_a_release_would_reject_elsewhere_is_refused() -> None:
    document = {**read("0.13.0/chat-streaming").data, "error_summary": "none"}
    with pytest.raises(RejectedError, match=r"\$\.error_summary: AIPerf 0\.9\.0 would reject it"):
        for_release(document, "0.9.0")


def test_what_goes_with_its_section_goes_once() -> None:
    """No release reads a null there, and the section without it is refused as a whole: one entry, not one for each."""
    document = copied(read("0.1.1/completions-errors").data)
    document["input_config"]["output"] = {"artifact_directory": None}
    done = migrate(document, goal_of(None, "0.9.0"))
    drops = [entry.path for entry in done.ledger.entries if entry.op is Op.DROP]
    assert ("input_config", "artifacts", "dir") in drops
    assert len(drops) == len(set(drops))


def test_values_outside_a_release_go() -> None:
    document = copied(read("0.13.0/chat-streaming").data)
    document["input_config"]["endpoint"]["transport"] = "smoke"
    document["input_config"]["phases"][1]["requests"] = 0
    done = for_release(document, "0.8.0")
    assert ("input_config", "endpoint", "transport") in lost(done)
    assert ("input_config", "loadgen", "request_count") in lost(done)


def test_what_userconfig_implies_is_written_where_a_release_needs_it() -> None:
    trace = config_for("0.13.0", "0.8.0/trace", {("input", "fixed_schedule_start_offset"): 10})
    assert trace.document["input_config"]["phases"][0]["auto_offset"] is False
    plain = copied(read("0.4.0/chat-streaming").data)
    del plain["input_config"]["loadgen"]["request_count"], plain["input_config"]["endpoint"]["url"]
    done = for_release(plain, "0.9.0")
    assert done.document["input_config"]["phases"][-1]["requests"] == 10
    assert done.document["input_config"]["endpoint"]["urls"] == ["http://localhost:8000"]
    inferred = {entry.path for entry in done.ledger if entry.loss is Loss.INFERRED}
    assert {("input_config", "endpoint", "urls"), ("input_config", "phases", 1, "requests")} <= inferred


def test_a_template_among_the_extra_inputs_is_found() -> None:
    extra = [["payload_template", "{}"], ["response_field", "answer"]]
    done = config_for(
        "0.13.0", "0.8.0/chat-streaming", {("endpoint", "type"): "template", ("input", "extra"): extra}
    ).document["input_config"]
    assert done["endpoint"]["template"] == {"body": "{}", "response_field": "answer"}


def test_a_configuration_without_what_a_release_must_have_goes_as_a_whole_and_says_why() -> None:
    done = config_for("0.9.0", "0.13.0/chat-streaming", {("endpoint", "urls"): ["ftp://a/"]})
    assert "input_config" not in done.document
    assert [entry.note for entry in done.ledger if entry.path == ("input_config",)] == [
        "endpoint.urls: a URL needs a host, and http://, https:// or no scheme"
    ]


def test_goals_are_spelled_as_the_release_reads_them() -> None:
    goals = {"request_latency": 90.0, "time_to_first_token": 25.0}
    document = read("0.13.0/chat-goodput-key").data
    assert for_release(document, "0.7.0").document["input_config"]["input"]["goodput"] == goals
    told = "request_latency:90.0 time_to_first_token:25.0"
    assert for_release(document, "0.6.0").document["input_config"]["input"]["goodput"] == told
    older = for_release(document, "0.6.0").document
    assert for_release(older, "0.13.0").document["input_config"]["slos"] == goals


def test_several_urls_for_a_release_that_has_one() -> None:
    done = for_release(read("0.8.0/urls").data, "0.5.0")
    assert done.document["input_config"]["endpoint"]["url"] == "http://127.0.0.1:18080"
    assert [entry.loss for entry in done.ledger if entry.op is Op.SET and entry.path[-1] == "url"] == [Loss.LOST]


def test_telemetry_gets_the_names_of_the_release() -> None:
    legacy, vendor = read("0.11.0.dev20260715/chat-streaming").data, read("0.13.0/chat-streaming").data
    assert "nvidia_power_usage" in json.dumps(for_release(legacy, "0.13.0").document["telemetry_data"])
    assert "nvidia_power_usage" not in json.dumps(for_release(vendor, "0.11.0.dev20260715").document["telemetry_data"])


ODD_PHASES: Final[list[Any]] = [
    ["x"],
    [False, {"type": "poisson"}],
    [{"type": ["x"], "name": {}}],
    [{}],
    [[1]],
    "x",
    {},
]


@pytest.mark.parametrize("phases", ODD_PHASES)
@pytest.mark.parametrize("target", ["0.4.0", "0.8.0", "0.13.0"])
def test_phases_that_are_not_a_list_of_phases(phases: Any, target: str) -> None:
    document = read("0.13.0/chat-streaming").data
    holds({**document, "input_config": {**document["input_config"], "phases": phases}}, target)
    migrate({**document, "input_config": {**document["input_config"], "phases": phases}}, "1.1", Options(config=True))


def test_families() -> None:
    for name in FILES:
        own = release(name.partition("/")[0])
        if own:
            assert family_of(config_of(name)) == reader(own.name).family
    assert family_of({}) is None
    assert family_of({"endpoint": {}}) is None


def test_entries_tell_their_release() -> None:
    steps = {entry.step for entry in entries("0.8.0/chat-streaming", "0.13.0") if entry.path[0] == "input_config"}
    assert steps == {"input_config 0.13.0"}


def entries(name: str, target: str) -> list[Entry]:
    return list(for_release(read(name).data, target).ledger)


def test_what_was_only_added_and_has_no_place_is_not_in_the_ledger() -> None:
    """0.1.1 has no gamma arrivals: what would have been added under its newer name, and moved, is not there at all."""
    document = copied(read("0.13.0/chat-streaming").data)
    document["input_config"]["phases"][-1] |= {"type": "gamma", "rate": 0.5}
    down = migrate(document, "0.1", Options(config=True))
    assert "request_rate_mode" not in down.document["input_config"]["loadgen"]
    assert [
        entry for entry in down.ledger if "arrival_pattern" in entry.path or "request_rate_mode" in entry.path
    ] == []


def test_the_run_of_a_configuration_is_lost_where_the_version_does_not_say_it_either() -> None:
    down = migrate(read("0.8.0/chat-streaming").data, "0.3", Options(config=True))
    assert ("input_config", "benchmark_id") in lost(down)


@pytest.mark.parametrize("name", ["gpu_telemetry", "server_metrics"])
def test_collectors_that_were_switched_off_stay_off(name: str) -> None:
    """Their URLs would switch them on."""
    document = copied(read("0.13.0/chat-streaming").data)
    document["input_config"][name] = {"enabled": False, "urls": ["http://node1:9400/metrics"]}
    config = migrate(document, "1.0", Options(config=True)).document["input_config"]
    assert config[f"no_{name}"] is True
    assert name not in config


def test_a_data_set_that_a_release_does_not_know_does_not_keep_the_rest_from_returning() -> None:
    """Found by the laws: a name that 0.1.1 rejects was kept for 0.1, and its configuration was not translated again."""
    document = copied(read("0.9.0/chat-streaming").data)
    document["input_config"]["datasets"] = [{"name": "main", "type": "public", "dataset": "speed_bench_qualitative"}]
    down = migrate(document, "0.1", Options(config=True))
    assert "datasets" in migrate(down.document, "1.3", Options(config=True)).document["input_config"]
