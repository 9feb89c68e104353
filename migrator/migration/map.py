"""The whole line of versions as data: every step, operation, rename, default, loss and named source, as one document.

It is the declarations, serialised: nothing is written down here that is not declared elsewhere. What is code in a
declaration (a source that computes a value, a test of an object) has a name and its description; an interpreter brings
those few itself (`interop/migrate.mjs` does).
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from typing import Any, Final

from migrator._version import __version__
from migrator.aiperf.metrics import PERCENTILES, STATISTICS, catalogue
from migrator.aiperf.releases import NIGHTLIES, RELEASES
from migrator.chain.chain import Chain
from migrator.chain.families import BESIDE, MAIN, chain_of
from migrator.chain.metric_ops import Derive, Milliseconds, Units
from migrator.chain.nulls import NULLABLE, WRITTEN_AT
from migrator.chain.operation import AddedField, Operation
from migrator.chain.ops import Add, InDialect, Inverse, OneWay, Rename, Unnest
from migrator.chain.pivot import Pivot
from migrator.chain.places import BLOCK
from migrator.chain.step import Step
from migrator.chain.steps import FIRST_LABELLED, NEWEST
from migrator.chain.within import Within
from migrator.config.field_pairs import FIELD_PAIRS, FieldPair

FORMAT: Final = "1"
"""The edition of the document's form; a change that an interpreter must know of gets the next one."""

Data = dict[str, Any]


def the_map() -> Data:
    """The line of main exports, the lines of the files beside them, and what their operations refer to."""
    named: dict[str, str] = {}
    return {
        "format": f"aiperf-migrate map {FORMAT}",
        "tool": f"aiperf-migrate {__version__}",
        "newest": NEWEST,
        "first_labelled": FIRST_LABELLED,
        "block": BLOCK,
        "releases": [entry._asdict() for entry in RELEASES],
        "nightlies": [entry._asdict() for entry in NIGHTLIES],
        "lines": [_line(chain, named) for chain in (MAIN, *map(chain_of, BESIDE))],
        "nulls": {"versions": sorted(WRITTEN_AT), "metrics": list(NULLABLE)},
        "statistics": list(STATISTICS),
        "percentiles": list(PERCENTILES),
        "metrics": {tag: metric._asdict() for tag, metric in catalogue().items()},
        "input_config": [_pair(pair) for pair in FIELD_PAIRS],
        "code": dict(sorted(named.items())),
    }


def map_schema() -> Data:
    """The JSON Schema (draft 2020-12) of [`the_map`][]."""
    with open(os.path.join(os.path.dirname(__file__), os.pardir, "data", "map.schema.json"), "rb") as file:
        schema: Data = json.load(file)
    return schema


def _line(chain: Chain, named: dict[str, str]) -> Data:
    return {
        "family": chain.name,
        "versions": list(chain.versions),
        "labelled": chain.labelled,
        "entry": _step(chain.entry, named) if chain.entry else None,
        "steps": [_step(step, named) for step in chain.steps],
    }


def _step(step: Step, named: dict[str, str]) -> Data:
    return {
        "older": step.older,
        "newer": step.newer,
        "summary": step.summary,
        "reason": step.reason,
        "operations": [_operation(op, named) for op in step.ops],
    }


def _pair(pair: FieldPair) -> Data:
    return {"user": list(pair.user), "benchmark": list(pair.benchmark)}


def _operation(op: Operation, named: dict[str, str]) -> Data:
    """An operation as data: `op` names its kind, `about` says what it does upwards."""
    kind, details = _details(op, named)
    return {"op": kind, **details, "about": op.describe()}


def _details(op: Operation, named: dict[str, str]) -> tuple[str, Data]:
    match op:
        case Add():
            return "add", {"at": list(op.at), "fields": [_field(field, named) for field in op.fields]}
        case Rename():
            remarks = {new: note for new in op.table.values() if op.remark and (note := op.remark(new))}
            unless = _code(op.unless, named)
            return "rename", {"at": list(op.at), "table": op.table, "unless": unless, "remarks": remarks}
        case Unnest():
            return "unnest", {"key": op.key}
        case Units():
            table = {tag: list(pair) for tag, pair in op.table.items()}
            others = {tag: list(units) for tag, units in op.others.items()}
            return "units", {"table": table, "others": others, "proof": _code(op.proof, named)}
        case Milliseconds():
            return "milliseconds", {"metrics": list(op.tags)}
        case Derive():
            source = _code(op.source, named)
            return "derive", {"metric": op.tag, "source": source, "of": list(op.of), "after": list(op.after)}
        case Pivot():
            return "pivot", {"key": op.key, "endpoint": op.endpoint, "table": op.table, "kept_as": op.kept_as}
        case InDialect():
            ways = {"entering_up": op.entering_up, "entering_down": op.entering_down}
            return "in_dialect", {**ways, "of": _operation(op.of, named)}
        case Inverse():
            return "inverse", {"of": _operation(op.of, named)}
        case OneWay():
            return "one_way", {"of": _operation(op.of, named)}
        case Within():
            return "within", {"at": list(op.at), "of": _operation(op.of, named)}
    raise TypeError(f"the map has no form for the operation {type(op).__name__}")


def _field(field: AddedField, named: dict[str, str]) -> Data:
    return {
        "key": field.key,
        "source": _code(field.source, named),
        "default": None if field.nullable else "absent",
        "after": list(field.after),
        "loss": field.loss.value,
    }


def _code(function: Callable[..., Any] | None, named: dict[str, str]) -> str | None:
    """The name of a function, which is noted with what it does; None for none.

    Raises:
        ValueError: two functions have one name, or one has no docstring.
    """
    if function is None:
        return None
    module = function.__module__.rpartition(".")[2]
    name = f"{module}.{function.__name__.strip('_')}"
    about = inspect.getdoc(function)
    if about is None:
        raise ValueError(f"{name} is part of the map and does not say what it does: it needs a docstring")
    if named.setdefault(name, about) != about:
        raise ValueError(f"two functions of the map are called {name}")
    return name
