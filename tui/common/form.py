"""A dialog with a few fields, which describes what their values mean and says why they are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Static

from migrator.render.safe import printable

YES: Final = "yes"
Values = dict[str, str]


class Field(NamedTuple):
    """A line of text, or a cross to set: then its value is `yes` or empty."""

    key: str
    label: str
    value: str = ""
    hint: str = ""
    cross: bool = False


class Cross(Checkbox, inherit_bindings=False):
    """A checkbox whose state shows without colour, and which Enter leaves alone: it takes the form as it is."""

    BUTTON_LEFT, BUTTON_RIGHT = "[", "]"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "toggle_button", "Toggle", show=False)]

    def __init__(self, label: str, value: bool, key: str) -> None:
        super().__init__(label, value, id=key, compact=True)
        self.BUTTON_INNER = "x" if value else " "

    def watch_value(self) -> None:
        """Draw the cross."""
        self.BUTTON_INNER = "x" if self.value else " "
        super().watch_value()


class Form(ModalScreen["Values | None"]):
    """Gives the values of its fields, or None if it was cancelled.

    Args:
        title: stands in the border.
        fields: the lines to fill in.
        describe: what the dialog says of the values, line by line; already harmless to show.
        problem: why they are refused; empty if they are not.
        action: the text of the button.
        focus: the key of the field that has the cursor at first, or `take` for the button; empty: the first field.
    """

    DEFAULT_CSS = """
    Form { align: center middle; background: $background 60%; }
    Form > #box { width: 84; max-width: 96%; height: auto; max-height: 96%; background: $surface; padding: 0 1;
                  border: round $primary; border-title-color: $accent; }
    Form #values { height: auto; scrollbar-size-vertical: 1; }
    Form Input, Form Cross { width: 1fr; }
    Form .label { color: $text-muted; margin-top: 1; height: 1; }
    Form #description { margin-top: 1; }
    Form #problem { color: $text-error; }
    Form #buttons { height: 1; margin-top: 1; }
    Form Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="form.leave", tooltip="close, and do nothing", show=False),
        Binding("enter", "take", "Take", id="form.take", tooltip="do it with these values", show=False),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        describe: Callable[[Values], Sequence[str]],
        problem: Callable[[Values], str],
        action: str,
        focus: str = "",
    ) -> None:
        super().__init__()
        self._title, self._fields, self._describe, self._problem = title, fields, describe, problem
        self._action, self._focus = action, focus

    def compose(self) -> ComposeResult:
        """The fields, what is said of them, and the buttons."""
        with Vertical(id="box") as box:
            box.border_title = self._title
            # The buttons stay in view, however much is said.
            with VerticalScroll(id="values", can_focus=False):
                for field in self._fields:
                    if field.cross:
                        yield Cross(field.label, field.value == YES, field.key)
                    else:
                        yield Static(field.label, classes="label", markup=False)
                        yield Input(field.value, placeholder=field.hint, id=field.key, compact=True)
                yield Static(id="description", markup=False)
                yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button(self._action, variant="primary", id="take", compact=True)
                yield Button("Cancel", id="leave", compact=True)

    def on_resize(self, event: events.Resize) -> None:
        """Leave room for the buttons and the border, and no more."""
        self.query_one("#values").styles.max_height = max(3, event.size.height * 96 // 100 - 4)

    def on_mount(self) -> None:
        """Describe the first values."""
        self._changed()
        if self._focus:
            self.query_one(f"#{self._focus}").focus()

    @property
    def values(self) -> Values:
        """The values as they are now."""
        found = {box.id or "": box.value for box in self.query(Input)}
        return found | {box.id or "": YES if box.value else "" for box in self.query(Checkbox)}

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        values = self.values
        problem = self._problem(values)
        self.query_one("#description", Static).update("\n".join(self._describe(values)))
        self.query_one("#problem", Static).update(f"! {printable(problem)}" if problem else "")
        self.query_one("#take", Button).disabled = bool(problem)

    @on(Input.Submitted)
    @on(Button.Pressed, "#take")
    def action_take(self) -> None:
        """Give the values, unless there is a problem with them."""
        values = self.values
        if not self._problem(values):
            self.dismiss(values)

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Close without values."""
        self.dismiss(None)
