"""How pools look in requests and answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from rowhouse.api import paging
from rowhouse.api.fields import (
    Address,
    Answer,
    Cidr,
    Labels,
    Moment,
    Name,
    NetworkName,
    Request,
    Seconds,
    Text,
)
from rowhouse.domain.administration import PoolPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.occupancy import Occupancy


def _seconds(value: Any) -> Any:
    return value.total_seconds() if isinstance(value, timedelta) else value


class Usage(Answer):
    """How full a pool is. What it may assign (`total`) is used, quarantined, excluded or free."""

    total: Annotated[int, Field(description="Addresses in the window, without known gateways")]
    reserved: Annotated[
        int, Field(description="Reservations of this pool; over all pools, each counts once")
    ]
    reserved_by_overlaps: Annotated[
        int, Field(description="Addresses in its CIDR that overlapping pools hold")
    ]
    used: Annotated[
        int, Field(description="Addresses of `total` that are reserved, through whichever pool")
    ]
    attached: Annotated[int, Field(description="Reservations that a sandbox uses")]
    sticky: int
    quarantined: int
    excluded: int
    free: int
    percent_used: float | None


class Pool(Answer):
    """A CIDR of a network from which addresses are assigned."""

    id: int
    network_id: int
    network: str
    cidr: Cidr
    name: str | None
    gateway: Address | None
    window_first: Annotated[
        Address | None, Field(description="First address assigned; null: the first usable one")
    ]
    window_last: Annotated[
        Address | None, Field(description="Last address assigned; null: the last usable one")
    ]
    reuse_delay: Annotated[
        float,
        BeforeValidator(_seconds),
        Field(description="Seconds before a released address is assigned again"),
    ]
    labels: dict[str, Any]
    description: str
    drained: Annotated[bool, Field(description="Assigns no further address; those in use stay")]
    version: Annotated[int, Field(description="Counts the changes: the ETag")]
    created_at: Moment
    usage: Annotated[Usage | None, Field(description="Only where it was asked for")] = None
    overlaps: Annotated[
        list[Cidr],
        Field(
            description="Pools of the network that share its addresses: what one assigns is used in the others."
            " 100 at most"
        ),
    ]

    @classmethod
    def of(
        cls, row: Record, overlaps: Sequence[str] | None, usage: Occupancy | None = None
    ) -> Pool:
        """The document of a row."""
        return cls.model_validate(
            row._asdict()
            | {
                "network": row.network_name,
                "usage": None if usage is None else Usage.model_validate(usage),
                "overlaps": overlaps or [],
            }
        )


class PoolPage(paging.Page[Pool]):
    """Pools, by id."""


class PoolQuery(paging.Paged):
    """Which pools."""

    network: NetworkName | None = None
    name: Name | None = None
    cidr: Cidr | None = None
    contains: Annotated[Address | None, Field(description="An address in the CIDR")] = None
    drained: bool | None = None
    label: Annotated[
        str | None,
        Field(
            description="`key=value`",
            max_length=600,
            pattern=r"^[^\x00-\x1f\x7f=]+=[^\x00-\x1f\x7f]*$",
        ),
    ] = None
    usage: Annotated[bool, Field(description="Count how full each pool is")] = False


class NewPool(Request):
    """A pool to make, and its network if that is new."""

    network: Annotated[NetworkName, Field(description="Its name; empty: the default one")] = ""
    isolated: Annotated[
        bool, Field(description="A space of its own: no other pool shares its addresses")
    ] = False
    cidr: Cidr
    name: Name | None = None
    gateway: Address | None = None
    window_first: Address | None = None
    window_last: Address | None = None
    reuse_delay: Seconds = 0
    labels: Labels = Field(default_factory=dict)
    description: Text = ""
    drained: bool = False
    force: Annotated[
        bool, Field(description="Even if a running sandbox uses the gateway's address")
    ] = False

    def plan(self) -> PoolPlan:
        """The pool as it shall be."""
        return PoolPlan(**self.model_dump(exclude={"network", "isolated", "force"}))


class PoolChange(Request):
    """What changes: a field that is left out stays as it is, null unsets one."""

    name: Name | None = None
    gateway: Address | None = None
    window_first: Address | None = None
    window_last: Address | None = None
    reuse_delay: Seconds = 0
    labels: Labels = Field(default_factory=dict)
    description: Text = ""
    drained: bool = False


class ChangeQuery(Request):
    """How to change."""

    force: Annotated[
        bool,
        Field(
            description="Even if reservations are outside of the new window, or running sandboxes use the gateway's"
            " address or a pool by its old name: they stay as they are"
        ),
    ] = False


class FreeRun(Answer):
    """A run of addresses, first to last inclusive."""

    first: Address
    last: Address
    addresses: int


class FreeRunPage(paging.Page[FreeRun]):
    """Runs, by address."""


class FreeRunQuery(paging.Paged):
    """Which runs."""

    quarantined: Annotated[
        bool, Field(description="Those that wait for the end of the reuse delay instead")
    ] = False


class FillQuery(Request):
    """Which time."""

    since: Annotated[Moment | None, Field(description="Default: a day before `until`")] = None
    until: Annotated[Moment | None, Field(description="Default: now")] = None
    steps: Annotated[int, Field(ge=1, le=1000)] = 24


class FillMoment(Answer):
    """A moment, and how many addresses were in use then."""

    at: Moment
    used: int


class Fill(Answer):
    """How many addresses of a pool were in use, at evenly spaced moments."""

    moments: list[FillMoment]
