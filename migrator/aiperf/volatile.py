"""Values that differ between two exports of the same measurement, and do not matter for it.

They are identifiers, times, output folders, and the names of equal machines. The text that git shows and the
comparison of configurations leave them out unless they are asked for. Seeds, models, data sets and the AIPerf version
matter, and are not listed.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from migrator.jsonfile import Json, Path
from migrator.values import NamedTuple


class Volatile(NamedTuple):
    """A place by its keys, `*` for any key or index, and why it is left out with everything below it.

    `keeps_name`: the value is the path of a file, of which only the folder is left out.
    """

    path: str
    reason: str
    keeps_name: bool = False


_IDENTITY: Final = "names the run"
_INSTANT: Final = "when it ran"
_FOLDER: Final = "where AIPerf put its files"
_MACHINE: Final = "which of several equal machines it was"
_COMMAND: Final = "repeats input_config, in an order and with folders of its own"
_PLUMBING: Final = "addresses that AIPerf's own processes use"
_PLACE: Final = "where on that machine the input was"

VOLATILE: Final = (
    Volatile("schema_version", "both sides are read at one version"),
    Volatile("benchmark_id", _IDENTITY),
    Volatile("input_config.benchmark_id", _IDENTITY),
    Volatile("run_info.benchmark_id", _IDENTITY),
    Volatile("run_info.sweep_id", _IDENTITY),
    Volatile("run_info.run_label", _IDENTITY),
    Volatile("run_info.trial", _IDENTITY),
    Volatile("run_info.variation_index", _IDENTITY),
    Volatile("input_config.mlflow.parent_run_id", _IDENTITY),
    Volatile("input_config.mlflow.run_name", _IDENTITY),
    Volatile("input_config.wandb.run_name", _IDENTITY),
    Volatile("start_time", _INSTANT),
    Volatile("end_time", _INSTANT),
    Volatile("telemetry_data.summary.start_time", _INSTANT),
    Volatile("telemetry_data.summary.end_time", _INSTANT),
    Volatile("min_request_timestamp", _INSTANT),
    Volatile("max_response_timestamp", _INSTANT),
    Volatile("replay_send_schedule_offset", _INSTANT),
    Volatile("warmup_metrics.min_request_timestamp", _INSTANT),
    Volatile("warmup_metrics.max_response_timestamp", _INSTANT),
    Volatile("warmup_metrics.replay_send_schedule_offset", _INSTANT),
    Volatile("run_info.cli_command", _COMMAND),
    Volatile("input_config.cli_command", _COMMAND),
    Volatile("input_config.artifacts.dir", _FOLDER),
    Volatile("input_config.artifacts.prefix", _FOLDER),
    Volatile("input_config.output.artifact_directory", _FOLDER),
    Volatile("input_config.output.profile_export_file", _FOLDER),
    Volatile("input_config.output.profile_export_prefix", _FOLDER),
    Volatile("input_config.runtime.api_host", _PLUMBING),
    Volatile("input_config.runtime.api_port", _PLUMBING),
    Volatile("input_config.runtime.communication", _PLUMBING),
    Volatile("input_config.runtime.dataset_api_base_url", _PLUMBING),
    Volatile("telemetry_data.endpoints.*.gpus.*.gpu_uuid", _MACHINE),
    Volatile("telemetry_data.endpoints.*.gpus.*.hostname", _MACHINE),
    Volatile("telemetry_data.endpoints.*.gpus.*.namespace", _MACHINE),
    Volatile("telemetry_data.endpoints.*.gpus.*.pod_name", _MACHINE),
    Volatile("input_config.datasets.*.path", _PLACE, keeps_name=True),
    Volatile("input_config.datasets.*.system_prompt_file", _PLACE, keeps_name=True),
    Volatile("input_config.phases.*.rate_series.path", _PLACE, keeps_name=True),
    Volatile("input_config.artifacts.user_files.*.path", _PLACE, keeps_name=True),
    Volatile("input_config.gpu_telemetry.metrics_file", _PLACE, keeps_name=True),
    Volatile("input_config.input.file", _PLACE, keeps_name=True),
)
"""For both families of `input_config`. The folder of a model or tokenizer is not listed: its path matters."""

_FOLDER_OF: Final = r"(?:~?/|[A-Za-z]:[/\\]|\\\\)(?:.*[/\\])?(?=[^/\\]+$)"
"""The folder of an absolute path, of either kind of system."""


def reason(path: Path) -> str | None:
    """Why a place, or the folder in its value, is left out; None for a place that matters."""
    node = _tree()
    for part in path:
        found = node.get(str(part)) or node.get("*")
        if found is None:
            return None
        if isinstance(found, Volatile):
            return found.reason
        node = found
    return None


def stable(document: dict[str, Json]) -> dict[str, Json]:
    """A copy without volatile values, and with absolute paths of input files shortened to their names.

    The copy shares unchanged parts with the argument.
    """
    kept = _stable(document, _tree())
    assert isinstance(kept, dict)
    return kept


def nameless(path: str) -> str:
    """`…/trace.jsonl` for `/home/me/trace.jsonl`; a relative path is returned as it is."""
    match = re.match(_FOLDER_OF, path)
    return f"…/{path[match.end() :]}" if match else path


def _stable(value: Json, rule: Volatile | dict[str, Any] | None) -> Json:
    if rule is None:
        return value
    if isinstance(rule, Volatile):
        return nameless(value) if type(value) is str else value
    if type(value) is dict:
        below = ((key, item, rule.get(key) or rule.get("*")) for key, item in value.items())
        return {key: _stable(item, found) for key, item, found in below if not _is_dropped(found)}
    if type(value) is list:
        return [_stable(item, rule.get("*")) for item in value]
    return value


def _is_dropped(rule: Volatile | dict[str, Any] | None) -> bool:
    return isinstance(rule, Volatile) and not rule.keeps_name


@cache
def _tree() -> dict[str, Any]:
    """The list as nested objects, so that a document is walked once, and only where there is something to find."""
    root: dict[str, Any] = {}
    for entry in VOLATILE:
        *above, last = entry.path.split(".")
        node = root
        for key in above:
            node = node.setdefault(key, {})
        node[last] = entry
    return root
