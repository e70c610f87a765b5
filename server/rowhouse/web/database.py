"""The database that the pages read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database


def store() -> Database:
    """Return the database of the application that serves this request."""
    found: Database = current_app.extensions["rowhouse"].store
    return found
