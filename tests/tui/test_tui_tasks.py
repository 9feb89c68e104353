"""What people come for, in a real terminal, key by key."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from support.old_runs import runs, version
from support.process import export
from support.tmux import PROMPT, THERE, Terminal

from migrator.chain.steps import NEWEST, VERSIONS

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not THERE, reason="there is no tmux")]
LAB = export("x").parents[1] / "lab"
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


@pytest.mark.parametrize(
    ("keys", "shows"),
    [((), "base-1"), (("Enter",), "Request Latency"), (("m",), "1.4 → 1.5"), (("a", "j", "b", "d"), "compare")],
)
def test_every_screen_survives_a_terminal_that_is_too_small(place: Path, keys: tuple[str, ...], shows: str) -> None:
    with started(place, LAB) as terminal:
        for key in keys:
            terminal.press(key)
            time.sleep(0.5)
        terminal.wait(shows)
        terminal.resize(60, 16)
        time.sleep(1)
        terminal.resize(50, 15)
        terminal.wait("At least 60×16 is needed")
        terminal.resize(110, 30)
        terminal.wait(shows)
        terminal.press("?")
        terminal.wait("most useful here")
