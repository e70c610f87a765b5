"""The current state of an address, and the reason for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from rowhouse.ipam import reservations as use_cases
from rowhouse.store.allocation import reservations
from rowhouse.store.history import audit
from rowhouse.store.inventory import address_map, exclusions, lookup
from rowhouse.web.layout.formats import exact

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`name` is one of the states of the address map, or "unknown": no pool holds the address."""

    name: str
    because: str
    pools: Sequence[Record]
    held: Record | None
    attachments: Sequence[Record]


def state_of(
    database: Database, network_id: int, address: str, *, namespaces: Collection[str] | None = None
) -> State:
    """Return the state of an address, in five statements. Without an owner, the database decides it.

    Raises NotFound unless one of `namespaces` (None: anyone) holds it.
    """
    at = lookup.pools_at(database, address, namespaces=namespaces)
    pools = [pool for pool in at if pool.network_id == network_id]
    key = (network_id, address)
    held = (
        reservations.get(database, key)
        if namespaces is None
        else use_cases.reservation(database, key, namespaces=namespaces)
    )
    attachments = reservations.attachments(database, key) if held is not None else []
    name, because = (
        _of_owner(held, attachments)
        if held
        else _without_owner(database, network_id, address, pools)
    )
    return State(name=name, because=because, pools=pools[::-1], held=held, attachments=attachments)


def _of_owner(held: Record, attachments: Sequence[Record]) -> tuple[str, str]:
    if held.owner_kind == "static":
        return "reserved", "It was reserved by hand and stays reserved until it is released."
    if not held.sticky:
        if attachments:
            return "pod", ""
        return "pod", "No sandbox uses it anymore. The controller will release it."
    owner = held.owner_kind.replace("_", " ")
    if attachments:
        keeper = "owner" if owner == "pod" else owner
        return "sticky", f"It is sticky: its {keeper} keeps it after the pod is gone."
    if held.expires_at is None:
        is_kept = owner in {"claim", "virtual machine"}
        keeper = f"its {owner}" if is_kept else "its owner until it is released"
        return "sticky", f"No pod uses it. It is kept for {keeper}."
    return "sticky", f"No pod uses it. It is kept for its owner until {exact(held.expires_at)}."


def _without_owner(
    database: Database, network_id: int, address: str, pools: Sequence[Record]
) -> tuple[str, str]:
    excluded = exclusions.search(
        database, network_id=network_id, network=None, contains=address, after=0, limit=1
    )
    if excluded:
        run = excluded[0]
        if run.requests_only:
            return _on_request(database, run, address)
        reason = f": {run.reason}" if run.reason else ""
        return "excluded", f"{run.first} to {run.last} is excluded{reason}."
    if not pools:
        return "unknown", "No pool of this network contains it."
    known = audit.explain(database, pools[-1].network_name, address, space=network_id)
    if known["state"] in {"gateway", "outside"}:
        return known["state"], _why_never(known, pools[-1], address)
    for run in address_map.quarantined(database, network_id, address, address):
        if run.free_from > datetime.now(UTC):
            return (
                "quarantined",
                f"It was released and can be assigned again from {exact(run.free_from)}.",
            )
    return "free", _why_free(known)


def _on_request(database: Database, run: Record, address: str) -> tuple[str, str]:
    """Return the state of an address that is for requests only: it may also be a gateway, or quarantined."""
    known = audit.explain(database, run.network, address, space=run.network_id)
    if known["state"] in {"gateway", "quarantined"}:
        return known["state"], f"It is {known['because'].removeprefix('never assigned: it is ')}."
    reason = f": {run.reason}" if run.reason else ""
    return (
        "on-request",
        f"{run.first} to {run.last} is for requests only{reason}. A pod gets it if it requests this address.",
    )


def _why_free(known: dict[str, Any]) -> str:
    if known["because"].endswith("drained"):
        return "It is free, but the pool is drained and assigns no addresses."
    if not known["in_window"]:
        return f"It can be assigned: {known['because'].removeprefix('free; ')}."
    return "It can be assigned."


def _why_never(known: dict[str, Any], pool: Record, address: str) -> str:
    if known["state"] == "gateway":
        which = known["because"].removeprefix("never assigned: it is ")
        return f"It is {which}, which is never assigned."
    return _why_outside(ip_network(pool.cidr), ip_address(address))


def _why_outside(cidr: IPv4Network | IPv6Network, address: IPv4Address | IPv6Address) -> str:
    first, last = _usable(cidr)
    if int(address) < first:
        return f"It is the network address of {cidr}, which is never assigned."
    if int(address) > last:
        which = "broadcast" if cidr.version == 4 else "last"  # noqa: PLR2004 - IPv4
        return f"It is the {which} address of {cidr}, which is never assigned."
    return f"It is outside the window of {cidr}."


def _usable(cidr: IPv4Network | IPv6Network) -> tuple[int, int]:
    """Return the first and the last address that can be assigned if the pool has no window."""
    ends = (cidr[0], cidr[-1]) if cidr.num_addresses <= 2 else (cidr[1], cidr[-2])  # noqa: PLR2004 - RFC 3021
    return int(ends[0]), int(ends[1])
