"""What another address manager knows to be in use, in our terms, and what became of each of it here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rowhouse.domain.administration import OwnerKind

Outcome = Literal["new", "there", "changed", "conflict", "refused", "gone"]
"""new: was or would be taken. there: as it should be. changed: its sandbox is another one since it was
imported. conflict: somebody else has it here, it was left alone. refused: the database said no. gone: it was
imported earlier, and is not in use any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPool:
    """A range: `cidr` is canonical and masked; `isolated`: it has a space of its own."""

    network: str
    cidr: str
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSlice:
    """The part of a pool from which a node draws."""

    pool: KnownPool
    node: str
    slice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGateway:
    """A router's address in or near a range, as a network configuration names it."""

    pool: KnownPool
    address: str
    cni_network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRanges:
    """What a NAD assigns from, in its order, and the gateways that it names."""

    pools: tuple[KnownPool, ...]
    gateways: tuple[KnownGateway, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSandbox:
    """Who uses an address: the key of the DEL that will come. `interface` and `node`: "" where not known."""

    container_id: str
    interface: str
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAddress:
    """An address in use. `source` says where that stands, `notes` what was odd about it.

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
    """Something that cannot be taken over, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that was found. Addresses of a pool stand together, each address of a space once."""

    pools: tuple[KnownPool, ...] = ()
    slices: tuple[KnownSlice, ...] = ()
    addresses: tuple[KnownAddress, ...] = ()
    gateways: tuple[KnownGateway, ...] = ()
    not_taken: tuple[NotTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became, or would become, of one thing. `address` is "" for a pool or a slice."""

    outcome: Outcome
    pool: KnownPool
    what: str
    address: str = ""
    owner: str = ""
    interface: str = ""
    detail: str = ""
    source: str = ""
    notes: tuple[str, ...] = field(default=())
