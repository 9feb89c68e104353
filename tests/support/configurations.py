"""Recorded exports, and their conversion for a release with every law that it must keep."""

from __future__ import annotations

from typing import Any, Final

from support.real_documents import EXPORTS, NAME
from support.replay import copied, node_at

from migrator.aiperf.releases import NIGHTLIES, RELEASES, release
from migrator.config.acceptance import rejections
from migrator.jsonfile import Parsed, fingerprint, parse, render
from migrator.ledger import Loss, Op
from migrator.migration.audit import unaccounted
from migrator.migration.goal import Goal
from migrator.migration.migrate import Migration, Options, migrate
from migrator.migration.residue import Residue
from migrator.redact import redact

FILES: Final = sorted(path.parent.relative_to(EXPORTS).as_posix() for path in EXPORTS.glob(f"*/*/{NAME}"))
TARGETS: Final = [entry.name for entry in RELEASES[1:]] + [entry.name for entry in NIGHTLIES]
"""Releases with a reader."""
Object = dict[str, Any]


def read(name: str) -> Parsed:
    """A recorded export, by `RELEASE/SCENARIO`."""
    return parse((EXPORTS / name / NAME).read_bytes())


def config_of(name: str) -> Object:
    """The configuration of a recorded export."""
    config: Object = read(name).data["input_config"]
    return config


def for_release(document: Object, name: str, *, save_residue: bool = False) -> Migration:
    """A document converted for a release."""
    found = release(name)
    assert found is not None
    return migrate(document, Goal(found.version, name), Options(save_residue=save_residue))


def holds(document: Object, name: str) -> Migration:
    """Convert a document for a release, check every law of such conversions, and return the conversion."""
    before = copied(document)
    done = for_release(document, name, save_residue=True)
    assert fingerprint(document) == fingerprint(before)
    assert rejections(done.document, name) == []
    assert unaccounted(document, done.document, done.ledger) == []
    assert fingerprint(for_release(document, name).document) == fingerprint(done.document)
    again = for_release(done.document, name)
    if fingerprint(again.document.get("input_config")) != fingerprint(done.document.get("input_config")):
        # A value of the wrong type is left out, and only the next conversion adds what the rest tells of it.
        dropped = [entry.path for entry in done.ledger if entry.op is Op.DROP]
        for entry in again.ledger:
            assert entry.op is Op.ADD
            assert any(path[: len(entry.path)] == entry.path for path in dropped)
        settled = for_release(again.document, name)
        assert fingerprint(settled.document.get("input_config")) == fingerprint(again.document.get("input_config"))
    if done.residue is not None:
        saved = Residue.from_bytes(done.residue.to_bytes("test"))
        back = migrate(done.document, saved.origin, Options(config=True), residue=saved)
        assert render(back.document) == render(redact(document)[0])
        assert back.ledger.by_op()[Op.CONFLICT] == 0
    return done


def lost(done: Migration) -> list[tuple[Any, ...]]:
    """The places in the configuration whose values were lost."""
    return [entry.path for entry in done.ledger if entry.loss is Loss.LOST and entry.path[0] == "input_config"]


def config_for(target: str, name: str, changes: dict[tuple[Any, ...], Any]) -> Migration:
    """A recorded export, some values of its configuration changed, converted for the release `target`."""
    document = copied(read(name).data)
    for place, value in changes.items():
        node_at(document["input_config"], place[:-1])[place[-1]] = value
    return for_release(document, target)
