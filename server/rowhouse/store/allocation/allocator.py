"""Call the allocator's stored functions: each call is one statement, one round trip and one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import psycopg

from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.requests import Assigned, Owner, RangeRequest, Sandbox
from rowhouse.store.allocation import integrity_retry
from rowhouse.store.connection.arrays import array
from rowhouse.store.connection.combining import LeftOut
from rowhouse.store.connection.errors import range_of
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.combining import Outcome
    from rowhouse.store.connection.database import Database

Placement: TypeAlias = Literal["ask", "join", "avoid"]

ATTACH: Final = statement(__name__, "attach")
ATTACH_ANY: Final = statement(__name__, "attach_any")
ATTACH_MANY: Final = statement(__name__, "attach_many")
DETACH_MANY: Final = statement(__name__, "detach_many")
AWAIT_STANDBY: Final = statement(__name__, "await_standby")
RESERVED: Final = statement(__name__, "addresses_of_sandbox")
JOIN_SHARED_SPACE = "SELECT rowhouse.join_shared_space_v1(%s, %s)"
SANDBOXES_OF_NODE: Final = statement(__name__, "sandboxes_of_node")
AVAILABLE: Final = statement(__name__, "available")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """An address that a sandbox no longer uses; `released` if it is no longer reserved either."""

    address: str
    released: bool


class RangeRefused(Exception):
    """One range of a request failed: `ordinal` is its position, from 0."""

    def __init__(self, ordinal: int, reason: RowhouseError) -> None:
        super().__init__(reason.message)
        self.ordinal = ordinal
        self.reason = reason


def _segments(requests: Sequence[RangeRequest]) -> tuple[list[int], list[str], list[str]]:
    """The segments of all ranges as parallel arrays: range (from 1), first, last."""
    flat = [
        (i, first, last) for i, wanted in enumerate(requests, 1) for first, last in wanted.segments
    ]
    return [i for i, _, _ in flat], [first for _, first, _ in flat], [last for _, _, last in flat]


def attach(
    database: Database,
    owner: Owner,
    sandbox: Sandbox,
    requests: Sequence[RangeRequest],
    *,
    strict: bool,
    bound_node: str | None = None,
    placement: Placement = "ask",
) -> list[Assigned]:
    """Reserve and attach one address for each range, all or nothing, in the order of `requests`.

    Concurrent plain calls for one range form a batch. `bound_node` is the node of the caller's token (None: any).

    `placement` matters only if the owner is already attached on another node:

    - "ask": nothing is known yet; raise AttachedElsewhere.
    - "join": the pod is known to run on the caller's node; attach there.
    - "avoid": the placement could not be verified; a plain pod gets another address, any other owner
      AttachedElsewhere.

    Raises RangeRefused for the range that failed, RowhouseError for everything else.
    """
    call = _Attach(owner, sandbox, requests, strict, bound_node, placement)
    if not _is_plain(call):
        return _attach_one(database, call)
    queue = database.queue(
        "attach", partial(_attach_one, database), partial(_attach_many, database)
    )
    wanted = requests[0]
    # Each CNI network has its own known gateways.
    known = (wanted.gateways, sandbox.network_name) if wanted.gateways else ()
    range_ = (wanted.network, wanted.cidr, wanted.segments, wanted.isolated, owner.reuse_delay)
    return queue.serve((range_, known), call)


def join_shared_space(database: Database, wanted: RangeRequest) -> None:
    """Move the isolated pool of a range to the shared space of its network, unless it is already there.

    Raises InvalidConfig, which names both owners, if an address is in use in both spaces; TryAgain, NotReady.
    """
    database.call(JOIN_SHARED_SPACE, (wanted.network, wanted.cidr))


@dataclass(frozen=True, slots=True)
class _Attach:
    owner: Owner
    sandbox: Sandbox
    requests: Sequence[RangeRequest]
    strict: bool
    bound_node: str | None = None
    placement: Placement = "ask"


def _is_plain(call: _Attach) -> bool:
    """Whether attach_many_v1() supports this call."""
    return (
        len(call.requests) == 1
        and not call.strict
        and call.placement == "ask"
        and not call.owner.sticky
        and call.owner.lasting is None
        and call.sandbox.mac is None
        and not call.requests[0].slot
        and call.requests[0].pool is None
        and not call.requests[0].has_candidates
        and call.requests[0].requested is None
        and call.requests[0].node_slice_size is None
    )


def _attach_one(database: Database, call: _Attach) -> list[Assigned]:
    owner, sandbox, requests = call.owner, call.sandbox, call.requests
    ranges, firsts, lasts = _segments(requests)
    candidates = [i for i, wanted in enumerate(requests, 1) if wanted.has_candidates]
    is_usual = owner.lasting is None and sandbox.mac is None and not candidates
    query, more = (ATTACH, {}) if is_usual else (ATTACH_ANY, _more(owner, sandbox))
    try:
        rows = integrity_retry.call(
            database,
            query,
            {
                **more,
                "candidate_ranges": array(candidates),
                "candidate_names": array(_names(requests)),
                "cluster": sandbox.cluster,
                "node": sandbox.node,
                "container_id": sandbox.container_id,
                "interface": sandbox.interface,
                "cni_network": sandbox.network_name,
                "namespace": owner.namespace,
                "name": owner.name,
                "uid": owner.uid,
                "sticky": owner.sticky,
                "sticky_ttl": owner.sticky_ttl,
                "networks": array(wanted.network for wanted in requests),
                "cidrs": array(wanted.cidr or None for wanted in requests),
                "pools": array(wanted.pool for wanted in requests),
                "isolated": array(wanted.isolated for wanted in requests),
                "requested": array(wanted.requested for wanted in requests),
                "slots": array(wanted.slot for wanted in requests),
                "slice_sizes": array(wanted.node_slice_size for wanted in requests),
                "segment_ranges": array(ranges),
                "segment_firsts": array(firsts),
                "segment_lasts": array(lasts),
                "strict": call.strict,
                "gateway_ranges": array(
                    i for i, wanted in enumerate(requests, 1) for _ in wanted.gateways
                ),
                "gateway_addresses": array(
                    gateway for wanted in requests for gateway in wanted.gateways
                ),
                "reuse_delay": owner.reuse_delay,
                "bound_node": call.bound_node,
                "placement": call.placement,
            },
        )
    except RowhouseError as reason:
        cause = reason.__cause__
        ordinal = range_of(cause) if isinstance(cause, psycopg.Error) else None
        if ordinal is None:
            raise
        raise RangeRefused(ordinal, reason) from cause
    by_ordinal = {
        ordinal: Assigned(
            network=network,
            cidr=cidr,
            address=address,
            prefix_length=prefix_length,
            pool_gateway=gateway,
            created=created,
            rival=rival,
        )
        for ordinal, network, cidr, address, prefix_length, gateway, created, rival in rows
    }
    return [by_ordinal[i] for i in range(1, len(requests) + 1)]


def _more(owner: Owner, sandbox: Sandbox) -> dict[str, str | bool | None]:
    """The parameters that only attach_v2() has."""
    lasting = owner.lasting
    if lasting is None:
        return {
            "owner_kind": "pod",
            "owner_name": owner.name,
            "owner_interface": owner.interface,
            "object_kind": None,
            "object_name": None,
            "object_uid": None,
            "object_observed": False,
            "may_share": False,
            "mac": sandbox.mac,
        }
    return {
        "owner_kind": lasting.kind,
        "owner_name": lasting.name,
        "owner_interface": lasting.interface,
        "object_kind": lasting.object_kind or None,
        "object_name": lasting.object_name or None,
        "object_uid": lasting.object_uid or None,
        "object_observed": lasting.is_observed,
        "may_share": lasting.may_share,
        "mac": sandbox.mac,
    }


def _names(requests: Sequence[RangeRequest]) -> Sequence[str]:
    """The names of candidates, which all ranges of a call share."""
    return next((one.candidate_names for one in requests if one.has_candidates), ())


def _attach_many(database: Database, calls: Sequence[_Attach]) -> list[Outcome[list[Assigned]]]:
    """Serve a batch. All its calls have the same batch key, so the same range."""
    wanted = calls[0].requests[0]
    rows = database.call_waiting(
        ATTACH_MANY,
        {
            "clusters": array(call.sandbox.cluster for call in calls),
            "nodes": array(call.sandbox.node for call in calls),
            "container_ids": array(call.sandbox.container_id for call in calls),
            "interfaces": array(call.sandbox.interface for call in calls),
            "cni_networks": array(call.sandbox.network_name for call in calls),
            "namespaces": array(call.owner.namespace for call in calls),
            "names": array(call.owner.name for call in calls),
            "uids": array(call.owner.uid for call in calls),
            "network": wanted.network,
            "cidr": wanted.cidr,
            "segment_firsts": array(first for first, _ in wanted.segments),
            "segment_lasts": array(last for _, last in wanted.segments),
            "gateway_addresses": array(wanted.gateways),
            "isolated": wanted.isolated,
            "reuse_delay": calls[0].owner.reuse_delay,
        },
    )
    prefix_length = int(wanted.cidr.rpartition("/")[2])
    outcomes: list[Outcome[list[Assigned]]] = [LeftOut.ALONE] * len(calls)
    for ordinal, address in rows:
        outcomes[ordinal - 1] = (
            LeftOut.AGAIN
            if address is None
            else [
                Assigned(
                    network=wanted.network,
                    cidr=wanted.cidr,
                    address=address,
                    prefix_length=prefix_length,
                    pool_gateway=None,
                    created=True,
                )
            ]
        )
    return outcomes


def detach(
    database: Database, sandbox: Sandbox, *, reason: str = "DEL", only_node: str | None = None
) -> list[Detached]:
    """End a sandbox's attachments, found by (cluster, container id, interface) alone. Finding none is success.

    `only_node` restricts this to attachments on that node. Concurrent calls form a batch.
    """
    queue = database.queue(
        "detach", partial(_detach_one, database), partial(_detach_many, database)
    )
    ended = queue.serve(reason, _Detach(sandbox, reason, only_node))
    if not ended:
        database.call(AWAIT_STANDBY)
    return ended


@dataclass(frozen=True, slots=True)
class _Detach:
    sandbox: Sandbox
    reason: str
    only_node: str | None


def _detach_one(database: Database, call: _Detach) -> list[Detached]:
    return _detach_many(database, [call])[0]


def _detach_many(database: Database, calls: Sequence[_Detach]) -> list[list[Detached]]:
    """Serve a batch. All its calls have the same batch key, so the same reason."""
    # After a refused batch, each call is served alone, with its own integrity retry.
    rows = (database.call_waiting if len(calls) > 1 else partial(integrity_retry.call, database))(
        DETACH_MANY,
        {
            "clusters": array(call.sandbox.cluster for call in calls),
            "container_ids": array(call.sandbox.container_id for call in calls),
            "interfaces": array(call.sandbox.interface for call in calls),
            "only_nodes": array(call.only_node for call in calls),
            "reason": calls[0].reason,
        },
    )
    ended: list[list[Detached]] = [[] for _ in calls]
    for ordinal, address, released in rows:
        ended[ordinal - 1].append(Detached(address=address, released=released))
    return ended


def reserved(
    database: Database, sandbox: Sandbox, *, only_node: str | None = None
) -> list[Assigned]:
    """Return the addresses that a sandbox's interface uses; with `only_node`, only those on that node."""
    parameters = {
        "cluster": sandbox.cluster,
        "container_id": sandbox.container_id,
        "interface": sandbox.interface,
        "only_node": only_node,
    }
    rows = database.call(RESERVED, parameters)
    return [
        Assigned(
            network=network,
            cidr=cidr,
            address=address,
            prefix_length=length,
            pool_gateway=None,
            created=False,
        )
        for network, cidr, address, length in rows
    ]


def sandboxes_of_node(
    database: Database, cluster: str, node: str, cni_network: str
) -> list[tuple[str, str]]:
    """Return (container id, interface) of every attachment of a node in one CNI network."""
    rows = database.call(
        SANDBOXES_OF_NODE, {"cluster": cluster, "node": node, "cni_network": cni_network}
    )
    return [(container_id, interface) for container_id, interface in rows]


def exhausted(database: Database, requests: Sequence[RangeRequest]) -> list[str]:
    """Return the CIDRs of the ranges that have no free address now."""
    if not requests:
        return []
    ranges, firsts, lasts = _segments(requests)
    rows = database.call(
        AVAILABLE,
        {
            "networks": [wanted.network for wanted in requests],
            "cidrs": [wanted.cidr or None for wanted in requests],
            "pools": [wanted.pool for wanted in requests],
            "segment_ranges": ranges,
            "segment_firsts": firsts,
            "segment_lasts": lasts,
        },
    )
    return [cidr for _, cidr, available in rows if not available]
