"""Static tokens in the database, which stores only their SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rowhouse.domain.errors import InTheWay, NotFound
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from rowhouse.store.connection.database import Database

ANY = "SELECT EXISTS (SELECT FROM rowhouse.tokens)"
FIND: Final = statement(__name__, "find_token")
LIST: Final = statement(__name__, "list_tokens")
CREATE: Final = statement(__name__, "create_token")
REVOKE: Final = statement(__name__, "revoke_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """The bearer of a token. `seconds_left`: time until it expires; None: never. `namespaces` are those of a team."""

    name: str
    role: str
    cluster: str | None = None
    node: str | None = None
    namespaces: tuple[str, ...] | None = None
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A token as `rowhouse token list` shows it; `valid` according to the database's clock."""

    name: str
    role: str
    cluster: str | None
    node: str | None
    namespaces: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    valid: bool


def any_made(database: Database) -> bool:
    """Whether a token was ever created, including expired and revoked ones. Raises TryAgain, NotReady."""
    return bool(database.call(ANY)[0][0])


def find(database: Database, digest: bytes) -> Bearer | None:
    """Return the bearer of the token with this SHA-256; None unless it is valid now. Raises TryAgain, NotReady."""
    found = database.call(FIND, {"digest": digest})
    for name, role, cluster, node, namespaces, seconds_left in found:
        return Bearer(
            name=name,
            role=role,
            cluster=cluster,
            node=node,
            namespaces=as_namespaces(namespaces),
            seconds_left=seconds_left,
        )
    return None


def create(  # noqa: PLR0913 - the columns of a row
    database: Database,
    *,
    name: str,
    role: str,
    digest: bytes,
    cluster: str | None = None,
    node: str | None = None,
    namespaces: Collection[str] | None = None,
    seconds: float | None = None,
    actor: str,
) -> None:
    """Store a new token, valid for `seconds` (None: until it is revoked). The role team needs `namespaces`.

    A name is never reused, so that the history stays unambiguous. Raises InTheWay.
    """
    parameters = {
        "name": name,
        "role": role,
        "cluster": cluster,
        "node": node,
        "namespaces": None if namespaces is None else sorted(set(namespaces)),
        "digest": digest,
        "seconds": seconds,
    }
    if not database.change(CREATE, parameters, actor=actor):
        raise InTheWay(
            f'a token named "{name}" already exists',
            hint="Choose another name. Names of revoked tokens cannot be reused.",
        )


def revoke(database: Database, name: str, *, actor: str) -> None:
    """Revoke a token immediately. Raises NotFound."""
    if not database.change(REVOKE, {"name": name}, actor=actor):
        raise NotFound(f'there is no valid token named "{name}"', hint="See `rowhouse token list`.")


def all_tokens(database: Database) -> list[Listed]:
    """Return every token that was ever created, by name."""
    return [
        Listed(
            name=name,
            role=role,
            cluster=cluster,
            node=node,
            namespaces=as_namespaces(namespaces),
            created_at=created_at,
            expires_at=expires_at,
            revoked_at=revoked_at,
            valid=valid,
        )
        for (
            name,
            role,
            cluster,
            node,
            namespaces,
            created_at,
            expires_at,
            revoked_at,
            valid,
        ) in database.call(LIST)
    ]


def as_namespaces(found: list[str] | None) -> tuple[str, ...] | None:
    """Return the namespaces of a team as the database stores them; None: not a team."""
    return None if found is None else tuple(found)
