"""Record the exports of an AIPerf release: `python golden/record/record.py RELEASE [--scenario NAME …] [--out DIR]`.

For each scenario it starts the mock server on loopback, runs `aiperf profile` in an empty folder without a way to the
network, and stores what the release wrote as `DIR/<release>/<scenario>/…` with its entry in `DIR/PROVENANCE.json`.
Two things are changed in the files, and nothing else: the folder that the run stood in reads `/bench`, and the free
port of the server reads 18080 (18081 for the second), so that recordings of different days can be compared.

README.md beside this file says what is known about single releases.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

if __package__ in (None, ""):  # Run as a script: the repository's root is not on the path.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from golden import provenance
from golden.record.bench import RecordingError, last_words, run
from golden.record.environment import InstallationError, aiperf, cache_folder
from golden.record.scenarios import Scenario, release_key, scenarios
from migrator.errors import MigratorError
from migrator.identify import identify
from migrator.jsonfile import parse

METHOD: Final = "recorder"
_METHOD_TEXT: Final = (
    "golden/record/record.py: `aiperf profile` of that release, installed from the package index into a virtual "
    "environment of its own, without network, against golden/record/mock_server.py on loopback. The folder that the "
    "run stood in reads /bench and the server's port 18080 (18081 for a second server); nothing else was changed."
)
LARGEST: Final = 220_000
"""Size in bytes that no file of the corpus exceeds."""
_PORTS: Final = (18080, 18081)


def record(scenario: Scenario, release: str, command: Path, out: Path, *, replace: bool = False) -> list[str]:
    """Record all runs of a scenario.

    Args:
        scenario: which command line.
        release: the release that `command` is of.
        command: the `aiperf` to run.
        out: a folder such as `golden/exports`.
        replace: whether a run that is there already is recorded anew.

    Returns:
        The runs that were stored, such as `["0.13.0/embeddings"]`.

    Raises:
        RecordingError: the run failed, is there already, or left a trace of this machine in its files.
    """
    stored = []
    for name in scenario.runs():
        stored_as = f"{release}/{name}"
        if (out / stored_as).exists() and not replace:
            raise RecordingError(f"{out / stored_as} is there already; --replace records it anew")
        with tempfile.TemporaryDirectory(prefix="aiperf-record-") as folder:
            bench = Path(folder).resolve() / "bench"
            ports = run(scenario, release, name, command, bench)
            files = _kept(bench / "artifacts" / f"v{release}-{name}", scenario.keep)
            if not files:
                raise RecordingError(f"aiperf wrote no {scenario.keep[0]}; it said:\n{last_words(bench)}")
            contents = {found: _normalised(path, bench, ports) for found, path in files.items()}
        _store(stored_as, contents, scenario, release, out)
        stored.append(stored_as)
    return stored


def _kept(artifacts: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """The files to keep: name within the run → path; none if the first pattern fits nothing."""
    if not any(artifacts.glob(patterns[0])):
        return {}
    found = {
        path.relative_to(artifacts).as_posix(): path
        for pattern in patterns
        for path in sorted(artifacts.glob(pattern))
        if path.is_file()
    }
    if large := [name for name, path in found.items() if path.stat().st_size > LARGEST]:
        raise RecordingError(f"more than {LARGEST} bytes: {', '.join(large)}; leave them out of `keep`")
    return found


def _normalised(path: Path, bench: Path, ports: list[int]) -> bytes:
    """A file's bytes without the machine's own folder and ports."""
    content = path.read_bytes().replace(str(bench).encode(), b"/bench")
    for port, written in zip(ports, _PORTS, strict=False):
        content = content.replace(b"127.0.0.1:%d" % port, b"127.0.0.1:%d" % written)
    for trace in {str(bench.parent), str(Path.home()), str(cache_folder())}:
        if len(trace) > 1 and trace.encode() in content:
            raise RecordingError(f"{path.name} names {trace}, a folder of this machine")
    return content


def _store(stored_as: str, contents: dict[str, bytes], scenario: Scenario, release: str, out: Path) -> None:
    folder = out / stored_as
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    files = provenance.runs(out)[stored_as]
    server = {"delays": scenario.delays, "errors": scenario.errors}
    note = f"Interrupted with SIGINT after {scenario.interrupt} requests." if scenario.interrupt else ""
    row = provenance.entry(files, release, method=METHOD, server=server, note=note)
    if row["command"] is None:
        urls = [f"http://127.0.0.1:{port}" for port in _PORTS]
        words = scenario.command(release, stored_as.partition("/")[2], urls)
        row["note"] = f"No file of this run quotes its command: aiperf {shlex.join(words)}"
    table = provenance.load(out)
    table["methods"].setdefault(METHOD, _METHOD_TEXT)
    table["runs"][stored_as] = row
    provenance.store(table, out)


def _verdict(folder: Path) -> str:
    """What the library makes of the main exports of a run: `main export 1.4 (vendor)`, or why it cannot."""
    verdicts = []
    for path in sorted(folder.rglob("profile_export_aiperf.json")):
        try:
            found = identify(parse(path.read_bytes()).data)
        except MigratorError as error:
            verdicts.append(str(error))
        else:
            newer = ", newer than known" if found.newer else ""
            verdicts.append(f"{found.family.value} {found.version} ({found.dialect or 'no telemetry'}{newer})")
    return "; ".join(dict.fromkeys(verdicts)) or "no main export"


def _chosen(release: str, names: list[str]) -> list[Scenario]:
    table = scenarios()
    if not names:
        return [scenario for scenario in table.values() if scenario.default and scenario.runs_on(release)]
    if unknown := [name for name in names if name not in table]:
        raise RecordingError(f"no scenario {', '.join(unknown)}; there are {', '.join(table)}")
    return [table[name] for name in names]


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="record.py", description="Record the exports of an AIPerf release.")
    parser.add_argument("release", help="such as 0.13.0 or 0.13.0.dev20261023")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="may be given several times")
    parser.add_argument("--out", type=Path, default=provenance.EXPORTS, metavar="DIR", help="default: golden/exports")
    parser.add_argument("--replace", action="store_true", help="record anew what is there already")
    parser.add_argument("--cache", type=Path, default=cache_folder(), metavar="DIR", help="of the environments")
    parser.add_argument("--python", default=sys.executable, metavar="EXE", help="to make the environment with")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code: 0 all recorded, 1 some failed, 2 nothing could be tried."""
    given = _arguments(arguments)
    try:
        release_key(given.release)
        chosen = _chosen(given.release, given.scenario)
        print(f"AIPerf {given.release}: environment in {given.cache / given.release}", file=sys.stderr)
        command = aiperf(given.release, given.cache.resolve(), given.python)
    except (ValueError, RecordingError, InstallationError) as error:
        print(error, file=sys.stderr)
        return 2
    failed = 0
    for scenario in chosen:
        try:
            for name in record(scenario, given.release, command, given.out, replace=given.replace):
                print(f"{name}: {_verdict(given.out / name)}", flush=True)
        except RecordingError as error:
            failed += 1
            print(f"{scenario.name}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
