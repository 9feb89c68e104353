"""What folders without an export hold: for the user who named the wrong one, or copied too little."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from migrator.batch.discover import is_folder, is_text_of_run
from migrator.stores import is_url

_MOST: Final = 10_000
"""Files that are looked at."""
_RECORDS: Final = ("profile_export.jsonl", "profile_export.jsonl.gz", "profile_export.jsonl.zst")


def instead(paths: Sequence[str]) -> str:
    """What to say after "no exports found", with a colon in front; empty if nothing there is of AIPerf."""
    texts = ""
    for file in islice(_files(paths), _MOST):
        name = os.path.basename(file).lower()
        if name in _RECORDS:
            return f": {file} has the requests of a run; `aiperf-migrate rebuild` makes an export of them"
        if is_text_of_run(name):
            texts = texts or file
    if texts:
        return f": {texts} is for people; the JSON of the run, profile_export_aiperf.json, is not there"
    return ""


def _files(paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        if is_url(path) or not is_folder(path):
            continue
        for folder, below, names in os.walk(path):
            below.sort()
            yield from (os.path.join(folder, name) for name in sorted(names))
