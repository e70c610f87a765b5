"""No part is ready that cannot do its work, so `helm install --wait` fails; each says why, and goes on by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chart.running import QUICK, Running, asked, eventually, grant, installed, running, started

if TYPE_CHECKING:
    from pathlib import Path

    from chart.helm import Helm

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)

EKS = "https://oidc.eks.eu-central-1.amazonaws.com/id/4F7C2A91D35B0E6688AA"
PARTS = ("server", "node", "controller")


def ready(release: Running, part: str) -> tuple[int, str]:
    """What the kubelet learns of a part: status and reason, and the hint with it."""
    status, body = asked(release.kubelet, release.release.pod(part), "readinessProbe")
    if part == "node" or not body:
        return status, body
    said = json.loads(body)
    return status, f"{said.get('reason', '')} {said.get('hint', '')}"


def all_ready(release: Running, parts: tuple[str, ...]) -> bool:
    return all(ready(release, part)[0] == 200 for part in parts)


def environment(release: Running, plugin: Path, folder: Path) -> dict[str, Any]:
    return release.as_controller(folder) | {"ROWHOUSE_NODE_PLUGIN": str(plugin.parent)}


@pytest.mark.slow
def test_the_default_values_fit_a_cluster_with_an_unknown_issuer(
    helm: Helm, plugin: Path, tmp_path: Path
) -> None:
    with installed(helm.template("", *QUICK), tmp_path, issuer=EKS) as release:
        release.migrate()
        uid = release.kubernetes.pod("web-0", namespace="shop", node="node1")
        with running(release.kubelet, *PARTS, **environment(release, plugin, tmp_path)):
            assert "192.168.40.1/24" in release.call("ADD", "web-0", uid=uid)
            status, body = asked(release.kubelet, release.release.pod("server"), "readinessProbe")
            [cluster] = json.loads(body)["clusters"]
            assert (status, cluster["issuers"], cluster["cluster"]) == (200, [EKS], "prod-a")
        said = release.kubelet.log_of(release.release.pod("server")).read_text()
        assert "issuer_found" in said
        assert EKS in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "path", "parts"),
    # How tokens are verified is nothing to the controller, which looks ever more seldom.
    [("false", "openid/v1/jwks", PARTS), ("true", "tokenreviews", PARTS[:2])],
    ids=["keys", "token reviews"],
)
def test_an_api_server_that_refuses_everything_keeps_every_part_from_being_ready(
    helm: Helm, plugin: Path, tmp_path: Path, way: str, path: str, parts: tuple[str, ...]
) -> None:
    rendered = helm.template("", *QUICK, f"--set=kubernetes.tokenReview={way}")
    with installed(rendered, tmp_path) as release:
        release.migrate()
        release.kubernetes.faults.deny()
        more = environment(release, plugin, tmp_path)
        with started(release.kubelet, *parts, **more) as processes:
            eventually(lambda: path in ready(release, "server")[1], "the server does not say why")
            eventually(lambda: path in ready(release, "node")[1], "the node does not say why")
            if "controller" in parts:
                eventually(
                    lambda: "forbidden" in ready(release, "controller")[1],
                    "the controller does not say why",
                )
                assert "ClusterRole" in ready(release, "controller")[1]
            assert {ready(release, part)[0] for part in parts} == {503}
            assert "needs the cluster role system:" in ready(release, "server")[1]
            release.kubernetes.faults.heal()
            eventually(lambda: all_ready(release, parts), "not ready though all is well")
            assert all(process.poll() is None for process in processes.values())
            uid = release.kubernetes.pod("web-0", namespace="shop", node="node1")
            assert "192.168.40.1/24" in release.call("ADD", "web-0", uid=uid)
        for part, line in (("server", "tokens_not_verifiable"), ("controller", "check_failed")):
            if part not in parts:
                continue
            said = release.kubelet.log_of(release.release.pod(part)).read_text().splitlines()
            lines = [one.partition("reason")[2] for one in said if line in one]
            assert lines
            assert len(set(lines)) == len(lines), "a line comes again and again"


@pytest.mark.slow
def test_accounts_without_their_roles_are_named_until_they_have_them(
    helm: Helm, plugin: Path, tmp_path: Path
) -> None:
    """As with `rbac.create=false`, and with a node's account that the server does not know."""
    review = "--set=kubernetes.tokenReview=true"
    whole = helm.template("", *QUICK, review)
    without = helm.template("", *QUICK, review, "--set=rbac.create=false")
    with installed(without, tmp_path) as release:
        release.migrate()
        more = environment(release, plugin, tmp_path)
        more["ROWHOUSE_NODE_SERVICE_ACCOUNTS"] = "kube-system/another"
        with started(release.kubelet, *PARTS, **more):
            eventually(
                lambda: "system:auth-delegator" in ready(release, "server")[1],
                "the server does not name the role",
            )
            eventually(
                lambda: (
                    "the account may not get pods, list pods" in ready(release, "controller")[1]
                ),
                "the controller does not name the permissions",
            )
            grant(release.kubernetes, whole)
            eventually(
                lambda: ready(release, "server")[0] == ready(release, "controller")[0] == 200,
                "not ready though all is granted",
            )
            eventually(
                lambda: "ROWHOUSE_NODE_SERVICE_ACCOUNTS" in ready(release, "node")[1],
                "the node does not say that its account is refused",
            )
            assert ready(release, "node")[0] == 503
