"""Where each recorded export comes from: `exports/PROVENANCE.json`, and the proof that it fits the files.

A *run* is one command of one release; its folder is `<release>/<scenario>`. Its entry names the release, the command
line as the export itself quotes it, what that quotation hides or shows, how it was recorded, and every file of the
run with its SHA-256. A recorded export is evidence: it is replaced by a new recording or removed, never edited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

Entry = dict[str, Any]

EXPORTS: Final = Path(__file__).parent / "exports"
EXPORT_FILE: Final = "profile_export_aiperf.json"
TABLE: Final = "PROVENANCE.json"
FAKE_KEY: Final = "sk-secret-1234567890abcdef"
"""The only API key that recordings use. It is made up."""

_REDACTED_OPTION = re.compile(r"(--[\w-]+)[ =]'?\"?<redacted>")


def load(root: Path = EXPORTS) -> dict[str, Any]:
    """The table: `{"methods": {name: text}, "runs": {run: entry}}`; an empty one where there is none yet."""
    path = root / TABLE
    return dict(json.loads(path.read_bytes())) if path.exists() else {"methods": {}, "runs": {}}


def store(table: dict[str, Any], root: Path = EXPORTS) -> None:
    """Write the table, runs in order of their names."""
    table = {**table, "runs": dict(sorted(table["runs"].items()))}
    (root / TABLE).write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def runs(root: Path = EXPORTS) -> dict[str, dict[str, Path]]:
    """Every run on the disk: `{"0.8.0/multirun": {"aggregate/x.json": path}}`; hidden files do not count."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and len(parts) > 2 and not any(part.startswith(".") for part in parts):
            found.setdefault("/".join(parts[:2]), {})["/".join(parts[2:])] = path
    return found


def entry(files: dict[str, Path], release: str, *, method: str, server: dict[str, float], note: str = "") -> Entry:
    """The entry of a run, with what its files say of themselves.

    Args:
        files: name within the run → path.
        release: the AIPerf release, which files before 0.4.0 do not name.
        method: a key of the table's `methods`.
        server: `delays` (factor on the mock server's delays) and `errors` (share of HTTP 503).
        note: what a reader could not guess.

    Raises:
        ValueError: the files are of different commands, so of more than one run.
    """
    quoted = sorted({command for path in files.values() for command in commands(path)})
    if len(quoted) > 1:
        raise ValueError(f"the files of one run quote different commands: {quoted}")
    command = quoted[0] if quoted else None
    row: Entry = {"release": release, "command": command, "recorded": _day(files), "method": method, "server": server}
    if hidden := _REDACTED_OPTION.findall(command or ""):
        row["redacted"] = hidden
    if clear := sorted(name for name, path in files.items() if FAKE_KEY.encode() in path.read_bytes()):
        row["key_in_clear"] = clear
    if note:
        row["note"] = note
    return row | {"files": {name: _hash(path) for name, path in sorted(files.items())}}


def problems(root: Path = EXPORTS) -> list[str]:
    """Everything in which table and files disagree; an empty list is what one wants."""
    table = load(root)
    on_disk = runs(root)
    found = [f"{run}: has no provenance" for run in on_disk if run not in table["runs"]]
    for run, row in table["runs"].items():
        if run in on_disk:
            found += [f"{run}: {problem}" for problem in _differences(row, on_disk[run], table["methods"])]
        else:
            found.append(f"{run}: has provenance but no file")
    used = {row.get("method") for row in table["runs"].values()}
    return found + [f"method {name} is used by no run" for name in table["methods"] if name not in used]


def _differences(row: Entry, files: dict[str, Path], methods: dict[str, str]) -> Iterator[str]:
    if row["method"] not in methods:
        yield f"method {row['method']} is not explained"
    yield from (f"{name} has no provenance" for name in files if name not in row["files"])
    yield from (f"{name} has provenance but is not there" for name in row["files"] if name not in files)
    actual = entry(files, row["release"], method=row["method"], server=row["server"], note=row.get("note", ""))
    for key in ("command", "recorded", "redacted", "key_in_clear"):
        if row.get(key) != actual.get(key):
            yield f"{key} is {row.get(key)!r} in the table and {actual.get(key)!r} in the files"
    for name in files:
        if row["files"].get(name, actual["files"][name]) != actual["files"][name]:
            yield f"{name} is not the file that was recorded"
        wrote = _document(files[name]).get("aiperf_version")
        if wrote not in (None, row["release"]):
            yield f"{name} was written by {wrote}, not by {row['release']}"


def commands(path: Path) -> list[str]:
    """The command lines that a main export quotes: `run_info.cli_command` or `input_config.cli_command`."""
    document = _document(path)
    sections = (document.get("run_info"), document.get("input_config"))
    return [text for section in sections if isinstance(section, dict) and (text := section.get("cli_command"))]


def _day(files: dict[str, Path]) -> str | None:
    starts = [document["start_time"] for path in files.values() if "start_time" in (document := _document(path))]
    return min(starts)[:10] if starts else None


def _document(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_bytes()) if path.suffix == ".json" else {}
    return document if isinstance(document, dict) else {}


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
