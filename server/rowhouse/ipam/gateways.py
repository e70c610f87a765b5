"""Gateways of network configurations: show them, and forget unused ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import InTheWay
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import gateways

if TYPE_CHECKING:
    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def gateway(store: Database, gateway_id: int) -> Record:
    """Return a gateway. Raises NotFound."""
    found = gateways.get(store, gateway_id)
    if found is None:
        raise missing("gateway", gateway_id)
    return found


def forget_gateway(store: Database, gateway_id: int, actor: Actor) -> None:
    """Forget a gateway: its address can be assigned again, unless another pool or CNI network has it too.

    The next ADD of a network configuration that still has this gateway records it again.
    Raises NotFound, and InTheWay for a gateway that an operator set.
    """
    found = gateway(store, gateway_id)
    if found.cni_network is None:
        raise InTheWay(
            f"{found.address} is the gateway of pool {found.pool}",
            hint="Change the gateway of the pool instead.",
        )
    gateways.forget(store, gateway_id, actor)
