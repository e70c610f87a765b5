"""What the allocator promises, in plain Python: one writer, dictionaries, no cleverness.

An address space is a network name, or one pool of it that is isolated. Held addresses and quarantined
ones ("resting") are keyed by (space, address); all else that a pool covers is free.
"""

from __future__ import annotations

from ipam.model.operators import Operators
from ipam.model.pods import Pods
from ipam.model.spans import Address, joined
from ipam.model.state import Held, Key, OwnerKey, Pool, Refused, Wish

__all__ = ["Address", "Held", "Key", "Model", "OwnerKey", "Pool", "Refused", "Wish", "joined"]


class Model(Pods, Operators):
    """All address spaces."""
