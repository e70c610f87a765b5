"""History: the owners of addresses over time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, TypeAdapter, model_validator

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Address, Answer, Cidr, Id, Mac, Moment, Name, Namespace, NetworkName
from rowhouse.api.reservation_documents import Owner  # noqa: TC001 - pydantic reads it
from rowhouse.store.history import tenures as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call
    from rowhouse.store.connection.reads import Record

_KEY: TypeAdapter[tuple[datetime, int]] = TypeAdapter(tuple[datetime, int])


class Tenure(Answer):
    """A period during which one owner held an address in one place."""

    id: int
    network_id: int
    network: Annotated[str | None, Field(description="null: the network was deleted")]
    pool_id: int
    pool: Annotated[Cidr | None, Field(description="null: the pool was deleted")]
    address: Address
    held_from: Moment
    held_until: Annotated[Moment | None, Field(description="null: the owner holds it now")]
    owner: Owner
    node: str
    container_id: str
    mac: Annotated[Mac | None, Field(description="Requested by the runtime; null: none")]
    started_by: str
    start_reason: str
    ended_by: str | None
    end_reason: str | None

    @classmethod
    def of(cls, row: Record) -> Tenure:
        """Convert a row to its document."""
        fields = row._asdict()
        owner = {
            name.removeprefix("owner_"): value
            for name, value in fields.items()
            if name.startswith("owner_")
        }
        return cls.model_validate(fields | {"owner": owner})


class TenurePage(paging.Page[Tenure]):
    """Tenures, the latest first."""


class HistoryQuery(paging.Paged):
    """Filters; a tenure must match all of them.

    One of `address`, `prefix`, `namespace`, `node` and `container_id` is required.
    """

    network: NetworkName | None = None
    network_id: Id | None = None
    address: Address | None = None
    prefix: Annotated[Cidr | None, Field(description="Addresses in this CIDR")] = None
    namespace: Namespace | None = None
    name: Annotated[Name | None, Field(description="Of the pod or other owner")] = None
    node: Annotated[Name | None, Field(description="Of the sandbox")] = None
    container_id: Annotated[Name | None, Field(description="The full id of the sandbox")] = None
    at: Annotated[Moment | None, Field(description="A time at which it was held")] = None
    since: Annotated[Moment | None, Field(description="It was held at or after this time")] = None
    until: Annotated[Moment | None, Field(description="It was held before this time")] = None

    @model_validator(mode="after")
    def _narrow(self) -> Self:
        narrowing = (self.address, self.prefix, self.namespace, self.node, self.container_id)
        if all(condition is None for condition in narrowing):
            raise ValueError(
                "one of `address`, `prefix`, `namespace`, `node` and `container_id` is required"
            )
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError("`until` is before `since`")
        return self


def list_tenures(call: Call, query: HistoryQuery) -> Reply:
    """List the owners of an address or prefix, or the addresses of a pod, node or container, over time."""
    found = rows.search(
        call.store,
        rows.Search(
            **query.model_dump(mode="python", exclude={"limit", "cursor"}),
            namespaces=call.namespaces,
        ),
        after=paging.key_of(query, _KEY),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            TenurePage, query, found, item=Tenure.of, key=lambda row: (row.held_from, row.id)
        )
    )
