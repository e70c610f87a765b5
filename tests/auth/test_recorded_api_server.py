"""What a real API server has answered to those who verify tokens (tests/recorded), word for word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auth.issuer import JWKS_PATH, REVIEW_PATH, ApiServer, Refusal, claims
from fixtures.signing import signed
from rowhouse.auth.clusters import TrustedCluster
from rowhouse.auth.kubernetes import ClusterTokens
from rowhouse.auth.review import review
from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = Path(__file__).parents[1] / "recorded/apiserver"
ISSUER = "https://kubernetes.default.svc.cluster.local"


def exchanges(path: str) -> Iterator[Any]:
    for file in sorted(RECORDED.glob("*.json")):
        for one in json.loads(file.read_bytes()):
            if one["request"]["path"] == path and one["response"].get("status"):
                yield pytest.param(one, id=f"{file.stem}: {one['name']}")


def answer_of(exchange: dict[str, Any]) -> Refusal:
    response = exchange["response"]
    body = response.get("body_text", "")
    content = json.dumps(response["body"]) if isinstance(response.get("body"), dict) else body
    headers = {"Retry-After": found} if (found := response["headers"].get("Retry-After")) else {}
    return Refusal(
        response["status"], content.encode(), response["headers"].get("Content-Type", ""), headers
    )


REFUSED = [one for one in exchanges(JWKS_PATH) if one.values[0]["response"]["status"] != 200]
REVIEWS = [one for one in exchanges(REVIEW_PATH) if "body" in one.values[0]["response"]]


@pytest.mark.parametrize("exchange", REFUSED)
def test_no_refusal_of_the_keys_takes_known_ones_away(exchange: dict[str, Any]) -> None:
    said = answer_of(exchange)
    with ApiServer(refusals={JWKS_PATH: said}) as api_server:
        cluster = ClusterTokens(TrustedCluster(jwks=api_server.url + JWKS_PATH, issuer=ISSUER))
        token = signed(claims())
        header = {"alg": "ES256", "kid": "k1"}
        with pytest.raises(TryAgain, match=f"HTTP status {said.status}"):
            cluster.look()
        with pytest.raises(TryAgain):
            cluster.verify(token, header)
        api_server.refusals.clear()
        cluster.look()
        api_server.refusals[JWKS_PATH] = said
        with pytest.raises(TryAgain):
            cluster.look()
        assert cluster.verify(token, header).caller.node == "node1"


@pytest.mark.parametrize("exchange", REVIEWS)
def test_each_review_is_understood(exchange: dict[str, Any]) -> None:
    said = answer_of(exchange)
    document = exchange["response"]["body"]
    audiences = exchange["request"].get("body", {}).get("spec", {}).get("audiences")
    with ApiServer(refusals={REVIEW_PATH: said}) as api_server:
        cluster = TrustedCluster(token_review=api_server.url, issuer=ISSUER)
        if said.status != 201:
            with pytest.raises(TryAgain, match=f"HTTP status {said.status}"):
                review(cluster, "x")
        elif not document["status"].get("authenticated"):
            with pytest.raises(Unauthenticated):
                review(cluster, "x")
        elif "rowhouse" in (audiences or ()):
            is_bound = "without pod" not in exchange["name"]
            assert review(cluster, "x") == {
                "username": "system:serviceaccount:rec:default",
                "node": "node1" if is_bound else "",
                "pod": "tok" if is_bound else "",
            }
        else:  # of another audience than ours
            with pytest.raises(Unauthenticated):
                review(cluster, "x")


def test_the_recordings_have_what_these_tests_are_about() -> None:
    statuses = {one.values[0]["response"]["status"] for one in REFUSED}
    assert {403, 406, 429} <= statuses
    reviews = [one.values[0]["response"]["body"] for one in REVIEWS]
    assert any(one.get("status", {}) and "authenticated" not in one["status"] for one in reviews)
    assert any(
        isinstance(one["status"], dict) and one["status"].get("authenticated") for one in reviews
    )
