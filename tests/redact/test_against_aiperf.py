"""What AIPerf's newest redactor takes out, this one takes out, too.

Its rules (`aiperf/common/redact.py` and `endpoint_credentials.py` of 0.13.0) are the tables below. Where an environment
of that release is there (`make oracle` makes it), its functions are asked themselves, over every place of the tree.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.secret_tree import PASSWORD, files

from golden.record.environment import cache_folder
from migrator.redact import redact, redact_lines, redacted_command

RELEASE = "0.13.0"
PYTHON = cache_folder() / RELEASE / "bin" / "python"
SECRET = "hunter-two-of-7"

HEADERS = [
    "authorization", "proxy-authorization", "x-api-key", "api-key", "ocp-apim-subscription-key", "x-goog-api-key",
    "x-functions-key", "aeg-sas-key", "x-amz-security-token", "cookie", "set-cookie", "x-auth-token", "x-access-token",
    "x-session-token", "x-csrf-token", "x-xsrf-token",
    # By a part of the name.
    "X-Author", "X-Acme-Token", "X-Tenant-Secret", "X-Password", "X-Passwd", "My-Credential", "X-Cookie-Jar", "XApiKey",
    "X_API_KEY", "X-Session", "X-Signature", "X-Sas-Key", "X-Access-Key", "X-Private-Key",
]  # fmt: skip
QUERY_NAMES = [
    "api-key", "api_key", "api key", "apikey", "key", "token", "access-token", "accesstoken", "auth_token",
    "bearer-token", "id_token", "refresh-token", "secret", "client_secret", "password", "passwd", "credential",
    "access_key_id",
    "AWSAccessKeyId", "sig", "Signature", "X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Credential",
    "X-Goog-Signature", "X-Goog-Credential", "api%5Fkey", "%61pi_key", "api+key",
]  # fmt: skip
OPTIONS = [
    "--api-key", "--api_key", "--wandb-api-key", "--api-token", "--auth-token", "--access-token", "--bearer-token",
    "--id-token", "--refresh-token", "--authorization", "--My-Api-Key-File",
]  # fmt: skip
SETTINGS = [
    "apiKey", "api_key", "x-api-key", "Authorization", "proxyAuthorization", "token", "apiToken", "auth_token",
    "access_token", "bearerToken", "id_token", "refreshToken", "secret", "clientSecret", "password", "passwd",
    "credential", "awsAccessKeyId", "signature", "ocpApimSubscriptionKey", "xGoogApiKey", "xFunctionsKey", "aegSasKey",
    "xAmzSecurityToken", "my_api_key", "db_password", "secretRef", "credentials",
]  # fmt: skip
MESSAGES = [
    "Authorization: Bearer {}", "proxy-authorization: Basic {}", '"Authorization":"Bearer {}"', "'Authorization': '{}'",
    "authorization {}", "api_key={}", "api key = {}", "token={}&x", "secret = {}", "x-api-key: {}", "'X-API-Key': '{}'",
    '"cookie":"{}"', "x-goog-api-key {}", "set-cookie: {}", "X-Amz-Security-Token: {}", "Ocp-Apim-Subscription-Key: {}",
]  # fmt: skip
URLS = [
    "http://user:{}@host", "postgresql://u:{}@db:5432/m", "user:{}@host:8000/v1", "http://{}@host", "user:p/{}@host",
    "http://host?token={}", "http://u:p@host/v1?a=1&api_key={}#x",
]  # fmt: skip
COMMANDS = [
    "--api-key {}", "--api-key='{}'", "--header 'Authorization:Bearer {}'", '-H "X-API-Key: {}"', "-H X-API-Key:{} -v",
    "--header Authorization: Bearer {}", "--url http://u:{}@h", "-u=u:{}@h", "--otel-url u:{}@h", "--url a u:{}@h b",
    "--mlflow-tracking-uri postgresql://u:{}@db/m", "--url h1 http://u:{}@h2", "--model x --anything http://u:{}@h",
]  # fmt: skip


def left(document: dict[str, Any]) -> bool:
    return SECRET in json.dumps(redact(document)[0])


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    for headers in ({name: SECRET}, [[name, SECRET]], [f"{name}: {SECRET}"]):
        assert not left({"input_config": {"endpoint": {"headers": headers}}})
        assert not left({"input_config": {"input": {"headers": headers}}})
    assert SECRET not in redacted_command(f"aiperf profile --header '{name}: {SECRET}'")


@pytest.mark.parametrize("name", QUERY_NAMES)
def test_parameters_of_urls(name: str) -> None:
    url = f"http://host/v1?model=m&{name}={SECRET}#x"
    assert not left({"input_config": {"endpoint": {"urls": [url]}}})
    assert redact({"x": url})[0] == {"x": f"http://host/v1?model=m&{name}=<redacted>#x"} or " " in name
    assert SECRET not in redacted_command(f"aiperf profile --url '{url}'")


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name: str) -> None:
    for form in (f"{name} {SECRET}", f"{name}={SECRET}", f"{name} '{SECRET}'"):
        assert SECRET not in redacted_command(f"aiperf profile {form} --streaming")


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str) -> None:
    assert not left({"input_config": {"endpoint": {"extra": {"nested": [{name: SECRET}]}}}})
    assert not left({"run_info": {"variation_values": {f"endpoint.extra.{name}": SECRET}}})
    assert not left({"run_info": {"variation_label": f"concurrency=2,endpoint.{name}={SECRET}"}})
    assert not left({"metadata": {"sweep_parameters": [{"name": f"endpoint.{name}", "values": [SECRET]}]}})


@pytest.mark.parametrize("message", MESSAGES)
def test_messages(message: str) -> None:
    assert not left({"error_summary": [{"error_details": {"message": f"ClientError({message.format(SECRET)!r})"}}]})


@pytest.mark.parametrize("url", URLS)
def test_urls(url: str) -> None:
    assert not left({"input_config": {"mlflow": {"tracking_uri": url.format(SECRET)}}})
    assert not left({"input_config": {"gpu_telemetry": [url.format(SECRET)]}})


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command: str) -> None:
    assert SECRET not in redacted_command(f"aiperf profile {command.format(SECRET)} --streaming")


_ASK = """
import json, sys
from aiperf.common import redact
from aiperf.common.endpoint_credentials import redact_sweep_public_data

def strings(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, f"{path}.{key}" if path else key)
            yield key, path
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, path)
    elif isinstance(value, str):
        yield value, path

for line in sys.stdin:
    document = json.loads(line)
    texts = [redact_sweep_public_data(document)]
    for text, path in strings(document):
        name = path.rpartition(".")[2]
        clean = redact.redact_url(redact.redact_string(text))
        if name == "cli_command":
            clean = redact.redact_cli_command(text)
        if ".headers." in path and redact.is_sensitive_header_name(name):
            clean = redact.REDACTED_VALUE
        texts.append(clean)
    print(json.dumps(texts))
"""


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason=f"AIPerf {RELEASE} is not installed: make oracle RELEASES={RELEASE}")
def test_aiperf_itself_takes_out_no_secret_that_is_left_here() -> None:
    """Over the files of all releases and families, with a secret in every place: none is left that AIPerf takes out."""
    documents, ours = [], []
    for name, raw, _ in files():
        if name.endswith(".jsonl"):
            documents += [json.loads(line) for line in raw.splitlines()]
            ours.append(redact_lines(raw)[0].decode())
        elif name.endswith(".json"):
            documents.append(json.loads(raw))
            ours.append(json.dumps(redact(documents[-1])[0]))
    asked = "\n".join(json.dumps(document) for document in documents)
    told = subprocess.run([PYTHON, "-c", _ASK], input=asked, capture_output=True, text=True, check=True, cwd=Path("/"))
    theirs = sum(line.count(PASSWORD) for line in told.stdout.splitlines())
    assert len(told.stdout.splitlines()) == len(documents)
    assert not any(PASSWORD in text for text in ours)
    # AIPerf leaves some, which is why this is needed.
    assert theirs > 0
