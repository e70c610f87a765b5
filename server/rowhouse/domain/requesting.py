"""Requests of teams for addresses: their states, and how they end."""

from __future__ import annotations

from typing import Final, Literal

State = Literal["pending", "approved", "declined", "withdrawn", "expired"]

Decision = Literal["approved", "declined", "withdrawn"]
"""The ends that a caller can choose."""

VALID_SECONDS: Final = 30 * 86_400.0
"""How long a request waits for a decision by default."""
