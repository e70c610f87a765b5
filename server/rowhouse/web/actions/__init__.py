"""What operators change, by forms: reserve, release, exclude, pools. Each is shown before it is done, and after.

The use cases are those of the API (`rowhouse.ipam`), and so are the rules for what may be filled in (the request
models of `rowhouse.api`).
"""

from rowhouse.web.actions import done, exclude, pool_change, pool_new, pool_remove, release, reserve

__all__ = ["done", "exclude", "pool_change", "pool_new", "pool_remove", "release", "reserve"]
