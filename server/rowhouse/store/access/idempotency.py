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
    """The state of a key.

    If `claimed`, the caller must serve the request, and `body` is the progress that an interrupted attempt stored.
    Otherwise `status`, `body` and `headers` are the answer (`status` None: there is none yet), and `same` says whether
    the earlier request was equal.
    """

    claimed: bool
    same: bool
    status: int | None
    body: str | None
    headers: dict[str, str]


def claim(database: Database, actor: str, key: str, request: bytes) -> Kept:
    """Claim a key for the request with the digest `request`, unless it is already claimed."""
    database.call(FORGET_OLD)
    parameters = {"actor": actor, "key": key, "request": request}
    while not (found := database.call(CLAIM, parameters)):
        pass
    claimed, same, status, body, headers = found[0]
    return Kept(claimed=claimed, same=same, status=status, body=body, headers=headers or {})


def answer(
    database: Database, actor: str, key: str, *, status: int, body: str, headers: dict[str, str]
) -> None:
    """Store the answer to the request with this key."""
    database.call(
        ANSWER,
        {"status": status, "body": body, "headers": Jsonb(headers), "actor": actor, "key": key},
    )


def abandon(database: Database, actor: str, key: str) -> None:
    """Release a key whose request failed, so that the caller may repeat the request immediately."""
    database.call(ABANDON, {"actor": actor, "key": key})
