"""Which files are meant, by place, age and content; and the survey of all that are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.process import EXPORTS, NAME, copy, export, run, snapshot
from support.versions import NEWEST

from migrator.batch.discover import Source
from migrator.batch.file import File
from migrator.batch.load import Loaded
from migrator.batch.pool import run as run_here
from migrator.batch.read_files import Looking
from migrator.batch.select import Selection, moment, select
from migrator.batch.survey import OTHERS, Histogram
from migrator.batch.where import AnswersOf, where
from migrator.identify import MIGRATABLE, Family, Identity
from migrator.migration.migrate import Options, migrate

RUNS = {"a/old.json": "0.1.1/chat-streaming", "a/b/key.json": "0.6.0/key", "new.json": "0.13.0/cancelled"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, recorded in RUNS.items():
        copy(recorded, tmp_path / name)
    return tmp_path


def found(folder: Path, **asked: object) -> set[str]:
    selection = Selection(**asked)  # type: ignore[arg-type]
    work = Looking(_is_there, selection.where)
    return {seen.source.relative for seen in run_here(select([str(folder)], selection), work, jobs=1)}


def _is_there(source: Source, loaded: Loaded) -> bool:
    return loaded.identity.family is not None and source.error is None


def test_everything_unless_asked(tree: Path) -> None:
    assert found(tree) == set(RUNS)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"include": ("old.json",)}, {"a/old.json"}),
        ({"include": ("/new*", "b/")}, {"new.json", "a/b/key.json"}),
        ({"include": ("a/*.json",)}, {"a/old.json"}),
        ({"include": ("a/**/*.json",)}, {"a/old.json", "a/b/key.json"}),
        ({"exclude": ("a/",)}, {"new.json"}),
        ({"exclude": ("b",)}, {"a/old.json", "new.json"}),
        ({"exclude": ("*.json", "!key.json")}, {"a/b/key.json"}),
        ({"include": ("a/",), "exclude": ("key.*",)}, {"a/old.json"}),
        ({"include": ("nothing",)}, set()),
    ],
)
def test_globs_are_those_of_gitignore(tree: Path, asked: dict[str, tuple[str, ...]], expected: set[str]) -> None:
    assert found(tree, **asked) == expected


def test_globs_hold_below_each_folder_that_is_named(tree: Path) -> None:
    sources = select([str(tree / "a"), str(tree / "a" / "b")], Selection(include=("/key.json",)))
    assert [source.relative for source in sources] == ["b/key.json"]


def test_a_file_that_is_named_is_meant(tree: Path) -> None:
    (tree / ".gitignore").write_text("*.json\n")
    named = str(tree / "new.json")
    for selection in (Selection(exclude=("*",)), Selection(include=("x",)), Selection(gitignore=True)):
        assert [source.path for source in select([named], selection)] == [named]
    assert found(tree, gitignore=True) == set()


def test_gitignore_is_what_git_says(tree: Path) -> None:
    """Git itself is asked, over nested files that take back what the ones above them say."""
    names = ["x/1.json", "x/2.json", "x/keep/1.json", "y/build/1.json", "y/1.json", "z/deep/er/2.json", "z/#.json"]
    for name in names:
        copy("0.6.0/key", tree / name)
    (tree / ".gitignore").write_text("# a comment\n1.json\nbuild/\n/new.json\n\\#.json\n")
    (tree / "x" / ".gitignore").write_text("!keep/1.json\n")
    (tree / "x" / "keep" / ".gitignore").write_text("")
    (tree / "z" / "deep" / ".gitignore").write_text("er/*\n!er/2.json\n")
    git = ["git", "-c", "core.excludesFile=/dev/null", "-C", str(tree)]
    subprocess.run([*git, "init", "-q"], check=True)
    (tree / ".git" / "info" / "exclude").write_text("old.json\n")
    listed = subprocess.run([*git, "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True)
    expected = {line.strip('"') for line in listed.stdout.splitlines() if line.endswith(".json")}
    assert found(tree, gitignore=True) == expected
    assert 4 <= len(expected) < len(names) + len(RUNS)
    assert found(tree / "x", gitignore=True) == {"2.json", "keep/1.json"}, "the rules above a folder hold in it"


def test_age_is_that_of_the_last_change(tree: Path) -> None:
    now = time.time()
    os.utime(tree / "new.json", (now - 3 * 86400, now - 3 * 86400))
    assert found(tree, newer=now - 86400) == set(RUNS) - {"new.json"}
    assert found(tree, older=now - 86400) == {"new.json"}
    assert found(tree, older=now - 2 * 86400, newer=now - 4 * 86400) == {"new.json"}
    done = run("inspect", ".", "--older-than", "2d", cwd=tree)
    assert [line.split()[-1] for line in done.lines] == ["./new.json"]
    assert run("inspect", ".", "--newer-than", "2000-01-01", "--older-than", "2000-01-02", cwd=tree).lines == []
    done = run("inspect", ".", "--newer-than", "tuesday", cwd=tree)
    assert done.code == 2
    assert "not a time: 'tuesday'; expected 36h, 7d, 2w, or a date such as 2026-11-24" in done.complaints[0]


def test_moments() -> None:
    assert [moment(text, 10**6) for text in ("1s", "1.5m", "2h", "1d", "1w")] == [
        10**6 - seconds for seconds in (1, 90, 7200, 86400, 604800)
    ]
    assert moment("1970-01-02T00:00+00:00", 0) == 86400


EXPRESSIONS = {
    "version < 1.3": {"a/old.json", "a/b/key.json"},
    "version<1.0": {"a/old.json"},
    "version >= 1.0": {"a/b/key.json", "new.json"},
    "version = 1.4": {"new.json"},
    "version != 1.4": {"a/old.json", "a/b/key.json"},
    "label = 1.0": {"a/b/key.json"},
    "release < 0.2.0": {"a/old.json"},
    "release >= 0.10": {"new.json"},
    "config = UserConfig": {"a/old.json", "a/b/key.json"},
    "family = 'main export'": set(RUNS),
    "family ~ 'main*'": set(RUNS),
    "cancelled": {"new.json"},
    "not cancelled": {"a/old.json", "a/b/key.json"},
    "cancelled = false": {"a/old.json", "a/b/key.json"},
    "benchmark_id ~ *": {"a/b/key.json", "new.json"},
    "not benchmark_id ~ '*'": {"a/old.json"},
    "start_time >= 2026-01-01 and start_time < 9999": set(RUNS),
    "ttft.avg > 0": set(RUNS),
    "time_to_first_token.avg > 0": set(RUNS),
    "request_latency.avg > 0": set(RUNS),
    "time_to_first_token.avg > 0 and version = 0.1": {"a/old.json"},
    "prefill_throughput.avg > 0": {"a/b/key.json", "new.json"},
    "version = 0.1 or version = 1.0 and cancelled": {"a/old.json"},
    "(version = 0.1 or version = 1.4) and cancelled": {"new.json"},
    "not (version = 0.1 or cancelled)": {"a/b/key.json"},
}


@pytest.mark.parametrize(
    ("writer", "expression"),
    [
        ("0.6.0.post1", "release = 0.6"),
        ("0.6.0.post1", "release = 0.6.0.post1"),
        ("0.8.0.dev20260511", "release > 0.8.0 and release < 0.9"),
        ("0.9.0+local", "release = 0.9.0"),
    ],
)
def test_every_kind_of_release_is_compared(writer: str, expression: str) -> None:
    identity = Identity(Family.EXPORT, "1.0", writer=writer, writers=(writer,))
    assert where(expression).holds(AnswersOf(File(identity, {})))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_content_decides(tree: Path, expression: str) -> None:
    assert found(tree, where=expression) == EXPRESSIONS[expression]


def test_a_metric_that_is_nowhere_is_refused_before_anything_is_done(tree: Path) -> None:
    """Even where the test is turned round, which would choose every file and migrate it."""
    before = snapshot(tree)
    for command in (("inspect", "."), ("upgrade", ".", "--in-place", "--ledger", "l"), ("check", "."), ("table", ".")):
        done = run(*command, "--where", "not requst_latency.avg > 5", cwd=tree)
        assert (done.code, done.raw) == (2, b"")
        assert done.complaints == [
            "--where: column 5: no metric 'requst_latency': neither AIPerf nor any of the files has it; "
            "expected request_latency, image_latency, credit_drop_latency"
        ]
    assert snapshot(tree) == before
    assert "time_to_first_token" in run("inspect", ".", "--where", "tttf.avg > 5", cwd=tree).complaints[0]


def test_a_metric_of_ones_own_is_found_in_the_files(tree: Path) -> None:
    document = json.loads((tree / "new.json").read_bytes())
    (tree / "own.json").write_text(json.dumps({**document, "acme_score": {"unit": "points", "avg": 7.5}}))
    assert found(tree, where="acme_score.avg > 7") == {"own.json"}
    assert found(tree, where="ttft.avg > 0 and not acme_score.avg > 7") == set(RUNS)
    done = run("inspect", ".", "--where", "acme_scroe.avg > 7", cwd=tree)
    assert (done.code, done.complaints[0].rpartition("; ")[2]) == (2, "expected acme_score")
    (tree / "bad.json").write_text("{")
    assert run("inspect", "bad.json", "--where", "acme_score.avg > 7", cwd=tree).code == 4, "nothing to find it in"
    assert run("inspect", "a", "--exclude", "*", "--where", "acme.avg > 7", cwd=tree).complaints == ["no files found"]
    raw = (tree / "own.json").read_bytes()
    assert len(run("inspect", "-", "--where", "acme_score.avg > 7", stdin=raw).lines) > 1
    done = run("inspect", "-", "--where", "acme_scroe.avg > 7", stdin=raw)
    assert (done.code, done.raw, done.complaints[0].rpartition("; ")[2]) == (2, b"", "expected acme_score")


def test_ambiguous_versions_fit_either_way_and_newer_ones_are_behind_all(tmp_path: Path) -> None:
    document = json.loads(export("0.3.0/workers").read_bytes())
    document.pop("telemetry_data", None)
    (tmp_path / "either.json").write_text(json.dumps(document))
    document = json.loads(export("0.13.0/cancelled").read_bytes())
    (tmp_path / "newer.json").write_text(json.dumps({**document, "schema_version": "1.99"}))
    assert found(tmp_path, where="version = 0.2") == found(tmp_path, where="version = 0.3") == {"either.json"}
    assert found(tmp_path, where=f"version > {NEWEST}") == {"newer.json"}


def test_a_file_that_cannot_be_read_is_not_left_out_in_silence(tree: Path) -> None:
    (tree / "bad.json").write_text("{")
    done = run("inspect", ".", "--where", "version > 1.0", cwd=tree)
    assert done.code == 4
    assert done.complaints[0].startswith("./bad.json: line 1 column 2")
    assert len(done.lines) == 1


def test_standard_input_can_be_chosen_like_any_file() -> None:
    raw = export("0.13.0/cancelled").read_bytes()
    assert run("inspect", "-", "--where", "version = 1.4", stdin=raw).lines[0] == "-"
    done = run("inspect", "-", "--where", "version = 1.0", stdin=raw)
    assert (done.code, done.lines, done.complaints) == (0, [], ["no files found"])


@pytest.mark.parametrize(
    "command",
    [
        ("inspect",),
        ("upgrade", "--dry-run", "--json"),
        ("downgrade", "--to", "1.0", "--dry-run", "--json"),
        ("convert", "--to", "1.3", "--dry-run", "--json"),
        ("check", "--json"),
        ("table", "--columns", "file", "--format", "json"),
    ],
    ids=lambda command: str(command[0]),
)
def test_every_command_on_trees_selects(tree: Path, command: tuple[str, ...]) -> None:
    chosen = run(*command, ".", "--exclude", "old.json", "--where", "not cancelled", cwd=tree)
    assert "key.json" in chosen.stdout
    assert "old.json" not in chosen.stdout
    assert "new.json" not in chosen.stdout


# --- the survey ----------------------------------------------------------------------------------------------


def test_a_survey_counts_what_inspect_says() -> None:
    each = [row for row in run("inspect", EXPORTS, "--json").rows if row["family"] in MIGRATABLE]
    (survey,) = run("inspect", EXPORTS, "--summary", "--json").rows
    assert survey["exports"] == len(each) > 70
    assert survey["runs"] == sum("/phases/" not in row["file"] for row in each) < len(each)
    # What GenAI-Perf wrote is in no version of the line; it stands before all.
    assert survey["versions"][0] == {"versions": ["genai-perf"], "runs": 1, "files": 1}
    whole = [row for row in each if "/phases/" not in row["file"]]
    for row in survey["versions"][1:]:
        assert row["files"] == sum(one.get("versions") == row["versions"] for one in each)
        assert row["runs"] == sum(one.get("versions") == row["versions"] for one in whole)
    assert sum(row["runs"] for row in survey["versions"]) == survey["runs"]
    assert sum(row["runs"] for row in survey["releases"]) == survey["runs"]
    assert sum(row["runs"] for row in survey["input_configs"]) == survey["runs"]
    for row in survey["dialects"]:
        key = (row["versions"], row["dialect"])
        assert row["files"] == sum((one.get("versions"), one.get("dialect")) == key for one in each)
    for row in survey["releases"]:
        if row["releases"]:
            key = (row["in_the_file"], row["releases"])
            assert row["files"] == sum((one.get("writer") is not None, one.get("writers")) == key for one in each)
    assert sum(row["files"] for row in survey["families"]) == survey["files"]


def test_a_survey_predicts_what_a_migration_would_lose() -> None:
    done = [
        row
        for row in run("convert", EXPORTS, "--to", "1.0", "--dry-run", "--json").rows
        if row["status"] in ("migrated", "redacted", "unchanged") and "family" not in row
    ]
    (survey,) = run("inspect", EXPORTS, "--summary", "--to", "1.0", "--json").rows
    told = survey["prediction"]
    assert told["to"] == "1.0"
    assert told["would_change"] == sum(row["status"] != "unchanged" for row in done)
    assert told["would_lose"] == sum(row.get("losses", {}).get("lost", 0) > 0 for row in done)
    for loss in ("lost", "inferred", "redacted"):
        assert sum(row["values"] for row in told["losses"] if row["loss"] == loss) == sum(
            row.get("losses", {}).get(loss, 0) for row in done
        )


def test_a_survey_counts_a_run_once(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "0.13.0" / "chat-streaming", tmp_path / "run")
    copy("0.13.0/chat-streaming", tmp_path / "z.json")
    done = run("inspect", ".", "--summary", cwd=tmp_path)
    assert ", 4 exports of 1 run, " in done.lines[0]
    assert "       1  ####################  1.4 (4 exports)" in done.lines
    assert "       1  ####################  0.13.0 (4 exports)" in done.lines
    assert "       3  ####################  main export" not in done.lines


def test_a_kind_that_only_copies_have_is_not_hidden(tmp_path: Path) -> None:
    """What is to be migrated are files: a copy at an older version counts for no run, but is there."""
    document = json.loads(export("0.13.0/rate").read_bytes())
    copy("0.13.0/rate", tmp_path / "a.json")
    (tmp_path / "b.json").write_text(json.dumps(migrate(document, "1.1", Options(config=True)).document))
    lines = run("inspect", ".", "--summary", cwd=tmp_path).lines
    assert "       0                        1.1 (1 export)" in lines
    assert "       1  ####################  1.4" in lines


def test_a_survey_reads_well_and_tells_what_it_could_not_read(tree: Path) -> None:
    (tree / "bad.json").write_text("{")
    done = run("inspect", ".", "--summary", "--to", "1.0", cwd=tree)
    assert done.code == 4
    assert len(done.complaints) == 1
    assert all(len(line) <= 80 for line in done.lines)
    assert done.lines[0].startswith("4 files, 3 exports, ")
    assert "       1  ####################  NotJsonError" in done.lines
    assert "       1  ####################  0.1.1 (not in the file)" in done.lines
    assert "migration to 1.0" in done.lines
    assert "       2  would lose a value (--residue saves what is lost)" in done.lines
    assert run("inspect", ".", "--to", "1.0", cwd=tree).code == 2


def test_a_survey_is_no_larger_than_its_limit() -> None:
    histogram = Histogram()
    for number in range(5000):
        histogram.note(number)
    assert len(histogram) == 1001
    assert histogram[OTHERS] == 4000


def test_hostile_names_in_a_survey_are_harmless(tmp_path: Path) -> None:
    document = json.loads(export("0.13.0/cancelled").read_bytes())
    (tmp_path / NAME).write_text(json.dumps({**document, "aiperf_version": "\x1b[2J" + "x" * 200, "\x1b": 1}))
    done = run("inspect", ".", "--summary", cwd=tmp_path)
    assert done.code == 0
    assert all(len(line) <= 80 for line in done.lines)


# --- what the tool itself wrote into the tree ----------------------------------------------------------------


@pytest.mark.parametrize("again", [("--in-place",), ("-d", "in/out")])
def test_a_journal_and_a_ledger_in_the_tree_are_no_input(tmp_path: Path, again: tuple[str, ...]) -> None:
    copy("0.4.0/chat-streaming", tmp_path / "in" / "a.json")
    copy("0.13.0/chat-streaming", tmp_path / "in" / "z.json")
    notes = ("--journal", "in/j.json", "--ledger", "in/l.json")
    done = run("convert", "in", "--to", "1.1", *again, *notes, cwd=tmp_path)
    assert (done.code, done.lines[-1]) == (0, "2 files: 2 migrated")
    kept = {name: (tmp_path / "in" / name).read_bytes() for name in ("j.json", "l.json")}
    later = run("upgrade", "in", "--dry-run", cwd=tmp_path)
    assert later.code == 0
    told = "\n".join(later.lines)
    assert "in/j.json" in told
    assert "journal, left alone" in told
    assert "report, left alone" in told
    assert {name: (tmp_path / "in" / name).read_bytes() for name in kept} == kept
    resumed = run("convert", "in", "--to", "1.1", *again, "--journal", "in/j.json", "--resume", cwd=tmp_path)
    assert (resumed.code, resumed.lines[-1]) == (0, "3 files: 2 unchanged, 1 skipped"), "the old ledger is left alone"


@pytest.mark.parametrize("rows", ["run", "metric"])
@pytest.mark.parametrize("runs", [["a.json"], ["a.json", "z.json"]])
def test_a_table_in_the_tree_is_no_input(tmp_path: Path, runs: list[str], rows: str) -> None:
    for name in runs:
        copy("0.4.0/chat-streaming", tmp_path / "in" / name)
    words = ("table", "in", "--format", "json", "--rows", rows, "-o", "in/t.json")
    first = run(*words, cwd=tmp_path)
    table = (tmp_path / "in" / "t.json").read_bytes()
    again = run(*words, "--force", cwd=tmp_path)
    assert (first.code, again.code, again.stderr) == (0, 0, first.stderr)
    assert (tmp_path / "in" / "t.json").read_bytes() == table
    assert run("inspect", "in", cwd=tmp_path).code == 0
    done = run("upgrade", "in", "--dry-run", cwd=tmp_path)
    assert (done.code, done.lines[-1]) == (
        0,
        f"{len(runs) + 1} files: {len(runs)} would be migrated, 1 skipped; nothing was written",
    )


def test_a_broken_export_is_not_taken_for_lines(tmp_path: Path) -> None:
    raw = json.dumps(json.loads(export("0.4.0/chat-streaming").read_bytes())).encode()
    for number, broken in enumerate((raw + b"\n{}\n", b"{}\n{", b'{"a": 1}\nx\n', b"[]\n]\n")):
        (tmp_path / f"{number}.json").write_bytes(broken)
    done = run("upgrade", ".", "--dry-run", cwd=tmp_path)
    assert (done.code, done.lines[-1]) == (4, "4 files: 4 failed; nothing was written")
