"""The judge's own parts: leaves, what no tool could know, verdicts, the report. AIPerf is asked by `make oracle`."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.aiperf.releases import NIGHTLIES, RELEASES
from migrator.config.release_models import known_releases
from oracle import convert, corpus, matrix, plots, report
from oracle.beside import FILES, GENAI_PERF, Name, genai_perf, originals, sources
from oracle.beside import converted as beside_for
from oracle.edited import converted, edited
from oracle.fidelity import figures, share
from oracle.leaves import Comparison, UnknowableLeaf, compare, leaves, lines, main, rules_of_file
from oracle.matrix import Column, Verdict

VALUE = UnknowableLeaf("benchmark_id", True, ("0.4.0", ""), ("", "0.8.0"), "every run has its own")
WHOLE = UnknowableLeaf("tokenizer.names.*", False, ("", ""), ("", ""), "looked up")

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3))
configs = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
)


# --- leaves --------------------------------------------------------------------------------------------------


def test_a_leaf_is_a_scalar_or_an_empty_container_and_null_is_none() -> None:
    config = {"phases": [{"name": "x", "rate": None}, {}], "urls": [], "on": False}
    assert dict(leaves(config)) == {"phases[0].name": "x", "phases[1]": {}, "urls": [], "on": False}


@given(configs)
def test_a_config_is_the_same_as_itself(config: Any) -> None:
    found = compare(config, config, "0.8.0", "0.9.0", [])
    assert found == Comparison(len(dict(leaves(config))), {}, {}, {}, {})
    assert found.share == 1


@given(configs, configs)
def test_every_leaf_is_told_once_and_the_other_way_round_missing_is_extra(ours: Any, theirs: Any) -> None:
    found, back = compare(ours, theirs, "0.8.0", "0.9.0", []), compare(theirs, ours, "0.9.0", "0.8.0", [])
    told = found.same + len(found.differ) + len(found.missing) + len(found.extra)
    assert told == len(dict(leaves(ours)).keys() | dict(leaves(theirs)).keys())
    assert (found.same, found.missing, found.extra) == (back.same, back.extra, back.missing)


def test_each_kind_of_difference_is_told() -> None:
    found = compare({"a": 1, "b": True, "c": 2}, {"a": 1.0, "b": 1, "d": 3}, "0.8.0", "0.9.0", [])
    assert found == Comparison(1, {"b": (True, 1)}, {"d": 3}, {"c": 2}, {})
    assert found.share == 1 / 3, "a leaf too many is told, and counts in no share"
    assert figures(found) == [1, 1, 1, 1, 0]
    assert share(figures(found)) == found.share
    assert [line.split()[0] for line in lines(found)] == ["differ", "missing", "extra"]


def test_the_folder_of_a_recording_and_the_order_of_a_command_say_nothing() -> None:
    ours = {"dir": "/bench/artifacts/v0.8.0-rate", "cli_command": "aiperf profile --a '1' --streaming"}
    theirs = {"dir": "/bench/artifacts/nightly-rate", "cli_command": 'aiperf profile --streaming --a "1"'}
    assert compare(ours, theirs, "0.8.0", "0.9.0", []).share == 1
    theirs = {"dir": "/bench/artifacts/v0.9.0-urls", "cli_command": "aiperf profile --streaming --a 2"}
    assert set(compare(ours, theirs, "0.8.0", "0.9.0", []).differ) == {"dir", "cli_command"}


# --- what no tool could know ---------------------------------------------------------------------------------


def test_a_value_that_cannot_be_known_must_still_be_there() -> None:
    found = compare({"benchmark_id": "a"}, {"benchmark_id": "b"}, "0.4.0", "0.8.0", [VALUE])
    assert found == Comparison(0, {}, {}, {}, {"benchmark_id": "every run has its own"})
    assert compare({}, {"benchmark_id": "b"}, "0.4.0", "0.8.0", [VALUE]).missing == {"benchmark_id": "b"}


@pytest.mark.parametrize(("source", "target"), [("0.3.0", "0.8.0"), ("0.4.0", "0.9.0")])
def test_a_rule_holds_only_between_its_releases(source: str, target: str) -> None:
    assert compare({"benchmark_id": "a"}, {"benchmark_id": "b"}, source, target, [VALUE]).differ


def test_a_leaf_that_cannot_be_known_counts_nowhere_and_only_itself() -> None:
    native = {"tokenizer": {"names": {"m": "t"}, "name": "t"}}
    found = compare({}, native, "0.8.0", "0.9.0", [WHOLE])
    assert found == Comparison(0, {}, {"tokenizer.name": "t"}, {}, {"tokenizer.names.m": "looked up"})


def test_what_is_equal_needs_no_excuse() -> None:
    config = {"tokenizer": {"names": {"m": "t"}}}
    assert compare(config, config, "0.8.0", "0.9.0", [WHOLE]) == Comparison(1, {}, {}, {}, {})


def test_every_rule_of_the_file_is_needed_by_some_pair_of_recordings() -> None:
    unused = list(rules_of_file())
    for scenario in corpus.scenarios():
        natives = {name: corpus.document(name, scenario)["input_config"] for name in corpus.releases_of(scenario)}
        for source, ours in natives.items():
            for target, theirs in natives.items():
                told = compare(ours, theirs, source, target, [])
                apart = {*told.differ, *told.missing, *told.extra}
                unused = [
                    rule
                    for rule in unused
                    if not any(rule.holds(path, source, target, told.native(path)) for path in apart)
                ]
    assert unused == []


def test_a_rule_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[leaf]]\npath = "a"\nwhat = "all"\nfrom = ["", ""]\nto = ["", ""]\nreason = "none"\n')
    with pytest.raises(ValueError, match='what = "all"'):
        rules_of_file(path)


# --- the corpus and the command ------------------------------------------------------------------------------


def test_the_matrix_has_every_published_release_and_every_nightly_that_reads_otherwise() -> None:
    published = [entry.name for entry in RELEASES if entry.version != "0.1"]
    assert set(corpus.LOADERS) == {*published, *known_releases(), "0.6.0.post1"}
    assert {entry.name for entry in NIGHTLIES} <= set(corpus.LOADERS) & set(corpus.sources())
    assert corpus.scenarios()[0] == corpus.FULL
    assert all(len(corpus.releases_of(scenario)) > 1 for scenario in corpus.scenarios())


def test_a_tree_is_converted_by_the_command_and_a_refusal_has_its_reason(tmp_path: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    tree.mkdir()
    (tree / "good.json").write_bytes(corpus.path("0.3.0", "rate").read_bytes())
    (tree / "bad.json").write_text('{"schema_version": "1.5", ')
    refused = convert.convert_tree(tree, "0.8.0", out)
    assert list(refused) == ["bad.json"]
    assert refused["bad.json"]
    assert (out / "good.json").exists()


def test_the_tool_for_leaves_tells_what_there_is_to_compare(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["0.8.0", "0.8.0", "rate"]) == 0
    assert "100.0% of the knowable leaves" in capsys.readouterr().out
    assert main(["0.8.0", "9.9.9", "rate"]) == 2
    assert "not recorded" in capsys.readouterr().err
    assert main(["0.8.0"]) == 2


def test_the_judge_stands_alone() -> None:
    imported = set()
    for node in ast.walk(ast.parse(matrix.JUDGE.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])
    assert imported <= {"__future__", "json", "sys", "collections", "typing", "aiperf", "pydantic"}


# --- verdicts and the report ---------------------------------------------------------------------------------


def test_a_verdict_objects_to_errors_and_to_a_file_without_metrics() -> None:
    assert Verdict([], metrics=3).objection() == ""
    assert "no metric" in Verdict([]).objection()
    assert Verdict(["a", "b", "c", "d"]).objection() == "a; b; 2 more"
    assert Verdict([], 3, 9, ["ttft.avg"], ["x.sum"]).changes() == "changed: ttft.avg; dropped: x.sum"


SLICES, OLDER = Name("time slices", "0.4.0"), Name("time slices", "0.3.0")


@pytest.fixture
def found() -> dict[str, Any]:
    """A result in which 0.8.0 loses a number of one source, and does not read another export at all."""
    paths = {name: str(corpus.path(name, corpus.FULL).relative_to(corpus.EXPORTS)) for name in corpus.sources()}
    good = dict.fromkeys((*paths.values(), "0.8.0/rate/profile_export_aiperf.json"), Verdict([], 3, 10))
    bad = good | {
        paths["0.9.0"]: Verdict([], 3, 10, dropped=["request_latency.sum"]),
        "0.8.0/rate/profile_export_aiperf.json": Verdict(["input_config.x: wrong <b>|"]),
    }
    as_is = good | {paths["0.1.1"]: Verdict([])}
    columns = [
        Column(
            "0.8.0",
            as_is,
            bad,
            edited={"0.8.0/rate, x = 1": Verdict(["x: wrong"]), "y": Verdict([], 3)},
            without_config=1,
            others={SLICES: (Verdict(["x"]), Verdict([], 3)), OLDER: (Verdict([], 3), Verdict([], 3, changed=["a"]))},
        ),
        Column("0.9.0", good, good, others={SLICES: (Verdict([], 3), Verdict([], 3)), OLDER: (Verdict([]), None)}),
        Column("0.13.0.dev20261008", {}, {}, "a\ngone"),
    ]
    pairs = {"rate": {"0.8.0": {"0.9.0": [95, 1, 2, 2, 4], "0.3.0": "not an export"}}}
    facts = {"pairs": pairs, "unknowable": {"benchmark_id": ["its own", 3]}, "worst": {"wandb": 2}}
    return matrix.result(columns) | facts


def test_the_matrix_counts_cells_and_names_what_fails(found: dict[str, Any]) -> None:
    cells = 2 * len(corpus.sources())
    assert report.score(found["as_is"]) == (cells - 1, cells)
    assert report.score(found["converted"]) == (cells - 1, cells)
    assert found["failures"] == [["0.9.0", "0.8.0", "dropped: request_latency.sum"]]
    assert found["others"] == [["0.8.0/rate/profile_export_aiperf.json", "0.8.0", "input_config.x: wrong <b>|"]]
    assert found["absent"] == {"0.13.0.dev20261008": "gone"}
    assert found["edited"] == {
        "exports": len(edited()),
        "judged": 2,
        "without_config": 1,
        "failures": [["0.8.0/rate, x = 1", "0.8.0", "x: wrong"]],
    }
    assert found["families"]["time slices"] == {
        "as_is": {"0.4.0": "01", "0.3.0": "10"},
        "converted": {"0.4.0": "11", "0.3.0": "0-"},
        "failures": [["0.3.0", "0.8.0", "changed: a"]],
    }


def test_the_text_names_failing_cells_and_what_was_not_asked(found: dict[str, Any]) -> None:
    told = "\n".join(report.text(found))
    cells = 2 * len(corpus.sources())
    assert f"{cells - 1}/{cells} read after conversion" in told
    assert "0.8.0 does not read 0.9.0\n  because: dropped: request_latency.sum" in told
    assert "not asked: 0.13.0.dev20261008: gone" in told
    assert "whose fields conflict, in every loader: 1 of 2" in told
    assert "0.8.0 does not read 0.8.0/rate, x = 1\n  because: x: wrong" in told
    assert "time slices, converted, in every loader that writes it: 2 of 3" in told
    assert "0.8.0 does not read time slices of 0.3.0\n  because: changed: a" in told
    assert "at least   0.0% equal (0.8.0 to 0.3.0)" in told
    assert all(len(line) <= 80 for line in told.splitlines())


def test_the_page_has_the_matrix_the_pairs_and_no_markup_of_its_own(found: dict[str, Any]) -> None:
    told = report.page(found)
    assert "| 0.9.0 | - | + |" in told
    assert "| 0.1.1 | c | + |" in told
    assert "96.9 (1/2/2)" in told
    assert "refused" in told
    assert "| 0.4.0 | c | + |" in told
    assert "| 0.3.0 | - | · |" in told
    assert "wrong &lt;b>\\|" in told


def test_a_matrix_of_many_loaders_stands_in_parts(found: dict[str, Any]) -> None:
    names = [f"0.{number}.0" for number in range(30)]
    many = {source: "1" * len(names) for source in found["as_is"]}
    wide = found | {"loaders": names, "as_is": many, "converted": many, "failures": [], "families": {}}
    told = report.page(wide)
    heads = [line for line in told.splitlines() if line.startswith("| | 0.")][:3]
    assert [name for head in heads for name in head.strip("| ").split(" | ")] == names
    assert told.count(f"| {corpus.sources()[0]} | + |") == len(heads)
    assert all(len(line) <= 80 for line in report.text(wide))


FEWER: dict[str, Any] = {
    "folders": {
        "0.8.0": {"0.8.0": {"as_is": ["a.png", "b.png"]}, "0.4.0": {"as_is": [], "converted": ["a.png"]}},
        "0.4.0": {"0.4.0": {"as_is": ["a.png"]}, "0.8.0": {"as_is": [], "converted": ["a.png", "b.png"]}},
    },
    "runs": {"native": ["a.png"], "converted": ["a.png"], "runs": 3},
}


def test_a_picture_that_is_drawn_of_native_folders_alone_is_told(found: dict[str, Any]) -> None:
    assert plots.fewer(FEWER) == ["0.8.0 does not draw b.png of 0.4.0"]
    assert "  0.8.0 does not draw b.png of 0.4.0" in report.text(found | {"plots": FEWER})
    told = report.page(found | {"plots": FEWER})
    assert "| 0.4.0 | 0 → 1 | 1 |" in told
    assert "| 0.8.0 | 2 | 0 → 2 |" in told


@pytest.mark.parametrize(
    "change",
    [
        {"failures": [["0.9.0", "0.8.0", "why"]]},
        {"others": [["0.9.0/rate/x.json", "0.8.0", "why"]]},
        {"absent": {"0.8.0": "no such release"}},
        {
            "edited": {
                "exports": 1,
                "judged": 1,
                "without_config": 0,
                "failures": [["0.8.0/rate, x = 1", "0.8.0", "why"]],
            }
        },
        {"families": {"time slices": {"as_is": {}, "converted": {}, "failures": [["0.3.0", "0.8.0", "why"]]}}},
        {"plots": {"folders": {}, "runs": {"native": ["a.png", "b.png"], "converted": ["a.png"], "runs": 3}}},
        {"plots": FEWER},
        {"pairs": {"rate": {"0.8.0": {"0.9.0": [92, 3, 3, 2, 0]}}}},
        {"pairs": {"rate": {"0.8.0": {"0.9.0": "refused"}}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_kind_of_failure_is_one(change: dict[str, Any], found: dict[str, Any]) -> None:
    pairs = {"rate": {"0.8.0": {"0.9.0": [95, 1, 2, 2, 4]}}}
    fine = found | {"failures": [], "others": [], "absent": {"0.13.0.dev20261008": "gone"}, "pairs": pairs}
    fine |= {"edited": found["edited"] | {"failures": []}, "families": {}}
    assert not report.fails(fine)
    assert report.fails(fine | change)


def test_edits_are_done_to_a_copy_and_named_by_what_they_do() -> None:
    export = next(export for export in edited() if "without phases.-1.requests" in export.name)
    assert export.name == "0.13.0/chat-streaming, without phases.-1.requests"
    assert "requests" not in export.document["input_config"]["phases"][-1]
    assert "requests" in corpus.document("0.13.0", "chat-streaming")["input_config"]["phases"][-1]
    assert len({export.name for export in edited()}) == len(edited())


def test_edited_exports_are_converted_for_a_release(tmp_path: Path) -> None:
    files, whole, refused = converted("0.9.0", tmp_path)
    assert list(files) == [export.name for export in edited()]
    assert refused == {}
    without = [name for name, file in files.items() if "input_config" not in json.loads(file.read_bytes())]
    assert len(without) == whole < len(edited()) / 10


def test_a_result_is_stored_and_read_again(
    found: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULT", tmp_path / "result.json")
    report.store(found)
    assert report.load() == found


def test_the_page_is_that_of_the_stored_result() -> None:
    assert report.PAGE.read_text(encoding="utf-8") == report.page(report.load()), "run `make docs`"


def test_files_of_other_families_are_converted_for_a_release_that_writes_them(tmp_path: Path) -> None:
    given = originals(tmp_path / "given")
    assert {name.family for name in given} == set(FILES)
    assert given.keys() == sources().keys()
    families = {"0.2.0": {GENAI_PERF}, "0.3.0": {GENAI_PERF, "time slices"}, "0.13.0": set(FILES)}
    for release, written in families.items():
        files, refused = beside_for(release, given, tmp_path / release)
        assert not refused
        assert files.keys() == {name for name in given if name.family in written}


def test_every_export_of_genai_perf_becomes_one_that_says_what_was_measured(tmp_path: Path) -> None:
    files, _ = beside_for("0.13.0", originals(tmp_path / "given"), tmp_path / "out")
    rows = dict(genai_perf())
    assert len(rows) > 5
    for row in rows:
        told = json.loads(files[Name(GENAI_PERF, row)].read_bytes())
        assert "genai_perf_input_config" in told
        assert told["request_latency"]["unit"] == "ms"
        assert told["input_sequence_length"]["avg"]
