"""The table of field pairs names fields that are there, and a malformed line of it is refused."""

from __future__ import annotations

from typing import Final

import pytest
from support.configurations import Object

from migrator.config.field_pairs import DATASET, FIELD_PAIRS, PROFILING, READ_AS, RENAMED, WARMUP, parse_pairs
from migrator.config.release_models import reader


def test_every_pair_names_fields_that_are_there() -> None:
    user, benchmark = reader("0.8.0"), reader("0.13.0")
    heads = {DATASET: ["SyntheticDataset", "FileDataset", "PublicDataset"], WARMUP: PHASES, PROFILING: PHASES}
    for pair in FIELD_PAIRS:
        assert has_field(user.schemas, "UserConfig", pair.user), pair
        models = heads.get(pair.benchmark[0], ["BenchmarkConfig"])
        path = pair.benchmark[1:] if pair.benchmark[0] in heads else pair.benchmark
        assert any(has_field(benchmark.schemas, model, path) for model in models), pair
    for name in (*RENAMED, *READ_AS):
        assert has_field(reader(name.last).schemas, "UserConfig", name.old), name


PHASES: Final = [
    f"{kind}Phase" for kind in ("Concurrency", "Poisson", "Gamma", "Constant", "UserCentric", "FixedSchedule")
]


def has_field(models: Object, model: str, path: tuple[str, ...]) -> bool:
    """Whether a model, or one that a field of it refers to, has a field at a place."""
    schemas = [models[model]]
    for part in path:
        schemas = [field for schema in schemas for field in targets(schema.get("properties", {}).get(part), models)]
    return bool(schemas)


def targets(field: Object | None, models: Object) -> list[Object]:
    if field is None:
        return []
    if "$ref" in field:
        return targets(models[field["$ref"]], models)
    branches = field.get("anyOf", field.get("oneOf", []))
    return [found for branch in branches for found in targets(branch, models)] or [field]


def test_only_a_rate_is_in_two_pairs() -> None:
    twice = {
        pair.benchmark for pair in FIELD_PAIRS if sum(other.benchmark == pair.benchmark for other in FIELD_PAIRS) > 1
    }
    assert twice == {(PROFILING, "rate")}, "a rate is a request rate or a user-centric one, by the type of the phase"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("endpoint.type", "line 2: expected two names and perhaps a conversion, found 'endpoint.type'"),
        ("a.b c.d float more", "line 2: expected two names and perhaps a conversion"),
        ("a.b c.d floot", "line 2: expected one of float, .*, found 'floot'"),
        ("input.file datasets[0].other", "line 2: input.file has a line already"),
    ],
)
def test_a_malformed_line_of_the_pairs_is_refused(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^field pairs, {said}"):
        parse_pairs(f"input.file datasets[0].path\n{line}\n")
