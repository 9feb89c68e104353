"""The recorder without AIPerf: its mock server, its scenario table, its tokenizer, and a run of a stand-in."""

from __future__ import annotations

import fcntl
import itertools
import json
import shlex
import shutil
import socket
import sys
import textwrap
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from golden import provenance
from golden.record import bench, environment, record, tokenizer
from golden.record.mock_server import MODEL, MockServer
from golden.record.scenarios import FOLDER, Scenario, pins, release_key, scenarios
from migrator.aiperf.releases import NIGHTLIES, RELEASES

SCENARIOS = scenarios()
URLS = ["http://127.0.0.1:18080", "http://127.0.0.1:18081"]


def ask(server: MockServer, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


# --- the mock server -----------------------------------------------------------------------------------------


def test_the_server_lists_its_model_on_loopback() -> None:
    with MockServer() as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        status, text = ask(server, "/v1/models")
        assert status == 200
        assert [row["id"] for row in json.loads(text)["data"]] == [MODEL]
        assert server.asked == 0, "only what a benchmark asks for counts"


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/chat/completions", "chat.completion"), ("/v1/completions", "text_completion")]
)
def test_the_server_generates_at_once(path: str, kind: str) -> None:
    with MockServer(delays=0) as server:
        status, text = ask(server, path, {"max_tokens": 5})
        answer = json.loads(text)
        assert (status, answer["object"]) == (200, kind)
        (choice,) = answer["choices"]
        words = (choice["message"]["content"] if "chat" in path else choice["text"]).split()
        assert 5 <= len(words) == answer["usage"]["completion_tokens"] <= 11
        assert server.asked == 1


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/chat/completions", "chat.completion.chunk"), ("/v1/completions", "text_completion")]
)
@pytest.mark.parametrize("usage", [False, True])
def test_the_server_streams(path: str, kind: str, usage: bool) -> None:
    body = {"stream": True, "max_completion_tokens": 8, "stream_options": {"include_usage": usage}}
    with MockServer(delays=0) as server:
        status, text = ask(server, path, body)
    events = text.split("\n\n")
    assert (status, events[-2:]) == (200, ["data: [DONE]", ""])
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert {chunk["object"] for chunk in chunks} == {kind}
    words = [chunk for chunk in chunks if chunk["choices"]]
    assert 8 <= len(words) <= 14
    assert [chunk["usage"]["completion_tokens"] for chunk in chunks if "usage" in chunk] == [len(words)] * usage


def test_the_server_embeds() -> None:
    with MockServer(delays=0) as server:
        assert [
            len(json.loads(ask(server, "/v1/embeddings", {"input": given})[1])["data"]) for given in ("a", ["a", "b"])
        ] == [1, 2]


def test_the_server_has_metrics_of_gpus_and_of_itself() -> None:
    with MockServer() as server:
        status, text = ask(server, "/dcgm/metrics")
        assert status == 200
        names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
        assert "DCGM_FI_DEV_POWER_USAGE" in names
        for name in names:
            values = [line for line in text.splitlines() if line.startswith(f"{name}{{")]
            assert [float(line.rpartition(" ")[2]) >= 0 for line in values] == [True, True], name
        assert "vllm_tokens_total{" in ask(server, "/metrics")[1]


def test_what_the_server_does_not_have_is_404() -> None:
    with MockServer() as server:
        assert ask(server, "/v2")[0] == 404
        assert ask(server, "/v1/images", {})[0] == 404


def test_errors_come_as_often_as_asked() -> None:
    def statuses(errors: float, seed: int = 1) -> list[int]:
        with MockServer(delays=0, errors=errors, seed=seed) as server:
            found = [ask(server, "/v1/embeddings", {"input": "a"})[0] for _ in range(20)]
            assert server.asked == 20
        return found

    assert set(statuses(0)) == {200}
    assert set(statuses(1)) == {503}
    assert set(statuses(0.5)) == {200, 503}


def test_servers_side_by_side_have_ports_of_their_own() -> None:
    with MockServer() as one, MockServer() as other:
        assert one.port != other.port
        assert {ask(server, "/v1/models")[0] for server in (one, other)} == {200}


def test_the_server_ends_with_its_block_though_a_client_holds_on() -> None:
    before = set(threading.enumerate())
    with MockServer() as server:
        client = HTTPConnection("127.0.0.1", server.port, timeout=30)
        client.request("GET", "/v1/models")
        client.getresponse().read()
        assert len(set(threading.enumerate()) - before) == 2, "one that listens, one for the connection"
    assert set(threading.enumerate()) == before
    client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=30)


def test_the_server_ends_in_the_middle_of_an_answer() -> None:
    before = set(threading.enumerate())
    with MockServer(delays=1) as server:
        client = HTTPConnection("127.0.0.1", server.port, timeout=30)
        client.request("POST", "/v1/chat/completions", json.dumps({"stream": True, "max_tokens": 24}))
        client.getresponse().readline()
        client.close()
    assert set(threading.enumerate()) == before


# --- the scenario table --------------------------------------------------------------------------------------

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


@every_scenario
def test_a_command_is_complete_and_stays_on_loopback(scenario: Scenario) -> None:
    command = scenario.command(scenario.first, scenario.runs()[0], URLS)
    assert command[:3] == ["profile", "--model", MODEL]
    assert not any("{" in word or "}" in word for word in command)
    options = [word for word in command if word.startswith("--")]
    assert {"--url", "--tokenizer", "--artifact-dir", "--ui", "--endpoint-type"} <= set(options)
    assert {urlsplit(word).hostname for word in command if "://" in word} == {"127.0.0.1"}
    assert all(value == provenance.FAKE_KEY for name, value in itertools.pairwise(command) if name == "--api-key")
    assert (options.count("--url") == 2) == (scenario.servers == 2)


@every_scenario
def test_a_scenario_can_be_recorded(scenario: Scenario) -> None:
    assert scenario.runs_on(scenario.first)
    assert scenario.first in {entry.name for entry in RELEASES}
    assert all(release_key(since) > release_key(scenario.first) for since, _ in scenario.since)
    assert all((FOLDER / name).is_file() for name in scenario.files)
    assert scenario.keep
    assert scenario.delays > 0
    assert 0 <= scenario.errors < 1
    assert scenario.repeat >= 1


def options_of(command: str) -> list[tuple[str, ...]]:
    """A command line as sorted options with their values, without the folder it writes to."""
    options: list[tuple[str, ...]] = []
    for word in shlex.split(command.removeprefix("aiperf ").removeprefix("profile ")):
        if word.startswith("--"):
            options.append((word,))
        else:
            options[-1] = (*options[-1], word)
    return sorted(option for option in options if option[0] != "--artifact-dir")


RECORDED = {
    run: row
    for run, row in provenance.load()["runs"].items()
    if row["command"] and run.split("/")[1] in SCENARIOS and row["release"] == run.split("/")[0]
}


@pytest.mark.parametrize("run", RECORDED)
def test_the_table_has_the_commands_that_were_recorded(run: str) -> None:
    row = RECORDED[run]
    release, name = run.split("/")
    recorded = options_of(row["command"])
    hidden = {option[0] for option in recorded if option[1:] == ("<redacted>",)}
    table = options_of(shlex.join(SCENARIOS[name].command(release, name, URLS)))
    shown = sorted((option[0], "<redacted>") if option[0] in hidden else option for option in table)
    assert shown == recorded
    assert row["server"] == {"delays": SCENARIOS[name].delays, "errors": SCENARIOS[name].errors}
    assert SCENARIOS[name].runs_on(release)


def test_every_recorded_scenario_is_in_the_table() -> None:
    names = {name for scenario in SCENARIOS.values() for name in scenario.runs()}
    recorded = {run.replace("lab/", "lab-").replace("noisy/", "noisy-").rpartition("/")[2] for run in provenance.runs()}
    assert recorded <= names


def test_old_releases_get_only_options_that_they_know() -> None:
    scenario = SCENARIOS["chat-streaming"]
    assert "--gpu-telemetry" not in scenario.command("0.1.1", "chat-streaming", URLS)
    assert scenario.command("0.2.0", "chat-streaming", URLS)[-2:] == ["--gpu-telemetry", f"{URLS[0]}/dcgm/metrics"]


def test_releases_are_in_order_of_time() -> None:
    names = ["0.1.1", "0.8.0", "0.8.0.dev20260521", "0.9.0", "0.10.0", "0.11.0", "0.11.0.dev20260715", "0.12.0"]
    assert sorted(names, key=release_key) == names
    assert all(release_key(entry.name) for entry in (*RELEASES, *NIGHTLIES))
    with pytest.raises(ValueError, match="not an AIPerf release"):
        release_key("latest")


def test_only_old_releases_are_pinned() -> None:
    assert pins("0.4.0") == pins("0.5.0") == ["pyarrow<20"]
    assert pins("0.6.0") == pins("0.13.0") == []


# --- the tokenizer -------------------------------------------------------------------------------------------


def test_the_tokenizer_knows_every_byte_and_every_word_of_the_server() -> None:
    model = tokenizer.tokenizer()["model"]
    vocabulary = model["vocab"]
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert set(tokenizer.byte_alphabet()) == set(range(256))
    assert set(tokenizer.byte_alphabet().values()) <= vocabulary.keys()
    assert {f"Ġ{word}" for word in tokenizer.TEXT.split()} <= vocabulary.keys()
    for pair in model["merges"]:
        left, right = pair.split(" ")
        assert {left, right, left + right} <= vocabulary.keys()


def test_the_tokenizer_stands_where_offline_releases_look(tmp_path: Path) -> None:
    tokenizer.write(tmp_path)
    cached = tmp_path / ".cache/huggingface/hub/models--acme--tiny-tok"
    snapshot = cached / "snapshots" / (cached / "refs/main").read_text()
    assert json.loads((snapshot / "tokenizer.json").read_bytes()) == tokenizer.tokenizer()
    assert json.loads((snapshot / "tokenizer_config.json").read_bytes())["tokenizer_class"] == "PreTrainedTokenizerFast"


# --- a run ---------------------------------------------------------------------------------------------------

STAND_IN = """
import fcntl, json, os, signal, subprocess, sys, time
from pathlib import Path
from urllib.request import Request, urlopen

words = sys.argv[1:]
url = words[words.index("--url") + 1]
folder = Path(words[words.index("--artifact-dir") + 1])
count = int(words[words.index("--request-count") + 1])
lock = open(Path(sys.argv[0]).with_name("lock"), "w")
fcntl.flock(lock, fcntl.LOCK_EX)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[lock.fileno()])
stopped = []
signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
print("stand-in speaks")
{before}
for done in range(count):
    if stopped:
        break
    urlopen(Request(url + "/v1/embeddings", b'{{"input": "a"}}')).read()
if count == 400:
    while not stopped:
        time.sleep(0.01)
folder.mkdir(parents=True)
(folder / "inputs.json").write_text("{{}}")
export = {{
    "schema_version": "1.4", "aiperf_version": "0.13.0", "start_time": "2026-01-02T03:04:05",
    "request_count": {{"unit": "requests", "avg": done + 1.0}},
    "input_config": {{"dir": str(folder.resolve()), "urls": [url], "environment": sorted(os.environ)}},
    "run_info": {{"cli_command": "aiperf " + " ".join(words)}},
    "was_cancelled": bool(stopped), "secret": os.environ.get("HF_TOKEN"),
}}
(folder / "profile_export_aiperf.json").write_text(json.dumps(export))
{after}
"""


def stand_in(folder: Path, before: str = "", after: str = "") -> Path:
    """An `aiperf` that asks the server and writes an export, and leaves a process behind, which holds `lock`."""
    script = folder / "aiperf"
    script.write_text(f"#!{sys.executable}\n{textwrap.dedent(STAND_IN).format(before=before, after=after)}")
    script.chmod(0o755)
    return script


def test_a_run_is_stored_without_this_machine_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_private")
    out = tmp_path / "out"
    stored = record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path), out)
    assert stored == ["0.13.0/embeddings"]
    assert provenance.problems(out) == []
    (path,) = provenance.runs(out)[stored[0]].values()
    export = json.loads(path.read_bytes())
    assert export["request_count"]["avg"] == 30
    assert export["secret"] is None
    assert export["input_config"]["dir"] == "/bench/artifacts/v0.13.0-embeddings"
    assert export["input_config"]["urls"] == URLS[:1]
    assert {"HF_HUB_OFFLINE", "HTTPS_PROXY", "HOME"} <= set(export["input_config"]["environment"])
    row = provenance.load(out)["runs"][stored[0]]
    assert row["command"] == f"aiperf {' '.join(SCENARIOS['embeddings'].command('0.13.0', 'embeddings', URLS))}"
    assert (row["release"], row["method"], row["recorded"]) == ("0.13.0", record.METHOD, "2026-01-02")


def test_nothing_of_a_run_is_left_behind(tmp_path: Path) -> None:
    record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path), tmp_path / "out")
    with (tmp_path / "lock").open("w") as lock:
        for _ in range(1000):  # The system takes its time to bury a killed process.
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
            else:
                return
    pytest.fail("a process that the run started still holds its lock")


def test_a_run_is_recorded_anew_only_if_asked(tmp_path: Path) -> None:
    out, command = tmp_path / "out", stand_in(tmp_path)
    record.record(SCENARIOS["embeddings"], "0.13.0", command, out)
    left = out / "0.13.0/embeddings/left.json"
    left.write_text("{}")
    with pytest.raises(bench.RecordingError, match="--replace"):
        record.record(SCENARIOS["embeddings"], "0.13.0", command, out)
    record.record(SCENARIOS["embeddings"], "0.13.0", command, out, replace=True)
    assert not left.exists()


def test_a_run_is_interrupted_after_so_many_requests(tmp_path: Path) -> None:
    out = tmp_path / "out"
    record.record(SCENARIOS["cancelled"], "0.13.0", stand_in(tmp_path), out)
    (path,) = provenance.runs(out)["0.13.0/cancelled"].values()
    export = json.loads(path.read_bytes())
    assert export["was_cancelled"] is True
    assert export["request_count"]["avg"] >= SCENARIOS["cancelled"].interrupt
    assert "SIGINT" in provenance.load(out)["runs"]["0.13.0/cancelled"]["note"]


def test_repeated_runs_are_numbered(tmp_path: Path) -> None:
    scenario = Scenario("twice", SCENARIOS["embeddings"].options, "0.13.0", repeat=2)
    assert record.record(scenario, "0.13.0", stand_in(tmp_path), tmp_path / "out") == [
        "0.13.0/twice-1",
        "0.13.0/twice-2",
    ]


def test_a_failed_run_stores_nothing_and_says_what_aiperf_said(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(bench.RecordingError, match=r"wrote no profile_export_aiperf\.json(.|\n)*stand-in speaks"):
        record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path, before="sys.exit(3)"), out)
    assert not out.exists()


def test_a_run_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "PATIENCE", 0.5)
    with pytest.raises(bench.RecordingError, match="did not end"):
        record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path, before="time.sleep(600)"), tmp_path / "out")


def test_a_folder_of_this_machine_in_the_files_is_an_error(tmp_path: Path) -> None:
    leak = 'export["home"] = os.environ["HOME"]; (folder / "profile_export_aiperf.json").write_text(json.dumps(export))'
    with pytest.raises(bench.RecordingError, match="a folder of this machine"):
        record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path, after=leak), tmp_path / "out")


def test_too_large_a_file_is_an_error(tmp_path: Path) -> None:
    fill = f'(folder / "profile_export.jsonl").write_text("x" * {record.LARGEST + 1})'
    with pytest.raises(bench.RecordingError, match=f"more than {record.LARGEST} bytes: profile_export.jsonl"):
        record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path, after=fill), tmp_path / "out")


def test_an_export_that_quotes_no_command_gets_it_in_a_note(tmp_path: Path) -> None:
    mute = 'del export["run_info"]; (folder / "profile_export_aiperf.json").write_text(json.dumps(export))'
    record.record(SCENARIOS["embeddings"], "0.13.0", stand_in(tmp_path, after=mute), tmp_path / "out")
    row = provenance.load(tmp_path / "out")["runs"]["0.13.0/embeddings"]
    assert row["command"] is None
    assert row["note"].endswith(f"aiperf {shlex.join(SCENARIOS['embeddings'].command('0.13.0', 'embeddings', URLS))}")
    assert provenance.problems(tmp_path / "out") == []


# --- the command ---------------------------------------------------------------------------------------------


def test_the_command_records_and_says_what_it_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(record, "aiperf", lambda release, cache, python: stand_in(tmp_path))
    arguments = ["0.13.0", "--scenario", "embeddings", "--out", str(tmp_path / "out")]
    assert record.main(arguments) == 0
    assert capsys.readouterr().out == "0.13.0/embeddings: main export 1.4 (no telemetry)\n"
    assert record.main(arguments) == 1
    assert "--replace" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["latest"], "not an AIPerf release"),
        (["0.13.0", "--scenario", "x"], "no scenario x; there are chat-streaming,"),
    ],
)
def test_what_cannot_be_tried_is_told(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert record.main([*arguments, "--out", str(tmp_path), "--cache", str(tmp_path / "cache")]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("python", "complaint"), [("false", "-m venv .* failed:"), ("no-such-python", "No such file")])
def test_an_environment_that_cannot_be_made_is_told(
    python: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(environment.InstallationError, match=complaint):
        environment.aiperf("0.13.0", tmp_path / "cache", python=python)


@pytest.mark.parametrize("uv", [None, "/opt/uv"])
def test_an_environment_is_made_once_and_again_if_its_constraints_change(
    uv: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def pretend(command: list[str]) -> str:
        ran.append(command)
        (tmp_path / "0.5.0/bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / "0.5.0/bin/aiperf").touch()
        return ""

    monkeypatch.setattr(environment, "_run", pretend)
    monkeypatch.setattr(environment, "PINS", tmp_path / "pins")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: uv)
    made = environment.aiperf("0.5.0", tmp_path, python="python")
    assert made == tmp_path / "0.5.0/bin/aiperf"
    assert [command[1] for command in ran] == (["venv", "pip"] if uv else ["-m", "-m"])
    assert ran[1][-1] == "aiperf==0.5.0"
    assert (tmp_path / "0.5.0/constraints.txt").read_text() == "torch<0\npyarrow<20\n"
    environment.aiperf("0.5.0", tmp_path, python="python")
    assert len(ran) == 2
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins/0.5.0.txt").write_text("pyarrow==19.0.1\n")
    environment.aiperf("0.5.0", tmp_path, python="python")
    assert len(ran) == 4
    assert (tmp_path / "0.5.0/constraints.txt").read_text() == "pyarrow==19.0.1\n"


def test_a_nightly_is_installed_from_the_package_of_nightlies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def pretend(command: list[str]) -> str:
        ran.append(command)
        (tmp_path / "0.13.0.dev20261007").mkdir(exist_ok=True)
        return ""

    monkeypatch.setattr(environment, "_run", pretend)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    environment.aiperf("0.13.0.dev20261007", tmp_path, python="python")
    assert ran[-1][-1] == "aiperf-nightly==0.13.0.dev20261007"
    named = [line for path in environment.PINS.glob("*.txt") for line in path.read_text().splitlines()]
    assert not [line for line in named if line.startswith("aiperf")]


def test_a_half_made_environment_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    half = tmp_path / "0.5.0/bin/aiperf"
    half.parent.mkdir(parents=True)
    half.write_text("half")
    ran: list[list[str]] = []

    def fail(command: list[str]) -> str:
        ran.append(command)
        raise environment.InstallationError("no such release")

    monkeypatch.setattr(environment, "_run", fail)
    with pytest.raises(environment.InstallationError):
        environment.aiperf("0.5.0", tmp_path)
    assert ran
    assert not half.exists()


def test_every_pin_is_an_exact_one() -> None:
    files = sorted(environment.PINS.glob("*.txt"))
    assert files
    for path in files:
        release_key(path.stem)
        rows = path.read_text().split()
        assert rows[0] == "torch<0"
        assert all(row.count("==") == 1 for row in rows[1:])


def test_the_folder_of_environments_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIPERF_MIGRATE_RELEASES", str(tmp_path))
    assert environment.cache_folder() == tmp_path
