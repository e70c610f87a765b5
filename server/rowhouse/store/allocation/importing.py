"""The stored functions that import addresses, called for `ipam/importing.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg.types.json import Jsonb

from rowhouse.domain.importing import KnownPool
from rowhouse.domain.requests import Assigned
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rowhouse.domain.administration import Actor
    from rowhouse.domain.importing import KnownAddress, KnownSlice
    from rowhouse.domain.requests import Owner, PodIdentity, Sandbox
    from rowhouse.store.connection.database import Database

POOL: Final = statement(__name__, "import_pool")
GATEWAYS: Final = statement(__name__, "import_gateways")
ADDRESSES: Final = statement(__name__, "import_addresses")
IMPORTED: Final = statement(__name__, "imported_addresses")
RELEASE: Final = statement(__name__, "release_imported")
STALE: Final = statement(__name__, "release_stale")
NAMED: Final = statement(__name__, "named_pools")
READ: Final = "SELECT rowhouse.import_read_v1(%s, %s)"
HOLD: Final = "SELECT rowhouse.hold_v1(%s, %s, %s)"
RESUME: Final = "SELECT rowhouse.resume_v1(%s, %s)"
RECORD: Final = "SELECT rowhouse.import_record_v1(%s, %s, %s, %s)"
HAS_UNNAMED: Final = "SELECT rowhouse.has_unnamed_v1()"
ADOPT_OWNER: Final = statement(__name__, "adopt_owner")
ADOPT_SANDBOX: Final = statement(__name__, "adopt_sandbox")
IMPORTED_SANDBOX: Final = statement(__name__, "imported_sandbox")

Ranges = tuple[list[str], list[str]]
"""Networks and CIDRs, as parallel lists."""


def take_pool(
    database: Database,
    actor: Actor,
    cluster: str,
    pool: KnownPool,
    slices: Sequence[KnownSlice],
    *,
    dry_run: bool,
) -> list[tuple[int, str, str]]:
    """Create a pool and its slices if they are missing; return (0 for the pool or slice from 1, outcome, detail).

    Errors: TryAgain, NotReady.
    """
    parameters = {
        **_in_pool(actor, pool),
        "dry_run": dry_run,
        "cluster": cluster,
        "isolated": pool.isolated,
        "nodes": [one.node for one in slices],
        "slices": [one.slice for one in slices],
    }
    return [(n, outcome, detail) for n, outcome, detail in database.call(POOL, parameters)]


def take_gateways(
    database: Database,
    actor: Actor,
    pool: KnownPool,
    cni_network: str,
    addresses: Sequence[str],
    *,
    dry_run: bool,
) -> list[str]:
    """Record the gateways of a network configuration; return the new ones. Errors: TryAgain, NotReady."""
    parameters = {
        **_in_pool(actor, pool),
        "dry_run": dry_run,
        "cni_network": cni_network,
        "isolated": pool.isolated,
        "addresses": list(addresses),
    }
    return [address for (address,) in database.call(GATEWAYS, parameters)]


def take_addresses(
    database: Database,
    actor: Actor,
    cluster: str,
    batch: Sequence[KnownAddress],
    *,
    dry_run: bool,
    are_running: bool = False,
) -> dict[int, tuple[str, str]]:
    """Import addresses of one pool in one transaction; return position in the batch → (outcome, detail).

    A position is missing if the address was taken at this moment: retry it.
    Errors: QuotaExceeded, TryAgain, NotReady.
    """
    pool = batch[0].pool
    parameters = {
        **_in_pool(actor, pool),
        "dry_run": dry_run,
        "cluster": cluster,
        "isolated": pool.isolated,
        "entries": Jsonb([_entry(n, one) for n, one in enumerate(batch)]),
        "are_running": are_running,
    }
    rows = database.call(ADDRESSES, parameters)
    return {n: (outcome, detail or "") for n, outcome, detail in rows}


def _in_pool(actor: Actor, pool: KnownPool) -> dict[str, object]:
    return {
        "actor": actor.name,
        "request_id": actor.request_id,
        "network": pool.network,
        "cidr": pool.cidr,
    }


def _entry(n: int, one: KnownAddress) -> dict[str, object]:
    return {
        "n": n,
        "address": one.address,
        "kind": one.kind,
        "namespace": one.namespace,
        "name": one.name,
        "interface": one.interface,
        "uid": one.uid,
        "description": one.description,
        "sandboxes": sorted(
            (used.container_id, used.interface, used.node) for used in one.sandboxes
        ),
    }


def imported(database: Database, cluster: str, pool: KnownPool) -> list[tuple[str, str, str, str]]:
    """Return (address, namespace, name, interface) of a pool's reservations that are unchanged since their import."""
    rows = database.call(IMPORTED, {"network": pool.network, "cidr": pool.cidr, "cluster": cluster})
    return [(address, namespace, name, interface) for address, namespace, name, interface in rows]


def release(
    database: Database, actor: Actor, pool: KnownPool, gone: Sequence[tuple[str, str, str, str]]
) -> set[str]:
    """Release imported addresses that are unchanged since their import; return those that are free now."""
    parameters = {
        **_in_pool(actor, pool),
        "addresses": [address for address, _, _, _ in gone],
        "namespaces": [namespace for _, namespace, _, _ in gone],
        "names": [name for _, _, name, _ in gone],
    }
    return {address for (address,) in database.call(RELEASE, parameters)}


def release_stale(
    database: Database,
    actor: Actor,
    cluster: str,
    batch: Sequence[KnownAddress],
    listed_at: datetime,
    *,
    dry_run: bool,
) -> list[tuple[str, str, str, str]]:
    """Release addresses of ended pods that running pods have; return (address, namespace, name, interface).

    Skips everything that was reserved or attached after the pods were listed, and sticky reservations.
    """
    parameters = {
        **_in_pool(actor, batch[0].pool),
        "dry_run": dry_run,
        "cluster": cluster,
        "addresses": [one.address for one in batch],
        "namespaces": [one.namespace for one in batch],
        "names": [one.name for one in batch],
        "listed_at": listed_at,
    }
    return [(address, ns, name, nic) for address, ns, name, nic in database.call(STALE, parameters)]


def named_pools(database: Database) -> dict[str, KnownPool]:
    """Return the pools by each of their names and aliases."""
    return {
        name: KnownPool(network=network, cidr=cidr) for name, network, cidr in database.call(NAMED)
    }


def mark_read(database: Database, pool: KnownPool) -> None:
    """Record that all running pods of a pool were read, which ends the hold for this pool."""
    database.call(READ, (pool.network, pool.cidr))


def hold(database: Database, actor: Actor, reason: str) -> bool:
    """Hold back new addresses; False if they were already held."""
    return bool(database.call(HOLD, (actor.name, actor.request_id, reason))[0][0])


def resume(database: Database, actor: Actor) -> bool:
    """End the hold; False if there was none."""
    return bool(database.call(RESUME, (actor.name, actor.request_id))[0][0])


def record(database: Database, actor: Actor, source: str, facts: dict[str, object]) -> None:
    """Record in the audit log what was imported."""
    database.call(RECORD, (actor.name, actor.request_id, source, Jsonb(facts)))


def has_unnamed(database: Database) -> bool:
    """Whether any imported address has no interface yet."""
    return bool(database.call(HAS_UNNAMED)[0][0])


def adopt_owner(
    database: Database,
    owner: Owner,
    ranges: Ranges,
    *,
    only_node: str | None = None,
    is_verified: bool = False,
    known: Sequence[str] | None = None,
    can_ask: bool = False,
) -> int:
    """Before an ADD: give the interface the addresses that its pod holds in these pools without an interface.

    Returns their number, or -1 if the cluster must be asked first (only with `can_ask`). Skips addresses on other nodes
    than `only_node`, and those without a known node unless `is_verified`. `known`: the addresses of this interface
    according to the cluster, if it was asked.
    """
    networks, cidrs = ranges
    parameters = {
        "cluster": owner.cluster,
        "namespace": owner.namespace,
        "name": owner.name,
        "interface": owner.interface,
        "networks": networks,
        "cidrs": cidrs,
        "only_node": only_node,
        "is_verified": is_verified,
        "known": list(known) if known else None,
        "can_ask": can_ask,
    }
    return int(database.call(ADOPT_OWNER, parameters)[0][0])


def adopt_sandbox(
    database: Database,
    sandbox: Sandbox,
    pod: PodIdentity,
    *,
    only_node: str | None,
    ranges: Ranges | None,
    is_verified: bool = False,
) -> int:
    """Complete the imported attachments that a DEL unambiguously means; return their number.

    `ranges` None: the configuration of the call cannot be read. Returns -1 if there would be some, but it must first be
    verified that the pod runs on the caller's node.
    """
    parameters = _meaning(sandbox, pod, only_node, ranges, is_verified=is_verified)
    return int(database.call(ADOPT_SANDBOX, parameters)[0][0])


def imported_sandbox(
    database: Database,
    sandbox: Sandbox,
    pod: PodIdentity,
    *,
    only_node: str | None,
    ranges: Ranges | None,
    is_verified: bool = False,
) -> list[Assigned]:
    """Return what `adopt_sandbox` would complete, without changes."""
    parameters = _meaning(sandbox, pod, only_node, ranges, is_verified=is_verified)
    return [
        Assigned(
            network=network,
            cidr=cidr,
            address=address,
            prefix_length=length,
            pool_gateway=None,
            created=False,
        )
        for network, cidr, address, length in database.call(IMPORTED_SANDBOX, parameters)
    ]


def _meaning(
    sandbox: Sandbox,
    pod: PodIdentity,
    only_node: str | None,
    ranges: Ranges | None,
    *,
    is_verified: bool,
) -> dict[str, object]:
    networks, cidrs = ranges if ranges is not None else (None, None)
    return {
        "cluster": sandbox.cluster,
        "container_id": sandbox.container_id,
        "interface": sandbox.interface,
        "node": sandbox.node,
        "only_node": only_node,
        "is_verified": is_verified,
        "namespace": pod.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "networks": networks,
        "cidrs": cidrs,
    }
