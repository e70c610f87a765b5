"""Pools in requests and responses."""

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
    PoolName,
    Request,
    Seconds,
    StoredLabels,
    Text,
)
from rowhouse.domain.administration import PoolPlan
from rowhouse.domain.names import LABEL

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
        int, Field(description="Addresses of `total` that are reserved, through any pool")
    ]
    attached: Annotated[int, Field(description="Reservations that a sandbox uses")]
    sticky: int
    quarantined: int
    excluded: int
    on_request: Annotated[
        int, Field(description="Of `excluded`: addresses that a request for one of them gets")
    ]
    free: int
    percent_used: float | None


class Pool(Answer):
    """A CIDR of a network from which addresses are assigned."""

    id: int
    network_id: int
    network: str
    cidr: Cidr
    name: str | None
    aliases: Annotated[
        list[str],
        Field(description="Other names by which network configurations can refer to it, by name"),
    ]
    gateway: Address | None
    window_first: Annotated[
        Address | None,
        Field(description="First address that can be assigned; null: the first usable address"),
    ]
    window_last: Annotated[
        Address | None,
        Field(description="Last address that can be assigned; null: the last usable address"),
    ]
    reuse_delay: Annotated[
        float,
        BeforeValidator(_seconds),
        Field(description="Seconds before a released address can be assigned again"),
    ]
    labels: StoredLabels
    description: str
    drained: Annotated[
        bool, Field(description="Assigns no new addresses; addresses in use stay assigned")
    ]
    version: Annotated[int, Field(description="The number of changes, used as the ETag")]
    created_at: Moment
    usage: Annotated[Usage | None, Field(description="Only if it was requested")] = None
    overlaps: Annotated[
        list[Cidr],
        Field(
            description="Pools of the network that share its addresses: an address assigned by one is used in all."
            " At most 100"
        ),
    ]

    @classmethod
    def of(
        cls, row: Record, overlaps: Sequence[str] | None, usage: Occupancy | None = None
    ) -> Pool:
        """Convert a row to its document."""
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
    """Filters for pools."""

    network: NetworkName | None = None
    name: Annotated[Name | None, Field(description="Its name or an alias")] = None
    cidr: Cidr | None = None
    contains: Annotated[Address | None, Field(description="An address in the CIDR")] = None
    drained: bool | None = None
    label: Annotated[
        str | None,
        Field(
            description="`key=value`",
            max_length=600,
            pattern=LABEL,
        ),
    ] = None
    usage: Annotated[bool, Field(description="Include the usage of each pool")] = False


class NewPool(Request):
    """A pool to create, and its network if it does not exist yet."""

    network: Annotated[
        NetworkName, Field(description="Its name; empty for the default network")
    ] = ""
    isolated: Annotated[
        bool, Field(description="Its own address space: no other pool shares its addresses")
    ] = False
    cidr: Cidr
    name: PoolName | None = None
    gateway: Address | None = None
    window_first: Address | None = None
    window_last: Address | None = None
    reuse_delay: Seconds = 0
    labels: Labels = Field(default_factory=dict)
    description: Text = ""
    drained: bool = False
    force: Annotated[
        bool, Field(description="Create it even if a running sandbox uses the gateway's address")
    ] = False

    def plan(self) -> PoolPlan:
        """Return the plan for the pool."""
        return PoolPlan(**self.model_dump(exclude={"network", "isolated", "force"}))


class PoolChange(Request):
    """The fields to change: an omitted field stays as it is, null unsets a field."""

    name: Annotated[
        PoolName | None,
        Field(description="Unless `aliases` is given, the old name becomes an alias"),
    ] = None
    aliases: Annotated[
        list[PoolName], Field(max_length=64, description="All aliases; others are removed")
    ] = Field(default_factory=list)
    gateway: Address | None = None
    window_first: Address | None = None
    window_last: Address | None = None
    reuse_delay: Seconds = 0
    labels: Labels = Field(default_factory=dict)
    description: Text = ""
    drained: bool = False


class ChangeQuery(Request):
    """How to change a pool."""

    force: Annotated[
        bool,
        Field(
            description="Change it even if reservations are outside the new window, or running"
            " sandboxes use the gateway's address or may have used a name that is removed."
            " They stay as they are"
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
    """Filters for runs."""

    quarantined: Annotated[
        bool, Field(description="List quarantined addresses instead of free ones")
    ] = False


class FillQuery(Request):
    """The period."""

    since: Annotated[Moment | None, Field(description="Default: one day before `until`")] = None
    until: Annotated[Moment | None, Field(description="Default: now")] = None
    steps: Annotated[int, Field(ge=1, le=1000)] = 24


class FillMoment(Answer):
    """A time, and how many addresses were in use then."""

    at: Moment
    used: int


class Fill(Answer):
    """How many addresses of a pool were in use, at regular intervals."""

    moments: list[FillMoment]
