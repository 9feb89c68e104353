"""The top-level `metadata` of an export, and what 1.5 is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from support.real_documents import recorded

from migrator.aiperf.metadata import Submission, dataset_of, submission_of
from migrator.jsonfile import ABSENT
from migrator.ledger import Loss
from migrator.migration.migrate import migrate

RUNTIME = "runtime_submission_invalid_reasons"
OVERFLOW = "context_overflow_rate_exceeded"


def submission(valid: Any, *reasons: Any, scenario: str = "acme") -> dict[str, Any]:
    told = {"submission_invalid_reasons": list(reasons)} if reasons else {}
    return {"metadata": {"scenario": scenario, "submission_valid": valid, **told}}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({}, Submission()),
        ({"metadata": None}, Submission()),
        ({"metadata": [1]}, Submission()),
        (submission(True), Submission("acme", True)),
        (submission("yes", scenario=7), Submission()),
        (submission(False), Submission("acme", False)),
        (submission(False, "a", 5, "a"), Submission("acme", False, ("a",))),
        ({**submission(True), RUNTIME: []}, Submission("acme", True)),
        # A reason decides, wherever it stands.
        ({RUNTIME: ["b"]}, Submission("", False, ("b",))),
        ({**submission(True), RUNTIME: ["b"]}, Submission("acme", False, ("b",))),
        ({**submission(False, "a"), RUNTIME: ["b", "a"]}, Submission("acme", False, ("a", "b"))),
        ({RUNTIME: "b"}, Submission("", False, ("b",))),
        ({RUNTIME: 5}, Submission()),
    ],
)
def test_submissions(document: dict[str, Any], found: Submission) -> None:
    assert submission_of(document) == found


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (None, ""),
        ("acme", ""),
        ({"source_type": "public_dataset"}, "public_dataset"),
        ({"source_type": "public_dataset", "loader": "sharegpt"}, "sharegpt"),
        ({"loader": "x", "hf_dataset_name": "acme/traces", "hf_split": "train"}, "acme/traces train"),
        ({"hf_dataset_name": "acme/traces", "hf_split": None, "hf_subset": "small"}, "acme/traces small"),
    ],
)
def test_data_sets(dataset: Any, name: str) -> None:
    assert dataset_of({"metadata": {"dataset": dataset}}) == name


@pytest.mark.parametrize(
    ("told", "reasons"),
    [
        ({}, []),
        ({"metadata": {"dataset": {"loader": "sharegpt"}}}, []),
        (submission(True), []),
        # The command line told it, before the run: AIPerf writes an empty list beside it.
        (submission(False, "unsafe_override"), []),
        (submission(False, OVERFLOW), ABSENT),
        (submission(False, "unsafe_override", OVERFLOW), ABSENT),
        (submission(False), ABSENT),
    ],
)
def test_an_upgrade_to_1_5_claims_no_reason_against_the_file(told: dict[str, Any], reasons: Any) -> None:
    document = {**recorded("1.4")[1], **told}
    up = migrate(document, "1.5")
    assert up.document.get(RUNTIME, ABSENT) == reasons
    assert migrate(up.document, "1.4").document == document
    assert [entry.loss for entry in up.ledger if entry.path == (RUNTIME,)] == ([Loss.INFERRED] if reasons == [] else [])


def test_a_list_that_nothing_else_tells_is_a_loss_on_the_way_down() -> None:
    for told, loss in ((submission(True), Loss.DERIVABLE), (submission(False, OVERFLOW), Loss.LOST)):
        document = {**recorded("1.5")[0], **told, RUNTIME: []}
        down = migrate(document, "1.4")
        assert [entry.loss for entry in down.ledger if entry.path == (RUNTIME,)] == [loss]
