"""The issuer of a cluster's tokens need not be known: the cluster names it, and may change it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from auth.issuer import (
    DISCOVERY_PATH,
    FORBIDDEN,
    ISSUER,
    JWKS_PATH,
    TOO_MANY,
    UNAVAILABLE,
    ApiServer,
    claims,
)
from fixtures.signing import signed
from rowhouse.auth.clusters import TrustedCluster
from rowhouse.auth.issuers import Issuers
from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auth.conftest import Service
    from fixtures.wiping import SharedDatabase

EKS = "https://oidc.eks.eu-central-1.amazonaws.com/id/4F7C2A91D3"
AKS = "https://germanywestcentral.oic.prod-aks.azure.com/1b0a/7c2d/"


@pytest.fixture
def database(shared_database: SharedDatabase) -> SharedDatabase:
    """No test of this module makes a token: they may share a database."""
    shared_database.wipe()
    return shared_database


class Own:
    """The server's own token in a file, as the kubelet renews it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "token"
        self.renew(EKS)

    def renew(self, issuer: str) -> None:
        account = "system:serviceaccount:kube-system:rowhouse-server"
        said = claims(None, iss=issuer, sub=account, aud=["https://kubernetes.default.svc"])
        self.file.write_text(signed(said))


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


@pytest.fixture
def finding(service: Callable[..., Service], api_server: ApiServer, own: Own) -> Service:
    """The application with what the chart sets by default, no issuer among it."""
    return service(jwks=api_server.url + JWKS_PATH, kubernetes_token_file=str(own.file))


@pytest.mark.parametrize("issuer", [EKS, AKS, ISSUER])
def test_a_node_gets_an_address_without_a_configured_issuer(
    finding: Service, api_server: ApiServer, own: Own, issuer: str
) -> None:
    own.renew(issuer)
    api_server.refusals[DISCOVERY_PATH] = FORBIDDEN
    assert finding.cni("ADD", signed(claims(iss=issuer))).status_code == 200
    assert finding.cni("ADD", signed(claims(iss="https://elsewhere.example"))).status_code == 401


def test_the_discovery_document_names_it_where_there_is_no_token_of_our_own(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    api_server.issuer = AKS
    without = service(jwks=api_server.url + JWKS_PATH)
    assert without.cni("ADD", signed(claims(iss=AKS))).status_code == 200
    assert without.cni("ADD", signed(claims())).status_code == 401


def test_where_nothing_names_it_callers_try_again_and_the_operator_is_told_what_to_set(
    service: Callable[..., Service], api_server: ApiServer, own: Own
) -> None:
    own.file.write_text("no JWT")
    api_server.refusals[DISCOVERY_PATH] = FORBIDDEN
    one = service(jwks=api_server.url + JWKS_PATH, kubernetes_token_file=str(own.file))
    answer = one.cni("ADD", signed(claims()))
    assert answer.status_code == 503
    assert "kubernetes.issuer" in json.loads(answer.data)["details"]


def test_the_settings_may_name_several(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    one = service(jwks=api_server.url + JWKS_PATH, jwt_issuer=f"{EKS}, {ISSUER}")
    for issuer in (EKS, ISSUER):
        assert one.cni("STATUS", signed(claims(iss=issuer))).status_code == 200
    assert one.cni("STATUS", signed(claims(iss=AKS))).status_code == 401
    assert DISCOVERY_PATH not in api_server.asked


class Found:
    """The issuers of one cluster, and a clock."""

    def __init__(self, api_server: ApiServer, own: Own) -> None:
        self.now = 1000.0
        cluster = TrustedCluster(
            jwks="https://kubernetes.default.svc" + JWKS_PATH, token_file=str(own.file)
        ).model_copy(update={"jwks": api_server.url + JWKS_PATH})
        self.issuers = Issuers(cluster, clock=lambda: self.now)


def test_a_change_of_the_issuer_takes_effect_though_our_own_token_is_an_old_one(
    api_server: ApiServer, own: Own
) -> None:
    """Kubernetes renews a node's token every eight minutes, and ours within the hour."""
    found = Found(api_server, own)
    api_server.issuer = EKS
    assert found.issuers.has(EKS)
    api_server.issuer = AKS
    assert not found.issuers.has(AKS), "looked a moment ago"
    found.now += 31
    assert found.issuers.has(AKS)
    assert found.issuers.has(EKS), "tokens of before are good until they expire"
    own.renew(AKS)
    found.now += 31
    found.issuers.refresh()
    assert found.issuers.known == (AKS, EKS)


def test_unknown_issuers_cost_one_look_in_30_seconds(api_server: ApiServer, own: Own) -> None:
    found = Found(api_server, own)
    for number in range(50):
        assert not found.issuers.has(f"https://made-up.example/{number}")
    assert len(api_server.asked) == 1


@pytest.mark.parametrize("said", [FORBIDDEN, TOO_MANY, UNAVAILABLE])
def test_a_restart_of_the_api_server_takes_no_issuer_away(
    api_server: ApiServer, own: Own, said: object
) -> None:
    found = Found(api_server, own)
    own.file.write_text("no JWT")
    api_server.refusals[DISCOVERY_PATH] = said  # type: ignore[assignment]
    with pytest.raises(TryAgain):
        found.issuers.has(ISSUER)
    del api_server.refusals[DISCOVERY_PATH]
    found.now += 2
    assert found.issuers.has(ISSUER)
    api_server.refusals[DISCOVERY_PATH] = said  # type: ignore[assignment]
    found.now += 3600
    found.issuers.refresh()
    assert found.issuers.has(ISSUER)


def test_issuers_that_were_found_do_not_pile_up(api_server: ApiServer, own: Own) -> None:
    found = Found(api_server, own)
    for number in range(20):
        api_server.issuer = f"https://issuer.example/{number}"
        found.issuers.refresh()
    assert len(found.issuers.known) == 8
    assert found.issuers.has("https://issuer.example/19")


@pytest.mark.parametrize("document", [None, [], "x", {"issuer": 7}, {}])
def test_what_is_no_discovery_document_names_none(
    api_server: ApiServer, own: Own, document: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.file.write_text("no JWT")
    found = Found(api_server, own)
    monkeypatch.setattr("rowhouse.auth.issuers.fetch", lambda *_, **__: document)
    with pytest.raises(TryAgain):
        found.issuers.refresh()
