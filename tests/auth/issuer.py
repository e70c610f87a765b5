"""A cluster as far as tokens go: it signs them, publishes its keys, and answers TokenReviews."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNT = "system:serviceaccount:kube-system:rowhouse-node"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A key, always the same one: to make one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(
    _number: int = 1, curve: type[ec.EllipticCurve] = ec.SECP256R1
) -> ec.EllipticCurvePrivateKey:
    """A key, always the same one for a number."""
    return ec.generate_private_key(curve())


def public(key: Key, key_id: str, **more: Any) -> dict[str, Any]:
    """A key as a JWK set lists it."""
    jwk = (
        RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        if isinstance(key, rsa.RSAPrivateKey)
        else ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    )
    return {**jwk, "kid": key_id, "use": "sig", **more}


def claims(node: str | None = "node1", **changed: Any) -> dict[str, Any]:
    """What Kubernetes says in a projected token; None removes a claim."""
    now = int(time.time())
    ours: dict[str, Any] = {
        "namespace": "kube-system",
        "pod": {"name": "rowhouse-node-x7k2p", "uid": "7f0e"},
        "serviceaccount": {"name": "rowhouse-node", "uid": "11aa"},
    }
    if node is not None:
        ours["node"] = {"name": node, "uid": "22bb"}
    whole = {
        "iss": ISSUER,
        "sub": ACCOUNT,
        "aud": ["rowhouse"],
        "iat": now - 5,
        "nbf": now - 5,
        "exp": now + 3600,  # the kubelet's own default; some tests use what was made at the start
        "kubernetes.io": ours,
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(
    said: dict[str, Any], key: Any = None, *, key_id: str | None = "k1", algorithm: str = "ES256"
) -> str:
    """A token."""
    headers = {} if key_id is None else {"kid": key_id}
    return jwt.encode(said, key or ec_key(), algorithm=algorithm, headers=headers)


def unsigned_parts(header: dict[str, Any], said: dict[str, Any]) -> str:
    """The first two parts of a token, whatever they say."""
    parts = (json.dumps(part).encode() for part in (header, said))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@dataclass
class ApiServer:
    """The cluster's API server on loopback; `keys` may change, `reviews` answers."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(ec_key(), "k1")])
    review: Callable[[dict[str, Any]], Any] | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({"keys": outer.keys})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert outer.review is not None
                self.answer(outer.review(json.loads(body)))

            def answer(self, document: Any) -> None:
                outer.asked.append(self.path)
                outer.authorizations.append(self.headers["Authorization"])
                body = json.dumps(document).encode()
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"
