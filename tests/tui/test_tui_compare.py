"""The comparison screen: the receipt as a table, filters, curves, and what it writes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, environment, export
from support.tui_driver import lines, play
from support.tui_page import drive, press, settled, text, told
from textual.pilot import Pilot
from textual.widgets import Input

from migrator.diff.policy import from_file
from migrator.errors import MigratorError, UnwritableError, UsageError
from migrator.render.comparison.runs import RunValue
from tui.app import MigrateApp
from tui.compare import CompareScreen
from tui.compare.dots import dots
from tui.compare.model import Question, compare_sides, form_of, rendered
from tui.compare.model import export as export_receipt
from tui.compare.table import KINDS, Filter, Table, details, items, shift_of, unwaivable
from tui.compare.waive import text_of, waive, waiver

BASE = tuple(str(EXPORTS / "lab" / f"base-{n}") for n in (1, 2, 3))
SLOW = tuple(str(EXPORTS / "lab" / f"slow20-{n}") for n in (1, 2, 3))
WORSE = Question(BASE, SLOW)
OLD, NEW = str(export("0.4.0/chat-streaming")), str(export("0.13.0/chat-streaming"))


@pytest.fixture(scope="module")
def receipt() -> Any:
    return compare_sides(WORSE)


def screen_of(question: Question = WORSE, *, read_only: bool = False) -> CompareScreen:
    return CompareScreen(question, read_only=read_only)


def opened(pilot: Pilot[None]) -> CompareScreen:
    assert isinstance(pilot.app.screen, CompareScreen)
    return pilot.app.screen


def app_of(pilot: Pilot[None]) -> Any:
    return pilot.app


# --- view models ---------------------------------------------------------------------------------------------


def test_every_part_of_a_receipt_has_a_line(receipt: Any) -> None:
    for found in (receipt, compare_sides(Question((OLD,), (NEW,), everything=True))):
        listed = items(found)
        alone = [one for item in listed if item.one_sided for one in item.one_sided.rows]
        assert sum(item.row is not None for item in listed) + len(alone) == len(found.rows)
        assert sum(item.setting is not None for item in listed) == len(found.changes)
        assert sum(item.finding is not None for item in listed) == len(found.findings)
        told = [item.one_sided.name for item in listed if item.one_sided]
        assert len(told) == len(set(told)) >= len({row.metric for row in alone})
        assert [kind for kind in KINDS if any(item.kind == kind for item in listed)] == list(
            dict.fromkeys(item.kind for item in listed)
        )


def test_the_gate_comes_first_and_the_worst_in_it(receipt: Any) -> None:
    first = items(receipt)[0]
    assert (first.kind, first.verdict) == ("gate", "regression")
    assert first.path == "request_latency.avg"
    assert (first.base, first.candidate, first.change) == ("284.1", "340.7", "+19.9%")


@pytest.mark.parametrize("below", [False, True])
def test_next_and_previous_meet_every_difference_once(receipt: Any, below: bool) -> None:
    listed = items(receipt)
    table = Table(listed, Filter(), below=below)
    place, seen = 0, []
    while (found := table.next(place, 1)) is not None:
        seen.append(table.items[found])
        place = found
    assert seen == [item for item in listed if item.differs]
    back = []
    while (found := table.next(place, -1)) is not None:
        back.append(table.items[found])
        place = found
    assert back == seen[-2::-1]


def test_filters(receipt: Any) -> None:
    listed = items(receipt)

    def names(**asked: str) -> set[str]:
        return {item.path for item in listed if Filter(**asked).holds(item)}

    assert names(kind="gate", verdict="regression", text="latency -p99") == {
        "request_latency.avg",
        "inter_token_latency.avg",
    }
    assert names(text="nothing-has-this") == set()
    assert names(text="-") == names()
    assert names(text="!latency") == {item.path for item in listed} - names(text="latency")
    table = Table(listed, Filter("gate"), below=False)
    assert table.shown + table.hidden == len(listed)
    assert str(Filter("gate", "regression", "x")) == 'In the gate, regression, "x"'


def test_below_each_other_both_sides_are_told_apart_without_colour(receipt: Any) -> None:
    table = Table(items(receipt), Filter("gate", text="request_latency.avg"), below=True)
    told = [(line.mark, line.cells[0].strip()) for line in table.lines[1:]]
    assert told == [("", "↓ request_latency.avg ms"), ("-", "284.1"), ("+", "340.7   +19.9%")]


def test_a_line_in_full(receipt: Any) -> None:
    first = items(receipt)[0]
    said = "\n".join(details(receipt, first, 40))
    assert "held to: margin 5%" in said
    assert "lower is better" in said
    assert "of 'not worse by more than the margin'" in said
    shift = shift_of(receipt, first)
    assert shift
    assert shift.metric == "request_latency"
    assert unwaivable(first) == ""
    assert "only a regression" in unwaivable(next(item for item in items(receipt) if item.kind == "rest"))


def test_each_run_is_a_dot_in_order_of_its_start(receipt: Any) -> None:
    lines = details(receipt, items(receipt)[0], 40)
    start = lines.index("each run, in the order of their start: ● base, □ candidate")
    drawn = lines[start + 1 :]
    assert len(drawn) == 5
    assert drawn[0].startswith("345.")
    assert [line.count("●") for line in drawn] == [0, 0, 0, 0, 3]
    assert sum(line.count("□") for line in drawn[:2]) == 3
    assert max(line.rfind("●") for line in drawn) < min(line.find("□") for line in drawn if "□" in line)


def test_where_the_dots_have_no_room_the_values_are_told(receipt: Any) -> None:
    said = details(receipt, items(receipt)[0], 8)
    assert said[-2] == "each run, in the order of their start:"
    assert re.fullmatch(r"(base [\d.]+, ){3}(candidate [\d.]+(, )?){3}", said[-1])


@pytest.mark.parametrize("values", [[2.0, 2.0, 2.0], [-1.7e308, 1.7e308, 0.0], [0.0, 5e-324, 0.0]])
def test_dots_of_any_numbers_are_drawn(values: list[float]) -> None:
    lines = dots([RunValue("base", value) for value in values], 40)
    assert len(lines) == 5
    assert sum(line.count("●") for line in lines) == 3


def test_findings_that_matter_stand_below_the_verdict() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        lines = text(app_of(pilot)).splitlines()
        verdict = next(place for place, line in enumerate(lines) if "✗ regression:" in line)
        assert any("! warns  order: all runs of the base" in line for line in lines[verdict + 1 : verdict + 3])

    drive(screen_of, steps, (80, 24))


def test_a_metric_of_one_side_is_one_line_with_its_values_in_full() -> None:
    found = compare_sides(Question((OLD,), (NEW,)))
    item = next(item for item in items(found) if item.path.startswith("http_req_sending"))
    assert (item.kind, item.remark, item.base) == ("only", "only in the candidate", "")
    assert sum("http_req_sending" in one.name for one in items(found)) == 1
    assert re.match(r"avg [\d.]+, p50 [\d.]+, p90 ", details(found, item, 40)[-1])


@pytest.mark.parametrize(
    "question",
    [
        WORSE,
        Question((OLD,), (NEW,), everything=True),
        Question((BASE[0],), (SLOW[0],)),
    ],
)
def test_the_command_line_gives_the_same_receipt(question: Question) -> None:
    words = question.words("--format", "json")
    done = subprocess.run(
        [sys.executable, "-m", "migrator", *words[1:]], env=environment(), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == json.loads(rendered(compare_sides(question), "json"))


def test_a_side_that_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    for path in (tmp_path / "bad.json", tmp_path / "gone.json"):
        with pytest.raises(MigratorError) as caught:
            compare_sides(Question((str(path),), (NEW,)))
        assert str(path) in str(caught.value)


def test_exports_in_each_format(receipt: Any, tmp_path: Path) -> None:
    for name, begins in (("a.md", "#"), ("a.HTML", "<!"), ("a.json", "{")):
        path = tmp_path / name
        export_receipt(receipt, str(path))
        assert path.read_text().lstrip().lower().startswith(begins)
        with pytest.raises(UnwritableError):
            export_receipt(receipt, str(path))
    assert form_of("x.txt") == ""
    with pytest.raises(UsageError, match="unknown format"):
        export_receipt(receipt, str(tmp_path / "x.txt"))


# --- waivers -------------------------------------------------------------------------------------------------

POLICY = """# gates of the team
[defaults]
margin = 5   # percent

[[rule]]
metric = "request_latency.avg"
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end\n"])
def test_a_waiver_is_added_and_nothing_else_changes(tmp_path: Path, newline: str, end: str) -> None:
    path = tmp_path / "policy.toml"
    before = (POLICY.rstrip() + end).replace("\n", newline).encode()
    path.write_bytes(before)
    found = waive(str(path), waiver("request_latency", "avg", ' accepted: "bigger\\model" ', "2030-01-31"))
    assert path.read_bytes().startswith(before)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(newline.encode())
    assert found == from_file(str(path)) or newline == "\r\n"
    assert [w.reason for w in from_file(str(path)).waivers] == ['accepted: "bigger\\model"']


@pytest.mark.parametrize("reason", ['"""', "\\", "\x7f\x00 é 🚀", "[[waiver]]\nmetric = 1", "' # no comment"])
def test_any_reason_is_read_back_as_it_was(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "new.toml"
    accepted = waiver("request_latency", "avg", reason, "")
    waive(str(path), accepted)
    waive(str(path), accepted)
    assert list(from_file(str(path)).waivers) == [accepted, accepted]


def test_what_is_no_waiver() -> None:
    with pytest.raises(UsageError, match="reason"):
        waiver("request_latency", "avg", "  ", "")
    for until in ("soon", "2026-13-01", "20261231"):
        with pytest.raises(UsageError, match="date"):
            waiver("request_latency", "avg", "x", until)


@pytest.mark.parametrize("text", ['waiver = [{metric = "a.avg", reason = "x"}]\n', "= no toml", "[unknown]\n"])
def test_a_file_that_nothing_can_be_added_to_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"policy\.toml"):
        waive(str(path), waiver("request_latency", "avg", "x", ""))
    assert path.read_text() == text


def test_a_name_that_a_policy_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="by hand"):
        waive(str(tmp_path / "p.toml"), waiver("request_latency", "odd", "x", ""))
    assert os.listdir(tmp_path) == []
    assert text_of(waiver("a", "p99", "x", "")).splitlines()[1] == 'metric = "a.p99"'


def test_a_linked_policy_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(POLICY)
    (tmp_path / "link.toml").symlink_to(tmp_path / "real.toml")
    with pytest.raises(UnwritableError, match="symbolic link"):
        waive(str(tmp_path / "link.toml"), waiver("request_latency", "avg", "x", ""))


# --- the screen ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(160, 45), (120, 40), (80, 24), (60, 20)])
def test_verdict_rows_and_curves_at_every_size(size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = opened(pilot)
        shown = text(app_of(pilot))
        assert "✗ regression: request_latency.avg is 19.9% higher" in shown
        assert screen.is_unified == (size[0] < 76)
        assert "340.7" in shown
        await press(pilot, "enter")
        assert "● base  □ candidate" in text(app_of(pilot))
        assert "p99" in text(app_of(pilot))
        await press(pilot, "escape", "U")
        assert screen.is_unified == (size[0] >= 76)
        assert "✗ regression" in text(app_of(pilot))

    drive(screen_of, steps, size)


def test_at_80_columns_each_row_of_the_gate_is_one_line_with_its_numbers_whole() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        rows = [line for line in lines(app_of(pilot)) if re.search(r"[↓↑] \S+\.(avg|p99)", line)]
        gate = [item for item in opened(pilot).items if item.kind == "gate"]
        assert len(gate) == 8
        for item, line in zip(gate, rows, strict=False):
            # Name with its statistic, both values, the change and the verdict.
            assert all(part in line for part in (item.path, item.base, item.candidate, item.change, item.remark)), line
        assert len(rows) >= 8

    drive(screen_of, steps, (80, 24))


def test_a_wide_screen_has_every_column_and_no_long_gap() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        row = next(line for line in lines(app_of(pilot)) if "inter_token_latency.avg" in line)
        left = row.partition("│")[0]
        assert "3 runs" in left
        assert "[+17.0, +21.6]" in left
        assert max(map(len, re.findall(r" +", left.strip()))) < 30

    drive(screen_of, steps, (200, 60))


def test_a_row_of_the_gate_is_never_dim(receipt: Any) -> None:
    """Not even one that passes: it is what the verdict rests on."""
    table = Table(items(receipt), Filter("gate"), below=False)
    assert [line.tone for line in table.lines if line.tone == "dim"] == []
    passing = [item for item in table.items if item and not item.differs]
    assert passing


def test_from_difference_to_difference() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = opened(pilot)
        assert screen.item
        assert screen.item.path == "request_latency.avg"
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert screen.item.path == "request_throughput.avg"
        await press(pilot, "left_square_bracket")
        assert screen.item.path == "inter_token_latency.avg"
        await press(pilot, "g", "left_square_bracket")
        assert "no more differences" in told(app_of(pilot))

    drive(screen_of, steps)


def test_filters_by_class_verdict_and_words() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = opened(pilot)
        await press(pilot, "f", "j", "enter")
        assert {item.kind for item in screen.table.items if item} == {"gate"}
        await press(pilot, "v", "j", "enter")
        assert {item.verdict for item in screen.table.items if item} == {"regression"}
        await press(pilot, "slash", *"-p99", "enter")
        assert not any("p99" in item.name for item in screen.table.items if item)
        assert "filter: In the gate, regression" in text(app_of(pilot))
        await press(pilot, "escape")
        assert screen.table.hidden == 0
        await press(pilot, "escape")
        assert pilot.app.screen is not screen

    drive(screen_of, steps)


def test_swapping_turns_the_verdict() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "x")
        assert "✓ improvement" in text(app_of(pilot))
        assert opened(pilot).command()[3] == SLOW[0]
        await press(pilot, "i")
        assert "--all" in opened(pilot).command()
        assert any(item.kind == "config" for item in opened(pilot).items)

    drive(screen_of, steps)


def test_exporting(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "e")
        box = pilot.app.screen.query_one("#path", Input)
        box.value = str(tmp_path / "x.txt")
        await settled(pilot)
        await press(pilot, "enter")
        assert pilot.app.screen.query_one("#path", Input) is box
        box.value = str(tmp_path / "x.html")
        await settled(pilot)
        await press(pilot, "enter")
        assert "written: " in told(app_of(pilot))

    drive(screen_of, steps)
    assert os.listdir(tmp_path) == ["x.html"]
    assert "request_latency" in (tmp_path / "x.html").read_text()


def test_waiving_changes_the_verdict_and_is_in_the_policy(tmp_path: Path) -> None:
    policy = tmp_path / "gates.toml"
    policy.write_text(POLICY)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "W", "enter")
        assert "a waiver needs a reason" in text(app_of(pilot))
        await press(pilot, *"known", "enter")
        assert "(waived)" in text(app_of(pilot))
        assert "✗ regression:" not in text(app_of(pilot))
        await press(pilot, "W")
        assert opened(pilot)

    drive(lambda: screen_of(Question(BASE, SLOW, str(policy))), steps)
    assert policy.read_text().startswith(POLICY)
    assert [w.reason for w in from_file(str(policy)).waivers] == ["known"]


def test_read_only_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        screen = opened(pilot)
        await press(pilot, "e", "W")
        assert pilot.app.screen is screen
        screen.action_export()
        screen.action_waive()
        await settled(pilot)
        assert pilot.app.screen is screen
        assert "read-only" in told(app_of(pilot))

    drive(lambda: screen_of(read_only=True), steps)
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_compared_is_a_message(tmp_path: Path) -> None:
    gone = tmp_path / "gone.json"

    async def steps(pilot: Pilot[None]) -> None:
        assert "gone.json: does not exist" in text(app_of(pilot))
        keys = ("W", "e", "y", "right_square_bracket", "f", "escape", "v", "escape", "U", "enter", "c", "escape")
        await press(pilot, *keys, "r", "x")
        assert opened(pilot)

    drive(lambda: screen_of(Question((str(gone),), (NEW,))), steps, size=(160, 40))


def test_a_bug_in_the_comparison_is_a_message_with_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("migrator.diff.sweep.choose.compare", broken)

    async def steps(pilot: Pilot[None]) -> None:
        shown = " ".join(text(app_of(pilot)).split())
        assert "internal error: ZeroDivisionError" in shown
        assert "profile_export_aiperf.json" in shown

    drive(lambda: screen_of(Question((OLD,), (NEW,))), steps, size=(200, 40))


def test_hostile_names_are_shown_and_obeyed_by_nobody(tmp_path: Path) -> None:
    document = json.loads(export("0.4.0/chat-streaming").read_text())
    document["input_config"]["[red]x[/] \x1b[2J"] = "\x1b]0;title\x07[/nonsense]"
    document["[b]\x1b[31m"] = {"unit": "[red]ms\x1b[0m", "avg": 1.0}
    path = tmp_path / "[red]run[b] \x1b[31m.json"
    path.write_text(json.dumps(document))

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "i", "slash", *"red", "enter")
        shown = text(app_of(pilot))
        assert "[red]x[/]" in shown
        assert "\x1b" not in shown
        await press(pilot, "right_square_bracket", "enter", "escape", "c", "escape", "y", "escape")

    drive(lambda: screen_of(Question((OLD,), (str(path),))), steps)


def test_copying_and_the_command() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "y", "p")
        assert pilot.app.clipboard == "request_latency.avg"
        await press(pilot, "y", "v")
        assert pilot.app.clipboard == "284.1 → 340.7"
        await press(pilot, "y", "r")
        assert pilot.app.clipboard.splitlines()[1].startswith("↓ request_latency.avg ms\t284.1\t340.7\t+19.9%")
        await press(pilot, "y", "m")
        assert pilot.app.clipboard == rendered(opened(pilot).receipt, "markdown")  # type: ignore[arg-type]
        await press(pilot, "c", "y")
        assert pilot.app.clipboard == shlex.join(WORSE.words())

    drive(screen_of, steps)


def test_marks_in_the_list_are_compared(tmp_path: Path) -> None:
    for name in ("base-1", "slow20-1"):
        shutil.copytree(EXPORTS / "lab" / name, tmp_path / name)

    async def scene(pilot: Pilot[None], app: MigrateApp) -> None:
        await press(pilot, "d")
        assert "mark a baseline" in told(app)
        await press(pilot, "g", "a", "G", "b", "d")
        assert [path.parent.name for path in map(Path, opened(pilot).question.base)] == ["base-1"]
        assert "request_latency" in text(app)

    play(scene, [tmp_path])
