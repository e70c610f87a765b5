"""A database with a team's namespace and another one, whose every name, text and number occurs nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth.conftest import Service

OTHER: Final = "zzforeign"
"""Every name and text of the other namespace contains this, and every text that an operator wrote about it."""
BEGINNING: Final = "zzf"
CONTAINER: Final = "c0ffee" + "0" * 58
MAC: Final = "02:66:66:66:66:66"
PREFIX: Final = "10.66.0."
"""Of the pool that only the other namespace uses."""
SECRETS: Final = (OTHER, PREFIX, CONTAINER[:12], MAC)
"""No answer to the team has one of them."""

OWN: Final = "10.0.0.1"
FOREIGN: Final = "10.0.0.2"
RETURNED: Final = "10.0.0.4"
"""The other namespace held it; it is free."""
TAKEN_OVER: Final = "10.0.0.9"
"""The team holds it; the other namespace did before."""


def call(
    service: Service, command: str, namespace: str, pod: str, network: str, **more: str
) -> None:
    """Make a CNI call. `network`: "NAME CIDR"; `more`: node, container, address, mac, gateway, cni_network."""
    name, cidr = network.split()
    ipam = {"type": "rowhouse", "range": cidr, "network_name": name}
    arguments = ["IgnoreUnknown=1", f"K8S_POD_NAMESPACE={namespace}", f"K8S_POD_NAME={pod}"]
    arguments += [
        f"{key}={more[name]}" for key, name in (("IP", "address"), ("MAC", "mac")) if name in more
    ]
    answer = service.ask(
        "POST",
        "/cni",
        json={
            "cniVersion": "1.1.0",
            "name": more.get("cni_network", name),
            "type": "ipvlan",
            "ipam": ipam | ({"gateway": more["gateway"]} if "gateway" in more else {}),
        },
        headers={
            "CNI-Command": command,
            "CNI-ContainerID": more.get("container", f"c-{namespace}-{pod}"),
            "CNI-NetNS": "/run/netns/x",
            "CNI-IfName": "net1",
            "CNI-Args": ";".join(arguments),
            "Rowhouse-Node": more.get("node", "node1"),
        },
    )
    assert answer.status_code == 200, answer.text


def seed(service: Service) -> None:
    """Let the team `shop` and another namespace share a pool, and the other one use a second pool alone."""
    foreign = {"node": f"{OTHER}-node", "container": CONTAINER, "cni_network": f"{OTHER}-nad"}
    call(service, "ADD", "shop", "web-0", "lan 10.0.0.0/24")
    gateway = {"mac": MAC, "gateway": "10.0.0.254"}
    call(service, "ADD", f"{OTHER}-ns", f"{OTHER}-0", "lan 10.0.0.0/24", **foreign, **gateway)
    call(service, "ADD", f"{OTHER}-ns", f"{OTHER}-1", f"{OTHER}-net 10.66.0.0/24", **foreign)
    owner = {"kind": "static", "namespace": f"{OTHER}-ns", "name": f"{OTHER}-device"}
    described: dict[str, Any] = {"description": OTHER, "labels": {"secret": OTHER}}
    _post(service, "reservations", {"pool_id": 1, "owner": owner} | described)
    for address in (RETURNED, TAKEN_OVER):
        body = {"pool_id": 1, "owner": owner, "addresses": [address]}
        _post(service, "reservations", body | described)
        assert service.status("DELETE", f"/api/v1/reservations/1/{address}", None) == 204
    call(service, "ADD", "shop", "web-9", "lan 10.0.0.0/24", address=TAKEN_OVER)
    for run, more in ((40, {}), (50, {"requests_only": True})):
        ends = {"first": f"10.0.0.{run}", "last": f"10.0.0.{run + 2}"}
        _post(service, "exclusions", {"network_id": 1, "reason": f"of {OTHER}"} | ends | more)
    for address in (OWN, FOREIGN, TAKEN_OVER):
        body = {"network_id": 1, "address": address, "text": f"ask {OTHER}"}
        _post(service, "comments", body)
    _post(service, "comments", {"pool_id": 1, "text": f"shared with {OTHER}"})
    for namespace, addresses in (("shop", 9), (f"{OTHER}-ns", 7)):
        body = {"namespace": namespace, "addresses": addresses, "pool_id": None}
        _post(service, "quotas", body)
    for namespace, name in (("shop", "x"), (f"{OTHER}-ns", f"{OTHER}-x")):
        wanted = {"namespace": namespace, "name": name}
        body = {"pool_id": 1, "owner": wanted, "description": f"for {namespace}"}
        _post(service, "requests", body)
    # Approved, but the address was released; and of a pool that the team no longer uses.
    wanted = {"namespace": "shop", "name": "gone"}
    label = {"secret": OTHER}
    answer = service.ask("PATCH", "/api/v1/pools/2", json={"labels": label})
    assert answer.status_code == 200, answer.text
    _post(service, "requests", {"pool_id": 1, "owner": wanted, "addresses": ["10.0.0.30"]})
    assert service.status("POST", "/api/v1/requests/3/approve", None) == 200
    assert service.status("DELETE", "/api/v1/reservations/1/10.0.0.30", None) == 204
    _post(service, "pools", {"cidr": "10.77.0.0/24", "network": "left", "labels": label})
    _post(service, "requests", {"pool_id": 3, "owner": wanted})
    call(service, "ADD", "shop", "web-7", "left 10.77.0.0/24")
    call(service, "DEL", "shop", "web-7", "left 10.77.0.0/24")
    # One that only its author sees, and one of a table that a team may not open.
    for table, is_shared in (("pods", False), ("nodes", True)):
        body = {"table": table, "name": f"of {OTHER}", "query": f"q={OTHER}", "shared": is_shared}
        _post(service, "views", body)
    refused(service, "late-1", candidates=[FOREIGN])
    refused(service, "late-2", candidates=[OWN, FOREIGN])
    refused(service, "late-3", address=FOREIGN)
    refused(service, "late-4", address="10.0.0.40", code=102)
    # The team's own address becomes a gateway of the other namespace.
    call(service, "ADD", "shop", "router", "lan 10.0.0.0/24", address="10.0.0.60")
    call(
        service,
        "ADD",
        f"{OTHER}-ns",
        f"{OTHER}-3",
        "lan 10.0.0.0/24",
        **foreign | {"container": f"{OTHER}-3", "gateway": "10.0.0.60", "address": "10.0.0.61"},
    )
    service.app.extensions["rowhouse_cni_allocation_failures"].flush()


def refused(
    service: Service,
    pod: str,
    *,
    candidates: Sequence[str] = (),
    address: str = "",
    code: int = 101,
) -> None:
    """Let a pod of the team ask for what the other namespace holds. The refusal does not name it."""
    arguments = ["K8S_POD_NAMESPACE=shop", f"K8S_POD_NAME={pod}"] + [f"IP={address}"] * bool(
        address
    )
    answer = service.ask(
        "POST",
        "/cni",
        json={
            "cniVersion": "1.1.0",
            "name": "lan",
            "type": "ipvlan",
            "ipam": {"type": "rowhouse", "range": "10.0.0.0/24", "network_name": "lan"}
            | ({"candidates": candidates} if candidates else {}),
        },
        headers={
            "CNI-Command": "ADD",
            "CNI-ContainerID": f"c-{pod}",
            "CNI-NetNS": "/run/netns/x",
            "CNI-IfName": "net1",
            "CNI-Args": ";".join(arguments),
            "Rowhouse-Node": "node1",
        },
    )
    assert answer.get_json()["code"] == code, answer.text
    assert OTHER not in answer.text


def _post(service: Service, collection: str, body: dict[str, Any]) -> None:
    answer = service.ask("POST", f"/api/v1/{collection}", json=body)
    assert answer.status_code == 201, answer.text
