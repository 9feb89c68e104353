"""GPU telemetry turned from metric-first, as GenAI-Perf has it, to GPU-first, as AIPerf does: an operation."""

from __future__ import annotations

from typing import Final

from migrator.chain.ops import Move
from migrator.chain.places import Field
from migrator.jsonfile import Json, Object
from migrator.ledger import Loss, Op

_TO: Final = "telemetry_data"


class Pivot:
    """`KEY.<metric>.<gpu>` becomes `telemetry_data.endpoints.NAME.gpus.<gpu>.metrics.<metric>`.

    The unit, which all GPUs of a metric share, is repeated in each block. What is shaped otherwise, or would meet
    telemetry that is there already, moves as a whole to `kept_as`, where nothing reads it.
    """

    __slots__ = ("endpoint", "kept_as", "key", "table")

    def __init__(self, key: str, endpoint: str, table: dict[str, str], kept_as: str) -> None:
        self.key = key
        self.endpoint = endpoint
        self.table = table
        self.kept_as = kept_as

    def up(self, document: Object, move: Move) -> Object:
        """Gather the metrics of each GPU; a GPU has no name or identifier in the old shape, and gets none."""
        if self.key not in document:
            return document
        old = document[self.key]
        if _TO in document or not _is_regular(old, self.table):
            return self._set_aside(document, move)
        gpus: dict[str, Object] = {}
        for metric, by_gpu in old.items():
            name = self.table.get(metric, metric)
            for gpu, block in by_gpu.items():
                if gpu == "unit":
                    continue
                node = gpus.setdefault(gpu, {"metrics": {}})
                node["metrics"][name] = {"unit": by_gpu["unit"], **block}
                place = (*self._gpus, gpu, "metrics", name)
                move.note(Op.MOVE, (self.key, metric, gpu), Loss.EXACT, to=place)
                move.note(Op.ADD, (*place, "unit"), Loss.EXACT, after=by_gpu["unit"])
            move.note(Op.DROP, (self.key, metric, "unit"), Loss.DERIVABLE, before=by_gpu["unit"])
        new = {"endpoints": {self.endpoint: {"gpus": gpus}}}
        return {(_TO if name == self.key else name): (new if name == self.key else v) for name, v in document.items()}

    def down(self, document: Object, move: Move) -> Object:
        """The same the other way; anything but what `up` makes stays as it is."""
        if self.kept_as in document and self.key not in document:
            move.note(Op.RENAME, (self.kept_as,), Loss.EXACT, to=(self.key,))
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
                move.note(Op.DROP, (*place, "unit"), Loss.DERIVABLE, before=block["unit"])
                move.note(Op.MOVE, place, Loss.EXACT, to=(self.key, metric, gpu))
        return {(self.key if n == _TO else n): (metrics if n == _TO else v) for n, v in document.items()}

    def present(self, document: Object) -> str:
        """Nothing: GPU-first telemetry is every AIPerf version's shape."""
        return ""

    def describe(self) -> str:
        """`turns telemetry_stats to telemetry_data, GPU by GPU`."""
        return f"turns {self.key} to {_TO}, GPU by GPU"

    def gains(self, up: bool) -> frozenset[Field]:
        """None: both sides have the values."""
        return frozenset()

    @property
    def _gpus(self) -> tuple[str, ...]:
        return (_TO, "endpoints", self.endpoint, "gpus")

    def _set_aside(self, document: Object, move: Move) -> Object:
        if self.kept_as in document:
            move.note(Op.KEEP, (self.key,), Loss.KEPT, note=f"{self.kept_as} is there too")
            return document
        move.note(Op.RENAME, (self.key,), Loss.EXACT, to=(self.kept_as,))
        return {(self.kept_as if name == self.key else name): value for name, value in document.items()}

    def _gathered(self, document: Object) -> Object | None:
        """The GPUs, if the telemetry is nothing but what `up` makes."""
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
