"""whereabouts' objects say exactly what the database says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.facts import IPPOOLS, RESERVATIONS
from cluster.mirrored import in_database, in_pools, in_reservations

if TYPE_CHECKING:
    from cluster.live import Live
    from cluster.release import Release


def test_the_objects_are_those_of_the_database_while_pods_come_and_go(
    live: Live, release: Release, space: str
) -> None:
    ranges = [{"range": "10.110.40.0/24"}, {"range": "fd11:40::/112"}]
    live.kubectl.apply(
        live.make.network("mirrored", space, live.config("mirrored", ipRanges=ranges)),
        live.make.deployment("mirrored", space, "mirrored", 6),
        live.make.pod("by-itself", space, "mirrored"),
    )
    live.replicas(space, "mirrored", 6)
    live.running(space, ["by-itself"])
    check(live, release, at_least=14)
    live.kubectl.run("scale", "deployment/mirrored", "--replicas=2", "--namespace", space)
    live.replicas(space, "mirrored", 2)
    live.kubectl.delete("pod", "by-itself", space)
    check(live, release, at_least=4)


def test_what_others_change_is_put_back(live: Live, release: Release, space: str) -> None:
    config = live.config("changed", range="10.110.41.0/24")
    live.kubectl.apply(
        live.make.network("changed", space, config), live.make.pod("a", space, "changed")
    )
    live.running(space, ["a"])
    check(live, release, at_least=1)
    live.kubectl.delete(RESERVATIONS, "10.110.41.1", live.namespace)
    patch = '{"spec": {"allocations": {"1": null}}}'
    where = ["--namespace", live.namespace]
    live.kubectl.run("patch", IPPOOLS, "10.110.41.0-24", *where, "--type=merge", f"--patch={patch}")
    check(live, release, at_least=1)


def check(live: Live, release: Release, *, at_least: int) -> None:
    """Wait until database, IPPools and reservations are equal, and the product says so as well."""

    def look() -> bool | None:
        wanted = in_database(release.reservations(), f"test-{live.run}")
        pools = in_pools(live.kubectl.list(IPPOOLS, live.namespace))
        reserved = in_reservations(live.kubectl.list(RESERVATIONS, live.namespace))
        return (len(wanted) >= at_least and wanted == pools == reserved) or None

    live.wait(look, "objects and database are equal", live.namespace, seconds=120)
    assert release.mirror_differences() == []
