"""A pool: its address map, its fill over time, its free runs, a NAD that uses it, and its addresses as a table."""

from rowhouse.web.pool import grafana
from rowhouse.web.pool.addresses import pool_addresses_page
from rowhouse.web.pool.history import pool_audit, pool_history
from rowhouse.web.pool.page import pool

__all__ = ["grafana", "pool", "pool_addresses_page", "pool_audit", "pool_history"]
