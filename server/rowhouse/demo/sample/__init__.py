"""`rowhouse demo --serve`: a cluster to look at in the browser.

The present comes from real calls, as pods, people and API clients make them. Only the past is written by SQL
(`past.sql`).
"""

from rowhouse.demo.sample.show import show

__all__ = ["show"]
