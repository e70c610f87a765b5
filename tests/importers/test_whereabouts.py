"""What whereabouts' objects come to: every address once, and a reason for everything that is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.whereabouts import entry, inventory_of, ip_pool, pod, reservation, slice_pool
from rowhouse.domain.importing import KnownPool, KnownSandbox, KnownSlice

if TYPE_CHECKING:
    from rowhouse.domain.importing import Inventory, KnownAddress


def held(found: Inventory) -> dict[str, str]:
    """Address → owner."""
    return {one.address: one.owner for one in found.addresses}


def only(found: Inventory) -> KnownAddress:
    [one] = found.addresses
    return one


def reasons(found: Inventory) -> dict[str, str]:
    """Source → reason."""
    return {one.source: one.reason for one in found.not_taken}


def test_an_allocation_with_its_reservation_is_one_address() -> None:
    found = inventory_of(
        ip_pool("10.11.88.96/28", {"2": entry("devops/ipvl", "aa36")}),
        reservation("10.11.88.98", "devops/ipvl"),
    )
    one = only(found)
    assert one.pool == KnownPool(network="", cidr="10.11.88.96/28")
    assert (one.address, one.owner, one.interface) == ("10.11.88.98", "devops/ipvl", "net1")
    assert one.sandboxes == (KnownSandbox(container_id="aa36", interface="net1"),)
    assert one.notes == ()
    assert found.not_taken == ()


def test_an_entry_without_reservation_is_taken_as_well() -> None:
    assert held(inventory_of(ip_pool("10.0.0.0/24", {"1": entry("shop/web")}))) == {
        "10.0.0.1": "shop/web"
    }


def test_the_base_is_the_address_that_is_written() -> None:
    one = only(
        inventory_of(ip_pool("10.10.10.0/16", {"1": entry("shop/web")}, name="10.10.0.0-16"))
    )
    assert (one.address, one.pool.cidr) == ("10.10.10.1", "10.10.0.0/16")


def test_network_names_are_prefixes_of_names() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": entry("shop/a")}, network="prod-a"),
        ip_pool("10.0.0.0/24", {"1": entry("shop/b")}),
        reservation("10.0.0.1", "shop/a", network="prod-a"),
        reservation("10.0.0.1", "shop/b"),
    )
    assert {(one.pool.network, one.address): one.owner for one in found.addresses} == {
        ("prod-a", "10.0.0.1"): "shop/a",
        ("", "10.0.0.1"): "shop/b",
    }
    assert found.not_taken == ()


def test_a_reservation_whose_name_reads_two_ways_belongs_to_the_pool_that_has_it() -> None:
    found = inventory_of(
        ip_pool("abcd::/64", {"1": entry("shop/web", interface=None)}, network="ab"),
        reservation("abcd::1", "shop/web", "net7", network="ab"),
    )
    assert only(found).interface == "net7"
    assert found.not_taken == ()


def test_an_interface_that_an_entry_lacks_comes_from_its_reservation() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": entry("shop/web", interface=None)}),
        reservation("10.0.0.1", "shop/web", "net3"),
    )
    assert only(found).sandboxes == (KnownSandbox(container_id="web", interface="net3"),)


def test_a_missing_interface_comes_from_multus() -> None:
    found = inventory_of(
        ip_pool(
            "10.0.0.0/24", {"1": entry("shop/web", "aa", None), "2": entry("shop/old", "bb", None)}
        ),
        pod("shop/web", {"10.0.0.1": "net2"}, node="node7"),
        pod("shop/old", {}),
    )
    web, old = found.addresses
    assert (web.interface, web.uid) == ("net2", "uid-web")
    assert web.sandboxes == (KnownSandbox(container_id="aa", interface="net2", node="node7"),)
    assert web.notes == ()
    # The pod of this name does not say that it has the address: its life may be a later one.
    assert (old.interface, old.uid) == ("", None)
    assert any("its interface is unknown" in note for note in old.notes)


def test_a_made_up_container_id_never_equals_a_real_one() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": {"id": "", "podref": "shop/web", "ifname": "net1"}})
    )
    [sandbox] = only(found).sandboxes
    assert ":" in sandbox.container_id
    assert any("no container id" in note for note in only(found).notes)


def test_a_container_id_of_v0_7_comes_from_the_reservation() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": {"id": "", "podref": "shop/web", "ifname": "net1"}}),
        reservation("10.0.0.1", "shop/web", None, container="cc"),
    )
    assert only(found).sandboxes[0].container_id == "cc"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("abc", "not a whole number"),
        ("-5", "negative"),
        ("300", "beyond the end of 10.0.0.0/24"),
        ("18446744073709551615", "2^63 or more"),
    ],
)
def test_whereabouts_403_a_bad_key_is_told_with_its_pool(key: str, reason: str) -> None:
    found = inventory_of(ip_pool("10.0.0.0/24", {key: entry("shop/web"), "1": entry("shop/ok")}))
    assert held(found) == {"10.0.0.1": "shop/ok"}
    assert reason in reasons(found)[f"IPPool kube-system/10.0.0.0-24, key {key}"]


def test_an_ipv6_key_that_whereabouts_forgets_is_still_taken() -> None:
    """The pod has the address, whatever whereabouts reads back."""
    found = inventory_of(ip_pool("abcd::/64", {"14602077366818701312": entry("shop/web")}))
    assert only(found).address == "abcd::caa5:0:0:0"
    assert "2^63 or more" in only(found).notes[0]


def test_a_key_of_a_wide_range_is_half_an_address_and_the_reservation_has_the_rest() -> None:
    found = inventory_of(
        ip_pool("2001:db8::/30", {"0": entry("shop/web"), "5": entry("shop/low")}),
        reservation("2001:db9::", "shop/web"),
        reservation("2001:db8::5", "shop/low"),
    )
    assert held(found) == {"2001:db8::5": "shop/low", "2001:db9::": "shop/web"}
    assert found.not_taken == ()


def test_whereabouts_409_a_reservation_without_an_entry_is_taken_into_the_smallest_pool() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/8"), ip_pool("10.0.0.0/24"), reservation("10.0.0.7", "shop/web")
    )
    one = only(found)
    assert (one.pool.cidr, one.owner) == ("10.0.0.0/24", "shop/web")
    assert "no IPPool lists it" in one.notes


def test_a_reservation_in_no_pool_is_told() -> None:
    found = inventory_of(ip_pool("10.0.0.0/24"), reservation("192.168.0.7", "shop/web"))
    assert (
        "no IPPool contains its address"
        in reasons(found)["OverlappingRangeIPReservation kube-system/192.168.0.7"]
    )


def test_whereabouts_722_one_address_of_one_pod_on_two_ranges_is_one_reservation() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/8", {"1": entry("shop/web", "aa", "net2")}),
        ip_pool("10.0.0.0/24", {"1": entry("shop/web", "aa", "net1")}),
    )
    assert [one.interface for one in only(found).sandboxes] == ["net2", "net1"]
    assert found.not_taken == ()


def test_whereabouts_97_of_two_pods_with_one_address_the_one_that_has_it_keeps_it() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/8", {"1": entry("shop/ghost")}),
        ip_pool("10.0.0.0/24", {"1": entry("shop/web")}),
        pod("shop/web", {"10.0.0.1": "net1"}),
    )
    assert held(found) == {"10.0.0.1": "shop/web"}
    [reason] = reasons(found).values()
    assert "10.0.0.1 of shop/ghost is also used by shop/web" in reason


def test_without_pods_the_entry_with_a_reservation_wins() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/8", {"1": entry("shop/first")}),
        ip_pool("10.0.0.0/24", {"1": entry("shop/second")}),
        reservation("10.0.0.1", "shop/second"),
    )
    assert held(found) == {"10.0.0.1": "shop/second"}


def test_pools_with_a_space_of_their_own_may_hold_the_same_address() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/8", {"1": entry("shop/a")}),
        ip_pool("10.0.0.0/24", {"1": entry("shop/b")}),
        isolated=frozenset({"10.0.0.0-24"}),
    )
    assert [(one.pool.isolated, one.owner) for one in found.addresses] == [
        (False, "shop/a"),
        (True, "shop/b"),
    ]


def test_the_pools_of_node_slices_are_one_pool_with_slices() -> None:
    found = inventory_of(
        slice_pool(
            "testnet",
            "10.0.0.0/8",
            "/26",
            {"10.0.0.0/26": "node1", "10.0.0.64/26": "node2", "10.0.0.128/26": ""},
        ),
        ip_pool("10.0.0.0/26", {"3": entry("shop/a")}, network="testnet", node="node1"),
        ip_pool("10.0.0.64/26", {"1": entry("shop/b")}, network="testnet", node="node2"),
        reservation("10.0.0.65", "shop/b", network="testnet"),
    )
    whole = KnownPool(network="testnet", cidr="10.0.0.0/8")
    assert found.pools == (whole,)
    assert held(found) == {"10.0.0.3": "shop/a", "10.0.0.65": "shop/b"}
    assert [one.sandboxes[0].node for one in found.addresses] == ["node1", "node2"]
    assert found.slices == (
        KnownSlice(pool=whole, node="node1", slice="10.0.0.0/26"),
        KnownSlice(pool=whole, node="node2", slice="10.0.0.64/26"),
    )
    assert found.not_taken == ()


def test_slices_of_a_network_without_a_name_are_of_the_default_one() -> None:
    found = inventory_of(
        slice_pool("nad-name", "10.0.0.0/8", "26", {"10.0.0.0/26": "n1"}),
        ip_pool("10.0.0.0/26", {"3": entry("shop/a")}, node="n1"),
    )
    assert found.pools == (KnownPool(network="", cidr="10.0.0.0/8"),)
    assert [one.pool.network for one in found.slices] == [""]


def test_an_unreadable_object_is_reported_and_hides_nothing_else() -> None:
    broken = ip_pool("10.0.0.0/24", {"1": entry("shop/a")}, name="broken")
    broken["spec"]["range"] = "not a range"
    mapped = ip_pool("10.1.0.0/24", {"1": entry("shop/a")}, name="mapped")
    mapped["spec"]["range"] = "::ffff:10.1.0.0/120"
    found = inventory_of(
        broken,
        mapped,
        ip_pool("10.2.0.0/24", {"1": "nonsense", "2": entry("shop/b")}),
        reservation("10.0.0.1", "shop/a") | {"metadata": {"name": "no-address-here"}},
        {"apiVersion": "v1"},
    )
    assert held(found) == {"10.2.0.2": "shop/b"}
    told = reasons(found)
    assert "its 1 allocations are not taken" in told["IPPool broken".replace(" ", " kube-system/")]
    assert "mapped" in told["IPPool kube-system/mapped"]
    assert told["IPPool kube-system/10.2.0.0-24, key 1"] == "it is not an object"
    assert told["OverlappingRangeIPReservation no-address-here"] == "its name contains no address"
    assert told["a test"] == "not a Kubernetes object"


def test_an_entry_that_names_no_pod_stays_reserved() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": {"id": "cc", "podref": "", "ifname": "net1"}})
    )
    one = only(found)
    assert (one.kind, one.name, one.sandboxes) == ("static", "cc", ())
    assert "until it is released by hand" in one.notes[0]


def test_an_entry_that_names_no_pod_is_of_the_pod_that_its_reservation_names() -> None:
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": {"id": "cc", "podref": "", "ifname": "net1"}}),
        reservation("10.0.0.1", "shop/web"),
    )
    assert (only(found).kind, only(found).owner) == ("pod", "shop/web")


def test_a_pool_under_a_name_that_whereabouts_would_not_give_it_is_taken_with_a_note() -> None:
    one = only(inventory_of(ip_pool("10.0.0.0/24", {"1": entry("shop/web")}, name="by-hand")))
    assert one.pool.network == ""
    assert "is not how whereabouts names" in one.notes[0]


def test_an_entry_whose_pod_is_gone_says_so() -> None:
    found = inventory_of(ip_pool("10.0.0.0/24", {"1": entry("shop/gone")}), pod("shop/other"))
    assert any("there is no pod with this name" in note for note in only(found).notes)


def test_of_two_addresses_of_one_interface_the_one_that_the_pod_has_comes_first() -> None:
    """whereabouts before v0.8 took a new one with every ADD."""
    found = inventory_of(
        ip_pool("10.0.0.0/24", {"1": entry("shop/web", "old"), "2": entry("shop/web", "new")}),
        pod("shop/web", {"10.0.0.2": "net1"}),
    )
    assert [one.address for one in found.addresses] == ["10.0.0.2", "10.0.0.1"]
