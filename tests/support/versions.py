"""Versions that tests speak of, so that a new version of the line changes no test."""

from __future__ import annotations

from typing import Final

from migrator.chain.steps import NEWEST as NEWEST

UNKNOWN: Final = "99.0"
"""A version that no release will write soon."""
