"""`aiperf-migrate versions`: the line of versions, from the declarations of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrator.aiperf.releases import FIRST_READER, NIGHTLIES, RELEASES, age, version_key, writers
from migrator.chain.steps import ENTRY, FIRST_LABELLED, STEPS, VERSIONS
from migrator.cli.display import PagedOptions, add_pager
from migrator.cli.parser import Parser
from migrator.cli.report import say_json
from migrator.cli.streams import say
from migrator.errors import ExitCode, UsageError
from migrator.render.lines import json_line
from migrator.render.text import release_range, table, wrapped
from migrator.values import NamedTuple

_MARGIN: Final = 44
"""Columns of the version and of the releases that write it."""


class Options(PagedOptions):
    """What the command line says."""

    json: bool
    verbose: bool
    releases: bool
    map: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, "List the schema versions, who writes them, and what each one changed.")
    parser.add_json()
    add_pager(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="with the reason and operations of each step")
    parser.add_argument("--releases", action="store_true", help="the AIPerf releases, and what each writes")
    parser.add_argument(
        "--map",
        action="store_true",
        help="the whole line as one JSON document, for interpreters in other languages (`schema map` describes it)",
    )
    return parser


def run(options: Options) -> int:
    """Print the table of versions, or of releases, or the map."""
    if options.map:
        if options.verbose or options.releases:
            raise UsageError("--map is one JSON document: it goes with none of -v and --releases")
        # Imported here: it reads every declaration, which the tables do not need.
        from migrator.migration.map import the_map

        say(json_line(the_map()))
    elif options.releases:
        _print_releases(as_json=options.json)
    elif options.json:
        for row in rows():
            say_json("versions", row._asdict())
    else:
        _print_versions(verbose=options.verbose)
    return ExitCode.OK


def _print_versions(*, verbose: bool) -> None:
    listed = [("version", "written by", "new in it")]
    for row in rows():
        first, *rest = wrapped(row.summary, indent=" " * _MARGIN)
        listed.append((row.version, release_range(row.releases), first.strip()))
        listed += [("", "", line.strip()) for line in rest]
    for line in table(listed):
        say(line)
    say("")
    for line in wrapped(f"Exports of GenAI-Perf, the predecessor, join at {ENTRY.newer}: {ENTRY.summary}."):
        say(line)
    for step in (ENTRY, *STEPS) if verbose else ():
        say(f"\n{step.name(up=True)}")
        for line in wrapped(step.reason, indent="  "):
            say(line)
        for op in step.ops:
            for line in wrapped(f"- {op.describe()}", indent="  ", hanging="    "):
                say(line)


def _print_releases(*, as_json: bool) -> None:
    """One line a release or nightly at which something changed, oldest first."""
    from migrator.config.release_models import reader

    listed = [("release", "schema", "label", "GPU telemetry", "input_config")]
    for entry in sorted((*RELEASES, *NIGHTLIES), key=lambda entry: age(entry.name)):
        labelled = version_key(entry.version) >= version_key(FIRST_LABELLED)
        names = {"legacy": "gpu_power_usage", "vendor": "nvidia_power_usage"}
        config = "UserConfig" if reader(entry.name).family == "user" else "BenchmarkConfig"
        if as_json:
            row = {"release": entry.name, "version": entry.version, "labelled": labelled, "dialect": entry.dialect}
            row |= {"input_config": config, "reads_exports": age(entry.name) >= age(FIRST_READER)}
            say_json("releases", row)
        label = entry.version if labelled else "none"
        listed.append((entry.name, entry.version, label, names[entry.dialect], config))
    if not as_json:
        for line in table(listed):
            say(line)


class VersionRow(NamedTuple):
    """One schema version, as `--json` prints it.

    Attributes:
        version: its name.
        labelled: whether its files name it in `schema_version`.
        releases: the AIPerf releases that write it, oldest first.
        summary: what it changed, in one clause.
        reason: why, from the step that leads to it; empty for the oldest version.
        operations: what that step does, a sentence each.
    """

    version: str
    labelled: bool
    releases: tuple[str, ...]
    summary: str
    reason: str
    operations: tuple[str, ...]


def rows() -> Iterator[VersionRow]:
    """The schema versions, oldest first."""
    by_newer = {step.newer: step for step in STEPS}
    for version in VERSIONS:
        step = by_newer.get(version)
        yield VersionRow(
            version=version,
            labelled=version_key(version) >= version_key(FIRST_LABELLED),
            releases=tuple(writers(version)),
            summary=step.summary if step else "metrics under records",
            reason=step.reason if step else "",
            operations=tuple(op.describe() for op in step.ops) if step else (),
        )
