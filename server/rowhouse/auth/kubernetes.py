"""Projected service account tokens of Kubernetes: their account and node.

Kubernetes puts the pod into the token and, since 1.30, the node (KEP-4193). So the API server, not the bearer,
states the node.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from rowhouse.auth import jwt
from rowhouse.auth.caller import Caller
from rowhouse.auth.fetch import fetch
from rowhouse.auth.issuers import Issuers
from rowhouse.auth.jwks import KeySet
from rowhouse.auth.review import review, review_own
from rowhouse.auth.verified import Verified
from rowhouse.domain.errors import NotAllowed, RowhouseError, TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.auth.clusters import TrustedCluster
    from rowhouse.auth.review import Account

_LEEWAY_SECONDS: Final = 10
_SECONDS: Final = 60.0
"""How long a verified token is trusted without another verification."""

_UNTRUSTED: Final = "the token does not belong to a cluster that this server trusts"
_ROLE: Final = "the cluster role system:service-account-issuer-discovery"


class ClusterTokens:
    """Verifies the tokens of one cluster."""

    def __init__(self, cluster: TrustedCluster) -> None:
        self.cluster = cluster
        self.issuers = Issuers(cluster)
        self.keys = key_set_of(cluster)

    def verify(self, token: str, header: dict[str, Any]) -> Verified:
        """Return the node that bears the token, which names an issuer of this cluster.

        Errors: Unauthenticated, NotAllowed, TryAgain.
        """
        if self.keys is None:
            return _as_node(self.cluster, review(self.cluster, token), _SECONDS)
        claims = _verified_claims(self, self.keys, token, header)
        try:
            expires_at = float(claims["exp"])
        except OverflowError:
            raise Unauthenticated("the token's expiry is out of range") from None
        return _as_node(self.cluster, _account(claims), expires_at - time.time())

    def look(self) -> None:
        """Check that verification works: read the keys, or have a token reviewed. Raises TryAgain."""
        self.issuers.refresh()
        if self.keys is None:
            review_own(self.cluster)
        else:
            self.keys.refresh()


class ServiceAccountTokens:
    """Verifies the tokens of the clusters that the settings name."""

    def __init__(self, clusters: Sequence[TrustedCluster]) -> None:
        self.clusters = [ClusterTokens(cluster) for cluster in clusters]

    def verify(self, token: str) -> Verified:
        """Return the node that bears the token.

        Errors: Unauthenticated, NotAllowed; TryAgain if the cluster's keys or its API server
        are unreachable.
        """
        try:
            header, claims = jwt.unverified(token)
        except Unauthenticated as error:
            raise Unauthenticated("the token is neither a Rowhouse token nor a JWT") from error
        issuer = claims.get("iss")
        refusal: RowhouseError = Unauthenticated(_UNTRUSTED)
        # Clusters may share an issuer name; the key that signed the token decides.
        for cluster in self.clusters:
            try:
                if cluster.issuers.has(issuer):
                    return cluster.verify(token, header)
            except (NotAllowed, TryAgain, Unauthenticated) as error:
                refusal = max(
                    error, refusal, key=_weight
                )  # prefer a cluster's reason over "no trusted cluster"
        raise refusal


def _weight(refusal: RowhouseError) -> int:
    """Choose between the errors of two clusters: TryAgain wins, because that cluster may accept the token."""
    return (Unauthenticated, TryAgain, NotAllowed).index(type(refusal))


def key_set_of(cluster: TrustedCluster) -> KeySet | None:
    """The keys of a cluster; None if its API server reviews each token."""
    if not cluster.jwks:
        return None
    return KeySet(
        lambda: fetch(
            cluster.jwks, ca_file=cluster.ca_file, token_file=cluster.token_file, needs=_ROLE
        ),
        is_logged=False,  # rowhouse.auth.verification does
    )


def _verified_claims(
    tokens: ClusterTokens, keys: KeySet, token: str, header: dict[str, Any]
) -> dict[str, Any]:
    if header.get("alg") not in jwt.ALGORITHMS or not isinstance(header.get("kid"), str):
        raise Unauthenticated("the token's signature algorithm is not one that Kubernetes uses")
    key = keys.key(header["kid"])
    # Use the key's own algorithm, not the token's: a public key must never serve as an HMAC secret.
    return jwt.verified(
        token,
        key,
        audience=tokens.cluster.audience,
        issuers=tokens.issuers.known,
        leeway_seconds=_LEEWAY_SECONDS,
    )


def _account(claims: dict[str, Any]) -> Account:
    ours = claims.get("kubernetes.io")
    named = ours if isinstance(ours, dict) else {}
    return {
        "username": claims["sub"],
        "node": _name(named.get("node")),
        "pod": _name(named.get("pod")),
    }


def _name(reference: Any) -> str:
    name = reference.get("name") if isinstance(reference, dict) else None
    return name if isinstance(name, str) else ""


def _as_node(cluster: TrustedCluster, account: Account, seconds: float) -> Verified:
    allowed = {
        f"system:serviceaccount:{name.replace('/', ':')}" for name in cluster.service_accounts
    }
    if account["username"] not in allowed:
        raise NotAllowed(
            f"{account['username']} is not a service account of Rowhouse's nodes",
            hint="Its NAMESPACE/NAME must be in ROWHOUSE_NODE_SERVICE_ACCOUNTS.",
        )
    if not account["node"] and not cluster.trust_node_header:
        raise NotAllowed(
            "the token does not name the node of its pod",
            hint="Kubernetes 1.30 and newer name it. For older versions set ROWHOUSE_TRUST_NODE_HEADER=true.",
        )
    where = account["node"] or account["pod"]
    caller = Caller(
        name=f"{cluster.cluster}:{where}" if cluster.cluster else where,
        role="node",
        cluster=cluster.cluster,
        node=account["node"] or None,
    )
    return Verified(caller, max(0.0, min(_SECONDS, seconds)))
