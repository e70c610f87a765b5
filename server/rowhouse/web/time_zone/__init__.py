"""The time zone in which a browser shows times."""

from rowhouse.web.time_zone.page import time_zone

__all__ = ["time_zone"]
