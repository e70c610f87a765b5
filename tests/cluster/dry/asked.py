"""What servers ask the API server of the dry cluster: its keys, and pods as far as the stored roles allow it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from auth.issuer import ApiServer, Refusal, refusal
from cluster.dry.store import Refused, Store
from fixtures.signing import claims_of

if TYPE_CHECKING:
    from cluster.programs import Object

_POD: Final = re.compile(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)")
_ANONYMOUS: Final = "system:anonymous"


@dataclass
class Asked(ApiServer):
    """It does not answer while the file `away` exists."""

    store: Store = field(default_factory=Store)
    away: Path = Path("/nonexistent")

    def pod(self, path: str, authorization: str | None) -> dict[str, Any] | Refusal:
        """The pod, for an account that may get pods in the whole cluster."""
        found = _POD.fullmatch(path)
        if found is None:
            return refusal(404, "NotFound", "the server could not find the requested resource")
        namespace, name = found.groups()
        account = _account(authorization)
        if not self._may_get_pods(account):
            said = (
                f'pods "{name}" is forbidden: User "{account}" cannot get resource "pods"'
                f' in API group "" in the namespace "{namespace}"'
            )
            return refusal(403, "Forbidden", said)
        try:
            return self.store.get("pods", namespace, name)
        except Refused as refused:
            return refusal(refused.code, refused.reason, refused.message)

    def is_away(self) -> bool:
        """Whether it was told to be."""
        return self.away.exists()

    def _may_get_pods(self, account: str) -> bool:
        roles = {one["metadata"]["name"]: one for one in self.store.list("clusterroles")}
        return any(
            _allows(rule)
            for binding in self.store.list("clusterrolebindings")
            if account in map(_subject, binding.get("subjects") or ())
            for rule in roles.get(binding["roleRef"]["name"], {}).get("rules") or ()
        )


def _account(authorization: str | None) -> str:
    """The account of a token, which the dry cluster made itself."""
    token = (authorization or "").removeprefix("Bearer ")
    return str(claims_of(token)["sub"]) if token else _ANONYMOUS


def _subject(subject: Object) -> str:
    return f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"


def _allows(rule: Object) -> bool:
    asked = (("apiGroups", ""), ("resources", "pods"), ("verbs", "get"))
    return all(value in rule.get(key, ()) for key, value in asked)
