"""Sessions of browsers in the database: only the SHA-256 of a session's cookie is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.store.access.tokens import Bearer
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

BEGIN_FOR_BEARER: Final = statement(__name__, "begin_session_with_token")
BEGIN_AS: Final = statement(__name__, "begin_session_as")
FIND: Final = statement(__name__, "find_session")
END = "DELETE FROM rowhouse.sessions WHERE digest = %s RETURNING 1"


def begin_with_token(database: Database, digest: bytes, *, token: bytes, seconds: float) -> None:
    """Begins a session of the token with this digest, for `seconds` at most."""
    database.call(BEGIN_FOR_BEARER, {"digest": digest, "seconds": seconds, "token": token})


def begin_as(database: Database, digest: bytes, *, name: str, role: str, seconds: float) -> None:
    """Begins a session of a user whom an OpenID Connect provider has named, for `seconds`."""
    database.call(BEGIN_AS, {"digest": digest, "name": name, "role": role, "seconds": seconds})


def find(database: Database, digest: bytes) -> Bearer | None:
    """Whose session this is; None unless it is valid now, and so is the token that it was begun with."""
    for name, role, seconds_left in database.call(FIND, {"digest": digest}):
        return Bearer(name=name, role=role, cluster=None, node=None, seconds_left=seconds_left)
    return None


def end(database: Database, digest: bytes) -> None:
    """Ends a session. One that is over is none, and ending it a success."""
    database.call(END, (digest,))
