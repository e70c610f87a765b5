"""The permissions of each part's account, compared with its needs by asking the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rowhouse.doctor.checks.networks import owner_kinds
from rowhouse.doctor.finding import failed, ok, skipped
from rowhouse.doctor.surroundings import Unavailable
from rowhouse.domain.lasting_owners import IPAM_CLAIM, STATEFUL_SET, VIRTUAL_MACHINE
from rowhouse.k8s.permissions import (
    OWNER_RESOURCES,
    of_controller,
    of_import,
    of_owner_objects,
    of_server,
    of_server_for_owners,
)
from rowhouse.k8s.raw import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings
    from rowhouse.k8s.permissions import Permission
    from rowhouse.k8s.raw import KubernetesApi

_REVIEWS: Final = "/apis/authorization.k8s.io/v1"
_OWN: Final = "this account"


_ROLES: Final = {
    "controller": "the ClusterRole …-controller of the chart (rbac.create)",
    "mirror": "the Role …-mirror in the mirror's namespace (mirror.enabled, rbac.create)",
    "keys": "the server's cluster roles, system:service-account-issuer-discovery among them (rbac.create)",
    VIRTUAL_MACHINE: "the chart's cluster roles with rbac.virtualMachines=true",
    STATEFUL_SET: "the chart's cluster roles with rbac.statefulSets=true",
    IPAM_CLAIM: "the chart's cluster roles with rbac.ipamClaims=true",
    "token review": "the server's cluster roles, system:auth-delegator among them (kubernetes.tokenReview)",
}


def permissions(where: Surroundings) -> Iterator[Finding]:
    """Check each part's needs: for this pod's own account, or from outside for all accounts of the release."""
    api = where.kubernetes
    if where.part == "node":
        yield skipped("the node daemon needs no Kubernetes permissions")
        return
    parts = (where.part,) if where.part != "operator" else ("server", "controller")
    for part in parts:
        try:
            account = "" if part == where.part else _account(where, part)
        except Unavailable as unavailable:
            yield skipped(unavailable.found, unavailable.remedy, about=part)
            continue
        for name, needs in _of(where, part):
            yield _judge(api, name, needs, account)
    yield _import(api)


def _of(where: Surroundings, part: str) -> Iterator[tuple[str, Sequence[Permission]]]:
    """Return the name and the needs of each task of a part."""
    if part == "server":
        by_review = bool(where.setting_of(part, "ROWHOUSE_TOKEN_REVIEW"))
        looks_at_pods = where.setting_of(part, "ROWHOUSE_VERIFY_PLACEMENT") == "true"
        needed = of_server(by_review=by_review, looks_at_pods=looks_at_pods)
        yield "token review" if by_review else "keys", needed
        for kind in owner_kinds(where):
            yield kind, of_server_for_owners([kind])
        return
    of_itself = of_controller(None)
    yield "controller", of_itself
    for kind in owner_kinds(where):
        yield kind, of_owner_objects([kind])
    if where.setting_of(part, "ROWHOUSE_MIRROR") == "true":
        namespace = where.setting_of(part, "ROWHOUSE_MIRROR_NAMESPACE") or "kube-system"
        yield "mirror", [one for one in of_controller(namespace) if one not in of_itself]


def _account(where: Surroundings, part: str) -> str:
    workload = where.installation.of(part)
    if workload is None or not workload.account:
        raise Unavailable(f"there is no {part} in the cluster")
    return f"system:serviceaccount:{workload.namespace}:{workload.account}"


def _judge(api: KubernetesApi, name: str, needs: Sequence[Permission], account: str) -> Finding:
    denied = _denied(api, needs, account)
    who = account or _OWN
    if denied is None:
        return skipped(
            f"this account may not query the permissions of {who}",
            f"Run it in that pod, or as an account that may create subjectaccessreviews: kubectl auth can-i --as {who}",
            about=name,
        )
    if denied:
        return failed(
            f"{who} may not {', '.join(map(str, denied))}",
            f"Bind {who} to {_ROLES[name]}; `helm upgrade` creates it.",
            about=name,
        )
    needs_it = f"networks for {name}s need" if name in OWNER_RESOURCES else f"the {name} needs"
    return ok(f"{who} has all permissions that {needs_it}", about=name)


def _import(api: KubernetesApi) -> Finding:
    """Check the import's needs. An import is run by hand or by its own Job, so missing permissions are no error."""
    denied = _denied(api, of_import(), "")
    if denied:
        return skipped(
            f"{_OWN} may not {', '.join(map(str, denied))}, so it cannot import whereabouts' addresses",
            "The chart can create a Job with an account that may: import.whereabouts.enabled=true",
            about="import",
        )
    return ok(
        f"{_OWN} may read everything that `rowhouse import whereabouts` needs", about="import"
    )


def _denied(
    api: KubernetesApi, needs: Sequence[Permission], account: str
) -> list[Permission] | None:
    """Return the denied needs; None if this account may not ask. Raises Refused, TryAgain."""
    denied = []
    for need in needs:
        spec = _attributes(need)
        kind = "SubjectAccessReview" if account else "SelfSubjectAccessReview"
        if account:
            spec |= {"user": account, "groups": _groups(account)}
        path = f"{_REVIEWS}/{kind.lower()}s"
        answer = api.post(
            path, {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        )
        if account and answer.is_denied:
            return None
        if not answer.is_success:
            raise Refused(path, answer)
        if not answer.document["status"].get("allowed"):
            denied.append(need)
    return denied


def _attributes(need: Permission) -> dict[str, Any]:
    if need.path:
        return {"nonResourceAttributes": {"verb": need.verb, "path": need.path}}
    asked = {"verb": need.verb, "group": need.group, "resource": need.resource}
    where = {"namespace": need.namespace} if need.namespace else {}
    return {"resourceAttributes": {**asked, **where}}


def _groups(account: str) -> list[str]:
    namespace = account.split(":")[2]
    common = "system:serviceaccounts"
    return [common, f"{common}:{namespace}", "system:authenticated"]
