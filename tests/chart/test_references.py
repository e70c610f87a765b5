"""What objects name exists: pods behind selectors, secrets, claims, ports, accounts."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from cryptography import x509

from chart.helm import CASES
from chart.manifests import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chart.helm import Helm
    from chart.manifests import Object, Pod, Release

pytestmark = pytest.mark.parametrize("case", CASES)

# Objects that others create: the user, Kubernetes, cert-manager, CloudNativePG.
BROUGHT = {
    "": set(),
    "ha-values.yaml": {("Secret", "rowhouse-oidc"), ("Secret", "sso-ca")},
    "external-values.yaml": {("Secret", "rowhouse-db")},
    "external-hosts-values.yaml": {
        ("Secret", "rowhouse-db-ca"),
        ("PersistentVolumeClaim", "dumps"),
    },
    "existing-tls-values.yaml": {
        ("Secret", "rowhouse-certificate"),
        ("Secret", "rowhouse-passwords"),
        ("Secret", "rowhouse-postgresql-certificate"),
    },
    "cloudnativepg-values.yaml": {("Secret", "rowhouse-database-ca")},
    "tls-values.yaml": {("Secret", "rowhouse-certificate")},
    "customised-values.yaml": {("Secret", "registry")},
}


def references(pod: Pod) -> Iterator[tuple[str, str]]:
    """(kind, name) of each object that a pod needs."""
    for volume in pod.volumes.values():
        yield from in_volume(volume)
    for container in pod.containers:
        for variable in environment(container).values():
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield "Secret", reference["name"]
    if account := pod.spec.get("serviceAccountName"):
        yield "ServiceAccount", account
    for secret in pod.spec.get("imagePullSecrets", []):
        yield "Secret", secret["name"]


def in_volume(volume: Object) -> Iterator[tuple[str, str]]:
    if "secret" in volume:
        yield "Secret", volume["secret"]["secretName"]
    if claim := volume.get("persistentVolumeClaim"):
        yield "PersistentVolumeClaim", claim["claimName"]
    for source in [volume, *volume.get("projected", {}).get("sources", [])]:
        if "configMap" in source:
            yield "ConfigMap", source["configMap"]["name"]


def test_everything_that_a_pod_names_exists(helm: Helm, case: str) -> None:
    release = helm.template(case)
    there = release.names | BROUGHT.get(case, set()) | {("ConfigMap", "kube-root-ca.crt")}
    needed = {reference for pod in release.pods for reference in references(pod)}
    assert needed <= there
    assert BROUGHT.get(case, set()) <= needed


def test_secrets_have_the_keys_that_are_asked_for(helm: Helm, case: str) -> None:
    release = helm.template(case)
    have = {
        one["metadata"]["name"]: {*one.get("data", {}), *one.get("stringData", {})}
        for one in release.of("Secret")
    }
    for pod in release.pods:
        asked = [
            (reference["name"], reference["key"])
            for container in pod.containers
            for variable in environment(container).values()
            if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
        ]
        asked += [
            (volume["secret"]["secretName"], item["key"])
            for volume in pod.volumes.values()
            if "secret" in volume
            for item in volume["secret"].get("items", [])
        ]
        for name, key in asked:
            assert name not in have or key in have[name]


def test_every_mount_has_its_volume_and_every_volume_its_mount(helm: Helm, case: str) -> None:
    for pod in helm.template(case).pods:
        mounted = {
            mount["name"]
            for container in pod.containers
            for mount in container.get("volumeMounts", [])
        }
        assert mounted == pod.volumes.keys()


def test_selectors_find_the_pods_that_they_are_for(helm: Helm, case: str) -> None:
    release = helm.template(case)

    def found(selector: dict[str, str]) -> list[Pod]:
        return [pod for pod in release.pods if selector.items() <= pod.labels.items()]

    for pod in release.pods:
        selector = pod.owner["spec"].get("selector")
        if selector and pod.owner["kind"] != "Job":
            assert found(selector["matchLabels"]) == [pod]
        for constraint in pod.spec.get("topologySpreadConstraints", []):
            assert found(constraint["labelSelector"]["matchLabels"]) == [pod]
    for service in release.of("Service"):
        (pod,) = found(service["spec"]["selector"])
        ports = {port["name"] for c in pod.containers for port in c.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in release.of("PodDisruptionBudget"):
        (pod,) = found(budget["spec"]["selector"]["matchLabels"])
        assert pod.owner["spec"].get("replicas", 2) > 1
    for monitor in release.of("PodMonitor"):
        (pod,) = found(monitor["spec"]["selector"]["matchLabels"])
        ports = {port["name"] for c in pod.containers for port in c.get("ports", [])}
        assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} <= ports
    for monitor in release.of("ServiceMonitor"):
        selector = monitor["spec"]["selector"]["matchLabels"].items()
        services = [s for s in release.of("Service") if selector <= s["metadata"]["labels"].items()]
        (service,) = services
        ports = {port["name"] for port in service["spec"]["ports"]}
        assert {one["port"] for one in monitor["spec"]["endpoints"]} <= ports


def test_probes_and_routes_lead_to_ports_that_are_there(helm: Helm, case: str) -> None:
    release = helm.template(case)
    for pod in release.pods:
        for container in pod.containers:
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if http := container.get(probe, {}).get("httpGet"):
                    assert http["port"] in ports
    services = {
        one["metadata"]["name"]: {port["name"]: port["port"] for port in one["spec"]["ports"]}
        for one in release.of("Service")
    }
    for ingress in release.of("Ingress"):
        (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
        backend = path["backend"]["service"]
        assert backend["port"]["name"] in services[backend["name"]]
    for route in release.of("HTTPRoute"):
        (backend,) = route["spec"]["rules"][0]["backendRefs"]
        assert backend["port"] in services[backend["name"]].values()


def test_long_running_parts_have_probes_and_every_container_has_resources(
    helm: Helm, case: str
) -> None:
    for pod in helm.template(case).pods:
        for container in pod.containers:
            assert "memory" in container["resources"]["limits"]
            assert "cpu" in container["resources"]["requests"]
        if pod.owner["kind"] in {"Deployment", "DaemonSet", "StatefulSet"}:
            assert "readinessProbe" in pod.main


def test_policies_admit_the_necessary_clients(helm: Helm, case: str) -> None:
    release = helm.template(case)
    policies = release.of("NetworkPolicy")
    if case == "minimal-values.yaml":
        assert policies == []
        return
    selected = [policy["spec"]["podSelector"]["matchLabels"].items() for policy in policies]
    for pod in release.pods:
        if pod.part not in {"node", "test"}:
            assert any(labels <= pod.labels.items() for labels in selected), pod.part
    for policy in policies:
        for pod in release.pods:
            if policy["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items():
                named = {port["name"] for port in pod.main.get("ports", [])}
                rules = policy["spec"].get("ingress", [])
                opened = {port["port"] for rule in rules for port in rule["ports"]}
                assert opened == named
    database = [one for one in policies if "from" in str(one["spec"].get("ingress"))]
    for policy in database:
        sources = policy["spec"]["ingress"][0]["from"][0]["podSelector"]
        (components,) = [set(one["values"]) for one in sources["matchExpressions"]]
        users = {
            pod.part
            for pod in release.pods
            if pod.part != "postgresql"
            and any(
                {"ROWHOUSE_DATABASE_URL", "ROWHOUSE_DATABASE_URL_FILE"} & environment(c).keys()
                for c in pod.containers
            )
        }
        assert users <= components
        assert all(
            sources["matchLabels"].items() <= pod.labels.items()
            for pod in release.pods
            if pod.part in users
        )


def test_what_cannot_be_replaced_outlives_the_release(helm: Helm, case: str) -> None:
    release = helm.template(case)

    def kept(one: dict[str, dict[str, dict[str, str]]]) -> bool:
        annotations = one["metadata"].get("annotations", {})
        return annotations.get("helm.sh/resource-policy") == "keep"

    expected = [*release.of("PersistentVolumeClaim"), *release.of("Cluster")]
    expected += release.of("CustomResourceDefinition")
    expected += [one for one in release.of("Secret") if case != "external-hosts-values.yaml"]
    assert all(kept(one) for one in expected)


def consistent(release: Release) -> set[str]:
    """The names by which the certificate is verified."""
    node = environment(release.pod("node").main)
    monitors = release.of("ServiceMonitor")
    names = {one["spec"]["endpoints"][0]["tlsConfig"]["serverName"] for one in monitors}
    names |= {one["spec"]["validation"]["hostname"] for one in release.of("BackendTLSPolicy")}
    return names | {node["ROWHOUSE_NODE_SERVER_NAME"]["value"]} - {""}


def names_of(secret: Object) -> set[str]:
    """Those that a certificate is for."""
    certificate = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(found.value.get_values_for_type(x509.DNSName))


def test_certificates_have_the_names_that_are_asked_for(helm: Helm, case: str) -> None:
    release = helm.template(case)
    made = {one["metadata"]["name"]: one for one in release.of("Secret")}
    server = release.pod("server").volumes["tls"]["secret"]["secretName"]
    for one in release.of("Certificate"):
        assert consistent(release) <= set(one["spec"]["dnsNames"])
    if server in made:
        assert consistent(release) <= names_of(made[server])
    for name, secret in made.items():
        if name.endswith("-postgresql-tls"):
            url = environment(release.pod("migrate").main)["ROWHOUSE_DATABASE_URL"]["value"]
            assert urlsplit(url).hostname in names_of(secret)
