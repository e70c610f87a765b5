"""The latest history and the latest audit entries of a pool, as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from netaddr import IPNetwork
from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import INET, TIMESTAMP

from rowhouse.domain.addresses import format_address
from rowhouse.store.connection.listing import NEVER, Listing, in_bytes
from rowhouse.store.connection.models import Address, AuditEntry, Tenure
from rowhouse.store.connection.reads import row
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from sqlalchemy import Subquery

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

LATEST: Final = statement(__name__, "latest_tenures")

MAX_WHOLE: Final = 20_000
"""The longest history of a pool that is listed as a whole."""

MAX_SCANNED: Final = 100_000
"""The latest tenures of the installation that are searched for those of a pool with a longer history."""

MAX_TENURES: Final = 5000
"""The most of them that are listed."""

FEW: Final = 1000
"""If fewer are found, as many of the present owners are listed too."""

MAX_ENTRIES: Final = 50_000
"""The entries of the log that are searched for those of one pool: no index covers the pool."""

IN_USE: Final = "-"
"""Stands for the end of a tenure that has not ended."""

_MOMENT: Final = TIMESTAMP(timezone=True)
_TEXTS: Final = (
    "owner_kind",
    "cluster",
    "namespace",
    "name",
    "interface",
    "node",
    "container_id",
    "mac",
    "started_by",
    "start_reason",
    "ended_by",
    "end_reason",
)


def has_long_history(database: Database, pool: Record) -> bool:
    """Whether only the latest tenures of a pool are listed. Errors: TryAgain, NotReady."""
    low, high = (cast(end, INET) for end in _ends(pool))
    some = (
        select(Tenure.id).where(Tenure.address.between(low, high)).limit(MAX_WHOLE + 1).subquery()
    )
    counted = row(database, select(func.count()).select_from(some))
    return counted is not None and counted[0] > MAX_WHOLE


def tenures(pool: Record, *, is_long: bool) -> Listing:
    """Return the tenures of the addresses of a pool; of a long history, the latest ones."""
    latest = _latest(pool) if is_long else _whole(pool)
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
        searched=(
            func.lower(c.name),
            c.namespace,
            c.node,
            c.container_id,
            func.lower(c.started_by),
            func.lower(func.coalesce(c.ended_by, "")),
        ),
        owners=(c.namespace + "/" + c.name,),
        equal={
            "start": c.start_reason,
            "end": func.coalesce(c.end_reason, IN_USE),
        },
        address=c.address,
        period=(c.since, c.until),
        is_computed=True,
    )


def audit_entries(pool: Record) -> Listing:
    """Return the latest audit entries about a pool, its reservations, its quotas and exclusions in its CIDR."""
    low, high = (cast(end, INET) for end in _ends(pool))
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
        equal={"actor": c.actor, "action": c.action},
        period=(c.at, c.at),
        is_computed=True,
    )


def _whole(pool: Record) -> Subquery:
    low, high = (cast(end, INET) for end in _ends(pool))
    mine = (Tenure.network_id == pool.network_id, Tenure.address.between(low, high))
    whole: Subquery = _tenures().where(*mine).limit(MAX_WHOLE).subquery("whole")
    return whole


def _latest(pool: Record) -> Subquery:
    low, high = _ends(pool)
    query = (
        text(LATEST)
        .bindparams(
            bindparam("network", pool.network_id, Integer),
            bindparam("low", low, INET),
            bindparam("high", high, INET),
            bindparam("scanned", MAX_SCANNED, BigInteger),
            bindparam("at_most", MAX_TENURES, Integer),
            bindparam("few", FEW, Integer),
        )
        .columns(
            column("id", BigInteger),
            column("network_id", Integer),
            column("address", Address),
            column("pool_id", Integer),
            column("since", _MOMENT),
            column("until", _MOMENT),
            *(column(name, Text) for name in _TEXTS),
        )
    )
    return query.subquery("latest")


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


def _ends(pool: Record) -> tuple[str, str]:
    cidr = IPNetwork(pool.cidr)
    return format_address(cidr[0]), format_address(cidr[-1])
