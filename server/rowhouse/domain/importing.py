"""What every importer returns: the addresses that another IPAM has in use, and the outcome of importing each.

`importers/` has the importers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rowhouse.domain.administration import OwnerKind

Outcome = Literal["new", "there", "changed", "conflict", "refused", "gone"]
"""new: it was or would be imported. there: it is already here. changed: its sandbox has changed since it was
imported. conflict: it has another owner here and was left alone. refused: the database refused it. gone: it was
imported earlier, and is no longer in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPool:
    """A range: `cidr` is canonical and masked; `isolated`: it has its own address space."""

    network: str
    cidr: str
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSlice:
    """The part of a pool that belongs to a node."""

    pool: KnownPool
    node: str
    slice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGateway:
    """The address of a router, as a network configuration names it."""

    pool: KnownPool
    address: str
    cni_network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRanges:
    """The ranges of a NAD in order, and its gateways."""

    pools: tuple[KnownPool, ...]
    gateways: tuple[KnownGateway, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSandbox:
    """The sandbox that uses an address: the key of its later DEL. `interface` and `node`: "" if unknown."""

    container_id: str
    interface: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAddress:
    """An address in use. `source` is where it was found, `notes` are oddities about it.

    `sandboxes` is empty for a static reservation only.
    """

    pool: KnownPool
    address: str
    source: str
    kind: OwnerKind = "pod"
    namespace: str = ""
    name: str
    interface: str = ""
    uid: str | None = None
    sandboxes: tuple[KnownSandbox, ...] = ()
    description: str = ""
    notes: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """For people."""
        return f"{self.namespace}/{self.name}" if self.kind == "pod" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """Something that cannot be imported, and the reason."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that was found. It is grouped by pool, and each address of a space appears once."""

    pools: tuple[KnownPool, ...] = ()
    slices: tuple[KnownSlice, ...] = ()
    addresses: tuple[KnownAddress, ...] = ()
    gateways: tuple[KnownGateway, ...] = ()
    not_taken: tuple[NotTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome, or expected outcome, for one item. `address` is "" for a pool or a slice."""

    outcome: Outcome
    pool: KnownPool
    what: str
    address: str = ""
    owner: str = ""
    interface: str = ""
    detail: str = ""
    source: str = ""
    notes: tuple[str, ...] = field(default=())
