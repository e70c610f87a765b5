"""Find the owner of a pod's address if it outlives the pod."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rowhouse.domain.errors import InvalidConfig, NotAllowed, TryAgain
from rowhouse.domain.lasting_owners import lasting_owner, named_owner

if TYPE_CHECKING:
    from rowhouse.domain.lasting_owners import KeepFor
    from rowhouse.domain.requests import LastingOwner, Owner
    from rowhouse.ipam.placement import PodPlacement


def with_lasting_owner(
    owner: Owner,
    keep_for: KeepFor,
    *,
    network: str = "",
    by_claim: bool = False,
    pods: PodPlacement | None = None,
    bound_node: str | None = None,
) -> Owner:
    """Return the owner for an ADD of a network whose addresses outlive the pod.

    Reads the pod from its cluster, except for "name". A pod without such an owner keeps nothing. `network` is the name
    of the network configuration, which the pod's claim must name. `bound_node` is the node of the caller's token: the
    pod must run there. Raises TryAgain, NotAllowed, InvalidConfig.
    """
    if keep_for == "name" and not by_claim:
        return replace(owner, sticky=True, lasting=named_owner(owner.name, owner.interface))
    pod = f"{owner.namespace}/{owner.name}"
    if pods is None:
        raise TryAgain(
            f"pod {pod} must be read from its cluster to find the owner of its address,"
            " but the settings do not allow this",
            hint="Set ROWHOUSE_VERIFY_PLACEMENT, or the chart's kubernetes.verifyPlacement.",
        )
    found = pods.find_for_owner(owner.cluster, owner.namespace, owner.name, owner.uid)
    if found is None or found.facts is None:
        raise TryAgain(f"the cluster has no pod {pod}", hint="The runtime repeats the call.")
    if owner.uid is not None and owner.uid not in found.uids:
        raise TryAgain(
            f"pod {pod} has the uid {found.uids[0]} in its cluster, not {owner.uid}",
            hint="The pod was replaced. The runtime repeats the call for the new one.",
        )
    if bound_node is not None and found.node != bound_node:
        raise NotAllowed(
            f'pod {pod} runs on node "{found.node}", but the token is for node "{bound_node}"',
            hint="A node's token is valid only for the pods of its own node.",
        )
    try:
        lasting = lasting_owner(found.facts, owner.interface, keep_for, by_claim=by_claim)
    except ValueError as error:
        raise InvalidConfig(
            f"the annotation k8s.v1.cni.cncf.io/networks of pod {pod} is unreadable: {error}"
        ) from None
    if lasting is not None and lasting.kind == "claim":
        # A pod that its watch did not know yet may be newer than what the other watch knows.
        lasting = _as_claimed(lasting, owner, network, pods, is_fresh=not found.is_observed)
    uid = owner.uid or found.uids[0]
    return replace(owner, uid=uid, sticky=lasting is not None, lasting=lasting)


def confirmed(owner: Owner, network: str, pods: PodPlacement) -> Owner:
    """Return the owner again after its claim was read from the API server, because a watch may be late.

    A claim that was created again has another uid. Raises TryAgain, InvalidConfig.
    """
    before = owner.lasting
    assert before is not None
    lasting = _as_claimed(before, owner, network, pods, is_fresh=True)
    if lasting.requests != before.requests:
        raise TryAgain(
            f"IPAMClaim {owner.namespace}/{before.name} has just changed the addresses that it asks for",
            hint="The runtime repeats the call.",
        )
    return replace(owner, lasting=lasting)


def _as_claimed(
    claim: LastingOwner, owner: Owner, network: str, pods: PodPlacement, *, is_fresh: bool
) -> LastingOwner:
    """Check that the claim is for this network and interface, and add its uid and the addresses that it asks for."""
    name = f"IPAMClaim {owner.namespace}/{claim.name}"
    spec = pods.claim(owner.cluster, owner.namespace, claim.name, is_fresh=is_fresh)
    if spec is None:
        raise TryAgain(
            f"there is no {name}, to which pod {owner.namespace}/{owner.name} refers",
            hint="Create the claim. The runtime repeats the call.",
        )
    if refusal := spec.refusal(network, owner.interface):
        raise InvalidConfig(
            f"{name} {refusal}",
            hint="Correct ipam-claim-reference in the pod's annotation, or create a claim for this network.",
        )
    return replace(claim, object_uid=spec.uid, is_observed=spec.is_observed, requests=spec.requests)
