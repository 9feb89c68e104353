"""Compare two runs, or two groups of runs: pair, judge whether they are comparable, estimate, decide, and say so.

What comes out is a [`Receipt`][migrator.diff.receipt.Receipt]; every table, page and exit code is made from one.
"""
