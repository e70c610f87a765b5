"""A server that cannot verify tokens says so before a node asks it, and one that still can stays ready."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from auth.issuer import (
    DISCOVERY_PATH,
    FORBIDDEN,
    ISSUER,
    JWKS_PATH,
    REFUSED,
    REVIEW_PATH,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    ApiServer,
    Refusal,
    claims,
    refusal,
)
from fixtures.signing import ec_key, public, signed
from rowhouse.auth.clusters import TrustedCluster
from rowhouse.auth.kubernetes import ServiceAccountTokens, key_set_of
from rowhouse.auth.verification import Verification
from rowhouse.domain.checks import Checks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auth.conftest import Service
    from fixtures.wiping import SharedDatabase

NO_REVIEWS = refusal(
    403,
    "Forbidden",
    "tokenreviews.authentication.k8s.io is forbidden: User"
    ' "system:serviceaccount:kube-system:rowhouse-server" cannot create resource "tokenreviews" in API'
    ' group "authentication.k8s.io" at the cluster scope',
)
AWAY = (FORBIDDEN, UNAUTHORIZED, TOO_MANY, UNAVAILABLE)


@pytest.fixture
def database(shared_database: SharedDatabase) -> SharedDatabase:
    """No test of this module makes a token: they may share a database."""
    shared_database.wipe()
    return shared_database


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The server's own token."""
    file = tmp_path / "token"
    account = "system:serviceaccount:kube-system:rowhouse-server"
    file.write_text(signed(claims(None, sub=account, aud=["kubernetes"])))
    return file


class Looked:
    """The application, whose look at its clusters is a call."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.verification: Verification = service.app.extensions["rowhouse"].guard.verification

    def look(self) -> tuple[int, Any]:
        """Look, and ask the readiness probe."""
        self.verification.look()
        return self.readyz()

    def readyz(self) -> tuple[int, Any]:
        answer = self.service.get("/readyz")
        return answer.status_code, json.loads(answer.data)

    def metrics(self) -> str:
        return self.service.get("/metrics").text


@pytest.fixture
def by_keys(service: Callable[..., Service], api_server: ApiServer, token_file: Path) -> Looked:
    settings = {"jwks": api_server.url + JWKS_PATH, "kubernetes_token_file": str(token_file)}
    return Looked(service(**settings))


@pytest.fixture
def by_review(service: Callable[..., Service], api_server: ApiServer, token_file: Path) -> Looked:
    settings = {"token_review": api_server.url, "kubernetes_token_file": str(token_file)}
    return Looked(service(**settings, cluster="prod-a"))


def test_it_is_not_ready_before_the_first_look(by_keys: Looked) -> None:
    assert by_keys.readyz()[0] == 503


def test_readiness_shows_what_was_found_out(by_keys: Looked, api_server: ApiServer) -> None:
    status, document = by_keys.look()
    assert (status, document["status"]) == (200, "ready")
    [cluster] = document["clusters"]
    assert cluster["issuers"] == [ISSUER]
    assert (cluster["way"], cluster["keys"], cluster["is_up"]) == ("jwks", 1, True)
    assert DISCOVERY_PATH in api_server.asked
    assert 'rowhouse_token_verification_ready{cluster=""} 1.0' in by_keys.metrics()


@pytest.mark.parametrize("said", AWAY)
def test_a_server_that_never_had_keys_is_not_ready_and_says_why(
    by_keys: Looked, api_server: ApiServer, said: Refusal
) -> None:
    api_server.refusals[JWKS_PATH] = said
    status, document = by_keys.look()
    assert status == 503
    assert f"HTTP status {said.status}" in document["reason"]
    assert 'rowhouse_token_verification_ready{cluster=""} 0.0' in by_keys.metrics()
    del api_server.refusals[JWKS_PATH]
    assert by_keys.look()[0] == 200


@pytest.mark.parametrize("said", AWAY)
def test_a_server_with_keys_stays_ready_and_goes_on_verifying_but_tells_of_it(
    by_keys: Looked, api_server: ApiServer, said: Refusal
) -> None:
    by_keys.look()
    api_server.refusals[JWKS_PATH] = said
    status, document = by_keys.look()
    assert status == 200
    assert not document["clusters"][0]["is_up"]
    assert by_keys.service.cni("ADD", signed(claims())).status_code == 200
    metrics = by_keys.metrics()
    assert 'rowhouse_token_verification_ready{cluster=""} 1.0' in metrics
    assert 'rowhouse_token_verification_up{cluster=""} 0.0' in metrics


def test_the_log_has_one_line_for_each_change(by_keys: Looked, api_server: ApiServer) -> None:
    with structlog.testing.capture_logs() as lines:
        for said in (FORBIDDEN, None, UNAVAILABLE, None):
            api_server.refusals = {JWKS_PATH: said} if said else {}
            for _ in range(3):
                by_keys.look()
    assert [
        line["event"] for line in lines if "token" in line["event"] or "jwks" in line["event"]
    ] == [
        "tokens_not_verifiable",
        "tokens_verifiable",
        "token_keys_stale",
        "tokens_verifiable",
    ]
    [first] = [line for line in lines if line["event"] == "tokens_not_verifiable"]
    assert "HTTP status 403" in first["reason"]
    assert "system:service-account-issuer-discovery" in first["hint"]


def test_the_remedy_is_named(by_keys: Looked, api_server: ApiServer, token_file: Path) -> None:
    api_server.refusals[JWKS_PATH] = FORBIDDEN
    _, document = by_keys.look()
    assert "cannot get path" in document["reason"]
    assert "system:service-account-issuer-discovery" in document["hint"]
    api_server.refusals[JWKS_PATH] = UNAUTHORIZED
    assert str(token_file) in by_keys.look()[1]["hint"]
    token_file.unlink()
    assert (
        f"Mount a service account token of the server at {token_file}" in by_keys.look()[1]["hint"]
    )


def test_keys_without_an_issuer_verify_nothing(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    looked = Looked(service(jwks=api_server.url + JWKS_PATH))
    api_server.refusals[DISCOVERY_PATH] = FORBIDDEN
    status, document = looked.look()
    assert status == 503
    assert "kubernetes.issuer" in document["hint"]


def test_a_rotated_key_is_there_after_the_next_look(by_keys: Looked, api_server: ApiServer) -> None:
    by_keys.look()
    api_server.keys.append(public(ec_key(2), "k2"))
    by_keys.look()
    api_server.refusals[JWKS_PATH] = UNAVAILABLE
    fresh = signed(claims(), ec_key(2), key_id="k2")
    assert by_keys.service.cni("ADD", fresh).status_code == 200


def test_a_review_of_our_own_token_shows_that_we_may_ask(
    by_review: Looked, api_server: ApiServer, token_file: Path
) -> None:
    questions: list[Any] = []

    def review(question: Any) -> Any:
        questions.append(question["spec"])
        return REFUSED

    api_server.review = review
    status, document = by_review.look()
    assert (status, document["clusters"][0]["way"]) == (200, "token_review")
    # Without audiences, so for the API server's own.
    assert questions == [{"token": token_file.read_text()}]


def test_an_account_that_may_not_ask_is_never_ready(
    by_review: Looked, api_server: ApiServer
) -> None:
    api_server.refusals[REVIEW_PATH] = NO_REVIEWS
    status, document = by_review.look()
    assert status == 503
    assert 'cluster "prod-a"' in document["reason"]
    assert "system:auth-delegator" in document["hint"]


def test_an_api_server_that_restarts_takes_no_server_out_that_asks_it(
    api_server: ApiServer, token_file: Path
) -> None:
    verification, clock = _with_clock(api_server, token_file)
    verification.look()
    api_server.refusals[REVIEW_PATH] = UNAVAILABLE
    verification.look()
    clock.append(clock[-1] + 59)
    assert [one["is_ready"] for one in verification.report()] == [True]
    clock.append(clock[-1] + 2)
    assert [one["is_ready"] for one in verification.report()] == [False]
    del api_server.refusals[REVIEW_PATH]
    verification.look()
    assert [one["is_ready"] for one in verification.report()] == [True]


def _with_clock(api_server: ApiServer, token_file: Path) -> tuple[Verification, list[float]]:
    cluster = TrustedCluster(token_review=api_server.url, token_file=str(token_file))
    clock = [1000.0]
    checks = Checks(clock=lambda: clock[-1])
    return Verification(ServiceAccountTokens([cluster]).clusters, checks=checks), clock


@pytest.mark.parametrize(
    "url", ["https://[::1/openid/v1/jwks", "https://kubernetes:x/openid/v1/jwks"]
)
def test_a_url_that_is_none_is_a_reason_and_no_crash(
    service: Callable[..., Service], url: str
) -> None:
    looked = Looked(
        service(jwks="https://kubernetes.default.svc/openid/v1/jwks", jwt_issuer=ISSUER)
    )
    [one] = looked.verification.clusters
    one.cluster = one.cluster.model_copy(update={"jwks": url})
    one.keys = key_set_of(one.cluster)
    assert looked.look()[0] == 503


def test_a_look_that_fails_by_a_bug_is_a_reason_and_no_end_of_looking(
    by_keys: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_keys.look()
    [one] = by_keys.verification.clusters
    nothing: dict[str, str] = {}
    monkeypatch.setattr(one, "look", lambda: nothing["x"])
    status, document = by_keys.look()
    assert (status, document["clusters"][0]["reason"]) == (200, "KeyError: 'x'")


def test_a_cluster_that_is_named_twice_is_looked_at_twice(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    with ApiServer() as moved:
        looked = Looked(
            service(
                clusters={"a": {"issuer": ISSUER, "jwks": moved.url + JWKS_PATH}},
                cluster="a",
                jwks=api_server.url + JWKS_PATH,
            )
        )
        moved.refusals[JWKS_PATH] = FORBIDDEN
        status, document = looked.look()
    assert status == 503
    assert [one["is_ready"] for one in document["clusters"]] == [False, True]
    assert looked.metrics().count('rowhouse_token_verification_ready{cluster="a"} 0.0') == 1


def test_a_server_that_trusts_no_cluster_has_nothing_to_look_at(
    service: Callable[..., Service],
) -> None:
    looked = Looked(service(auth="required"))
    assert looked.readyz() == (200, {"status": "ready"})
