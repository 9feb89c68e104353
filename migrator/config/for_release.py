"""Which release an export is for, and its `input_config` in the dialect of that release."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import Final, Self

from migrator.aiperf.releases import (
    FIRST_READER,
    NIGHTLIES,
    RELEASES,
    Release,
    age,
    is_newer_than_known,
    release,
    version_key,
)
from migrator.config.genai_perf import as_user_config, measured_for
from migrator.config.release_models import known_releases, reader
from migrator.config.remembered import Answer, Remembered
from migrator.config.translate import Translated, translate
from migrator.config.user_to_benchmark import DocumentFacts
from migrator.errors import UsageError
from migrator.jsonfile import ABSENT, Object, at
from migrator.ledger import Entry, Loss, Op
from migrator.values import NamedTuple

_RANGE: Final = r"\d+(\.\d+){0,2}"
_OTHER_BUILD: Final = r"\d{1,6}\.\d{1,6}\.\d{1,6}\.(dev\d{8}|post\d{1,6})"


class ParsedRelease(NamedTuple):
    """A release that somebody named: `release` tells what it writes, `note` what had to be assumed."""

    release: Release
    note: str = ""


def parse_release(text: str) -> ParsedRelease:
    """The release that a string names: `0.9.0`, a nightly, or the beginning of a number (`0.9`: the newest such one).

    A release whose package was published again (`0.6.0.post1`) reads what it read before.

    A release newer than all known ones is taken to write and read what the newest does; the note says so.

    Raises:
        UsageError: not the name of a release, or of one that cannot read exports.
    """
    known = [entry.name for entry in RELEASES]
    expected = f"a release from {FIRST_READER} to {known[-1]}, or a nightly such as {NIGHTLIES[-1].name}"
    if re.fullmatch(_RANGE, text):
        within = [name for name in known if name == text or name.startswith(f"{text}.")]
        name = max(within, key=age) if within else ".".join([*text.split("."), "0", "0"][:3])
    elif re.fullmatch(_OTHER_BUILD, text):
        name = text
    else:
        raise UsageError(f'no AIPerf release "{text:.40}"', hint=f"expected {expected}")
    found = release(name)
    if found is None or age(name) < age(FIRST_READER):
        raise UsageError(f"AIPerf {name} cannot read exports", hint=f"expected {expected}")
    newest = known_releases()[-1]
    if age(name) <= age(newest):
        return ParsedRelease(found)
    if is_newer_than_known(name):
        note = f"AIPerf {name} is not known to this version: written as for {newest}, the newest known"
    else:
        note = f"what AIPerf {name} reads of input_config is not known: written as for {newest}"
    return ParsedRelease(found, note)


@cache
def last_writer(version: str) -> str:
    """The newest release that wrote a schema version; for 1.2, which no release wrote, that of the version before."""
    names = {entry.name for entry in (*RELEASES, *NIGHTLIES)} | set(known_releases())
    wanted = version_key(version)
    older = [name for name in names if (found := release(name)) and version_key(found.version) <= wanted]
    newest = max(version_key(found.version) for name in older if (found := release(name)))
    published = [name for name in older if (found := release(name)) and version_key(found.version) == newest]
    final = [name for name in published if ".dev" not in name]
    return max(final or published, key=age)


def own_release(document: Object, version: str) -> str:
    """The release whose dialect a document has at a version: its writer if it wrote that, else the newest that did."""
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
        """The way back, which leaves out only what has no place."""
        return self._replace(source=self.target, target=self.source, strict=False)


def translated(document: Object, way: Translation, gone: Loss) -> tuple[Object, list[Entry]]:
    """The document with its `input_config` in the target's dialect, and what changed.

    `gone` is the class of values that are left out and cannot be derived. A document whose configuration is in that
    dialect already is returned as it is.
    """
    if type(document.get("input_config")) is not dict:
        return document, []
    config, entries, changed = _remembered(of_configuration(document), way, gone)
    if not changed:
        return document, entries
    if config is None:
        return {key: value for key, value in document.items() if key != "input_config"}, entries
    return {**document, "input_config": config}, entries


def of_configuration(document: Object) -> Object:
    """The part of a document that its configuration's translation depends on: the configuration, and the identity."""
    part: Object = {name: document[name] for name in ("benchmark_id", "run_info", "input_config") if name in document}
    if type(info := part.get("run_info")) is dict:
        part["run_info"] = {name: info[name] for name in ("benchmark_id", "cli_command") if name in info}
    return part


def _translated(document: Object, way: Translation, gone: Loss) -> Answer:
    config = document["input_config"]
    target = reader(way.target)
    done = translate(
        config,
        reader(way.source),
        target,
        facts=document_facts(document, config),
        facts_after=partial(document_facts, _without_identity(document, way.target)),
        gone=gone,
        keep_unknown=not way.strict,
    )
    if done.config is not None:
        kept = all(entry.op is Op.KEEP for entry in done.entries)
        return Answer(None, [], changed=False) if kept else Answer(done.config, done.entries)
    path, step = ("input_config",), f"input_config {way.target}"
    if not way.strict:
        note = f"not translated: {done.reason}"
        return Answer(None, [Entry(step, Op.KEEP, path, Loss.KEPT, note=note)], changed=False)
    return Answer(None, [Entry(step, Op.DROP, path, gone, before=config, note=done.reason)])


_remembered: Final = Remembered(_translated)


_LAST_USER_CONFIG: Final = "0.8.0"
"""The release whose UserConfig GenAI-Perf's options are put into first."""
_STOPS: Final = (("loadgen", "request_count"), ("input", "conversation", "num"))


def from_genai_perf(config: Object, release: str, *, measured: int | None) -> Translated:
    """A configuration of GenAI-Perf as a release of AIPerf reads it: what it says, and no more than it must.

    A BenchmarkConfig needs something that ends the run. GenAI-Perf may have measured for a time that means something
    else than AIPerf's duration; the number of requests that were measured stands for it then, and that time only where
    a document does not tell the number, as before 0.0.10.

    Args:
        config: GenAI-Perf's `input_config`.
        release: the release that is to read the result.
        measured: how many requests the run measured, if the document says so.
    """
    user, target = as_user_config(config), reader(release)
    if target.family == "benchmark" and all(at(user, place) is ABSENT for place in _STOPS):
        seconds = measured_for(config)
        if not measured and seconds is None:
            return Translated(None, [], "nothing says how many requests were sent")
        end = {"request_count": measured} if measured else {"benchmark_duration": seconds}
        user = {**user, "loadgen": {**user.get("loadgen", {}), **end}}
    nothing = DocumentFacts(None, None)
    done = translate(
        user, reader(_LAST_USER_CONFIG), target, facts=nothing, facts_after=lambda _: nothing, gone=Loss.DERIVABLE
    )
    return done if user and done.config else Translated(None, [], done.reason or "no option that AIPerf has")


_FIRST_WITH_IDENTITY: Final = (1, 0)
"""The first version whose documents have a `benchmark_id` outside their configuration."""


def _without_identity(document: Object, target: str) -> Object:
    """The document without the facts that the version of the target release has no place for."""
    found = release(target)
    if found is None or version_key(found.version) >= _FIRST_WITH_IDENTITY:
        return document
    return {key: value for key, value in document.items() if key not in ("benchmark_id", "run_info")}


def in_newest_dialect(document: Object) -> Object:
    """The document with its `input_config` as the newest known release would write it, for comparing documents."""
    way = Translation(known_releases()[-1], known_releases()[-1], strict=False)
    return translated(document, way, Loss.LOST)[0]


def document_facts(document: Object, config: Object) -> DocumentFacts:
    """What a document says of its configuration; where it does not, what the configuration says of itself."""
    info = document.get("run_info")
    info = info if type(info) is dict else {}
    identity = document.get("benchmark_id") or info.get("benchmark_id") or config.get("benchmark_id")
    return DocumentFacts(identity, config.get("cli_command") or info.get("cli_command"))


def checked_file(document: Object, name: str) -> str:
    """The dataset file that must exist for a release to read an export; empty if none must.

    Releases with UserConfig (to 0.8.0) reject an export whose `input.file` does not exist where they run.
    """
    config = document.get("input_config")
    found = at(config, ("input", "file")) if reader(name).family == "user" else None
    return found if type(found) is str else ""
