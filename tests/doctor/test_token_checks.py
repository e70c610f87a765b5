"""What keeps the server from verifying the tokens of nodes is named, with what to do about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from auth.issuer import (
    FORBIDDEN,
    ISSUER,
    JWKS_PATH,
    REVIEW_PATH,
    UNAUTHORIZED,
    UNAVAILABLE,
    ApiServer,
    Refusal,
    claims,
    refusal,
)
from doctor.conftest import Doctor
from fixtures.signing import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOT_ACCEPTABLE = refusal(406, "NotAcceptable", "only application/jwk-set+json is available")


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    with ApiServer() as running:
        yield running


@pytest.fixture
def in_the_server(api_server: ApiServer, tmp_path: Path) -> Callable[..., Doctor]:
    """The doctor in a pod of the server; the database is none of these checks'."""
    token = tmp_path / "token"
    token.write_text(signed(claims(None, aud=["kubernetes"])))

    def made(*, review: bool = False, **more: str) -> Doctor:
        way = (
            {"ROWHOUSE_TOKEN_REVIEW": api_server.url}
            if review
            else {"ROWHOUSE_JWKS": api_server.url + JWKS_PATH}
        )
        common = {
            "ROWHOUSE_DATABASE_URL": "postgresql://127.0.0.1/none",
            "ROWHOUSE_KUBERNETES_TOKEN_FILE": str(token),
        }
        return Doctor(environment={**common, **way, **more})

    return made


def test_the_issuer_that_was_found_is_shown(in_the_server: Callable[..., Doctor]) -> None:
    found = in_the_server().one("tokens")
    assert found.state == "ok"
    assert f"1 keys; issuer {ISSUER}" in found.found
    found = in_the_server(review=True).one("tokens")
    assert found.state == "ok"
    assert ISSUER in found.found


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (NOT_ACCEPTABLE, ""),
        (FORBIDDEN, "system:service-account-issuer-discovery"),
        (UNAUTHORIZED, "token"),
        (UNAVAILABLE, ""),
    ],
)
def test_keys_that_cannot_be_read(
    in_the_server: Callable[..., Doctor], api_server: ApiServer, said: Refusal, remedy: str
) -> None:
    api_server.refusals[JWKS_PATH] = said
    found = in_the_server().one("tokens")
    assert found.state == "failed"
    assert f"HTTP status {said.status}" in found.found
    assert found.remedy
    assert remedy in found.remedy


def test_a_token_review_that_is_denied(
    in_the_server: Callable[..., Doctor], api_server: ApiServer
) -> None:
    api_server.refusals[REVIEW_PATH] = FORBIDDEN
    found = in_the_server(review=True).one("tokens")
    assert found.state == "failed"
    assert "system:auth-delegator" in found.remedy


def test_an_issuer_that_is_not_the_clusters(in_the_server: Callable[..., Doctor]) -> None:
    """EKS, GKE, AKS and OpenShift sign with issuers of their own."""
    found = in_the_server(ROWHOUSE_JWT_ISSUER="https://elsewhere.example").one("tokens")
    assert found.state == "failed"
    assert "https://elsewhere.example" in found.found
    assert ISSUER in found.found
    assert "kubernetes.issuer" in found.remedy
    assert in_the_server(ROWHOUSE_JWT_ISSUER=ISSUER).one("tokens").state == "ok"


def test_without_a_trusted_cluster_it_says_where_to_run_it() -> None:
    doctor = Doctor(environment={"ROWHOUSE_DATABASE_URL": "postgresql://127.0.0.1/none"})
    found = doctor.one("tokens")
    assert found.state == "skipped"
    assert "deploy/rowhouse-server" in found.remedy


def test_what_the_command_prints_is_not_mixed_with_logs(
    in_the_server: Callable[..., Doctor],
) -> None:
    environment = {"PATH": os.environ["PATH"], **in_the_server().environment}
    line = [sys.executable, "-m", "rowhouse", "doctor", "-o", "json"]
    done = subprocess.run(
        line, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 4
    assert {item["check"] for item in json.loads(done.stdout)["items"]} >= {"tokens"}
    assert done.stderr == ""
