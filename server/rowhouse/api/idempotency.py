"""`Idempotency-Key`: a request that is repeated with the same key runs only once.

This follows draft-ietf-httpapi-idempotency-key-header. The same key with a different request gives 422. While
the first request is running, a repetition gives 409; afterwards it gets the first response, for 24 hours. A
request that failed with 5xx may be repeated immediately, one whose server died after a minute.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flask import Response, request

from rowhouse.api import problems
from rowhouse.domain.errors import InvalidRequest, KeyInUse, KeyReused, RowhouseError
from rowhouse.store.access import idempotency

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.api.calls import Call

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
MAX_KEY: Final = 255
_KEPT: Final = ("Content-Type", "Location", "ETag", "Cache-Control")
_NOT_SERVED: Final = 500


def read_key() -> str | None:
    """Return the key of the request, if it has one.

    Raises:
        InvalidRequest: it is no key.
    """
    key = request.headers.get(HEADER)
    if key is not None and not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise InvalidRequest(
            f"{HEADER} must have 1 to {MAX_KEY} printable ASCII characters",
            errors=[(f"/header/{HEADER}", "not a key")],
        )
    return key


def once(call: Call, key: str | None, serve: Callable[[Call], Response]) -> Response:
    """Serve the request, or return the stored response if it was served before with this key."""
    if key is None:
        return serve(call)
    kept = idempotency.claim(call.store, call.actor.name, key, _digest())
    if not kept.claimed:
        return _kept_answer(kept, key)
    answer = _served(replace(call, idempotency_key=key, noted=kept.body), serve)
    if answer.status_code >= _NOT_SERVED:
        idempotency.abandon(call.store, call.actor.name, key)
    else:
        idempotency.answer(
            call.store,
            call.actor.name,
            key,
            status=answer.status_code,
            body=answer.get_data(as_text=True),
            headers={name: answer.headers[name] for name in _KEPT if name in answer.headers},
        )
    return answer


def _served(call: Call, serve: Callable[[Call], Response]) -> Response:
    try:
        return serve(call)
    except RowhouseError as error:
        return problems.refused(error)
    except Exception as error:  # noqa: BLE001 - the key must be released on any error
        return problems.failed(error)


def _kept_answer(kept: idempotency.Kept, key: str) -> Response:
    if not kept.same:
        raise KeyReused(
            f'{HEADER} "{key}" was already used for a different request',
            hint="Use a new key for each request, and the same key only to repeat that request.",
        )
    if kept.status is None:
        raise KeyInUse(
            f'the first request with {HEADER} "{key}" has not finished yet',
            hint="Repeat it in a few seconds, or after a minute if its server died.",
        )
    answer = Response(kept.body, status=kept.status, headers=kept.headers)
    answer.headers[REPLAYED] = "true"
    return answer


def _digest() -> bytes:
    """Return the digest of method, path with query, and body."""
    head = f"{request.method} {request.full_path}\n".encode()
    return hashlib.sha256(head + request.get_data(cache=True)).digest()
