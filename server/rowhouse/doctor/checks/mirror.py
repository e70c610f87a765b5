"""The controller's state in the database: whether one leads, and how far behind its mirror is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import failed, ok, skipped, warning
from rowhouse.store.cluster.mirror import MirrorStore
from rowhouse.store.connection import diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings
    from rowhouse.store.cluster.mirror import Registered

MAX_LAG_SECONDS: Final = 300.0
"""As in the alert RowhouseMirrorBehind."""
MAX_SILENCE_SECONDS: Final = 60.0
"""A controller reports its mirror every 15 seconds."""
_LOGS: Final = "kubectl logs deploy/rowhouse-controller"


def leader(where: Surroundings) -> Iterator[Finding]:
    """Check whether a controller holds the leader's lock."""
    if diagnosis.has_leader(where.database, where.cluster):
        yield ok(f"cluster {where.cluster!r} has a leading controller")
    else:
        yield warning(
            f"cluster {where.cluster!r} has no leading controller: addresses of pods that died"
            " without a DEL stay reserved",
            "Check that it is running, has the cluster's name, and connects to the database itself, not to PgBouncer:"
            f" {_LOGS}",
        )


def mirror(where: Surroundings) -> Iterator[Finding]:
    """Check the last report of each cluster's mirror."""
    with MirrorStore(where.database, where.cluster) as store:
        registered = store.registered()
    if not registered:
        yield skipped("no cluster has a mirror (mirror.enabled)")
    for one in registered:
        yield _judge(one)


def _judge(one: Registered) -> Finding:
    about = one.cluster
    if one.reported_ago is None or one.reported_ago > MAX_SILENCE_SECONDS:
        said = (
            "has never reported"
            if one.reported_ago is None
            else f"has not reported for {one.reported_ago:.0f} s"
        )
        return failed(
            f"the mirror {said}: its controller is not running, or its watch is stuck",
            f"Restart it, and see {_LOGS}",
            about=about,
        )
    trouble, lag = one.report.get("trouble"), float(one.report.get("lag_seconds", 0.0))
    if trouble:
        return failed(str(trouble), f"See `rowhouse mirror status` and {_LOGS}", about=about)
    if lag > MAX_LAG_SECONDS:
        return failed(
            f"{lag:.0f} s behind, {one.waiting} pools waiting",
            "Raise --mirror-rate, or check what the API server refuses: `rowhouse mirror status`",
            about=about,
        )
    if problems := one.report.get("problem_count", 0):
        return warning(
            f"{problems} entries cannot be expressed in whereabouts' objects",
            "`rowhouse mirror status` lists them.",
            about=about,
        )
    return ok(f"{lag:.0f} s behind", about=about)
