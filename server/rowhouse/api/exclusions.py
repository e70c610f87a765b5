"""Exclusions: addresses that are never assigned, or only to a call that requests one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from netaddr import IPAddress
from pydantic import Field, TypeAdapter, model_validator

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Address, Answer, Id, Moment, NetworkName, RangeName, Request, Text
from rowhouse.domain.administration import ExclusionPlan
from rowhouse.ipam import exclusions
from rowhouse.store.inventory import exclusions as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call

_KEY: TypeAdapter[int] = TypeAdapter(int)


class Exclusion(Answer):
    """Excluded addresses, first to last inclusive."""

    id: int
    network_id: int
    network: str
    first: Address
    last: Address
    reason: str
    requests_only: Annotated[bool, Field(description="A request for one of them may take it")]
    name: Annotated[str | None, Field(description="Name that `candidates` may give")]
    created_at: Moment
    in_use: Annotated[
        int,
        Field(description="Addresses in it that are still held; they are excluded once released"),
    ]


class ExclusionPage(paging.Page[Exclusion]):
    """Exclusions, by id."""


class ExclusionQuery(paging.Paged):
    """Filters for exclusions."""

    network: NetworkName | None = None
    network_id: Id | None = None
    contains: Address | None = None


class NewExclusion(Request):
    """Addresses to exclude, first to last inclusive."""

    network_id: Id
    first: Address
    last: Address
    reason: Text = ""
    requests_only: Annotated[
        bool,
        Field(
            description="Assign them only to an ADD that requests the address, and to reservations of it"
        ),
    ] = False
    name: Annotated[
        RangeName | None,
        Field(description="With `requests_only`: a name that `candidates` may give"),
    ] = None
    force: Annotated[
        bool,
        Field(
            description="Exclude addresses that running sandboxes use, too; the sandboxes keep using them"
        ),
    ] = False

    @model_validator(mode="after")
    def _a_run(self) -> Self:
        first, last = IPAddress(self.first), IPAddress(self.last)
        if first.version != last.version:
            raise ValueError("`first` and `last` have different address families")
        if first > last:
            raise ValueError("`last` is before `first`")
        if self.name is not None and not self.requests_only:
            raise ValueError("`name` is for addresses with `requests_only`")
        return self

    def plan(self) -> ExclusionPlan:
        """Return what to exclude."""
        return ExclusionPlan(
            network_id=self.network_id,
            first=self.first,
            last=self.last,
            reason=self.reason,
            requests_only=self.requests_only,
            name=self.name,
        )


def list_exclusions(call: Call, query: ExclusionQuery) -> Reply:
    """List excluded addresses."""
    found = rows.search(
        call.store,
        network_id=query.network_id,
        network=query.network,
        contains=query.contains,
        after=paging.key_of(query, _KEY) or 0,
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            ExclusionPage, query, found, item=Exclusion.model_validate, key=lambda row: row.id
        )
    )


def create_exclusion(call: Call, body: NewExclusion) -> Reply:
    """Exclude addresses. Those in use are excluded once they are released."""
    made = exclusions.exclude(call.store, body.plan(), call.actor, force=body.force)
    return Reply(document=Exclusion.model_validate(made), location=f"/api/v1/exclusions/{made.id}")


def get_exclusion(call: Call, exclusion_id: int) -> Reply:
    """Show an exclusion."""
    return Reply(document=Exclusion.model_validate(exclusions.exclusion(call.store, exclusion_id)))


def delete_exclusion(call: Call, exclusion_id: int) -> Reply:
    """End an exclusion: its addresses can be assigned again."""
    exclusions.end_exclusion(call.store, exclusion_id, call.actor)
    return Reply(document=None)
