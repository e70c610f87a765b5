"""Metrics of the nodes, as they report: versions, kept DELs, and those that are late."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rowhouse import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client.core import Metric

    from rowhouse.store.cluster.nodes import NodeSummary

MAX_SERIES: Final = 20
"""Nodes choose the text of their versions, so only this many become series; the rest is "other"."""

MAX_CLUSTERS: Final = 50
_OTHER: Final = "other"


def node_metrics(found: Sequence[NodeSummary]) -> Iterator[Metric]:
    """Return the metrics of these nodes."""
    sizes: Counter[str] = Counter()
    for one in found:
        sizes[one.cluster] += one.nodes
    shown = {cluster for cluster, _ in sizes.most_common(MAX_CLUSTERS)}
    versions: Counter[tuple[str, str, str]] = Counter()
    late: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for one in found:
        cluster = one.cluster if one.cluster in shown else _OTHER
        versions[cluster, one.plugin_version, one.agent_version] += one.nodes
        late[cluster] += one.late
        kept[cluster] += one.kept_dels
    yield _by_version(versions)
    for metric, counted in ((metrics.NODES_LATE, late), (metrics.NODES_KEPT_DELS, kept)):
        family = metric.gauge()
        for cluster, number in counted.items():
            family.add_metric([cluster], number)
        yield family


def _by_version(versions: Counter[tuple[str, str, str]]) -> Metric:
    few: Counter[tuple[str, str, str]] = Counter()
    for rank, ((cluster, plugin, agent), nodes) in enumerate(versions.most_common()):
        few[(cluster, plugin, agent) if rank < MAX_SERIES else (cluster, _OTHER, _OTHER)] += nodes
    family = metrics.NODES.gauge()
    for labels, nodes in few.items():
        family.add_metric(labels, nodes)
    return family
