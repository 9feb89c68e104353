"""The shape of every report that a command prints as JSON: an object a line."""

from __future__ import annotations

from typing import Final, get_args

from migrator.aiperf.releases import Dialect
from migrator.batch.request import Status
from migrator.chain.requests import Outcome
from migrator.check.rule import Severity
from migrator.diff.receipt import Verdict
from migrator.documents.history import HISTORY
from migrator.documents.shapes import (
    ANY,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    Shape,
    array,
    by_name,
    either,
    nullable,
    one_of,
    thing,
    told,
)
from migrator.identify import Family
from migrator.ledger import Loss, Op
from migrator.writing.outcome import Undone

_FAMILY: Final = one_of(family.value for family in Family)
_ERROR: Final = thing(
    {"kind": told(TEXT, "the class of the error"), "found": TEXT},
    {"file": TEXT, "place": TEXT, "expected": TEXT, "hint": TEXT},
)
_FAILED: Final = thing({"file": TEXT, "error": _ERROR})
"""The line of a file that could not be read."""
_SHARE: Final = {"runs": COUNT, "files": COUNT}

_ENTRY: Final = thing(
    {
        "step": TEXT,
        "op": one_of(op.value for op in Op),
        "path": told(TEXT, "the place before the change"),
        "loss": one_of(loss.value for loss in Loss),
    },
    {"to": told(TEXT, "the new place"), "before": ANY, "after": ANY, "note": TEXT},
)
_LEDGER: Final = thing(
    {"file": TEXT, "status": one_of(status.value for status in Status)},
    {
        "family": _FAMILY,
        "reason": TEXT,
        "from": TEXT,
        "to": TEXT,
        "for_aiperf": TEXT,
        "output": TEXT,
        "searched_for_secrets": told(FLAG, "false for a copy in which nobody looked for secrets"),
        "warnings": TEXTS,
        "error": _ERROR,
        "steps": TEXTS,
        "operations": by_name(COUNT, (op.value for op in Op)),
        "losses": by_name(COUNT, (loss.value for loss in Loss)),
        "ledger": array(_ENTRY),
    },
)

_OVER_RUNS: Final = thing({"unit": TEXT, "mean": NUMBER, "std": NUMBER, "runs": nullable(COUNT)})
_SEVERAL: Final = thing(
    {
        "cell": nullable(TEXT),
        "runs": COUNT,
        "failed_runs": COUNT,
        "aiperf_version": nullable(TEXT),
        "model": nullable(TEXT),
        "varied": told(by_name(ANY), "what a sweep varied: parameter → value"),
    },
    {
        "request_throughput.avg": _OVER_RUNS,
        "request_latency.avg": _OVER_RUNS,
        "request_latency.p99": _OVER_RUNS,
        "time_to_first_token.p99": _OVER_RUNS,
    },
)
_INSPECT: Final = either(
    thing(
        {"file": TEXT, "family": _FAMILY, "evidence": TEXTS, "secrets_in_clear": COUNT},
        {
            "version": TEXT,
            "versions": TEXTS,
            "label": nullable(TEXT),
            "dialect": nullable(one_of(get_args(Dialect))),
            "input_config": nullable(TEXT),
            "writer": nullable(TEXT),
            "writers": TEXTS,
            "migrated": nullable(FLAG),
            "from_source": nullable(FLAG),
            "newer_than_known": FLAG,
            "new_in_it": told(TEXTS, "the places that no known version has, of a newer version"),
            "rebuilt": FLAG,
            "metrics": COUNT,
            "benchmark_id": ANY,
            "start_time": ANY,
            "end_time": ANY,
            "was_cancelled": ANY,
            "scenario": nullable(TEXT),
            "submission_valid": nullable(FLAG),
            "submission_invalid_reasons": TEXTS,
            "dataset": nullable(TEXT),
            "request_count": ANY,
            "requests_succeeded": nullable(COUNT),
            "requests_failed": nullable(COUNT),
            "failures": array(by_name(ANY)),
            "request_latency_avg": ANY,
            "request_latency_unit": ANY,
            "gpus": COUNT,
            "non_finite_numbers": nullable(COUNT),
            "about": told(array(_SEVERAL), "of a file about several runs: the runs; of a sweep file an item a cell"),
        },
    ),
    _FAILED,
)
_SURVEY: Final = thing(
    {
        "files": COUNT,
        "bytes": COUNT,
        "exports": COUNT,
        "runs": COUNT,
        "outcomes": array(thing({"outcome": one_of(one.value for one in Outcome), "runs": COUNT})),
        "families": array(thing({"family": TEXT, "files": COUNT})),
        "versions": array(thing({"versions": TEXTS, **_SHARE})),
        "dialects": array(thing({"versions": TEXTS, **_SHARE}, {"dialect": TEXT})),
        "input_configs": array(thing({"input_config": TEXT, **_SHARE})),
        "releases": array(thing({"releases": TEXTS, **_SHARE}, {"in_the_file": FLAG})),
        "errors": array(thing({"kind": TEXT, "files": COUNT})),
        "prediction": thing(
            {
                "to": TEXT,
                "would_change": COUNT,
                "would_lose": COUNT,
                "not_migratable": COUNT,
                "losses": array(thing({"loss": TEXT, "place": TEXT, "values": COUNT, "files": COUNT})),
            }
        ),
    }
)

_SEVERITY: Final = one_of(severity.value for severity in Severity)
_CHECK: Final = either(
    thing(
        {
            "file": TEXT,
            "findings": array(
                thing(
                    {"code": TEXT, "severity": _SEVERITY, "place": TEXT, "found": TEXT},
                    {"expected": TEXT, "hint": TEXT},
                )
            ),
        }
    ),
    _FAILED,
)
_RULES: Final = thing({"code": TEXT, "severity": _SEVERITY, "title": TEXT, "why": TEXT, "remedy": TEXT})
_UNDO: Final = thing({"file": TEXT, "status": one_of(status.value for status in Undone)}, {"error": _ERROR})

_FINDING: Final = thing({"code": TEXT, "blocks": FLAG, "message": TEXT})
_FRONT: Final = thing(
    {
        "tool": TEXT,
        "name": TEXT,
        "factors": TEXTS,
        "found_by": TEXT,
        "findings": array(_FINDING),
        "cells": array(
            thing(
                {
                    "name": TEXT,
                    "factors": by_name(ANY),
                    "files": TEXTS,
                    "runs": COUNT,
                    "unfit": told(TEXT, "why it is not on the front; empty if nothing speaks against it"),
                    "findings": array(_FINDING),
                    "metrics": by_name(
                        thing(
                            {"unit": TEXT, "value": nullable(NUMBER), "low": nullable(NUMBER), "high": nullable(NUMBER)}
                        )
                    ),
                }
            )
        ),
        "fronts": array(
            thing(
                {
                    "group": by_name(ANY),
                    "x": TEXT,
                    "x_unit": TEXT,
                    "y": TEXT,
                    "y_unit": TEXT,
                    "points": array(thing({"cell": TEXT, "x": NUMBER, "y": NUMBER, "dominated": FLAG})),
                }
            )
        ),
        "capacities": array(
            thing(
                {
                    "group": by_name(ANY),
                    "goals": TEXTS,
                    "unit": TEXT,
                    "value": nullable(NUMBER),
                    "low": nullable(NUMBER),
                    "high": nullable(NUMBER),
                    "cell": nullable(TEXT),
                    "next": nullable(TEXT),
                    "next_value": nullable(NUMBER),
                    "sure": FLAG,
                    "states": array(
                        thing(
                            {
                                "cell": TEXT,
                                "state": TEXT,
                                "sure": FLAG,
                                "values": array(nullable(NUMBER)),
                                "note": TEXT,
                            }
                        )
                    ),
                }
            )
        ),
    }
)
_PLAN: Final = thing(
    {
        "metric": TEXT,
        "statistic": TEXT,
        "margin": told(NUMBER, "percent"),
        "spread": told(NUMBER, "percent, from run to run"),
        "rests_on": TEXT,
        "to_find": told(nullable(WHOLE), "runs a side; null: more than are planned for"),
        "to_pass": nullable(WHOLE),
        "within": told(FLAG, "the change is within the margin, so no number of runs finds it"),
    }
)
_VERDICT: Final = one_of(verdict.value for verdict in Verdict)
_PROOF: Final = either(
    thing(
        {
            "metric": TEXT,
            "statistic": TEXT,
            "injected": TEXT,
            "expected": array(_VERDICT),
            "got": _VERDICT,
            "holds": FLAG,
        }
    ),
    thing({"metric": TEXT, "statistic": TEXT, "not_proved": told(TEXT, "why")}),
)

_LACK: Final = thing({"path": TEXT, "required": FLAG, "found": TEXT, "absent": TEXT})
_CONTRACT: Final = either(thing({"file": TEXT, "reader": TEXT, "met": FLAG, "lacks": array(_LACK)}), _FAILED)
_CONTRACT_LIST: Final = thing(
    {"name": TEXT, "about": TEXT, "paths": array(thing({"path": TEXT, "required": FLAG, "type": TEXT}))}
)
_CONTRACT_VERSIONS: Final = thing({"releases": TEXTS, "versions": TEXTS, "met": FLAG, "lacks": array(_LACK)})

_VERSIONS: Final = thing(
    {"version": TEXT, "labelled": FLAG, "releases": TEXTS, "summary": TEXT, "reason": TEXT, "operations": TEXTS}
)
_RELEASES: Final = thing(
    {
        "release": TEXT,
        "version": TEXT,
        "labelled": FLAG,
        "dialect": one_of(get_args(Dialect)),
        "input_config": TEXT,
        "reads_exports": FLAG,
    }
)
_FIXTURES: Final = thing(
    {
        "name": TEXT,
        "version": TEXT,
        "label": nullable(TEXT),
        "recorded": told(FLAG, "false: made by this tool of another one"),
        "aiperf_version": nullable(TEXT),
        "input_config": nullable(TEXT),
        "telemetry": nullable(one_of(get_args(Dialect))),
        "nulls": told(COUNT, "keys at the top that are null"),
        "failed_requests": nullable(COUNT),
        "cancelled": nullable(FLAG),
    }
)
_SCHEMA_DIFF: Final = either(
    thing({"problem": told(TEXT, "what a schema should not do")}),
    thing(
        {
            "change": one_of(("added", "removed", "renamed", "moved", "retyped", "unit", "redefined")),
            "place": TEXT,
            "metric": told(FLAG, "whether the place is a metric of the run"),
            "breaks": array(one_of(("closed", "path", "statistics"))),
        },
        {"before": TEXT, "after": TEXT},
    ),
)
_CONFIG: Final = thing(
    {
        "setting": TEXT,
        "value": told(ANY, "null where it is not set"),
        "source": told(TEXT, "the file or variable that it is from; empty for the default"),
        "default": told(TEXT, "in words"),
        "about": TEXT,
    }
)
_GIT: Final = thing({"action": one_of(("install", "uninstall")), "global": FLAG, "changed": TEXTS})
_GIT_STATUS: Final = thing(
    {
        "in_effect": FLAG,
        "places": array(
            thing(
                {
                    "scope": one_of(("global", "this repository")),
                    "state": one_of(("none", "installed", "other")),
                    "config": nullable(TEXT),
                    "attributes": nullable(TEXT),
                    "textconv": nullable(TEXT),
                    "driver": nullable(TEXT),
                }
            )
        ),
    }
)

REPORTS: Final[dict[str, tuple[str, Shape]]] = {
    "ledger": ("what became of a file: upgrade, downgrade, convert and redact with --json or --ledger", _LEDGER),
    "inspect": ("a file as inspect --json describes it", _INSPECT),
    "survey": ("a tree as inspect --summary --json counts it", _SURVEY),
    "check": ("the findings in a file: check --json", _CHECK),
    "rules": ("a rule: check --rules --json", _RULES),
    "undo": ("an entry of a journal that was undone: undo --json", _UNDO),
    "history": ("the runs of a workload: history --json", HISTORY),
    "front": ("a sweep: front --json", _FRONT),
    "plan": ("the runs that a gate needs: diff --plan --json", _PLAN),
    "proof": ("an injected change: diff --prove --json", _PROOF),
    "contract": ("a file against a contract: contract check --json", _CONTRACT),
    "contract-list": ("a contract that comes with the tool: contract list --json", _CONTRACT_LIST),
    "contract-versions": ("releases against a contract: contract versions --json", _CONTRACT_VERSIONS),
    "versions": ("a schema version: versions --json", _VERSIONS),
    "releases": ("an AIPerf release: versions --releases --json", _RELEASES),
    "fixtures": ("an export for the tests of a parser: fixtures --json", _FIXTURES),
    "schema-diff": ("a change: schema diff --json and schema lint --json", _SCHEMA_DIFF),
    "config": ("a setting and where it is from: config --json", _CONFIG),
    "git": ("what git install and git uninstall changed, with --json", _GIT),
    "git-status": ("what git status --json tells", _GIT_STATUS),
}
"""Name → (what it is, the shape without its `schema` key)."""
