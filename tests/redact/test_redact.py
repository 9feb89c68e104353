"""Secrets in clear are found where they are declared and replaced wherever they stand; nothing else is touched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.real_documents import CHOSEN, EXPORTS, NAME, recorded
from support.replay import copied, leaves

from migrator.chain.steps import VERSIONS
from migrator.jsonfile import parse, render
from migrator.ledger import Loss
from migrator.migration.migrate import Options, migrate
from migrator.redact import REDACTED, find_secrets, places, redact, redacted_command

KEY = "sk-secret-1234567890abcdef"

COMMANDS = {
    f"aiperf profile --api-key '{KEY}' --streaming": "aiperf profile --api-key '<redacted>' --streaming",
    f'aiperf profile --api-key "{KEY}" --streaming': "aiperf profile --api-key '<redacted>' --streaming",
    f"aiperf profile --api-key {KEY}": "aiperf profile --api-key '<redacted>'",
    f"aiperf profile --api-key={KEY} --ui simple": "aiperf profile --api-key='<redacted>' --ui simple",
    f"aiperf profile --api-key  '{KEY}'": "aiperf profile --api-key  '<redacted>'",
    f"aiperf profile --wandb-api-key '{KEY}'": "aiperf profile --wandb-api-key '<redacted>'",
    f"aiperf profile --auth-token '{KEY}'": "aiperf profile --auth-token '<redacted>'",
    "aiperf profile --api-key 'two words'": "aiperf profile --api-key '<redacted>'",
    f"aiperf profile --header 'Authorization: Bearer {KEY}'": "aiperf profile --header '<redacted>'",
    f'aiperf profile --header "Authorization:Bearer {KEY}" -v': "aiperf profile --header '<redacted>' -v",
    f"aiperf profile --header Authorization:{KEY} -v": "aiperf profile --header '<redacted>' -v",
    f"aiperf profile --header Authorization: Bearer {KEY} -v": "aiperf profile --header '<redacted>' -v",
    f"aiperf profile -H 'X-Api-Key:{KEY}'": "aiperf profile -H '<redacted>'",
    f"aiperf profile --header 'Cookie:a={KEY}'": "aiperf profile --header '<redacted>'",
    f"aiperf profile --header 'X-Team:perf' --header 'api-key:{KEY}'": (
        "aiperf profile --header 'X-Team:perf' --header '<redacted>'"
    ),
    f"aiperf profile --url 'http://me:{KEY}@host:8000/v1'": "aiperf profile --url 'http://<redacted>@host:8000/v1'",
    f"aiperf profile --url https://{KEY}@host": "aiperf profile --url https://<redacted>@host",
    f"aiperf profile --url 'http://host/v1?api_key={KEY}&model=m'": (
        "aiperf profile --url 'http://host/v1?api_key=<redacted>&model=m'"
    ),
    f"aiperf profile --url 'http://host/v1?model=m&sig={KEY}#x'": (
        "aiperf profile --url 'http://host/v1?model=m&sig=<redacted>#x'"
    ),
    f"aiperf profile --url 'http://host/v1?key={KEY}'": "aiperf profile --url 'http://host/v1?key=<redacted>'",
}

HARMLESS = [
    "",
    "aiperf profile --model 'mock-model' --tokenizer 'acme/tiny-tok' --random-seed 42",
    "aiperf profile --synthetic-input-tokens-mean 64 --output-tokens-mean 16 --synthetic-input-tokens-stddev 0",
    "aiperf profile --tokenizer-trust-remote-code --use-legacy-max-tokens --use-server-token-count",
    "aiperf profile --extra-inputs max_tokens:16 --extra-inputs ignore_eos:true",
    "aiperf profile --header 'X-Team:perf' --header X-Trace:1",
    "aiperf profile --url 'http://127.0.0.1:18080/v1?model=a&max_tokens=16' --gpu-telemetry 'http://127.0.0.1:9400/m'",
    "aiperf profile --goodput 'request_latency:90 time_to_first_token:25'",
    "aiperf profile --author 'me@example.com' --artifact-dir artifacts/key",
    "aiperf profile --api-key '<redacted>' --header '<redacted>' --url 'http://<redacted>@host/?key=<redacted>'",
    "aiperf profile --header 'Authorization:' --header 'Authorization: <redacted>'",
]


@pytest.mark.parametrize(("command", "clean"), COMMANDS.items())
def test_secrets_of_a_command_line(command: str, clean: str) -> None:
    assert redacted_command(command) == clean
    assert redacted_command(clean) == clean
    for place in (("input_config", "cli_command"), ("run_info", "cli_command")):
        document = {"x": 1, place[0]: {"cli_command": command, "other": 2}}
        result, changed = redact(document)
        assert result == {"x": 1, place[0]: {"cli_command": clean, "other": 2}}
        assert changed == places(document) == [place]


@pytest.mark.parametrize("command", HARMLESS)
def test_a_command_line_without_secrets_stays(command: str) -> None:
    assert redacted_command(command) == command
    document = {"input_config": {"cli_command": command}, "run_info": {"cli_command": command}}
    assert redact(document) == (document, [])
    assert find_secrets(document) == set()


CONFIGS: dict[str, tuple[Any, Any]] = {
    "key": ({"endpoint": {"api_key": KEY}}, {"endpoint": {"api_key": REDACTED}}),
    "short key": ({"endpoint": {"api_key": "EMPTY"}}, {"endpoint": {"api_key": REDACTED}}),
    "header pairs": (
        {"input": {"headers": [["Authorization", f"Bearer {KEY}"], ["X-Team", "perf"]]}},
        {"input": {"headers": [["Authorization", REDACTED], ["X-Team", "perf"]]}},
    ),
    "header object": (
        {"endpoint": {"headers": {"X-API-Key": KEY, "X-Team": "perf"}}},
        {"endpoint": {"headers": {"X-API-Key": REDACTED, "X-Team": "perf"}}},
    ),
    "header objects": (
        {"endpoint": {"headers": [{"name": "X-Session", "value": KEY}, {"name": "X-Team", "value": "perf"}]}},
        {"endpoint": {"headers": [{"name": "X-Session", "value": REDACTED}, {"name": "X-Team", "value": "perf"}]}},
    ),
    "extra pairs": (
        {"input": {"extra": [["max_tokens", 16], ["access_token", KEY]]}},
        {"input": {"extra": [["max_tokens", 16], ["access_token", REDACTED]]}},
    ),
    "extra object": (
        {"endpoint": {"extra": {"max_tokens": "16", "password": "hunter-two"}}},
        {"endpoint": {"extra": {"max_tokens": "16", "password": REDACTED}}},
    ),
    "url": ({"endpoint": {"url": f"http://me:{KEY}@h/v1"}}, {"endpoint": {"url": "http://<redacted>@h/v1"}}),
    "urls": (
        {"endpoint": {"urls": ["http://a/v1", f"http://b/v1?token={KEY}"]}},
        {"endpoint": {"urls": ["http://a/v1", "http://b/v1?token=<redacted>"]}},
    ),
    "telemetry list": (
        {"gpu_telemetry": [f"http://x:{KEY}@h:9400/metrics"]},
        {"gpu_telemetry": ["http://<redacted>@h:9400/metrics"]},
    ),
    "telemetry object": (
        {"gpu_telemetry": {"enabled": True, "urls": [f"http://x:{KEY}@h:9400/metrics"]}},
        {"gpu_telemetry": {"enabled": True, "urls": ["http://<redacted>@h:9400/metrics"]}},
    ),
    "server metrics": (
        {"server_metrics": {"urls": [f"http://h/metrics?key={KEY}"]}},
        {"server_metrics": {"urls": ["http://h/metrics?key=<redacted>"]}},
    ),
}


@pytest.mark.parametrize(("config", "clean"), CONFIGS.values(), ids=CONFIGS)
def test_secrets_of_a_configuration(config: Any, clean: Any) -> None:
    document = {"input_config": config, "error_summary": []}
    before = copied(document)
    result, changed = redact(document)
    assert result == {"input_config": clean, "error_summary": []}
    assert document == before
    assert len(changed) == 1
    assert changed == places(document)
    assert redact(result) == (result, [])
    assert find_secrets(result) == set()
    assert find_secrets(document)


@pytest.mark.parametrize(
    "config",
    [
        {"input": {"extra": [["max_tokens", "16"], ["min_tokens", 1], ["max_completion_tokens", "9"]]}},
        {"endpoint": {"extra": {"max_tokens": "16", "output_token_count": "5", "tokenizer": "t"}}},
        {"endpoint": {"headers": {"X-Team": "perf", "X-Owner": "me"}, "api_key": REDACTED}},
        {"endpoint": {"api_key": None}, "input": None, "gpu_telemetry": None, "server_metrics": 5},
        {"endpoint": {"api_key": "", "headers": [["Authorization"], "Authorization", [1, "me"]], "urls": [None]}},
        {"endpoint": {"api_key": 5, "headers": {"Authorization": None}}},
        {"endpoint": [], "cli_command": None},
        None,
        [],
    ],
)
def test_what_is_no_secret_stays_the_same_object(config: Any) -> None:
    document = {"input_config": config, "run_info": None}
    result, changed = redact(document)
    assert result is document
    assert changed == []


def test_a_parameter_that_has_the_shape_of_a_metric_is_looked_into() -> None:
    extra = {"a": {"unit": "ms", "avg": 1.0, "api_key": "hunter-two"}, "b": {"unit": "ms", "password": "hunter-two"}}
    document = {"input_config": {"endpoint": {"extra": extra}, "other": {"unit": "x", "secret": "hunter-two"}}}
    assert "hunter" not in str(redact(document)[0])


def test_a_number_may_be_a_password_and_a_small_one_is_a_count() -> None:
    for number in (b"123456", b"12345678901234567890123"):
        document = parse(b'{"input_config": {"endpoint": {"extra": {"password": %b, "token": 5}}}}' % number).data
        result, places_found = redact(document)
        assert result["input_config"]["endpoint"]["extra"] == {"password": REDACTED, "token": 5}
        assert places_found == [("input_config", "endpoint", "extra", "password")]


def test_a_secret_is_replaced_wherever_it_stands() -> None:
    echo = {"error_details": {"message": f"invalid key {KEY}: go away, {KEY}"}, "count": 2}
    document = {
        "request_latency": {"unit": "ms", "avg": 1.5},
        "input_config": {"endpoint": {"api_key": KEY}, "cli_command": f"aiperf --api-key '{KEY}'"},
        "error_summary": [{"error_details": {"message": "fine"}, "count": 1}, echo],
        "x_note": {"deep": [[KEY]]},
    }
    result, changed = redact(document)
    assert KEY not in str(result)
    assert result["error_summary"][1]["error_details"]["message"] == "invalid key <redacted>: go away, <redacted>"
    assert changed == [
        ("input_config", "endpoint", "api_key"),
        ("input_config", "cli_command"),
        ("error_summary", 1, "error_details", "message"),
        ("x_note", "deep", 0, 0),
    ]
    assert result["request_latency"] is document["request_latency"]
    assert result["error_summary"][0] is document["error_summary"][0]


def test_the_token_of_a_bearer_header_is_replaced_without_its_word_too() -> None:
    document = {
        "input_config": {"input": {"headers": [["Authorization", f"Bearer {KEY}"]]}},
        "error_summary": [{"error_details": {"message": f"token {KEY} has expired"}, "count": 1}],
    }
    result, _ = redact(document)
    assert result["error_summary"][0]["error_details"]["message"] == "token <redacted> has expired"


@pytest.mark.parametrize("short", ["EMPTY", "test", "a", "1234567"])
def test_a_short_key_does_not_destroy_other_text(short: str) -> None:
    document = {
        "input_config": {"endpoint": {"api_key": short}, "output": {"artifact_directory": f"artifacts/{short}"}},
        "error_summary": [{"error_details": {"message": f"a {short} batch of 1234567"}, "count": 1}],
    }
    result, changed = redact(document)
    assert changed == [("input_config", "endpoint", "api_key")]
    assert result["error_summary"] == document["error_summary"]
    assert result["input_config"]["output"] == document["input_config"]["output"]


def test_a_secret_within_another_leaves_no_rest() -> None:
    longer = f"{KEY}-and-more"
    document = {
        "input_config": {"endpoint": {"api_key": KEY, "headers": {"Authorization": longer}}},
        "x_note": f"{longer} {KEY}",
    }
    assert redact(document)[0]["x_note"] == "<redacted> <redacted>"


@settings(max_examples=60)
@given(
    secret=st.text(alphabet="abcXYZ019-_.~", min_size=8, max_size=20),
    where=st.sampled_from(sorted(CONFIGS)),
    note=st.text(max_size=5),
)
def test_no_rest_of_any_secret_is_left(secret: str, where: str, note: str) -> None:
    config = parse(render(CONFIGS[where][0]).replace(KEY.encode(), secret.encode())).data
    document = {"input_config": config, "x_note": [f"{note}{secret}{note}"]}
    if where in ("short key", "extra object"):
        document["x_note"] = []
    before = render(document)
    result, _ = redact(document)
    assert render(document) == before
    if where not in ("short key", "extra object"):
        assert secret not in str(result)
    assert redact(result) == (result, [])
    assert [path for path, _ in leaves(result)] == [path for path, _ in leaves(document)]


# --- in a migration ------------------------------------------------------------------------------------------

IN_CLEAR = ("0.3.0/chat-goodput-key", "0.6.0/key")


def load(export: str) -> Any:
    return parse((EXPORTS / export / NAME).read_bytes()).data


@pytest.mark.parametrize("export", IN_CLEAR)
@pytest.mark.parametrize("target", VERSIONS)
def test_a_migration_carries_no_key_anywhere(export: str, target: str) -> None:
    document = load(export)
    assert KEY in str(document)
    result = migrate(document, target, Options(save_residue=True))
    assert result.changed
    assert (result.residue is not None) == bool(result.steps)
    for part in (result.document, result.ledger.as_list(), result.residue and result.residue.to_bytes("test")):
        assert KEY not in str(part)
    assert {entry.path for entry in result.ledger.of(Loss.REDACTED)} == {
        ("input_config", "endpoint", "api_key"),
        ("input_config", "cli_command"),
    }


@pytest.mark.parametrize("export", IN_CLEAR)
def test_an_upgrade_takes_the_clean_command_whatever_was_asked(export: str) -> None:
    document = load(export)
    for keep in (False, True):
        result = migrate(document, "1.3", Options(keep_secrets=keep)).document
        assert KEY not in result["run_info"]["cli_command"]
        assert "--api-key '<redacted>'" in result["run_info"]["cli_command"]
        assert (KEY in str(result["input_config"])) == keep
    assert not migrate(document, "1.3", Options(keep_secrets=True)).ledger.of(Loss.REDACTED)


def test_recorded_exports_without_keys_are_not_touched() -> None:
    for version in CHOSEN:
        for document in recorded(version):
            if KEY not in str(document):
                assert redact(document)[0] is document


def test_a_host_named_by_a_key_is_found_where_it_stands() -> None:
    host = f"http://me:{KEY}@host:9400/metrics"
    summaries = {"endpoint_summaries": {host: {"gpus": {}}}}
    cleaned, paths = redact({"telemetry_data": summaries, "server_metrics": copied(summaries)})
    assert cleaned["telemetry_data"] == cleaned["server_metrics"]
    assert list(cleaned["telemetry_data"]["endpoint_summaries"]) == ["http://<redacted>@host:9400/metrics"]
    assert {path[:2] for path in paths} == {(name, "endpoint_summaries") for name in cleaned}
