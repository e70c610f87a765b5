"""Real main plugins put our addresses on real interfaces, and give them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.machine import kernel_has_ipvlan
from e2e.runtime import NEWEST_FIRST, Pod

if TYPE_CHECKING:
    from e2e.machine import Machine
    from e2e.runtime import Runtime
    from fixtures.wiping import SharedDatabase

pytestmark = pytest.mark.needs("root", "netns", "reference-plugins")

MAINS = ["bridge", "macvlan", *(["ipvlan"] if kernel_has_ipvlan() else [])]
RANGES = {
    "v4": [{"range": "10.40.0.0/24"}],
    "v6": [{"range": "fd40::/64"}],
    "dual": [{"range": "10.40.0.0/24"}, {"range": "fd40::/64"}],
}
ADDRESSES = {
    "v4": ["10.40.0.1/24"],
    "v6": ["fd40::1/64"],
    "dual": ["10.40.0.1/24", "fd40::1/64"],
}
ROUTES = {"v4": {"10.50.0.0/16": "10.40.0.254"}, "v6": {"fd50::/32": "fd40::ffff"}}
DNS = {"nameservers": ["10.40.0.53"], "domain": "pods.example", "search": ["example"]}


def network(
    node: Machine, runtime: Runtime, main: str, version: str, ranges: list[dict[str, str]]
) -> dict[str, Any]:
    """A configuration as a NAD holds it, in a version that the main plugin speaks."""
    if runtime.newest(main, version) != version:
        main = "stand-in"
    config: dict[str, Any] = {"cniVersion": version, "name": "lan", "type": main, "dns": DNS}
    if main == "bridge":
        config["bridge"] = node.bridge()
    elif main != "stand-in":
        config["master"] = node.master()
    return {**config, "ipam": {"type": "whereabouts", "ipRanges": ranges, "dns": DNS}}


@pytest.mark.parametrize("version", sorted(NEWEST_FIRST))
@pytest.mark.parametrize("family", RANGES)
@pytest.mark.parametrize("main", MAINS)
def test_an_interface_lives_with_its_addresses(
    node: Machine, runtime: Runtime, database: SharedDatabase, main: str, family: str, version: str
) -> None:
    config = network(node, runtime, main, version, RANGES[family])
    hops = {k: hop for f in ("v4", "v6") if family in (f, "dual") for k, hop in ROUTES[f].items()}
    config["ipam"]["routes"] = [{"dst": dst, "gw": gw} for dst, gw in hops.items()]
    pod = Pod("web-0", node.namespace())

    result = runtime.add(config, pod)
    assert result["cniVersion"] == version
    assert [entry["address"] for entry in result["ips"]] == ADDRESSES[family]
    assert result["dns"] == DNS
    assert pod.namespace.addresses("net1") == ADDRESSES[family]
    assert pod.namespace.routes("net1") == hops
    assert database.reserved() == [text.partition("/")[0] for text in ADDRESSES[family]]

    if version != "0.3.1":
        runtime.succeed("CHECK", config, pod)
    for _ in range(2):
        runtime.succeed("DEL", config, pod)
        assert pod.namespace.links() == []
        assert database.reserved() == []
    if version != "0.3.1":
        assert runtime.call("CHECK", config, pod).exit_status == 1


@pytest.mark.parametrize("main", MAINS)
def test_a_refused_address_leaves_no_interface_and_no_reservation(
    node: Machine, runtime: Runtime, database: SharedDatabase, main: str
) -> None:
    full = [{"range": "10.40.0.0/24"}, {"range": "10.41.0.0/30", "range_end": "10.41.0.1"}]
    config = network(node, runtime, main, "1.0.0", full)
    runtime.add(config, Pod("web-0", node.namespace()))
    held = database.reserved()
    assert held == ["10.40.0.1", "10.41.0.1"]

    refused = Pod("web-1", node.namespace())
    answer = runtime.call("ADD", config, refused)
    assert answer.code == 100
    assert "10.41.0.0/30" in answer.document["msg"]
    assert "devops/web-1" in answer.document["msg"]
    assert database.reserved() == held
    assert not any(map(refused.namespace.addresses, refused.namespace.links()))
    # The link itself some main plugins leave to the DEL that a runtime sends after a failed ADD.
    runtime.succeed("DEL", config, refused)
    assert refused.namespace.links() == []
    assert database.reserved() == held


@pytest.mark.parametrize("main", MAINS)
def test_no_server_leaves_no_interface(
    node: Machine, runtime: Runtime, database: SharedDatabase, main: str
) -> None:
    config = network(node, runtime, main, "1.0.0", RANGES["dual"])
    there = runtime.settings
    [spool] = [line for line in there.read_text().split("\n") if line.startswith("spool = ")]
    runtime.settings = there.with_name("no-server.conf")
    runtime.settings.write_text(f"server = http://127.0.0.1:1\n{spool}\n")
    pod = Pod("web-0", node.namespace())
    assert runtime.call("ADD", config, pod).code == 11
    runtime.succeed("DEL", config, pod)
    assert pod.namespace.links() == []
    runtime.settings.unlink()  # so that the DEL belongs to the others
    runtime.settings = there
    # The DEL that waits on the node is replayed by the next call or the agent, without harm.
    runtime.add(config, pod)
    runtime.succeed("CHECK", config, pod)
    assert database.reserved() == ["10.40.0.1", "fd40::1"]


@pytest.mark.parametrize("main", MAINS)
def test_a_main_plugin_that_fails_afterwards_leaves_nothing(
    node: Machine, runtime: Runtime, database: SharedDatabase, main: str
) -> None:
    config = network(node, runtime, main, "1.0.0", RANGES["dual"])
    config["ipam"]["routes"] = [{"dst": "10.50.0.0/16", "gw": "192.0.2.1"}]  # cannot be reached
    pod = Pod("web-0", node.namespace())
    assert runtime.call("ADD", config, pod).exit_status == 1
    runtime.succeed("DEL", config, pod)
    assert pod.namespace.links() == []
    assert database.reserved() == []


def test_gc_and_status_reach_us_through_a_main_plugin(
    node: Machine, runtime: Runtime, database: SharedDatabase
) -> None:
    config = network(node, runtime, "bridge", "1.1.0", RANGES["dual"])
    config["type"] = "stand-in"  # the reference plugins do not forward GC
    kept, gone = (Pod(name, node.namespace()) for name in ("kept", "gone"))
    for pod in (kept, gone):
        runtime.add(config, pod)
    valid = [{"containerID": kept.container_id, "ifname": kept.interface}]
    collected = runtime.call("GC", {**config, "cni.dev/valid-attachments": valid})
    assert (collected.exit_status, collected.stdout) == (0, b"")
    assert database.reserved() == ["10.40.0.1", "fd40::1"]
    runtime.succeed("CHECK", config, kept)
    assert runtime.call("CHECK", config, gone).code == 103
    assert runtime.call("STATUS", config).exit_status == 0


def test_the_walkthrough_of_the_seed(
    node: Machine, runtime: Runtime, database: SharedDatabase
) -> None:
    config: dict[str, Any] = {
        "cniVersion": "0.3.1",
        "name": "ipvlan1720",
        "type": "ipvlan" if kernel_has_ipvlan() else "macvlan",
        "master": node.master(),
        "mtu": 1500,
        "LogFile": "/var/log/multus.log",
        "LogLevel": "debug",
        "ipam": {
            "type": "whereabouts",
            "datastore": "kubernetes",
            "range": "10.11.88.96/28",
            "range_start": "10.11.88.98",
            "range_end": "10.11.88.98",
            "gateway": "10.11.8.97",
        },
    }
    first, second = (Pod(name, node.namespace()) for name in ("ipvl", "ipvl2"))
    runtime.add(config, first)
    assert first.namespace.addresses("net1") == ["10.11.88.98/28"]
    assert first.namespace.routes("net1") == {}

    refused = runtime.call("ADD", config, second)
    assert "Could not allocate IP in range" in refused.document["msg"]
    runtime.succeed("DEL", config, second)
    assert second.namespace.links() == []

    config["ipam"]["range_end"] = "10.11.88.110"
    runtime.add(config, second)
    assert second.namespace.addresses("net1") == ["10.11.88.99/28"]

    for pod in (first, second):
        runtime.succeed("DEL", config, pod)
    assert database.reserved() == []
    history = database.rows(
        "SELECT host(address), namespace, name, held_until IS NULL FROM address_history"
        " ORDER BY address"
    )
    assert history == [
        ("10.11.88.98", "devops", "ipvl", False),
        ("10.11.88.99", "devops", "ipvl2", False),
    ]
