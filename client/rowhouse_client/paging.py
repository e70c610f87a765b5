"""Read lists to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Item = TypeVar("Item")


class Page(Protocol[Item]):
    """A page of a list. `next_` is the cursor of the next page; None: this is the last one."""

    items: list[Item]
    next_: str | None


def all_items(list_page: Callable[..., Page[Item]], **arguments: Any) -> Iterator[Item]:
    """Yield the items of all pages.

    Args:
        list_page: `sync` of a list, such as `pools.list_pools.sync`.
        arguments: Its arguments: `client`, filters, and `limit` for the size of a page.
    """
    page = list_page(**arguments)
    yield from page.items
    while page.next_ is not None:
        page = list_page(**arguments, cursor=page.next_)
        yield from page.items
