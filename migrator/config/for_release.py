"""Which release an export is brought to, and its `input_config` on the way there."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple, Self

from migrator.aiperf.releases import FIRST_READER, NIGHTLIES, RELEASES, Release, age, release
from migrator.config.release_models import learnt, reader
from migrator.config.translate import translate
from migrator.config.user_to_benchmark import Known
from migrator.errors import UsageError
from migrator.jsonfile import Object, at
from migrator.ledger import Entry, Loss, Op

_RANGE: Final = r"\d+(\.\d+){0,2}"
_NIGHTLY: Final = r"\d+\.\d+\.\d+\.dev\d{8}"


class Named(NamedTuple):
    """A release that somebody named: `release` says what it writes, `note` what had to be assumed."""

    release: Release
    note: str = ""


def named(text: str) -> Named:
    """The release that a text means: a release, a nightly, or the beginning of a number (`0.9` is its newest).

    A release newer than all known ones gets the shape of the newest, and a note that says so.

    Raises:
        UsageError: no release name, or one without a reader of exports.
    """
    known = [entry.name for entry in RELEASES]
    expected = f"a release from {FIRST_READER} to {known[-1]}, or a nightly such as {NIGHTLIES[-1].name}"
    if re.fullmatch(_RANGE, text):
        within = [name for name in known if name == text or name.startswith(f"{text}.")]
        name = max(within, key=age) if within else ".".join([*text.split("."), "0", "0"][:3])
    elif re.fullmatch(_NIGHTLY, text):
        name = text
    else:
        raise UsageError(f'no AIPerf release "{text:.40}"', hint=f"expected {expected}")
    found = release(name)
    if found is None or age(name) < age(FIRST_READER):
        raise UsageError(f"AIPerf {name} has no reader for exports", hint=f"expected {expected}")
    if age(name) > age(learnt()[-1]):
        newest = release(learnt()[-1])
        assert newest is not None
        note = f"AIPerf {name} is not known to this version: written as for {newest.name}, the newest known"
        return Named(newest._replace(name=name), note)
    return Named(found)


@cache
def last_writer(version: str) -> str:
    """The newest release that wrote a schema version; for 1.2, which none did, the newest before it."""
    names = {entry.name for entry in (*RELEASES, *NIGHTLIES)} | set(learnt())
    rank = _rank(version)
    older = [name for name in names if (found := release(name)) and _rank(found.version) <= rank]
    newest = max(_rank(found.version) for name in older if (found := release(name)))
    published = [name for name in older if (found := release(name)) and _rank(found.version) == newest]
    final = [name for name in published if ".dev" not in name]
    return max(final or published, key=age)


def _rank(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def own_release(document: Object, version: str) -> str:
    """The release whose dialect a document has at a version: its writer, if that wrote it, else the last that did."""
    name = document.get("aiperf_version")
    found = release(name) if type(name) is str else None
    return found.name if found and found.version == version else last_writer(version)


class Translation(NamedTuple):
    """From the dialect of one release to that of another.

    `strict` leaves out what the target would reject; otherwise fields that no known release has stay where they are.
    """

    source: str
    target: str
    strict: bool

    def back(self) -> Self:
        """The way back, on which nothing is left out that need not be."""
        return self._replace(source=self.target, target=self.source, strict=False)


def translated(document: Object, way: Translation, gone: Loss) -> tuple[Object, list[Entry]]:
    """The document with its `input_config` in the target's dialect, and what that changed.

    A document whose configuration is in that dialect already is returned as it is.
    """
    config = document.get("input_config")
    if type(config) is not dict:
        return document, []
    target = reader(way.target)
    done = translate(config, reader(way.source), target, known(document, config), gone, keep_unknown=not way.strict)
    if done.config is None:
        return _without(document, way, gone, done.reason)
    if all(entry.op is Op.KEEP for entry in done.entries):
        return document, []
    return {**document, "input_config": done.config}, done.entries


def _without(document: Object, way: Translation, gone: Loss, reason: str) -> tuple[Object, list[Entry]]:
    """A configuration of which nothing would be accepted: it goes as a whole, or stays, unreadable as it was."""
    path, step = ("input_config",), f"input_config {way.target}"
    if not way.strict:
        return document, [Entry(step, Op.KEEP, path, Loss.KEPT, note=f"not translated: {reason}")]
    rest = {key: value for key, value in document.items() if key != "input_config"}
    return rest, [Entry(step, Op.DROP, path, gone, before=document["input_config"], note=reason)]


def in_newest_dialect(document: Object) -> Object:
    """A document with its `input_config` as the newest known release would write it, for looking at side by side."""
    way = Translation(learnt()[-1], learnt()[-1], strict=False)
    return translated(document, way, Loss.LOST)[0]


def known(document: Object, config: Object) -> Known:
    """What a document says of its configuration."""
    info = document.get("run_info")
    info = info if type(info) is dict else {}
    identity = document.get("benchmark_id") or info.get("benchmark_id") or config.get("benchmark_id")
    return Known(identity, config.get("cli_command") or info.get("cli_command"))


def checked_file(document: Object, name: str) -> str:
    """The dataset file that a release looks for when it reads an export, or nothing.

    Releases with UserConfig (to 0.8.0) reject an export whose `input.file` does not exist where they run.
    """
    config = document.get("input_config")
    found = at(config, ("input", "file")) if reader(name).family == "user" else None
    return found if type(found) is str else ""
