"""The history screen: metrics of each workload over its runs, their chart, and the runs of one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.made_history import night, nights
from support.process import EXPORTS, environment
from support.tui_driver import lines, messages, opened, play, press, settled, text
from textual.pilot import Pilot

from migrator.errors import UsageError
from tui.app import MigrateApp
from tui.common.workloads import Workloads, read_workloads
from tui.history.model import SIGNS, HistoryTable, RunTable, chart_of, event_words, legend
from tui.history.screen import HistoryScreen
from tui.run.screen import RunScreen

P = Pilot[None]


@pytest.fixture(scope="module")
def slower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty nights, of which the last ten are a fifth slower."""
    folder = tmp_path_factory.mktemp("nights")
    nights(folder, [1.0] * 20 + [1.2] * 10)
    return folder


def read(folder: Path, *names: str) -> Workloads:
    return read_workloads([str(folder)], names, lambda _: False)


def drawn(found: Workloads, size: tuple[int, int] = (78, 20), here: int | None = None) -> str:
    section = found.sections[0]
    chart = chart_of(section, section.series[0], here)
    return "\n".join("".join(piece.text for piece in line) for line in chart.lines(*size))


# --- view models ---------------------------------------------------------------------------------------------


def test_the_sections_are_those_of_the_command(slower: Path) -> None:
    from migrator.history.report import as_dict

    done = subprocess.run(
        [sys.executable, "-m", "migrator", "history", str(slower), "--json"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found = read(slower)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    for section in told:
        section.pop("schema", None)
    assert told == json.loads(json.dumps([as_dict(section) for section in found.sections]))


def test_a_change_is_told_and_marked(slower: Path) -> None:
    found = read(slower, "request_latency.avg")
    table = HistoryTable(found)
    assert "30 runs" in table.lines[0].cells[0]
    assert "worse at 21" in table.lines[1].cells[2]
    assert table.lines[1].tone == "bad"
    chart = drawn(found)
    below = chart.splitlines()[-2]
    assert below.strip() == "C"
    # The sign is where the runs become slower: two thirds of the way.
    first = chart.splitlines()[1].index("┤") + 1
    assert 0.6 < (below.index("C") - first) / (78 - first) < 0.72
    section = found.sections[0]
    assert legend(chart_of(section, section.series[0])) == "C change of level"
    assert any("run 21" in words and "worse" in words for words in event_words(section, section.series[0]))


def test_upgrades_definitions_and_failures_have_signs(tmp_path: Path) -> None:
    for number in range(4):
        night(tmp_path, number, base="0.11.0/chat-streaming")
    for number in range(4, 8):
        night(tmp_path, number, changes={"aiperf_version": "0.12.0"})
    night(tmp_path, 8, changes={"was_cancelled": True, "aiperf_version": "0.12.0"})
    found = read(tmp_path, "request_latency.avg")
    section = found.sections[0]
    runs = RunTable(section, section.series[0])
    assert [runs.line(place).mark for place in range(len(runs))] == ["", "", "", "", "U", "", "", "", "-"]
    assert runs.line(8).cells[2] == ""
    assert runs.next(0, 1) == 4
    assert runs.next(4, 1) == 8
    assert runs.next(8, -1) == 4
    assert set(drawn(found).splitlines()[-2].split()) == {"U", "-"}
    assert set(SIGNS) >= {"C", "U", "D", "x", "-"}


@pytest.mark.parametrize("size", [(24, 6), (40, 10), (78, 20), (150, 50)])
def test_a_chart_keeps_within_its_room_and_marks_the_run_of_the_cursor(slower: Path, size: tuple[int, int]) -> None:
    found = read(slower, "request_latency.avg")
    chart = drawn(found, size, 5)
    assert chart.count("◆") == 1
    assert len(chart.splitlines()) <= size[1]
    assert max(map(len, chart.splitlines())) <= size[0]


def test_a_name_that_is_no_metric_is_refused() -> None:
    with pytest.raises(UsageError, match="not a statistic"):
        read(EXPORTS / "lab", "nonsense")


# --- the screen ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (60, 16)])
def test_from_the_list_to_the_run_where_it_became_slower(slower: Path, size: tuple[int, int]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "H")
        screen = opened(pilot, HistoryScreen)
        shown = text(app)
        assert "30 runs of 1 workload; 7 changes of level, 7 for the worse" in shown
        assert list(screen.command()) == ["aiperf-migrate", "history", str(slower)]
        await press(pilot, "2")
        assert "●" in text(app)
        assert "C change of level" in text(app)
        await press(pilot, "1", "enter")
        assert "worse" in text(app)
        # The cursor is on the first run that is slower.
        assert screen.run_number == 20
        await press(pilot, "enter")
        assert opened(pilot, RunScreen).path.endswith("020/profile_export_aiperf.json")
        await press(pilot, "escape", "escape", "escape")
        assert not isinstance(app.screen, HistoryScreen)

    play(scene, [slower], size)


def test_from_change_to_change_and_other_metrics(slower: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "H")
        screen = opened(pilot, HistoryScreen)
        assert screen.shown
        assert screen.shown.series
        first = screen.shown.series.name
        await press(pilot, "right_square_bracket")
        assert screen.shown.series.name != first
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert "no more changes" in messages(app)
        await press(pilot, "M", *"nonsense", "enter")
        assert "not a statistic" in text(app)
        await press(pilot, *["backspace"] * 8, *"ttft.p50", "enter")
        assert "time_to_first_token.p50" in text(app)
        assert "request_latency.avg" not in text(app)
        assert "--metric ttft.p50" in " ".join(screen.command())

    play(scene, [slower])


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_shown(slower: Path, tmp_path: Path) -> None:
    for number in range(3):
        night(tmp_path, number)
    (tmp_path / "broken.json").write_text("{")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "H")
        opened(pilot, HistoryScreen)
        assert "3 runs of 1 workload" in text(app)
        assert "✗ 1 file not read" in text(app)
        assert "broken.json" in text(app)

    play(scene, [tmp_path])


def test_runs_without_a_start_are_placed_by_the_time_of_their_file(tmp_path: Path) -> None:
    for number in range(3):
        path = night(tmp_path, number)
        if number == 1:
            document = json.loads(path.read_bytes())
            document = {name: value for name, value in document.items() if name not in ("start_time", "end_time")}
            path.write_text(json.dumps(document))

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "H")
        screen = opened(pilot, HistoryScreen)
        assert "2 runs of 1 workload" in text(app)
        assert "left out: 1 run without the time of the start; o takes that of the file" in text(app)
        await press(pilot, "o")
        assert "3 runs of 1 workload" in text(app)
        assert "left out" not in text(app)
        assert screen.command()[:3] == ["aiperf-migrate", "history", "--file-times"]
        assert "placed by the time of their file" in messages(app)
        await press(pilot, "o")
        assert "2 runs of 1 workload" in text(app)
        assert "--file-times" not in screen.command()

    play(scene, [tmp_path], (80, 24), keymap={"history.file-times": "o"})


def test_an_empty_history_takes_every_key(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")

    async def scene(pilot: P, app: MigrateApp) -> None:
        app.push_screen(HistoryScreen([str(tmp_path)]))
        await settled(pilot)
        screen = opened(pilot, HistoryScreen)
        assert "no runs here" in text(app)
        keys = ("1", "2", "3", "enter", "right_square_bracket", "y", "M", "escape", "r", "c", "escape", "1")
        await press(pilot, *keys)
        assert app.screen is screen
        assert "Next" not in lines(app)[-1]

    play(scene, [tmp_path])
