"""`aiperf-migrate fixtures`: small true exports of every schema version, for the tests of a parser."""

from __future__ import annotations

import json
import os

from migrator.cli.parser import Parser, new_file_name
from migrator.cli.report import say_json
from migrator.cli.streams import say
from migrator.errors import ExitCode, UnwritableError
from migrator.files.disk import write_atomic
from migrator.fixtures import Fixture, fixtures
from migrator.render.text import plural, table

_ABOUT = """\
Write one small true export a schema version, and some more (errors, a cancelled run, GPUs
with names of each dialect, GenAI-Perf), each in a folder of its own as AIPerf leaves it; and
fixtures.json, which says what each is. Without -d they are listed.

In pytest, a test that asks for `aiperf_export` runs once for each: the plugin comes with
the tool. @pytest.mark.aiperf_exports("1.3", "1.4-legacy") chooses some."""
_INDEX = "fixtures.json"


class Options:
    """What the command line says."""

    output_dir: str | None
    force: bool
    json: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(command, _ABOUT)
    parser.add_argument("-d", "--output-dir", type=new_file_name, metavar="DIR", help="write them here")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")
    parser.add_json()
    return parser


def run(options: Options) -> int:
    """List the fixtures, or write them."""
    rows = [one.about() for one in fixtures()]
    if options.output_dir:
        _write(options.output_dir, rows, force=options.force)
        if not options.json:
            say(f"{plural(len(rows), 'export')} in {options.output_dir}")
            return ExitCode.OK
    if options.json:
        for row in rows:
            say_json("fixtures", row)
        return ExitCode.OK
    listed = [("name", "version", "written by", "GPU names", "nulls", "failed")]
    for row in rows:
        by = "aiperf-migrate" if not row["recorded"] else f"AIPerf {row['aiperf_version'] or ''}".strip()
        failed = "?" if row["failed_requests"] is None else str(row["failed_requests"])
        by = "GenAI-Perf" if row["version"] == "genai-perf" else by
        listed.append((row["name"], row["version"], by, row["telemetry"] or "-", str(row["nulls"]), failed))
    for line in table(listed):
        say(line)
    return ExitCode.OK


def _write(folder: str, rows: list[dict[str, object]], *, force: bool) -> None:
    targets = {one.name: os.path.join(folder, one.name, one.file_name) for one in fixtures()}
    index = os.path.join(folder, _INDEX)
    # Asked before anything is written: half of a set would be taken for the whole.
    if not force and (there := next(filter(os.path.lexists, (*targets.values(), index)), None)):
        raise UnwritableError("exists already", hint="--force overwrites it", file=there)
    for one in fixtures():
        _put(targets[one.name], one)
    listed = [{**row, "file": os.path.relpath(targets[str(row["name"])], folder).replace(os.sep, "/")} for row in rows]
    write_atomic(index, (json.dumps(listed, indent=2) + "\n").encode(), overwrite=True)


def _put(target: str, one: Fixture) -> None:
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    except OSError as error:
        raise UnwritableError(f"cannot be made: {error.strerror}", file=os.path.dirname(target)) from error
    write_atomic(target, one.raw, overwrite=True)
