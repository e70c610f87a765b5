"""A cache of parsed network configurations: calls with the same bytes share one result."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rowhouse.cni.arguments import Arguments
from rowhouse.cni.call import MAX_KNOWN, MOST_KNOWN, config_version, read_config
from rowhouse.cni.candidates import candidates_of, limited_to
from rowhouse.cni.netconf import (
    STRICT,
    Netconf,
    allows_persistent_ips,
    ipam_object,
    read_netconf,
    takes_first_address,
)
from rowhouse.cni.plan import Plan, plan_addresses
from rowhouse.cni.requested import claimed_addresses, requested_addresses
from rowhouse.domain.errors import InvalidConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.domain.requests import LastingOwner

_NOTHING_ASKED: Final = Arguments()


class Configurations:
    """Parses the network configurations of one server and caches the recent ones.

    Safe to share between threads: its results are immutable. Errors are not cached.

    Args:
        compat: the server's setting, as in `read_netconf`.
        defaults: the server's defaults for keys that a configuration omits.
    """

    def __init__(self, compat: str, defaults: Mapping[str, object]) -> None:
        self._compat = compat
        self._defaults = defaults
        self._netconfs = lru_cache(MOST_KNOWN)(self._read)
        self._plans = lru_cache(MOST_KNOWN)(self._work_out)

    def netconf(self, body: bytes) -> Netconf:
        """Return the `ipam` object of a configuration. Raises InvalidConfig."""
        return self._netconfs(body) if len(body) <= MAX_KNOWN else self._read(body)

    def plan(self, body: bytes, arguments: Arguments, claim: LastingOwner | None = None) -> Plan:
        """Return the plan for an ADD of a configuration; `claim` may request addresses.

        Raises the errors of `plan_addresses`.
        """
        if claim is not None and claim.requests:
            return self._work_out(body, arguments, claim)
        if len(body) > MAX_KNOWN or arguments.addresses or arguments.gateways:
            return self._work_out(body, arguments)
        return self._plans(body)

    def _read(self, body: bytes) -> Netconf:
        config = read_config(body)
        return read_netconf(
            ipam_object(config),
            server_compat=self._compat,
            defaults=self._defaults,
            takes_first=takes_first_address(config),
            by_claim=allows_persistent_ips(config),
        )

    def _work_out(
        self,
        body: bytes,
        arguments: Arguments = _NOTHING_ASKED,
        claim: LastingOwner | None = None,
    ) -> Plan:
        config, netconf = read_config(body), self.netconf(body)
        wanted = () if netconf.strict else requested_addresses(config, arguments)
        if claim is not None:
            if netconf.strict:
                raise InvalidConfig(
                    f"IPAMClaim {claim.name} has ipRequests, which a network with compat {STRICT} ignores",
                    hint="Remove compat from the configuration, or ipRequests from the claim.",
                )
            wanted = claimed_addresses(claim.name, claim.requests, wanted)
        plan = plan_addresses(netconf, arguments, wanted, raw_version=config_version(config))
        return plan if netconf.strict else limited_to(candidates_of(config), plan)
