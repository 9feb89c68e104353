"""Two sweeps in every form: each cell is told, nothing is green that is not, and what a file says stays text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from support.process import run, strict_json
from support.sweeps import Document, failing, made, scale
from support.versions import NEWEST

from migrator.diff.blocks import Block
from migrator.diff.policy import Policy
from migrator.diff.receipt import Receipt, from_json, receipt_of_cell, receipt_schema, to_json
from migrator.diff.run import Run
from migrator.diff.sides import LoadedSide, load_side
from migrator.diff.sweep.choose import Ask, compare_any
from migrator.errors import UsageError
from migrator.render.sweep import github, html, junit, markdown, text

HOSTILE = "<script>alert(1)</script> @team #12 |x|"
GOALS = ("request_latency<=365", "request_error_rate<=1")


def compared(base: str, candidate: str) -> Receipt:
    return compare_any(load_side([base]), load_side([candidate]), Policy(), Ask(goals=GOALS))


def slow_at_four(document: Document, concurrency: int, trial: int) -> None:
    if concurrency == 4:
        scale(document, 1.3)


def broken(document: Document, concurrency: int, trial: int) -> None:
    slow_at_four(document, concurrency, trial)
    if concurrency == 8:
        failing(document, 80)


def test_a_receipt_of_sweeps_fits_the_schema(tmp_path: Path) -> None:
    done = run("diff", made(tmp_path, "base"), made(tmp_path, "cand", slow_at_four), "--json", "--goal", GOALS[0])
    document = strict_json(done.raw)
    assert document["receipt_version"] == "1.3"
    assert [error.message for error in Draft202012Validator(receipt_schema()).iter_errors(document)] == []
    assert to_json(from_json(done.raw), one_line=True) == done.stdout
    receipt = from_json(done.raw)
    assert receipt.sweep is not None
    for cell in receipt.sweep.cells:
        alone = receipt_of_cell(receipt, cell)
        assert len(alone.base.runs) == 3
        assert alone.verdict == cell.verdict
        assert all(f"concurrency_{cell.factors['concurrency']}/" in found.file for found in alone.candidate.runs)


def test_text_is_of_eighty_columns_and_tells_each_cell(tmp_path: Path) -> None:
    shown = text.render(compared(made(tmp_path, "base"), made(tmp_path, "cand", slow_at_four)))
    lines = shown.splitlines()
    assert lines[0].startswith("✗ regression: in 1 of 4 cells (concurrency 4)")
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 80
    assert [line.split()[0] for line in lines if re.match(r"  . concurrency \d ", line)][:4] != ["✗"] * 4
    assert "Capacity while" in shown


def test_markdown_is_a_table_of_cells(tmp_path: Path) -> None:
    shown = markdown.render(compared(made(tmp_path, "base"), made(tmp_path, "cand", slow_at_four)))
    rows = [line for line in shown.splitlines() if re.match(r"\| `\d` \|", line)]
    assert len(rows) == 4
    assert {row.count("|") for row in rows} == {rows[0].count("|")}
    assert ["✗ regression" in row for row in rows] == [False, False, True, False]


def test_every_cell_is_a_test_and_a_missing_one_an_error(tmp_path: Path) -> None:
    base, candidate = made(tmp_path, "base"), made(tmp_path, "cand", broken)
    for trial in range(1, 4):
        rmtree(Path(candidate, "profile_runs", f"trial_{trial:04}", "concurrency_1"))
    suites = ElementTree.fromstring(junit.render(compared(base, candidate)))
    cases = {case.get("name"): [child.tag for child in case] for case in suites.iter("testcase")}
    assert cases["concurrency 1"] == ["error"], "not measured by the candidate"
    assert cases["concurrency 2"] == []
    assert cases["concurrency 4"] == ["failure"]
    assert cases["concurrency 8"] == ["failure"], "every request failed"
    message = next(case for case in suites.iter("testcase") if case.get("name") == "concurrency 8")[0].get("message")
    assert message is not None
    assert "0 of 240 requests of the candidate succeeded" in message
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("4", "2", "1")


def test_junit_is_not_green_where_the_whole_is_not(tmp_path: Path) -> None:
    made(tmp_path / "both", "one")
    made(tmp_path / "both", "two", lambda document, concurrency, trial: other_server(document))
    receipt = compared(str(tmp_path / "both"), made(tmp_path, "cand"))
    assert receipt.verdict == "incomparable"
    suites = ElementTree.fromstring(junit.render(receipt))
    assert any(case.get("name") == "comparison" for case in suites.iter("testcase"))
    assert suites.get("errors") != "0"


def other_server(document: Document) -> None:
    document["input_config"]["endpoint"]["urls"] = ["http://other.example:8000"]


def test_annotations_start_with_the_verdict(tmp_path: Path) -> None:
    lines = github.render(compared(made(tmp_path, "base"), made(tmp_path, "cand", broken))).splitlines()
    assert lines[0].startswith(
        "::error title=aiperf-migrate%3A ✗ regression::in 2 of 4 cells (concurrency 4, concurrency 8)"
    )
    assert len(lines) <= 10
    assert any("concurrency 8" in line and "succeeded" in line for line in lines)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.places.append(value or "")


def test_the_page_links_each_cell_and_loads_nothing(tmp_path: Path) -> None:
    page = _Page()
    shown = html.render(compared(made(tmp_path, "base"), made(tmp_path, "cand", slow_at_four)))
    page.feed(shown)
    cells = {link for link in page.links if link.startswith("#cell-")}
    assert cells == {f"#cell-{number}" for number in (1, 2, 3, 4)}
    assert {link.removeprefix("#") for link in page.links} <= set(page.places)
    assert len(page.places) == len(set(page.places))
    assert "svg" in page.tags
    assert not {"script", "link", "img", "iframe"} & set(page.tags)


@pytest.mark.parametrize(
    "form", [text, markdown, html, junit, github], ids=lambda form: form.__name__.rpartition(".")[2]
)
def test_what_a_file_says_stays_text(form: object, tmp_path: Path) -> None:
    def hostile(document: Document, concurrency: int, trial: int) -> None:
        document["input_config"]["phases"][-1]["concurrency"] = 4
        document["run_info"]["variation_values"] = {"scenario": concurrency}
        document["run_info"]["variation_label"] = f"{HOSTILE}\x1b[31m\n{concurrency}"

    receipt = compared(made(tmp_path, "base", hostile), made(tmp_path, "cand", hostile))
    shown = form.render(receipt)  # type: ignore[attr-defined]
    assert "\x1b" not in shown
    if form in (html, junit):
        assert "<script>" not in shown
    if form is markdown:
        assert "<script>" not in re.sub(r"`[^`]*`", "", shown)
        assert not re.search(r"(?<![`\w&])@team", re.sub(r"`[^`]*`", "", shown))
        heads = [line for line in shown.splitlines() if line.startswith("| ")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in heads}) == 1
    if form is github:
        assert all(line.startswith("::") for line in shown.splitlines())


# --- whatever the files say ----------------------------------------------------------------------------------

TAGS = (
    "request_latency",
    "request_throughput",
    "time_to_first_token",
    "request_count",
    "error_request_count",
    "my.own",
)
NUMBERS = (0.0, -1.0, 1e308, 1e-308, 5e-324, 1.0, 100.0)
VALUES: tuple[Any, ...] = (1, 2, 4.0, True, None, "a", "<b>|`x", "\x1b[31m", [1, 2], {"a": 1}, [], {}, 10**30, -5)


def odd_side(random: Random, name: str) -> LoadedSide:
    """Runs of any numbers that say anything of their sweep and their configuration."""
    runs = []
    for place in range(random.choice((1, 2, 4, 9))):
        varied = {"variation_values": {"phases.profiling.concurrency": random.choice(VALUES)}}
        labels = {"variation_label": random.choice(VALUES), "trial": random.choice((0, 1, None, "x"))}
        labels["sweep_id"] = random.choice((name, f"{name} again", [], 3))
        phase = {"name": "profiling", "concurrency": random.choice(VALUES), "requests": random.choice(VALUES)}
        facts = {
            "run_info": random.choice((varied | labels, random.choice(VALUES))),
            "input_config": random.choice(({"phases": [phase]}, {"phases": [phase]}, random.choice(VALUES))),
            "start_time": random.choice((f"2026-01-01T00:00:{place:02}", "bad", 3, "2026-01-01T00:00:00+02:00")),
        }
        blocks = {tag: odd_block(random) for tag in TAGS if random.random() < 0.9}
        runs.append(Run(f"/{name}/{place}.json", NEWEST, blocks, facts))
    return LoadedSide(name, tuple(runs))


def odd_block(random: Random) -> Block:
    names = [name for name in ("avg", "p50", "p90", "p99", "std", "count") if random.random() < 0.9]
    unit = random.choice(("ms", "ms", "sec", "requests/sec", "requests", "odd"))
    return Block(
        unit, {name: random.choice(NUMBERS) if random.random() < 0.2 else random.gauss(100, 3) for name in names}
    )


def test_nothing_that_a_file_says_breaks_a_report() -> None:
    shown = 0
    for seed in range(60):
        random = Random(seed)
        try:
            sides = odd_side(random, "base"), odd_side(random, "cand")
            receipt = compare_any(*sides, Policy(), Ask(random.choice(((), ("concurrency",)))))
        except UsageError:
            continue
        assert to_json(from_json(to_json(receipt))) == to_json(receipt)
        if receipt.sweep is None:
            continue
        shown += 1
        reports = [form.render(receipt) for form in (text, markdown, html, junit, github)]
        assert not any("\x1b" in report for report in reports)
        ElementTree.fromstring(reports[3])
    assert shown > 20
