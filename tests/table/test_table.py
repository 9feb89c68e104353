"""Tables: what other tools read out of them is what the exports say."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.compute
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet
import pytest
from support.process import EXPORTS, NAME, ROOT, SECRET, Done, copy, export, run, strict_json
from support.versions import NEWEST, NEWEST_RUN

from migrator.aiperf.metrics import STATISTICS, is_block
from migrator.chain.names import current
from migrator.extras import install
from migrator.identify import MIGRATABLE
from migrator.table.columns import chosen
from migrator.table.rows import ABOUT_RUN, METRIC_COLUMNS

OLD = "0.1.1/chat-streaming"


def cells(done: Done) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done.stdout)))


def edited(target: Path, **values: Any) -> Path:
    document = json.loads(export(NEWEST_RUN).read_bytes())
    target.write_text(json.dumps({**document, **values}, indent=2))
    return target


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    copy(OLD, tmp_path / "in" / "old" / NAME)
    copy(NEWEST_RUN, tmp_path / "in" / "new" / NAME)
    (tmp_path / "in" / "inputs.json").write_text('{"data": [{"session_id": "a", "payloads": []}]}')
    return tmp_path


def test_a_row_a_run_after_migration_to_one_version(tree: Path) -> None:
    done = run("table", "in", cwd=tree)
    assert (done.code, done.complaints) == (0, [])
    new, old = cells(done)
    assert (old["from_version"], old["version"], new["from_version"]) == ("0.1", NEWEST, NEWEST)
    document = json.loads(export(OLD).read_bytes())["records"]
    assert old["time_to_first_token.avg [ms]"] == repr(document["ttft"]["avg"]), "the old name of this metric"
    assert old["model"] == new["model"] == "mock-model"
    assert old["concurrency"] == new["concurrency"] == "4", "from either family of input_config"
    assert old["benchmark_id"] == "", "not in the file"
    assert new["nvidia_total_gpu_power.avg [W]"] != ""
    assert old["nvidia_total_gpu_power.avg [W]"] == "", "missing is empty, never 0"
    headings = list(new)
    assert headings[: len(ABOUT_RUN)] == list(ABOUT_RUN)
    assert [name for name in headings if name.startswith("request_latency.")] == [
        f"request_latency.{name} [ms]" for name in ("avg", "p50", "p90", "p99")
    ]
    first = headings.index("request_latency.avg [ms]")
    assert headings[first + 1] == "request_latency.p50 [ms]", "a metric's columns stand together"


def test_a_row_a_metric_says_what_the_file_says(tree: Path) -> None:
    done = run("table", f"in/new/{NAME}", "--rows", "metric", cwd=tree)
    document = json.loads(export(NEWEST_RUN).read_bytes())
    blocks = {tag: block for tag, block in document.items() if is_block(block)}
    rows = cells(done)
    blocks = {current(tag): block for tag, block in blocks.items()}
    assert [row["metric"] for row in rows] == list(blocks)
    assert list(rows[0]) == list(METRIC_COLUMNS)
    for row in rows:
        block = blocks[row["metric"]]
        assert row["unit"] == block["unit"]
        assert {name: row[name] for name in STATISTICS} == {
            name: "" if block.get(name) is None else repr(block[name]) for name in STATISTICS
        }
    titles = {row["metric"]: row["title"] for row in rows}
    assert titles["time_to_first_token"] == "Time to First Token"


def test_a_file_of_a_newer_schema_is_read_with_a_word(tmp_path: Path) -> None:
    edited(tmp_path / NAME, schema_version="1.99")
    done = run("table", NAME, cwd=tmp_path)
    assert done.code == 0
    assert len(cells(done)) == 1
    assert any("1.99" in line for line in done.complaints), "which columns it may lack is not known"


@pytest.mark.parametrize("rows", ["run", "metric"])
def test_all_forms_hold_the_same(tree: Path, rows: str) -> None:
    outputs = {}
    for form in ("csv", "json", "parquet", "markdown"):
        done = run("table", "in", "--rows", rows, "--format", form, "-o", f"{form}.out", cwd=tree)
        assert (done.code, done.raw) == (0, b"")
        assert done.complaints == [f"2 runs in {form}.out"]
        outputs[form] = (tree / f"{form}.out").read_bytes()
    by_csv = list(csv.DictReader(io.StringIO(outputs["csv"].decode())))
    by_json = [strict_json(line) for line in outputs["json"].splitlines()]
    parquet = pyarrow.parquet.read_table(tree / "parquet.out")
    by_parquet = parquet.to_pylist()
    assert len(by_csv) == len(by_json) == len(by_parquet) > 1
    for plain, typed, columnar in zip(by_csv, by_json, by_parquet, strict=True):
        assert list(plain) == list(typed) == list(columnar)
        assert typed == columnar, "floats and integers compare as numbers"
        for name, value in typed.items():
            text = "" if value is None else str(value).lower() if type(value) is bool else str(value)
            assert plain[name] == text
    page = outputs["markdown"].decode().splitlines()
    assert len(page) == len(by_csv) + 2
    assert {line.replace("\\|", "").count("|") for line in page} == {len(by_csv[0]) + 1}


def test_readers_of_tables_find_numbers_texts_and_nulls(tree: Path) -> None:
    run("table", "in", "--format", "csv", "-o", "a.csv", cwd=tree)
    run("table", "in", "--format", "json", "-o", "a.jsonl", cwd=tree)
    for table in (pyarrow.csv.read_csv(tree / "a.csv"), pyarrow.json.read_json(tree / "a.jsonl")):
        power = table["nvidia_total_gpu_power.avg [W]"]
        assert pyarrow.types.is_floating(power.type)
        assert power.null_count == 1
        assert pyarrow.compute.mean(table["request_latency.p99 [ms]"]).as_py() > 1
        assert pyarrow.types.is_boolean(table["was_cancelled"].type)


def test_every_recorded_run_is_a_row() -> None:
    done = run("table", EXPORTS, "--columns", "file,version,request_latency.avg")
    assert done.code == 0
    rows = cells(done)
    known = [row["file"] for row in run("inspect", EXPORTS, "--json").rows if row["family"] in MIGRATABLE]
    phases = [file for file in known if "/phases/" in file]
    # Only of these four is nothing but a collated file recorded.
    gone = [str(EXPORTS / "0.13.0/collated/aggregate/profile_export_aiperf_collated.json")] * 4
    assert [row["file"] for row in rows] == [*(file for file in known if file not in phases), *gone]
    rows = rows[: -len(gone)]
    assert done.complaints[-1:] == [f"left out: {len(phases)} phases of runs (a file that is named is always taken)"]
    assert len(known) > 70
    assert {row["version"] for row in rows} == {NEWEST}
    assert SECRET not in run("table", EXPORTS, "--columns", "*").stdout


def test_columns_are_chosen_by_name_and_wildcard() -> None:
    names = ["file", "a.avg", "a.p99", "b.avg", "b.p99"]
    assert chosen(["b.avg", "file"], names) == ["b.avg", "file"]
    assert chosen(["file", "*.p99", "*.avg"], names) == ["file", "a.avg", "a.p99", "b.avg", "b.p99"]
    assert chosen(["*.p99", "file", "*"], names) == ["a.p99", "b.p99", "file", "a.avg", "b.avg"]
    assert chosen(["c.avg"], names) == ["c.avg"]
    done = run("table", export(NEWEST_RUN), "--columns", "request_latency.p99, file,image_latency.avg")
    assert done.lines[0] == "request_latency.p99 [ms],file,image_latency.avg [ms/image]"
    assert done.lines[1].endswith(f"{export(NEWEST_RUN)},")
    done = run("table", export(NEWEST_RUN), "--rows", "metric", "--columns", "metric,p9?")
    assert done.lines[0] == "metric,p90,p95,p99"


@pytest.mark.parametrize("units", ["header", "column"])
@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
@pytest.mark.parametrize("columns", ["ttft.avg,time_to_first_token.avg", "time_to_first_token.avg,ttft.avg"])
def test_a_metric_asked_for_by_two_names_fills_both(tree: Path, columns: str, form: str, units: str) -> None:
    """In files of either name, and under headings that differ."""
    done = run("table", "in", "--columns", columns, "--format", form, "--units", units, "-o", "t", cwd=tree)
    assert (done.code, done.complaints) == (0, ["2 runs in t"])
    if form == "parquet":
        rows = pyarrow.parquet.read_table(tree / "t").to_pylist()
    elif form == "json":
        rows = [strict_json(line) for line in (tree / "t").read_bytes().splitlines()]
    else:
        rows = list(csv.DictReader(io.StringIO((tree / "t").read_text())))
    documents = json.loads(export(NEWEST_RUN).read_bytes()), json.loads(export(OLD).read_bytes())["records"]
    expected = [documents[0]["time_to_first_token"]["avg"], documents[1]["ttft"]["avg"]]
    for name in ("ttft.avg", "time_to_first_token.avg"):
        found = [row[f"{name} [ms]" if units == "header" else name] for row in rows]
        assert list(map(float, found)) == expected
        assert units == "header" or [row[f"{name.partition('.')[0]}.unit"] for row in rows] == ["ms", "ms"]
    assert next(iter(rows[0])).startswith(columns.partition(",")[0])


def test_a_former_name_of_a_metric_is_todays(tree: Path) -> None:
    for columns in ("ttft.avg", "ttft.avg,ttft.avg", "ttft.a?g"):
        done = run("table", "in", "--columns", columns, cwd=tree)
        assert done.lines[0] == "time_to_first_token.avg [ms]"
        assert all(line for line in done.lines[1:])
    done = run("table", "in", "--columns", "ttft.avg,time_to_first_token.*,file", cwd=tree)
    assert done.lines[0].startswith("time_to_first_token.avg [ms],time_to_first_token.p1 [ms],")
    # A table in an old version has the metrics that it had, by the names of today.
    assert (
        run("table", "in", "--columns", "ttft.avg", "--to", "0.1", cwd=tree).lines[0] == "time_to_first_token.avg [ms]"
    )
    rows = cells(run("table", "in", "--rows", "metric", "--to", "0.1", "--columns", "metric", cwd=tree))
    assert {"time_to_first_token", "total_osl"} <= {row["metric"] for row in rows}
    assert not {"ttft", "benchmark_token_count"} & {row["metric"] for row in rows}


def test_a_block_with_a_former_name_beside_todays_is_not_lost(tmp_path: Path) -> None:
    edited(tmp_path / "both.json", ttft={"unit": "ms", "avg": 1.25})
    done = run("table", "both.json", "--columns", "ttft.avg", cwd=tmp_path)
    assert done.lines[1] == repr(json.loads(export(NEWEST_RUN).read_bytes())["time_to_first_token"]["avg"])
    rows = cells(run("table", "both.json", "--rows", "metric", "--columns", "metric,avg", cwd=tmp_path))
    assert {"metric": "ttft", "avg": "1.25"} in rows


def test_a_metric_that_is_nowhere_is_refused(tree: Path) -> None:
    for columns in ("file,requst_latency.avg", "requst_latency.*"):
        done = run("table", "in", "--columns", columns, "-o", "t.csv", cwd=tree)
        assert (done.code, done.raw, (tree / "t.csv").exists()) == (2, b"", False)
        assert done.complaints == [
            "--columns: no metric 'requst_latency': neither AIPerf nor any of the files has it; "
            "expected request_latency, image_latency, credit_drop_latency"
        ]
    edited(tree / "in" / "new" / "own.json", acme={"unit": "points", "avg": 3}, benchmark_id="another")
    rows = cells(run("table", "in", "--columns", "file,acme.avg", cwd=tree))
    assert [row.get("acme.avg", row.get("acme.avg [points]")) for row in rows] == ["3", "", ""]


def test_a_run_is_one_row_however_many_exports_it_has(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "0.13.0" / "chat-streaming", tmp_path / "run")
    copy("0.13.0/chat-streaming", tmp_path / "run" / "z" / "again.json")
    warm_up = f"run/phases/warmup/{NAME}"
    for rows in ("run", "metric"):
        done = run("table", "run", "--rows", rows, "--columns", "file", cwd=tmp_path)
        assert (done.code, set(done.lines)) == (0, {"file", f"run/{NAME}"})
        told = "left out: 2 phases of runs, 1 copy of a run (a file that is named is always taken)"
        assert done.complaints == [told]
    done = run("table", "run", warm_up, "--columns", "file,request_count.avg", "--jobs", "2", cwd=tmp_path)
    assert [line.partition(",")[0] for line in done.lines[1:]] == [f"run/{NAME}", warm_up]
    assert run("table", warm_up, "--columns", "file", cwd=tmp_path).lines == ["file", warm_up]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--columns", "request_latency"), "--columns: unknown name 'request_latency': a metric has stat"),
        (("--columns", "request_latency.p42"), "--columns: unknown name 'request_latency.p42': request_la"),
        (("--columns", "banana"), "--columns: unknown name 'banana'; expected a name such as"),
        (("--columns", "concurency"), "--columns: unknown name 'concurency'; expected concurrency"),
        (
            ("--columns", "input_config.phasis.0.name"),
            "--columns: no file has 'input_config.phasis.0.name'; expected in",
        ),
        (("--columns", "run_info.variaton_values.*"), "--columns: no file has 'run_info.variaton_values.*'; expected"),
        (("--columns", "a[b"), "--columns: no column 'a[b'"),
        (("--columns", "input_config.phases[x].name"), "--columns: no column 'input_config.phases[x].name'"),
        (("--columns", "*.p42"), "--columns: no column '*.p42'"),
        (("--columns", ","), "--columns names no column"),
        (("--rows", "metric", "--columns", "p42"), "--columns: no column 'p42'"),
        (("--rows", "metric", "--units", "column"), "--units column goes with --rows run"),
    ],
)
def test_columns_that_cannot_be(arguments: tuple[str, ...], told: str) -> None:
    done = run("table", export(NEWEST_RUN), *arguments)
    assert (done.code, done.raw) == (2, b"")
    assert done.complaints[0].startswith(told)


def test_units_in_columns_of_their_own() -> None:
    done = run(
        "table", export(NEWEST_RUN), "--units", "column", "--columns", "request_latency.avg,request_latency.p99,file"
    )
    assert done.lines[0] == "request_latency.avg,request_latency.p99,request_latency.unit,file"
    assert cells(done)[0]["request_latency.unit"] == "ms"


def test_numbers_of_a_column_share_a_unit(tmp_path: Path) -> None:
    block = json.loads(export(NEWEST_RUN).read_bytes())["request_latency"]
    edited(tmp_path / "a.json", request_latency={"unit": "sec", "avg": 1.5, "std": 0.5, "count": 3})
    edited(tmp_path / "b.json", request_latency=block)
    edited(tmp_path / "c.json", request_latency={"unit": "tokens", "avg": 7})
    done = run("table", ".", "--columns", "request_latency.avg,request_latency.std,request_latency.count", cwd=tmp_path)
    assert done.code == 0
    assert done.lines[0] == "request_latency.avg [ms],request_latency.std [ms],request_latency.count"
    assert done.lines[1] == "1500.0,500.0,3"
    assert done.lines[3] == ",,", "tokens are no milliseconds"
    assert len(done.complaints) == 1
    assert "c.json: request_latency: 'tokens' (tokens) and 'ms' (time) measure different" in done.complaints[0]


def test_nothing_in_a_cell_is_a_formula(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://127.0.0.1","x")'
    blocks = {
        f"{sign}cmd": {"unit": f"{sign}1", "avg": -1.5} for sign in ("=", "+", "-", "@", "\t=", "\r=", " =", "＝")
    }
    edited(tmp_path / "=x.json", benchmark_id=evil, aiperf_version="+1|'\x1b[2J", **blocks)
    for rows in ("run", "metric"):
        done = run("table", ".", "--rows", rows, "--columns", "*", cwd=tmp_path)
        found = [cell for row in csv.reader(io.StringIO(done.stdout)) for cell in row]
        assert f"'{evil}" in found
        assert "-1.5" in found, "a number is no formula"
        texts = [cell for cell in found if cell != "-1.5"]
        assert not [cell for cell in texts if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))]
    document = run("table", ".", "--format", "json", "--columns", "benchmark_id", cwd=tmp_path).rows
    assert document == [{"benchmark_id": evil}], "JSON is no spreadsheet"
    page = run("table", ".", "--format", "markdown", "--columns", "aiperf_version,*.avg", cwd=tmp_path)
    assert "`+1\\|'\\x1b[2J`" in page.lines[2]


def test_odd_values_are_empty_cells_with_a_warning(tmp_path: Path) -> None:
    edited(tmp_path / "a.json", request_latency={"unit": "ms", "avg": "fast", "p50": True, "p99": 3}, was_cancelled=1)
    done = run("table", "a.json", "--columns", "was_cancelled,request_latency.*", cwd=tmp_path)
    assert done.lines == ["was_cancelled,request_latency.p99 [ms]", ",3"]
    assert done.complaints == [
        "a.json: was_cancelled is not true or false: its cell is left empty",
        "a.json: request_latency.avg is not a number: its cell is left empty",
        "a.json: request_latency.p50 is not a number: its cell is left empty",
    ]


def test_odd_numbers_keep_their_spelling(tmp_path: Path) -> None:
    raw = export(NEWEST_RUN).read_text().rstrip()[:-1]
    raw += ', "acme": {"unit": "x", "avg": 1.50, "p50": 1180591620717411303424, "p99": NaN}}'
    (tmp_path / "a.json").write_text(raw)
    columns = ("--columns", "acme.avg,acme.p50,acme.p99")
    assert run("table", "a.json", *columns, cwd=tmp_path).lines == [
        "acme.avg [x],acme.p50 [x],acme.p99 [x]",
        "1.50,1180591620717411303424,NaN",
    ]
    assert run("table", "a.json", "--columns", "acme.*", cwd=tmp_path).lines[1] == "1.50,1180591620717411303424,NaN"
    row = run("table", "a.json", "--format", "json", *columns, cwd=tmp_path).rows[0]
    assert row["acme.p99 [x]"] == "NaN", "JSON has no such number"
    run("table", "a.json", "--format", "parquet", "-o", "a.parquet", *columns, cwd=tmp_path)
    (row,) = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert row["acme.p50 [x]"] == 2.0**70
    assert row["acme.p99 [x]"] != row["acme.p99 [x]"]


def test_one_bad_file_never_stops_it(tree: Path) -> None:
    (tree / "in" / "bad.json").write_text("{")
    done = run("table", "in", "--columns", "file", cwd=tree)
    assert done.code == 4
    assert done.lines == ["file", f"in/new/{NAME}", f"in/old/{NAME}"]
    assert done.complaints == ["in/bad.json: line 1 column 2: not JSON: expecting property name enclosed in double "
                               "quotes (the file may be cut off)"]  # fmt: skip
    done = run("table", "in/inputs.json", cwd=tree)
    assert done.code == 4
    assert done.complaints[0].startswith("in/inputs.json: is a file of inputs, not a main export")


def test_an_output_is_whole_or_not_there(tree: Path) -> None:
    (tree / "there.csv").write_text("mine")
    done = run("table", "in", "-o", "there.csv", cwd=tree)
    assert done.code == 4
    assert (tree / "there.csv").read_text() == "mine"
    assert run("table", "in", "-o", "there.csv", "--force", cwd=tree).code == 0
    assert (tree / "there.csv").read_text().startswith("file,")
    small = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    small += "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    done = run("table", "in", "--rows", "metric", "-o", "new.csv", cwd=tree, setup=small)
    assert (done.code, (tree / "new.csv").exists()) == (4, False)
    assert "new.csv: cannot be written: File too large" in done.complaints[-1]


def test_no_exports_are_no_rows(tmp_path: Path) -> None:
    done = run("table", ".", cwd=tmp_path)
    assert done.code == 0
    assert done.lines == [",".join(ABOUT_RUN)]
    assert done.complaints == ["no exports found"]


def test_parquet_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError('not here')")
    done = run("table", export(NEWEST_RUN), "--format", "parquet", env={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert (done.code, done.raw) == (2, b"")
    assert done.complaints == [f"Parquet needs pyarrow ({install('parquet')})"]


# --- phases, facts and paths ---------------------------------------------------------------------------------


def test_phases_are_rows_where_they_are_asked_for(tmp_path: Path) -> None:
    shutil.copytree(EXPORTS / "0.13.0" / "chat-streaming", tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "run2")
    columns = ("--columns", "file,phase,requests,requests_asked_for,concurrency")
    for more in ((), ("--jobs", "2")):
        done = run("table", "run", "run2", "--phases", *columns, *more, cwd=tmp_path)
        assert done.lines[1:] == [
            f"run/{NAME},,40,40,4",
            f"run/phases/profiling/{NAME},profiling,40,40,4",
            f"run/phases/warmup/{NAME},warmup,4,4,4",
        ]
        assert done.complaints == ["left out: 3 copies of runs (a file that is named is always taken)"]
    assert run("table", "run", *columns, cwd=tmp_path).lines[1:] == [f"run/{NAME},,40,40,4"]
    metrics = cells(run("table", "run", "--phases", "--rows", "metric", "--columns", "phase,metric", cwd=tmp_path))
    assert {row["phase"] for row in metrics} == {"", "profiling", "warmup"}
    (tmp_path / "run" / NAME).unlink()
    done = run("table", "run", "--phases", "--columns", "phase", "-o", "t.csv", cwd=tmp_path)
    assert (tmp_path / "t.csv").read_text().split() == ["phase", "warmup", "profiling"]
    records = "run/profile_export.jsonl: holds requests without an export: `aiperf-migrate rebuild` makes one of them"
    assert sorted(done.complaints) == ["1 run in t.csv", records]


def test_requests_are_those_that_were_measured() -> None:
    (row,) = cells(run("table", export("0.10.0/completions-errors"), "--columns", "requests,failed_requests,errors"))
    document = json.loads(export("0.10.0/completions-errors").read_bytes())
    counts = [int(document[name]["avg"]) for name in ("request_count", "error_request_count")]
    assert row == {"requests": str(sum(counts)), "failed_requests": str(counts[1]), "errors": "503"}
    (row,) = cells(run("table", export("0.13.0/cancelled"), "--columns", "requests,requests_asked_for"))
    assert int(row["requests"]) < int(row["requests_asked_for"]) == 400


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
@pytest.mark.parametrize("rows", ["run", "metric"])
def test_any_place_is_a_column_of_one_type(tmp_path: Path, form: str, rows: str) -> None:
    for number, values in enumerate(
        [
            {"same": 1, "mixed": 0.1, "flag": True, "text": "0.10", "list": ["a", "b"]},
            {"same": 2.50, "mixed": "0.10", "flag": False, "text": "1", "list": [1, {"x": None}]},
            {"same": None, "mixed": True, "text": None, "own": {"a.b": 7}},
        ]
    ):
        edited(tmp_path / f"{number}.json", mine=values, benchmark_id=str(number))
    columns = "file,$.mine.same,$.mine.mixed,mine.flag,mine.text,mine.list,mine.own.a.b,mine.own.*,gpus,gpu_name"
    done = run("table", ".", "--rows", rows, "--columns", columns, "--format", form, "-o", "t", cwd=tmp_path)
    assert (done.code, done.complaints) == (0, ["3 runs in t"])
    if form == "parquet":
        table = pyarrow.parquet.read_table(tmp_path / "t")
        kinds = ["string", "double", "string", "bool", "string", "string", "double", "double", "string"]
        assert [str(field.type) for field in table.schema] == kinds
        found = table.to_pylist()
    elif form == "json":
        found = [strict_json(line) for line in (tmp_path / "t").read_text().splitlines()]
    else:
        found = list(csv.DictReader(io.StringIO((tmp_path / "t").read_text())))
    step = len(found) // 3
    first, second, third = found[0], found[step], found[2 * step]
    # A place that a wildcard stands for, too, is one column.
    assert list(first) == columns.replace("mine.own.*,", "").split(",")
    if form == "csv":
        assert list(first.values())[1:6] == ["1", "0.1", "true", "0.10", "a, b"]
        assert list(second.values())[1:6] == ["2.5", "0.10", "false", "1", '[1, {"x": null}]']
        assert list(third.values())[1:7] == ["", "true", "", "", "", "7"]
    else:
        assert [row["$.mine.same"] for row in (first, second, third)] == [1, 2.5, None]
        assert [row["$.mine.mixed"] for row in (first, second, third)] == ["0.1", "0.10", "true"]
        assert [row["mine.flag"] for row in (first, second, third)] == [True, False, None]
        assert [row["mine.text"] for row in (first, second, third)] == ["0.10", "1", None]
        assert third["mine.own.a.b"] == 7


def test_paths_with_wildcards_are_columns_of_what_there_is(tmp_path: Path) -> None:
    for number, cell in enumerate([{"phases.profiling.concurrency": 2}, {"phases.profiling.concurrency": 4, "x": "y"}]):
        document = json.loads(export(NEWEST_RUN).read_bytes())
        told = {**document["run_info"], "variation_values": cell, "trial": number}
        edited(tmp_path / f"{number}.json", run_info=told)
    done = run("table", ".", "--columns", "run_info.variation_values.*,file,*.p9[59]", cwd=tmp_path)
    concurrency = "run_info.variation_values.phases.profiling.concurrency"
    assert done.lines[0].startswith(f"{concurrency},run_info.variation_values.x,file,request_latency.p95 [ms],")
    assert [line.split(",")[:3] for line in done.lines[1:]] == [["2", "", "./0.json"], ["4", "y", "./1.json"]]
    assert run("table", "0.json", "--columns", "request_latency.*", cwd=tmp_path).lines[0].count("unit") == 0


def test_a_path_holds_no_secret_and_is_found_in_old_files() -> None:
    name = "0.6.0/key"
    assert SECRET in export(name).read_text()
    columns = "input_config.endpoint.api_key,input_config.*,input_config.phases.0.concurrency,concurrency"
    done = run("table", export(name), "--columns", columns)
    assert done.code == 0
    assert SECRET not in done.stdout
    (row,) = cells(done)
    assert row["input_config.phases.0.concurrency"] == row["concurrency"] == "2", "as the newest version has it"


def test_standard_input_is_looked_through_for_names() -> None:
    raw = export(NEWEST_RUN).read_bytes()
    for columns in ("unknown", "input_config.unknown", "requst_latency.avg"):
        done = run("table", "-", "--columns", columns, stdin=raw)
        assert (done.code, done.raw) == (2, b"")
        assert done.complaints[0].startswith("--columns: ")
    assert run("table", "-", "--columns", "input_config.phases.*.name,model", stdin=raw).code == 0


def test_the_columns_about_a_run_that_a_table_has_by_itself() -> None:
    """Scripts read them by name: one that is gone must be asked for by those who read the page of changes."""
    expected = """
        file from_version version aiperf_version benchmark_id start_time end_time was_cancelled phase
        run_label variation_label trial model endpoint_type streaming concurrency request_rate input_length
        input_length_spread output_length_asked_for input_file turns duration requests requests_asked_for
        conversations random_seed tokenizer failed_requests failed_percent scenario submission_valid
        submission_invalid_reasons dataset evidence runs
    """
    assert list(ABOUT_RUN) == expected.split()
