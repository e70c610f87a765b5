"""`rowhouse db`: the schema, and how long history is kept."""

from __future__ import annotations

import click
from alembic.util import CommandError

from rowhouse.cli.options import confirm, yes_option
from rowhouse.cli.prune import prune
from rowhouse.cli.repair import repair
from rowhouse.cli.waiting import wait_option, wait_until
from rowhouse.settings import Settings
from rowhouse.store.connection import schema
from rowhouse.store.connection.opening import connect


@click.group(short_help="The schema and the history of a database.")
def db() -> None:
    """The schema and the history of the database in ROWHOUSE_DATABASE_URL."""


@db.command(short_help="Bring the schema to this version's.")
@wait_option
def upgrade(*, wait_seconds: float) -> None:
    """Bring the schema to this version's, and give the roles their grants again.

    Where this login may not make the roles, it prints what another one has to run.
    With --wait it first waits until the database takes connections.
    """
    source = Settings.from_environment().database
    wait_until(lambda: connect(source).close(), wait_seconds)
    schema.upgrade(source)
    click.echo("the schema is up to date")
    if wanted := schema.statements_for_roles(source):
        lines = "\n  ".join(wanted)
        click.echo(
            "rowhouse: WARNING: this login may not make the roles, or not become rowhouse_owner."
            " As a role with CREATEROLE, run:"
            f"\n  {lines}\nThen run `rowhouse db upgrade` again, which grants them what they need.",
            err=True,
        )


@db.command(short_help="Exit with 4 unless the schema and the grants serve.")
@wait_option
def check(*, wait_seconds: float) -> None:
    """Exit with 4 unless the schema is this version's and the login may do what the server does.

    With --wait it first waits until it is.
    """
    source = Settings.from_environment().database
    wait_until(lambda: schema.check(source), wait_seconds)
    click.echo("the schema is up to date")


@db.command(short_help="Take the schema back to REVISION.")
@click.argument("revision")
@yes_option
@wait_option
def downgrade(*, revision: str, yes: bool, wait_seconds: float) -> None:
    """Take the schema back to REVISION; `base` removes it, with all its data.

    With --wait it first waits until the database takes connections.
    """
    source = Settings.from_environment().database
    if revision == "base":
        confirm("Remove the schema, with every address, its history and the audit?", yes=yes)
    else:
        confirm(f"Take the schema back to {revision}, and lose what came with later ones?", yes=yes)
    wait_until(lambda: connect(source).close(), wait_seconds)
    try:
        schema.downgrade(source, revision)
    except CommandError as error:
        raise click.BadParameter(str(error), param_hint="REVISION") from error
    click.echo(f"the schema is at {revision}")


@db.command(short_help="Print the DDL, for a DBA; needs no database.")
def sql() -> None:
    """Print the DDL, for a DBA who applies it by hand; needs no database."""
    click.echo(schema.sql())


db.add_command(prune)
db.add_command(repair)
