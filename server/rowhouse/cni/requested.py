"""Addresses that the caller requests: `runtimeConfig.ips`, `args.cni.ips`, CNI_ARGS `IP`.

The first source that is not empty counts (CNI CONVENTIONS.md: capabilities before `args` before
CNI_ARGS). multus sends the `ips` of a pod's annotation as CNI_ARGS `IP`, and also as `runtimeConfig.ips`
if the network declares the capability.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowhouse.cni import fields
from rowhouse.domain.addresses import parse_address, parse_cidr
from rowhouse.domain.errors import InvalidConfig, InvalidEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netaddr import IPAddress, IPNetwork

    from rowhouse.cni.arguments import Arguments
    from rowhouse.cni.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAddress:
    """A requested address; `cidr` if it has a prefix length; `source` names the key.

    `by_arguments`: CNI_ARGS `IP` lists it. It is then a static address if it is outside every range,
    as upstream (case C08).
    """

    address: IPAddress
    cidr: IPNetwork | None
    source: str
    by_arguments: bool


def requested_addresses(config: Fields, arguments: Arguments) -> tuple[RequestedAddress, ...]:
    """Return the requested addresses in order, without duplicates.

    Raises InvalidConfig or InvalidEnvironment.
    """
    listed = set(arguments.addresses)
    runtime = fields.section(config, "runtimeConfig", "netconf")
    cni = fields.section(fields.section(config, "args", "netconf"), "cni", "args")
    found: dict[IPAddress, RequestedAddress] = {}
    for where, values in (
        ("runtimeConfig.ips", fields.texts(runtime, "ips", "runtimeConfig")),
        ("args.cni.ips", fields.texts(cni, "ips", "args.cni")),
        ("CNI_ARGS IP", arguments.addresses),
    ):
        for text in values:
            wanted = _requested(text.strip(), where, by_arguments=text.strip() in listed)
            found.setdefault(wanted.address, wanted)
        if found:
            break
    return tuple(found.values())


def claimed_addresses(
    claim: str, requests: Sequence[str], by_call: Sequence[RequestedAddress]
) -> tuple[RequestedAddress, ...]:
    """Return the addresses in `ipRequests` of a claim. The call may request no others. Raises InvalidConfig."""
    source = f"ipRequests of IPAMClaim {claim}"
    found = tuple(_requested(text.strip(), source, by_arguments=False) for text in requests)
    allowed = {one.address for one in found}
    for one in by_call:
        if one.address not in allowed:
            raise InvalidConfig(
                f"requested address {one.address} ({one.source}) is not in {source}",
                hint="Remove it from the pod, or request it in the claim.",
            )
    return found


def static_argument(text: str) -> IPNetwork:
    """Parse an entry of CNI_ARGS `IP` like upstream: a CIDR, with its host bits.

    Raises InvalidEnvironment.
    """
    try:
        return parse_cidr(text, sloppy=True)
    except ValueError as error:
        raise InvalidEnvironment(f"invalid CIDR {text}: {error} (CNI_ARGS IP)") from None


def gateway_argument(text: str) -> IPAddress:
    """Parse an entry of CNI_ARGS `GATEWAY`. Raises InvalidEnvironment."""
    try:
        return parse_address(text, sloppy=True)
    except ValueError as error:
        raise InvalidEnvironment(f"invalid gateway address: {text}", hint=str(error)) from None


def _requested(text: str, where: str, *, by_arguments: bool) -> RequestedAddress:
    try:
        cidr = parse_cidr(text, sloppy=True) if "/" in text else None
        address = cidr.ip if cidr is not None else parse_address(text, sloppy=True)
    except ValueError as error:
        message = f"invalid address {fields.shown(text)} in {where}: {error}"
        raise (
            InvalidEnvironment(message) if where.startswith("CNI_ARGS") else InvalidConfig(message)
        ) from None
    return RequestedAddress(address=address, cidr=cidr, source=where, by_arguments=by_arguments)
