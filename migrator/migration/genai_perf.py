"""What GenAI-Perf leaves to its successor: the `input_config` of a release, and telemetry that no release reads.

Its configuration stays under [`CARRIED`][migrator.chain.steps.genai_perf.CARRIED], so that all of this can be computed
again.
"""

from __future__ import annotations

from typing import Final

from migrator.chain.operation import Context
from migrator.chain.requests import requests_of
from migrator.chain.steps import NEWEST
from migrator.chain.steps.genai_perf import CARRIED, TELEMETRY
from migrator.chain.telemetry import VENDOR_NAMES
from migrator.config.family import is_genai_perf
from migrator.config.for_release import from_genai_perf
from migrator.config.translate import Translated
from migrator.jsonfile import Object, fingerprint
from migrator.ledger import Loss, Op

_CONFIG: Final = "input_config"


def has_untranslated(document: Object) -> bool:
    """Whether a document has GenAI-Perf's configuration and none that a release of AIPerf reads."""
    return _CONFIG not in document and is_genai_perf(document.get(CARRIED))


def with_input_config(document: Object, release: str, context: Context) -> Object:
    """The document with what GenAI-Perf's configuration says as the `input_config` of a release, before that."""
    done = _translated(document, release)
    context.step = f"{_CONFIG} {release}"
    if done.config is None:
        context.note(Op.KEEP, (CARRIED,), Loss.KEPT, note=f"not translated: {done.reason}")
        return document
    inferred = any(entry.loss is Loss.INFERRED for entry in done.entries)
    note = f"what {CARRIED} says" + (", with AIPerf's defaults" if inferred else "")
    context.note(Op.ADD, (_CONFIG,), Loss.INFERRED if inferred else Loss.DERIVABLE, after=done.config, note=note)
    result: Object = {}
    for key, value in document.items():
        if key == CARRIED:
            result[_CONFIG] = done.config
        result[key] = value
    return result


def without_input_config(document: Object, release: str, context: Context) -> Object:
    """The document without the `input_config` that was made of GenAI-Perf's configuration, on its way back to there."""
    if _CONFIG not in document or not is_genai_perf(document.get(CARRIED)):
        return document
    again = _translated(document, release).config
    same = again is not None and fingerprint(again) == fingerprint(document[_CONFIG])
    context.step = f"{_CONFIG} {release}"
    context.note(Op.DROP, (_CONFIG,), Loss.DERIVABLE if same else context.dropped, document[_CONFIG])
    return {key: value for key, value in document.items() if key != _CONFIG}


def _translated(document: Object, release: str) -> Translated:
    return from_genai_perf(document[CARRIED], release, measured=requests_of(document, NEWEST).succeeded)


def without_telemetry(document: Object, context: Context) -> Object:
    """The document with GenAI-Perf's telemetry set aside, as it was before: it has no names of GPUs and no times."""
    if not TELEMETRY.made(document):
        return document
    renamed = document
    for op in reversed(VENDOR_NAMES[:2]):
        renamed = op.down(renamed, context)
    return TELEMETRY.set_aside(renamed, context)
