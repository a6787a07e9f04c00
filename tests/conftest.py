"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine is slow at times; that is no property of the code. No test depends on a time.
settings.register_profile("vecgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vecgate")
