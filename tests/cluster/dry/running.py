"""A dry cluster: an API server, controllers and kubelets in this process, the release's programs as real processes.

It tries the cluster suite out where there is no cluster. Rowhouse itself is real in it: servers, controllers, node
daemons, PostgreSQL, and the plugin, called for each pod. Interfaces, images, schedulers' wisdom and everything else
of Kubernetes are as simple as they can be, so a play that passes here has yet to pass in a cluster.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import trustme
import yaml

from cluster.dry.asked import Asked
from cluster.dry.balancer import Balancer
from cluster.dry.http import Handler, Server
from cluster.dry.node import Agent
from cluster.dry.parts import World
from cluster.dry.store import Refused, Store
from cluster.dry.workloads import Workloads
from cluster.facts import NADS
from fixtures.shared import closed_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.programs import Object

NODES = ("node1", "node2")
ROUND_SECONDS = 0.2
AWAY = "api-server-is-away"
"""While there is a file of this name, the API server does not answer."""


class DryCluster:
    """Started by `dry_cluster`; `problems` are what went wrong in it itself."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.store
        self.agents: dict[str, Agent] = {}
        self.problems: list[str] = []
        self._workloads = Workloads(self.store, self.delete)
        self._thread = threading.Thread(target=self._rounds, daemon=True, name="controllers")

    def start(self) -> None:
        """Begin with the objects that every cluster has."""
        for name in ("default", "kube-system"):
            self.store.put("namespaces", "", {"metadata": {"name": name}})
        for name in NODES:
            labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
            made: Object = {"metadata": {"name": name, "labels": labels}, "spec": {}}
            made["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
            self.store.put("nodes", "", made)
        self.store.put(
            "services",
            "default",
            {"metadata": {"name": "kubernetes"}, "spec": {"ports": [{"port": 443}]}},
        )
        self.store.put("customresourcedefinitions", "", nads())
        self._thread.start()

    def delete(self, plural: str, namespace: str, name: str, *, now: bool = False) -> Object:
        """Pods and namespaces end by and by; everything else is gone at once."""
        if plural not in {"pods", "namespaces"} or now:
            return self.store.remove(plural, namespace, name)

        def change(obj: Object) -> None:
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            obj["metadata"].setdefault("deletionTimestamp", moment)
            if plural == "namespaces":
                obj["status"] = {"phase": "Terminating"}

        found = self.store.change(plural, namespace, name, change)
        if plural == "pods" and found["metadata"]["uid"] not in self.agents:
            return self.store.remove(plural, namespace, name)
        return found

    def execute(
        self, namespace: str, name: str, _container: str, line: list[str], given: bytes
    ) -> tuple[int, bytes, bytes]:
        """`kubectl exec`."""
        return self._agent(namespace, name).execute(line, given)

    def logs(self, namespace: str, name: str) -> str:
        """`kubectl logs`."""
        return self._agent(namespace, name).log()

    def ready_servers(self) -> list[int]:
        """Ports of servers that are ready."""
        found = []
        for one in list(self.agents.values()):
            if one.part is None or one.part.component != "server":
                continue
            pod = self.store.objects.get(("pods", one.namespace, one.name))
            status = (pod or {}).get("status", {}).get("containerStatuses") or [{"ready": False}]
            is_ending = pod is None or "deletionTimestamp" in pod["metadata"]
            if status[0]["ready"] and not is_ending:
                found.append(self.world.ports[one.uid][8443])
        return found

    def close(self) -> None:
        """End all pods."""
        self.store.close()
        self._thread.join(10)
        for one in list(self.agents.values()):
            one.thread.join(90)
            if one.error is not None:
                self.problems.append(f"pod {one.name}: {one.error!r}")

    def _agent(self, namespace: str, name: str) -> Agent:
        pod = self.store.get("pods", namespace, name)
        found = self.agents.get(pod["metadata"]["uid"])
        if found is None:
            raise Refused(400, "BadRequest", f"pod {name} has not started")
        return found

    def _rounds(self) -> None:
        seen = 0
        while not self.store.is_closed:
            if self.store.version == seen:
                time.sleep(ROUND_SECONDS)
                continue
            seen = self.store.version
            try:
                self._workloads.round()
                self._begin_pods()
            except Refused as refused:
                if refused.code not in {404, 409}:
                    self.problems.append(str(refused))
            except Exception as error:  # noqa: BLE001 - one broken round is told, and the next one tried
                self.problems.append(repr(error))
            time.sleep(ROUND_SECONDS)

    def _begin_pods(self) -> None:
        for pod in self.store.list("pods"):
            metadata = pod["metadata"]
            if metadata["uid"] in self.agents or "nodeName" not in pod["spec"]:
                continue
            if "deletionTimestamp" in metadata:
                self.store.remove("pods", metadata["namespace"], metadata["name"])
                continue
            agent = Agent(self.world, pod)
            self.agents[metadata["uid"]] = agent
            agent.thread.start()


@contextlib.contextmanager
def dry_cluster(folder: Path, plugin: Path) -> Iterator[DryCluster]:
    """A cluster of two nodes with multus; `plugin` is the folder that `make plugin` builds."""
    authority = trustme.CA().cert_pem.bytes().decode()
    server = Server(("127.0.0.1", 0), Handler)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config(f"http://127.0.0.1:{server.server_address[1]}")))
    kubeconfig.chmod(0o600)
    ready: list[DryCluster] = []
    balancer = Balancer(lambda: ready[0].ready_servers() if ready else [])
    store, away = Store(), folder / AWAY
    with Asked(store=store, away=away) as issuer:
        world = World(
            store=store,
            folder=folder,
            kubeconfig=kubeconfig,
            plugin=plugin,
            issuer_url=issuer.url,
            authority=authority,
            server_port=balancer.port,
            database_port=closed_port(),
        )
        cluster = DryCluster(world)
        ready.append(cluster)
        for name, value in (
            ("store", world.store),
            ("crashes", cluster.problems),
            ("delete", staticmethod(cluster.delete)),
            ("execute", staticmethod(cluster.execute)),
            ("logs", staticmethod(cluster.logs)),
            ("away", away),
        ):
            setattr(Handler, name, value)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        for node in NODES:
            bin_dir = folder / node / "host/opt/cni/bin"
            bin_dir.mkdir(parents=True)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.close()
            balancer.close()
            server.shutdown()
            server.server_close()
            thread.join()


def nads() -> Object:
    """The CRD that multus brings, as far as anyone looks at it."""
    names = {"plural": "network-attachment-definitions", "kind": "NetworkAttachmentDefinition"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    return {
        "metadata": {"name": NADS},
        "spec": {
            "group": "k8s.cni.cncf.io",
            "scope": "Namespaced",
            "names": names,
            "versions": [version],
        },
    }


def config(url: str) -> Object:
    """A kubeconfig."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "dry",
        "clusters": [{"name": "dry", "cluster": {"server": url}}],
        "users": [{"name": "dry", "user": {}}],
        "contexts": [{"name": "dry", "context": {"cluster": "dry", "user": "dry"}}],
    }


def main() -> None:
    """`python -m cluster.dry.running FOLDER`: until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True)
    root = Path(__file__).parents[3]
    with (
        dry_cluster(folder, root / "build/plugin") as cluster,
        contextlib.suppress(KeyboardInterrupt),
    ):
        sys.stdout.write(f"KUBECONFIG={folder / 'kubeconfig'}\n")
        sys.stdout.flush()
        while not cluster.problems:
            time.sleep(1)
        sys.stdout.write("\n".join(cluster.problems))


if __name__ == "__main__":
    main()
