"""The app as a user meets it: keys in, text on the screen out."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, SECRET, export, run
from support.tui_driver import lines, messages, opened, play, press, settled, text
from textual.pilot import Pilot
from textual.widgets import Input

from tui.app import MigrateApp
from tui.common.curve import curves
from tui.common.dialogs import CommandDialog, CopyDialog, HelpDialog
from tui.common.grid import Grid
from tui.common.keys import clashes, declared, read_keys
from tui.common.outline import Outline
from tui.common.plot import Plot
from tui.common.shell import Shell
from tui.common.themes import THEMES
from tui.compare import CompareScreen, FrontScreen, SweepScreen
from tui.files.columns_dialog import ColumnsDialog
from tui.files.screen import FilesScreen
from tui.history.screen import HistoryScreen
from tui.migrate import BatchScreen, MigrateScreen
from tui.run.screen import RunScreen
from tui.run.tabs import PANELS
from tui.session import Remembered, recall, remember

SCREENS = [FilesScreen, RunScreen, MigrateScreen, BatchScreen, CompareScreen, SweepScreen, FrontScreen, HistoryScreen]
P = Pilot[None]
RUN = "0.13.0/chat-streaming"


def copied(folder: Path, *names: str) -> Path:
    for name in names:
        target = folder / name / "profile_export_aiperf.json"
        target.parent.mkdir(parents=True)
        shutil.copy(export(name), target)
    return folder


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Three exports and one file of another family."""
    folder = copied(tmp_path / "runs", "0.1.1/chat-streaming", RUN, "0.3.0/chat-goodput-key")
    shutil.copy(export(RUN).parent / "inputs.json", folder / "inputs.json")
    return folder


def files_of(app: MigrateApp) -> FilesScreen:
    screen = app.screen
    assert isinstance(screen, FilesScreen)
    return screen


# --- files ---------------------------------------------------------------------------------------------------


def test_the_list_shows_every_file_and_what_needs_migration(few: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        shown = text(app)
        assert "3 exports, 3 need migration, 1 with problems, 1 other file" in shown
        for name in ("0.1.1/chat-streaming/", f"{RUN}/", "0.3.0/chat-goodput-key/", "inputs.json"):
            assert name in shown
        assert "0.1↑" in shown
        assert "0.3↑!" in shown

    play(scene, [few], (150, 30), remembered=Remembered(others=True))


def test_a_long_path_does_not_push_out_what_is_there(tmp_path: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        assert "runs: 1 export, 1 needs migration" in lines(app)[0]

    play(scene, [copied(tmp_path / ("deep" * 20) / "runs", RUN)], (80, 24))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (100, 90)], ids=str)
def test_the_help_writes_keys_as_they_are_typed_and_always_says_how_to_close_it(
    few: Path, size: tuple[int, int]
) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "question_mark")
        dialog = opened(pilot, HelpDialog)
        hint = "esc closes   tui.toml sets keys by these names"
        assert hint in text(app)
        told = dialog.lines()
        assert any(re.match(r"  > +sort by the next column", line) for line in told)
        assert any(re.match(r"  < +sort by the column before", line) for line in told)
        assert any(re.match(r"  \| +show the file in", line) for line in told)
        assert not [line for line in told if re.match(r"  \S*[a-z]_[a-z]\S*", line)]
        await press(pilot, *["j"] * 5)
        assert hint in text(app)

    play(scene, [few], size)


def test_a_header_without_room_keeps_the_path_and_the_counts_that_matter(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(EXPORTS / "0.13.0", folder)
    for number in range(3):
        (folder / f"other-{number}.json").write_text("{}")
        (folder / f"broken-{number}.json").write_text("{")

    async def scene(_: P, app: MigrateApp) -> None:
        told = lines(app)[0].strip()
        assert len(told) <= app.size.width - 2
        assert re.match(r"\S+: \d+ exports of \d+ runs, ", told)
        assert told.startswith(str(folder)[:4])
        assert "3 unreadable" in told
        counts = ("other files", "hidden (e)", "of GenAI-Perf", "with failures", "with problems", "migration")
        assert ("…," in told or told.count(", …")) == (not all(count in told for count in counts[:2])), told

    for width in (60, 80, 120, 200):
        play(scene, [folder], (width, 24))


def test_a_comparison_whose_paths_are_long_shows_both(tmp_path: Path) -> None:
    paths = [copied(tmp_path / ("deep" * 20) / side, RUN) for side in ("first", "second")]

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "a", "j", "b", "d")
        await settled(pilot)
        told = lines(app)[0]
        assert " compare " in told
        assert "first with " in told
        assert "second " in told

    play(scene, paths, (100, 24))


def test_filter_narrows_while_it_is_typed_and_escape_clears_it(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *"-chat")
        assert "inputs.json" in text(app)
        assert "0.1.1/chat-streaming" not in "\n".join(lines(app)[1:-3])
        await press(pilot, "enter")
        assert "filter '-chat': 1 of 4" in text(app)
        assert app.session.remembered.filter == "-chat"
        await press(pilot, "escape")
        assert files_of(app).files.condition.text == ""
        assert len(files_of(app).files) == 4
        await press(pilot, "slash", *"zzz", "escape")
        assert len(files_of(app).files) == 4
        await press(pilot, "slash", *"zzz", "enter")
        assert "nothing passes the filter" in text(app)

    play(scene, [few], remembered=Remembered(others=True))


def test_a_folder_on_a_side_is_its_runs_and_a_single_phase_is_meant(tmp_path: Path) -> None:
    """A warm-up in a group would be a run of its side: a comparison of a run with four requests."""
    shutil.copytree(export(RUN).parent, tmp_path / "runs" / "run")
    (tmp_path / "runs" / "run" / "phases" / "z.json").write_text("{}")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "2", "home", "a")
        assert [Path(path).parent.name for path in app.session.baseline] == ["run"]
        assert "left out: 2 phases of runs" in messages(app)
        warm_up = str(tmp_path / "runs" / "run" / "phases" / "warmup" / "profile_export_aiperf.json")
        files_of(app).grid.cursor = files_of(app).files.find(warm_up)
        await press(pilot, "b")
        assert [Path(path).parent.name for path in app.session.candidate] == ["warmup"]

    play(scene, [tmp_path / "runs"])


def test_a_filter_takes_any_condition_and_tells_what_is_wrong(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash")
        app.screen.query_one("#filter", Input).value = "input_config.phases.0.requests = 4 and concurrency > 3"
        await settled(pilot)
        await press(pilot, "enter")
        assert [row.export.relative.split("/")[0] for row in files_of(app).files.rows if row.export] == [
            "0.1.1",
            "0.13.0",
        ]
        await press(pilot, "slash")
        app.screen.query_one("#filter", Input).value = "modle:x"
        await press(pilot, "enter")
        assert "unknown name 'modle'; expected model" in text(app)

    play(scene, [few], remembered=Remembered(filter="modle:"))


def test_views_sorting_and_folding(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "3")
        assert "schema 0.1   1 file, 1 needs migration" in text(app)
        await press(pilot, "g", "enter")
        assert "▸ schema 0.1" in text(app)
        await press(pilot, "l")
        assert "▾ schema 0.1" in text(app)
        await press(pilot, "l", "h", "h")
        assert "▸ schema 0.1" in text(app)
        await press(pilot, "2")
        assert f"{RUN}/" in text(app), "the folder of one export is one line"
        assert "▾" not in text(app)
        await press(pilot, "1", "greater_than_sign", "greater_than_sign")
        assert files_of(app).files.sort == "version"
        assert "vers▴" in text(app)
        await press(pilot, "o")
        assert "vers▾" in text(app)
        await press(pilot, "less_than_sign", "less_than_sign")
        assert files_of(app).files.sort == ""
        remembered = app.session.remembered
        assert (remembered.view, remembered.sort, remembered.descending) == ("table", "", True)

    play(scene, [few])


def test_marks_are_shown_in_header_and_list_and_can_be_swapped(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "a", "j", "b")
        assert "A chat-streaming  B chat-streaming" in lines(app)[0]
        assert [Path(p).parent.parent.name for p in app.session.baseline] == ["0.1.1"]
        assert any(line.startswith("  A ") for line in lines(app))
        await press(pilot, "x")
        assert [Path(p).parent.parent.name for p in app.session.candidate] == ["0.1.1"]
        await press(pilot, "X", "g", "space", "space", "a")
        assert len(app.session.baseline) == 2
        assert "A 2 runs" in lines(app)[0]
        assert not files_of(app).selection

    play(scene, [few])


def test_what_is_no_export_is_not_marked(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "G", "a")
        assert app.session.baseline == []
        assert "only exports can be compared" in messages(app)

    play(scene, [few], remembered=Remembered(others=True))


def test_columns_can_be_chosen(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        assert "release" in lines(app)[1]
        await press(pilot, "v")
        assert isinstance(app.screen, ColumnsDialog)
        await press(pilot, "j", "space", "escape")
        assert "release" not in lines(app)[1]
        assert "release" not in app.session.remembered.columns

    play(scene, [few])


def test_a_statistic_becomes_a_column_and_is_read(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "v", "n")
        await press(pilot, *"ttft.p98", "enter")
        assert "ttft has no statistic 'p98'" in text(app)
        await press(pilot, "backspace", "9", "enter", "escape")
        assert "time_to_first_token.p99" in app.session.remembered.columns
        grid = files_of(app).grid
        place = [head.key for head in grid.columns].index("time_to_first_token.p99")
        told = {grid.source.line(y).cells[0]: grid.source.line(y).cells[place] for y in range(4)}
        assert told["inputs.json"] == ""
        assert all(float(told[name]) > 0 for name in ("0.1.1/chat-streaming/", f"{RUN}/"))

    play(scene, [few], remembered=Remembered(others=True))


def test_columns_to_the_right_are_reached_and_never_cut(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        head = lines(app)[1]
        assert head.rstrip().endswith("›")
        assert "model" not in head
        for _ in range(20):
            await press(pilot, "l")
        assert "date" in lines(app)[1]
        assert "‹" in lines(app)[1]
        for _ in range(20):
            await press(pilot, "h")
        assert lines(app)[1] == head

    play(scene, [few], (80, 24))


@pytest.mark.parametrize("width", [60, 87, 99, 100, 111, 123])
def test_no_head_is_cut_by_the_sign_for_more_columns(width: int, few: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        grid = files_of(app).grid
        head = lines(app)[1].split("  ")
        titles = [column.title for column in grid.columns]
        for title in filter(None, (part.strip(" ›") for part in head)):
            assert title in titles, lines(app)[1]

    play(scene, [few / "0.1.1"], (width, 20))


@pytest.mark.parametrize("width", [80, 110, 120, 133])
def test_no_number_is_cut_whatever_the_width(exports: Path, width: int) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        grid = files_of(app).grid
        titles = lines(app)[1]
        columns = [place for place, column in enumerate(grid.columns) if column.right and column.title in titles]
        assert columns
        for y in range(15):
            cells = grid.source.line(y).cells
            assert all(cells[place] in lines(app)[2 + y].split() for place in columns if cells[place])

    play(scene, [exports / "0.13.0"], (width, 24))


def test_only_new_and_changed_files_are_read_again(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tui.files.reading as reading

    asked: list[str] = []
    original = reading.read

    def read(path: str, relative: str, metrics: Any, **options: bool) -> Any:
        asked.append(relative)
        return original(path, relative, metrics, **options)

    monkeypatch.setattr(reading, "read", read)

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert len(asked) == len(set(asked)) == 4, "no file is read twice"
        asked.clear()
        copied(few, "0.4.0/chat-streaming")
        (few / "inputs.json").unlink()
        changed = few / "0.1.1/chat-streaming/profile_export_aiperf.json"
        changed.write_bytes(changed.read_bytes() + b"\n")
        await press(pilot, "r")
        assert sorted(asked) == [f"{v}/chat-streaming/profile_export_aiperf.json" for v in ("0.1.1", "0.4.0")]
        assert "inputs.json" not in text(app)
        assert "4 exports" in lines(app)[0]

    play(scene, [few])


def test_remembered_order_and_filter_hold_at_the_next_start(few: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        assert files_of(app).files.sort == "date"
        assert "filter 'chat': 3 of 4" in text(app)
        assert app.theme == "blue-orange"

    there = Remembered(theme="blue-orange", sort="date", filter="chat", view="nonsense", place=str(few))
    play(scene, [few], remembered=there)


def test_filter_and_marks_stay_with_the_folder_they_were_made_in(few: Path, tmp_path: Path) -> None:
    other = copied(tmp_path / "other", "0.4.0/chat-streaming")
    state = tmp_path / "tui.json"
    seen: list[tuple[str, int]] = []

    async def mark(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "a", "slash", *"chat", "enter", *["greater_than_sign"] * 2)
        remember(app.session.remembered, state)

    async def look(_: P, app: MigrateApp) -> None:
        assert files_of(app).files.sort == "version", "what is not about a folder stays"
        seen.append((files_of(app).files.condition.text, len(app.session.baseline)))
        remember(app.session.remembered, state)

    play(mark, [few])
    for folder in (other, few, few / "0.1.1", few):
        play(look, [folder], remembered=recall(state))
    assert seen == [("", 0), ("chat", 1), ("", 0), ("chat", 1)]


def test_marks_and_selection_of_files_that_are_gone_are_dropped(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "a", "space")
        shutil.rmtree(few / "0.1.1")
        await press(pilot, "r")
        assert app.session.baseline == []
        assert not files_of(app).selection
        assert "selected" not in text(app)

    play(scene, [few])


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        assert "no file here" in text(app)
        await press(pilot, "j", "k", "enter", "space", "a", "s", "2", "l", "3", "G")

    play(scene, [tmp_path])


def test_mouse_opens_sorts_and_selects(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        head = lines(app)[1]
        await pilot.click("#body", offset=(head.index("vers") + 1, 0))
        await settled(pilot)
        assert files_of(app).files.sort == "version"
        await pilot.click("#body", offset=(8, 2))
        assert files_of(app).grid.cursor == 1
        await pilot.click("#body", offset=(8, 2), times=2)
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)

    play(scene, [few])


# --- run -----------------------------------------------------------------------------------------------------


def test_a_run_is_shown_panel_by_panel(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "j", "enter")
        shown = text(app)
        assert "mock-model   chat   streaming   concurrency 4   40 requests" in shown
        assert "↓ Time to First Token" in shown
        await press(pilot, "j")
        assert "●" in text(app), "the curve is there"
        for key, panel in zip("123456", PANELS, strict=True):
            await press(pilot, key)
            assert f"[{key} {PANELS[panel]}]" in text(app)
        await press(pilot, "escape")
        assert "[1 Metrics]" in text(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, FilesScreen)

    play(scene, [few])


def test_the_path_of_what_the_cursor_is_on_is_told(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "j", "enter", "1")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        place = f"$.{screen.spots[0].tag}"
        assert place in text(app)
        await press(pilot, "enter")
        assert "[5 JSON]" in text(app)
        assert place in lines(app)[-2]
        await press(pilot, "3", "slash", *"mock-model", "enter")
        assert "$.input_config.models.items[0].name" in lines(app)[-2]
        await press(pilot, "slash", *"zzzz", "enter")
        assert "not found: 'zzzz'" in messages(app)

    play(scene, [few])


def test_search_finds_a_metric_and_goes_on(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter", "slash", *"token", "enter")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        first = screen.spots[screen.query_one("#table").cursor].tag  # type: ignore[attr-defined]
        await press(pilot, "n", "N")
        assert screen.spots[screen.query_one("#table").cursor].tag == first  # type: ignore[attr-defined]

    play(scene, [few])


def test_a_search_looks_once_and_not_in_the_thread_of_the_screen(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bool] = []
    search = Outline.search

    def noted(self: Outline, *given: Any) -> Any:
        looked.append(threading.current_thread() is threading.main_thread())
        return search(self, *given)

    monkeypatch.setattr(Outline, "search", noted)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "j", "enter", "5", "slash", *"avg", "enter")
        places = []
        for key in ("n", "n", "n", "N", "N"):
            places.append(lines(app)[-2])
            await press(pilot, key)
        assert places[1] == lines(app)[-2]
        assert len(set(places)) == 4
        assert looked == [False]
        await press(pilot, "slash", *"p50", "enter", "n")
        assert looked == [False, False]

    play(scene, [few])


@pytest.mark.parametrize(("panel", "sought"), [("1", "token"), ("5", "benchmark_id"), ("6", "0.")])
def test_a_search_waits_for_what_is_being_read(
    few: Path, monkeypatch: pytest.MonkeyPatch, panel: str, sought: str
) -> None:
    """ "Not found" would be false of lines that are not there yet."""
    import tui.run.screen as screens

    go_on = threading.Event()

    def later(read: Any) -> Any:
        return lambda *given: go_on.wait(60) and read(*given)

    monkeypatch.setattr(screens, "read_run", later(screens.read_run))
    monkeypatch.setattr(screens, "read_workloads", later(screens.read_workloads))

    async def scene(pilot: P, app: MigrateApp) -> None:
        try:
            await pilot.press("j", "enter", panel, "slash", *sought, "enter")
            await pilot.pause()
            assert "as soon as it has been read" in lines(app)[-2]
        finally:
            go_on.set()
        await settled(pilot)
        assert "not found" not in messages(app)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        assert screen.grid is not None
        assert screen.grid.line is not None
        assert "as soon as" not in text(app)
        assert sought in " ".join(screen.grid.line.cells).casefold()

    play(scene, [few])


def test_a_key_draws_one_curve(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tui.common.plot as plot

    drawn: list[Any] = []

    def counted(series: Any, *rest: Any) -> Any:
        drawn.append(series)
        return curves(series, *rest)

    monkeypatch.setattr(plot, "curves", counted)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "j", "enter")
        for _ in range(4):
            drawn.clear()
            await press(pilot, "j")
            assert len(drawn) == 1

    play(scene, [few], (200, 60))


@pytest.mark.parametrize("size", [(120, 40), (200, 50), (80, 34)])
def test_a_curve_that_is_drawn_over_another_looks_as_one_that_is_drawn_alone(few: Path, size: tuple[int, int]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "j", "enter")
        plot = app.screen.query_one(Plot)
        for _ in range(8):
            await press(pilot, "j")
            plot._styles_cache.clear()
            before = text(app)
            plot._drawn = None
            plot.refresh()
            await settled(pilot)
            assert text(app) == before

    play(scene, [few], size)


def test_warm_up_metrics_where_they_were_exported() -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter", "w")
        assert "metric of the warm-up" in text(app)
        assert "$.warmup_metrics." in lines(app)[-2]
        await press(pilot, "w")
        assert "warm-up" not in lines(app)[4]

    play(scene, [export("0.13.0.dev20261023/chat-streaming")])

    async def without(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter", "w")
        assert "no warm-up metrics" in messages(app)

    play(without, [export("0.1.1/chat-streaming")])


def test_a_file_that_vanished_is_told_and_the_app_goes_on(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        shutil.rmtree(few / "0.1.1")
        await press(pilot, "enter")
        assert "does not exist" in text(app)
        assert "profile_export_aiperf.json" in text(app)
        await press(pilot, "2", "5", "E", "c", "escape", "y", "escape", "escape")
        assert isinstance(app.screen, FilesScreen)

    play(scene, [few])


def test_a_worker_that_fails_is_a_message_with_the_files_name(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("tui.run.model.load", fail)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter")
        assert "ZeroDivisionError: oops" in text(app)
        assert "profile_export_aiperf.json" in text(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, FilesScreen)

    play(scene, [few])


def test_secrets_are_never_on_the_screen(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "G", "k", "enter")
        assert "chat-goodput-key" in lines(app)[0]
        for keys in ("1", "2", "3E", "5E"):
            await press(pilot, *keys)
            for _ in range(12):
                assert SECRET not in text(app)
                await press(pilot, "pagedown")
        await press(pilot, "3", "slash", *"api_key", "enter")
        assert "<redacted>" in text(app)

    play(scene, [few], remembered=Remembered(others=True))


def test_hostile_text_is_harmless_everywhere(tmp_path: Path) -> None:
    evil = "\x1b]0;evil\x07[bold red]x[/]\r\n\u202e[@click=app.exit]go"
    document = json.loads(export(RUN).read_bytes())
    document["input_config"]["models"]["items"][0]["name"] = evil
    document["aiperf_version"] = evil
    document["[red]tag[/]"] = {"unit": evil, "avg": 1.0, "p50": 1.0, "p99": 2.0}
    path = tmp_path / "[bold]x\x1b[31m.json"
    path.write_text(json.dumps(document))
    (tmp_path / "[nonsense].json").write_text("{")

    async def scene(pilot: P, app: MigrateApp) -> None:
        def harmless() -> None:
            assert all(line.isprintable() for line in lines(app))
            assert app.is_running

        harmless()
        assert "[bold]x\\x1b[31m.json" in text(app)
        await press(pilot, "j", "a")
        await press(pilot, "enter")
        for key in ("1", "G", "y", "escape", "2", "c", "escape", "3", "E", "4", "5", "E", "question_mark", "escape"):
            await press(pilot, key)
            harmless()
        await press(pilot, "5", "slash", *"[red]", "enter")
        harmless()

    play(scene, [tmp_path])


def test_the_app_is_what_its_screens_take_it_for(few: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        assert isinstance(app, Shell)

    play(scene, [few])


# --- everywhere ----------------------------------------------------------------------------------------------


def test_help_lists_every_key_of_the_screen(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        for screen in ("files", "run"):
            await press(pilot, "question_mark")
            dialog = app.screen
            assert isinstance(dialog, HelpDialog)
            told = "\n".join(dialog.lines())
            kind: Any = FilesScreen if screen == "files" else RunScreen
            for key in declared(kind, {}):
                assert key.does in told
                assert key.id in told
            await press(pilot, "escape", "enter")

    play(scene, [few])


@pytest.mark.parametrize("screen", SCREENS)
def test_footer_has_at_most_six_keys_and_every_key_an_id(screen: Any) -> None:
    bindings = [binding for owner in screen.__mro__ for binding in owner.__dict__.get("BINDINGS", ())]
    ours = [binding for binding in bindings if getattr(binding, "id", None)]
    assert sum(binding.show for binding in ours) <= 6
    assert all(binding.tooltip for binding in ours)
    assert all(len(binding.tooltip) < 38 for binding in ours), "help has a column of that width"
    assert clashes(declared(screen, {}), {}) == []


def test_the_command_of_the_list_has_its_filter_order_and_columns(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        copied(few, "0.4.0/chat-streaming")
        await press(pilot, "r", "v", "n", *"ttft.p99", "enter", "escape", "slash", *"chat-streaming", "enter")
        files_of(app).files.sort_by("time_to_first_token.avg")
        files_of(app).files.sort_by("time_to_first_token.avg")
        files_of(app).make_lines()
        shown = [row.export for row in files_of(app).files.rows if row.export]
        await press(pilot, "c")
        assert isinstance(app.screen, CommandDialog)
        words = shlex.split(app.screen.text)
        done = run(*words[1:])
        assert done.code == 0, done.stderr
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert [row["file"] for row in rows] == [export.path for export in shown]
        assert len(rows) == 3
        assert [row["from_version"] for row in rows] == [export.version for export in shown]
        column = next(name for name in rows[0] if name.startswith("time_to_first_token.p99"))
        numbers = [export.numbers["time_to_first_token.p99"] for export in shown]
        assert [float(row[column]) for row in rows] == pytest.approx(numbers)
        await press(pilot, "escape", "g", "space", "c")
        assert isinstance(app.screen, CommandDialog)
        assert shlex.split(app.screen.text)[-1] == shown[0].path

    play(scene, [few])


def test_the_command_of_the_whole_list_names_what_was_opened(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "c")
        assert isinstance(app.screen, CommandDialog)
        assert shlex.split(app.screen.text)[1] == "table"
        assert shlex.split(app.screen.text)[-1] == str(few)
        await press(pilot, "escape", "slash", *"inputs", "enter", "c")
        assert isinstance(app.screen, CommandDialog)
        assert shlex.split(app.screen.text) == ["aiperf-migrate", "inspect", "--where=inputs", str(few)]

    play(scene, [few])


@pytest.mark.parametrize(
    ("typed", "is_where"),
    [("-inputs concurrency>3", True), ("is:export", True), ("is:export -", False), ("-$.nothing=1", False)],
)
def test_the_command_of_a_filter_takes_what_is_shown(few: Path, typed: str, is_where: bool) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        files_of(app).files.condition.type(typed)
        files_of(app).read_what_is_asked()
        await settled(pilot)
        files_of(app).make_lines()
        shown = [row.export.path for row in files_of(app).files.rows if row.export and row.export.main]
        await press(pilot, "c")
        words = shlex.split(opened(pilot, CommandDialog).text)
        assert (f"--where={typed}" in words) is is_where
        done = run(*words[1:])
        assert shown
        assert [row["file"] for row in csv.DictReader(io.StringIO(done.stdout))] == shown

    play(scene, [few])


def test_phases_that_are_shown_are_in_the_command(tmp_path: Path) -> None:
    shutil.copytree(export("0.13.0/chat-streaming").parent, tmp_path / "run")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *"is:export", "enter", "c")
        words = shlex.split(opened(pilot, CommandDialog).text)
        assert len(run(*words[1:]).lines) == 4, "a head, a run and its two phases"

    play(scene, [tmp_path])


def test_the_command_of_the_screen_tells_the_same(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        for keys in (("c",), ("escape", "j", "enter", "c"), ("escape", "2", "c")):
            await press(pilot, *keys)
            dialog = app.screen
            assert isinstance(dialog, CommandDialog)
            words = shlex.split(dialog.text)
            assert words[0] == "aiperf-migrate"
            assert run(*words[1:]).code in (0, 1)

    play(scene, [few])


def test_copying_asks_what_and_hands_it_to_the_terminal(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "j", "y")
        assert isinstance(app.screen, CopyDialog)
        await press(pilot, "p")
        assert app.clipboard == str(few / RUN / "profile_export_aiperf.json")
        await press(pilot, "y", "r")
        assert app.clipboard.splitlines()[0].startswith("name\tvers")
        await press(pilot, "y", "t")
        assert len(app.clipboard.splitlines()) == 5
        assert "sent to the terminal's clipboard" in messages(app)
        monkeypatch.setenv("TERM_PROGRAM", "Apple_Terminal")
        await press(pilot, "y", "p")
        assert "not copied: Apple's Terminal" in messages(app)
        monkeypatch.delenv("TERM_PROGRAM")
        await press(pilot, "enter", "y", "v")
        assert app.clipboard.startswith("avg\t")
        await press(pilot, "3", "y", "v")
        assert json.loads(app.clipboard)

    play(scene, [few], remembered=Remembered(others=True))


def test_the_palette_has_every_action_named_by_its_noun(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert all(": " in title for title in commands)
        for key in declared(FilesScreen, {}):
            assert f"{key.room}: {key.does}" in commands
        await commands["files: group by version"].callback()  # type: ignore[misc]
        await settled(pilot)
        assert "schema 0.1" in text(app)

    play(scene, [few])


def test_themes_go_round_and_one_is_for_colour_blind_people(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        seen = [app.theme]
        for _ in THEMES:
            await press(pilot, "T")
            seen.append(app.theme)
        assert seen[0] == seen[-1]
        assert set(seen) == {theme.name for theme in THEMES} >= {"blue-orange"}
        assert app.session.remembered.theme == app.theme

    play(scene, [few])


def test_a_small_terminal_gets_a_page_that_says_so(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        assert "The terminal is 50×12." in text(app)
        assert "60×16" in text(app)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "0.1.1/chat-streaming/" in text(app)

    play(scene, [few], (50, 12))


def test_a_dialog_that_cannot_be_read_is_only_left(few: Path) -> None:
    before = sorted((path, path.read_bytes()) for path in few.rglob("*") if path.is_file())

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "ctrl+a", "m", "w")
        dialog = app.screen
        await pilot.resize_terminal(20, 5)
        await settled(pilot)
        await press(pilot, "tab", "space", "enter", "y", "i")
        assert app.screen is dialog, "nothing is written that cannot be seen"
        await press(pilot, "escape")
        assert app.screen is not dialog

    play(scene, [few])
    assert sorted((path, path.read_bytes()) for path in few.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize("keys", [(), ("enter",), ("m",), ("a", "j", "b", "d")])
def test_the_keyboard_works_when_the_terminal_is_large_again(few: Path, keys: tuple[str, ...]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", *keys)
        screen, focused = app.screen, app.screen.focused
        assert isinstance(focused, Grid)
        await pilot.resize_terminal(50, 15)
        await settled(pilot)
        assert "The terminal is 50×15." in text(app)
        await press(pilot, "escape", "space", "m", "w", "d")
        assert app.screen is screen, "nothing is done that cannot be seen"
        await pilot.resize_terminal(100, 30)
        await settled(pilot)
        assert screen.focused is focused
        await press(pilot, "g", "j")
        assert focused.cursor == min(1, len(focused.source) - 1)
        await pilot.resize_terminal(50, 15)
        await settled(pilot)
        await pilot.press("q")

    assert play(scene, [few]).return_code == 0


def test_the_footer_names_only_what_works_here(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        assert lines(app)[-1].rstrip().endswith("? Help"), "the help is named at any width"
        assert "m Migrat" not in lines(app)[-1], "no key is cut off"
        await press(pilot, "enter")
        assert "p Curve" in lines(app)[-1]
        assert "w Warm-up" not in lines(app)[-1], "0.1.1 exports no warm-up"
        await press(pilot, "5")
        assert "p Curve" not in lines(app)[-1]
        assert lines(app)[-1].rstrip().endswith("? Help")

    play(scene, [few], (60, 20))


def test_read_only_is_told(few: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        assert lines(app)[0].rstrip().endswith("read-only")

    play(scene, [few], read_only=True)


def test_keys_of_the_user_hold_and_clashes_are_told(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "3")
        assert files_of(app).files.view == "table"
        await press(pilot, "V")
        assert files_of(app).files.view == "versions"
        told = messages(app)
        assert "the key a is set for files.baseline and files.swap" in told
        assert "unknown name files.nonsense" in told

    play(scene, [few], keymap={"files.versions": "V", "files.swap": "a", "files.nonsense": "z"})


@pytest.mark.parametrize(
    ("keymap", "key"),
    [
        ({"files.swap": "a"}, "a"),
        ({"files.baseline": "x"}, "x"),
        ({"files.order": "T"}, "T"),
        ({"app.theme": "o"}, "o"),
        ({"files.order": "z", "files.baseline": "z"}, "z"),
        ({"files.baseline": "z", "app.theme": "z"}, "z"),
    ],
)
def test_of_two_bindings_with_one_key_the_one_works_that_is_told(
    few: Path, monkeypatch: pytest.MonkeyPatch, keymap: dict[str, str], key: str
) -> None:
    done: list[str] = []
    ids = {each.action: each.id for each in declared(FilesScreen, {})}

    def note(name: str) -> Any:
        return lambda _, *values: done.append(ids[f"{name}({values[0]!r})" if values else name])

    # All but the rescan, with which the list is read.
    for name in {action.partition("(")[0] for action in ids} - {"rescan"}:
        monkeypatch.setattr(FilesScreen, f"action_{name}", note(name))

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, key)
        assert done
        assert any(told.startswith(f"the key {key} is set for ") for told in messages(app).splitlines())
        assert any(told.endswith(f"; it does {done[0]}") for told in messages(app).splitlines()), messages(app)

    play(scene, [few], keymap=keymap)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, ""),
        ('[keys]\n"app.quit" = "q"\n', ""),
        ("[keys", "default keys"),
        ("keys = 3", "expected a table"),
        ('[keys]\n"app.quit" = 3', "expected a string"),
    ],
)
def test_the_users_file_of_keys(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "tui.toml"
    if content is not None:
        path.write_text(content)
    keys, wrong = read_keys(path)
    assert bool(wrong) == bool(told)
    assert told in "".join(wrong)
    assert keys == ({"app.quit": "q"} if content and '"q"' in content else {})


def test_vim_keys_move(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        grid = files_of(app).grid
        await press(pilot, "G")
        assert grid.cursor == 3
        await press(pilot, "g", "j", "j", "k")
        assert grid.cursor == 1
        await press(pilot, "pagedown", "pageup", "down", "up")
        assert grid.cursor == 0

    play(scene, [few], remembered=Remembered(others=True))


def test_q_leaves_but_not_out_of_the_filter(few: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", "q")
        assert app.is_running
        assert app.screen.query_one("#filter", Input).value == "q"
        await press(pilot, "escape")
        await pilot.press("q")

    assert play(scene, [few]).return_code == 0


def test_an_unreadable_folder_is_a_line(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
        expected = "leads back to itself"
    else:
        (tmp_path / "shut").mkdir(mode=0)
        expected = "cannot be read"

    async def scene(_: P, app: MigrateApp) -> None:
        assert expected in files_of(app).files.exports[0].error

    play(scene, [tmp_path])
