"""Where a secret stands tells that it is one: the same text under another key is left alone."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from migrator.redact.document import find, may_hold_secrets, redact
from migrator.redact.lines import redact_lines

SECRET: Final = "hunter-two-of-7"
"""Nothing but its place tells what it is."""

HEADERS: Final = ({"X-Session": SECRET}, [f"X-Session: {SECRET}"], [["Authorization", SECRET]])
PARAMETERS: Final = ([["password", SECRET]], [f"password:{SECRET}"])
VARIABLES: Final = ({"HF_TOKEN": SECRET}, [["HF_TOKEN", SECRET]], [f"HF_TOKEN={SECRET}"], f"HF_TOKEN: {SECRET}")
URL: Final = (f"user:{SECRET}@host:8000", [f"user:{SECRET}@host:8000"])
HOSTS: Final = ({f"user:{SECRET}@host:8000": {}},)
COMMAND: Final = (f"aiperf --api-key {SECRET}", ["aiperf", "--api-key", SECRET])
MESSAGE: Final = (f"api_key={SECRET}&x=1", f"password: {SECRET}", [{"x": f"Authorization: Bearer {SECRET}"}])

KEYS: Final[dict[str, tuple[Any, ...]]] = {
    "headers header request_headers response_headers H": HEADERS,
    "extra extra_inputs extra_body extra_params": PARAMETERS,
    "env environ environment": VARIABLES,
    "url urls u uri endpoints_configured endpoints_successful endpoints_tested server_metrics gpu_telemetry proxy "
    "api_host tracking_uri metrics_url dataset_api_base_url baseUrl baseUrls base_urls callbackUri": URL,
    "endpoints endpoint_info endpoint_summaries": HOSTS,
    "cli_command command command_line cmd argv args": COMMAND,
    "message cause cause_chain details error errors error_details error_summary reason reasons exception traceback "
    "stderr stdout warning warnings label variation_label run_label run_labels labels variation_values failed_runs "
    "failed_requests": MESSAGE,
}
"""Keys, apart by spaces → values that hold a secret under each of them."""
CASES: Final = [(key, value) for keys, values in KEYS.items() for key in keys.split() for value in values]
NAMES: Final = (
    "authorization", "api_key", "apiKey", "x-api-key", "auth_token", "access_token", "client_secret", "password",
    "passwd", "pwd", "credential", "aws_credentials", "cookie", "signature", "api_key_2", "authorization_2",
    "client_secret_2", "secret_name", "password_2", "passwd_2", "credential_id",
)  # fmt: skip
CONTENT: Final = ("payload", "payloads", "response", "responses", "body", "messages", "tools", "outputs")


@pytest.mark.parametrize(("key", "value"), CASES)
def test_a_key_tells_what_stands_below_it(key: str, value: Any) -> None:
    for document in ({key: value}, {"input_config": {"deeper": [{key: value}]}}):
        clean, places = redact(document)
        assert places
        assert SECRET not in json.dumps(clean)


@pytest.mark.parametrize("value", [value for values in KEYS.values() for value in values])
def test_the_same_text_elsewhere_is_left_alone(value: Any) -> None:
    document = {"plain": value}
    assert redact(document) == (document, [])


@pytest.mark.parametrize("key", CONTENT)
def test_what_was_sent_to_a_model_is_evidence(key: str) -> None:
    said = {"role": "user", "content": f"password: {SECRET}, http://a:{SECRET}@b/c", "url": f"u:{SECRET}@h"}
    assert redact({key: [said]}) == ({key: [said]}, [])
    assert redact({key: f"http://a:{SECRET}@b/c"})[1] == []
    assert redact({key: [said | {"api_key": "another-one-of-9"}]})[1] == [(key, 0, "api_key")]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_credential_in_what_was_said(name: str) -> None:
    """By the quick look, too, which must not pass over a name."""
    message = {"message": f"{name}={SECRET}"}
    assert may_hold_secrets(message)
    assert SECRET not in json.dumps(redact(message)[0])


@pytest.mark.parametrize(
    "option",
    [
        "--api-key", "--auth-token", "--client-secret", "--password", "--passwd", "--pwd", "--credential",
        "--cookie", "--signature", "-H Authorization:", "--header X-Session:", "--extra-inputs session_token:",
    ],
)  # fmt: skip
def test_options_that_take_a_credential(option: str) -> None:
    """By the quick look, too."""
    line = f"aiperf profile --model m {option}{'' if option.endswith(':') else ' '}{SECRET} --streaming"
    assert may_hold_secrets({"cli_command": line})
    assert SECRET not in json.dumps(redact({"cli_command": line})[0])


@pytest.mark.parametrize("name", ["token", "secret", "key", "signature", "credential", "credentials", "password"])
def test_a_word_after_what_may_be_an_ordinary_word_is_left(name: str) -> None:
    said = {"message": f"{name}: invalid, see the manual"}
    assert redact(said) == (said, [])


def test_below_a_credential_nothing_is_a_measurement() -> None:
    document = {"auth": {"api_key": {"of": {"unit": SECRET, "avg": 1.5, "value": SECRET}}}}
    assert SECRET not in json.dumps(redact(document)[0])


@pytest.mark.parametrize("name", ["key", "sig", "sessionid", "auth", "api%5Fkey"])
def test_parameters_of_a_url_that_are_ordinary_words_elsewhere(name: str) -> None:
    assert redact({"url": f"http://host/v1?a=b&{name}={SECRET}"})[0] == {"url": f"http://host/v1?a=b&{name}=<redacted>"}
    assert redact({"plain": f"{name} {SECRET}"})[1] == []


def test_measurements_are_not_looked_at() -> None:
    assert not may_hold_secrets({"gpus": {"gpu_0": {"name": "api_key", "value": SECRET}}})


@pytest.mark.parametrize("line", [f"HF_TOKEN={SECRET}:tail-secret", f"HF_TOKEN:{SECRET}=tail-secret"])
def test_a_named_value_begins_after_the_first_sign(line: str) -> None:
    assert SECRET not in json.dumps(redact({"env": [line]})[0])


@pytest.mark.parametrize("depth", range(1, 5))
def test_lists_in_lists(depth: int) -> None:
    value: Any = {"api_key": SECRET}
    for _ in range(depth):
        value = [value]
    assert may_hold_secrets({"plain": value})
    assert find({"plain": value}).secrets == {SECRET}


def test_a_command_line_in_a_log_declares_its_secrets_to_all_lines() -> None:
    key = "8f3b9c2d7e5a4f1b"
    clean, places = redact_lines(f"start: aiperf profile --api-key {key}\nsent {key} to host\nend\n".encode())
    assert key.encode() not in clean
    assert [place[0] for place in places] == [0, 1]
