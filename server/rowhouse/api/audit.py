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
    """Who changed what."""

    id: int
    at: Moment
    actor: str
    database_user: Annotated[str, Field(description="Who asked the database: the server, or a DBA")]
    action: Annotated[str, Field(examples=["pool.update"])]
    object: Annotated[
        str,
        Field(description="What people call it; first-last where several rows share the entry"),
    ]
    object_type: Annotated[str, Field(description="The first part of the action")]
    object_key: Annotated[
        dict[str, Any] | None,
        Field(description="Primary key of the row; null: several rows, or no row"),
    ]
    network: Annotated[str | None, Field(description="Null: the object is in no network")]
    cluster: Annotated[str | None, Field(description="Null: the object is in no cluster")]
    row_count: Annotated[
        int,
        Field(
            description="How many rows one statement changed that share this entry;"
            " before and after show the first. All of them are in the view audit_changes"
        ),
    ]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


class AuditLog(paging.Page[AuditEntry]):
    """Entries, the latest first."""


class AuditQuery(paging.Paged):
    """Which entries: those that meet every condition."""

    actor: Name | None = None
    action: Annotated[Name | None, Field(description="Such as `pool.update`")] = None
    object: Annotated[Name | None, Field(description="A CIDR, an address, a name")] = None
    object_type: Annotated[Name | None, Field(description="Such as `pool`")] = None
    network: Annotated[NetworkName | None, Field(description="Empty: the default network")] = None
    cluster: Annotated[NetworkName | None, Field(description="Empty: without a name")] = None
    request_id: Name | None = None
    since: Moment | None = None
    until: Moment | None = None


def list_audit(call: Call, query: AuditQuery) -> Reply:
    """List administrative changes."""
    found = rows.search(
        call.store,
        rows.Search(**query.model_dump(exclude={"limit", "cursor"})),
        after=paging.key_of(query, _KEY),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            AuditLog,
            query,
            found,
            item=AuditEntry.model_validate,
            key=lambda row: (row.at, row.id),
        )
    )
