"""Requests of teams for addresses: search them, and call the stored functions that send and decide them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import psycopg
from sqlalchemy import Text, cast, func, select

from rowhouse.store.connection.errors import domain_error
from rowhouse.store.connection.listing import Listing, in_bytes
from rowhouse.store.connection.models import CurrentRequest
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from psycopg.rows import TupleRow

    from rowhouse.domain.administration import Actor, ReservationPlan
    from rowhouse.domain.requesting import Decision
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

    Session = psycopg.Connection[TupleRow]

SEND: Final = statement(__name__, "request")
DECIDE = "SELECT id FROM rowhouse.decide_request_v1(%s, %s, %s, %s, %s, %s)"
PRUNE = "SELECT rowhouse.prune_requests_v1(%s, %s, %s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on requests; None: any. The request must be for one of `namespaces`."""

    state: str | None = None
    namespace: str | None = None
    pool_id: int | None = None
    requested_by: str | None = None
    namespaces: tuple[str, ...] | None = None


def search(
    database: Database, wanted: Search, *, before: int | None, limit: int
) -> Sequence[Record]:
    """Return the requests before id `before` that meet every condition, the latest first."""
    found = select(CurrentRequest).order_by(CurrentRequest.id.desc()).limit(limit)
    for column, value in (
        (CurrentRequest.state, wanted.state),
        (CurrentRequest.namespace, wanted.namespace),
        (CurrentRequest.pool_id, wanted.pool_id),
        (CurrentRequest.requested_by, wanted.requested_by),
    ):
        if value is not None:
            found = found.where(column == value)
    if wanted.namespaces is not None:
        found = found.where(CurrentRequest.namespace.in_(wanted.namespaces))
    if before is not None:
        found = found.where(CurrentRequest.id < before)
    return rows(database, found)


def get(
    database: Database, request: int, *, namespaces: Collection[str] | None = None
) -> Record | None:
    """Return one request; None: there is none for one of `namespaces` (None: any)."""
    found = select(CurrentRequest).where(CurrentRequest.id == request)
    if namespaces is not None:
        found = found.where(CurrentRequest.namespace.in_(namespaces))
    return row(database, found)


def send(
    database: Database,
    plan: ReservationPlan,
    actor: Actor,
    *,
    valid: float,
    idempotency_key: str | None,
) -> int:
    """Send a request that expires after `valid` seconds, and return its id.

    Errors: NotFound, AddressOutsideRanges, AddressTaken, QuotaExceeded, TryAgain.
    """
    holder = plan.holder
    parameters = {
        "actor": actor.name,
        "request_id": actor.request_id,
        "pool": plan.pool_id,
        "addresses": None if plan.addresses is None else list(plan.addresses),
        "count": plan.count,
        "kind": holder.kind,
        "cluster": holder.cluster,
        "namespace": holder.namespace,
        "name": holder.name,
        "interface": holder.interface,
        "ttl": plan.ttl,
        "description": plan.description,
        "labels": json.dumps(plan.labels),
        "valid": valid,
        "key": idempotency_key,
    }
    made = database.change(SEND, parameters, actor=actor.name, request_id=actor.request_id)
    return int(made[0][0])


def decide(
    database: Database,
    request: int,
    decision: Decision,
    actor: Actor,
    *,
    reason: str,
    force: bool = False,
) -> None:
    """End a request. Raises NotFound, InTheWay, and for an approval the errors of a reservation.

    `force` also approves gateway, network and broadcast addresses.
    """
    parameters = (actor.name, actor.request_id, request, decision, reason, force)
    database.change(DECIDE, parameters, actor=actor.name, request_id=actor.request_id)


def prune(session: Session, actor: str, *, days: int, at_most: int) -> int:
    """Remove one batch of requests that ended more than `days` ago; return their number. Raises TryAgain, NotReady."""
    try:
        [(pruned,)] = session.execute(PRUNE, (actor, timedelta(days=days), at_most)).fetchall()
    except psycopg.Error as error:
        raise domain_error(error) from error
    return int(pruned)


def of_all() -> Listing:
    """Return the list of all requests."""
    found = select(CurrentRequest).subquery("requests")
    c = found.c
    texts = ("state", "namespace", "name", "requested_by", "description")
    return Listing(
        rows=found,
        sorts={
            "id": (c.id,),
            "pool": (c.pool,),
            "how_many": (c.how_many,),
            "requested_at": (c.requested_at,),
            "decided_by": (in_bytes(func.coalesce(c.decided_by, "")),),
            **{name: (in_bytes(c[name]),) for name in texts},
        },
        key=(c.id,),
        searched=(
            c.namespace,
            func.lower(c.name),
            func.lower(c.description),
            func.lower(c.requested_by),
            cast(c.pool, Text),
            cast(c.id, Text),
        ),
        owners=(c.namespace + "/" + c.name, cast(c.pool, Text)),
        equal={"state": c.state},
    )
