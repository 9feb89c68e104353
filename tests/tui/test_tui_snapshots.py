"""Pictures of the screens, compared with recorded ones; `make snapshots` records them anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import textual
from support.made_history import nights
from support.process import ROOT
from support.sweeps import recorded
from support.tui_driver import play, press
from textual.pilot import Pilot

from tui.app import MigrateApp

SNAPSHOTS = Path(__file__).parent / "snapshots"
LOCKED = re.search(r"^textual==(.+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
LAB = "golden/exports/lab"
RUN = "golden/exports/0.12.0"
OLD = "golden/exports/0.4.0"
SWEEPS, NIGHTS = "sweeps", "nights"
RECORDS = "golden/exports/0.10.0/completions-errors/profile_export_aiperf.json"
SWEPT = "2 home a left j b d"
MARKED = "space space space a space space space b d"

SCENES = {
    "files-80x24": ("golden/exports/0.13.0", (80, 24), "", False),
    "files-120x40": ("golden/exports/0.13.0", (120, 40), "3 j a j b G space", False),
    "files-60x20": (LAB, (60, 20), "2", False),
    "files-no-color": (LAB, (80, 24), "a j b j space", True),
    "run-80x24": (RUN, (80, 24), "enter j", False),
    "run-160x45": (RUN, (160, 45), "enter j j", False),
    "run-60x20": (RUN, (60, 20), "enter 5", False),
    "run-no-color": (RUN, (100, 30), "enter 2", True),
    "migrate-80x24": (OLD, (80, 24), "m ] ]", False),
    "migrate-120x40": (OLD, (120, 40), "m t end enter ] ]", False),
    "migrate-60x20": (OLD, (60, 20), "m", False),
    "migrate-write-80x24": (OLD, (80, 24), "m w tab space", False),
    "migrate-no-color": (OLD, (100, 30), "m ] ] ]", True),
    "batch-80x24": (LAB, (80, 24), "space space space m t end enter", False),
    "compare-80x24": (LAB, (80, 24), MARKED, False),
    "compare-120x40": (LAB, (120, 40), f"{MARKED} ]", False),
    "compare-60x20": (LAB, (60, 20), f"{MARKED} enter", False),
    "compare-waive-80x24": (LAB, (80, 24), f"{MARKED} W o k", False),
    "compare-no-color": (LAB, (160, 45), MARKED, True),
    "sweep-80x24": (SWEEPS, (80, 24), SWEPT, False),
    "sweep-120x40": (SWEEPS, (120, 40), f"{SWEPT} j j", False),
    "sweep-no-color": (SWEEPS, (80, 24), f"{SWEPT} j 2", True),
    "front-80x24": (f"{SWEEPS}/base", (80, 24), "w 2", False),
    "history-80x24": (NIGHTS, (80, 24), "H", False),
    "history-120x40": (NIGHTS, (120, 40), "H enter", False),
    "history-no-color": (NIGHTS, (80, 24), "H 2", True),
    "run-requests-120x40": (RECORDS, (120, 40), "enter j p", False),
    "run-time-80x24": (RECORDS, (80, 24), "enter j p p p", False),
    "run-peers-80x24": (LAB, (80, 24), "enter 6", False),
    "help-100x30": (LAB, (100, 30), "question_mark", False),
}
"""Name → (path, size, keys, without colour)."""
_NAMES = {"]": "right_square_bracket"}


def _made(path: str, folder: Path) -> Path | None:
    """Write the sweeps or the history that a scene is of into a folder; None for what was recorded."""
    if path.startswith(SWEEPS):
        recorded(folder / SWEEPS, "base")
        recorded(folder / SWEEPS, "slow20")
    elif path.startswith(NIGHTS):
        nights(folder / NIGHTS, [1.0] * 20 + [1.2] * 10)
    else:
        return None
    return folder


@pytest.mark.skipif(
    LOCKED is None or textual.__version__ != LOCKED[1], reason="the pictures are of the Textual in requirements.lock"
)
@pytest.mark.parametrize("name", SCENES)
def test_the_screen_looks_as_recorded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, size, keys, grey = SCENES[name]
    monkeypatch.chdir(_made(path, tmp_path) or ROOT)
    if grey:
        monkeypatch.setenv("NO_COLOR", "1")
    taken = ""

    async def scene(pilot: Pilot[None], app: MigrateApp) -> None:
        nonlocal taken
        await press(pilot, *(_NAMES.get(key, key) for key in keys.split()))
        taken = app.export_screenshot(title="aiperf-migrate", simplify=True)

    play(scene, [path], size)
    picture = SNAPSHOTS / f"{name}.svg"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        picture.write_text(taken)
    assert taken == picture.read_text(), f"{name} looks otherwise; `make snapshots` records it anew, then look at it"


def test_without_colour_there_is_none() -> None:
    for path in SNAPSHOTS.glob("*no-color.svg"):
        # c5c8c6 is the default colour of the picture's own style sheet.
        colours = set(re.findall(r"(?:fill|color): ?#([0-9a-f]{6})", path.read_text())) - {"c5c8c6"}
        assert colours
        assert all(colour[:2] == colour[2:4] == colour[4:] for colour in colours), colours
