"""The list of nodes, and the page of a node."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flask import render_template, request

from rowhouse.auth.guard import least_role
from rowhouse.domain.nodes import state_of
from rowhouse.store.cluster import nodes as reports
from rowhouse.store.inventory import lookup
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.layout.formats import span

if TYPE_CHECKING:
    from decimal import Decimal

MAX_ATTACHMENTS: Final = 500
MAX_NODES: Final = 500


@blueprint.app_template_filter("seen")
def seen(seconds: Decimal) -> str:
    """Format the time since a node's last report, by the clock of the database."""
    shown = span(timedelta(seconds=float(seconds)))
    return f"{shown} ago" if state_of(float(seconds)) == "current" else f"not seen for {shown}"


@blueprint.get("/nodes")
@least_role("viewer")
def nodes() -> str:
    """Show the nodes that have reported, late ones first."""
    cluster = request.args.get("cluster")
    found = reports.search(store(), cluster=cluster, late_first=True, limit=MAX_NODES + 1)
    summary = [one for one in reports.summary(store()) if cluster is None or one.cluster == cluster]
    return render_template(
        "node/list.html",
        cluster=cluster,
        nodes=found[:MAX_NODES],
        more=len(found) > MAX_NODES,
        total=sum(one.nodes for one in summary),
        late=sum(one.late for one in summary),
        kept_dels=sum(one.kept_dels for one in summary),
        versions=sorted({one.plugin_version or "unknown" for one in summary}),
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
