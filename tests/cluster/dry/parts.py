"""Pods of the release as processes: command, environment and volumes are those of their manifests."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.issuer import claims
from chart.kubelet import Kubelet
from chart.manifests import Pod, Release
from chart.postgres import bundled
from chart.running import probe
from fixtures.shared import closed_port
from fixtures.signing import signed
from rowhouse.embedded import binaries

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.dry.store import Store
    from cluster.programs import Object

PORTS = (8443, 8081, 8082)


@dataclass
class World:
    """Where the parts find each other."""

    store: Store
    folder: Path
    kubeconfig: Path
    plugin: Path
    issuer_url: str
    authority: str
    server_port: int
    database_port: int
    ports: dict[str, dict[int, int]] = field(default_factory=dict)
    """A pod's uid → its ports: those of its manifest, and here."""


def release_of(store: Store, namespace: str) -> Release:
    """The objects of the chart in a namespace; no pods, which its workloads make."""
    found = [
        one
        for one in list(store.objects.values())
        if one["metadata"].get("namespace") == namespace
        and one["kind"] not in {"Pod", "ReplicaSet", "Job"}
        and one["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "rowhouse"
    ]
    return Release(found)


def as_pod(obj: Object) -> Pod:
    """An object of the kind Pod as the chart's tests know it."""
    return Pod(obj, obj["metadata"]["labels"], obj["spec"])


def kubelet_for(world: World, obj: Object) -> Kubelet:
    """The node of a pod, for this pod: its ports are its own."""
    metadata = obj["metadata"]
    namespace, node = metadata["namespace"], obj["spec"]["nodeName"]
    with world.store.changed:
        ports = world.ports.setdefault(metadata["uid"], {one: closed_port() for one in PORTS})
    account = obj["spec"].get("serviceAccountName", "default")
    database = f"rowhouse-postgresql.{namespace}.svc"
    told = {
        "namespace": namespace,
        "node": {"name": node, "uid": node},
        "pod": {"name": metadata["name"], "uid": metadata["uid"]},
        "serviceaccount": {"name": account, "uid": account},
    }
    subject = f"system:serviceaccount:{namespace}:{account}"
    return Kubelet(
        release_of(world.store, namespace),
        world.folder / node,
        node=node,
        token=lambda _pod, audience: signed(
            claims(node, aud=[audience], sub=subject, **{"kubernetes.io": told})
        ),
        places={
            f"{database}:5432": f"{database}:{world.database_port}",
            f"https://rowhouse.{namespace}.svc:8443": f"https://127.0.0.1:{world.server_port}",
            "https://kubernetes.default.svc/": f"{world.issuer_url}/",
            **{f"0.0.0.0:{n}": f"127.0.0.1:{here}" for n, here in ports.items()},
            **{f"127.0.0.1:{n}": f"127.0.0.1:{here}" for n, here in ports.items()},
        },
        services={"ROWHOUSE_PORT": f"tcp://127.0.0.1:{world.server_port}"},
        hosts={"PGHOSTADDR": "127.0.0.1"},
        brought={("ConfigMap", "kube-root-ca.crt"): {"ca.crt": world.authority}},
        path=(binaries(),),
    )


def environment(world: World, pod: Pod) -> dict[str, str]:
    """What a process needs besides: the API server here, and the plugin that the image would have."""
    found = {"KUBECONFIG": str(world.kubeconfig), "ROWHOUSE_NODE_PLUGIN": str(world.plugin)}
    if pod.part == "test":
        # It asks the Service by its name, which is an address here: this is the name to verify.
        found["ROWHOUSE_NODE_SERVER_NAME"] = f"rowhouse.{pod.owner['metadata']['namespace']}.svc"
    return found


class Part:
    """A pod of the release while it runs."""

    def __init__(self, world: World, obj: Object) -> None:
        self.world = world
        self.pod = as_pod(obj)
        self.name: str = obj["metadata"]["name"]
        self.component = self.pod.part
        self.kubelet = kubelet_for(world, obj)
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = contextlib.ExitStack()

    def start(self) -> None:
        """Start its main container, or PostgreSQL."""
        if self.component == "postgresql":
            self._stack.enter_context(bundled(self.kubelet, self.world.database_port))
        elif self._process is None or self._process.poll() is not None:
            self._process = self.kubelet.start(self.pod, **environment(self.world, self.pod))

    def is_ready(self) -> bool:
        """Whether its readiness probe passes; without one, whether it runs."""
        if self.component == "postgresql":
            return True
        if self._process is None or self._process.poll() is not None:
            return False
        main = self.pod.main
        if "readinessProbe" not in main:
            return True
        if "httpGet" in main["readinessProbe"]:
            return probe(self.kubelet, self.pod, "readinessProbe") == 200
        line = self.kubelet.probe_line(self.pod, "readinessProbe")
        done = subprocess.run(
            line,
            env=self.kubelet.environment(self.pod) | environment(self.world, self.pod),
            capture_output=True,
            timeout=120,
            check=False,
            cwd="/",
        )
        return done.returncode == 0

    @property
    def status(self) -> int | None:
        """The exit status, once it ended."""
        return None if self._process is None else self._process.poll()

    def log(self) -> str:
        """What it printed."""
        file = self.kubelet.log_of(self.pod)
        return file.read_text() if file.exists() else ""

    def execute(self, line: list[str], given: bytes) -> tuple[int, bytes, bytes]:
        """Run a command in its container."""
        self.kubelet.mounts(self.pod)
        done = subprocess.run(
            [self.kubelet._here(self.pod, word) for word in line],
            input=given,
            capture_output=True,
            timeout=120,
            check=False,
            env=self.kubelet.environment(self.pod) | environment(self.world, self.pod),
            cwd="/",
        )
        return done.returncode, done.stdout, done.stderr

    def stop(self, *, now: bool = False) -> None:
        """End it, and wait until it has ended."""
        self._stack.close()
        if self._process is not None and self._process.poll() is None:
            (self._process.kill if now else self._process.terminate)()
            try:
                self._process.wait(240)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
