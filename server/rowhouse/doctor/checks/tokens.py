"""Whether the tokens of nodes can be verified with the server's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.auth.issuers import Issuers
from rowhouse.auth.kubernetes import ClusterTokens
from rowhouse.doctor.finding import failed, ok, skipped, warning
from rowhouse.domain.errors import RowhouseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.auth.clusters import TrustedCluster
    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

_IN_THE_SERVER: Final = (
    "Run it in a pod of the server: kubectl exec deploy/rowhouse-server -- rowhouse doctor"
)


def tokens(where: Surroundings) -> Iterator[Finding]:
    """Read the keys of each trusted cluster, or have a token reviewed, and show whose tokens are accepted."""
    trusted = where.settings.trusted_clusters()
    if not trusted:
        yield skipped(
            "these settings trust no cluster (ROWHOUSE_JWKS, ROWHOUSE_TOKEN_REVIEW)", _IN_THE_SERVER
        )
    for cluster in trusted:
        yield _judge(cluster)


def _judge(cluster: TrustedCluster) -> Finding:
    about = cluster.cluster
    verifier = ClusterTokens(cluster)
    try:
        verifier.look()
    except RowhouseError as error:
        return failed(error.message, error.hint, about=about)
    known = verifier.issuers.known
    actual = _actual(cluster)
    if actual and not set(actual) & set(known):
        return failed(
            f"the settings accept tokens of {', '.join(known)}, but the cluster signs as {', '.join(actual)}",
            "Leave ROWHOUSE_JWT_ISSUER (kubernetes.issuer of the chart) empty, or set it to the cluster's issuer.",
            about=about,
        )
    way = "TokenReview works" if verifier.keys is None else f"{len(verifier.keys)} keys"
    said = f"{way}; issuer {', '.join(known)}"
    if not cluster.issuers and not actual:
        return warning(
            said,
            "Set the issuer in ROWHOUSE_JWT_ISSUER: the cluster no longer names it.",
            about=about,
        )
    return ok(said, about=about)


def _actual(cluster: TrustedCluster) -> tuple[str, ...]:
    """Return the issuers that the cluster itself names; empty if it names none."""
    try:
        found = Issuers(cluster.model_copy(update={"issuer": ""}))
        found.refresh()
    except RowhouseError:
        return ()
    return found.known
