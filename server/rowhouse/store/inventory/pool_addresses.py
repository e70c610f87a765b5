"""All addresses of a pool as a list: in use, free, quarantined, excluded, and gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork
from sqlalchemy import (
    Boolean,
    DateTime,
    Integer,
    Text,
    bindparam,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from rowhouse.domain.addresses import format_address
from rowhouse.store.connection.listing import NEVER, Listing, in_bytes
from rowhouse.store.connection.models import Address
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from rowhouse.store.connection.reads import Record

ADDRESSES: Final = statement(__name__, "pool_addresses")

MAX_SINGLE: Final = 4096
"""The largest pool whose free, quarantined and excluded addresses are rows of their own, not runs: a /20."""

STATES: Final = (
    "free",
    "pod",
    "sticky",
    "reserved",
    "quarantined",
    "excluded",
    "on-request",
    "gateway",
)

_TEXTS: Final = (
    "state",
    "owner_kind",
    "namespace",
    "name",
    "cluster",
    "interface",
    "node",
    "container_id",
    "description",
)


def of_pool(pool: Record) -> Listing:
    """Return the list of the addresses of a pool (`pools.with_window`).

    A row is an address, or a run from `address` to `last`.
    """
    cidr = IPNetwork(pool.cidr)
    ends = {
        "low": format_address(cidr[0]),
        "high": format_address(cidr[-1]),
        "first_assigned": pool.first,
        "last_assigned": pool.last,
    }
    query = (
        text(ADDRESSES)
        .bindparams(
            bindparam("network", pool.network_id, Integer),
            bindparam("single", cidr.size <= MAX_SINGLE, Boolean),
            *(bindparam(name, end, INET) for name, end in ends.items()),
        )
        .columns(
            column("address", Address),
            column("last", Address),
            column("since", DateTime(timezone=True)),
            column("until", DateTime(timezone=True)),
            *(column(name, Text) for name in (*_TEXTS, "mac")),
            column("labels", JSONB),
        )
    )
    found = query.subquery("addresses")
    c = found.c
    return Listing(
        rows=found,
        sorts={
            "address": (c.address,),
            "since": (func.coalesce(c.since, NEVER),),
            "until": (func.coalesce(c.until, NEVER),),
            "owner": (in_bytes(c.namespace), in_bytes(c.name)),
            **{name: (in_bytes(c[name]),) for name in _TEXTS},
        },
        key=(c.address, c.last, in_bytes(c.state)),
        searched=(
            func.lower(c.name),
            c.namespace,
            c.node,
            func.lower(c.description),
            c.container_id,
            c.state,
        ),
        owners=(c.namespace + "/" + c.name,),
        equal={"state": c.state},
        address=c.address,
        labels=c.labels,
        turns_key=False,
        is_computed=True,
    )
