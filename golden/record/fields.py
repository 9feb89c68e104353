"""Record which fields AIPerf releases read: `python golden/record/fields.py RELEASE …`.

Each release is installed in an environment of its own, as for recording, and asked for the JSON Schema of the model
with which it reads exports. The result goes into `migrator/data/reader_fields.json`: for each part of that model its
variants, each with the releases that have it. Properties stay in the order in which the release writes them;
descriptions, titles and defaults are left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

if __package__ in (None, ""):  # Run as a script: the repository's root is not on the path.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from golden.record.environment import aiperf, cache_folder
from migrator.aiperf.releases import age

DATA: Final = Path(__file__).resolve().parents[2] / "migrator" / "data" / "reader_fields.json"
_ASK: Final = (
    "import json, sys\n"
    "from aiperf.common.models.export_models import JsonExportData as model\n"
    "json.dump(model.model_json_schema(by_alias=False), sys.stdout)\n"
)
_DROPPED: Final = frozenset({"title", "description", "examples", "default", "discriminator", "format"})


def schema_of(release: str) -> dict[str, Any]:
    """The JSON Schema of the export model of a release, with the names of fields as it writes them.

    Raises:
        InstallationError: the release cannot be installed.
        CalledProcessError: the release has no such model.
    """
    python = aiperf(release, cache_folder()).with_name("python")
    answer = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=True)
    schema: dict[str, Any] = json.loads(answer.stdout)
    return schema


def models(schema: dict[str, Any]) -> dict[str, Any]:
    """The models in a JSON Schema, by name; `""` is the export itself."""
    found: dict[str, Any] = {"": _plain({key: value for key, value in schema.items() if key != "$defs"})}
    waiting = [found[""]]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found:
                found[name] = _plain(schema["$defs"][name])
                waiting.append(found[name])
    return found


def merged(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The models of all releases in one table.

    Args:
        schemas: release → its models by name, as [`models`][] gives them.

    Returns:
        `{"releases": […], "models": {name: [{"releases": […], "schema": {…}}, …]}}`, releases oldest first.
    """
    releases = sorted(schemas, key=age)
    table: dict[str, list[dict[str, Any]]] = {}
    for release in releases:
        for name, schema in sorted(schemas[release].items()):
            variants = table.setdefault(name, [])
            same = next((v for v in variants if json.dumps(v["schema"]) == json.dumps(schema)), None)
            if same is None:
                variants.append({"releases": [release], "schema": schema})
            else:
                same["releases"].append(release)
    return {"releases": releases, "models": table}


def split(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The inverse of [`merged`][]: release → its models by name."""
    return {
        release: {
            name: variant["schema"]
            for name, variants in table["models"].items()
            for variant in variants
            if release in variant["releases"]
        }
        for release in table["releases"]
    }


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain: dict[str, Any] = {}
    for key, value in node.items():
        if key == "properties":
            plain[key] = {name: _plain(item) for name, item in value.items()}
        elif key == "$ref":
            plain[key] = value.rpartition("/")[2]
        elif key not in _DROPPED:
            plain[key] = _plain(value)
    return plain


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [name for value in node.values() for name in _references(value)]


def write(table: dict[str, Any]) -> None:
    """Store the table, a variant a line, so that what a release changes can be reviewed."""
    lines = []
    for name, variants in table["models"].items():
        rows = ",\n".join("  " + json.dumps(variant, separators=(",", ":")) for variant in variants)
        lines.append(f"{json.dumps(name)}: [\n{rows}\n]")
    body = ",\n".join(lines)
    DATA.write_text(f'{{"releases": {json.dumps(table["releases"])},\n"models": {{\n{body}\n}}}}\n')


def main(releases: Sequence[str]) -> int:
    """Add releases to the table; those that it has already are recorded anew."""
    known = split(json.loads(DATA.read_text())) if DATA.exists() else {}
    write(merged(known | {release: models(schema_of(release)) for release in releases}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
