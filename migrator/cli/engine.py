"""Who works on the files of a batch: this process, several, or a cluster. Options, and the call of each."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from migrator.batch import pool
from migrator.batch.discover import Names, Source
from migrator.batch.select import count, select
from migrator.cli.parser import Parser, SelectionOptions, jobs, selection
from migrator.errors import UsageError
from migrator.files.disk import STANDARD
from migrator.stores import is_url

if TYPE_CHECKING:
    from migrator.cli.progress import Progress

R = TypeVar("R")


class BatchOptions(SelectionOptions):
    """The options of [`add_jobs`][], beside those that say which files are meant."""

    jobs: int

    def places(self) -> list[str]:
        """Every file, folder or URL that is read or written."""
        return self.paths


class EngineOptions(BatchOptions):
    """The options of [`add_engine`][], too."""

    engine: Literal["processes", "dask"]
    dask_address: str | None


def add_jobs(parser: Parser) -> None:
    """`--jobs`."""
    parser.add_argument(
        "--jobs",
        type=jobs,
        metavar="N",
        default=0,
        help="processes for a large batch (files at once on an object store); auto, the default, takes every processor",
    )
    parser.takes("jobs")


def add_engine(parser: Parser) -> None:
    """`--engine` and `--dask-address`."""
    parser.add_argument(
        "--engine",
        choices=("processes", "dask"),
        default="processes",
        help="who works on a large batch: processes of this machine (default), or the workers of a dask cluster",
    )
    parser.add_argument(
        "--dask-address",
        metavar="ADDRESS",
        help="with --engine dask: the scheduler, tcp://HOST:8786 (default: that of dask's configuration, or else "
        "--jobs workers are started here)",
    )


def require_engine(options: EngineOptions) -> None:
    """Check the options of [`add_engine`][] against each other.

    Raises:
        UsageError: they contradict each other.
    """
    if options.dask_address is not None and options.engine != "dask":
        raise UsageError("--dask-address goes with --engine dask")
    if options.dask_address and options.jobs:
        raise UsageError("--jobs does not go with --dask-address", hint="a running cluster has its own workers")
    if options.engine == "dask" and STANDARD in options.paths:
        raise UsageError("--engine dask cannot read standard input", hint="name the file")


def sources(
    options: SelectionOptions, avoid: tuple[str | None, ...] = (), names: Names = Names.JSON
) -> Iterator[Source]:
    """The files that a command line means, as they are found; outputs and backups are in `avoid`, and not read."""
    return select(options.paths, selection(options), avoid, names)


def run_local(
    options: BatchOptions, files: Iterable[Source], work: pool.Work[R], stop: pool.Stop = pool.never
) -> Generator[R, None, None]:
    """The result for each file, in order, from as many processes as the command line says.

    Standard input belongs to this process, so a batch with it is done here. Files on object stores cost waiting, not
    computing: for them `--jobs` is how many are under way at once in this process.

    Args:
        options: the command line.
        files: what to work on.
        work: what to do with each file.
        stop: asked before each file whether to end the batch.
    """
    if _uses_store(options):
        return pool.run_concurrently(files, work, options.jobs or pool.CONCURRENCY, stop)
    alone = STANDARD in options.paths
    return pool.run(files, work, 1 if alone else options.jobs or pool.usable_cores(), stop)


def run_engine(
    options: EngineOptions, files: Iterable[Source], work: pool.Portable[R], stop: pool.Stop = pool.never
) -> Generator[R, None, None]:
    """As [`run_local`][], or on a dask cluster where the command line says so.

    Args:
        options: the command line.
        files: what to work on.
        work: what to do with each file.
        stop: asked before each file whether to end the batch.
    """
    if options.engine != "dask":
        return run_local(options, files, work, stop)
    # Slow to import, like dask itself.
    from migrator.batch import cluster

    workers = options.jobs or pool.usable_cores()
    return cluster.run(files, work, stop, address=options.dask_address, jobs=workers)


def progress(options: BatchOptions, what: str, *avoid: str | None, names: Names = Names.JSON) -> Progress:
    """A line that counts the results of a batch, and finds out how many there will be."""
    # Not needed to describe a single file, which should not wait for the import.
    from migrator.cli.progress import Progress

    chosen = selection(options)
    # `--where` decides on the content of each file; and a store is not listed twice.
    return Progress(
        what, None if chosen.where or _uses_store(options) else partial(count, options.paths, chosen, avoid, names)
    )


def _uses_store(options: BatchOptions) -> bool:
    return any(map(is_url, options.places()))
