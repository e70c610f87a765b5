"""`helm install --wait` ends when the pods are ready, and then an ADD is served."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from chart.cluster import serving
from chart.controllers import bind_claims, tell
from chart.helm import CHART, NAMESPACE
from chart.running import QUICK, eventually, installed, running

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from chart.helm import Helm

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)

OURS = [("Deployment", "server"), ("DaemonSet", "node"), ("Deployment", "controller")]


def test_an_install_that_waits_ends_with_ready_pods_and_an_add_is_served(
    helm: Helm, plugin: Path, tmp_path: Path
) -> None:
    done: list[subprocess.CompletedProcess[str]] = []
    with serving(tmp_path) as (cluster, kubeconfig):

        def install() -> None:
            line = ("install", "rowhouse", str(CHART), f"--namespace={NAMESPACE}", *QUICK)
            waits = ("--wait", "--wait-for-jobs", "--timeout=90s")
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
            with installed(cluster.release, tmp_path) as release:
                tell(cluster, "StatefulSet", "rowhouse-postgresql")
                release.migrate()
                tell(cluster, "Job", release.release.pod("migrate").owner["metadata"]["name"])
                config = {"KUBECONFIG": str(release.kubernetes.kubeconfig(tmp_path))}
                image = {"ROWHOUSE_NODE_PLUGIN": str(plugin.parent)}
                # `running` is over when the readiness probes of the manifests succeed.
                with running(release.kubelet, *[part for _, part in OURS], **config, **image):
                    for kind, part in OURS:
                        assert not done, f"helm did not wait for {kind} {part}"
                        tell(cluster, kind, f"rowhouse-{part}")
                    helming.join()
                    assert done[0].returncode == 0, done[0].stderr
                    assert "192.168.40.1/24" in release.call("ADD", "web-0")
        finally:
            cluster.close()
            helming.join()
