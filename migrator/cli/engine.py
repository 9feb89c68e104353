"""Who does the work on many files: options of processes, and where a batch goes."""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator, Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from migrator.batch import pool
from migrator.batch.discover import STDIN, Source
from migrator.batch.select import count
from migrator.cli.parser import Parser, jobs, selection
from migrator.errors import UsageError
from migrator.stores import is_url

if TYPE_CHECKING:
    from migrator.cli.progress import Progress

R = TypeVar("R")


def add_jobs(parser: Parser) -> None:
    """`--jobs`."""
    parser.add_argument(
        "--jobs",
        type=jobs,
        metavar="N",
        default=0,
        help="processes for a large batch (files at once on an object store); auto, the default, takes every processor",
    )


def add_engine(parser: Parser) -> None:
    """`--engine` and what belongs to it."""
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


def require_engine(options: argparse.Namespace) -> None:
    """Check the options of [`add_engine`][] against each other.

    Raises:
        UsageError: they contradict each other.
    """
    if options.dask_address is not None and options.engine != "dask":
        raise UsageError("--dask-address goes with --engine dask")
    if options.dask_address and options.jobs:
        raise UsageError("--jobs is of this machine; the cluster has its own workers", hint="leave one of them out")
    if options.engine == "dask" and STDIN in options.paths:
        raise UsageError("standard input is nothing for --engine dask", hint="name the file")


def farmed(
    options: argparse.Namespace, sources: Iterable[Source], work: pool.Portable[R], stop: pool.Stop = pool.never
) -> Generator[R, None, None]:
    """As [`shared`][], on a dask cluster where the command line says so."""
    if options.engine != "dask":
        return shared(options, sources, work, stop)
    # Slow to import, like dask itself.
    from migrator.batch import cluster

    kept = os.path.abspath(options.journal) if getattr(options, "journal", None) else None
    count_of_workers = options.jobs or pool.usable_cores()
    return cluster.run(sources, work, stop, address=options.dask_address, jobs=count_of_workers, kept=kept)


def shared(
    options: argparse.Namespace, sources: Iterable[Source], work: pool.Work[R], stop: pool.Stop = pool.never
) -> Generator[R, None, None]:
    """What becomes of each source, in order, by as many processes as the command line says.

    Standard input is this process's own, so that a batch with it is done here. Files on object stores cost waiting, not
    computing: for them `--jobs` is how many are under way at once in this process.
    """
    if far(options):
        return pool.wait_together(sources, work, options.jobs or pool.AT_ONCE, stop)
    alone = STDIN in options.paths
    return pool.run(sources, work, 1 if alone else options.jobs or pool.usable_cores(), stop)


def far(options: argparse.Namespace) -> bool:
    """Whether a command line names an object store."""
    places = (getattr(options, name, None) or "" for name in ("output", "output_dir"))
    return any(map(is_url, (*options.paths, *places)))


def progress(options: argparse.Namespace, what: str, *avoid: str | None) -> Progress:
    """A line that counts the results of a batch; how many there will be it finds out itself."""
    # A single look at a file has no use for it, and should not wait for the import.
    from migrator.cli.progress import Progress

    chosen = selection(options)
    # What a test chooses is only known when each file has been read; and a store is not listed twice.
    return Progress(what, None if chosen.where or far(options) else partial(count, options.paths, chosen, avoid))
