"""Comments on addresses and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, TypeAdapter, model_validator

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import (
    Address,
    Answer,
    Cidr,
    FilledText,
    Id,
    Moment,
    NetworkName,
    PoolText,
    Request,
)
from rowhouse.auth.caller import current_caller, has_role
from rowhouse.ipam import comments, pools
from rowhouse.store.inventory import comments as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[int] = TypeAdapter(int)


class Comment(Answer):
    """A comment on an address or on a pool."""

    id: int
    network_id: int
    network: str
    address: Annotated[Address | None, Field(description="null: it is about a pool")]
    pool_id: Annotated[int | None, Field(description="null: it is about an address")]
    pool: Annotated[Cidr | None, Field(description="null: it is about an address")]
    pool_name: str | None
    author: str
    text: str
    written_at: Moment


class CommentPage(paging.Page[Comment]):
    """Comments, the latest first."""


class CommentQuery(paging.Paged):
    """Filters for comments."""

    network: NetworkName | None = None
    network_id: Id | None = None
    address: Address | None = None
    pool: PoolText | None = None


class NewComment(Request):
    """A comment on an address of a network, or on a pool. The text has no markup."""

    network_id: Id | None = None
    address: Address | None = None
    pool_id: Id | None = None
    text: FilledText

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.address is None) == (self.pool_id is None):
            raise ValueError("give either `address` and `network_id`, or `pool_id`")
        if (self.address is None) != (self.network_id is None):
            raise ValueError("`address` and `network_id` belong together")
        return self


def list_comments(call: Call, query: CommentQuery) -> Reply:
    """List comments, the latest first."""
    found = rows.search(
        call.store,
        network=query.network,
        network_id=query.network_id,
        address=query.address,
        pool_id=pools.id_of(call.store, query.pool, query.network),
        before=paging.key_of(query, _KEY),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            CommentPage, query, found, item=Comment.model_validate, key=lambda row: row.id
        )
    )


def create_comment(call: Call, body: NewComment) -> Reply:
    """Comment on an address or a pool."""
    made = comments.write(
        call.store,
        body.text,
        call.actor,
        network_id=body.network_id,
        address=body.address,
        pool_id=body.pool_id,
    )
    return Reply(document=Comment.model_validate(made), location=f"/api/v1/comments/{made.id}")


def get_comment(call: Call, comment_id: int) -> Reply:
    """Show a comment."""
    return Reply(document=Comment.model_validate(comments.comment(call.store, comment_id)))


def delete_comment(call: Call, comment_id: int) -> Reply:
    """Remove a comment of your own; an administrator can remove any."""
    is_admin = has_role(current_caller(), "admin")
    comments.remove(call.store, comment_id, call.actor, is_admin=is_admin)
    return Reply(document=None)
