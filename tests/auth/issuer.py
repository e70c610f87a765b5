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


@dataclass
class ApiServer:
    """The cluster's API server on loopback; `keys` may change, `reviews` answers."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(ec_key(), "k1")])
    review: Callable[[dict[str, Any]], Any] | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    url: str = ""
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        outer = self

        class Handler(Quiet):
            def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
                self.told({"keys": outer.keys})

            def do_POST(self) -> None:  # noqa: N802 - http.server calls it so
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert outer.review is not None
                self.told(outer.review(json.loads(body)))

            def told(self, document: Any) -> None:
                outer.asked.append(self.path)
                outer.authorizations.append(self.headers["Authorization"])
                self.answer(json.dumps(document).encode(), "application/json", outer.status)

            def end_headers(self) -> None:
                self.send_header("Location", "/elsewhere")  # nobody may follow it
                super().end_headers()

        self.url = self._open.enter_context(listening(Handler))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
