"""Small drawings for the page: percentile curves of both sides, and a change beside its margin.

Inline SVG without colours of its own: the page's style sheet draws it, light or dark. The sides differ in line and
marker as well, and every number that is drawn also stands somewhere as text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import finite, number, percent
from migrator.render.comparison.runs import described, run_values
from migrator.render.comparison.words import compared, cut, markup, percentiles, rank

if TYPE_CHECKING:
    from migrator.diff.receipt import Receipt, Row, Shift

WIDTH: Final = 720
HEIGHT: Final = 320
LEFT: Final = 72
RIGHT: Final = 24
_TOP, _BOTTOM = 36, 70
_LABEL: Final = 42
"""Pixels that a label under the axis needs; a percentile nearer to its neighbour goes unlabelled."""
_LOGARITHMIC: Final = 30.0
"""Ratio of the largest to the smallest value from which a linear axis would flatten most of the curve."""

Place = Callable[[float], float]


def curves(shift: Shift, number_on_page: int) -> str:
    """Both sides' values against the percentile, as one SVG; empty where there is nothing that can be drawn.

    The horizontal axis is spaced like a normal distribution (a straight line there is a normal distribution), so the
    tail, where serving systems differ, gets the room that it has not on a linear one.
    """
    names = percentiles(shift)
    values = [side[name] for side in (shift.base, shift.candidate) for name in names]
    if len(names) < 2 or not math.isfinite(max(values) - min(values)):
        return ""
    across = _across(names)
    ticks, up, logarithmic = upwards(min(values), max(values))
    unit = cut(shift.unit, 24)
    title = f"{cut(shift.metric, 60)}: percentiles of base and candidate"
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t{number_on_page} d{number_on_page}">',
        f'<title id="t{number_on_page}">{markup(title)}</title>',
        f'<desc id="d{number_on_page}">{markup(_described(shift, names, unit))}</desc>',
        *vertical_axis(ticks, up, f"{unit} (log scale)".strip() if logarithmic else unit),
        *_horizontal_axis(names, shift, across),
        *_curve("base", [(across[name], up(shift.base[name])) for name in names]),
        *_curve("cand", [(across[name], up(shift.candidate[name])) for name in names]),
        *legend(),
        "</svg>",
    ]
    return "\n".join(parts)


def _described(shift: Shift, names: Sequence[str], unit: str) -> str:
    first, last = names[0], names[-1]
    told = [
        f"{label} from {number(side[first])} {unit} at {first} to {number(side[last])} {unit} at {last}"
        for label, side in (("Base", shift.base), ("candidate", shift.candidate))
    ]
    moved = ", ".join(f"{name} {percent(shift.points[name])}" for name in names)
    return f"{'; '.join(told)}. Change: {moved}."


# --- axes ----------------------------------------------------------------------------------------------------


def _across(names: Sequence[str]) -> dict[str, float]:
    normal = {name: NormalDist().inv_cdf(rank(name) or 0.5) for name in names}
    low, high = min(normal.values()), max(normal.values())
    room = WIDTH - LEFT - RIGHT - 40
    return {name: LEFT + 20 + room * (at - low) / ((high - low) or 1) for name, at in normal.items()}


def upwards(low: float, high: float) -> tuple[list[tuple[float, str]], Place, bool]:
    """Ticks with their labels, the vertical place of a value, and whether the axis is logarithmic."""
    room = HEIGHT - _TOP - _BOTTOM
    if low > 0 and high / low > _LOGARITHMIC:
        start, stop = math.log10(low), math.log10(high)
        return _decades(low, high), lambda v: HEIGHT - _BOTTOM - room * (math.log10(v) - start) / (stop - start), True
    if 0 <= low < high / 2:
        low = 0.0
    pad = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    bottom, top = (low if low == 0 else low - pad), high + pad
    if not math.isfinite(top - bottom) or top <= bottom:
        return [], lambda _: HEIGHT / 2, False
    return steps(bottom, top), lambda v: HEIGHT - _BOTTOM - room * (v - bottom) / (top - bottom), False


def _decades(low: float, high: float) -> list[tuple[float, str]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    leads = (1, 2, 5) if last - first <= 3 else (1,)
    every = max(1, (last - first) // 6)
    values = (float(f"{lead}e{power}") for power in range(first, last + 1, every) for lead in leads)
    return [(value, number(value)) for value in values if low <= value <= high]


def steps(bottom: float, top: float) -> list[tuple[float, str]]:
    """Round values with their labels, at most twelve, within a range."""
    raw = (top - bottom) / 5
    power = math.floor(math.log10(raw))
    step = next((lead * 10.0**power for lead in (1, 2, 5) if lead * 10.0**power >= raw), 10.0 * 10.0**power)
    if not (0 < step < math.inf):
        return []
    places = range(math.ceil(bottom / step), math.floor(top / step) + 1)
    written_out = max(abs(bottom), abs(top)) < 1e6 and power > -5
    decimals = max(0, -math.floor(math.log10(step)))
    return [(n * step, f"{n * step:.{decimals}f}" if written_out else number(n * step)) for n in places[:12]]


def vertical_axis(ticks: Sequence[tuple[float, str]], up: Place, label: str) -> Iterator[str]:
    """The vertical axis: lines at the ticks, and what it shows."""
    for value, text in ticks:
        y = up(value)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{markup(text)}</text>'
    yield f'<text class="name" x="8" y="18">{markup(label)}</text>'


def _horizontal_axis(names: Sequence[str], shift: Shift, across: dict[str, float]) -> Iterator[str]:
    y = HEIGHT - _BOTTOM
    yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
    free = 0.0
    for name in names:
        x = across[name]
        yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + 4}"/>'
        if x < free:
            continue
        free = x + _LABEL
        yield f'<text class="tick" x="{x:.1f}" y="{y + 18}" text-anchor="middle">{markup(name)}</text>'
        moved = shift.points[name]
        text = f"{moved:+.0f}%" if 10 <= abs(moved) < 1000 else percent(moved)
        yield f'<text class="moved" x="{x:.1f}" y="{y + 35}" text-anchor="middle">{markup(text)}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    text = "percentile of requests, and the change there"
    yield f'<text class="name" x="{middle:.0f}" y="{y + 58}" text-anchor="middle">{text}</text>'


# --- what is drawn -------------------------------------------------------------------------------------------


def _curve(side: str, points: Sequence[tuple[float, float]]) -> Iterator[str]:
    yield f'<polyline class="{side}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
    for x, y in points:
        yield marker(side, x, y)


def marker(side: str, x: float, y: float, r: float = 3.5) -> str:
    """The mark of a side at a place."""
    if side == "base":
        return f'<circle class="{side}" cx="{x:.1f}" cy="{y:.1f}" r="{r:g}"/>'
    return f'<rect class="{side}" x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r:g}" height="{2 * r:g}"/>'


def legend() -> Iterator[str]:
    """Line and mark of each side, with its name."""
    for side, word, x in (("base", "base", WIDTH - 260), ("cand", "candidate", WIDTH - 150)):
        yield f'<polyline class="{side}" points="{x},14 {x + 36},14"/>'
        yield marker(side, x + 18, 14)
        yield f'<text class="tick" x="{x + 44}" y="18">{word}</text>'


def reach(rows: Sequence[Row]) -> float:
    """How far, in percent, the scale of the bars goes to each side: as far as the margins and most changes ask."""
    rows = [row for row in rows if compared(row)]
    held = [row.margin * 1.5 for row in rows if finite(row.margin)]
    held += [abs(end) for row in rows if row.interval for end in (row.interval.low, row.interval.high) if finite(end)]
    held += [abs(row.percent) for row in rows if row.percent is not None and finite(row.percent)]
    return min(max(held, default=0.0) * 1.05, 60.0) or 1.0


def bar(row: Row, far: float) -> str:
    """The change of a row with its interval, over the band of its margin; empty where none in percent was judged.

    What lies beyond the scale ends in an arrow. The drawing is for the eye only: the cells beside it say the same.
    """
    if row.percent is None or not finite(row.percent) or row.measure == "difference" or not compared(row):
        return ""

    def at(value: float) -> float:
        return 70 + 64 * max(-1.0, min(1.0, value / far))

    parts = ['<svg class="bar" viewBox="0 0 140 16" aria-hidden="true">']
    if finite(row.margin) and row.margin > 0:
        left, right = at(-row.margin), at(row.margin)
        parts.append(f'<rect class="band" x="{left:.1f}" y="1" width="{right - left:.1f}" height="14"/>')
    parts.append('<line class="axis" x1="70" x2="70" y1="0" y2="16"/>')
    found = row.interval
    if found and finite(found.low) and finite(found.high):
        parts.append(f'<line class="reach" x1="{at(found.low):.1f}" x2="{at(found.high):.1f}" y1="8" y2="8"/>')
    if abs(row.percent) <= far:
        parts.append(f'<circle class="dot" cx="{at(row.percent):.1f}" cy="8" r="3.5"/>')
    else:
        tip = 139 if row.percent > 0 else 1
        back = tip - 8 if row.percent > 0 else tip + 8
        parts.append(f'<polygon class="dot" points="{tip},8 {back},3.5 {back},12.5"/>')
    return "".join([*parts, "</svg>"])


_DOTS: Final = (160, 34)
"""Most pixels across, and those up, of the drawing of a row's runs."""


def dots(receipt: Receipt, row: Row) -> str:
    """The value of each run of a row, in order of start, over the band of its margin; empty for one run a side."""
    values = run_values(receipt, row)
    if not values:
        return ""
    held = _band(row)
    low, high = (end([*(found.value for found in values), *held]) for end in (min, max))
    if not math.isfinite(high - low):
        return ""
    width, height = min(_DOTS[0], 12 * len(values) + 4), _DOTS[1]
    step, room = (width - 8) / (len(values) - 1), height - 8

    def up(value: float) -> float:
        return height - 4 - room * ((value - low) / (high - low) if high > low else 0.5)

    parts = [f'<svg class="dots" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">']
    parts.append(f"<title>{markup(described(values))}</title>")
    if held:
        top, bottom = up(held[1]), up(held[0])
        parts.append(f'<rect class="band" x="0" y="{top:.1f}" width="{width}" height="{bottom - top:.1f}"/>')
    for place, found in enumerate(values):
        side = "base" if found.side == "base" else "cand"
        parts.append(marker(side, 4 + step * place, up(found.value), 3))
    return "".join([*parts, "</svg>"])


def _band(row: Row) -> tuple[float, ...]:
    """The values, from and to, that are within the margin of the base's; empty where there is no margin."""
    if row.base is None or not finite(row.base) or not compared(row):
        return ()
    limit = max(row.margin / 100 * abs(row.base), row.floor)
    return (row.base - limit, row.base + limit) if math.isfinite(limit) and limit > 0 else ()
