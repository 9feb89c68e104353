"""What is known about a file."""

from __future__ import annotations

from typing import Any

from migrator.aiperf.records import REBUILT
from migrator.aiperf.releases import Dialect
from migrator.chain.chain import Chain
from migrator.chain.families import MAIN, chain_of
from migrator.identify.families import BESIDE, Family
from migrator.values import NamedTuple


class Identity(NamedTuple):
    """What is known about a file.

    `version` is that of its content, `label` its `schema_version` (None: no label); they differ in a mislabelled file.
    `versions` has more than one where nothing tells them apart: without telemetry 0.2 and 0.3 are the same. `dialect`
    is that of its telemetry names, `config` the name of the family of `input_config`. `writer` is the release named
    in the file, `writers` are all releases that can have written it; none where nothing tells. `migrated` and
    `from_source` are those of its [`Origin`][migrator.identify.writer.Origin]. `newer` marks a minor version that is
    newer than the known ones: it can be read, but only migrated as if it were the newest of them
    ([`as_known`][migrator.identify.as_known]), which `assumed` marks. `non_metric_keys` are the top-level keys without
    a stats block. `predecessor` marks an export of AIPerf's shape that came from GenAI-Perf. The version of
    GenAI-Perf's exports is `genai-perf`; other families have no version.
    """

    family: Family
    version: str = ""
    label: str | None = None
    versions: tuple[str, ...] = ()
    dialect: Dialect | None = None
    config: str = ""
    writer: str = ""
    writers: tuple[str, ...] = ()
    migrated: bool | None = None
    from_source: bool | None = None
    newer: bool = False
    assumed: bool = False
    predecessor: bool = False
    non_metric_keys: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def chain(self) -> Chain:
        """The chain of its family; that of exports for a family without one."""
        return MAIN if self.family is Family.EXPORT else chain_of(self.family.value)

    @property
    def rebuilt(self) -> bool:
        """Whether this tool made the export from records: AIPerf wrote none."""
        return REBUILT in self.non_metric_keys

    @property
    def mislabelled(self) -> bool:
        """Whether the label names another version than the content."""
        return self.label is not None and self.label != self.version and not (self.newer or self.assumed)

    @property
    def told_version(self) -> str:
        """The version for people: of a newer one that is taken for a known one, the label."""
        return self.label if self.assumed and self.label else self.version

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        row: dict[str, Any] = {"family": self.family.value}
        if self.family in BESIDE and self.version:
            row["version"] = self.version
        if self.family is Family.EXPORT:
            row |= {
                "version": self.version,
                "versions": list(self.versions),
                "label": self.label,
                "dialect": self.dialect,
                "input_config": self.config or None,
                "writer": self.writer or None,
                "writers": list(self.writers),
                "migrated": self.migrated,
                "from_source": self.from_source,
                "newer_than_known": self.newer,
            }
            if self.rebuilt:
                row["rebuilt"] = True
        return row | {"evidence": list(self.evidence)}
