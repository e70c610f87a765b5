"""Straight on the database: the server's application in this process, and nobody else reaches it.

So both ways are one API, and they cannot differ in what they do, refuse or print. Whoever has the
database's password may do everything; history and audit name them as user@host.
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
    """A client of the application on the database of ROWHOUSE_DATABASE_URL.

    Raises:
        SettingsError: the settings cannot be used.
    """
    settings = Settings.from_environment().model_copy(update={"pool_size": 2})
    # The command says itself what went wrong.
    telemetry.configure_logging(level="CRITICAL")
    app = create_app(settings, only_caller=Caller(name=operator(), role="admin"))
    transport = httpx2.WSGITransport(app=app, raise_app_exceptions=False)
    try:
        with httpx2.Client(base_url="http://in-process", transport=transport) as client:
            yield client
    finally:
        app.extensions["rowhouse"].store.close()
