"""The comparison screen: the receipt of two sides as a table, with curves, export and waivers."""

from tui.compare.screen import CompareScreen

__all__ = ["CompareScreen"]
