"""Pools and networks through the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.conftest import Api

SMALL = "10.0.0.0/29"


def test_a_pool_is_made_with_its_network_shown_listed_and_removed(api: Api) -> None:
    labels = {"team": "storage"}
    made = api.send(
        "POST",
        "pools",
        {
            "network": "blue",
            "cidr": "10.0.0.0/24",
            "name": "storage-a",
            "gateway": "10.0.0.1",
            "window_first": "10.0.0.10",
            "window_last": "10.0.0.20",
            "reuse_delay": 90,
            "labels": labels,
            "description": "for the disks",
        },
    )
    pool = json.loads(made.data)
    path = f"/api/v1/pools/{pool['id']}"
    assert (made.status_code, made.headers["Location"], made.headers["ETag"]) == (201, path, '"1"')
    assert api.get(path) == pool
    assert (pool["gateway"], pool["reuse_delay"], pool["labels"]) == ("10.0.0.1", 90, labels)
    assert pool["created_at"].endswith("Z")
    for matching in (
        "network=blue",
        "name=storage-a",
        "cidr=10.0.0.0/24",
        "contains=10.0.0.77",
        "drained=false",
        "label=team%3Dstorage",
    ):
        assert api.items(f"pools?{matching}") == [pool], matching
    for other in ("network=", "name=x", "contains=10.0.1.0", "drained=true", "label=team%3Dx"):
        assert api.items(f"pools?{other}") == [], other
    api.delete(path)
    assert api.items("pools") == []
    [network] = api.items("networks?name=blue")
    api.delete(f"networks/{network['id']}")
    assert api.items("networks") == []


def test_a_pools_name_is_one_word_and_no_id(api: Api) -> None:
    for name in ("a", "1a", "storage-a", "rack.7_b", "10.0.0.0-spare"):
        api.delete(f"pools/{api.post('pools', cidr=SMALL, name=name)['id']}")
    pool = api.post("pools", cidr=SMALL)
    for name in ("bad name!", "17", "10.0.0.0/29", "-a", "a-", "", "a\n", "é", "x" * 254):
        for method, path, more in (
            ("POST", "pools", {"cidr": "10.0.1.0/29"}),
            ("PATCH", f"pools/{pool['id']}", {}),
        ):
            [wrong] = api.refused(422, method, path, {**more, "name": name})["errors"]
            assert wrong["pointer"] == "/name"
            assert "is not a valid pool name" in wrong["detail"]


def test_a_renamed_pool_keeps_its_former_names(api: Api) -> None:
    pool = api.post("pools", cidr=SMALL, name="a", network="blue")
    path = f"pools/{pool['id']}"
    assert pool["aliases"] == []
    for name, aliases in (("b", ["a"]), ("c", ["a", "b"]), ("a", ["b", "c"]), ("a", ["b", "c"])):
        changed = api.patch(path, name=name)
        assert (changed["name"], changed["aliases"]) == (name, aliases)
    for name in ("a", "b", "c"):
        assert api.items(f"pools?name={name}") == [api.get(path)]
    assert [(one["name"], one["pool_name"]) for one in api.items("aliases?network=blue")] == [
        ("b", "a"),
        ("c", "a"),
    ]
    api.refused(404, "GET", f"aliases?pool={pool['id'] + 1}")
    assert api.patch(path, name=None)["aliases"] == ["a", "b", "c"]
    assert api.patch(path, name="d", aliases=["d", "b"])["aliases"] == ["b"]
    assert api.patch(path, aliases=[])["aliases"] == []
    actions = [one["action"] for one in api.items("audit?object_type=alias")]
    assert actions.count("alias.create") == actions.count("alias.delete") == 4


def test_a_name_belongs_to_one_pool(api: Api) -> None:
    pool = api.post("pools", cidr=SMALL, name="a")
    other = api.post("pools", cidr="10.0.1.0/29", name="other")
    api.patch(f"pools/{pool['id']}", name="b")
    for method, path, wanted in (
        ("PATCH", f"pools/{other['id']}", {"name": "a"}),
        ("PATCH", f"pools/{other['id']}", {"aliases": ["a"]}),
        ("POST", "pools", {"cidr": "10.0.2.0/29", "name": "a"}),
    ):
        refused = api.refused(409, method, path, wanted)
        assert refused["detail"] == 'the name "a" is an alias of pool "b" (10.0.0.0/29)'
    refused = api.refused(409, "PATCH", f"pools/{other['id']}", {"aliases": ["b"]})
    assert refused["detail"] == 'the name "b" belongs to pool 10.0.0.0/29'
    assert api.get(f"pools/{other['id']}") == other


def test_names_of_two_pools_do_not_differ_only_by_case(api: Api) -> None:
    pool = api.post("pools", cidr=SMALL, name="web")
    other = api.post("pools", cidr="10.0.1.0/29", name="other")
    refused = api.refused(409, "POST", "pools", {"cidr": "10.0.2.0/29", "name": "Web"})
    assert refused["detail"] == (
        f'the name "Web" differs only by case from "web", the name of pool {SMALL}'
    )
    assert refused["hint"] == "Choose another name; `rowhouse pool show web` shows that pool."
    api.patch(f"pools/{pool['id']}", aliases=["gold"])
    for wanted in ({"name": "GOLD"}, {"aliases": ["Gold"]}):
        refused = api.refused(409, "PATCH", f"pools/{other['id']}", wanted)
        assert 'differs only by case from "gold", an alias of pool "web"' in refused["detail"]
    renamed = api.patch(f"pools/{pool['id']}", name="Web")
    assert renamed["aliases"] == ["gold", "web"], "both names are of one pool"


def test_a_network_with_pools_or_exclusions_is_not_removed(api: Api) -> None:
    pool = api.pool()
    path = f"networks/{pool['network_id']}"
    assert "still has pools" in api.refused(409, "DELETE", path)["detail"]
    run = {"network_id": pool["network_id"], "first": "10.0.0.1", "last": "10.0.0.9"}
    api.post("exclusions", **run)
    api.delete(f"pools/{pool['id']}")
    assert "still has exclusions" in api.refused(409, "DELETE", path)["detail"]
    assert api.get(path)["pools"] == 0


def test_a_cidr_or_a_name_that_is_taken_is_a_conflict(api: Api) -> None:
    api.pool(name="a")
    assert (
        "pool with this CIDR"
        in api.refused(409, "POST", "pools", {"cidr": "10.0.0.0/24"})["detail"]
    )
    taken = api.refused(409, "POST", "pools", {"cidr": "10.1.0.0/24", "name": "a"})
    assert 'the name "a" belongs to pool' in taken["detail"]


def test_a_pool_whose_parts_do_not_fit_is_refused_by_name(api: Api) -> None:
    wrong = {
        "cidr": "10.0.0.0/24",
        "gateway": "fd00::1",
        "window_first": "10.1.0.1",
        "window_last": "10.0.0.9",
    }
    refused = api.refused(422, "POST", "pools", wrong)
    assert [error["pointer"] for error in refused["errors"]] == [
        "/window_first",
        "/gateway",
        "/window_last",
    ]
    hint = api.refused(422, "POST", "pools", {"cidr": "10.0.0.1/24"})["errors"][0]["detail"]
    assert "10.0.0.0/24" in hint
    assert api.pool("10.0.0.1/32", window_first="10.0.0.1")["window_first"] == "10.0.0.1"


def test_a_change_touches_only_what_it_names(api: Api) -> None:
    pool = api.pool(gateway="10.0.0.1", description="old", labels={"a": "b"})
    path = f"pools/{pool['id']}"
    changed = api.patch(path, description="new", window_last="10.0.0.99", drained=True)
    expected = {"description": "new", "window_last": "10.0.0.99", "drained": True, "version": 2}
    assert changed == pool | expected
    assert api.patch(path, gateway=None, drained=False)["gateway"] is None
    assert api.patch(path)["version"] == 3, "nothing changed"


def test_a_change_of_an_outdated_version_is_refused(api: Api) -> None:
    path = f"pools/{api.pool()['id']}"
    change = {"description": "mine"}
    assert api.send("PATCH", path, change, If_Match='"1"').headers["ETag"] == '"2"'
    outdated = api.refused(412, "PATCH", path, {"description": "yours"}, If_Match='"1"')
    assert outdated["type"] == "urn:rowhouse:problem:outdated"
    for stale in ('"1"', 'W/"2"', '"x"'):
        api.refused(412, "DELETE", path, If_Match=stale)
    assert api.get(path)["description"] == "mine"
    assert api.send("GET", path, If_None_Match='"2"').status_code == 304
    assert api.send("PATCH", path, {"description": "any"}, If_Match="*").status_code == 200
    assert api.send("DELETE", path, If_Match='"3"').status_code == 204


def test_a_window_does_not_shrink_over_reservations_unless_forced(api: Api) -> None:
    pool = api.pool(SMALL)
    for number in range(3):
        api.reserve(pool, f"printer-{number}")
    path = f"pools/{pool['id']}"
    refused = api.refused(409, "PATCH", path, {"window_first": "10.0.0.3"})
    assert refused["type"] == "urn:rowhouse:problem:reservations-in-the-way"
    assert refused["in_the_way"] == [
        {"address": "10.0.0.1", "owner": "/printer-0"},
        {"address": "10.0.0.2", "owner": "/printer-1"},
    ]
    assert refused["total"] == 2
    assert api.get(path)["version"] == 1
    shrunk = api.send("PATCH", f"{path}?force=true", {"window_first": "10.0.0.3"})
    assert shrunk.status_code == 200
    assert len(api.items(f"reservations?pool={pool['id']}")) == 3, "they stay"
    assert api.reserve(pool) == ["10.0.0.4"]
    assert api.patch(path, window_first=None)["window_first"] is None, "growing needs no force"


def test_a_gateway_does_not_come_to_lie_on_a_pods_address(api: Api) -> None:
    pool = api.pool(SMALL)
    pod = {"kind": "pod", "namespace": "shop", "interface": "net1"}
    api.reserve(pool, "web-0", owner=pod, addresses=["10.0.0.2"])
    api.reserve(pool, "router", addresses=["10.0.0.1"])
    path = f"pools/{pool['id']}"
    refused = api.refused(409, "PATCH", path, {"gateway": "10.0.0.2"})
    assert refused["in_the_way"] == [{"address": "10.0.0.2", "owner": "shop/web-0"}]
    assert api.patch(path, gateway="10.0.0.1")["gateway"] == "10.0.0.1"


def test_a_pool_that_holds_reservations_is_not_removed(api: Api) -> None:
    pool = api.pool(SMALL)
    api.reserve(pool)
    refused = api.refused(409, "DELETE", f"pools/{pool['id']}")
    assert "still holds 1 reservations" in refused["detail"]
    assert refused["hint"] == "Release the reservations first."


def test_a_drained_pool_gives_out_nothing(api: Api) -> None:
    pool = api.pool(SMALL, drained=True)
    body = {"pool_id": pool["id"], "owner": {"name": "x"}}
    refused = api.refused(409, "POST", "reservations", body)
    assert (refused["code"], "drained" in refused["detail"]) == (100, True)


def test_usage_free_runs_and_fill_are_told(api: Api) -> None:
    pool = api.pool(SMALL, gateway="10.0.0.1", reuse_delay=3600)
    path = f"pools/{pool['id']}"
    api.reserve(pool, addresses=["10.0.0.2", "10.0.0.3", "10.0.0.5"])
    api.delete(f"reservations/{pool['network_id']}/10.0.0.3")
    usage = api.get(f"{path}/usage")
    assert (usage["total"], usage["reserved"], usage["quarantined"], usage["free"]) == (5, 2, 1, 2)
    [listed] = api.items("pools?usage=true")
    assert listed["usage"] == usage
    runs = [(run["first"], run["last"], run["addresses"]) for run in api.items(f"{path}/free")]
    assert runs == [("10.0.0.4", "10.0.0.4", 1), ("10.0.0.6", "10.0.0.6", 1)]
    [waiting] = api.items(f"{path}/free?quarantined=true")
    assert (waiting["first"], waiting["addresses"]) == ("10.0.0.3", 1)
    first = api.get(f"{path}/free?limit=1")
    assert api.get(f"{path}/free?cursor={first['next']}")["items"][0]["first"] == "10.0.0.6"
    moments = api.get(f"{path}/fill?steps=4")["moments"]
    assert [moment["used"] for moment in moments] == [0, 0, 0, 0, 2]
    wrong = f"{path}/fill?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
    assert api.refused(422, "GET", wrong)["errors"][0]["pointer"] == "/query/since"


def test_an_ipv6_pool_counts_exactly(api: Api) -> None:
    pool = api.pool("fd00::/64")
    assert api.get(f"pools/{pool['id']}/usage")["total"] == 2**64 - 2
    assert api.items(f"pools/{pool['id']}/free")[0]["addresses"] == 2**64 - 2
    assert api.reserve(pool, addresses=["FD00:0::A"]) == ["fd00::a"]


def test_an_isolated_pool_shares_no_address(api: Api) -> None:
    shared = api.pool("10.0.0.0/24")
    isolated = api.pool("10.0.0.0/25", isolated=True)
    assert shared["network_id"] != isolated["network_id"]
    assert api.reserve(shared) == api.reserve(isolated) == ["10.0.0.1"]


def test_every_change_is_in_the_audit_with_the_request(api: Api) -> None:
    made = api.send("POST", "pools", {"cidr": SMALL}, X_Request_ID="r-1")
    pool = json.loads(made.data)
    api.patch(f"pools/{pool['id']}", description="new")
    api.delete(f"pools/{pool['id']}")
    changes = api.items(f"audit?object={SMALL}")
    assert [change["action"] for change in changes] == ["pool.delete", "pool.update", "pool.create"]
    assert changes[1]["before"]["description"] == ""
    assert changes[1]["after"]["description"] == "new"
    assert {change["actor"] for change in changes} == {"anybody"}
    [first] = api.items("audit?request_id=r-1&action=pool.create")
    assert first == changes[2]
    assert api.items(f"audit?until={first['at']}&action=pool.create") == []
    assert api.items(f"audit?since={first['at']}&action=pool.create") == [first]
