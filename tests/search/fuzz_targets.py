"""The fuzzer's ways through single commands and their inputs: `python -m search.fuzz SECONDS NAME` takes one of them.

Each target takes bytes as one kind of input (an export, records, a policy, a noise profile, a contract, ledgers), and
runs the command line on them in this process.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from search.fuzz_commands import GOOD, journals, residues, restored, run, undone, workshop
from support.process import EXPORTS, NAME, ROOT

POLICY: Final = b"""[defaults]
margin = 3.0
[[rule]]
metric = "request_latency.p99"
floor = 2.0
[[rule]]
metric = "inter_token_latency"
gate = "report"
direction = "lower"
[[waiver]]
metric = "request_latency.p99"
reason = "known"
until = 2026-12-31
"""
_SWEEP: Final = EXPORTS / "0.13.0" / "sweep"
_RECORDS: Final = EXPORTS / "0.13.0" / "chat-streaming" / "profile_export.jsonl"


class Target(NamedTuple):
    """What is done with some bytes, and bytes to begin with."""

    tried: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]


def _lines(raw: bytes, name: str, *lines: str) -> None:
    """Write the bytes under a name in a folder of their own, and run some command lines there."""
    with workshop() as folder:
        (folder / name).write_bytes(raw)
        places = {"file": folder / name, "folder": folder, "good": GOOD, "other": _other(), "sweep": folder / "sweep"}
        for line in lines:
            run([word.format(**places) for word in line.split()])
        assert not list(folder.rglob(".aiperf-migrate*")), "something is left beside"


def _redacted(raw: bytes) -> None:
    """Redact an export, records, a text: what is there afterwards is the original, or there is a backup of it."""
    for name in ("a.json", "profile_export.jsonl", "profile_export_aiperf.csv"):
        with workshop() as folder:
            (folder / name).write_bytes(raw)
            run(["redact", str(folder), "--check", "--explain"])
            run(["redact", str(folder), "--in-place", "--journal", str(folder / "j")])
            assert raw in [path.read_bytes() for path in folder.iterdir()], "the original is lost"
            assert run(["undo", str(folder / "j")]) == 0
            assert (folder / name).read_bytes() == raw, "undo gives another file"


def _front(raw: bytes) -> None:
    with workshop() as folder:
        shutil.copytree(_SWEEP, folder / "sweep")
        (folder / "sweep" / "concurrency_2" / NAME).write_bytes(raw)
        for words in (["front"], ["front", "--json"], ["history"], ["inspect", "--summary"]):
            run([words[0], str(folder / "sweep"), *words[1:]])
        aggregate = next((folder / "sweep" / "sweep_aggregate").glob("*.json"))
        aggregate.write_bytes(raw)
        run(["front", str(folder / "sweep")])


def _ledgers(raw: bytes) -> None:
    """Go on with ledgers: nothing but a file of ledgers is changed, and lines of other files stay."""
    with workshop() as folder:
        ledgers = folder / "l"
        ledgers.write_bytes(raw)
        words = ["upgrade", str(GOOD), "-o", str(folder / "out.json"), "--journal", str(folder / "j")]
        code = run([*words, "--ledger", str(ledgers), "--resume"])
        assert code in (0, 4)
        if code:
            assert ledgers.read_bytes() == raw, "a file that is not one of ledgers was changed"


def _noise(raw: bytes) -> None:
    with workshop() as folder:
        for name in ("a", "b"):
            shutil.copy(GOOD, folder / f"{name}.json")
        (folder / "c.json").write_bytes(raw)
        run(["noise", "learn", str(folder), "-o", str(folder / "noise")])


@cache
def _other() -> Path:
    return EXPORTS / "0.13.0" / "chat-streaming" / NAME


def _profile() -> list[bytes]:
    lab = sorted((EXPORTS / "lab").glob("base-*"))[:3]
    with workshop() as folder:
        run(["noise", "learn", *map(str, lab), "-o", str(folder / "noise")])
        return [(folder / "noise").read_bytes()]


def _of_ledgers() -> list[bytes]:
    with workshop() as folder:
        run(["upgrade", str(GOOD), "-o", str(folder / "out.json"), "--ledger", str(folder / "l")])
        return [(folder / "l").read_bytes(), b'{"file": "a.json", "status": "failed"}\n{"file": "b.json", "st']


def _exports() -> list[bytes]:
    return [path.read_bytes() for path in sorted(EXPORTS.rglob(NAME))[::7] if path.stat().st_size < 16_000]


def _contracts() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "migrator" / "data" / "readers").glob("*.toml"))]


def _sweeps() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_SWEEP.rglob("*.json"))]


def _records() -> list[bytes]:
    return [b"".join(_RECORDS.read_bytes().splitlines(keepends=True)[:5])]


_HISTORY: Final = ("history {folder} {good}", "history {file} --json", "history {folder} {good} --format html")
_CONTRACT: Final = ("contract versions {file}", "contract check {file} {good}", "contract check {file} {other} --json")
_INSPECT: Final = ("inspect {file}", "inspect {file} --json", "inspect {folder} --summary --json")
_MIGRATE: Final = ("upgrade {file} --explain --dry-run", "convert {file} --to 1.0 --diff", "downgrade {file} --to 0.1")
_DIFF: Final = ("diff {file} {good}", "diff {good} {file} --format html", "diff {file} {file} --json --all")

TARGETS: Final[dict[str, Target]] = {
    "inspect": Target(lambda raw: _lines(raw, "a.json", *_INSPECT), _exports),
    "check": Target(lambda raw: _lines(raw, "a.json", "check {file}", "check {folder} --json"), _exports),
    "table": Target(lambda raw: _lines(raw, "a.json", "table {file}", "table {folder} --rows metric"), _exports),
    "migrate": Target(lambda raw: _lines(raw, "a.json", *_MIGRATE), _exports),
    "diff": Target(lambda raw: _lines(raw, "a.json", *_DIFF[:2]), _exports),
    "textconv": Target(lambda raw: _lines(raw, "a.json", "textconv {file}"), _exports),
    "redact": Target(_redacted, lambda: [*_exports(), *_records()]),
    "rebuild": Target(
        lambda raw: _lines(raw, "profile_export.jsonl", "rebuild {file}", "rebuild {folder} -o {folder}/a.json"),
        _records,
    ),
    "history": Target(lambda raw: _lines(raw, "a.json", *_HISTORY), _exports),
    "front": Target(_front, _sweeps),
    "noise": Target(_noise, _exports),
    "profile": Target(
        lambda raw: _lines(
            raw, "noise", "diff {good} {other} --noise {file}", "diff {good} {good} --noise {file} --json"
        ),
        _profile,
    ),
    "policy": Target(
        lambda raw: _lines(raw, "p.toml", "diff {good} {other} --policy {file}", "diff {good} --policy {file} --prove"),
        lambda: [POLICY],
    ),
    "contract": Target(lambda raw: _lines(raw, "reader.toml", *_CONTRACT), _contracts),
    "infer": Target(
        lambda raw: _lines(raw, "reader.py", "contract infer {file}"),
        lambda: [b"import json\nd = json.load(open('x'))\nprint(d['request_latency']['p99'], d.get('ttft', {}))\n"],
    ),
    "backfill": Target(
        lambda raw: _lines(raw, "r.jsonl", "upgrade {other} --records {file} --dry-run --explain"), _records
    ),
    "ledgers": Target(_ledgers, _of_ledgers),
    "journal": Target(undone, journals),
    "residue": Target(restored, residues),
}
"""Name → target."""
