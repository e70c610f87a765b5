"""Nodes: the last reports of their agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Cluster, Moment, Name
from rowhouse.domain.nodes import NodeState, state_of
from rowhouse.store.cluster import nodes as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call
    from rowhouse.store.connection.reads import Record

_KEY: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[Cluster, Name])


class Node(Answer):
    """What the agent of a node last reported."""

    cluster: str
    node: str
    state: Annotated[
        NodeState,
        Field(description="late: no report for 5 minutes; gone: no report for a day"),
    ]
    plugin_version: Annotated[str, Field(description="Empty: the agent does not know it")]
    agent_version: str
    kept_dels: Annotated[int, Field(description="DELs that it keeps until a server takes them")]
    kept_bytes: Annotated[int, Field(description="Their size on its disk")]
    addresses: Annotated[int, Field(description="Addresses that its sandboxes use")]
    started_at: Annotated[Moment, Field(description="Start of the agent, by the node's clock")]
    first_seen: Moment
    last_seen: Moment
    unseen_seconds: Annotated[float, Field(description="Time since the last report")]

    @classmethod
    def of(cls, row: Record) -> Node:
        """Convert a row to its document."""
        return cls.model_validate(row._asdict() | {"state": state_of(float(row.unseen_seconds))})


class NodePage(paging.Page[Node]):
    """Nodes, by cluster and name."""


class NodeQuery(paging.Paged):
    """Filters for nodes."""

    cluster: Cluster | None = None
    node: Annotated[Name | None, Field(description="The whole name")] = None
    state: NodeState | None = None


def list_nodes(call: Call, query: NodeQuery) -> Reply:
    """List the nodes whose agents have reported."""
    found = rows.search(
        call.store,
        cluster=query.cluster,
        node=query.node,
        state=query.state,
        after=paging.key_of(query, _KEY),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            NodePage, query, found, item=Node.of, key=lambda row: (row.cluster, row.node)
        )
    )
