"""Error messages and URLs: secrets by what stands before them, and the prose around them untouched."""

from __future__ import annotations

import pytest

from migrator.redact import redact

P = "hunter-two-of-7"

MESSAGES = {
    f"Authorization: Bearer {P}, retry later": "Authorization: Bearer <redacted>, retry later",
    f"{{'Authorization': 'Bearer {P}', 'X-Team': 'perf'}}": "{'Authorization': 'Bearer <redacted>', 'X-Team': 'perf'}",
    f'{{"Authorization":"Basic {P}"}}': '{"Authorization":"Basic <redacted>"}',
    f'"{{\\"Authorization\\": \\"Bearer {P}\\"}}"': '"{\\"Authorization\\": \\"Bearer <redacted>\\"}"',
    f"proxy-authorization: {P} was refused": "proxy-authorization: <redacted> was refused",
    f"Authorization: AWS4-HMAC-SHA256 Credential={P}/x, Signature={P}": "Authorization: <redacted>",
    f"headers: {{'X-API-Key': '{P}', 'Accept': '*/*'}}": "headers: {'X-API-Key': '<redacted>', 'Accept': '*/*'}",
    f"Set-Cookie: session={P}; Path=/": "Set-Cookie: <redacted>",
    f"api_key={P}&model=m": "api_key=<redacted>&model=m",
    f"token = {P} is not valid": "token = <redacted> is not valid",
    f"api-key {P} has expired": "api-key <redacted> has expired",
    f"the API key: {P}": "the API key: <redacted>",
    "Incorrect API key provided: sk-proj-abcdefgh12345678XYZ.": "Incorrect API key provided: <redacted>.",
    f"cannot connect to http://user:{P}@host:8000/v1?x=1": "cannot connect to http://<redacted>@host:8000/v1?x=1",
    f"GET http://host/v1?%61pi_key={P}#x failed": "GET http://host/v1?%61pi_key=<redacted>#x failed",
}

LOOK_ALIKES = [
    "Unexpected token: '}' at line 1",
    "max_tokens: 4096 exceeds the limit",
    "the cookie is missing, and so is the authorization header",
    "Authorization header is missing",
    "invalid api key",
    "x-api-key header is required",
    "Session: closed by the server; tokens: 17, per-token: 5ms",
    "Error: the model foo@bar:8000 is unknown",
    "KeyError: 'choices'",
    "POST http://host:8000/v1/users@example.com?max_tokens=16&mode=a failed",
    "Authorization: ***, token=***",
    "Output Token e2e_throughput4 Per User, Session h100-node-17, key p99_latency",
    "Time to First Token (ms),12.5,11.25",
]


@pytest.mark.parametrize(("message", "clean"), MESSAGES.items())
def test_secrets_of_a_message(message: str, clean: str) -> None:
    document = {"error_summary": [{"error_details": {"message": message, "cause": message}, "count": 1}]}
    result, places = redact(document)
    assert result["error_summary"][0]["error_details"] == {"message": clean, "cause": clean}
    assert len(places) == 2
    assert redact(result) == (result, [])


@pytest.mark.parametrize("message", LOOK_ALIKES)
def test_the_prose_of_a_message_stays(message: str) -> None:
    document = {"error_summary": [{"error_details": {"message": message, "details": {"text": message}}}]}
    assert redact(document) == (document, [])


CONFIG_LOOK_ALIKES = [
    {"endpoint": {"session_header": "X-Session", "auth_type": "sigv4", "urls": ["host:8000/v1/a@b"]}},
    {"tokenizer": {"name": "acme/tiny-tok", "revision": "main"}, "use_server_token_count": True},
    {"endpoint": {"extra": {"eos_token": "</s>", "bos_token": "<s>", "max_tokens": "16", "stop": "token"}}},
    {"datasets": [{"name": "main", "path": "/data/api_key/secret.jsonl", "session_id": "session_000000"}]},
    {"endpoint": {"extra": {"password": None, "token": 5, "secret": True}}},
    {"mlflow": {"tracking_uri": "sqlite:////data/mlflow.db", "tags": {"owner": "alice@acme.com"}}},
]


@pytest.mark.parametrize("config", CONFIG_LOOK_ALIKES)
def test_settings_that_look_like_secrets_stay(config: dict[str, object]) -> None:
    document = {"input_config": config}
    assert redact(document) == (document, [])


def test_prompts_and_answers_are_evidence() -> None:
    content = f"my api_key={P}, see http://user:{P}@host and Authorization: Bearer {P}"
    tools = [{"function": {"parameters": {"properties": {"password": {"type": "string"}}, "required": ["password"]}}}]
    payload = {"messages": [{"role": "user", "content": content}], "tools": tools, "max_tokens": 16}
    document = {"data": [{"session_id": "session_000000", "payloads": [payload]}]}
    assert redact(document) == (document, [])
    payload["api_key"] = P
    result, places = redact(document)
    assert result["data"][0]["payloads"][0]["api_key"] == "<redacted>"
    # The key is known now, so that its echo in a prompt is one, too.
    assert P not in str(result)
    assert ("data", 0, "payloads", 0, "api_key") in places
