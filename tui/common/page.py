"""The frame of every screen: a header of one line, a footer of at most six keys, help, copying, and the command.

A screen says what it is (`where`), which command shows the same (`command`), and what can be copied (`copies`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, cast

from textual import events
from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from migrator.render.safe import printable
from tui.common.clipboard import Copy
from tui.common.rows import shortened
from tui.common.shell import Shell
from tui.session import Session

SMALLEST = (60, 16)
"""Columns and lines that every screen needs."""


def is_too_small(size: Size) -> bool:
    """Whether a terminal of a size shows too little of a screen or dialog to work with it."""
    return size.width < SMALLEST[0] or size.height < SMALLEST[1]


MOST_USEFUL = 3
"""Keys that the help of a screen names before all others."""


class _Line(Static):
    """A text of one line, drawn again only when it is another one."""

    _shown: Content | str | None = None

    def show(self, text: Content | str) -> None:
        """Show a text; it is never longer than the line."""
        if text != self._shown:
            self._shown = text
            self.update(text, layout=False)


class Header(_Line):
    """What the screen shows on the left, what is marked on the right."""

    DEFAULT_CSS = "Header { height: 1; background: $panel; color: $foreground; padding: 0 1; text-wrap: nowrap; }"


class Status(_Line):
    """One line above the footer: the path of what the cursor is on, or the state of the work."""

    DEFAULT_CSS = "Status { height: 1; color: $text-muted; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }"


class Keys(_Line):
    """The keys that a screen shows, at most six, from its bindings; a click does what the key does.

    Textual's own footer is a widget for each key, which costs a good part of the first frame.
    """

    DEFAULT_CSS = "Keys { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; }"

    def show_keys(self, keys: Iterable[tuple[str, str, str]], width: int) -> None:
        """Show (key, word, action) of those that fit whole into so many cells; the last, the help, in any case."""
        self._spans: list[tuple[int, int, str]] = []
        content = Content()
        chosen = list(keys)
        while len(chosen) > 1 and sum(len(key) + len(word) + 4 for key, word, _ in chosen) - 3 > width:
            del chosen[-2]
        for key, word, action in chosen:
            self._spans.append((len(content), len(content) + len(key) + 1 + len(word), action))
            content = content + Content.styled(key, "bold $accent") + Content(f" {word}   ")
        self.show(content)

    async def on_click(self, event: events.Click) -> None:
        """Do what was clicked."""
        for start, end, action in self._spans:
            if start <= event.x - 1 < end:
                await self.screen.run_action(action)


class Page(Screen[None]):
    """A screen of this app. Subclasses give [`body`][], and override what they have of the rest."""

    DEFAULT_CSS = """
    Page { layers: base over; }
    /* Over the others, which keep the focus: what is not displayed would lose it. */
    Page > #too-small { display: none; layer: over; width: 100%; height: 100%; background: $background;
                        content-align: center middle; text-align: center; }
    Page.-too-small > #too-small { display: block; }
    Page > #body { height: 1fr; }
    """
    HELP_TEXT: ClassVar[str] = ""
    USEFUL: ClassVar[tuple[str, ...]] = ()
    """The ids of the keys that the help names first; empty for the first of the footer."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="app.help", tooltip="what the keys do here", key_display="?"),
        Binding("c", "command", "Command", id="app.command", tooltip="the command line for this screen", show=False),
        Binding("y", "copy", "Copy", id="app.copy", tooltip="copy a value, path, row or table", show=False),
        Binding("T", "theme", "Theme", id="app.theme", tooltip="the next colours", show=False),
        Binding("ctrl+e", "edit", "Edit", id="app.edit", tooltip="open the file in $EDITOR", show=False),
        Binding("vertical_line", "pager", "Pager", id="app.pager", tooltip="show the file in $PAGER", show=False),
        Binding("ctrl+z", "suspend", "Suspend", id="app.suspend", tooltip="back to the shell; fg returns", show=False),
        Binding("u", "undo", "Undo", id="app.undo", tooltip="take back what was written last…", show=False),
        Binding("q", "quit", "Quit", id="app.quit", tooltip="leave", show=False),
    ]

    @property
    def shell(self) -> Shell:
        """The app, as far as screens know it."""
        return cast(Shell, self.app)

    # --- what subclasses give -----------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """The widgets between header and status."""
        yield from ()

    def where(self) -> str:
        """What the screen shows, for the header."""
        return ""

    def where_in(self, room: int) -> str:
        """The same in so many characters: of a path, beginning and end tell more than the middle."""
        return shortened(printable(self.where()), room)

    def command(self) -> Sequence[str]:
        """The words of the command line that prints the same; empty if there is none yet."""
        return ()

    def copies(self) -> list[Copy]:
        """What can be copied now."""
        return []

    def file(self) -> str:
        """The path or URL of the file that other programs are given; empty if there is none now."""
        return ""

    def files_changed(self) -> None:
        """What was written has been taken back, whatever screens are above this one."""

    # --- the frame ---------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Header, body, status and footer."""
        yield Header(id="header", markup=False)
        yield from self.body()
        yield Status(id="status", markup=False)
        yield Keys(id="keys")

    def on_mount(self) -> None:
        """Fill header and footer."""
        self.show_header()
        self.show_footer()

    def show_footer(self) -> None:
        """Write the footer anew."""
        for keys in self.query("#keys").results(Keys):
            keys.show_keys(self.footer(), self.size.width - 2)

    def refresh_bindings(self) -> None:
        """What can be done has changed."""
        super().refresh_bindings()
        if self.is_mounted:
            self.show_footer()

    def footer(self) -> Iterator[tuple[str, str, str]]:
        """(key, word, action) of the bindings that are shown, and do something now."""
        from tui.common.keys import declared

        keys = {key.id: key for key in declared(self, self.shell.keymap)}
        for owner in type(self).__mro__:
            for binding in owner.__dict__.get("BINDINGS", ()):
                if (
                    isinstance(binding, Binding)
                    and binding.show
                    and binding.id in keys
                    and self._is_offered(binding.action)
                ):
                    yield keys[binding.id].label.split()[0], binding.description, binding.action

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While nothing can be seen, nothing can be done but to leave."""
        if self.has_class("-too-small") and action != "quit":
            return False
        return super().check_action(action, parameters)

    def offers(self, action: str) -> bool:
        """Whether the footer names an action now: not one that would do nothing here."""
        return True

    def _is_offered(self, action: str) -> bool:
        _, name, values = parse(action)
        return self.offers(name) and self.check_action(name, values) is True

    def on_screen_resume(self) -> None:
        """Marks may have changed elsewhere."""
        self.show_header()

    def show_header(self) -> None:
        """Write the header anew."""
        session = self.shell.session
        right = "  ".join(filter(None, [_progress(session), session.sides(), "read-only" if session.read_only else ""]))
        room = max(0, self.size.width - 2 - len(right) - 2)
        left = self.where_in(room)
        self.query_one("#header", Header).show(f"{left.ljust(room)}  {printable(right)}")

    def status(self, text: str) -> None:
        """Write the line above the footer."""
        self.query_one("#status", Status).show(printable(text))

    def on_resize(self, event: events.Resize) -> None:
        """Replace the screen by a message where the terminal is too small."""
        width, height = event.size
        small = is_too_small(event.size)
        self.set_class(small, "-too-small")
        if small:
            need = f"{SMALLEST[0]}×{SMALLEST[1]}"
            self._say_too_small(
                f"The terminal is {width}×{height}.\nAt least {need} is needed.\n\nMake it larger, or press q to leave."
            )
        self.show_header()
        self.show_footer()

    def _say_too_small(self, text: str) -> None:
        there = self.query("#too-small")
        if there:
            there.first(Static).update(text)
        else:
            self.mount(Static(text, id="too-small", markup=False))

    def complain(self, text: str) -> None:
        """Report an error for ten seconds; control characters in it are escaped."""
        self.notify(printable(text), severity="error", timeout=10, markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report a worker that failed; the app goes on."""
        if event.state is WorkerState.ERROR:
            name = event.worker.description or event.worker.name
            error = event.worker.error
            self.complain(f"{name}: {type(error).__name__}: {error}")

    # --- actions -----------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """The keys of this screen, from their declarations."""
        from tui.common.dialogs import HelpDialog

        self.app.push_screen(HelpDialog(self.HELP_TEXT, list(self.keys()), self.useful()))

    def useful(self) -> list[str]:
        """The ids of the three keys that are most useful here."""
        from tui.common.keys import declared

        offered = {action for _, _, action in self.footer()}
        own = [key for key in declared(self, self.shell.keymap) if key.room != "app" and "escape" not in key.keys]
        own.sort(key=lambda key: key.action not in offered)
        return list(self.USEFUL or (key.id for key in own))[:MOST_USEFUL]

    def keys(self) -> Iterator[tuple[str, str, str]]:
        """(part, keys, what they do) of all that can be pressed here."""
        from tui.common.keys import declared

        own = declared(self, self.shell.keymap)
        lists = declared(self.focused, self.shell.keymap) if self.focused else []
        # What is particular to the screen first; the same everywhere last.
        for key in sorted(
            [*own, *lists], key=lambda key: ("list", "app").index(key.room) if key.room in ("list", "app") else -1
        ):
            yield key.id, key.label, key.does
        yield "app.palette", "^p", "all commands by name"
        yield "app.redraw", "^l", "draw the screen again"

    def action_command(self) -> None:
        """Show the command for what is on the screen."""
        from tui.common.dialogs import CommandDialog

        words = self.command()
        if not words:
            self.notify("no command for this screen yet", markup=False)
            return
        self.app.push_screen(CommandDialog(words))

    def action_copy(self) -> None:
        """Ask what to copy."""
        from tui.common.dialogs import CopyDialog

        choices = [copy for copy in self.copies() if copy.text]
        if not choices:
            self.notify("nothing to copy here", markup=False)
            return
        self.app.push_screen(CopyDialog(choices))

    def action_theme(self) -> None:
        """The next colours."""
        self.shell.next_theme()

    def action_edit(self) -> None:
        """Open the file in the user's editor."""
        from tui.common.outside import edit

        if self.shell.session.read_only:
            self.notify("read-only: nothing is written", markup=False)
        elif not self.file():
            self.notify("no file here", markup=False)
        elif edit(self.app, self.file()):
            self.shell.session.has_written = True
            self.files_changed()

    def action_pager(self) -> None:
        """Show the file in the user's pager."""
        from tui.common.outside import show

        if self.file():
            show(self.app, self.file())
        else:
            self.notify("no file here", markup=False)

    def action_suspend(self) -> None:
        """Back to the shell, until `fg`."""
        from tui.common.outside import NOT_HERE

        if self.app.is_web:
            self.notify(NOT_HERE, markup=False)
        else:
            self.app.action_suspend_process()

    def action_undo(self) -> None:
        """Take back what was written last."""
        self.shell.undo_last()

    async def action_quit(self) -> None:
        """Leave."""
        await self.shell.action_quit()


def _progress(session: Session) -> str:
    """What is being written, for the header; empty if nothing is."""
    write = session.running
    if write is None:
        return ""
    of = f" of {write.total}" if write.total else ""
    return f"{'undoing' if write.undoes else 'writing'} {write.done}{of}"
