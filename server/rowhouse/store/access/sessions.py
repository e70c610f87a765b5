"""Browser sessions in the database, which stores only the SHA-256 of each cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.store.access.tokens import Bearer, as_namespaces
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

BEGIN_FOR_BEARER: Final = statement(__name__, "begin_session_with_token")
BEGIN_AS: Final = statement(__name__, "begin_session_as")
FIND: Final = statement(__name__, "find_session")
END = "DELETE FROM rowhouse.sessions WHERE digest = %s RETURNING 1"


def begin_with_token(database: Database, digest: bytes, *, token: bytes, seconds: float) -> None:
    """Begin a session for the token with this digest, for at most `seconds`."""
    database.call(BEGIN_FOR_BEARER, {"digest": digest, "seconds": seconds, "token": token})


def begin_as(
    database: Database,
    digest: bytes,
    *,
    name: str,
    role: str,
    namespaces: tuple[str, ...] | None,
    seconds: float,
) -> None:
    """Begin a session for a user of an OpenID Connect provider, for `seconds`. The role team needs `namespaces`."""
    parameters = {"digest": digest, "name": name, "role": role, "seconds": seconds}
    given = None if namespaces is None else list(namespaces)
    database.call(BEGIN_AS, parameters | {"namespaces": given})


def find(database: Database, digest: bytes) -> Bearer | None:
    """Return the user of a session; None unless the session and the token that began it are valid now."""
    for name, role, namespaces, seconds_left in database.call(FIND, {"digest": digest}):
        return Bearer(
            name=name,
            role=role,
            namespaces=as_namespaces(namespaces),
            seconds_left=seconds_left,
        )
    return None


def end(database: Database, digest: bytes) -> None:
    """End a session. It is no error if the session has already ended."""
    database.call(END, (digest,))
