"""The `rowhouse` command."""

from __future__ import annotations

from typing import Any

import click

from rowhouse.cli.db import db
from rowhouse.cli.serve import serve
from rowhouse.domain.errors import RowhouseError
from rowhouse.embedded import EmbeddedPostgresError
from rowhouse.settings import SettingsError

_EXPECTED = (RowhouseError, EmbeddedPostgresError, SettingsError)


class _Commands(click.Group):
    """Reports an error of ours in a line instead of a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except _EXPECTED as error:
            hint = getattr(error, "hint", "")
            raise click.ClickException(f"{error}. {hint}" if hint else str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rowhouse-ipam", message="rowhouse %(version)s")
def main() -> None:
    """IP address management for Kubernetes secondary networks, kept in PostgreSQL."""


main.add_command(serve)
main.add_command(db)
