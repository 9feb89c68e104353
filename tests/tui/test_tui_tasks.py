"""What people come for, in a real terminal, key by key."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from support.made_history import nights
from support.old_runs import runs, version
from support.process import export
from support.sweeps import recorded
from support.tmux import PROMPT, THERE, Terminal

from migrator.chain.steps import NEWEST, VERSIONS

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not THERE, reason="there is no tmux")]
LAB = export("x").parents[1] / "lab"
SWEEPS, NIGHTS = "sweeps", "nights"
SCREENS = ("files", "run", "migrate", "batch", "compare", "sweep", "front", "history")
"""What takes the whole terminal: the others are dialogs over it."""
READ = re.compile(r"\d+ exports?\b(?!.*(reading|checking))")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for the program's state, with a name short enough for a socket."""
    folder = tmp_path / "t"
    folder.mkdir()
    return folder


def started(place: Path, *arguments: object, size: tuple[int, int] = (110, 30)) -> Terminal:
    terminal = Terminal(place, arguments, size)
    terminal.wait("? explains all keys")
    terminal.press("Escape")
    terminal.wait(lambda seen: "? explains" not in seen and READ.search(seen.split("\n")[0]) is not None)
    return terminal


def filter_by(terminal: Terminal, text: str) -> None:
    """Type a filter; what is typed before its line is open would be keys of the list."""
    terminal.press("/")
    terminal.wait("words; -word excludes")
    terminal.type(text)
    terminal.press("Enter")
    terminal.wait(f"filter '{text}'")


def one(folder: Path, name: str) -> Path:
    folder.mkdir()
    shutil.copy(export(name), folder / "profile_export_aiperf.json")
    return folder


def test_select_and_upgrade_with_backups_and_undo(place: Path) -> None:
    paths = runs(place / "runs", 3)
    before = [path.read_bytes() for path in paths]
    with started(place, "runs") as terminal:
        terminal.press("n", "C-a")
        terminal.wait("3 selected")
        terminal.press("m")
        terminal.wait("preview")
        terminal.press("i")
        terminal.wait("backup")
        terminal.press("Enter")
        terminal.wait("written: 3 files: 3 migrated")
        assert all(version(path) == NEWEST for path in paths)
        assert len(list(place.rglob("*.bak"))) == 3
        terminal.press("u")
        terminal.wait("Take back")
        terminal.press("u")
        terminal.wait("3 restored")
        assert [path.read_bytes() for path in paths] == before
        terminal.press("q")
        terminal.wait(lambda seen: PROMPT.strip() in seen.split("journal:")[-1])


def test_the_slowest_by_p99(place: Path) -> None:
    with started(place, LAB) as terminal:
        terminal.press("s")
        terminal.wait("a name, such as")
        terminal.press("t", "Enter")
        slow = max(
            LAB.rglob("profile_export_aiperf.json"),
            key=lambda path: json.loads(path.read_bytes())["time_to_first_token"]["p99"],
        )
        first = rf"ttft ms p99▾.*\n›\s+{slow.parent.name}/"
        terminal.wait(lambda seen: re.search(first, seen) is not None)


def test_two_groups_are_compared_and_the_receipt_is_written_as_markdown(place: Path) -> None:
    shutil.copytree(LAB, place / "lab")
    with started(place, "lab") as terminal:
        filter_by(terminal, "base")
        terminal.press("C-a")
        terminal.wait("3 selected")
        terminal.press("a")
        terminal.wait("A 3 runs")
        terminal.press("Escape")
        terminal.wait(lambda seen: "filter 'base'" not in seen)
        filter_by(terminal, "slow20")
        terminal.press("C-a")
        terminal.wait("3 selected")
        terminal.press("b")
        terminal.wait("B 3 runs")
        terminal.press("d")
        terminal.wait("request_latency")
        terminal.press("e")
        terminal.wait("receipt")
        terminal.press("Enter")
        terminal.wait(lambda _: any(place.glob("*.md")))
        (written,) = place.glob("*.md")
        assert "request_latency" in written.read_text()


def test_why_a_file_is_flagged(place: Path) -> None:
    one(place / "bad", "0.3.0/chat-goodput-key")
    with started(place, "bad") as terminal:
        terminal.wait("with problems")
        filter_by(terminal, "is:bad")
        terminal.press("Enter")
        terminal.wait("1 Metrics")
        terminal.press("2")
        seen = terminal.wait("P001")
        assert "secret" in seen


def test_what_a_downgrade_to_1_0_would_lose(place: Path) -> None:
    one(place / "run", "0.13.0/chat-streaming")
    with started(place, "run") as terminal:
        terminal.press("Enter")
        terminal.wait("1 Metrics")
        terminal.press("m")
        terminal.wait("1.4 → 1.5")
        terminal.press("t")
        terminal.wait("the version or release to reach")
        for below in reversed(VERSIONS[VERSIONS.index("1.0") : -1]):
            terminal.press("Down")
            terminal.wait(lambda seen, below=below: re.search(rf"›\s+{re.escape(below)}\s", seen) is not None)
        terminal.press("Enter")
        terminal.wait(lambda seen: "1.4 → 1.0" in seen and "lost" in seen)


def test_one_number_is_copied(place: Path) -> None:
    one(place / "run", "0.13.0/chat-streaming")
    with started(place, "run") as terminal:
        terminal.allow_copying()
        terminal.press("Enter")
        terminal.wait("Request Latency")
        terminal.press("y")
        terminal.wait("a letter copies")
        terminal.press("v")
        terminal.wait("sent to the terminal's clipboard")
        document = json.loads(export("0.13.0/chat-streaming").read_bytes())
        assert terminal.clipboard().split()[-1] == str(document["request_throughput"]["avg"])


def test_a_search_in_an_export(place: Path) -> None:
    one(place / "run", "0.13.0/chat-streaming")
    with started(place, "run") as terminal:
        terminal.press("Enter")
        terminal.wait("Request Latency")
        terminal.press("5")
        terminal.wait("[5 JSON]")
        terminal.press("/")
        time.sleep(1)
        terminal.type("mock-model")
        terminal.press("Enter")
        terminal.wait(lambda seen: any("›" in line and "mock-model" in line for line in seen.split("\n")))


def test_it_is_suspended_and_goes_on(place: Path) -> None:
    with started(place, LAB) as terminal:
        terminal.press("C-z")
        terminal.wait(lambda seen: "base-1" not in seen and seen.count(PROMPT.strip()) == 2)
        terminal.type("fg")
        terminal.press("Enter")
        terminal.wait("base-1")
        terminal.press("j")
        terminal.wait(lambda seen: any(line.startswith("›") and "base-2" in line for line in seen.split("\n")))


def test_what_others_wrote_over_the_screen_is_gone_after_ctrl_l(place: Path) -> None:
    with started(place, LAB) as terminal:
        before = terminal.text()
        terminal.write_over("\r\nBROADCAST MESSAGE\r\n")
        terminal.wait("BROADCAST")
        terminal.press("C-l")
        terminal.wait(before.__eq__)


def test_the_terminal_shows_all_of_each_screen_though_only_differences_are_sent(place: Path) -> None:
    """What is there after a way through screens, panels and dialogs is what is there when all is sent again."""
    shutil.copytree(LAB, place / "lab")
    # Each with what it brings to the screen.
    ways = (
        ("Enter", "1 Metrics"),
        ("2", "[2 Run]"),
        ("4", "[4 GPUs]"),
        ("?", "most useful here"),
        ("Escape", "esc Back"),
        ("m", "whole way"),
        ("2", "w Write"),
        ("w", "copy to"),
        ("Escape", "w Write"),
        ("Escape", "esc Back"),
        ("Escape", "esc Back"),
    )
    with started(place, "lab") as terminal:
        for key, brings in ways:
            terminal.press(key)
            terminal.wait(brings)
            before = _settled(terminal)
            terminal.write_over("\x1b[2J")
            terminal.press("C-l")
            terminal.wait(before.__eq__)


def _settled(terminal: Terminal) -> str:
    """What is on the screen when it has not changed for half a second."""
    seen, since = terminal.text(), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.1)
        if (now := terminal.text()) != seen:
            seen, since = now, time.monotonic()
    return seen


def test_a_folder_is_followed_while_runs_are_written(place: Path) -> None:
    shutil.copytree(LAB / "base-1", place / "lab" / "base-1")
    with started(place, "lab") as terminal:
        terminal.press("F")
        terminal.wait("following")
        shutil.copytree(LAB / "base-2", place / "lab" / "base-2")
        terminal.wait(lambda seen: re.search(r"name.*\n\s+base-2/.*\n›\s+base-1/", seen) is not None)
        terminal.wait("following, 1 new file, the last base-2/")


def test_what_is_typed_ahead_is_the_filter(place: Path) -> None:
    with started(place, LAB) as terminal:
        terminal.type("/base-2")
        terminal.wait("filter 'base-2': 1 of 6")
        assert "A base" not in terminal.text()


def test_other_files_are_behind_a_key(place: Path) -> None:
    one(place / "run", "0.13.0/chat-streaming")
    (place / "run" / "more.json").write_text("{}")
    with started(place, "run") as terminal:
        terminal.wait("1 hidden (e)")
        assert "more.json" not in terminal.text()
        terminal.press("e")
        terminal.wait("more.json")


SHOWN = {
    "files": (LAB, "", "base-1"),
    "filter": (LAB, "/", "words; -word excludes"),
    "run": (LAB, "Enter", "Request Latency"),
    "migrate": (LAB, "m", "1.4 → 1.5"),
    "write": (LAB, "m w", "the same as:"),
    "batch": (LAB, "C-a m", "preview"),
    "compare": (LAB, "a j b d", "request_latency"),
    "sweep": (SWEEPS, "2 Home a Left j b d", "cells"),
    "front": (SWEEPS, "w", "capacity"),
    "history": (NIGHTS, "H", "change of level"),
    "help": (LAB, "?", "most useful here"),
    "sort": (LAB, "s", "a name, such as"),
    "command": (LAB, "c", "aiperf-migrate table"),
}
"""Screen or dialog → what is opened, the keys to it, and what it shows."""


@pytest.mark.parametrize("name", SHOWN)
def test_every_screen_survives_a_terminal_that_is_too_small(place: Path, name: str) -> None:
    path, keys, shows = SHOWN[name]
    if path == SWEEPS:
        recorded(place / SWEEPS, "base")
        recorded(place / SWEEPS, "slow20")
    if path == NIGHTS:
        nights(place / NIGHTS, [1.0] * 12 + [1.2] * 12)
    with started(place, path) as terminal:
        for key in keys.split():
            terminal.press(key)
            time.sleep(0.5)
        terminal.wait(shows)
        before = terminal.wait(lambda seen: "reading" not in seen)
        for width, height in ((80, 24), (60, 16), (50, 15)):
            terminal.resize(width, height)
            time.sleep(0.7)
        if name in SCREENS:
            terminal.wait("At least 60×16 is needed")
        terminal.resize(110, 30)
        terminal.wait(lambda seen: shows in seen and seen.split("\n")[0] == before.split("\n")[0])
        # The keyboard is not dead.
        terminal.press("Escape" if name not in SCREENS else "?")
        terminal.wait(lambda seen: ("most useful here" in seen) if name in SCREENS else (shows not in seen))


def test_no_cells_are_left_blank_in_a_wide_terminal(place: Path) -> None:
    with started(place, LAB, size=(200, 40)) as terminal:
        head, *lines = [line for line in terminal.lines()[1:] if line.strip()][:-2]
        assert all(len(each.rstrip()) > 150 for each in (head, *lines)), "what is there fills the terminal"
        assert max(len(blank) for line in (head, *lines) for blank in re.findall(" +", line.strip())) < 60
