"""Follow a folder while a benchmark runs: what is new comes first, and the line of the cursor stays where it is."""

from __future__ import annotations

import time
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from migrator.render.text import plural
from tui.files.selecting import SelectingPage

_INTERVAL: Final = 2.0
"""Seconds between two looks, at least."""
_SHARE: Final = 10
"""How many times as long as a look took passes before the next: a large tree leaves the disk to the benchmark."""


class FollowingPage(SelectingPage):
    """A list of files that can be looked for again and again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "follow", "Follow", id="files.follow", tooltip="show new runs as they come, or stop", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.following = False
        self._looked = self._lasted = 0.0
        self._looks_now = False

    def on_mount(self) -> None:
        """Look now and then, if that is asked for."""
        self.set_interval(_INTERVAL / 4, self._look_again)

    @property
    def busy(self) -> bool:
        """Whether files are being looked for, or read."""
        raise NotImplementedError

    def action_rescan(self) -> None:
        """Look for files."""
        raise NotImplementedError

    def action_follow(self) -> None:
        """Follow the folders, or stop."""
        self.following = not self.following
        if self.following:
            self.files.follow()
            self._looked = time.monotonic()
            self.notify("following: new runs come first; F stops", markup=False)
        else:
            self.notify("no longer following", markup=False)
        self.tell()

    def _look_again(self) -> None:
        now = time.monotonic()
        if self.busy:
            if not self._looks_now:
                # Something else has asked for it.
                self._looked, self._looks_now = now, True
            # It is known how long that took when it has ended.
            self._lasted = now - self._looked
            return
        self._looks_now = False
        if self.following and now - self._looked >= max(_INTERVAL, _SHARE * self._lasted):
            self._looked, self._lasted, self._looks_now = now, 0.0, True
            self.action_rescan()

    @property
    def followed(self) -> str:
        """`following, 2 new files, the last runs/7/…`, for the line above the footer; empty if it is not."""
        if not self.following:
            return ""
        new = self.files.arrived
        last = self.files.get(new[-1]) if new else None
        return f"following, {plural(len(new), 'new file')}, the last {last.name}" if last else "following"
