"""Pools: create, update, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_cidr,
    parse_cidr,
)
from rowhouse.domain.administration import PoolPlan
from rowhouse.domain.errors import InvalidRequest, Outdated, ReservationsInTheWay
from rowhouse.domain.networks import named
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import pools

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

_LONGEST_ID: Final = 10


def pool(store: Database, pool_id: int, *, namespaces: Collection[str] | None = None) -> Record:
    """Return a pool that one of these namespaces uses (None: any pool). Raises NotFound.

    A namespace uses a pool if it holds an address there, or has a quota of the pool.
    """
    found = pools.get(store, pool_id, namespaces=namespaces)
    if found is None:
        raise missing("pool", pool_id)
    return found


def id_of(
    store: Database,
    text: str | None,
    network: str | None = None,
    *,
    namespaces: tuple[str, ...] | None = None,
) -> int | None:
    """Return the id of the pool that `pool_of` finds; None if `text` is None."""
    return None if text is None else int(pool_of(store, text, network, namespaces=namespaces).id)


def pool_of(
    store: Database,
    text: str,
    network: str | None = None,
    *,
    namespaces: tuple[str, ...] | None = None,
) -> Record:
    """Return the pool with a name, an alias, a CIDR or an id, in a network (None: in any).

    One of `namespaces` uses it, as for `pool`.

    Raises NotFound, and InvalidRequest if several networks have the CIDR, or if it is none.
    """
    cidr = _cidr(text) if "/" in text else None
    name = None if cidr else text
    wanted = pools.Search(network=network, cidr=cidr, name=name, namespaces=namespaces)
    found = pools.search(store, wanted, after=0, limit=2)
    if not found and text.isdecimal() and len(text) < _LONGEST_ID:
        found = [
            row for row in (pools.get(store, int(text), namespaces=namespaces),) if row is not None
        ]
        found = [row for row in found if network is None or row.network_name == network]
    if not found:
        raise missing("pool", text, "" if network is None else f"in {named(network)}")
    if len(found) > 1:
        raise InvalidRequest(
            f"several networks have pool {text}",
            errors=[("/query/pool", "several networks have this CIDR")],
            hint="Add `network`, or pass the name or the id of the pool.",
        )
    return found[0]


def _cidr(text: str) -> str:
    try:
        return format_cidr(parse_cidr(text))
    except (AddressSyntaxError, MappedAddressError) as error:
        raise InvalidRequest(str(error), errors=[("/query/pool", str(error))]) from error


def create_pool(
    store: Database,
    plan: PoolPlan,
    network: str,
    actor: Actor,
    *,
    isolated: bool = False,
    force: bool = False,
) -> Record:
    """Create a pool, and its network if needed; `isolated` gives it its own address space.

    Raises InvalidRequest (gateway or window do not fit), InTheWay (the CIDR or the name is taken; a running
    sandbox uses the gateway's address, unless `force`).
    """
    plan.check()
    made = pools.create(store, plan, network, actor, isolated=isolated, force=force)
    return pool(store, made)


def change_pool(
    store: Database,
    pool_id: int,
    changes: Mapping[str, Any],
    actor: Actor,
    *,
    version: int | None = None,
    force: bool = False,
) -> Record:
    """Change the fields of a pool that are in `changes`; `version` is the one that it must have.

    The old name of a renamed pool becomes an alias, unless `changes` has `aliases`: the whole list.
    Without `force`, a window does not shrink over reservations, a gateway is not set to an address of a pod, and no
    name is removed that running sandboxes may have used. With it, those stay as they are. The database checks
    the use by sandboxes while no ADD is running.
    Raises NotFound, InvalidRequest, InTheWay, ReservationsInTheWay, Outdated.
    """
    while True:
        now = pool(store, pool_id)
        _expect(now, version)
        plan = _changed(store, now, changes, force=force)
        if plan == _plan(now) or pools.update(
            store, pool_id, now.version, plan, actor, force=force
        ):
            return pool(store, pool_id)
        # The pool has changed meanwhile: retry with its current values.


def check_change(
    store: Database, pool_id: int, changes: Mapping[str, Any], *, force: bool = False
) -> None:
    """Raise what `change_pool` would raise now, and change nothing."""
    _changed(store, pool(store, pool_id), changes, force=force)


def delete_pool(store: Database, pool_id: int, actor: Actor, *, version: int | None = None) -> None:
    """Delete a pool. Raises NotFound, Outdated, and InTheWay if it has reservations."""
    _expect(pool(store, pool_id), version)
    if not pools.delete(store, pool_id, version, actor):
        raise _outdated(pool(store, pool_id))


def _changed(store: Database, now: Record, changes: Mapping[str, Any], *, force: bool) -> PoolPlan:
    plan = replace(_plan(now), **changes)
    names = {*plan.aliases}
    if "aliases" not in changes and now.name is not None:
        names.add(now.name)
    plan = replace(plan, aliases=tuple(sorted(names - {plan.name})))
    plan.check()
    if not force:
        _refuse_obstacles(store, now, plan)
    return plan


def _plan(now: Record) -> PoolPlan:
    return PoolPlan(
        cidr=now.cidr,
        name=now.name,
        aliases=tuple(now.aliases),
        gateway=now.gateway,
        window_first=now.window_first,
        window_last=now.window_last,
        reuse_delay=now.reuse_delay.total_seconds(),
        labels=now.labels,
        description=now.description,
        drained=now.drained,
    )


def _expect(now: Record, version: int | None) -> None:
    if version is not None and version != now.version:
        raise _outdated(now)


def _outdated(now: Record) -> Outdated:
    return Outdated(
        f"pool {now.cidr} is now at version {now.version}",
        hint="Read it again, and repeat the change with the new ETag if it still applies.",
    )


def _refuse_obstacles(store: Database, now: Record, plan: PoolPlan) -> None:
    moved = (plan.window_first, plan.window_last, plan.gateway)
    if moved == (now.window_first, now.window_last, now.gateway):
        return
    found = pools.obstacles(store, now.id, plan)
    if not found:
        return
    first = [(address, f"{namespace}/{name}") for address, namespace, name, _ in found]
    total = found[0][3]
    shown = ", ".join(f"{address} ({owner})" for address, owner in first[:3])
    raise ReservationsInTheWay(
        f"{total} reservations of pool {now.cidr} block the change: {shown}{', …' if total > len(first[:3]) else ''}",
        first=first,
        total=total,
        hint="Release or reassign them first, or pass `force`: they then stay until they are released.",
    )
