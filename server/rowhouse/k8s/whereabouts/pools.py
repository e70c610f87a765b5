"""IPPool objects: which pool of ours each of them is, or whose slice of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_cidr,
    parse_cidr,
)
from rowhouse.domain.takeover import KnownPool, KnownSlice, NotTaken
from rowhouse.k8s.whereabouts.names import prefix_of_pool
from rowhouse.k8s.whereabouts.objects import name_of, section, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowhouse.k8s.whereabouts.objects import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePool:
    """An IPPool object. `written` is its `spec.range`, from whose address its keys count.

    `pool` is where its addresses go; `node` is whose slice it is, or "". `note` says what was odd.
    """

    name: str
    written: str
    pool: KnownPool
    node: str
    allocations: Object
    note: str = ""


@dataclass(slots=True)
class Places:
    """Node slices, by which the name of a node's IPPool is understood."""

    # (node, slice as canonical text) → names of the NodeSlicePools, and their ranges
    _slices: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    not_taken: list[NotTaken] = field(default_factory=list)

    def add(self, obj: Object) -> None:
        """A NodeSlicePool. Slices that no node has say nothing."""
        source = name_of(obj)
        try:
            # "first-last/length" is a range as well; its CIDR is that of the last part.
            cidr = _masked(text(section(obj, "spec"), "range").rpartition("-")[2].strip())
        except ValueError as error:
            self.not_taken.append(NotTaken(source=source, reason=f"spec.range: {error}"))
            return
        allocations = section(obj, "status").get("allocations")
        for entry in allocations if isinstance(allocations, list) else []:
            if not isinstance(entry, dict) or not text(entry, "nodeName"):
                continue
            try:
                part = _masked(text(entry, "sliceRange"))
            except ValueError as error:
                reason = f"the slice of node {text(entry, 'nodeName')}: {error}"
                self.not_taken.append(NotTaken(source=source, reason=reason))
                continue
            name = text(section(obj, "metadata"), "name")
            self._slices.setdefault((text(entry, "nodeName"), part), []).append((name, cidr))

    def place(self, prefix: str, cidr: str) -> tuple[str, str, str] | None:
        """(network, node, range) of the IPPool with this prefix in its name, if it is a node's slice."""
        for (node, part), owners in self._slices.items():
            if part != cidr:
                continue
            for _, whole in owners:
                if prefix == node:
                    return "", node, whole
            for name, whole in owners:
                # The object is named after the network, where it has a name.
                if prefix == f"{name}-{node}":
                    return name, node, whole
        return None

    def slices(self, used: Iterable[SourcePool], isolated: frozenset[str]) -> list[KnownSlice]:
        """All slices that nodes have. Of what network, the pools in use say, else the object's name."""
        unnamed = {pool.pool.cidr for pool in used if pool.node and not pool.pool.network}
        named = {pool.pool.network for pool in used if pool.node}
        return [
            KnownSlice(
                pool=KnownPool(
                    network=name if name in named or whole not in unnamed else "",
                    cidr=whole,
                    isolated=whole in isolated,
                ),
                node=node,
                slice=part,
            )
            for (node, part), owners in self._slices.items()
            for name, whole in owners
        ]


def source_pool(obj: Object, places: Places, isolated: frozenset[str]) -> SourcePool | NotTaken:
    """What an IPPool object is; `isolated` holds the names and CIDRs of pools with a space of their own."""
    source, metadata = name_of(obj), section(obj, "metadata")
    spec = section(obj, "spec")
    written, name = text(spec, "range"), text(metadata, "name")
    allocations = section(spec, "allocations")
    lost = f"; its {len(allocations)} allocations are not taken" if allocations else ""
    try:
        cidr = _masked(written)
        prefix = prefix_of_pool(name, written)
    except ValueError as error:
        return NotTaken(source=source, reason=f"spec.range {written!r}: {error}{lost}")
    network, node, whole, note = prefix or "", "", cidr, ""
    if prefix is None:
        note = (
            f"{name} is not how whereabouts names the pool of {cidr}: taken for the default network"
        )
    elif prefix and (found := places.place(prefix, cidr)):
        network, node, whole = found
    return SourcePool(
        name=source,
        written=written,
        pool=KnownPool(
            network=network, cidr=whole, isolated=bool(isolated & {name, cidr, whole, source})
        ),
        node=node,
        allocations=allocations,
        note=note,
    )


def _masked(text: str) -> str:
    try:
        return format_cidr(parse_cidr(text).cidr)
    except (AddressSyntaxError, MappedAddressError) as error:
        raise ValueError(str(error)) from error
