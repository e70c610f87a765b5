"""What of the database is in the cluster, and what is said of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.k8s.mirror.desired import desired_objects
from rowhouse.k8s.whereabouts.annotations import LEFT_OUT
from rowhouse.k8s.whereabouts.offsets import key_of
from rowhouse.store.cluster.mirror import Held, Pool, Slice

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from k8s.mirror.conftest import Mirroring
    from rowhouse.store.connection.database import Database as Store

POOL = subnet("10.0.0.0/24")


def reasons(mirroring: Mirroring) -> list[tuple[str, str]]:
    return [(one.reason, one.object) for one in mirroring.mirror.problems]


def test_an_address_that_comes_and_goes_is_mirrored_and_its_pool_stays(
    mirroring: Mirroring, pods: Pods
) -> None:
    pods.add("web-0", POOL, container="sandbox")
    mirroring.round()
    assert mirroring.pools() == {
        "10.0.0.0-24": {"1": {"id": "sandbox", "podref": "default/web-0", "ifname": "net1"}}
    }
    assert mirroring.reservations() == {"10.0.0.1": "default/web-0"}
    pods.delete("sandbox")
    mirroring.round()
    assert mirroring.pools() == {"10.0.0.0-24": {}}
    assert mirroring.reservations() == {}


def test_a_new_sandbox_of_the_same_pod_is_its_id_then(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("web-0", POOL, container="old")
    mirroring.round()
    pods.add("web-0", POOL, container="new")
    mirroring.round()
    assert mirroring.pools()["10.0.0.0-24"]["1"]["id"] == "new"


def test_an_empty_pool_is_there_and_one_that_is_deleted_goes(
    mirroring: Mirroring, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("SELECT ensure_pool('', '10.9.0.0/24', false)")
    mirroring.round()
    assert mirroring.pools() == {"10.9.0.0-24": {}}
    dba.execute("DELETE FROM pools")
    mirroring.round()
    assert mirroring.pools() == {}


def test_many_changes_of_a_pool_are_one_patch(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("first", POOL)
    mirroring.round()
    mirroring.kube.seen.clear()
    for i in range(20):
        pods.add(f"web-{i}", POOL)
    mirroring.round()
    writes = [line for line in mirroring.kube.seen if "ippools" in line and "watch" not in line]
    assert len(writes) == 1
    assert writes[0].startswith("PATCH")
    assert len(mirroring.holders("10.0.0.0-24")) == 21


def test_nothing_is_written_where_nothing_changed(mirroring: Mirroring, pods: Pods) -> None:
    pods.add("web-0", POOL)
    mirroring.round()
    mirroring.restart()
    mirroring.round()
    mirroring.kube.seen.clear()
    pods.add("web-0", POOL)
    mirroring.round()
    assert [line for line in mirroring.kube.seen if not line.startswith("GET")] == []


def test_each_node_slice_is_a_pool_of_its_own(mirroring: Mirroring, pods: Pods) -> None:
    """Upstream's name for it: network, node, and the CIDR of the slice; keys count from its base."""
    sliced = subnet("10.0.0.0/24", network="net", slice_size=26)
    pods.add("web-0", sliced, node="node1")
    pods.add("web-1", sliced, node="node2")
    mirroring.round()
    assert {name: list(found) for name, found in mirroring.pools().items()} == {
        "net-node1-10.0.0.0-26": ["1"],
        "net-node2-10.0.0.64-26": ["0"],
    }
    assert mirroring.reservations() == {
        "net-10.0.0.1": "default/web-0",
        "net-10.0.0.64": "default/web-1",
    }


def test_an_address_of_another_cluster_or_a_person_is_taken_without_a_pod(
    mirroring: Mirroring, pods: Pods, store: Store, dba: psycopg.Connection[TupleRow]
) -> None:
    """Upstream's reconciler leaves an entry without podref alone, and no pod gets its address."""
    pods.add("mine", POOL)
    Pods(store, cluster="prod-b").add("theirs", POOL)
    dba.execute(
        """INSERT INTO reservations (network_id, pool_id, address, owner_kind, owner_name, sticky)
           SELECT network_id, id, '10.0.0.3', 'static', 'router', true FROM pools"""
    )
    mirroring.round()
    assert mirroring.holders("10.0.0.0-24") == {"1": "default/mine", "2": "", "3": ""}
    assert mirroring.reservations() == {"10.0.0.1": "default/mine", "10.0.0.2": "", "10.0.0.3": ""}


@pytest.mark.slow
def test_a_pool_too_large_for_an_object_is_mirrored_up_to_what_fits_and_says_so(
    mirroring: Mirroring, dba: psycopg.Connection[TupleRow]
) -> None:
    number = 12_000
    dba.execute("SELECT ensure_pool('', '10.0.0.0/16', true)")
    dba.execute(
        """INSERT INTO reservations (network_id, pool_id, address, owner_namespace, owner_name,
                                     owner_interface, container_id)
           SELECT network_id, id, inet '10.0.0.0' + n, 'a-namespace', 'a-deployment-of-pods-' || n, 'net1',
                  repeat('a', 64) FROM pools, generate_series(1, %s) AS n""",
        (number,),
    )
    mirroring.until(lambda: mirroring.kube.all("ippools") and mirroring.mirror.pause > 1)
    [found] = mirroring.kube.all("ippools").values()
    held = found["spec"]["allocations"]
    assert 4_000 < len(held) < number
    assert set(held) == {str(key) for key in range(1, len(held) + 1)}
    lacking = f"{number - len(held)} addresses: the object would be too large"
    assert found["metadata"]["annotations"][LEFT_OUT] == lacking
    assert reasons(mirroring) == [("size", "ippools/10.0.0.0-16")]
    dba.execute("DELETE FROM reservations WHERE address > '10.0.0.9'")
    mirroring.until(lambda: len(mirroring.pools()["10.0.0.0-16"]) == 9)
    [found] = mirroring.kube.all("ippools").values()
    assert LEFT_OUT not in found["metadata"]["annotations"]
    assert reasons(mirroring) == []


def test_an_offset_too_large_for_a_key_is_left_out_and_reported(
    mirroring: Mirroring, pods: Pods
) -> None:
    pods.add("near", subnet("fd00::/32", ("fd00::1", "fd00::1")))
    far = ("fd00:0:0:0:8000::", "fd00:0:0:0:8000::")
    pods.add("far", subnet("fd00::/32", far))
    mirroring.round()
    assert mirroring.holders("fd00---32") == {"1": "default/near"}
    assert set(mirroring.reservations()) == {"fd00--1", "fd00--8000-0-0-0"}
    [found] = mirroring.kube.all("ippools").values()
    assert "2^63" in found["metadata"]["annotations"][LEFT_OUT]
    assert reasons(mirroring) == [("key", "ippools/fd00---32")]


def test_a_name_that_kubernetes_refuses_is_said_and_stops_nothing(
    mirroring: Mirroring, pods: Pods
) -> None:
    pods.add("bad", subnet("10.1.0.0/24", network="Net_X"))
    pods.add("good", POOL)
    mirroring.round()
    assert mirroring.holders("10.0.0.0-24") == {"1": "default/good"}
    assert reasons(mirroring) == [
        ("name", "ippools/Net_X-10.1.0.0-24"),
        ("name", "overlappingrangeipreservations/Net_X-10.1.0.1"),
    ]


def test_two_pools_of_one_name_are_not_mixed_up(mirroring: Mirroring, pods: Pods) -> None:
    """A network `a-node1`, and node1's slice in the network `a`."""
    pods.add("web-0", subnet("10.0.0.0/26", network="a-node1"))
    pods.add("web-1", subnet("10.0.0.0/24", network="a", slice_size=26), node="node1")
    mirroring.round()
    assert mirroring.holders("a-node1-10.0.0.0-26") == {"1": "default/web-0"}
    assert reasons(mirroring) == [("name", "ippools/a-node1-10.0.0.0-26")]


def test_an_address_that_moves_between_overlapping_pools_keeps_its_reservation(
    mirroring: Mirroring, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", POOL)
    dba.execute("SELECT ensure_pool('', '10.0.0.0/16', false)")
    mirroring.round()
    dba.execute("UPDATE reservations SET pool_id = (SELECT max(id) FROM pools)")
    mirroring.round()
    assert {name: list(found) for name, found in mirroring.pools().items()} == {
        "10.0.0.0-24": [],
        "10.0.0.0-16": ["1"],
    }
    assert mirroring.reservations() == {"10.0.0.1": "default/web-0"}


def test_keys_are_counted_as_the_importer_counts_them() -> None:
    for cidr, address in (
        ("10.0.0.0/8", "10.200.3.4"),
        ("fd00::/64", "fd00::7fff:ffff:ffff:ffff"),
        ("fd00::/64", "fd00::8000:0:0:0"),
        ("2001:db8::/30", "2001:db9::"),
    ):
        held = Held(address, own=True, container_id="c", namespace="a", name="b", interface="net1")
        found = desired_objects(Pool(1, "", cidr, isolated=False), (), [held])
        [pool] = found.pools.values()
        key = key_of(cidr, address)
        assert list(pool.allocations) == ([] if key is None else [key])


def test_slices_of_both_families_take_what_lies_in_them() -> None:
    pool = Pool(1, "", "fd00::/64", isolated=False)
    parts = [Slice(1, "a", "fd00::/80"), Slice(1, "b", "fd00::1:0:0:0/80")]
    held = [
        Held(address, own=True, container_id="c", namespace="a", name="b", interface="net1")
        for address in ("fd00::1", "fd00::1:0:0:1", "fd00::2:0:0:1")
    ]
    found = desired_objects(pool, parts, held)
    assert {name: list(one.allocations) for name, one in found.pools.items()} == {
        "a-fd00---80": ["1"],
        "b-fd00--1-0-0-0-80": ["1"],
        "fd00---64": [str((2 << 48) + 1)],
    }
