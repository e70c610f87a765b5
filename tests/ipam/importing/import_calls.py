"""One import, and what it came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.pods import subnet
from fixtures.whereabouts import entry, ip_pool
from rowhouse.domain.administration import Actor
from rowhouse.ipam.importing import Import

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.domain.importing import Finding, Inventory
    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

ACTOR = Actor(name="anna@laptop")
POOL = subnet("10.0.0.0/24")
WEB = ip_pool("10.0.0.0/24", {"5": entry("default/web", "sandbox-1")})


def take(
    store: Store,
    found: Inventory,
    *,
    dry_run: bool = False,
    release_gone: bool = False,
    cluster: str = "",
) -> list[Finding]:
    work = Import(store, ACTOR, cluster, found, dry_run=dry_run, release_gone=release_gone, batch=7)
    return list(work.findings())


def outcomes(findings: list[Finding]) -> dict[str, str]:
    return {one.address or one.what: one.outcome for one in findings}


def reservations(dba: Session) -> dict[str, str]:
    rows = dba.execute(
        "SELECT host(address), owner_namespace || '/' || owner_name || ' ' || owner_interface FROM reservations"
        " ORDER BY address"
    )
    return dict(rows.fetchall())
