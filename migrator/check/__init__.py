"""Consistency rules: does an export say the same thing everywhere, and can AIPerf have written it?

Rules are declared in `schema.py` (S), `metrics.py` (M), `run.py` (R) and `privacy.py` (P). A rule's page in the
documentation is made from its declaration by [`migrator.check.pages`][].
"""

from __future__ import annotations

from collections.abc import Iterable

from migrator.check import metrics, privacy, run, schema  # noqa: F401 (declares the rules)
from migrator.check.rule import RULES, Finding, Rule, Severity, Subject, select
from migrator.errors import NotAnExportError
from migrator.identify import Family, Identity, identify
from migrator.jsonfile import Json, Parsed

__all__ = ["RULES", "Finding", "Rule", "Severity", "check", "select"]


def check(
    parsed: Parsed | Json, identity: Identity | None = None, *, rules: Iterable[Rule] | None = None
) -> list[Finding]:
    """What is wrong with a main export, rule by rule, each in document order.

    Args:
        parsed: the parsed file, or its document.
        identity: what [`identify`][migrator.identify.identify] says it is; found out if not given.
        rules: the rules to apply ([`select`][]); all if not given.

    Raises:
        NotAnExportError: another family of file, or a broken shape.
        UnknownVersionError: the label is no version.
    """
    document = parsed.data if isinstance(parsed, Parsed) else parsed
    identity = identity or identify(document)
    if identity.family is not Family.EXPORT:
        raise NotAnExportError(f"is not a main export but: {identity.family.value}", hint="it is left alone")
    subject = Subject.of(document, identity)
    findings = [finding for rule in rules or RULES.values() for finding in rule.findings(subject)]
    # What a rule of its own reports is a violation of the schema as well; the rule says it better.
    explained = {finding.place for finding in findings if finding.code != "S001"}
    return [finding for finding in findings if finding.code != "S001" or finding.place not in explained]
