"""The reports of nodes' agents."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import case, func, select, tuple_

from rowhouse.domain.nodes import GONE_SECONDS, LATE_SECONDS
from rowhouse.store.connection.listing import Listing, in_bytes
from rowhouse.store.connection.models import Attachment, Node
from rowhouse.store.connection.reads import rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Executable

    from rowhouse.domain.nodes import NodeReport, NodeState
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

NO_CLUSTER: Final = "-"
"""Stands for the cluster without a name in a list."""

REPORT: Final = statement(__name__, "report_node")
PRUNE: Final = statement(__name__, "prune_nodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSummary:
    """The nodes of a cluster with the same versions; nodes that are gone do not count."""

    cluster: str
    plugin_version: str
    agent_version: str
    nodes: int
    late: int
    kept_dels: int


def report(database: Database, given: NodeReport) -> None:
    """Store a report in place of the node's last one. Raises TryAgain, NotReady."""
    database.call(REPORT, asdict(given))


def search(
    database: Database,
    *,
    cluster: str | None = None,
    node: str | None = None,
    state: NodeState | None = None,
    after: tuple[str, str] | None = None,
    late_first: bool = False,
    limit: int,
) -> Sequence[Record]:
    """Return the nodes after the key `after` that meet every condition, by cluster and node.

    `unseen_seconds` is the time since the last report, by the clock of the database; `addresses` is the number of
    addresses in use on the node. Errors: TryAgain, NotReady.
    """
    held = (
        select(func.count())
        .where(Attachment.node == Node.node, Attachment.cluster == Node.cluster)
        .scalar_subquery()
    )
    unseen = func.greatest(func.extract("epoch", func.now() - Node.last_seen), 0)
    wanted = (
        select(Node, held.label("addresses"), unseen.label("unseen_seconds"))
        .order_by(*([case((_is("late"), 0), else_=1)] if late_first else []))
        .order_by(Node.cluster, Node.node)
        .limit(limit)
    )
    if cluster is not None:
        wanted = wanted.where(Node.cluster == cluster)
    if node is not None:
        wanted = wanted.where(Node.node == node)
    if state is not None:
        wanted = wanted.where(_is(state))
    if after is not None:
        wanted = wanted.where(tuple_(Node.cluster, Node.node) > after)
    return rows(database, wanted)


def listing() -> Listing:
    """Return the list of nodes; "state" sorts late nodes first and those that are gone last."""
    held = (
        select(func.count())
        .where(Attachment.node == Node.node, Attachment.cluster == Node.cluster)
        .scalar_subquery()
    )
    unseen = func.greatest(func.extract("epoch", func.now() - Node.last_seen), 0)
    state = case((_is("late"), "late"), (_is("current"), "current"), else_="gone")
    found = select(
        Node, held.label("addresses"), unseen.label("unseen_seconds"), state.label("state")
    ).subquery("nodes")
    c = found.c
    order = {"late": 0, "current": 1, "gone": 2}
    texts = ("node", "cluster", "plugin_version", "agent_version")
    return Listing(
        rows=found,
        sorts={
            "state": (case(order, value=c.state),),
            "kept_dels": (c.kept_dels,),
            "addresses": (c.addresses,),
            "last_seen": (c.last_seen,),
            **{name: (in_bytes(c[name]),) for name in texts},
        },
        key=(in_bytes(c.cluster), in_bytes(c.node)),
        searched=(func.lower(c.node), func.lower(c.cluster), c.plugin_version, c.agent_version),
        equal={"state": c.state, "cluster": case((c.cluster == "", NO_CLUSTER), else_=c.cluster)},
    )


def summary(database: Database) -> list[NodeSummary]:
    """Return the nodes by cluster and versions, without those that are gone. Errors: TryAgain, NotReady."""
    return [NodeSummary(**one._asdict()) for one in rows(database, SUMMARY)]


def prune(database: Database, *, seconds: float, at_most: int) -> int:
    """Remove one batch of nodes that have not reported for `seconds`; return their number.

    Errors: TryAgain, NotReady, the latter also if the database user is not in rowhouse_owner.
    """
    return len(database.call(PRUNE, {"seconds": seconds, "at_most": at_most}))


def _seen_within(seconds: float) -> ColumnElement[bool]:
    return Node.last_seen > func.now() - timedelta(seconds=seconds)


def _is(state: NodeState) -> ColumnElement[bool]:
    if state == "current":
        return _seen_within(LATE_SECONDS)
    if state == "late":
        return ~_seen_within(LATE_SECONDS) & _seen_within(GONE_SECONDS)
    return ~_seen_within(GONE_SECONDS)


def _summary() -> Executable:
    by = (Node.cluster, Node.plugin_version, Node.agent_version)
    return (
        select(
            *by,
            func.count().label("nodes"),
            func.count().filter(_is("late")).label("late"),
            func.sum(Node.kept_dels).label("kept_dels"),
        )
        .where(_seen_within(GONE_SECONDS))
        .group_by(*by)
        .order_by(*by)
    )


SUMMARY: Final = _summary()
