"""The chain of `profile_export_aiperf_timeslices.json`: the metrics of a run in windows of equal length.

Source: the exporters, models and processors of AIPerf 0.3.0 to 0.13.0. The file has no label. Its slices hold metrics
as the top level of the main export does, so what a step renames or adds there, it renames or adds in each slice.
"""

from __future__ import annotations

from typing import Final

from migrator.chain.chain import Chain
from migrator.chain.metric_ops import Units
from migrator.chain.operation import UNKNOWN, AddedField, Operation
from migrator.chain.ops import Add, InDialect, Inverse, Rename
from migrator.chain.places import BLOCK, FRONT, ROOT, SLICES, visit
from migrator.chain.step import Step
from migrator.chain.steps import STEPS, VERSIONS
from migrator.chain.within import Within
from migrator.jsonfile import Json, Object, Path, at

FIRST: Final = "0.3"
"""The first version that has time slices."""
LIST: Final = "timeslices"

_NANOSECONDS: Final = 1_000_000_000
_GRAIN: Final = 256
"""Distance of neighbouring doubles near 1.8e18: `min_request_timestamp` is known no better, in nanoseconds."""


class _Span:
    """From the first request of a run to its last response, in nanoseconds; None if some slice does not say.

    The last answer is kept, for it is asked for each slice of one document.
    """

    def __init__(self) -> None:
        self._last: tuple[Json, tuple[int, int] | None] = (None, None)

    def of(self, document: Object) -> tuple[int, int] | None:
        """The span of a document; documents are never modified."""
        slices = document.get(LIST)
        known, span = self._last
        if known is not slices:
            span = self._measured(slices)
            self._last = (slices, span)
        return span

    def _measured(self, slices: Json) -> tuple[int, int] | None:
        parts = list(slices.values()) if type(slices) is dict else []
        first = [_moment(part, "min_request_timestamp") for part in parts]
        last = [_moment(part, "max_response_timestamp") for part in parts]
        if not parts or None in first or None in last:
            return None
        return min(value for value in first if value), max(value for value in last if value)


_SPAN: Final = _Span()


def _moment(part: Json, tag: str) -> int | None:
    """A time of a slice in nanoseconds since 1970."""
    block = at(part, (tag,))
    value = block.get("avg") if type(block) is dict and block.get("unit") == "ns" else None
    return int(value) if isinstance(value, (int, float)) and 0 < value < 1e19 else None


def _duration(document: Object) -> int:
    """The length of a slice in nanoseconds, 0 if it is not known."""
    config = document.get("input_config")
    for path in (("output", "slice_duration"), ("artifacts", "slice_duration")):
        value = at(config, path)
        if type(value) in (int, float) and 0 < value < 1e9:
            return int(value * _NANOSECONDS)
    return 0


def _window(document: Object, part: Object) -> tuple[int, int, bool] | None:
    """Start and end of a slice, and whether that is all of its window.

    Until 0.11.0 a request belonged to the window `int(start / duration)`, counted from 1970. A window reaches beyond
    the run at both ends, and is cut there, as later releases cut their last one.
    """
    duration, start, span = _duration(document), _moment(part, "min_request_timestamp"), _SPAN.of(document)
    if not duration or start is None or span is None:
        return None
    index = int(start / duration)
    if any(int((start + shift) / duration) != index for shift in (-_GRAIN, _GRAIN)):
        return None
    first, last = index * duration, (index + 1) * duration
    return max(first, span[0]), min(last, span[1]), first >= span[0] and last <= span[1]


def _start(document: Object, part: Object, _: Path) -> Json:
    """When the window of a slice starts, in nanoseconds since 1970; none where the file does not tell."""
    found = _window(document, part)
    return found[0] if found else UNKNOWN


def _end(document: Object, part: Object, _: Path) -> Json:
    """When the window of a slice ends, in nanoseconds since 1970; none where the file does not tell."""
    found = _window(document, part)
    return found[1] if found else UNKNOWN


def _cut(document: Object, part: Object, _: Path) -> Json:
    """False for a slice whose window reaches beyond the run; else none."""
    found = _window(document, part)
    return False if found and not found[2] else UNKNOWN


class _Numbered(Inverse):
    """`timeslice_index`, which every older slice has: where none has it, the file is of a newer version."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(Add(AddedField("timeslice_index", _position, after=FRONT), at=SLICES))

    def present(self, document: Object) -> str:
        """The slices, if there are some, and none has a number."""
        parts = visit(document, SLICES)
        numbered = any("timeslice_index" in part for _, part, _ in parts)
        return f"{LIST} without timeslice_index" if parts and not numbered else ""


def _position(_: Object, __: Object, path: Path) -> Json:
    """The place of a slice in the list."""
    return int(path[-1])


_OWN: Final[dict[str, tuple[str, str, tuple[Operation, ...]]]] = {
    "1.4": (
        "slices have a start and an end, and no number",
        "AIPerf 0.12.0 writes `start_ns`, `end_ns` and, for a partial slice, `is_complete: false`; the place in the"
        " list is the number of a slice. Older slices get them where their first request and the length of a slice are"
        " in the file (AIPerf 0.3.0 to 0.6.0); 0.7.0 to 0.11.0 did not write when a slice began. Older windows are"
        " counted from 1970, newer ones from the first request.",
        (
            Add(
                AddedField("start_ns", _start, after=FRONT),
                AddedField("end_ns", _end, after=("start_ns",)),
                AddedField("is_complete", _cut, after=("end_ns",)),
                at=SLICES,
            ),
            _Numbered(),
        ),
    ),
}
"""Version → (summary, reason, operations) of what changes in time slices alone."""


def _is_of_metrics(operation: Operation) -> bool:
    """Whether an operation of the main export's chain changes metrics of the run, wherever these stand."""
    inner = operation.of if isinstance(operation, (InDialect, Inverse)) else operation
    place = getattr(inner, "at", None)
    return (
        isinstance(inner, Units)
        or (isinstance(inner, Rename) and place == ROOT)
        or (type(place) is tuple and place[:1] == (BLOCK,))
    )


def _step(main: Step) -> Step:
    metrics = tuple(Within(SLICES, operation) for operation in main.ops if _is_of_metrics(operation))
    summary, reason, own = _OWN.get(main.newer, ("", "", ()))
    told = "; ".join(operation.describe() for operation in metrics)
    return Step(
        main.older, main.newer, summary or told or "nothing", reason or "As in the main export.", (*metrics, *own)
    )


def _opened(document: Object) -> Object:
    """The document with its slices by their place: `{"0": …, "1": …}`."""
    slices = document.get(LIST)
    if type(slices) is not list:
        return document
    keyed = {str(index): part for index, part in enumerate(slices)}
    return {key: keyed if key == LIST else value for key, value in document.items()}


def _closed(document: Object) -> Object:
    slices = document.get(LIST)
    if type(slices) is not dict:
        return document
    listed = list(slices.values())
    return {key: listed if key == LIST else value for key, value in document.items()}


def _place(path: Path) -> Path:
    return (LIST, int(path[1]), *path[2:]) if len(path) > 1 and path[0] == LIST else path


CHAIN: Final = Chain(
    "timeslices",
    VERSIONS[VERSIONS.index(FIRST) :],
    tuple(_step(step) for step in STEPS if step.older in VERSIONS[VERSIONS.index(FIRST) :]),
    configured=True,
    opened=_opened,
    closed=_closed,
    place=_place,
)
