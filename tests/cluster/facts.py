"""What kind of cluster it is, as far as the suite has to adapt to it. It only reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cluster.programs import Kubectl, Object

NADS: Final = "network-attachment-definitions.k8s.cni.cncf.io"
IPPOOLS: Final = "ippools.whereabouts.cni.cncf.io"
RESERVATIONS: Final = "overlappingrangeipreservations.whereabouts.cni.cncf.io"
WHEREABOUTS_CRDS: Final = (IPPOOLS, RESERVATIONS, "nodeslicepools.whereabouts.cni.cncf.io")
DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
OF_THE_API_SERVER: Final = "kubernetes.io/service-name=kubernetes"
BIN_DIR: Final = "/opt/cni/bin"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was found; `nodes` take pods without a toleration."""

    nodes: tuple[str, ...]
    hostnames: dict[str, str]
    has_multus: bool
    has_default_storage: bool
    has_whereabouts_crds: bool
    """At least one of them: then they are in use, and stay as they are."""
    whereabouts: tuple[str, ...]
    """DaemonSets that install whereabouts, as namespace/name."""
    other_rowhouse: tuple[str, ...]
    """DaemonSets of a Rowhouse that is there already, as namespace/name."""
    is_ipv6_only: bool
    api_ports: tuple[int, ...]
    """Of the API server itself, behind its Service."""
    bin_dir: str
    """Where multus finds plugins on the hosts."""
    api_versions: frozenset[str]


def facts(kubectl: Kubectl) -> Facts:
    """Look at the cluster. Raise CommandFailedError if it does not answer or this account may not look."""
    nodes = [one for one in kubectl.list("nodes") if takes_pods(one)]
    daemon_sets = kubectl.list("daemonsets")
    has_crds = [kubectl.get("customresourcedefinitions", name) for name in WHEREABOUTS_CRDS]
    service = kubectl.get("services", "kubernetes", "default") or {}
    return Facts(
        nodes=tuple(sorted(one["metadata"]["name"] for one in nodes)),
        hostnames={
            one["metadata"]["name"]: one["metadata"]["labels"]["kubernetes.io/hostname"]
            for one in nodes
        },
        has_multus=kubectl.get("customresourcedefinitions", NADS) is not None,
        has_default_storage=any(map(is_default, kubectl.list("storageclasses"))),
        has_whereabouts_crds=any(one is not None for one in has_crds),
        whereabouts=tuple(named(one) for one in daemon_sets if uses(one, "whereabouts")),
        other_rowhouse=tuple(
            named(one)
            for one in daemon_sets
            if one["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") == "rowhouse"
        ),
        is_ipv6_only=is_ipv6_only(service),
        api_ports=ports_of(kubectl.list("endpointslices", "default", OF_THE_API_SERVER)),
        bin_dir=bin_dir(daemon_sets),
        api_versions=frozenset(kubectl.text("api-versions").split()),
    )


def takes_pods(node: Object) -> bool:
    """Whether a pod without tolerations may start on a node now."""
    spec, status = node.get("spec", {}), node.get("status", {})
    taints = {one["effect"] for one in spec.get("taints") or []}
    ready = [one["status"] for one in status.get("conditions") or [] if one.get("type") == "Ready"]
    is_linux = node["metadata"].get("labels", {}).get("kubernetes.io/os", "linux") == "linux"
    return (
        is_linux
        and not spec.get("unschedulable")
        and not taints & {"NoSchedule", "NoExecute"}
        and ready == ["True"]
    )


def is_default(storage_class: Object) -> bool:
    """Whether claims without a class get this one."""
    annotations: dict[str, str] = storage_class["metadata"].get("annotations") or {}
    return annotations.get(DEFAULT_CLASS) == "true"


def is_ipv6_only(service: Object) -> bool:
    """Whether Services have no IPv4 address, as the API server's tells."""
    addresses = service.get("spec", {}).get("clusterIPs") or []
    return bool(addresses) and all(":" in one for one in addresses)


def ports_of(slices: list[Object]) -> tuple[int, ...]:
    """The ports of endpoint slices."""
    found = {int(port["port"]) for one in slices for port in one.get("ports") or []}
    return tuple(sorted(found))


def uses(daemon_set: Object, word: str) -> bool:
    """Whether an image of a DaemonSet's pods has a word in the last part of its name."""
    spec = daemon_set["spec"]["template"]["spec"]
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    return any(word in repository_of(one.get("image", "")) for one in containers)


def repository_of(image: str) -> str:
    """`multus-cni` of `ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot`."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def bin_dir(daemon_sets: list[Object]) -> str:
    """Where multus looks for plugins: the hosts' folder that its pods mount as theirs."""
    for one in daemon_sets:
        if not uses(one, "multus"):
            continue
        volumes: list[dict[str, Any]] = one["spec"]["template"]["spec"].get("volumes") or []
        for volume in volumes:
            path = str(volume.get("hostPath", {}).get("path", "")).rstrip("/")
            if volume["name"] in {"cnibin", "cni-bin-dir", "cnibindir"} and path:
                return path
    return BIN_DIR


def named(obj: Object) -> str:
    """namespace/name."""
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
