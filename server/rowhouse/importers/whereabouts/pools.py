"""Determine for each IPPool object which pool it is, or which node's slice of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaddr import IPNetwork

from rowhouse.domain.addresses import AddressSyntaxError, MappedAddressError
from rowhouse.domain.importing import KnownPool, NotTaken
from rowhouse.importers.whereabouts.objects import name_of, section, text
from rowhouse.importers.whereabouts.places import masked
from rowhouse.k8s.whereabouts.annotations import ISOLATED, NETWORK, NODE, RANGE
from rowhouse.k8s.whereabouts.names import ip_pool_name, prefix_of_pool

if TYPE_CHECKING:
    from rowhouse.importers.whereabouts.evidence import Evidence
    from rowhouse.importers.whereabouts.objects import Object
    from rowhouse.importers.whereabouts.places import Places

NO_SLICE_POOL = (
    "it is the slice of a node, but no NodeSlicePool names its range: imported as a separate pool"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePool:
    """An IPPool object. `written` is its `spec.range`; its keys are offsets from that address.

    `pool` receives its addresses; `node` is the node if it is a slice, else "". `note` describes anything unusual.
    """

    name: str
    written: str
    pool: KnownPool
    node: str
    allocations: Object
    note: str = ""


def source_pool(
    obj: Object, places: Places, evidence: Evidence, isolated: frozenset[str]
) -> SourcePool | NotTaken:
    """Interpret an IPPool object. `isolated` has the names and CIDRs of isolated pools.

    Its name alone may be ambiguous. Our mirror's annotations decide, then its reservations, then the NodeSlicePools;
    otherwise its prefix is a network.
    """
    source, metadata = name_of(obj), section(obj, "metadata")
    spec, annotations = section(obj, "spec"), section(metadata, "annotations")
    written, name = text(spec, "range"), text(metadata, "name")
    allocations = section(spec, "allocations")
    lost = f"; its {len(allocations)} allocations are not taken" if allocations else ""
    try:
        cidr = masked(written)
        prefix = prefix_of_pool(name, written)
    except ValueError as error:
        return NotTaken(source=source, reason=f"spec.range {written!r}: {error}{lost}")
    network, node, whole, note = prefix or "", "", cidr, ""
    if prefix is None:
        note = (
            f"{name} is not how whereabouts names the pool of {cidr}: taken for the default network"
        )
    elif told := _annotated(name, cidr, annotations):
        network, node, whole = told
    elif prefix:
        reserved_in = evidence.network(prefix, written, allocations)
        if reserved_in is None:
            network, node, whole = places.place(prefix, cidr) or (prefix, "", cidr)
        elif reserved_in != prefix:
            network = reserved_in
            node = prefix.removeprefix(f"{network}-") if network else prefix
            found = places.whole(network, node, cidr)
            whole, note = (found, "") if found else (cidr, NO_SLICE_POOL)
    alone = bool(isolated & {name, cidr, whole, source}) or text(annotations, ISOLATED) == "true"
    return SourcePool(
        name=source,
        written=written,
        pool=KnownPool(network=network, cidr=whole, isolated=alone),
        node=node,
        allocations=allocations,
        note=note,
    )


def _annotated(name: str, cidr: str, annotations: Object) -> tuple[str, str, str] | None:
    """Return (network, node, range) from our mirror's annotations, if they fit the name."""
    if NETWORK not in annotations:
        return None
    network, node = text(annotations, NETWORK), text(annotations, NODE)
    if ip_pool_name(cidr, network=network, node=node) != name:
        return None
    if not node:
        return network, "", cidr
    try:
        whole = masked(text(annotations, RANGE))
    except (ValueError, AddressSyntaxError, MappedAddressError):
        return None
    return (network, node, whole) if IPNetwork(cidr) in IPNetwork(whole) else None
