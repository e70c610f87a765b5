"""What reports count."""

from __future__ import annotations

from typing import Literal

By = Literal["namespace", "cluster", "node", "network", "pool", "label"]
"""What an address is counted under. A label is one of its pool."""
