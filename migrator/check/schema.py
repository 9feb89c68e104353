"""S: the document and its label against the schema of its version."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.chain.steps import ENTRY, GENAI_PERF, NEWEST
from migrator.check.rule import Problem, Severity, Subject, rule
from migrator.identify import as_known
from migrator.schemas import violations


@rule(
    "S001",
    "does not fit the schema of its version",
    hint="compare with an untouched export of the same release",
    why=(
        "Every version has a schema: which fields there are and what type each has, as the AIPerf releases that write"
        " it declare them. A value of another type was not written by AIPerf, and readers may refuse the whole file"
        " for it. Unknown keys, nulls and missing fields are not violations."
    ),
    remedy=(
        "Look at the place named. Usually a script or an editor turned a number into text or cut something out:"
        " restore the value from the original file, or remove the field if it was added."
    ),
    example=("$.request_latency.avg", "is a string", "a number"),
)
def _violations(subject: Subject) -> Iterator[Problem]:
    # Of a newer minor version, what the newest known one says still holds; its label is another rule's.
    version = as_known(subject.identity).version
    # GenAI-Perf has no schema; its metrics are of the form that they have where its exports enter the line.
    for found in violations(ENTRY.newer if version == GENAI_PERF else version, subject.document, subject.sound):
        if not (subject.identity.newer and found.place == ("schema_version",)):
            yield Problem(found.place, found.message, found.expected)


@rule(
    "S002",
    "the label contradicts the content",
    hint="set schema_version to what the content is",
    why=(
        "`schema_version` says one version, but the document holds what only a newer one has. A reader that trusts"
        " the label overlooks those fields; AIPerf itself ignores or rejects them. Nothing is lost: this tool goes by"
        " the content."
    ),
    remedy=(
        "Find out who changed the label, or added fields without changing it. If the content is right, set"
        " `schema_version` to the version found; migrating the file does that as well."
    ),
    example=("$.schema_version", '"1.0", but run_info is there (since 1.2)', '"1.2"'),
)
def _mislabelled(subject: Subject) -> Iterator[Problem]:
    identity = subject.identity
    if identity.mislabelled:
        # After the line about the label comes what proves another version.
        reason = identity.evidence[1]
        yield Problem(("schema_version",), f'"{identity.label}", but {reason}', f'"{identity.version}"')


@rule(
    "S003",
    "the label is newer than known",
    severity=Severity.WARNING,
    hint="a newer aiperf-migrate may know it",
    why=(
        "A minor version adds fields and leaves the rest alone, so the other rules still apply and were checked, with"
        " the schema of the newest known version (S001). What the newer version added was not: `inspect` lists it. The"
        " file is only migrated with `--newer-minor as-known`. `check` does not fail for it."
    ),
    remedy="Upgrade aiperf-migrate. If there is no release yet that knows the version, report it to its maintainers.",
    example=("$.schema_version", '"1.99" is newer than this tool knows', "at most 1.5"),
)
def _newer(subject: Subject) -> Iterator[Problem]:
    if subject.identity.newer:
        found = f'"{subject.identity.label}" is newer than this tool knows'
        yield Problem(("schema_version",), found, f"at most {NEWEST}")
