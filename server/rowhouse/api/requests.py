"""Requests: a team asks for addresses within its quota, an operator decides."""

from __future__ import annotations

from datetime import timedelta  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import (
    Address,
    Answer,
    Cidr,
    FilledText,
    Moment,
    Name,
    Namespace,
    PoolText,
    Request,
    Text,
)
from rowhouse.api.reservation_documents import NewOwner, WantedAddresses, limited
from rowhouse.auth.caller import require_namespace
from rowhouse.domain.administration import AnyOwnerKind  # noqa: TC001 - pydantic reads it
from rowhouse.domain.limits import MAX_TTL
from rowhouse.domain.requesting import VALID_SECONDS, State
from rowhouse.ipam import pools, requests
from rowhouse.store.allocation import requests as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call
    from rowhouse.store.connection.reads import Record

_KEY: TypeAdapter[int] = TypeAdapter(int)


class RequestedOwner(Answer):
    """The owner that gets the addresses."""

    kind: AnyOwnerKind
    name: str
    namespace: str
    cluster: str
    interface: str


class AddressRequest(Answer):
    """A request of a team for addresses."""

    id: int
    state: State
    network_id: Annotated[int | None, Field(description="null: the pool was deleted")]
    network: Annotated[str | None, Field(description="null: the pool was deleted")]
    pool_id: Annotated[int | None, Field(description="null: the pool was deleted")]
    pool: Cidr
    pool_name: str | None
    owner: RequestedOwner
    addresses: Annotated[
        list[Address] | None,
        Field(description="The requested ones; null: the lowest free ones when it is approved"),
    ]
    not_free: Annotated[
        list[Address],
        Field(
            description="Of `addresses`, while it is pending: those that are in use or in quarantine now,"
            " so that it cannot be approved yet"
        ),
    ]
    needs_force: Annotated[
        list[str],
        Field(
            description="While it is pending: why an approval needs `force`, such as an address"
            " that has become a gateway"
        ),
    ]
    count: Annotated[int, Field(description="Number of addresses")]
    ttl: Annotated[float | None, Field(description="Seconds; null: until they are released")]
    description: str
    labels: dict[str, str]
    requested_by: str
    requested_at: Moment
    expires_at: Moment
    decided_by: str | None
    decided_at: Moment | None
    reason: Annotated[str, Field(description="Why it was declined or withdrawn")]
    granted: Annotated[
        list[Address] | None, Field(description="The reserved addresses; null: not approved")
    ]

    @classmethod
    def of(cls, row: Record) -> AddressRequest:
        """Convert a row to its document."""
        fields = row._asdict()
        ttl: timedelta | None = row.ttl
        return cls.model_validate(
            fields
            | {
                "owner": fields | {"kind": row.owner_kind},
                "count": row.how_many,
                "labels": row.labels or {},
                "ttl": None if ttl is None else ttl.total_seconds(),
            }
        )


class RequestPage(paging.Page[AddressRequest]):
    """Requests, the latest first."""


class RequestQuery(paging.Paged):
    """Filters for requests."""

    state: State | None = None
    namespace: Namespace | None = None
    pool: PoolText | None = None
    requested_by: Name | None = None


class RequestingOwner(NewOwner):
    """The owner that gets the addresses: an interface of a pod, or a device, a service or a person (`static`)."""

    namespace: Annotated[Namespace, Field(min_length=1)]


class NewRequest(WantedAddresses):
    """Addresses to request: either the given `addresses`, or `count` of the lowest free ones."""

    owner: RequestingOwner
    expires_in: Annotated[
        float,
        Field(gt=0, le=MAX_TTL, description="Seconds until it expires if it is not decided"),
    ] = VALID_SECONDS


class Refusal(Request):
    """Why a request is declined."""

    reason: FilledText


class ApprovalQuery(Request):
    """How to approve."""

    force: Annotated[
        bool, Field(description="Also reserve gateway, network and broadcast addresses")
    ] = False


class Withdrawal(Request):
    """Why a request is withdrawn."""

    reason: Text = ""


def list_requests(call: Call, query: RequestQuery) -> Reply:
    """List requests, the latest first."""
    wanted = rows.Search(
        **query.model_dump(exclude={"limit", "cursor", "pool"}),
        pool_id=pools.id_of(call.store, query.pool, namespaces=call.namespaces),
        namespaces=call.namespaces,
    )
    found = rows.search(
        call.store, wanted, before=paging.key_of(query, _KEY), limit=query.limit + 1
    )
    return Reply(
        document=paging.page(
            RequestPage, query, found, item=AddressRequest.of, key=lambda row: row.id
        )
    )


def create_request(call: Call, body: NewRequest) -> Reply:
    """Ask an operator for addresses, within the quota of the namespace. Nothing is reserved yet."""
    require_namespace(body.owner.namespace)
    limited(body, call.bulk_limit)
    made = requests.send(
        call.store,
        body.plan(),
        call.actor,
        namespaces=call.namespaces,
        valid=body.expires_in,
        idempotency_key=call.idempotency_key,
        sent_before=call.noted,
    )
    return Reply(document=AddressRequest.of(made), location=f"/api/v1/requests/{made.id}")


def get_request(call: Call, address_request_id: int) -> Reply:
    """Show a request."""
    found = requests.request(call.store, address_request_id, namespaces=call.namespaces)
    return Reply(document=AddressRequest.of(found))


def approve_request(call: Call, address_request_id: int, query: ApprovalQuery) -> Reply:
    """Approve a request: reserve its addresses. A repetition returns the same addresses."""
    made = requests.decide(
        call.store, address_request_id, "approved", call.actor, force=query.force
    )
    return Reply(document=AddressRequest.of(made))


def decline_request(call: Call, address_request_id: int, body: Refusal) -> Reply:
    """Decline a request, with a reason."""
    made = requests.decide(
        call.store, address_request_id, "declined", call.actor, reason=body.reason
    )
    return Reply(document=AddressRequest.of(made))


def withdraw_request(call: Call, address_request_id: int, body: Withdrawal) -> Reply:
    """Withdraw a request."""
    found = requests.request(call.store, address_request_id, namespaces=call.namespaces)
    require_namespace(found.namespace)
    made = requests.decide(
        call.store, address_request_id, "withdrawn", call.actor, reason=body.reason
    )
    return Reply(document=AddressRequest.of(made))
