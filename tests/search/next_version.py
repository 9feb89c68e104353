"""Add a version that does not exist to a copy of the checkout, as CONTRIBUTING says, and run the quick tests there.

    python -m search.next_version            # the tests that know the line of versions
    python -m search.next_version cli tui    # some folders of the tests, or files
    python -m search.next_version --all      # every quick test

The next version has a top-level block of its own and renames a metric. What is generated is generated anew. The tests
must pass without an edit of any of them; the exit code is theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from golden.provenance import EXPORTS
from migrator.aiperf.releases import NIGHTLIES
from migrator.chain.steps import NEWEST

ROOT: Final = Path(__file__).parents[2]
MAJOR, MINOR = map(int, NEWEST.split("."))
NEXT: Final = f"{MAJOR}.{MINOR + 1}"
WRITER: Final = "0.13.0.dev20991231"
"""The nightly that would write it."""
BLOCK: Final = "next_version_block"
RECORDED: Final = max(
    (path.name for path in EXPORTS.iterdir() if ".dev" in path.name), key=lambda name: int(name.rpartition("dev")[2])
)
"""The newest nightly that was recorded."""
OLD, NEW = "output_token_throughput_per_user", "user_output_token_throughput"
QUICK: Final = ("aiperf", "chain", "check", "config", "docs", "golden", "identify", "migration", "schemas", "table")

STEP: Final = f'''"""{NEWEST} → {NEXT}: a version that does not exist."""

from __future__ import annotations

from migrator.chain.operation import AddedField
from migrator.chain.ops import Add, Rename
from migrator.chain.step import Step

STEP = Step(
    older="{NEWEST}",
    newer="{NEXT}",
    summary="a block and a name",
    reason="It adds `{BLOCK}`, and renames `{OLD}`.",
    ops=(
        Add(AddedField("{BLOCK}")),
        Rename({{"{OLD}": "{NEW}"}}),
        Rename({{"{OLD}": "{NEW}"}}, at=("warmup_metrics",)),
    ),
)
'''
SCHEMA: Final = f'''"""{NEXT} (AIPerf {WRITER}): a version that does not exist."""

from __future__ import annotations

from typing import Annotated, Any

from migrator.schemas import base, v{MAJOR}_{MINOR}


class Export(v{MAJOR}_{MINOR}.Export):
    """A main export of version {NEXT}."""

    schema_version: Annotated[str, base.Label("{NEXT}")]
    {BLOCK}: dict[str, Any] | None = None
'''


def copied(target: Path) -> None:
    """The files of the checkout that git knows or would add, in another folder."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def replaced(path: Path, old: str, new: str) -> None:
    """One edit of a file.

    Raises:
        ValueError: what is to be edited is not in it, so that this script must be brought up to date.
    """
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path.name} has no {old!r}")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_version(root: Path) -> None:
    """Everything that CONTRIBUTING lists for a new version, and for a metric that it renames."""
    (root / f"migrator/chain/steps/s{MAJOR}_{MINOR}_to_{MAJOR}_{MINOR + 1}.py").write_text(STEP, encoding="utf-8")
    (root / f"migrator/schemas/v{MAJOR}_{MINOR + 1}.py").write_text(SCHEMA, encoding="utf-8")
    last = f'Release("{NIGHTLIES[-1].name}", "{NIGHTLIES[-1].version}", "{NIGHTLIES[-1].dialect}"),\n'
    replaced(root / "migrator/aiperf/releases.py", last, f'{last}    Release("{WRITER}", "{NEXT}", "vendor"),\n')
    chosen = f'    "{RECORDED}/chat-streaming",\n'
    replaced(root / "golden/update.py", chosen, f'{chosen}    "{WRITER}/chat-streaming",\n')
    row = f'    "{NEWEST}": "{RECORDED}/chat-streaming",\n'
    replaced(root / "migrator/fixtures.py", row, f'{row}    "{NEXT}": "{WRITER}/chat-streaming",\n')
    with (root / "tests/golden/aiperf_changes.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[[change]]\nreleases = ["{WRITER}"]\nreason = "a new block"\nplaces = ["{BLOCK}"]\n')
    add_metric(root / "migrator" / "data")
    add_fields(root / "migrator" / "data" / "reader_fields.json")


def add_metric(data: Path) -> None:
    """The new name of the metric in the catalogue, and its direction: that of the old name."""
    catalogue: dict[str, Any] = json.loads((data / "metrics.json").read_bytes())
    catalogue[NEW] = catalogue[OLD] | {"first_release": WRITER, "last_release": WRITER}
    rows = (f"  {json.dumps(tag)}: {json.dumps(catalogue[tag])}" for tag in sorted(catalogue))
    (data / "metrics.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    replaced(data / "directions.json", f'"{OLD}"', f'"{OLD}", "{NEW}"')


def add_fields(path: Path) -> None:
    """What the writer reads: the same as the release before it."""
    table: dict[str, Any] = json.loads(path.read_bytes())
    before = list(table["releases"])[-1]
    if isinstance(table["releases"], dict):
        table["releases"][WRITER] = table["releases"][before]
    else:
        table["releases"].append(WRITER)
    for variants in table["models"].values():
        for variant in variants:
            if before in variant["releases"]:
                variant["releases"].append(WRITER)
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


RECORD: Final = f"""
from golden import provenance
from golden.provenance import EXPORTS
from golden.provenance import EXPORT_FILE
from migrator.jsonfile import parse, render
from migrator.migration.migrate import Options, migrate

table = provenance.load()

source = EXPORTS / "{RECORDED}" / "chat-streaming"
parsed = parse((source / EXPORT_FILE).read_bytes())
document = migrate(parsed.data, "{NEXT}", Options(config=True)).document
document |= {{"aiperf_version": "{WRITER}", "{BLOCK}": {{"x": 1}}}}
target = EXPORTS / "{WRITER}" / "chat-streaming" / EXPORT_FILE
target.parent.mkdir(parents=True)
raw = render(document, parsed.layout)
raw = raw.replace(document["benchmark_id"].encode(), b"00000000-0000-4000-8000-000000000000")
target.write_bytes(raw.replace(document["start_time"].partition("T")[0].encode(), b"2099-12-31"))
row = table["runs"]["/".join(source.parts[-2:])]
made = provenance.entry({{EXPORT_FILE: target}}, "{WRITER}", method=row["method"], server=row["server"])
table["runs"]["{WRITER}/chat-streaming"] = made
provenance.store(table)
"""
"""Makes the export that would be recorded, out of the newest recorded one."""


def run(root: Path, *command: str) -> int:
    """A Python command in the copy; its exit code."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *command], cwd=root, env=env, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"folders or files of the tests; by default {', '.join(QUICK)}")
    parser.add_argument("--all", action="store_true", help="every quick test")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="make the copy there, and leave it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = given.keep or Path(scratch) / "checkout"
        copied(root)
        add_version(root)
        steps = [
            ("-c", RECORD),
            ("-m", "golden.update"),
            ("-m", "migrator.check.pages", "docs"),
            ("docs/generate.py",),
            ("docs/commands.py",),
            ("docs/directions.py",),
            ("docs/readme.py",),
        ]
        for step in steps:
            if code := run(root, *step):
                sys.stderr.write(f"{' '.join(step)[:60]}: exit code {code}\n")
                return code
        run(root, "-m", "compileall", "-q", "migrator", "tui")
        tests = ["tests"] if given.all else [f"tests/{name}" for name in given.names or QUICK]
        quick = ("-n", "auto", "-m", "not slow", "-p", "no:cacheprovider", "--tb=short")
        return run(root, "-m", "pytest", *quick, *tests)


if __name__ == "__main__":
    sys.exit(main())
