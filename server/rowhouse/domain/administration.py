"""The plans of an administrator: pools, reservations and their owners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from rowhouse.domain.addresses import parse_address, parse_cidr
from rowhouse.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from netaddr import IPAddress

OwnerKind = Literal["pod", "static"]
"""Owners that an operator may reserve for."""

AnyOwnerKind = Literal["pod", "static", "claim", "virtual_machine", "workload"]
"""The kinds that a reservation may have: during a rollout, a newer server creates kinds that this one only reads."""


_WITH_ARTICLE: Final = {
    "cluster": "a cluster",
    "interface": "an interface, such as net1",
    "namespace": "a namespace",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The actor of a change and its request, as recorded in history and audit."""

    name: str
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The new owner of an address: an interface of a pod, or (`static`) a person, device or service by name.

    A `static` one may belong to a namespace, whose quota applies. `owner_refusal` has the rule.
    """

    kind: OwnerKind
    name: str
    namespace: str = ""
    cluster: str = ""
    interface: str = ""


def owner_refusal(kind: OwnerKind, field: str, value: str) -> str:
    """Return what is wrong with a field of an owner; "" if nothing is. The database has the same rule: `refuse_owner`.

    An ADD finds the addresses of its pod by cluster, namespace, name and interface. Any other owner is identified by
    its name, and by a namespace if it belongs to a team.
    """
    named = _WITH_ARTICLE.get(field, field)
    if kind == "pod" and field in {"namespace", "interface"} and not value:
        return f"a pod needs {named}"
    if kind == "static" and field in {"cluster", "interface"} and value:
        return f"only a pod has {named}: omit it, or reserve for a pod"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationPlan:
    """Addresses to reserve by hand in one pool, all or nothing.

    `addresses` are the requested ones, as canonical text; None: the `count` lowest free ones. They expire `ttl`
    seconds after the reservation if no sandbox uses them; None: never. Gateways, network and broadcast addresses
    need `force`.
    """

    pool_id: int
    holder: Holder
    addresses: tuple[str, ...] | None = None
    count: int = 1
    ttl: float | None = None
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionPlan:
    """Addresses to exclude in one network, `first` to `last` inclusive.

    With `requests_only`, a call that requests one of them, or reserves it, still gets it; candidates may have their
    `name` (None: none).
    """

    network_id: int
    first: str
    last: str
    reason: str = ""
    requests_only: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """The plan of a pool. Addresses are canonical text without prefix length; None: not set.

    `aliases` are other names by which a NAD can refer to the pool, sorted. `reuse_delay` in seconds.
    """

    cidr: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    gateway: str | None = None
    window_first: str | None = None
    window_last: str | None = None
    reuse_delay: float = 0
    labels: dict[str, str] = field(default_factory=dict)
    description: str = ""
    drained: bool = False

    def check(self) -> None:
        """Raises InvalidRequest unless the gateway and the window fit the CIDR.

        A gateway outside the CIDR is accepted, as upstream.
        """
        network = parse_cidr(self.cidr)
        wrong = [
            (f"/{name}", f"{text} is not in {self.cidr}")
            for name in ("window_first", "window_last")
            if (text := getattr(self, name)) is not None and parse_address(text) not in network
        ]
        gateway = _address(self.gateway)
        if gateway is not None and gateway.version != network.version:
            wrong.append(
                ("/gateway", f"{self.gateway} and {self.cidr} have different address families")
            )
        first, last = _address(self.window_first), _address(self.window_last)
        if first is not None and last is not None and first > last:
            wrong.append(("/window_last", f"{self.window_last} is before {self.window_first}"))
        if wrong:
            raise InvalidRequest(f"pool {self.cidr} is invalid: {wrong[0][1]}", errors=wrong)


def _address(text: str | None) -> IPAddress | None:
    return None if text is None else parse_address(text)
