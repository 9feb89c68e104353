"""1.1 → 1.2: `run_info`, which is needed to repeat the run (only builds from source and forks wrote 1.2)."""

from __future__ import annotations

from migrator.chain.operation import UNKNOWN, AddedField
from migrator.chain.ops import Add
from migrator.chain.step import Step
from migrator.chain.steps.genai_perf import CARRIED
from migrator.jsonfile import Json, Object, Path

_RUN_INFO = ("run_info",)


def _empty(_: Object, __: Object, ___: Path) -> Json:
    """An empty object."""
    return {}


def _seed(document: Object, _: Object, __: Path) -> Json:
    """The random seed of the run: that of `input` up to 0.8.0, that of the only data set from 0.9.0 on.

    GenAI-Perf has it at the top of its configuration, and from 0.0.12 on in `input`.
    """
    config = document.get("input_config")
    if config is None:
        options = document.get(CARRIED)
        config = {"input": options, **options} if type(options) is dict else None
    if type(config) is not dict:
        return UNKNOWN
    section = config.get("input")
    datasets = config.get("datasets")
    if type(datasets) is list and len(datasets) == 1:
        section = datasets[0]
    seed = section.get("random_seed") if type(section) is dict else None
    return seed if type(seed) is int else UNKNOWN


STEP = Step(
    older="1.1",
    newer="1.2",
    summary="run_info: seed, trial and place in a sweep",
    reason=(
        "Schema 1.2 adds `run_info`, so that a run can be repeated from its export alone. An upgrade fills in what"
        " the document proves, and null for the rest. No published release writes 1.2. The fork that InferenceX"
        " uses does, with an optional `branch_stats`, which AIPerf itself has from 0.9.0 on."
    ),
    ops=(
        Add(AddedField("run_info", _empty, after=("input_config",))),
        Add(
            AddedField("random_seed", _seed, nullable=True, after=("sweep_id", "benchmark_id")),
            AddedField("trial", nullable=True, after=("random_seed",)),
            AddedField("run_label", nullable=True, after=("trial",)),
            AddedField("variation_label", nullable=True, after=("run_label",)),
            AddedField("variation_index", nullable=True, after=("variation_label",)),
            AddedField("variation_values", nullable=True, after=("variation_index",)),
            at=_RUN_INFO,
        ),
        Add(AddedField("branch_stats")),
    ),
)
