"""Which releases read a document as it is, and what one would reject it for."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from migrator.aiperf.metrics import is_block
from migrator.aiperf.releases import FIRST_READER, RELEASES, age
from migrator.config.conflicts import FieldChange, first_conflict
from migrator.config.json_schema import Misfit
from migrator.config.release_models import Reader, reader
from migrator.jsonfile import Json, Object


def rejections(document: Object, name: str, *, translated: bool = False) -> list[Misfit]:
    """What a release would reject a document for; empty if it reads it.

    With `translated`, the configuration was translated for that release, so its fields are not checked for conflicts.
    """
    target = reader(name)
    found = [misfit for misfit in target.models.matcher("").trim(document).misfits if misfit.rejected]
    if not translated and not found and (change := _conflict(document, target)) is not None:
        found.append(Misfit(("input_config", *change.place), change.why, True))
    return found


def is_read(document: Object, name: str) -> bool:
    """Whether a release reads a document: whether it has no [`rejections`][], which takes longer to say."""
    target = reader(name)
    return not target.models.matcher("").rejects(document) and _conflict(document, target) is None


def _conflict(document: Object, target: Reader) -> FieldChange | None:
    config = document.get("input_config")
    return first_conflict(config, target) if type(config) is dict else None


def read_by(document: Object) -> list[tuple[str, str]]:
    """The published releases that read a document as it is, as ranges of neighbours: (first, last), oldest first.

    That the dataset file of an export exists, which some releases check, is not checked here; see
    [`checked_file`][migrator.config.for_release.checked_file]. A document with its metrics under `records`, as 0.1.1
    writes them, loads in many releases, but no release sees a metric in it: it counts as read by none.
    """
    if "records" in document and not any(map(is_block, document.values())):
        return []
    # Every release reads every plain stats block, and to match each with each release takes most of the time.
    document = {key: value for key, value in document.items() if not _plain_block(value)}
    if type(telemetry := document.get("telemetry_data")) is dict:
        document["telemetry_data"] = _sampled(telemetry)
    ranges: list[tuple[str, str]] = []
    gap = True
    for entry in RELEASES:
        if age(entry.name) < age(FIRST_READER):
            continue
        if not is_read(document, entry.name):
            gap = True
        elif gap:
            ranges.append((entry.name, entry.name))
            gap = False
        else:
            ranges[-1] = (ranges[-1][0], entry.name)
    return ranges


def _sampled(telemetry: Object) -> Object:
    """Telemetry with one GPU of each kind: releases ask of GPUs which keys they have, and of which types."""
    endpoints = telemetry.get("endpoints")
    if type(endpoints) is not dict:
        return telemetry
    met: set[Hashable] = set()
    kept: Object = {}
    for url, endpoint in endpoints.items():
        gpus = endpoint.get("gpus") if type(endpoint) is dict else None
        if type(gpus) is dict:
            endpoint = {**endpoint, "gpus": {name: gpu for name, gpu in gpus.items() if _is_new(_kind(gpu), met)}}
        kept[url] = endpoint
    return {**telemetry, "endpoints": kept}


def _is_new(kind: Hashable, met: set[Hashable]) -> bool:
    known = kind in met
    met.add(kind)
    return not known


def _kind(value: Json) -> Hashable:
    """What a model that asks for keys and types can tell of a value: equal for two that it accepts alike."""
    if type(value) is dict:
        kinds = tuple(map(type, value.values()))
        if "unit" in value and _is_plain((*value, kinds)):
            return True
        return (*value, *map(_kind, value.values()))
    if type(value) is list:
        return (list, *map(_kind, value))
    whole = type(value) is float and value.is_integer()
    return type(value), whole


@lru_cache(maxsize=1024)
def _is_plain(shape: tuple[Any, ...]) -> bool:
    """Whether a stats block with these keys, and a tuple of the types of its values, is a plain one."""
    *keys, kinds = shape
    return all(kind is str if key == "unit" else kind in (int, float) for key, kind in zip(keys, kinds, strict=True))


def _plain_block(value: Json) -> bool:
    return is_block(value) and _is_plain((*value, tuple(map(type, value.values()))))
