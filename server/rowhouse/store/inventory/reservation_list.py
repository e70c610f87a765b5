"""The reservations of all pools as a list."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, case, cast, func, select

from rowhouse.store.connection.listing import NEVER, Listing, in_bytes
from rowhouse.store.connection.models import Attachment, Network, Pool, Reservation

HELD_STATES: Final = ("pod", "sticky", "reserved")


def of_all_pools() -> Listing:
    """Return the list of all reservations.

    The joins are outer ones, so that PostgreSQL leaves out those that a sort or a count does not need.
    """
    state = case(
        (Reservation.owner_kind == "static", "reserved"),
        (Reservation.sticky, "sticky"),
        else_="pod",
    )
    mac = (
        select(cast(Attachment.mac, Text))
        .where(
            Attachment.network_id == Reservation.network_id,
            Attachment.address == Reservation.address,
            Attachment.mac.is_not(None),
        )
        .order_by(Attachment.attached_at.desc())
        .limit(1)
    )
    found = (
        select(
            Reservation.network_id,
            Reservation.address,
            Reservation.pool_id,
            state.label("state"),
            cast(Reservation.owner_kind, Text).label("owner_kind"),
            Reservation.owner_namespace.label("namespace"),
            Reservation.owner_name.label("name"),
            Reservation.owner_cluster.label("cluster"),
            Reservation.owner_interface.label("interface"),
            Reservation.node,
            Reservation.container_id,
            Reservation.reserved_at.label("since"),
            Reservation.expires_at.label("until"),
            Reservation.description,
            Reservation.labels,
            mac.scalar_subquery().label("mac"),
            Network.name.label("network"),
            Pool.cidr.label("pool"),
            Pool.name.label("pool_name"),
        )
        .outerjoin(Network, Network.id == Reservation.network_id)
        .outerjoin(Pool, Pool.id == Reservation.pool_id)
        .subquery("reservations")
    )
    c = found.c
    texts = ("state", "namespace", "node", "cluster", "interface", "container_id", "description")
    return Listing(
        rows=found,
        sorts={
            "address": (c.address,),
            "network": (in_bytes(func.coalesce(c.network, "")),),
            "pool": (c.pool,),
            "owner": (in_bytes(c.namespace), in_bytes(c.name)),
            "since": (c.since,),
            "until": (func.coalesce(c.until, NEVER),),
            **{name: (in_bytes(c[name]),) for name in texts},
        },
        key=(c.network_id, c.address),
        searched=(
            func.lower(c.name),
            c.namespace,
            c.node,
            func.lower(c.description),
            c.container_id,
        ),
        owners=(c.namespace + "/" + c.name,),
        equal={"state": c.state, "network": cast(c.network_id, Text)},
        address=c.address,
        labels=c.labels,
        turns_key=False,
    )
