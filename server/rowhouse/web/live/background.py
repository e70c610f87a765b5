"""The background thread of a server process: it updates live pages, takes fill samples and sums up usage."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from rowhouse.store.connection import changes
from rowhouse.store.history import utilization
from rowhouse.store.inventory import trends
from rowhouse.web.live.hub import Hub

if TYPE_CHECKING:
    from flask import Flask

    from rowhouse.store.connection.database import Database

HUB: Final = "rowhouse.live"


def begin(app: Flask, *, max_viewers: int) -> None:
    """Start the background thread of this process. Without it, pages do not update."""
    rowhouse = app.extensions["rowhouse"]
    hub = Hub(
        partial(changes.end_of_log, rowhouse.store),
        partial(_chores, rowhouse.store),
        max_viewers=max_viewers,
    )
    app.extensions[HUB] = hub
    hub.start()


def viewers(app: Flask) -> int:
    """Return the number of connections that are open for live pages in this process."""
    hub: Hub = app.extensions[HUB]
    return hub.size


def _chores(store: Database) -> None:
    trends.sample(store)
    utilization.sum_up(store)
