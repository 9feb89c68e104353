"""Write the page on definitions that changed, and on what must be the same: `python docs/definitions.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from migrator.aiperf.definitions import CONDITIONS, Definition, definitions
from migrator.diff.defaults import DEFAULTS
from migrator.diff.setup import ASIDE, TOLD, name_of

PAGE = Path(__file__).parent / "definitions.md"

_INTRODUCTION = """\
# What makes numbers comparable

Generated from `migrator/data/definitions.json` and `migrator/diff/setup.py` by `make docs`; do not edit.

Two numbers can be compared if they are computed in the same way from the same work. AIPerf has changed both under tags
that stayed the same.

## Definitions that changed

Where a change lies between the releases that wrote two runs, and a run meets the condition, the rows of its metrics are
`incomparable`, or the older run is converted where its file allows that exactly. Where the files do not tell whether
the condition is met, a finding says so. A change of little weight is a note. Every run of both sides is looked at."""

_SEEN = {"runs": "runs", "sources": "sources"}

_LOOKED_AT = """\
### What was looked at

The sources of the thirteen published releases, 0.1.1 to 0.13.0, and of the nightly builds 0.11.0.dev20260724,
0.13.0.dev20261007 and 0.13.0.dev20261023. Each class and function in `aiperf/metrics` (36 of 0.1.1, 231 of the newest)
and each function that counts tokens was compared with that of the release before, without docstrings: 88 times one
differs in more than its headings. Most are the same formula in other words, or refuse a division by zero; registries,
stores and accumulators were looked at only for how they summarize values. Parsers and payloads were read
where a difference points to them. "Runs" marks what was seen in runs of both releases against one server, too.

Looked at and unchanged for answers of text: `time_to_first_token`, `request_latency`, `std` (divides by n in all),
units, and percentiles but for those of `inter_chunk_latency`."""

_SETUP = """\
## What must be the same

Everything in `models`, `endpoint` (`extra` included), data sets, phases, goals (`slos`), tokenizer, scenario,
`metadata.dataset`, and the number and names of the GPUs, as far as both sides tell; and the number of requests, where
that was chosen. Configurations are compared in the dialect of the newest release, so that neither the family nor the
release matters. A difference makes the sides incomparable, unless `--vary NAME` or `[allow] vary = ["NAME"]` in a
policy says that it is there on purpose. A name is one of those in reports (`concurrency`, `request-rate`, `gpus`), a
place (`endpoint.timeout`), or a part of the configuration (`endpoint`, `dataset`).

A difference in {told} is told, and does not block: repetitions differ in it on purpose.

These may differ:

| place | why |
|---|---|"""

_DEFAULTS = """\

A value that AIPerf takes where nothing is written is the same as nothing:

| place | value |
|---|---|"""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield ""
    yield "| since | metrics | before | since then | concerns | weight | seen in |"
    yield "|---|---|---|---|---|---|---|"
    for one in definitions():
        yield f"| {' | '.join(_cells(one))} |"
    yield ""
    yield _LOOKED_AT
    yield ""
    yield _SETUP.format(told=", ".join(name_of(place) for place in sorted(TOLD)))
    for aside in ASIDE:
        yield f"| `{aside.place}` | {aside.reason} |"
    yield _DEFAULTS
    for place, value in DEFAULTS.items():
        yield f"| `{place}` | `{value if type(value) is not bool else str(value).lower()}` |"


def _cells(one: Definition) -> Iterator[str]:
    yield one.since + (f" ({one.nightly})" if one.nightly else "")
    yield ", ".join(f"`{tag}`" for tag in one.tags)
    yield one.before
    yield one.after + (f"; converted: `{' / '.join(one.quotient)}`" if one.quotient else "")
    yield CONDITIONS[one.condition].words
    yield one.weight
    yield _SEEN[one.seen]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
