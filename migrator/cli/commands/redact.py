"""`aiperf-migrate redact`: the secrets taken out of files of any family, which stay at their versions."""

from __future__ import annotations

from migrator.batch.discover import Names
from migrator.batch.request import Request
from migrator.cli.commands import migrate
from migrator.cli.parser import Parser
from migrator.cli.streams import complain
from migrator.cli.write_options import add_outputs, write_options
from migrator.migration.goal import Goal

_OUTPUTS = """\
where the output goes: to standard output for one file, or to one of -o, -d and
--in-place. --check, --dry-run and --diff write nothing. An existing file is
only overwritten with --force. --in-place keeps the original beside it, as
FILE.bak, with its secrets: remove the backups when all is well.

files are exports, time slices, records, telemetry, server metrics, inputs and
whatever else is JSON (*.json, *.jsonl, also compressed), and the CSV files and
logs of AIPerf. Parquet files are not looked at. Prompts and answers stay."""

Options = migrate.Options


def arguments(command: str) -> Parser:
    """The options of the command."""
    parser = Parser(
        command,
        "Replace API keys, passwords and other secrets in clear by <redacted>, in files of any family. Nothing else "
        "changes: every file stays at its version.",
        _OUTPUTS,
    )
    parser.usage = "%(prog)s [OPTIONS] PATH..."
    parser.set_defaults(command=command, residue=False, keep_secrets=False, backfill=False, records=None)
    parser.set_defaults(format="text", newer_minor="refuse")
    parser.set_defaults(to=None, for_aiperf=None, for_reader=None, ignore_residue=True, all_files=False)
    parser.add_paths()
    add_outputs(parser, change="has a secret")
    return parser


def run(options: migrate.Options) -> int:
    """Redact all files and report; the exit code is that of the worst thing that happened."""
    to_stdout = migrate.is_to_stdout(options)
    request = Request(
        goal=Goal(""),
        out_file=options.output,
        out_folder=options.output_dir,
        in_place=options.in_place,
        standard_output=to_stdout,
        options=write_options(options),
        force=options.force,
        use_residue=False,
        where=options.where,
        ledgers=bool(options.explain or options.diff or options.json or options.ledger),
        redact_only=True,
    )
    code = migrate.execute(options, request, "redact", Names.RUN)
    if request.in_place and request.options.backup:
        complain("the backups still hold the secrets: remove them when all is well")
    return code
