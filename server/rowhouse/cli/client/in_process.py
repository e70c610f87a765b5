"""Run the server's application in this process, directly on the database, without a port.

Both ways use the same API, so they cannot differ in behavior or output. A user with the database's
password may do everything; history and audit show user@host.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import httpx2

from rowhouse import telemetry
from rowhouse.app import create_app
from rowhouse.auth.caller import Caller
from rowhouse.cli.operator import operator
from rowhouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def in_process() -> Iterator[httpx2.Client]:
    """Return a client of the application on the database in ROWHOUSE_DATABASE_URL.

    Raises:
        SettingsError: the settings cannot be used.
    """
    settings = Settings.from_environment().model_copy(update={"pool_size": 2})
    # The command reports errors itself.
    telemetry.configure_logging(level="CRITICAL")
    app = create_app(settings, only_caller=Caller(name=operator(), role="admin"))
    transport = httpx2.WSGITransport(app=app, raise_app_exceptions=False)
    try:
        with httpx2.Client(base_url="http://in-process", transport=transport) as client:
            yield client
    finally:
        app.extensions["rowhouse"].store.close()
