"""The MAC address that the runtime requests: `runtimeConfig.mac`, `args.cni.mac`, CNI_ARGS `MAC`.

The first source that is not empty counts, as for the main plugins `bridge` and `macvlan`. multus sends the `mac` of a
pod's annotation as CNI_ARGS `MAC`, and also as `runtimeConfig.mac` if the network declares the capability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.cni import fields
from rowhouse.domain.errors import InvalidConfig, InvalidEnvironment
from rowhouse.domain.mac import parse_mac

if TYPE_CHECKING:
    from rowhouse.cni.arguments import Arguments
    from rowhouse.cni.fields import Fields


def requested_mac(config: Fields, arguments: Arguments) -> str | None:
    """Return the requested MAC address, None if there is none.

    Raises InvalidConfig or InvalidEnvironment, which name key and value.
    """
    runtime = fields.section(config, "runtimeConfig", "netconf")
    cni = fields.section(fields.section(config, "args", "netconf"), "cni", "args")
    for where, text in (
        ("runtimeConfig.mac", fields.text(runtime, "mac", "runtimeConfig")),
        ("args.cni.mac", fields.text(cni, "mac", "args.cni")),
        ("CNI_ARGS MAC", arguments.mac),
    ):
        if text:
            return _read(text, where)
    return None


def _read(text: str, where: str) -> str:
    try:
        return parse_mac(text)
    except ValueError as error:
        message = f"invalid MAC address {fields.shown(text)} in {where}: {error}"
        raise (
            InvalidEnvironment(message) if where.startswith("CNI_ARGS") else InvalidConfig(message)
        ) from None
