"""Reservations, exclusions, quotas, history and explanations through the API."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from fixtures.pods import subnet

if TYPE_CHECKING:
    from api.conftest import Api
    from fixtures.pods import Pods

SMALL = "10.0.0.0/29"


def addresses(api: Api, search: str) -> list[str]:
    return [item["address"] for item in api.items(f"reservations?{search}")]


def test_given_addresses_the_next_free_and_several_are_reserved(api: Api) -> None:
    pool = api.pool(SMALL)
    assert api.reserve(pool, addresses=["10.0.0.5", "10.0.0.2"]) == ["10.0.0.2", "10.0.0.5"]
    assert api.reserve(pool) == ["10.0.0.1"]
    assert api.reserve(pool, count=3) == ["10.0.0.3", "10.0.0.4", "10.0.0.6"]
    body = {"pool_id": pool["id"], "owner": {"name": "x"}, "count": 1}
    assert api.refused(409, "POST", "reservations", body)["code"] == 100


def test_several_are_reserved_all_or_none(api: Api) -> None:
    pool = api.pool(SMALL)
    api.reserve(pool, addresses=["10.0.0.4"])
    body = {"pool_id": pool["id"], "owner": {"name": "x"}, "addresses": ["10.0.0.3", "10.0.0.4"]}
    taken = api.refused(409, "POST", "reservations", body)
    assert (taken["code"], "in use by printer" in taken["detail"]) == (101, True)
    assert addresses(api, "") == ["10.0.0.4"]
    outside = body | {"addresses": ["10.9.9.9"]}
    assert api.refused(422, "POST", "reservations", outside)["code"] == 102
    assert api.refused(404, "POST", "reservations", body | {"pool_id": 999})["detail"]


def test_a_reservation_says_who_holds_it_why_and_how_long(api: Api) -> None:
    pool = api.pool(SMALL, name="a")
    owner = {"kind": "pod", "name": "web-0", "namespace": "shop", "interface": "net1"}
    api.reserve(pool, owner=owner, ttl=3600, description="moves in tomorrow")
    held = api.get(f"reservations/{pool['network_id']}/10.0.0.1")
    assert held["owner"] == owner | {"cluster": "", "uid": None}
    assert (held["pool"], held["pool_name"], held["description"]) == (
        SMALL,
        "a",
        "moves in tomorrow",
    )
    assert held["expires_at"] > held["reserved_at"]
    assert (held["attachments"], held["attached"], held["sticky"]) == (0, [], True)


def test_labels_are_set_found_changed_and_audited(api: Api) -> None:
    pool = api.pool(SMALL)
    api.reserve(pool, addresses=["10.0.0.2", "10.0.0.3"], labels={"site": "berlin", "rack": "7"})
    api.reserve(pool, labels={})
    assert addresses(api, "label=site=berlin") == ["10.0.0.2", "10.0.0.3"]
    path = f"reservations/{pool['network_id']}/10.0.0.3"
    assert api.get(path)["labels"] == {"site": "berlin", "rack": "7"}
    changed = api.patch(path, labels={"site": "a=b"})
    assert (changed["labels"], changed["description"]) == ({"site": "a=b"}, "")
    assert addresses(api, "label=site=berlin") == ["10.0.0.2"]
    assert addresses(api, "label=site=a=b&address=10.0.0.3") == ["10.0.0.3"]
    entry = api.items("audit?action=reservation.update")[0]
    assert (entry["before"]["labels"]["rack"], entry["after"]["labels"]) == ("7", {"site": "a=b"})
    assert api.patch(path, label_changes={"rack": "8", "site": None})["labels"] == {"rack": "8"}
    assert api.patch(path, label_changes={"none": None})["labels"] == {"rack": "8"}
    many = {f"k{i}": "v" for i in range(64)}
    refused = api.refused(409, "PATCH", path, {"label_changes": many})
    assert "more than 64 labels" in refused["detail"]
    api.patch(path, labels={})
    assert api.get(path)["labels"] == {}
    for wrong in ({"site": 7}, {"": "x"}, {"site": "a\x00"}, ["site"]):
        api.refused(422, "PATCH", path, {"labels": wrong})


def test_more_than_the_limit_at_once_is_refused(api: Api) -> None:
    pool = api.pool("10.0.0.0/16")
    body = {"pool_id": pool["id"], "owner": {"name": "x"}}
    refused = api.refused(422, "POST", "reservations", body | {"count": 257})
    assert refused["errors"] == [{"pointer": "/count", "detail": "more than 256"}]
    many = [f"10.0.{i // 250}.{i % 250}" for i in range(257)]
    refused = api.refused(422, "POST", "reservations", body | {"addresses": many})
    assert refused["errors"][0]["pointer"] == "/addresses"
    assert len(api.reserve(pool, count=256)) == 256


def test_reservations_are_found_by_every_property(api: Api, pods: Pods) -> None:
    pool = api.pool("10.0.0.0/24")
    other = api.pool("fd00::/64", network="blue")
    api.reserve(pool, "printer", addresses=["10.0.0.100"])
    api.reserve(other, "router")
    pods.add("web-0", subnet("10.0.0.0/24"))
    [pod] = api.items("reservations?name=web-0")
    everything = ["10.0.0.1", "10.0.0.100", "fd00::1"]
    assert addresses(api, "") == everything
    assert addresses(api, "address=10.0.0.100") == ["10.0.0.100"]
    assert addresses(api, "prefix=10.0.0.96/28") == ["10.0.0.100"]
    assert addresses(api, "prefix=::/0") == ["fd00::1"]
    assert addresses(api, "network=blue") == ["fd00::1"]
    assert addresses(api, f"network_id={pool['network_id']}") == everything[:2]
    assert addresses(api, f"pool={other['id']}") == ["fd00::1"]
    assert addresses(api, "kind=static") == everything[1:]
    owner = pod["owner"]
    assert addresses(api, f"namespace={owner['namespace']}&name=web-0") == ["10.0.0.1"]
    assert addresses(api, f"node={pod['node']}") == ["10.0.0.1"]
    assert addresses(api, f"container_id={pod['container_id']}") == ["10.0.0.1"]
    by_both = f"container_id={pod['container_id']}&cluster={owner['cluster']}"
    assert addresses(api, by_both) == ["10.0.0.1"]
    assert addresses(api, "container_id=other") == addresses(api, "node=other") == []
    pods.add_all("web-0", subnet("10.0.0.0/24"), mac="02:00:5e:00:53:01")
    for spelled in ("02:00:5e:00:53:01", "02-00-5E-00-53-01", "0200.5e00.5301"):
        assert addresses(api, f"mac={spelled}&node=node1") == ["10.0.0.1"]
    assert addresses(api, "mac=02:00:5e:00:53:02") == []
    api.refused(422, "GET", "reservations?mac=02:00")
    shown = api.get(f"reservations/{pool['network_id']}/10.0.0.1")
    explained = api.get("explain?address=10.0.0.1")
    [past] = api.items("history?address=10.0.0.1")
    macs = [shown["mac"], shown["attached"][0]["mac"], explained["mac"], past["mac"]]
    assert macs == ["02:00:5e:00:53:01"] * 4
    api.refused(404, "GET", "reservations?pool=999")


def test_pages_lose_nothing_while_the_list_changes(api: Api) -> None:
    pool = api.pool("10.0.0.0/24")
    api.reserve(pool, count=10)
    first = api.get("reservations?limit=4")
    assert [item["address"] for item in first["items"]] == [f"10.0.0.{i}" for i in range(1, 5)]
    for gone in (2, 4, 6):
        api.delete(f"reservations/{pool['network_id']}/10.0.0.{gone}")
    second = api.get(f"reservations?limit=4&cursor={quote(first['next'])}")
    assert [item["address"] for item in second["items"]] == [f"10.0.0.{i}" for i in (5, 7, 8, 9)]
    last = api.get(f"reservations?limit=4&cursor={quote(second['next'])}")
    assert ([item["address"] for item in last["items"]], last["next"]) == (["10.0.0.10"], None)


def test_what_a_sandbox_uses_is_released_only_by_force(api: Api, pods: Pods) -> None:
    pool = api.pool(SMALL)
    pods.add("web-0", subnet(SMALL))
    path = f"reservations/{pool['network_id']}/10.0.0.1"
    [attached] = api.get(path)["attached"]
    refused = api.refused(409, "DELETE", path)
    assert attached["container_id"] in refused["detail"]
    api.delete(f"{path}?force=true")
    api.refused(404, "DELETE", path)
    api.refused(404, "GET", path)


def test_a_reservation_goes_to_another_owner_and_history_shows_both(api: Api) -> None:
    pool = api.pool(SMALL)
    api.reserve(pool, "old")
    path = f"reservations/{pool['network_id']}/10.0.0.1"
    moved = api.post(f"{path}/reassign", owner={"name": "new"})
    assert moved["owner"]["name"] == "new"
    both = api.items("history?address=10.0.0.1")
    assert [tenure["owner"]["name"] for tenure in both] == ["new", "old"]
    assert both[0]["held_until"] is None
    assert both[1]["held_until"] == both[0]["held_from"]
    assert both[1]["ended_by"] == "anybody"
    assert api.items("audit?action=reservation.reassign")[0]["object"] == "10.0.0.1"


def test_history_is_told_by_moment_prefix_pod_and_time(api: Api, pods: Pods) -> None:
    pods.add("web-0", subnet(SMALL))
    pods.delete("web-0")
    pods.add("web-1", subnet(SMALL))
    second, first = api.items("history?address=10.0.0.1&network=")
    assert (first["owner"]["name"], second["owner"]["name"]) == ("web-0", "web-1")
    namespace = first["owner"]["namespace"]

    def names(search: str) -> list[str]:
        return [tenure["owner"]["name"] for tenure in api.items(f"history?{search}")]

    assert names(f"address=10.0.0.1&at={first['held_from']}") == ["web-0"]
    assert names(f"address=10.0.0.1&at={first['held_until']}") == [], "the end is not included"
    assert names(f"prefix=10.0.0.0/24&at={second['held_from']}") == ["web-1"]
    assert names(f"namespace={namespace}&name=web-0") == ["web-0"]
    assert names(f"namespace={namespace}&since={second['held_from']}") == ["web-1"]
    assert names(f"namespace={namespace}&until={second['held_from']}") == ["web-0"]
    assert names("container_id=web-0") == ["web-0"]
    assert names("container_id=web-1&network=&prefix=10.0.0.0/24") == ["web-1"]
    assert names("node=node1") == ["web-1", "web-0"]
    assert names(f"node=node1&at={first['held_from']}") == ["web-0"]
    assert names(f"node=node1&at={second['held_from']}") == ["web-1"]
    assert names(f"node=node1&until={second['held_from']}&name=web-0") == ["web-0"]
    assert names(f"node=node1&since={second['held_from']}&namespace={namespace}") == ["web-1"]
    assert names("node=node2") == []
    assert api.items("history?node=node1") == [second, first]
    page = api.get("history?address=10.0.0.1&limit=1")
    assert names(f"address=10.0.0.1&limit=1&cursor={quote(page['next'])}") == ["web-0"]
    api.refused(422, "GET", "history?name=web-0")


def test_an_exclusion_tells_how_many_addresses_are_still_in_use(api: Api) -> None:
    pool = api.pool(SMALL)
    api.reserve(pool, count=2)
    run = {"network_id": pool["network_id"], "first": "10.0.0.2", "last": "10.0.0.3"}
    made = api.post("exclusions", **run, reason="flapping")
    assert (made["in_use"], made["reason"]) == (1, "flapping")
    assert api.items("exclusions?contains=10.0.0.3&network=") == [made]
    assert api.items("exclusions?contains=10.0.0.4") == []
    assert api.reserve(pool) == ["10.0.0.4"]
    overlapping = run | {"first": "10.0.0.3", "last": "10.0.0.9"}
    assert "already" in api.refused(409, "POST", "exclusions", overlapping)["detail"]
    assert "already" in api.refused(409, "POST", "exclusions", run)["detail"]
    api.refused(404, "POST", "exclusions", run | {"network_id": 999})
    for wrong in ({"last": "10.0.0.1"}, {"last": "fd00::1"}):
        api.refused(422, "POST", "exclusions", run | wrong)
    path = f"exclusions/{made['id']}"
    assert api.get(path) == made
    api.delete(path)
    assert api.reserve(pool) == ["10.0.0.3"]
    api.refused(404, "DELETE", path)


@pytest.mark.parametrize(
    ("owner", "field", "said"),
    [
        ({"kind": "pod", "interface": "net1"}, "namespace", "a pod needs a namespace"),
        ({"kind": "pod", "namespace": "shop"}, "interface", "a pod needs an interface"),
        ({"interface": "net1"}, "interface", "only a pod has an interface"),
        ({"cluster": "prod"}, "cluster", "only a pod has a cluster"),
        ({"namespace": "shop", "cluster": "prod"}, "cluster", "only a pod has a cluster"),
    ],
)
def test_an_owner_is_named_by_what_identifies_it(
    api: Api, owner: dict[str, str], field: str, said: str
) -> None:
    pool = api.pool(SMALL)
    wanted = {"pool_id": pool["id"], "owner": {"name": "web-0", **owner}}
    asked = {**wanted, "owner": {"namespace": "shop", **wanted["owner"]}}
    for path, body in (("reservations", wanted), ("requests", asked)):
        if path == "requests" and field == "namespace":
            continue
        [error] = api.refused(422, "POST", path, body)["errors"]
        assert error["pointer"] == f"/owner/{field}"
        assert error["detail"].startswith(said)


def test_a_device_may_belong_to_a_namespace(api: Api) -> None:
    pool = api.pool(SMALL)
    owner = {"name": "router", "namespace": "shop"}
    api.post("quotas", namespace="shop", addresses=1)
    [made] = api.post("reservations", pool_id=pool["id"], owner=owner)["items"]
    assert (made["owner"]["kind"], made["owner"]["namespace"]) == ("static", "shop")
    api.refused(409, "POST", "reservations", {"pool_id": pool["id"], "owner": owner})


def test_a_quota_limits_a_namespace(api: Api) -> None:
    pool = api.pool(SMALL)
    made = api.post("quotas", namespace="shop", pool_id=pool["id"], addresses=1)
    path = f"quotas/{made['id']}"
    assert (made["pool"], made["in_use"]) == (SMALL, 0)
    shop = {"kind": "pod", "namespace": "shop", "interface": "net1"}
    api.reserve(pool, owner=shop)
    body = {"pool_id": pool["id"], "owner": {"name": "x", "namespace": "shop"}}
    assert api.refused(409, "POST", "reservations", body)["code"] == 104
    assert api.patch(path, addresses=2) == made | {"addresses": 2, "in_use": 1}
    api.reserve(pool, "x", owner=shop)
    assert api.items("quotas?namespace=shop")[0]["in_use"] == 2
    again = {"namespace": "shop", "pool_id": pool["id"], "addresses": 5}
    assert "already" in api.refused(409, "POST", "quotas", again)["detail"]
    api.refused(404, "POST", "quotas", again | {"pool_id": 999})
    everywhere = api.post("quotas", namespace="shop", addresses=2)
    assert (everywhere["pool_id"], everywhere["in_use"]) == (None, 2)
    api.delete(path)
    api.refused(404, "PATCH", path, {"addresses": 1})


def test_an_explanation_tells_why(api: Api) -> None:
    assert api.get("explain?address=10.0.0.1")["state"] == "unknown"
    pool = api.pool(SMALL, gateway="10.0.0.1")
    api.reserve(pool, description="by the door")
    held = api.get("explain?address=10.0.0.2&network=")
    assert (held["state"], held["owner"], held["description"]) == (
        "reserved",
        "/printer",
        "by the door",
    )
    assert "gateway" in api.get("explain?address=10.0.0.1")["because"]
    assert "network address" in api.get("explain?address=10.0.0.0")["because"]
    assert "broadcast address" in api.get("explain?address=10.0.0.7")["because"]
    after = api.get("explain?address=10.0.0.3")["because"]
    assert after == "free; no free range of the pool comes before it"
    api.delete(f"reservations/{pool['network_id']}/10.0.0.2")
    api.reserve(pool, addresses=["10.0.0.4"])
    after = api.get("explain?address=10.0.0.5")["because"]
    assert after == "free; 1 free range of the pool comes before it"
    free = api.get("explain?address=10.0.0.2")
    assert (free["state"], free["last_owner"], free["last_released"][-1]) == (
        "free",
        "/printer",
        "Z",
    )


def test_many_at_once_get_different_addresses(api: Api) -> None:
    pool = api.pool("10.0.0.0/24")
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.extend(api.reserve(pool, count=4))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 32


def test_a_pool_exhausted_by_quarantine_says_until_when(api: Api) -> None:
    pool = api.pool("10.0.0.0/30", reuse_delay=3600)
    for address in ("10.0.0.1", "10.0.0.2"):
        api.reserve(pool, addresses=[address])
        api.delete(f"reservations/{pool['network_id']}/{address}")
    refused = api.refused(
        409, "POST", "reservations", {"pool_id": pool["id"], "owner": {"name": "x"}}
    )
    assert re.search(
        r": 0 of 1 could be had: 2 in quarantine, the next is free at .* UTC", refused["detail"]
    )
    assert "reuse delay" in refused["hint"]


def test_a_description_and_a_ttl_are_changed(api: Api) -> None:
    pool = api.pool(SMALL)
    [held] = api.reserve(pool, description="old", ttl=60)
    path = f"reservations/{pool['network_id']}/{held}"
    before = api.get(path)
    described = api.patch(path, description="router")
    assert (described["description"], described["expires_at"]) == ("router", before["expires_at"])
    assert api.patch(path, ttl=3600)["expires_at"] > before["expires_at"]
    assert api.patch(path, ttl=None)["expires_at"] is None
    assert api.patch(path)["description"] == "router"
    changes = [
        (entry["before"]["description"], entry["after"]["description"])
        for entry in api.items("audit?action=reservation.update")
    ]
    assert changes == [("router", "router"), ("router", "router"), ("old", "router")]
    for wrong in ({"ttl": 0}, {"ttl": "1h"}, {"description": None}, {"owner": {"name": "x"}}):
        api.refused(422, "PATCH", path, wrong)
    api.refused(404, "PATCH", f"reservations/{pool['network_id']}/10.0.0.6", {"ttl": None})


def test_a_changed_ttl_outlives_the_sandbox(api: Api, pods: Pods) -> None:
    address = pods.add("web-0", subnet(SMALL))
    [held] = api.items("reservations")
    path = f"reservations/{held['network_id']}/{address}"
    changed = api.patch(path, ttl=3600)
    assert (changed["sticky"], changed["expires_at"], changed["attachments"]) == (True, None, 1)
    pods.delete("web-0")
    [kept] = api.items("reservations")
    assert (kept["address"], kept["attachments"]) == (address, 0)
    assert kept["expires_at"] is not None
