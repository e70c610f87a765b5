"""IPPool objects: which pool of ours each of them is, or whose slice of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaddr import IPNetwork

from rowhouse.domain.addresses import AddressSyntaxError, MappedAddressError
from rowhouse.domain.importing import KnownPool, NotTaken
from rowhouse.k8s.whereabouts.annotations import ISOLATED, NETWORK, NODE, RANGE
from rowhouse.k8s.whereabouts.names import ip_pool_name, prefix_of_pool
from rowhouse.k8s.whereabouts.objects import name_of, section, text
from rowhouse.k8s.whereabouts.places import masked

if TYPE_CHECKING:
    from rowhouse.k8s.whereabouts.evidence import Evidence
    from rowhouse.k8s.whereabouts.objects import Object
    from rowhouse.k8s.whereabouts.places import Places

NO_SLICE_POOL = "it is the slice of a node, but no NodeSlicePool says of which range: taken for a pool of its own"


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


def source_pool(
    obj: Object, places: Places, evidence: Evidence, isolated: frozenset[str]
) -> SourcePool | NotTaken:
    """What an IPPool object is; `isolated` holds the names and CIDRs of pools with a space of their own.

    Its name alone may be read in several ways. First counts what our mirror wrote on it, then what its reservations
    tell, then the NodeSlicePools; a prefix of which nothing is known is a network.
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
    """(network, node, range) as our mirror wrote them, if they fit the name."""
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
