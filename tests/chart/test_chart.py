"""The chart renders, validates, and keeps its promises on the rendered objects."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

from chart.helm import CASES, CHART, pod_spec
from rowhouse_node.options import parse
from rowhouse_node.supplies import settings_text

if TYPE_CHECKING:
    from chart.helm import Helm

OLDEST, NEWEST = "1.30", "1.37"
# Kinds of operators, of which the schemas of Kubernetes know nothing.
FOREIGN = ("monitoring.coreos.com", "cert-manager.io")

pytestmark = pytest.mark.parametrize("case", CASES)


def test_lint_strict(helm: Helm, case: str) -> None:
    values = [f"--values={CHART / 'ci' / case}"] if case else []
    done = helm.run("lint", "--strict", str(CHART), *values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_is_valid(helm: Helm, case: str, version: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kubernetes_validate  # type: ignore[import-untyped]  # noqa: PLC0415 - it warns
    for manifest in helm.template(case, f"--kube-version={version}"):
        if not manifest["apiVersion"].startswith(FOREIGN):
            kubernetes_validate.validate(manifest, version, strict=True)


def test_all_pods_but_the_node_daemon_are_restricted(helm: Helm, case: str) -> None:
    for manifest in helm.template(case):
        pod = pod_spec(manifest)
        if pod is None:
            continue
        is_node = manifest["kind"] == "DaemonSet"
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert is_node or pod["securityContext"]["runAsNonRoot"] is True
        assert is_node == any("hostPath" in volume for volume in pod.get("volumes", []))
        for container in pod["containers"] + pod.get("initContainers", []):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}


def test_service_account_tokens_are_mounted_only_where_used(helm: Helm, case: str) -> None:
    mounted = {
        manifest["metadata"]["name"]
        for manifest in helm.template(case)
        if (pod := pod_spec(manifest)) and pod.get("automountServiceAccountToken") is not False
    }
    assert mounted <= {"rowhouse-controller"}


def test_selectors_and_ports_agree(helm: Helm, case: str) -> None:
    manifests = helm.template(case)
    pods: list[tuple[dict[str, str], dict[str, Any]]] = []
    for one in manifests:
        if template := one.get("spec", {}).get("template"):
            labels = template["metadata"]["labels"]
            pods.append((labels, template["spec"]))
            selector = one["spec"].get("selector", {"matchLabels": {}})
            assert selector["matchLabels"].items() <= labels.items()
    for one in manifests:
        if one["kind"] == "Service":
            chosen = [p for labels, p in pods if one["spec"]["selector"].items() <= labels.items()]
            assert len(chosen) == 1
            ports = {port["name"] for c in chosen[0]["containers"] for port in c.get("ports", [])}
            assert {port["targetPort"] for port in one["spec"]["ports"]} <= ports


def test_every_secret_volume_and_config_map_that_is_named_exists(helm: Helm, case: str) -> None:
    manifests = helm.template(case)
    names = {(one["kind"], one["metadata"]["name"]) for one in manifests}
    names |= {("Secret", "rowhouse-db"), ("ConfigMap", "kube-root-ca.crt")}
    if ("Certificate", "rowhouse-tls") in names:
        names.add(("Secret", "rowhouse-tls"))
    for one in manifests:
        pod = pod_spec(one) or {"containers": []}
        claims = one.get("spec", {}).get("volumeClaimTemplates", [])
        volumes = {claim["metadata"]["name"] for claim in claims}
        volumes |= {volume["name"] for volume in pod.get("volumes", [])}
        assert references(pod) <= names
        for container in pod["containers"] + pod.get("initContainers", []):
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes


def references(pod: dict[str, Any]) -> set[tuple[str, str]]:
    """(kind, name) of each Secret and ConfigMap that a pod needs."""
    volumes = pod.get("volumes", [])
    found = {("Secret", one["secret"]["secretName"]) for one in volumes if "secret" in one}
    found |= {("ConfigMap", one["configMap"]["name"]) for one in volumes if "configMap" in one}
    for container in pod["containers"] + pod.get("initContainers", []):
        for variable in container.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                found.add(("Secret", reference["name"]))
    return found


def test_the_settings_that_the_node_daemon_writes_are_those_the_plugin_reads(
    helm: Helm, case: str
) -> None:
    daemon = next(one for one in helm.template(case) if one["kind"] == "DaemonSet")
    container = daemon["spec"]["template"]["spec"]["containers"][0]
    environ = {one["name"]: one.get("value", "node-1") for one in container["env"]}
    environ["ROWHOUSE_NODE_SERVER"] = environ["ROWHOUSE_NODE_SERVER"].replace(
        "$(ROWHOUSE_SERVICE_HOST)", "10.96.0.20"
    )
    options = parse(container["command"][1:], environ)
    text = settings_text(options)
    assert "server = https://10.96.0.20:8443" in text
    assert "server_name = rowhouse.kube-system.svc" in text
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    folders = (options.bin_dir, options.config_dir, options.state_dir)
    assert {str(folder) for folder in folders} <= mounts
    assert options.as_whereabouts == (case == "minimal-values.yaml")
