"""Nodes: the reports of their agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.store.cluster import nodes

if TYPE_CHECKING:
    from rowhouse.domain.nodes import NodeReport
    from rowhouse.store.connection.database import Database


def report(store: Database, given: NodeReport) -> None:
    """Store what a node's agent reports. A repeated report changes nothing but the time. Raises TryAgain, NotReady."""
    nodes.report(store, given)
