"""CHECK: are the addresses of the last ADD still reserved? (CNI SPEC 1.1.0 section 2, CHECK)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.cni import fields
from rowhouse.domain.addresses import parse_address
from rowhouse.domain.errors import InvalidConfig, NotReserved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netaddr import IPAddress

    from rowhouse.cni.fields import Fields
    from rowhouse.cni.netconf import Netconf
    from rowhouse.domain.requests import Assigned


def previous_addresses(config: Fields) -> set[IPAddress]:
    """Return the addresses of `prevResult`, from all plugins.

    Raises InvalidConfig if there is no `prevResult`.
    """
    if config.get("prevresult") is None:
        raise InvalidConfig(
            "required prevResult missing",
            hint="CHECK needs the result of the last ADD (CNI SPEC 1.1.0)",
        )
    result = fields.section(config, "prevResult", "netconf")
    addresses: set[IPAddress] = set()
    for entry, where in fields.sections(result, "ips", "prevResult"):
        text = fields.text(entry, "address", where)
        try:
            addresses.add(parse_address(text.partition("/")[0]))
        except ValueError:
            continue  # not ours: the server never reports an unreadable address
    return addresses


def verify(netconf: Netconf, reserved: Sequence[Assigned], previous: set[IPAddress]) -> None:
    """Check that each range has a reservation, and that each reserved address is in `previous`.

    Static addresses and those of other plugins are not checked. Raises NotReserved.
    """
    wanted = len(netconf.ranges)
    if netconf.strict:  # several ranges may have the same address (cases D20, O06)
        wanted = min(wanted, 1)
    if len(reserved) < wanted:
        raise NotReserved(
            "no reservation for this container and interface: "
            f"{len(reserved)} of {wanted} addresses are reserved",
            hint="delete the pod so that its next sandbox gets an address",
        )
    missing = [given.address for given in reserved if parse_address(given.address) not in previous]
    if missing:
        raise NotReserved(
            "reserved address differs from prevResult: "
            f"{', '.join(missing)} is reserved but not in prevResult",
            hint="the interface uses an address that is not reserved for it; delete the pod",
        )
