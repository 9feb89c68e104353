"""`aiperf-migrate versions`: the line of versions, from the declarations of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from migrator.aiperf.releases import FIRST_READER, NIGHTLIES, RELEASES, age, writers
from migrator.chain.steps import ENTRY, FIRST_LABELLED, RANK, STEPS, VERSIONS
from migrator.cli.parser import Parser
from migrator.cli.streams import say
from migrator.errors import ExitCode
from migrator.render.lines import json_line
from migrator.render.text import table, wrapped

_MARGIN: Final = 44
"""Columns that a version and who wrote it take."""


def main(arguments: Sequence[str]) -> int:
    """Print the table of versions."""
    parser = Parser("versions", "List the schema versions, who writes them, and what each one changed.")
    parser.add_json()
    parser.add_argument("-v", "--verbose", action="store_true", help="with the reason and operations of each step")
    parser.add_argument("--releases", action="store_true", help="the AIPerf releases, and what each writes")
    options = parser.parse_args(arguments)
    if options.releases:
        return _releases(as_json=options.json)
    if options.json:
        for row in rows():
            say(json_line(row))
        return ExitCode.OK
    listed = [("version", "written by", "new in it")]
    for row in rows():
        first, *rest = wrapped(str(row["summary"]), indent=" " * _MARGIN)
        listed.append((str(row["version"]), released(row["releases"]), first.strip()))
        listed += [("", "", line.strip()) for line in rest]
    for line in table(listed):
        say(line)
    say("")
    for line in wrapped(f"Exports of GenAI-Perf, the predecessor, join at {ENTRY.newer}: {ENTRY.summary}."):
        say(line)
    if options.verbose:
        for step in (ENTRY, *STEPS):
            say(f"\n{step.name(up=True)}")
            for line in wrapped(step.reason, indent="  "):
                say(line)
            for op in step.ops:
                for line in wrapped(f"- {op.describe()}", indent="  ", hanging="    "):
                    say(line)
    return ExitCode.OK


def _releases(*, as_json: bool) -> int:
    """One line a release or nightly at which something changed, oldest first."""
    from migrator.config.release_models import reader

    listed = [("release", "schema", "label", "GPU telemetry", "input_config")]
    for entry in sorted((*RELEASES, *NIGHTLIES), key=lambda entry: age(entry.name)):
        labelled = RANK[entry.version] >= RANK[FIRST_LABELLED]
        names = {"legacy": "gpu_power_usage", "vendor": "nvidia_power_usage"}
        config = "UserConfig" if reader(entry.name).family == "user" else "BenchmarkConfig"
        if as_json:
            say(
                json_line(
                    {
                        "release": entry.name,
                        "version": entry.version,
                        "labelled": labelled,
                        "dialect": entry.dialect,
                        "input_config": config,
                        "reads_exports": age(entry.name) >= age(FIRST_READER),
                    }
                )
            )
        label = entry.version if labelled else "none"
        listed.append((entry.name, entry.version, label, names[entry.dialect], config))
    if not as_json:
        for line in table(listed):
            say(line)
    return ExitCode.OK


def rows() -> Iterator[dict[str, object]]:
    """One plain object a version, oldest first."""
    by_newer = {step.newer: step for step in STEPS}
    for version in VERSIONS:
        step = by_newer.get(version)
        yield {
            "version": version,
            "labelled": RANK[version] >= RANK[FIRST_LABELLED],
            "releases": list(writers(version)),
            "summary": step.summary if step else "metrics under records",
            "reason": step.reason if step else "",
            "operations": [op.describe() for op in step.ops] if step else [],
        }


def released(names: object) -> str:
    """`0.4.0 to 0.7.0`, or that no release wrote it."""
    listed = list(names) if isinstance(names, list) else []
    if not listed:
        return "no release"
    if ".dev" in listed[0]:
        return f"nightlies from {listed[0]}"
    return listed[0] if len(listed) == 1 else f"{listed[0]} to {listed[-1]}"
