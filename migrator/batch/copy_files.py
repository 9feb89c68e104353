"""Copy files that are not migrated into a mirrored tree: a copy is one more place for a secret to stand."""

from __future__ import annotations

import codecs
import contextlib
import re
from typing import Final

from migrator.batch.discover import Names, Source
from migrator.batch.load import Loaded, load
from migrator.batch.redact_files import OWN, packing_for, redacted, redaction_warnings, told
from migrator.batch.request import Request, Result, Status
from migrator.errors import MigratorError, UnreadableError
from migrator.files.packed import SEARCHED_SUFFIXES, pack
from migrator.identify import Family, Identity
from migrator.redact.parquet import parquet_has_secret
from migrator.stores import is_url, read_bytes
from migrator.writing.options import BACKUP_SUFFIX
from migrator.writing.outcome import Outcome
from migrator.writing.outputs import Outputs

_BACKUP: Final = "a backup, left out"
_OF_A_BACKUP: Final = rf"{re.escape(BACKUP_SUFFIX)}(\.\d+)?$"
"""How the names of backups end; a second one has a number."""
_HEAD: Final = 2**16
"""So many bytes tell whether a file is text."""


def copied(
    source: Source, request: Request, outputs: Outputs, why: str, loaded: Loaded | None = None
) -> tuple[Result, Outcome]:
    """Write a file that is not migrated to its place in the mirrored tree, without secrets in clear.

    Args:
        source: the file.
        request: what is asked.
        outputs: what writes it.
        why: what it is, and why it is not migrated.
        loaded: what was read of it, if it was.

    Raises:
        UnreadableError: it has a secret, and cannot be written without.
    """
    target = request.target(source)
    if loaded is not None and loaded.identity.family in OWN:
        return Result(source, Status.SKIPPED, why), Outcome()
    if re.search(_OF_A_BACKUP, source.path):
        return Result(source, Status.SKIPPED, _BACKUP), Outcome()
    what = why.partition(", left alone")[0]
    searched = request.keep_secrets or _is_searched(source)
    if searched and not request.keep_secrets and not _is_parquet(source):
        loaded = loaded or _looked_at(source)
        raw, ledger = redacted(source.path, loaded)
        if ledger:
            result = Result(source, Status.REDACTED, f"{what}, {told(ledger)}", output=target, tally=ledger.tally())
            result.ledger = ledger if request.ledgers else result.ledger
            result.warnings = redaction_warnings(len(ledger), request)
            return result, outputs.write(target, pack(raw, packing_for(loaded.raw, source, request)), None)
    result = Result(source, Status.COPIED, f"{what}, as it is", output=target, unsearched=not searched)
    if is_url(source.path) or is_url(target):
        raw = loaded.raw if loaded is not None and loaded.raw else read_bytes(source.path)
        return result, outputs.write(target, raw, None)
    return result, outputs.copy(target, source.path)


def _is_searched(source: Source) -> bool:
    """Whether secrets are looked for in a file: what AIPerf writes, any text, and Parquet if a library reads it.

    Raises:
        UnreadableError: a Parquet file has a secret.
    """
    # An original may be kept under any suffix.
    name = re.sub(r"(\.jsonl?)[.~].*", r"\1", source.path.rpartition("/")[2]).lower()
    if Names.RUN.have(name) or name.endswith(SEARCHED_SUFFIXES):
        return True
    if is_url(source.path):
        return False
    if _is_parquet(source):
        found = parquet_has_secret(source.path)
        if found:
            raise UnreadableError(
                "has a secret in clear, and a Parquet file is not rewritten",
                hint="--exclude leaves it out, --keep-secrets copies it as it is",
            )
        return found is not None
    return _is_text(source.path)


def _is_parquet(source: Source) -> bool:
    return source.path.lower().endswith(".parquet")


def _is_text(path: str) -> bool:
    """Whether the first bytes of a file are UTF-8 without a zero; a character at their end may be cut."""
    with contextlib.suppress(OSError, UnicodeDecodeError), open(path, "rb") as file:
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(file.read(_HEAD))
    return False


def _looked_at(source: Source) -> Loaded:
    """A file that is not migrated, to look for secrets in it: as lines, if it is no document."""
    try:
        return load(source.path, details=False)
    except UnreadableError as error:
        if not error.too_large:
            raise
        return Loaded(b"", None, Identity(Family.OTHER))
    except MigratorError:
        return Loaded(read_bytes(source.path), None, Identity(Family.OTHER))
