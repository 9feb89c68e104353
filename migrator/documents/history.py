"""The shape of a workload's history, as `history --json` prints it."""

from __future__ import annotations

from typing import Final, get_args

from migrator.aiperf.directions import CLASSES
from migrator.diff.run import Kind
from migrator.documents.shapes import (
    ANY,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    array,
    by_name,
    nullable,
    one_of,
    thing,
    told,
)
from migrator.history.read import State
from migrator.history.series import Verdict as Change

_INDEX: Final = told(COUNT, "the index of a run in `runs`")
HISTORY: Final = thing(
    {
        "workload": TEXT,
        "setup": by_name(ANY),
        "runs": array(
            thing(
                {
                    "file": TEXT,
                    "start": nullable(TEXT),
                    "aiperf": TEXT,
                    "state": one_of(get_args(State)),
                    "evidence": told(
                        one_of(get_args(Kind)), "what stands for the run: itself, or a file about several"
                    ),
                    "runs": told(COUNT, "how many runs it is about"),
                    "start_of_file": told(FLAG, "the start is the time at which the file was last changed"),
                }
            ),
        ),
        "metrics": array(
            thing(
                {
                    "metric": TEXT,
                    "statistic": TEXT,
                    "unit": TEXT,
                    "better": one_of(CLASSES),
                    "values": array(nullable(NUMBER)),
                    "changes": array(
                        thing(
                            {
                                "first": _INDEX,
                                "before": NUMBER,
                                "after": NUMBER,
                                "percent": nullable(NUMBER),
                                "verdict": one_of(get_args(Change)),
                                "upgrade": TEXT,
                                "p_value": NUMBER,
                            }
                        )
                    ),
                    "definitions": array(
                        thing(
                            {
                                "first": _INDEX,
                                "since": TEXT,
                                "before": TEXT,
                                "after": TEXT,
                                "sure": FLAG,
                                "is_small": FLAG,
                                "levels": array(nullable(NUMBER)),
                            }
                        )
                    ),
                }
            )
        ),
        "upgrades": array(thing({"first": _INDEX, "before": TEXT, "after": TEXT})),
        "notes": TEXTS,
    }
)
