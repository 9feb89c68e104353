"""Expected migrations of recorded exports: make them, and tell where they differ from what the library gives now.

`python -m golden.update` (from the repository's root) rewrites `expected/` and the files of `migrator.fixtures`; review
the difference as golden/README.md says. `python -m golden.update --check` only reports on `expected/`, and ends with
exit code 1 if anything differs.

A *case* is one recorded export taken to one version. Its expected file `<release>/<scenario>/<version>.jsonl` holds a
heading (where the document came from and went, the steps, size and SHA-256 of the resulting bytes), then the ledger,
one entry a line. A few small cases also have the whole result (`<version>.json`), and, for downgrades, the residue
(`<version>.residue.json`), so that a reviewer sees the shapes.

`expected/edited.jsonl` has a line for each configuration of `oracle/edited.toml`: what it loses on the way to each
release, whose models `make oracle` asks whether they read the rest.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from golden.provenance import EXPORT_FILE, EXPORTS
from migrator.aiperf.releases import RELEASES, version_key
from migrator.chain.steps import ENTRY, GENAI_PERF, NEWEST, VERSIONS
from migrator.fixtures import RECORDED, fixture_path
from migrator.identify import identify
from migrator.jsonfile import parse, path_text, render
from migrator.jsonlayout import Layout
from migrator.ledger import Loss
from migrator.migration.goal import Goal
from migrator.migration.migrate import Options, migrate
from oracle.edited import edited

EXPECTED: Final = Path(__file__).parent / "expected"
GENAI_PERF_FILE: Final = "profile_export_genai_perf.json"
EDITED: Final = "edited.jsonl"
"""What conflicting configurations lose, within `EXPECTED`."""
TOOL: Final = "aiperf-migrate golden"
"""What residues name as their writer here, so that a new version of the tool does not change them."""

CHOSEN: Final = (
    "genai-perf-0.0.16/chat-streaming",
    "0.1.1/chat-streaming",
    "0.1.1/completions-errors",
    "0.2.0/chat-streaming",
    "0.3.0/chat-streaming",
    "0.3.0/chat-goodput-key",
    "0.4.0/chat-streaming",
    "0.5.0/chat-streaming",
    "0.6.0/key",
    "0.7.0/extras",
    "0.8.0/chat-streaming",
    "0.8.0/embeddings",
    "0.8.0.dev20260511/chat-streaming",
    "0.8.0.dev20260521/chat-streaming",
    "0.9.0/chat-streaming",
    "0.10.0/completions-errors",
    "0.11.0/chat-streaming",
    "0.11.0.dev20260715/chat-streaming",
    "0.11.0.dev20260724/chat-streaming",
    "0.12.0/chat-streaming",
    "0.13.0/chat-streaming",
    "0.13.0/agentx",
    "0.13.0/cancelled",
    "0.13.0.dev20261007/chat-streaming",
    "0.13.0.dev20261023/chat-streaming",
)
"""Recorded exports that between them cover every release, version and dialect; each goes to its neighbouring versions
and to both ends of the line."""

WHOLE: Final = frozenset(
    {
        ("genai-perf-0.0.16/chat-streaming", NEWEST),
        ("0.1.1/completions-errors", "0.2"),
        ("0.1.1/completions-errors", NEWEST),
        ("0.3.0/chat-goodput-key", "1.0"),
        ("0.6.0/key", "0.3"),
        ("0.8.0/embeddings", "0.1"),
        ("0.10.0/completions-errors", "1.2"),
        ("0.13.0/cancelled", NEWEST),
    }
)
"""Cases whose whole result is kept: small ones that show each kind of change."""


_ONE_LINE: Final = Layout(indent=None, key_separator=":", tail="\n")


class Case(NamedTuple):
    """One export and the version it is taken to."""

    export: str
    to: str

    def path(self, suffix: str = ".jsonl") -> str:
        """The expected file's name within `expected/`."""
        return f"{self.export}/{self.to}{suffix}"


def cases() -> tuple[Case, ...]:
    """Every case, in the order of `CHOSEN` and of the versions.

    Raises:
        ValueError: a case of `WHOLE` is none of them.
    """
    every = tuple(Case(export, to) for export in CHOSEN for to in _targets(export))
    if strangers := WHOLE - set(every):
        raise ValueError(f"not among the cases: {sorted(strangers)}")
    return every


def _targets(export: str) -> list[str]:
    """The neighbours of an export's version and both ends of the line, oldest first."""
    version = identify(parse(recorded(export)).data).version
    if version == GENAI_PERF:
        return [ENTRY.newer, NEWEST]
    place = VERSIONS.index(version)
    wanted = {0, place - 1, place + 1, len(VERSIONS) - 1} - {place, -1, len(VERSIONS)}
    return [VERSIONS[index] for index in sorted(wanted)]


def recorded(export: str) -> bytes:
    """The bytes of a recorded export, given as `<release>/<scenario>`."""
    return (EXPORTS / export / file_of(export)).read_bytes()


def file_of(export: str) -> str:
    """The name of a recorded export within its run."""
    return GENAI_PERF_FILE if export.startswith("genai-perf") else EXPORT_FILE


def outcome(case: Case) -> dict[str, bytes]:
    """What the library gives for a case now: name within `expected/` → bytes."""
    parsed = parse(recorded(case.export))
    result = migrate(parsed.data, case.to, Options(config=True))
    output = render(result.document, parsed.layout)
    heading = {
        "export": f"{case.export}/{file_of(case.export)}",
        "from": result.identity.version,
        "to": case.to,
        "steps": result.steps,
        "bytes": len(output),
        "sha256": sha256(output).hexdigest(),
    }
    files = {case.path(): b"".join(_line(row) for row in (heading, *result.ledger.as_list()))}
    if case in WHOLE:
        files[case.path(".json")] = output
        if version_key(case.to) < version_key(result.identity.version):
            residue = migrate(parsed.data, case.to, Options(config=True, save_residue=True)).residue
            assert residue is not None
            files[case.path(".residue.json")] = residue.to_bytes(TOOL)
    return files


def _line(row: dict[str, object]) -> bytes:
    """One line of JSON, a number spelled as in the export."""
    return render(row, _ONE_LINE)


def given_up() -> bytes:
    """What conflicting configurations lose in each release: a line for each, with the releases of the same answer."""
    lines = []
    for export in edited():
        answers: dict[str, list[str]] = {}
        for release in RELEASES[1:]:
            done = migrate(export.document, Goal(release.version, release.name))
            lost = sorted(
                f"{path_text(entry.path)} {entry.op.value}"
                for entry in done.ledger
                if entry.loss is Loss.LOST and entry.path[:1] == ("input_config",)
            )
            answers.setdefault(", ".join(lost), []).append(release.name)
        lines.append(_line({"edited": export.name, **{" ".join(names): lost for lost, names in answers.items()}}))
    return b"".join(lines)


def outcomes() -> dict[str, bytes]:
    """What the library gives now for all cases."""
    return {name: content for case in cases() for name, content in outcome(case).items()} | {EDITED: given_up()}


def stored() -> dict[str, bytes]:
    """What `expected/` holds; hidden files do not count."""
    return {
        path.relative_to(EXPECTED).as_posix(): path.read_bytes()
        for path in sorted(EXPECTED.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def differences(now: dict[str, bytes], before: dict[str, bytes]) -> Iterator[str]:
    """Each expected file that is missing, not of any case, or not byte for byte what the library gives."""
    for name in sorted(now.keys() | before.keys()):
        if name not in before:
            yield f"{name}: missing"
        elif name not in now:
            yield f"{name}: belongs to no case"
        elif now[name] != before[name]:
            yield f"{name}: {_first_difference(now[name], before[name])}"


def _first_difference(now: bytes, before: bytes) -> str:
    new, old = now.splitlines(), before.splitlines()
    for number, (a, b) in enumerate(zip(new, old, strict=False), start=1):
        if a != b:
            return f"line {number} is {_shown(a)}, expected {_shown(b)}"
    return f"has {len(new)} lines, expected {len(old)}"


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= 200 else f"{text[:200]} …"


def update() -> list[str]:
    """Make `expected/` what the library gives now; returns what differed."""
    now, before = outcomes(), stored()
    for name in before.keys() - now.keys():
        (EXPECTED / name).unlink()
    for name, content in now.items():
        if before.get(name) != content:
            path = EXPECTED / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for folder in sorted((path for path in EXPECTED.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return list(differences(now, before))


def update_fixtures() -> list[str]:
    """Write the fixtures whose recorded export is another one now; their names."""
    changed = []
    for name, export in RECORDED.items():
        path, raw = fixture_path(name), recorded(export)
        if not path.exists() or gzip.decompress(path.read_bytes()) != raw:
            path.write_bytes(gzip.compress(raw, mtime=0))
            changed.append(path.name)
    return changed


def main(arguments: list[str]) -> int:
    """The command: no argument rewrites, `--check` reports; returns the exit code."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m golden.update [--check]\n")
        return 2
    found = list(differences(outcomes(), stored())) if arguments else update()
    sys.stdout.writelines(f"{line}\n" for line in found)
    if not arguments:
        sys.stdout.writelines(f"{name}: written\n" for name in update_fixtures())
    sys.stdout.write(f"{len(found)} of {len(outcomes())} expected files {'differ' if arguments else 'were updated'}\n")
    return 1 if arguments and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
