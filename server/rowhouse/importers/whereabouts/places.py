"""NodeSlicePool objects: which node has which slice of which range, and so what the IPPool of a node is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_cidr,
    parse_cidr,
)
from rowhouse.domain.importing import KnownPool, KnownSlice, NotTaken
from rowhouse.importers.whereabouts.objects import name_of, section, text
from rowhouse.k8s.whereabouts.annotations import NETWORK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowhouse.importers.whereabouts.objects import Object
    from rowhouse.importers.whereabouts.pools import SourcePool

_NAD = "NetworkAttachmentDefinition"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """A NodeSlicePool. `network` is the value of our annotation, None without one.

    `is_of_nad`: a NAD of the same name owns it, so it is probably named after the CNI network, because there is no
    network_name.
    """

    name: str
    cidr: str
    network: str | None
    is_of_nad: bool

    def is_of(self, network: str) -> bool:
        """Whether it may belong to this network."""
        if self.network is not None:
            return self.network == network
        return network in {"", self.name}


@dataclass(slots=True)
class Places:
    """The slices of the nodes, which determine the meaning of the name of a node's IPPool."""

    # (node, slice as canonical text) → the NodeSlicePools
    _slices: dict[tuple[str, str], list[_Owner]] = field(default_factory=dict)
    not_taken: list[NotTaken] = field(default_factory=list)

    def add(self, obj: Object) -> None:
        """Add a NodeSlicePool; slices without a node are ignored."""
        source, metadata = name_of(obj), section(obj, "metadata")
        try:
            # "first-last/length" is also a range; its CIDR is that of the last part.
            cidr = masked(text(section(obj, "spec"), "range").rpartition("-")[2].strip())
        except ValueError as error:
            self.not_taken.append(NotTaken(source=source, reason=f"spec.range: {error}"))
            return
        name, annotations = text(metadata, "name"), section(metadata, "annotations")
        owner = _Owner(
            name=name,
            cidr=cidr,
            network=text(annotations, NETWORK) if NETWORK in annotations else None,
            is_of_nad=_is_owned_by_nad(metadata, name),
        )
        allocations = section(obj, "status").get("allocations")
        for entry in allocations if isinstance(allocations, list) else []:
            if not isinstance(entry, dict) or not text(entry, "nodeName"):
                continue
            try:
                part = masked(text(entry, "sliceRange"))
            except ValueError as error:
                reason = f"the slice of node {text(entry, 'nodeName')}: {error}"
                self.not_taken.append(NotTaken(source=source, reason=reason))
                continue
            self._slices.setdefault((text(entry, "nodeName"), part), []).append(owner)

    def place(self, prefix: str, cidr: str) -> tuple[str, str, str] | None:
        """Return (network, node, range) of the IPPool with this prefix in its name, if it is a node's slice."""
        for (node, part), owners in self._slices.items():
            if part != cidr:
                continue
            for owner in owners:
                if prefix == node and owner.is_of(""):
                    return "", node, owner.cidr
            for owner in owners:
                # The object is named after the network, if that has a name.
                network = owner.name if owner.network is None else owner.network
                if network and prefix == f"{network}-{node}":
                    return network, node, owner.cidr
        return None

    def whole(self, network: str, node: str, cidr: str) -> str | None:
        """Return the range that contains this slice of the node in a network; None without a NodeSlicePool for it."""
        owners = self._slices.get((node, cidr), [])
        return next((owner.cidr for owner in owners if owner.is_of(network)), None)

    def slices(self, used: Iterable[SourcePool], isolated: frozenset[str]) -> list[KnownSlice]:
        """Return all slices of nodes, from the NodeSlicePools and from the pools in use that name their node."""
        used = list(used)
        alone = {(pool.pool.network, pool.pool.cidr) for pool in used if pool.pool.isolated}
        of_nodes = {(pool.pool.network, pool.pool.cidr) for pool in used if pool.node}
        found = [
            KnownSlice(
                pool=KnownPool(
                    network=network,
                    cidr=owner.cidr,
                    isolated=owner.cidr in isolated or (network, owner.cidr) in alone,
                ),
                node=node,
                slice=part,
            )
            for (node, part), owners in self._slices.items()
            for owner in owners
            for network in (_network_of(owner, of_nodes),)
        ]
        for pool in used:
            part = masked(pool.written)
            if pool.node and part != pool.pool.cidr:
                found.append(KnownSlice(pool=pool.pool, node=pool.node, slice=part))
        return list(dict.fromkeys(found))


def _network_of(owner: _Owner, of_nodes: set[tuple[str, str]]) -> str:
    """Return the network of a NodeSlicePool: by its annotation, by the nodes' IPPools, or by its name and owner."""
    if owner.network is not None:
        return owner.network
    if (owner.name, owner.cidr) in of_nodes:
        return owner.name
    return "" if ("", owner.cidr) in of_nodes or owner.is_of_nad else owner.name


def _is_owned_by_nad(metadata: Object, name: str) -> bool:
    owners = metadata.get("ownerReferences")
    return any(
        isinstance(one, dict) and (text(one, "kind"), text(one, "name")) == (_NAD, name)
        for one in (owners if isinstance(owners, list) else [])
    )


def masked(text: str) -> str:
    """Return a range as canonical CIDR. Raises ValueError."""
    try:
        return format_cidr(parse_cidr(text).cidr)
    except (AddressSyntaxError, MappedAddressError) as error:
        raise ValueError(str(error)) from error
