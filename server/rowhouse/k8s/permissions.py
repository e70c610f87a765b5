"""The permissions that an account needs, and which of them are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lightkube.models.authorization_v1 import ResourceAttributes, SelfSubjectAccessReviewSpec
from lightkube.resources.authorization_v1 import SelfSubjectAccessReview

from rowhouse.domain import claims
from rowhouse.domain.lasting_owners import IPAM_CLAIM, STATEFUL_SET, VIRTUAL_MACHINE
from rowhouse.k8s.failures import ERRORS, failure_of
from rowhouse.k8s.whereabouts.resources import IPPool

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lightkube import Client

_MIRRORED: Final = ("ippools", "overlappingrangeipreservations", "nodeslicepools")
_MIRROR_VERBS: Final = ("get", "list", "watch", "create", "patch", "delete")
_NOT_SERVED: Final = frozenset({401, 403, 404, 405})

OWNER_RESOURCES: Final = {
    VIRTUAL_MACHINE: (
        ("kubevirt.io", "virtualmachines"),
        ("kubevirt.io", "virtualmachineinstances"),
    ),
    STATEFUL_SET: (("apps", "statefulsets"),),
    IPAM_CLAIM: ((claims.GROUP, claims.PLURAL),),
}
"""Kind of an object that keeps addresses → group and plural of the resources that tell whether it exists."""


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """A verb on a resource (`namespace` "": in all), or on a non-resource `path`."""

    verb: str
    resource: str = ""
    group: str = ""
    namespace: str = ""
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"{self.verb} {self.path}"
        return f"{self.verb} {self.resource}" + (f" in {self.namespace}" if self.namespace else "")


def of_controller(mirror_namespace: str | None) -> list[Permission]:
    """What the controller needs; `mirror_namespace`: where it mirrors, None if it does not."""
    needed = [Permission(verb, "pods") for verb in ("get", "list", "watch")]
    needed += [Permission(verb, "nodes") for verb in ("get", "list", "watch")]
    needed.append(Permission("create", "events"))
    if mirror_namespace is not None:
        group = IPPool._api_info.resource.group  # noqa: SLF001 - lightkube has no other way to it
        needed += [
            Permission(verb, resource, group, mirror_namespace)
            for resource in _MIRRORED
            for verb in _MIRROR_VERBS
        ]
    return needed


def of_owner_objects(kinds: Collection[str] = OWNER_RESOURCES.keys()) -> list[Permission]:
    """What the controller needs to see the objects that keep addresses. Without it, addresses expire instead."""
    needed = [
        Permission(verb, resource, group)
        for kind, resources in OWNER_RESOURCES.items()
        if kind in kinds
        for group, resource in resources
        for verb in ("get", "list")
    ]
    if IPAM_CLAIM in kinds:
        needed.append(Permission("patch", "ipamclaims/status", claims.GROUP))
    return needed


def of_server_for_owners(kinds: Collection[str] = OWNER_RESOURCES.keys()) -> list[Permission]:
    """What the server needs to find owners that outlive a pod without a request for each ADD."""
    verbs = ("get", "list", "watch")
    pods = [Permission(verb, "pods") for verb in verbs]
    if IPAM_CLAIM not in kinds:
        return pods
    return pods + [Permission(verb, claims.PLURAL, claims.GROUP) for verb in verbs]


def of_server(*, by_review: bool, looks_at_pods: bool = False) -> list[Permission]:
    """What the server needs to verify tokens, by TokenReview or with the cluster's keys.

    `looks_at_pods`: it also asks on which node a pod is (`verify_placement`).
    """
    pods = [Permission("get", "pods")] if looks_at_pods else []
    if by_review:
        return [Permission("create", "tokenreviews", "authentication.k8s.io"), *pods]
    return [Permission("get", path="/openid/v1/jwks"), *pods]


def of_import() -> list[Permission]:
    """What `rowhouse import whereabouts` needs to read a cluster."""
    group = IPPool._api_info.resource.group  # noqa: SLF001 - as above
    return [
        Permission("list", "pods"),
        *(Permission("list", resource, group) for resource in _MIRRORED),
    ]


def missing(client: Client, needed: Sequence[Permission]) -> list[Permission]:
    """Return the permissions that the client's account lacks, by SelfSubjectAccessReview.

    By default, every account may ask this. If it may not, or gets no answer, nothing counts as missing.

    Raises any of `failures.ERRORS` if the API server does not answer.
    """
    found = []
    for one in needed:
        try:
            if not _is_allowed(client, one):
                found.append(one)
        except ERRORS as error:
            if failure_of(error).status in _NOT_SERVED:
                return []
            raise
    return found


def _is_allowed(client: Client, permission: Permission) -> bool:
    attributes = ResourceAttributes(
        verb=permission.verb,
        resource=permission.resource,
        group=permission.group,
        namespace=permission.namespace,
    )
    spec = SelfSubjectAccessReviewSpec(resourceAttributes=attributes)
    answer = client.create(SelfSubjectAccessReview(spec=spec))
    return bool(answer.status and answer.status.allowed)
