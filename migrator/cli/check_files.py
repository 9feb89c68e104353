"""Check files in any process: what the rules find in each, and what tells its run from others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import count
from typing import TYPE_CHECKING, Final

from migrator.batch.discover import Source
from migrator.batch.load import Loaded, load_content, load_locked, read
from migrator.batch.read_files import Looking, Seen
from migrator.batch.redact_files import secret_places
from migrator.batch.runs import Mark, mark_of
from migrator.chain.names import metrics_of
from migrator.check import RULES, Finding, check, findings_in
from migrator.check.privacy import SECRETS, secrets_found
from migrator.check.rule import Subject
from migrator.errors import MigratorError
from migrator.files.packed import unpack
from migrator.identify import MIGRATABLE, Family, Identity
from migrator.jsonfile import Object, Parsed, parse
from migrator.values import NamedTuple

if TYPE_CHECKING:
    from migrator.check.remembered import Remembered
    from migrator.migration.shape import Shape

_FEW: Final = 4
"""Files after which shapes are worth their import."""
_LONGEST: Final = 200_000
"""Bytes of a file whose shape is remembered."""
_met = count()


class Checked(NamedTuple):
    """A file's family and, for an export, what the rules found in it, and what tells its run from others."""

    family: Family
    findings: list[Finding]
    mark: Mark | None = None


class Checking(Looking[Checked]):
    """[`Work`][migrator.batch.pool.Work] that applies rules to each file that passes the test `where`.

    Args:
        codes: the codes of the rules.
        where: the test; empty for none.
    """

    def __init__(self, codes: Sequence[str], where: str = "") -> None:
        super().__init__(partial(_checked, codes), where, to_look=True)
        self.codes = tuple(codes)

    def looked(self, source: Source) -> Seen[Checked] | None:
        """As of `Looking`; of an export whose shape was met before, by what is remembered of it."""
        if self.where or next(_met) < _FEW:
            return super().looked(source)
        content = read(source.path)
        sight = _sight(content) if isinstance(content, bytes) and len(content) <= _LONGEST else None
        if sight is None or not isinstance(content, bytes):
            loaded = load_locked(content, source.path, details=True)
            return Seen(source, self.look(source, loaded))
        parsed, shape = sight
        known = _remembered(self.codes)
        if found := known.findings(shape):
            return Seen(source, _of_export(parsed.data, *found))
        loaded = load_content(content, source.path, parsed=parsed)
        if loaded.identity.family not in MIGRATABLE:
            return Seen(source, self.look(source, loaded))
        subject = Subject.of(parsed.data, loaded.identity)
        findings = findings_in(subject, map(RULES.__getitem__, self.codes))
        known.learn(shape, subject, findings)
        return Seen(source, _of_export(parsed.data, loaded.identity, findings))


def _sight(raw: bytes) -> tuple[Parsed, Shape] | None:
    """A file that was parsed, and its shape; None for one that is damaged, too: what looks at it on its own tells."""
    from migrator.migration.shape import shape_of

    try:
        parsed = parse(unpack(raw))
    except MigratorError:
        return None
    shape = shape_of(parsed.data)
    return shape and (parsed, shape)


@lru_cache(maxsize=4)
def _remembered(codes: tuple[str, ...]) -> Remembered:
    """What was met in this process."""
    from migrator.check.remembered import Remembered

    return Remembered([RULES[code] for code in codes])


def _checked(codes: Sequence[str], source: Source, loaded: Loaded) -> Checked:
    family = loaded.identity.family
    if family not in MIGRATABLE:
        # The rules are about exports, but a secret may stand in any file of a run.
        places = secret_places(source.path, loaded) if SECRETS in codes else []
        return Checked(family, secrets_found(places))
    assert loaded.parsed is not None, "an export is one JSON document"
    findings = check(loaded.parsed, loaded.identity, rules=[RULES[code] for code in codes])
    return _of_export(loaded.parsed.data, loaded.identity, findings)


def _of_export(document: Object, identity: Identity, findings: list[Finding]) -> Checked:
    return Checked(identity.family, findings, mark_of(document, metrics_of(document, identity.version)))
