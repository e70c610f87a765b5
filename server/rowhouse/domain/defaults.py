"""Defaults that the command line, the programs behind it and the chart share (`tests/chart/test_values.py`)."""

from __future__ import annotations

from typing import Final

SERVE_BIND: Final = "127.0.0.1:8080"
"""The address on which the server listens."""
HEALTH_BIND: Final = "127.0.0.1:8081"
"""The address on which the controller serves probes and metrics."""

GRACE_SECONDS: Final = 60.0
"""Minimum age before release, and the interval between the reconciler's two checks."""
SETTLE_SECONDS: Final = 10.0
"""Delay between the end of a watched pod and the second check of it."""
PASS_SECONDS: Final = 300.0
"""Interval between full passes of the reconciler when there is nothing new."""
OWNER_SECONDS: Final = 20.0
"""Maximum interval between checks of the objects that keep addresses (`ipam/owner_release.py`)."""

MIRROR_WRITES_PER_SECOND: Final = 100.0
MIRROR_RESYNC_SECONDS: Final = 600.0
"""Interval between full comparisons of the mirrored objects."""
