"""A token or key of any form is either good or refused; none raises an error of another kind."""

from __future__ import annotations

import base64
from itertools import product
from typing import Any

import pytest

from fixtures.signing import ec_key, public, rsa_key, signed, signed_with
from rowhouse.auth import jwt
from rowhouse.domain.errors import Unauthenticated

PARTS = [
    b"",
    b"1",
    b"null",
    b'"x"',
    b"[]",
    b'["alg"]',
    b"{}{}",
    b"\xff",
    b"[" * 100_000,
    b'{"alg":"ES256"}',
    b'{"alg":"ES256","crit":1}',
    b'{"alg":"ES256","crit":["b64"],"b64":false}',
    b'{"alg":"ES256","kid":1}',
    b'{"alg":"ES256","x5c":1,"jwk":"x"}',
    b'{"alg":["ES256"]}',
    b'{"alg":null}',
    b'{"iss":"i","sub":"s","aud":"a","iat":1,"exp":NaN}',
]
CLAIMS = {"iss": "i", "sub": "s", "aud": "a", "iat": 1, "exp": 9_999_999_999}
SIGNATURES = ("", "!", "a=b", "\u00e4", base64.urlsafe_b64encode(b"x" * 66).decode())


def key(private: Any = None) -> jwt.VerificationKey:
    found = jwt.usable_key(public(private or ec_key(), "k1"))
    assert found is not None
    return found


def verified(token: str, **more: Any) -> dict[str, Any]:
    given = {"audience": "a", "issuers": ["i"], "leeway_seconds": 10, **more}
    return jwt.verified(token, key(), **given)


def segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize("signature", SIGNATURES)
def test_whatever_is_sent_as_a_token_is_refused(signature: str) -> None:
    for header, claims in product(PARTS, PARTS):
        with pytest.raises(Unauthenticated):
            verified(f"{segment(header)}.{segment(claims)}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "..", "...", "....", "\u00e9.a.b", "\ud800"])
def test_what_is_no_jwt_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        jwt.unverified(token)
    with pytest.raises(Unauthenticated):
        verified(token)


def test_an_unverified_header_is_an_object_that_names_an_algorithm() -> None:
    for header, claims in product(PARTS, PARTS):
        try:
            found, _ = jwt.unverified(f"{segment(header)}.{segment(claims)}.")
        except Unauthenticated:
            continue
        assert isinstance(found["alg"], str)


def test_unknown_header_parameters_and_long_headers_are_accepted() -> None:
    headers = {"kid": "k1", "x5c": ["A" * 4000], "https://vendor.example": 1}
    assert verified(signed_with(headers, dict(CLAIMS), ec_key(), "ES256")) == CLAIMS


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"exp": 1}, "expired"),
        ({"nbf": 9_999_999_998}, "not yet valid"),
        ({"aud": "other"}, "aud"),
        ({"aud": ["other", "a"]}, ""),
        ({"iss": "other"}, "iss"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"exp": "never"}, "exp"),
    ],
)
def test_a_refusal_names_the_claim(changed: dict[str, Any], said: str) -> None:
    token = signed({**CLAIMS, **changed})
    if not said:
        assert verified(token)["aud"] == changed["aud"]
        return
    with pytest.raises(Unauthenticated, match=said):
        verified(token)


@pytest.mark.parametrize("missing", CLAIMS)
def test_every_claim_that_counts_is_required(missing: str) -> None:
    with pytest.raises(Unauthenticated, match=missing):
        verified(signed({name: value for name, value in CLAIMS.items() if name != missing}))


EC = public(ec_key(), "k1")


@pytest.mark.parametrize(
    "entry",
    [
        None,
        1,
        [],
        {},
        {"kty": "RSA"},
        {"kty": ["x"]},
        {"kty": "oct", "k": "AAAA", "kid": "k1"},
        {"kty": "EC", "crv": 1},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "k1"},
        {"kty": "RSA", "n": 1, "e": 2, "kid": "k1"},
        {**EC, "kid": []},
        {**EC, "kid": ""},
        {**EC, "use": "enc"},
        {**EC, "use": []},
        {**EC, "alg": []},
        {**EC, "alg": "RS256"},
        {**EC, "alg": "ES384"},
        {**EC, "key_ops": 5},
        {**EC, "d": "AAAA"},
        public(rsa_key(), "k1", alg="PS256"),
    ],
    ids=[str(number) for number in range(20)],
)
def test_a_key_that_verifies_nothing_of_ours_is_ignored(entry: Any) -> None:
    assert jwt.usable_key(entry) is None


def test_a_key_has_the_algorithm_of_its_kind() -> None:
    assert key().algorithm == "ES256"
    assert key(rsa_key()).algorithm == "RS256"
