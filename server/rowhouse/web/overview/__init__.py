"""The overview: networks and pools, how full they are, and which will be full soon."""

from rowhouse.web.overview.page import network, overview

__all__ = ["network", "overview"]
