"""What all renderings of a receipt share: the words for things.

Nothing here is escaped: text out of files is passed on as it is, and each renderer makes it harmless for its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from migrator.render.comparison.numbers import finite, number, plain_percent
from migrator.render.safe import printable
from migrator.render.text import plural

if TYPE_CHECKING:
    from migrator.diff.receipt import Finding, Receipt, Row, Shift, Side

GLYPHS: Final = {
    "regression": "✗",
    "improvement": "✓",
    "no worse": "✓",
    "equivalent": "=",
    "inconclusive": "?",
    "incomparable": "!",
}
"""One for each verdict; a word always stands beside it, so neither shape nor colour carries the meaning alone."""
ARROWS: Final = {"lower": "↓", "higher": "↑", "parity": "=", "information": "·"}
ARROW_WORDS: Final = {
    "lower": "lower is better",
    "higher": "higher is better",
    "parity": "must match",
    "information": "not judged",
}
EVIDENCE: Final = {
    "runs": "repeated runs; the run is the unit, so intervals hold between runs",
    "aggregate": "mean, standard deviation and number of runs that are gone; intervals hold between runs",
    "noise": "a noise profile of earlier runs, which stands in for repetition",
    "records": "the requests of one run a side; nothing is known of the next run",
    "summary": "one summary a side, within the run and approximately; nothing is known of the next run",
    "value": "one number a side; there is nothing to judge the difference by",
    "exact": "a number without noise, equal or not",
}
MARKS: Final = {"changed": "~", "added": "+", "removed": "-"}
"""Signs for a difference of the configuration, as in a ledger."""
LISTED: Final = 12
"""Differences of the configuration, and names of metrics, that are listed before the rest is only counted."""


def cut(text: str, width: int) -> str:
    """Text out of a file, printable and at most `width` characters long."""
    # Cut first too: a name of a million characters is not worth escaping.
    shown = printable(text[:width])
    return shown if len(shown) <= width and len(text) <= width else shown[: width - 1] + "…"


def markup(text: str) -> str:
    """Printable text as it stands in HTML and XML, also within an attribute."""
    return text.translate(_ESCAPED)


_ESCAPED = str.maketrans({char: f"&#{ord(char)};" for char in "&<>\"'"})


def name_of(row: Row, width: int = 60) -> str:
    """`time_to_first_token.p99`, as the gate's options spell it."""
    return f"{cut(row.metric, width)}.{cut(row.statistic, 12)}"


def verdict_of(row: Row) -> str:
    """Glyph and word; outside the gate, metrics without a good direction are never judged, whatever they did."""
    if not judged(row):
        return "· not judged"
    return f"{GLYPHS[row.verdict]} {row.verdict.value}{' (waived)' if waived(row) else ''}"


def judged(row: Row) -> bool:
    """Whether a row has a verdict: without a good direction only in the gate, or where it cannot be compared."""
    return row.direction != "information" or row.gate == "gate" or row.verdict == "incomparable"


def both(row: Row) -> bool:
    """Whether both sides have a value."""
    return row.base is not None and row.candidate is not None


def compared(row: Row) -> bool:
    """Whether a row's values could be held against each other: else margin, evidence and counts say nothing."""
    return both(row) and row.verdict != "incomparable"


def waived(row: Row) -> bool:
    """Whether a regression was accepted; a waiver that is not needed changes nothing."""
    return row.waiver is not None and row.verdict == "regression"


def legend(rows: Iterable[Row]) -> str:
    """The arrows that stand before some rows, explained."""
    used = {row.direction.value for row in rows}
    return ", ".join(f"{ARROWS[name]} {words}" for name, words in ARROW_WORDS.items() if name in used)


# --- findings -------------------------------------------------------------------------------------------------


def findings(receipt: Receipt) -> list[Finding]:
    """What a reader must know before any number: what blocks, then what warns, then the rest."""
    return sorted(receipt.findings, key=lambda finding: (not finding.blocks, not finding.warns))


def loud(finding: Finding) -> bool:
    """Whether a finding belongs beside the verdict."""
    return finding.blocks or finding.warns


def label_of(finding: Finding) -> str:
    """Glyph and word of a finding, `! blocks`, `! warns` or `· notice`."""
    return "! blocks" if finding.blocks else "! warns" if finding.warns else "· notice"


# --- what the sides are, and what they were held to ----------------------------------------------------------


def side(found: Side) -> str:
    """`5 runs, schema 1.0, migrated in memory 1.0 → 1.5, written by AIPerf 0.4.0`; the name stands elsewhere."""
    versions = ", ".join(dict.fromkeys(run.version for run in found.runs if run.version))
    releases = dict.fromkeys(run.written_by for run in found.runs if run.written_by)
    writers = ", ".join(f"AIPerf {name}" if name[0].isdigit() else name for name in releases)
    told = [_runs(found)]
    if found.failed:
        told.append(f"{failed_of(found)} requests failed")
    if versions:
        told.append(f"schema {versions}")
    if found.migrated:
        told.append(f"migrated in memory {found.migrated}")
    if writers:
        told.append(f"written by {writers}")
    return cut(", ".join(told), 400)


def _runs(found: Side) -> str:
    """`5 runs`, `6 runs, 3 of them in 1 aggregate`."""
    told = [plural(sum(run.runs for run in found.runs), "run")]
    for kind, name in STAND_INS.items():
        of_kind = [run for run in found.runs if run.kind == kind]
        if of_kind:
            runs = sum(run.runs for run in of_kind)
            whole = "" if len(of_kind) == len(found.runs) else f"{runs} of them "
            told.append(f"{whole}known by {'a collated file' if kind == 'collated' else plural(len(of_kind), name)}")
    return ", ".join(told)


STAND_INS: Final = {"aggregate": "aggregate", "cell": "cell of a sweep file", "collated": "collated file"}
"""What stands for runs that are gone."""


def failed_of(found: Side) -> str:
    """How many requests of a side failed: `144 of 360`."""
    failed = found.failed or 0
    return f"{failed} of {failed + (found.succeeded or 0)}"


def gate(receipt: Receipt) -> str:
    """What the comparison was held to, with the size of the set that the correction is for."""
    found = receipt.gate
    if not found.size:
        return "no row; nothing can fail"
    return f"{plural(found.size, 'row')}, {cut(found.correction, 40)} correction at α = {found.alpha:g}"


def allowed(receipt: Receipt) -> str:
    """What was varied on purpose, and does not block: `gpus, concurrency`; may be empty."""
    return cut(", ".join(cut(name, 60) for name in receipt.gate.allowed), 600)


def noise(receipt: Receipt) -> str:
    """The noise profile that was used, `lab.json: 12 runs of 1000 requests, newest 2026-11-20, 7 rows rest on it`.

    Empty where none was.
    """
    found = receipt.noise
    if found is None:
        return ""
    requests = "" if found.requests is None else f" of {plural(found.requests, 'request')}"
    newest = f", newest {cut(found.newest, 40)}" if found.newest else ""
    rest = "1 row rests on it" if found.rows == 1 else f"{found.rows} rows rest on it"
    return f"{cut(found.file, 200)}: {plural(found.runs, 'run')}{requests}{newest}, {rest}"


def policy(receipt: Receipt) -> str:
    """Where the gate came from, `bench/gates.toml (3f2a9c41d0e7)`; may be empty."""
    found = receipt.gate
    told = cut(found.policy, 200)
    return f"{told} ({cut(found.policy_hash, 16)})".lstrip() if found.policy_hash else told


def held_to(row: Row) -> str:
    """`margin 5%, floor 2 ms`: the change that is still no change."""
    if not row.margin and not row.floor:
        return "no margin"
    floor = f", floor {number(row.floor)} {cut(row.unit, 24)}".rstrip() if row.floor else ""
    return f"margin {plain_percent(row.margin)}{floor}"


def shown_by(row: Row) -> list[str]:
    """The p-values behind the verdict of a row, and how they were found; empty where there are none."""
    told = []
    if row.p_beyond is not None and finite(row.p_beyond):
        told.append(f"p = {row.p_beyond:.3g} of 'not worse by more than the margin'; small: a regression")
    if row.p_within is not None and finite(row.p_within):
        told.append(f"p = {row.p_within:.3g} of 'worse by the margin or more'; small: no worse")
    if row.method:
        told.append(f"method: {cut(row.method, 200)}")
    return told


def counted(row: Row) -> str:
    """`5 runs`, `5/4 runs`, `1000 requests`; empty where nothing was counted, or compared."""
    counts = (row.n_base, row.n_candidate)
    if counts == (None, None) or row.evidence == "exact" or not compared(row):
        return ""
    alike = counts[0] == counts[1]
    told = str(counts[0]) if alike else "/".join("?" if count is None else str(count) for count in counts)
    noun = "request" if row.evidence in ("records", "summary") else "run"
    return f"{told} {noun}" if told == "1" else f"{told} {noun}s"


# --- where a distribution moved ------------------------------------------------------------------------------


def percentiles(shift: Shift) -> list[str]:
    """Names of the percentiles at which both sides have a value, in ascending order; others cannot be placed."""
    told = (shift.points, shift.base, shift.candidate)
    known = [name for name in shift.points if rank(name) is not None and all(finite(side.get(name)) for side in told)]
    return sorted(known, key=lambda name: rank(name) or 0.0)


def rank(percentile: str) -> float | None:
    """`p99` as 0.99; `None` for what is no percentile strictly between the ends."""
    if not re.fullmatch(r"p[0-9]{1,2}(\.[0-9]{1,4})?", percentile):
        return None
    return float(percentile[1:]) / 100 or None


def margins(receipt: Receipt) -> dict[str, float]:
    """The widest margin of each metric, in percent."""
    found: dict[str, float] = {}
    for row in receipt.rows:
        found[row.metric] = max(found.get(row.metric, 0.0), row.margin)
    return found


def signs(shift: Shift, margin: float) -> str:
    """A character for each percentile, `======+++`: `+` above, `-` below, `=` within the margin.

    Bars of eight heights would need a scale and a zero that a reader has to guess, and noise would fill them; signs
    mean the same in every line, in every font, read aloud, and in a log that is not Unicode.
    """
    points = (shift.points[name] for name in percentiles(shift))
    return "".join("+" if point > margin else "-" if point < -margin else "=" for point in points)


def span(shift: Shift) -> tuple[str, str] | None:
    """The percentiles of the smallest and the largest change; `None` where there are no percentiles."""
    names = percentiles(shift)
    if not names:
        return None
    return min(names, key=shift.points.__getitem__), max(names, key=shift.points.__getitem__)
