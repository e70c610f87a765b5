"""The issuers of one cluster's tokens, from the settings or discovered from the cluster."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from rowhouse.auth import jwt
from rowhouse.auth.fetch import fetch
from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.auth.clusters import TrustedCluster

_log = structlog.get_logger(__name__)
_DISCOVERY: Final = "/.well-known/openid-configuration"
_MAX_FOUND: Final = 8
_PAUSE_SECONDS: Final = 30.0
_FIRST_PAUSE_SECONDS: Final = 1.0


class Issuers:
    """The issuers of one cluster. Safe to share between threads.

    If the settings do not name them, they are the `iss` of the server's own token, which the same API server
    signed, and the issuer in its discovery document, which not every account may read. Both are looked up
    again later, because an API server may get a new issuer: it then signs with the new one and accepts both. So
    every issuer found stays valid while the server runs; the keys decide which cluster a token belongs to.

    Args:
        cluster: the cluster from the settings.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, cluster: TrustedCluster, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._lock = threading.Lock()
        self._known = cluster.issuers
        self._are_given = bool(cluster.issuers)
        self._tried_at = float("-inf")

    @property
    def known(self) -> tuple[str, ...]:
        """The issuers, newest first; empty until one is found."""
        return self._known

    def has(self, issuer: Any) -> bool:
        """Whether the issuer is the cluster's. An unknown one triggers a lookup, but not for every token.

        Errors: TryAgain until an issuer is found.
        """
        if issuer in self._known:
            return True
        if self._are_given:
            return False
        with self._lock:
            pause = _PAUSE_SECONDS if self._known else _FIRST_PAUSE_SECONDS
            if self._clock() - self._tried_at >= pause:
                self._find()
        if not self._known:
            raise self._unknown()
        return issuer in self._known

    def refresh(self) -> None:
        """Look up the issuers now. Raises TryAgain if none is known afterwards."""
        if self._are_given:
            return
        with self._lock:
            self._find()
        if not self._known:
            raise self._unknown()

    def _find(self) -> None:
        found = list(dict.fromkeys(filter(None, (self._of_own_token(), self._of_discovery()))))
        self._tried_at = self._clock()
        if new := [issuer for issuer in found if issuer not in self._known]:
            _log.info("issuer_found", cluster=self._cluster.cluster, issuers=new)
        earlier = [issuer for issuer in self._known if issuer not in found]
        self._known = tuple([*found, *earlier][:_MAX_FOUND])

    def _of_own_token(self) -> str:
        if not self._cluster.token_file:
            return ""
        try:
            token = Path(self._cluster.token_file).read_text(encoding="ascii").strip()
            # The token comes from the kubelet, not from a caller, so its claims need no verification.
            _, said = jwt.unverified(token)
        except (OSError, ValueError, Unauthenticated):
            return ""
        return _text(said.get("iss"))

    def _of_discovery(self) -> str:
        if not self._cluster.api_server:
            return ""
        try:
            document = fetch(
                self._cluster.api_server + _DISCOVERY,
                ca_file=self._cluster.ca_file,
                token_file=self._cluster.token_file,
            )
        except TryAgain:
            return ""
        return _text(document.get("issuer")) if isinstance(document, dict) else ""

    def _unknown(self) -> TryAgain:
        return TryAgain(
            f"{self._cluster.title} does not name the issuer of its tokens: neither the server's own token"
            f" ({self._cluster.token_file or 'there is none'}) nor its discovery document does",
            hint="Name it in ROWHOUSE_JWT_ISSUER (`kubernetes.issuer` of the chart):"
            f" `kubectl get --raw {_DISCOVERY}`.",
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
