"""Where secrets stand: keys of the files of a run, and what their values are.

One table for all families, because AIPerf and GenAI-Perf name the same thing alike in each of them. Read in the models
of the releases 0.1.1 to 0.13.0 and their nightly builds, and in GenAI-Perf 0.0.3 to 0.0.16.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import Final

from migrator.redact.names import is_setting


class Kind(Enum):
    """What stands at a place."""

    SECRET = auto()
    """A credential: the whole value, and all texts below it."""
    HEADERS = auto()
    """Headers: an object, [name, value] pairs, or lines `name: value`."""
    PARAMETERS = auto()
    """Parameters of a request, in the same shapes and nested."""
    VARIABLES = auto()
    """Environment variables."""
    URL = auto()
    """A URL with or without a scheme, or a list of them."""
    HOSTS = auto()
    """An object whose keys are URLs without a scheme."""
    COMMAND = auto()
    """A command line, or a list of its arguments."""
    MESSAGE = auto()
    """What a server or a library said, or a label made of settings; also all texts below it."""
    CONTENT = auto()
    """What was sent to a model, and its answer. Prompts are evidence: only members by a credential's name change."""
    TOKEN = auto()
    """Something called a token: a credential if it looks like a key, or a part of a vocabulary (`eos_token`)."""
    NUMBERS = auto()
    """Measurements and facts of devices, without a text from a configuration."""
    TEXT = auto()
    """Anything else: URLs with a scheme are looked for in it, and keys that tell what they are."""

    # That of Enum is written in Python, and a quarter of the time of a search.
    __hash__ = object.__hash__


PLACES: Final[dict[str, Kind]] = {
    **dict.fromkeys(("headers", "header", "request_headers", "response_headers", "H"), Kind.HEADERS),
    **dict.fromkeys(("extra", "extra_inputs", "extra_body", "extra_params"), Kind.PARAMETERS),
    **dict.fromkeys(("env", "environ", "environment"), Kind.VARIABLES),
    **dict.fromkeys(
        ("url", "urls", "u", "uri", "endpoints_configured", "endpoints_successful", "endpoints_tested",
         "server_metrics", "gpu_telemetry", "proxy", "api_host"),
        Kind.URL,
    ),
    **dict.fromkeys(("endpoints", "endpoint_info", "endpoint_summaries"), Kind.HOSTS),
    **dict.fromkeys(("cli_command", "command", "command_line", "cmd", "argv", "args"), Kind.COMMAND),
    **dict.fromkeys(
        ("message", "cause", "cause_chain", "details", "error", "errors", "error_details", "error_summary", "reason",
         "reasons", "exception", "traceback", "stderr", "stdout", "warning", "warnings", "label", "variation_label",
         "run_label", "run_labels", "labels", "variation_values", "failed_runs", "failed_requests"),
        Kind.MESSAGE,
    ),
    **dict.fromkeys(
        ("payload", "payloads", "response", "responses", "body", "messages", "tools", "outputs"), Kind.CONTENT
    ),
    "gpus": Kind.NUMBERS,
}  # fmt: skip
"""Key → what its value is, wherever it stands. `extra` is `input_config.endpoint.extra`, at any depth of it."""

_URL_ENDS: Final = ("_url", "_urls", "_uri", "Url", "Urls", "Uri")
"""How keys end whose values are URLs: `mlflow.tracking_uri`, `otel.metrics_url`, `runtime.dataset_api_base_url`."""


@lru_cache(maxsize=4096)
def kind_of(key: str) -> Kind:
    """What stands under a key."""
    if found := PLACES.get(key):
        return found
    if is_setting(key) or ".headers." in key:
        # A sweep varies a setting by its path: `endpoint.headers.X-Team`.
        return Kind.SECRET
    if key.endswith(_URL_ENDS):
        return Kind.URL
    if key.lower().endswith("token"):
        return Kind.TOKEN
    # `input_config.endpoint.extra`: a path is what its last part is.
    return PLACES.get(key.rpartition(".")[2], Kind.TEXT)
