"""The public keys of a cluster (RFC 7517), read again when they may have changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger(__name__)

ALGORITHMS: Final = frozenset({"RS256", "ES256", "ES384", "ES512"})
"""Those that Kubernetes signs with. Each key is used with its own algorithm only."""

_OLD_SECONDS: Final = 300.0
_PAUSE_SECONDS: Final = 30.0
_FIRST_PAUSE_SECONDS: Final = 1.0


class KeySet:
    """The keys of one cluster by key id. Safe to share between threads.

    Keys are read again every 5 minutes, so that one taken back is not believed for long, and when
    a token names an unknown one, but then at most every 30 seconds: tokens cost nothing to make up.
    While they can not be read, those of before count.

    Args:
        read: the JWK set as a JSON object; raises TryAgain.
        clock: seconds that only grow.
    """

    def __init__(
        self, read: Callable[[], Any], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = self._tried_at = float("-inf")
        self._trouble: TryAgain | None = None

    def key(self, key_id: str) -> jwt.PyJWK:
        """The key with this id.

        Errors: Unauthenticated; TryAgain when no key could be read so far.
        """
        known = self._keys.get(key_id)
        if known is None or self._clock() - self._read_at >= _OLD_SECONDS:
            # Who has a key goes on with it while another thread reads.
            if self._lock.acquire(blocking=known is None):
                try:
                    self._refresh(key_id)
                finally:
                    self._lock.release()
            known = self._keys.get(key_id)
        if known is not None:
            return known
        if not self._keys and self._trouble is not None:
            raise TryAgain(self._trouble.message, hint=self._trouble.hint)
        raise Unauthenticated("the token's key is not one of its cluster's")

    def _refresh(self, key_id: str) -> None:
        now = self._clock()
        fresh = now - self._read_at < _OLD_SECONDS
        pause = _PAUSE_SECONDS if self._keys else _FIRST_PAUSE_SECONDS
        if (fresh and key_id in self._keys) or now - self._tried_at < pause:
            return
        self._tried_at = now
        try:
            document = self._read()
        except TryAgain as error:
            self._trouble = error
            _log.warning("jwks_unreadable", error=error.message)
            return
        self._keys = _usable(document)
        self._read_at = now
        self._trouble = None


def _usable(document: Any) -> dict[str, jwt.PyJWK]:
    """The RSA and EC keys of a set that are for signatures; one of another kind is passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    usable: dict[str, jwt.PyJWK] = {}
    for entry in listed if isinstance(listed, list) else []:
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, AttributeError, TypeError):
            continue
        if (
            key.key_id
            and key.algorithm_name in ALGORITHMS
            and key.public_key_use in {None, "sig"}
            and isinstance(key.key, (RSAPublicKey, EllipticCurvePublicKey))
        ):
            usable[key.key_id] = key
    return usable
