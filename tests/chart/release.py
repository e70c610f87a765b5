"""A release as helm makes it in a cluster of the test's own, with what its operators and controllers add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chart.helm import CHART, NAMESPACE

if TYPE_CHECKING:
    from pathlib import Path

    from chart.cluster import Cluster
    from chart.helm import Helm
    from chart.manifests import Object

WHERE = f"--namespace={NAMESPACE}"


class Release:
    """The release `rowhouse` in a cluster of the test's own."""

    def __init__(self, helm: Helm, cluster: Cluster, kubeconfig: Path) -> None:
        self.helm = helm
        self.cluster = cluster
        self.kubeconfig = kubeconfig

    def attempt(self, verb: str, *more: str) -> str:
        """Run helm; what it says of a failure, empty if there is none."""
        chart = [str(CHART)] if verb in {"install", "upgrade"} else []
        line = [verb, "rowhouse", *chart, WHERE, *more]
        done = self.helm.run(*line, KUBECONFIG=str(self.kubeconfig))
        return "" if done.returncode == 0 else done.stderr or f"status {done.returncode}"

    def do(self, verb: str, *more: str) -> list[tuple[str, str, str]]:
        """Run helm; what changed in the cluster, in order, without helm's own notes."""
        before = len(self.cluster.changes)
        failure = self.attempt(verb, *more)
        assert not failure, failure
        return self.changes_after(before)

    def changes_after(self, number: int) -> list[tuple[str, str, str]]:
        """What has changed since there were so many changes, without helm's own notes."""
        changes = self.cluster.changes[number:]
        return [one for one in changes if not one[2].startswith("sh.helm.release")]

    def pod(self, part: str) -> Object:
        """What the pods of a part are made by."""
        return dict(self.cluster.release.pod(part).owner["spec"]["template"])

    @property
    def jobs(self) -> set[str]:
        """Names of the Jobs that are there."""
        return {
            one["metadata"]["name"] for one in self.cluster.objects.values() if one["kind"] == "Job"
        }

    def finish(self, job: str) -> None:
        """Let a Job be done."""
        (path,) = [place for place in self.cluster.objects if place.endswith(f"/jobs/{job}")]
        done = [{"type": "Complete", "status": "True"}]
        self.cluster.set_status(path, {"conditions": done})

    def act_as_operators(self) -> None:
        """Make what cert-manager, CloudNativePG and the StatefulSet controller make, none of it helm's."""
        for one in list(self.cluster.objects.values()):
            name, spec = one["metadata"]["name"], one.get("spec", {})
            if one["kind"] == "Certificate":
                self._make_secret(spec["secretName"])
            elif one["kind"] == "Cluster":
                for suffix in ("ca", "server", "replication", "app"):
                    self._make_secret(f"{name}-{suffix}")
            elif one["kind"] == "StatefulSet":
                for claim in spec.get("volumeClaimTemplates", []):
                    self._make(
                        "persistentvolumeclaims",
                        {
                            "apiVersion": "v1",
                            "kind": "PersistentVolumeClaim",
                            "metadata": {"name": f"{claim['metadata']['name']}-{name}-0"},
                            "spec": claim["spec"],
                        },
                    )

    def _make_secret(self, name: str) -> None:
        data = dict.fromkeys(("tls.crt", "tls.key", "ca.crt"), "")
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        self._make("secrets", head | {"type": "kubernetes.io/tls", "data": data})

    def _make(self, plural: str, made: Object) -> None:
        name = made["metadata"]["name"]
        path = f"/api/v1/namespaces/{NAMESPACE}/{plural}/{name}"
        there = self.cluster.objects.get(path)
        if there is None:
            made["metadata"]["namespace"] = NAMESPACE
            self.cluster.store(path, made, "create")
        else:
            assert there["kind"] != "Secret" or there["type"] == made["type"], (
                f"{name} is another one's"
            )
