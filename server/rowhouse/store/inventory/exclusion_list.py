"""The exclusions of all networks as a list."""

from __future__ import annotations

from sqlalchemy import func, select

from rowhouse.store.connection.listing import Listing, in_bytes
from rowhouse.store.connection.models import Exclusion, Network, Reservation


def of_all_networks() -> Listing:
    """Return the list of exclusions, with the number of their addresses in use."""
    in_use = select(func.count()).where(
        Reservation.network_id == Exclusion.network_id,
        Reservation.address.between(Exclusion.first, Exclusion.last),
    )
    found = (
        select(
            Exclusion.id,
            Exclusion.network_id,
            Exclusion.first,
            Exclusion.last,
            Exclusion.reason,
            Exclusion.created_at.label("created"),
            Network.name.label("network"),
            in_use.scalar_subquery().label("in_use"),
        )
        .join(Network, Network.id == Exclusion.network_id)
        .subquery("exclusions")
    )
    c = found.c
    return Listing(
        rows=found,
        sorts={
            "first": (c.first,),
            "last": (c.last,),
            "network": (in_bytes(c.network),),
            "reason": (in_bytes(c.reason),),
            "created": (c.created,),
        },
        key=(c.id,),
        searched=(func.lower(c.reason), func.lower(c.network), func.host(c.last)),
        address=c.first,
    )
