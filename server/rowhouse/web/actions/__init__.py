"""The forms: reserve, release, exclude, pools, requests of teams, views. Each has a preview and a result page.

The forms share the API's use cases (`rowhouse.ipam`) and its validation (the request models of `rowhouse.api`).
"""

from rowhouse.web.actions import (
    comment,
    done,
    edit,
    exclude,
    label_several,
    pool_change,
    pool_new,
    pool_remove,
    release,
    release_several,
    request_decide,
    request_send,
    reserve,
    view_change,
    view_delete,
    view_save,
)

__all__ = [
    "comment",
    "done",
    "edit",
    "exclude",
    "label_several",
    "pool_change",
    "pool_new",
    "pool_remove",
    "release",
    "release_several",
    "request_decide",
    "request_send",
    "reserve",
    "view_change",
    "view_delete",
    "view_save",
]
