"""The reservations of all pools."""

from rowhouse.web.reservation.page import reservations

__all__ = ["reservations"]
