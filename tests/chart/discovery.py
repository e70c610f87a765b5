"""From what a client learns which kinds the cluster of `chart.cluster` has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chart.manifests import Object

VERSION: Final = "1.34"
# group/version → plural → kind; those with a * are the whole cluster's.
KINDS: Final = {
    "v1": {
        "namespaces": "*Namespace",
        "pods": "Pod",
        "secrets": "Secret",
        "configmaps": "ConfigMap",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
        "persistentvolumeclaims": "PersistentVolumeClaim",
    },
    "apps/v1": {
        "deployments": "Deployment",
        "replicasets": "ReplicaSet",
        "daemonsets": "DaemonSet",
        "statefulsets": "StatefulSet",
    },
    "batch/v1": {"jobs": "Job", "cronjobs": "CronJob"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy", "ingresses": "Ingress"},
    "rbac.authorization.k8s.io/v1": {
        "clusterroles": "*ClusterRole",
        "clusterrolebindings": "*ClusterRoleBinding",
        "roles": "Role",
        "rolebindings": "RoleBinding",
    },
    "apiextensions.k8s.io/v1": {"customresourcedefinitions": "*CustomResourceDefinition"},
    "cert-manager.io/v1": {"certificates": "Certificate"},
    "postgresql.cnpg.io/v1": {"clusters": "Cluster"},
    "gateway.networking.k8s.io/v1": {
        "httproutes": "HTTPRoute",
        "backendtlspolicies": "BackendTLSPolicy",
    },
    "monitoring.coreos.com/v1": {
        "servicemonitors": "ServiceMonitor",
        "podmonitors": "PodMonitor",
        "prometheusrules": "PrometheusRule",
    },
}


def discovery(path: str) -> Object | None:
    """The documents from which a client learns what there is."""
    if path == "/version":
        major, minor = VERSION.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{VERSION}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = []
        for one in KINDS:
            group, _, version = one.rpartition("/")
            if group:
                known = {"groupVersion": one, "version": version}
                groups.append({"name": group, "versions": [known], "preferredVersion": known})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if path == "/openapi/v3":
        places = {_root(one): {"serverRelativeURL": f"{path}/{_root(one)}"} for one in KINDS}
        return {"paths": places}
    if path.startswith("/openapi/v3/"):
        (described,) = [one for one in KINDS if path == f"/openapi/v3/{_root(one)}"]
        return _openapi(described)
    known_version = path.removeprefix("/apis/").removeprefix("/api/")
    return _resources(known_version) if known_version in KINDS else None


def _resources(group_version: str) -> Object:
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": [
            {
                "name": plural,
                "singularName": kind.lstrip("*").lower(),
                "namespaced": not kind.startswith("*"),
                "kind": kind.lstrip("*"),
                "verbs": verbs,
            }
            for plural, kind in KINDS[group_version].items()
        ],
    }


def _openapi(group_version: str) -> Object:
    """As much of the document as says that the server itself looks for fields that are wrong."""
    group, _, version = group_version.rpartition("/")
    parameter = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    paths = {}
    for plural, kind in KINDS[group_version].items():
        named = {"group": group, "version": version, "kind": kind.lstrip("*")}
        patch = {"parameters": [parameter], "x-kubernetes-group-version-kind": named}
        paths[f"/{_root(group_version)}/{plural}/{{name}}"] = {"patch": patch | {"responses": {}}}
    info = {"title": "Kubernetes", "version": VERSION}
    return {"openapi": "3.0.0", "info": info, "paths": paths}


def _root(group_version: str) -> str:
    """Where the paths of a group and version begin."""
    return f"apis/{group_version}" if "/" in group_version else f"api/{group_version}"
