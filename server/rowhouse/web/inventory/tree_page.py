"""The page of the tree of prefixes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import render_template, request

from rowhouse.auth.guard import least_role
from rowhouse.store.inventory import networks as network_rows
from rowhouse.store.inventory import occupancy
from rowhouse.store.inventory import pools as rows
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.inventory.networks import MAX_NETWORKS
from rowhouse.web.inventory.pools import MAX_POOLS
from rowhouse.web.inventory.tree import lines
from rowhouse.web.layout.natural_order import natural
from rowhouse.web.overview.figures import PoolFigures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.reads import Record
    from rowhouse.web.inventory.tree import Line

MAX_LINES: Final = 150
"""The lines of a page; the next page continues within a network."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The lines of a network that a page shows."""

    network_id: int
    name: str
    isolated: str | None
    lines: Sequence[Line]


@blueprint.get("/pools/tree")
@least_role("viewer")
def pool_tree() -> str:
    """Show the prefixes of each network, or of one (`network`, its id), some lines on each page."""
    database = store()
    pools = list(rows.search(database, rows.Search(), after=0, limit=MAX_POOLS))
    known = {
        row.id: row for row in network_rows.search(database, name=None, after=0, limit=MAX_NETWORKS)
    }
    chosen = request.args.get("network", 0, int)
    trees = _trees([row for row in pools if chosen in {0, row.network_id}], known)
    total = sum(len(tree.lines) for tree in trees)
    pages = max(-(-total // MAX_LINES), 1)
    page = min(max(request.args.get("page", 1, int), 1), pages)
    shown = _cut(trees, (page - 1) * MAX_LINES, page * MAX_LINES)
    ids = [line.pool.id for tree in shown for line in tree.lines if line.pool is not None]
    figures = {pool.id: PoolFigures.of(pool) for pool in occupancy.fill_of_pools(database, ids)}
    of_pools = {row.network_id for row in pools}
    return render_template(
        "inventory/tree.html",
        trees=shown,
        figures=figures,
        networks=sorted(
            ((row.id, row.name) for row in known.values() if row.id in of_pools),
            key=lambda one: natural(one[1]),
        ),
        chosen=chosen,
        page=page,
        pages=pages,
    )


def _trees(pools: Sequence[Record], known: dict[int, Record]) -> list[Tree]:
    of_networks: dict[int, list[Record]] = {}
    for row in pools:
        of_networks.setdefault(row.network_id, []).append(row)
    return [
        Tree(number, of_network[0].network_name, known[number].isolated, lines(of_network))
        for number, of_network in sorted(
            of_networks.items(), key=lambda one: (natural(one[1][0].network_name), one[0])
        )
        if number in known
    ]


def _cut(trees: Sequence[Tree], first: int, last: int) -> list[Tree]:
    """Return what lines `first` to `last` (exclusive) of all trees show."""
    found = []
    begins = 0
    for tree in trees:
        part = tree.lines[max(first - begins, 0) : max(last - begins, 0)]
        begins += len(tree.lines)
        if part:
            found.append(Tree(tree.network_id, tree.name, tree.isolated, part))
    return found
