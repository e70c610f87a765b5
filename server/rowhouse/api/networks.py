"""Networks: address spaces. A network is created with its first pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Cidr, Moment, NetworkName
from rowhouse.ipam import networks
from rowhouse.store.inventory import networks as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[int] = TypeAdapter(int)


class Network(Answer):
    """An address space, in which each address is unique."""

    id: int
    name: str
    isolated: Cidr | None
    pools: int
    created_at: Moment


class NetworkPage(paging.Page[Network]):
    """Networks, by id."""


class NetworkQuery(paging.Paged):
    """Filters for networks."""

    name: NetworkName | None = None


def list_networks(call: Call, query: NetworkQuery) -> Reply:
    """List networks."""
    found = rows.search(
        call.store,
        name=query.name,
        after=paging.key_of(query, _KEY) or 0,
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            NetworkPage, query, found, item=Network.model_validate, key=lambda row: row.id
        )
    )


def get_network(call: Call, network_id: int) -> Reply:
    """Show a network."""
    return Reply(document=Network.model_validate(networks.network(call.store, network_id)))


def delete_network(call: Call, network_id: int) -> Reply:
    """Delete a network that has no pools and no exclusions."""
    networks.delete_network(call.store, network_id, call.actor)
    return Reply(document=None)
