"""The results of a search. A single result redirects to its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from flask import redirect, render_template, request, url_for

from rowhouse.auth.guard import least_role
from rowhouse.domain.networks import as_shown
from rowhouse.store.inventory import lookup
from rowhouse.web.blueprint import blueprint
from rowhouse.web.database import store
from rowhouse.web.pod.page import NO_NAMESPACE
from rowhouse.web.search.question import Question, question

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

KINDS: Final = ("Addresses", "Pools", "Pods and other owners", "Nodes", "Sandboxes")


@dataclass(frozen=True, slots=True)
class Answer:
    """One search result. `sure`: it matches the query exactly."""

    kind: str
    label: str
    note: str
    url: str
    sure: bool = field(default=False)


@blueprint.get("/search")
@least_role("viewer")
def search() -> str | Response:
    """Search for `q`."""
    asked = question(request.args.get("q", ""))
    found = answers(store(), asked) if asked.text else []
    sure = [answer for answer in found if answer.sure]
    if len(found) == 1 or len(sure) == 1:
        return redirect((sure or found)[0].url)
    kinds = [(kind, [one for one in found if one.kind == kind]) for kind in KINDS]
    return render_template(
        "search/page.html", asked=asked, kinds=[(kind, rows) for kind, rows in kinds if rows]
    )


def answers(database: Database, asked: Question) -> list[Answer]:
    """Return everything that matches the question."""
    if asked.address is not None:
        return _addresses(database, asked.address)
    if asked.prefix is not None:
        at = lookup.pools_at(database, asked.prefix)
        return [_pool(pool, sure=pool.cidr == asked.prefix) for pool in at]
    found = _owners(database, asked)
    if asked.namespace is None:
        found += _nodes(database, asked.text)
        named = lookup.pools_named(database, asked.text)
        found += [_pool(pool, sure=pool.name == asked.text) for pool in named]
    if asked.container_id is not None:
        found += _sandboxes(database, asked.container_id)
    return found


def _addresses(database: Database, address: str) -> list[Answer]:
    return [
        Answer(
            "Addresses",
            address,
            as_shown(network.name) + (f", isolated {network.isolated}" if network.isolated else ""),
            url_for("web.address", network_id=network.id, address=address),
        )
        for network in lookup.networks_of(database, address)
    ]


def _pool(pool: Record, *, sure: bool) -> Answer:
    return Answer(
        "Pools",
        pool.cidr,
        " · ".join(filter(None, (as_shown(pool.network_name), pool.name))),
        url_for("web.pool", pool_id=pool.id),
        sure=sure,
    )


def _owners(database: Database, asked: Question) -> list[Answer]:
    return [
        Answer(
            "Pods and other owners",
            f"{row.namespace}/{row.name}" if row.namespace else row.name,
            "holds addresses" if row.holds else "held addresses",
            url_for("web.pod", namespace=row.namespace or NO_NAMESPACE, name=row.name),
            sure=row.name == asked.name,
        )
        for row in lookup.owners(database, asked.namespace, asked.name or "")
    ]


def _nodes(database: Database, name: str) -> list[Answer]:
    return [
        Answer(
            "Nodes",
            row.node,
            f"{row.attachments} interfaces" + (f", cluster {row.cluster}" if row.cluster else ""),
            url_for("web.node", node=row.node, cluster=row.cluster),
            sure=True,
        )
        for row in lookup.nodes(database, name)
    ]


def _sandboxes(database: Database, container_id: str) -> list[Answer]:
    return [
        Answer(
            "Sandboxes",
            row.container_id[:16],
            f"{row.interface} of {row.owner_namespace}/{row.owner_name} on {row.node or 'no node'}: {row.address}",
            url_for("web.address", network_id=row.network_id, address=row.address),
        )
        for row in lookup.containers(database, container_id)
    ]
