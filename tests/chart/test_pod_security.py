"""What the pods may do, and what they see of the cluster and of the hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart.helm import CASES

if TYPE_CHECKING:
    from chart.helm import Helm

pytestmark = pytest.mark.parametrize("case", CASES)

# Pod Security Standard "restricted": the kinds of volumes that it allows.
RESTRICTED_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def test_all_pods_but_the_node_daemon_are_restricted(helm: Helm, case: str) -> None:
    pods = [pod for pod in helm.template(case).pods if pod.part != "node"]
    assert pods
    for pod in pods:
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys()
        kinds = {key for volume in pod.volumes.values() for key in volume if key != "name"}
        assert kinds <= RESTRICTED_VOLUMES
        for container in pod.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert not any("hostPort" in port for port in container.get("ports", []))


def test_the_node_daemon_has_four_folders_of_the_host_and_no_capability(
    helm: Helm, case: str
) -> None:
    node = helm.template(case).pod("node")
    paths = {one["hostPath"]["path"] for one in node.volumes.values() if "hostPath" in one}
    assert paths == {
        "/opt/cni/bin",
        "/etc/cni/net.d/rowhouse.d",
        "/var/lib/rowhouse",
        "/run/rowhouse",
    }
    assert node.owner["kind"] == "DaemonSet"
    security = node.main["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert not security.get("privileged")
    assert not {"hostNetwork", "hostPID", "hostIPC"} & node.spec.keys()
    # What it mounts is where the host has it: the settings that it writes name these paths.
    mounts = {one["name"]: one["mountPath"] for one in node.main["volumeMounts"]}
    for name, volume in node.volumes.items():
        if "hostPath" in volume:
            assert mounts[name] == volume["hostPath"]["path"]


def test_only_the_node_daemon_touches_the_host(helm: Helm, case: str) -> None:
    for pod in helm.template(case).pods:
        if pod.part != "node":
            assert not any("hostPath" in volume for volume in pod.volumes.values())


def test_the_node_daemon_runs_everywhere_and_is_not_evicted(helm: Helm, case: str) -> None:
    spec = helm.template(case).pod("node").spec
    if case != "customised-values.yaml":
        assert spec["priorityClassName"] == "system-node-critical"
        assert spec["tolerations"] == [{"operator": "Exists"}]


def test_tokens_are_mounted_only_where_they_are_used(helm: Helm, case: str) -> None:
    audiences: dict[str, set[str]] = {}
    for pod in helm.template(case).pods:
        assert pod.spec["automountServiceAccountToken"] is False
        for name, volume in pod.volumes.items():
            for source in volume.get("projected", {}).get("sources", []):
                if token := source.get("serviceAccountToken"):
                    audiences.setdefault(pod.part, set()).add(token.get("audience", "Kubernetes"))
                    mounting = [
                        container["name"]
                        for container in pod.containers
                        if name in {one["name"] for one in container.get("volumeMounts", [])}
                    ]
                    assert mounting == [pod.main["name"]]
    expected = {"server": {"Kubernetes"}, "node": {"rowhouse"}, "test": {"rowhouse"}}
    if case != "minimal-values.yaml":
        expected["controller"] = expected["doctor"] = {"Kubernetes"}
    if case == "import-values.yaml":
        expected["import"] = {"Kubernetes"}
    assert audiences == expected


def test_a_token_of_kubernetes_comes_with_all_that_clients_look_for(helm: Helm, case: str) -> None:
    for pod in helm.template(case).pods:
        for volume in pod.volumes.values():
            sources = volume.get("projected", {}).get("sources", [])
            tokens = [one["serviceAccountToken"] for one in sources if "serviceAccountToken" in one]
            if tokens and "audience" not in tokens[0]:
                files = {tokens[0]["path"]}
                for source in sources:
                    for kind in ("configMap", "downwardAPI"):
                        files |= {item["path"] for item in source.get(kind, {}).get("items", [])}
                assert files == {"token", "ca.crt", "namespace"}, pod.part


def test_service_accounts_mount_no_token_by_themselves(helm: Helm, case: str) -> None:
    for account in helm.template(case).of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_each_part_has_exactly_the_cluster_permissions_it_uses(helm: Helm, case: str) -> None:
    release = helm.template(case)
    rules = {
        one["metadata"]["name"]: {
            (group, resource, verb)
            for rule in one["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        for one in (*release.of("ClusterRole"), *release.of("Role"))
    }
    expected: dict[str, set[tuple[str, str, str]]] = {}
    prefix = "kube-system-ipam" if case.startswith("customised") else "kube-system-rowhouse"
    if case != "minimal-values.yaml":
        expected[f"{prefix}-controller"] = {
            *(("", "pods", verb) for verb in ("get", "list", "watch")),
            *(("", "nodes", verb) for verb in ("get", "list", "watch")),
            ("", "events", "create"),
            # `rowhouse import pods` in its pod
            ("k8s.cni.cncf.io", "network-attachment-definitions", "list"),
        }
    if case == "mirror-values.yaml":
        expected[f"{prefix}-mirror"] = {
            ("whereabouts.cni.cncf.io", resource, verb)
            for resource in ("ippools", "overlappingrangeipreservations", "nodeslicepools")
            for verb in ("get", "list", "watch", "create", "patch", "delete")
        }
    if case == "import-values.yaml":
        expected[f"{prefix}-import"] = {
            ("", "pods", "list"),
            *(
                ("whereabouts.cni.cncf.io", resource, "list")
                for resource in ("ippools", "overlappingrangeipreservations", "nodeslicepools")
            ),
        }
    expected[f"{prefix}-server-pods"] = {("", "pods", "get")}
    assert rules == expected
    bindings = [*release.of("ClusterRoleBinding"), *release.of("RoleBinding")]
    bound = {one["roleRef"]["name"] for one in bindings}
    roles = ["service-account-issuer-discovery"]
    roles += ["auth-delegator"] if case == "tls-values.yaml" else []
    assert bound == {f"system:{role}" for role in roles} | expected.keys()
    accounts = {pod.spec.get("serviceAccountName") for pod in release.pods}
    assert {subject["name"] for one in bindings for subject in one["subjects"]} <= accounts
