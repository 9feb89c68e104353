"""`python -m migrator` is `aiperf-migrate`."""

from migrator.cli.main import run

run()
