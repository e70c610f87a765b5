"""What touches running sandboxes, and what is reserved with a reason, needs force."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fixtures.pods import subnet

if TYPE_CHECKING:
    from api.conftest import Api
    from fixtures.pods import Pods

SMALL = "10.0.0.0/29"


def test_a_reassignment_of_an_address_in_use_needs_force_and_ends_its_attachments(
    api: Api, pods: Pods
) -> None:
    api.pool(SMALL)
    address = pods.add("web-0", subnet(SMALL))
    [held] = api.items("reservations")
    path = f"reservations/{held['network_id']}/{address}"
    body: dict[str, Any] = {"owner": {"kind": "static", "name": "printer"}}
    refused = api.refused(409, "POST", f"{path}/reassign", body)
    assert "in use by sandbox web-0 on node node1" in refused["detail"]
    given = api.post(f"{path}/reassign", **body, force=True)
    assert (given["owner"]["name"], given["attachments"], given["node"]) == ("printer", 0, "")
    assert pods.delete("web-0") == []
    assert api.get(path)["owner"]["name"] == "printer"
    # What no sandbox uses needs no force, and stays with its new owner.
    owner = {"kind": "pod", "namespace": "default", "name": "db-0", "interface": "net1"}
    assert api.post(f"{path}/reassign", owner=owner)["sticky"]


def test_an_exclusion_of_addresses_in_use_needs_force(api: Api, pods: Pods) -> None:
    pool = api.pool(SMALL)
    pods.add("web-0", subnet(SMALL))
    body = {"network_id": pool["network_id"], "first": "10.0.0.1", "last": "10.0.0.2"}
    refused = api.refused(409, "POST", "exclusions", body)
    assert (
        "affects 1 address that running sandboxes use: 10.0.0.1 (default/web-0" in refused["detail"]
    )
    assert api.post("exclusions", **body, force=True)["in_use"] == 1
    pods.delete("web-0")
    assert pods.add("web-1", subnet(SMALL)) == "10.0.0.3"


def test_a_pool_whose_name_window_or_gateway_matters_to_a_pod_changes_by_force(
    api: Api, pods: Pods
) -> None:
    pool = api.pool(SMALL, name="gold")
    pods.add("web-0", subnet(SMALL))
    path = f"pools/{pool['id']}"
    for change in ({"window_first": "10.0.0.3"}, {"gateway": "10.0.0.1"}):
        refused = api.refused(409, "PATCH", path, change)
        assert refused["in_the_way"] == [{"address": "10.0.0.1", "owner": "default/web-0"}]
    no_alias: dict[str, Any] = {"name": "silver", "aliases": []}
    refused = api.refused(409, "PATCH", path, no_alias)
    assert 'removing the pool name "gold" affects 1 address' in refused["detail"]
    assert api.get(path)["name"] == "gold"
    assert api.patch(f"{path}?force=true", **no_alias)["aliases"] == []
    around: dict[str, Any] = {"cidr": "10.0.0.0/28", "gateway": "10.0.0.1"}
    assert "running sandboxes" in api.refused(409, "POST", "pools", around)["detail"]
    assert api.post("pools", **around, force=True)["overlaps"] == [SMALL]


def test_a_gateway_a_network_and_a_broadcast_address_are_reserved_by_force(api: Api) -> None:
    pool = api.pool(SMALL, gateway="10.0.0.1")
    body = {"pool_id": pool["id"], "owner": {"name": "router"}}
    for address, what in (
        ("10.0.0.1", "the gateway of pool 10.0.0.0/29"),
        ("10.0.0.0", "the network address of pool 10.0.0.0/29"),
        ("10.0.0.7", "the broadcast address of pool 10.0.0.0/29"),
    ):
        wanted = body | {"addresses": [address]}
        assert what in api.refused(409, "POST", "reservations", wanted)["detail"]
        assert api.reserve(pool, "router", addresses=[address], force=True) == [address]
        assert api.refused(409, "POST", "reservations", wanted | {"force": True})["code"] == 101
        api.delete(f"reservations/{pool['network_id']}/{address}")
    assert api.get("explain?address=10.0.0.1")["state"] == "gateway"
    assert api.reserve(pool, "x", count=5)[0] == "10.0.0.2"


def test_no_force_takes_a_quarantined_gateway(api: Api, pods: Pods) -> None:
    pool = api.pool(SMALL, reuse_delay=3600)
    address = pods.add("web-0", subnet(SMALL))
    pods.delete("web-0")
    api.patch(f"pools/{pool['id']}", gateway=address)
    wanted = {"pool_id": pool["id"], "owner": {"name": "router"}, "addresses": [address]}
    refused = api.refused(409, "POST", "reservations", wanted | {"force": True})
    assert refused["code"] == 101
    assert "in quarantine" in refused["detail"]


def test_overlapping_pools_count_and_explain_an_address_once(api: Api, pods: Pods) -> None:
    large = api.pool("10.9.0.0/24")
    small = api.pool("10.9.0.0/25")
    assert (large["overlaps"], small["overlaps"]) == ([], ["10.9.0.0/24"])
    for number in range(4):
        pods.add(f"large-{number}", subnet("10.9.0.0/24"))
        pods.add(f"small-{number}", subnet("10.9.0.0/25"))
    used = [api.get(f"pools/{pool['id']}/usage") for pool in (large, small)]
    assert [(one["reserved"], one["reserved_by_overlaps"]) for one in used] == [(4, 4), (4, 4)]
    assert [(one["used"], one["free"]) for one in used] == [(8, 246), (8, 118)]
    for address, pool in (("10.9.0.1", "/24"), ("10.9.0.2", "/25"), ("10.9.0.9", "/25")):
        assert api.get(f"explain?address={address}")["pool"] == f"10.9.0.0{pool}"
    # The broadcast address of the smaller one is an address like others of the larger one.
    assert api.get("explain?address=10.9.0.127")["state"] == "free"
    assert api.get("explain?address=10.9.0.255")["state"] == "outside"


def test_a_gateway_that_no_configuration_has_any_more_is_forgotten(api: Api, pods: Pods) -> None:
    pool = api.pool(SMALL, gateway="10.0.0.6")
    pods.add("web-0", replace(subnet(SMALL), gateways=("10.0.0.1",)))
    by_operator, by_nad = api.items(f"gateways?pool={pool['id']}")
    assert (by_operator["address"], by_operator["cni_network"]) == ("10.0.0.6", None)
    assert (by_nad["address"], by_nad["cni_network"]) == ("10.0.0.1", "storage")
    assert (
        "the gateway of pool"
        in api.refused(409, "DELETE", f"gateways/{by_operator['id']}")["detail"]
    )
    api.delete(f"gateways/{by_nad['id']}")
    api.refused(404, "DELETE", f"gateways/{by_nad['id']}")
    assert pods.add("web-1", subnet(SMALL)) == "10.0.0.1"
    [line] = [one for one in api.items("audit") if one["action"] == "gateway.delete"]
    assert (line["object"], line["before"]["cni_network"]) == ("10.0.0.1", "storage")
