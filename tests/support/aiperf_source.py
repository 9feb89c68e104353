"""Small source trees that look like AIPerf's, and change from one to the next."""

from __future__ import annotations

import zipfile
from pathlib import Path

from support.versions import NEWEST

_MODELS = """
from __future__ import annotations
from typing import Annotated, Any, ClassVar, Literal, Optional
from pydantic import BaseModel, Field, NonNegativeInt, RootModel
from aiperf.common.enums import Platform
from aiperf.config import BenchmarkConfig

Scores = dict[str, float]

class JsonMetricResult(BaseModel):
    unit: str
    avg: float | None = None

class Gpu(BaseModel):
    platform: Platform
    metrics: dict[str, JsonMetricResult]

class Names(RootModel[list[str]]):
    pass

class Base(BaseModel):
    schema_version: str | None = None
    _hidden: int = 0

class JsonExportData(Base):
    SCHEMA_VERSION: ClassVar[str] = "{label}"
    request_latency: JsonMetricResult | None = None
    gpus: dict[str, Gpu] | None = None
    names: Optional[Names] = None
    scores: Scores | None = None
    mode: Literal["a", "b"] = "a"
    histogram: dict[NonNegativeInt, NonNegativeInt] | None = Field(default=None)
    input_config: BenchmarkConfig | None = None
{fields}
"""
_CONFIG = """
from .base import BaseConfig

class Phase(BaseConfig):
    name: str
    inner: "Phase | None" = None

class BenchmarkConfig(BaseConfig):
    phases: list[Phase]
{config}
"""
_EXPORTER = """
from aiperf.common.models.export_models import JsonExportData

def export(results):
    data = JsonExportData(schema_version=JsonExportData.SCHEMA_VERSION)
    data.names = results.names
{exporter}
    return data
"""
_METRIC = '''
from aiperf.metrics.base import BaseRecordMetric

class LatencyMetric(BaseRecordMetric[int]):
    """How long."""
    tag = "request_latency"
    header = "Request Latency"

    def _parse_record(self, record):
        """{about}"""
        return {formula}
{metrics}
'''
_AGGREGATE = """
from aiperf.common.models.export_models import JsonExportData

def export():
    data = JsonExportData()
    data.aggregated = 1
"""


def tree(
    folder: Path,
    *,
    release: str = "0.14.0",
    label: str = NEWEST,
    fields: str = "",
    config: str = "",
    exporter: str = "",
    formula: str = "record.end - record.start",
    about: str = "The difference.",
    metrics: str = "",
) -> Path:
    """A source tree with these differences from the plain one; each text is lines of Python, indented as needed."""
    given = {"label": label, "fields": fields, "config": config, "exporter": exporter, "formula": formula}
    given |= {"about": about, "metrics": metrics}
    texts = {
        "aiperf/__init__.py": "",
        "aiperf/common/models/export_models.py": _MODELS,
        "aiperf/common/enums.py": "from enum import Enum\nclass Platform(str, Enum):\n    A = 'a'\n",
        "aiperf/config/__init__.py": "from aiperf.config.config import BenchmarkConfig\n",
        "aiperf/config/base.py": "from pydantic import BaseModel\nclass BaseConfig(BaseModel):\n    pass\n",
        "aiperf/config/config.py": _CONFIG,
        "aiperf/exporters/json_exporter.py": _EXPORTER,
        "aiperf/exporters/aggregate/exporter.py": _AGGREGATE,
        "aiperf/metrics/base.py": "class BaseRecordMetric:\n    pass\n",
        "aiperf/metrics/types/latency.py": _METRIC,
        "aiperf/odd.py": "class JsonExportData is not Python",
        "pyproject.toml": f'[project]\nname = "aiperf"\nversion = "{release}"\n',
    }
    for name, text in texts.items():
        for key, value in given.items():
            text = text.replace(f"{{{key}}}", value)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def wheel(source: Path, path: Path) -> Path:
    """A wheel of a source tree."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.rglob("*.py")):
            archive.write(file, file.relative_to(source).as_posix())
        archive.writestr("aiperf-0.14.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: aiperf\nVersion: 0.14.0\n")
    return path
