"""The kinds of the dry cluster, and what discovery tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cluster.programs import Object

VERSION: Final = "1.34"
_VERBS: Final = ["create", "delete", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True)
class Kind:
    """A kind; `below` are its subresources, each with the kind of its body."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    below: tuple[tuple[str, str], ...] = ()

    @property
    def root(self) -> str:
        """Where its paths begin."""
        return f"/apis/{self.api_version}" if "/" in self.api_version else "/api/v1"


_SCALE: Final = (("scale", "autoscaling/v1 Scale"),)
_POD: Final = (
    ("log", "v1 Pod"),
    ("exec", "v1 PodExecOptions"),
    ("eviction", "policy/v1 Eviction"),
)
_WB: Final = "whereabouts.cni.cncf.io/v1alpha1"
_RBAC: Final = "rbac.authorization.k8s.io/v1"
KINDS: Final = (
    Kind("v1", "namespaces", "Namespace", namespaced=False, short=("ns",)),
    Kind("v1", "nodes", "Node", namespaced=False),
    Kind("v1", "pods", "Pod", short=("po",), below=_POD),
    Kind("v1", "events", "Event"),
    Kind("v1", "secrets", "Secret"),
    Kind("v1", "configmaps", "ConfigMap"),
    Kind("v1", "services", "Service"),
    Kind("v1", "serviceaccounts", "ServiceAccount"),
    Kind("v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    Kind("apps/v1", "deployments", "Deployment", short=("deploy",), below=_SCALE),
    Kind("apps/v1", "replicasets", "ReplicaSet", below=_SCALE),
    Kind("apps/v1", "statefulsets", "StatefulSet", below=_SCALE),
    Kind("apps/v1", "daemonsets", "DaemonSet"),
    Kind("batch/v1", "jobs", "Job"),
    Kind("batch/v1", "cronjobs", "CronJob"),
    Kind("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    Kind("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    Kind("storage.k8s.io/v1", "storageclasses", "StorageClass", namespaced=False),
    Kind("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    Kind(_RBAC, "clusterroles", "ClusterRole", namespaced=False),
    Kind(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    Kind(_RBAC, "roles", "Role"),
    Kind(_RBAC, "rolebindings", "RoleBinding"),
    Kind(
        "apiextensions.k8s.io/v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        namespaced=False,
        short=("crd",),
    ),
    Kind("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False),  # noqa: FBT003 - namespaced
    Kind(
        "k8s.cni.cncf.io/v1",
        "network-attachment-definitions",
        "NetworkAttachmentDefinition",
        short=("net-attach-def",),
    ),
    Kind(_WB, "ippools", "IPPool"),
    Kind(_WB, "overlappingrangeipreservations", "OverlappingRangeIPReservation"),
    Kind(_WB, "nodeslicepools", "NodeSlicePool"),
)
# kubectl calls a definition by this name as well.
SINGULAR: Final = {"NetworkAttachmentDefinition": "network-attachment-definition"}


def discovery(path: str) -> Object | None:
    """The document at a path, or None if it is none of discovery's."""
    versions = sorted({one.api_version for one in KINDS})
    if path == "/version":
        major, minor = VERSION.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{VERSION}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return _groups(versions)
    for version in versions:
        root = f"/apis/{version}" if "/" in version else "/api/v1"
        if path == root:
            return _resources(version)
        if path == f"/openapi/v3{root}":
            return _openapi(version)
    roots = [f"apis/{one}" if "/" in one else "api/v1" for one in versions]
    places = {one: {"serverRelativeURL": f"/openapi/v3/{one}"} for one in roots}
    return {"paths": places} if path == "/openapi/v3" else None


def _groups(versions: list[str]) -> Object:
    groups = []
    for one in versions:
        group, _, version = one.rpartition("/")
        if group:
            known = {"groupVersion": one, "version": version}
            groups.append({"name": group, "versions": [known], "preferredVersion": known})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _resources(version: str) -> Object:
    found: list[Object] = []
    for one in KINDS:
        if one.api_version != version:
            continue
        said: Object = {
            "name": one.plural,
            "singularName": SINGULAR.get(one.kind, one.kind.lower()),
            "namespaced": one.namespaced,
            "kind": one.kind,
            "verbs": _VERBS,
            "shortNames": list(one.short),
        }
        found.append(said)
        for name, body in one.below:
            body_version, _, kind = body.partition(" ")
            group, _, number = body_version.rpartition("/")
            found.append(
                {
                    "name": f"{one.plural}/{name}",
                    "singularName": "",
                    "namespaced": one.namespaced,
                    "group": group,
                    "version": number,
                    "kind": kind,
                    "verbs": ["create", "get", "patch", "update"],
                }
            )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version,
        "resources": found,
    }


def _openapi(version: str) -> Object:
    """As much as says that the server itself looks for fields that are wrong."""
    group, _, number = version.rpartition("/")
    parameter = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    paths = {}
    for one in KINDS:
        if one.api_version == version:
            named = {"group": group, "version": number, "kind": one.kind}
            patch = {"parameters": [parameter], "x-kubernetes-group-version-kind": named}
            paths[f"{one.root}/{one.plural}/{{name}}"] = {"patch": patch | {"responses": {}}}
    info = {"title": "Kubernetes", "version": VERSION}
    return {"openapi": "3.0.0", "info": info, "paths": paths}
