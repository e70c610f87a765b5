"""The reasons of events."""

from __future__ import annotations

from typing import Final

REASONS: Final = {
    "NoAddress": "No address",
    "ClaimRefused": "Claim refused",
    "AddressIsGateway": "Address is a gateway",
    "Reclaimed": "Reclaimed",
    "PoolNearlyFull": "Pool nearly full",
}
"""Reasons, and their labels for people."""
