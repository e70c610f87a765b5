"""`rowhouse db`: the schema, and how long history is kept."""

from __future__ import annotations

import click
from alembic.util import CommandError

from rowhouse.cli.options import confirm, yes_option
from rowhouse.cli.prune import prune
from rowhouse.settings import Settings
from rowhouse.store import schema


@click.group(short_help="The schema and the history of a database.")
def db() -> None:
    """The schema and the history of the database in ROWHOUSE_DATABASE_URL."""


@db.command(short_help="Bring the schema to this version's.")
def upgrade() -> None:
    """Bring the schema to this version's; nothing happens when it is there."""
    schema.upgrade(_database_url())
    click.echo("the schema is up to date")


@db.command()
def check() -> None:
    """Exit with 4 unless the schema is this version's."""
    schema.check(_database_url())
    click.echo("the schema is up to date")


@db.command(short_help="Take the schema back to REVISION.")
@click.argument("revision")
@yes_option
def downgrade(*, revision: str, yes: bool) -> None:
    """Take the schema back to REVISION; `base` removes it, with all its data."""
    url = _database_url()
    if revision == "base":
        confirm("Remove the schema, with every address, its history and the audit?", yes=yes)
    else:
        confirm(f"Take the schema back to {revision}, and lose what came with later ones?", yes=yes)
    try:
        schema.downgrade(url, revision)
    except CommandError as error:
        raise click.BadParameter(str(error), param_hint="REVISION") from error
    click.echo(f"the schema is at {revision}")


@db.command(short_help="Print the DDL, for a DBA; needs no database.")
def sql() -> None:
    """Print the DDL, for a DBA who applies it by hand; needs no database."""
    click.echo(schema.sql())


db.add_command(prune)


def _database_url() -> str:
    return Settings.from_environment().database_url
