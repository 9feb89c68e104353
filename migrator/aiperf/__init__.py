"""What changes with an AIPerf release: releases, metrics, units, directions, volatile fields, records."""
