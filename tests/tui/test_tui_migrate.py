"""The migration screens: what they show, and that nothing is written but what the dialog said."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, SECRET, environment, export
from support.tui_driver import play
from support.tui_page import drive, opened, press, settled, text, told
from textual.pilot import Pilot
from textual.widgets import Input

from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute
from migrator.batch.request import Request, Status
from migrator.chain.steps import NEWEST, VERSIONS
from migrator.errors import MigratorError
from migrator.ledger import Loss
from migrator.migration.goal import Goal
from tui.app import MigrateApp
from tui.common.form import Form
from tui.files.screen import FilesScreen
from tui.migrate import BatchScreen, MigrateScreen, migration
from tui.migrate.batch import Outcome, line
from tui.migrate.journals import announce, carry_out
from tui.migrate.preview import WHOLE, change_row, ordered, preview, side_by_side, unified
from tui.migrate.target import targets
from tui.migrate.writing import Order, free_backup, sources

OLD = "0.4.0/chat-streaming"
NEW = "0.13.0/chat-streaming"


def copied(run: str, folder: Path, name: str = "run.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    target.write_bytes(export(run).read_bytes())
    return target


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- view models ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", VERSIONS)
def test_a_preview_is_the_ledger_of_the_migration(to: str) -> None:
    path = str(export(OLD))
    found = preview(path, to)
    done = execute(Source(path, "x", named=True), Request(Goal(to)))
    assert found.changed == bool(done.steps)
    if not found.changed:
        assert found.stages == ()
        assert found.badge == f"= is {to} already"
        return
    assert found.stages[0].name == WHOLE
    assert list(found.stages[0].entries) == list(done.ledger)
    assert [entry for stage in found.stages[1:] for entry in stage.entries] == list(done.ledger)
    assert [stage.name for stage in found.stages if "→" in stage.name] == list(done.steps)
    for one, other in zip(found.stages[1:], found.stages[2:], strict=False):
        assert one.after is other.before


def test_the_badge_tells_what_is_lost() -> None:
    down = preview(str(export(NEW)), "1.0")
    lost = down.losses.tally().lost
    assert lost
    assert down.badge == f"! {lost} values lost"
    assert "nothing lost" in preview(str(export(NEW)), "1.0", residue=True).badge
    assert preview(str(export(OLD)), NEWEST).badge == "✓ nothing lost, 7 inferred"


def test_the_stages_show_no_secret() -> None:
    found = preview(str(export("0.6.0/key")), NEWEST)
    shown = [stage for stage in found.stages if any(entry.loss is Loss.REDACTED for entry in stage.entries)]
    assert {stage.name for stage in shown} == {WHOLE, "secrets"}
    assert SECRET not in json.dumps([stage.before for stage in found.stages] + [stage.after for stage in found.stages])
    for stage in shown:
        for entry in stage.entries:
            assert SECRET not in str(side_by_side(stage, entry))
            assert SECRET not in str(change_row(entry))


def test_before_and_after_of_each_kind_of_change() -> None:
    found = preview(str(export(OLD)), NEWEST)
    by_name = {stage.name: stage for stage in found.stages}
    added = by_name["1.1 → 1.2"]
    lines = side_by_side(added, added.entries[1])
    assert [line.after for line in lines if line.mark == "+"][:2] == ['  "run_info":', '    "random_seed": 42']
    assert not any(line.mark == "-" for line in lines)
    renamed = by_name["1.3 → 1.4"]
    entry = next(entry for entry in renamed.entries if entry.to)
    lines = side_by_side(renamed, entry)
    assert any(str(entry.path[-1]) in (line.before or "") for line in lines if line.mark in "-~")
    assert any(entry.to and str(entry.to[-1]) in (line.after or "") for line in lines if line.mark in "+~")


def test_losses_stand_first_and_nothing_is_left_out() -> None:
    """Three losses among thirty changes are what one decides by."""
    whole = preview(str(export(OLD)), "0.2").stages[0]
    entries = ordered(whole)
    assert sorted(map(id, entries)) == sorted(map(id, whole.entries))
    lost = sum(entry.loss is Loss.LOST for entry in whole.entries)
    assert lost > 0
    assert [entry.loss is Loss.LOST for entry in entries] == [True] * lost + [False] * (len(entries) - lost)
    assert list(ordered(whole, Loss.LOST)) == list(entries[:lost])


def test_unified_has_the_same_lines() -> None:
    found = preview(str(export(NEW)), "0.3")
    for stage in found.stages:
        for entry in stage.entries[:20]:
            lines = side_by_side(stage, entry)
            below = unified(lines)
            assert [text for mark, text in below if mark in " -"] == [x.before for x in lines if x.before is not None]
            assert [text for mark, text in below if mark in " +"] == [x.after for x in lines if x.after is not None]


def test_every_version_is_a_target() -> None:
    assert [target.name for target in targets()][: len(VERSIONS)] == list(reversed(VERSIONS))
    assert dict(targets())["1.0"] == "AIPerf 0.4.0 to 0.7.0"
    assert dict(targets())["1.2"] == "no published release writes it"


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"schema_version": "9.9", "request_latency": {"unit": "ms"}}'])
def test_what_cannot_be_previewed_is_told_with_its_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(MigratorError) as caught:
        preview(str(path), NEWEST)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(MigratorError, match=r"gone\.json: does not exist"):
        preview(str(tmp_path / "gone.json"), NEWEST)


def run_line(command: str, folder: Path) -> None:
    for part in command.split("\n"):
        words = shlex.split(part)
        assert words[0] == "aiperf-migrate"
        subprocess.run(
            [sys.executable, "-m", "migrator", *words[1:]], cwd=folder, env=environment(), check=True,
            capture_output=True,
        )  # fmt: skip


@pytest.mark.parametrize("place", ["copy", "in place"])
@pytest.mark.parametrize("many", [False, True])
def test_the_command_line_does_what_the_order_does(tmp_path: Path, place: Any, many: bool) -> None:
    trees = []
    for name in ("by-order", "by-command"):
        folder = tmp_path / name
        paths = [copied(OLD, folder / "a"), *([copied(NEW, folder / "b c")] if many else [])]
        order = Order(
            tuple(map(str, paths)), "1.2", place, str(folder / "out" / ("" if many else "x.json")), True, many
        )
        if name == "by-order":
            for source in order.sources():
                assert execute(source, order.request()).error is None
        else:
            run_line(order.command(), folder)
        trees.append(tree(folder))
    assert trees[0].keys() == trees[1].keys()
    assert trees[0] == trees[1]
    assert len(trees[0]) > len(paths)


def test_equal_names_have_a_place_of_their_own(tmp_path: Path) -> None:
    paths = [str(copied(OLD, tmp_path / name)) for name in ("a", "b")]
    assert [source.relative for source in sources(paths)] == ["a/run.json", "b/run.json"]


def test_orders_that_cannot_be_carried_out(tmp_path: Path) -> None:
    path = str(copied(OLD, tmp_path))
    assert Order((path,), NEWEST, "copy", " ").problem() == "the copy needs a name"
    assert "exists already" in Order((path,), NEWEST, "copy", path).problem()
    assert "is a folder" in Order((path,), NEWEST, "copy", str(tmp_path)).problem()
    assert "is a file" in Order((path,), NEWEST, "copy", path, many=True).problem()
    assert Order((str(tmp_path),), NEWEST, "copy", str(tmp_path), many=True).problem() == "this folder is the input"
    assert Order((path,), NEWEST, "in place").problem() == ""


def test_the_backup_that_is_named_is_the_one_that_is_made(tmp_path: Path) -> None:
    path = copied(OLD, tmp_path)
    (tmp_path / "run.json.bak").write_text("older")
    name = free_backup(str(path))
    order = Order((str(path),), NEWEST, "in place")
    assert execute(next(order.sources()), order.request()).error is None
    assert Path(name).read_bytes() == export(OLD).read_bytes()


# --- one file ------------------------------------------------------------------------------------------------


def test_the_way_step_by_step() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, MigrateScreen)
        assert "✓ nothing lost, 7 inferred" in text(app_of(pilot))
        seen = []
        for _ in screen.stages:
            assert screen.stage
            seen.append(screen.stage.name)
            await press(pilot, "right_square_bracket")
        assert seen == [stage.name for stage in screen.stages]
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert screen.stage == screen.stages[-3]

    drive(lambda: MigrateScreen([export(OLD)], read_only=False), steps)


def app_of(pilot: Pilot[None]) -> Any:
    return pilot.app


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20)])
def test_before_and_after_fit_every_size(size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, MigrateScreen)
        assert screen.is_unified == (size[0] < 100)
        await press(pilot, "right_square_bracket", "right_square_bracket")
        assert '"run_info":' in text(app_of(pilot))
        was = screen.is_unified
        await press(pilot, "U")
        assert screen.is_unified != was
        await press(pilot, "2")
        assert "before" not in text(app_of(pilot))
        await press(pilot, "3")
        assert "what it does" not in text(app_of(pilot))
        assert '"random_seed": 42' in text(app_of(pilot))
        await press(pilot, "escape")
        assert "what it does" in text(app_of(pilot))
        await press(pilot, "escape")
        assert pilot.app.screen is not screen

    drive(lambda: MigrateScreen([export(OLD)], read_only=False), steps, size)


def test_one_class_of_changes() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = opened(pilot, MigrateScreen)
        every = len(screen.entries)
        await press(pilot, "f", "j", "enter")
        assert 0 < len(screen.entries) < every
        assert {entry.loss for entry in screen.entries} == {screen.only}
        first = screen.entries[0]
        await press(pilot, "2")
        assert change_row(first).place[:20] in text(pilot.app)  # type: ignore[arg-type]
        await press(pilot, "escape", "right_square_bracket", "f", "home", "enter")
        assert screen.only is None

    drive(lambda: migration([export(OLD)], read_only=True), steps)


def test_another_target() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, MigrateScreen)
        await press(pilot, "t", "end", "enter")
        assert screen.to == "0.2.0"
        assert screen.preview
        assert screen.preview.badge in text(app_of(pilot))
        assert screen.command()[:4] == ["aiperf-migrate", "convert", "--for-aiperf", "0.2.0"]
        await press(pilot, "e")
        assert "--residue" in screen.command()
        assert "saved in the residue" in text(app_of(pilot))

    drive(lambda: MigrateScreen([export(NEW)], read_only=False), steps)


def test_a_copy_is_written_where_the_dialog_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied(OLD, tmp_path)
    # Short names: where a long one is wrapped depends on the folder of the tests.
    monkeypatch.chdir(tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w")
        shown = text(app_of(pilot))
        assert "14,807 →" in shown
        assert f"run.{NEWEST}.json" in shown
        assert "none needed" in shown
        await press(pilot, "enter")
        assert "written: " in told(app_of(pilot))

    drive(lambda: MigrateScreen([Path("run.json")], read_only=False), steps)
    assert path.read_bytes() == export(OLD).read_bytes()
    assert sorted(os.listdir(tmp_path)) == [f"run.{NEWEST}.json", "run.json"]
    assert json.loads((tmp_path / f"run.{NEWEST}.json").read_text())["schema_version"] == NEWEST


def test_in_place_keeps_a_backup_that_the_dialog_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copied(OLD, tmp_path)
    monkeypatch.chdir(tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w", "tab", "space")
        assert "run.json.bak" in text(app_of(pilot))
        await press(pilot, "tab", "enter")

    drive(lambda: MigrateScreen([Path("run.json")], read_only=False), steps)
    assert (tmp_path / "run.json.bak").read_bytes() == export(OLD).read_bytes()
    assert json.loads(path.read_text())["schema_version"] == NEWEST


def test_enter_on_the_ticked_box_takes_the_form_as_it_is(tmp_path: Path) -> None:
    path = copied(OLD, tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w", "tab", "space", "enter")
        assert isinstance(pilot.app.screen, MigrateScreen)

    drive(lambda: MigrateScreen([path], read_only=False), steps)
    assert (tmp_path / "run.json.bak").read_bytes() == export(OLD).read_bytes()
    assert json.loads(path.read_text())["schema_version"] == NEWEST


@pytest.mark.parametrize("keys", [["m", "w", "enter", "escape"], ["m", "w", "tab", "space", "enter", "escape"]])
@pytest.mark.parametrize("many", [False, True])
def test_the_list_shows_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str], many: bool
) -> None:
    paths = [copied(OLD, tmp_path / name) for name in ("a", *(["b"] if many else []))]
    monkeypatch.chdir(tmp_path)

    async def scene(pilot: Pilot[None], app: MigrateApp) -> None:
        await press(pilot, *["space"] * len(paths), *keys)
        screen = opened(pilot, FilesScreen)
        written = {each.path: each.version for each in screen.files.exports if each.version == NEWEST}
        assert len(written) == len(paths)
        assert any(NEWEST in line for line in text(app).splitlines()[2:])

    play(scene, ["."])


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
def test_the_button_stays_in_view_however_many_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    for number in range(75):
        copied(OLD, tmp_path / "a-folder-with-a-long-name" / f"{number:02}")
    monkeypatch.chdir(tmp_path)

    async def scene(pilot: Pilot[None], app: MigrateApp) -> None:
        await press(pilot, "ctrl+a", "m", "i")
        shown = text(app)
        button = opened(pilot, Form).query_one("#take")
        assert button.region in app.screen.region
        assert app.screen.get_widget_at(*button.region.offset)[0] is button
        if size == (120, 40):
            assert "… (75 paths in all)" in shown

    play(scene, ["."], size)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize("to", ["1.5", "1.0", "0.1"])
def test_sizes_and_counts_are_whole_at_every_width(size: tuple[int, int], to: str) -> None:
    found = preview(str(export(OLD)), to)

    async def scene(pilot: Pilot[None]) -> None:
        screen = opened(pilot, MigrateScreen)
        screen.to = to
        await press(pilot, "r")
        told = " ".join("".join(line) for line in map(str.strip, text(app_of(pilot)).split("\n")[1:6]))
        if found.changed:
            assert f"{found.size:,} → {found.new_size:,} bytes" in told
            assert found.stages[0].counts in told
        assert found.badge in told

    drive(lambda: MigrateScreen([export(OLD)], read_only=False), scene, size)


def test_why_there_is_no_preview_is_said_beside_a_long_path(tmp_path: Path) -> None:
    path = tmp_path / ("deep" * 20) / "run.json"
    path.parent.mkdir()
    path.write_text("{")

    async def scene(pilot: Pilot[None]) -> None:
        told = text(app_of(pilot)).split("\n")
        assert told[0].rstrip().endswith("/run.json")
        assert "✗ not valid JSON" in told[1] or "✗ line 1" in told[1], told[1]

    drive(lambda: MigrateScreen([path], read_only=False), scene, (80, 24))


def test_the_dialog_names_long_paths_on_one_line_each(tmp_path: Path) -> None:
    path = copied(OLD, tmp_path / ("deep" * 20) / "runs")

    async def scene(pilot: Pilot[None]) -> None:
        await press(pilot, "w")
        told = text(app_of(pilot))
        for label, end in (("read", "/runs/run.json"), ("write", f"/runs/run.{NEWEST}.json")):
            (line,) = [each for each in told.split("\n") if f"│ {label}  " in each]
            assert line.rstrip(" │─▃▄▆▂▁▅▇").endswith(end), line
        rows = told.split("\n")
        bottom = next(index for index, row in enumerate(rows) if "╰" in row)
        assert "Write" in rows[bottom - 1]
        await press(pilot, "tab", "space")
        assert f"{tmp_path}"[:10] in text(app_of(pilot)).split("│ backup  ")[1]
        assert "run.json.bak" in text(app_of(pilot)).split("│ backup  ")[1].split("\n")[0]

    drive(lambda: MigrateScreen([path], read_only=False), scene, (80, 24))


def test_the_dialog_says_what_is_lost(tmp_path: Path) -> None:
    paths = [copied(NEW, tmp_path / name) for name in ("a", "b")]
    (tmp_path / "c.json").write_text("{")
    lost = preview(str(paths[0]), "1.0").losses.tally().lost
    assert lost

    async def one(pilot: Pilot[None]) -> None:
        screen = opened(pilot, MigrateScreen)
        screen.to = "1.0"
        await press(pilot, "r", "w")
        assert f"loses    ! {lost} values lost" in text(app_of(pilot))

    async def many(pilot: Pilot[None]) -> None:
        screen = opened(pilot, BatchScreen)
        screen.to = "1.0"
        await press(pilot, "r", "w")
        assert f"loses    ! {2 * lost} values lost in 2 files" in text(app_of(pilot))
        assert "fails    ✗ 1 file cannot be migrated" in text(app_of(pilot))

    async def none(pilot: Pilot[None]) -> None:
        await press(pilot, "w")
        assert "loses    ✓ nothing, 7 inferred" in text(app_of(pilot))

    drive(lambda: MigrateScreen([paths[0]], read_only=False), one)
    drive(lambda: BatchScreen([tmp_path], read_only=False), many)
    drive(lambda: MigrateScreen([export(OLD)], read_only=False), none)


def test_leaving_the_dialog_writes_nothing(tmp_path: Path) -> None:
    path = copied(OLD, tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w", "escape")
        assert isinstance(pilot.app.screen, MigrateScreen)

    drive(lambda: MigrateScreen([path], read_only=False), steps)
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_name_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied(OLD, tmp_path)
    monkeypatch.chdir(tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w")
        opened(pilot, Form).query_one("#destination", Input).value = "run.json"
        await settled(pilot)
        assert "run.json exists already" in text(app_of(pilot))
        await press(pilot, "enter")
        assert opened(pilot, Form)

    drive(lambda: MigrateScreen([Path("run.json")], read_only=False), steps)
    assert tree(tmp_path) == {"run.json": export(OLD).read_bytes()}


@pytest.mark.parametrize("one", [True, False])
def test_read_only_writes_nothing(tmp_path: Path, one: bool) -> None:
    path = copied(OLD, tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        before = pilot.app.screen
        await press(pilot, "w")
        assert pilot.app.screen is before
        before.action_write()  # type: ignore[attr-defined]
        await settled(pilot)
        assert pilot.app.screen is before
        assert "read-only" in told(app_of(pilot))
        assert "w Write" not in text(app_of(pilot)), "the footer offers what can be done"

    drive(lambda: migration([path if one else tmp_path], read_only=True), steps)
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = copied(OLD, tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w")
        path.write_bytes(export(NEW).read_bytes())
        await press(pilot, "enter")
        assert "run.json: has changed since it was read" in told(app_of(pilot))

    drive(lambda: MigrateScreen([path], read_only=False), steps)
    assert tree(tmp_path) == {"run.json": export(NEW).read_bytes()}


def test_a_file_that_vanishes_is_a_message(tmp_path: Path) -> None:
    path = copied(OLD, tmp_path)

    async def steps(pilot: Pilot[None]) -> None:
        path.unlink()
        await press(pilot, "r")
        assert "does not exist" in text(app_of(pilot))
        await press(pilot, "w", "y", "escape", "c", "escape", "right_square_bracket", "U")
        assert isinstance(pilot.app.screen, MigrateScreen)

    drive(lambda: MigrateScreen([path], read_only=False), steps)


def test_a_bug_in_the_chain_is_a_message_with_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("tui.migrate.preview.migrate", broken)

    async def steps(pilot: Pilot[None]) -> None:
        assert "internal error: ZeroDivisionError" in text(app_of(pilot))
        assert "profile_export_aiperf.json" in text(app_of(pilot))

    drive(lambda: MigrateScreen([export(OLD)], read_only=False), steps, size=(200, 40))


def test_hostile_names_are_shown_and_obeyed_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads(export(OLD).read_text())
    document["[red]x[/] \x1b[2J"] = {"[b": "\x1b]0;title\x07[/nonsense]"}
    path = tmp_path / "[red]run[b] \x1b[31m.json"
    path.write_text(json.dumps(document))

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "tab", "end")
        shown = text(app_of(pilot))
        assert "[red]x[/] \\u001b[2J" in shown
        assert "\x1b" not in shown
        await press(pilot, "w")
        assert "[red]run[b] \\x1b[31m" in text(app_of(pilot))
        await press(pilot, "escape", "c", "escape", "y", "escape")

    drive(lambda: MigrateScreen([Path(path.name)], read_only=False), steps)


def test_copying_and_the_command() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, MigrateScreen)
        await press(pilot, "right_square_bracket", "right_square_bracket", "y", "p")
        assert pilot.app.clipboard == "$.run_info"
        await press(pilot, "y", "t")
        assert pilot.app.clipboard.splitlines()[2] == "+ add\tderivable\t$.run_info.random_seed: 42"
        await press(pilot, "c", "y")
        assert pilot.app.clipboard.startswith(f"aiperf-migrate convert --to {NEWEST} --dry-run --explain ")

    drive(lambda: MigrateScreen([export(OLD)], read_only=False), steps)


# --- many files ----------------------------------------------------------------------------------------------


def test_a_line_of_the_batch_says_what_happens() -> None:
    done = execute(Source(str(export(NEW)), "x", named=True), Request(Goal("1.0"), ledgers=False))
    found = line(done)
    assert found.cells[1:3] == ("✓ migrated", "1.4 → 1.0")
    assert f"{done.tally.lost} lost" in found.cells[3]
    assert found.tone == "warn"
    failed = line(execute(Source("gone.json", "gone.json", named=True), Request(Goal("1.0"))))
    assert failed.cells == ("gone.json", "✗ failed", "", "does not exist")


def test_figures_of_a_batch() -> None:
    outcome = Outcome()
    outcome.add([execute(Source(str(export(NEW)), "x", named=True), Request(Goal("1.0")))], 7)
    assert outcome.total.startswith("1 file: 1 migrated; ! ")
    assert outcome.size == 7


def test_a_batch_is_tried_then_written(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    for name in ("a", "b"):
        copied(OLD, source / name)
    (source / "bad.json").write_text("{")
    before = tree(source)

    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, BatchScreen)
        assert f"preview to {NEWEST}: 3 files: 2 migrated, 1 failed" in text(app_of(pilot))
        assert screen.command() == ["aiperf-migrate", "convert", "--to", NEWEST, "--dry-run", str(source)]
        footer = text(app_of(pilot)).splitlines()[-1]
        assert "] Trouble" in footer
        assert "x Stop" not in footer, "there is nothing to stop"
        await press(pilot, "right_square_bracket")
        assert screen.result
        assert screen.result.error
        assert "bad.json: " in text(app_of(pilot)).splitlines()[-2]
        await press(pilot, "w")
        assert "2 files" in text(app_of(pilot))
        opened(pilot, Form).query_one("#destination", Input).value = str(out)
        await press(pilot, "enter")
        assert "written: 3 files: 2 migrated, 1 failed" in text(app_of(pilot))
        await press(pilot, "g", "enter")
        assert isinstance(pilot.app.screen, MigrateScreen)

    drive(lambda: migration([source], read_only=False), steps)
    assert tree(source) == before
    assert sorted(tree(out)) == ["a/run.json", "b/run.json"]


def test_a_large_batch_is_shared_out_to_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from multiprocessing import resource_tracker

    from migrator.batch import pool

    for number in range(4):
        copied(OLD, tmp_path / "in" / str(number))
    monkeypatch.setattr(pool, "_ALONE", 2)
    # As in a process that has started no other yet.
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]

    async def steps(pilot: Pilot[None]) -> None:
        assert f"preview to {NEWEST}: 4 files: 4 migrated" in text(app_of(pilot)), told(app_of(pilot))
        await press(pilot, "i", "enter")
        assert "written: 4 files: 4 migrated" in text(app_of(pilot))

    drive(lambda: migration([tmp_path / "in"], read_only=False), steps)


def test_a_preview_that_fails_says_so_and_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(sources: Any, work: Any, *_: Any) -> Any:
        yield from work([next(sources)])
        raise ZeroDivisionError("a bug")

    for name in ("a", "b"):
        copied(OLD, tmp_path / "in" / name)
    monkeypatch.setattr("tui.migrate.batch.run", run)

    async def steps(pilot: Pilot[None]) -> None:
        assert "✗ not complete, preview" in text(app_of(pilot))
        assert "] Trouble" not in text(app_of(pilot)), "no file has any"
        assert "ZeroDivisionError: a bug" in told(app_of(pilot))
        await press(pilot, "w")
        assert isinstance(pilot.app.screen, BatchScreen)

    drive(lambda: migration([tmp_path / "in"], read_only=False), steps)


def test_a_batch_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrator.batch.migrate_files import _attempt as attempt

    for number in range(5):
        copied(OLD, tmp_path / "in" / str(number))

    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, BatchScreen)

        def stopping(source: Source, *rest: Any) -> Any:
            if source.relative.startswith("2"):
                screen.action_stop()
            return attempt(source, *rest)

        monkeypatch.setattr("migrator.batch.migrate_files._attempt", stopping)
        await press(pilot, "w", "tab", "space", "tab", "enter")
        assert "stopped: 3 files: 3 migrated" in text(app_of(pilot))

    drive(lambda: migration([tmp_path / "in"], read_only=False), steps)
    assert len(list(tmp_path.rglob("*.bak"))) == 3


def test_a_selection_of_equal_names_is_written_apart(tmp_path: Path) -> None:
    paths = [copied(OLD, tmp_path / "in" / name) for name in ("a", "b")]

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, "w")
        opened(pilot, Form).query_one("#destination", Input).value = str(tmp_path / "out")
        await press(pilot, "enter")

    drive(lambda: migration(paths, read_only=False), steps)
    assert sorted(tree(tmp_path / "out")) == ["a/run.json", "b/run.json"]


def test_all_recorded_files_at_once() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, BatchScreen)
        assert not any(result.error for result in screen.outcome.results)
        await press(pilot, "t", "end", "enter")
        assert "lost" in text(app_of(pilot))
        await press(pilot, "y", "t")
        assert len(pilot.app.clipboard.splitlines()) == len(screen.outcome) + 1

    drive(lambda: migration([EXPORTS / "0.13.0"], read_only=True), steps, size=(80, 24))


def test_files_and_run_open_the_preview() -> None:
    async def steps(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app.screen, MigrateScreen)
        await press(pilot, "escape", "enter", "m")
        assert isinstance(pilot.app.screen, MigrateScreen)
        await press(pilot, "escape", "escape", "m")
        assert isinstance(pilot.app.screen, MigrateScreen)

    drive(lambda: MigrateScreen([export(OLD)], read_only=False), steps)


def test_an_export_of_genai_perf_is_migrated_from_the_list(tmp_path: Path) -> None:
    path = next(EXPORTS.rglob("profile_export_genai_perf.json"))
    (tmp_path / "a.json").write_bytes(path.read_bytes())

    async def scene(pilot: Pilot[None], app: MigrateApp) -> None:
        assert "1 export, 1 of GenAI-Perf, 1 needs migration" in text(app)
        await press(pilot, "m")
        assert f"genai-perf → {NEWEST}" in text(app)
        assert opened(pilot, MigrateScreen).preview
        await press(pilot, "escape", "b")
        assert app.session.candidate == [str(tmp_path / "a.json")], "it can be compared as it is"

    play(scene, [tmp_path], (160, 40))


def test_a_release_is_a_goal_too(tmp_path: Path) -> None:
    assert {NEWEST, "0.9.0", "0.13.0"} <= {target.name for target in targets()}
    shown = preview(str(export(NEW)), "0.8.0")
    assert shown.changed
    assert any(stage.name == "input_config 0.8.0" for stage in shown.stages)
    assert preview(str(export("0.9.0/chat-streaming")), "0.11.0").badge == "= AIPerf 0.11.0 reads it as it is"
    order = Order((str(export(OLD)),), "0.9.0", destination=str(tmp_path / "out.json"))
    assert "--for-aiperf 0.9.0" in order.command()
    assert [result.status for result in carry_out(order, announce(order, 1), lambda: False)] == [Status.MIGRATED]
    assert "phases" in json.loads((tmp_path / "out.json").read_bytes())["input_config"]
