"""Requests of callers that have proved nothing: any bytes that an HTTP server hands to the application."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from fixtures.signing import ec_key
from fuzz.dice import ODD

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.dice import Dice

ISSUER = "https://cluster.example"
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "X")
PATHS = (
    *("/", "/login", "/login/oidc", "/login/oidc/callback", "/logout", "/audit", "/search"),
    *("/pools/1", "/address", "/nodes/n1", "/pods/default/web-0", "/live", "/openapi.json"),
    *("/livez", "/readyz", "/metrics", "/cni", "/api/v1/pools", "/api/v1/pools/1", "/api/v1/x"),
    *(
        "/cni/report",
        "/api/v1/history",
        "/api/v1/reservations",
        "/assets/x/base.css",
        "/assets/x/htmx.min.js",
    ),
)
QUERIES = ("next", "over", "state", "code", "iss", "error", "error_description", "address", "at")
PLAIN = ("GET", "POST")
WORDS = (
    *('"', '""', '"1"', 'W/"', "*", ",", ";", "=", "/", "//", ":", "[", "]", "[::", "[::1]", "%"),
    *(
        "%00",
        "%ff",
        "%zz",
        "..",
        "\\",
        "@",
        "?",
        "#",
        " ",
        "\t",
        "\x7f",
        "\xff",
        "\xc3\xa9",
        "\x85",
    ),
    *("http://[", "http://[::1", "http://[v1.x]", "https://10.1.2.3", "http://a:b", "//", "null"),
    *("http://localhost", "http://127.0.0.1:x", "http://127.0.0.1:99999", "javascript:", "x" * 300),
    *("bytes=", "0-", "-1", "9" * 25, "9" * 5000, "-", "nan", "1e999", "inf", "q=", "q=nan", "0"),
    *("text/html", "*/*", "application/json", "multipart/form-data", "boundary=", "charset=", "x"),
    *("utf-8", "utf-99", "Mon, 01 Jan 0000 99:99:99", "Sun, 06 Nov 1994 08:49:37 GMT", "+9999"),
    *("Basic ", "Bearer ", "Digest ", "rh_", "rh_x", "==", "Og==", "{", "}", "[" * 3000, "1", "_"),
)
PLAIN_HEADERS = (
    *(
        "Accept",
        "Accept-Charset",
        "Accept-Encoding",
        "Accept-Language",
        "Access-Control-Request-Method",
    ),
    *("Cache-Control", "CNI-Args", "CNI-Command", "CNI-ContainerID", "CNI-IfName", "CNI-NetNS"),
    *("Content-Encoding", "Cookie", "Date", "Expect", "Forwarded", "From", "Host", "HX-Request"),
    *("Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range"),
    *(
        "If-Unmodified-Since",
        "Last-Event-ID",
        "Max-Forwards",
        "Origin",
        "Pragma",
        "Prefer",
        "Range",
    ),
    *("Referer", "Rowhouse-Cluster", "Rowhouse-Node", "Rowhouse-Replay", "Rowhouse-Timeout"),
    *("Sec-Fetch-Site", "TE", "Trailer", "Upgrade", "User-Agent", "Via", "X-Forwarded-For"),
    *("X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Request-ID"),
    *("X-HTTP-Method-Override", "Content-Type"),
)
KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "")
CALLBACK = "/login/oidc/callback"
COOKIES = ("session", "visit", "attempt")


@dataclass(frozen=True)
class Sent:
    """A request as WSGI has it: headers as Latin-1, the path decoded from percent-encoding."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def environment(self, address: str) -> dict[str, str]:
        """Its keys in a WSGI environment, sent from `address`."""
        made = {
            "REQUEST_METHOD": self.method,
            "PATH_INFO": self.path,
            "RAW_URI": self.path,
            "QUERY_STRING": self.query,
            "REMOTE_ADDR": address,
            "CONTENT_LENGTH": str(len(self.body)),
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            made["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        return made


def soup(dice: Dice) -> str:
    """Pieces that mean something to one parser or another, in any order; no line ends, which HTTP has not."""
    pieces = [
        chr(dice.number(256)) if dice.one_in(6) else dice.of(WORDS)
        for _ in range(1 + dice.number(4))
    ]
    return "".join(pieces).translate({0: None, 10: None, 13: None}).strip(" \t")


def token(dice: Dice) -> str:
    """What looks like a JSON Web Token, or less so."""
    header: Any = {"alg": "ES256", "kid": "k1", "typ": "JWT"}
    claims: Any = {
        "iss": ISSUER,
        "sub": "system:serviceaccount:kube-system:rowhouse-node",
        "aud": ["rowhouse"],
        "iat": 1,
        "exp": 4_000_000_000,
        "kubernetes.io": {"node": {"name": "n1"}},
    }
    for document, names in (
        (header, ("alg", "kid", "typ", "crit", "jwk", "x5c", "b64", "cty")),
        (claims, (*claims, "nbf", "jti")),
    ):
        for _ in range(dice.number(3)):
            document[dice.of(names)] = any_json(dice)
    if dice.one_in(8):
        header = any_json(dice)
    if dice.one_in(8):
        claims = any_json(dice)
    parts = [encoded(header), encoded(claims)]
    if dice.one_in(2):  # by a key of the cluster: what is beyond the signature
        parts.append(signature(".".join(parts)))
    else:
        parts.append(dice.of(("", "AAAA", "A", "\xff", "=")))
    if dice.one_in(6):
        parts[dice.number(3)] = soup(dice)
    if dice.one_in(10):
        parts = parts[: dice.number(3)] + ["x"] * dice.number(4)
    return ".".join(parts)


def signature(text: str) -> str:
    """ES256 over any text (RFC 7518, section 3.4)."""
    pair = decode_dss_signature(ec_key().sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    raw = b"".join(number.to_bytes(32, "big") for number in pair)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def any_json(dice: Dice) -> Any:
    """Any JSON: also NaN, deep ones, and text that is no text."""
    return dice.of(
        (
            *ODD,
            ["RS256"],
            {"alg": "none"},
            "none",
            "RS256",
            "HS256",
            float("nan"),
            float("inf"),
            10**400,
            -(10**30),
            "\ud800",
            "\0",
            ["rowhouse", 1, None],
            {"name": ["x"]},
            [[[]]],
        )
    )


def encoded(document: Any) -> str:
    """A part of a token, or a cookie."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def nested(depth: int) -> str:
    """Arrays in arrays, encoded."""
    return base64.urlsafe_b64encode(b"[" * depth + b"]" * depth).decode()


def authorization(dice: Dice) -> str:
    """A header Authorization."""
    kind = dice.number(6)
    if kind < 3:
        return f"Bearer {token(dice)}"
    if kind == 3:
        return "Basic " + base64.b64encode(f"u:{token(dice)}".encode()).decode()
    if kind == 4:
        return f"Bearer rh_{soup(dice)}"
    return soup(dice)


def attempt(dice: Dice) -> str:
    """The cookie of a login at the provider that is under way."""
    if dice.one_in(3):
        return dice.of((nested(5000), nested(10), soup(dice)))
    known: dict[str, Any] = {"state": "s", "nonce": "n", "verifier": "v" * 43, "target": "/"}
    for _ in range(dice.number(3)):
        known[dice.of(tuple(known))] = any_json(dice)
    return base64.urlsafe_b64encode(json.dumps(known).encode()).decode()


def cookies(dice: Dice) -> str:
    """A header Cookie."""
    pairs = []
    for _ in range(1 + dice.number(3)):
        name = dice.of(COOKIES)
        value = attempt(dice) if name == "attempt" else soup(dice)
        pairs.append(f"{dice.of(('', '__Host-'))}rowhouse-{name}={value}")
    return "; ".join(pairs)


SPECIAL: dict[str, Callable[[Dice], str]] = {"Authorization": authorization, "Cookie": cookies}


def callback(dice: Dice) -> Sent:
    """The way back from the provider, with any attempt."""
    pairs = {dice.of(QUERIES): soup(dice) for _ in range(dice.number(4))}
    if not dice.one_in(3):
        pairs["state"] = "s"  # as the attempt has it
    cookie = f"__Host-rowhouse-attempt={attempt(dice)}"
    headers = {
        "Host": "rowhouse.example",
        "Cookie": cookie,
        "Accept": dice.of(("text/html", "*/*")),
    }
    return Sent("GET", CALLBACK, urlencode(pairs, encoding="latin-1"), headers)


def login(dice: Dice) -> Sent:
    """The form of the login, from a page of ours or one that says anything."""
    visit = "v" if dice.one_in(2) else soup(dice)
    field = hmac.new(b"v", b"rowhouse form", hashlib.sha256).hexdigest()
    form = {"token": f"rh_{soup(dice)}" if dice.one_in(2) else token(dice), "csrf": field}
    if dice.one_in(2):
        form["next"] = soup(dice)
    headers = {
        "Host": "127.0.0.1:8080",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"rowhouse-visit={visit}; __Host-rowhouse-visit={visit}",
        "Sec-Fetch-Site" if dice.one_in(2) else "Origin": (
            soup(dice) if dice.one_in(2) else "same-origin"
        ),
    }
    return Sent("POST", "/login", "", headers, urlencode(form, errors="replace").encode())


def anything(dice: Dice) -> Sent:
    """Any path with any headers."""
    path = soup(dice) if dice.one_in(12) else dice.of(PATHS)
    if dice.one_in(12):
        path += soup(dice)
    headers = {"Host": "127.0.0.1:8080"}
    for name, make in SPECIAL.items():
        if dice.one_in(2):
            headers[name] = make(dice)
    for _ in range(dice.number(5)):
        headers[dice.of(PLAIN_HEADERS)] = soup(dice)
    if dice.one_in(2):
        headers["Accept"] = "text/html"
    query = ""
    if dice.one_in(2):
        pairs = {dice.of(QUERIES): soup(dice) for _ in range(dice.number(4))}
        query = urlencode(pairs, encoding="latin-1")
    if dice.one_in(10):
        query = quote(soup(dice), safe="%&=+;[]{}")
    method = dice.of(METHODS) if dice.one_in(5) else dice.of(PLAIN)
    body = b""
    if method not in {"GET", "HEAD"}:
        body = dice.of((b"", b"{}", b"[]", b"token=rh_x&csrf=x", soup(dice).encode("latin-1")))
        headers.setdefault("Content-Type", dice.of(KINDS))
    return Sent(method, path if path.startswith("/") else f"/{path}", query, headers, body)


def request(dice: Dice) -> Sent:
    """Any request."""
    return dice.of((anything, anything, anything, callback, login))(dice)
