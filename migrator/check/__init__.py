"""Consistency rules: whether an export contradicts itself, and whether AIPerf can have written it.

Rules are declared in `schema.py` (S), `metrics.py` and `numbers.py` (M), `run.py` (R) and `privacy.py` (P). The page of
a rule in the documentation is made from its declaration by [`migrator.check.pages`][].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from migrator.chain.steps import NEWEST
from migrator.check import metrics, numbers, privacy, run, schema  # noqa: F401 (declares the rules)
from migrator.check.rule import RULES, CheckRule, Finding, Severity, Subject, select
from migrator.identify import MIGRATABLE, Identity, identify, not_an_export
from migrator.jsonfile import Json, Object, Parsed, path_text

__all__ = ["RULES", "CheckRule", "Finding", "Severity", "check", "contradictions", "findings_in", "select"]


def check(
    parsed: Parsed | Json, identity: Identity | None = None, *, rules: Iterable[CheckRule] | None = None
) -> list[Finding]:
    """The findings in a main export, or one of GenAI-Perf, rule by rule, each rule's in document order.

    Args:
        parsed: the parsed file, or its document.
        identity: what [`identify`][migrator.identify.identify] says of it; identified if not given.
        rules: the rules to apply ([`select`][]); all if not given.

    Raises:
        NotAnExportError: another family of file, or a broken shape.
        UnknownVersionError: the label is not a version.
    """
    document = parsed.data if isinstance(parsed, Parsed) else parsed
    identity = identity or identify(document)
    if identity.family not in MIGRATABLE:
        raise not_an_export(identity.family)
    return findings_in(Subject.of(document, identity), rules or RULES.values())


def findings_in(subject: Subject, rules: Iterable[CheckRule]) -> list[Finding]:
    """As [`check`][], of a main export that has been prepared for the rules."""
    findings = [finding for rule in rules for finding in rule.findings(subject)]
    # A problem that another rule reports may violate the schema, too: the other rule says more.
    explained = {finding.place for finding in findings if finding.code != "S001"}
    return [finding for finding in findings if finding.code != "S001" or finding.place not in explained]


_OF_NUMBERS: Final = ("M001", "M002", "M003", "M004", "M011", "M013")
"""Rules on the numbers within one stats block."""


def contradictions(blocks: Mapping[str, Object]) -> dict[str, Finding]:
    """What is wrong with the numbers within stats blocks of a run, for each metric the first rule that does not hold.

    Args:
        blocks: today's name of a metric → its unit and statistics.
    """
    document = {**blocks, "schema_version": NEWEST}
    subject = Subject.of(document, identify(document, details=False))
    found: dict[str, Finding] = {}
    for rule in map(RULES.__getitem__, _OF_NUMBERS):
        for path, told, expected in rule.find(subject):
            found.setdefault(str(path[0]), Finding(rule.code, path_text(path), told, expected, rule.hint))
    return found
