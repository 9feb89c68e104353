"""The screens of sweeps: two cell by cell, one alone, and their fronts as charts."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.aggregates import aggregate, documents, written
from support.process import EXPORTS, environment, run
from support.sweeps import failing, made, recorded, scale
from support.tui_driver import lines, messages, opened, play, press, settled, text
from textual.pilot import Pilot

from migrator.diff.receipt import to_json
from tui.app import MigrateApp
from tui.compare import CompareScreen, FrontScreen, Question, SweepScreen
from tui.compare.model import compare_sides, rendered
from tui.compare.sweep_table import CellTable, FrontTable, short_name, shown_front
from tui.run.screen import RunScreen

P = Pilot[None]


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two recorded sweeps; the second server is a fifth slower."""
    folder = tmp_path_factory.mktemp("sweeps")
    return recorded(folder, "base"), recorded(folder, "slow20")


@pytest.fixture(scope="module")
def receipt(sweeps: tuple[str, str]) -> Any:
    return compare_sides(Question((sweeps[0],), (sweeps[1],), goals=("time_to_first_token.p99<=170",)))


def compared(sweeps: tuple[str, str], steps: Any, size: tuple[int, int] = (120, 40)) -> None:
    """Compare two sweeps, and take some steps there."""

    async def scene(pilot: P, app: MigrateApp) -> None:
        app.push_screen(CompareScreen(Question((sweeps[0],), (sweeps[1],)), read_only=False))
        await settled(pilot)
        await steps(pilot, app)

    play(scene, [EXPORTS / "0.4.0"], size)


# --- view models ---------------------------------------------------------------------------------------------


def test_every_cell_has_a_line_with_its_verdict_and_the_means_stand_below(receipt: Any) -> None:
    table = CellTable(receipt.sweep, values=False)
    told = [line.cells[:2] for line in table.lines]
    assert told == [*((f"concurrency {n}", "✗ regression") for n in (1, 2, 4, 8)), ("mean of the cells", "")]
    heads = [column.title for column in table.columns]
    assert heads[2:4] == ["latency", "latency p99"]
    assert all(line.cells[2].startswith("+1") for line in table.lines)
    assert table.cells[-1] is None
    values = CellTable(receipt.sweep, values=True)
    assert len(values) == 4
    assert values.lines[0].cells[2] == "293.1 → 347.0"


def test_a_cell_of_one_side_is_told(sweeps: tuple[str, str], tmp_path: Path) -> None:
    short = made(tmp_path, "short", cells=(1, 2))
    found = compare_sides(Question((made(tmp_path, "base"),), (short,)))
    assert found.sweep
    said = {line.cells[0]: line.cells[1] for line in CellTable(found.sweep, values=False).lines}
    assert said["concurrency 8"] == "only in the base"


def test_both_fronts_are_drawn_apart_without_colour(receipt: Any) -> None:
    names = [cell.name for cell in receipt.sweep.cells]
    shown = shown_front(receipt.sweep.fronts[0], names, 3)
    drawn = "\n".join("".join(piece.text for piece in line) for line in shown.chart.lines(78, 20))
    assert shown.sides == ("base", "candidate")
    # The cell of the cursor has a mark of its own on both sides.
    assert drawn.count("◆") == 2
    assert drawn.count("●") + drawn.count("○") == drawn.count("□") + drawn.count("▫") == 3
    assert all(len(line) <= 78 for line in drawn.splitlines())
    assert [name for name in ("1", "2", "4", "8") if name in drawn] == ["1", "2", "4", "8"]
    assert shown.chart.lines(20, 20) == []
    assert short_name("concurrency 8, input length 512") == "8,512"


def test_a_cell_without_a_result_says_why_and_is_not_on_the_front(tmp_path: Path) -> None:
    from migrator.diff.sides import load_side
    from migrator.diff.sweep.single import one_sweep

    def broken(document: Any, concurrency: int, _: int) -> None:
        if concurrency == 8:
            failing(document, 40)

    table = FrontTable(one_sweep(load_side([made(tmp_path, "base", broken)])))
    assert [line.mark for line in table.lines][-1] == ""
    assert "120 of 240 requests failed" in table.lines[-1].cells[-1]
    assert table.lines[-1].tone == "warn"


# --- two sweeps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 16)])
def test_two_groups_that_are_sweeps_open_their_own_screen(sweeps: tuple[str, str], size: tuple[int, int]) -> None:
    """The screen of repeated runs would say that one group mixes several concurrencies."""

    async def steps(pilot: P, app: MigrateApp) -> None:
        opened(pilot, SweepScreen)
        shown = text(app)
        assert "✗ regression: in 4 of 4 cells" in shown
        assert "concurrency 8" in shown
        assert "mixed" not in shown
        await press(pilot, "2")
        drawn = text(app)
        assert "●" in drawn or "◆" in drawn
        assert "□" in drawn
        assert "concurrency 2      ✗" not in drawn
        await press(pilot, "3")
        assert "Mean of the cells" in text(app) or size[1] < 30
        await press(pilot, "escape")
        assert "concurrency 8" in text(app)
        await press(pilot, "escape")
        assert not isinstance(app.screen, SweepScreen)

    compared(sweeps, steps, size)


def test_marks_on_folders_of_sweeps_are_compared_cell_by_cell(sweeps: tuple[str, str]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "2", "home", "a", "left", "j", "b", "d")
        screen = opened(pilot, SweepScreen)
        assert screen.receipt
        assert len(screen.receipt.sweep.cells) == 4

    play(scene, [Path(sweeps[0]).parent])


def test_a_cell_is_opened_as_a_comparison_with_the_verdict_of_the_sweep(sweeps: tuple[str, str]) -> None:
    async def steps(pilot: P, app: MigrateApp) -> None:
        screen = opened(pilot, SweepScreen)
        await press(pilot, "j", "enter")
        cell = opened(pilot, CompareScreen)
        assert "concurrency 2" in lines(app)[0]
        assert cell.receipt
        assert screen.receipt
        assert cell.receipt.verdict == screen.receipt.sweep.cells[1].verdict
        # A cell alone would be corrected otherwise: it is not compared again, and offers no key that would.
        question = cell.question
        await press(pilot, "x", "i", "r", "e", "W")
        assert app.screen is cell
        assert cell.question is question
        assert "Export" not in lines(app)[-1]
        assert "Waive" not in lines(app)[-1]
        await press(pilot, "escape")
        assert app.screen is screen

    compared(sweeps, steps)


def test_goals_give_the_capacity_and_stand_in_the_command(sweeps: tuple[str, str]) -> None:
    async def steps(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "t", *"ttft", "enter")
        assert "cannot read --goal" in text(app)
        await press(pilot, *["backspace"] * 4, *"time_to_first_token.p99<=170", "enter")
        shown = text(app)
        assert "capacity   base" in shown
        assert "capacity   candidate" in shown
        screen = opened(pilot, SweepScreen)
        command = list(screen.command())
        done = subprocess.run(
            [sys.executable, "-m", "migrator", *command[1:], "--json"],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert screen.receipt
        assert json.loads(done.stdout) == json.loads(rendered(screen.receipt, "json"))

    compared(sweeps, steps)


def test_a_goal_that_no_run_has_is_a_message(sweeps: tuple[str, str]) -> None:
    async def steps(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "t", *"made_up.p99<=1", "enter")
        assert "✗" in text(app)
        assert "which no run has" in " ".join(text(app).split())
        await press(pilot, "v", "2", "p", "3", "escape", "y", "escape", "x", "r", "enter")

    compared(sweeps, steps)


def test_factors_are_asked_for(sweeps: tuple[str, str]) -> None:
    async def steps(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "B", *"concurrency", "enter")
        assert "told by --by" in text(app)
        assert "--by concurrency" in shlex.join(opened(pilot, SweepScreen).command())

    compared(sweeps, steps)


def test_values_swap_and_export(sweeps: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def steps(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "v")
        assert "293.1 → 347.0" in text(app)
        await press(pilot, "x")
        assert "✓ improvement" in text(app)
        await press(pilot, "e", "enter")
        assert "written: comparison.md" in messages(app)

    compared(sweeps, steps)
    assert "concurrency 8" in (tmp_path / "comparison.md").read_text()


def test_every_key_of_the_footer_does_something(sweeps: tuple[str, str]) -> None:
    async def steps(pilot: P, app: MigrateApp) -> None:
        screen = opened(pilot, SweepScreen)
        for key, word, action in list(screen.footer()):
            before = text(app)
            await screen.run_action(action)
            await settled(pilot)
            assert text(app) != before, (key, word)
            await press(pilot, "escape")
            if app.screen is not screen:
                break
            screen.action_panel("cells")
            await settled(pilot)

    compared(sweeps, steps)


# --- one sweep -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_front_of_one_sweep(sweeps: tuple[str, str], size: tuple[int, int]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "w")
        screen = opened(pilot, FrontScreen)
        shown = text(app)
        assert "4 cells of concurrency" in shown
        assert "concurrency 4" in shown
        assert list(screen.command()) == ["aiperf-migrate", "front", str(sweeps[0])]
        await press(pilot, "2")
        assert "better: up and to the right" in text(app)
        await press(pilot, "p")
        assert "better: up and to the left" in text(app)
        await press(pilot, "escape", "t", *"request_latency.avg<=300", "enter")
        assert "capacity" in text(app)
        assert "requests/sec" in text(app)
        await press(pilot, "enter", "enter")
        assert opened(pilot, RunScreen)

    play(scene, [sweeps[0]], size)


def test_what_is_no_sweep_says_so() -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "w")
        opened(pilot, FrontScreen)
        assert "do not differ in what a sweep varies" in " ".join(text(app).split())
        await press(pilot, "1", "2", "3", "p", "t", "escape", "B", "escape", "enter", "y", "escape", "r", "escape")
        assert app.screen is not None

    play(scene, [EXPORTS / "lab"])


def test_the_front_of_a_selection_is_of_these_runs(sweeps: tuple[str, str], tmp_path: Path) -> None:
    made(tmp_path, "other", lambda document, *_: scale(document, 2.0))
    recorded(tmp_path, "base")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *"base", "enter", "w")
        screen = opened(pilot, FrontScreen)
        assert screen.sweep
        assert {name for cell in screen.sweep.cells for name in cell.files} == set(screen.paths)
        assert all("/base/" in path for path in screen.paths)

    play(scene, [tmp_path])


# --- where the runs are gone ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def summed(tmp_path_factory: pytest.TempPathFactory, sweeps: tuple[str, str]) -> tuple[str, str]:
    """The aggregates of both sweeps, without their runs."""
    folder = tmp_path_factory.mktemp("sums")
    for name, side in zip(("base", "slow20"), sweeps, strict=True):
        for cell in (1, 2, 4, 8):
            varied = {"phases.profiling.concurrency": cell}
            written(folder / name / str(cell) / "aggregate.json", aggregate(documents(side, cell), variation=varied))
    return str(folder / "base"), str(folder / "slow20")


def test_aggregates_are_compared_cell_by_cell_as_diff_does(summed: tuple[str, str]) -> None:
    question = Question((summed[0],), (summed[1],))
    assert json.loads(to_json(compare_sides(question))) == json.loads(run("diff", *summed, "--json").raw)


def test_aggregates_can_be_marked_and_shown_as_a_front(summed: tuple[str, str]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await settled(pilot)
        await press(pilot, "e", "ctrl+a", "a")
        await settled(pilot)
        assert len(app.session.baseline) == 4
        await press(pilot, "w")
        await settled(pilot)
        assert isinstance(app.screen, FrontScreen)
        assert "concurrency 8" in text(app)

    play(scene, [summed[0]], (120, 40))
