"""An address: its current state, and all its owners."""

from rowhouse.web.address.page import address

__all__ = ["address"]
