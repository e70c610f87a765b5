"""The result of ADD for every cniVersion, byte for byte as upstream prints it.

Indented by four spaces, no newline at the end; keys in the order of Go's structs up to 0.4.0,
sorted from 1.0.0 on (there upstream goes through a map). Forms: CNI SPEC of each version, "Result".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from rowhouse.domain.errors import InvalidConfig

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ONE_PER_FAMILY = {"0.1.0", "0.2.0"}
_WITH_VERSION = {"0.3.0", "0.3.1", "0.4.0"}
_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceAddress:
    """An address in the result: `address` with its prefix length, `version` 4 or 6."""

    address: str
    version: int
    gateway: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the configuration, copied to the result; `dst` keeps its host bits."""

    dst: str
    version: int
    gw: str | None = None
    mtu: int | None = None
    advmss: int | None = None
    priority: int | None = None
    table: int | None = None
    scope: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    """The `dns` object of the configuration, copied to the result without its empty keys."""

    nameservers: tuple[str, ...] = ()
    domain: str = ""
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def result_body(
    version: str, addresses: Sequence[InterfaceAddress], routes: Sequence[Route], dns: Dns
) -> bytes:
    """Return the result of ADD in the form of `version`, one of `versions.SUPPORTED`.

    Raises InvalidConfig if the form cannot represent it: 0.1.0 and 0.2.0 need an address.
    """
    if version in _ONE_PER_FAMILY:
        return pretty(_one_per_family(version, addresses, routes, dns))
    if version in _WITH_VERSION:
        return pretty(_with_version(version, addresses, routes, dns))
    return pretty(_sorted(version, addresses, routes, dns))


def version_body(version: str, supported: Sequence[str]) -> bytes:
    """Return the response to VERSION, on one line, as Go's encoder prints it."""
    return (
        json.dumps(
            {"cniVersion": version, "supportedVersions": list(supported)}, separators=(",", ":")
        )
        + "\n"
    ).encode()


def pretty(document: Mapping[str, object]) -> bytes:
    """Format JSON like Go's `MarshalIndent` with four spaces."""
    parts: list[str] = []
    _write(parts, document, "\n")
    return "".join(parts).translate(_GO_ESCAPES).encode("utf-8", "replace")


def _write(parts: list[str], value: object, line: str) -> None:
    """Like `json.dumps(indent=4)`, which is generic Python code and takes three times as long."""
    inner = line + "    "
    separator = inner
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif not value or not isinstance(value, (dict, list, tuple)):
        parts.append(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, dict):
        parts.append("{")
        for key, one in value.items():
            parts += (separator, encode_basestring(key), ": ")
            _write(parts, one, inner)
            separator = "," + inner
        parts += (line, "}")
    else:
        parts.append("[")
        for one in value:
            parts.append(separator)
            _write(parts, one, inner)
            separator = "," + inner
        parts += (line, "]")


def _one_per_family(
    version: str, addresses: Sequence[InterfaceAddress], routes: Sequence[Route], dns: Dns
) -> dict[str, object]:
    document: dict[str, object] = {"cniVersion": version}
    for family, key in ((4, "ip4"), (6, "ip6")):
        first = next((address for address in addresses if address.version == family), None)
        if first is None:
            continue
        entry: dict[str, object] = {"ip": first.address}
        if first.gateway:
            entry["gateway"] = first.gateway
        own_routes = [_route(route) for route in routes if route.version == family]
        if own_routes:
            entry["routes"] = own_routes
        document[key] = entry
    if len(document) == 1:
        raise InvalidConfig(
            f"cannot convert: no valid IP addresses for a result of CNI version {version}"
        )
    document["dns"] = _dns(dns)
    return document


def _with_version(
    version: str, addresses: Sequence[InterfaceAddress], routes: Sequence[Route], dns: Dns
) -> dict[str, object]:
    document: dict[str, object] = {"cniVersion": version}
    if addresses:
        document["ips"] = [
            {"version": str(address.version), **_ip(address)} for address in addresses
        ]
    if routes:
        document["routes"] = [_route(route) for route in routes]
    document["dns"] = _dns(dns)
    return document


def _sorted(
    version: str, addresses: Sequence[InterfaceAddress], routes: Sequence[Route], dns: Dns
) -> dict[str, object]:
    document: dict[str, object] = {"cniVersion": version}
    shown = _dns(dns)
    if shown:
        document["dns"] = dict(sorted(shown.items()))
    if addresses:
        document["ips"] = [_ip(address) for address in addresses]
    if routes:
        document["routes"] = [dict(sorted(_route(route).items())) for route in routes]
    return document


def _ip(address: InterfaceAddress) -> dict[str, object]:
    document: dict[str, object] = {"address": address.address}
    if address.gateway:
        document["gateway"] = address.gateway
    return document


def _route(route: Route) -> dict[str, object]:
    """Omit None, and 0 where Go omits it; 0 is a valid table and scope."""
    document: dict[str, object] = {
        "dst": route.dst,
        "gw": route.gw or None,
        "mtu": route.mtu or None,
        "advmss": route.advmss or None,
        "priority": route.priority or None,
        "table": route.table,
        "scope": route.scope,
    }
    return {key: value for key, value in document.items() if value is not None}


def _dns(dns: Dns) -> dict[str, object]:
    document: dict[str, object] = {
        "nameservers": list(dns.nameservers),
        "domain": dns.domain,
        "search": list(dns.search),
        "options": list(dns.options),
    }
    return {key: value for key, value in document.items() if value}
