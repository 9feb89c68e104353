"""Look for secrets in a Parquet file, such as AIPerf's metrics of servers; the file is not rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from migrator.redact.document import redact
from migrator.redact.lines import redact_lines


def parquet_has_secret(path: str) -> bool | None:
    """Whether a Parquet file has a secret in clear, in its metadata or in a column of text.

    Args:
        path: a file of this machine.

    Returns:
        None if nobody can tell: pyarrow is not installed, or it cannot read the file.
    """
    try:
        # Large, and optional.
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return None
    try:
        with parquet.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            if any(_has_secret(key, value) for key, value in metadata.items()):
                return True
            names = [field.name for field in file.schema_arrow if not _is_number(field.type)]
            for batch in file.iter_batches(columns=names) if names else ():
                if any(_have_secret(_values(column)) for column in batch.columns):
                    return True
    except (pyarrow.ArrowException, OSError, NotImplementedError):
        return None
    return False


def _values(column: Any) -> list[Any]:
    """The values of a column, each once where the library can compare them."""
    from pyarrow import types

    found: list[Any] = (column if types.is_nested(column.type) else column.unique()).to_pylist()
    return found


def _is_number(kind: object) -> bool:
    from pyarrow import types

    return any(test(kind) for test in (types.is_integer, types.is_floating, types.is_boolean, types.is_temporal))


def _has_secret(key: bytes, value: bytes) -> bool:
    """Whether an entry of the metadata has one: a text, or a document under its name (`aiperf.input_config`)."""
    name = key.decode(errors="replace").rpartition(".")[2]
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        document = None
    if type(document) in (dict, list):
        return bool(redact({name: document})[1])
    return bool(redact_lines(value)[1])


def _have_secret(values: Iterable[object]) -> bool:
    """Whether one of the values of a column has a secret: as a document, or in one of its texts."""
    lines = (line for value in values for line in (json.dumps(value, default=str), *_texts(value)))
    return bool(redact_lines("\n".join(lines).encode(errors="surrogatepass"))[1])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
