"""1.2 → 1.3: identifiers and the command line in run_info (AIPerf 0.9.0)."""

from __future__ import annotations

from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add
from migrator.chain.places import FRONT
from migrator.chain.step import Step
from migrator.jsonfile import Json, Object, Path
from migrator.redact import redacted_command

_RUN_INFO = ("run_info",)


def _benchmark_id(document: Object, _: Object, __: Path) -> Json:
    """`benchmark_id`, and without one `input_config.benchmark_id`, if it is a string."""
    config = document.get("input_config")
    found = document.get("benchmark_id") or (config.get("benchmark_id") if type(config) is dict else None)
    return found if type(found) is str else UNKNOWN


def _command(document: Object, _: Object, __: Path) -> Json:
    """The recorded command line, always without secrets, as schema 1.3 promises."""
    config = document.get("input_config")
    found = config.get("cli_command") if type(config) is dict else None
    return redacted_command(found) if type(found) is str else UNKNOWN


STEP = Step(
    older="1.2",
    newer="1.3",
    summary="run_info: identifiers and command line",
    reason=(
        "AIPerf 0.9.0 adds `benchmark_id`, `sweep_id` and the redacted `cli_command` to `run_info`. It also changes the"
        " shape of `input_config`, which is translated apart from the steps."
    ),
    ops=(
        Add(
            AddedField("benchmark_id", _benchmark_id, nullable=True, after=FRONT),
            AddedField("sweep_id", nullable=True, after=("benchmark_id",)),
            AddedField("cli_command", _command, nullable=True),
            at=_RUN_INFO,
        ),
    ),
)
