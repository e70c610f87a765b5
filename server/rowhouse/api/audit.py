"""The audit log: every administrative change."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Moment, Name, NetworkName
from rowhouse.store.history import audit as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[tuple[datetime, int]] = TypeAdapter(tuple[datetime, int])


class AuditEntry(Answer):
    """A change and its actor."""

    id: int
    at: Moment
    actor: str
    database_user: Annotated[
        str, Field(description="The database user that made the change: the server's or a DBA's")
    ]
    action: Annotated[str, Field(examples=["pool.update"])]
    object: Annotated[
        str,
        Field(
            description="The object's name for people; first-last if several rows share the entry"
        ),
    ]
    object_type: Annotated[str, Field(description="The first part of the action")]
    object_key: Annotated[
        dict[str, Any] | None,
        Field(description="Primary key of the row; null for several rows or none"),
    ]
    network: Annotated[str | None, Field(description="Null: the object belongs to no network")]
    cluster: Annotated[str | None, Field(description="Null: the object belongs to no cluster")]
    row_count: Annotated[
        int,
        Field(
            description="How many rows, changed by one statement, share this entry;"
            " before and after show the first. The view audit_changes lists all of them"
        ),
    ]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


class AuditEntryPage(paging.Page[AuditEntry]):
    """Entries, the latest first."""


class AuditQuery(paging.Paged):
    """Filters; an entry must match all of them."""

    actor: Name | None = None
    action: Annotated[Name | None, Field(description="For example `pool.update`")] = None
    object: Annotated[Name | None, Field(description="A CIDR, an address, a name")] = None
    object_type: Annotated[Name | None, Field(description="For example `pool`")] = None
    network: Annotated[NetworkName | None, Field(description="Empty for the default network")] = (
        None
    )
    cluster: Annotated[
        NetworkName | None, Field(description="Empty for the cluster without a name")
    ] = None
    request_id: Name | None = None
    since: Moment | None = None
    until: Moment | None = None


def list_audit_entries(call: Call, query: AuditQuery) -> Reply:
    """List administrative changes."""
    found = rows.search(
        call.store,
        rows.Search(**query.model_dump(exclude={"limit", "cursor"})),
        after=paging.key_of(query, _KEY),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            AuditEntryPage,
            query,
            found,
            item=AuditEntry.model_validate,
            key=lambda row: (row.at, row.id),
        )
    )
