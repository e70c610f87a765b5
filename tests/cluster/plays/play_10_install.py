"""The chart is installed as docs/install.md says, and all of it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.pods import is_running
from cluster.release import NAME

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.release import Release


def test_every_part_runs_and_the_node_daemon_does_on_every_node(
    live: Live, release: Release
) -> None:
    live.kubectl.run("get", "pods", "--namespace", live.namespace, "--output=wide")
    for kind, part in (
        ("deployment", "server"),
        ("deployment", "controller"),
        ("daemonset", "node"),
        # Another StatefulSet where it has no volume: what a claim is cannot be changed.
        ("statefulset", release.database),
    ):
        release.rollout(kind, part, seconds=60)
    daemons = live.kubectl.list("pods", live.namespace, "app.kubernetes.io/component=node")
    on = {one["spec"]["nodeName"] for one in daemons if is_running(one)}
    assert on >= set(live.facts.nodes)


def test_helm_test_passes(live: Live, release: Release) -> None:
    where = ["--namespace", live.namespace]
    live.helm.run("test", NAME, *where, "--logs", "--timeout=300s", seconds=400)
    assert release.reservations("helm-test") == []


def test_two_servers_and_two_controllers_are_on_two_nodes(
    live: Live, release: Release, two_nodes: tuple[str, str]
) -> None:
    assert two_nodes
    for part in ("server", "controller"):
        selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/component={part}"
        pods = live.kubectl.list("pods", live.namespace, selector)
        on = {one["spec"]["nodeName"] for one in pods if is_running(one)}
        assert len(on) == 2, f"all {part} pods are on {on}"
    assert release.rowhouse("db", "check", part="server") is not None
