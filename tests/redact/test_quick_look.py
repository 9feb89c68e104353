"""Most documents have no secret, so they get a quick look first. It must never miss what the search would find."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.secret_tree import SECRETS, files

from migrator.redact import document as module
from migrator.redact.document import find, may_hold_secrets
from migrator.redact.places import PLACES, Kind

_KEYS = st.one_of(
    st.sampled_from(
        [*PLACES, "api_key", "apiKey", "x_url", "token", "hf_token", "name", "values", "path", "x", "unit"]
    ),
    st.text(alphabet="aku_.", max_size=4),
)
_TEXTS = st.one_of(
    st.sampled_from([
        "", "x", "<redacted>", "user:pw-12345@host", "http://u:p@host", "a?key=b", "x: y", "token=abc",
        "Authorization: Bearer abcd1234", "--api-key x", "-H A:b", "endpoint.api_key", "sk-secret-1234567890abcdef",
        "abc123def456ghi789", "A_KEY=x", "cookie: a=b", "plain words", "--tokenizer t --url h",
    ]),
    st.text(alphabet="a:@=?&- '", max_size=12),
)  # fmt: skip
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(-(10**9), 10**9), st.none(), st.booleans(), st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


def searched(document: dict[str, Any]) -> module.Found:
    """What the search finds without a quick look before it."""
    found = module.Found({}, {}, set(), set())
    module._look(document, (), Kind.TEXT, found)
    return found


@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_it_misses_nothing(document: dict[str, Any]) -> None:
    found = searched(document)
    assert find(document) == found
    if found.texts or found.keys or found.numbers:
        assert may_hold_secrets(document)


def test_it_sees_every_planted_place_on_its_own() -> None:
    """Each leaf of the tree that holds a secret, in a document with nothing else."""

    def alone(value: Any, wrap: Any) -> None:
        if type(value) is dict:
            for key, item in value.items():
                if any(secret in key for secret in SECRETS):
                    assert may_hold_secrets(wrap({key: 1})) == bool(find(wrap({key: 1})).keys)
                alone(item, lambda inner, key=key: wrap({key: inner}))
        elif type(value) is list:
            for item in value:
                alone(item, lambda inner: wrap([inner]))
        elif type(value) is str and any(secret in value for secret in SECRETS):
            document = wrap(value)
            assert find(document) == searched(document)

    for name, raw, _ in files():
        if name.endswith(".json"):
            alone(json.loads(raw), lambda inner: inner)


def test_documents_without_secrets_get_no_more_than_that(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "_look", lambda *_: pytest_fail())
    command = "aiperf profile --model m --tokenizer t --url 'http://h:1/v1' --output-tokens-mean 16 --streaming"
    # As each run of a sweep has it, and one of which requests failed.
    run_info = {
        "cli_command": command,
        "variation_label": "phases.profiling.concurrency=2",
        "variation_values": {"phases.profiling.concurrency": 2, "datasets.main.type": "synthetic"},
    }
    errors = [{"error_details": {"code": 500, "type": "Timeout", "message": "no answer"}, "count": 3}]
    config = {"endpoint": {"urls": ["http://h:1/v1"]}}
    document = {"input_config": config, "run_info": run_info, "error_summary": errors}
    assert find(document).texts == {}


def pytest_fail() -> None:
    raise AssertionError("the slow search was made")
