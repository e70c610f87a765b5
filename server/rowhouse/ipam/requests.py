"""Requests of teams: send, approve, decline, withdraw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.requesting import VALID_SECONDS
from rowhouse.ipam import pools
from rowhouse.ipam.missing import missing
from rowhouse.store.allocation import requests

if TYPE_CHECKING:
    from collections.abc import Collection

    from rowhouse.domain.administration import Actor, ReservationPlan
    from rowhouse.domain.requesting import Decision
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def request(store: Database, wanted: int, *, namespaces: Collection[str] | None = None) -> Record:
    """Return a request for one of these namespaces (None: any). Raises NotFound."""
    found = requests.get(store, wanted, namespaces=namespaces)
    if found is None:
        raise missing("request", wanted)
    return found


def send(
    store: Database,
    plan: ReservationPlan,
    actor: Actor,
    *,
    namespaces: Collection[str] | None = None,
    valid: float = VALID_SECONDS,
    idempotency_key: str | None = None,
    sent_before: str | None = None,
) -> Record:
    """Ask an operator for addresses of a pool that one of `namespaces` uses (None: of any pool).

    It expires after `valid` seconds. `sent_before` is the note of an interrupted call with this key: the id of its
    request, which is the answer. Nothing is reserved yet.

    Errors: NotFound, AddressOutsideRanges and AddressTaken (no operator could approve it), QuotaExceeded (with what the
    namespace holds and its pending requests).
    """
    if sent_before is not None:
        return request(store, int(sent_before))
    pools.pool(store, plan.pool_id, namespaces=namespaces)
    made = requests.send(store, plan, actor, valid=valid, idempotency_key=idempotency_key)
    return request(store, made)


def decide(
    store: Database,
    wanted: int,
    decision: Decision,
    actor: Actor,
    *,
    reason: str = "",
    force: bool = False,
) -> Record:
    """End a request; an approval reserves its addresses in the same transaction. A repetition changes nothing.

    `force` also approves gateway, network and broadcast addresses.

    Raises NotFound, InTheWay (it ended otherwise, has expired, or needs force), and for an approval PoolExhausted,
    AddressTaken, AddressOutsideRanges, QuotaExceeded; the request is then still pending.
    """
    requests.decide(store, wanted, decision, actor, reason=reason, force=force)
    return request(store, wanted)
