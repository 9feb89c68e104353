"""Take the pictures of the terminal UI that the pages show: `python docs/screenshots.py`."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
SCENES = {
    "files": (["golden/exports"], (110, 30), ["3", *"jjjajb"]),
    "compare": (
        ["golden/exports/lab"],
        (110, 36),
        ["1", "g", "space", "space", "space", "a", "space", "space", "space", "b", "d"],
    ),
    "run": (["golden/exports/0.12.0"], (110, 36), ["enter", "j", "j"]),
    "sweep": (["sweeps"], (110, 36), ["2", "home", "a", "left", "j", "b", "d", "j", "j", "j"]),
}
"""Picture → (paths, columns and lines, keys)."""


async def picture(paths: list[str], size: tuple[int, int], keys: list[str]) -> str:
    """The app after some keys, as SVG."""
    from tui.app import MigrateApp
    from tui.session import Remembered, Session

    app = MigrateApp(Session(paths, remembered=Remembered(introduced=True)), {})
    async with app.run_test(size=size) as pilot:
        for key in ["", *keys]:
            if key:
                await pilot.press(key)
            # What a key sets off is read in the background, and is on the screen a moment later.
            await app.workers.wait_for_complete()
            await pilot.pause(0.5)
        return app.export_screenshot(title="aiperf-migrate tui", simplify=True)


def main() -> int:
    """Take all of them."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from support.sweeps import recorded

    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
        for side in ("base", "slow20"):
            recorded(Path(home) / "sweeps", side)
        for name, (paths, size, keys) in SCENES.items():
            os.chdir(home if paths == ["sweeps"] else ROOT)
            (PICTURES / f"{name}.svg").write_text(asyncio.run(picture(paths, size, keys)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
