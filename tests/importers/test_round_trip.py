"""What the mirror writes the import reads as what it was, whatever the names are made of."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.whereabouts import entry, inventory_of, ip_pool, pod, reservation, slice_pool
from rowhouse.domain.importing import KnownPool, KnownSlice
from rowhouse.k8s.mirror.desired import DesiredObjects, desired_objects
from rowhouse.k8s.mirror.slices import slice_pool_names
from rowhouse.store.cluster.mirror import Held, Pool, Slice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rowhouse.domain.importing import Inventory, KnownAddress

Object = dict[str, Any]

# Networks that look like nodes, nodes that look like networks, and both like parts of an IPv6 address.
NETWORKS = ("", "a", "a-node1", "node1", "ab", "prod-a", "ip-10-0-0-1", "a.b", "10.62.0.0-28")
NODES = ("node1", "a-node1", "ab", "ip-10-0-0-1", "ip-10-0-0-1.ec2.internal", "0")
RANGES = (
    "10.62.0.0/24",
    "10.62.0.0/28",
    "10.0.0.0/8",
    "abcd::/64",
    "abcd::/32",
    "ab:abcd::/64",
    "2001:db8::/30",
    "fd00::/120",
)


@dataclass
class Source:
    """A pool, and what is in it."""

    pool: Pool
    slices: list[Slice] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    cni_networks: tuple[str, ...] = ()


@st.composite
def sources(draw: st.DrawFn, *, isolated: bool = True) -> list[Source]:
    """Some pools of some networks, with slices, and with addresses in them and outside of them."""
    places = draw(
        st.lists(
            st.tuples(st.sampled_from(NETWORKS), st.sampled_from(RANGES)),
            min_size=1,
            max_size=6,
            unique=True,
        )
    )
    taken: set[tuple[str, str]] = set()
    found, number = [], 0
    for position, (network, cidr) in enumerate(places):
        alone = isolated and draw(st.integers(0, 4)) == 0
        source = Source(Pool(position + 1, network, cidr, isolated=alone))
        block = ipaddress.ip_network(cidr)
        if draw(st.booleans()):
            length = min(block.prefixlen + draw(st.integers(1, 6)), block.max_prefixlen - 2)
            nodes = draw(st.lists(st.sampled_from(NODES), max_size=3, unique=True))
            step = 1 << (block.max_prefixlen - length)
            for at, node in enumerate(nodes):
                base = block.network_address + at * step
                if base in block:
                    is_own = draw(st.integers(0, 4)) > 0
                    part = str(ipaddress.ip_network((base, length)))
                    source.slices.append(Slice(position + 1, node, part, is_own))
        source.cni_networks = tuple(draw(st.sets(st.sampled_from(("nad-x", "nad-y")), max_size=2)))
        size = block.num_addresses
        for offset in sorted(draw(st.sets(st.integers(0, min(size, 1 << 70) - 1), max_size=5))):
            address = str(block.network_address + offset)
            space = "" if not alone else cidr
            if (network + space, address) in taken:
                continue
            taken.add((network + space, address))
            number += 1
            own = draw(st.integers(0, 5)) > 0
            source.held.append(
                Held(address, own, f"container-{number}", "shop", f"web-{number}", "net1")
            )
        found.append(source)
    return found


class Written:
    """The objects of some pools, as the mirror writes them: of two of one name the first one."""

    def __init__(self, found: list[Source]) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.owner: dict[tuple[str, str], Source] = {}
        for source in found:
            names = slice_pool_names(source.pool, source.cni_networks, {})
            self._take(
                source, desired_objects(source.pool, source.slices, source.held, slice_pools=names)
            )

    def _take(self, source: Source, made: DesiredObjects) -> None:
        for name, pool in made.pools.items():
            self._put(source, "IPPool", name, pool.annotations(), spec=pool.spec())
        for name, reserved in made.reservations.items():
            self._put(
                source,
                "OverlappingRangeIPReservation",
                name,
                reserved.annotations(),
                spec=reserved.spec(),
            )
        for name, one in made.slice_pools.items():
            content = one.content
            self._put(
                source,
                "NodeSlicePool",
                name,
                one.annotations(),
                spec=content.spec(),
                status=content.status(),
            )

    def _put(
        self, source: Source, kind: str, name: str, annotations: Object, **content: Any
    ) -> None:
        if (kind, name) not in self.objects:
            metadata = {"name": name, "namespace": "kube-system", "annotations": annotations}
            self.objects[kind, name] = {"kind": kind, "metadata": metadata, **content}
            self.owner[kind, name] = source

    def of(self, kind: str) -> Iterator[tuple[Source, Object]]:
        for (one, name), obj in self.objects.items():
            if one == kind:
                yield self.owner[one, name], obj

    def listed(self) -> dict[tuple[KnownPool, str], str]:
        """(pool, address) → podref, of what stands in an IPPool."""
        return {
            (
                known(source.pool),
                str(ipaddress.ip_network(obj["spec"]["range"])[int(key)]),
            ): value["podref"]
            for source, obj in self.of("IPPool")
            for key, value in obj["spec"]["allocations"].items()
        }

    def reserved(self) -> dict[tuple[str, str], str]:
        """(network, address) → podref, of what stands in a reservation."""
        return {
            (source.pool.network, one.address): f"shop/{one.name}" if one.own else ""
            for source, obj in self.of("OverlappingRangeIPReservation")
            for one in source.held
            if obj["metadata"]["name"] in names_of(source, one)
        }


def names_of(source: Source, held: Held) -> Iterable[str]:
    return desired_objects(source.pool, (), [held]).reservations


def known(pool: Pool) -> KnownPool:
    return KnownPool(network=pool.network, cidr=pool.cidr, isolated=pool.isolated)


def podref(one: KnownAddress) -> str:
    return one.owner if one.kind == "pod" else ""


def slices_of(found: list[Source], written: Written) -> set[KnownSlice]:
    """Slices of this cluster's nodes of which an object tells."""
    told = {
        (id(source), obj["spec"]["range"])
        for source, obj in written.of("IPPool")
        if obj["metadata"]["annotations"].get("rowhouse/node")
    }
    whole = {id(source) for source, _ in written.of("NodeSlicePool")}
    return {
        KnownSlice(pool=known(source.pool), node=part.node, slice=part.cidr)
        for source in found
        for part in source.slices
        if part.is_own and (id(source) in whole or (id(source), part.cidr) in told)
    }


@given(sources())
@example([Source(Pool(1, "", "10.62.0.0/24", isolated=False), [Slice(1, "node1", "10.62.0.0/28")])])
def test_what_the_mirror_writes_is_imported_as_it_was(found: list[Source]) -> None:
    written = Written(found)
    read = inventory_of(*written.objects.values())
    # Pools and slices.
    pools = {known(source.pool) for source, _ in written.of("IPPool")}
    pools |= {known(source.pool) for source, _ in written.of("NodeSlicePool")}
    assert set(read.pools) == pools
    assert set(read.slices) == slices_of(found, written)
    assert len(set(read.slices)) == len(read.slices)
    # Every address that stands in an object, once, in its pool, with its owner and node.
    imported = {(one.pool, one.address): podref(one) for one in read.addresses}
    listed = written.listed()
    assert len(imported) == len(read.addresses)
    assert {key: imported.get(key) for key in listed} == listed
    by_network = {
        (one.pool.network, one.address): podref(one)
        for one in read.addresses
        if not one.pool.isolated
    }
    homeless = set()
    for (network, address), holder in written.reserved().items():
        if (network, address) not in by_network:
            homeless.add((network, address))
        else:
            assert by_network[network, address] == holder
    # What has no home is said to have none; nothing else is left out.
    assert len(read.not_taken) == len(homeless)
    for network, address in homeless:
        assert not any(
            pool.network == network
            and ipaddress.ip_address(address) in ipaddress.ip_network(pool.cidr)
            for pool in pools
            if not any(one.pool == pool for one in read.slices)
        )
    check_nodes(found, read)


def check_nodes(found: list[Source], read: Inventory) -> None:
    """An address in a slice is on that slice's node."""
    slices = {
        (known(source.pool), part.cidr): part.node
        for source in found
        for part in source.slices
        if part.is_own
    }
    for one in read.addresses:
        for (pool, cidr), node in slices.items():
            inside = ipaddress.ip_address(one.address) in ipaddress.ip_network(cidr)
            if pool == one.pool and inside and one.sandboxes:
                assert {sandbox.node for sandbox in one.sandboxes} == {node}


@given(sources(isolated=False))
def test_without_our_annotations_the_reservations_tell_the_network(found: list[Source]) -> None:
    """As an older mirror or whereabouts itself wrote it, and with no NodeSlicePool at all."""
    written = Written(found)
    for obj in written.objects.values():
        obj["metadata"].pop("annotations")
    kept = [obj for (kind, _), obj in written.objects.items() if kind != "NodeSlicePool"]
    reserved = written.reserved()
    listed = {
        (pool.network, address): holder
        for (pool, address), holder in written.listed().items()
        if (pool.network, address) in reserved and holder
    }
    read = inventory_of(*kept)
    by_network = {(one.pool.network, one.address): podref(one) for one in read.addresses}
    assert {key: by_network.get(key) for key in listed} == listed
    assert len(read.addresses) == len(by_network)


def test_a_mirrored_slice_without_its_node_slice_pool_is_no_network_of_the_nodes_name() -> None:
    """As the mirror wrote it before it wrote NodeSlicePools."""
    found = inventory_of(
        ip_pool("10.62.0.0/28", {"1": entry("shop/a"), "2": entry("shop/b")}, node="node1"),
        ip_pool("10.62.0.16/28", {"0": entry("shop/c")}, node="node2"),
        reservation("10.62.0.1", "shop/a"),
        reservation("10.62.0.2", "shop/b"),
        reservation("10.62.0.16", "shop/c"),
    )
    assert {(one.pool.network, one.address): one.owner for one in found.addresses} == {
        ("", "10.62.0.1"): "shop/a",
        ("", "10.62.0.2"): "shop/b",
        ("", "10.62.0.16"): "shop/c",
    }
    assert found.not_taken == ()
    assert [one.sandboxes[0].node for one in found.addresses] == ["node1", "node1", "node2"]
    assert all("no NodeSlicePool" in one.notes[0] for one in found.addresses)


@pytest.mark.parametrize(
    ("reserved_in", "network", "node"),
    [("a-node1", "a-node1", ""), ("a", "a", "node1"), ("", "", "a-node1")],
)
def test_a_name_that_can_be_read_three_ways_is_read_as_its_reservations_say(
    reserved_in: str, network: str, node: str
) -> None:
    found = inventory_of(
        slice_pool("a", "10.0.0.0/24", "/28", {"10.0.0.0/28": "node1"}),
        slice_pool("a-nad", "10.0.0.0/24", "/28", {"10.0.0.0/28": "a-node1"}),
        ip_pool("10.0.0.0/28", {"1": entry("shop/a")}, name="a-node1-10.0.0.0-28"),
        reservation("10.0.0.1", "shop/a", network=reserved_in),
        pod("shop/a", {}, node="elsewhere"),
    )
    [one] = found.addresses
    whole = "10.0.0.0/24" if node else "10.0.0.0/28"
    assert (one.pool.network, one.pool.cidr) == (network, whole)
    assert one.sandboxes[0].node == (node or "elsewhere")


def test_a_pool_with_a_space_of_its_own_has_no_pod_from_anothers_reservation() -> None:
    alone = ip_pool("10.0.0.0/24", {"1": entry("", "cc")})
    alone["metadata"]["annotations"] = {"rowhouse/network": "", "rowhouse/isolated": "true"}
    found = inventory_of(
        alone,
        ip_pool("10.0.0.0/8", {"1": entry("shop/a")}),
        reservation("10.0.0.1", "shop/a"),
    )
    assert {one.pool.isolated: one.owner for one in found.addresses} == {
        True: "cc",
        False: "shop/a",
    }


def test_entries_without_a_pod_tell_no_network() -> None:
    """What another cluster or a person holds has no podref, and may be held in each network."""
    found = inventory_of(
        ip_pool("abcd::/66", {"0": entry(""), "1": entry("shop/a")}, node="ab"),
        reservation("abcd::1", "shop/a"),
        reservation("abcd::", ""),
        reservation("abcd::", "", network="ab"),
    )
    assert [one.pool.network for one in found.addresses if one.kind == "pod"] == [""]


def test_a_node_slice_pool_that_no_pod_uses_yet_is_of_the_default_network_if_a_nad_names_it() -> (
    None
):
    """whereabouts names it by the CNI network where there is no network_name, and the NAD owns it."""
    unused = slice_pool("wb-slice", "10.120.20.0/24", "/28", {"10.120.20.0/28": "node1"})
    unused["metadata"]["ownerReferences"] = [
        {"kind": "NetworkAttachmentDefinition", "name": "wb-slice"}
    ]
    assert inventory_of(unused).pools == (KnownPool(network="", cidr="10.120.20.0/24"),)


def test_an_annotation_that_does_not_fit_the_name_is_not_believed() -> None:
    copied = ip_pool("10.0.0.0/24", {"1": entry("shop/a")}, network="mine")
    copied["metadata"]["annotations"] = {"rowhouse/network": "other"}
    [one] = inventory_of(copied).addresses
    assert one.pool.network == "mine"
