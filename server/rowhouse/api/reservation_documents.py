"""Reservations in requests and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from rowhouse.api import paging
from rowhouse.api.fields import (
    MAX_ID,
    Address,
    Answer,
    Cidr,
    Cluster,
    Id,
    Interface,
    LabelChanges,
    Labels,
    Mac,
    Moment,
    Name,
    Namespace,
    NetworkName,
    PoolText,
    Request,
    Text,
)
from rowhouse.domain.administration import (
    AnyOwnerKind,
    Holder,
    OwnerKind,
    ReservationPlan,
    owner_refusal,
)
from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.limits import MAX_TTL
from rowhouse.domain.names import LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.reads import Record


class Owner(Answer):
    """The owner of an address."""

    kind: AnyOwnerKind
    name: str
    namespace: str
    cluster: str
    interface: str
    uid: str | None


class Attachment(Answer):
    """A sandbox that uses a reservation."""

    cluster: str
    node: str
    container_id: str
    interface: str
    cni_network: str
    pod_uid: str | None
    pod_name: Annotated[str, Field(description="Empty: the owner is the pod")]
    mac: Annotated[Mac | None, Field(description="Requested by the runtime; null: none")]
    attached_at: Moment


class Reservation(Answer):
    """An address and its owner."""

    network_id: int
    network: str
    pool_id: int
    pool: Cidr
    pool_name: str | None
    address: Address
    owner: Owner
    node: Annotated[str, Field(description="Node of the sandbox that attached last; empty: none")]
    container_id: str
    sticky: Annotated[
        bool, Field(description="The owner keeps the address after the last sandbox is gone")
    ]
    expires_at: Annotated[
        Moment | None, Field(description="Released at this time if no sandbox uses it; null: never")
    ]
    reserved_at: Moment
    description: str
    labels: dict[str, str]
    attachments: Annotated[int, Field(description="Sandboxes that use it")]
    mac: Annotated[
        Mac | None, Field(description="Requested by the sandbox that attached last; null: none")
    ]

    @classmethod
    def of(cls, row: Record) -> Reservation:
        """Convert a row to its document."""
        return cls.model_validate(_fields(row))


class ReservationDetail(Reservation):
    """A reservation with the sandboxes that use it."""

    attached: list[Attachment]

    @classmethod
    def detailed(cls, row: Record, attachments: Sequence[Record]) -> ReservationDetail:
        """Convert a row and its attachments to a document."""
        attached = [Attachment.model_validate(attachment) for attachment in attachments]
        return cls.model_validate(_fields(row) | {"attached": attached})


def _fields(row: Record) -> dict[str, Any]:
    return row._asdict() | {"owner": _owner(row), "labels": row.labels or {}}


def _owner(row: Record) -> Owner:
    return Owner.model_validate(row._asdict() | {"kind": row.owner_kind})


class ReservationPage(paging.Page[Reservation]):
    """Reservations, by network and address."""


class ReservationQuery(paging.Paged):
    """Filters; a reservation must match all of them."""

    network: NetworkName | None = None
    network_id: Id | None = None
    pool: PoolText | None = None
    address: Address | None = None
    prefix: Annotated[Cidr | None, Field(description="Addresses in this CIDR")] = None
    kind: AnyOwnerKind | None = None
    cluster: Cluster | None = None
    namespace: Namespace | None = None
    name: Annotated[Name | None, Field(description="Of the pod or other owner")] = None
    node: Annotated[Name | None, Field(description="Node of a sandbox that uses it")] = None
    container_id: Annotated[
        Name | None, Field(description="Container id of a sandbox that uses it")
    ] = None
    mac: Annotated[
        Mac | None, Field(description="Requested MAC address of a sandbox that uses it")
    ] = None
    label: Annotated[
        str | None,
        Field(
            description="`key=value`",
            max_length=600,
            pattern=LABEL,
        ),
    ] = None


class NewOwner(Request):
    """The new owner: an interface of a pod, or a person, device or service by name (`static`)."""

    kind: OwnerKind = "static"
    name: Name
    namespace: Annotated[
        Namespace,
        Field(
            validate_default=True,
            description="Required for a pod; a `static` owner may have one, whose quota applies",
        ),
    ] = ""
    cluster: Annotated[Cluster, Field(description="Only of a pod")] = ""
    interface: Annotated[
        Interface, Field(validate_default=True, description="Required for a pod, and only of a pod")
    ] = ""

    @field_validator("namespace", "cluster", "interface")
    @classmethod
    def _identifies(cls, text: str, given: ValidationInfo) -> str:
        kind: OwnerKind | None = given.data.get("kind")  # none: it is invalid itself
        if kind and (refusal := owner_refusal(kind, given.field_name or "", text)):
            raise ValueError(refusal)
        return text

    def holder(self) -> Holder:
        """Convert to the owner for the use cases."""
        return Holder(**self.model_dump())


class WantedAddresses(Request):
    """Either the given `addresses` of a pool, or the `count` lowest free ones, and their owner."""

    pool_id: Id
    addresses: Annotated[list[Address] | None, Field(min_length=1)] = None
    count: Annotated[int | None, Field(ge=1, le=MAX_ID, description="Default: 1")] = None
    owner: NewOwner
    ttl: Annotated[
        float | None,
        Field(gt=0, le=MAX_TTL, description="Seconds; null: until they are released"),
    ] = None
    description: Text = ""
    labels: Labels = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.addresses is not None and self.count is not None:
            raise ValueError("give either `addresses` or `count`")
        if self.addresses is not None and len(set(self.addresses)) < len(self.addresses):
            raise ValueError("an address is given twice")
        return self

    def plan(self) -> ReservationPlan:
        """Convert to the plan for the use case."""
        return self._plan(force=False)

    def _plan(self, *, force: bool) -> ReservationPlan:
        return ReservationPlan(
            pool_id=self.pool_id,
            holder=self.owner.holder(),
            addresses=None if self.addresses is None else tuple(self.addresses),
            count=self.count or 1,
            ttl=self.ttl,
            description=self.description,
            labels=self.labels,
            force=force,
        )


class NewReservations(WantedAddresses):
    """Addresses to reserve: either the given `addresses`, or the `count` lowest free ones."""

    force: Annotated[bool, Field(description="Allow gateway, network and broadcast addresses")] = (
        False
    )

    def plan(self) -> ReservationPlan:
        """Convert to the plan for the use case."""
        return self._plan(force=self.force)


def limited(wanted: WantedAddresses, most: int) -> None:
    """Refuse more than `most` addresses in one request. Raises InvalidRequest."""
    count = len(wanted.addresses or ()) or wanted.count or 1
    if count > most:
        field = "/count" if wanted.addresses is None else "/addresses"
        raise InvalidRequest(
            f"{count} addresses in one request, but at most {most} are allowed",
            errors=[(field, f"more than {most}")],
            hint="Send several requests, or raise ROWHOUSE_API_BULK_LIMIT.",
        )


class Reserved(Answer):
    """The new reservations, by address."""

    items: list[Reservation]


class ReservationChange(Request):
    """The fields to change: an omitted field stays as it is."""

    description: Text = ""
    labels: Annotated[Labels, Field(description="All labels that it has afterwards")] = Field(
        default_factory=dict
    )
    label_changes: Annotated[
        LabelChanges,
        Field(description="Labels to set, or to remove (null); the others stay as they are"),
    ] = Field(default_factory=dict)
    ttl: Annotated[
        float | None,
        Field(
            gt=0,
            le=MAX_TTL,
            description="Seconds without a sandbox until it is released; null: until you release it."
            " The reservation then counts as a manual one: a DEL does not release it",
        ),
    ] = None


class ReleaseQuery(Request):
    """How to release."""

    force: Annotated[
        bool,
        Field(
            description="Release it even if a sandbox uses it: a running pod would keep using it"
        ),
    ] = False


class Reassignment(Request):
    """A new owner."""

    owner: NewOwner
    force: Annotated[
        bool,
        Field(
            description="Reassign it even if a sandbox uses it: its attachments end,"
            " and a running pod would keep using it"
        ),
    ] = False
