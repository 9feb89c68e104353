"""What every command says of the files it works on: the progress, the errors, and the exit code they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from migrator.cli.streams import complain, say
from migrator.documents import stamped
from migrator.errors import ExitCode, MigratorError
from migrator.render.lines import json_line

if TYPE_CHECKING:
    from migrator.batch.discover import Source
    from migrator.batch.read_files import Seen
    from migrator.cli.progress import Progress

T = TypeVar("T")


def say_json(document: str, row: dict[str, Any]) -> None:
    """Print a line of a report as JSON, which names its schema."""
    say(json_line(stamped(document, row)))


class Outcome(Protocol):
    """What became of one file."""

    @property
    def error(self) -> MigratorError | None:
        """Why it failed; None if it did not."""


R = TypeVar("R", bound=Outcome)


class Report:
    """The files of a batch as they are done.

    Attributes:
        files: how many there were so far.
        failed: how many of them failed.
        worst: the highest exit code of an error, 0 if none failed.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self.files = 0
        self.failed = 0
        self.worst: int = ExitCode.OK

    def each(self, results: Iterable[R]) -> Iterator[R]:
        """The results in order, each counted, and after its error was printed to standard error."""
        for result in results:
            self.files += 1
            if self._progress:
                self._progress.advance()
            if error := result.error:
                self.failed += 1
                self.worst = max(self.worst, error.exit_code)
                complain(str(error))
            yield result

    def found(self, results: Iterable[Seen[T]], *, json: str = "") -> Iterator[tuple[Source, T]]:
        """What was found in each file that could be read.

        Args:
            results: what reading the files gave.
            json: the document of the report that an error is a line of, too; empty for a report as text.
        """
        for source, found, error in self.each(results):
            if not error:
                yield source, cast("T", found)
            elif json:
                say_json(json, {"file": source.path, "error": error.as_dict()})
