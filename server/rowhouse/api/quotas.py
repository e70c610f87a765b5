"""Quotas: how many addresses a namespace may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import MAX_ID, Answer, Cidr, Id, Namespace, PoolText, Request
from rowhouse.ipam import pools, quotas
from rowhouse.store.inventory import quotas as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[int] = TypeAdapter(int)

_Addresses = Annotated[
    int, Field(ge=0, le=MAX_ID - 1, description="Maximum number of addresses; 0: none")
]


class Quota(Answer):
    """How many addresses a namespace may hold, in one pool or in all pools."""

    id: int
    namespace: str
    pool_id: int | None
    pool: Cidr | None
    addresses: int
    in_use: Annotated[int, Field(description="Addresses that it holds there")]


class QuotaPage(paging.Page[Quota]):
    """Quotas, by id."""


class QuotaQuery(paging.Paged):
    """Filters for quotas."""

    namespace: Namespace | None = None
    pool: PoolText | None = None


class NewQuota(Request):
    """A new quota. The namespace keeps addresses that it already holds."""

    namespace: Annotated[Namespace, Field(min_length=1)]
    pool_id: Annotated[Id | None, Field(description="null: in all pools together")] = None
    addresses: _Addresses


class QuotaChange(Request):
    """A new limit."""

    addresses: _Addresses


def list_quotas(call: Call, query: QuotaQuery) -> Reply:
    """List quotas."""
    found = rows.search(
        call.store,
        namespace=query.namespace,
        pool_id=pools.id_of(call.store, query.pool, namespaces=call.namespaces),
        namespaces=call.namespaces,
        after=paging.key_of(query, _KEY) or 0,
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            QuotaPage, query, found, item=Quota.model_validate, key=lambda row: row.id
        )
    )


def create_quota(call: Call, body: NewQuota) -> Reply:
    """Limit a namespace, in one pool or in all pools."""
    made = quotas.create_quota(call.store, body.namespace, body.pool_id, body.addresses, call.actor)
    return Reply(document=Quota.model_validate(made), location=f"/api/v1/quotas/{made.id}")


def get_quota(call: Call, quota_id: int) -> Reply:
    """Show a quota."""
    return Reply(
        document=Quota.model_validate(
            quotas.quota(call.store, quota_id, namespaces=call.namespaces)
        )
    )


def change_quota(call: Call, quota_id: int, body: QuotaChange) -> Reply:
    """Update a quota."""
    changed = quotas.change_quota(call.store, quota_id, body.addresses, call.actor)
    return Reply(document=Quota.model_validate(changed))


def delete_quota(call: Call, quota_id: int) -> Reply:
    """Delete a quota."""
    quotas.delete_quota(call.store, quota_id, call.actor)
    return Reply(document=None)
