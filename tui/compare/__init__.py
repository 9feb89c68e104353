"""The comparison screens: the receipt of two sides as a table, two sweeps cell by cell, and one sweep alone."""

from tui.compare.front_screen import FrontScreen
from tui.compare.model import Question
from tui.compare.screen import CompareScreen
from tui.compare.sweep_screen import SweepScreen

__all__ = ["CompareScreen", "FrontScreen", "Question", "SweepScreen"]
