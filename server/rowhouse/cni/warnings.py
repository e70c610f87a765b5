"""Warnings about successful calls: a line in the log, and an event on the pod."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.domain.names import generated_stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.requests import Assigned, Owner
    from rowhouse.ipam.allocation_failures import AllocationFailureQueue

_log = structlog.get_logger(__name__)
_MAX_REMEMBERED: Final = 10_000


class Warnings:
    """Warns once per subject. Safe to share between threads."""

    def __init__(self, notes: AllocationFailureQueue) -> None:
        self._notes = notes
        self._lock = threading.Lock()
        self._told: set[tuple[str, ...]] = set()

    def sticky_name(self, owner: Owner, node: str, network: str) -> None:
        """Warn about a sticky address for a generated pod name, which is never used again."""
        stem = generated_stem(owner.name) if owner.sticky else None
        if stem is None or not self._is_news(
            "sticky", owner.cluster, owner.namespace, stem, network
        ):
            return
        kept = (
            "until it is released" if owner.sticky_ttl is None else "until its sticky_ttl expires"
        )
        message = (
            f'network "{network}" is sticky, and the name of pod {owner.namespace}/{owner.name} is generated:'
            f" its address is kept for this name, which is never used again, {kept}."
            " Use sticky only for StatefulSets and pods with fixed names, or set sticky_ttl."
        )
        _log.warning("sticky_generated_name", network=network, pods=f"{owner.namespace}/{stem}-…")
        self._notes.note(owner, node, message, reason="StickyGeneratedName")

    def shared_name(self, owner: Owner, node: str, assigned: Sequence[Assigned]) -> None:
        """Warn if two clusters without names have a pod of the same name, and so share one address."""
        if owner.cluster:
            return
        for one in assigned:
            if one.rival is None or not self._is_news("name", one.network, one.address):
                continue
            message = (
                f"address {one.address} is in use by two pods named {owner.namespace}/{owner.name}: here (node"
                f' "{node}", uid {owner.uid}) and on {one.rival}. If they belong to two clusters, name each cluster'
                " (cluster in the chart's values and the plugin's settings)."
            )
            _log.warning(
                "two_pods_of_one_name", address=one.address, pod=f"{owner.namespace}/{owner.name}"
            )
            self._notes.note(owner, node, message, reason="AddressShared")

    def _is_news(self, *subject: str) -> bool:
        with self._lock:
            if subject in self._told or len(self._told) >= _MAX_REMEMBERED:
                return False
            self._told.add(subject)
            return True
