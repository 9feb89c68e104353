"""An operation that turns GPU telemetry from metric-first (GenAI-Perf) to GPU-first (AIPerf)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migrator.chain.operation import AddedField, Context
from migrator.chain.places import Field
from migrator.jsonfile import Json, Object
from migrator.ledger import Loss, Op

_TO: Final = "telemetry_data"


class Pivot:
    """`KEY.<metric>.<gpu>` becomes `telemetry_data.endpoints.NAME.gpus.<gpu>.metrics.<metric>`.

    The unit of a metric, which all its GPUs share, is repeated in each block. Telemetry of another shape, or beside
    `telemetry_data` that exists already, moves as a whole to the key `kept_as`, which no reader knows.

    Args:
        key: where the metrics stand in the older version.
        endpoint: the name of the endpoint that all GPUs get.
        table: old name of a GPU metric → new name; others keep theirs.
        kept_as: the key for telemetry that cannot be turned.
    """

    __slots__ = ("endpoint", "kept_as", "key", "table")

    def __init__(self, key: str, endpoint: str, table: dict[str, str], kept_as: str) -> None:
        self.key = key
        self.endpoint = endpoint
        self.table = table
        self.kept_as = kept_as

    def up(self, document: Object, context: Context) -> Object:
        """Gather the metrics of each GPU. The older shape has no name or identifier of a GPU, so none is added."""
        if self.key not in document:
            return document
        old = document[self.key]
        if _TO in document or not _is_regular(old, self.table):
            return self._set_aside(document, context)
        gpus: dict[str, Object] = {}
        for metric, by_gpu in old.items():
            name = self.table.get(metric, metric)
            for gpu, block in by_gpu.items():
                if gpu == "unit":
                    continue
                node = gpus.setdefault(gpu, {"metrics": {}})
                node["metrics"][name] = {"unit": by_gpu["unit"], **block}
                place = (*self._gpus, gpu, "metrics", name)
                context.note(Op.MOVE, (self.key, metric, gpu), Loss.EXACT, to=place)
                context.note(Op.ADD, (*place, "unit"), Loss.EXACT, after=by_gpu["unit"])
            context.note(Op.DROP, (self.key, metric, "unit"), Loss.DERIVABLE, before=by_gpu["unit"])
        new = {"endpoints": {self.endpoint: {"gpus": gpus}}}
        return {(_TO if name == self.key else name): (new if name == self.key else v) for name, v in document.items()}

    def down(self, document: Object, context: Context) -> Object:
        """Gather the GPUs of each metric. Telemetry that `up` cannot have made stays as it is."""
        if self.kept_as in document and self.key not in document:
            context.note(Op.RENAME, (self.kept_as,), Loss.EXACT, to=(self.key,))
            return {(self.key if name == self.kept_as else name): value for name, value in document.items()}
        gpus = self._gathered(document)
        if gpus is None or self.key in document:
            return document
        names = {new: old for old, new in self.table.items()}
        metrics: dict[str, Object] = {}
        for gpu, node in gpus.items():
            for name, block in node["metrics"].items():
                metric = names.get(name, name)
                by_gpu = metrics.setdefault(metric, {"unit": block["unit"]})
                by_gpu[gpu] = {key: value for key, value in block.items() if key != "unit"}
                place = (*self._gpus, gpu, "metrics", name)
                context.note(Op.DROP, (*place, "unit"), Loss.DERIVABLE, before=block["unit"])
                context.note(Op.MOVE, place, Loss.EXACT, to=(self.key, metric, gpu))
        return {(self.key if n == _TO else n): (metrics if n == _TO else v) for n, v in document.items()}

    def set_aside(self, document: Object, context: Context) -> Object:
        """The document with what `up` has made at `kept_as`, in the older shape, where no reader sees it."""
        if self.kept_as in document or not self.made(document):
            return document
        return self._set_aside(self.down(document, context), context)

    def made(self, document: Object) -> bool:
        """Whether the telemetry is of the shape that `up` makes."""
        return self.key not in document and self._gathered(document) is not None

    def present(self, document: Object) -> str:
        """Nothing: every AIPerf version has GPU-first telemetry."""
        return ""

    def describe(self, up: bool = True) -> str:
        """`turns telemetry_stats to telemetry_data, GPU by GPU`, and for the other direction metric by metric."""
        source, target, each = (self.key, _TO, "GPU") if up else (_TO, self.key, "metric")
        return f"turns {source} to {target}, {each} by {each}"

    def gains(self, up: bool) -> Mapping[Field, AddedField]:
        """None: both shapes have the values."""
        return {}

    def keys(self) -> frozenset[str]:
        """The key of the older shape, and the one for telemetry that cannot be turned."""
        return frozenset((self.key, self.kept_as))

    @property
    def _gpus(self) -> tuple[str, ...]:
        return (_TO, "endpoints", self.endpoint, "gpus")

    def _set_aside(self, document: Object, context: Context) -> Object:
        if self.kept_as in document:
            context.note(Op.KEEP, (self.key,), Loss.KEPT, note=f"{self.kept_as} is there too")
            return document
        context.note(Op.RENAME, (self.key,), Loss.EXACT, to=(self.kept_as,))
        return {(self.kept_as if name == self.key else name): value for name, value in document.items()}

    def _gathered(self, document: Object) -> Object | None:
        """The GPUs, if the telemetry is of exactly the shape that `up` makes; else None."""
        node: Json = document.get(_TO)
        for key in self._gpus[1:]:
            if type(node) is not dict or node.keys() != {key}:
                return None
            node = node[key]
        if type(node) is not dict or not node:
            return None
        units: dict[str, Json] = {}
        for gpu in node.values():
            if type(gpu) is not dict or not _is_plain(gpu.get("metrics")):
                return None
            if any(units.setdefault(name, block["unit"]) != block["unit"] for name, block in gpu["metrics"].items()):
                return None
        return node


def _is_regular(stats: Json, table: dict[str, str]) -> bool:
    """Whether every metric has a unit and, for at least one GPU, numbers; and no two get the same name."""
    if type(stats) is not dict or not stats or len({table.get(name, name) for name in stats}) < len(stats):
        return False
    return all(
        type(by_gpu) is dict
        and type(by_gpu.get("unit")) is str
        and len(by_gpu) > 1
        and all(
            gpu == "unit" or (type(block) is dict and block and "unit" not in block) for gpu, block in by_gpu.items()
        )
        for by_gpu in stats.values()
    )


def _is_plain(metrics: Json) -> bool:
    return type(metrics) is dict and bool(metrics) and all(type(b) is dict and "unit" in b for b in metrics.values())
