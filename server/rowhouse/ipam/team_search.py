"""Search what a team may see: the addresses and owners of its namespaces, and the pools that they use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rowhouse.domain.search_text import question
from rowhouse.ipam.search import MAX_OF_A_KIND, Answer, Found, of_mac, owners, search
from rowhouse.store.connection.listing import Wanted
from rowhouse.store.history import tenures
from rowhouse.store.inventory import pools, reservation_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.domain.search_text import Question
    from rowhouse.store.connection.database import Database

_MAX_POOLS = 1000


def search_in(
    store: Database, text: str, namespaces: tuple[str, ...] | None, *, limit: int = MAX_OF_A_KIND
) -> Answer:
    """Search for a text in what these namespaces hold (None: everywhere), with at most `limit` results of each kind.

    For namespaces, it does not use the search of everything, whose limits would be filled by what others hold.
    Errors: TryAgain.
    """
    if namespaces is None:
        return search(store, text, limit=limit)
    asked = question(text)
    answer = Answer()
    if asked.text:
        answer.results += _addresses(store, asked, namespaces, limit)
        answer.results += _owners(store, asked, namespaces, limit)
        answer.results += list(_pools(store, asked, namespaces))[:limit]
    return answer


def _owners(
    store: Database, asked: Question, namespaces: tuple[str, ...], limit: int
) -> list[Found]:
    wanted = [one for one in namespaces if asked.namespace in {None, one}]
    found = [
        owner for one in wanted for owner in owners(store, replace(asked, namespace=one), limit)
    ]
    return found[:limit]


def _addresses(
    store: Database, asked: Question, namespaces: tuple[str, ...], limit: int
) -> list[Found]:
    if asked.mac is not None:
        return list(of_mac(store, asked, limit, namespaces=namespaces))
    listing = reservation_list.of_all_pools().of_namespaces(namespaces)
    words = (asked.address,) if asked.address else tuple(asked.text.split())
    page = listing.page(store, Wanted(words=words, sort="address"), offset=0, limit=limit)
    held = [_held(row, asked) for row in page.rows]
    if asked.address is None:
        return held
    wanted = tenures.Search(address=asked.address, namespaces=namespaces)
    past = [
        Found(
            kind="address",
            label=row.address,
            matched="address",
            text=row.address,
            is_exact=True,
            is_current=False,
            network_id=row.network_id,
            network=row.network,
            address=row.address,
            namespace=row.owner_namespace,
            name=row.owner_name,
            held_until=row.held_until,
        )
        for row in tenures.search(store, wanted, after=None, limit=limit)
        if row.held_until is not None
    ]
    known = {one.network_id for one in held if one.is_exact}
    return held + [one for one in past if one.network_id not in known][:1]


def _held(row: Any, asked: Question) -> Found:
    matched, text = "address", row.address
    if asked.address is None:
        part = asked.text.lower()
        owner = f"{row.namespace}/{row.name}"
        texts = {
            "name": owner,
            "node": row.node,
            "description": row.description,
            "container id": row.container_id,
        }
        matched, text = next(
            ((name, value) for name, value in texts.items() if part in value.lower()),
            (matched, text),
        )
    return Found(
        kind="address",
        label=row.address,
        matched=matched,
        text=text,
        is_exact=row.address == asked.address,
        network_id=row.network_id,
        network=row.network,
        address=row.address,
        namespace=row.namespace,
        name=row.name,
        cluster=row.cluster,
        node=row.node or None,
        interface=row.interface,
    )


def _pools(store: Database, asked: Question, namespaces: tuple[str, ...]) -> Iterator[Found]:
    part = asked.text.lower()
    wanted = pools.Search(contains=asked.address, namespaces=namespaces)
    for row in pools.search(store, wanted, after=0, limit=_MAX_POOLS):
        texts = {"prefix": row.cidr, "name": row.name or "", "description": row.description}
        if asked.address is not None:
            matched, text = "prefix", row.cidr
        else:
            found = [(name, value) for name, value in texts.items() if part in value.lower()]
            if not found:
                continue
            matched, text = found[0]
        yield Found(
            kind="pool",
            label=row.cidr,
            matched=matched,
            text=text,
            is_exact=part in {row.cidr, (row.name or "").lower()},
            pool_id=row.id,
            name=row.name,
            network_id=row.network_id,
            network=row.network_name,
        )
