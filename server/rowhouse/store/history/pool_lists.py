"""The latest history and the latest audit entries of a pool, as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from netaddr import IPNetwork
from sqlalchemy import Text, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import INET, TIMESTAMP

from rowhouse.domain.addresses import format_address
from rowhouse.store.connection.listing import NEVER, Listing, in_bytes
from rowhouse.store.connection.models import AuditEntry, Tenure

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from rowhouse.store.connection.reads import Record

MAX_TENURES: Final = 5000
MAX_ENTRIES: Final = 50_000
"""The entries of the log that are searched for those of one pool: no index covers the pool."""

_MOMENT: Final = TIMESTAMP(timezone=True)


def tenures(pool: Record) -> Listing:
    """Return the latest tenures of the addresses of a pool.

    They are the last ones by id. A large pool finds them from the end of the history, a small one by its addresses.
    """
    low, high = _ends(pool)
    latest = (
        _tenures()
        .where(Tenure.network_id == pool.network_id, Tenure.address.between(low, high))
        .order_by(Tenure.id.desc())
        .limit(MAX_TENURES)
        .subquery("latest")
    )
    c = latest.c
    texts = ("node", "container_id", "start_reason", "end_reason", "ended_by", "started_by")
    return Listing(
        rows=latest,
        whole=_tenures().subquery("tenures"),
        sorts={
            "address": (c.address,),
            "owner": (in_bytes(c.namespace), in_bytes(c.name)),
            "since": (c.since,),
            "until": (func.coalesce(c.until, NEVER),),
            **{name: (in_bytes(func.coalesce(c[name], "")),) for name in texts},
        },
        key=(c.id,),
        searched=(func.lower(c.name), c.namespace, c.node, c.container_id),
        owners=(c.namespace + "/" + c.name,),
        address=c.address,
    )


def audit_entries(pool: Record) -> Listing:
    """Return the latest audit entries about a pool, its reservations, its quotas and exclusions in its CIDR."""
    low, high = _ends(pool)
    recent = (
        select(AuditEntry)
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(MAX_ENTRIES)
        .subquery("recent")
    )
    of_row = func.coalesce(recent.c.after, recent.c.before)
    number = literal(str(pool.id))
    is_excluded = and_(
        recent.c.object_type == "exclusion",
        of_row["network_id"].astext == literal(str(pool.network_id)),
        cast(of_row["first"].astext, INET) <= high,
        cast(of_row["last"].astext, INET) >= low,
    )
    found = (
        select(recent)
        .where(
            or_(
                and_(recent.c.object_type == "pool", recent.c.object_key["id"].astext == number),
                of_row["pool_id"].astext == number,
                is_excluded,
            )
        )
        .subquery("entries")
    )
    c = found.c
    texts = ("actor", "action", "object")
    return Listing(
        rows=found,
        whole=select(AuditEntry).subquery("audit"),
        sorts={"at": (c.at,), **{name: (in_bytes(c[name]),) for name in texts}},
        key=(c.id,),
        searched=(
            func.lower(c.actor),
            c.action,
            func.lower(c.object),
            func.lower(cast(c.after, Text)),
            func.lower(cast(c.before, Text)),
            func.coalesce(c.request_id, ""),
        ),
    )


def _tenures() -> Any:
    return select(
        Tenure.id,
        Tenure.network_id,
        Tenure.address,
        Tenure.pool_id,
        cast(Tenure.owner_kind, Text).label("owner_kind"),
        Tenure.owner_cluster.label("cluster"),
        Tenure.owner_namespace.label("namespace"),
        Tenure.owner_name.label("name"),
        Tenure.owner_interface.label("interface"),
        Tenure.node,
        Tenure.container_id,
        cast(Tenure.mac, Text).label("mac"),
        Tenure.started_by,
        Tenure.start_reason,
        Tenure.ended_by,
        Tenure.end_reason,
        func.lower(Tenure.during, type_=_MOMENT).label("since"),
        func.upper(Tenure.during, type_=_MOMENT).label("until"),
    )


def _ends(pool: Record) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    cidr = IPNetwork(pool.cidr)
    return cast(format_address(cidr[0]), INET), cast(format_address(cidr[-1]), INET)
