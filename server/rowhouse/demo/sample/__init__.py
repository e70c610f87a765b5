"""`rowhouse demo --serve`: a cluster to look at in the browser.

What is there now comes from calls of the service, as pods, people and the API make them; only what lies
in the past is written by SQL (`past.sql`).
"""

from rowhouse.demo.sample.show import show

__all__ = ["show"]
