"""The answers to requests with an Idempotency-Key, kept for a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

FORGET_OLD = """
DELETE FROM rowhouse.idempotency_keys k
 USING (SELECT actor, key FROM rowhouse.idempotency_keys
         WHERE created_at < (SELECT clock_timestamp()) - interval '24 hours'
         ORDER BY created_at LIMIT 20 FOR UPDATE SKIP LOCKED) AS old
 WHERE k.actor = old.actor AND k.key = old.key
RETURNING 1
"""
# A key that nobody has, or whose request was given up: a minute without an answer, or abandoned. What that
# request had done already, it noted in "body". No row: somebody else came first at this moment.
CLAIM = """
WITH claimed AS (
    INSERT INTO rowhouse.idempotency_keys AS k (actor, key, request) VALUES (%(actor)s, %(key)s, %(request)s)
        ON CONFLICT (actor, key) DO UPDATE SET created_at = clock_timestamp()
         WHERE k.status IS NULL AND k.request = %(request)s
           AND k.created_at < clock_timestamp() - interval '60 seconds'
    RETURNING true AS claimed, true AS same, status, body, headers)
SELECT claimed, same, status, body, headers FROM claimed
UNION ALL
SELECT false, request = %(request)s, status, body, headers FROM rowhouse.idempotency_keys
 WHERE actor = %(actor)s AND key = %(key)s AND NOT EXISTS (SELECT FROM claimed)
"""
ANSWER = """
UPDATE rowhouse.idempotency_keys SET status = %s, body = %s, headers = %s WHERE actor = %s AND key = %s RETURNING 1
"""
ABANDON = """
UPDATE rowhouse.idempotency_keys SET created_at = clock_timestamp() - interval '61 seconds'
 WHERE actor = %s AND key = %s AND status IS NULL RETURNING 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is known of a key.

    `claimed`: the request is the caller's to serve, and `body` is what an interrupted one before it had
    noted. Else `status`, `body` and `headers` are the answer, `status` None while there is none;
    `same` tells whether it was the same request.
    """

    claimed: bool
    same: bool
    status: int | None
    body: str | None
    headers: dict[str, str]


def claim(database: Database, actor: str, key: str, request: bytes) -> Kept:
    """Takes a key for a request, whose digest is `request`, unless it is taken."""
    database.call(FORGET_OLD)
    parameters = {"actor": actor, "key": key, "request": request}
    while not (found := database.call(CLAIM, parameters)):
        pass
    claimed, same, status, body, headers = found[0]
    return Kept(claimed=claimed, same=same, status=status, body=body, headers=headers or {})


def answer(
    database: Database, actor: str, key: str, *, status: int, body: str, headers: dict[str, str]
) -> None:
    """Keeps the answer to the request with a key."""
    database.call(ANSWER, (status, body, Jsonb(headers), actor, key))


def abandon(database: Database, actor: str, key: str) -> None:
    """The request with a key could not be served: whoever repeats it may try again at once."""
    database.call(ABANDON, (actor, key))
