"""Pages of a list: an opaque cursor holds the key of the last item, so that pages stay in place."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from rowhouse.api.fields import Answer, Request
from rowhouse.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rowhouse.store.connection.reads import Record

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000

Item = TypeVar("Item")
Key = TypeVar("Key")
Listed = TypeVar("Listed", bound="Page[Any]")


class Paged(Request):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items on a page, at most")] = (
        DEFAULT_LIMIT
    )
    cursor: Annotated[
        str | None, Field(max_length=512, description="`next` of the page before")
    ] = None


class Page(Answer, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    next: Annotated[
        str | None, Field(description="The cursor of the next page; null: this is the last one")
    ]


def key_of(query: Paged, kind: TypeAdapter[Key]) -> Key | None:
    """The key behind which the page begins; None: at the beginning. Raises InvalidRequest."""
    if query.cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(query.cursor.encode("ascii"))
        return kind.validate_json(raw)
    except (ValueError, binascii.Error, ValidationError):
        raise InvalidRequest(
            "the cursor is none of this list",
            errors=[("/query/cursor", "not a `next` of this list")],
            hint="Take `next` of the page before as it is, or leave the cursor out.",
        ) from None


def page(
    kind: type[Listed],
    query: Paged,
    found: Sequence[Record],
    *,
    item: Callable[[Record], Any],
    key: Callable[[Record], Any],
) -> Listed:
    """The page of `found`, which holds one row more than the page if another page follows."""
    shown = found[: query.limit]
    following = cursor(key(shown[-1])) if len(found) > len(shown) else None
    return kind(items=[item(row) for row in shown], next=following)


def cursor(key: Any) -> str:
    """What stands for the key of the last item, opaque to whoever gets it."""
    raw = json.dumps(key, default=lambda moment: moment.isoformat()).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii")
