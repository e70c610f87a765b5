"""The forms for operators: reserve, release, exclude, pools. Each action has a preview and a result page.

The forms share the API's use cases (`rowhouse.ipam`) and its validation (the request models of `rowhouse.api`).
"""

from rowhouse.web.actions import (
    done,
    edit,
    exclude,
    exclude_several,
    pool_change,
    pool_new,
    pool_remove,
    release,
    release_several,
    reserve,
)

__all__ = [
    "done",
    "edit",
    "exclude",
    "exclude_several",
    "pool_change",
    "pool_new",
    "pool_remove",
    "release",
    "release_several",
    "reserve",
]
