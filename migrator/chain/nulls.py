"""The nulls that AIPerf 0.2.0 and 0.3.0 write for metrics that a run has not.

Their export model has a field for each metric below, and writes `null` where there is no value; other metrics are left
out, as all are by 0.1.1 and from 0.4.0 on. Readers of later files do not expect a null. Like the label, these nulls
depend on the version of a document alone, so no step changes them: they are taken out before the steps to a version
that has none, and put in after those to a version that has them.

Source: `JsonExportData` of AIPerf 0.2.0 and 0.3.0, and the files that both wrote.
"""

from __future__ import annotations

from typing import Final

from migrator.chain.operation import Context
from migrator.chain.places import FRONT, inserted
from migrator.jsonfile import Object
from migrator.ledger import Loss, Op

WRITTEN_AT: Final = frozenset({"0.2", "0.3"})
"""The versions whose documents have the nulls."""

NULLABLE: Final = (
    "request_throughput",
    "request_latency",
    "request_count",
    "time_to_first_token",
    "time_to_second_token",
    "inter_token_latency",
    "output_token_throughput",
    "output_token_throughput_per_user",
    "output_sequence_length",
    "input_sequence_length",
    "goodput",
    "good_request_count",
    "output_token_count",
    "reasoning_token_count",
    "min_request_timestamp",
    "max_response_timestamp",
    "inter_chunk_latency",
    "total_output_tokens",
    "total_reasoning_tokens",
    "benchmark_duration",
    "total_isl",
    "total_osl",
    "error_request_count",
    "error_isl",
    "total_error_isl",
)
"""The metrics that are null where a run has none of them, in the order in which they are written."""


def with_nulls(document: Object, context: Context) -> Object:
    """The document with a null for each metric of [`NULLABLE`][] that it has not, after the metric before it there."""
    places = zip(NULLABLE, (FRONT, *((tag,) for tag in NULLABLE)), strict=False)
    missing = [(tag, None, after) for tag, after in places if tag not in document]
    for tag, _, _ in missing:
        context.note(Op.ADD, (tag,), Loss.EXACT)
    return inserted(document, missing) if missing else document


def without_nulls(document: Object, context: Context) -> Object:
    """The document without nulls for metrics of [`NULLABLE`][]; other nulls stay."""
    found = [tag for tag in NULLABLE if tag in document and document[tag] is None]
    for tag in found:
        context.note(Op.DROP, (tag,), Loss.EXACT)
    return {key: value for key, value in document.items() if key not in found} if found else document
