"""A pool: its address map, its fill over time, its free runs, and a NAD that uses it."""

from rowhouse.web.pool.page import pool

__all__ = ["pool"]
