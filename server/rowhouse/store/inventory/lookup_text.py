"""Find objects by a part of their address, name or description. An index or a limit bounds every statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import cast, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import TEXT

from rowhouse.store.connection.models import Exclusion, Network, Pool, PoolName
from rowhouse.store.connection.reads import rows
from rowhouse.store.connection.statements import statement
from rowhouse.store.inventory.lookup import LAST_CHARACTER
from rowhouse.store.inventory.pool_names import aliases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

MAX_SECONDS: Final = 1.0
"""For each statement: a search that takes longer leaves out what it did not find yet."""
MAX_CHANGES_READ: Final = 10_000
MAX_RESERVATIONS_READ: Final = 200_000

_HELD: Final = statement(__name__, "held_in_spans")
_ONCE_HELD: Final = statement(__name__, "once_held_in_spans")
_OWNERS: Final = statement(__name__, "owners_named")
_NODES: Final = statement(__name__, "nodes_named")
_NAMESPACES: Final = statement(__name__, "namespaces_named")
_DESCRIBED: Final = statement(__name__, "reservations_described")
_CHANGES: Final = statement(__name__, "changes_described")


def held(database: Database, spans: Sequence[tuple[str, str]], *, limit: int) -> Sequence[Record]:
    """Return the lowest reservations of spans of addresses, in every network."""
    firsts, lasts = _ends(spans)
    return _read(database, _HELD, firsts=firsts, lasts=lasts, most=limit)


def once_held(
    database: Database, spans: Sequence[tuple[str, str]], *, limit: int
) -> Sequence[Record]:
    """Return addresses of spans with their last owners, in every network in which its tenure has ended."""
    firsts, lasts = _ends(spans)
    return _read(database, _ONCE_HELD, firsts=firsts, lasts=lasts, most=limit)


def owners(database: Database, namespace: str | None, name: str, *, limit: int) -> Sequence[Record]:
    """Return present and past owners whose name begins with `name`, in a namespace or (None) in any.

    `holds`: it holds `addresses` addresses now, of which `address` is the first. If not, `address` is its last one.
    """
    last = name + LAST_CHARACTER
    return _read(database, _OWNERS, namespace=namespace, name=name, last=last, most=limit)


def nodes(database: Database, name: str, *, limit: int) -> Sequence[Record]:
    """Return rows (cluster, node, attachments): nodes that reported or hold addresses, by a part of their name.

    A node that has not reported is found by the beginning of its name.
    """
    lower = name.lower()
    last = lower + LAST_CHARACTER
    return _read(database, _NODES, name=lower, typed=name, last=last, most=limit)


def namespaces(database: Database, part: str, *, limit: int) -> Sequence[Record]:
    """Return rows (namespace, holds): namespaces whose name contains a text."""
    return _read(database, _NAMESPACES, text=part.lower(), most=limit)


def pools(database: Database, part: str, *, limit: int) -> Sequence[Record]:
    """Return the pools, with their aliases, that have a text in their name, an alias, CIDR, description or labels.

    Labels are searched as `key=value`. The case does not matter.
    """
    label = func.jsonb_each_text(Pool.labels).table_valued("key", "value")
    labeled = (
        select(literal(value=True))
        .select_from(label)
        .where((label.c.key + "=" + label.c.value).icontains(part, autoescape=True))
        .exists()
    )
    found = or_(
        Pool.name.icontains(part, autoescape=True),
        cast(Pool.cidr, TEXT).startswith(part, autoescape=True),
        Pool.description.icontains(part, autoescape=True),
        labeled,
        Pool.id.in_(select(PoolName.pool_id).where(PoolName.name.icontains(part, autoescape=True))),
    )
    statement = (
        select(Pool, aliases())
        .where(found)
        .order_by(func.coalesce(Pool.name, "") != part, Pool.network_name, Pool.cidr)
        .limit(limit)
    )
    return rows(database, statement, most_seconds=MAX_SECONDS)


def networks(database: Database, part: str, *, limit: int) -> Sequence[Record]:
    """Return the networks with pools whose name contains a text."""
    statement = (
        select(Network)
        .where(Network.name.icontains(part, autoescape=True))
        .where(select(Pool.id).where(Pool.network_id == Network.id).exists())
        .order_by(Network.name != part, Network.name, Network.id)
        .limit(limit)
    )
    return rows(database, statement, most_seconds=MAX_SECONDS)


def described(database: Database, part: str, *, limit: int) -> Sequence[Record]:
    """Return the reservations whose description contains a text, of 200,000 reservations at most."""
    return _read(database, _DESCRIBED, text=part.lower(), most=limit, read=MAX_RESERVATIONS_READ)


def exclusions(database: Database, part: str, *, limit: int) -> Sequence[Record]:
    """Return the exclusions whose reason contains a text."""
    statement = (
        select(Exclusion, Network.name.label("network"))
        .join(Network, Network.id == Exclusion.network_id)
        .where(Exclusion.reason.icontains(part, autoescape=True))
        .order_by(Exclusion.id.desc())
        .limit(limit)
    )
    return rows(database, statement, most_seconds=MAX_SECONDS)


def changes(database: Database, part: str, *, limit: int) -> Sequence[Record]:
    """Return the latest changes with a description or a reason that contains a text, of the last 10,000 changes."""
    return _read(database, _CHANGES, text=part.lower(), most=limit, read=MAX_CHANGES_READ)


def _read(database: Database, query: str, **parameters: Any) -> Sequence[Record]:
    return rows(database, text(query).bindparams(**parameters), most_seconds=MAX_SECONDS)


def _ends(spans: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in spans], [last for _, last in spans]
