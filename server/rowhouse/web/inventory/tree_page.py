"""The page of the tree of prefixes."""

from __future__ import annotations

from itertools import groupby

from flask import render_template, request

from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import occupancy
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.inventory.tree import lines
from rowhouse.web.overview.figures import PoolFigures, natural


@blueprint.get("/pools/tree")
@least_role("viewer")
def pool_tree() -> str:
    """Show the prefixes of each network, or of one (`network`, its id)."""
    pools = [PoolFigures.of(pool) for pool in occupancy.of_pools(store())]
    pools.sort(key=lambda one: (natural(one.pool.network), one.pool.network_id))
    trees = []
    known = []
    chosen = request.args.get("network", 0, int)
    for (number, name, isolated), of_network in groupby(
        pools, key=lambda one: (one.pool.network_id, one.pool.network, one.pool.isolated)
    ):
        known.append((number, name))
        if chosen in {0, number}:
            trees.append((number, name, isolated, lines(list(of_network))))
    return render_template("inventory/tree.html", trees=trees, networks=known, chosen=chosen)
