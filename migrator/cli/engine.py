"""Who does the work on many files: options of processes, and where a batch goes."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from migrator.batch import pool
from migrator.batch.discover import STDIN, Source
from migrator.batch.select import count
from migrator.cli.parser import Parser, jobs, selection

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
        help="processes for a large batch; auto, the default, takes every processor",
    )


def shared(
    options: argparse.Namespace, sources: Iterable[Source], work: pool.Work[R], stop: pool.Stop = pool.never
) -> Iterator[R]:
    """What becomes of each source, in order, by as many processes as the command line says.

    Standard input is this process's own, so that a batch with it is done here.
    """
    alone = STDIN in options.paths
    return pool.run(sources, work, 1 if alone else options.jobs or pool.usable_cores(), stop)


def progress(options: argparse.Namespace, what: str, *avoid: str | None) -> Progress:
    """A line that counts the results of a batch; how many there will be it finds out itself."""
    # A single look at a file has no use for it, and should not wait for the import.
    from migrator.cli.progress import Progress

    chosen = selection(options)
    # What a test chooses is only known when each file has been read.
    return Progress(what, None if chosen.where else partial(count, options.paths, chosen, avoid))
