"""Whether tokens of nodes can be verified, for each trusted cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from rowhouse.metrics import VERIFICATION_READY, VERIFICATION_UP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from rowhouse.auth.verification import Verification


class VerificationMetrics(Collector):
    """The metrics of one server process's verification."""

    def __init__(self, verification: Verification) -> None:
        self._verification = verification

    def describe(self) -> list[Metric]:
        """Return nothing: `collect` has the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return both metrics, with one sample for each cluster."""
        ready = VERIFICATION_READY.gauge()
        up = VERIFICATION_UP.gauge()
        # If the settings name a cluster twice, the worse state counts.
        samples: dict[str, tuple[int, int]] = {}
        for found in self._verification.report():
            is_ready, is_up = samples.get(found["cluster"], (1, 1))
            both = min(is_ready, int(found["is_ready"])), min(is_up, int(found["is_up"]))
            samples[found["cluster"]] = both
        for cluster, (is_ready, is_up) in samples.items():
            ready.add_metric([cluster], is_ready)
            up.add_metric([cluster], is_up)
        yield ready
        yield up
