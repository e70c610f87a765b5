"""A database for people to look at: pools of every size, addresses in every state, and a past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fixtures.pods import Pods, subnet
from rowhouse.auth.static import digest, new_token
from rowhouse.domain.administration import Actor, ExclusionPlan, Holder, PoolPlan, ReservationPlan
from rowhouse.domain.saved_views import Viewer
from rowhouse.ipam import comments, exclusions, pools, requests, reservations, saved_views
from rowhouse.store.access import tokens

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database as Store

GRACE = Actor(name="grace")
ROLES = ("viewer", "operator", "admin")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is there: the ids of pools by name, their network, and a token for each role."""

    pools: dict[str, int]
    network: int
    tokens: dict[str, str]


def fill(store: Store) -> Sample:
    """Fill an empty database."""
    made = {
        plan.name or plan.cidr: pools.create_pool(store, plan, network, GRACE)
        for network, plan in (
            (
                "storage",
                PoolPlan(
                    cidr="10.20.0.0/24",
                    name="storage-a",
                    gateway="10.20.0.1",
                    window_first="10.20.0.8",
                    reuse_delay=3600,
                    labels={"team": "data"},
                    description="NFS and iSCSI of the data team",
                ),
            ),
            ("storage", PoolPlan(cidr="10.21.0.0/16", name="edge", labels={"team": "edge"})),
            ("storage", PoolPlan(cidr="fd00:20::/64", name="storage-six")),
            ("storage", PoolPlan(cidr="10.22.0.0/24", name="quiet")),
            ("storage", PoolPlan(cidr="10.23.0.0/28", name="tight")),
        )
    }
    storage = made["storage-a"]
    _by_hand(store, storage.id, "10.20.0.3", "nas-1", "the older filer")
    _by_hand(store, storage.id, "10.20.0.200", "backup", "")
    switches = ExclusionPlan(
        network_id=storage.network_id, first="10.20.0.240", last="10.20.0.255", reason="switches"
    )
    exclusions.exclude(store, switches, GRACE)
    pods = Pods(store)
    wanted = subnet("10.20.0.0/24", ("10.20.0.8", "10.20.0.254"), network="storage")
    for number in range(24):
        pods.add(f"web-{number}", wanted, node=f"node{number % 4}", sticky=number % 6 == 5)
    for number in (3, 4, 11):
        pods.delete(f"web-{number}")
    for number in range(40):
        pods.add(
            f"edge-{number}", subnet("10.21.0.0/16", network="storage"), node=f"node{number % 4}"
        )
    for number in range(13):
        pods.add(f"tight-{number}", subnet("10.23.0.0/28", network="storage"))
    pods.add("six-0", subnet("fd00:20::/64", network="storage"))
    comments.write(store, "Ask the data team first.", GRACE, pool_id=storage.id)
    saved_views.save(
        store,
        Viewer(name=GRACE.name, is_operator=True),
        table="reservations",
        name="By hand, newest first",
        query="state=static&sort=-since",
        is_shared=True,
        actor=GRACE,
    )
    # The first waits, the second is approved.
    asked = [
        requests.send(
            store,
            ReservationPlan(
                pool_id=made["edge"].id,
                holder=Holder(kind="static", namespace="shop", name=name),
                count=count,
                description="ticket 4711",
            ),
            GRACE,
        )
        for count, name in ((5, "routers"), (1, "camera"))
    ]
    requests.decide(store, asked[1].id, "approved", GRACE)
    store.call("SELECT rowhouse.sample_fill_v1()")
    return Sample(
        pools={name: row.id for name, row in made.items()},
        network=storage.network_id,
        tokens={role: _token(store, role) for role in ROLES},
    )


def _by_hand(store: Store, pool_id: int, address: str, name: str, description: str) -> None:
    plan = ReservationPlan(
        pool_id=pool_id,
        holder=Holder(kind="static", name=name),
        addresses=(address,),
        description=description,
    )
    reservations.reserve(store, plan, GRACE)


def _token(store: Store, role: str) -> str:
    token = new_token()
    tokens.create(store, name=f"ada-{role}", role=role, digest=digest(token), actor="grace")
    return token
