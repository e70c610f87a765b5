"""The answers to requests with an Idempotency-Key, kept for a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg.types.json import Jsonb

from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database

FORGET_OLD: Final = statement(__name__, "forget_old_keys")
CLAIM: Final = statement(__name__, "claim_key")
ANSWER: Final = statement(__name__, "answer_key")
ABANDON: Final = statement(__name__, "abandon_key")


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
    database.call(
        ANSWER,
        {"status": status, "body": body, "headers": Jsonb(headers), "actor": actor, "key": key},
    )


def abandon(database: Database, actor: str, key: str) -> None:
    """The request with a key could not be served: the caller may repeat it at once."""
    database.call(ABANDON, {"actor": actor, "key": key})
