"""Pools: list, create, update and delete; their fill and their free space."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Address
from rowhouse.api.pool_documents import (
    Fill,
    FillMoment,
    FreeRun,
    FreeRunPage,
    Pool,
    PoolPage,
    Usage,
)
from rowhouse.domain.periods import period
from rowhouse.domain.runs import length
from rowhouse.ipam import pools
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import occupancy
from rowhouse.store.inventory import pools as rows

if TYPE_CHECKING:
    from collections.abc import Collection

    from rowhouse.api.calls import Call
    from rowhouse.api.pool_documents import (
        ChangeQuery,
        FillQuery,
        FreeRunQuery,
        NewPool,
        PoolChange,
        PoolQuery,
    )
    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.occupancy import Occupancy

_KEY: TypeAdapter[int] = TypeAdapter(int)
_LAST: TypeAdapter[str] = TypeAdapter(Address)


def list_pools(call: Call, query: PoolQuery) -> Reply:
    """List pools; with `usage=true`, include how full they are."""
    found = rows.search(
        call.store,
        _search(call, query),
        after=paging.key_of(query, _KEY) or 0,
        limit=query.limit + 1,
    )
    shown = [row.id for row in found[: query.limit]]
    used = _usage(call, shown) if query.usage else {}
    overlaps = _overlaps(call, shown)
    return Reply(
        document=paging.page(
            PoolPage,
            query,
            found,
            item=lambda row: Pool.of(row, overlaps.get(row.id), used.get(row.id)),
            key=lambda row: row.id,
        )
    )


def create_pool(call: Call, body: NewPool) -> Reply:
    """Create a pool, and its network if it does not exist yet."""
    made = pools.create_pool(
        call.store,
        body.plan(),
        body.network,
        call.actor,
        isolated=body.isolated,
        force=body.force,
    )
    return _reply(call, made, location=f"/api/v1/pools/{made.id}")


def get_pool(call: Call, pool_id: int) -> Reply:
    """Show a pool."""
    return _reply(call, pools.pool(call.store, pool_id, namespaces=call.namespaces))


def change_pool(call: Call, pool_id: int, query: ChangeQuery, body: PoolChange) -> Reply:
    """Update a pool: its window, gateway, reuse delay, name, aliases, labels or description; drain it."""
    changes = body.model_dump(exclude_unset=True)
    changed = pools.change_pool(
        call.store, pool_id, changes, call.actor, version=call.version, force=query.force
    )
    return _reply(call, changed)


def delete_pool(call: Call, pool_id: int) -> Reply:
    """Delete a pool that has no reservations."""
    pools.delete_pool(call.store, pool_id, call.actor, version=call.version)
    return Reply(document=None)


def get_pool_usage(call: Call, pool_id: int) -> Reply:
    """Show how full a pool is."""
    pools.pool(call.store, pool_id, namespaces=call.namespaces)
    found = occupancy.of_pool(call.store, pool_id)
    if found is None:
        raise missing("pool", pool_id)
    return Reply(document=Usage.model_validate(found))


def _usage(call: Call, pool_ids: Collection[int]) -> dict[int, Occupancy]:
    return {pool.id: pool for pool in occupancy.of_pools(call.store, pool_ids)}


def list_free_runs(call: Call, pool_id: int, query: FreeRunQuery) -> Reply:
    """List the runs of free or of quarantined addresses of a pool."""
    found = rows.free_runs(
        call.store,
        pools.pool(call.store, pool_id, namespaces=call.namespaces),
        quarantined=query.quarantined,
        after=paging.key_of(query, _LAST),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(FreeRunPage, query, found, item=_run, key=lambda row: row.key)
    )


def get_pool_fill(call: Call, pool_id: int, query: FillQuery) -> Reply:
    """Show how many addresses of a pool were in use over time."""
    pools.pool(call.store, pool_id, namespaces=call.namespaces)
    span = period(query.since, query.until, default=timedelta(days=1), steps=query.steps)
    found = rows.fill(call.store, pool_id, span.since, span.until, query.steps)
    return Reply(document=Fill(moments=[FillMoment.model_validate(row) for row in found]))


def _reply(call: Call, row: Record, *, location: str = "") -> Reply:
    document = Pool.of(row, _overlaps(call, [row.id]).get(row.id))
    return Reply(document=document, location=location, version=row.version)


def _overlaps(call: Call, pool_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the CIDRs of overlapping pools; a team does not learn of pools that it does not use."""
    if not pool_ids or call.namespaces is not None:
        return {}
    return rows.overlaps(call.store, pool_ids)


def _search(call: Call, query: PoolQuery) -> rows.Search:
    key, _, value = (query.label or "").partition("=")
    return rows.Search(
        network=query.network,
        name=query.name,
        cidr=query.cidr,
        contains=query.contains,
        drained=query.drained,
        labels={key: value} if key else {},
        namespaces=call.namespaces,
    )


def _run(row: Record) -> FreeRun:
    return FreeRun(
        first=row.first,
        last=row.last,
        addresses=length((row.first, row.last)),
    )
