"""An API server that is restarted under the controller: nothing is released, nothing stops, nothing is missed after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import subnet
from k8s.running import Running, until
from rowhouse.domain.errors import TryAgain
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.pods import Pods
    from rowhouse.k8s.client import KubernetesClient

    Session = psycopg.Connection[TupleRow]

POOL = subnet("10.0.0.0/24")
RESERVATIONS = "overlappingrangeipreservations"
QUIET = ("--grace", "1s", "--settle", "1s", "--interval", "1d", "--listen", "127.0.0.1:0")


GROUP = "whereabouts.cni.cncf.io"
KINDS = ["ippools", RESERVATIONS, "nodeslicepools"]
# As in the chart: the first moment of an API server is hard on service accounts alone.
RULES = [
    {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    {
        "apiGroups": [GROUP],
        "resources": KINDS,
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    },
]


@pytest.fixture
def kube_config(kube: ApiServer, tmp_path: Path) -> Path:
    """The controller's own account."""
    kube.grant("rowhouse-controller", RULES)
    token = kube.token("rowhouse-controller")
    return kube.kubeconfig(tmp_path, namespace="kube-system", token=token)


def addresses(dba: Session) -> list[str]:
    rows = dba.execute("SELECT host(address) FROM reservations ORDER BY address").fetchall()
    return [address for (address,) in rows]


def test_nothing_is_judged_by_an_api_server_that_is_not_ready(
    kube: ApiServer, client: KubernetesClient, pods: Pods, session: Session, dba: Session
) -> None:
    pods.add("living", POOL, uid=kube.pod("living"))
    dba.execute("UPDATE attachments SET attached_at = attached_at - interval '1 hour'")
    now = [0.0]
    reconciler = Reconciler(
        session, "", KubernetesPods(client), grace=1.0, settle=1.0, clock=lambda: now[0]
    )
    reconciler.look()
    reconciler.pod_ended("default", "living")
    kube.stop()
    for ready in (None, False):
        if ready is False:
            kube.start(ready=False)
        for _ in range(3):
            now[0] += 10.0
            with pytest.raises(TryAgain):
                reconciler.look()
            with pytest.raises(TryAgain):
                reconciler.check_ended()
    kube.become_ready()
    now[0] += 10.0
    assert reconciler.look().findings == []
    assert reconciler.check_ended() == []
    assert addresses(dba) == ["10.0.0.1"]


def test_the_controller_goes_on_watching_after_a_restart(
    kube: ApiServer, pods: Pods, dba: Session, start: Callable[..., Running]
) -> None:
    """Every version from before the restart is too old; there is no full pass for a day."""
    for name in ("living", "web-0"):
        pods.add(name, POOL, uid=kube.pod(name))
    running = start(*QUIET, "--mirror")
    until(lambda: running.says('"pass"') and "10.0.0.2" in kube.specs(RESERVATIONS))
    kube.stop()
    until(lambda: running.says("watch_interrupted"))
    kube.start(ready=False)
    until(lambda: running.log.read_text().count("watch_interrupted") > 3)
    assert addresses(dba) == ["10.0.0.1", "10.0.0.2"]
    assert set(kube.specs(RESERVATIONS)) == {"10.0.0.1", "10.0.0.2"}
    kube.become_ready()
    until(lambda: running.log.read_text().count("watch_expired") >= 1)
    kube.delete_pod("web-0")
    until(lambda: addresses(dba) == ["10.0.0.1"])
    until(lambda: set(kube.specs(RESERVATIONS)) == {"10.0.0.1"})
    assert running.process.poll() is None
    assert not running.says("Traceback")
