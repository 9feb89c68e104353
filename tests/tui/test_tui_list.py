"""The list of files: any name as column, order and filter; saved filters, places, the first start, other programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.process import SECRET, export, run
from support.tui_driver import lines, messages, opened, play, press, settled, text
from textual.pilot import Pilot
from textual.widgets import Input

import tui.files.reading as reading
from migrator.batch.fields import FIELDS, field_of
from migrator.stores import store_of
from tui.app import MigrateApp
from tui.common import outside
from tui.common.dialogs import CommandDialog, HelpDialog
from tui.common.pick import Pick
from tui.compare import CompareScreen
from tui.files.columns import column, key_of
from tui.files.export import Export, found
from tui.files.filter import old_only, refusal_of
from tui.files.model import FileList
from tui.files.names import Names, known
from tui.files.places import Places
from tui.files.read_export import read
from tui.files.screen import LEGEND, FilesScreen
from tui.run.screen import RunScreen
from tui.session import Remembered

P = Pilot[None]
RUN = "0.13.0/chat-streaming"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Exports of four releases."""
    for name in ("0.1.1", "0.4.0", "0.9.0", "0.13.0"):
        target = tmp_path / "runs" / name / "profile_export_aiperf.json"
        target.parent.mkdir(parents=True)
        shutil.copy(export(f"{name}/chat-streaming"), target)
    (tmp_path / "runs" / "inputs.json").write_text('{"a": 1}')
    return tmp_path / "runs"


def files_of(app: MigrateApp) -> FilesScreen:
    screen = app.screen
    assert isinstance(screen, FilesScreen)
    return screen


def shown(app: MigrateApp) -> list[str]:
    return [row.export.relative.partition("/")[0] for row in files_of(app).files.rows if row.export]


def values(folder: Path, key: str) -> dict[str, float]:
    """Folder → the value of a statistic, as `table` has it."""
    done = run("table", folder, "--columns", f"file,{key}", "--format", "json")
    assert done.code == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(row["file"]).parent.name: next(value for name, value in row.items() if name != "file") for row in rows}


# --- any name ------------------------------------------------------------------------------------------------


def test_the_slowest_run_by_p99_of_ttft_is_three_keys(runs: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "s", "t", "enter")
        slow = values(runs, "time_to_first_token.p99")
        assert shown(app) == [*sorted(slow, key=lambda name: -slow[name]), "inputs.json"]
        assert files_of(app).grid.cursor == 0
        assert "ttft ms p99▾" in lines(app)[1]
        assert app.session.remembered.sort == "time_to_first_token.p99"
        await press(pilot, "o")
        assert shown(app) == [*sorted(slow, key=slow.__getitem__), "inputs.json"], "without a value is last both ways"

    play(scene, [runs], (160, 30), remembered=Remembered(others=True))


def test_any_place_is_a_column_an_order_and_a_filter_and_the_command_has_it(runs: Path) -> None:
    place = "input_config.phases.0.requests"

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "v", "n", *place, "enter", "escape")
        grid, files = files_of(app).grid, files_of(app).files
        at = [head.key for head in grid.columns].index(place)
        cells = {row.export.path: grid.source.line(y).cells[at] for y, row in enumerate(files.rows) if row.export}
        told = {path: cell for path, cell in cells.items() if cell}
        assert len(told) == 4, "old releases have it, too: in what they would be at the newest version"
        wanted = next(iter(told.values()))
        await press(pilot, "slash", *f"{place}={wanted}", "enter")
        assert len(shown(app)) == sum(cell == wanted for cell in told.values())
        await press(pilot, "c")
        words = opened(pilot, CommandDialog).text
        assert place in words.partition("--where")[0]
        assert f"--where={place}={wanted}" in words

    play(scene, [runs], (160, 30))


@pytest.mark.parametrize("key", [*FIELDS, "run_info.variation_values.*", "$.schema_version", "own.avg", "is:old"])
def test_every_name_of_where_is_a_column_that_orders_all_files(runs: Path, key: str) -> None:
    files = FileList()
    files.shows_others = True
    files.add(found([str(runs)]))
    files.columns = ("version", key_of(key))
    files.expect(files.asked())
    files.update([read(each.path, each.relative, files.asked()) for each in files.exports])
    for _ in range(2):
        files.sort_by(key_of(key))
        assert len(files.rows) == len(files.exports) == 5
        assert all(cell.isprintable() for y in range(5) for cell in files.line(y).cells)
    shown_ = column(key_of(key))
    assert shown_
    for export_ in files.exports:
        stored = field_of(key).values(_file(export_.path))
        assert bool(shown_.cell(export_).strip()) == bool(stored) or key in (
            "file",
            "release",
            "problems",
            "failed_requests",
        )


def _file(path: str) -> Any:
    from migrator.batch.file import File
    from migrator.batch.load import load

    loaded = load(path)
    return File(loaded.identity, loaded.parsed.data if loaded.parsed else None, path, path)


def test_versions_and_releases_have_their_own_order(runs: Path) -> None:
    files = FileList()
    files.add(found([str(runs)]))
    files.columns = ("version", "aiperf_version", "$.aiperf_version")
    files.update([read(each.path, each.relative, files.asked()) for each in files.exports])
    files.sort_by("aiperf_version")
    names = [row.export.relative.partition("/")[0] for row in files.rows if row.export]
    by_name = {export_.relative.partition("/")[0]: export_ for export_ in files.exports}
    told = [name for name in names if by_name[name].values.get("aiperf_version")]
    assert "0.9.0" in told
    assert "0.13.0" in told
    assert told == [name for name in ("0.1.1", "0.4.0", "0.9.0", "0.13.0") if name in told]


def test_a_key_waits_until_what_the_filter_asks_has_been_read(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without the value passes a negated test: what is acted on must not be decided before it is read."""
    from threading import Event

    go = Event()
    original = reading.read

    def slow(path: str, relative: str, keys: Any, **options: bool) -> Export:
        if "input_config.phases.0.requests" in keys:
            go.wait(60)
        return original(path, relative, keys, **options)

    monkeypatch.setattr(reading, "read", slow)

    async def scene(pilot: P, app: MigrateApp) -> None:
        files_of(app).filter_by("-input_config.phases.0.requests>0 is:export")
        for key in ("ctrl+a", "a"):
            await pilot.press(key)
            await pilot.pause(0.3)
        assert app.session.baseline == []
        assert "waiting" in text(app)
        go.set()
        await settled(pilot)
        assert app.session.baseline == []
        assert files_of(app).files.matching == 0

    play(scene, [runs])


def test_a_filter_for_problems_waits_for_the_checks(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    shutil.copytree(export("0.3.0/chat-goodput-key").parent, runs / "bad")
    go = Event()
    original = reading.check

    def slow(path: str) -> Any:
        go.wait(60)
        return original(path)

    async def scene(pilot: P, app: MigrateApp) -> None:
        monkeypatch.setattr(reading, "check", slow)
        (runs / "bad" / "profile_export_aiperf.json").touch()
        files_of(app).filter_by("is:bad")
        for key in ("r", "ctrl+a", "a"):
            await pilot.press(key)
            await pilot.pause(0.3)
        assert app.session.baseline == []
        go.set()
        await settled(pilot)
        assert [Path(path).parent.name for path in app.session.baseline] == ["bad"]

    play(scene, [runs])


# --- finding names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("", "request_latency.p99"),
        ("t", "time_to_first_token.p99"),
        ("ttft", "time_to_first_token.p99"),
        ("ttft.avg", "time_to_first_token.avg"),
        ("itl p50", "inter_token_latency.p50"),
        ("lat p90", "request_latency.p90"),
        ("conc", "concurrency"),
        ("TTFT.P99", "time_to_first_token.p99"),
        ("input_config.phases.0.conc", "input_config.phases.0.concurrency"),
    ],
)
def test_names_are_found_by_what_one_would_type(typed: str, first: str) -> None:
    assert Names(str(export(RUN))).search(typed)[0].key == first


@given(st.text(max_size=20))
def test_whatever_is_found_is_a_name(typed: str) -> None:
    for name in Names("").search(typed)[:20]:
        assert column(key_of(name.key)), name
    for completed in Names("").complete(typed)[:20]:
        assert completed.startswith(typed)
        assert len(completed) > len(typed)


def test_every_name_that_is_offered_can_be_asked() -> None:
    assert len({name.key for name in known()}) == len(known()) > 500
    assert all(field_of(name.key) for name in known())


def test_places_of_a_file_are_offered_step_by_step_and_without_secrets() -> None:
    names = Names(str(export("0.3.0/chat-goodput-key")))
    assert "input_config." in [name.key for name in names.search("input_config") if name.leads_on]
    below = names.search("input_config.endpoint.")
    assert "input_config.endpoint.api_key" in [name.key for name in below]
    assert SECRET not in repr(below)


def test_a_filter_is_completed_by_tab_and_names_values(runs: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *"-inputs ttft.p9")
        assert "tab: ttft.p99" in text(app)
        await press(pilot, "tab", *">0 model:mo")
        assert app.screen.query_one("#filter", Input).value == "-inputs ttft.p99>0 model:mo"
        await press(pilot, "tab")
        assert app.screen.query_one("#filter", Input).value == "-inputs ttft.p99>0 model:mock-model"
        await press(pilot, "enter")
        assert len(shown(app)) == 4
        assert "tab:" not in text(app)

    play(scene, [runs])


# --- saved filters, places -----------------------------------------------------------------------------------


def test_filters_are_saved_offered_and_removed(runs: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *"version<1.0", "ctrl+s", "escape", "slash", *"0.13", "enter", "escape")
        assert app.session.remembered.filters == ["version<1.0"]
        await press(pilot, "ctrl+r")
        assert opened(pilot, Pick)
        assert "version<1.0" in text(app)
        assert "used before" in text(app)
        await press(pilot, *"version", "enter")
        assert files_of(app).files.condition.text == "version<1.0"
        assert "inputs.json" not in shown(app)
        await press(pilot, "ctrl+r", *"version", "ctrl+d", "escape")
        assert app.session.remembered.filters == []
        await press(pilot, "ctrl+r", *"modle:x", "enter")
        assert "unknown name 'modle'" in text(app), "what is not understood is refused with a reason"
        assert isinstance(app.screen, Pick)

    play(scene, [runs])


def test_one_goes_to_a_folder_of_the_list_and_to_other_paths_and_back(runs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(export("0.4.0/chat-streaming").parent, other)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "p", *"0.9", "enter")
        row = files_of(app).files.rows[files_of(app).grid.cursor]
        assert row.export
        assert row.export.relative.startswith("0.9.0/")
        await press(pilot, "2", "p", *"0.4", "enter")
        row = files_of(app).files.rows[files_of(app).grid.cursor]
        assert row.export
        assert row.export.relative.startswith("0.4.0/"), "the folder of one export is one line"
        await press(pilot, "1", "ctrl+a", "slash", *"0.4", "enter", "p")
        app.screen.query_one(Input).value = str(other)
        await press(pilot, "enter")
        assert app.session.paths == [str(other)]
        assert "1 export" in lines(app)[0]
        assert files_of(app).files.condition.text == "", "a filter belongs to its place"
        assert not files_of(app).selection
        await press(pilot, "p", *"runs", "enter")
        assert app.session.paths == [str(runs)]
        assert files_of(app).files.condition.text == "0.4"
        await press(pilot, "p", *"/nowhere/at/all", "enter")
        assert "there is no such file or folder" in text(app)

    play(scene, [runs])


def test_recent_places_that_are_gone_are_not_offered(tmp_path: Path) -> None:
    places = Places({"a/": 2}, [[str(tmp_path / "gone")], [str(tmp_path)], ["memory://x/y"]])
    assert [each.text for each in places.search("")] == ["a/", str(tmp_path), "memory://x/y"]
    assert places.paths("a/") == []
    assert places.paths("memory://x/y") == ["memory://x/y"]


# --- stores --------------------------------------------------------------------------------------------------


def test_a_store_is_listed_looked_into_compared_and_migrated(runs: Path) -> None:
    store = store_of("memory://tui-list/a")
    for number, name in enumerate(("0.4.0", "0.13.0")):
        raw = (runs / name / "profile_export_aiperf.json").read_bytes()
        store.create(f"memory://tui-list/runs/{number}/profile_export_aiperf.json", raw)

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert "2 exports, 2 need migration" in lines(app)[0]
        await press(pilot, "g", "enter")
        assert opened(pilot, RunScreen).path == "memory://tui-list/runs/0/profile_export_aiperf.json"
        assert "mock-model" in text(app)
        await press(pilot, "escape", "a", "j", "b", "d")
        assert opened(pilot, CompareScreen).receipt is not None, text(app)
        await press(pilot, "escape", "X", "g", "m")
        assert "memory://tui-list/runs/0" in text(app)
        assert "1.0 → 1.5" in text(app)
        assert "whole way" in text(app)
        await press(pilot, "escape", "ctrl+e")
        assert "cannot be edited" in messages(app)

    play(scene, ["memory://tui-list/runs"])


# --- the first start, help -----------------------------------------------------------------------------------


def test_what_the_marks_mean_is_shown_once(runs: Path) -> None:
    remembered = Remembered()

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert all(line in text(app) for line in LEGEND)
        await press(pilot, "escape")
        assert LEGEND[0] not in text(app)
        await press(pilot, "question_mark")
        for mark in ("↑ needs migration", "! check found something", "dimmed"):
            assert mark in text(app)

    async def later(_: P, app: MigrateApp) -> None:
        assert LEGEND[0] not in text(app)

    play(scene, [runs], (80, 50), remembered=remembered, first=True)
    assert remembered.introduced
    play(later, [runs], (80, 24), remembered=remembered)


@pytest.mark.parametrize("keys", ["", "enter", "m", "ctrl+a m", "a j b d"])
def test_the_help_of_every_screen_begins_with_its_three_most_useful_keys(runs: Path, keys: str) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, *keys.split(), "question_mark")
        told = opened(pilot, HelpDialog).lines()
        assert told[0] == "most useful here"
        assert all(line.startswith("  ") and len(line.split()) > 1 for line in told[1:4]), told[:5]
        assert told[4] == ""
        assert told[0] in text(app)

    play(scene, [runs])


# --- other programs ------------------------------------------------------------------------------------------


@contextmanager
def _suspended() -> Any:
    yield


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """A program that notes what it is given, in place of the one that a variable names."""
    monkeypatch.setattr(MigrateApp, "suspend", lambda self: _suspended())
    for name in ("VISUAL", "EDITOR", "PAGER"):
        monkeypatch.delenv(name, raising=False)

    def planted(name: str, source: str) -> Path:
        noted, script = tmp_path / "noted", tmp_path / "program.py"
        script.write_text(f"import sys\nnoted = open({str(noted)!r}, 'w')\n{source}\n")
        monkeypatch.setenv(name, f"{sys.executable} {script}")
        return noted

    return planted


def test_the_editor_gets_the_file_and_a_change_is_seen(runs: Path, program: Callable[[str, str], Path]) -> None:
    noted = program("EDITOR", "noted.write(sys.argv[1]); open(sys.argv[1], 'w').write('{}')")

    async def scene(pilot: P, app: MigrateApp) -> None:
        assert "4 exports" in lines(app)[0]
        await press(pilot, "g", "ctrl+e")
        assert noted.read_text() == str(runs / "0.1.1" / "profile_export_aiperf.json")
        assert "3 exports" in lines(app)[0]

    play(scene, [runs])


def test_a_program_that_fails_is_told_and_what_it_wrote_is_seen(
    runs: Path, program: Callable[[str, str], Path]
) -> None:
    for name in ("EDITOR", "PAGER"):
        program(name, "[open(path, 'w').write('{}') for path in sys.argv[1:]]; sys.exit(3 + len(sys.argv))")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "vertical_line")
        assert "failed: exit status 4" in messages(app)
        await press(pilot, "ctrl+e")
        assert "failed: exit status 5" in messages(app)
        assert "3 exports" in lines(app)[0], "it was saved before"

    play(scene, [runs])


def test_a_file_that_is_gone_is_not_made_anew_by_the_editor(runs: Path, program: Callable[[str, str], Path]) -> None:
    noted = program("EDITOR", "noted.write('called')")

    async def scene(pilot: P, app: MigrateApp) -> None:
        shutil.rmtree(runs / "0.1.1")
        await press(pilot, "g", "ctrl+e")
        assert "does not exist" in messages(app)
        assert not noted.exists()

    play(scene, [runs])


def test_nothing_is_edited_with_read_only(runs: Path, program: Callable[[str, str], Path]) -> None:
    noted = program("EDITOR", "noted.write('called')")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "ctrl+e")
        assert "read-only: nothing is written" in messages(app)

    play(scene, [runs], read_only=True)
    assert not noted.exists()


def test_the_pager_gets_no_secret_and_no_control_character(tmp_path: Path, program: Callable[[str, str], Path]) -> None:
    document = json.loads(export("0.3.0/chat-goodput-key").read_bytes())
    document["note"] = "\x9b31m red"
    (tmp_path / "a.json").write_text(json.dumps(document, ensure_ascii=False))
    noted = program("PAGER", "noted.write(sys.stdin.read())")

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "vertical_line")
        seen = noted.read_text()
        assert "<redacted>" in seen
        assert SECRET not in seen
        assert all(line.isprintable() for line in seen.split("\n"))

    play(scene, [tmp_path / "a.json"])


def test_a_program_that_is_not_there_is_told(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrateApp, "suspend", lambda self: _suspended())
    monkeypatch.setenv("PAGER", os.path.join(os.sep, "nowhere", "pager"))

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "g", "vertical_line")
        assert "$PAGER cannot be started" in messages(app)

    play(scene, [runs])


def test_a_command_line_of_a_program_is_taken_apart_as_a_shell_does() -> None:
    assert outside.words({"EDITOR": "code --wait"}, ("VISUAL", "EDITOR"), "vi") == ["code", "--wait"]
    assert outside.words({"VISUAL": "nano", "EDITOR": "code"}, ("VISUAL", "EDITOR"), "vi") == ["nano"]
    assert outside.words({"VISUAL": ""}, ("VISUAL", "EDITOR"), "vi") == ["vi"]


def test_a_name_that_no_file_has_is_refused_as_a_column_with_what_may_be_meant(runs: Path) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        files = files_of(app).files
        for keys in (("s",), ("v", "n")):
            await press(pilot, *keys, *"tiem_to_first_token.p99", "enter")
            assert isinstance(app.screen, Pick), "it asks on"
            assert "time_to_first_token" in text(app)
            assert "no metric" in text(app)
            await press(pilot, "escape")
        await press(pilot, "escape")
        assert all(not each.is_own for each in files.shown_columns)
        assert not files.sort

    play(scene, [runs], (110, 30))


def test_a_remembered_column_that_no_file_has_any_more_is_told(runs: Path) -> None:
    async def scene(_: P, app: MigrateApp) -> None:
        assert "no file has gone.p99" in text(app)

    play(scene, [runs], (110, 30), remembered=Remembered(columns=["version", "gone.p99"]))


def test_a_filter_that_is_not_understood_is_not_taken(runs: Path) -> None:
    """What is on the screen then is what a part of the line let pass, and keys would act on that."""

    async def steps(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *'0.4 model:"llama', "enter")
        assert app.query("#filter"), "the line stays"
        shown = text(app).splitlines()
        assert any("not understood: column 11: unexpected" in line for line in shown), shown
        assert "of 5" not in text(app), "it lets nothing pass: it is no condition"
        await press(pilot, "ctrl+s", "escape")
        assert files_of(app).files.condition.text == ""
        assert not app.session.remembered.filters
        assert not app.session.remembered.recent_filters

    play(steps, [runs])


@pytest.mark.parametrize(
    ("text", "only_old"),
    [
        ("", "is:old"),
        ("lab 1.4", "lab 1.4 is:old"),
        ("lab or 1.4", "(lab or 1.4) is:old"),
        ("is:old or lab", "(is:old or lab) is:old"),
        ("not is:old", "(not is:old) is:old"),
        ("(a) or (b) is:old", "((a) or (b) is:old) is:old"),
        ('"two  blanks"', '("two  blanks") is:old'),
    ],
)
def test_only_old_files_whatever_the_filter_is(text: str, only_old: str) -> None:
    assert old_only(text) == only_old
    assert not refusal_of(only_old)
    assert old_only(only_old) == text
    assert old_only("is:old lab") == "lab"
