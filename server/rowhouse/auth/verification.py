"""A background check that tokens can be verified, so that problems show before a node calls."""

from __future__ import annotations

import math
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

import structlog

from rowhouse.domain.checks import Checks
from rowhouse.domain.errors import NotReady, TryAgain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.auth.kubernetes import ClusterTokens
    from rowhouse.domain.checks import Check

_log = structlog.get_logger(__name__)
_SECONDS: Final = 60.0
_SECONDS_WHILE_FAILING: Final = 5.0
_REVIEW_GRACE_SECONDS: Final = 60.0
_SPREAD: Final = 0.8, 1.2


class Verification:
    """Repeatedly checks whether the tokens of each trusted cluster can be verified.

    With a cluster's keys, the server can work without the API server, so it stays ready once it has them. With
    TokenReview it cannot verify anything meanwhile, so it stops being ready after a minute, which is longer than
    a restart of the API server.

    Args:
        clusters: the trusted clusters.
        checks: records the results; None: a new instance.
    """

    def __init__(self, clusters: Sequence[ClusterTokens], *, checks: Checks | None = None) -> None:
        self.clusters = clusters
        self._names = _named(clusters)
        self.checks = checks or Checks(on_change=self._tell)
        for name, one in self._names.items():
            grace_seconds = _REVIEW_GRACE_SECONDS if one.keys is None else math.inf
            self.checks.expect(name, grace_seconds=grace_seconds)

    def begin(self) -> None:
        """Start the thread of this process, if any cluster is trusted."""
        if self.clusters:
            threading.Thread(target=self._run, name="token-verification", daemon=True).start()

    def look(self) -> None:
        """Check each cluster once."""
        for name, one in self._names.items():
            try:
                one.look()
            except TryAgain as error:
                self.checks.failed(name, error.message, error.hint)
            except Exception as error:  # noqa: BLE001 - the thread must keep running
                _log.exception("look_failed", cluster=one.cluster.cluster)
                reason = f"{type(error).__name__}: {error}"
                self.checks.failed(name, reason, "This is a bug. See the stack trace in the log.")
            else:
                self.checks.passed(name)

    def require(self) -> None:
        """Raises NotReady if the tokens of a cluster cannot be verified."""
        for check in self.checks.unready():
            raise NotReady(
                f"tokens of {self._names[check.name].cluster.title} cannot be verified: {check.reason}",
                hint=check.hint,
            )

    def report(self) -> list[dict[str, Any]]:
        """The state of each cluster, for /readyz and `rowhouse doctor`.

        `cluster`: its name in the settings. `way`: jwks or token_review. `issuers`: newest first.
        `is_ready`: its tokens can be verified. `is_up`: the last check passed. `reason`, `hint`: of a failure.
        """
        return [self._report(check) for check in self.checks.all()]

    def _report(self, check: Check) -> dict[str, Any]:
        one = self._names[check.name]
        return {
            "cluster": one.cluster.cluster,
            "way": "token_review" if one.keys is None else "jwks",
            "issuers": list(one.issuers.known),
            "keys": None if one.keys is None else len(one.keys),
            "is_ready": check.is_ready,
            "is_up": check.has_passed and check.failing_since is None,
            "reason": check.reason,
            "hint": check.hint,
        }

    def _run(self) -> NoReturn:
        self.look()
        for one in self.clusters:
            if one.issuers.known:
                _log.info(
                    "trusted_cluster",
                    cluster=one.cluster.cluster,
                    issuers=list(one.issuers.known),
                    keys=None if one.keys is None else len(one.keys),
                )
        spread = random.Random()  # noqa: S311 - so that replicas do not check at the same time
        while True:
            time.sleep(self._pause() * spread.uniform(*_SPREAD))
            self.look()

    def _pause(self) -> float:
        failing = any(check.failing_since is not None for check in self.checks.all())
        return _SECONDS_WHILE_FAILING if failing else _SECONDS

    def _tell(self, check: Check) -> None:
        cluster = self._names[check.name].cluster.cluster
        if check.failing_since is None:
            _log.info("tokens_verifiable", cluster=cluster)
        elif check.has_passed and check.grace_seconds == math.inf:
            _log.warning("token_keys_stale", cluster=cluster, reason=check.reason, hint=check.hint)
        else:
            _log.error(
                "tokens_not_verifiable", cluster=cluster, reason=check.reason, hint=check.hint
            )


def _named(clusters: Sequence[ClusterTokens]) -> dict[str, ClusterTokens]:
    named: dict[str, ClusterTokens] = {}
    for one in clusters:
        name = f"tokens of {one.cluster.cluster}" if one.cluster.cluster else "tokens"
        # The settings may name a cluster twice, for example with its keys before and after a move.
        named[name if name not in named else f"{name} ({len(named) + 1})"] = one
    return named
