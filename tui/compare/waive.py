"""Accept a regression in the policy file: a waiver at its end, and not a character of the rest changed."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date
from typing import Final

from migrator.diff.policy import Policy, Waived, from_file, from_text
from migrator.errors import UnwritableError, UsageError
from migrator.files.disk import read_bytes, write_atomic

DEFAULT_NAME: Final = "aiperf-policy.toml"
_DATE: Final = r"\d{4}-\d{2}-\d{2}"


def waiver(metric: str, statistic: str, reason: str, until: str) -> Waived:
    """What the user typed as a waiver.

    Args:
        metric: today's name of the metric.
        statistic: the statistic that may regress.
        reason: why; not empty.
        until: the last day as YYYY-MM-DD; empty for no end.

    Raises:
        UsageError: no reason, or no such date.
    """
    if not reason.strip():
        raise UsageError("a waiver needs a reason", hint="who reads it later should know why")
    typed, end = until.strip(), None
    if typed:
        try:
            end = date.fromisoformat(typed) if re.fullmatch(_DATE, typed) else None
        except ValueError:
            end = None
        if end is None:
            raise UsageError(f'not a date: "{typed}"', expected="a date such as 2026-12-31, or nothing")
    return Waived(metric, statistic, " ".join(reason.split()), end)


def text_of(accepted: Waived, newline: str = "\n") -> str:
    """The waiver as it stands in a policy file."""
    lines = ["[[waiver]]", f"metric = {_quoted(f'{accepted.metric}.{accepted.statistic}')}"]
    lines.append(f"reason = {_quoted(accepted.reason)}")
    if accepted.until:
        lines.append(f"until = {accepted.until.isoformat()}")
    return newline.join(lines) + newline


def _quoted(text: str) -> str:
    # A basic string of TOML is one of JSON, except that DEL must be escaped, too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def waive(path: str, accepted: Waived) -> Policy:
    """Add a waiver to a policy file, which is made if it is not there; gives the policy as it is then.

    Raises:
        UsageError: the file is not a policy, or its waivers are written in a way that nothing can be added to.
        UnwritableError: a symbolic link, no permission, no space.
    """
    if os.path.islink(path):
        raise UnwritableError("is a symbolic link", hint=f"name the file itself: {os.path.realpath(path)}", file=path)
    there = os.path.lexists(path)
    known, raw = (from_file(path), read_bytes(path)) if there else (Policy(), b"")
    newline = "\r\n" if b"\r\n" in raw else "\n"
    try:
        added = text_of(accepted, newline).encode()
    except UnicodeEncodeError as error:
        raise UsageError("the reason holds an invalid character", hint="type it again", file=path) from error
    gap = b"" if not raw else newline.encode() if raw.endswith(b"\n") else newline.encode() * 2
    whole = raw + gap + added
    expected = replace(known, waivers=(*known.waivers, accepted), source="", text="")
    try:
        found = from_text(whole.decode(), path)
    except UsageError as error:
        raise _by_hand(path, accepted) from error
    if replace(found, source="", text="") != expected:
        raise _by_hand(path, accepted)
    write_atomic(path, whole, overwrite=there, like=path if there else None)
    return found


def _by_hand(path: str, accepted: Waived) -> UsageError:
    return UsageError(
        "a waiver cannot be added without rewriting it",
        expected="waivers as [[waiver]] tables",
        hint=f"add by hand: {' '.join(text_of(accepted).splitlines())}",
        file=path,
    )
