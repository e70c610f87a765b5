"""Each thing that can be wrong in a cluster is named, with what to do about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from doctor.cluster import MULTUS, NODE_INFO, WHEREABOUTS, forbidden, pod, resources
from doctor.conftest import Doctor
from rowhouse.domain.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection
    from psycopg.rows import TupleRow

    from doctor.cluster import Cluster
    from fixtures.databases import Database

ALL = (
    "API server",
    "clock of the API server",
    "permissions",
    "kinds",
    "networks",
    "parts",
    "nodes",
)
PODS = "/api/v1/namespaces/kube-system/pods"
IPAM = {"type": "rowhouse", "range": "10.0.0.0/24"}
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def test_a_cluster_in_which_all_is_well(outside: Doctor) -> None:
    for name in ALL:
        assert {one.state for one in outside.check(name)} <= {"ok"}, outside.check(name)


def test_without_a_cluster_the_checks_say_what_they_need() -> None:
    for name in ALL:
        found = Doctor().one(name)
        assert found.state == "skipped"
        assert "--kubeconfig" in found.remedy


def test_an_api_server_that_is_away(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    cluster_of_doctor.__exit__()
    found = outside.one("API server")
    assert found.state == "failed"
    assert cluster_of_doctor.url in found.found
    assert outside.one("kinds").found == 'the check "API server" failed'


def test_a_token_that_is_refused(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    cluster_of_doctor.answers[SELF] = 401, {"kind": "Status", "message": "Unauthorized"}
    found = outside.one("API server")
    assert found.state == "failed"
    assert "Unauthorized" in found.found
    assert "not expired" in found.remedy


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (6, "warning"), (-6, "warning"), (60, "failed")]
)
def test_a_clock_that_differs_from_the_api_servers(
    outside: Doctor, cluster_of_doctor: Cluster, seconds: float, state: str
) -> None:
    cluster_of_doctor.clock_offset = seconds
    found = outside.one("clock of the API server", clock=time.time)
    assert found.state == state, found


@pytest.mark.parametrize(
    ("about", "denied", "role"),
    [
        ("controller", "watch pods", "…-controller"),
        ("controller", "create events", "…-controller"),
        ("keys", "get /openid/v1/jwks", "service-account-issuer-discovery"),
    ],
)
def test_a_permission_that_is_missing(
    outside: Doctor, cluster_of_doctor: Cluster, about: str, denied: str, role: str
) -> None:
    cluster_of_doctor.denied.add(denied)
    found = outside.one("permissions", about)
    assert found.state == "failed"
    assert f"may not {denied}" in found.found
    assert "system:serviceaccount:kube-system:rowhouse-" in found.found
    assert role in found.remedy


def test_a_token_review_that_is_denied(cluster_of_doctor: Cluster, tmp_path: Path) -> None:
    """The problem of a release whose ClusterRoleBinding kept its old role."""
    inside = Doctor(
        cluster_of_doctor.kubeconfig(tmp_path),
        {"ROWHOUSE_TOKEN_REVIEW": "https://kubernetes.default.svc"},
    )
    assert inside.one("permissions", "token review").state == "ok"
    cluster_of_doctor.denied.add("create tokenreviews")
    found = inside.one("permissions", "token review")
    assert found.state == "failed"
    assert "system:auth-delegator" in found.remedy


def test_a_server_that_looks_at_pods_needs_to(cluster_of_doctor: Cluster, tmp_path: Path) -> None:
    environment = {"ROWHOUSE_JWKS": "https://x/openid/v1/jwks", "ROWHOUSE_VERIFY_PLACEMENT": "true"}
    inside = Doctor(cluster_of_doctor.kubeconfig(tmp_path), environment)
    assert inside.one("permissions", "keys").state == "ok"
    cluster_of_doctor.denied.add("get pods")
    assert "may not get pods" in inside.one("permissions", "keys").found


@pytest.mark.parametrize(
    ("config", "kind", "denied", "part"),
    [
        ({"ipam": {"sticky": "vm"}}, "VirtualMachine", "list virtualmachines", "controller"),
        ({"ipam": {"sticky": "vm"}}, "VirtualMachine", "watch pods", "server"),
        ({"ipam": {"sticky": "statefulset"}}, "StatefulSet", "get statefulsets", "controller"),
        ({"allowPersistentIPs": True}, "IPAMClaim", "watch ipamclaims", "server"),
        ({"allowPersistentIPs": True}, "IPAMClaim", "patch ipamclaims/status", "controller"),
    ],
)
def test_a_network_whose_addresses_outlive_pods_needs_to_see_their_owners(
    outside: Doctor, cluster_of_doctor: Cluster, *, config: Any, kind: str, denied: str, part: str
) -> None:
    """Those permissions are needed only where such a network is."""
    kinds = {"VirtualMachine", "StatefulSet", "IPAMClaim"}
    cluster_of_doctor.network("plain", {"name": "plain", "type": "bridge", "ipam": IPAM})
    cluster_of_doctor.network("broken", "{")
    assert not kinds & {one.about for one in outside.check("permissions")}
    ipam = {**IPAM, **config.get("ipam", {})}
    cluster_of_doctor.network("kept", {"type": "bridge", **config, "ipam": ipam})
    judged = [one for one in outside.check("permissions") if one.about in kinds]
    assert [(one.about, one.state) for one in judged] == [(kind, "ok")] * 2
    cluster_of_doctor.denied.add(denied)
    [found] = [
        one for one in outside.check("permissions") if one.about == kind and one.state == "failed"
    ]
    assert f"rowhouse-{part} may not {denied}" in found.found
    assert "rbac." in found.remedy


def test_what_the_mirror_needs_is_asked_for_where_it_is_on(
    outside: Doctor, cluster_of_doctor: Cluster
) -> None:
    assert "mirror" not in {one.about for one in outside.check("permissions")}
    cluster_of_doctor.installed(mirror=True)
    cluster_of_doctor.denied.add("patch ippools")
    found = outside.one("permissions", "mirror")
    assert "may not patch ippools in kube-system" in found.found


def test_an_account_that_may_not_ask_for_others_says_so(
    outside: Doctor, cluster_of_doctor: Cluster
) -> None:
    cluster_of_doctor.denied.add("create subjectaccessreviews")
    found = outside.one("permissions", "controller")
    assert found.state == "skipped"
    assert "kubectl auth can-i" in found.remedy


def test_an_account_that_cannot_import_is_no_failure(
    outside: Doctor, cluster_of_doctor: Cluster
) -> None:
    cluster_of_doctor.denied.add("list nodeslicepools")
    found = outside.one("permissions", "import")
    assert found.state == "skipped"
    assert "nodeslicepools" in found.found


def test_kinds_matter_where_they_are_needed(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    assert "not needed" in outside.one("kinds", "IPPool").found
    cluster_of_doctor.installed(mirror=True)
    del cluster_of_doctor.served[WHEREABOUTS]
    found = outside.one("kinds", "IPPool")
    assert found.state == "failed"
    assert "whereabouts-crds.yaml" in found.remedy
    cluster_of_doctor.served[WHEREABOUTS] = resources("ippools", "overlappingrangeipreservations")
    assert outside.one("kinds", "IPPool").state == "ok"
    assert outside.one("kinds", "NodeSlicePool").state == "warning"
    del cluster_of_doctor.served[MULTUS]
    found = outside.one("kinds", "NetworkAttachmentDefinition")
    assert "multus" in found.found
    assert found.state == "warning"


def test_networks_that_cannot_be_used_are_named_with_the_reason(
    outside: Doctor, cluster_of_doctor: Cluster
) -> None:
    ipam = {"type": "rowhouse", "range": "10.0.0.0/24"}
    of = {"cniVersion": "1.0.0", "type": "macvlan"}
    cluster_of_doctor.network("good", of | {"ipam": ipam})
    cluster_of_doctor.network(
        "listed", {"cniVersion": "1.0.0", "plugins": [of | {"ipam": ipam}, {"type": "tuning"}]}
    )
    cluster_of_doctor.network("other", of | {"ipam": {"type": "host-local", "range": "x"}})
    cluster_of_doctor.network("on-disk", "")
    cluster_of_doctor.network("bad", of | {"ipam": ipam | {"range": "10.0.0.0/33"}})
    cluster_of_doctor.network("empty", of | {"ipam": {"type": "rowhouse"}})
    cluster_of_doctor.network(
        "theirs", of | {"ipam": {"type": "whereabouts", "range": "10.0.0.0/33"}}
    )
    cluster_of_doctor.network("broken", "{")
    found = {one.about: one for one in outside.check("networks")}
    assert found.keys() == {"default/bad", "default/empty", "default/theirs", "default/broken", ""}
    assert "10.0.0.0/33" in found["default/bad"].found
    assert "no range given" in found["default/empty"].found
    assert found["default/bad"].state == found["default/empty"].state == "failed"
    assert found["default/theirs"].state == found["default/broken"].state == "warning"
    assert found[""].found == "2 are usable"


def test_a_pool_by_name_that_is_not_there_is_named(
    outside: Doctor, cluster_of_doctor: Cluster, database: Database, dba: Connection[TupleRow]
) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, name) SELECT id, '', '10.0.0.0/24', 'gold' FROM networks"
    )
    gold, silver = {"pool": "gold"}, {"pool": "silver"}
    for name, pools in {"good": [gold], "bad": [gold, silver]}.items():
        ipam = {"type": "rowhouse", "ipRanges": pools}
        cluster_of_doctor.network(name, {"cniVersion": "1.0.0", "type": "macvlan", "ipam": ipam})
    assert "the pool names of 2 were not checked" in outside.one("networks").found
    outside.environment["ROWHOUSE_DATABASE_URL"] = database.url
    found = {one.about: one for one in outside.check("networks")}
    assert found.keys() == {"default/bad", ""}
    assert found["default/bad"].found == 'there is no pool named "silver"'
    assert "rowhouse pool create" in found["default/bad"].remedy
    assert found[""].found == "1 are usable"


def test_a_network_that_names_a_pool_by_an_alias_is_a_warning(
    outside: Doctor,
    cluster_of_doctor: Cluster,
    database: Database,
    dba: Connection[TupleRow],
) -> None:
    dba.execute("INSERT INTO networks (name) VALUES ('')")
    dba.execute(
        "INSERT INTO pools (network_id, network_name, cidr, name) SELECT id, '', '10.0.0.0/24', 'gold' FROM networks"
    )
    dba.execute("UPDATE pools SET name = 'platinum'")
    for pool in ("gold", "platinum"):
        ipam = {"type": "rowhouse", "ipRanges": [{"pool": pool}]}
        cluster_of_doctor.network(pool, {"cniVersion": "1.0.0", "type": "macvlan", "ipam": ipam})
    outside.environment["ROWHOUSE_DATABASE_URL"] = database.url
    found = {one.about: one for one in outside.check("networks")}
    assert found["default/gold"].state == "warning"
    assert found["default/gold"].found == '"gold" is an alias of pool "platinum"'
    assert "rowhouse pool alias delete gold" in found["default/gold"].remedy
    assert found[""].found == "2 are usable"


def test_networks_are_read_with_the_servers_defaults(
    outside: Doctor, cluster_of_doctor: Cluster
) -> None:
    cluster_of_doctor.network("empty", {"type": "macvlan", "ipam": {"type": "rowhouse"}})
    server = cluster_of_doctor.objects["/apis/apps/v1/deployments"][0]
    defaults = {"name": "ROWHOUSE_CNI_DEFAULTS", "value": '{"range": "10.0.0.0/24"}'}
    server["spec"]["template"]["spec"]["containers"][0]["env"].append(defaults)
    assert [one.state for one in outside.check("networks")] == ["ok"]


def test_an_account_that_may_not_list_networks(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    cluster_of_doctor.denied.add("list network-attachment-definitions")
    found = outside.one("networks")
    assert found.state == "skipped"
    assert "cannot list" in found.found


def test_a_pod_that_is_not_ready_says_why(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    """A dead watch of the controller, tokens that cannot be verified, a node whose token is refused."""
    pods = cluster_of_doctor.objects[PODS]
    pods[2] = pod("controller", node="node1", ready=False)
    cluster_of_doctor.answers[f"{PODS}/controller-1/proxy/readyz"] = (
        503,
        {"status": "not ready", "reason": "the watch of pods has ended", "hint": ""},
    )
    found = outside.one("parts", "controller")
    assert found.state == "failed"
    assert "1 of 2 pods are Ready; controller-1: the watch of pods has ended" in found.found
    assert "kubectl logs -n kube-system controller-1" in found.remedy
    pods[4] = pod("node", node="node1", ready=False)
    cluster_of_doctor.tell("node-1", "readyz", "STATUS: 401, the token is refused\n", 503)
    assert "the token is refused" in outside.one("parts", "node").found
    pods[0] = pod("server", node="node1", ready=False, waiting="ImagePullBackOff")
    assert "ImagePullBackOff" in outside.one("parts", "server").found


def test_the_plugin_of_each_node(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    found = outside.one("nodes")
    assert found.state == "ok"
    assert VERSION in found.found
    assert "node1, node2" in found.found
    cluster_of_doctor.tell("node-2", "metrics", NODE_INFO % ("0.0.9", "rowhouse.d-00"))
    old, new = outside.check("nodes")
    assert old.state == new.state == "warning"
    assert "0.0.9" in old.found
    assert "node2" in old.found
    assert "rollout" in old.remedy.lower()
    cluster_of_doctor.tell("node-2", "metrics", "nothing of ours")
    assert outside.one("nodes", "node2").state == "warning"


def test_a_node_without_a_daemon(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    cluster_of_doctor.objects["/api/v1/nodes"].append({"metadata": {"name": "node3"}})
    found = outside.check("nodes")
    assert [one.state for one in found] == ["ok", "warning"]
    assert "node3" in found[1].found


def test_an_account_that_may_not_ask_the_nodes(outside: Doctor, cluster_of_doctor: Cluster) -> None:
    for n in (1, 2):
        cluster_of_doctor.answers[f"{PODS}/node-{n}/proxy/metrics"] = forbidden("pods/proxy")
    found = outside.one("nodes")
    assert found.state == "skipped"
    assert "rowhouse-node doctor" in found.remedy


def test_in_a_pod_the_parts_are_found_by_its_own_labels(
    cluster_of_doctor: Cluster, tmp_path: Path
) -> None:
    for kind in ("deployments", "daemonsets"):
        cluster_of_doctor.denied.add(f"list {kind}")
    inside = Doctor(
        cluster_of_doctor.kubeconfig(tmp_path),
        {"HOSTNAME": "controller-1", "ROWHOUSE_MIRROR": "false"},
    )
    own = cluster_of_doctor.objects[PODS][2]
    for place in ("default", "kube-system"):
        cluster_of_doctor.answers[f"/api/v1/namespaces/{place}/pods/controller-1"] = 200, own
    cluster_of_doctor.objects["/api/v1/namespaces/default/pods"] = cluster_of_doctor.objects[PODS]
    assert [one.state for one in inside.check("parts")] == ["ok"] * 3
    assert inside.one("permissions", "controller").found.startswith("this account has")
