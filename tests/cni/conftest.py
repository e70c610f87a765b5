"""A call as the plugin forwards it, and what the server makes of it up to the allocator."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rowhouse.cni.arguments import Arguments, parse_arguments
from rowhouse.cni.call import Call, parse_call
from rowhouse.cni.netconf import Netconf, ipam_object, read_netconf, takes_first_address
from rowhouse.cni.plan import Plan, plan_addresses
from rowhouse.cni.requested import requested_addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENVIRONMENT = {
    "CNI-Command": "ADD",
    "CNI-ContainerID": "ctr-new",
    "CNI-NetNS": "/some/where",
    "CNI-IfName": "net1",
    "CNI-Args": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-new",
    "Rowhouse-Node": "node1",
    "Rowhouse-Cluster": "prod-a",
}


@dataclass(frozen=True)
class Planned:
    """Everything known of an ADD before the allocator is asked."""

    call: Call
    netconf: Netconf
    arguments: Arguments
    plan: Plan


@dataclass
class Server:
    """The server's settings; `call` and `plan` do what the view does."""

    compat: str = ""
    defaults: Mapping[str, object] = field(default_factory=dict)

    def call(self, config: object, **headers: str) -> Call:
        body = config if isinstance(config, bytes) else json.dumps(config).encode()
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return parse_call({**ENVIRONMENT, **changed}, body)

    def plan(self, ipam: dict[str, Any], *, cni_args: str = "", **config: Any) -> Planned:
        network = {"cniVersion": "0.3.1", "name": "mynet", "type": "ipvlan"}
        ipam = {"type": "whereabouts", **ipam}
        call = self.call({**network, "ipam": ipam, **config})
        arguments = parse_arguments(
            f"IgnoreUnknown=1;K8S_POD_NAME=p;{cni_args}" if cni_args else call.args
        )
        netconf = read_netconf(
            ipam_object(call.config),
            server_compat=self.compat,
            defaults=self.defaults,
            takes_first=takes_first_address(call.config),
        )
        wanted = () if netconf.strict else requested_addresses(call.config, arguments)
        plan = plan_addresses(netconf, arguments, wanted, raw_version=call.raw_version)
        return Planned(call, netconf, arguments, plan)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def strict_server() -> Server:
    return Server(compat="strict")


@pytest.fixture
def server_with() -> Callable[..., Server]:
    """A server with settings of the test's choice."""
    return Server
