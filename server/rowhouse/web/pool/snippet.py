"""A NetworkAttachmentDefinition that gives pods addresses of a pool."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rowhouse.store.inventory.occupancy import Occupancy

_DEFINITION = """\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata:
  name: {name}
  namespace: default
spec:
  config: |
{config}
"""


def definition(pool: Occupancy) -> str:
    """Return the definition as YAML. It refers to a pool by its name, or else by its range."""
    ipam: dict[str, object] = {"type": "rowhouse"}
    if pool.name:
        ipam["pool"] = pool.name
    else:
        cidr = ip_network(pool.cidr)
        whole = cidr.num_addresses <= 2  # noqa: PLR2004 - RFC 3021
        ipam["range"] = pool.cidr
        if whole:
            ipam["use_all"] = True
        elif (pool.first, pool.last) != (str(cidr[1]), str(cidr[-2])):
            ipam |= {"range_start": pool.first, "range_end": pool.last}
        if pool.gateway:
            ipam["gateway"] = pool.gateway
        if pool.network:
            ipam["network_name"] = pool.network
        if pool.isolated:
            ipam["enable_overlapping_ranges"] = False
    config = {
        "cniVersion": "1.0.0",
        "name": pool.network or "rowhouse",
        "type": "macvlan",
        "master": "eth1",
        "ipam": ipam,
    }
    lines = json.dumps(config, indent=2).splitlines()
    name = pool.name or pool.network or "rowhouse"
    return _DEFINITION.format(name=name, config="\n".join(f"    {line}" for line in lines))
