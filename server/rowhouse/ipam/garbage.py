"""GC: release what the runtime no longer knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from rowhouse.domain.errors import RowhouseError, TryAgain
from rowhouse.domain.requests import Sandbox
from rowhouse.store.allocation import allocator

if TYPE_CHECKING:
    from collections.abc import Collection

    from rowhouse.store.connection.database import Database

_log = structlog.get_logger(__name__)


def collect_garbage(
    store: Database, cluster: str, node: str, network_name: str, valid: Collection[tuple[str, str]]
) -> int:
    """Detach every sandbox of this node and CNI network that is not in `valid`; return their number.

    `valid` holds (container id, interface). Never touches another node's attachments. Works through
    the whole list (CNI SPEC section 2, GC: "should return errors, but continue"); then raises TryAgain
    if an entry failed, so that the runtime calls again.
    """
    keep = set(valid)
    released = 0
    failed: list[RowhouseError] = []
    for container_id, interface in allocator.sandboxes_of_node(store, cluster, node, network_name):
        if (container_id, interface) in keep:
            continue
        sandbox = Sandbox(
            cluster=cluster, node=node, container_id=container_id, interface=interface
        )
        try:
            allocator.detach(store, sandbox, reason="GC", only_node=node)
        except RowhouseError as error:
            _log.warning(
                "gc_entry_failed",
                container_id=container_id,
                interface=interface,
                error=error.message,
            )
            failed.append(error)
        else:
            released += 1
    if failed:
        raise TryAgain(
            f"could not release {len(failed)} attachments, released {released}: {failed[0].message}",
            hint="The next GC retries them.",
        )
    return released
