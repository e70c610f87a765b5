"""Look up the ids that the API needs by names, CIDRs and addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from rowhouse.cli.exits import NOT_FOUND, Failure
from rowhouse.domain.networks import DEFAULT_NETWORK, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.client import Client
    from rowhouse.cli.client.client import Document

_RUN = re.compile(r"([^\s/-]+)-([^\s/-]+)")


def pool(client: Client, text: str, network: str | None) -> Document:
    """Find a pool by name, alias, CIDR or id; `network` decides if several networks have the CIDR."""
    if "/" in text:
        found = client.find("/pools", cidr=text, network=network)
    else:
        found = client.find("/pools", name=text, network=network)
        if not found and text.isdecimal():
            return client.get(f"/pools/{text}")
    if not found:
        raise Failure(
            f'there is no pool "{text}"',
            hint="`rowhouse pool list` lists them.",
            exit_code=NOT_FOUND,
        )
    return _only(found, f"pool {text}", [quoted(one["network"]) for one in found])


def network(client: Client, name: str) -> Document:
    """Find a network by name. Isolated networks, which have one pool each, do not count."""
    found = [one for one in client.find("/networks", name=name) if one["isolated"] is None]
    return _only(found, f"network {quoted(name)}" if name else DEFAULT_NETWORK, [])


def reservation(client: Client, address: str, network: str | None, in_pool: str | None) -> Document:
    """Find the reservation of an address; `network` or `in_pool` decides if several networks have it."""
    found = client.find("/reservations", address=address, network=network, pool=in_pool or None)
    return _only(found, f"reservation of {address}", [quoted(one["network"]) for one in found])


def run(text: str) -> tuple[str, str]:
    """Parse "FIRST-LAST", a CIDR or one address to the first and last address."""
    if found := _RUN.fullmatch(text):
        return found[1], found[2]
    if "/" not in text:
        return text, text
    from netaddr import AddrFormatError, IPNetwork  # noqa: PLC0415 - rarely needed

    try:
        block = IPNetwork(text)
    except (AddrFormatError, ValueError):
        raise click.UsageError(f"{text} is not a CIDR") from None
    return str(block.cidr[0]), str(block.cidr[-1])


class HostAddress(click.ParamType[str]):
    """An address argument; a prefix length, as a pod's interface shows it, is dropped."""

    name = "ADDRESS"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse the address without its prefix length."""
        address, slash, length = value.partition("/")
        if slash and not length.isdecimal():
            self.fail(f"{value!r} is not an address", param, ctx)
        return address


def _only(found: Sequence[Document], what: str, networks: Sequence[str]) -> Document:
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(f"there is no {what}", exit_code=NOT_FOUND)
    raise Failure(
        f"several networks have {what}: {', '.join(networks)}",
        hint='Select the network with --network ("" is the default network), or an isolated pool with --pool.',
    )
