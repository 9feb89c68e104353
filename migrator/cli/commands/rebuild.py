"""`aiperf-migrate rebuild`: an export from the records of a run that has none."""

from __future__ import annotations

import os

from migrator.backfill.rebuild import rebuild, records_in
from migrator.cli.parser import Parser, file_name, require_local
from migrator.cli.streams import complain, say
from migrator.errors import ExitCode, UsageError
from migrator.files.packed import pack, packing_of_name
from migrator.jsonfile import render
from migrator.render.safe import printable
from migrator.writing.write import write_out, write_standard_output


class Options:
    """What the command line says."""

    records: str
    output: str | None
    force: bool


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Make an export from profile_export.jsonl alone: AIPerf writes none when every request failed, and a run that "
        "was killed leaves none. It has the metrics of the requests, how many failed and why; what the records do not "
        "prove is left out, the configuration above all. The file is marked as rebuilt, and `inspect`, `check`, "
        "`diff` and `table` say so.",
        "without -o, the export goes to standard output.",
    )
    parser.add_argument(
        "records",
        metavar="PATH",
        type=file_name,
        help="the folder of a run without an export, or its records, profile_export.jsonl",
    )
    parser.add_output("write the export here")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    return parser


def run(options: Options) -> int:
    """Rebuild one export, write it, and say what could not be known."""
    require_local(options.output, "-o", "without -o the export goes to standard output")
    if options.output and os.path.isdir(options.output):
        raise UsageError(f"-o names a file, not a folder: {options.output}")
    records = records_in(options.records)
    done = rebuild(records)
    for warning in done.warnings:
        complain(f"{printable(records)}: {warning}")
    raw = render(done.document)
    if options.output is None:
        write_standard_output(raw)
        return ExitCode.OK
    write_out(options.output, pack(raw, packing_of_name(options.output)), None, force=options.force)
    say(f"{'rebuilt':<13}{printable(options.output)}")
    return ExitCode.OK
