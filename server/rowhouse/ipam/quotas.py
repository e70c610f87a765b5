"""Quotas: how many addresses a namespace may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import quotas

if TYPE_CHECKING:
    from collections.abc import Collection

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def quota(store: Database, quota_id: int, *, namespaces: Collection[str] | None = None) -> Record:
    """Return a quota of one of these namespaces (None: any), with the number of addresses in use. Raises NotFound."""
    found = quotas.get(store, quota_id)
    if found is None or not (namespaces is None or found.namespace in namespaces):
        raise missing("quota", quota_id)
    return found


def create_quota(
    store: Database, namespace: str, pool_id: int | None, addresses: int, actor: Actor
) -> Record:
    """Limit a namespace in one pool, or (None) in all. It keeps addresses that it already holds.

    Raises NotFound (pool), InTheWay (it already has a quota there).
    """
    made = quotas.create(store, namespace, pool_id, addresses, actor)
    if made is None:
        raise missing("pool", pool_id or 0)
    return quota(store, made)


def change_quota(store: Database, quota_id: int, addresses: int, actor: Actor) -> Record:
    """Change a quota. Raises NotFound."""
    if not quotas.update(store, quota_id, addresses, actor):
        raise missing("quota", quota_id)
    return quota(store, quota_id)


def delete_quota(store: Database, quota_id: int, actor: Actor) -> None:
    """Delete a quota. Raises NotFound."""
    if not quotas.delete(store, quota_id, actor):
        raise missing("quota", quota_id)
