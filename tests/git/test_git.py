"""Exports in git, tried with git itself: in repositories of their own, with a home folder of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest
from support.aggregates import aggregate, collated, documents, sweep_file, written
from support.process import EXPORTS, NAME, ROOT, SECRET, Done, environment, export, run
from support.sweeps import made, scale
from support.versions import NEWEST_RUN

from migrator.chain.steps import VERSIONS
from migrator.errors import UnreadableError
from migrator.git import blocks
from migrator.git.command import GitError
from migrator.git.facts import number_text, read_facts
from migrator.git.revisions import is_revision, pointer, read
from migrator.git.setup import ATTRIBUTES, install, place, settings, uninstall
from migrator.git.textconv import textconv
from migrator.identify import identify
from migrator.jsonfile import Numeral, parse, render
from migrator.migration.migrate import migrate

BASE, SLOW = "lab/base-1", "lab/slow20-1"
NAMES = sorted(str(path.parent.relative_to(EXPORTS)) for path in EXPORTS.rglob(NAME))


@dataclass(frozen=True)
class Repository:
    """A repository, and the environment in which git and the tool work on it."""

    folder: Path
    env: dict[str, str]

    def git(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.env, capture_output=True, timeout=120, check=False
        )
        assert done.returncode in fine, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stdout
        return done.stdout.decode()

    def tool(self, *arguments: str, cwd: Path | None = None) -> Done:
        return run(*arguments, cwd=cwd or self.folder, env=self.env)

    def write(self, content: bytes, name: str = NAME) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def commit(self, message: str = "x") -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)


def raw(name: str) -> bytes:
    return export(name).read_bytes()


def changed(name: str, change: Callable[[Any], Any]) -> bytes:
    document = json.loads(raw(name))
    change(document)
    return json.dumps(document, indent=2).encode()


def lfs(content: bytes) -> bytes:
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content).hexdigest()}\nsize {len(content)}\n"
    ).encode()


@pytest.fixture
def plain(tmp_path: Path) -> Repository:
    """A repository in which nothing is set up; its path has a space in it."""
    home, folder = tmp_path / "home", tmp_path / "my runs"
    home.mkdir()
    folder.mkdir()
    author = {
        f"GIT_{who}_{what}": f"a{at}b"
        for who in ("AUTHOR", "COMMITTER")
        for what, at in (("NAME", " "), ("EMAIL", "@"))
    }
    env = environment(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / ".config"),
        GIT_CONFIG_GLOBAL=str(home / ".gitconfig"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_TERMINAL_PROMPT="0",
        **author,
    )
    made = Repository(folder, env)
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def repository(plain: Repository) -> Repository:
    assert plain.tool("git", "install").code == 0
    return plain


def signed(patch: str, sign: str) -> list[str]:
    """The lines of a patch that are taken out, or put in."""
    return [line[1:] for line in patch.splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]


# --- the text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_an_export_and_its_upgrades_have_the_same_text(name: str) -> None:
    content = parse(raw(name)).data
    text = textconv(raw(name))
    source = identify(content).version
    # A stop at 0.2 to 1.0 would cost the counts of 0.1, for which they have no place.
    for version in VERSIONS[VERSIONS.index("1.1" if source == "0.1" else source) :]:
        assert textconv(render(migrate(content, version).document)) == text, version


@pytest.mark.parametrize("name", NAMES)
def test_the_text_has_everything_but_what_is_volatile(name: str) -> None:
    text = textconv(raw(name))
    document = json.loads(raw(name))
    assert text.endswith("\n")
    assert all(line.isprintable() for line in text.splitlines())
    metrics = document.get("records", document)
    assert {
        f"\n# {fact.title}\n{fact.name} {fact.unit}" in text for fact in read_facts(raw(name)) if fact.statistics
    } == {True}
    assert f"avg={number_text(metrics['request_latency']['avg'], 5)}" in text
    for gone in ("benchmark_id", "start_time", "end_time", "cli_command", "artifact_directory", "artifacts.dir"):
        assert gone not in text
    for gone in ("schema_version", "gpu_uuid", "hostname", SECRET):
        assert gone not in text


def test_the_order_of_the_file_does_not_matter() -> None:
    def turned(node: Any) -> Any:
        return {key: turned(value) for key, value in reversed(node.items())} if isinstance(node, dict) else node

    content = json.loads(raw(BASE))
    assert textconv(json.dumps(turned(content)).encode()) == textconv(raw(BASE))


def test_nulls_and_layout_do_not_matter() -> None:
    content = json.loads(raw(BASE))
    more = {**content, "branch_stats": None, "goodput": None}
    more["input_config"] = {**content["input_config"], "scenario": None}
    assert textconv(json.dumps(more).encode()) == textconv(raw(BASE))


def test_units_are_those_of_the_catalogue() -> None:
    def in_seconds(content: Any) -> None:
        block = content["request_latency"]
        content["request_latency"] = {
            name: "sec" if name == "unit" else value if name == "count" else value / 1000
            for name, value in block.items()
        }

    assert textconv(changed(BASE, in_seconds)) == textconv(raw(BASE))
    other = textconv(changed(BASE, lambda content: content["request_latency"].update(unit="tokens")))
    assert "request_latency tokens  avg=" in other


def test_a_new_metric_changes_no_line_but_its_own() -> None:
    name = "a_metric_with_a_name_that_is_longer_than_any_other_in_this_file"
    text = textconv(changed(BASE, lambda content: content.update({name: {"unit": "ms", "avg": 1.5}})))
    assert [line for line in text.splitlines() if name not in line] == textconv(raw(BASE)).splitlines()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (40.0, "40"),
        (0.0, "0"),
        (-0.0, "0"),
        (85.4203283, "85.420"),
        (2.36589, "2.3659"),
        (99999.96, "100000"),
        (123456.789, "123457"),
        (1234567890123.5, "1234567890124"),
        (0.000328300738, "0.00032830"),
        (7.674738709e-15, "7.6747e-15"),
        (-12.345678, "-12.346"),
        (1e300, "1.0000e+300"),
        (2**70, str(2**70)),
        (Numeral("1180591620717411303424"), "1180591620717411303424"),
        (Numeral("NaN"), "NaN"),
        (Numeral("1e400"), "1e400"),
        (True, "true"),
        (None, "null"),
        ("a\x1b[31m", '"a\\u001b[31m"'),
        ([1.5], "[1.5]"),
    ],
)
def test_numbers_have_five_digits_and_whole_ones_all(value: Any, expected: str) -> None:
    assert number_text(value, 5) == expected


def test_hostile_names_stay_on_their_line() -> None:
    def poison(content: Any) -> None:
        content["evil\x1b[2J\nmetric"] = {"unit": "m\x07s", "avg": "\u202e", "p1": [1, {"a": 2}]}
        content["input_config"]["a\nb\x9b"] = {"c.d": ["\x1b]0;x\x07", {"name": "\n"}]}

    text = textconv(changed(BASE, poison))
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.splitlines()) == len(textconv(raw(BASE)).splitlines()) + 5


def test_a_key_is_never_shown() -> None:
    in_clear = [name for name in NAMES if SECRET.encode() in raw(name)]
    assert in_clear
    for name in in_clear:
        assert SECRET not in textconv(raw(name))
    newest = changed(
        NEWEST_RUN, lambda content: content["input_config"]["endpoint"].update(api_key=SECRET, extra={"a": SECRET})
    )
    assert 'endpoint.api_key = "<redacted>"\n' in textconv(newest)
    assert SECRET not in textconv(newest)
    whole = raw(in_clear[0])
    for damaged in (whole[:-40], b"<<<<<<< ours\n" + whole + b">>>>>>> theirs\n", whole.replace(b'"ms"', b"7")):
        text = textconv(damaged)
        assert SECRET not in text
        assert "<redacted>" in text
    assert SECRET not in textconv(
        b'{"cfg": {"endpoint": {"headers": [["Authorization", "Bearer %s"]]}}}' % SECRET.encode()
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"no json",
        b'{"a": 1, "a": 2}',
        b"\xff\xfe{",
        b"caf\xe9\n",
        b"[" * 100_000,
        lfs(b"x"),
        b'{"schema_version": "9.0"}',
        raw(BASE).replace(b'"schema_version": "1.4"', b'"schema_version": "2.0"'),
        raw(BASE).replace(b'"run_info": {', b'"run_info": 7, "x": {'),
        (EXPORTS / "0.13.0/multirun/aggregate/profile_export_aiperf_aggregate.json").read_bytes(),
    ],
    ids=range(12),
)
def test_what_is_no_export_is_shown_as_it_is(content: bytes) -> None:
    assert textconv(content).encode("utf-8", "surrogateescape") == content


def test_a_binary_file_is_told_by_its_hash() -> None:
    content = b"\x00\x01" * 10
    assert textconv(content) == f"binary, 20 bytes, SHA-256 {sha256(content).hexdigest()}\n"


def test_a_newer_minor_version_is_shown_as_far_as_it_is_known() -> None:
    newer = changed(BASE, lambda content: content.update(schema_version="1.99", news={"a": [1]}))
    text = textconv(newer)
    assert "news.a = [1]" in text
    assert "request_latency ms  avg=" in text


def test_textconv_command(tmp_path: Path) -> None:
    odd = tmp_path / "-h"
    odd.write_bytes(raw(BASE))
    assert run("textconv", "./-h", cwd=tmp_path).stdout == textconv(raw(BASE))
    assert run("textconv", str(export(BASE))) == Done(0, textconv(raw(BASE)).encode(), "")
    assert run("textconv", "-", stdin=raw(BASE)).stdout == textconv(raw(BASE))
    assert run("textconv", "/dev/null") == Done(0, b"", "")
    bytes_of = tmp_path / "latin"
    bytes_of.write_bytes(b"caf\xe9")
    assert run("textconv", bytes_of).raw == b"caf\xe9"
    assert run("textconv", "nowhere").code == 4
    assert run("textconv").code == 2
    assert run("textconv", "a", "b").code == 2


# --- in git --------------------------------------------------------------------------------------------------


def test_log_reads_as_changes_of_metrics(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    repository.write(raw(SLOW))
    repository.commit()
    for command in (("log", "-p", "-1"), ("show",), ("diff", "--no-ext-diff", "HEAD~1", "HEAD")):
        patch = repository.git(*command)
        assert "+request_latency ms  avg=337.21" in patch
        assert "-request_latency ms  avg=287.93" in patch
        # The heads of sections are the heads of hunks.
        assert re.search(r"^@@ .* @@ \[input_config\]$", patch, re.MULTILINE)
        # What the runs have in common is no change: neither settings nor the lengths of the inputs.
        assert not [line for line in signed(patch, "-") if " = " in line or line.startswith("input_sequence_length")]


def test_old_and_new_numbers_of_a_metric_stand_together(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    repository.write(raw(SLOW))
    patch = repository.git("diff", "--no-ext-diff")
    runs = re.findall(r"(?:^-(?!--).*\n)+", patch, re.MULTILINE)
    assert len(runs) > 40
    for run_of_lines in runs:
        assert len({line.split(" ")[0] for line in run_of_lines.splitlines()}) == 1, run_of_lines


def test_diff_lists_what_changed(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    repository.write(raw(SLOW))
    shown = repository.git("diff")
    assert shown.startswith(f"diff --git a/{NAME} b/{NAME}\n[metrics]\n")
    assert "  request_latency ms  avg 287.93 → 337.21 (+17.1 %)  p50 " in shown
    assert "  request_throughput requests/sec  avg 13.065 → 11.240 (-14.0 %)\n" in shown
    assert "input_sequence_length" not in shown
    assert repository.git("diff", "HEAD", "--", "elsewhere") == ""
    assert repository.git("diff", "--stat")


def test_settings_and_new_and_lost_metrics_are_listed(repository: Repository) -> None:
    def change(content: Any) -> None:
        content["input_config"]["phases"][-1]["concurrency"] = 8
        content["input_config"]["endpoint"]["path"] = "/v2"
        content["input_config"]["endpoint"].pop("streaming")
        content["goodput"] = {"unit": "requests/sec", "avg": 3.5}
        content.pop("time_to_second_token")
        content["request_throughput"]["unit"] = "tokens"
        content["benchmark_duration"]["avg"] = 0
        content["error_summary"] = [{"error_details": {"code": 503}, "count": 2}]

    repository.write(raw(BASE))
    repository.commit()
    repository.write(changed(BASE, change))
    shown = repository.git("diff").splitlines()
    for line in (
        "[run]",
        "- error_summary = []",
        "+ error_summary[0].count = 2",
        "[input_config]",
        '+ endpoint.path = "/v2"',
        "- endpoint.streaming = true",
        "  phases.profiling.concurrency: 4 → 8",
        "[metrics]",
        "+ goodput requests/sec  avg=3.5000",
        "  benchmark_duration sec  avg 9.1700 → 0 (-100.0 %)",
        "  request_throughput: another unit, requests/sec → tokens",
        "+ request_throughput tokens  avg=13.065",
    ):
        assert line in shown, line
    assert sum(line.startswith("- time_to_second_token ms") for line in shown) == 2
    # From nothing there is no percentage.
    repository.commit()
    repository.write(raw(BASE))
    assert "  benchmark_duration sec  avg 0 → 9.1700" in repository.git("diff").splitlines()


@pytest.mark.parametrize(
    "name", ["0.1.1/chat-streaming", "0.3.0/chat-streaming", "0.8.0/chat-streaming", "0.11.0/chat-streaming"]
)
def test_an_upgrade_is_no_change(repository: Repository, name: str) -> None:
    repository.write(raw(name))
    repository.commit()
    assert repository.tool("upgrade", NAME, "--in-place", "--no-backup").code == 0
    assert repository.git("status", "--porcelain")
    same = "  the same run and configuration: only version, layout, times or identifiers differ\n"
    assert repository.git("diff") == f"diff --git a/{NAME} b/{NAME}\n{same}"
    for patch in (repository.git("diff", "--no-ext-diff"),):
        assert "@@" not in patch
        assert len(patch.splitlines()) <= 2
    repository.commit()
    assert "@@" not in repository.git("log", "-p", "-1")


def test_runs_of_different_versions_are_compared_in_the_newest(repository: Repository) -> None:
    repository.write(raw("0.3.0/chat-streaming"))
    repository.commit()
    repository.write(raw("0.13.0/chat-streaming"))
    shown = repository.git("diff").splitlines()
    for tag in ("time_to_first_token ms", "nvidia_power_usage W", "prefill_throughput_per_user"):
        assert [line for line in shown if line.startswith(f"  {tag}")], tag
    assert not [line for line in shown if line[2:].startswith(("prefill_throughput ", "gpu_power_usage", "ttft"))]


def test_a_file_that_comes_and_goes(repository: Repository) -> None:
    repository.write(b"nothing", "README")
    repository.commit()
    repository.write(raw(BASE))
    repository.commit()
    text = textconv(raw(BASE)).splitlines()
    for command in (("diff", "HEAD~1", "HEAD"), ("log", "-p", "-1")):
        added = repository.git(*command)
        assert "new file mode 100644" in added
        assert signed(added, "+") == text
    for command in (("diff", "HEAD", "HEAD~1"), ("log", "-p", "-1", "-R")):
        gone = repository.git(*command)
        assert "deleted file mode 100644" in gone
        assert signed(gone, "-") == text


def test_a_file_that_moves(repository: Repository) -> None:
    repository.write(raw(BASE), f"old place/{NAME}")
    repository.commit()
    (repository.folder / "new place").mkdir()
    repository.git("mv", f"old place/{NAME}", f"new place/2_{NAME}")
    repository.commit()
    for options in ((), ("--no-ext-diff",)):
        moved = repository.git("diff", "-M", *options, "HEAD~1", "HEAD")
        assert "similarity index 100%\nrename from " in moved
        assert "[metrics]" not in moved
    # Little enough changed that git still takes it for the same file.
    repository.write(changed(BASE, lambda content: content["request_latency"].update(avg=1000.0)), f"third/{NAME}")
    (repository.folder / f"new place/2_{NAME}").unlink()
    repository.commit()
    shown = repository.git("diff", "-M", "HEAD~1", "HEAD")
    assert f"diff --git a/new place/2_{NAME} b/third/{NAME}\n" in shown
    assert re.search(r"^similarity index \d+%\nrename from .*\nrename to .*", shown, re.MULTILINE)
    assert "  request_latency ms  avg 287.93 → 1000 (+247.3 %)" in shown
    assert "+request_latency ms  avg=1000 " in repository.git("log", "-p", "-1", "-M")


def test_a_change_of_mode(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    (repository.folder / NAME).chmod(0o755)
    shown = repository.git("diff")
    assert shown.splitlines() == [f"diff --git a/{NAME} b/{NAME}", "old mode 100644", "new mode 100755"]


def test_an_unmerged_file(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "other")
    repository.write(raw(SLOW))
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write(raw("lab/base-2"))
    repository.commit()
    repository.git("merge", "other", fine=(1,))
    for command in (("diff", "--cached"), ("diff",), ("diff", "HEAD"), ("diff", "--no-ext-diff")):
        assert repository.git(*command), command
    assert f"* Unmerged path {NAME}" in repository.git("diff", "--cached")
    # The file itself is now full of conflict marks, and shown as it is.
    assert "<<<<<<< HEAD" in repository.git("diff", "HEAD")


def test_pointers_of_git_lfs(repository: Repository) -> None:
    repository.write(lfs(raw(BASE)))
    repository.commit()
    repository.write(lfs(raw(SLOW)))
    for options in ((), ("--no-ext-diff",)):
        patch = repository.git("diff", *options)
        assert [line.split(" ")[0] for line in signed(patch, "-")] == ["oid", "size"], patch
        assert f"oid sha256:{sha256(raw(SLOW)).hexdigest()}" in signed(patch, "+")
    # A pointer in history and the content in the working tree, as where the filter is missing.
    repository.write(raw(BASE))
    for options in ((), ("--no-ext-diff",)):
        patch = repository.git("diff", *options)
        assert signed(patch, "-") == lfs(raw(BASE)).decode().splitlines()
        assert signed(patch, "+") == textconv(raw(BASE)).splitlines()


def test_files_of_other_kinds_are_compared_as_git_would(repository: Repository) -> None:
    name = "profile_export_aiperf_aggregate.json"
    repository.write(b'{\n  "a": 1,\n  "b": 2\n}\n', name)
    repository.write(b"\0\1", f"bin_{NAME}")
    repository.commit()
    repository.write(b'{\n  "a": 1,\n  "b": 3\n}\n', name)
    repository.write(b"\0\2", f"bin_{NAME}")
    for options in ((), ("--no-ext-diff",)):
        patch = repository.git("diff", *options, "--", name)
        assert f"--- a/{name}\n+++ b/{name}\n@@ -1,4 +1,4 @@" in patch
        assert (signed(patch, "-"), signed(patch, "+")) == (['  "b": 2'], ['  "b": 3'])
    assert f"Binary files a/bin_{NAME} and b/bin_{NAME} differ" in repository.git("diff", "--", f"bin_{NAME}")


def test_patches_stay_patches(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    repository.write(raw(SLOW))
    repository.commit()
    patch = repository.git("format-patch", "--stdout", "-1")
    repository.git("checkout", "--quiet", "HEAD~1")
    (repository.folder / "p").write_text(patch)
    repository.git("apply", "p")
    assert (repository.folder / NAME).read_bytes() == raw(SLOW)


def test_texts_are_kept_by_git_until_the_tool_changes(repository: Repository) -> None:
    repository.write(raw(BASE))
    repository.commit()
    repository.write(raw(SLOW))
    repository.commit()
    repository.git("log", "-p")
    ref = "refs/notes/textconv/aiperf"
    kept = repository.git("log", "-1", "--format=%B", ref)
    assert settings()["textconv"] in kept
    assert re.search(r"AIPERF_MIGRATE=\d+\.\d+", kept)
    assert repository.tool("git", "uninstall").code == 0
    assert repository.git("for-each-ref", ref) == ""


def test_the_tool_is_not_looked_for_in_the_repository(repository: Repository) -> None:
    for name in ("json.py", "migrator/__init__.py", "sitecustomize.py", "re.py"):
        repository.write(b"raise SystemExit('this was run')\n", name)
    repository.write(raw(BASE))
    repository.commit()
    repository.write(raw(SLOW))
    assert "request_latency ms  avg 287.93 → 337.21" in repository.git("diff")
    assert "+request_latency ms  avg=337.21" in repository.git("diff", "--no-ext-diff")


def test_a_virtual_environment_with_spaces_that_is_not_active(plain: Repository, tmp_path: Path) -> None:
    made = tmp_path / "its 'own' env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    python = str(made / "bin" / "python")
    subprocess.run([python, "-m", "migrator", "git", "install"], cwd=plain.folder, env=plain.env, check=True)
    assert "its 'own' env" in plain.git("config", "diff.aiperf.textconv").replace("'\"'\"'", "'")
    plain.write(raw(BASE))
    plain.commit()
    plain.write(raw(SLOW))
    assert "request_latency ms  avg 287.93 → 337.21" in plain.git("diff")
    assert "+request_latency ms  avg=337.21" in plain.git("diff", "--no-ext-diff")
    # Another installation of the tool sees that it is not its own, and takes over.
    assert plain.tool("git", "status").lines[0].startswith("this repository  set up in part, or for another version")
    assert plain.tool("git", "install").code == 0
    assert plain.git("config", "--get-all", "diff.aiperf.textconv") == settings()["textconv"] + "\n"


# --- the driver's contract -----------------------------------------------------------------------------------


def driven(*arguments: str | Path) -> Done:
    return run("git", "driver", *arguments)


def test_driver_takes_what_git_gives(tmp_path: Path) -> None:
    old, new = tmp_path / "a", tmp_path / "b"
    old.write_bytes(raw(BASE))
    new.write_bytes(raw(SLOW))
    zero = "0" * 40
    seven = driven("-p/x.json", old, zero, "100644", new, zero, "100644")
    assert seven.code == 0
    assert seven.lines[0] == "diff --git a/-p/x.json b/-p/x.json"
    nine = driven("o.json", old, zero, "100644", new, zero, "100644", "n.json", "similarity index 90%\nrename from o\n")
    assert nine.lines[:3] == ["diff --git a/o.json b/n.json", "similarity index 90%", "rename from o"]
    assert nine.lines[3:] == seven.lines[1:]
    eight = driven("o.json", old, zero, "100644", new, zero, "100644", "n.json")
    assert eight.lines[1:] == seven.lines[1:]
    assert driven("x\x1b.json").lines == ["* Unmerged path x\\x1b.json"]
    added = driven("x.json", "/dev/null", ".", ".", new, zero, "100644")
    assert added.lines[1:3] == ["new file mode 100644", "+[run]"]
    gone = driven("x.json", old, zero, "100644", "/dev/null", ".", ".")
    assert gone.lines[1:3] == ["deleted file mode 100644", "-[run]"]


def test_driver_never_fails_on_what_git_gives(tmp_path: Path) -> None:
    # git would stop at it, and with it the rest of the diff.
    missing = driven("x.json", tmp_path / "gone", "0", "100644", "/dev/null", ".", ".")
    assert (missing.code, missing.stderr) == (0, "")
    assert "cannot be compared" in missing.lines[-1]
    for count in (0, 2, 6, 10):
        assert driven(*["x"] * count).code == 2, count


# --- setting up ----------------------------------------------------------------------------------------------

FILES = {
    "as git makes them": (None, None),
    "without an end": ("[user]\n\tname = x", "*.bin binary"),
    "empty": ("", ""),
    "ending in a comment": ("[user]\n\tname = x\n# the end\n\n", "*.bin binary\n\n# the end\n"),
    "with a section of that name": (
        '[diff "aiperf"]\n\twordRegex = [0-9.]+\n[core]\n\tpager = cat\n',
        "*.bin binary\n",
    ),
    "with line ends of Windows": ("[user]\r\n\tname = x\r\n", "*.bin binary\r\n"),
}
"""What the configuration and the attributes held before."""


@pytest.mark.parametrize("everywhere", [False, True], ids=["local", "global"])
@pytest.mark.parametrize(("before", "attributes"), FILES.values(), ids=FILES)
def test_uninstall_gives_back_the_bytes(
    plain: Repository,
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    attributes: str | None,
    everywhere: bool,
) -> None:
    for name, value in plain.env.items():
        monkeypatch.setenv(name, value)
    home, here = Path(plain.env["HOME"]), str(plain.folder)
    config = home / ".gitconfig" if everywhere else plain.folder / ".git" / "config"
    listed = home / ".config" / "git" / "attributes" if everywhere else plain.folder / ".git" / "info" / "attributes"
    if before is not None:
        own = "" if everywhere else config.read_text()
        config.write_bytes((own + before).encode())
    if attributes is not None:
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_bytes(attributes.encode())
    where = place(here, is_global=everywhere)
    assert (where.config, where.attributes) == (str(config), str(listed))
    was = {path: path.read_bytes() if path.exists() else None for path in (config, listed)}
    assert install(where) == [str(config), str(listed)]
    assert install(where) == []
    assert plain.git("config", "diff.aiperf.cachetextconv") == "true\n"
    assert plain.git("config", "diff.aiperf.command") == settings()["command"] + "\n"
    assert plain.git("check-attr", "diff", NAME) == f"{NAME}: diff: aiperf\n"
    assert install(where, driver=False) == [str(config)]
    assert plain.git("config", "diff.aiperf.command", fine=(1,)) == ""
    assert install(where) == [str(config)]
    assert uninstall(where, here) == [str(config), str(listed)]
    assert {path: path.read_bytes() if path.exists() else None for path in (config, listed)} == was
    assert uninstall(where, here) == []


def test_what_others_set_in_between_stays(plain: Repository) -> None:
    config, listed = plain.folder / ".git" / "config", plain.folder / ".git" / "info" / "attributes"
    plain.tool("git", "install")
    plain.git("config", "diff.aiperf.binary", "false")
    plain.git("config", "user.name", "x")
    with listed.open("a") as file:
        file.write("*.bin binary\n")
    plain.tool("git", "install")
    plain.tool("git", "uninstall")
    assert plain.git("config", "--get-regexp", r"^(diff|user)\.") == "diff.aiperf.binary false\nuser.name x\n"
    assert "aiperf-migrate" not in config.read_text()
    assert listed.read_text() == "*.bin binary\n"


def test_a_textconv_of_somebody_else_is_not_overwritten(plain: Repository) -> None:
    plain.git("config", "diff.aiperf.textconv", "jq .")
    before = (plain.folder / ".git" / "config").read_bytes()
    done = plain.tool("git", "install")
    assert done.code == 4
    assert "diff.aiperf.textconv is already set to 'jq .'" in done.stderr
    assert (plain.folder / ".git" / "config").read_bytes() == before
    assert not (plain.folder / ".git" / "info" / "attributes").exists()
    plain.tool("git", "uninstall")
    assert (plain.folder / ".git" / "config").read_bytes() == before


def test_globally_for_every_repository(plain: Repository, tmp_path: Path) -> None:
    chosen = tmp_path / "home" / "my attributes"
    plain.git("config", "--global", "core.attributesFile", "~/my attributes")
    assert plain.tool("git", "install", "--global", cwd=tmp_path).code == 0
    assert ATTRIBUTES in chosen.read_text().splitlines()
    plain.write(raw(BASE))
    plain.commit()
    plain.write(raw(SLOW))
    assert "request_latency ms  avg 287.93 → 337.21" in plain.git("diff")
    assert plain.tool("git", "status").code == 0
    assert plain.tool("git", "uninstall", "--global", cwd=tmp_path).code == 0
    assert not chosen.exists()
    assert plain.git("config", "--global", "--list") == "core.attributesfile=~/my attributes\n"
    assert plain.git("diff").splitlines()[1].startswith("index ")


def test_a_linked_configuration_stays_a_link(plain: Repository, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.write_text("[user]\n\tname = x\n")
    real.chmod(0o600)
    link = Path(plain.env["GIT_CONFIG_GLOBAL"])
    link.symlink_to(real)
    plain.tool("git", "install", "--global")
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert "textconv" in real.read_text()
    plain.tool("git", "uninstall", "--global")
    assert real.read_text() == "[user]\n\tname = x\n"


def test_while_git_holds_the_lock_nothing_is_written(plain: Repository) -> None:
    (plain.folder / ".git" / "config.lock").touch()
    before = (plain.folder / ".git" / "config").read_bytes()
    done = plain.tool("git", "install")
    assert done.code == 4
    assert "is being changed by git" in done.stderr
    assert (plain.folder / ".git" / "config").read_bytes() == before
    assert (plain.folder / ".git" / "config.lock").exists()


def test_in_folders_and_linked_working_trees(repository: Repository, tmp_path: Path) -> None:
    repository.write(raw(BASE), f"deep/er/{NAME}")
    repository.commit()
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    linked = Repository(tmp_path / "linked", repository.env)
    linked.write(raw(SLOW), f"deep/er/{NAME}")
    assert "request_latency ms  avg 287.93 → 337.21" in linked.git("diff")
    assert linked.tool("git", "status", cwd=linked.folder / "deep" / "er").code == 0
    assert linked.tool("git", "uninstall", cwd=linked.folder / "deep").code == 0
    assert repository.tool("git", "status").code == 1


def test_status(plain: Repository, tmp_path: Path) -> None:
    none = plain.tool("git", "status")
    assert (none.code, none.lines[0]) == (1, "this repository  not set up")
    plain.tool("git", "install")
    done = plain.tool("git", "status", "--json")
    assert done.code == 0
    (row,) = done.rows
    assert row["in_effect"] is True
    local, everywhere = row["places"]
    assert (local["state"], everywhere["state"]) == ("installed", "none")
    assert local["textconv"] == settings()["textconv"]
    assert local["config"] == str(plain.folder / ".git" / "config")
    (plain.folder / ".git" / "info" / "attributes").unlink()
    broken = plain.tool("git", "status")
    assert broken.code == 1
    assert "set up in part" in broken.lines[0]
    plain.tool("git", "install")
    # The repository itself may say that its exports are something else, but not louder than .git/info.
    plain.write(b"*.json -diff\n", ".gitattributes")
    assert plain.tool("git", "status").code == 0
    outside = plain.tool("git", "status", cwd=tmp_path)
    assert outside.code == 4
    assert "not inside a git repository" in outside.stderr
    assert plain.tool("git", "status", "--global", cwd=tmp_path).code == 1


def test_a_wrong_use_is_said(plain: Repository, tmp_path: Path) -> None:
    assert plain.tool("git").code == 2
    assert plain.tool("git", "reinstall").code == 2
    assert plain.tool("git", "uninstall", "--no-driver").code == 2
    plain.tool("git", "install")
    assert plain.tool("git", "--json", "driver").code == 2
    assert plain.tool("git", "status").code == 0, "it is still set up"
    plain.tool("git", "uninstall")
    outside = plain.tool("git", "install", cwd=tmp_path)
    assert (outside.code, len(outside.complaints)) == (4, 1)
    nowhere = run("git", "install", "--global", cwd=tmp_path, env={**plain.env, "GIT_CONFIG_GLOBAL": "/dev/null"})
    assert nowhere.code == 4
    without = run("git", "install", cwd=tmp_path, env={**plain.env, "PATH": str(tmp_path)})
    assert (without.code, without.complaints) == (4, ["git is not installed, or not on the PATH"])


def test_blocks_are_found_among_other_lines() -> None:
    def ours(line: str) -> bool:
        return line.strip().startswith("a = ")

    for before in ("", "x\n", "x", "[s]\n\ty = 1\n", "# c\n\n\n"):
        for behind in ("", "# more\n", "\n[t]\n\tz = 1\n", "\tmine = 2\n"):
            text = blocks.insert(before, ["\ta = 1", "\ta = 2"], header="[s]", is_new=False) + behind
            assert blocks.own(text, ours) == ["\ta = 1", "\ta = 2"]
            left, found = blocks.remove(text, ours, "[s]")
            assert found
            whole = before if not behind or before.endswith("\n") or not before else before + "\n"
            assert left == whole + ("[s]\n" if "mine" in behind else "") + behind


# --- revisions -----------------------------------------------------------------------------------------------


@pytest.fixture
def history(plain: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name, value in plain.env.items():
        monkeypatch.setenv(name, value)
    plain.write(raw(BASE), f"runs/{NAME}")
    plain.commit()
    plain.git("tag", "first")
    plain.write(raw(SLOW), f"runs/{NAME}")
    plain.commit()
    return plain


def test_a_file_of_an_old_revision(history: Repository) -> None:
    top, inner = str(history.folder), str(history.folder / "runs")
    assert read("HEAD~1", f"runs/{NAME}", top) == raw(BASE)
    assert read("HEAD", f"runs/{NAME}", top) == raw(SLOW)
    assert read("first", NAME, inner) == raw(BASE)
    assert read("first", f"./../runs//{NAME}", inner) == raw(BASE)
    assert read("main@{0}", str(history.folder / "runs" / NAME), top) == raw(SLOW)
    assert read("HEAD^{tree}", f"runs/{NAME}", top) == raw(SLOW)
    # It does not matter that the file is gone by now.
    (history.folder / "runs" / NAME).unlink()
    assert read("HEAD", NAME, inner) == raw(SLOW)
    bare = history.folder.parent / "bare"
    history.git("clone", "--quiet", "--bare", ".", str(bare))
    assert read("first", f"runs/{NAME}", str(bare)) == raw(BASE)


@pytest.mark.parametrize(
    ("rev", "path", "expected"),
    [
        ("nope", NAME, "unknown revision 'nope'"),
        ("--help", NAME, "unknown revision '--help'"),
        ("", NAME, "is not a revision and a path"),
        ("HEAD\nHEAD", NAME, "is not a revision and a path"),
        ("HEAD", "nope.json", "is not in revision 'HEAD'"),
        ("HEAD", "-x", "is not in revision 'HEAD'"),
        ("HEAD", "runs", "is a folder in revision 'HEAD'"),
        ("HEAD", "../out.json", "is outside of the repository"),
        ("HEAD", "/etc/passwd", "is outside of the repository"),
    ],
)
def test_a_revision_or_path_that_is_not_there(history: Repository, rev: str, path: str, expected: str) -> None:
    with pytest.raises(GitError, match=re.escape(expected)):
        read(rev, path, str(history.folder))


def test_outside_of_any_repository(history: Repository, tmp_path: Path) -> None:
    for use in (lambda: read("HEAD", NAME, str(tmp_path)), lambda: is_revision("HEAD", str(tmp_path))):
        with pytest.raises(GitError, match="not inside a git repository"):
            use()
    with pytest.raises(GitError, match="is not a folder"):
        read("HEAD", NAME, str(tmp_path / "nowhere"))


def test_what_is_a_revision(history: Repository) -> None:
    top = str(history.folder)
    assert all(is_revision(word, top) for word in ("HEAD", "first", "main", "HEAD~1", "main@{0}"))
    assert not any(is_revision(word, top) for word in ("", "--all", NAME, "runs", "HEAD~2", "a\nHEAD", "first:runs"))


def test_what_git_lfs_holds_is_taken_from_its_store(history: Repository) -> None:
    history.write(lfs(raw(BASE)), NAME)
    history.commit()
    with pytest.raises(UnreadableError, match="is a Git LFS pointer whose object is missing"):
        read("HEAD", NAME, str(history.folder))
    oid = sha256(raw(BASE)).hexdigest()
    history.write(raw(BASE), f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}")
    assert read("HEAD", NAME, str(history.folder / "runs")[: -len("/runs")]) == raw(BASE)
    assert pointer(lfs(raw(BASE))) == oid
    assert pointer(raw(BASE)) is None


def test_git_is_asked_without_a_repository_of_the_caller(history: Repository) -> None:
    # The tests' own environment: nothing of the developer's configuration is read or written.
    assert os.environ["HOME"] == history.env["HOME"]
    assert str(ROOT) not in os.environ["GIT_CONFIG_GLOBAL"]


def test_a_program_that_a_repository_names_is_not_run(history: Repository, tmp_path: Path) -> None:
    """Git runs what `core.fsmonitor` names, and the repository may be somebody else's."""
    program, ran = tmp_path / "program", tmp_path / "ran"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    program.chmod(0o755)
    history.git("config", "core.fsmonitor", str(program))
    history.git("status")
    assert ran.exists(), "git alone runs it"
    ran.unlink()
    for arguments in (
        ("diff", "first", "HEAD", "--", f"runs/{NAME}"),
        ("diff", "first", "--", f"runs/{NAME}"),
        ("git", "status"),
        ("git", "install"),
        ("git", "uninstall"),
    ):
        history.tool(*arguments)
        assert not ran.exists(), arguments


# --- folders of revisions ------------------------------------------------------------------------------------


def of_runs(repository: Repository, source: str, count: int = 3) -> None:
    for number in range(1, count + 1):
        repository.write((EXPORTS / f"{source}-{number}" / NAME).read_bytes(), f"results/{number}/{NAME}")


def test_folders_of_two_revisions_are_compared_with_all_their_runs(repository: Repository) -> None:
    of_runs(repository, "lab/base")
    repository.write(b"{}", f"results/.hidden/{NAME}")
    repository.write(b'{"a": 1}', "results/notes.json")
    repository.commit("base")
    of_runs(repository, "lab/slow20")
    repository.commit("slow")
    done = repository.tool("diff", "HEAD~1", "HEAD", "--json", "--exit-code", "--", "results/")
    receipt = json.loads(done.raw)
    assert done.code == 1, "three runs a side decide"
    assert [len(receipt[side]["runs"]) for side in ("base", "candidate")] == [3, 3]
    assert receipt["base"]["runs"][0]["file"] == f"HEAD~1:results/1/{NAME}"
    assert any("results/notes.json" in note for note in receipt["notes"])
    same = json.loads(repository.tool("diff", "HEAD~1", "HEAD", "--json", "--", ".").raw)
    assert same["rows"] == receipt["rows"]
    inside = repository.tool("diff", "HEAD~1", "HEAD", "--json", "--", "1", "2", "3", cwd=repository.folder / "results")
    assert json.loads(inside.raw)["rows"] == receipt["rows"]
    now = json.loads(repository.tool("diff", "HEAD~1", "--json", "--", "results").raw)
    assert now["rows"] == receipt["rows"]


def test_a_folder_without_runs_is_refused(repository: Repository) -> None:
    of_runs(repository, "lab/base", 1)
    repository.write(b'{"a": 1}', "empty/notes.json")
    repository.commit("base")
    done = repository.tool("diff", "HEAD", "HEAD", "--", "empty")
    assert done.code == 4
    assert "holds no run" in done.stderr
    assert repository.tool("diff", "HEAD", "HEAD", "--", "results", "gone").code == 4


def test_compressed_exports_of_a_revision_are_read(repository: Repository) -> None:
    import gzip

    raw = (EXPORTS / BASE / NAME).read_bytes()
    repository.write(raw, "a.json")
    repository.write(gzip.compress(raw, mtime=0), "packed/a.json.gz")
    repository.commit("base")
    done = repository.tool("diff", "HEAD", "--json", "--", "packed")
    assert json.loads(done.raw)["base"]["runs"][0]["file"] == "HEAD:packed/a.json.gz"


def of_sweep(repository: Repository, folder: Path, name: str) -> None:
    """Put a sweep that was made on a disk into `results`, in the place of what is there."""
    rmtree(repository.folder / "results", ignore_errors=True)
    copytree(folder / name, repository.folder / "results")


def test_the_recipe_of_the_page_decides(repository: Repository, tmp_path: Path) -> None:
    """Its command as it stands there: a sweep that is no worse passes, a slower one fails, single runs do neither."""
    (recipe,) = [
        line.split()[1:]
        for line in (ROOT / "docs" / "git.md").read_text().splitlines()
        if line.startswith("    aiperf-migrate diff")
    ]
    made(tmp_path, "base", trials=4)
    of_sweep(repository, tmp_path, "base")
    repository.commit("base")
    repository.git("branch", "-M", "main")
    repository.git("switch", "--quiet", "--create", "work")

    def answer(name: str, trials: int, slower: float) -> int:
        made(tmp_path, name, lambda document, *_: scale(document, slower), trials=trials)
        of_sweep(repository, tmp_path, name)
        repository.commit(name)
        return repository.tool(*recipe).code

    assert answer("same", 4, 1.0) == 0
    assert answer("slow", 4, 1.2) == 1
    assert answer("single", 1, 1.0) == 3


@pytest.mark.parametrize("kind", ["aggregates", "sweep file"])
def test_files_about_several_runs_stand_for_them_in_revisions(
    repository: Repository, tmp_path: Path, kind: str
) -> None:
    """Of folders, of named files, of several paths, and of a revision against the files as they are."""
    for name, slower in (("base", 1.0), ("slow", 1.3)):
        folder = made(tmp_path, name, lambda document, *_, by=slower: scale(document, by), cells=(1, 4))
        cells = {cell: documents(folder, cell) for cell in (1, 4)}
        rmtree(repository.folder / "results", ignore_errors=True)
        for cell, runs in cells.items():
            if kind == "aggregates":
                place = repository.folder / "results" / str(cell) / NAME
                written(place, aggregate(runs, variation={"phases.profiling.concurrency": cell}))
        if kind == "sweep file":
            written(repository.folder / "results" / "sweep.json", sweep_file(cells))
        repository.commit(name)
    paths = [["results"], ["."], [f"results/{name}" for name in os.listdir(repository.folder / "results")]]
    verdicts = set()
    for revisions in (["HEAD~1", "HEAD"], ["HEAD~1"]):
        for some in paths:
            done = repository.tool("diff", *revisions, "--json", "--exit-code", "--", *some)
            receipt = json.loads(done.raw)
            assert [cell["name"] for cell in receipt["sweep"]["cells"]] == ["concurrency 1", "concurrency 4"]
            assert sum(run["runs"] for run in receipt["base"]["runs"]) == 6
            verdicts.add((done.code, receipt["verdict"]))
    assert verdicts == {(1, "regression")}


def test_collated_files_of_revisions_tell_their_means(repository: Repository, tmp_path: Path) -> None:
    for name, slower in (("base", 1.0), ("slow", 1.3)):
        folder = made(tmp_path, name, lambda document, *_, by=slower: scale(document, by), cells=(4,))
        written(repository.folder / "results" / "collated.json", collated(documents(folder, 4)))
        repository.commit(name)
    asked = ("--fail-on", "request_latency.avg:5", "--json", "--", "results")
    receipt = json.loads(repository.tool("diff", "HEAD~1", "HEAD", *asked).raw)
    assert [run["kind"] for run in receipt["base"]["runs"]] == ["collated"] * 3
    (latency,) = [row for row in receipt["rows"] if (row["metric"], row["statistic"]) == ("request_latency", "avg")]
    assert (latency["verdict"], latency["n_base"]) == ("regression", 3)
    assert repository.tool("diff", "HEAD~1", "HEAD", "--exit-code", "--", "results").code == 1


def test_an_aggregate_beside_its_runs_in_a_revision_counts_none_twice(repository: Repository, tmp_path: Path) -> None:
    folder = made(tmp_path, "base", cells=(4,), trials=3)
    of_sweep(repository, tmp_path, "base")
    written(repository.folder / "results" / "sums" / NAME, aggregate(documents(folder, 4)))
    repository.commit("base")
    made(tmp_path, "same", cells=(4,), trials=3)
    of_sweep(repository, tmp_path, "same")
    repository.commit("same")
    receipt = json.loads(repository.tool("diff", "HEAD~1", "HEAD", "--json", "--", "results").raw)
    assert [run["kind"] for run in receipt["base"]["runs"]] == ["run"] * 3
    assert any("none counts twice" in note for note in receipt["notes"])
