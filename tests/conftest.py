"""Hypothesis profiles: one that gives the same examples in every run, and others that search."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_SLOW_MACHINES = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

# `deadline=None` and no health checks of time: a busy machine is no bug.
settings.register_profile("fast", deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW_MACHINES)
settings.register_profile("search", deadline=None, print_blob=True, suppress_health_check=_SLOW_MACHINES)
# A mutant is to be noticed, not understood.
settings.register_profile(
    "mutate", settings.get_profile("fast"), phases=[Phase.explicit, Phase.generate], max_examples=6
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
