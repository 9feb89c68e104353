"""`python -m migrator` is `aiperf-migrate`."""

from migrator.cli.start import run

run()
