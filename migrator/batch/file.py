"""A file that was read, and what is worked out about it when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from migrator.aiperf.releases import version_key
from migrator.batch import paths
from migrator.chain.names import metrics_of
from migrator.chain.requests import Failure, Requests, requests_of
from migrator.chain.steps import NEWEST
from migrator.errors import MigratorError
from migrator.identify import BESIDE, MIGRATABLE, SEVERAL, Family, Identity
from migrator.jsonfile import Json, Object, Path

if TYPE_CHECKING:
    from migrator.batch.runs import Place


class File:
    """A file that was read, and what is worked out about it when it is asked for.

    Args:
        identity: what it is.
        document: its content; None for a file with one document a line.
        path: where it is.
        relative: its place below the folder that was named.
    """

    def __init__(self, identity: Identity, document: Json, path: str = "", relative: str = "") -> None:
        self.identity = identity
        self.document: Object = document if type(document) is dict else {}
        self.path = path
        self.relative = relative or path

    @cached_property
    def run(self) -> Object:
        """The document of an export; empty for another family."""
        return self.document if self.identity.family in MIGRATABLE else {}

    @cached_property
    def metrics(self) -> Object:
        """The object that holds the stats blocks."""
        return metrics_of(self.run, self.identity.version)

    @cached_property
    def phase(self) -> str:
        """The phase that it is the export of; empty for the export of a run."""
        from migrator.batch.runs import phase_of

        return phase_of(self.path, self.run) if self.path and self.run else ""

    @cached_property
    def place(self) -> Place:
        """Its place among the runs of one command."""
        from migrator.batch.runs import place_of

        return place_of(self.run)

    @cached_property
    def workload(self) -> Mapping[str, Json]:
        """What was measured, by the names of [`FACTS`][migrator.batch.workload.FACTS]."""
        from migrator.batch.workload import workload

        return workload(self.run, self.phase) if self.run else self._of_several

    @property
    def _of_several(self) -> Mapping[str, Json]:
        """What an aggregate says of its runs: the model, and what a sweep varied."""
        about = self.document.get("metadata")
        if self.identity.family not in (Family.AGGREGATE, Family.COLLATED) or type(about) is not dict:
            return {}
        varied = about.get("variation_values")
        told = {key.rpartition(".")[2]: value for key, value in (varied if type(varied) is dict else {}).items()}
        return {"model": about.get("model"), "concurrency": told.get("concurrency"), "request rate": told.get("rate")}

    @property
    def evidence(self) -> str:
        """What its numbers rest on: `run`, or the family of a file about several; empty for other files."""
        if self.run:
            return "run"
        return self.identity.family.value if self.identity.family in SEVERAL else ""

    @property
    def runs(self) -> int | None:
        """How many runs it is about, where it says so."""
        if self.run:
            return 1
        about = self.document.get("metadata")
        told = about.get("num_successful_runs") if type(about) is dict else None
        told = self.document.get("num_successful_runs") if self.identity.family is Family.SWEEP else told
        return told if self.evidence and type(told) is int else None

    @cached_property
    def requests(self) -> Requests:
        """How the requests ended."""
        return requests_of(self.run, self.identity.version)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The failed requests by kind."""
        return self.requests.failures if self.run else ()

    @property
    def load(self) -> str:
        """The load in short."""
        from migrator.batch.workload import load_of

        return load_of(self.workload)

    @property
    def is_old(self) -> bool:
        """Whether a migration would bring it to a newer version."""
        family, version = self.identity.family, self.identity.version
        if family is Family.GENAI_PERF:
            return True
        if family in BESIDE:
            return bool(version) and self._is_old_beside
        return bool(version) and version_key(version) < version_key(NEWEST)

    @cached_property
    def _is_old_beside(self) -> bool:
        """Whether a file beside an export changes on the way to the newest version: between some versions none does."""
        from migrator.migration.goal import Goal, is_at
        from migrator.migration.migrate import Options, migrate

        if is_at(self.identity.chain, Goal(NEWEST), self.identity.version):
            return False
        if not self.document:
            # Of a file with one document a line, only what it is has been read.
            return True
        options = Options(config=True, keep_secrets=True)
        try:
            return migrate(self.document, NEWEST, options, identity=self.identity).changed
        except MigratorError:
            return False

    @cached_property
    def newest(self) -> Object:
        """The export as it would be at the newest version; empty where that cannot be, and for another family."""
        from migrator.migration.migrate import Options, migrate

        try:
            return (
                migrate(self.run, NEWEST, Options(config=True, newer_as_known=True), identity=self.identity).document
                if self.run
                else {}
            )
        except MigratorError:
            return {}

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """The codes of what `check` finds; a note is not a problem of the file."""
        # Slow to import, and asked for by name only.
        from migrator.check import Severity, check

        if self.identity.family not in MIGRATABLE:
            return ()
        found = check(self.document, self.identity)
        return tuple(dict.fromkeys(finding.code for finding in found if finding.severity is not Severity.NOTE))

    def at(self, steps: paths.Steps) -> list[tuple[Path, Json]]:
        """(path, value) of what stands at a place: in the file, or else in what it is at the newest version."""
        return paths.resolve(self.document, steps) or paths.resolve(self.newest, steps)

    def named(self, steps: paths.Steps) -> list[tuple[str, Json]]:
        """As [`at`][], with each place as a path that leads to it."""
        for document in (self.document, self.newest):
            if found := paths.resolve(document, steps):
                return [(paths.spelled(document, path), value) for path, value in found]
        return []
