"""A cluster with KubeVirt and StatefulSets, its nodes' CNI calls, and a controller whose time a test moves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fixtures.claims import claim_schema, definition
from k8s.museum.looks import GRACE, Clock, settle
from rowhouse.ipam.owner_release import OwnerRelease
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.owner_objects import OwnerObjects
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    import psycopg
    from flask.testing import FlaskClient
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from rowhouse.k8s.client import KubernetesClient

    Session = psycopg.Connection[TupleRow]

RANGE = "10.0.0.0/24"
DEFINITIONS = (
    definition("kubevirt.io", ("v1",), "VirtualMachine"),
    definition("kubevirt.io", ("v1",), "VirtualMachineInstance"),
    definition("k8s.cni.cncf.io", ("v1alpha1",), "IPAMClaim", claim_schema()),
)


@dataclass
class Stage:
    """What happens in a cluster, one line for each."""

    kube: ApiServer
    node_calls: FlaskClient
    client: KubernetesClient
    session: Session
    dba: Session
    clock: Clock
    ipam: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reconciler = Reconciler(
            self.session, "", KubernetesPods(self.client), grace=GRACE, clock=self.clock
        )
        self.owners = OwnerRelease(self.session, "", OwnerObjects(self.client))

    def machine(self, name: str = "db") -> None:
        """A virtual machine, and its running instance."""
        for plural in ("virtualmachines", "virtualmachineinstances"):
            self.kube.put(plural, {"metadata": {"name": name, "namespace": "default"}, "spec": {}})

    def launcher(self, pod: str, *, node: str = "node1", machine: str = "db") -> dict[str, Any]:
        """A virt-launcher pod starts: the result of its ADD."""
        return self.start(
            pod,
            node=node,
            ownerReferences=[
                {
                    "apiVersion": "kubevirt.io/v1",
                    "kind": "VirtualMachineInstance",
                    "name": machine,
                    "uid": f"uid-of-{machine}",
                    "controller": True,
                }
            ],
            labels={"kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": machine},
            annotations={"kubevirt.io/domain": machine},
        )

    def stateful_set(self, name: str = "web") -> None:
        """A StatefulSet."""
        self.kube.put(
            "statefulsets",
            {
                "metadata": {"name": name, "namespace": "default"},
                "spec": {
                    "serviceName": name,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": []}},
                },
            },
        )

    def replica(self, pod: str, *, node: str = "node1", owner: str = "web") -> dict[str, Any]:
        """A pod of a StatefulSet starts: the result of its ADD."""
        reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": owner, "uid": "u"}
        return self.start(pod, node=node, ownerReferences=[reference])

    def start(self, pod: str, *, node: str = "node1", **metadata: Any) -> dict[str, Any]:
        """A pod starts on a node: the result of its ADD."""
        uid = self.kube.pod(pod, node=node, **metadata)
        return self.add(pod, uid=uid, node=node)

    def add(self, pod: str, *, uid: str, node: str) -> dict[str, Any]:
        """An ADD of a pod: its result, or its error."""
        self.where[pod] = node
        return self._call("ADD", pod, uid, node)

    def stop(self, pod: str) -> None:
        """A pod stops, and its DEL arrives."""
        self.kube.delete_pod(pod)
        assert self._call("DEL", pod, "", self.where[pod]) == {}

    def address(self, answer: dict[str, Any]) -> str:
        """The one address of a result."""
        [one] = answer["ips"]
        return str(one["address"]).partition("/")[0]

    def delete(self, plural: str, name: str) -> None:
        """An object is deleted, and the controller sees no event of it."""
        self.kube.delete(plural, name, "default")

    def fail_node(self, node: str) -> None:
        """A node is gone for good, with its pods and without their DELs."""
        for pod, on in self.where.items():
            if on == node and pod in self.kube.all("pods"):
                self.kube.delete_pod(pod)
        self.kube.delete("nodes", node)

    def reconcile(self) -> None:
        """The two checks of the reconciler, a grace period apart."""
        self.clock.passes(2 * GRACE)
        settle(self.reconciler, self.clock)

    def held(self) -> list[tuple[str, str]]:
        """Every address in use, and its owner."""
        rows = self.dba.execute(
            "SELECT host(address), owner_kind || ' ' || owner_name FROM reservations ORDER BY address"
        )
        return [(address, owner) for address, owner in rows]

    def attached(self) -> list[tuple[str, str]]:
        """Pod and node of each sandbox."""
        rows = self.dba.execute("SELECT pod_name, node FROM attachments ORDER BY attached_at")
        return [(pod, node) for pod, node in rows]

    def tenures(self) -> list[tuple[str, str, bool]]:
        """The history: address, owner, and whether the owner has it now."""
        rows = self.dba.execute(
            """SELECT host(address), owner_kind || ' ' || owner_name, upper_inf(during)
                 FROM tenures ORDER BY lower(during)"""
        )
        return [(address, owner, is_open) for address, owner, is_open in rows]

    def past(self) -> list[tuple[str, str, str]]:
        """The ended attachments: pod, node and the reason of the end."""
        rows = self.dba.execute(
            "SELECT pod_name, node, end_reason FROM past_attachments ORDER BY upper(during)"
        )
        return [(pod, node, reason) for pod, node, reason in rows]

    def _call(self, command: str, pod: str, uid: str, node: str) -> dict[str, Any]:
        config = {
            "cniVersion": "1.0.0",
            "name": "lan",
            "type": "bridge",
            "ipam": {"type": "rowhouse", "range": RANGE, **self.ipam},
            **self.config,
        }
        headers = {
            "CNI-Command": command,
            "CNI-ContainerID": f"sandbox-of-{pod}-{uid}" if uid else self._container(pod),
            "CNI-NetNS": "/run/netns/x",
            "CNI-IfName": "net1",
            "CNI-Args": f"K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod}"
            + (f";K8S_POD_UID={uid};IgnoreUnknown=1" if uid else ""),
            "Rowhouse-Node": node,
        }
        answer = self.node_calls.post("/cni", data=json.dumps(config), headers=headers)
        return dict(json.loads(answer.data)) if answer.data else {}

    def _container(self, pod: str) -> str:
        found = self.dba.execute(
            "SELECT container_id FROM attachments WHERE container_id LIKE %s",
            (f"sandbox-of-{pod}-%",),
        ).fetchone()
        return found[0] if found else f"sandbox-of-{pod}-ended"
