"""The public keys of a cluster (RFC 7517), reloaded when they may have changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from rowhouse.auth.jwt import VerificationKey, usable_key
from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)

_OLD_SECONDS: Final = 300.0
_PAUSE_SECONDS: Final = 30.0
_PAUSE_AFTER_FAILURE_SECONDS: Final = 5.0
_FIRST_PAUSE_SECONDS: Final = 1.0


class KeySet:
    """The keys of one cluster by key id. Safe to share between threads.

    Keys are reloaded every 5 minutes, so that a withdrawn key is not trusted for long, and when a token names
    an unknown key, but then at most every 30 seconds, because anyone can make up tokens. While they cannot be
    read, the previous keys stay valid, and a token with an unknown key fails with "try again".

    Args:
        read: the JWK set as a JSON object; raises TryAgain.
        is_logged: log failures to read them; False if the caller reports failures itself.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        read: Callable[[], Any],
        *,
        is_logged: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._is_logged = is_logged
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, VerificationKey] = {}
        self._read_at = self._tried_at = float("-inf")
        self._trouble: TryAgain | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, key_id: str) -> VerificationKey:
        """Return the key with this id.

        Errors: Unauthenticated; TryAgain if it is unknown and the keys could not be read.
        """
        known = self._keys.get(key_id)
        if known is None or self._clock() - self._read_at >= _OLD_SECONDS:
            # Threads with a known key continue while another thread reloads.
            if self._lock.acquire(blocking=known is None):
                try:
                    self._refresh_for(key_id)
                finally:
                    self._lock.release()
            known = self._keys.get(key_id)
        if known is not None:
            return known
        if (trouble := self._trouble) is not None:
            raise TryAgain(trouble.message, hint=trouble.hint)
        raise Unauthenticated("the token's key is not one of its cluster's")

    def refresh(self) -> None:
        """Read the keys now. Raises TryAgain if that fails; the previous keys then stay."""
        with self._lock:
            self._try()
            if self._trouble is not None:
                raise TryAgain(self._trouble.message, hint=self._trouble.hint)

    def _refresh_for(self, key_id: str) -> None:
        fresh = self._clock() - self._read_at < _OLD_SECONDS
        if fresh and key_id in self._keys:
            return
        if not self._keys:
            pause = _FIRST_PAUSE_SECONDS
        else:
            pause = _PAUSE_AFTER_FAILURE_SECONDS if self._trouble else _PAUSE_SECONDS
        if self._clock() - self._tried_at >= pause:
            self._try()

    def _try(self) -> None:
        try:
            keys = _usable(self._read())
        except TryAgain as error:
            is_news = self._trouble is None or self._trouble.message != error.message
            if self._is_logged and is_news:
                _log.warning("jwks_unreadable", reason=error.message, hint=error.hint)
            self._trouble = error
        else:
            self._keys = keys
            self._read_at = self._clock()
            self._trouble = None
        # Set after the read, so that threads that waited for it do not start another one each.
        self._tried_at = self._clock()


def _usable(document: Any) -> dict[str, VerificationKey]:
    """Return the RSA and EC signature keys of a set; other keys are ignored.

    Errors: TryAgain if there is none: every cluster has one, so this is not its key set.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    keys = [usable_key(entry) for entry in listed] if isinstance(listed, list) else []
    usable = {key.key_id: key for key in keys if key is not None}
    if not usable:
        raise TryAgain(
            "the key set contains no key for RS256, ES256, ES384 or ES512 with a key id",
            hint="Check that ROWHOUSE_JWKS names the keys of the cluster.",
        )
    return usable
