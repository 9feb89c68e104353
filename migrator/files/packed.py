"""Files compressed with gzip or Zstandard: recognised by the first bytes when read, by the name when written."""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from migrator.errors import UnreadableError, UnwritableError
from migrator.extras import install
from migrator.files.disk import MAX_BYTES

if TYPE_CHECKING:
    from types import ModuleType


class Packing(StrEnum):
    """How the bytes of a file are compressed; the value is the end of its name."""

    GZIP = ".gz"
    ZSTD = ".zst"


_MAGIC: Final = {b"\x1f\x8b": Packing.GZIP, b"\x28\xb5\x2f\xfd": Packing.ZSTD}
"""First bytes that no JSON document can have."""
_FIRST_BYTES: Final = tuple(_MAGIC)
_SUFFIXES: Final = tuple(Packing)
EXPORT_SUFFIXES: Final = (".json", *(f".json{packing}" for packing in Packing))
"""How the names of exports end."""
LINES_SUFFIXES: Final = (".jsonl", *(f".jsonl{packing}" for packing in Packing))
"""How the names of files with one JSON document a line end."""
TEXT_SUFFIXES: Final = (".csv", ".log")
"""How the names of the texts end that AIPerf writes beside an export."""
SEARCHED_SUFFIXES: Final = (
    *TEXT_SUFFIXES,
    *(".txt", ".md", ".html", ".htm", ".yaml", ".yml", ".toml", ".tsv", ".ini", ".cfg", ".out", ".err", ".sh"),
)
"""How the names of files end in which secrets are looked for line by line, whatever program wrote them."""
_GZIP_WINDOW: Final = 31
_STEP: Final = 1024
"""Compressed bytes that are unpacked at a time: even a decompression bomb gives at most some 30 MB for these."""
MAX_MEMBERS: Final = 100_000
"""Compressed files that one file may be made of."""


def packing_of_name(name: str) -> Packing | None:
    """The compression of a file of this name, None for none."""
    if not name.lower().endswith(_SUFFIXES):
        return None  # Nearly every name, so this is asked first.
    return next(packing for packing in Packing if name.lower().endswith(packing))


def packing_of_content(raw: bytes) -> Packing | None:
    """The compression of some bytes, None for none."""
    if not raw.startswith(_FIRST_BYTES):
        return None
    return next(packing for magic, packing in _MAGIC.items() if raw.startswith(magic))


def unpack(raw: bytes, limit: int = MAX_BYTES) -> bytes:
    """The content of a file, decompressed if it is compressed.

    Raises:
        UnreadableError: damaged, cut off, larger than `limit` bytes, or a library is missing.
    """
    packing = packing_of_content(raw)
    if packing is None:
        return raw
    chunks: list[bytes] = []
    size, members, position, view = 0, 0, 0, memoryview(raw)
    while position < len(raw):
        members += 1
        if members > MAX_MEMBERS:
            raise UnreadableError(f"has more than {MAX_MEMBERS:,} {packing.name.lower()} members")
        unpacker = _unpacker(packing)
        try:
            while position < len(raw) and not unpacker.eof:
                piece = view[position : position + _STEP]
                chunks.append(unpacker.decompress(piece))
                position += len(piece) - len(unpacker.unused_data)
                size += len(chunks[-1])
                if size > limit:
                    raise UnreadableError("unpacks to too much", expected=f"at most {limit / 2**20:.0f} MB")
        except _errors() as error:
            raise UnreadableError(f"is damaged {packing.name.lower()} data: {error}") from error
        if not unpacker.eof:
            raise UnreadableError(f"is {packing.name.lower()} data that ends too early", hint="the file may be cut off")
        # Concatenated compressed files are one file.
        if position < len(raw) and packing_of_content(bytes(view[position : position + 4])) is not packing:
            raise UnreadableError(f"has other data after its {packing.name.lower()} data")
    return b"".join(chunks)


def pack(raw: bytes, packing: Packing | None) -> bytes:
    """Compress the content of a file; the same content always gives the same bytes, because no time is written.

    Raises:
        UnwritableError: a library is missing.
    """
    if packing is None:
        return raw
    if packing is Packing.GZIP:
        packer = zlib.compressobj(wbits=_GZIP_WINDOW)
        return packer.compress(raw) + packer.flush()
    library = _zstandard()
    if library is None:
        raise UnwritableError("cannot be compressed with Zstandard: zstandard is not installed", hint=install("zstd"))
    packed: bytes = library.ZstdCompressor(write_checksum=True).compress(raw)
    return packed


def _unpacker(packing: Packing) -> Any:
    if packing is Packing.GZIP:
        return zlib.decompressobj(wbits=_GZIP_WINDOW)
    library = _zstandard()
    if library is None:
        raise UnreadableError("is compressed with Zstandard, and zstandard is not installed", hint=install("zstd"))
    # The default limit of the zstd command.
    return library.ZstdDecompressor(max_window_size=2**27).decompressobj()


def _errors() -> tuple[type[Exception], ...]:
    library = _zstandard()
    return (zlib.error, library.ZstdError) if library else (zlib.error,)


def _zstandard() -> ModuleType | None:
    try:
        import zstandard
    except ImportError:
        return None
    return zstandard
