"""Defaults that the command line, the programs behind it and the chart share (`tests/chart/test_values.py`)."""

from __future__ import annotations

from typing import Final

SERVE_BIND: Final = "127.0.0.1:8080"
"""Where the server listens."""
HEALTH_BIND: Final = "127.0.0.1:8081"
"""Where the controller answers probes and Prometheus."""

GRACE_SECONDS: Final = 60.0
"""The reconciler judges nothing younger, and its two passes before a release are so far apart."""
SETTLE_SECONDS: Final = 10.0
"""From the end of a pod that was watched to the second check of it."""
PASS_SECONDS: Final = 300.0
"""Between full passes of the reconciler that find nothing new."""

MIRROR_WRITES_PER_SECOND: Final = 100.0
MIRROR_RESYNC_SECONDS: Final = 600.0
"""Between comparisons of all mirrored objects."""
