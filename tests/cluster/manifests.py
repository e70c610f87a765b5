"""Objects that the suite makes: all of them labeled, so that all of them are found again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cluster.programs import Object

LABEL: Final = "rowhouse.test/run"
PULL_SECRET: Final = "rowhouse-test-pull"
# For any image with a shell: the suite's own, or busybox.
SLEEP: Final = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"]
RESTRICTED: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Maker:
    """Makes the objects of one run; `hostnames` are node → its hostname label."""

    run: str
    image: str
    hostnames: Mapping[str, str]
    has_pull_secret: bool = False

    @property
    def labels(self) -> dict[str, str]:
        """Those of every object."""
        return {LABEL: self.run}

    def namespace(self, name: str, *, pod_security: str = "") -> Object:
        """A namespace; `pod_security`: the level that it enforces."""
        labels = self.labels
        if pod_security:
            labels = {
                **labels,
                **{
                    f"pod-security.kubernetes.io/{mode}": pod_security
                    for mode in ("enforce", "audit", "warn")
                },
            }
        return {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        }

    def pull_secret(self, namespace: str, content: str) -> Object:
        """Credentials of the registry, from a docker configuration."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": self._metadata(PULL_SECRET, namespace),
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": content},
        }

    def network(self, name: str, namespace: str, config: Mapping[str, Any] | str) -> Object:
        """A NetworkAttachmentDefinition; a text is taken as it is, byte for byte."""
        text = config if isinstance(config, str) else json.dumps(config)
        return {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": self._metadata(name, namespace),
            "spec": {"config": text},
        }

    def pod(
        self,
        name: str,
        namespace: str,
        networks: str | list[Object] = "",
        *,
        node: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Object:
        """A pod that sleeps; `networks` as the annotation of multus has them."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **self._metadata(name, namespace),
                **self._template(networks, labels or {}),
            },
            "spec": self._spec(node=node),
        }

    def deployment(self, name: str, namespace: str, networks: str, replicas: int) -> Object:
        """So many pods that sleep."""
        return self._workload("Deployment", name, namespace, networks, replicas)

    def stateful_set(self, name: str, namespace: str, networks: str, replicas: int) -> Object:
        """Pods with names that stay."""
        made = self._workload("StatefulSet", name, namespace, networks, replicas)
        made["spec"] |= {"serviceName": name, "podManagementPolicy": "Parallel"}
        return made

    def host_pod(
        self,
        name: str,
        namespace: str,
        node: str,
        command: Iterable[str],
        *,
        image: str = "",
        **security: Any,
    ) -> Object:
        """A pod as root in the host's network, with the host's `/` read-only in /host."""
        spec = self._spec(node=node)
        spec["hostNetwork"] = True
        spec["volumes"] = [{"name": "host", "hostPath": {"path": "/"}}]
        spec["tolerations"] = [{"operator": "Exists"}]
        spec["containers"][0] |= {
            "image": image or self.image,
            "command": list(command),
            "securityContext": {"runAsUser": 0, **security},
            "volumeMounts": [{"name": "host", "mountPath": "/host", "readOnly": True}],
        }
        spec["restartPolicy"] = "Never"
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**self._metadata(name, namespace), "labels": self.labels},
            "spec": spec,
        }

    def _workload(
        self, kind: str, name: str, namespace: str, networks: str, replicas: int
    ) -> Object:
        selector = {"rowhouse.test/workload": name}
        template = {"metadata": self._template(networks, selector), "spec": self._spec()}
        return {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": self._metadata(name, namespace),
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": selector},
                "template": template,
            },
        }

    def _metadata(self, name: str, namespace: str) -> Object:
        return {"name": name, "namespace": namespace, "labels": self.labels}

    def _template(self, networks: str | list[Object], labels: Mapping[str, str]) -> Object:
        found: Object = {"labels": {**self.labels, **labels}}
        if networks:
            text = networks if isinstance(networks, str) else json.dumps(networks)
            found["annotations"] = {"k8s.v1.cni.cncf.io/networks": text}
        return found

    def _spec(self, *, node: str = "") -> Object:
        container = {
            "name": "sleep",
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": SLEEP,
            "securityContext": RESTRICTED,
            "resources": {
                "requests": {"cpu": "1m", "memory": "8Mi"},
                "limits": {"memory": "64Mi"},
            },
        }
        spec: Object = {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 2,
            "containers": [container],
        }
        if node:
            spec["nodeSelector"] = {"kubernetes.io/hostname": self.hostnames[node]}
        if self.has_pull_secret:
            spec["imagePullSecrets"] = [{"name": PULL_SECRET}]
        return spec
