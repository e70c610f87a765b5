"""Gateways: router addresses of pools and network configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Address, Answer, Cidr, Moment, NetworkName, PoolText
from rowhouse.ipam import gateways, pools
from rowhouse.store.inventory import gateways as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[int] = TypeAdapter(int)


class Gateway(Answer):
    """A gateway inside the CIDR of a pool. Its address is not assigned to any pod of the network."""

    id: int
    network_id: int
    network: str
    pool_id: int
    pool: Cidr
    address: Address
    cni_network: Annotated[
        str | None,
        Field(
            description="Name of the network configuration; null: set on the pool by an operator"
        ),
    ]
    first_used_at: Moment
    in_use: Annotated[int, Field(description="Sandboxes that use the address anyway")]


class GatewayPage(paging.Page[Gateway]):
    """Gateways, by id."""


class GatewayQuery(paging.Paged):
    """Filters for gateways."""

    network: NetworkName | None = None
    pool: PoolText | None = None
    address: Address | None = None


def list_gateways(call: Call, query: GatewayQuery) -> Reply:
    """List the known gateways."""
    found = rows.search(
        call.store,
        network=query.network,
        pool_id=pools.id_of(call.store, query.pool, query.network),
        address=query.address,
        after=paging.key_of(query, _KEY) or 0,
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            GatewayPage, query, found, item=Gateway.model_validate, key=lambda row: row.id
        )
    )


def get_gateway(call: Call, gateway_id: int) -> Reply:
    """Show a gateway."""
    return Reply(document=Gateway.model_validate(gateways.gateway(call.store, gateway_id)))


def delete_gateway(call: Call, gateway_id: int) -> Reply:
    """Forget a gateway that a network configuration no longer has."""
    gateways.forget_gateway(call.store, gateway_id, call.actor)
    return Reply(document=None)
