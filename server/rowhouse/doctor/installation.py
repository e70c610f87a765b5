"""The parts of a release in the cluster, from their workloads and pods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rowhouse.k8s.raw import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.k8s.raw import KubernetesApi

COMPONENT: Final = "app.kubernetes.io/component"
PARTS: Final = ("server", "controller", "node")
_OURS: Final = "app.kubernetes.io/part-of=rowhouse"
_OF_A_RELEASE: Final = ("app.kubernetes.io/name", "app.kubernetes.io/instance")
_WORKLOADS: Final = ("/apis/apps/v1/deployments", "/apis/apps/v1/daemonsets")


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment or DaemonSet.

    `selector` selects its pods, as a query; `variables` are its environment variables with a literal value.
    """

    part: str
    namespace: str
    name: str
    selector: str
    account: str
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Installation:
    """The workloads of Rowhouse in a cluster. `are_known`: whether this account may read them.

    If it may not, `workloads` are derived from the labels of the doctor's own pod and have no variables.
    """

    workloads: tuple[Workload, ...]
    are_known: bool = True

    def of(self, part: str) -> Workload | None:
        """The workload of a part."""
        return next((one for one in self.workloads if one.part == part), None)

    def variable(self, part: str, name: str) -> str:
        """Return a variable of a part, "" if it is not set or unknown."""
        workload = self.of(part)
        return workload.variables.get(name, "") if workload else ""


def find_installation(api: KubernetesApi, pod: str) -> Installation | None:
    """Find the release by the chart's labels, or else by those of our own `pod`. None: neither is readable.

    Raises TryAgain.
    """
    try:
        found = tuple(
            _workload(one) for path in _WORKLOADS for one in api.items(path, labelSelector=_OURS)
        )
    except Refused as refused:
        if not refused.answer.is_denied:
            raise
        return _of_own_pod(api, pod)
    return Installation(tuple(one for one in found if one.part in PARTS)) if found else None


def pods_of(api: KubernetesApi, workload: Workload) -> Iterator[dict[str, Any]]:
    """The pods of a workload. Raises Refused, TryAgain."""
    yield from api.items(
        f"/api/v1/namespaces/{workload.namespace}/pods", labelSelector=workload.selector
    )


def _of_own_pod(api: KubernetesApi, pod: str) -> Installation | None:
    answer = api.get(f"/api/v1/namespaces/{api.namespace}/pods/{pod}") if pod else None
    if answer is None or not answer.is_success:
        return None
    labels = answer.document["metadata"].get("labels") or {}
    if COMPONENT not in labels:
        return None
    shared = {key: labels[key] for key in _OF_A_RELEASE if key in labels}
    return Installation(
        tuple(
            Workload(part, api.namespace, part, _selector({**shared, COMPONENT: part}), "", {})
            for part in PARTS
        ),
        are_known=False,
    )


def _workload(found: dict[str, Any]) -> Workload:
    metadata, spec = found["metadata"], found["spec"]
    pod = spec["template"]["spec"]
    listed = [one for container in pod["containers"] for one in container.get("env") or ()]
    return Workload(
        part=(metadata.get("labels") or {}).get(COMPONENT, ""),
        namespace=metadata["namespace"],
        name=metadata["name"],
        selector=_selector(spec["selector"]["matchLabels"]),
        account=pod.get("serviceAccountName") or "default",
        variables={one["name"]: one["value"] for one in listed if one.get("value")},
    )


def _selector(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
