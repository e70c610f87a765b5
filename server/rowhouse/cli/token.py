"""`rowhouse token`: static tokens for nodes outside Kubernetes, for people and for programs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from rowhouse.auth.caller import Role
from rowhouse.auth.static import digest, new_token
from rowhouse.cli import commands
from rowhouse.cli.operator import operator
from rowhouse.cli.options import dry_run_option, note_dry_run
from rowhouse.cli.output import Column, Printer, output_option
from rowhouse.cli.times import Duration, rfc3339
from rowhouse.settings import Settings
from rowhouse.store.access import tokens
from rowhouse.store.connection.database import Database
from rowhouse.store.connection.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.cli.output import Format
    from rowhouse.store.access.tokens import Listed

_COLUMNS: Final = (
    Column("NAME", "name"),
    Column("ROLE", "role"),
    Column("CLUSTER", "cluster"),
    Column("NODE", "node"),
    Column("NAMESPACES", "namespaces", "list", wide=True),
    Column("CREATED", "created_at", "moment"),
    Column("EXPIRES", "expires_at", "moment"),
    Column("STATE", "state"),
)
_MAX_SECONDS: Final = 520 * 7 * 86_400


@commands.group()
def token() -> None:
    """Manage static tokens in the database in ROWHOUSE_DATABASE_URL."""


@token.command()
@click.argument("name")
@click.option("--role", type=click.Choice(get_args(Role)), required=True)
@click.option("--cluster", help="Bind a node's token to this cluster.")
@click.option("--node", help="Bind a node's token to this node.")
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    help="A namespace that the team can see, in all clusters. May be repeated.",
)
@click.option(
    "--expires",
    type=Duration(),
    help="How long the token is valid: 30d. Default: until it is revoked.",
)
@dry_run_option
def create(
    *,
    name: str,
    role: str,
    cluster: str | None,
    node: str | None,
    namespaces: tuple[str, ...],
    expires: float | None,
    dry_run: bool,
) -> None:
    """Create a token and print it. It cannot be shown again: only its SHA-256 is stored.

    A token with the role node but without --node is valid for every node: its bearer can release
    addresses of any node.

    A token with the role team sees only the addresses of its namespaces.
    """
    if role != "node" and (cluster is not None or node is not None):
        raise click.UsageError(f"--cluster and --node require the role node, not {role}")
    if (role == "team") != bool(namespaces):
        raise click.UsageError(
            "the role team requires --namespace"
            if role == "team"
            else f"--namespace requires the role team, not {role}"
        )
    if not name.strip() or not name.isprintable():
        raise click.UsageError("NAME must be printable text")
    if expires is not None and not 0 < expires <= _MAX_SECONDS:
        raise click.BadParameter(
            "a token must be valid for at least one second and at most 520w",
            param_hint="--expires",
        )
    if node is not None and cluster is None:
        cluster = ""  # the cluster of a plugin without `cluster` in its settings
    made = new_token()
    with _database(dry_run=dry_run) as database:
        tokens.create(
            database,
            name=name,
            role=role,
            cluster=cluster,
            node=node,
            namespaces=namespaces or None,
            digest=digest(made),
            seconds=expires,
            actor=operator(),
        )
    click.echo(f'token "{name}" created' if dry_run else made)
    note_dry_run(is_dry_run=dry_run)


@token.command(name="list")
@output_option
def list_tokens(*, form: Format) -> None:
    """List all tokens, including expired and revoked ones."""
    with _database() as database:
        found = [_document(one) for one in tokens.all_tokens(database)]
    printer = Printer(form)
    if printer.for_people:
        for document in found:
            document["cluster"] = _bound(document, "cluster")
            document["node"] = _bound(document, "node")
    printer.items(found, _COLUMNS, nothing="there are no tokens")


@token.command(short_help="Revoke a token.")
@click.argument("name")
@dry_run_option
def revoke(*, name: str, dry_run: bool) -> None:
    """Revoke a token. Running servers refuse it within 10 seconds."""
    with _database(dry_run=dry_run) as database:
        tokens.revoke(database, name, actor=operator())
    click.echo(f'token "{name}" revoked')
    note_dry_run(is_dry_run=dry_run)


def _document(listed: Listed) -> dict[str, Any]:
    moments = {
        name: moment and rfc3339(moment)
        for name, moment in (
            ("created_at", listed.created_at),
            ("expires_at", listed.expires_at),
            ("revoked_at", listed.revoked_at),
        )
    }
    state = "revoked" if listed.revoked_at else "valid" if listed.valid else "expired"
    namespaces = None if listed.namespaces is None else list(listed.namespaces)
    bound = {"cluster": listed.cluster, "node": listed.node, "namespaces": namespaces}
    return {"name": listed.name, "role": listed.role, **bound, **moments, "state": state}


def _bound(document: dict[str, Any], to: str) -> str | None:
    """The binding of a node's token, for people."""
    if document["role"] != "node":
        return None
    return "any" if document[to] is None else document[to] or '""'


@contextlib.contextmanager
def _database(*, dry_run: bool = False) -> Iterator[Database]:
    settings = Settings.from_environment()
    database = Database(settings.database, pool_size=1, wait=settings.pool_timeout)
    try:
        with rehearse(database) if dry_run else contextlib.nullcontext(database) as used:
            yield used
    finally:
        database.close()
