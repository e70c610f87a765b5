"""The list of nodes, and the page of a node."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, get_args

from flask import render_template, request, url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.nodes import NodeState, state_of
from rowhouse.store.cluster import nodes as reports
from rowhouse.store.inventory import lookup
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import span
from rowhouse.web.table import Choice, Column, Listed, Table, exported, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from flask import Response

MAX_ATTACHMENTS: Final = 500
MAX_NODES: Final = 500
_LEVELS: Final = {"late": "warn", "gone": "bad"}


@blueprint.app_template_filter("seen")
def seen(seconds: Decimal) -> str:
    """Format the time since a node's last report, by the clock of the database."""
    shown = span(timedelta(seconds=float(seconds)))
    return f"{shown} ago" if state_of(float(seconds)) == "current" else f"not seen for {shown}"


@blueprint.get("/nodes")
@least_role("viewer")
def nodes() -> str:
    """Show the nodes that have reported, late ones first."""
    summary = reports.summary(store())
    return render_template(
        "node/list.html",
        table=shown(_table(summary)),
        total=sum(one.nodes for one in summary),
        late=sum(one.late for one in summary),
        kept_dels=sum(one.kept_dels for one in summary),
        versions=sorted({one.plugin_version or "unknown" for one in summary}),
    )


@blueprint.get("/nodes.<any(csv,json):suffix>")
@least_role("viewer")
def nodes_export(suffix: str) -> Response:
    """Export the nodes, as the table shows them."""
    return exported(_table(reports.summary(store())), suffix)


def _table(summary: Sequence[reports.NodeSummary]) -> Table:
    path = url_for("web.nodes")
    clusters = sorted({one.cluster for one in summary})
    return Table(
        name="nodes",
        label="Nodes",
        path=path,
        export=path,
        rows=Listed(store(), reports.listing()),
        sort="state",
        hint="Node, cluster, version",
        empty="No node has reported. Agents report once a minute.",
        choices=(
            Choice(
                name="state",
                label="State",
                options=[(state, state.capitalize()) for state in get_args(NodeState)],
            ),
            Choice(
                name="cluster",
                label="Cluster",
                options=[(one or reports.NO_CLUSTER, one or "default") for one in clusters],
            ),
        ),
        columns=(
            Column(
                name="node",
                label=field_name("node"),
                value=lambda row: row.node,
                href=lambda row: url_for("web.node", node=row.node, cluster=row.cluster),
            ),
            Column(
                name="cluster",
                label=field_name("cluster"),
                value=lambda row: row.cluster,
                text=lambda row: row.cluster or "default",
            ),
            Column(
                name="state",
                label=field_name("state"),
                kind="tag",
                value=lambda row: row.state,
                level=lambda row: _LEVELS.get(row.state, ""),
            ),
            Column(
                name="plugin_version",
                label="Plugin",
                value=lambda row: row.plugin_version,
                text=lambda row: row.plugin_version or "unknown",
            ),
            Column(
                name="agent_version",
                label="Agent",
                value=lambda row: row.agent_version,
                text=lambda row: row.agent_version or "unknown",
            ),
            Column(
                name="kept_dels", label="Kept DELs", kind="count", value=lambda row: row.kept_dels
            ),
            Column(
                name="addresses",
                label=field_name("addresses"),
                kind="count",
                value=lambda row: row.addresses,
            ),
            Column(
                name="last_seen",
                label="Last seen",
                kind="moment",
                value=lambda row: row.last_seen,
                text=lambda row: seen(row.unseen_seconds),
            ),
        ),
    )


@blueprint.get("/nodes/<path:node>")
@least_role("viewer")
def node(node: str) -> str:
    """Show the sandboxes of a node in one cluster (`cluster`), or in all clusters with a node of this name."""
    cluster = request.args.get("cluster")
    found = lookup.on_node(store(), node, cluster, limit=MAX_ATTACHMENTS + 1)
    told = reports.search(store(), node=node, cluster=cluster, limit=MAX_NODES)
    return render_template(
        "node/page.html",
        node=node,
        cluster=cluster,
        clusters=sorted({row.cluster for row in (*found, *told)}),
        attachments=found[:MAX_ATTACHMENTS],
        more=len(found) > MAX_ATTACHMENTS,
        reports=told,
    )
