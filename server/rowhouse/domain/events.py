"""The reasons of events."""

from __future__ import annotations

from typing import Final

REASONS: Final = {
    "NoAddress": "No address",
    "ClaimRefused": "Claim refused",
    "AddressIsGateway": "Address is a gateway",
    "Reclaimed": "Reclaimed",
    "OwnerGone": "Owner is gone",
    "OwnerExpired": "Owner expired",
    "PoolNearlyFull": "Pool nearly full",
}
"""Reasons, and their labels for people."""

RELEASES: Final = frozenset({"Reclaimed", "OwnerGone", "OwnerExpired"})
"""Addresses are free again, as they should be: no warnings."""
