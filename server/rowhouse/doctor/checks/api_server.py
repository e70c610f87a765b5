"""The API server: whether it is reachable, and with which account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import failed, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings

_REVIEW: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def api_server(where: Surroundings) -> Iterator[Finding]:
    """Query /version, and the name of the account."""
    api = where.kubernetes
    answer = api.get("/version")
    if not answer.is_success:
        remedy = (
            "The token is refused. Check that the pod's service account token is mounted and not expired, or that the"
            " kubeconfig is the right one (`kubectl auth whoami`)."
            if answer.is_denied
            else "See the API server's log."
        )
        yield failed(f"{api.server}: {answer.message}", remedy)
        return
    review = api.post(
        _REVIEW, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    )
    if review.status == 401:  # noqa: PLR2004 - anonymous accounts may read /version
        yield failed(
            f"{api.server} refuses the token: {review.message}",
            "Check that the pod's service account token is mounted and not expired, or that the kubeconfig is the right"
            " one (`kubectl auth whoami`).",
        )
        return
    name = ""
    if review.is_success:
        name = review.document["status"]["userInfo"]["username"]
    version = answer.document.get("gitVersion", "of an unknown version")
    yield ok(f"Kubernetes {version} at {api.server}" + (f" as {name}" if name else ""))
