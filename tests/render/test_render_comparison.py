"""One receipt in five spellings: golden files, and properties that hold whatever stands in a receipt.

`PYTHONPATH=tests python tests/render/test_render_comparison.py` writes the golden files anew; review the difference.
"""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import TypeAdapter

from migrator.diff.receipt import (
    Evidence,
    FieldChange,
    Finding,
    Gate,
    Interval,
    NoiseUsed,
    Receipt,
    Row,
    RunSummary,
    Share,
    Shift,
    Side,
    Verdict,
    Waiver,
    from_json,
    to_json,
)
from migrator.render.comparison import github, html, junit, markdown, text
from migrator.render.comparison.markdown import code, prose
from migrator.render.comparison.numbers import change, interval, moved, pair, percent, plain_percent, weight
from migrator.render.comparison.plot import curves
from migrator.render.comparison.reason import headline, reason
from migrator.render.comparison.sections import arranged, kinds_of, one_sided
from migrator.render.comparison.words import counted, cut, markup, name_of, percentiles, signs, verdict_of

GOLDEN: Final = Path(__file__).parent / "comparison"
PERCENTILES: Final = ("p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99")


def row(metric: str, statistic: str, unit: str, base: float | None, candidate: float | None, **more: object) -> Row:
    """A row whose difference follows from its two values."""
    known = base is not None and candidate is not None
    fields: dict[str, object] = {
        "direction": "lower",
        "evidence": "runs",
        "n_base": 5,
        "n_candidate": 5,
        "margin": 5.0,
        "verdict": "equivalent",
        "delta": candidate - base if known else None,
        "percent": (candidate / base - 1) * 100 if known and base > 0 else None,
    }
    return TypeAdapter(Row).validate_python(
        {"metric": metric, "statistic": statistic, "unit": unit, "base": base, "candidate": candidate, **fields, **more}
    )


def between(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, kind="between runs")


def shift(metric: str, base: list[float], factors: list[float], words: str, unit: str = "ms") -> Shift:
    values = dict(zip(PERCENTILES, base, strict=True))
    moved = {name: value * factor for (name, value), factor in zip(values.items(), factors, strict=True)}
    points = {name: (moved[name] / values[name] - 1) * 100 for name in PERCENTILES}
    return Shift(metric=metric, unit=unit, points=points, base=values, candidate=moved, words=words)


def runs(folder: str, version: str, release: str) -> list[RunSummary]:
    """Five runs, in turn with those of the other side: those of release 0.13.0 second."""
    second = release.startswith("0.13.0")
    return [
        RunSummary(
            file=f"{folder}/run_{trial:04}/profile_export_aiperf.json",
            version=version,
            written_by=release,
            requests=1000,
            has_records=True,
            failed=0,
            order=2 * trial - (not second),
        )
        for trial in range(1, 6)
    ]


TAIL = [0.998, 1.001, 0.997, 1.002, 1.003, 1.012, 1.09, 1.185, 1.31]
FIRST_TOKEN = [31.2, 35.8, 38.1, 44.0, 52.6, 63.9, 84.4, 101.3, 142.0]


def regression() -> Receipt:
    """Repeated runs: every verdict, direction and kind of row, and a configuration with much to say."""
    return Receipt(
        tool="aiperf-migrate 0.1.0",
        base=Side(name="runs/2026-03-02", runs=runs("runs/2026-03-02", "1.0", "0.7.0"), migrated="1.0 → 1.5"),
        candidate=Side(name="runs/2026-04-11", runs=runs("runs/2026-04-11", "1.5", "0.13.0.dev20261023")),
        verdict=Verdict("regression"),
        gate=Gate(size=8, policy="bench/gates.toml", policy_hash="3f2a9c41d0e7", expired_waivers=["goodput.avg"]),
        findings=[
            Finding(
                code="warmup",
                blocks=False,
                message="only the candidate was warmed up before it was measured",
                base=0,
                candidate=50,
            ),
            Finding(
                code="run apart",
                blocks=False,
                warns=True,
                message="one run of the candidate (run_0004) lies +21.0 % from the others in time_to_first_token.p99",
            ),
        ],
        changes=[
            FieldChange(path="$.input_config.endpoint.streaming", kind="changed", base=True, candidate=False),
            FieldChange(path="$.input_config.datasets[0].prompts.isl.stddev", kind="added", candidate=0.5),
            FieldChange(path="$.input_config.phases[0].grace_period", kind="removed", base=30),
            *(
                FieldChange(
                    path=f"$.input_config.artifacts.extra[{index}]", kind="changed", base=index, candidate=index + 1
                )
                for index in range(12)
            ),
        ],
        ignored_changes=7,
        rows=[
            row(
                "time_to_first_token",
                "p99",
                "ms",
                142.0,
                186.0,
                gate="gate",
                floor=2.0,
                verdict="regression",
                interval=between(26.1, 36.2),
                p_value=0.0004,
                p_beyond=0.0013,
                p_within=0.998,
                method="Welch's t on the logarithms of the runs",
                values_base=[140.9, 142.6, 141.7, 143.0, 141.8],
                values_candidate=[179.4, 181.2, 178.1, 217.0, 180.3],
            ),
            row(
                "time_to_first_token",
                "avg",
                "ms",
                56.31,
                58.9,
                gate="gate",
                floor=2.0,
                verdict="inconclusive",
                interval=between(1.2, 8.1),
                p_value=0.21,
                p_beyond=1.0,
                p_within=0.31,
                leaning="worse, perhaps within the margin",
                needs="about 3 more runs a side, fixed beforehand",
                more_runs=3,
                values_base=[56.0, 56.9, 55.8, None, 56.6],
                values_candidate=[58.1, 59.6, 58.9, 59.2, 58.8],
            ),
            row(
                "inter_token_latency",
                "avg",
                "ms",
                11.2,
                11.24,
                gate="gate",
                interval=between(-0.6, 1.3),
                p_value=0.0001,
            ),
            row("inter_token_latency", "p99", "ms", 19.7, 19.9, gate="gate", margin=15.0, verdict="no worse"),
            row(
                "output_token_throughput_per_user",
                "avg",
                "tokens/sec/user",
                88.1,
                86.0,
                gate="gate",
                direction="higher",
                verdict="inconclusive",
                interval=between(-7.1, 1.9),
                leaning="perhaps worse",
                needs="about 9 more runs a side, fixed beforehand",
                more_runs=9,
            ),
            row(
                "output_token_throughput",
                "avg",
                "tokens/sec",
                2310.4,
                2104.8,
                gate="gate",
                direction="higher",
                verdict="regression",
                interval=between(-10.8, -7.0),
                waiver=Waiver(reason="known cost of the new sampler, see the release notes", until="2026-12-31"),
            ),
            row(
                "request_latency",
                "p50",
                "ms",
                1250.0,
                1012.0,
                gate="gate",
                verdict="improvement",
                interval=between(-20.9, -17.2),
            ),
            row(
                "input_sequence_length",
                "avg",
                "tokens",
                512.0,
                512.0,
                gate="gate",
                direction="parity",
                evidence="exact",
                margin=0.0,
            ),
            row(
                "request_latency",
                "p99",
                "ms",
                2140.0,
                2391.0,
                verdict="inconclusive",
                interval=between(-2.4, 28.0),
                leaning="perhaps worse than the margin allows",
                needs="about 3 more runs a side, fixed beforehand",
                more_runs=3,
            ),
            row("prefill_throughput", "p50", "tokens/sec", 812.1, 651.6, direction="higher", verdict="regression"),
            row("request_latency", "p10", "ms", 733.0, 593.7, verdict="improvement", interval=between(-21.0, -17.0)),
            row(
                "request_latency",
                "max",
                "ms",
                2299.0,
                2987.0,
                verdict="inconclusive",
                evidence="value",
                n_base=None,
                n_candidate=None,
                note="a maximum is one request and is never judged",
            ),
            *(
                row("energy_per_user", name, "J", None, value, verdict="inconclusive", note="only one side has it")
                for name, value in (("avg", 31.5), ("p50", 30.9), ("p90", 36.0), ("p95", 37.75), ("p99", 41.0))
            ),
            row("inter_token_latency", "p95", "ms", 15.2, None, verdict="inconclusive", note="only one side has it"),
            row("tokens_in_flight", "avg", "tokens", 0.0, 12.5, direction="information", verdict="inconclusive"),
            row("benchmark_duration", "avg", "sec", 61.2, 59.9, direction="information"),
            row("inter_token_latency", "p50", "ms", 11.01, 11.02, interval=between(-0.5, 0.7)),
            row("request_count", "avg", "requests", 1000, 1000, direction="parity", evidence="exact", margin=0.0),
            row("credit_to_start_latency", "avg", "ms", 1.1, 4.8, gate="ignore"),
        ],
        shifts=[
            shift("time_to_first_token", FIRST_TOKEN, TAIL, "only the tail moved"),
            shift(
                "request_latency",
                [402.0, 611.0, 733.0, 980.0, 1250.0, 1533.0, 1804.0, 1961.0, 2140.0],
                [0.80, 0.80, 0.81, 0.81, 0.81, 0.83, 0.92, 1.02, 1.117],
                "the curves cross: faster below p90, slower above",
            ),
        ],
        only_base=["prefill_throughput_per_user"],
        only_candidate=["energy_per_user", "full_decode_duration", "full_response_inter_token_latency"],
        notes=["Five runs a side are few: an interval is wide where runs differ."],
    )


def single() -> Receipt:
    """One summary a side: nothing can be decided, and everything says why."""
    about = {
        "evidence": "summary",
        "n_base": 1000,
        "n_candidate": 998,
        "verdict": "inconclusive",
        "needs": "3 runs a side, or a noise profile",
    }
    approximate = Interval(low=9.1, high=27.6, kind="within run, approximate")
    return Receipt(
        tool="aiperf-migrate 0.1.0",
        base=Side(name="base.json", runs=runs(".", "1.4", "0.12.0")[:1], migrated="1.4 → 1.5"),
        candidate=Side(name="candidate.json", runs=runs(".", "1.5", "0.13.0.dev20261023")[:1]),
        verdict=Verdict("inconclusive"),
        gate=Gate(),
        rows=[
            row("request_latency", "p99", "ms", 142.0, 168.3, interval=approximate, **about),
            row(
                "request_latency",
                "avg",
                "ms",
                56.31,
                56.29,
                interval=Interval(low=-1.9, high=1.8, kind="within run"),
                **about,
            ),
            row(
                "output_token_throughput",
                "avg",
                "tokens/sec",
                2310.4,
                2104.8,
                **{**about, "direction": "higher", "evidence": "value", "n_base": None, "n_candidate": None},
            ),
        ],
        shifts=[shift("request_latency", FIRST_TOKEN, TAIL, "only the tail moved")],
        notes=["Intervals take the requests as independent; a run that serves them in order is less certain."],
    )


def incomparable() -> Receipt:
    """Two sides that did not measure the same."""
    return Receipt(
        tool="aiperf-migrate 0.1.0",
        base=Side(name="base.json", runs=runs(".", "1.5", "0.13.0.dev20261023")[:1]),
        candidate=Side(name="candidate.json", runs=runs(".", "1.5", "0.13.0.dev20261023")[:1]),
        verdict=Verdict("incomparable"),
        gate=Gate(size=1, policy="--fail-on request_latency.p99:5"),
        findings=[
            Finding(code="errors", blocks=False, message="errors went from 0 to 1.2 % of the requests"),
            Finding(
                code="model",
                blocks=True,
                message="the sides ran different models",
                base=["llama-3.1-8b"],
                candidate=["llama-3.1-70b"],
            ),
        ],
        rows=[
            row(
                "request_latency",
                "p99",
                "ms",
                142.0,
                168.3,
                gate="gate",
                evidence="records",
                n_base=1000,
                n_candidate=1000,
                verdict="incomparable",
            )
        ],
    )


def failing() -> Receipt:
    """Failed requests, shares and differences, a noise profile, rows that cannot be compared, and what was allowed."""
    noise: dict[str, object] = {"evidence": "noise", "n_base": 1, "n_candidate": 1}
    share: dict[str, object] = {**noise, "measure": "difference", "gate": "gate", "floor": 1.0, "percent": None}
    return Receipt(
        tool="aiperf-migrate 0.1.0",
        base=Side(name="base.json", runs=runs(".", "1.4", "0.11.0")[:1], succeeded=1000, failed=2),
        candidate=Side(name="candidate.json", runs=runs(".", "1.5", "0.13.0")[:1], succeeded=860, failed=140),
        verdict=Verdict("regression"),
        gate=Gate(size=5, policy="headline metrics", allowed=["gpus", "concurrency"]),
        noise=NoiseUsed(file="lab.noise.toml", runs=12, requests=1000, newest="2026-11-20T09:00:00Z", rows=3),
        findings=[
            Finding(
                code="errors",
                blocks=True,
                message="140 of 1000 requests (14 %) of the candidate failed (503 × 131, timeout × 9), 2 of 1002"
                " requests (0.2 %) of the base; the candidate is faster, but failed requests are not in the latencies",
                base=0.2,
                candidate=14.0,
            ),
            Finding(
                code="noise profile", blocks=False, warns=True, message="the noise profile is of 12 runs, 40 days old"
            ),
        ],
        rows=[
            row("request_latency", "avg", "ms", 56.31, 49.2, gate="gate", verdict="improvement", **noise),
            row(
                "request_error_rate",
                "avg",
                "%",
                0.1996,
                14.0,
                verdict="regression",
                share_base=Share(part=2, of=1002),
                share_candidate=Share(part=140, of=1000),
                delta_interval=between(11.2, 16.4),
                **share,
            ),
            row(
                "good_request_fraction",
                "avg",
                "ratio",
                0.75,
                0.0,
                direction="higher",
                verdict="regression",
                share_base=Share(part=750, of=1000),
                share_candidate=Share(part=0, of=860),
                delta_interval=between(-0.79, -0.71),
                **share,
            ),
            row(
                "output_token_throughput",
                "avg",
                "tokens/sec",
                987.1,
                904.9,
                gate="gate",
                direction="higher",
                verdict="incomparable",
                note="defined otherwise since 0.12.0: reasoning tokens are counted",
            ),
            row(
                "prefill_throughput",
                "avg",
                "tokens/sec",
                2100.0,
                None,
                gate="gate",
                direction="higher",
                verdict="incomparable",
                note="the candidate measures it in tokens: another kind of unit",
            ),
            row("http_req_blocked", "avg", "ms", 0.0, 0.0, measure="difference", delta_interval=between(0.0, 0.0)),
        ],
    )


def quiet() -> Receipt:
    """Nothing changed, and that is shown."""
    return Receipt(
        tool="aiperf-migrate 0.1.0",
        base=Side(name="main", runs=runs("main", "1.5", "0.13.0.dev20261023")),
        candidate=Side(name="branch", runs=runs("branch", "1.5", "0.13.0.dev20261023")),
        verdict=Verdict("equivalent"),
        gate=Gate(size=1, policy="--fail-on request_latency.p99:5"),
        rows=[
            row("request_latency", "p99", "ms", 142.0, 142.3, gate="gate", interval=between(-0.8, 1.1)),
            row("request_latency", "avg", "ms", 56.31, 56.29, interval=between(-0.8, 0.7)),
        ],
    )


def hostile() -> Receipt:
    """Names and values that try to be something else than text, in every place that takes text."""
    bell, pipe = "\x1b]0;owned\x07\x1b[31m", "a|b\\|c"
    return Receipt(
        tool="aiperf-migrate 0.1.0",
        base=Side(
            name=f"{bell}base\nforged line", runs=[RunSummary(file="x", version="1.5|", written_by="</dd><script>")]
        ),
        candidate=Side(name="n" * 10_000, runs=[RunSummary(file="x", version="1.5")], migrated="<!-- --> `tick`"),
        verdict=Verdict("regression"),
        gate=Gate(
            size=2, policy="a::b, c%0A.toml", policy_hash="0123456789abcdef", expired_waivers=["@team #1 ![x](y)"]
        ),
        findings=[
            Finding(
                code="model|`",
                blocks=False,
                message="ask @octocat about #12, GH-34, a/b#5, deadbeef1234567 and http://x.example/ or www.x.example",
                base="<img src=x onerror=alert(1)>",
                candidate={"\u202egnp.exe": ["]]>", "`|`"]},
            )
        ],
        changes=[
            FieldChange(path="$['| --- |']", kind="changed", base="aiperf profile | tee `log`", candidate="</table>"),
            FieldChange(path="@everyone\r\n::error::forged", kind="added", candidate="$`x^2`$ :shipit:"),
        ],
        rows=[
            row(
                pipe,
                "p99",
                "<b>ms</b>",
                1.0,
                2.0,
                gate="gate",
                verdict="regression",
                note="see @octocat | [x](http://y)",
            ),
            row("``", "avg", "|", 3.0, 2.0, gate="gate", verdict="improvement", note="</li></ol><h1>forged</h1>"),
            row("<script>alert('1')</script>", "p50", '"', 1.0, 1.5, needs="--> %0A::warning::forged"),
            row(
                "@octocat #12 http://evil.example",
                "avg",
                bell,
                1.0,
                1.5,
                verdict="regression",
                waiver=Waiver(reason="\n| x |", until="`"),
            ),
            row("long" * 2_500, "max", "u" * 10_000, 0.0, -1.0),
        ],
        shifts=[shift(pipe, FIRST_TOKEN, TAIL, "<title>|`", unit='"><script>')],
        only_base=["a|b", "<!--", "\ud800"],
        notes=["- forged list", "# forged heading", "1. forged", "&lt;b&gt; **bold** ~~gone~~ <b>bold</b>"],
    )


EXAMPLES: Final = {
    "regression": regression,
    "single": single,
    "incomparable": incomparable,
    "failing": failing,
    "quiet": quiet,
    "hostile": hostile,
}
RENDERERS: Final[dict[str, Callable[[Receipt], str]]] = {
    "txt": text.render,
    "verbose.txt": lambda receipt: text.render(receipt, verbose=True),
    "md": markdown.render,
    "html": html.render,
    "xml": junit.render,
    "github.txt": github.render,
}
FILES: Final = [f"{example}.{suffix}" for example in EXAMPLES for suffix in RENDERERS]


def rendered(file: str) -> str:
    example, _, suffix = file.partition(".")
    return RENDERERS[suffix](EXAMPLES[example]())


# --- golden files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
def test_golden(file: str) -> None:
    expected = (GOLDEN / file).read_bytes().decode()
    assert rendered(file) == expected, "meant? PYTHONPATH=tests python tests/render/test_render_comparison.py"


def test_every_golden_file_is_of_an_example() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("example", [name for name in EXAMPLES if name != "hostile"])
@pytest.mark.parametrize("verbose", [False, True])
def test_text_fits_80_columns(example: str, verbose: bool) -> None:
    lines = text.render(EXAMPLES[example](), verbose=verbose).splitlines()
    assert max(map(len, lines)) <= 80


def test_hostile_text_fits_80_columns_but_for_words_that_cannot_be_broken() -> None:
    for line in text.render(hostile()).splitlines():
        assert len(line) <= 80 or max(map(len, line.split())) > 60, line


# --- numbers -----------------------------------------------------------------------------------------------------

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("base", "candidate", "expected"),
    [
        (142.0, 168.3, ("142.0", "168.3")),
        (11.2, 11.24, ("11.20", "11.24")),
        (2310.4, 2104.8, ("2310", "2105")),
        (512.0, 512.0, ("512", "512")),
        (512.0, 512.5, ("512.0", "512.5")),
        (123456.0, 7.0, ("123456", "7")),
        (123456.7, 120000.2, ("123457", "120000")),
        (0.05123, 0.0611, ("0.05123", "0.06110")),
        (0.0012, 523.1, ("0.001200", "523.1")),
        (99.996, 100.004, ("99.996", "100.004")),
        (1.0000001, 1.0000002, ("1.00000", "1.00000")),
        (0.0, 12.5, ("0", "12.50")),
        (-0.04, 512.3, ("-0.04000", "512.3")),
        (-0.0001, 0.0001, ("-1.000e-4", "1.000e-4")),
        (1.5e12, 2e12, ("1.500e12", "2.000e12")),
        (5e-324, 1.7e308, ("4.941e-324", "1.700e308")),
        (None, 1.5, ("n/a", "1.500")),
        (NAN, INF, ("n/a", "n/a")),
        (None, None, ("n/a", "n/a")),
    ],
)
def test_both_sides_of_a_row(base: float | None, candidate: float | None, expected: tuple[str, str]) -> None:
    assert pair(base, candidate) == expected


def test_counts_that_differ_look_different() -> None:
    assert pair(12345678901.0, 12345678902.0) == ("1.23457e10", "1.23457e10")
    assert pair(12345678901.0, 12345678902.0, exact=True) == ("1.2345678901e10", "1.2345678902e10")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (18.52, "+18.5%"),
        (-0.44, "-0.4%"),
        (0.0, "0%"),
        (-0.0, "0%"),
        (-0.01, "0.0%"),
        (-100.0, "-100.0%"),
        (336.36, "+336.4%"),
        (1000.0, "×11"),
        (2310.0, "×24.1"),
        (1e30, "×1e28"),
        (-2300.0, "-2300%"),
        (-1e9, "-1.0e9%"),
        (INF, "n/a"),
        (NAN, "n/a"),
        (None, "n/a"),
    ],
)
def test_percentages(value: float | None, expected: str) -> None:
    assert percent(value) == expected


def test_margins_have_no_needless_digits() -> None:
    assert [plain_percent(value) for value in (5.0, 2.5, 0.0, 95.0, INF)] == ["5%", "2.5%", "0%", "95%", "n/a"]


def test_a_change_without_a_percentage_is_a_word() -> None:
    assert change(row("m", "avg", "", None, 1.0)) == "new"
    assert change(row("m", "avg", "", 1.0, None)) == "gone"
    assert change(row("m", "avg", "", None, None)) == "n/a"


def test_a_change_from_zero_and_one_that_is_judged_as_a_difference_is_told_in_the_unit() -> None:
    assert change(row("m", "avg", "", 0.0, 1.0)) == "Δ+1"
    assert change(row("m", "avg", "", 0.0, 0.0)) == "Δ0"
    assert change(row("m", "avg", "", -1.0, 1.5)) == "Δ+2.5"
    assert change(row("m", "avg", "%", 2.0, 1.0, measure="difference")) == "Δ-1"
    assert change(row("m", "avg", "", 0.0, INF)) == "n/a"


@pytest.mark.parametrize("text", ["1. first", "10. tenth", "12) twelfth", "100.", "7 of 9", "__x__", "-- a", "10"])
def test_a_sentence_that_begins_like_a_list_is_a_sentence(text: str) -> None:
    written = prose(text, 80)
    assert unescape(written) == text
    assert not re.match(r"(\d+[.)]|[-+=_])", written)


def test_intervals() -> None:
    def told(found: Interval | None, **more: Any) -> str:
        return interval(row("m", "avg", "ms", 1.0, 2.0, interval=found, **more))

    assert told(None) == ""
    assert told(between(-0.64, 1.3)) == "[-0.6, +1.3]"
    assert told(between(0.01, 123456.0)) == "[0.0, +1.2e5]"
    assert told(between(-INF, 1.0)) == "n/a"
    assert told(Interval(low=1, high=2, kind="within run, approximate")) == "≈[+1.0, +2.0]"
    assert told(None, delta_interval=between(-0.9, 40.04)) == "Δ[-0.9, +40]"
    assert told(None, delta_interval=between(0.0, 1234.5)) == "Δ[0, +1234]"
    assert told(None, delta_interval=between(NAN, 1.0)) == "n/a"


def test_weight_is_alike_for_halving_and_doubling() -> None:
    assert weight(row("m", "avg", "", 2.0, 1.0)) == pytest.approx(weight(row("m", "avg", "", 1.0, 2.0)))
    assert weight(row("m", "avg", "", None, 1.0)) == weight(row("m", "avg", "", 0.0, 1.0)) == INF
    assert weight(row("m", "avg", "", 0.0, 0.0)) == weight(row("m", "avg", "", NAN, 1.0)) == 0.0
    assert weight(row("m", "avg", "", 5e-324, 1.7e308)) < INF


def test_what_counts_as_changed() -> None:
    assert not moved(row("m", "avg", "", 100.0, 105.0, margin=5.0))
    assert moved(row("m", "avg", "", 100.0, 105.1, margin=5.0))
    assert not moved(row("m", "avg", "", 100.0, 105.1, margin=5.0, floor=6.0))
    assert moved(row("m", "avg", "", 0.0, 1.0))
    assert moved(row("m", "avg", "", None, 1.0))
    assert not moved(row("m", "avg", "", NAN, 1.0))


# --- order and words ---------------------------------------------------------------------------------------------


def test_rows_come_in_sections_the_worst_first() -> None:
    rows = [
        row("open", "avg", "ms", 1.0, 9.0, verdict="inconclusive"),
        row("gained", "avg", "ms", 9.0, 1.0, verdict="improvement"),
        row("beyond", "avg", "ms", 1.0, 1.2, verdict="regression"),
        row("new", "avg", "ms", None, 1.2, verdict="inconclusive"),
        row("info", "avg", "ms", 1.0, 99.0, direction="information"),
        row("better", "avg", "ms", 9.0, 1.0, gate="gate", verdict="improvement"),
        row("worse", "avg", "ms", 1.0, 1.2, gate="gate", verdict="regression"),
        row("much_worse", "avg", "ms", 1.0, 1.4, gate="gate", verdict="regression"),
        row("accepted", "avg", "ms", 1.0, 4.0, gate="gate", verdict="regression", waiver=Waiver(reason="known")),
        row("same", "avg", "ms", 1.0, 1.01),
        row("left_out", "avg", "ms", 1.0, 5.0, gate="ignore"),
    ]
    shown = arranged(rows)
    assert [found.metric for found in shown.gated] == ["much_worse", "worse", "accepted", "better"]
    assert [found.metric for found in shown.decided] == ["beyond", "gained"]
    assert [found.metric for found in shown.rest] == ["open", "same", "info"]
    assert [found.metric for found in shown.ignored] == ["left_out"]
    assert [found.metric for found in shown.one_sided] == ["new"]
    assert kinds_of(shown.rest) == "1 inconclusive, 1 equivalent, 1 not judged"


def test_what_fails_comes_first_and_what_got_worse_before_what_got_better() -> None:
    verdicts = ("equivalent", "inconclusive", "improvement", "incomparable", "no worse", "regression")
    rows = [row(verdict, "avg", "ms", 1.0, 1.0, gate="gate", verdict=verdict) for verdict in verdicts]
    rows += [row("open, better", "avg", "ms", 2.0, 1.0, gate="gate", verdict="inconclusive")]
    rows += [row("open, worse", "avg", "ms", 1.0, 1.1, gate="gate", verdict="inconclusive")]
    order = [found.metric for found in arranged(rows).gated]
    assert order[:2] == ["regression", "incomparable"]
    assert order[2:5] == ["open, worse", "open, better", "inconclusive"]


def test_a_metric_of_one_side_is_one_line() -> None:
    """Five statistics that only the candidate's release knows are no five rows."""
    rows = [row("new", name, "ms", None, 1.5) for name in ("avg", "p50", "p90", "p95", "p99")]
    rows += [row("both", "avg", "ms", 1.0, 1.0), row("both", "p99", "ms", 2.0, None)]
    rows += [row("zero_left_out", "avg", "requests", 0.0, 3.0, verdict="regression")]
    receipt = replace(quiet(), rows=rows, only_candidate=["new", "unread", "zero_left_out"])
    assert [(one.side, one.name, one.values) for one in one_sided(receipt)] == [
        ("base", "both (p99)", "p99 2 ms"),
        ("candidate", "new", "avg 1.500, p50 1.500, p90 1.500, p95 1.500, p99 1.500 ms"),
        ("candidate", "unread", ""),
    ]
    folded, unfolded = text.render(receipt), text.render(receipt, verbose=True)
    assert "Only in the candidate: new, unread\n" in folded
    assert "  new: avg 1.500, p50 1.500, p90 1.500, p95 1.500, p99 1.500 ms\n  unread\n" in unfolded
    for render in (text.render, markdown.render, html.render):
        assert len(re.findall(r"\bnew\b", render(receipt))) == 1
    assert "p99 1.500 ms" in html.render(receipt)


def test_a_row_in_another_unit_is_shown_although_one_side_has_no_number() -> None:
    receipt = replace(quiet(), rows=[row("m", "avg", "ms", 1.0, None, verdict="incomparable", note="in tokens")])
    assert one_sided(receipt) == []
    assert "! incomparable" in text.render(receipt)


def test_every_verdict_has_a_glyph_and_its_word() -> None:
    told = {verdict: verdict_of(row("m", "avg", "ms", 1.0, 2.0, verdict=verdict)) for verdict in Verdict}
    assert told == {
        Verdict.REGRESSION: "✗ regression",
        Verdict.INCOMPARABLE: "! incomparable",
        Verdict.INCONCLUSIVE: "? inconclusive",
        Verdict.IMPROVEMENT: "✓ improvement",
        Verdict.EQUIVALENT: "= equivalent",
        Verdict.NO_WORSE: "✓ no worse",
    }


def test_information_is_not_judged_unless_the_policy_gates_it() -> None:
    fields: dict[str, Any] = {"direction": "information", "verdict": "regression"}
    assert verdict_of(row("m", "avg", "", 1.0, 2.0, **fields)) == "· not judged"
    assert verdict_of(row("m", "avg", "", 1.0, 2.0, gate="gate", **fields)) == "✗ regression"


def test_a_waiver_that_is_not_needed_changes_nothing() -> None:
    accepted = row("m", "avg", "ms", 1.0, 2.0, gate="gate", waiver=Waiver(reason="known"))
    receipt = verdict_only("equivalent", rows=[accepted])
    bare = verdict_only("equivalent", rows=[replace(accepted, waiver=None)])
    assert [render(receipt) for render in RENDERERS.values()] == [render(bare) for render in RENDERERS.values()]


def undecided(name: str, *, gate: str = "gate", **more: object) -> Row:
    return row(name, "avg", "ms", 1.0, 1.02, gate=gate, verdict="inconclusive", **more)


def test_equal_remarks_share_a_footnote() -> None:
    needy = [undecided(name, needs="3 more runs") for name in ("a", "b")]
    found = text.render(replace(quiet(), rows=[*needy, undecided("c", needs="1 more run")]))
    assert found.count("? inconclusive ¹\n") == 2
    assert found.count("? inconclusive ²\n") == 1
    assert found.count("3 more runs") == 1


def test_where_a_row_leans_stands_beside_it_or_in_a_footnote() -> None:
    short = undecided("a", leaning="perhaps worse", needs="3 more runs")
    long = undecided("b", leaning="worse, perhaps within the margin, as far as anybody can say", needs="3 more runs")
    found = text.render(replace(quiet(), rows=[short, long]))
    assert "? inconclusive, perhaps worse ¹\n" in found
    assert "? inconclusive ²\n" in found
    assert "\n¹ Would decide it: 3 more runs.\n" in found
    assert "\n² Worse, perhaps within the margin, as far as anybody can say. Would decide" in found


def test_what_would_decide_a_row_stands_beside_it_where_there_is_room() -> None:
    receipt = replace(quiet(), rows=[undecided("a", leaning="perhaps worse", needs="3 more runs")])
    told = "Perhaps worse. Would decide it: 3 more runs."
    assert f"| **? inconclusive**: {told} |" in markdown.render(receipt)
    assert f'<span class="remark">{told}</span></td>' in html.render(receipt)


def test_what_was_counted_alike_is_told_once() -> None:
    alike = [row(name, "avg", "ms", 1.0, 1.0, gate="gate") for name in ("a", "b")]
    found = text.render(replace(quiet(), rows=alike))
    assert "n a side" not in found
    assert "Evidence (5 runs a side): repeated runs" in found
    found = text.render(replace(quiet(), rows=[*alike, row("c", "avg", "ms", 1.0, 1.0, gate="gate", n_base=4)]))
    assert "n a side" in found
    assert re.findall(r"[0-9/]+ runs", found) == ["5 runs", "5 runs", "5 runs", "5 runs", "4/5 runs"]


def test_of_rows_that_were_not_compared_neither_evidence_nor_margin_is_told() -> None:
    rows = [row("a", "avg", "ms", 1.0, None, gate="gate", verdict="incomparable", evidence="value", margin=15.0)]
    found = text.render(replace(quiet(), rows=[*rows, row("b", "avg", "ms", 1.0, 1.0, gate="gate")]))
    assert "In the gate (margin 5%)" in found
    assert "one number a side" not in found


@pytest.mark.parametrize("lines", [0, 40])
def test_a_verdict_that_has_scrolled_away_is_said_again(lines: int) -> None:
    notes = [f"note {place}" for place in range(lines)]
    found = text.render(replace(quiet(), notes=notes))
    assert found.count("= equivalent: every row") == (2 if lines else 1)
    assert found.rstrip().endswith("1 row in the gate.") == bool(lines)


def test_rows_outside_the_gate_that_are_not_decided_are_counted_or_shown() -> None:
    folded, unfolded = text.render(quiet()), text.render(quiet(), verbose=True)
    assert "Not shown: 1 equivalent (--verbose has all)" in folded
    assert "56.31" not in folded
    assert "56.31" in unfolded
    assert "Not shown" not in unfolded


def test_a_long_table_shows_the_heaviest_decided_rows() -> None:
    rows = [row(f"metric_{place:02}", "avg", "ms", 100.0, 110.0 + place, verdict="regression") for place in range(50)]
    receipt = replace(quiet(), rows=rows)
    found = text.render(receipt)
    assert re.findall(r"metric_\d\d", found) == [f"metric_{place}" for place in range(49, 39, -1)]
    assert "Not shown: 40 regression" in found
    assert len(re.findall(r"metric_\d\d", text.render(receipt, verbose=True))) == 50


def test_a_distribution_that_did_not_move_is_drawn_only_if_asked_for() -> None:
    still = shift("m", FIRST_TOKEN, [1.001] * 9, "nothing moved")
    receipt = replace(quiet(), rows=[row("m", "avg", "ms", 1.0, 1.001)], shifts=[still])
    assert "Where it moved" not in text.render(receipt)
    assert "========" in text.render(receipt, verbose=True)


@pytest.mark.parametrize(
    ("evidence", "n", "expected"),
    [
        ("runs", (5, 5), "5 runs"),
        ("runs", (5, 4), "5/4 runs"),
        ("noise", (1, 1), "1 run"),
        ("value", (2, 2), "2 runs"),
        ("value", (None, 1), "?/1 runs"),
        ("records", (1000, 1000), "1000 requests"),
        ("summary", (1000, 998), "1000/998 requests"),
        ("summary", (None, None), ""),
        ("exact", (5, 5), ""),
    ],
)
def test_what_was_counted(evidence: str, n: tuple[int | None, int | None], expected: str) -> None:
    assert counted(row("m", "avg", "ms", 1.0, 2.0, evidence=evidence, n_base=n[0], n_candidate=n[1])) == expected


def test_signs_say_where_a_distribution_moved() -> None:
    found = shift("m", FIRST_TOKEN, [1.0, 1.05, 0.95, 1.0, 1.0, 1.0, 1.0, 0.5, 2.0], "")
    assert signs(found, 1.0) == "=+-====-+"
    assert signs(found, 60.0) == "========+"


def test_percentiles_that_cannot_be_placed_are_left_out() -> None:
    values = {"p99.9": 1.0, "p50": 1.0, "p1": NAN, "p5": 1.0, "p9\n9": 1.0, "p0": 1.0, "p100": 1.0, "max": 1.0}
    found = Shift(metric="m", unit="ms", points=values, base=values, candidate={"p99.9": 1.0, "p50": 1.0})
    assert percentiles(found) == ["p50", "p99.9"]


def verdict_only(verdict: str, **more: Any) -> Receipt:
    return replace(quiet(), verdict=Verdict(verdict), **more)


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (verdict_only("incomparable", rows=[]), "the two sides did not measure the same thing; 1 row in the gate"),
        (verdict_only("equivalent"), "every row in the gate is within its margin; 1 row in the gate"),
        (verdict_only("equivalent", gate=Gate()), "nothing speaks against the candidate; no row is in the gate"),
        (
            verdict_only("regression", rows=[row("m", "avg", "s", 1.0, None, gate="gate", verdict="regression")]),
            "m.avg is gone; 1 row in the gate",
        ),
        (
            verdict_only("regression", rows=[row("m", "avg", "s", 0.0, 3.0, gate="gate", verdict="regression")]),
            "m.avg went from 0 to 3 s; 1 row in the gate",
        ),
        (
            verdict_only("improvement", rows=[row("m", "avg", "s", 1.0, 50.0, gate="gate", verdict="improvement")]),
            "m.avg is 50 times as high, 1 → 50 s; 1 row in the gate",
        ),
        (
            verdict_only(
                "regression",
                gate=Gate(size=3),
                rows=[
                    row("m", "avg", "s", 2.0, 1.0, gate="gate", verdict="regression", direction="higher"),
                    row("n", "avg", "s", 1.0, 1.5, gate="gate", verdict="regression"),
                    row("o", "avg", "s", 1.0, 9.0, gate="gate", verdict="regression", waiver=Waiver(reason="known")),
                ],
            ),
            "m.avg is 50.0% lower, 2 → 1 s, and 1 more row; 3 rows in the gate, 1 waived",
        ),
    ],
)
def test_the_reason_is_one_sentence(receipt: Receipt, expected: str) -> None:
    assert reason(receipt) == expected


# --- each renderer, whatever stands in a receipt -----------------------------------------------------------------

NASTY: Final = (
    "a|b", "\\|", "\\", "`", "```x", "|---|", "@octocat", "#12", "GH-12", "org/repo#5", "http://x.example", "www.x.xy",
    "deadbeef1234", ":shipit:", "<script>alert(1)</script>", "</table>", "</details>", "</style>", "<!--", "-->", "]]>",
    "&lt;", "'\"><svg/onload=x>", "::error::x", "%0A", "%", ",", "$`x`$", "![x](y)", "[x]: y", "**b**", "{x}", "~~~",
    "", " ", "\x1b[31m", "\x00", "\n", "\r\n::error::x", "\u202e", "\u2028", "\ufffe", "\ud800", "é漢字", "x" * 300,
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=8), st.lists(st.sampled_from(NASTY), max_size=4).map("".join)
)
floats = st.one_of(st.floats(), st.floats(0.01, 1e4), st.sampled_from([0.0, -0.0, 1.0, 5e-324, 1.7e308, -1.0]))
numbers = st.one_of(st.none(), floats)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), floats, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=5,
)
points = st.dictionaries(st.one_of(st.sampled_from([*PERCENTILES, "p99.9"]), texts), floats, max_size=9)
counts = st.one_of(st.none(), st.integers(0, 10**9))
shares = st.one_of(st.none(), st.builds(Share, part=st.integers(0, 9), of=st.integers(0, 9)))
rows = st.builds(
    Row, metric=texts, statistic=texts, unit=texts, base=numbers, candidate=numbers, delta=numbers, percent=numbers,
    interval=st.one_of(st.none(), st.builds(Interval, low=floats, high=floats, level=st.sampled_from([0.95, 0.9]))),
    delta_interval=st.one_of(st.none(), st.builds(Interval, low=floats, high=floats)),
    p_value=numbers, p_beyond=numbers, p_within=numbers, leaning=texts, method=texts,
    more_runs=st.one_of(st.none(), st.integers(0, 50)),
    values_base=st.lists(numbers, max_size=3), values_candidate=st.lists(numbers, max_size=3),
    share_base=shares, share_candidate=shares,
    n_base=counts, n_candidate=counts, margin=floats, floor=floats, needs=texts, note=texts,
    gate=st.sampled_from(["gate", "report", "ignore"]),
    waiver=st.one_of(st.none(), st.builds(Waiver, reason=texts, until=texts)),
)  # fmt: skip
sides = st.builds(
    Side,
    name=texts,
    migrated=texts,
    runs=st.lists(
        st.builds(RunSummary, file=texts, version=texts, written_by=texts, order=st.one_of(st.none(), counts)),
        max_size=3,
    ),
    succeeded=counts,
    failed=counts,
)
kinds = st.sampled_from(get_args(get_type_hints(FieldChange)["kind"]))
receipts = st.builds(
    Receipt, tool=texts, base=sides, candidate=sides,
    gate=st.builds(
        Gate, size=st.integers(0, 9), policy=texts, policy_hash=texts, correction=texts, alpha=floats,
        expired_waivers=st.lists(texts, max_size=3), allowed=st.lists(texts, max_size=3),
    ),
    findings=st.lists(
        st.builds(
            Finding,
            code=st.one_of(texts, st.sampled_from(["errors", "no success"])),
            blocks=st.booleans(), warns=st.booleans(), message=texts, base=values, candidate=values,
        ),
        max_size=4,
    ),
    changes=st.lists(st.builds(FieldChange, path=texts, kind=kinds, base=values, candidate=values), max_size=14),
    ignored_changes=st.integers(0, 3), rows=st.lists(rows, max_size=14),
    shifts=st.lists(
        st.builds(
            Shift, metric=texts, unit=texts, points=points, base=points, candidate=points, words=texts
        ),
        max_size=2,
    ),
    only_base=st.lists(texts, max_size=14), only_candidate=st.lists(texts, max_size=2),
    notes=st.lists(texts, max_size=2),
    noise=st.one_of(st.none(), st.builds(NoiseUsed, file=texts, runs=st.integers(0, 9), requests=counts, newest=texts)),
)  # fmt: skip


def text_is_harmless_and_begins_with_the_verdict(receipt: Receipt) -> None:
    verdict = " ".join(f"{headline(receipt)}: {reason(receipt)}.".split())
    for verbose in (False, True):
        found = text.render(receipt, verbose=verbose)
        assert found.endswith("\n")
        assert all(line.isprintable() for line in found[:-1].split("\n"))
        assert " ".join(found.split()).startswith(verdict)
        again = " ".join(found[:-1].rsplit("\n\n", 1)[-1].split()) == verdict
        assert again or found.count("\n") <= 24


GFM: Final = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tables(tokens: list[Token]) -> Iterator[list[list[Token]]]:
    """Each table of a document as rows of the inline tokens of its cells."""
    found: list[list[Token]] | None = None
    for token in tokens:
        if token.type == "table_open":
            found = []
        elif token.type == "table_close":
            assert found is not None
            yield found
            found = None
        elif token.type == "tr_open" and found is not None:
            found.append([])
        elif token.type == "inline" and found is not None:
            found[-1].append(token)


def inlines(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def markdown_keeps_its_shape(receipt: Receipt) -> None:
    found = markdown.render(receipt)
    tokens = GFM.parse(found)
    assert tokens[0].type == "heading_open"
    assert len([token for token in tokens if token.type == "heading_open"]) == 1
    html_blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"<details><summary>[^<>]*</summary>|</details>", block) for block in html_blocks)
    assert [block for block in html_blocks if block == "</details>"] == html_blocks[1::2]
    used = {token.type for token in inlines(tokens)}
    assert used <= {
        "text",
        "code_inline",
        "html_inline",
        "strong_open",
        "strong_close",
        "softbreak",
        "em_open",
        "em_close",
    }
    assert [token.content for token in inlines(tokens) if token.type == "html_inline"] == [markdown.MARKER]
    for said in (token.content for token in inlines(tokens) if token.type == "text"):
        assert not re.search(r"@\w|#\d|GH-\d|\w://|www\.\w|\b(?!\d*e?\d+\b)[0-9a-f]{7,40}\b", said), said


def markdown_has_every_row_and_every_cell(receipt: Receipt) -> None:
    shown = arranged(receipt.rows)
    told, rest = [*shown.gated, *shown.decided], shown.rest
    if not told:
        told, rest = rest[:10], rest[10:]
    sections = [found for found in (told[:10], [*told[10:], *rest, *shown.ignored]) if found]
    metrics = [table for table in tables(GFM.parse(markdown.render(receipt))) if len(table[0]) == 8]
    assert len(metrics) == len(sections)
    for table, listed in zip(metrics, sections, strict=True):
        assert {len(cells) for cells in table} == {8}
        assert len(table) - 1 == len(listed)
        for cells, found in zip(table[1:], listed, strict=True):
            name = next(token.content for token in cells[0].children or () if token.type == "code_inline")
            assert name == name_of(found).replace("\\|", "\\\\x7c")


@given(st.text() | texts, st.booleans())
def test_code_spans_say_what_they_were_given(given_text: str, cell: bool) -> None:
    shown = cut(given_text, 60)
    source = code(shown, cell=cell)
    if cell:
        tokens = next(tables(GFM.parse(f"| {source} | end |\n|---|---|")))[0]
        assert len(tokens) == 2
        [token] = tokens[0].children or ()
        expected = shown.replace("\\|", "\\\\x7c")
    else:
        [token] = GFM.parseInline(source)[0].children or ()
        expected = shown
    assert (token.type, token.content) == (("code_inline", expected) if shown else ("text", "(empty)"))


@given(st.text() | texts)
def test_prose_says_what_it_was_given(given_text: str) -> None:
    shown = cut(given_text, 60)
    tokens = GFM.parse(f"- {prose(shown, 60)}")
    children = [token for token in inlines(tokens) if token.type != "text"]
    assert not children
    said = "".join(token.content for token in inlines(tokens)).replace("\u200b", "")
    assert said == shown.strip(" ")


def test_ten_rows_are_in_sight_and_a_comment_is_never_too_long() -> None:
    name = "m|@`<" * 100
    rows = [
        row(f"{place}{name}", "avg", name, 1.0, 2.0 + place, note=f"{place}{name}", verdict="regression")
        for place in range(600)
    ]
    findings = [Finding(code=name, blocks=False, message=f"{place}{name}") for place in range(300)]
    changes = [FieldChange(path=name, kind="changed", base=name, candidate=name) for _ in range(300)]
    many: dict[str, Any] = {
        "rows": rows,
        "findings": findings,
        "changes": changes,
        "notes": [name] * 300,
        "only_base": [name] * 300,
        "shifts": [shift(name, FIRST_TOKEN, TAIL, name)] * 300,
    }
    found = markdown.render(replace(hostile(), **many))
    assert len(found) <= 65_536
    assert found.count("<details>") == found.count("</details>") == 2
    in_sight = next(tables(GFM.parse(found)))
    assert len(in_sight) == 11
    assert "the receipt has all" in found


def test_verdict_and_findings_come_first_and_the_configuration_last() -> None:
    found = markdown.render(regression())
    assert found.splitlines()[0].startswith("### ✗ regression: ")
    assert markdown.MARKER in found.splitlines()[0]
    assert found.index("**! warns** `run apart`") < found.index("· notice `warmup`") < found.index("| metric |")
    assert found.index("| metric |") < found.index("**Configuration**")
    page = html.render(regression())
    assert page.index("<h1") < page.index('class="warns"') < page.index('class="notice"') < page.index("<table")
    assert page.index("<table") < page.index("<h2>Configuration")
    lines = text.render(regression()).splitlines()
    assert lines[2].startswith("! warns   run apart: ")
    assert lines.index("Configuration") > lines.index("In the gate (margin 5%, unless noted)")


ALLOWED: Final = {
    "html", "head", "meta", "title", "style", "body", "main", "footer", "h1", "h2", "p", "ul", "ol", "li", "dl", "dt",
    "dd", "div", "span", "strong", "code", "sup", "a", "details", "summary", "table", "thead", "tbody", "tr", "th",
    "td", "figure", "figcaption", "svg", "desc", "line", "text", "polyline", "polygon", "circle", "rect",
}  # fmt: skip
ATTRIBUTES: Final = {
    "lang", "charset", "http-equiv", "content", "name", "class", "scope", "id", "href", "title", "role",
    "aria-labelledby", "aria-hidden", "viewbox", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height",
    "points", "text-anchor",
}  # fmt: skip
VOID: Final = {"meta", "line", "polyline", "polygon", "circle", "rect"}


class Page(HTMLParser):
    """Reads a page and fails where it is not balanced or has something that nobody put there."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.said: list[str] = []
        self.tags: Counter[str] = Counter()
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        self.tags[tag] += 1
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            assert value is not None
            if name == "id":
                self.ids[value] += 1
            if name == "href":
                assert value.startswith("#")
                self.references.add(value[1:])
            if name == "aria-labelledby":
                self.references.update(value.split())
            if name in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "points"):
                assert re.fullmatch(r"-?[0-9.]+([ ,]-?[0-9.]+)*", value), (name, value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID, tag
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert all(line.isprintable() for line in data.split("\n"))
        self.said.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def html_is_balanced_and_has_nothing_that_nobody_put_there(receipt: Receipt) -> None:
    page = Page(html.render(receipt))
    assert set(page.ids.values()) <= {1}
    assert page.references <= set(page.ids)
    said = "".join(page.said)
    assert reason(receipt) in said
    for found in receipt.rows:
        if found not in arranged(receipt.rows).one_sided:
            assert cut(f"{found.metric}.{found.statistic}", 80) in said
    for alone in one_sided(receipt):
        assert cut(alone.name, 160) in said


def test_html_needs_no_network_and_draws_every_shift() -> None:
    found = html.render(regression())
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img|src=", found.replace("<!DOCTYPE html>", ""))
    assert "default-src &#39;none&#39;" in found
    assert "prefers-color-scheme: dark" in found
    page = Page(found)
    assert page.tags["figure"] == page.tags["desc"] == 2
    assert page.tags["polyline"] == 2 * (2 + 2)
    assert page.tags["circle"] >= 2 * len(PERCENTILES)


def drawn_runs(page: str) -> list[list[tuple[str, float]]]:
    """Of each drawing of runs the marks from left to right: the side, and how high it stands."""
    found = []
    for drawing in re.findall(r'<svg class="dots".*?</svg>', page):
        marks = re.findall(r'class="(base|cand)" (?:cx|x)="([\d.]+)" (?:cy|y)="([\d.]+)"', drawing)
        assert [float(x) for _, x, _ in marks] == sorted(float(x) for _, x, _ in marks)
        found.append([(side, float(y)) for side, _, y in marks])
    return found


def test_the_page_draws_each_run_in_the_order_of_its_start() -> None:
    p99, average = drawn_runs(html.render(regression()))
    assert [side for side, _ in p99] == ["base", "cand"] * 5
    assert min(p99, key=lambda mark: mark[1]) == p99[7]
    assert [side for side, _ in average] == ["base", "cand"] * 3 + ["cand", "base", "cand"]
    assert "in the order of their start" in html.render(regression())


def test_runs_without_a_start_stand_side_by_side() -> None:
    receipt = regression()
    base = replace(receipt.base, runs=[replace(run, order=None) for run in receipt.base.runs])
    receipt = replace(receipt, base=base)
    assert [side for side, _ in drawn_runs(html.render(receipt))[0]] == ["base"] * 5 + ["cand"] * 5
    assert "starts are not known" in html.render(receipt)


@pytest.mark.parametrize(
    "values", [[5.0] * 5, [0.0] * 5, [-1e308, 1e308, 0.0, 1.0, 2.0], [5e-324, 0.0, 1e-300, None, NAN]]
)
def test_runs_stay_within_their_drawing(values: list[float | None]) -> None:
    receipt = regression()
    rows = [replace(receipt.rows[0], values_base=values, values_candidate=values, margin=1e-9, floor=0.0)]
    for drawing in drawn_runs(html.render(replace(receipt, rows=rows))):
        assert all(0 <= y <= 34 for _, y in drawing)


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        ([1.0] * 9, [1.0] * 9),
        ([0.0] * 9, [0.0] * 9),
        ([-5.0, *[3.0] * 8], [-2.0] * 9),
        ([1e-12 * 10**n for n in range(9)], [1e-11 * 10**n for n in range(9)]),
        ([5e-324] * 9, [1e-323] * 9),
        ([1e300] * 9, [1.0000001e300] * 9),
    ],
)
def test_a_curve_stays_within_its_frame(base: list[float], candidate: list[float]) -> None:
    sides = [dict(zip(PERCENTILES, side, strict=True)) for side in (base, candidate)]
    drawn = curves(Shift(metric="m", unit="ms", points=sides[0], base=sides[0], candidate=sides[1]), 0)
    places = [float(y) for line in re.findall(r'points="([^"]*)"', drawn) for y in re.findall(r",([-\d.]+)", line)]
    assert len(places) == 2 * 9 + 2 * 2
    assert all(0 <= y <= 320 for y in places)
    assert len(re.findall('class="grid"', drawn)) <= 12


def test_values_too_far_apart_are_not_drawn() -> None:
    sides = {"p1": -1.7e308, "p99": 1.7e308}
    assert curves(Shift(metric="m", unit="", points=sides, base=sides, candidate=sides), 0) == ""


def junit_is_xml_whose_counts_are_right(receipt: Receipt) -> None:
    root = ElementTree.fromstring(junit.render(receipt).encode())
    cases = root.findall("testsuite/testcase")
    gated = arranged(receipt.rows).gated
    alone = [case for case in cases if case.get("name") == "comparison" and case.get("classname") == "aiperf-migrate"]
    assert len(cases) == len(gated) + len(alone)
    assert int(root.get("tests") or "") == len(cases)
    for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.get(attribute) or "") == len(root.findall(f"testsuite/testcase/{element}"))
    bad = {Verdict.REGRESSION: "failures", Verdict.INCOMPARABLE: "errors", Verdict.INCONCLUSIVE: "skipped"}
    if receipt.verdict in bad:
        assert int(root.get(bad[receipt.verdict]) or "") > 0


@pytest.mark.parametrize(
    ("verdict", "waiver", "expected"),
    [
        ("regression", None, ["failure"]),
        ("regression", Waiver(reason="known"), ["skipped"]),
        ("inconclusive", None, ["skipped"]),
        ("incomparable", None, ["error"]),
        ("improvement", None, []),
        ("equivalent", None, []),
    ],
)
def test_junit_outcome_of_a_row(verdict: str, waiver: Waiver | None, expected: list[str]) -> None:
    rows = [row("m", "avg", "ms", 1.0, 2.0, gate="gate", verdict=verdict, waiver=waiver)]
    found = replace(quiet(), rows=rows)
    [case] = ElementTree.fromstring(junit.render(found)).findall("testsuite/testcase")
    assert (case.get("classname"), case.get("name")) == ("m", "avg")
    assert [element.tag for element in case] == expected


COMMAND: Final = re.compile(r"::(error|warning|notice) title=(?:[^:,%]|%3A|%2C|%25|%0A)*::(?:[^%]|%25|%0A)*")


def annotations_are_few_and_cannot_be_forged(receipt: Receipt) -> None:
    found = github.render(receipt)
    assert found.endswith("\n")
    lines = found[:-1].split("\n")
    assert 1 <= len(lines) <= 10
    for line in lines:
        assert line.isprintable()
        assert COMMAND.fullmatch(line), line
    told = lines[0].split("::", 2)[2].replace("%0A", "\n").replace("%25", "%")
    assert told.startswith(f"{cut(reason(receipt), 600)}.")


def test_annotations_name_a_few_rows_and_count_the_rest() -> None:
    rows = [row(f"m{place}", "avg", "ms", 1.0, 2.0, gate="gate", verdict="regression") for place in range(40)]
    found = github.render(verdict_only("regression", gate=Gate(size=40), rows=rows))
    assert found.count("\n") == 1
    assert "%0Am4.avg is 100.0%25 higher, 1 → 2 ms%0Aand 35 more; the receipt has every row\n" in found


# --- all of them together ----------------------------------------------------------------------------------------


def without_noise(value: object) -> bool:
    """Whether JSON can hold it: no NaN, no infinity, no half character."""
    if isinstance(value, dict):
        return all(without_noise(key) and without_noise(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(without_noise, value))
    if isinstance(value, float):
        return value - value == 0
    return not isinstance(value, str) or not re.search("[\ud800-\udfff]", value)


def written_and_read_again_it_says_the_same(receipt: Receipt) -> None:
    if not without_noise(asdict(receipt)):
        receipt = regression()
    again = from_json(to_json(receipt))
    assert again == receipt
    assert [render(again) for render in RENDERERS.values()] == [render(receipt) for render in RENDERERS.values()]


CHECKS: Final = (
    text_is_harmless_and_begins_with_the_verdict,
    markdown_keeps_its_shape,
    markdown_has_every_row_and_every_cell,
    html_is_balanced_and_has_nothing_that_nobody_put_there,
    junit_is_xml_whose_counts_are_right,
    annotations_are_few_and_cannot_be_forged,
    written_and_read_again_it_says_the_same,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("example", EXAMPLES)
def test_each_check_holds_for_each_example(example: str, check: Callable[[Receipt], None]) -> None:
    check(EXAMPLES[example]())


@given(receipts)
@settings(max_examples=50, deadline=None)
def test_all_checks_hold_whatever_stands_in_a_receipt(receipt: Receipt) -> None:
    for check in CHECKS:
        check(receipt)


@pytest.mark.slow
@given(receipts)
@settings(max_examples=1_000, deadline=None)
def test_all_checks_hold_in_a_longer_search(receipt: Receipt) -> None:
    for check in CHECKS:
        check(receipt)


@pytest.mark.parametrize("example", EXAMPLES)
def test_all_say_the_same_verdict_for_the_same_reason(example: str) -> None:
    receipt = EXAMPLES[example]()
    said = f"{headline(receipt)}: {reason(receipt)}"
    assert said in " ".join(text.render(receipt).split())
    heading = next(inlines(GFM.parse(markdown.render(receipt)))).content
    assert heading.replace("\u200b", "").startswith(said)
    assert f"{markup(reason(receipt))}." in html.render(receipt)
    assert f'name="verdict" value="{receipt.verdict.value}"' in junit.render(receipt)
    assert receipt.verdict.value in github.render(receipt).splitlines()[0]


def test_failed_requests_are_told_in_the_first_line_of_all() -> None:
    said = "140 of 1000 requests of the candidate failed, 2 of 1002 of the base; good_request_fraction.avg"
    assert " ".join(text.render(failing()).split()).startswith(f"✗ regression: {said}")
    assert markdown.render(failing()).splitlines()[0].startswith(f"### ✗ regression: {said}")
    assert f'<p class="lead">{said}' in html.render(failing())
    assert f'name="reason" value="{said}' in junit.render(failing())
    assert f"✗ regression::{said}" in github.render(failing()).splitlines()[0]


def test_what_was_varied_and_the_noise_profile_are_told_by_all() -> None:
    for render in (text.render, markdown.render, html.render, junit.render):
        found = " ".join(render(failing()).split())
        assert "gpus, concurrency" in found
        assert "12 runs of 1000 requests" in found


@pytest.mark.parametrize(
    ("findings", "sides", "expected"),
    [
        ([("no success", True)], ((5, 0), (0, 5)), "0 of 5 requests of the candidate succeeded; 1 row in the gate"),
        ([("no success", True)], ((0, 5), (5, 0)), "0 of 5 requests of the base succeeded; 1 row in the gate"),
        (
            [("no success", True), ("model", True)],
            ((5, 0), (0, 1)),
            "0 of 1 request of the candidate succeeded; the model; 1 row in the gate",
        ),
        ([("errors", True)], ((9, 1), (6, 4)), "4 of 10 requests of the candidate failed, 1 of 10 of the base; 1 row"),
        ([("errors", True)], ((None, None), (None, None)), "the errors; 1 row in the gate"),
        ([("model", True)], ((9, 1), (9, 1)), "the model; 1 row in the gate"),
    ],
)
def test_failed_requests_and_what_blocks_are_told_once(
    findings: list[tuple[str, bool]], sides: tuple[tuple[int | None, int | None], ...], expected: str
) -> None:
    base, candidate = (
        replace(side, succeeded=counts[0], failed=counts[1])
        for side, counts in zip((quiet().base, quiet().candidate), sides, strict=True)
    )
    listed = [Finding(code=code, blocks=blocks, message=f"the {code}.") for code, blocks in findings]
    found = verdict_only("incomparable", base=base, candidate=candidate, findings=listed)
    assert reason(found).startswith(expected)


def test_an_open_verdict_names_its_direction_and_what_the_worst_row_needs() -> None:
    rows = [
        undecided("a", leaning="perhaps worse", needs="about 2 more runs a side", more_runs=2),
        undecided("b", needs="about 7 more runs a side", more_runs=7),
    ]
    expected = "the evidence does not decide a.avg (perhaps worse), and 1 more row; it would take about 7 more runs"
    assert reason(verdict_only("inconclusive", rows=rows)).startswith(expected)
    rows.append(undecided("c", needs="more than 50 runs a side", more_runs=0))
    assert "it would take more than 50 runs a side" in reason(verdict_only("inconclusive", rows=rows))


def test_evidence_and_direction_have_words_for_every_kind() -> None:
    for evidence in Evidence:
        found = row("m", "avg", "ms", 1.0, 2.0, evidence=evidence)
        assert all(render(replace(quiet(), rows=[found])) for render in RENDERERS.values())


def test_renderers_need_no_pydantic() -> None:
    script = (
        "import sys; from migrator.render.comparison import github, html, junit, markdown, text;"
        "print(sorted({'pydantic', 'numpy', 'rich', 'migrator.diff'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def update() -> None:
    """Write the golden files anew."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for path in GOLDEN.iterdir():
        path.unlink()
    for file in FILES:
        (GOLDEN / file).write_bytes(rendered(file).encode())


if __name__ == "__main__":
    update()
