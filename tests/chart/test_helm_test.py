"""`helm test` as a command, on a cluster whose node runs what helm makes."""

from __future__ import annotations

import contextlib
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from chart.cluster import Cluster, serving
from chart.helm import CHART, NAMESPACE
from chart.manifests import Pod, pod_of
from chart.running import QUICK, Running, installed, running

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from chart.helm import Helm

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)


@dataclass
class Node:
    """A cluster in which helm has installed the release, and the processes that stand for its pods."""

    helm: Helm
    cluster: Cluster
    kubeconfig: Path
    release: Running
    plugin: Path
    api: Path
    """A kubeconfig for the API server that the doctor asks."""

    def test(self) -> subprocess.CompletedProcess[str]:
        """Run `helm test`, and as a kubelet does whatever pod it makes."""
        line = ("test", "rowhouse", f"--namespace={NAMESPACE}", "--logs", "--timeout=90s")
        kubelet = threading.Thread(target=self._run_pods)
        kubelet.start()
        try:
            return self.helm.run(*line, KUBECONFIG=str(self.kubeconfig))
        finally:
            self.cluster.close()
            kubelet.join()

    def pods(self) -> dict[str, Pod]:
        """Path → pod, of those that are no workload's."""
        found = {path: one for path, one in self.cluster.objects.items() if one["kind"] == "Pod"}
        return {path: pod for path, one in found.items() if (pod := pod_of(one))}

    def _run_pods(self) -> None:
        """Helm makes one, waits for its end, and makes the next."""
        done: set[str] = set()
        while True:
            with self.cluster.changed:
                self.cluster.changed.wait_for(
                    lambda: self.cluster.closed or self.pods().keys() - done
                )
                waiting = {path: pod for path, pod in self.pods().items() if path not in done}
            if not waiting:
                return
            ((path, pod),) = waiting.items()
            done.add(path)
            self._run(path, pod)

    def _run(self, path: str, pod: Pod) -> None:
        self.cluster.set_status(path, {"phase": "Running"})
        done = self.release.kubelet.run(
            pod,
            # The folder that its image has, and the Service's name, which this machine does not know.
            ROWHOUSE_NODE_PLUGIN=str(self.plugin.parent),
            ROWHOUSE_NODE_SERVER_NAME="rowhouse.kube-system.svc",
            **({"KUBECONFIG": str(self.api)} if pod.part == "doctor" else {}),
        )
        self.cluster.logs[path] = done.stdout + done.stderr
        phase = "Failed" if done.returncode else "Succeeded"
        self.cluster.set_status(path, {"phase": phase})


@pytest.fixture
def node(helm: Helm, plugin: Path, tmp_path: Path) -> Iterator[Node]:
    with contextlib.ExitStack() as stack:
        cluster, kubeconfig = stack.enter_context(serving(tmp_path))
        line = ("install", "rowhouse", str(CHART))
        where = f"--namespace={NAMESPACE}"
        done = helm.run(*line, where, *QUICK, KUBECONFIG=str(kubeconfig))
        assert done.returncode == 0, done.stderr
        release = stack.enter_context(installed(cluster.release, tmp_path))
        (tmp_path / "api").mkdir()
        api = release.kubernetes.kubeconfig(tmp_path / "api")
        yield Node(helm, cluster, kubeconfig, release, plugin, api)


@pytest.mark.slow
def test_helm_test_does_an_add_and_a_del_through_the_plugin(node: Node) -> None:
    node.release.migrate()
    with running(node.release.kubelet, "server"):
        done = node.test()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Phase:          Succeeded" in done.stdout
    assert "ADD and DEL: ok" in done.stdout
    assert re.search(r"^STATUS +ok ", done.stdout, re.MULTILINE)
    assert node.release.holders() == {}
    assert re.search(r"^grants +- +ok ", done.stdout, re.MULTILINE)
    assert re.search(r"^permissions +controller +ok ", done.stdout, re.MULTILINE)
    # Nothing is left that the next uninstall would leave behind.
    assert node.pods() == {}


@pytest.mark.slow
def test_helm_test_fails_when_the_server_is_away(node: Node) -> None:
    node.release.migrate()
    done = node.test()
    assert done.returncode != 0
    assert "failed: STATUS: no Rowhouse server answered STATUS" in done.stdout
    assert "this node reaches them" in done.stdout
    # It stays, so that a user can look at it.
    assert len(node.pods()) == 1


def test_helm_test_names_what_keeps_the_server_from_starting(node: Node) -> None:
    done = node.test()
    assert done.returncode != 0
    assert "failed: schema: the database has no Rowhouse schema" in done.stdout
    assert "rowhouse db upgrade" in done.stdout
