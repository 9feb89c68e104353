"""Runs of one workload in the order of time, and where their metrics change their level."""
