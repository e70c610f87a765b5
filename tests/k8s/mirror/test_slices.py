"""Node slices are in the cluster as whereabouts' own controller would have them, and are read back as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.importing import KnownPool, KnownSlice
from rowhouse.importers.whereabouts.inventory import inventory
from rowhouse.importers.whereabouts.live import read_cluster
from rowhouse.k8s.mirror.slices import MAX_SLICES, desired_slice_pool, slice_pool_names
from rowhouse.store.cluster.mirror import Pool, Slice

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from k8s.mirror.conftest import Mirroring
    from rowhouse.store.connection.database import Database as Store

SLICED = subnet("10.62.0.0/26", slice_size=28)
NAMED = subnet("10.0.0.0/24", network="prod-a", slice_size=26)
SLICE_POOLS = "nodeslicepools"


def slice_pools(mirroring: Mirroring) -> dict[str, Any]:
    """Name → slice → node."""
    return {
        name: {one["sliceRange"]: one["nodeName"] for one in obj["status"]["allocations"]}
        for name, obj in mirroring.kube.all(SLICE_POOLS).items()
    }


def reasons(mirroring: Mirroring) -> list[tuple[str, str]]:
    return [(one.reason, one.object) for one in mirroring.mirror.problems]


def test_a_node_slice_pool_lists_every_slice_and_is_named_as_upstream_names_it(
    mirroring: Mirroring, pods: Pods
) -> None:
    """By the network, and in the default one by the CNI network, which is the NAD's name as a rule."""
    pods.add("web-0", SLICED, node="node1")
    pods.add("web-1", SLICED, node="node2")
    pods.add("web-2", NAMED, node="node1")
    mirroring.round()
    assert slice_pools(mirroring) == {
        "storage": {
            "10.62.0.0/28": "node1",
            "10.62.0.16/28": "node2",
            "10.62.0.32/28": "",
            "10.62.0.48/28": "",
        },
        "prod-a": {
            "10.0.0.0/26": "node1",
            "10.0.0.64/26": "",
            "10.0.0.128/26": "",
            "10.0.0.192/26": "",
        },
    }
    assert mirroring.kube.specs(SLICE_POOLS)["storage"] == {
        "range": "10.62.0.0/26",
        "sliceSize": "/28",
    }
    assert set(mirroring.pools()) == {
        "node1-10.62.0.0-28",
        "node2-10.62.0.16-28",
        "prod-a-node1-10.0.0.0-26",
    }
    assert reasons(mirroring) == []


def test_what_is_mirrored_is_imported_as_it_is(mirroring: Mirroring, pods: Pods) -> None:
    """As recorded, `node1-10.62.0.0-28` became a network "node1", and its reservations were refused."""
    pods.add("web-0", SLICED, node="node1")
    pods.add("web-1", SLICED, node="node2")
    pods.add("web-2", NAMED, node="node1")
    pods.add("web-3", subnet("fd00::/64", network="prod-a", slice_size=80), node="node1")
    pods.add("web-4", subnet("fd00::/64"))
    mirroring.round()
    found = inventory(read_cluster(mirroring.client, None))
    assert {
        (one.pool.network, one.pool.cidr, one.address): (
            one.owner,
            one.interface,
            one.sandboxes[0].node,
        )
        for one in found.addresses
    } == {
        ("", "10.62.0.0/26", "10.62.0.1"): ("default/web-0", "net1", "node1"),
        ("", "10.62.0.0/26", "10.62.0.16"): ("default/web-1", "net1", "node2"),
        ("prod-a", "10.0.0.0/24", "10.0.0.1"): ("default/web-2", "net1", "node1"),
        ("prod-a", "fd00::/64", "fd00::1"): ("default/web-3", "net1", "node1"),
        ("", "fd00::/64", "fd00::1"): ("default/web-4", "net1", ""),
    }
    assert set(found.slices) == {
        KnownSlice(pool=KnownPool(network="", cidr="10.62.0.0/26"), node=node, slice=part)
        for node, part in (("node1", "10.62.0.0/28"), ("node2", "10.62.0.16/28"))
    } | {
        KnownSlice(pool=KnownPool(network="prod-a", cidr=cidr), node="node1", slice=part)
        for cidr, part in (("10.0.0.0/24", "10.0.0.0/26"), ("fd00::/64", "fd00::/80"))
    }
    assert found.not_taken == ()


def test_a_slice_of_another_clusters_node_is_neither_free_nor_ours(
    mirroring: Mirroring, pods: Pods, store: Store
) -> None:
    Pods(store, cluster="prod-b").add("theirs", SLICED, node="node1")
    pods.add("mine", SLICED, node="node1")
    mirroring.round()
    assert slice_pools(mirroring) == {
        "storage": {"10.62.0.16/28": "node1", "10.62.0.32/28": "", "10.62.0.48/28": ""}
    }


def test_it_keeps_its_name_while_no_pod_uses_it_and_goes_with_the_slices(
    mirroring: Mirroring, pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("web-0", SLICED, node="node1")
    mirroring.round()
    pods.delete("web-0")
    mirroring.round()
    mirroring.restart()
    mirroring.round()
    assert list(slice_pools(mirroring)) == ["storage"]
    dba.execute("DELETE FROM pools")
    mirroring.restart()
    mirroring.round()
    assert slice_pools(mirroring) == {}


def test_without_the_kind_everything_else_is_mirrored_and_it_is_said(
    mirroring: Mirroring, pods: Pods
) -> None:
    """whereabouts before v0.8 has no CRD NodeSlicePool."""
    mirroring.kube.faults.forget(SLICE_POOLS)
    mirroring.restart()
    pods.add("web-0", SLICED, node="node1")
    mirroring.round()
    assert mirroring.holders("node1-10.62.0.0-28") == {"1": "default/web-0"}
    assert reasons(mirroring) == [("absent", f"{SLICE_POOLS}/storage")]
    mirroring.kube.faults.heal()
    mirroring.mirror.resync()
    mirroring.round()
    assert list(slice_pools(mirroring)) == ["storage"]
    assert reasons(mirroring) == []


def test_slices_that_a_living_whereabouts_assigned_are_not_overwritten(
    mirroring: Mirroring, pods: Pods
) -> None:
    theirs = {"allocations": [{"nodeName": "node9", "sliceRange": "10.62.0.0/28"}]}
    spec = {"range": "10.62.0.0/26", "sliceSize": "/28"}
    mirroring.kube.put(SLICE_POOLS, {"metadata": {"name": "nad"}, "spec": spec, "status": theirs})
    mirroring.restart()
    pods.add("web-0", SLICED, node="node1")
    mirroring.round()
    assert slice_pools(mirroring)["nad"] == {"10.62.0.0/28": "node9"}
    assert reasons(mirroring) == [("unknown", f"{SLICE_POOLS}/nad")]


@pytest.mark.parametrize(
    ("network", "cni_networks", "observed", "names"),
    [
        ("prod", ("nad",), {}, {"prod"}),
        ("", (), {}, {"10.0.0.0-24"}),
        ("", ("nad", "other"), {}, {"nad", "other"}),
        ("", (), {"nad": ("10.0.0.0/24", "")}, {"nad"}),
        ("", (), {"nad": ("10.0.0.5-10.0.0.9/24", None)}, {"nad"}),
        ("", (), {"nad": ("10.0.0.0/24", "prod")}, {"10.0.0.0-24"}),
        ("", (), {"nad": ("10.1.0.0/24", "")}, {"10.0.0.0-24"}),
        ("", ("nad",), {"10.0.0.0-24": ("10.0.0.0/24", "")}, {"nad"}),
    ],
)
def test_names_of_node_slice_pools(
    network: str,
    cni_networks: tuple[str, ...],
    observed: dict[str, tuple[str, str | None]],
    names: set[str],
) -> None:
    pool = Pool(1, network, "10.0.0.0/24", isolated=False)
    assert slice_pool_names(pool, cni_networks, observed) == names


def test_more_slices_than_an_object_holds_are_left_out_and_said() -> None:
    """whereabouts 497: a /8 in slices of /27 is larger than an object may be."""
    pool = Pool(1, "", "10.0.0.0/8", isolated=False)
    far = Slice(1, "node1", "10.255.255.224/27")
    found = desired_slice_pool(pool, [far])
    assert len(found.content.slices) == MAX_SLICES
    assert found.content.slices[-1] == ("node1", "10.255.255.224/27")
    assert "free slices" in found.left_out


def test_slices_of_two_sizes_leave_no_free_one_that_overlaps() -> None:
    pool = Pool(1, "", "10.0.0.0/25", isolated=False)
    slices = [
        Slice(1, "a", "10.0.0.0/27"),
        Slice(1, "b", "10.0.0.48/28"),
        Slice(1, "c", "10.0.0.96/27"),
    ]
    assert desired_slice_pool(pool, slices).content.slices == (
        ("a", "10.0.0.0/27"),
        ("b", "10.0.0.48/28"),
        ("", "10.0.0.64/27"),
        ("c", "10.0.0.96/27"),
    )
