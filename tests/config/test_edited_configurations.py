"""The laws of the translation, on recorded configurations that were edited at random."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.configurations import FILES, TARGETS, Object, config_of, holds, read
from support.replay import copied

from migrator.chain.steps import VERSIONS
from migrator.errors import RejectedError
from migrator.jsonfile import render
from migrator.migration.audit import unaccounted
from migrator.migration.migrate import Options, migrate
from migrator.redact import redact

odd = st.sampled_from(
    [None, 3, -1, 2.5, "x", True, [], {}, [1], ["a", 2], {"x": 1}, {"name": "n", "type": "synthetic"}]
)


@st.composite
def configurations(draw: st.DrawFn) -> Object:
    """A recorded export whose configuration was edited: fields gone, of other types, unknown, of the other family."""
    document: Object = copied(read(draw(st.sampled_from(FILES))).data)
    config = document["input_config"]
    for _ in range(draw(st.integers(1, 4))):
        holder = config
        while type(holder) is dict and holder and draw(st.booleans()):
            inner = holder[draw(st.sampled_from(sorted(holder)))]
            inner = inner[0] if type(inner) is list and inner else inner
            if type(inner) is not dict:
                break
            holder = inner
        fields = [*sorted(holder), "x_note", "loadgen", "phases", "datasets", "endpoint", "kind", "url"]
        name = draw(st.sampled_from(fields))
        if draw(st.booleans()):
            holder.pop(name, None)
        else:
            holder[name] = copied(draw(odd))
    if draw(st.integers(0, 9)) == 0:
        other = copied(config_of(draw(st.sampled_from(FILES))))
        document["input_config"] = {**config, **other}
    return document


@given(document=configurations(), target=st.sampled_from(TARGETS))
@settings(deadline=None)
def test_an_edited_configuration_loads_or_is_refused(document: Object, target: str) -> None:
    loads_or_is_refused(document, target)


def loads_or_is_refused(document: Object, target: str) -> None:
    with suppress(RejectedError):
        holds(document, target)


@pytest.mark.slow
@given(document=configurations(), target=st.sampled_from(TARGETS))
@settings(deadline=None, max_examples=3_000)
def test_an_edited_configuration_for_long(document: Object, target: str) -> None:
    loads_or_is_refused(document, target)


@given(document=configurations(), version=st.sampled_from(VERSIONS[1:]))
@settings(deadline=None)
def test_a_plain_target_keeps_what_no_release_knows(document: Object, version: str) -> None:
    done = migrate(document, version, Options(config=True, save_residue=True))
    assert unaccounted(document, done.document, done.ledger) == []
    if done.residue:
        back = migrate(done.document, done.residue.origin, Options(config=True), residue=done.residue)
        assert render(back.document) == render(redact(document)[0])
