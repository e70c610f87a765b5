"""Saved views of the tables on the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Moment, Name, Request
from rowhouse.auth.caller import current_caller, has_role
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.names import TRIMMED
from rowhouse.domain.saved_views import MAX_NAME, MAX_QUERY, Viewer, checked_query, path_of
from rowhouse.ipam import saved_views

if TYPE_CHECKING:
    from rowhouse.api.calls import Call
    from rowhouse.store.connection.reads import Record

_KEY: TypeAdapter[int] = TypeAdapter(int)

TableName = Literal[
    "pools",
    "networks",
    "exclusions",
    "quotas",
    "reservations",
    "pods",
    "requests",
    "nodes",
    "events",
    "audit",
    "views",
    "pool-addresses",
    "pool-history",
    "pool-changes",
]
"""The names of `domain.saved_views.TABLES`."""


ViewName = Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=TRIMMED)]
Query = Annotated[
    str,
    Field(
        max_length=MAX_QUERY,
        description="Filter, order and columns: the query string of the table's page",
        examples=["q=storage&sort=-since"],
    ),
]


class View(Answer):
    """A view of a table on the pages: its filter, order and columns under a name."""

    id: int
    table: TableName
    name: str
    author: str
    mine: Annotated[bool, Field(description="Whether the caller saved it")]
    shared: Annotated[bool, Field(description="Whether all users see it")]
    query: Annotated[Query | None, Field(description="null: a private view of another caller")]
    path: Annotated[
        str | None,
        Field(description="The page with its query; null: each pool has one, or there is no query"),
    ]
    saved_at: Moment

    @classmethod
    def of(cls, row: Record) -> View:
        """Convert a row to its document."""
        fields = row._asdict()
        more = {
            "table": row.table_name,
            "mine": row.author == current_caller().name,
            "shared": row.is_shared,
            "path": path_of(row.table_name, row.query),
        }
        return cls.model_validate(fields | more)


class ViewPage(paging.Page[View]):
    """Views by id."""


class ViewQuery(paging.Paged):
    """Filters for views."""

    table: TableName | None = None
    name: ViewName | None = None
    author: Name | None = None
    all: Annotated[
        bool,
        Field(description="The private views of others too, without their queries; for operators"),
    ] = False


class NewView(Request):
    """A view to save. Only operators may share."""

    table: TableName
    name: ViewName
    query: Query = ""
    shared: bool = False


class ViewChange(Request):
    """The fields to change: an omitted field stays as it is, and so does one that is null."""

    name: ViewName | None = None
    query: Query | None = None
    shared: bool | None = None


def list_views(call: Call, query: ViewQuery) -> Reply:
    """List your views and shared ones. A team sees those of the tables that it may open; an operator lists all."""
    found = saved_views.views(
        call.store,
        viewer(),
        table=query.table,
        name=query.name,
        author=query.author,
        of_all=query.all,
        after=paging.key_of(query, _KEY) or 0,
        limit=query.limit + 1,
    )
    return Reply(document=paging.page(ViewPage, query, found, item=View.of, key=lambda row: row.id))


def create_view(call: Call, body: NewView) -> Reply:
    """Save a view of a table. Only operators may share."""
    made = saved_views.save(
        call.store,
        viewer(),
        table=body.table,
        name=body.name,
        query=checked(body.table, body.query),
        is_shared=body.shared,
        actor=call.actor,
    )
    return Reply(document=View.of(made), location=f"/api/v1/views/{made.id}")


def get_view(call: Call, view_id: int) -> Reply:
    """Show a view."""
    return Reply(document=View.of(saved_views.view(call.store, view_id, viewer())))


def change_view(call: Call, view_id: int, body: ViewChange) -> Reply:
    """Rename, overwrite or share a view of your own; an administrator can change any shared one."""
    query = None
    if body.query is not None:
        query = checked(saved_views.view(call.store, view_id, viewer()).table_name, body.query)
    changed = saved_views.change(
        call.store,
        viewer(),
        view_id,
        name=body.name,
        query=query,
        is_shared=body.shared,
        actor=call.actor,
    )
    return Reply(document=View.of(changed))


def delete_view(call: Call, view_id: int) -> Reply:
    """Delete a view of your own; an operator can delete any one."""
    saved_views.delete(call.store, viewer(), view_id, call.actor)
    return Reply(document=None)


def viewer() -> Viewer:
    """Return the caller of the current request with what it may do to views. Raises Unauthenticated."""
    caller = current_caller()
    return Viewer(
        name=caller.name,
        is_team=caller.role == "team",
        is_operator=has_role(caller, "operator"),
        is_admin=has_role(caller, "admin"),
    )


def checked(table: str, query: str) -> str:
    """Return the query string as a view of the table stores it. Raises InvalidRequest."""
    try:
        return checked_query(table, query)
    except ValueError as error:
        raise InvalidRequest(f"query: {error}", errors=[("/query", str(error))]) from None
