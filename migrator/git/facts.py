"""The content of one export as a list of facts, whose order and spelling depend on the content alone.

The document is brought to the newest version in memory, cleaned of secrets and of what is
[`volatile`][migrator.aiperf.volatile]. So the same measurement gives the same facts, whichever release wrote the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import floor, isfinite, log10
from typing import Final

from migrator.aiperf.metrics import STATISTICS, catalogue, is_block
from migrator.aiperf.units import convert, same_family
from migrator.aiperf.volatile import stable
from migrator.config.for_release import in_newest_dialect
from migrator.identify import MIGRATABLE, identify, not_an_export
from migrator.jsonfile import Json, Numeral, Path, parse_to_look, path_text
from migrator.migration.migrate import Options, migrate
from migrator.redact import redact
from migrator.render.safe import printable
from migrator.values import NamedTuple

DIGITS: Final = 5
"""Significant digits of a statistic. A change that they do not show is smaller than 0.01 %."""


class Fact(NamedTuple):
    """A setting (`value`), or a stats block (`unit` and `statistics`, absent ones left out).

    Attributes:
        section: the part of the export.
        name: its key or path in that part.
        value: of a setting, as text.
        title: of a metric, as AIPerf prints it.
        unit: of a metric.
        statistics: of a metric, by name; None for a setting.
    """

    section: str
    name: str
    value: str = ""
    title: str = ""
    unit: str = ""
    statistics: dict[str, Json] | None = None


def read_facts(raw: bytes) -> list[Fact]:
    """The facts of a main export of any version.

    Raises:
        MigratorError: not JSON, another family, or a broken shape.
    """
    document = parse_to_look(raw).data
    found = identify(document, details=False)
    if found.family not in MIGRATABLE:
        raise not_an_export(found.family)
    document, _ = redact(document)
    # What a version that is newer than known adds is shown as it is.
    document = in_newest_dialect(migrate(document, options=Options(newer_as_known=True), identity=found).document)
    return list(_sections(stable(document)))


def number_text(value: Json, digits: int | None = None) -> str:
    """A number as text: whole numbers in full, others with at least `digits` significant digits (None: all)."""
    if type(value) is bool or not isinstance(value, (int, float)):
        return printable(json.dumps(value, ensure_ascii=False))
    if isinstance(value, Numeral) and (not isfinite(value) or value.text.lstrip("-").isdigit()):
        return value.text
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # Overflowed in the catalogue's unit.
    if value == 0 or (abs(value) < 1e15 and value == int(value)):
        return str(int(value))
    if isinstance(value, int) or digits is None:
        return repr(value)
    magnitude = floor(log10(abs(value)))
    if -7 < magnitude < 15:
        return f"{value:.{max(0, digits - 1 - magnitude)}f}"
    return f"{value:.{digits - 1}e}"


_OWN_SECTIONS: Final = ("input_config", "warmup_metrics", "telemetry_data")


def _sections(document: dict[str, Json]) -> Iterator[Fact]:
    metrics = {name: value for name, value in document.items() if is_block(value)}
    other = {name: value for name, value in document.items() if name not in metrics and name not in _OWN_SECTIONS}
    config, warmup, telemetry = (document.get(name) for name in _OWN_SECTIONS)
    yield from _flat("run", other)
    yield from _flat("input_config", config)
    yield from _blocks("metrics", metrics)
    yield from _blocks("warmup_metrics", warmup)
    yield from _telemetry(telemetry)


def _telemetry(telemetry: Json) -> Iterator[Fact]:
    """A section for each GPU, so that its metrics need no long names."""
    hosts = telemetry.get("endpoints") if type(telemetry) is dict else None
    if type(hosts) is not dict:
        yield from _flat("telemetry_data", telemetry)
        return
    yield from _flat("telemetry_data", {key: value for key, value in telemetry.items() if key != "endpoints"})
    for host, content in sorted(hosts.items()):
        gpus = content.get("gpus") if type(content) is dict else None
        if type(gpus) is not dict:
            yield from _flat(f"telemetry_data {printable(host)}", content)
            continue
        for name, gpu in sorted(gpus.items()):
            section = f"telemetry_data {printable(host)} {printable(name)}"
            metrics = gpu.get("metrics") if type(gpu) is dict else None
            about = {key: value for key, value in gpu.items() if key != "metrics"} if metrics else gpu
            yield from _flat(section, about)
            yield from _blocks(section, metrics)


def _blocks(section: str, metrics: Json) -> Iterator[Fact]:
    """Stats blocks by their tags, after whatever else is in the object, as settings."""
    if type(metrics) is not dict:
        yield from _flat(section, metrics)
        return
    yield from _flat(section, {name: value for name, value in metrics.items() if not is_block(value)})
    for name in sorted(name for name, value in metrics.items() if is_block(value)):
        yield _block(section, name, metrics[name])


def _block(section: str, tag: str, block: dict[str, Json]) -> Fact:
    unit, known = block["unit"], catalogue().get(tag)
    names: list[str] = [name for name in STATISTICS if name in block]
    names += sorted(name for name in block if name not in STATISTICS and name != "unit")
    statistics = {name: block[name] for name in names if block[name] is not None}
    if known and unit != known.unit and same_family(unit, known.unit):
        statistics = {name: _converted(name, value, unit, known.unit) for name, value in statistics.items()}
        unit = known.unit
    shown = unit if type(unit) is str else json.dumps(unit)
    title = known.header if known else tag
    return Fact(section, printable(tag), "", printable(title), printable(shown), statistics)


def _converted(statistic: str, value: Json, unit: str, to: str) -> Json:
    if (
        statistic not in STATISTICS
        or statistic == "count"
        or type(value) is bool
        or not isinstance(value, (int, float))
    ):
        return value
    return convert(value, unit, to, difference=statistic == "std")


def _flat(section: str, node: Json) -> Iterator[Fact]:
    """Every leaf below a node as a setting, by name. Null means the same as absent."""
    if node is None or node == {}:
        return
    leaves = [(_name(path), path, value) for path, value in _leaves(node, ())]
    for name, path, value in sorted(leaves, key=lambda leaf: leaf[0]):
        if is_block(value):
            yield _block(section, str(path[-1]), value)._replace(name=name)
        else:
            yield Fact(section, name, _value(value))


def _leaves(node: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    if type(node) is dict and node and (not is_block(node) or not path):
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif type(node) is list and any(type(item) is dict for item in node):
        for label, value in zip(_labels(node), node, strict=True):
            yield from _leaves(value, (*path, label))
    elif node is not None:
        yield path, node


def _labels(items: list[Json]) -> list[str | int]:
    """What items are called: by their `name` where each has its own, so that a new one does not rename the others."""
    names = [item.get("name") if type(item) is dict else None for item in items]
    if all(type(name) is str for name in names) and len(set(names)) == len(names):
        return [str(name) for name in names]
    return list(range(len(items)))


def _name(path: Path) -> str:
    return printable(path_text(path)[1:].removeprefix("."))


def _value(value: Json) -> str:
    if type(value) is list:
        return "[" + ", ".join(map(_value, value)) + "]"
    return number_text(value)
