"""Look up the ids that the API needs by names, CIDRs and addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from rowhouse.cli.exits import NOT_FOUND, Failure
from rowhouse.domain.echo import shown
from rowhouse.domain.limits import MAX_NAME
from rowhouse.domain.names import LINE
from rowhouse.domain.networks import DEFAULT_NETWORK, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.client import Client
    from rowhouse.cli.client.client import Document

_RUN = re.compile(r"([^\s/-]+)-([^\s/-]+)")


def pool(client: Client, text: str, network: str | None) -> Document:
    """Find a pool by name, alias, CIDR or id; `network` decides if several networks have the CIDR."""
    found: Sequence[Document] = ()
    if "/" in text:
        found = client.find("/pools", cidr=text, network=network)
    elif _may_be_a_name(text):
        found = client.find("/pools", name=text, network=network)
        if not found and text.isdecimal():
            return client.get(f"/pools/{text}")
    if not found:
        raise missing("pool", shown(text), team=client.team)
    return _only(found, f"pool {text}", [quoted(one["network"]) for one in found])


def network(client: Client, name: str) -> Document:
    """Find a network by name. Isolated networks, which have one pool each, do not count."""
    known = client.find("/networks", name=name) if _may_be_a_name(name) else ()
    found = [one for one in known if one["isolated"] is None]
    if not found:
        raise missing("network", shown(name)) if name else missing("network", DEFAULT_NETWORK)
    return found[0]


def reservation(client: Client, address: str, network: str | None, in_pool: str | None) -> Document:
    """Find the reservation of an address; `network` or `in_pool` decides if several networks have it."""
    found = client.find("/reservations", address=address, network=network, pool=in_pool or None)
    if not found and client.team:
        raise Failure(
            f"none of {client.team} holds {address}",
            hint="`rowhouse address list` lists what they hold.",
            exit_code=NOT_FOUND,
        )
    if not found:
        raise Failure(
            f"{address} is not reserved",
            hint=f"`rowhouse explain {address}` shows its state.",
            exit_code=NOT_FOUND,
        )
    return _only(found, address, [quoted(one["network"]) for one in found])


def missing(kind: str, name: str, where: str = "", *, team: str = "") -> Failure:
    """Return the failure for an object that does not exist, with the command that lists the existing ones.

    `team`: the namespaces of the caller, in words; the object may exist, but they do not use it.
    """
    none = f"none of {team} uses a" if team else "there is no"
    return Failure(
        f"{none} {kind} {name} {where}".rstrip(),
        hint=f"`rowhouse {kind} list` lists the existing ones.",
        exit_code=NOT_FOUND,
    )


def _may_be_a_name(text: str) -> bool:
    """Whether the server accepts the text as a name: it refuses any other one, and nothing has it."""
    return len(text) <= MAX_NAME and re.match(LINE, text) is not None


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
        raise click.UsageError(f"{shown(text)} is not a CIDR") from None
    return str(block.cidr[0]), str(block.cidr[-1])


class HostAddress(click.ParamType[str]):
    """An address argument; a prefix length, as a pod's interface shows it, is dropped."""

    name = "ADDRESS"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse the address without its prefix length; two spellings of an address are one."""
        from ipaddress import ip_address  # noqa: PLC0415 - rarely needed

        address, slash, length = value.partition("/")
        if slash and not length.isdecimal():
            self.fail(f"{shown(value)} is not an address", param, ctx)
        try:
            return str(ip_address(address))
        except ValueError:  # the server says what is wrong with it
            return address


def _only(found: Sequence[Document], what: str, networks: Sequence[str]) -> Document:
    if len(found) == 1:
        return found[0]
    raise Failure(
        f"several networks have {what}: {', '.join(networks)}",
        hint='Select the network with --network ("" is the default network), or an isolated pool with --pool.',
    )
