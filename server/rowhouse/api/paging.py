"""Pages of a list: an opaque cursor holds the key of the last item, so that pages do not shift."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from rowhouse.api.fields import Answer, Request
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.limits import MAX_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rowhouse.store.connection.reads import Record

DEFAULT_LIMIT: Final = 100

Item = TypeVar("Item")
Key = TypeVar("Key")
Listed = TypeVar("Listed", bound="Page[Any]")


class Paged(Request):
    """The parameters of every list."""

    limit: Annotated[
        int, Field(ge=1, le=MAX_PAGE, description="Maximum number of items on a page")
    ] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None, Field(max_length=512, description="`next` of the previous page")
    ] = None


class Page(Answer, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: Annotated[
        str | None, Field(description="The cursor of the next page; null: this is the last one")
    ]


def key_of(query: Paged, kind: TypeAdapter[Key]) -> Key | None:
    """Return the key after which the page begins; None for the first page. Raises InvalidRequest."""
    if query.cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(query.cursor.encode("ascii"))
        return kind.validate_json(raw)
    except (ValueError, binascii.Error, ValidationError):
        raise InvalidRequest(
            "the cursor does not belong to this list",
            errors=[("/query/cursor", "not a `next` of this list")],
            hint="Pass `next` of the previous page unchanged, or omit the cursor.",
        ) from None


def page(
    kind: type[Listed],
    query: Paged,
    found: Sequence[Record],
    *,
    item: Callable[[Record], Any],
    key: Callable[[Record], Any],
) -> Listed:
    """Return the page of `found`, which has one extra row if another page follows."""
    shown = found[: query.limit]
    following = cursor(key(shown[-1])) if len(found) > len(shown) else None
    return kind(items=[item(row) for row in shown], next=following)


def cursor(key: Any) -> str:
    """Encode the key of the last item as an opaque cursor."""
    raw = json.dumps(key, default=lambda moment: moment.isoformat()).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii")
