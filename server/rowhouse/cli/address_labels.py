"""`rowhouse address label`: the labels of reservations, of some or of all that match filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli import commands, lookup
from rowhouse.cli.filters import label_filter, namespace_filter, network_filter, pool_filter
from rowhouse.cli.options import change_options, confirm, yes_option
from rowhouse.cli.output import Column
from rowhouse.cli.pool_options import label_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.options import Session

_COLUMNS: Final = (
    Column("NETWORK", "network", "network"),
    Column("ADDRESS", "address", is_name=True),
    Column("NAMESPACE", "owner.namespace"),
    Column("NAME", "owner.name"),
    Column("LABELS", "labels", "labels"),
)


@commands.command(short_help="Set or remove labels of reservations.")
@click.argument("words", metavar="[ADDRESS]... KEY=VALUE|KEY-...", nargs=-1, required=True)
@network_filter
@pool_filter
@namespace_filter
@label_filter
@yes_option
@change_options
def label(session: Session, *, words: tuple[str, ...], yes: bool, **conditions: Any) -> None:
    """Set labels (KEY=VALUE) or remove them (KEY-) of reservations; other labels stay.

    Without an ADDRESS, the command changes all reservations that match the filters, after a confirmation:

      rowhouse address label 10.0.0.7 10.0.0.8 rack=7 old-

      rowhouse address label --pool storage -l rack=7 rack=8
    """
    is_change = [word.endswith("-") or "=" in word for word in words]
    changes = label_changes([word for word, change in zip(words, is_change, strict=True) if change])
    read = lookup.HostAddress().convert
    addresses = [
        read(word, None, None) for word, change in zip(words, is_change, strict=True) if not change
    ]
    commands.refuse_repeated(addresses)
    if not changes:
        raise click.UsageError("nothing to change: pass KEY=VALUE or KEY-")
    found = _reservations(session, addresses, conditions)
    if found and not addresses:
        many = f"{len(found):,} reservations" if len(found) > 1 else "1 reservation"
        confirm(f"Change the labels of {many}?", yes=yes)
    changed = [
        session.client.patch(
            f"/reservations/{one['network_id']}/{one['address']}", {"label_changes": changes}
        )
        for one in found
    ]
    session.printer.items(changed, _COLUMNS, nothing="no reservations match")


def _reservations(
    session: Session, addresses: list[str], conditions: Mapping[str, Any]
) -> list[Document]:
    """Return the reservations of the addresses, or those that match. Raises click.UsageError."""
    client = session.client
    if addresses:
        if conditions["namespace"] is not None or conditions["label"] is not None:
            raise click.UsageError("pass either addresses or --namespace and --label")
        where = conditions["network"], conditions["pool"]
        return [lookup.reservation(client, one, *where) for one in addresses]
    if all(value is None for value in conditions.values()):
        raise click.UsageError("pass an ADDRESS or a filter, such as --pool")
    return client.find("/reservations", **conditions)
