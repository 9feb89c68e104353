"""The app: one frame around the screens. What it is given comes from [`migrator.cli.commands.tui`][]."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from migrator.stores import is_url
from tui.common.keys import Key, clashes, declared, read_keys, unknown
from tui.common.page import Page, is_too_small
from tui.common.themes import DEFAULT, THEMES
from tui.files.screen import FilesScreen
from tui.session import Session, keys_file
from tui.writes import WritingApp

if TYPE_CHECKING:
    from tui.common.terminal import Shown
    from tui.compare.page import ComparePage


_UNREAD: Final = frozenset({"escape", "ctrl+q", "ctrl+c", "ctrl+l"})
"""Keys that a dialog takes which cannot be read: they close, leave or draw it."""


class MigrateApp(WritingApp):
    """The list of files, with the screens that are opened above it."""

    TITLE = "aiperf-migrate"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+l", "redraw", "Redraw", show=False, priority=True),
    ]
    CSS = """
    Toast { max-width: 70; }
    """

    def __init__(self, session: Session, keymap: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.session = session
        for theme in THEMES:
            self.register_theme(theme)
        wanted = session.remembered.theme
        self.theme = wanted if wanted in {theme.name for theme in THEMES} else DEFAULT
        self._shown = _shown()
        self.keymap: dict[str, str] = {}
        self._complaints: list[str] = []
        if keymap is None:
            self.keymap, self._complaints = read_keys(keys_file())
        else:
            self.keymap = dict(keymap)

    def on_mount(self) -> None:
        """Apply the user's keys."""
        self.set_keymap(self.keymap)
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        # Modules and style sheets stay to the end: looking through them again and again for garbage takes the
        # screen's time, more of it than anything else that happens at once.
        self.call_after_refresh(gc.freeze)
        if self.keymap or self._complaints:
            self.call_after_refresh(self._tell_of_keys)
        self.call_after_refresh(self.tell_unfinished)

    async def on_event(self, event: events.Event) -> None:
        """In a terminal that is too small for a dialog to be read, it takes only the keys that leave it."""
        if isinstance(event, events.Key) and event.key not in _UNREAD and self._hides_a_dialog():
            self.bell()
        else:
            await super().on_event(event)

    def _hides_a_dialog(self) -> bool:
        return isinstance(self.screen, ModalScreen) and is_too_small(self.size)

    def on_resize(self) -> None:
        """Send everything: terminals break and join lines in ways of their own."""
        if self._shown:
            self._shown.forget()

    def action_redraw(self) -> None:
        """Send everything: the terminal may not show any more what it was sent."""
        if self._shown:
            self._shown.forget()
        self.refresh(layout=True)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Send an update to the terminal, without what looks as it did."""
        if self._shown and renderable is not None and not self._batch_count and not self.is_headless:
            renderable = self._shown.less(renderable)
        super()._display(screen, renderable)

    def get_default_screen(self) -> FilesScreen:
        """The list: the screen at the bottom."""
        return FilesScreen()

    def _tell_of_keys(self) -> None:
        """What is wrong with the user's keys, once."""
        pages = self.pages()
        every = [key for page in pages for key in declared(page, self.keymap)]
        texts = [*self._complaints, *unknown(self.keymap, every + _of_lists(self.keymap))]
        for page in pages:
            texts += clashes(declared(page, self.keymap), self.keymap)
        for text in dict.fromkeys(texts):
            self.notify(text, severity="warning", timeout=15, markup=False)

    def pages(self) -> list[type[Page]]:
        """Every kind of screen that can be opened."""
        from tui.compare import CompareScreen, FrontScreen, SweepScreen
        from tui.history.screen import HistoryScreen
        from tui.migrate import BatchScreen, MigrateScreen
        from tui.run.screen import RunScreen

        migrations: list[type[Page]] = [MigrateScreen, BatchScreen]
        return [FilesScreen, RunScreen, *migrations, CompareScreen, SweepScreen, FrontScreen, HistoryScreen]

    # --- opening -----------------------------------------------------------------------------------------------

    def open_run(self, path: str) -> None:
        """Show one export in full."""
        from tui.run.screen import RunScreen

        self.push_screen(RunScreen(path))

    def open_migration(self, paths: Sequence[str]) -> None:
        """Show what would become of some exports in another version."""
        from tui.migrate import migration

        if paths:
            self.push_screen(migration(paths, read_only=self.session.read_only))
        else:
            self.notify("nothing to migrate here: select exports", markup=False)

    def open_comparison(self) -> None:
        """Compare the candidate with the baseline."""
        from tui.compare import CompareScreen, Question

        session = self.session
        if session.baseline and session.candidate:
            base, candidate = (tuple(map(_relative, side)) for side in (session.baseline, session.candidate))
            self.push_screen(CompareScreen(Question(base, candidate), read_only=session.read_only))
        else:
            self.notify("mark a baseline with a and a candidate with b first", markup=False)

    def on_compare_page_found(self, message: ComparePage.Found) -> None:
        """Show the receipt of sweeps on their screen, or that of one cell."""
        from tui.compare import CompareScreen, SweepScreen

        question, receipt, read_only = message.question, message.receipt, self.session.read_only
        if message.cell:
            self.push_screen(CompareScreen(question, read_only=read_only, receipt=receipt, cell=message.cell))
        elif isinstance(self.screen, (CompareScreen, SweepScreen)):
            kind = SweepScreen if receipt.sweep else CompareScreen
            self.switch_screen(kind(question, read_only=read_only, receipt=receipt))

    def open_front(self, paths: Sequence[str]) -> None:
        """Show the sweep that some runs are of."""
        from tui.compare import FrontScreen

        self.push_screen(FrontScreen([_relative(path) for path in paths]))

    def open_history(self, paths: Sequence[str]) -> None:
        """Show the metrics of some runs over time."""
        from tui.history.screen import HistoryScreen

        self.push_screen(HistoryScreen([_relative(path) for path in paths]))

    def next_theme(self) -> None:
        """The next colours, remembered."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else DEFAULT
        self.session.remembered.theme = self.theme
        self.notify(f"theme: {self.theme}", markup=False, timeout=2)

    # --- the palette -------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every action of the screen and of what has the focus, named `noun: verb`; made from the bindings."""
        owners: list[DOMNode] = [screen, *([screen.focused] if screen.focused else [])]
        for owner in owners:
            for key in declared(owner, self.keymap):
                noun = key.room
                yield SystemCommand(f"{noun}: {key.does}", f"{key.label}   {key.id}", self._runner(owner, key))
        for theme in THEMES:
            yield SystemCommand(f"theme: {theme.name}", "change the colours", self._theme_setter(theme.name))

    def _runner(self, owner: DOMNode, key: Key) -> Callable[[], Any]:
        async def run() -> None:
            await self.run_action(key.action, owner)

        return run

    def _theme_setter(self, name: str) -> Callable[[], None]:
        def set_theme() -> None:
            self.theme = name
            self.session.remembered.theme = name

        return set_theme


def _shown() -> Shown | None:
    """What the terminal shows; None with a Textual that lacks what is needed of it, which is not public."""
    try:
        from tui.common.terminal import Shown
    except ImportError:
        return None
    return Shown()


def _relative(path: str) -> str:
    """A path relative to the working directory, if it is below that; a URL as it is."""
    here = os.path.join(os.getcwd(), "")
    return path.removeprefix(here) if not is_url(path) else path


def _of_lists(keymap: Mapping[str, str]) -> list[Key]:
    from tui.common.grid import Grid

    return declared(Grid, keymap)
