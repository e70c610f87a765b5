"""`rowhouse db`: manage the schema and the retention of history."""

from __future__ import annotations

import click
from alembic.util import CommandError

from rowhouse.cli import commands
from rowhouse.cli.options import confirm, yes_option
from rowhouse.cli.prune import prune
from rowhouse.cli.repair import repair
from rowhouse.cli.waiting import wait_option, wait_until
from rowhouse.settings import Settings
from rowhouse.store.connection import schema
from rowhouse.store.connection.opening import connect


@commands.group(short_help="Manage the schema and the history of a database.")
def db() -> None:
    """Manage the schema and the history of the database in ROWHOUSE_DATABASE_URL."""


@db.command(short_help="Upgrade the schema to this version.")
@wait_option
def upgrade(*, wait_seconds: float) -> None:
    """Upgrade the schema to this version, and grant the roles their privileges.

    If this login may not create the roles, the command prints the statements for a login that may.
    With --wait, it first waits until the database accepts connections.
    """
    source = Settings.from_environment().database
    wait_until(lambda: connect(source).close(), wait_seconds)
    schema.upgrade(source)
    click.echo("the schema is up to date")
    if wanted := schema.statements_for_roles(source):
        lines = "\n  ".join(wanted)
        click.echo(
            "rowhouse: WARNING: this login may not create the roles, or may not become rowhouse_owner."
            " As a role with CREATEROLE, run:"
            f"\n  {lines}\nThen run `rowhouse db upgrade` again. It grants the roles their privileges.",
            err=True,
        )


@db.command(
    short_help="Check the schema and the grants; exit with 4 if they do not match this version."
)
@wait_option
def check(*, wait_seconds: float) -> None:
    """Exit with 4 unless the schema is this version's and the login has the server's privileges.

    With --wait, it waits until they are.
    """
    source = Settings.from_environment().database
    wait_until(lambda: schema.check(source), wait_seconds)
    click.echo("the schema is up to date")


@db.command(short_help="Downgrade the schema to REVISION.")
@click.argument("revision")
@yes_option
@wait_option
def downgrade(*, revision: str, yes: bool, wait_seconds: float) -> None:
    """Downgrade the schema to REVISION; `base` removes it with all its data.

    With --wait, it first waits until the database accepts connections.
    """
    source = Settings.from_environment().database
    if revision == "base":
        confirm("Remove the schema with all addresses, their history and the audit log?", yes=yes)
    else:
        confirm(
            f"Downgrade the schema to {revision} and lose the data of later revisions?", yes=yes
        )
    wait_until(lambda: connect(source).close(), wait_seconds)
    try:
        schema.downgrade(source, revision)
    except CommandError as error:
        raise click.BadParameter(str(error), param_hint="REVISION") from error
    click.echo(f"the schema is at {revision}")


@db.command(short_help="Print the DDL for a DBA; needs no database.")
def sql() -> None:
    """Print the DDL, for a DBA to apply by hand. This needs no database."""
    click.echo(schema.sql())


db.add_command(prune)
db.add_command(repair)
