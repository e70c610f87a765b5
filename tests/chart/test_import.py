"""The Job that imports whereabouts' addresses: as rendered, on the bundled PostgreSQL, from an API server."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import yaml

from chart.kubelet import Kubelet
from chart.running import QUICK, installed
from fixtures.apiserver.http.route import route_of
from fixtures.whereabouts import entry, ip_pool, listed, pod, reservation

if TYPE_CHECKING:
    from pathlib import Path

    from chart.helm import Helm
    from chart.manifests import Object, Release
    from chart.running import Running
    from fixtures.apiserver import ApiServer

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)

ON = ("--set=import.whereabouts.enabled=true", "--set=import.whereabouts.namespace=kube-system")


def filled(kubernetes: ApiServer) -> None:
    """A cluster with whereabouts: one pod that runs, and one entry that cannot be read."""
    kubernetes.node("node1")
    allocations = {"1": entry("shop/web-0", "w0"), "-7": entry("shop/web-0", "w0")}
    kubernetes.put("ippools", ip_pool("192.168.40.0/24", allocations))
    kubernetes.put("overlappingrangeipreservations", reservation("192.168.40.1", "shop/web-0"))
    kubernetes.put("pods", pod("shop/web-0", {"192.168.40.1": "net1"}))


def job_of(running: Running, release: Release, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run the Job of another rendering of the same release, as its pod does."""
    kubelet = running.kubelet
    other = Kubelet(
        release,
        kubelet.folder,
        node=kubelet.node,
        token=kubelet.token,
        places=kubelet.places,
        services=kubelet.services,
        hosts=kubelet.hosts,
        brought=kubelet.brought,
    )
    # Passwords are random in each rendering, and kept by `lookup` in a cluster.
    for secret in kubelet.release.of("Secret"):
        name = secret["metadata"]["name"]
        other.brought["Secret", name] = kubelet._data("Secret", name)
    config = str(running.kubernetes.kubeconfig(tmp_path))
    return other.run(release.pod("import"), KUBECONFIG=config)


@pytest.mark.slow
def test_the_job_shows_and_then_imports_what_whereabouts_assigned(
    helm: Helm, tmp_path: Path
) -> None:
    with installed(helm.template("", *QUICK), tmp_path) as running:
        running.migrate()
        filled(running.kubernetes)
        look = helm.template("", *QUICK, *ON, "--set=import.whereabouts.dryRun=true")
        done = job_of(running, look, tmp_path)
        assert "+ 192.168.40.1     shop/web-0 net1" in done.stdout, done.stderr
        assert "would be: 1 pools and slices new; addresses: 1 new" in done.stdout
        assert running.holders() == {}

        release = helm.template("", *QUICK, *ON)
        seen = len(running.kubernetes.seen)
        done = job_of(running, release, tmp_path)
        assert "done: 1 pools and slices new; addresses: 1 new" in done.stdout, done.stderr
        assert "key -7 is negative" in done.stdout
        assert running.holders() == {"web-0": ("192.168.40.1", "node1", "prod-a")}

        # Done, but for what it reports: the Job fails at once, and is not tried twenty times.
        assert done.returncode == 6
        spec = release.pod("import").owner["spec"]
        (rule,) = spec["podFailurePolicy"]["rules"]
        assert rule["action"] == "FailJob"
        assert 6 in rule["onExitCodes"]["values"]
        assert 4 not in rule["onExitCodes"]["values"]  # Kubernetes or the database is away

        asked = running.kubernetes.seen[seen:]
        assert asked
        for request in asked:
            assert allowed(release, request), request


def test_the_servers_pod_imports_from_standard_input(helm: Helm, tmp_path: Path) -> None:
    """kubectl exec -i deployment/rowhouse-server -- rowhouse import whereabouts -"""
    objects = listed(
        ip_pool("192.168.40.0/24", {"1": entry("shop/web-0", "w0")}),
        pod("shop/web-0", {"192.168.40.1": "net1"}),
    )
    with installed(helm.template("", *QUICK), tmp_path) as running:
        running.migrate()
        server = running.release.pod("server")
        running.kubelet.mounts(server)
        done = subprocess.run(
            ["rowhouse", "import", "whereabouts", "-"],
            env=running.kubelet.environment(server),
            input=yaml.safe_dump(objects),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert running.holders() == {"web-0": ("192.168.40.1", "node1", "prod-a")}


def allowed(release: Release, request: str) -> bool:
    """Whether the Job's account may make a request, such as "GET /api/v1/pods?limit=500"."""
    method, _, url = request.partition(" ")
    route = route_of(method, urlsplit(url).path, {})
    assert route.is_object, url
    account = release.pod("import").spec["serviceAccountName"]
    roles = [
        binding["roleRef"]["name"]
        for binding in release.of("ClusterRoleBinding")
        if account in [one["name"] for one in binding["subjects"]]
    ]
    rules: list[Object] = [
        rule for name in roles for rule in release.one("ClusterRole", name)["rules"]
    ]
    return any(
        route.group in rule["apiGroups"]
        and route.resource in rule["resources"]
        and route.verb in rule["verbs"]
        for rule in rules
    )
