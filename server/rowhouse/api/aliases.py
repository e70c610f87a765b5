"""Aliases of pools: other names by which network configurations can refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Cidr, Moment, NetworkName, PoolText
from rowhouse.ipam import pools
from rowhouse.store.inventory import pool_names as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[str] = TypeAdapter(str)


class Alias(Answer):
    """An alias, such as a former name."""

    name: str
    pool_id: int
    network: str
    cidr: Cidr
    pool_name: Annotated[str | None, Field(description="The current name of the pool")]
    alias_since: Moment
    last_used_at: Annotated[
        Moment | None,
        Field(
            description="When an ADD last named it, to the minute; at first, when the pool was renamed."
            " Null: never"
        ),
    ]


class AliasPage(paging.Page[Alias]):
    """Aliases, by name."""


class AliasQuery(paging.Paged):
    """Filters for aliases."""

    pool: PoolText | None = None
    network: NetworkName | None = None


def list_aliases(call: Call, query: AliasQuery) -> Reply:
    """List the aliases of pools, and when each was last used."""
    found = rows.search(
        call.store,
        pool_id=pools.id_of(call.store, query.pool, query.network),
        network=query.network,
        after=paging.key_of(query, _KEY) or "",
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            AliasPage, query, found, item=Alias.model_validate, key=lambda row: row.name
        )
    )
