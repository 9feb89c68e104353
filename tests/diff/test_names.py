"""A former name of a metric is as good as today's, wherever a user writes one for a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.process import EXPORTS, NAME, run

from migrator.chain.names import current
from migrator.diff.noise import Spread, learn, load_profile
from migrator.diff.outcomes import COUNTED, SHARES
from migrator.diff.policy import ERRORS, GOODPUT, HEADLINE, from_options, from_text
from migrator.diff.receipt_parts import CURVES
from migrator.diff.sides import load_side

BASE, SLOW = EXPORTS / "lab" / "base-1" / NAME, EXPORTS / "lab" / "slow20-1" / NAME


def gated(*arguments: str) -> list[tuple[str, str]]:
    done = run("diff", BASE, SLOW, "--json", *arguments)
    assert done.code in (0, 1, 3), done.stderr
    return [(row["metric"], row["statistic"]) for row in json.loads(done.stdout)["rows"] if row["gate"] == "gate"]


def test_a_former_name_is_gated_and_ignored_like_todays(tmp_path: Path) -> None:
    assert gated("--fail-on", "ttft.p99:5") == [("time_to_first_token", "p99"), ERRORS]
    (tmp_path / "p.toml").write_text('[[rule]]\nmetric = "ttft.avg"\n[[rule]]\nmetric = "ttst.*"\ngate = "ignore"\n')
    assert gated("--policy", str(tmp_path / "p.toml")) == [("time_to_first_token", "avg"), ERRORS]


def test_old_and_new_files_are_held_to_one_rule() -> None:
    old, new = EXPORTS / "0.1.1" / "chat-streaming" / NAME, EXPORTS / "0.13.0" / "chat-streaming" / NAME
    for name in ("ttft", "time_to_first_token"):
        receipt = json.loads(run("diff", old, new, "--json", "--fail-on", f"{name}.p99:5").stdout)
        assert [row["metric"] for row in receipt["rows"] if row["gate"] == "gate"] == ["time_to_first_token", ERRORS[0]]


def test_what_diff_looks_at_by_itself_follows_a_rename() -> None:
    """`make next-version` renames one of these: then the default gate and the curves must have its new name."""
    spoken_of = [*(metric for metric, _ in (*HEADLINE, *GOODPUT, ERRORS)), *CURVES, *SHARES, *COUNTED]
    assert [tag for tag in spoken_of if current(tag) != tag] == []


def test_rules_and_waivers_have_todays_names() -> None:
    assert from_options(["ttft.p99:5"]) == from_options(["time_to_first_token.p99:5"])
    (waiver,) = from_text('[[waiver]]\nmetric = "ttft"\nreason = "known"\n', "p.toml").waivers
    assert (waiver.metric, waiver.statistic) == ("time_to_first_token", "avg")


def test_a_misspelt_former_name_has_a_near_one() -> None:
    done = run("diff", BASE, SLOW, "--fail-on", "tttf.p99:5")
    assert done.code == 2
    assert 'names "tttf.p99"' in done.complaints[0]
    assert "time_to_first_token" in done.complaints[0]


@pytest.mark.parametrize("both", [False, True])
def test_a_profile_with_former_names_still_holds(tmp_path: Path, both: bool) -> None:
    side = load_side([str(EXPORTS / "lab" / f"base-{number}" / NAME) for number in (1, 2, 3)])
    rows = json.loads(learn(side.runs).to_bytes("test"))
    metrics = rows["entries"][0]["rows"]
    expected = Spread(**metrics["time_to_first_token.avg"])
    metrics["ttft.avg"] = metrics["time_to_first_token.avg"] if not both else {**expected._asdict(), "sd": 9.0}
    if not both:
        del metrics["time_to_first_token.avg"]
    (tmp_path / "noise.json").write_text(json.dumps(rows))
    spreads = load_profile(str(tmp_path / "noise.json")).spreads(side.runs[0])
    assert spreads["time_to_first_token", "avg"] == expected
    assert ("ttft", "avg") not in spreads
