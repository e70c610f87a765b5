"""A cluster as far as tokens go: what it says in them, its published keys, and answers to TokenReviews."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fixtures.http import Quiet, listening
from fixtures.signing import ec_key, public

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

ISSUER = "https://kubernetes.default.svc.cluster.local"
ACCOUNT = "system:serviceaccount:kube-system:rowhouse-node"


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


JWKS_PATH = "/openid/v1/jwks"
DISCOVERY_PATH = "/.well-known/openid-configuration"
REVIEW_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
# The media type that the API server has of each; it answers 406 to an Accept that does not name it.
SERVED = {JWKS_PATH: "application/jwk-set+json", DISCOVERY_PATH: "application/json"}
REFUSED = {"status": {"user": {}, "error": "invalid bearer token"}}


@dataclass(frozen=True)
class Refusal:
    """An answer that is no success, as the API server words it."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, reason: str, message: str) -> Refusal:
    """A refusal with a Status object."""
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": {},
        "code": status,
    }
    return Refusal(status, json.dumps(document).encode())


FORBIDDEN = refusal(
    403,
    "Forbidden",
    'forbidden: User "system:serviceaccount:kube-system:rowhouse-server" cannot get path "/openid/v1/jwks"',
)
UNAUTHORIZED = refusal(401, "Unauthorized", "Unauthorized")
# What priority and fairness rejects is text, and so is what a server says that is not up yet.
TOO_MANY = Refusal(
    429,
    b"Too many requests, please try again later.\n",
    "text/plain; charset=utf-8",
    {"Retry-After": "2"},
)
UNAVAILABLE = Refusal(503, b"service unavailable\n", "text/plain; charset=utf-8")


@dataclass
class ApiServer:
    """The cluster's API server on loopback; `keys`, `issuer` and `refusals` (by path) may change, `review` answers.

    `pods` has Pod objects by their path. Other paths have the keys as well, as an OpenID Connect provider has them.
    """

    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(ec_key(), "k1")])
    review: Callable[[dict[str, Any]], Any] = lambda _: REFUSED
    issuer: str = ISSUER
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: int = 200
    refusals: dict[str, Refusal] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:  # noqa: C901 - a handler with its kinds of paths
        outer = self

        class Handler(Quiet):
            def parse_request(self) -> bool:
                if super().parse_request() and not outer.is_away():
                    return True
                self.close_connection = True
                return False

            def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
                served = SERVED.get(self.path, "application/json")
                named = {part.split(";")[0].strip() for part in self.headers["Accept"].split(",")}
                if self.path in SERVED and not named & {served, "*/*"}:
                    available = f"406: Not Acceptable\n\nAvailable representations: {served}"
                    self.refuse(refusal(406, "NotAcceptable", available))
                    return
                if self.path.startswith("/api/v1/"):
                    self.tell_pod()
                    return
                of_issuer = {"issuer": outer.issuer, "jwks_uri": outer.url + JWKS_PATH}
                self.told(
                    of_issuer if self.path == DISCOVERY_PATH else {"keys": outer.keys}, served
                )

            def tell_pod(self) -> None:
                found = outer.pod(self.path, self.headers["Authorization"])
                if isinstance(found, Refusal):
                    outer.asked.append(self.path)
                    self.refuse(found)
                else:
                    self.told(found, "application/json")

            def do_POST(self) -> None:  # noqa: N802 - http.server calls it so
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.told(outer.review(json.loads(body)), "application/json", 201)

            def told(self, document: Any, content_type: str, status: int = 200) -> None:
                outer.asked.append(self.path)
                outer.authorizations.append(self.headers["Authorization"])
                if self.path in outer.refusals:
                    self.refuse(outer.refusals[self.path])
                    return
                status = status if outer.status == 200 else outer.status
                self.answer(json.dumps(document).encode(), content_type, status)

            def refuse(self, said: Refusal) -> None:
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", said.content_type)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            def end_headers(self) -> None:
                self.send_header("Location", "/elsewhere")  # no client may follow it
                super().end_headers()

        self.url = self._open.enter_context(listening(Handler))
        return self

    def pod(self, path: str, _authorization: str | None) -> dict[str, Any] | Refusal:
        """The answer to GET of a pod."""
        return self.pods.get(path) or refusal(404, "NotFound", "pods not found")

    def is_away(self) -> bool:
        """Whether it closes connections instead of answering."""
        return False

    def __exit__(self, *_: object) -> None:
        self._open.close()
