"""What a definition or a pod may ask for: both families, several ranges, an address, a slice for each node."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cluster.pods import addresses_of, networks_of

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Object
    from cluster.release import Release


def test_a_pod_gets_an_address_of_each_range_and_family(
    live: Live, release: Release, space: str
) -> None:
    ranges = [
        {"range": "10.110.10.0/24"},
        {"range": "fd11:10::/64"},
        {"range": "10.110.11.0/24", "range_start": "10.110.11.100"},
    ]
    config = live.config("dual", ipRanges=ranges)
    live.kubectl.apply(live.make.network("dual", space, config), live.make.pod("a", space, "dual"))
    pod = live.running(space, ["a"])["a"]
    assert addresses_of(pod) == ["10.110.10.1", "fd11:10::1", "10.110.11.100"]
    live.check_inside(pod)
    release.wait_for_holders(space, {"a": {"10.110.10.1", "fd11:10::1", "10.110.11.100"}})
    live.kubectl.delete("pod", "a", space)
    release.wait_for_holders(space, {})


def test_two_networks_and_one_network_twice_have_an_address_for_each_interface(
    live: Live, release: Release, space: str
) -> None:
    live.kubectl.apply(
        live.make.network("one", space, live.config("one", range="10.110.12.0/24")),
        live.make.network("two", space, live.config("two", range="10.110.13.0/24")),
        live.make.pod("a", space, "one,two,one"),
    )
    pod = live.running(space, ["a"])["a"]
    found = {interface: one["ips"] for interface, one in networks_of(pod).items()}
    assert found == {"net1": ["10.110.12.1"], "net2": ["10.110.13.1"], "net3": ["10.110.12.2"]}
    for interface in found:
        live.check_inside(pod, interface)
    release.wait_for_holders(space, {"a": {"10.110.12.1", "10.110.13.1", "10.110.12.2"}})


def test_a_pod_gets_the_address_that_it_asks_for_and_no_other_pod_gets_it(
    live: Live, release: Release, space: str
) -> None:
    config = live.config("asked", range="10.110.14.0/24")
    asks: list[Object] = [{"name": "asked", "namespace": space, "ips": ["10.110.14.77/24"]}]
    live.kubectl.apply(live.make.network("asked", space, config))
    live.kubectl.apply(live.make.pod("a", space, asks))
    pod = live.running(space, ["a"])["a"]
    assert addresses_of(pod) == ["10.110.14.77"]
    live.check_inside(pod)

    live.kubectl.apply(live.make.pod("b", space, asks))
    live.wait(lambda: refused(live, space, "b"), "the second pod is refused", space)
    release.wait_for_holders(space, {"a": {"10.110.14.77"}})
    # It gets the address when the first pod is gone: the kubelet asks again.
    live.kubectl.delete("pod", "a", space)
    assert addresses_of(live.running(space, ["b"])["b"]) == ["10.110.14.77"]


def test_each_node_draws_from_a_slice_of_its_own(live: Live, release: Release, space: str) -> None:
    config = live.config("sliced", range="10.110.16.0/24", node_slice_size="/28")
    nodes = live.facts.nodes[:4]
    pods = [
        live.make.pod(f"n{number}-{letter}", space, "sliced", node=node)
        for number, node in enumerate(nodes)
        for letter in "ab"
    ]
    live.kubectl.apply(live.make.network("sliced", space, config), *pods)
    found = live.running(space, [one["metadata"]["name"] for one in pods])
    slices: dict[str, set[str]] = {}
    for name, pod in found.items():
        (address,) = addresses_of(pod)
        part = ipaddress.ip_interface(f"{address}/28").network
        slices.setdefault(name.partition("-")[0], set()).add(str(part))
    assert all(len(parts) == 1 for parts in slices.values()), slices
    assert len(set.union(*slices.values())) == len(nodes), slices
    release.wait_for_holders(space, {name: set(addresses_of(pod)) for name, pod in found.items()})


def refused(live: Live, space: str, pod: str) -> bool | None:
    """Whether the kubelet could not make the pod's sandbox."""
    events = live.kubectl.list("events", space)
    return (
        any(
            one["involvedObject"]["name"] == pod and one["reason"] == "FailedCreatePodSandBox"
            for one in events
        )
        or None
    )
