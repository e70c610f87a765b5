"""`helm install --wait` ends when the pods are ready, and then an ADD is served; it fails when one never is."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest

from chart.cluster import serving
from chart.controllers import bind_claims, tell
from chart.helm import CHART, NAMESPACE
from chart.running import QUICK, asked, eventually, installed, running, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from chart.cluster import Cluster
    from chart.helm import Helm
    from chart.running import Running

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)

OURS = [("Deployment", "server"), ("DaemonSet", "node"), ("Deployment", "controller")]


def environment(release: Running, plugin: Path, folder: Path) -> dict[str, str]:
    """What the parts find in a cluster: its API, and the plugin in their image."""
    config = str(release.kubernetes.kubeconfig(folder))
    return {"KUBECONFIG": config, "ROWHOUSE_NODE_PLUGIN": str(plugin.parent)}


@contextlib.contextmanager
def installing(
    helm: Helm, folder: Path, seconds: int
) -> Iterator[tuple[Cluster, list[subprocess.CompletedProcess[str]], threading.Thread]]:
    """`helm install --wait` in a thread; the cluster once everything is made, and what helm ends with."""
    done: list[subprocess.CompletedProcess[str]] = []
    with serving(folder) as (cluster, kubeconfig):

        def install() -> None:
            line = ("install", "rowhouse", str(CHART), f"--namespace={NAMESPACE}", *QUICK)
            waits = ("--wait", "--wait-for-jobs", f"--timeout={seconds}s")
            done.append(helm.run(*line, *waits, KUBECONFIG=str(kubeconfig)))

        helming = threading.Thread(target=install)
        helming.start()
        try:
            eventually(
                lambda: bool(
                    cluster.find("CronJob", "rowhouse-backup")
                    and cluster.find("CronJob", "rowhouse-restore")
                ),
                "helm has not made everything",
            )
            bind_claims(cluster)
            yield cluster, done, helming
        finally:
            cluster.close()
            helming.join()


def migrated(cluster: Cluster, release: Running) -> None:
    """PostgreSQL and the migration, which need nothing of Kubernetes."""
    tell(cluster, "StatefulSet", "rowhouse-postgresql")
    release.migrate()
    tell(cluster, "Job", release.release.pod("migrate").owner["metadata"]["name"])


@pytest.mark.slow
def test_an_install_that_waits_ends_with_ready_pods_and_an_add_is_served(
    helm: Helm, plugin: Path, tmp_path: Path
) -> None:
    with (
        installing(helm, tmp_path, 90) as (cluster, done, helming),
        installed(cluster.release, tmp_path) as release,
    ):
        migrated(cluster, release)
        # `running` is over when the readiness probes of the manifests succeed.
        more = environment(release, plugin, tmp_path)
        with running(release.kubelet, *[part for _, part in OURS], **more):
            for kind, part in OURS:
                assert not done, f"helm did not wait for {kind} {part}"
                tell(cluster, kind, f"rowhouse-{part}")
            helming.join()
            assert done[0].returncode == 0, done[0].stderr
            assert "192.168.40.1/24" in release.call("ADD", "web-0")


@pytest.mark.slow
def test_an_install_that_waits_fails_where_no_token_can_be_verified(
    helm: Helm, plugin: Path, tmp_path: Path
) -> None:
    # What runs is there before helm waits for it, so that helm may wait for seconds only.
    with installed(helm.template("", *QUICK), tmp_path) as release:
        release.migrate()
        release.kubernetes.faults.deny()
        more = environment(release, plugin, tmp_path)
        with started(release.kubelet, *[part for _, part in OURS], **more):
            server = release.release.pod("server")
            eventually(
                lambda: asked(release.kubelet, server, "readinessProbe")[0] == 503,
                "the server does not answer",
            )
            with installing(helm, tmp_path, 8) as (cluster, done, helming):
                tell(cluster, "StatefulSet", "rowhouse-postgresql")
                (job,) = cluster.release.of("Job")
                tell(cluster, "Job", job["metadata"]["name"])
                # As the kubelet and the controllers do: a part is ready when its probe succeeds.
                while not done:
                    for kind, part in OURS:
                        pod = release.release.pod(part)
                        if asked(release.kubelet, pod, "readinessProbe")[0] == 200:
                            tell(cluster, kind, f"rowhouse-{part}")
                    helming.join(0.5)
        assert done[0].returncode != 0
        assert "rowhouse-server" in done[0].stderr, done[0].stderr
