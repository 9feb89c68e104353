"""Small true exports of every schema version, for the tests of other people's parsers.

The files were recorded of the releases themselves (`golden/exports`), but for 1.2, which no published release wrote:
that one is made of a file of 1.1 by a migration.
"""

from __future__ import annotations

import gzip
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from migrator.chain.requests import requests_of
from migrator.chain.steps import GENAI_PERF
from migrator.identify import Identity, identify
from migrator.jsonfile import Object, parse, render
from migrator.migration.migrate import Options, migrate
from migrator.values import NamedTuple

_FOLDER: Final = os.path.join(os.path.dirname(__file__), "data", "fixtures")
FILE_NAME: Final = "profile_export_aiperf.json"
GENAI_PERF_FILE_NAME: Final = "profile_export_genai_perf.json"

RECORDED: Final[dict[str, str]] = {
    "genai-perf": "genai-perf-0.0.16/chat-streaming",
    "0.1": "0.1.1/chat-streaming",
    "0.1-errors": "0.1.1/completions-errors",
    "0.2": "0.2.0/chat-streaming",
    "0.3": "0.3.0/chat-streaming",
    "0.3-embeddings": "0.3.0/embeddings",
    "1.0": "0.4.0/chat-streaming",
    "1.1": "0.8.0/chat-streaming",
    "1.3": "0.9.0/chat-streaming",
    "1.3-errors": "0.10.0/completions-errors",
    "1.3-embeddings": "0.11.0/embeddings",
    "1.4-legacy": "0.11.0.dev20260715/chat-streaming",
    "1.4": "0.13.0/chat-streaming",
    "1.4-cancelled": "0.13.0/cancelled",
    "1.5": "0.13.0.dev20261023/chat-streaming",
}
"""Name of a fixture → the recorded run that it is of: RELEASE/SCENARIO."""
MADE: Final[dict[str, tuple[str, str]]] = {"1.2": ("1.1", "1.2")}
"""Name of a fixture that is made → (the fixture that it is made of, the version)."""


class Fixture(NamedTuple):
    """One export: its name, its bytes, and what it is.

    `recorded` says whether a release of AIPerf or GenAI-Perf wrote it; else this tool made it of another one.
    """

    name: str
    raw: bytes
    recorded: bool

    @property
    def document(self) -> Object:
        """The parsed export."""
        found: Object = parse(self.raw).data
        return found

    @property
    def version(self) -> str:
        """Its schema version; `genai-perf` for the predecessor's shape."""
        return self._identity.version

    @property
    def file_name(self) -> str:
        """What the release calls such a file."""
        return GENAI_PERF_FILE_NAME if self.version == GENAI_PERF else FILE_NAME

    @property
    def _identity(self) -> Identity:
        return identify(self.document)

    def about(self) -> dict[str, Any]:
        """What a test may want to choose by, read off the file.

        `nulls` are top-level keys that are null instead of left out, `telemetry` the dialect of the names of GPU
        metrics, `failed_requests` how many requests failed.
        """
        document, found = self.document, self._identity
        return {
            "name": self.name,
            "version": found.version,
            "label": found.label,
            "recorded": self.recorded,
            "aiperf_version": document.get("aiperf_version"),
            "input_config": found.config or None,
            "telemetry": found.dialect,
            "nulls": sum(value is None for value in document.values()),
            "failed_requests": requests_of(document, found.version).failed,
            "cancelled": document.get("was_cancelled"),
        }


@cache
def fixtures() -> tuple[Fixture, ...]:
    """All of them, the oldest version first."""
    found = {name: Fixture(name, _recorded(name), True) for name in RECORDED}
    for name, (source, version) in MADE.items():
        parsed = parse(found[source].raw)
        document = migrate(parsed.data, version, Options(config=True)).document
        found[name] = Fixture(name, render(document, parsed.layout), False)
    return tuple(found[name] for name in sorted(found, key=lambda name: (name[0].isdigit(), name)))


def fixture_path(name: str) -> Path:
    """Where the packed bytes of a fixture of `RECORDED` are."""
    return Path(_FOLDER, f"{name}.json.gz")


def _recorded(name: str) -> bytes:
    return gzip.decompress(fixture_path(name).read_bytes())
