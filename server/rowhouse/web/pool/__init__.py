"""A pool: the map of its addresses, its fill over time, its free runs, and how pods use it."""

from rowhouse.web.pool.page import pool

__all__ = ["pool"]
