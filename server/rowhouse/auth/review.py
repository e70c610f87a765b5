"""Token reviews by a cluster's API server (TokenReview, authentication.k8s.io/v1)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from rowhouse.auth.fetch import fetch
from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from rowhouse.auth.clusters import TrustedCluster

_PATH: Final = "/apis/authentication.k8s.io/v1/tokenreviews"
_ROLE: Final = "the cluster role system:auth-delegator"
_NODE: Final = "authentication.kubernetes.io/node-name"
_POD: Final = "authentication.kubernetes.io/pod-name"


class Account(TypedDict):
    """The account of a token, `system:serviceaccount:…`, and its node ("" if unknown)."""

    username: str
    node: str
    pod: str


def review(cluster: TrustedCluster, token: str) -> Account:
    """Have the API server review the token.

    Errors: Unauthenticated; TryAgain if the API server is unreachable or refuses the review.
    """
    answer = _ask(cluster, {"token": token, "audiences": [cluster.audience]})
    try:
        status = answer["status"]
        # An API server without support for audiences omits them, so its response proves nothing.
        if not status.get("authenticated") or cluster.audience not in status.get("audiences", ()):
            raise Unauthenticated("the API server of the token's cluster does not accept it")
        user = status["user"]
        extra = user.get("extra") or {}
        return {
            "username": str(user["username"]),
            "node": _first(extra.get(_NODE)),
            "pod": _first(extra.get(_POD)),
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise TryAgain("the API server's answer is not a TokenReview") from error


def review_own(cluster: TrustedCluster) -> None:
    """Check access by having the API server review the server's own token for the API server's audience.

    Errors: TryAgain.
    """
    own = "-"
    if cluster.token_file:
        try:
            own = Path(cluster.token_file).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise TryAgain(
                f"{cluster.token_file} could not be read: {error}",
                hint=f"Mount a service account token of the server at {cluster.token_file}.",
            ) from error
    answer = _ask(cluster, {"token": own})
    if not isinstance(answer, dict) or not isinstance(answer.get("status"), dict):
        raise TryAgain("the API server's answer is not a TokenReview")


def _ask(cluster: TrustedCluster, spec: dict[str, Any]) -> Any:
    return fetch(
        cluster.token_review.rstrip("/") + _PATH,
        ca_file=cluster.ca_file,
        token_file=cluster.token_file,
        body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec},
        needs=_ROLE,
    )


def _first(values: Any) -> str:
    return str(values[0]) if isinstance(values, list) and values else ""
