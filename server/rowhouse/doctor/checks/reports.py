"""The reports of nodes' agents in the database: versions, DELs that nodes keep, and nodes that are late."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import ok, skipped, warning
from rowhouse.domain.version import VERSION
from rowhouse.store.cluster import nodes
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings
    from rowhouse.store.cluster.nodes import NodeSummary
    from rowhouse.store.connection.reads import Record

_SHOWN: Final = 5


def reports(where: Surroundings) -> Iterator[Finding]:
    """Check the last reports of each cluster's nodes. Nodes that are gone do not count."""
    with contextlib.closing(Database(where.database, pool_size=1)) as database:
        found = nodes.summary(database)
        late = nodes.search(database, state="late", limit=1000)
    if not found:
        yield skipped(
            "no node has reported within a day",
            "Agents of an older version do not report: see the check `nodes`.",
        )
    for cluster in dict.fromkeys(one.cluster for one in found):
        mine = [one for one in found if one.cluster == cluster]
        yield from _judge(cluster, mine, [row for row in late if row.cluster == cluster])


def _judge(cluster: str, found: Sequence[NodeSummary], late: Sequence[Record]) -> Iterator[Finding]:
    total, kept = sum(one.nodes for one in found), sum(one.kept_dels for one in found)
    versions = sorted({one.plugin_version or "unknown" for one in found})
    healthy = True
    if number := sum(one.late for one in found):
        healthy = False
        more = f" and {number - _SHOWN} more" if number > _SHOWN else ""
        yield warning(
            f"{number} of {total} nodes have not reported for 5 minutes:"
            f" {', '.join(row.node for row in late[:_SHOWN])}{more}",
            "Check whether the node runs, and its daemon: kubectl get pods -o wide"
            " -l app.kubernetes.io/component=node. `rowhouse node list --state late` lists them.",
            about=cluster,
        )
    if kept:
        healthy = False
        yield warning(
            f"nodes keep {kept:,} DELs until a server takes them: these addresses stay reserved",
            "They are sent again by themselves. If the number does not fall, run `rowhouse-node"
            " doctor` in the pod of a node that `rowhouse node list` shows with kept DELs.",
            about=cluster,
        )
    if versions != [VERSION]:
        healthy = False
        yield warning(
            f"the plugin's versions are {', '.join(versions)}; this is {VERSION}",
            "A rollout is in progress or stuck: kubectl rollout status ds/rowhouse-node",
            about=cluster,
        )
    if healthy:
        yield ok(f"{total} nodes report plugin {VERSION}", about=cluster)
