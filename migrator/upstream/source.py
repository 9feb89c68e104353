"""The Python modules of a wheel, of a source archive, or of a source tree of AIPerf."""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Final

from migrator.errors import UnreadableError
from migrator.values import NamedTuple

PACKAGE: Final = "aiperf"
_LARGEST: Final = 8 * 2**20
"""Bytes of a module at most: no source file is larger."""
_VERSION: Final = re.compile(r'^(?:Version: |version = ")([0-9][^"\s]*)', re.MULTILINE)
_ABOUT: Final = re.compile(r"(^|/)(METADATA|PKG-INFO|pyproject\.toml)$")


class Source(NamedTuple):
    """The texts of the package's modules by dotted names. `version` is its release, empty if it does not say."""

    name: str
    version: str
    modules: dict[str, str]


def read_source(path: str) -> Source:
    """Read the package of a wheel, of an archive of the source, or of a folder. Nothing of it is run.

    Raises:
        UnreadableError: it cannot be read, or has no package `aiperf`.
    """
    texts: dict[str, str] = {}
    version = ""
    for name, raw in _files(path):
        text = raw.decode("utf-8", errors="replace")
        if name.endswith(".py"):
            texts[name] = text
        elif (found := _VERSION.search(text)) and (not version or name.endswith("METADATA")):
            version = found[1]
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): text
        for name, text in sorted(texts.items())
    }
    if not modules:
        raise UnreadableError(f"has no package {PACKAGE}", expected="a wheel or source tree of AIPerf", file=path)
    return Source(path, version, modules)


def _files(path: str) -> Iterator[tuple[str, bytes]]:
    """(name within the package's parent, bytes) of every module, and of the files that name the release."""
    try:
        if os.path.isdir(path):
            yield from _of_folder(path)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if (name := _wanted(info.filename)) and info.file_size <= _LARGEST:
                        yield name, archive.read(info)
        elif os.path.exists(path) and tarfile.is_tarfile(path):
            with tarfile.open(path) as packed:
                for member in packed:
                    if (name := _wanted(member.name)) and member.isfile() and member.size <= _LARGEST:
                        file = packed.extractfile(member)
                        yield name, file.read() if file else b""
        else:
            reason = "is not a wheel or a folder" if os.path.exists(path) else "does not exist"
            raise UnreadableError(reason, expected="a wheel or source tree of AIPerf", file=path)
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise UnreadableError(
            f"cannot be read: {error}", expected="a wheel or source tree of AIPerf", file=path
        ) from error


def _of_folder(path: str) -> Iterator[tuple[str, bytes]]:
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
        for name in sorted(names):
            file = os.path.join(folder, name)
            if wanted := _wanted(os.path.relpath(file, path).replace(os.sep, "/")):
                with open(file, "rb") as opened:
                    yield wanted, opened.read(_LARGEST)


def _wanted(name: str) -> str:
    """The name of a module within the package's parent, or of a file that names the release; empty for others."""
    if name.endswith(".py"):
        _, first, inner = f"/{name}".partition(f"/{PACKAGE}/")
        return f"{PACKAGE}/{inner}" if first and "/tests/" not in f"/{name}" else ""
    return name if _ABOUT.search(name) and name.count("/") <= 1 else ""
