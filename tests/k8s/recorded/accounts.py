"""Whose request a recorded one is, and the tokens that were taken out of the recordings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fixtures.apiserver.auth.users import User
from fixtures.signing import claims_of, unsigned_parts

if TYPE_CHECKING:
    from fixtures.apiserver import ApiServer
    from k8s.recorded.exchanges import Exchange

_USER = re.compile(r'User "system:serviceaccount:([^:]+):([^"]+)"')
_CUSTOM = "whereabouts.cni.cncf.io"
KUBELET = User("system:node:node1", groups=("system:nodes", "system:authenticated"))
# What the chart gave the controller: not the pools of other namespaces, and not NodeSlicePools.
CLUSTER_RULES: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
]
MIRROR_RULES: list[dict[str, Any]] = [
    {
        "apiGroups": [_CUSTOM],
        "resources": ["ippools", "overlappingrangeipreservations"],
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    }
]


def prepare_accounts(api: ApiServer) -> None:
    """The accounts of the recording and what they may do."""
    api.grant("rowhouse-controller", CLUSTER_RULES)
    api.grant("rowhouse-controller", MIRROR_RULES, within="kube-system")
    api.account("rowhouse-server")
    # The recorded server's fork lets everyone read the discovery document; upstream does not.
    paths = {"nonResourceURLs": ["/.well-known/openid-configuration"], "verbs": ["get"]}
    _bind(api, "system:openshift:public-info-viewer", [paths], "Group", "system:unauthenticated")
    _bind(api, "system:openshift:public-info-viewer", [paths], "Group", "system:authenticated")
    nodes = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "patch", "update"]}
    _bind(api, "system:node", [nodes], "Group", "system:nodes")
    api.parts.static_tokens["kubelet"] = KUBELET


def _bind(api: ApiServer, role: str, rules: list[Any], kind: str, name: str) -> None:
    reference = {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"}
    subjects = [{"kind": kind, "name": name}]
    api.put("clusterroles", {"metadata": {"name": role}, "rules": rules})
    binding = {"metadata": {"name": f"{role}-{name}"}, "roleRef": reference, "subjects": subjects}
    api.put("clusterrolebindings", binding)


def authorization(api: ApiServer, topic: str, exchange: Exchange) -> str | None:
    """The header of a request; None: it has none."""
    asked = exchange.request.get("as")
    if asked and asked.startswith("nobody"):
        return {
            "Authorization: Basic": "Basic eDp5",
            "Authorization: Bearer without a token": "Bearer ",
            "401 with Accept text/html": "Bearer x",
        }.get(exchange.name)
    if asked and "kubelet" in asked:
        return "Bearer kubelet"
    if asked and "administrator" in asked:
        return "Bearer secret"
    if 'User "system:anonymous"' in _message(exchange):
        return None
    if asked == "token" and topic == "auth" and exchange.name in _TOKENS:
        return f"Bearer {token_of(api, exchange.name)}"
    account = _account(topic, exchange)
    return f"Bearer {api.token(account[1], namespace=account[0])}" if account else "Bearer secret"


def _message(exchange: Exchange) -> str:
    found = exchange.body or (exchange.response.get("events") or [{}])[0]
    return str(found.get("message", ""))


def _account(topic: str, exchange: Exchange) -> tuple[str, str] | None:
    if found := _USER.search(_message(exchange)):
        return found[1], found[2]
    if topic == "throttling":
        return ("rec", "default")
    if exchange.route.path.startswith(("/openid", "/.well-known")) or topic == "negotiation":
        return ("kube-system", "rowhouse-server")
    everywhere = exchange.route.group and not exchange.route.namespace
    if everywhere and exchange.status == 200:
        return None  # a dry run of the import, by an administrator
    if exchange.why.startswith("controller") or exchange.name.startswith("controller's account"):
        return ("kube-system", "rowhouse-controller")
    return None  # import and TokenReview were asked by an administrator, too


_TOKENS = {
    "a token that is none": "garbage",
    "an expired token": "expired",
    "a token for another audience": "other audience",
    "a token with a broken signature": "broken",
    "a token of a pod that was deleted": "deleted pod",
    "a token of a pod that was deleted, 12 s later": "deleted pod",
    "SelfSubjectReview": "pod",
    "SelfSubjectAccessReview": "pod",
    "TokenReview: no audiences asked, API server's token": "no pod, API server",
    "TokenReview: empty audiences": "no pod, API server",
    "TokenReview: expired": "expired for us",
    "TokenReview: not yet valid": "not yet",
    "TokenReview: broken signature": "broken",
    "TokenReview: unknown key id": "unknown key",
    "TokenReview: other issuer": "other issuer",
    "TokenReview: alg none": "none",
    "TokenReview: of a pod that was deleted": "deleted pod for us",
    "TokenReview: of a pod that was deleted, 12 s later": "deleted pod for us",
    "TokenReview: without pod and node": "no pod",
}


_ERRORS = {
    "has expired": "expired for us",
    "token audiences [": "pod",
    "invalid bearer token": "other issuer",
}


def token_reviewed(api: ApiServer, exchange: Exchange) -> str:
    """The token of a TokenReview; where its name does not tell, by what was wrong with it."""
    status = exchange.body.get("status")
    error = status.get("error", "") if isinstance(status, dict) else ""
    kinds = [kind for said, kind in _ERRORS.items() if said in error]
    if exchange.name in _TOKENS or exchange.name.startswith("TokenReview") or not kinds:
        return token_of(api, exchange.name)
    return _token(api, kinds[0])


def token_of(api: ApiServer, name: str) -> str:
    """The token that an exchange of this name is about; one of the pod `tok` unless it says another."""
    return _token(api, _TOKENS.get(name, "pod for us"))


def _token(api: ApiServer, kind: str) -> str:
    if kind == "garbage":
        return "garbage"
    ours = [] if kind in {"expired", "pod", "deleted pod", "no pod, API server"} else ["rowhouse"]
    pod = "" if kind.startswith("no pod") else "gone" if "deleted" in kind else "tok"
    if pod == "gone":
        return _KEPT[api, bool(ours)]
    seconds = -60.0 if "expired" in kind else 3600.0
    token = api.token("default", namespace="rec", audiences=ours, seconds=seconds, pod=pod)
    return _changed(api, token, kind)


_KEPT: dict[tuple[ApiServer, bool], str] = {}


def keep_tokens_of_a_deleted_pod(api: ApiServer) -> None:
    """Tokens of a pod that is gone by now, one of them used while it was there."""
    api.pod("gone", namespace="rec")
    for audience in ("", "rowhouse"):
        token = api.token(
            "default", namespace="rec", audiences=filter(None, [audience]), pod="gone"
        )
        _KEPT[api, bool(audience)] = token
        api.parts.tokens.authenticate(token)
    api.delete_pod("gone", namespace="rec")


def _changed(api: ApiServer, token: str, kind: str) -> str:
    claims = claims_of(token)
    if kind == "broken":
        head, _, signature = token.rpartition(".")
        return f"{head}.{signature[8:16]}{signature[8:]}"
    if kind == "other issuer":
        return api.parts.issuer.sign({**claims, "iss": "https://elsewhere.example"})
    if kind == "not yet":
        return api.parts.issuer.sign({**claims, "nbf": claims["nbf"] + 600})
    if kind == "unknown key":
        return api.parts.issuer.sign(claims, key_id="unknown")
    if kind == "none":
        return unsigned_parts({"alg": "none", "typ": "JWT"}, claims) + "."
    return token
