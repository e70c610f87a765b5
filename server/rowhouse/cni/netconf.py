"""The `ipam` object of a network configuration: all keys of whereabouts, and Rowhouse's own.

`docs/reference/config.md` lists the keys. The rules are those of whereabouts v0.9.4
(`pkg/config/config.go`, `pkg/types/types.go`); comments mark the differences.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rowhouse.cni import fields
from rowhouse.cni.fields import Fields, shown
from rowhouse.cni.results import Dns, InterfaceAddress, Route
from rowhouse.domain.addresses import format_address, format_cidr, parse_address, parse_cidr
from rowhouse.domain.errors import InvalidConfig
from rowhouse.domain.limits import MAX_NAME
from rowhouse.domain.ranges import ConfiguredRange, configured_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPAddress

    from rowhouse.domain.lasting_owners import KeepFor

TYPES = ("whereabouts", "rowhouse")
STRICT = "strict"

MOST_RANGES = 128
"""The maximum number of ranges in one configuration: each one costs an address per ADD."""

MAX_TTL = 100 * 365 * 86400.0
"""Seconds."""

_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SLICE = re.compile(r"/?([0-9]{1,3})")
_KEEP_FOR: dict[str, KeepFor] = {"vm": "vm", "statefulset": "statefulset", "name": "name"}
_RANGE_KEYS = ("range", "ipranges", "pool")


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeEntry:
    """A source of one address: a `configured` range, or a `pool` by name.

    `exclude` is as written; `where` is the place in the document.
    """

    where: str
    configured: ConfiguredRange | None = None
    exclude: tuple[str, ...] = ()
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Netconf:
    """The contents of the `ipam` object. `ranges` are in the order of the addresses in the result.

    `address_space` is `network_name`; `sticky_ttl` is in seconds, None: until released;
    `reuse_delay` is in seconds, None: the pool's value. `takes_first`: the main plugin uses the first
    address after the network address itself if there is no gateway.

    `keep_for` and `by_claim` say who owns the addresses if they outlive the pod; `sticky` is false then.
    """

    ranges: tuple[RangeEntry, ...]
    gateway: IPAddress | None
    static: tuple[InterfaceAddress, ...]
    routes: tuple[Route, ...]
    dns: Dns
    address_space: str
    overlapping: bool
    node_slice_size: int | None
    sticky: bool
    sticky_ttl: float | None
    reuse_delay: float | None
    use_all: bool
    strict: bool
    takes_first: bool = False
    keep_for: KeepFor = ""
    by_claim: bool = False


def is_strict(config: Fields, server_compat: str) -> bool:
    """Whether the configuration asks for upstream's behavior; nothing else in it is checked."""
    ipam = config.get("ipam")
    return server_compat == STRICT or (isinstance(ipam, dict) and ipam.get("compat") == STRICT)


def ipam_object(config: Fields) -> Fields:
    """Return the `ipam` object if its type is ours. Raises InvalidConfig."""
    if config.get("ipam") is None:
        raise InvalidConfig("IPAM config missing 'ipam' key")
    ipam = fields.section(config, "ipam", "netconf")
    kind = fields.text(ipam, "type")
    if kind not in TYPES:
        raise InvalidConfig(
            "only interested in networks whose IPAM type is 'whereabouts' or 'rowhouse'. "
            f"This one was: {kind}"
        )
    return ipam


def takes_first_address(config: Fields) -> bool:
    """Whether the main plugin takes the first address of a subnet without a gateway for itself.

    `bridge` uses it as a gateway (containernetworking/plugins, `calcGateways` of main/bridge).
    """
    return config.get("type") == "bridge" and (
        config.get("isgateway") is True or config.get("isdefaultgateway") is True
    )


def allows_persistent_ips(config: Fields) -> bool:
    """Whether the configuration has `allowPersistentIPs` beside `ipam`, as OVN-Kubernetes'. Raises InvalidConfig."""
    return fields.flag(config, "allowPersistentIPs", default=False, where="netconf")


def read_netconf(
    ipam: Fields,
    *,
    server_compat: str = "",
    defaults: Mapping[str, object] | None = None,
    takes_first: bool = False,
    by_claim: bool = False,
) -> Netconf:
    """Parse the `ipam` object. Raises InvalidConfig, which names key and value.

    `server_compat` and `defaults` are the server's settings; a default fills only empty keys.
    `takes_first` is the result of `takes_first_address`, `by_claim` that of `allows_persistent_ips`.
    """
    compat = fields.text(ipam, "compat") or server_compat
    if compat not in {"", STRICT}:
        raise InvalidConfig(f'ipam.compat must be "{STRICT}" or absent, got {shown(compat)}')
    strict = compat == STRICT
    if defaults:
        ipam = _with_defaults(ipam, defaults, strict=strict)
    sticky_ttl = _duration(ipam, "sticky_ttl")
    sticky, keep_for = _sticky(ipam)
    return Netconf(
        routes=tuple(_route(route, where) for route, where in fields.sections(ipam, "routes")),
        dns=_dns(fields.section(ipam, "dns", "ipam")),
        address_space=fields.name(ipam, "network_name"),
        overlapping=fields.flag(ipam, "enable_overlapping_ranges", default=True),
        sticky=sticky,
        keep_for=keep_for,
        by_claim=by_claim or fields.flag(ipam, "allowPersistentIPs", default=False),
        sticky_ttl=sticky_ttl,
        reuse_delay=None if strict else _duration(ipam, "reuse_delay"),
        use_all=fields.flag(ipam, "use_all", default=False),
        strict=strict,
        takes_first=takes_first,
        ranges=_ranges(ipam),
        gateway=_gateway(fields.text(ipam, "gateway")),
        static=tuple(
            _static(address, where) for address, where in fields.sections(ipam, "addresses")
        ),
        node_slice_size=_node_slice_size(fields.text(ipam, "node_slice_size")),
    )


def _sticky(ipam: Fields) -> tuple[bool, KeepFor]:
    value = ipam.get("sticky")
    if isinstance(value, str) and value in _KEEP_FOR:
        return False, _KEEP_FOR[value]
    if value is None or isinstance(value, bool):
        return bool(value), ""
    raise fields.wrong_type("ipam", "sticky", 'true, false, "vm", "statefulset" or "name"', value)


def _with_defaults(ipam: Fields, defaults: Mapping[str, object], *, strict: bool) -> Fields:
    """Fill keys that are absent, null, "", 0, [] or {} in the NAD, like the flat file of whereabouts.

    Unlike there, a default of `enable_overlapping_ranges` applies if the NAD does not set it (except
    in strict mode), and a NAD with ranges gets no default pool, nor the reverse.
    """
    merged = dict(ipam)
    named = {key for key in _RANGE_KEYS if ipam.get(key)}
    for key, value in fields.fold(defaults).items():
        current = ipam.get(key)
        if current or isinstance(current, bool) or (strict and key == "enable_overlapping_ranges"):
            continue
        if ("pool" in named and key in {"range", "ipranges"}) or (named and key == "pool"):
            continue
        merged[key] = value
    return merged


def _ranges(ipam: Fields) -> tuple[RangeEntry, ...]:
    """The top-level range first, then `ipRanges`."""
    entries: list[RangeEntry] = []
    pool = fields.name(ipam, "pool")
    top = fields.text(ipam, "range")
    exclude = fields.texts(ipam, "exclude")
    start, end = fields.text(ipam, "range_start"), fields.text(ipam, "range_end")
    listed = fields.sections(ipam, "ipRanges")
    if pool and (top or listed):
        raise InvalidConfig(
            f"ipam.pool {shown(pool)} and ipam.{'range' if top else 'ipRanges'} exclude each other",
            hint='name several pools as "ipRanges": [{"pool": "a"}, {"pool": "b"}]',
        )
    if pool:
        entries.append(RangeEntry(where="ipam.pool", pool=pool))
    if top:
        entries.append(
            RangeEntry(
                where="ipam.range", configured=configured_range(top, start, end), exclude=exclude
            )
        )
    if len(listed) > MOST_RANGES:
        raise InvalidConfig(f"ipam.ipRanges has {len(listed)} entries, more than {MOST_RANGES}")
    entries.extend(_listed_range(entry, where) for entry, where in listed)
    return tuple(entries)


def _listed_range(entry: Fields, where: str) -> RangeEntry:
    """An entry of `ipRanges`; here `range_start` and `range_end` must be addresses."""
    pool = fields.name(entry, "pool", where)
    top = fields.text(entry, "range", where)
    exclude = fields.texts(entry, "exclude", where)
    start, end = (_strict_address(entry, key, where) or "" for key in ("range_start", "range_end"))
    if pool and top:
        raise InvalidConfig(f"{where}.pool {shown(pool)} and {where}.range exclude each other")
    if pool:
        return RangeEntry(where=f"{where}.pool", pool=pool)
    return RangeEntry(
        where=f"{where}.range", configured=configured_range(top, start, end), exclude=exclude
    )


def _strict_address(entry: Fields, key: str, where: str) -> str | None:
    """An address that Go decodes straight into a `net.IP`; None when it is absent or ""."""
    value = fields.text(entry, key, where)
    if not value:
        return None
    try:
        return format_address(parse_address(value))
    except ValueError as error:
        raise InvalidConfig(
            f"LoadIPAMConfig - JSON Parsing Error: {error} ({where}.{key})"
        ) from None


def _gateway(text: str) -> IPAddress | None:
    if not text:
        return None
    try:
        return parse_address(text, sloppy=True)
    except ValueError as error:
        raise InvalidConfig(f"couldn't parse gateway IP: {text}", hint=str(error)) from None


def _static(entry: Fields, where: str) -> InterfaceAddress:
    value = fields.text(entry, "address", where)
    gateway = _strict_address(entry, "gateway", where)
    try:
        network = parse_cidr(value, sloppy=True)
    except ValueError as error:
        raise InvalidConfig(f"invalid CIDR in addresses {value}: {error}") from None
    return InterfaceAddress(address=format_cidr(network), version=network.version, gateway=gateway)


def _route(entry: Fields, where: str) -> Route:
    dst = fields.text(entry, "dst", where)
    try:
        network = parse_cidr(dst)
    except ValueError as error:
        raise InvalidConfig(f"LoadIPAMConfig - JSON Parsing Error: {error} ({where}.dst)") from None
    return Route(
        dst=format_cidr(network),
        version=network.version,
        gw=_strict_address(entry, "gw", where),
        mtu=fields.integer(entry, "mtu", where),
        advmss=fields.integer(entry, "advmss", where),
        priority=fields.integer(entry, "priority", where),
        table=fields.integer(entry, "table", where),
        scope=fields.integer(entry, "scope", where),
    )


def _dns(entry: Fields) -> Dns:
    return Dns(
        nameservers=fields.texts(entry, "nameservers", "ipam.dns"),
        domain=fields.text(entry, "domain", "ipam.dns"),
        search=fields.texts(entry, "search", "ipam.dns"),
        options=fields.texts(entry, "options", "ipam.dns"),
    )


def _node_slice_size(text: str) -> int | None:
    if not text:
        return None
    match = _SLICE.fullmatch(text)
    if match is None:
        raise InvalidConfig(
            f'ipam.node_slice_size must be a prefix length like "/26", got {shown(text)}'
        )
    return int(match[1])


def _duration(ipam: Fields, key: str) -> float | None:
    """Seconds as a number, or a duration like "24h", "1h30m", "7d"; None if it is absent."""
    value = ipam.get(key)
    if value is None or value == "":
        return None
    seconds = math.nan
    if isinstance(value, str) and len(value) <= MAX_NAME and _DURATION.fullmatch(value):
        seconds = sum(
            float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(value)
        )
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_TTL:
        seconds = float(value)
    if not 0 < seconds <= MAX_TTL:
        raise InvalidConfig(
            f'ipam.{key} must be seconds or a duration like "24h", got {shown(value)}'
        )
    return seconds
