"""The pods of the sample, and the calls that their runtimes make."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rowhouse.demo.errors import DemoError

if TYPE_CHECKING:
    import httpx2

_CLUSTER: Final = "prod-a"
_NODES: Final = 24


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Identical pods: where they get their addresses, and their initial number.

    `ordinal`: they have names as in a StatefulSet (web-0), else as in a Deployment.
    """

    network: str
    namespace: str
    app: str
    replicas: int
    ipam: dict[str, Any]
    ordinal: bool = False


WORKLOADS: Final = (
    Workload(
        network="ipvlan1720",
        namespace="devops",
        app="web",
        replicas=13,
        ipam={"pool": "ipvlan1720"},
    ),
    Workload(network="legacy", namespace="shop", app="till", replicas=21, ipam={"pool": "legacy"}),
    Workload(
        network="storage",
        namespace="data",
        app="store",
        replicas=9,
        ipam={"ipRanges": [{"pool": "storage-a"}, {"pool": "storage-a6"}], "sticky": True},
        ordinal=True,
    ),
    Workload(
        network="storage",
        namespace="data",
        app="reader",
        replicas=118,
        ipam={"ipRanges": [{"pool": "storage-a"}, {"pool": "storage-a6"}]},
    ),
    Workload(
        network="media",
        namespace="media",
        app="encode",
        replicas=450,
        ipam={"pool": "transcoding"},
    ),
    Workload(
        network="edge", namespace="edge", app="session", replicas=200, ipam={"pool": "edge-gw"}
    ),
    Workload(
        network="edge-nodes",
        namespace="edge",
        app="worker",
        replicas=360,
        ipam={"range": "10.64.0.0/16", "network_name": "edge", "node_slice_size": "/24"},
    ),
    Workload(
        network="sensors",
        namespace="telemetry",
        app="collect",
        replicas=118,
        ipam={"pool": "sensors"},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A running pod."""

    workload: Workload
    name: str
    node: str
    uid: str = field(default_factory=lambda: secrets.token_hex(16))
    container_id: str = field(default_factory=lambda: secrets.token_hex(32))

    @classmethod
    def of(cls, workload: Workload, number: int) -> Pod:
        """Return the pod with this number; in a Deployment, its name has random letters instead."""
        letters = secrets.token_hex(3)[:5]
        name = f"{workload.app}-{number if workload.ordinal else f'6c9f7d84b-{letters}'}"
        return cls(workload=workload, name=name, node=f"node-{1 + number % _NODES}")

    def add(self, client: httpx2.Client) -> None:
        """Call ADD, as the runtime does when the pod starts."""
        self._call(client, "ADD")

    def delete(self, client: httpx2.Client) -> None:
        """Call DEL, as the runtime does when the pod ends."""
        self._call(client, "DEL")

    def _call(self, client: httpx2.Client, command: str) -> None:
        workload = self.workload
        configuration = {
            "cniVersion": "1.0.0",
            "name": workload.network,
            "type": "macvlan",
            "ipam": {"type": "rowhouse", **workload.ipam},
        }
        answer = client.post(
            "/cni",
            content=json.dumps(configuration),
            headers={
                "CNI-Command": command,
                "CNI-ContainerID": self.container_id,
                "CNI-NetNS": f"/var/run/netns/{self.name}",
                "CNI-IfName": "net1",
                "CNI-Args": f"IgnoreUnknown=1;K8S_POD_NAMESPACE={workload.namespace};K8S_POD_NAME={self.name}"
                f";K8S_POD_UID={self.uid}",
                "Rowhouse-Node": self.node,
                "Rowhouse-Cluster": _CLUSTER,
            },
        )
        if not answer.is_success:
            raise DemoError(f"{command} of {self.name}: {answer.text.strip()}")
