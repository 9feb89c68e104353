"""Which exports are runs: the phases of a run are parts of it, copies count once, trials are runs of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.process import EXPORTS, NAME, copy, export, run
from support.versions import NEWEST

from migrator.batch import runs
from migrator.batch.discover import Source, discover
from migrator.batch.load import load
from migrator.batch.runs import Mark, Role, Runs, mark_of, phase_of, place_of, words
from migrator.chain.names import metrics_of
from migrator.diff.sides import load_side
from migrator.identify import MIGRATABLE
from migrator.migration.migrate import Options, migrate

Item = tuple[Source, Mark | None]
PHASED = EXPORTS / "0.13.0" / "chat-streaming"


def marked(source: Source) -> Item:
    loaded = load(source.path)
    if loaded.identity.family not in MIGRATABLE or loaded.parsed is None:
        return source, None
    document = loaded.parsed.data
    return source, mark_of(document, metrics_of(document, loaded.identity.version))


def roles(*paths: Path) -> dict[str, Role]:
    """The role of each export below some paths, by its place below the first."""
    found = Runs[Item](lambda item: item).roles(map(marked, discover(list(map(str, paths)))))
    return {str(Path(source.path).relative_to(paths[0].parent)): role for (source, _), role in found if role}


def written(target: Path, document: dict[str, Any], **changes: Any) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({**document, **changes}))
    return target


@pytest.fixture
def phased(tmp_path: Path) -> Path:
    """A run with its phases, as AIPerf 0.13.0 wrote it."""
    return Path(shutil.copytree(PHASED, tmp_path / "run"))


def test_phases_are_parts_of_their_run(phased: Path) -> None:
    found = roles(phased)
    assert found == {
        f"run/{NAME}": Role.RUN,
        f"run/phases/profiling/{NAME}": Role.PHASE,
        f"run/phases/warmup/{NAME}": Role.PHASE,
    }


def test_phases_without_their_run_are_one_run_and_no_warm_up(phased: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (phased / NAME).unlink()
    expected = {f"phases/profiling/{NAME}": Role.RUN, f"phases/warmup/{NAME}": Role.WARM_UP}
    assert roles(phased / "phases") == expected
    for folder in (phased, phased / "phases", phased / "phases" / "warmup"):
        monkeypatch.chdir(folder)
        found = Runs[Item](lambda item: item).roles(map(marked, discover(["."])))
        told = {Path(source.path).resolve().parent.name: role for (source, _), role in found if role}
        assert told["warmup"] is Role.WARM_UP, "wherever one stands"


def test_a_file_that_is_named_is_a_run(phased: Path) -> None:
    named = [phased / NAME, phased / "phases" / "profiling" / NAME, phased / "phases" / "warmup" / NAME]
    items = map(marked, discover([str(phased), *map(str, named)]))
    found = [(source.named, role) for (source, _), role in Runs[Item](lambda item: item).roles(items) if role]
    assert [role for is_named, role in found if is_named] == [Role.RUN] * 3
    assert [role for is_named, role in found if not is_named] == [Role.RUN, Role.PHASE, Role.PHASE]


def test_a_folder_called_phases_proves_nothing(tmp_path: Path) -> None:
    for number in (1, 2):
        copy(f"lab/base-{number}", tmp_path / "all" / "phases" / f"warmup{number}" / NAME)
    copy("lab/base-3", tmp_path / "all" / NAME)
    copy("0.1.1/chat-streaming", tmp_path / "all" / "phases" / "old" / NAME)
    assert set(roles(tmp_path / "all").values()) == {Role.RUN}


def test_trials_are_runs_of_their_own(tmp_path: Path) -> None:
    """Those of 0.8.0 share an identifier and have no number."""
    document = json.loads(export("0.8.0/chat-streaming").read_bytes())
    for number in range(3):
        times = {"start_time": f"2026-11-24T02:0{number}:00.5", "end_time": f"2026-11-24T02:0{number}:30.5"}
        written(tmp_path / "trials" / f"{number}.json", document, **times)
    assert list(roles(tmp_path / "trials").values()) == [Role.RUN] * 3
    document = json.loads(export("0.13.0/chat-streaming").read_bytes())
    for number in range(3):
        told = {"run_info": {**document["run_info"], "trial": number, "run_label": f"run_{number}"}}
        written(tmp_path / "numbered" / f"{number}.json", document, **told)
    assert list(roles(tmp_path / "numbered").values()) == [Role.RUN] * 3
    assert len(load_side([str(tmp_path / "trials")]).runs) == 3


@pytest.mark.parametrize(
    "name", ["0.1.1/chat-streaming", "0.3.0/rate", "0.8.0/chat-streaming", "0.13.0/chat-streaming"]
)
def test_copies_count_once_at_whatever_version(tmp_path: Path, name: str) -> None:
    document = json.loads(export(name).read_bytes())
    copy(name, tmp_path / "in" / "a.json")
    copy(name, tmp_path / "in" / "b" / "again.json")
    for to in ("1.0", NEWEST):
        written(tmp_path / "in" / "c" / f"{to}.json", migrate(document, to, Options(config=True)).document)
    assert list(roles(tmp_path / "in").values()) == [Role.RUN, *[Role.COPY] * 3]


def test_other_results_are_no_copy(tmp_path: Path) -> None:
    document = json.loads(export("0.13.0/rate").read_bytes())
    for number in range(3):
        latency = {**document["request_latency"], "avg": 100.0 + number}
        written(tmp_path / "in" / f"{number}.json", document, request_latency=latency)
    assert list(roles(tmp_path / "in").values()) == [Role.RUN] * 3


def test_what_has_no_identity_is_told_apart_by_its_numbers(tmp_path: Path) -> None:
    """GenAI-Perf writes neither an identifier nor times."""
    document = json.loads(next(EXPORTS.glob("genai-perf*/**/*genai_perf*.json")).read_bytes())
    for number in range(3):
        latency = {**document["request_latency"], "avg": 100.0 + number}
        written(tmp_path / "in" / f"{number}.json", document, request_latency=latency)
    copied = tmp_path / "in" / "x.json"
    shutil.copy(tmp_path / "in" / "0.json", copied)
    assert list(roles(tmp_path / "in").values()) == [Role.RUN] * 3 + [Role.COPY]
    side = load_side([str(tmp_path / "in")])
    assert (len(side.runs), side.left_out) == (3, (f"{copied}: a copy of a run that is there",))


@pytest.mark.parametrize(
    "name", ["genai-perf-0.0.16/chat-streaming/profile_export_genai_perf.json", "0.3.0/chat-streaming/" + NAME]
)
def test_a_migrated_copy_without_identity_is_a_copy(tmp_path: Path, name: str) -> None:
    """Though units have another spelling there, a metric was computed, and another was renamed."""
    document = json.loads((EXPORTS / name).read_bytes())
    document = {key: value for key, value in document.items() if key not in ("start_time", "end_time")}
    document["request_latency"]["unit"], document["request_latency"]["p50"] = "ns", 66917981
    document.get("input_config", {}).pop("benchmark_id", None)
    old, new = tmp_path / "in" / "a.json", tmp_path / "in" / "b.json"
    written(old, document)
    for version in ("1.0", "1.5"):
        assert run("upgrade", "--to", version, old, "-o", new, "--force").code == 0
        assert list(roles(tmp_path / "in").values()) == [Role.RUN, Role.COPY]


def test_what_is_remembered_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_REMEMBERED", 4)
    sources = [Source(f"{number % 50}.json", "", named=False) for number in range(100)]
    every = Runs[Item](lambda item: item)
    items = [(source, Mark(source.path.encode())) for source in sources]
    assert [role for _, role in every.roles(items)] == [Role.RUN] * 100, "too long ago to be known again"
    near = [item for item in items[:20] for _ in range(2)]
    assert [role for _, role in Runs[Item](lambda item: item).roles(near)] == [Role.RUN, Role.COPY] * 20
    assert len(every._seen._young) + len(every._seen._old) <= 8


def test_only_the_phases_of_one_folder_are_held_back() -> None:
    """A tree of any size: what came in is given on as soon as the folder of its run is done."""
    given = 0

    def items() -> Any:
        nonlocal given
        for folder in range(100):
            for name in ("phases/profiling/a.json", "phases/warmup/a.json", "z.json"):
                given += 1
                key = str(folder).encode()
                yield Source(f"/in/{folder}/{name}", "", named=False), Mark(key + name.encode(), key, ("warmup",))

    counted = Runs[Item](lambda item: item)
    for taken, _ in enumerate(counted.roles(items())):
        assert given - taken <= 5
    assert counted.left_out == {Role.PHASE: 200}


def test_what_was_left_out_is_one_line() -> None:
    assert words({}) == ""
    assert words({Role.PHASE: 2, Role.COPY: 1, Role.WARM_UP: 0}) == (
        "left out: 2 phases of runs, 1 copy of a run (a file that is named is always taken)"
    )


def test_a_check_says_of_how_many_runs_the_exports_are(phased: Path) -> None:
    """All are checked: a phase can be damaged like any other export."""
    done = run("check", phased)
    assert done.lines[-1].startswith("3 exports of 1 run checked: ")
    assert run("check", phased / NAME).lines[-1].startswith("1 export checked: ")
    checked = [row["file"] for row in run("check", phased, "--json").rows if "findings" in row]
    assert checked == [str(phased / NAME), *(str(phased / "phases" / name / NAME) for name in ("profiling", "warmup"))]


def test_a_comparison_of_warm_ups_needs_their_names(phased: Path) -> None:
    warm_up = phased / "phases" / "warmup"
    done = run("diff", warm_up, phased)
    assert done.code == 4
    assert "holds no run" in done.complaints[0]
    assert "name its file to compare a warm-up" in done.complaints[0]
    assert run("diff", warm_up / NAME, phased / NAME, "--json").code == 0


def test_the_place_of_a_trial_is_told_by_its_configuration_before_schema_1_2(tmp_path: Path) -> None:
    """By the folder that AIPerf wrote it to, not by the one that it lies in now."""
    for number in (1, 2, 3):
        document = json.loads(export(f"0.8.0/multirun/profile_runs/run_000{number}").read_bytes())
        for version in ("1.0", NEWEST):
            moved = migrate(document, version, Options(config=True)).document
            assert place_of(moved)[:2] == (number - 1, f"run_000{number}"), version
        elsewhere = {**document["input_config"], "output": {"artifact_directory": "a/run_0004/b"}}
        assert place_of({**document, "input_config": elsewhere}) == (None, None, None)
    document = json.loads(export("0.13.0/multirun/profile_runs/run_0002").read_bytes())
    assert place_of(document)[:2] == (1, "run_0002")
    for version in ("1.0", "1.1"):
        written(tmp_path / "in" / f"{version}.json", migrate(document, version, Options(config=True)).document)
    copy("0.13.0/multirun/profile_runs/run_0002", tmp_path / "in" / "new.json")
    assert list(roles(tmp_path / "in").values()) == [Role.RUN, Role.COPY, Role.COPY], "whatever version tells it"


def test_trials_in_a_folder_called_phases_are_runs(tmp_path: Path) -> None:
    """Those of 0.8.0 share an identifier; another trial in the folder above is not the run of these."""
    source = "0.8.0/multirun/profile_runs/run_000"
    copy(f"{source}1", tmp_path / "all" / NAME)
    for number in (2, 3):
        copy(f"{source}{number}", tmp_path / "all" / "phases" / "profiling" / f"{number}.json")
    assert list(roles(tmp_path / "all").values()) == [Role.RUN] * 3


def test_the_phase_is_told_by_place_and_configuration(tmp_path: Path) -> None:
    document = json.loads(export("0.13.0/chat-streaming").read_bytes())
    assert phase_of("a/phases/warmup/b.json", document) == "warmup"
    assert phase_of("a/phases/profiling/b.json", document) == "profiling"
    assert phase_of("a/phases/other/b.json", document) == phase_of("a/warmup/b.json", document) == ""
    without = json.loads(export("0.13.0/rate").read_bytes())
    assert phase_of("a/phases/warmup/b.json", without) == "", "it had no warm-up"
    old = migrate(document, "1.1", Options(config=True)).document
    assert phase_of("a/phases/warmup/b.json", old) == "warmup"
    target = tmp_path / "old" / "phases" / "warmup" / NAME
    document = json.loads(export("0.13.0/chat-streaming/phases/warmup").read_bytes())
    written(target, migrate(document, "1.1", Options(config=True)).document)
    assert list(roles(tmp_path / "old").values()) == [Role.WARM_UP], "at an old version, too"


def test_copies_of_phases_are_told_apart_where_phases_are_wanted(phased: Path, tmp_path: Path) -> None:
    shutil.copytree(phased, tmp_path / "again")
    items = list(map(marked, discover([str(tmp_path)])))
    plain = [role for _, role in Runs[Item](lambda item: item).roles(items) if role]
    assert sorted(plain) == sorted([Role.RUN, Role.COPY, *[Role.PHASE] * 4])
    wanted = [role for _, role in Runs[Item](lambda item: item, phases=True).roles(items) if role]
    assert sorted(wanted) == sorted([Role.RUN, *[Role.PHASE] * 2, *[Role.COPY] * 3])
