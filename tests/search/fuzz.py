"""What any bytes must end in: an answer or an error of this package, never another exception, a wait or a lost file.

`make fuzz` looks for bytes that break this, guided by coverage; what it finds goes to `tests/search/found/`, where the
suite reads it. Run by hand: `python -m search.fuzz [SECONDS]`.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
FOUND: Final = ROOT / "tests" / "search" / "found"
"""Bytes that once broke something, each under the name of what."""
OTHER: Final = b'{"data": [{"session_id": "a", "payloads": []}]}'


def everything(raw: bytes) -> None:
    """A journal is undone, a residue restored; anything else goes through all rooms, and some through a command, too.

    Raises:
        Exception: of any other kind than the package's own: a bug.
    """
    from search.fuzz_commands import commanded, restored, undone

    if raw.startswith(b'{"aiperf_migrate_journal"'):
        undone(raw)
    elif b'"aiperf_migrate_residue"' in raw[:40]:
        restored(raw)
    else:
        rooms(raw)
        # A command takes longer than everything else: every third input goes through one, too.
        if _chance_of(raw).random() < 1 / 3:
            commanded(raw)


def rooms(raw: bytes) -> None:
    """Identify, migrate to every version, check, print for git, compare, tabulate, put in time, survey, choose."""
    from migrator.batch.load import Loaded
    from migrator.batch.survey import Survey, facts
    from migrator.chain.steps import NEWEST, VERSIONS
    from migrator.check import check
    from migrator.errors import MigratorError
    from migrator.files.packed import unpack
    from migrator.git.textconv import textconv
    from migrator.identify import MIGRATABLE, identify
    from migrator.jsonfile import parse, parse_to_look, render
    from migrator.migration.migrate import Options, migrate

    with contextlib.suppress(MigratorError):
        textconv(raw)
    try:
        raw = unpack(raw)
        with contextlib.suppress(MigratorError):
            parse_to_look(raw)
        parsed = parse(raw)
        found = identify(parsed.data)
    except MigratorError:
        return
    Survey(NEWEST).add(facts(Loaded(raw, parsed, found), NEWEST), is_run=True)
    if found.family not in MIGRATABLE:
        return
    if parsed.uniform:
        assert render(parsed.data, parsed.layout) == raw, "nothing is lost by being read"
    with contextlib.suppress(MigratorError):
        check(parsed, found)
    try:
        before = render(parsed.data)
    except MigratorError:
        return  # Half characters, which no writer can write again.
    for version in VERSIONS:
        try:
            done = migrate(parsed.data, version, Options(save_residue=True), identity=found)
        except MigratorError:
            continue
        render(done.document, parsed.layout)
    assert render(parsed.data) == before, "a migration does not touch what it is given"
    # All of them for each input would leave time for few inputs.
    for release in _chance_of(raw).sample(readers(), 2):
        read_by_release(parsed.data, release)
    _tabulated(parsed, found)
    _in_time(Loaded(raw, parsed, found))
    _compared(raw)


def _chance_of(raw: bytes) -> Random:
    """Chances that are always the same for the same bytes."""
    return Random(sha256(raw).digest())


def readers() -> list[str]:
    """The AIPerf releases that read exports."""
    from migrator.aiperf.releases import FIRST_READER, RELEASES, age

    return [entry.name for entry in RELEASES if age(entry.name) >= age(FIRST_READER)]


def read_by_release(document: Any, name: str) -> None:
    """Translate for one of the releases, and back with the residue."""
    from migrator.aiperf.releases import release
    from migrator.chain.steps import NEWEST
    from migrator.config.acceptance import read_by
    from migrator.errors import MigratorError
    from migrator.jsonfile import render
    from migrator.migration.goal import Goal
    from migrator.migration.migrate import Options, migrate

    found = release(name)
    assert found
    read_by(document)
    with contextlib.suppress(MigratorError):
        done = migrate(document, Goal(found.version, name), Options(config=True, save_residue=True))
        render(done.document)
        render(migrate(done.document, NEWEST, Options(config=True), residue=done.residue).document)


def _tabulated(parsed: Any, found: Any) -> None:
    from migrator.batch.file import File
    from migrator.chain.steps import NEWEST
    from migrator.errors import MigratorError
    from migrator.migration.migrate import migrate
    from migrator.table.columns import RunTable
    from migrator.table.formats import lines
    from migrator.table.rows import METRIC_COLUMNS, metric_rows, run_of

    try:
        document = migrate(parsed.data, NEWEST, identity=found).document
    except MigratorError:
        return
    columns = ("gpus", "gpu_name", "errors", "load", "input_config.*", "*.avg", "run_info.variation_values.*.*")
    run = run_of(File(found, parsed.data, "phases/warmup/a.json"), document, NEWEST, columns)
    table = RunTable("header", columns)
    row = table.row(run)
    for form in ("csv", "json", "markdown"):
        list(lines(form, [row], table.headings(table.names())))
        list(lines(form, metric_rows(run), {name: name for name in METRIC_COLUMNS}))


def _in_time(loaded: Any) -> None:
    from migrator.batch.discover import Source
    from migrator.diff.policy import ERRORS, HEADLINE
    from migrator.errors import MigratorError
    from migrator.history.html import render
    from migrator.history.judge import reasons
    from migrator.history.read import look
    from migrator.history.report import as_dict
    from migrator.history.sections import Collected
    from migrator.history.text import lines
    from migrator.render.lines import json_line

    metrics = [*HEADLINE, ERRORS]
    collected = Collected(metrics)
    with contextlib.suppress(MigratorError):
        if looked := look(Source("a.json", "a.json", named=True), loaded, metrics=metrics):
            collected.add(looked)
    sections = collected.sections()
    assert all(line.isprintable() for section in sections for line in lines(section))
    render(sections)
    assert all(json_line(as_dict(section)).isprintable() for section in sections)
    assert reasons(sections, 10)


def _compared(raw: bytes) -> None:
    from migrator.batch.load import load_content
    from migrator.diff.engine import compare
    from migrator.diff.policy import Policy
    from migrator.diff.run import run_of_loaded
    from migrator.diff.sides import LoadedSide
    from migrator.errors import MigratorError
    from migrator.render.comparison.text import render

    try:
        side = LoadedSide("a", (run_of_loaded(load_content(raw, "a", details=False), "a"),))
        other = LoadedSide("b", (run_of_loaded(load_content(_good(), "b", details=False), "b"),))
        for pair in ((side, other), (other, side), (side, side)):
            render(compare(*pair, Policy()), verbose=True)
    except MigratorError:
        return


def _good() -> bytes:
    return (ROOT / "golden/exports/0.13.0/cancelled/profile_export_aiperf.json").read_bytes()


ODD: Final = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 10**30, "", "x", "1.5", "9.9", "\x1b[2J", "=1+1", "\ud800", "µ" * 50,
    [], [None], [[]], {}, {"unit": None}, {"unit": "ms"}, {"unit": "ms", "avg": "x"}, {"unit": 5, "avg": 1, "p99": []},
    {"": {}}, {"a": {"b": {"c": [{"d": {}}]}}}, float("nan"), float("inf"), "<redacted>", "sk-secret-1234567890abcdef",
)  # fmt: skip
"""Values that stand where others are expected."""


def broken(raw: bytes, chance: Random) -> bytes:
    """An export with other values, keys and places at some points, then perhaps with other bytes at others."""
    import json

    lines = raw.split(b"\n")
    if raw.startswith((b'{"aiperf_migrate_journal"', b'{"metadata"', b'{"file"')) and len(lines) > 1:
        # A journal is JSON line by line, and so are records and ledgers.
        at = chance.randrange(1, len(lines))
        lines[at] = broken(lines[at], chance)
        return b"\n".join(lines)
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(raw)
        for _ in range(chance.randint(1, 4)):
            _break(document, chance)
        raw = json.dumps(document, indent=chance.choice([None, 2, 2, 4])).encode()
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        at = chance.randrange(len(raw) + 1)
        cut = chance.choice([0, 1, 1, 2, 100])
        raw = raw[:at] + chance.choice([b"", b"{", b"]", b",", b'"', b"\\", b"\xff", b"\0", b"e9"]) + raw[at + cut :]
    return raw


def _break(document: Any, chance: Random) -> None:
    holders, stack = [], [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict | list) and node:
            holders.append(node)
            stack.extend(node.values() if isinstance(node, dict) else node)
    if not holders:
        return
    # What stands at the top decides what a document is; deep down there are many more places.
    holder = chance.choice([holders[0], chance.choice(holders)])
    key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    deed = chance.randrange(4)
    if deed == 0:
        del holder[key]
    elif deed == 1 and isinstance(holder, dict):
        other = chance.choice(holders)
        holder[chance.choice([*(other if isinstance(other, dict) else ["x"]), "records", "unit", "\0"])] = holder.pop(
            key
        )
    elif deed == 2:
        held = chance.choice(holders)
        holder[key] = _copied(held)
    else:
        holder[key] = _copied(chance.choice(ODD))


def _copied(value: Any) -> Any:
    """A value that shares nothing with the original."""
    from copy import deepcopy

    return deepcopy(value)


def seeds(folder: Path) -> None:
    """Small exports of every version to start from: the coverage of real ones without their size."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "golden/exports").rglob("profile_export_aiperf.json")):
        document = json.loads(path.read_bytes())
        holder = document.get("records", document)
        blocks = [name for name, value in holder.items() if isinstance(value, dict) and "unit" in value]
        for name in blocks[3:]:
            del holder[name]
        raw = json.dumps(document, indent=2).encode()
        (folder / sha256(raw).hexdigest()[:16]).write_bytes(raw)
    from search.fuzz_commands import journals, residues

    from migrator.files.packed import Packing, pack

    packed = [pack(_good()[:4000], packing) for packing in Packing]
    for raw in (*journals(), *residues(), *packed):
        (folder / sha256(raw).hexdigest()[:16]).write_bytes(raw)
    for path in FOUND.glob("*"):
        shutil.copy(path, folder / path.name)


def main() -> None:
    """Look for `argv[1]` seconds (a minute if not told), in all rooms or the target `argv[2]`; results: build/fuzz/."""
    import atheris

    with atheris.instrument_imports(include=["migrator"]):
        from importlib import import_module

        from migrator.cli.main import COMMANDS

        for module, _ in COMMANDS.values():
            import_module(f"migrator.cli.commands.{module}")
        for room in ("api", "batch.survey", "diff.engine", "git.textconv", "render.comparison.text", "table.formats"):
            import_module(f"migrator.{room}")

    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    name = sys.argv[2] if len(sys.argv) > 2 else ""
    corpus = ROOT / "build" / "fuzz" / name / "corpus"
    tried: Callable[[bytes], object] = everything
    if name:
        from search.fuzz_targets import TARGETS

        tried, first = TARGETS[name]
        corpus.mkdir(parents=True, exist_ok=True)
        for raw in first():
            (corpus / sha256(raw).hexdigest()[:16]).write_bytes(raw)
    else:
        seeds(corpus)
    os.chdir(corpus.parent)
    words = corpus.parent / "words"
    words.write_text("\n".join(f'"{word}"' for word in _words()))
    # A minute for one input is a hang, even on a machine that is busy: most take some milliseconds.
    options = [f"-max_total_time={seconds}", "-timeout=60", "-max_len=16384", "-rss_limit_mb=2048", f"-dict={words}"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], tried, custom_mutator=_mutate)
    with contextlib.redirect_stderr(io.StringIO()):
        atheris.Fuzz()


def _mutate(raw: bytes, limit: int, seed: int) -> bytes:
    """Half of the time as documents are built, half of the time as the fuzzer itself does it, bit by bit."""
    import atheris

    chance = Random(seed)
    changed = broken(raw, chance) if chance.random() < 0.5 else atheris.Mutate(raw, limit)
    return bytes(changed[:limit])


def _words() -> list[str]:
    """Keys that documents have, so that the fuzzer need not guess them letter by letter."""
    from migrator.aiperf.metrics import STATISTICS
    from migrator.chain.keys import known_keys

    known = sorted({*known_keys(), *STATISTICS, "unit", "endpoints", "gpus", "metrics", "summary", "platform"})
    return [*(rf"\"{key}\"" for key in known), "null", "NaN", "1e999", "-0", "\\\\ud800", r"\x1f\x8b"]


if __name__ == "__main__":
    main()
