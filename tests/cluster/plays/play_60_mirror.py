"""whereabouts' objects say exactly what the database says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.facts import IPPOOLS, RESERVATIONS
from cluster.mirrored import in_database, in_pools, in_reservations
from cluster.waiting import InVainError

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
    check(live, release, space, number=14)
    live.kubectl.run("scale", "deployment/mirrored", "--replicas=2", "--namespace", space)
    live.replicas(space, "mirrored", 2)
    live.kubectl.delete("pod", "by-itself", space)
    check(live, release, space, number=4)


def test_what_others_change_is_put_back(live: Live, release: Release, space: str) -> None:
    config = live.config("changed", range="10.110.41.0/24")
    live.kubectl.apply(
        live.make.network("changed", space, config), live.make.pod("a", space, "changed")
    )
    live.running(space, ["a"])
    check(live, release, space, number=1)
    live.kubectl.delete(RESERVATIONS, "10.110.41.1", live.namespace)
    patch = '{"spec": {"allocations": {"1": null}}}'
    where = ["--namespace", live.namespace]
    live.kubectl.run("patch", IPPOOLS, "10.110.41.0-24", *where, "--type=merge", f"--patch={patch}")
    check(live, release, space, number=1)


def check(live: Live, release: Release, space: str, *, number: int) -> None:
    """Wait until database, IPPools and reservations are equal, and the product says so as well.

    `number` is how many addresses the pods of a namespace have then.
    """

    last = ""

    def look() -> bool | None:
        nonlocal last
        wanted = in_database(release.reservations(), f"test-{live.run}")
        pools = in_pools(live.kubectl.list(IPPOOLS, live.namespace))
        reserved = in_reservations(live.kubectl.list(RESERVATIONS, live.namespace))
        ours = [pod for _, pod in wanted if pod.startswith(f"{space}/")]
        last = (
            f"{len(ours)} addresses of {space} instead of {number}; not in the database, or not in the objects:"
            f"\n  IPPools: {sorted(wanted ^ pools)}\n  reservations: {sorted(wanted ^ reserved)}"
        )
        return (len(ours) == number and wanted == pools == reserved) or None

    try:
        live.wait(look, "objects and database are equal", live.namespace, seconds=120)
    except InVainError as failure:
        raise InVainError(f"{failure}\n{last}") from None
    assert release.mirror_differences() == []
