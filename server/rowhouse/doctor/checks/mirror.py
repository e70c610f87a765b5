"""The controller as the database sees it: whether one leads, and how far behind its mirror is."""

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
    """Whether a controller holds the leader's lock."""
    if diagnosis.has_leader(where.database, where.cluster):
        yield ok(f"a controller of cluster {where.cluster!r} leads")
    else:
        yield warning(
            f"no controller of cluster {where.cluster!r} leads: addresses of pods that died"
            " without a DEL stay reserved",
            "See whether it runs, and that it has the cluster's name and reaches the database itself, not PgBouncer:"
            f" {_LOGS}",
        )


def mirror(where: Surroundings) -> Iterator[Finding]:
    """What each cluster's mirror last said."""
    with MirrorStore(where.database, where.cluster) as store:
        registered = store.registered()
    if not registered:
        yield skipped("no cluster mirrors (mirror.enabled)")
    for one in registered:
        yield _judge(one)


def _judge(one: Registered) -> Finding:
    about = one.cluster
    if one.reported_ago is None or one.reported_ago > MAX_SILENCE_SECONDS:
        said = (
            "has never said anything"
            if one.reported_ago is None
            else f"is silent for {one.reported_ago:.0f} s"
        )
        return failed(
            f"the mirror {said}: its controller does not run, or its watch is dead",
            f"Restart it, and see {_LOGS}",
            about=about,
        )
    trouble, lag = one.report.get("trouble"), float(one.report.get("lag_seconds", 0.0))
    if trouble:
        return failed(str(trouble), f"See `rowhouse mirror status` and {_LOGS}", about=about)
    if lag > MAX_LAG_SECONDS:
        return failed(
            f"{lag:.0f} s behind, {one.waiting} pools wait",
            "Raise --mirror-rate, or see what the API server refuses: `rowhouse mirror status`",
            about=about,
        )
    if problems := one.report.get("problem_count", 0):
        return warning(
            f"{problems} objects cannot be expressed",
            "`rowhouse mirror status` lists them.",
            about=about,
        )
    return ok(f"{lag:.0f} s behind", about=about)
