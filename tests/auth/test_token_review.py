"""Where the API server is asked about tokens, its word counts, and only for our audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auth.issuer import ACCOUNT, ISSUER, ApiServer, claims
from fixtures.signing import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from auth.conftest import Service
    from fixtures.wiping import SharedDatabase


@pytest.fixture
def database(shared_database: SharedDatabase) -> SharedDatabase:
    """No test of this module makes a token: they may share a database."""
    shared_database.wipe()
    return shared_database


NODE = "authentication.kubernetes.io/node-name"
ACCEPTED = {
    "authenticated": True,
    "audiences": ["rowhouse"],
    "user": {"username": ACCOUNT, "extra": {NODE: ["node1"]}},
}


@pytest.fixture
def asking(service: Callable[..., Service], api_server: ApiServer) -> Service:
    return service(token_review=api_server.url, jwt_issuer=ISSUER, cluster="prod-a")


def test_the_api_server_is_asked_once_and_for_our_audience(
    asking: Service, api_server: ApiServer
) -> None:
    token = signed(claims())
    questions: list[dict[str, Any]] = []

    def review(question: dict[str, Any]) -> dict[str, Any]:
        questions.append(question)
        return {"status": ACCEPTED}

    api_server.review = review
    for _ in range(3):
        assert asking.cni("ADD", token).status_code == 200
    assert asking.cni("ADD", token, node="node2").status_code == 403
    [question] = questions
    assert question["kind"] == "TokenReview"
    assert question["spec"] == {"token": token, "audiences": ["rowhouse"]}
    assert api_server.asked == ["/apis/authentication.k8s.io/v1/tokenreviews"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"status": {"authenticated": False, "error": "expired"}}, 401),
        ({"status": {}}, 401),
        ({"status": {**ACCEPTED, "audiences": ["kubernetes"]}}, 401),
        ({"status": {**ACCEPTED, "audiences": []}}, 401),
        ({"status": {**ACCEPTED, "user": {"username": "system:node:node1"}}}, 403),
        ({"status": {**ACCEPTED, "user": {"username": ACCOUNT}}}, 403),
        ({"status": {**ACCEPTED, "user": {}}}, 503),
        ({}, 503),
        ([], 503),
    ],
)
def test_what_the_api_server_does_not_accept_is_refused(
    asking: Service, api_server: ApiServer, answer: Any, status: int
) -> None:
    api_server.review = lambda _: answer
    assert asking.cni("ADD", signed(claims())).status_code == status


def test_a_token_of_another_issuer_is_not_even_shown_to_it(
    asking: Service, api_server: ApiServer
) -> None:
    assert asking.cni("ADD", signed(claims(iss="https://elsewhere"))).status_code == 401
    assert asking.cni("ADD", "rh_" + "x" * 43).status_code == 401
    assert api_server.asked == []


def test_an_api_server_out_of_reach_means_try_again(asking: Service, api_server: ApiServer) -> None:
    api_server.status, api_server.review = 503, lambda _: {"status": ACCEPTED}
    assert asking.cni("ADD", signed(claims())).status_code == 503
