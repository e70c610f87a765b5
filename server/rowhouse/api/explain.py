"""Why an address can be assigned or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from rowhouse.api.calls import Reply
from rowhouse.api.fields import Address, Answer, Cidr, Mac, Moment, NetworkName, Request
from rowhouse.domain.administration import AnyOwnerKind  # noqa: TC001 - pydantic reads it
from rowhouse.store.history import audit as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call


AddressState = Literal[
    "unknown",
    "in use",
    "reserved",
    "excluded",
    "on request",
    "gateway",
    "quarantined",
    "outside",
    "free",
]


class Explanation(Answer):
    """The state of an address, and the reason for it in the database."""

    network: str
    address: Address
    state: AddressState
    because: str
    pool: Cidr | None = None
    pool_name: str | None = None
    drained: bool | None = None
    is_gateway: bool | None = None
    in_window: bool | None = None
    owner: str | None = None
    owner_kind: AnyOwnerKind | None = None
    interface: str | None = None
    since: Moment | None = None
    description: str | None = None
    mac: Mac | None = None
    last_owner: str | None = None
    last_released: Moment | None = None
    last_end_reason: str | None = None


class ExplainQuery(Request):
    """The address to explain."""

    network: Annotated[
        NetworkName, Field(description="Its name; empty for the default network")
    ] = ""
    address: Address


def explain_address(call: Call, query: ExplainQuery) -> Reply:
    """Explain why an address can be assigned or not."""
    facts = rows.explain(call.store, query.network, query.address)
    return Reply(document=Explanation.model_validate(facts))
