"""Performance: the command line against its peers, in processor time; writes docs/performance.md.

Every command is a process of its own, start-up and all. They run in turn, and the least of several rounds counts: other
work on the machine only ever adds.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from benchmarks import corpora
from benchmarks.jq import program
from benchmarks.measure import GOLDEN, ROOT, in_memory, row
from benchmarks.requests import write_run
from benchmarks.scale import Cost, cost, linked
from benchmarks.startup import BASE, CANDIDATE, EXPORT, script
from migrator.chain.telemetry import GPU_NAMES

PAGE: Final = ROOT / "docs" / "performance.md"
COPIES: Final = int(os.environ.get("COPIES", "22"))
ROUNDS: Final = int(os.environ.get("ROUNDS", "5"))
GPUS: Final = 4_000
METRICS: Final = int(os.environ.get("METRICS", "400000"))
REQUESTS: Final = int(os.environ.get("REQUESTS", "1000000"))
FILES: Final = int(os.environ.get("FILES", "100000"))
COLUMNS: Final = 5_000
WIDE: Final = 1_000
"""Files with so many columns."""
RECORDED: Final = GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json"

_STARTS: Final[tuple[tuple[list[str], float], ...]] = (
    (["--version"], 1.6),
    (["inspect", EXPORT], 5),
    (["diff", BASE, CANDIDATE], 9),
    (["check", EXPORT], 8),
    (["table", EXPORT], 7),
)
_SHOWN: Final = {EXPORT: "FILE", BASE: "A", CANDIDATE: "B"}
_NOT_RUN: Final = (
    "10 million records in less than 1 GB",
    "two workers against one: `make bench` and `make scale` have them, and need two idle cores",
)


class Line(NamedTuple):
    """A row of a table: what, seconds of processors, the ratio to the first row's, and the aim."""

    what: str
    seconds: float
    ratio: float
    aim: float | None = None


def run() -> Iterator[str]:
    """Measure, write the page, and give its rows as lines."""
    tables: list[tuple[str, str, list[Line]]] = []
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        base = Path(folder)
        for name, make in ((corpora.REPEATING, corpora.repeating), (corpora.OWN, corpora.own)):
            tree = base / "in"
            count = make(tree, COPIES)
            aim = 2.0 if name == corpora.REPEATING else 2.8
            tables.append((f"A tree of {count:,} files: {name}", "a file", _batch(base, tree, count, aim)))
            shutil.rmtree(tree)
        tables.append(("Start-up", "a run", _start_up()))
        tables.append((f"A file with {GPUS:,} GPUs", "a run", _gpus(base)))
        tables.append((f"A file with {METRICS:,} metrics", "a run", _metrics(base)))
        tables.append((f"Records of {REQUESTS:,} requests a side", "a run", _requests(base)))
        tables.append((f"{FILES:,} files, once each, with the memory of the process", "a run", _files(base)))
        tables.append((f"{WIDE:,} files with {COLUMNS:,} metrics each", "a run", _columns(base)))
        if doctor := shutil.which("inference-doctor"):
            tables.append(("Two folders of three runs", "a run", _verdict(base, doctor)))
    PAGE.write_text(_page(tables))
    for title, _, lines in tables:
        yield title
        for line in lines:
            yield "  " + row(line.what, _time(line.seconds), line.ratio, line.aim)


def processor(command: Sequence[str]) -> float:
    """Seconds of processors that a command takes; its output is thrown away.

    Raises:
        RuntimeError: it failed; a failing command must not be timed as if it had worked.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)[:200]} failed: {done.stderr.decode()[-400:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(commands: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The least of several rounds for each command, all of them in turn."""
    taken: dict[str, float] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name] = min(taken.get(name, float("inf")), command())
    return taken


def _batch(base: Path, tree: Path, count: int, aim: float) -> list[Line]:
    out, work = base / "out", base / "work"
    ours = [script(), "upgrade", "--jobs", "1", "--fsync", "never"]
    peers = [sys.executable, "-m", "benchmarks.peers"]
    names = [f"{old}={new}" for old, new in GPU_NAMES.items()]

    def fresh(*command: str) -> Callable[[], float]:
        def once() -> float:
            shutil.rmtree(out, ignore_errors=True)
            return processor(command)

        return once

    def replaced() -> float:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(tree, work)
        return processor([*ours, str(work), "--in-place"])

    commands = {
        "floor: read, orjson, write": fresh(*peers, "floor", str(tree), str(out)),
        "naive json script": fresh(*peers, "naive", str(tree), str(out), *names),
        "`upgrade -d`": fresh(*ours, str(tree), "-d", str(out)),
        "`upgrade --in-place`": replaced,
        "`check`": fresh(script(), "check", "--jobs", "1", str(tree)),
    }
    if jq := shutil.which("jq"):
        files = sorted(map(str, tree.rglob("*.json")))
        commands["jq, one process for all"] = fresh(jq, *program(), *files)
    taken = least(commands)
    floor = next(iter(taken.values()))
    aims = {"`upgrade -d`": aim, "`upgrade --in-place`": 2.4}
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)
    return [Line(name, seconds / count, seconds / floor, aims.get(name)) for name, seconds in taken.items()]


def _start_up() -> list[Line]:
    commands: dict[str, Callable[[], float]] = {"bare interpreter": lambda: processor([sys.executable, "-c", "pass"])}
    aims: dict[str, float] = {}
    for arguments, aim in _STARTS:
        shown = f"`{' '.join(_SHOWN.get(argument, argument) for argument in arguments)}`"
        commands[shown] = lambda command=arguments: processor([script(), *command])  # type: ignore[misc]
        aims[shown] = aim
    taken = least(commands, 4 * ROUNDS)
    bare = taken["bare interpreter"]
    return [Line(name, seconds, seconds / bare, aims.get(name)) for name, seconds in taken.items()]


def _gpus(base: Path) -> list[Line]:
    document = orjson.loads(RECORDED.read_bytes())
    endpoint = next(each for each in document["telemetry_data"]["endpoints"].values() if each["gpus"])
    gpu = next(iter(endpoint["gpus"].values()))
    endpoint["gpus"] = {f"gpu_{number}": {**gpu, "gpu_index": number} for number in range(GPUS)}
    path = base / "gpus.json"
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    commands = {
        "`upgrade --dry-run`": lambda: processor([script(), "upgrade", "--dry-run", str(path)]),
        "`inspect`": lambda: processor([script(), "inspect", str(path)]),
        "`check`": lambda: processor([script(), "check", str(path)]),
    }
    taken = least(commands)
    first = next(iter(taken.values()))
    return [Line(name, each, each / first, 1.5 if name == "`inspect`" else None) for name, each in taken.items()]


def _metrics(base: Path) -> list[Line]:
    document = orjson.loads(RECORDED.read_bytes())
    path = base / "metrics.json"
    document |= {f"metric_{number}": {"unit": "ms", "avg": 1.5, "p50": 2.25} for number in range(METRICS)}
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    asked = (["upgrade", "--dry-run"], ["downgrade", "--to", "1.0", "--dry-run"], ["inspect"], ["check"], ["table"])
    commands: dict[str, Callable[[], float]] = {
        f"`{' '.join(arguments)}`": lambda given=arguments: processor([script(), *given, str(path)])  # type: ignore[misc]
        for arguments in (*asked, ["textconv"])
    }
    commands["`diff` with itself"] = lambda: processor([script(), "diff", str(path), str(path)])
    taken = least(commands, 1)
    first = next(iter(taken.values()))
    return [Line(name, each, each / first) for name, each in taken.items()]


_LOOP: Final = """
import orjson, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        for line in file:
            orjson.loads(line)
"""


def _requests(base: Path) -> list[Line]:
    """The costs of judging a row by its records, once each, with the memory of the process."""
    sides = [base / "base", base / "candidate"]
    for day, side in enumerate(sides, 1):
        write_run(side, REQUESTS, day)
    loop = processor([sys.executable, "-c", _LOOP, *(str(side / "profile_export.jsonl") for side in sides)])
    lines = [Line("the two files of records line by line, `orjson`", loop, 1.0)]
    for rule in ("request_latency.p99:5", "request_latency.avg:5"):
        found = cost("diff", *map(str, sides), "--fail-on", rule, "--inconclusive", "pass")
        what = f"`diff --fail-on {rule}`, {found.memory:.0f} MB"
        lines.append(Line(what, found.processor, found.processor / loop))
    return lines


def _told(what: str, found: Cost, first: Cost) -> Line:
    return Line(f"{what}, {found.memory:.0f} MB", found.processor, found.processor / first.processor)


def _files(base: Path) -> list[Line]:
    """A tree of many files in place, with a journal, and back; and what it holds."""
    tree, journal = base / "many", str(base / "journal.jsonl")
    linked(base / "links", FILES)
    # Files of their own: those with several names are told of, one by one.
    shutil.copytree(base / "links", tree)
    shutil.rmtree(base / "links")
    in_place = ("upgrade", str(tree), "--in-place", "--jobs", "1", "--fsync", "never", "--journal", journal)
    summary = cost("inspect", "--summary", "--jobs", "1", str(tree))
    done, again, undone = cost(*in_place), cost(*in_place, "--resume"), cost("undo", journal)
    shutil.rmtree(tree)
    return [
        _told("`inspect --summary`", summary, summary),
        _told("`upgrade --in-place --journal`", done, summary),
        _told("the same again with `--resume`", again, summary),
        _told("`undo`", undone, summary),
    ]


def _columns(base: Path) -> list[Line]:
    """A table with very many columns, against what reads the same files."""
    document = orjson.loads(RECORDED.read_bytes())
    document |= {f"metric_{number}": {"unit": "ms", "avg": number + 0.5} for number in range(COLUMNS)}
    tree = base / "wide"
    tree.mkdir()
    for number in range(WIDE):
        document["benchmark_id"] = f"00000000-0000-4000-8000-{number:012}"
        (tree / f"{number:04}.json").write_bytes(orjson.dumps(document))
    loop = processor([sys.executable, "-c", _WHOLE, *map(str, sorted(tree.iterdir()))])
    found = cost("table", str(tree), "--jobs", "1", "--columns", "*.avg")
    shutil.rmtree(tree)
    what = f"`table --columns '*.avg'`, {found.memory:.0f} MB"
    return [Line("the files, `orjson`", loop, 1.0), Line(what, found.processor, found.processor / loop)]


_WHOLE: Final = """
import orjson, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        orjson.loads(file.read())
"""


def _verdict(base: Path, doctor: str) -> list[Line]:
    """A slower server: our verdict and that of inference-doctor, start-up and all."""
    sides = {}
    for side, run in (("baseline", "base"), ("candidate", "slow20")):
        sides[side] = base / "verdict" / side
        for number in range(1, 4):
            shutil.copytree(GOLDEN / "lab" / f"{run}-{number}", sides[side] / f"{run}-{number}")
    rule = ("--metric", "e2el_p99_ms", "--regression-percent", "5")
    theirs = ("compare-runs", "--baseline", str(sides["baseline"]), "--candidate", str(sides["candidate"]), *rule)
    taken = least(
        {
            "`diff --fail-on request_latency.p99:5`": lambda: processor(
                [script(), "diff", *map(str, sides.values()), "--fail-on", "request_latency.p99:5"]
            ),
            "inference-doctor `compare-runs`": lambda: processor([doctor, *theirs]),
        }
    )
    first = next(iter(taken.values()))
    return [Line(name, each, each / first) for name, each in taken.items()]


def _time(seconds: float) -> str:
    return (
        f"{seconds * 1e6:.0f} µs"
        if seconds < 0.002
        else f"{seconds * 1e3:.0f} ms"
        if seconds < 1
        else f"{seconds:.1f} s"
    )


def _page(tables: Sequence[tuple[str, str, list[Line]]]) -> str:
    lines = [
        "# Performance",
        "",
        "What the commands cost, in processor time (user and system), against what a user would write instead. The",
        "page is written by `python -m benchmarks performance`; its trees are in memory where there is such a place.",
        "",
        f"Measured on {_machine()}.",
        "",
        "The floor reads each file, parses and dumps it with `orjson`, and writes it. The naive script does that with",
        "`json`, and sets the label, the new fields and the names of GPU metrics; the jq program does the same, to",
        "standard output, and writes no file of its own. Neither translates `input_config`, redacts secrets, proves",
        "that nothing is lost, or says what it did. Processes are counted whole, with their start. They run in turn,",
        f"and the least of {ROUNDS} rounds counts.",
    ]
    for title, unit, rows in tables:
        lines += ["", f"## {title}", "", f"| | {unit} | × the first | aim |", "|---|---:|---:|---|"]
        for what, seconds, ratio, aim in rows:
            told = "" if aim is None else f"{aim:g}: {'reached' if ratio <= aim else 'missed'}"
            lines.append(f"| {what} | {_time(seconds)} | {ratio:.2f} | {told} |")
    lines += ["", "## Not measured here", "", *(f"- {what}" for what in _NOT_RUN), ""]
    return "\n".join(lines)


def _machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        described = Path("/proc/cpuinfo").read_text()
        model = next(line.partition(": ")[2] for line in described.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    load = f", with a load of {os.getloadavg()[0]:.0f} from other work" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}{load}"
