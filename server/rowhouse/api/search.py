"""Search everything for a text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rowhouse.api.calls import Reply
from rowhouse.api.fields import Answer, Moment, Request
from rowhouse.domain.search_text import MAX_CHARACTERS
from rowhouse.ipam.search import MAX_OF_A_KIND, Kind
from rowhouse.ipam.team_search import search_in

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

DEFAULT_LIMIT = 20


class SearchResult(Answer):
    """Something that a search found. Fields that its kind does not have are null."""

    kind: Kind
    label: Annotated[str, Field(description="What names it: an address, a CIDR, namespace/name")]
    matched: Annotated[str, Field(description="The field that matches, such as `description`")]
    text: Annotated[str, Field(description="The value of this field")]
    is_exact: Annotated[bool, Field(description="Whether the whole value matches")]
    is_current: Annotated[bool, Field(description="False: only in the history")]
    network_id: int | None
    network: str | None
    address: Annotated[str | None, Field(description="Its address; of an owner, the first one")]
    pool_id: int | None
    namespace: str | None
    name: str | None
    cluster: str | None
    node: str | None
    interface: str | None
    count: Annotated[
        int | None, Field(description="Addresses of an owner, or interfaces on a node")
    ]
    held_until: Moment | None
    at: Annotated[Moment | None, Field(description="When the change was made")]
    actor: str | None


class SearchResults(Answer):
    """The results: exact ones first, then present ones, then past ones."""

    items: list[SearchResult]
    incomplete: Annotated[
        list[Kind], Field(description="Kinds that took too long to search completely")
    ]


class SearchQuery(Request):
    """What to search for."""

    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_CHARACTERS,
            description="An address, its beginning, a prefix, namespace/name, a MAC address,"
            " or part of a name, description, label",
        ),
    ]
    limit: Annotated[
        int, Field(ge=1, le=MAX_OF_A_KIND, description="Maximum number of results of each kind")
    ] = DEFAULT_LIMIT


def search(call: Call, query: SearchQuery) -> Reply:
    """Search everything for a text."""
    answer = search_in(call.store, query.q, call.namespaces, limit=query.limit)
    items = [SearchResult.model_validate(asdict(one)) for one in answer.ranked()]
    return Reply(
        document=SearchResults(items=items, incomplete=list(dict.fromkeys(answer.incomplete)))
    )
