"""What is accepted without pydantic is what the models accept: nothing else, and nearly all that is right."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError, field_validator
from support.versions import NEWEST, UNKNOWN

from migrator.chain.steps import VERSIONS
from migrator.identify import identify
from migrator.jsonfile import at, parse
from migrator.migration.migrate import migrate
from migrator.schemas import base, described, model, violations
from migrator.schemas.accept import accepts

EXPORTS = Path(__file__).parents[2] / "golden" / "exports"
MAIN_EXPORTS = sorted(EXPORTS.rglob("profile_export_aiperf.json"))
SMALL = sorted(MAIN_EXPORTS, key=lambda path: path.stat().st_size)[:: max(1, len(MAIN_EXPORTS) // 12)]
DOCUMENTS = [parse(path.read_bytes()).data for path in SMALL]

FOREIGN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**60),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["\ud800", "2026-11-24T01:50:35", "2026-11-24", NEWEST, "unit"]),
    st.sampled_from([[], {}, {"unit": 1}, {"unit": "ms"}, {"unit": "ms", "avg": "1"}, {"unit": "ms", "count": 1.5}]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def fits(version: str, document: Any) -> bool:
    """What the models say."""
    try:
        model(version).model_validate(document)
    except ValidationError:
        return False
    return True


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [above]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*above, key))
    return found


PLACES = [places(document) for document in DOCUMENTS]


@pytest.mark.parametrize("path", MAIN_EXPORTS, ids=lambda path: path.parent.relative_to(EXPORTS).as_posix())
def test_every_real_export_is_accepted(path: Path) -> None:
    document = parse(path.read_bytes()).data
    assert all(accepts(version, document) for version in identify(document).versions)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_migration_is_accepted_and_none_of_another_label(version: str) -> None:
    for document in DOCUMENTS:
        migrated = migrate(document, version).document
        assert accepts(version, migrated)
        for other in VERSIONS:
            assert not accepts(other, migrated) or fits(other, migrated)


@given(data=st.data(), version=st.sampled_from(VERSIONS), value=FOREIGN, key=st.text(max_size=3))
def test_what_is_accepted_fits_the_model(data: st.DataObject, version: str, value: Any, key: str) -> None:
    """A green light on a broken file is the worst that could happen here."""
    which = data.draw(st.integers(0, len(DOCUMENTS) - 1))
    *above, last = data.draw(st.sampled_from(PLACES[which][1:]))
    document = deepcopy(DOCUMENTS[which])
    node = at(document, tuple(above))
    node[last] = value
    if isinstance(node, dict) and data.draw(st.booleans()):
        node[key] = value
    for label in {identify(DOCUMENTS[which]).version, version}:
        assert not accepts(label, document) or fits(label, document)


@pytest.mark.parametrize(
    "changed",
    [
        {"start_time": "yesterday"},
        {"was_cancelled": 0},
        {"telemetry_data": []},
        {"error_summary": [{"count": 1.5}]},
        {"error_summary": {}},
        {"my_metric": {"unit": None}},
        {"my_metric": {"unit": "ms", "p50": True}},
        {"input_config": [1]},
        {"\ud800": 1},
        {"schema_version": UNKNOWN},
        {"pooled_spec_decode_acceptance_histogram": {"1": -1}},
    ],
)
def test_what_does_not_fit_is_not_accepted(changed: dict[str, Any]) -> None:
    right = {"schema_version": NEWEST}
    assert accepts(NEWEST, right)
    assert not accepts(NEWEST, right | changed)
    assert violations(NEWEST, right | changed)


def test_a_label_is_required_where_a_version_has_one() -> None:
    assert not accepts(NEWEST, {})
    assert not accepts(NEWEST, [])
    assert not accepts(UNKNOWN, {"schema_version": UNKNOWN}), "what is not in the table is left to the models"


def test_a_sound_block_is_not_looked_at_again() -> None:
    block = {"unit": 3}
    document = {"schema_version": NEWEST, "mine": block}
    assert accepts(NEWEST, document, frozenset({id(block)}))
    assert not accepts(NEWEST, document)
    assert not accepts(NEWEST, {"schema_version": NEWEST, "telemetry_data": [block]}, frozenset({id(block)}))


def test_a_check_of_what_fits_needs_no_pydantic() -> None:
    document = {"schema_version": NEWEST}
    code = f"import sys; from migrator.schemas import violations; violations({NEWEST!r}, {document!r})"
    done = subprocess.run([sys.executable, "-c", f"{code}; sys.exit('pydantic' in sys.modules)"], check=False)
    assert done.returncode == 0


class Checked(base.Open):
    one: base.Text | None = None

    @field_validator("one")
    @classmethod
    def _of_one(cls, value: Any) -> Any:
        return value


class Closed(BaseModel):
    one: base.Text | None = None


class Bounded(base.Open):
    one: Annotated[int, "at most 3"]


@pytest.mark.parametrize("unlike", [Checked, Closed, Bounded])
def test_a_model_that_the_table_cannot_tell_is_refused(unlike: type[BaseModel]) -> None:
    """Else the table would say less than the model, and `check` would pass what the model does not."""
    with pytest.raises(TypeError):
        described._model(unlike, {})
