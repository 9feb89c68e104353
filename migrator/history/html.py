"""A history as one page: nothing is loaded and nothing is run; every drawing has its numbers beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.diff.setup import name_of
from migrator.history.plot import plot
from migrator.history.sections import Section
from migrator.history.series import Series
from migrator.history.words import change_words, definitions_told, when
from migrator.render.comparison.numbers import pair
from migrator.render.comparison.style import STYLE
from migrator.render.comparison.words import cut, markup
from migrator.render.text import plural, value_text

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
.run { stroke: var(--base); stroke-width: 5; stroke-linecap: round; fill: none; }
.level { stroke: var(--ink); stroke-width: 1.5; } .upgrade { stroke: var(--faint); stroke-dasharray: 2 3; }
.definition { stroke: var(--incomparable); stroke-width: 2; } .failed { stroke: var(--regression); stroke-width: 2; }
.worse { color: var(--regression); } .better { color: var(--improvement); }
"""


def render(sections: Sequence[Section]) -> str:
    """The page, a section a workload; it ends with a newline."""
    runs = sum(len(section.points) for section in sections)
    title = f"History of {plural(runs, 'run')}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{markup(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{markup(title)}</title>",
        f"<style>\n{STYLE}{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{markup(title)}</h1>",
        '<p class="faint">Each dot is a run, in the order of time; a line is the level between two changes. A dotted'
        " line marks an upgrade of AIPerf, a solid one a changed definition, a cross a run without a successful"
        " request.</p>",
        *(line for section in sections for line in _section(section)),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    points = section.points
    span = f"{when(section, points[0])} to {when(section, points[-1])}"
    yield f"<h2>{_text(section.name, 200)}</h2>"
    yield f"<p>{plural(len(points), 'run')}, {span}</p>"
    if section.differs:
        there = [place for place in section.differs if place in section.setup]
        told = "; ".join(f"{name_of(place)}: {value_text(section.setup[place], 60)}" for place in there)
        yield f'<p class="faint">{_text(told, 2000)}</p>'
    yield '<div class="plots">'
    for series in section.series:
        yield from _figure(section, series)
    yield "</div>"
    if section.upgrades:
        yield "<details><summary>Upgrades of AIPerf</summary><ul>"
        for found in section.upgrades:
            told = f"{when(section, points[found.first])}: {found.before} → {found.after}"
            yield f"<li>{_text(told, 200)}</li>"
        yield "</ul></details>"
    if section.notes:
        yield "<ul>"
        yield from (f"<li>{_text(note, 600)}</li>" for note in section.notes)
        yield "</ul>"


def _figure(section: Section, series: Series) -> Iterator[str]:
    known = [value for value in series.values if value is not None]
    levels = f"{' → '.join(pair(known[0], known[-1]))} {series.unit}"
    yield f"<figure><figcaption>{_text(series.name, 120)}<span>{_text(levels, 100)}</span></figcaption>"
    yield plot(section, series)
    if series.changes or series.redefined:
        yield "<ul>"
        for change in series.changes:
            point = section.points[change.first]
            told = f"{when(section, point)}: {change_words(series, change)}"
            yield f'<li class="{change.verdict}">{_text(told, 300)}: <code>{_text(point.file, 300)}</code></li>'
        yield from (f"<li>{_text(told, 600)}</li>" for told in definitions_told(section, series))
        yield "</ul>"
    yield "</figure>"


def _text(text: str, width: int) -> str:
    return markup(cut(text, width))
