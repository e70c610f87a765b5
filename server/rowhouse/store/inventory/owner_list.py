"""The owners that hold addresses, as a list: pods, claims, machines, workloads, devices and people."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Text, case, cast, func, select

from rowhouse.store.connection.listing import Listing, in_bytes
from rowhouse.store.connection.models import Reservation

KINDS: Final = {
    "pod": "Pod",
    "static": "Reserved by hand",
    "claim": "Claim",
    "virtual_machine": "Virtual machine",
    "workload": "Workload",
}


def of_all() -> Listing:
    """Return the list of owners by kind, cluster, namespace and name; `address` is their lowest address."""
    by = (
        Reservation.owner_kind,
        Reservation.owner_cluster,
        Reservation.owner_namespace,
        Reservation.owner_name,
    )
    found = (
        select(
            cast(Reservation.owner_kind, Text).label("owner_kind"),
            Reservation.owner_cluster.label("cluster"),
            Reservation.owner_namespace.label("namespace"),
            Reservation.owner_name.label("name"),
            func.count().label("addresses"),
            func.min(Reservation.address).label("address"),
            func.min(Reservation.network_id).label("network_id"),
            func.max(Reservation.node).label("node"),
            func.min(Reservation.reserved_at).label("since"),
        )
        .group_by(*by)
        .subquery("owners")
    )
    c = found.c
    texts = ("owner_kind", "cluster", "node", "namespace")
    return Listing(
        rows=found,
        sorts={
            "owner": (in_bytes(c.namespace), in_bytes(c.name)),
            "addresses": (c.addresses,),
            "address": (c.address,),
            "since": (c.since,),
            **{name: (in_bytes(c[name]),) for name in texts},
        },
        key=(in_bytes(c.namespace), in_bytes(c.name), in_bytes(c.cluster), in_bytes(c.owner_kind)),
        searched=(func.lower(c.name), c.namespace, c.node),
        owners=(c.namespace + "/" + c.name,),
        equal={
            "owner_kind": c.owner_kind,
            "cluster": case((c.cluster == "", "-"), else_=c.cluster),
        },
        address=c.address,
    )
