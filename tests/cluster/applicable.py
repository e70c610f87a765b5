"""Which files of charts/rowhouse/ci can be tried in a cluster, by what they render to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chart.manifests import Release, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cluster.facts import Facts
    from cluster.programs import Object

KUBERNETES_BRINGS = {("ConfigMap", "kube-root-ca.crt")}


def obstacle(
    rendered: list[Object],
    values: Mapping[str, object],
    facts: Facts,
    *,
    now: list[Object],
    node_labels: list[Mapping[str, str]],
    there: set[tuple[str, str]],
    namespaces: set[str],
) -> str:
    """Why a file cannot be tried here; empty if nothing is in its way.

    `now` is what the release renders to without the file. `there` are (kind, name) of objects in its namespace that
    it may name.
    """
    release = Release(rendered)
    for reason in (
        _other_database(values),
        *(_unknown_kind(one, facts) for one in rendered),
        *_missing(release, there),
        *(_nowhere(pod.spec.get("nodeSelector") or {}, node_labels) for pod in release.pods),
        *(_no_namespace(one, namespaces) for one in rendered),
        _empty_database(release, Release(now), facts),
    ):
        if reason:
            return reason
    return ""


def _other_database(values: Mapping[str, object]) -> str:
    database = values.get("postgresql")
    if isinstance(database, dict) and database.get("enabled") is False:
        return "its database is another one, and no data moves with an upgrade"
    if values.get("fullnameOverride") or values.get("nameOverride"):
        return "it names all objects differently: another release"
    return ""


def _empty_database(release: Release, now: Release, facts: Facts) -> str:
    if facts.has_default_storage or _postgresql(release) == _postgresql(now):
        return ""
    return "PostgreSQL would restart, and be empty without a volume (no default StorageClass)"


def _postgresql(release: Release) -> list[Object]:
    """Its pods, without the sum of a certificate: outside of a cluster helm makes another one each time."""
    found = [one["spec"]["template"] for one in release.of("StatefulSet")]
    return [
        {**one, "metadata": {**one["metadata"], "annotations": _kept(one["metadata"])}}
        for one in found
    ]


def _kept(metadata: Object) -> Object:
    annotations: Object = metadata.get("annotations") or {}
    return {key: value for key, value in annotations.items() if key != "checksum/tls"}


def _unknown_kind(obj: Object, facts: Facts) -> str:
    if obj["apiVersion"] in facts.api_versions:
        return ""
    return f"the cluster has no {obj['kind']} of {obj['apiVersion']}"


def _missing(release: Release, there: set[tuple[str, str]]) -> Iterator[str]:
    known = release.names | there | KUBERNETES_BRINGS
    for pod in release.pods:
        for kind, name in _named(pod.spec, [environment(one) for one in pod.containers]):
            if (kind, name) not in known:
                yield f"the cluster has no {kind} {name}, which it names"


def _named(spec: Object, variables: list[dict[str, Object]]) -> Iterator[tuple[str, str]]:
    for found in variables:
        for one in found.values():
            if reference := one.get("valueFrom", {}).get("secretKeyRef"):
                yield "Secret", str(reference["name"])
    for volume in spec.get("volumes", []):
        if "secret" in volume:
            yield "Secret", str(volume["secret"]["secretName"])
        if claim := volume.get("persistentVolumeClaim"):
            yield "PersistentVolumeClaim", str(claim["claimName"])
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if "configMap" in source:
                yield "ConfigMap", str(source["configMap"]["name"])


def _nowhere(selector: Mapping[str, str], node_labels: list[Mapping[str, str]]) -> str:
    if any(selector.items() <= labels.items() for labels in node_labels):
        return ""
    return f"no node has the labels {dict(selector)}"


def _no_namespace(obj: Object, namespaces: set[str]) -> str:
    wanted = obj["metadata"].get("namespace", "")
    return "" if not wanted or wanted in namespaces else f"there is no namespace {wanted}"
