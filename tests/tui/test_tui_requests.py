"""A run's own requests, as a histogram and over time, and the run among its peers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.made_history import nights
from support.process import EXPORTS, export
from support.tui_driver import opened, play, press, text
from textual.pilot import Pilot

from tui.app import MigrateApp
from tui.common.chart import Histogram
from tui.common.workloads import read_workloads
from tui.run import peers
from tui.run.model import metrics, read_run
from tui.run.requests import Requests, histogram_of, problem_of, read_requests, records_of, timeline_of
from tui.run.screen import RunScreen

P = Pilot[None]
RUN = "0.10.0/completions-errors"


def requests_of(path: Path) -> tuple[Requests, dict[str, Any]]:
    run = read_run(str(path))
    spots = {spot.tag: spot for spot in metrics(run, "run")}
    units = {tag: str(spot.block.get("unit")) for tag, spot in spots.items()}
    return read_requests(records_of(str(path)), units, lambda: False), spots


def test_the_values_are_those_of_the_records_and_failures_are_told() -> None:
    found, spots = requests_of(export(RUN))
    wanted = [json.loads(line) for line in export(RUN).with_name("profile_export.jsonl").read_text().splitlines()]
    values = [record["metrics"]["request_latency"]["value"] for record in wanted if not record.get("error")]
    assert sorted(found.columns["request_latency"].values) == pytest.approx(sorted(values))
    assert len(found.failed) == 4
    assert problem_of(found, spots["request_latency"]) == ""
    chart = timeline_of(found, spots["request_latency"])
    assert len(chart.parts[0].places) == len(values)
    assert [upright.sign for upright in chart.uprights] == ["x"] * 4
    histogram = histogram_of(found, spots["request_latency"])
    assert len(histogram.values) == len(values)
    assert [sign for _, sign in histogram.rules] == ["p99", "p90", "p50"]


def test_records_of_another_run_are_not_shown(tmp_path: Path) -> None:
    """A histogram of other requests beside the numbers of this run would be believed."""
    shutil.copy(export(RUN), tmp_path)
    lines = export(RUN).with_name("profile_export.jsonl").read_text().splitlines()
    (tmp_path / "profile_export.jsonl").write_text("\n".join(lines[:20]) + "\n")
    found, spots = requests_of(tmp_path / "profile_export_aiperf.json")
    assert "not of this run" in problem_of(found, spots["request_latency"])
    assert histogram_of(found, spots["request_latency"]).values == ()
    assert timeline_of(found, spots["request_latency"]).parts == ()
    assert "of the whole run" in problem_of(found, spots["request_throughput"])


@pytest.mark.parametrize("raw", ["", "{", "[]\n", "\x00", '{"metrics": {"request_latency": {"value": "x"}}}\n'])
def test_damaged_records_are_a_sentence(tmp_path: Path, raw: str) -> None:
    shutil.copy(export(RUN), tmp_path)
    (tmp_path / "profile_export.jsonl").write_text(raw)
    found, spots = requests_of(tmp_path / "profile_export_aiperf.json")
    assert problem_of(found, spots["request_latency"])
    assert histogram_of(found, spots["request_latency"]).lines(80, 12) == []


@pytest.mark.parametrize(
    "values", [(1.0,), (2.0, 2.0, 2.0), (-1e300, 1e300), (0.0, 5e-324), tuple(map(float, range(999)))]
)
@pytest.mark.parametrize("size", [(24, 6), (78, 10), (200, 40)])
def test_bars_count_every_value_and_keep_within_their_room(values: tuple[float, ...], size: tuple[int, int]) -> None:
    histogram = Histogram(values, "ms", ((values[0], "p50"),))
    drawn = ["".join(piece.text for piece in line) for line in histogram.lines(*size)]
    assert drawn
    assert len(drawn) <= size[1]
    assert max(map(len, drawn)) <= size[0]
    assert "█" in "".join(drawn)
    assert sum(histogram._counts(min(values) - 1, max(values) + 1, 12)) == len(values)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_p_goes_through_the_drawings(size: tuple[int, int]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "slash", *"is:export", "enter", "home", "enter", "j")
        screen = opened(pilot, RunScreen)
        if not screen.shown_drawing:
            await press(pilot, "p")
        await press(pilot, "p")
        assert "█" in text(app)
        assert "p99" in text(app)
        await press(pilot, "p")
        assert "over time" in text(app)
        assert "0 s" in text(app)
        await press(pilot, "p")
        assert screen.shown_drawing == ""
        assert not screen.query_one("#plot").display
        await press(pilot, "p")
        assert screen.shown_drawing == "curve"

    play(scene, [export(RUN).parent], size)


def test_without_records_only_the_curve_is_offered(tmp_path: Path) -> None:
    shutil.copy(export(RUN), tmp_path)

    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter")
        screen = opened(pilot, RunScreen)
        assert screen.shown_drawing == "curve"
        await press(pilot, "p")
        assert screen.shown_drawing == ""
        await press(pilot, "p")
        assert screen.shown_drawing == "curve"

    play(scene, [tmp_path])


# --- peers ---------------------------------------------------------------------------------------------------


def test_ranks_are_from_the_best_whatever_the_direction(tmp_path: Path) -> None:
    paths = nights(tmp_path, [1.0, 1.1, 1.2, 1.3], noise=0.0)
    found = read_workloads([str(tmp_path)], (), lambda _: False)
    ranks = {}
    for path in paths:
        for line in peers.lines(found, str(path)):
            ranks.setdefault(line.cells[0].split()[-1], []).append(line.cells[2])
    # Slower in latency and in throughput: the first night is the best in both.
    assert ranks["request_latency.avg"] == [f"{place} of 4" for place in (1, 2, 3, 4)]
    assert ranks["request_throughput.avg"] == [f"{place} of 4" for place in (1, 2, 3, 4)]
    strips = [peers.lines(found, str(path))[0].cells[3].index("●") for path in paths]
    assert strips == sorted(strips)
    assert strips[0] == 0


def test_a_run_without_peers_and_one_that_is_not_there(tmp_path: Path) -> None:
    (path,) = nights(tmp_path, [1.0])
    found = read_workloads([str(tmp_path)], (), lambda _: False)
    assert "no other run" in peers.headline(found, str(path))
    assert peers.lines(found, str(path)) == []
    assert "not among the runs" in peers.headline(found, "elsewhere.json")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_panel_of_peers(size: tuple[int, int]) -> None:
    async def scene(pilot: P, app: MigrateApp) -> None:
        await press(pilot, "enter", "6")
        opened(pilot, RunScreen)
        shown = text(app)
        assert "run 1 of 6 runs of mock-model" in shown
        assert "3 of 6" in shown
        assert "●" in shown
        await press(pilot, "j", "y", "r", "escape")
        assert opened(pilot, RunScreen).panel == "metrics"

    play(scene, [EXPORTS / "lab"], size)
