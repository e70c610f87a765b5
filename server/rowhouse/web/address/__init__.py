"""An address: what it is now, and everybody who had it."""

from rowhouse.web.address.page import address

__all__ = ["address"]
