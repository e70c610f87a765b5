"""NetworkAttachmentDefinitions: their configurations, and the ranges from which these assign addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from netaddr import IPNetwork

from rowhouse.cni.gateways import behind_network, gateways_of
from rowhouse.cni.netconf import TYPES
from rowhouse.domain.addresses import format_address, format_cidr, parse_address, parse_cidr
from rowhouse.domain.errors import InvalidConfig, RowhouseError
from rowhouse.domain.importing import KnownGateway, KnownPool, KnownRanges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.cni.configurations import Configurations

_HOST_LOCAL: Final = "host-local"


def plugins_of(config: Any) -> list[dict[str, Any]]:
    """Return the plugins of a configuration: itself, or those of its list."""
    if not isinstance(config, dict):
        return []
    listed = config.get("plugins")
    parts = listed if isinstance(listed, list) else [config]
    return [one for one in parts if isinstance(one, dict)]


def configuration_of(name: str, config: dict[str, Any], plugin: dict[str, Any]) -> bytes:
    """Return the standard input of a NAD's plugin: the runtime adds the NAD's name and version."""
    shared = {key: config[key] for key in ("name", "cniVersion") if key in config}
    return json.dumps({"name": name, **plugin, **shared}).encode()


def ranges_of(
    name: str,
    text: str,
    configurations: Configurations,
    pools: Mapping[str, KnownPool],
) -> KnownRanges:
    """Return the ranges of the first plugin whose IPAM has any, including host-local, to migrate from it.

    Args:
        name: the NAD's name, used if the configuration has none.
        text: `spec.config`.
        configurations: parses Rowhouse's configurations like the server.
        pools: the pools with a name.

    Raises InvalidConfig, with the reason, if there are no ranges.
    """
    try:
        config = json.loads(text)
    except ValueError as error:
        raise InvalidConfig(f"its config is not JSON: {error}") from error
    kinds: list[str] = []
    for plugin in plugins_of(config):
        ipam = plugin.get("ipam")
        kind = ipam.get("type") if isinstance(ipam, dict) else None
        if kind in TYPES:
            return _ours(configuration_of(name, config, plugin), configurations, pools)
        if kind == _HOST_LOCAL and isinstance(ipam, dict):
            return _host_local(ipam, str(config.get("name") or name))
        if isinstance(kind, str):
            kinds.append(kind)
    what = f"its IPAM is {', '.join(kinds)}" if kinds else "it has no IPAM"
    raise InvalidConfig(
        f"{what}: add the rowhouse ranges to the NAD first; its pods can keep running"
    )


def _ours(
    body: bytes, configurations: Configurations, pools: Mapping[str, KnownPool]
) -> KnownRanges:
    netconf = configurations.netconf(body)
    cni_network = str(json.loads(body)["name"])
    found: list[KnownPool] = []
    gateways: list[KnownGateway] = []
    for entry in netconf.ranges:
        if entry.configured is not None:
            pool = KnownPool(
                network=netconf.address_space,
                cidr=entry.configured.cidr_text,
                isolated=not netconf.overlapping,
            )
        elif entry.pool is not None and entry.pool in pools:
            pool = pools[entry.pool]
        else:
            raise InvalidConfig(f'there is no pool named "{entry.pool}"')
        found.append(pool)
        gateways += [
            KnownGateway(pool=pool, address=format_address(hop), cni_network=cni_network)
            for hop in gateways_of(netconf, entry)
            if hop is not None
        ]
    return KnownRanges(pools=tuple(found), gateways=tuple(gateways))


def _host_local(ipam: dict[str, Any], cni_network: str) -> KnownRanges:
    """`subnet`, and `ranges`: lists of lists of subnets (containernetworking/plugins, host-local).

    The gateway of a subnet is its `gateway`, or else the first address after the network address.
    """
    subnets: list[Any] = [ipam] if ipam.get("subnet") else []
    found: list[KnownPool] = []
    gateways: list[KnownGateway] = []
    try:
        for group in ipam.get("ranges") or ():
            subnets += [one for one in group if isinstance(one, dict)]
        for one in subnets:
            block = IPNetwork(str(parse_cidr(str(one.get("subnet")), sloppy=True).cidr))
            named = one.get("gateway")
            hop = parse_address(str(named)) if named else behind_network(block)
            pool = KnownPool(network="", cidr=format_cidr(block))
            found.append(pool)
            if hop is not None:
                gateways.append(
                    KnownGateway(pool=pool, address=format_address(hop), cni_network=cni_network)
                )
    except (AttributeError, TypeError, ValueError, RowhouseError) as error:
        raise InvalidConfig(f"its host-local subnet cannot be read: {error}") from error
    return KnownRanges(pools=tuple(found), gateways=tuple(gateways))
