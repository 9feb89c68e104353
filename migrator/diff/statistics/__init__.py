"""Intervals and tests on plain numbers. Nothing here knows what a metric is."""
