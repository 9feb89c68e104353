"""What the terminal is sent: only what looks different, and never less than that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.common.terminal import Cell, Parts, Shown, cells

WIDTH, HEIGHT = 12, 3
STYLES = (None, Style(color="red"), Style(bgcolor="blue"), Style(bold=True), Style(underline=True))
TEXTS = st.text(st.sampled_from("ab  ─●漢e\u0301"), min_size=WIDTH, max_size=WIDTH)


@st.composite
def strips(draw: st.DrawFn) -> Strip:
    """A line of the screen: text of one or two cells a character, in several styles."""
    text = draw(TEXTS)
    cut = draw(st.integers(0, len(text)))
    one, other = (draw(st.sampled_from(STYLES)) for _ in range(2))
    return Strip([Segment(text[:cut], one), Segment(text[cut:], other)]).adjust_cell_length(WIDTH)


SCREENS = st.lists(strips(), min_size=HEIGHT, max_size=HEIGHT)


def update(screen: list[Strip], spans: list[tuple[int, int, int]]) -> ChopsUpdate:
    return ChopsUpdate([{0: strip} for strip in screen], spans, [[WIDTH]] * HEIGHT)


def written(there: list[list[Cell]], parts: Parts) -> None:
    """Write parts over what a terminal shows."""
    for x, y, strip in parts.parts:
        new = cells(strip)
        there[y][x : x + len(new)] = new


@given(st.lists(SCREENS, min_size=2, max_size=5))
def test_after_any_updates_the_terminal_shows_what_it_should(screens: list[list[Strip]]) -> None:
    shown = Shown()
    first = LayoutUpdate([[strip] for strip in screens[0]], Region(0, 0, WIDTH, HEIGHT))
    assert shown.less(first) is first
    there = [cells(strip) for strip in screens[0]]
    for screen in screens[1:]:
        written(there, shown.less(update(screen, [(y, 0, WIDTH) for y in range(HEIGHT)])))
        assert there == [cells(strip) for strip in screen]


def whole(screen: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in screen], Region(0, 0, WIDTH, len(screen)))


@given(st.lists(SCREENS, min_size=2, max_size=5))
def test_of_another_screen_only_what_looks_different_is_sent(screens: list[list[Strip]]) -> None:
    shown = Shown()
    shown.less(whole(screens[0]))
    there = [cells(strip) for strip in screens[0]]
    for screen in screens[1:]:
        written(there, shown.less(whole(screen)))
        assert there == [cells(strip) for strip in screen]
    assert shown.less(whole(screens[-1])).parts == []


@given(SCREENS)
def test_the_screen_is_sent_whole_in_another_size_and_after_others_have_written(screen: list[Strip]) -> None:
    shown = Shown()
    shown.less(whole(screen))
    lower = whole(screen[:-1])
    assert shown.less(lower) is lower
    again = whole(screen[:-1])
    shown.forget()
    assert shown.less(again) is again


@given(SCREENS)
def test_what_looks_the_same_is_not_sent(screen: list[Strip]) -> None:
    shown = Shown()
    shown.less(LayoutUpdate([[strip] for strip in screen], Region(0, 0, WIDTH, HEIGHT)))
    whole = [(y, 0, WIDTH) for y in range(HEIGHT)]
    assert shown.less(update(screen, whole)).parts == []
    shown.forget()
    written(there := [[("?", None)] * WIDTH for _ in range(HEIGHT)], shown.less(update(screen, whole)))
    assert there == [cells(strip) for strip in screen]


def test_only_the_changed_span_is_sent() -> None:
    before, after = Strip([Segment("one two  thr")]), Strip([Segment("one 2wo  thr")])
    shown = Shown()
    shown.less(LayoutUpdate([[before]] * HEIGHT, Region(0, 0, WIDTH, HEIGHT)))
    (part,) = shown.less(update([after, before, before], [(0, 0, WIDTH), (1, 2, 6)])).parts
    assert (part.x, part.y, part.strip.text) == (4, 0, "2")


def test_the_colour_of_a_blank_does_not_count_and_its_background_does() -> None:
    plain, red, blue = (Strip([Segment(" " * WIDTH, style)]) for style in STYLES[:3])
    shown = Shown()
    shown.less(LayoutUpdate([[plain], [plain], [plain]], Region(0, 0, WIDTH, HEIGHT)))
    parts = shown.less(update([red, blue, plain], [(y, 0, WIDTH) for y in range(HEIGHT)])).parts
    assert [part.y for part in parts] == [1]
