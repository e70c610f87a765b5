"""Which values files are tried in a cluster, and which are not, with the reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from chart.helm import CHART, NAMESPACE
from cluster.applicable import obstacle
from cluster.facts import Facts
from cluster.opening import refusal

if TYPE_CHECKING:
    from chart.helm import Helm

# What an ordinary cluster has: no operator at all.
API_VERSIONS = frozenset(
    (
        "v1",
        "apps/v1",
        "batch/v1",
        "autoscaling/v2",
        "policy/v1",
        "networking.k8s.io/v1",
        "rbac.authorization.k8s.io/v1",
        "apiextensions.k8s.io/v1",
    )
)
EXPECTED = {
    "cloudnativepg-values.yaml": "its database is another one",
    "customised-values.yaml": "it names all objects differently",
    "existing-tls-values.yaml": "the cluster has no (ServiceMonitor|PodMonitor)",
    "external-hosts-values.yaml": "its database is another one",
    "external-values.yaml": "its database is another one",
    "ha-values.yaml": "the cluster has no",
    "tls-values.yaml": "the cluster has no (Certificate|HTTPRoute|BackendTLSPolicy)",
    "mirror-values.yaml": "there is no namespace whereabouts",
    "minimal-values.yaml": "",
    "import-values.yaml": "",
}


def found(*, has_default_storage: bool = True, other: tuple[str, ...] = ()) -> Facts:
    return Facts(
        nodes=("node1",),
        hostnames={"node1": "node1"},
        has_multus=True,
        has_default_storage=has_default_storage,
        has_whereabouts_crds=True,
        whereabouts=(),
        other_rowhouse=other,
        is_ipv6_only=False,
        api_ports=(6443,),
        bin_dir="/opt/cni/bin",
        api_versions=API_VERSIONS,
    )


def reason(helm: Helm, case: str, facts: Facts, *, namespaces: frozenset[str]) -> str:
    return obstacle(
        list(helm.template(case)),
        yaml.safe_load((CHART / "ci" / case).read_text()),
        facts,
        now=list(helm.template("")),
        node_labels=[{"kubernetes.io/os": "linux"}],
        there=set(),
        namespaces=set(namespaces),
    )


@pytest.mark.parametrize("case", sorted(path.name for path in (CHART / "ci").glob("*.yaml")))
def test_a_file_is_tried_unless_the_cluster_lacks_what_it_names(helm: Helm, case: str) -> None:
    # A file that is new here needs a decision when it is added: may it be tried?
    expected = EXPECTED.get(case)
    said = reason(helm, case, found(), namespaces=frozenset({NAMESPACE}))
    if expected is not None:
        assert re.match(expected, said) if expected else not said, said


def test_what_a_cluster_has_is_no_obstacle(helm: Helm) -> None:
    there = frozenset({NAMESPACE, "whereabouts"})
    assert reason(helm, "mirror-values.yaml", found(), namespaces=there) == ""


def test_without_a_volume_no_upgrade_restarts_the_database(helm: Helm) -> None:
    facts = found(has_default_storage=False)
    said = reason(helm, "minimal-values.yaml", facts, namespaces=frozenset({NAMESPACE}))
    assert "PostgreSQL would restart" in said
    # As it is, it goes on running.
    assert reason(helm, "import-values.yaml", facts, namespaces=frozenset({NAMESPACE})) == ""


def test_the_suite_does_not_begin_beside_another_rowhouse() -> None:
    assert refusal(found()) == ""
    said = refusal(found(other=("kube-system/rowhouse-node",)))
    assert "Rowhouse is installed already (kube-system/rowhouse-node)" in said
    assert "make cluster-clean" in said
