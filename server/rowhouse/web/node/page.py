"""The page of a node."""

from __future__ import annotations

from typing import Final

from flask import render_template, request

from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import lookup
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store

MAX_ATTACHMENTS: Final = 500


@blueprint.get("/nodes/<path:node>")
@least_role("viewer")
def node(node: str) -> str:
    """Show the sandboxes of a node in one cluster (`cluster`), or in all clusters with a node of this name."""
    cluster = request.args.get("cluster")
    found = lookup.on_node(store(), node, cluster, limit=MAX_ATTACHMENTS + 1)
    return render_template(
        "node/page.html",
        node=node,
        cluster=cluster,
        clusters=sorted({row.cluster for row in found}),
        attachments=found[:MAX_ATTACHMENTS],
        more=len(found) > MAX_ATTACHMENTS,
    )
