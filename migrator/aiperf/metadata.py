"""What the top-level `metadata` of an export says: the scenario of the run, whether it counts, and its data set.

AIPerf writes it since 0.12.0, in schema 1.4 without a new label: `dataset` for a public data set, the rest for a run
with `--scenario`. It is not a part of the export model, so no schema names it.
"""

from __future__ import annotations

from migrator.jsonfile import Json, Object
from migrator.values import NamedTuple


class Submission(NamedTuple):
    """The scenario that a run was made for, and whether it counts as a submission for it.

    `valid` is None where the export does not say. `reasons` are why it does not count: those in `metadata`, then those
    found at run time that are not among them (schema 1.5 has these once more, on their own).
    """

    scenario: str = ""
    valid: bool | None = None
    reasons: tuple[str, ...] = ()


def submission_of(document: Object) -> Submission:
    """The submission that an export of any version is, or is not."""
    metadata = _metadata(document)
    found = (*_texts(metadata.get("submission_invalid_reasons")), *runtime_reasons(document))
    scenario, valid = metadata.get("scenario"), metadata.get("submission_valid")
    reasons = tuple(dict.fromkeys(found))
    if type(valid) is not bool:
        valid = None
    # A reason decides, whatever else the file says.
    return Submission(scenario if type(scenario) is str else "", False if reasons else valid, reasons)


def runtime_reasons(document: Object) -> tuple[str, ...]:
    """Why a run does not count, as far as it was found at run time (schema 1.5)."""
    return _texts(document.get("runtime_submission_invalid_reasons"))


def dataset_of(document: Object) -> str:
    """The public data set of a run: `acme/traces`, with its subset and split where it has them; empty without one."""
    dataset = _metadata(document).get("dataset")
    if type(dataset) is not dict:
        return ""
    names = _texts([dataset.get(key) for key in ("hf_dataset_name", "loader", "source_type")])
    parts = _texts([dataset.get(key) for key in ("hf_subset", "hf_split")])
    return " ".join((*names[:1], *parts))


def _metadata(document: Object) -> Object:
    found = document.get("metadata")
    return found if type(found) is dict else {}


def _texts(value: Json) -> tuple[str, ...]:
    """The strings of a list, or the one string that stands for it."""
    given = value if type(value) is list else [value]
    return tuple(text for text in given if type(text) is str and text)
