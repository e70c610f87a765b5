"""A projected service account token opens the door for its node, and nothing else does."""

from __future__ import annotations

import base64
import hmac
import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auth.issuer import ISSUER, ApiServer, claims
from fixtures.signing import ec_key, public, rsa_key, signed, signed_with, unsigned_parts
from rowhouse.auth.jwks import KeySet
from rowhouse.domain.errors import TryAgain, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auth.conftest import Service
    from fixtures.wiping import SharedDatabase


@pytest.fixture
def database(shared_database: SharedDatabase) -> SharedDatabase:
    """No test of this module makes a token: they may share a database."""
    shared_database.wipe()
    return shared_database


SECRET = b"s" * 64


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def code_of(answer: Any) -> int:
    return int(json.loads(answer.data)["code"])


def test_a_node_gets_an_address_with_its_own_token(trusting: Service) -> None:
    token = signed(claims())
    assert trusting.cni("ADD", token).status_code == 200
    assert trusting.cni("ADD", token, node="node1", cluster="prod-a").status_code == 200


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rsa_key, "RS256"),
        (ec_key, "ES256"),
        (lambda: ec_key(1, ec.SECP384R1), "ES384"),
        (lambda: ec_key(1, ec.SECP521R1), "ES512"),
    ],
)
def test_every_key_that_kubernetes_signs_with_is_understood(
    trusting: Service, api_server: ApiServer, key: Callable[[], Any], algorithm: str
) -> None:
    api_server.keys = [public(key(), "k1")]
    assert trusting.cni("STATUS", signed(claims(), key(), algorithm=algorithm)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"exp": None},
        {"nbf": 9_999_999_999},
        {"iat": None},
        {"aud": "kubernetes"},
        {"aud": ["kubernetes", "vault"]},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_does_not_say_what_it_must_is_refused(
    trusting: Service, changed: dict[str, Any]
) -> None:
    answer = trusting.cni("ADD", signed(claims(**changed)))
    assert (answer.status_code, code_of(answer)) == (401, 110)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (lambda: signed(claims(exp=1)), "expired"),
        (lambda: signed(claims(aud=["vault"])), "'aud'"),
        (lambda: signed(claims(), ec_key(2)), "signature"),
        (lambda: signed(claims(), ec_key(2), key_id="k9"), "key is not one of its cluster's"),
        (lambda: signed(claims(iss="https://elsewhere.example")), "does not belong to a cluster"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_the_token(
    trusting: Service, token: Callable[[], str], said: str
) -> None:
    assert said in json.loads(trusting.cni("ADD", token()).data)["msg"]


@pytest.mark.parametrize(
    "subject",
    [
        "system:serviceaccount:default:rowhouse-node",
        "system:serviceaccount:kube-system:default",
        "system:serviceaccount:kube-system:rowhouse-node:x",
        "kube-system:rowhouse-node",
        "kube-system/rowhouse-node",
        "system:node:node1",
    ],
)
def test_another_service_account_of_the_cluster_is_not_allowed(
    trusting: Service, subject: str
) -> None:
    answer = trusting.cni("ADD", signed(claims(sub=subject)))
    assert (answer.status_code, code_of(answer)) == (403, 110)


@cache
def forged() -> dict[str, str]:
    pem = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    hs256 = unsigned_parts({"alg": "HS256", "typ": "JWT", "kid": "r1"}, claims())
    mac = hmac.digest(pem, hs256.encode(), "sha256")
    good = signed(claims())
    header, _, signature = good.split(".")
    other = signed(claims("node2")).split(".")[1]
    mine = base64url(mac)
    return {
        "alg none": unsigned_parts({"alg": "none", "kid": "k1"}, claims()) + ".",
        "alg None": unsigned_parts({"alg": "None", "kid": "k1"}, claims()) + "." + signature,
        "HS256 with the public key": f"{hs256}.{mine}",
        "HS256 with the secret of the set": signed(
            claims(), SECRET, key_id="oct", algorithm="HS256"
        ),
        "another key under a known id": signed(claims(), ec_key(2)),
        "unknown key id": signed(claims(), ec_key(2), key_id="k9"),
        "no key id": signed(claims(), key_id=None),
        "PS256": signed(claims(), rsa_key(), key_id="r1", algorithm="PS256"),
        "a key for encryption": signed(claims(), rsa_key(), key_id="enc", algorithm="RS256"),
        "claims of another token": f"{header}.{other}.{signature}",
        "cut off": good[:-8],
        "no JWT": "a.b.c",
        "dots": "..",
        "a word": "x",
        "a long word": "x" * 8000,
    }


def test_a_forged_token_is_refused(trusting: Service, api_server: ApiServer) -> None:
    secret = base64url(SECRET)
    api_server.keys += [
        public(rsa_key(), "r1"),
        public(rsa_key(), "enc", use="enc"),
        {"kty": "oct", "kid": "oct", "k": secret, "alg": "HS256"},
        {"kty": "new", "kid": "k9"},
    ]
    good = signed(claims(), rsa_key(), key_id="r1", algorithm="RS256")
    assert trusting.cni("STATUS", good).status_code == 200
    for kind, token in forged().items():
        answer = trusting.cni("ADD", token)
        assert (answer.status_code, code_of(answer)) == (401, 110), kind


def test_a_token_cannot_say_where_its_key_is(trusting: Service) -> None:
    """Neither the header's URLs nor the issuer's are ever fetched: only those of the settings."""
    key = ec_key(2)
    with ApiServer(keys=[public(key, "k9")]) as theirs:
        for said in (claims(), claims(iss=theirs.url)):
            for header in ("jku", "x5u", "jwk"):
                where = public(key, "k9") if header == "jwk" else theirs.url + "/keys"
                headers = {"kid": "k9", header: where}
                token = signed_with(headers, said, key, "ES256")
                assert trusting.cni("ADD", token).status_code == 401
        assert theirs.asked == []


def test_clocks_may_differ_by_ten_seconds(trusting: Service) -> None:
    now = time.time()
    for claim, moment, status in (
        ("exp", now - 4, 200),
        ("exp", now - 16, 401),
        ("nbf", now + 60, 401),
    ):
        said = {**claims(), claim: moment}
        assert trusting.cni("STATUS", signed(said)).status_code == status, (claim, moment)


def test_the_token_of_another_cluster_is_good_for_that_cluster_alone(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    """Two clusters made by kubeadm name their issuer alike: whose key has signed, decides."""
    with ApiServer(keys=[public(ec_key(2), "k1")]) as other:
        both = service(
            clusters={
                "prod-a": {"issuer": ISSUER, "jwks": api_server.url},
                "prod-b": {"issuer": ISSUER, "jwks": other.url},
            }
        )
        of_a, of_b = signed(claims()), signed(claims(), ec_key(2))
        assert both.cni("ADD", of_b, cluster="prod-a").status_code == 403
        assert both.cni("ADD", of_b, cluster="prod-b").status_code == 200
        assert both.cni("ADD", of_a).status_code == 200
        one = service(clusters={"prod-a": {"issuer": ISSUER, "jwks": api_server.url}})
        assert one.cni("ADD", of_b).status_code == 401


def test_a_token_without_a_node_is_refused_unless_the_header_is_trusted(
    service: Callable[..., Service], trusting: Service, api_server: ApiServer
) -> None:
    token = signed(claims(None))
    refused = trusting.cni("ADD", token, node="node1")
    assert refused.status_code == 403
    assert "ROWHOUSE_TRUST_NODE_HEADER" in json.loads(refused.data)["details"]
    lenient = service(jwks=api_server.url, jwt_issuer=ISSUER, trust_node_header=True)
    assert lenient.cni("ADD", token, node="node1").status_code == 200
    assert lenient.cni("ADD", signed(claims()), node="node2").status_code == 403


def test_another_service_account_may_be_named(
    service: Callable[..., Service], api_server: ApiServer
) -> None:
    named = service(
        jwks=api_server.url, jwt_issuer=ISSUER, node_service_accounts="a/b, multus/daemon"
    )
    subject = "system:serviceaccount:multus:daemon"
    assert named.cni("STATUS", signed(claims(sub=subject))).status_code == 200
    assert named.cni("STATUS", signed(claims())).status_code == 403


def test_keys_come_from_a_file_too(service: Callable[..., Service], tmp_path: Path) -> None:
    (tmp_path / "jwks").write_text(json.dumps({"keys": [public(ec_key(), "k1")]}))
    offline = service(jwks=str(tmp_path / "jwks"), jwt_issuer=ISSUER)
    assert offline.cni("STATUS", signed(claims())).status_code == 200


def test_without_keys_the_plugin_is_told_to_try_again(
    trusting: Service, api_server: ApiServer
) -> None:
    api_server.status = 500
    answer = trusting.cni("ADD", signed(claims()))
    assert (answer.status_code, code_of(answer)) == (503, 11)
    status = trusting.cni("STATUS", signed(claims()))
    assert code_of(status) == 50


def test_our_own_token_does_not_follow_a_redirect(
    service: Callable[..., Service], api_server: ApiServer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("ours\n")
    one = service(
        jwks=api_server.url + "/jwks",
        jwt_issuer=ISSUER,
        kubernetes_token_file=str(tmp_path / "token"),
    )
    api_server.status = 302
    assert one.cni("ADD", signed(claims())).status_code == 503
    assert (api_server.asked, api_server.authorizations) == (["/jwks"], ["Bearer ours"])


class Source:
    """Keys that may change or be out of reach, and a clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ids = ["k1"]
        self.down = False
        self.reads = 0
        self.keys = KeySet(self.read, clock=lambda: self.now)

    def read(self) -> Any:
        self.reads += 1
        if self.down:
            raise TryAgain("down")
        return {"keys": [public(ec_key(), key_id) for key_id in self.ids]}


def test_a_new_key_is_found_and_unknown_ones_cost_one_look_in_30_seconds() -> None:
    source = Source()
    source.keys.key("k1")
    source.ids = ["k1", "k2"]
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            source.keys.key("k2")
    assert source.reads == 1
    source.now += 31
    assert source.keys.key("k2").key_id == "k2"
    for number in range(50):
        with pytest.raises(Unauthenticated):
            source.keys.key(f"made up {number}")
    assert source.reads == 2


def test_a_key_that_was_taken_back_is_refused_after_five_minutes() -> None:
    source = Source()
    source.keys.key("k1")
    source.ids = ["k2"]
    source.now += 299
    source.keys.key("k1")
    source.now += 2
    with pytest.raises(Unauthenticated):
        source.keys.key("k1")


def test_known_keys_outlive_their_source() -> None:
    source = Source()
    source.down = True
    with pytest.raises(TryAgain):
        source.keys.key("k1")
    source.down = False
    source.now += 2
    source.keys.key("k1")
    source.down = True
    source.now += 3600
    assert source.keys.key("k1").key_id == "k1"


def test_a_new_key_is_not_refused_while_keys_cannot_be_read() -> None:
    source = Source()
    source.keys.key("k1")
    source.ids, source.down = ["k1", "k2"], True
    source.now += 31
    for _ in range(50):
        with pytest.raises(TryAgain):
            source.keys.key("k2")
    assert source.reads == 2
    source.down = False
    source.now += 6
    assert source.keys.key("k2").key_id == "k2"


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": ["x", {}, 1]}])
def test_what_is_no_key_set_replaces_no_keys(document: Any) -> None:
    answers = [document, {"keys": [public(ec_key(), "k1")]}, document]
    clock = iter(range(0, 10_000, 400))
    keys = KeySet(lambda: answers.pop(0), clock=lambda: next(clock))
    with pytest.raises(TryAgain):
        keys.refresh()
    keys.refresh()
    with pytest.raises(TryAgain):
        keys.refresh()
    assert len(keys) == 1
