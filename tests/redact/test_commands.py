"""Command lines of every quoting: no secret is left, and nothing else changes."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.redact import REDACTED, find_secrets, redact, redacted_command

P = "hunter-two-of-7"

COMMANDS = {
    f"aiperf profile --header 'X-Team:perf' 'Authorization: Bearer {P}' -v": (
        "aiperf profile --header 'X-Team:perf' '<redacted>' -v"
    ),
    f"aiperf profile --header X-A:b X-Api-Key:{P} X-Session:{P}": (
        "aiperf profile --header X-A:b '<redacted>' '<redacted>'"
    ),
    f"aiperf profile --header='Authorization: Bearer {P}'": "aiperf profile --header='<redacted>'",
    f"aiperf profile '--header=Authorization: Bearer {P}' -v": "aiperf profile '--header=<redacted>' -v",
    f"aiperf profile --header 'X-A:b,Authorization:Bearer {P}'": (
        "aiperf profile --header 'X-A:b,Authorization:Bearer <redacted>'"
    ),
    f'aiperf profile --header \'{{"Authorization": "Bearer {P}"}}\'': (
        'aiperf profile --header \'{"Authorization": "<redacted>"}\''
    ),
    f"aiperf profile -HX-Api-Key:{P} -v": "aiperf profile -H<redacted> -v",
    f"aiperf profile --streaming '--api-key={P}' -v": "aiperf profile --streaming '--api-key=<redacted>' -v",
    f"aiperf profile --api-key 'it'\\''s {P}' -v": "aiperf profile --api-key '<redacted>' -v",
    f'aiperf profile --api-key "a\\"{P}" -v': "aiperf profile --api-key '<redacted>' -v",
    f"aiperf profile --api-key a\\ {P} -v": "aiperf profile --api-key '<redacted>' -v",
    f"aiperf profile --api-key --{P} -v": "aiperf profile --api-key '<redacted>' -v",
    f"OPENAI_API_KEY={P} HF_TOKEN='{P}' aiperf profile": (
        "OPENAI_API_KEY='<redacted>' HF_TOKEN='<redacted>' aiperf profile"
    ),
    f"docker run -e API_KEY={P} -e MAX_TOKENS=7 aiperf": "docker run -e API_KEY='<redacted>' -e MAX_TOKENS=7 aiperf",
    f"aiperf profile --url user:{P}@a:8000 second:{P}@b/v1 -v": (
        "aiperf profile --url <redacted>@a:8000 <redacted>@b/v1 -v"
    ),
    f"aiperf profile -u 'user:{P}@host:8000'": "aiperf profile -u '<redacted>@host:8000'",
    f"aiperf profile --url 'user:p/{P}@host:8000'": "aiperf profile --url '<redacted>@host:8000'",
    f"aiperf profile --url 'http://user:p@{P}@host'": "aiperf profile --url 'http://<redacted>@host'",
    f"aiperf profile --gpu-telemetry user:{P}@h:9400/metrics metrics@2.csv": (
        "aiperf profile --gpu-telemetry <redacted>@h:9400/metrics metrics@2.csv"
    ),
    f"aiperf profile --mlflow-tracking-uri postgresql://u:{P}@db/m": (
        "aiperf profile --mlflow-tracking-uri postgresql://<redacted>@db/m"
    ),
    f"aiperf profile --url 'http://h?api%5Fkey={P}&m=1' 'h?%61pi_key={P}' 'h?api+key={P}'": (
        "aiperf profile --url 'http://h?api%5Fkey=<redacted>&m=1' 'h?%61pi_key=<redacted>' 'h?api+key=<redacted>'"
    ),
    f"aiperf profile --extra-inputs api_key:{P} --extra-inputs 'top_k:5,password:{P}'": (
        "aiperf profile --extra-inputs api_key:<redacted> --extra-inputs 'top_k:5,password:<redacted>'"
    ),
    f'aiperf profile --extra-inputs \'{{"auth": {{"token": "{P}"}}, "top_k": 5}}\'': (
        'aiperf profile --extra-inputs \'{"auth": {"token": "<redacted>"}, "top_k": 5}\''
    ),
    f"aiperf profile --header Authorization:AWS4-HMAC-SHA256 Credential={P}, Signature={P} --model m": (
        "aiperf profile --header '<redacted>' --model m"
    ),
    "aiperf profile --model m --tokenizer nvapi-abcdefghijklmnop1234567890": (
        "aiperf profile --model m --tokenizer '<redacted>'"
    ),
}

LOOK_ALIKES = [
    "aiperf profile --header X-User-Email:alice@example.com --mlflow-tag owner:alice@acme.com --model foo@bar",
    "aiperf profile --use-server-token-count --tokenizer x --output-tokens-mean 16 --random-seed 7",
    "aiperf profile --tokenizer-revision main --extra-inputs max_tokens:16 --extra-inputs eos_token:stop",
    'aiperf profile --extra-inputs \'{"max_tokens": 16, "stop_token_ids": [1]}\'',
    "TOKENIZERS_PARALLELISM=false MAX_TOKENS=5 aiperf profile --model key-value-store",
    "aiperf profile --url 'http://host/v1?max_tokens=16&model=a#top' --url host:8000/users@example.com",
    "aiperf profile --model sk-learn-large-model --artifact-dir 'runs/api-key/token'",
    "aiperf profile --goodput 'time_to_first_token:25' --concurrency 4 # it's fine",
    "aiperf profile --dataset 'what''s a \"token\"?'",
]


@pytest.mark.parametrize(("command", "clean"), COMMANDS.items())
def test_no_secret_is_left_whatever_the_quoting(command: str, clean: str) -> None:
    assert redacted_command(command) == clean
    assert redacted_command(clean) == clean
    assert redact({"run_info": {"cli_command": command}})[0] == {"run_info": {"cli_command": clean}}


@pytest.mark.parametrize("command", LOOK_ALIKES)
def test_what_looks_like_a_secret_stays(command: str) -> None:
    assert redacted_command(command) == command
    assert find_secrets({"run_info": {"cli_command": command}}) == set()


def test_a_command_as_a_list_of_arguments() -> None:
    arguments = ["aiperf", "profile", "--api-key", P, "--header", "X-A:b", f"Authorization: Bearer {P}", "--url", "h:1"]
    result, places = redact({"run_info": {"cli_command": arguments}})
    clean = [*arguments[:3], REDACTED, *arguments[4:6], REDACTED, *arguments[7:]]
    assert result["run_info"]["cli_command"] == clean
    assert places == [("run_info", "cli_command", 3), ("run_info", "cli_command", 6)]


_SAFE = st.sampled_from(
    ["aiperf", "profile", "--model", "m", "--streaming", "--concurrency", "4", "it's", 'a "b" c', "$x"]
)
_SECRET = st.text(alphabet="abcXYZ 0129'\"\\-_@/:", min_size=6, max_size=16).map(lambda text: f"q7{text}7q")


@given(before=st.lists(_SAFE, max_size=4), after=st.lists(_SAFE, max_size=4), secret=_SECRET, form=st.integers(0, 4))
@example(before=[], after=[], secret="q7'\"\\ 7q", form=1)
def test_what_a_shell_makes_of_it_has_no_secret(before: list[str], after: list[str], secret: str, form: int) -> None:
    """Quoted by Python as a shell needs it, in each of the forms; what remains is what a shell reads elsewhere."""
    planted = [
        ["--api-key", secret],
        [f"--api-key={secret}"],
        ["--header", "X-Team:perf", f"Authorization: Bearer {secret}"],
        [f"--header=X-Api-Key:{secret}"],
        [f"OPENAI_API_KEY={secret}"],
    ][form]
    # An option before it would take the first of it as its value.
    command = shlex.join([*before, "--streaming", *planted, "--done", *after])
    clean = redacted_command(command)
    words = shlex.split(clean)
    assert not any(secret in word for word in words)
    assert words[: len(before) + 1] == [*before, "--streaming"]
    assert words[len(words) - len(after) - 1 :] == ["--done", *after]


@given(st.text(alphabet="a=-'\"\\ :@?&kH/", max_size=60))
def test_any_text_is_taken_and_once_is_enough(text: str) -> None:
    command = f"--api-key x1 {text} --header A:b"
    clean = redacted_command(command)
    assert redacted_command(clean) == clean
