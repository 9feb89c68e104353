"""What makes `check` fail: errors; not what could not be judged, nor what a reader should know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.process import export, run

CHAT = "0.13.0/chat-streaming"
NEW_MINOR = {"schema_version": "1.99"}
INVALID = {"metadata": {"scenario": "acme", "submission_valid": False}}


@pytest.mark.parametrize(
    ("changes", "code", "last"),
    [
        ([{}], 0, "1 export checked: nothing found"),
        ([NEW_MINOR], 0, "1 export checked: no error, 1 warning"),
        ([INVALID], 1, "1 export checked: 1 finding in 1"),
        ([{**NEW_MINOR, **INVALID}], 1, "1 export checked: 1 finding in 1, 1 warning"),
    ],
)
def test_a_warning_does_not_fail_a_check(tmp_path: Path, changes: list[dict[str, Any]], code: int, last: str) -> None:
    document = json.loads(export(CHAT).read_bytes())
    for number, change in enumerate(changes):
        (tmp_path / f"{number}.json").write_text(json.dumps({**document, **change}))
    done = run("check", *sorted(tmp_path.iterdir()))
    assert (done.code, done.lines[-1]) == (code, last)
    warned = [line for line in done.lines if line.endswith(" (warning)")]
    assert [line.split()[0] for line in warned] == ["S003"] * any("schema_version" in change for change in changes)
    as_json = run("check", *sorted(tmp_path.iterdir()), "--json")
    assert as_json.code == code
