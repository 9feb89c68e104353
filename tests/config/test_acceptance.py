"""Which releases read a file with many GPUs is found out from one GPU of each kind."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growth import TIMES, is_linear

from benchmarks.measure import GOLDEN
from migrator.aiperf.releases import FIRST_READER, RELEASES, age
from migrator.config.acceptance import is_read, read_by, rejections
from migrator.config.release_models import readers

RUN = GOLDEN / "0.13.0" / "chat-streaming" / "profile_export_aiperf.json"
_ASKED = {"type", "anyOf", "required", "additionalProperties", "properties", "items", "$ref"}


def document() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(RUN.read_bytes())
    return found


def gpus(found: dict[str, Any]) -> dict[str, Any]:
    endpoint = next(item for item in found["telemetry_data"]["endpoints"].values() if item["gpus"])
    inside: dict[str, Any] = endpoint["gpus"]
    return inside


def with_gpus(count: int) -> dict[str, Any]:
    found = document()
    inside = gpus(found)
    one = next(iter(inside.values()))
    inside.update({f"gpu_{number}": {**copy.deepcopy(one), "gpu_index": number} for number in range(count)})
    return found


def reads(found: dict[str, Any]) -> set[str]:
    names = [entry.name for entry in RELEASES if age(entry.name) >= age(FIRST_READER)]
    told = {name for first, last in read_by(found) for name in names if age(first) <= age(name) <= age(last)}
    assert told == {name for name in names if not rejections(found, name)}
    return told


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gpu_index", "one"),
        ("gpu_index", 1.5),
        ("gpu_index", 2.0),
        ("gpu_name", None),
        ("metrics", []),
        ("metrics", {"nvidia_power_usage": {"unit": "W", "avg": "many"}}),
        ("metrics", {"nvidia_power_usage": {"unit": 1, "avg": 2.0}}),
        ("metrics", {"nvidia_power_usage": {"unit": "W", "avg": None}}),
        ("namespace", 5),
        ("platform", 5),
    ],
)
def test_one_gpu_of_many_that_a_release_rejects_is_found(key: str, value: Any) -> None:
    found = with_gpus(20)
    assert reads(found)
    list(gpus(found).values())[13][key] = value
    reads(found)


def test_a_gpu_without_a_key_of_many_is_found() -> None:
    found = with_gpus(20)
    for key in ("gpu_uuid", "metrics", "platform"):
        del list(gpus(found).values())[7][key]
        reads(found)


def test_releases_ask_of_telemetry_only_for_keys_and_types() -> None:
    """Two GPUs with the same keys and types are accepted alike only as long as this holds."""
    for found in readers():
        met: set[str] = set()
        schemas = [found.fields("").get("telemetry_data", {})]
        while schemas:
            schema = schemas.pop()
            assert schema.keys() <= _ASKED
            inner = [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]
            inner += [schema[key] for key in ("additionalProperties", "items") if type(schema.get(key)) is dict]
            if (name := schema.get("$ref")) and name not in met:
                met.add(name)
                inner.append(found.schemas[name])
            schemas += inner


def test_many_gpus_take_linear_time() -> None:
    assert is_linear(read_by, with_gpus(200), with_gpus(200 * TIMES))


DOCUMENTS = [orjson.loads(path.read_bytes()) for path in sorted(GOLDEN.glob("*/*/profile_export_aiperf.json"))[::6]]


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for key, item in items for place in places(item, (*above, key)))]


@given(
    data=st.data(),
    document=st.sampled_from(DOCUMENTS),
    value=st.sampled_from([None, 1, -1, 2.5, "", "none", True, [], {}, [1], {"type": "file"}, [{"type": "poisson"}]]),
    name=st.sampled_from([reader.release for reader in readers()]),
)
def test_whether_a_release_reads_a_document_is_what_its_rejections_say(
    data: st.DataObject, document: dict[str, Any], value: Any, name: str
) -> None:
    document = copy.deepcopy(document)
    of_config = st.sampled_from(places(document["input_config"], ("input_config",)))
    *above, last = data.draw(st.one_of(of_config, st.sampled_from(places(document)[1:])))
    node: Any = document
    for part in above:
        node = node[part]
    node[last] = value
    if isinstance(node, dict) and data.draw(st.booleans()):
        node["not_known"] = value
    assert is_read(document, name) is not bool(rejections(document, name))


def test_every_recorded_document_is_read_as_its_rejections_say() -> None:
    for document in DOCUMENTS:
        if "records" not in document:
            reads(document)
