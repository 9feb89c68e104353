"""What the screens show, worked out without Textual."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planted import plant
from support.process import SECRET, environment, export, run
from support.versions import NEWEST

from migrator.batch.discover import Source
from migrator.batch.migrate_files import execute
from migrator.batch.processes import python
from migrator.batch.request import Request
from migrator.batch.runs import Role
from migrator.check import check
from migrator.errors import MigratorError
from migrator.identify import Family
from migrator.jsonfile import Numeral, parse
from migrator.migration.goal import Goal
from tui.common import outline
from tui.common.curve import MARKERS, curves, points
from tui.common.outline import Outline
from tui.common.rows import figure, safe_text
from tui.files.columns import ARROWS, COLUMNS, DEFAULT_COLUMNS, column, columns, key_of, refusal
from tui.files.export import Export, found, runs_among
from tui.files.filter import Filter, passing
from tui.files.model import FileList
from tui.files.read_export import read
from tui.files.reading import Readers
from tui.run.model import gpu_lines, headline, metric_line, metrics, page, parts, read_run
from tui.session import Remembered, Session, recall, remember

RUN = "0.13.0/chat-streaming"


def listed(*paths: Path, others: bool = True) -> FileList:
    files = FileList()
    files.shows_others = others
    files.add(found([str(path) for path in paths]))
    files.update([read(each.path, each.relative) for each in files.exports])
    files.count_runs()
    files.arrange()
    return files


def names(files: FileList) -> list[str]:
    return [row.export.relative for row in files.rows if row.export]


# --- one file ------------------------------------------------------------------------------------------------


def test_a_file_of_the_list_says_what_the_export_says() -> None:
    document = json.loads(export(RUN).read_bytes())
    found_ = read(str(export(RUN)), "x/profile_export_aiperf.json")
    assert (found_.main, found_.version, found_.release, found_.model) == (True, "1.4", "0.13.0", "mock-model")
    assert (found_.load, found_.outdated, found_.name, found_.error) == ("c=4 64→16", True, "x/", "")
    assert found_.numbers["request_count.avg"] == document["request_count"]["avg"]
    assert found_.numbers["request_latency.avg"] == document["request_latency"]["avg"]
    assert found_.start == document["start_time"]


def test_0_1_has_its_metrics_under_other_names_in_another_place() -> None:
    records = json.loads(export("0.1.1/chat-streaming").read_bytes())["records"]
    found_ = read(str(export("0.1.1/chat-streaming")), "a")
    assert found_.numbers["time_to_first_token.avg"] == records["ttft"]["avg"]
    assert found_.numbers["request_count.avg"] == records["request_count"]["avg"]


def test_no_release_is_named_for_a_file_that_was_migrated(tmp_path: Path) -> None:
    old = str(export("0.1.1/chat-streaming"))
    assert read(old, "a").release == "0.1.1"
    out = tmp_path / "a.json"
    assert execute(Source(old, "a", named=True), Request(Goal(NEWEST), out_file=str(out))).error is None
    assert read(str(out), "a").release == "unknown"
    assert "AIPerf release unknown" in headline(read_run(str(out)))[1]


def test_key_metrics_are_told_in_one_unit(tmp_path: Path) -> None:
    document = json.loads(export(RUN).read_bytes())
    document["request_latency"] |= {"unit": "sec", "avg": 0.25}
    document["time_to_first_token"]["unit"] = "bananas"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    assert read(str(path), "a").numbers["request_latency.avg"] == 250.0
    assert "time_to_first_token.avg" not in read(str(path), "a").numbers, "it is no number of milliseconds"


def test_a_genai_perf_export_can_be_migrated_and_has_its_metrics(exports: Path) -> None:
    path = next(exports.rglob("profile_export_genai_perf.json"))
    found_ = read(str(path), "a.json")
    assert (found_.main, found_.outdated) == (False, True)
    assert found_.numbers["request_latency.avg"] == json.loads(path.read_bytes())["request_latency"]["avg"]
    assert (found_.model, found_.load, found_.problems) == ("mock-model", "c=4 64→16", ())
    assert (found_.version, found_.release) == ("", ""), "no version of AIPerf's, and no release wrote it"
    seen = read_run(str(path))
    what, how = headline(seen)
    assert what.startswith("mock-model   chat   streaming   concurrency 4")
    assert "upgrade makes an AIPerf export of it" in how
    assert "release unknown" not in how
    assert "✓ check found nothing" in "\n".join(page(seen))
    assert {spot.tag for spot in seen.spots} >= {"request_latency", "time_to_first_token"}


def test_what_came_from_genai_perf_is_not_said_to_be_of_a_release(exports: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.json"
    assert run("upgrade", next(exports.rglob("profile_export_genai_perf.json")), "-o", new).code == 0
    assert "from GenAI-Perf" in headline(read_run(str(new)))[1]
    assert read(str(new), "a").release == "unknown"


def test_problems_are_the_codes_that_check_finds() -> None:
    path = export("0.3.0/chat-goodput-key")
    codes = {finding.code for finding in check(parse(path.read_bytes()))}
    assert set(read(str(path), "a").problems) == codes == {"P001"}


def without_success(path: Path) -> Path:
    """An export of 233 requests that all failed: AIPerf leaves out every metric of a success."""
    document = json.loads(export(RUN).read_bytes())
    document = {key: value for key, value in document.items() if type(value) is not dict or "unit" not in value}
    document["error_request_count"] = {"unit": "requests", "avg": 233.0}
    document["error_summary"] = [{"error_details": {"code": 503, "message": "no"}, "count": 233}]
    path.write_text(json.dumps(document))
    return path


def test_the_list_has_failed_requests_and_they_are_no_problem_of_the_file(tmp_path: Path, exports: Path) -> None:
    for run_, failed in (("0.1.1/completions-errors", 9), ("0.10.0/completions-errors", 4), (RUN, 0)):
        found_ = read(str(export(run_)), "a")
        assert (found_.failed, found_.problems) == (failed, ())
    genai_perf = read(str(next(exports.rglob("profile_export_genai_perf.json"))), "a")
    assert genai_perf.failed is None
    nothing = read(str(without_success(tmp_path / "a.json")), "a.json")
    assert (nothing.failed, nothing.problems) == (233, ("R004",))
    shown_ = column("failed")
    assert shown_
    assert [shown_.cell(each) for each in (nothing, genai_perf)] == ["233", ""]
    assert "1 with problems, 1 with failures" in listed(tmp_path).summary()


def test_a_screen_of_a_run_says_first_how_many_requests_failed(tmp_path: Path) -> None:
    run = read_run(str(without_success(tmp_path / "a.json")))
    assert "   ✗ 233 of 233 requests failed   schema 1.4 " in headline(run)[1]
    assert headline(run)[1].endswith("! 1 problem")
    assert "  ! R004  $.error_request_count" in page(run)
    some = read_run(str(export("0.1.1/completions-errors")))
    assert "   ✗ 9 of 50 requests failed   " in headline(some)[1]
    assert "problem" not in headline(some)[1], "a note is none"
    assert page(some)[:3] == [
        "PROBLEMS",
        "  ✓ check found nothing",
        "  · R003  $.records.error_request_count",
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe{}", b'{"a":1,"a":2}', b"[" * 100_000])
def test_a_damaged_file_is_a_line_with_its_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    files = listed(tmp_path)
    assert files.rows[0].export
    assert files.rows[0].export.error
    assert files.line(0).tone == "bad"
    assert "✗" in "".join(files.line(0).cells)
    assert "1 unreadable" in files.summary()


def test_a_file_that_vanished_is_a_line_with_its_error(tmp_path: Path) -> None:
    assert read(str(tmp_path / "gone.json"), "gone.json").error == "does not exist"


def test_an_unforeseen_failure_stays_with_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("migrator.batch.load.load", fail)
    assert "ZeroDivisionError: oops" in read(str(export(RUN)), "a").error


# --- the list ------------------------------------------------------------------------------------------------


def test_every_file_is_there_with_what_needs_migration(exports: Path) -> None:
    files = listed(exports)
    count = sum(1 for _ in (*exports.rglob("*.json"), *exports.rglob("gpu_telemetry_export.jsonl")))
    assert len(files) == count
    main = [each for each in files.exports if each.main]
    before = [each for each in files.exports if "GenAI" in each.family]
    beside = [each for each in files.exports if each.family in ("timeslices", "telemetry records")]
    slices = [each for each in beside if not each.relative.startswith("0.13.0/")]
    assert len(slices) == 7, "those of 0.13.0 are as the newest release writes them"
    old = [each for each in main if each.version != NEWEST] + before + slices
    assert len(before) == 1
    runs = len(main) - sum("/phases/" in each.relative for each in main)
    told = f"{len(main) + 1} exports of {runs + 1} runs, 1 of GenAI-Perf, {len(old)} files need migration"
    assert files.summary().startswith(told)
    assert files.summary().endswith(f", {count - len(main) - len(before)} other files")
    other = next(i for i, row in enumerate(files.rows) if row.export and not row.export.main)
    assert files.line(other).tone == "dim", "other families are dimmed"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("lab", lambda e: "lab" in e.relative),
        ("-lab version:1.4", lambda e: "lab" not in e.relative and e.version == "1.4"),
        ("!chat is:export", lambda e: "chat" not in e.relative and e.main),
        ("is:old", lambda e: e.outdated),
        ("-is:export", lambda e: not e.main),
        ("is:bad", lambda e: bool(e.problems or e.error)),
        ("is:failed", lambda e: "completions-errors" in e.relative),
        ("failed:9", lambda e: e.relative.startswith("0.1.1/completions-errors/")),
        ("problems:P0", lambda e: "P001" in e.problems),
        ("concurrency = 4 or failed > 0", lambda e: "c=4" in e.load or bool(e.failed)),
        ("version < 1.0 and model:MOCK", lambda e: bool(e.model) and e.version < "1.0"),
        ("request_latency.avg > 0 -is:phase", lambda e: bool(e.numbers) and "/phases/" not in e.relative),
        ("is:phase", lambda e: e.main and "/phases/" in e.relative),
        ("file ~ lab/*", lambda e: e.relative.startswith("lab/")),
        ("no-field:x", lambda e: True),
        ("version:", lambda e: True),
        ("-", lambda e: True),
        ("", lambda e: True),
        ("nothing-has-this", lambda e: False),
    ],
)
def test_filters(exports: Path, text: str, holds: Any) -> None:
    files = listed(exports)
    assert passing(files.exports, text) == [each for each in files.exports if holds(each)]


@given(st.text(max_size=30))
def test_no_filter_line_fails_and_a_negated_word_is_the_rest(text: str) -> None:
    all_ = [Export("a", "a/b.json", read=True), Export("b", "llama.json", read=True, words="llama.json x")]
    kept = passing(all_, text)
    assert set(map(id, kept)) <= set(map(id, all_))
    word = text.replace("'", "").strip()
    if word:
        assert len(passing(all_, f"'{word}'")) + len(passing(all_, f"-'{word}'")) == len(all_)


def test_a_filter_that_is_not_understood_keeps_the_one_before() -> None:
    exports = [Export("a", "a/b.json", read=True), Export("b", "llama.json", read=True)]
    line = Filter()
    line.type("llama")
    for text, problem in (
        ("llama -", "column 8: "),
        ("llama modle:", ""),
        ("llama modle:x", "expected model"),
        ("", ""),
    ):
        line.type(text)
        assert line.passing(exports) == (exports[1:] if text else exports)
        assert problem in line.problem
    assert line.keys == ()


def test_a_filter_may_ask_for_any_place_and_says_if_no_file_has_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(export(RUN).read_bytes())
    files = FileList()
    files.add(found([str(tmp_path)]))
    files.condition.type("input_config.phases.0.name = warmup")
    assert "input_config.phases.0.name" in files.asked()
    assert files.filter_problem == "", "nothing has been read"
    files.update([read(each.path, each.relative, files.asked()) for each in files.exports])
    files.arrange()
    assert (len(files), files.filter_problem) == (1, "")
    files.condition.type("-input_config.phases.0.nam = warmup")
    files.update([read(each.path, each.relative, files.asked()) for each in files.exports])
    assert files.filter_problem == "no file has input_config.phases.0.nam"


def test_the_list_counts_runs_as_tables_do(tmp_path: Path) -> None:
    shutil.copytree(export("0.13.0/chat-streaming").parent, tmp_path / "run")
    shutil.copy(tmp_path / "run" / "profile_export_aiperf.json", tmp_path / "copy.json")
    files = listed(tmp_path)
    assert files.summary().startswith("4 exports of 1 run, ")
    runs, left_out = runs_among([each for each in files.exports if each.main])
    assert [each.relative for each in runs] == ["copy.json"]
    assert dict(left_out) == {Role.PHASE: 2, Role.COPY: 1}
    warm_up = tmp_path / "run" / "phases" / "warmup" / "profile_export_aiperf.json"
    assert len(runs_among(listed(warm_up).exports)[0]) == 1, "a file that is named is a run"


def test_order_goes_both_ways_and_what_has_no_value_comes_last(exports: Path) -> None:
    files = listed(exports)
    for _ in range(2):
        files.sort_by("time_to_first_token.avg")
        values = [row.export and row.export.numbers.get("time_to_first_token.avg") for row in files.rows]
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=files.descending)
        assert all(value is None for value in values[len(known) :])
        assert any("▾" in c.title or "▴" in c.title for c in files.heads())
    files.sort_by("time_to_first_token.avg")
    assert files.sort == ""


@pytest.mark.parametrize("key", [each.key for each in COLUMNS])
def test_every_column_gives_an_order(exports: Path, key: str) -> None:
    files = listed(exports)
    before = set(names(files))
    files.sort_by(key)
    assert set(names(files)) == before


@pytest.mark.parametrize("each", [*COLUMNS, *columns(["inter_token_latency.p99", "output_sequence_length.std"])])
def test_a_head_has_room_for_its_arrow_and_a_column_can_be_asked(each: Any) -> None:
    for arrow in ARROWS:
        assert not each.width or len(each.head(arrow=arrow).title) <= each.width
    export_ = read(str(export(RUN)), "x/profile_export_aiperf.json", ["inter_token_latency.p99"])
    shown_ = each.cell(export_).casefold().split()
    assert passing([export_], f"{each.key}:{shown_[0]}" if shown_ and each.key != "version" else "") == [export_]
    assert passing([export_], f"{each.key}:nothing-has-this") == []


def test_any_statistic_of_a_metric_is_a_column_with_order_and_filter(tmp_path: Path) -> None:
    keys = ("time_to_first_token.p99", "time_to_first_token.std", "request_latency.p50")
    for name, run_ in (("old.json", "0.1.1/chat-streaming"), ("new.json", RUN)):
        (tmp_path / name).write_bytes(export(run_).read_bytes())
    files = FileList()
    files.columns = ("version", *keys)
    assert set(keys) <= set(files.asked())
    files.add(found([str(tmp_path)]))
    files.update([read(each.path, each.relative, files.asked()) for each in files.exports])
    files.sort_by(keys[0])
    documents = {name: json.loads((tmp_path / name).read_bytes()) for name in ("old.json", "new.json")}
    values = {"old.json": documents["old.json"]["records"]["ttft"], "new.json": documents["new.json"][keys[0][:-4]]}
    assert names(files) == sorted(values, key=lambda name: values[name]["p99"])
    for index, name in enumerate(names(files)):
        cells = dict(zip([head.key for head in files.heads()], files.line(index).cells, strict=True))
        assert cells[keys[0]] == figure(values[name]["p99"])
        assert cells[keys[1]] == figure(values[name]["std"])
        # The name of 0.1 is as good as today's.
        assert name in [e.relative for e in passing(files.exports, f"ttft.p99:{figure(values[name]['p99'])}")]
    assert [head.title for head in files.heads()][2:4] == ["ttft ms p99▴", "ttft ms std"]


def test_a_filter_for_a_statistic_has_it_read() -> None:
    files = FileList()
    assert "time_to_first_token.p90" not in files.asked()
    files.condition.type("-ttft.p90:1")
    assert "time_to_first_token.p90" in files.asked()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("time_to_first_token.p99", ""),
        (" ttft.p99 ", ""),
        ("own_metric.avg", ""),
        ("concurrency", ""),
        ("input_config.phases.0.concurrency", ""),
        ("run_info.variation_values['a.b']", ""),
        ("time_to_first_token.p98", "has no statistic 'p98'"),
        ("time_to_first_token", "a metric has statistics"),
        ("concurency", "expected concurrency"),
        ("", "unknown name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_is_meant(typed: str, told: str) -> None:
    why = refusal(key_of(typed))
    assert bool(why) == bool(told)
    assert told in why
    assert (column(key_of(typed)) is None) == bool(told)


def test_the_name_is_shown_whatever_is_chosen() -> None:
    assert [each.key for each in columns([])] == ["name"]
    assert [each.key for each in columns(DEFAULT_COLUMNS)] == list(DEFAULT_COLUMNS)


def test_groups_by_version_count_what_needs_migration_and_fold(exports: Path) -> None:
    files = listed(exports)
    files.view = "versions"
    files.arrange()
    groups = [row for row in files.rows if row.export is None]
    assert [g.title.split("   ")[0] for g in groups][:3] == ["schema 0.1", "schema 0.2", "schema 0.3"]
    first = groups[0]
    assert f"{len(first.inside)} files, {len(first.inside)} need migration" in first.title
    newest = next(g for g in groups if g.title.startswith(f"schema {NEWEST}"))
    assert "migration" not in newest.title
    count = len(files)
    files.toggle(0)
    assert len(files) == count - len(first.inside)
    assert files.is_folded(0)
    assert files.line(0).cells[0].startswith("▸")


def test_the_tree_has_every_file_below_its_folder(exports: Path) -> None:
    files = listed(exports)
    files.view = "tree"
    files.arrange()
    assert sorted(names(files)) == sorted(each.relative for each in files.exports)
    for index, row in enumerate(files.rows):
        if row.export and row.depth:
            parent = files.rows[files.parent(index)]
            assert row.export in parent.inside


def test_two_paths_with_the_same_names_keep_all_their_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_text("{}")
    files = FileList()
    files.add(found([str(tmp_path / "a" / "x.json"), str(tmp_path / "b" / "x.json")]))
    files.view = "tree"
    files.arrange()
    assert len(files) == 2


def read_all(named: list[tuple[str, str]], stop: Callable[[], bool]) -> list[Export]:
    with Readers(stop) as readers:
        together = [each for bundle in readers.read(named) for each in bundle]
        places = {each.path: each for each in together}
        for bundle in readers.check([name for name in named if name[0] in places and places[name[0]].comparable]):
            for found_ in bundle:
                assert found_.problems is not None
                for each in together:
                    if each.path == found_.path:
                        each.found(found_.problems)
    return together


def test_reading_in_other_processes_gives_the_same(exports: Path) -> None:
    named = [(each.path, each.relative) for each in found([str(exports)])] * 3
    together = read_all(named, lambda: False)
    assert len(together) == len(named) > 200
    assert sorted(map(repr, together)) == sorted(
        repr(read(*name)) for name in named[: len(named) // 3] for _ in range(3)
    )


def test_reading_stops_when_it_is_told_to(exports: Path) -> None:
    named = [(each.path, each.relative) for each in found([str(exports)])] * 3
    assert read_all(named, lambda: True) == []


def test_a_reader_imports_nothing_from_the_working_directory(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names_ = [(each.path, each.relative) for each in found([str(exports)])]
    noted = plant(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert len(read_all(names_, lambda: False)) == len(names_) > 48
    assert not noted.exists(), noted.read_text()


def test_a_reader_ends_when_nobody_asks_any_more() -> None:
    done = subprocess.run(
        python("tui.files.reading"), input=b"", env=environment(), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# --- one run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(export("x").parent.parent.rglob("*.json")), ids=lambda p: f"{p.parent.name}")
def test_every_recorded_file_can_be_looked_into(path: Path) -> None:
    run = read_run(str(path))
    assert all(len(line) <= 80 or " " not in line[20:] for line in page(run)), "a long word stays whole"
    assert all(text.isprintable() for text in (*headline(run), *page(run)))
    assert len(Outline(run.document)) > 0
    for part in parts(run):
        assert [metric_line(run, spot) for spot in metrics(run, part)]
    if run.identity.family is not Family.OTHER:
        assert SECRET not in repr(run.document)


def test_the_metrics_have_unit_direction_and_statistics() -> None:
    run = read_run(str(export(RUN)))
    lines = {line.cells[0]: line for line in (metric_line(run, spot) for spot in metrics(run, "run"))}
    block = run.document["time_to_first_token"]
    cells = lines["↓ Time to First Token"].cells
    assert cells[1] == "ms"
    assert cells[2:6] == tuple(figure(block[name]) for name in ("avg", "p50", "p90", "p99"))
    assert "↑ Request Throughput" in lines


def test_failed_requests_are_told_at_the_top() -> None:
    run = read_run(str(export("0.10.0/completions-errors")))
    count = sum(error["count"] for error in run.document["error_summary"])
    assert count > 0
    assert f"✗ {count} of 50 requests failed" in headline(run)[1]
    assert "ERRORS" in page(run)


def test_telemetry_is_shown_by_gpu() -> None:
    run = read_run(str(export("0.12.0/chat-streaming")))
    heads = [line for line, spot in gpu_lines(run) if spot is None]
    assert len(heads) == run.facts["gpus"] == 2
    assert "H100" in heads[0].cells[0]


def test_problems_come_with_code_place_and_remedy() -> None:
    text = "\n".join(page(read_run(str(export("0.3.0/chat-goodput-key")))))
    assert "! P001  $.input_config.endpoint.api_key" in text
    assert "do: " in text


def test_a_run_of_hostile_text_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    document = json.loads(export(RUN).read_bytes())
    document["input_config"]["models"]["items"][0]["name"] = EVIL
    document[EVIL] = {"unit": EVIL, "avg": 1}
    document["error_summary"] = [{"error_details": {"type": EVIL, "message": EVIL}, "count": 2}]
    path.write_text(json.dumps(document))
    run = read_run(str(path))
    texts = [*headline(run), *page(run)]
    texts += [cell for spot in metrics(run, "run") for cell in metric_line(run, spot).cells]
    texts += [cell for index in range(len(Outline(document))) for cell in Outline(document).line(index).cells]
    assert all(text.isprintable() for text in texts)
    assert any("\\x1b" in text for text in texts)


EVIL = "\x1b]0;evil\x07[red]x[/red]\n‮\u202e"


def test_what_is_no_export_is_still_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[1, 2]")
    with pytest.raises(MigratorError, match=r"a\.json"):
        read_run(str(path))


# --- trees and curves ----------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_unfolding_all_shows_every_value_at_its_place(document: Any) -> None:
    tree = Outline(document)
    tree.open_all()
    for node in tree.nodes:
        value = document
        for part in node.path:
            value = value[part]
        assert value is node.value
    assert len(tree) == _count(document)
    for index in range(len(tree)):
        assert all(cell.isprintable() for cell in tree.line(index).cells)
    tree.close_all()
    assert len(tree) == (len(document) if type(document) in (dict, list) else 0)


def _count(value: Any) -> int:
    inside = value.values() if type(value) is dict else value if type(value) is list else ()
    return sum(1 + _count(item) for item in inside)


def test_folding_goes_up_step_by_step() -> None:
    tree = Outline({"a": {"b": {"c": 1}}, "d": 2})
    assert tree.unfold(0) == 0
    assert tree.unfold(0) == 1
    tree.unfold(1)
    assert [node.path for node in tree.nodes] == [("a",), ("a", "b"), ("a", "b", "c"), ("d",)]
    assert tree.place(2) == "$.a.b.c"
    assert tree.fold(2) == 1
    assert tree.fold(1) == 0
    assert len(tree) == 2
    assert tree.fold(1) == 1


def test_search_opens_what_is_folded_and_goes_round() -> None:
    tree = Outline({"a": {"needle": 1}, "b": ["x", "a Needle"], "c": 3})
    found = tree.search("needle")
    assert [path for _, path in found.places] == [("a", "needle"), ("b", 1)]
    first = tree.next_match(found, 0)
    assert first is not None
    assert tree.place(first) == "$.a.needle"
    second = tree.next_match(found, first)
    assert second is not None
    assert tree.place(second) == "$.b[1]"
    assert tree.next_match(found, second) == first
    assert tree.next_match(found, first, back=True) == second
    assert tree.next_match(tree.search("nowhere"), 0) is None
    assert tree.next_match(tree.search(""), 0) is None
    assert tree.search("needle", lambda: True).places == [], "it ends when it is told to"


def test_a_document_too_large_is_opened_in_part() -> None:
    tree = Outline({str(n): {"x": n} for n in range(outline.MOST_OPENED)})
    assert not tree.open_all()
    assert len(tree) >= outline.MOST_OPENED


def test_a_curve_rises_and_has_its_labels() -> None:
    values = points(json.loads(export(RUN).read_bytes())["time_to_first_token"])
    lines = ["".join(piece.text for piece in line) for line in curves([values], 60, 12, "ms")]
    assert len(lines) == 12
    assert all(len(line) <= 60 for line in lines)
    assert lines[0].strip() == "ms"
    assert lines[-1].split()[0] == "p1"
    assert lines[-1].split()[-1] == "p99"
    marks = [(x, y) for y, line in enumerate(lines) for x, char in enumerate(line) if char == MARKERS[0]]
    assert len(marks) >= 8
    by_place = sorted(marks)
    assert [y for _, y in by_place] == sorted((y for _, y in by_place), reverse=True)


def test_two_curves_differ_in_their_markers() -> None:
    one, other = {"p1": 1.0, "p50": 2.0, "p99": 3.0}, {"p1": 4.0, "p50": 5.0, "p99": 9.0}
    text = "\n".join("".join(p.text for p in line) for line in curves([one, other], 60, 12))
    assert text.count(MARKERS[0]) == text.count(MARKERS[1]) == 3


numbers = st.dictionaries(
    st.sampled_from(["p1", "p5", "p50", "p90", "p99"]), st.floats(-1e299, 1e299) | st.just(0.0), max_size=5
)


@given(st.lists(numbers, min_size=1, max_size=2), st.integers(0, 200), st.integers(0, 50))
def test_no_values_and_no_size_break_a_curve(series: list[dict[str, float]], width: int, height: int) -> None:
    lines = curves(series, width, height, "ms")
    assert len(lines) in (0, height)
    assert all(sum(len(piece.text) for piece in line) <= width for line in lines)


# --- numbers, state ------------------------------------------------------------------------------------------


@given(st.floats() | st.integers() | st.none() | st.booleans() | st.text())
def test_a_figure_is_never_cut_and_near_its_value(value: Any) -> None:
    text = figure(value)
    if type(value) is bool or not isinstance(value, (int, float)):
        assert text == ""
    elif text not in ("huge", "not finite"):
        assert len(text) <= 7
        assert abs(float(text) - value) <= abs(value) * 0.5


def test_long_text_is_cut_before_it_costs_anything() -> None:
    assert safe_text("x" * 10**6) == "x" * 400 + "…"
    assert safe_text("a\x1b[31m") == "a\\x1b[31m"


def test_marks_go_to_one_side_only_and_off_again() -> None:
    session = Session(["."])
    session.mark("A", ["x/a.json", "x/b.json"])
    session.mark("B", ["x/b.json"])
    assert [Path(path).name for path in session.baseline] == ["a.json"]
    assert session.side("x/b.json") == "B"
    assert session.sides() == "A x  B x"
    session.swap()
    assert session.side("x/b.json") == "A"
    session.mark("A", ["x/b.json"])
    assert session.baseline == []
    session.clear_marks()
    assert session.sides() == ""


DOCUMENTS = st.recursive(
    st.sampled_from(["x", "y", 1]), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("xyz"), inner)
)


@given(DOCUMENTS, st.booleans())
def test_going_from_match_to_match_visits_each_once(document: Any, back: bool) -> None:
    tree = Outline(document)
    found = tree.search("x")
    seen: list[Any] = []
    at = 0
    for _ in found.places:
        place = tree.next_match(found, at, back=back)
        assert place is not None
        at = place
        seen.append(tree.nodes[at].path)
    assert sorted(map(str, seen)) == sorted(str(path) for _, path in found.places)


def test_what_is_remembered_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "tui.json"
    told = Remembered(theme="blue-orange", sort="date", descending=True, filter="-x", baseline=["/a"])
    remember(told, path)
    assert recall(path) == told


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 99, "theme": "x"}', b'{"version": 1, "sort": 7, "columns": [1]}', b"[" * 10**5],
)
def test_damaged_memory_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tui.json"
    path.write_bytes(content)
    assert recall(path) == Remembered()


def test_memory_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remember(Remembered(), tmp_path / "file" / "tui.json")
    assert os.listdir(tmp_path) == ["file"]


def test_texts_that_files_share_are_in_memory_once_and_values_stay_as_they_are(tmp_path: Path) -> None:
    from tui.files.sharing import Shared

    shared = Shared()
    values: list[tuple[object, ...]] = [("a",), (1,), (True,), (1.0,), ("a", 1), (Numeral("1.00"),)]
    one, other = (Export("p", "p", values={str(n): value for n, value in enumerate(values)}) for _ in range(2))
    other.values = {key: (*value,) for key, value in other.values.items()}
    for each in (one, other):
        shared.share(each, Export("p", "p"))
        kept = [each.values[str(n)] for n in range(len(values))]
        assert [tuple(map(repr, value)) for value in kept] == [tuple(map(repr, value)) for value in values]
    assert one.values["0"] is other.values["0"]
