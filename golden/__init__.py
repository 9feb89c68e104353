"""Recorded exports, what their migrations must give, and how to record more. Not part of the installed package."""
