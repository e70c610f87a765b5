"""What is in the database when everything has come to rest."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

_RESERVATIONS = """
SELECT network_id, host(address), owner_namespace || '/' || owner_name FROM rowhouse.reservations
"""
_ATTACHMENTS = "SELECT container_id, host(address) FROM rowhouse.attachments ORDER BY 1, 2"
_TENURES = """
SELECT host(address), owner_namespace || '/' || owner_name FROM rowhouse.tenures ORDER BY lower(during)
"""
_FREE = "SELECT network_id, host(first), host(last) FROM rowhouse.free_ranges"
_POOLS = "SELECT network_id, cidr::text FROM rowhouse.pools"
_PROBLEMS = "SELECT problem, host(address) FROM rowhouse.integrity_problems"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalState:
    """Owners and sandboxes by address, the owners that each address ever had in order, and the space.

    Owners are written as namespace/name.
    """

    owner_of: dict[str, str] = field(default_factory=dict)
    attached: dict[str, set[str]] = field(default_factory=dict)
    history: dict[str, list[str]] = field(default_factory=dict)
    reserved: list[tuple[int, str]] = field(default_factory=list)
    free: list[tuple[int, str, str]] = field(default_factory=list)
    pools: list[tuple[int, str]] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)
    """What the view `integrity_problems` has to say."""

    def problems(self) -> list[str]:
        """What the space lacks or has twice: free and reserved runs must tile the pools, exactly."""
        found = [f"{problem}: {address}" for problem, address in self.reported]
        for network in sorted({network for network, _ in self.pools}):
            wanted = _joined(
                (_number(str(cidr[0])), _number(str(cidr[-1])))
                for cidr in (ip_network(text) for space, text in self.pools if space == network)
            )
            runs = [
                (_number(first), _number(last))
                for space, first, last in self.free
                if space == network
            ]
            runs += [(_number(a), _number(a)) for space, a in self.reserved if space == network]
            runs.sort()
            found += [
                f"network {network}: {later[0]} is free or reserved twice"
                for earlier, later in itertools.pairwise(runs)
                if later[0] <= earlier[1]
            ]
            if _joined(runs) != wanted:
                found.append(f"network {network}: {_joined(runs)} instead of {wanted}")
        return found


def _number(address: str) -> int:
    """The address as a number; those of IPv6 come after all those of IPv4."""
    value: IPv4Address | IPv6Address = ip_address(address)
    return int(value) if value.version == 4 else int(value) + (1 << 64)


def _joined(runs: Any) -> list[tuple[int, int]]:
    """The runs in order, those that touch or overlap made one."""
    whole: list[tuple[int, int]] = []
    for first, last in sorted(runs):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = whole[-1][0], max(last, whole[-1][1])
        else:
            whole.append((first, last))
    return whole


def read_final_state(conninfo: str) -> FinalState:
    """Read everything in one snapshot."""
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reservations = connection.execute(_RESERVATIONS).fetchall()
        attached: defaultdict[str, set[str]] = defaultdict(set)
        for container, address in connection.execute(_ATTACHMENTS):
            attached[container].add(address)
        history: defaultdict[str, list[str]] = defaultdict(list)
        for address, owner in connection.execute(_TENURES):
            history[address].append(owner)
        return FinalState(
            owner_of={address: owner for _, address, owner in reservations},
            attached=dict(attached),
            history=dict(history),
            reserved=[(network, address) for network, address, _ in reservations],
            free=connection.execute(_FREE).fetchall(),
            pools=connection.execute(_POOLS).fetchall(),
            reported=connection.execute(_PROBLEMS).fetchall(),
        )
