"""The report of a result: lines for the terminal, and the page `docs/compatibility.md`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from golden.provenance import EXPORT_FILE
from oracle import plots
from oracle.fidelity import NOT_COMPARED, share

RESULT: Final = Path(__file__).parent / "result.json"
PAGE: Final = Path(__file__).parent.parent / "docs" / "compatibility.md"
AIM: Final = 0.95
"""The share of knowable leaves that is to be equal in every pair."""
_BESIDE: Final = 13
"""Most loaders beside each other in a matrix."""
_WIDE: Final = 100
"""Characters of a reason in a table."""


def load() -> dict[str, Any]:
    """The stored result of the last full run."""
    return dict(json.loads(RESULT.read_bytes()))


def store(found: dict[str, Any]) -> None:
    """Store a result, a source a line, so that a difference is readable."""
    RESULT.write_text(_compact(found) + "\n", encoding="utf-8")


def _compact(value: Any, depth: int = 0) -> str:
    if not isinstance(value, dict) or depth > 3 or not value:
        return json.dumps(value, ensure_ascii=False)
    pad = "\n" + " " * (depth + 1)
    rows = (f"{json.dumps(key, ensure_ascii=False)}: {_compact(inner, depth + 1)}" for key, inner in value.items())
    return "{" + pad + f",{pad}".join(rows) + "\n" + " " * depth + "}"


def score(rows: dict[str, str]) -> tuple[int, int]:
    """(cells of a matrix that say yes, all cells); what a loader does not write is no cell."""
    cells = "".join(rows.values()).replace("-", "")
    return cells.count("1"), len(cells)


def fails(found: dict[str, Any]) -> bool:
    """Whether a release does not read an export, or a configuration is less alike than it should be."""
    gone = [name for name in found["absent"] if ".dev" not in name]
    low = any(low_share < AIM for _, _, _, low_share in _lowest(found))
    failures = [*found["failures"], *found["others"], *found["edited"]["failures"], *_family_failures(found)]
    return bool(failures or gone or low or ("plots" in found and plots.fewer(found["plots"])))


def text(found: dict[str, Any]) -> Iterator[str]:
    """The report for a terminal of 80 columns."""
    loaders = found["loaders"]
    yield "rows: the release that wrote it; columns: the release that reads it"
    yield "+ reads it as it is   c reads it converted   - does not read it converted"
    yield ""
    yield from (f"  {index:>2} {name}" for index, name in enumerate(loaders, 1))
    yield ""
    for columns in _columns(loaders):
        yield " " * 20 + " ".join(f"{index + 1:>2}" for index in columns)
        for source, marks in _marks(found).items():
            yield f"{source:<20}" + " ".join(f"{marks[index]:>2}" for index in columns)
        yield ""
    yield "{}/{} read as they are".format(*score(found["as_is"]))
    yield "{}/{} read after conversion, every metric value unchanged".format(*score(found["converted"]))
    yield f"all recorded exports, in every loader: {_all(found)}"
    yield f"configurations whose fields conflict, in every loader: {_edited(found)}"
    for family, matrix in found.get("families", {}).items():
        yield f"{family}, converted, in every loader that writes it: " + "{} of {}".format(*score(matrix["converted"]))
    yield from (f"not asked: {name}: {why}" for name, why in found["absent"].items())
    yield from _failures_text(found)
    yield ""
    yield from _fidelity_text(found)
    if drawn := found.get("plots"):
        less = plots.fewer(drawn)
        yield f"aiperf plot of {', '.join(drawn['folders'])}: {len(less)} pictures fewer of converted folders"
        yield from (f"  {line}" for line in less)


def _edited(found: dict[str, Any]) -> str:
    edited = found["edited"]
    return f"{edited['judged'] - len(edited['failures']):,} of {edited['judged']:,}"


def _family_failures(found: dict[str, Any]) -> list[list[str]]:
    """`[family and row, loader, why]` of all families but the main exports."""
    return [
        [f"{family} of {row}", loader, why]
        for family, matrix in found.get("families", {}).items()
        for row, loader, why in matrix["failures"]
    ]


def _failures_text(found: dict[str, Any]) -> Iterator[str]:
    """What fails: the exports that fail for the same reason stand together."""
    for (loader, why), names in _grouped(found).items():
        yield ""
        yield from textwrap.wrap(f"{loader} does not read {', '.join(names)}", 80, subsequent_indent="  ")
        yield from textwrap.wrap(why, 80, initial_indent="  because: ", subsequent_indent="  ")


def _grouped(found: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    groups: dict[tuple[str, str], list[str]] = {}
    failures = (*found["failures"], *found["others"], *found["edited"]["failures"], *_family_failures(found))
    for source, loader, why in failures:
        groups.setdefault((loader, why), []).append(source.removesuffix(f"/{EXPORT_FILE}"))
    return groups


def _fidelity_text(found: dict[str, Any]) -> Iterator[str]:
    yield "input_config against what the target release itself wrote for the same command;"
    yield "of the leaves that a tool could know, in every pair:"
    for scenario, source, target, low in _lowest(found):
        yield f"  {scenario:<18} at least {low:6.1%} equal ({source} to {target})"
    yield from (f"  not the same in {count} pairs: {path}" for path, count in found["worst"].items())


def _lowest(found: dict[str, Any]) -> Iterator[tuple[str, str, str, float]]:
    """For each scenario the pair with the lowest share."""
    for scenario, sources in found["pairs"].items():
        shares = [
            (0.0 if isinstance(row, str) else share(row), source, target)
            for source, targets in sources.items()
            for target, row in targets.items()
        ]
        if shares:
            low, source, target = min(shares)
            yield scenario, source, target, low


def _columns(loaders: list[str]) -> Iterator[range]:
    """The loaders by their places, so many at a time as stand beside each other."""
    count = len(loaders)
    yield from (range(start, min(start + _BESIDE, count)) for start in range(0, count, _BESIDE))


def _marks(matrix: dict[str, Any]) -> dict[str, list[str]]:
    """Source → a mark for each loader."""
    return {
        source: [_mark(a, b) for a, b in zip(matrix["as_is"][source], converted, strict=True)]
        for source, converted in matrix["converted"].items()
    }


def _mark(as_is: str, converted: str) -> str:
    if converted == "-":
        return "·"
    return "-" if converted == "0" else "+" if as_is == "1" else "c"


def page(found: dict[str, Any]) -> str:
    """`docs/compatibility.md`."""
    return "\n".join(_page(found)) + "\n"


def _page(found: dict[str, Any]) -> Iterator[str]:
    yield "# Which release reads which export"
    yield ""
    yield "Generated by `make oracle` from what AIPerf itself said; do not edit. Every release was installed, and"
    yield "its own `JsonExportData` loaded the recorded exports of all releases: as they are, and converted for it."
    yield ""
    yield "{} of {} are read as they are.".format(*score(found["as_is"]))
    yield "**{} of {} are read after conversion**, and every number of their metrics comes out of the model".format(
        *score(found["converted"])
    )
    yield f"as it went in. Of all recorded exports, in every loader: {_all(found)}."
    yield ""
    yield f"{found['edited']['exports']} more have configurations that were edited so that fields conflict"
    yield f"(`oracle/edited.toml`). Converted, in every loader: {_edited(found)} are read;"
    yield f"{found['edited']['without_config']} of these without `input_config`, because nothing of it could stay."
    yield ""
    yield from _matrix(found)
    yield from _families(found)
    yield from _failures(found)
    yield from _pairs(found)
    yield from _unknowable(found)
    yield from _plots(found)


def _all(found: dict[str, Any]) -> str:
    bad = len(found["others"]) + len(found["failures"])
    return f"{found['exports'] - bad} of {found['exports']}; {found['numbers']:,} numbers were compared"


def _matrix(found: dict[str, Any]) -> Iterator[str]:
    yield "`+` reads it as it is, `c` reads it converted, `-` does not read it even then. The rows say which release"
    yield "wrote it (scenario chat-streaming), the columns which reads it."
    yield ""
    yield from _table(found, found["loaders"])
    yield "0.1.1 has no such model, so it reads nothing; its exports load elsewhere as they are, yet without a metric,"
    yield "and that does not count. Of the nightly builds on the package index (`aiperf-nightly`) those are asked whose"
    yield "model differs from that of the build before them."
    yield ""


def _table(matrix: dict[str, Any], loaders: list[str]) -> Iterator[str]:
    """A matrix, in parts that are narrow enough to be read."""
    for columns in _columns(loaders):
        yield f"| | {' | '.join(loaders[index] for index in columns)} |"
        yield "|---|" + ":-:|" * len(columns)
        for source, marks in _marks(matrix).items():
            yield f"| {source} | {' | '.join(marks[index] for index in columns)} |"
        yield ""


_ABOUT_FAMILIES: Final = {
    "time slices": "`profile_export_aiperf_timeslices.json`, judged by `TimesliceCollectionExportData`.",
    "GPU telemetry": "`gpu_telemetry_export.jsonl`, each line judged by `TelemetryRecord`.",
    "GenAI-Perf": "`profile_export_genai_perf.json` of AIPerf's predecessor, judged by `JsonExportData`: shapes of its "
    "releases (`oracle/genai_perf.toml`).",
}


def _families(found: dict[str, Any]) -> Iterator[str]:
    for family, matrix in found.get("families", {}).items():
        yield f"## {family[0].upper()}{family[1:]}"
        yield ""
        yield from textwrap.wrap(_ABOUT_FAMILIES[family], 118)
        yield "Converted, {} of {} are read, and every number stays. `·`: the release writes no such file.".format(
            *score(matrix["converted"])
        )
        yield ""
        yield from _table(matrix, found["loaders"])


def _failures(found: dict[str, Any]) -> Iterator[str]:
    groups = _grouped(found)
    if not groups:
        return
    yield "## What fails"
    yield ""
    yield "| does not read | what | because |"
    yield "|---|---|---|"
    for (loader, why), names in groups.items():
        yield f"| {loader} | {', '.join(names)} | {_cell(why)} |"
    yield ""


def _pairs(found: dict[str, Any]) -> Iterator[str]:
    yield "## `input_config` against what the release itself wrote"
    yield ""
    yield "One command line was recorded with several releases, so the right answer is known: what the target wrote for"
    yield "it. Of the leaves that it wrote itself and that a tool could know, the share that is equal, in percent; in"
    yield "brackets how many differ, are missing, are extra. Rows are sources, columns targets."
    for name, reason in NOT_COMPARED.items():
        yield f"The scenario {name} is left out: {reason}."
    for scenario, sources in found["pairs"].items():
        targets = list(dict.fromkeys(target for row in sources.values() for target in row))
        yield ""
        yield f"### {scenario}"
        yield ""
        yield f"| | {' | '.join(targets)} |"
        yield "|---|" + ":-:|" * len(targets)
        for source, row in sources.items():
            yield f"| {source} | {' | '.join(_pair(row.get(target)) for target in targets)} |"
    yield ""


def _pair(row: list[int] | str | None) -> str:
    if row is None:
        return ""
    if isinstance(row, str):
        return "refused"
    wrong = "/".join(map(str, row[1:4]))
    return "100" if not sum(row[1:4]) else f"{share(row) * 100:.1f} ({wrong})"


def _unknowable(found: dict[str, Any]) -> Iterator[str]:
    yield "### What no tool could know"
    yield ""
    yield "These leaves are not the same in some pairs; the figures leave them out (`oracle/unknowable.toml`)."
    yield ""
    yield "| leaf | why | pairs |"
    yield "|---|---|--:|"
    for path, (reason, count) in found["unknowable"].items():
        yield f"| `{path}` | {_cell(reason)} | {count} |"
    if found["worst"]:
        yield ""
        yield "### What a tool could know, and is not the same"
        yield ""
        yield "| leaf | pairs |"
        yield "|---|--:|"
        yield from (f"| `{path}` | {count} |" for path, count in found["worst"].items())


def _plots(found: dict[str, Any]) -> Iterator[str]:
    drawn = found.get("plots")
    if not drawn:
        return
    folders, runs = drawn["folders"], drawn["runs"]
    yield ""
    yield "## Plots"
    yield ""
    yield "How many pictures `aiperf plot` saves of one folder, time slices and GPUs included: of a folder of another"
    yield "release as it is, and converted with `--all-files` for the release that draws. The rows say which release"
    yield "wrote it, the columns which draws."
    yield ""
    yield f"| | {' | '.join(folders)} |"
    yield "|---|" + ":-:|" * len(folders)
    for writer in folders:
        cells = (f"{len(of[writer]['as_is'])}{_converted(of[writer])}" for of in folders.values())
        yield f"| {writer} | {' | '.join(cells)} |"
    yield ""
    yield f"To compare several runs, 0.13.0 saves {len(runs['native'])} plots from its own exports, and"
    yield f"{len(runs['converted'])} from {runs['runs']} exports of older releases that were converted for it."


def _converted(drawn: dict[str, list[str]]) -> str:
    return f" → {len(drawn['converted'])}" if "converted" in drawn else ""


def _cell(told: str) -> str:
    plain = " ".join(told.split()).replace("|", "\\|").replace("<", "&lt;")
    return plain if len(plain) <= _WIDE else f"{plain[: _WIDE - 1]}…"


if __name__ == "__main__":
    PAGE.write_text(page(load()), encoding="utf-8")
