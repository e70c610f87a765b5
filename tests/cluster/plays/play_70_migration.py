"""Moving from whereabouts and back, with objects as whereabouts leaves them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster.facts import IPPOOLS, RESERVATIONS
from cluster.mirrored import in_pools
from cluster.pods import addresses_of
from cluster.release import NAME

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.programs import Object
    from cluster.release import Release

VERSION = "whereabouts.cni.cncf.io/v1alpha1"


def test_addresses_are_imported_kept_by_their_pods_and_written_back(
    live: Live, release: Release, space: str
) -> None:
    """`space` stands for whereabouts' namespace, and web-0 for a pod that it served."""
    kubectl = live.kubectl
    kubectl.apply(*objects(live, space, {"7": "web-0", "9": "gone"}))
    # No controller meanwhile: it would release what no pod holds yet, and prove nothing.
    on = ["--set=import.whereabouts.enabled=true", "--set=controller.replicas=0"]
    on.append(f"--set=import.whereabouts.namespace={space}")
    release.upgrade(*on, "--set=import.whereabouts.dryRun=true")
    said = job_log(live)
    assert "would be: 1 pools and slices new; addresses: 2 new" in said
    assert release.holders(space, part="server") == {}
    release.upgrade(*on)
    assert "done: 1 pools and slices new; addresses: 2 new" in job_log(live)
    imported = {"web-0": {"10.110.50.7"}, "gone": {"10.110.50.9"}}
    assert release.holders(space, part="server") == imported

    # The switch: the pod of that name gets the address that it had, and another one a free address.
    config = live.config("moved", range="10.110.50.0/24", range_start="10.110.50.7")
    kubectl.apply(
        live.make.network("moved", space, config),
        live.make.pod("web-0", space, "moved"),
        live.make.pod("new", space, "moved"),
    )
    found = live.running(space, ["web-0", "new"])
    assert addresses_of(found["web-0"]) == ["10.110.50.7"]
    assert addresses_of(found["new"]) == ["10.110.50.8"]
    # The entry of a pod that is not there is released by the controller.
    release.upgrade()
    wanted = {"web-0": {"10.110.50.7"}, "new": {"10.110.50.8"}}
    release.wait_for_holders(space, wanted)

    # Back: no server, then objects that are true.
    try:
        release.stop_servers()
        release.rowhouse("mirror", "resync")
        assert release.mirror_differences() == []
        pool = kubectl.get(IPPOOLS, "10.110.50.0-24", live.namespace)
        assert pool is not None
        entries = {("10.110.50.7", f"{space}/web-0"), ("10.110.50.8", f"{space}/new")}
        assert in_pools([pool]) == entries
        reserved = kubectl.get(RESERVATIONS, "10.110.50.8", live.namespace)
        assert reserved is not None
        assert reserved["spec"]["podref"] == f"{space}/new"
    finally:
        release.upgrade()
    # And in again: all of it is there.
    release.upgrade(
        "--set=import.whereabouts.enabled=true",
        f"--set=import.whereabouts.namespace={live.namespace}",
    )
    assert re.search(r"\b0 conflict", job_log(live)), job_log(live)
    assert release.holders(space) == wanted
    release.upgrade("--set=import.whereabouts.enabled=false")


def objects(live: Live, space: str, allocations: dict[str, str]) -> list[Object]:
    """An IPPool and its reservations, as whereabouts v0.9 writes them."""
    labels = live.make.labels
    entries = {
        key: {"id": f"{pod}-sandbox", "ifname": "net1", "podref": f"{space}/{pod}"}
        for key, pod in allocations.items()
    }
    pool = {
        "apiVersion": VERSION,
        "kind": "IPPool",
        "metadata": {"name": "10.110.50.0-24", "namespace": space, "labels": labels},
        "spec": {"range": "10.110.50.0/24", "allocations": entries},
    }
    reservations = [
        {
            "apiVersion": VERSION,
            "kind": "OverlappingRangeIPReservation",
            "metadata": {"name": f"10.110.50.{key}", "namespace": space, "labels": labels},
            "spec": {"containerid": one["id"], "ifname": "net1", "podref": one["podref"]},
        }
        for key, one in entries.items()
    ]
    return [pool, *reservations]


def job_log(live: Live) -> str:
    """What the import's Job of the newest revision said."""
    selector = f"app.kubernetes.io/instance={NAME},app.kubernetes.io/component=import"
    where = ["--namespace", live.namespace]
    jobs = live.kubectl.list("jobs", live.namespace, selector)
    newest = max(jobs, key=lambda one: str(one["metadata"]["creationTimestamp"]))
    return live.kubectl.text("logs", f"job/{newest['metadata']['name']}", *where)
