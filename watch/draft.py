"""Drafts of the files that a new schema version, or a new release, needs: to be read and completed by a person.

What a source cannot tell is marked with `TODO`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from migrator.chain.places import GPUS, SUMMARY
from migrator.contracts.changes import Change, Kind
from migrator.schemas.shape import ANY
from migrator.upstream.shape import Found

_TYPES: Final = {
    "string": "base.Text",
    "integer": "base.Whole",
    "number": "base.Number",
    "boolean": "base.Flag",
    "array": "list[Any]",
    "object": "dict[str, Any]",
}
_NAMED_PLACES: Final = {".".join(GPUS): "GPUS", ".".join(SUMMARY): "SUMMARY"}
_MANY: Final = 3


def files(base: Found, new: Found, changes: list[Change]) -> dict[str, str]:
    """Name → text of each draft, as they are called in the repository.

    Args:
        base: what is known.
        new: the source that was read.
        changes: what is different in it.
    """
    fields = [change for change in changes if not change.of_metric and not _is_config(change.place)]
    drafts = {"releases.txt": _release_line(new)}
    if new.label != base.label:
        older, newer = _name(base.label), _name(new.label)
        drafts[f"migrator/chain/steps/s{older}_to_{newer}.py"] = "\n".join(_step(base, new, fields)) + "\n"
        drafts[f"migrator/schemas/v{newer}.py"] = "\n".join(_schema(base, new, fields)) + "\n"
    if metrics := _metrics(base, new):
        drafts["metrics.json"] = _json(metrics)
    if config := [change.as_dict() for change in changes if _is_config(change.place)]:
        drafts["reader_fields.json"] = _json(config)
    if recomputed := [change.place for change in changes if change.kind is Kind.REDEFINED]:
        drafts["definitions.json"] = _json([_definition(tag, new) for tag in recomputed])
    drafts["TODO.md"] = "\n".join(_todo(base, new, drafts)) + "\n"
    return drafts


def _name(label: str) -> str:
    return label.replace(".", "_")


def _is_config(place: str) -> bool:
    return place.partition(".")[0] == "input_config"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _release_line(new: Found) -> str:
    return f'    Release("{new.version}", "{new.label}", "vendor"),\n'


def _added(fields: Iterable[Change]) -> dict[str, list[str]]:
    """Place of an object, empty for the top → the new fields in it. What is in a list is not a place of an object."""
    found: dict[str, list[str]] = {}
    for change in fields:
        if change.kind is Kind.ADDED and "[" not in change.place:
            holder, _, key = change.place.rpartition(".")
            found.setdefault(holder, []).append(key)
    return found


def _step(base: Found, new: Found, fields: list[Change]) -> Iterator[str]:
    added = _added(fields)
    pairs = {change.before: change.after for change in fields if change.kind is Kind.RENAMED}
    gone = [change.place for change in fields if change.kind is Kind.REMOVED]
    places = sorted({_NAMED_PLACES[place] for place in added if place in _NAMED_PLACES})
    told = ", ".join(f"`{key}`" for keys in added.values() for key in keys) or "nothing outside of `input_config`"
    yield f'"""{base.label} → {new.label}: TODO (AIPerf {new.version})."""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    yield "from migrator.chain.operation import AddedField"
    kinds = ["Add", *(["Inverse"] if gone else []), *(["Rename"] if pairs else [])]
    yield f"from migrator.chain.ops import {', '.join(kinds)}"
    if places:
        yield f"from migrator.chain.places import {', '.join(places)}"
    yield "from migrator.chain.step import Step"
    yield ""
    yield "STEP = Step("
    yield f'    older="{base.label}",'
    yield f'    newer="{new.label}",'
    yield '    summary="TODO",'
    yield f'    reason="TODO: AIPerf {new.version} adds {told}.",'
    yield "    ops=("
    for place, keys in added.items():
        yield f"        Add({', '.join(_field(key) for key in keys)}{_at(place)}),"
    for change in gone:
        holder, _, key = change.rpartition(".")
        yield f"        Inverse(Add({_field(key)}{_at(holder)})),  # TODO: gone, or renamed to one of those above?"
    if pairs:
        yield f"        Rename({json.dumps(pairs, ensure_ascii=False)}),"
    yield "    ),"
    yield ")"


def _field(key: str) -> str:
    return f"AddedField({json.dumps(key)})"


def _at(place: str) -> str:
    if not place:
        return ""
    parts = place.split(".")
    written = "(" + ", ".join(json.dumps(part) for part in parts) + ("," if len(parts) == 1 else "") + ")"
    return f", at={_NAMED_PLACES.get(place, written)}"


def _schema(base: Found, new: Found, fields: list[Change]) -> Iterator[str]:
    older = f"v{_name(base.label)}"
    added = _added(fields)
    types = {key: _type(new, key) for key in added.get("", [])}
    yield f'"""{new.label} (AIPerf {new.version}): TODO."""'
    yield ""
    yield "from __future__ import annotations"
    yield ""
    yield f"from typing import {'Annotated, Any' if any('Any' in text for text in types.values()) else 'Annotated'}"
    yield ""
    yield f"from migrator.schemas import base, {older}"
    yield ""
    yield ""
    yield f"class Export({older}.Export):"
    yield f'    """A main export of version {new.label}."""'
    yield ""
    yield f'    schema_version: Annotated[str, base.Label("{new.label}")]'
    for key, text in types.items():
        yield f"    {key}: {text} | None = None"
    for place, keys in added.items():
        if place:
            yield f"    # TODO: {place} has {', '.join(keys)}."


def _type(new: Found, key: str) -> str:
    kinds = sorted(new.shape.places.get(key, frozenset({ANY})) - {"null"})
    return " | ".join(_TYPES.get(kind, "Any") for kind in kinds) or "Any"


def _metrics(base: Found, new: Found) -> dict[str, Any]:
    """Rows of the catalogue for the metrics that the source registers and the last one did not."""
    return {
        tag: {
            "type": metric.type,
            "unit": metric.unit or "TODO",
            "header": metric.header,
            "first_release": new.version,
            "last_release": new.version,
            "larger_is_better_flag": False,
        }
        for tag, metric in new.metrics.items()
        if tag not in base.metrics
    }


def _definition(tag: str, new: Found) -> dict[str, Any]:
    todo = dict.fromkeys(("before", "after", "condition", "weight"), "TODO")
    return {"tags": [tag], "since": new.version, **todo, "seen": "sources"}


def _todo(base: Found, new: Found, drafts: dict[str, str]) -> Iterator[str]:
    yield f"# AIPerf {new.version}, schema {new.label} (known: {base.version}, {base.label})"
    yield ""
    if new.label != base.label:
        yield "The label is new: see “A new schema version” of CONTRIBUTING.md. The drafts say what the wheel tells;"
        yield f"`golden/record/record.py {new.version}` records an export."
    else:
        yield "The label is known: see “A new release with a known version” of CONTRIBUTING.md."
    yield ""
    about = {
        "releases.txt": "the line of migrator/aiperf/releases.py; look at the names of GPU telemetry",
        "metrics.json": "rows of migrator/data/metrics.json: the unit is to be filled in, and the flag",
        "reader_fields.json": f"what changed in input_config; `golden/record/fields.py {new.version}` records it",
        "definitions.json": "metrics whose code changed: does the value, too? Else the row goes",
    }
    yield from (f"- [ ] {name}: {about.get(name, 'complete it, and move it there')}" for name in sorted(drafts))
    beside = sorted(set(new.beside) - set(base.beside))
    yield from (f"- [ ] {key}: set by the exporter, in no model: read what writes it" for key in beside)
