"""JSON Web Tokens: read without trust, or verified with one key (RFC 7515, RFC 7519)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws, jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import ECKey, RSAKey

from rowhouse.domain.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHMS: Final = frozenset({"RS256", "ES256", "ES384", "ES512"})
"""The algorithms that Kubernetes signs with. Each key is used only with its own algorithm."""

_OF_CURVE: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, kw_only=True)
class VerificationKey:
    """A public key for signatures of one algorithm."""

    key_id: str
    algorithm: str
    key: RSAKey | ECKey


class _Registry(jws.JWSRegistry):
    # Some providers put a certificate chain into the header; the library's limit is 512 bytes.
    max_header_length = 16 * 1024


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the claims of a token without verification.

    Errors: Unauthenticated if it is not a JWT.
    """
    try:
        parts = jws.extract_compact(token.encode("ascii"))
        header: Any = parts.headers()
        claims: Any = json.loads(parts.payload)
    except (JoseError, RecursionError, TypeError, ValueError) as error:
        raise Unauthenticated("the token is not a JWT") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthenticated("the token is not a JWT")
    if not isinstance(header["alg"], str):
        raise Unauthenticated("the token does not name the algorithm of its signature")
    return header, claims


def verified(
    token: str,
    key: VerificationKey,
    *,
    audience: str,
    issuers: Sequence[str],
    leeway_seconds: int,
) -> dict[str, Any]:
    """Verify that `key` signed the token, that it is for `audience` and not expired; return its claims.

    Errors: Unauthenticated, with the reason.
    """
    # Ignore header parameters that the library does not know, as in RFC 7515 4.2;
    # `crit` still refuses the token.
    registry = _Registry(algorithms=[key.algorithm], strict_check_header=False)
    rules = jwt.JWTClaimsRegistry(
        leeway=leeway_seconds,
        iss={"essential": True, "values": list(issuers)},
        sub={"essential": True},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = jwt.decode(token, key.key, registry=registry).claims
        rules.validate(claims)
    except (JoseError, TypeError, ValueError) as error:
        raise Unauthenticated(_reason(error)) from error
    return claims


def _reason(error: Exception) -> str:
    """Describe the error of a refused token."""
    if isinstance(error, ExpiredTokenError):
        return "the token has expired"
    if isinstance(error, BadSignatureError):
        return "the token's signature does not match its key"
    if isinstance(error, MissingClaimError | InvalidClaimError):
        return f"the token is refused: {error.description}"
    return f"the token is refused: {error}"


def usable_key(entry: Any) -> VerificationKey | None:
    """Return the key of a JWK set's entry; None if it is not for one of our algorithms."""
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    try:
        key = (ECKey if entry["kty"] == "EC" else RSAKey).import_key(entry)
    except (JoseError, KeyError, TypeError, ValueError):
        return None
    fitting = _OF_CURVE.get(key.curve_name, "") if isinstance(key, ECKey) else "RS256"
    algorithm = entry.get("alg", fitting)
    if key.is_private or not key.kid or algorithm != fitting or algorithm not in ALGORITHMS:
        return None
    return VerificationKey(key_id=key.kid, algorithm=algorithm, key=key)
