"""Events: what a server or the controller told about pods and pools."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Cidr, Cluster, Moment, Name, Namespace, PoolText
from rowhouse.ipam import pools
from rowhouse.store.history import events as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[tuple[datetime, int]] = TypeAdapter(tuple[datetime, int])


class Event(Answer):
    """A refused ADD, a warning, a release by the controller, or a pool that became nearly full."""

    id: int
    reason: Annotated[str, Field(examples=["NoAddress"])]
    message: str
    held_by: Annotated[
        str | None,
        Field(
            description="What holds the address that the message is about: owners, an exclusion, the networks of a"
            " gateway. Empty: nothing. Null: a team does not see it"
        ),
    ]
    cluster: Annotated[str | None, Field(description="Null: it is about a pool")]
    namespace: Annotated[str, Field(description="Empty: it is about a pool")]
    pod: str
    interface: str
    node: str
    pool_id: Annotated[int | None, Field(description="Null: it is about a pod")]
    pool: Annotated[Cidr | None, Field(description="Null: it is about a pod, or deleted")]
    times: Annotated[int, Field(description="How often, without a pause of an hour")]
    first_at: Moment
    last_at: Moment


class EventPage(paging.Page[Event]):
    """Events, the latest first."""


class EventQuery(paging.Paged):
    """Filters; an event must match all of them."""

    reason: Annotated[Name | None, Field(description="For example `NoAddress`")] = None
    cluster: Cluster | None = None
    namespace: Namespace | None = None
    name: Annotated[
        Name | None, Field(description="Of the pod, or of the owner that outlives pods")
    ] = None
    node: Name | None = None
    pool: PoolText | None = None
    since: Annotated[Moment | None, Field(description="It happened at or after this time")] = None
    until: Annotated[Moment | None, Field(description="It last happened before this time")] = None


def list_events(call: Call, query: EventQuery) -> Reply:
    """List refused ADDs, warnings, releases by the controller, and pools that became nearly full."""
    conditions = query.model_dump(exclude={"limit", "cursor", "pool"})
    wanted = rows.Search(
        **conditions,
        pool_id=pools.id_of(call.store, query.pool, namespaces=call.namespaces),
        namespaces=call.namespaces,
    )
    found = rows.search(call.store, wanted, after=paging.key_of(query, _KEY), limit=query.limit + 1)
    return Reply(
        document=paging.page(
            EventPage,
            query,
            found,
            item=Event.model_validate,
            key=lambda row: (row.last_at, row.id),
        )
    )
