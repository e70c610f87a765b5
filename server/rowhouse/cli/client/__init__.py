"""How the commands reach Rowhouse: over HTTP, or by running its application in this process, on the database."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import click

from rowhouse.cli.client.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Client", "open_client"]


@contextlib.contextmanager
def open_client(
    server: str | None,
    token_file: str | None,
    ca_file: str | None,
    *,
    is_dry_run: bool = False,
) -> Iterator[Client]:
    """Connect to the server if one is named, else to the database in ROWHOUSE_DATABASE_URL.

    `is_dry_run`: the server only tries changes.

    Raises:
        click.UsageError: neither is given.
    """
    # Imported here because each way needs many modules that the other does not.
    if server:
        from rowhouse.cli.client.over_http import over_http  # noqa: PLC0415

        way = over_http(server, token_file, ca_file)
    elif os.environ.get("ROWHOUSE_DATABASE_URL") or os.environ.get("ROWHOUSE_DATABASE_URL_FILE"):
        from rowhouse.cli.client.in_process import in_process  # noqa: PLC0415

        way = in_process()
    else:
        raise click.UsageError(
            "no server and no database given: set --server or ROWHOUSE_SERVER,"
            " or else ROWHOUSE_DATABASE_URL or ROWHOUSE_DATABASE_URL_FILE"
        )
    with way as http:
        yield Client(http, is_dry_run=is_dry_run)
