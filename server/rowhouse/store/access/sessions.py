"""Sessions of browsers in the database: only the SHA-256 of a session's cookie is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.store.access.tokens import Bearer

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

# Those that are over go with the next one that begins: there are never many. A digest that is there already is
# this one, whose first answer was lost on the way.
BEGIN_FOR_BEARER = """
WITH over AS (DELETE FROM rowhouse.sessions WHERE expires_at < clock_timestamp())
INSERT INTO rowhouse.sessions (digest, token_id, expires_at)
SELECT %s, id, clock_timestamp() + %s::float8 * interval '1 second' FROM rowhouse.tokens WHERE digest = %s
ON CONFLICT (digest) DO NOTHING
RETURNING 1
"""
BEGIN_AS = """
WITH over AS (DELETE FROM rowhouse.sessions WHERE expires_at < clock_timestamp())
INSERT INTO rowhouse.sessions (digest, name, role, expires_at)
VALUES (%s, %s, %s, clock_timestamp() + %s::float8 * interval '1 second')
ON CONFLICT (digest) DO NOTHING
RETURNING 1
"""
FIND = """
SELECT coalesce(t.name, s.name), coalesce(t.role, s.role),
       extract(epoch FROM least(s.expires_at, t.expires_at) - clock_timestamp())::float8
  FROM rowhouse.sessions s LEFT JOIN rowhouse.tokens t ON t.id = s.token_id
 WHERE s.digest = %s AND t.revoked_at IS NULL AND least(s.expires_at, t.expires_at) > clock_timestamp()
"""
END = "DELETE FROM rowhouse.sessions WHERE digest = %s RETURNING 1"


def begin_with_token(database: Database, digest: bytes, *, token: bytes, seconds: float) -> None:
    """Begins a session of whoever bears the token with this digest, for `seconds` at most."""
    database.call(BEGIN_FOR_BEARER, (digest, seconds, token))


def begin_as(database: Database, digest: bytes, *, name: str, role: str, seconds: float) -> None:
    """Begins a session of somebody whom an OpenID Connect provider has named, for `seconds`."""
    database.call(BEGIN_AS, (digest, name, role, seconds))


def find(database: Database, digest: bytes) -> Bearer | None:
    """Whose session this is; None unless it is valid now, and so is the token that it was begun with."""
    for name, role, seconds_left in database.call(FIND, (digest,)):
        return Bearer(name=name, role=role, cluster=None, node=None, seconds_left=seconds_left)
    return None


def end(database: Database, digest: bytes) -> None:
    """Ends a session. One that is over is none, and ending it a success."""
    database.call(END, (digest,))
